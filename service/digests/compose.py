"""Makes the one ``Digest`` that every channel shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from service.digests.select import likelihood
from service.records import (
    Article,
    Digest,
    DigestFooter,
    DigestLink,
    DigestSection,
    DigestStory,
    Interval,
    Report,
    Story,
    Topic,
)
from service.settings import Subscription

EXTRACT_CHARACTERS = 320
MAX_LINKS = 8
WHY_WORDS = 4
# Dates that programs write for "none" lie before the first feed there was.
OLDEST_FEED = datetime(1999, 1, 1, tzinfo=UTC)
CLOCK_ERROR = timedelta(hours=26)

_SENTENCE = re.compile(r"(?<=[.!?…؟۔।])\s+|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The topic's words: its topics in order of sections, and the sides' names."""

    topics: tuple[Topic, ...]
    sides: Mapping[str, str]


def compose(
    stories: Sequence[Story],
    subscription: Subscription,
    vocabulary: Vocabulary,
    footer: DigestFooter,
    *,
    since: datetime,
    until: datetime,
    max_stories: int,
    sample: bool = False,
) -> Digest:
    """Return the digest of ``stories``, which come most important first.

    Each story stands once, under the topic that most of its reports have.
    """
    shown = [(_main_topic(story, vocabulary), story) for story in stories[:max_stories]]
    sections = [
        DigestSection(
            topic, tuple(_story(s, subscription, vocabulary) for t, s in shown if t == topic)
        )
        for topic in vocabulary.topics
    ]
    return Digest(
        subscription=subscription.id,
        title=subscription.title,
        time_zone=subscription.time_zone,
        since=since,
        until=until,
        sections=tuple(section for section in sections if section.stories),
        footer=footer,
        more_stories=max(len(stories) - max_stories, 0),
        sample=sample,
    )


def _main_topic(story: Story, vocabulary: Vocabulary) -> Topic:
    counts = Counter(topic for report in story.reports for topic in report.topics)
    return max(vocabulary.topics, key=lambda topic: counts[topic])


def _story(story: Story, subscription: Subscription, vocabulary: Vocabulary) -> DigestStory:
    lead = _lead(story, subscription)
    extract = _extract(lead)
    named = Counter(topic for report in story.reports for topic in report.topics)
    return DigestStory(
        story_id=story.id,
        version=story.version,
        headline=lead.article.title,
        extract=extract,
        highlights=tuple(_highlights(extract, lead)),
        language=lead.article.language,
        topics=tuple(topic for topic in vocabulary.topics if named[topic]),
        probability=likelihood(story),
        first_reported_at=min(_reported_at(report.article) for report in story.reports),
        why=_why(lead, vocabulary),
        links=_links(story, lead),
    )


def _reported_at(article: Article) -> datetime:
    """When the outlet says it published, if that can be: else when it was first seen."""
    published = article.published_at
    if published and OLDEST_FEED < published < article.seen_at + CLOCK_ERROR:
        return published
    return article.seen_at


def _lead(story: Story, subscription: Subscription) -> Report:
    """The report that tells the story: in a wanted language if any is, then the surest."""
    return max(
        story.reports,
        key=lambda report: (
            report.article.language in subscription.languages,
            report.probability,
            -report.article.id,
        ),
    )


def _extract(lead: Report) -> str:
    """The sentence that carries the link, or else the first ones of the summary."""
    sentence, summary = lead.evidence.sentence, lead.article.summary
    if sentence and (sentence in summary or lead.evidence.text_from == "page"):
        return _cut(sentence)
    first, second = [*_SENTENCE.split(summary), "", ""][:2]
    both = f"{first} {second}".strip()
    return both if len(both) <= EXTRACT_CHARACTERS else _cut(first)


def _cut(text: str) -> str:
    if len(text) <= EXTRACT_CHARACTERS:
        return text
    head = text[:EXTRACT_CHARACTERS]
    return (head.rsplit(" ", 1)[0] if " " in head else head) + " …"


def _highlights(extract: str, lead: Report) -> list[tuple[int, int]]:
    """Spans of the mentions in the extract, in order, without overlaps."""
    words = {mention.text for mention in lead.evidence.mentions if mention.text}
    found = sorted(
        (match.start(), -match.end())
        for word in words
        for match in re.finditer(rf"(?<!\w){re.escape(word)}", extract)
    )
    spans: list[tuple[int, int]] = []
    for start, minus_end in found:
        if not spans or start >= spans[-1][1]:
            spans.append((start, -minus_end))
    return spans


def _why(lead: Report, vocabulary: Vocabulary) -> str:
    """In words: where the sides are named, and which words spoke for it most."""
    fields = {mention.field for mention in lead.evidence.mentions}
    place = "the title and the text" if len(fields) > 1 else f"the {''.join(fields) or 'text'}"
    names = " and ".join(vocabulary.sides.values())
    spoken = [phrase for phrase, weight in lead.evidence.phrases if weight > 0][:WHY_WORDS]
    place += " of its page" * (lead.evidence.text_from == "page")
    return f"names {names} in {place}" + (f"; strongest words: {', '.join(spoken)}" * bool(spoken))


def _links(story: Story, lead: Report) -> tuple[DigestLink, ...]:
    """One link an outlet, the lead's first."""
    ordered = [lead, *(report for report in story.reports if report is not lead)]
    links: dict[str, DigestLink] = {}
    for report in ordered:
        article = report.article
        links.setdefault(
            article.outlet,
            DigestLink(
                article.outlet,
                article.affiliation,
                article.language,
                article.title,
                article.url,
            ),
        )
    return tuple(links.values())[:MAX_LINKS]


def feeds_line(footer: DigestFooter) -> str:
    """Say how much was read from how many feeds, and how many of them are in trouble."""
    read = "1 article" if footer.articles_read == 1 else f"{footer.articles_read:,} articles"
    said = f"{read} read from {footer.feeds_total} feeds"
    troubles = [
        f"{count} {word}"
        for count, word in ((footer.feeds_failing, "failing"), (footer.feeds_odd, "unlike usual"))
        if count
    ]
    return f"{said} ({', '.join(troubles)})" if troubles else said


def model_line(footer: DigestFooter) -> str:
    """Say which model chose the stories and how far it can be trusted, as far as that is known."""
    said = f"Model {footer.model_version}"
    if footer.precision is None or footer.recall is None:
        return said
    right, found = _percent(footer.precision), _percent(footer.recall)
    return (
        f"{said}: of its alerts {right} are relevant, of the relevant articles that name both"
        f" sides it finds {found}, by {footer.audited} labels of articles drawn at random"
    )


def _percent(interval: Interval) -> str:
    low, high = (round(100 * bound) for bound in (interval.low, interval.high))
    return f"{100 * interval.value:.0f}% ({low}-{high}%)"


def highlighted(story: DigestStory) -> list[tuple[str, bool]]:
    """Return the extract in pieces, each with whether it is a highlighted one."""
    edges = [0, *(edge for span in story.highlights for edge in span), len(story.extract)]
    pieces = [(story.extract[a:b], index % 2 == 1) for index, (a, b) in enumerate(pairwise(edges))]
    return [piece for piece in pieces if piece[0]]
