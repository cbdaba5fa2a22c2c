"""Puts relevant articles into stories by the words they share, rare words counting most.

First form: within one language, and without telling a new fact from an old one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from service.records import ArticleId, Item, OpenStory, StoryId

# The lead carries the event; further text adds words that any report might share.
LEAD_CHARACTERS = 300

# Indian vowel signs and Arabic marks are no letters, but part of the word.
_WORD = re.compile(r"(?:[^\W_]|[\u0610-\u061a\u064b-\u065f\u0900-\u0963]){2,}")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_SUFFIX = re.compile(r"\s+[-–—|]\s+(?:(?!\s[-–—|]\s).){2,40}$")


def terms(item: Item) -> frozenset[str]:
    """Return the words of an article by which it is compared; bigrams for Chinese, Japanese.

    A publisher's suffix (" - Reuters") is no part of the event and is dropped from the title.
    """
    text = f"{_SUFFIX.sub('', item.title)} {item.summary[:LEAD_CHARACTERS]}"
    # Case-folded by itself the Turkish letter leaves a loose dot that would part the word.
    text = text.replace("İ", "i").casefold()
    words = set(_WORD.findall(_CJK.sub(" ", text)))
    for run in _CJK.findall(text):
        words |= {run[i : i + 2] for i in range(max(len(run) - 1, 1))}
    return frozenset(words)


def group(
    articles: Sequence[tuple[ArticleId, Item]],
    open_stories: Iterable[OpenStory],
    similarity: float,
) -> list[tuple[StoryId | None, list[ArticleId]]]:
    """Return, for each story that gains articles, its id (None: a new one) and the articles.

    An article joins the story that has the article nearest to it, if that is at least
    ``similarity`` near, in [0, 1]; else it opens one, which later articles may join.
    """
    window = _Window()
    members: list[list[frozenset[str]]] = []
    story_ids: list[StoryId | None] = []
    for story in open_stories:
        story_ids.append(story.id)
        members.append([window.add(terms(item)) for item in story.items])
    gains: dict[int, list[ArticleId]] = {}
    for article_id, item in articles:
        words = window.add(terms(item))
        closeness = [max(window.closeness(words, other) for other in m) for m in members]
        nearest = max(range(len(members)), key=closeness.__getitem__, default=-1)
        if nearest < 0 or closeness[nearest] < similarity:
            nearest = len(members)
            story_ids.append(None)
            members.append([])
        members[nearest].append(words)
        gains.setdefault(nearest, []).append(article_id)
    return [(story_ids[index], gained) for index, gained in gains.items()]


class _Window:
    """The articles under comparison, and with them how rare each word is."""

    def __init__(self) -> None:
        self._frequency: Counter[str] = Counter()
        self._articles = 0

    def add(self, words: frozenset[str]) -> frozenset[str]:
        self._articles += 1
        self._frequency.update(words)
        return words

    def closeness(self, a: frozenset[str], b: frozenset[str]) -> float:
        """Cosine of the two word sets, each word weighed by how rare it is in the window."""
        shared = self._weight(a & b)
        return shared / math.sqrt(self._weight(a) * self._weight(b)) if shared else 0.0

    def _weight(self, words: Iterable[str]) -> float:
        return sum(
            math.log((1 + self._articles) / (0.5 + self._frequency[word])) ** 2 for word in words
        )
