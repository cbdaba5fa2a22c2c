"""Asks readers about articles and takes down what they say; for the terminal and the web alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.errors import InputError
from service.learning.audit import strata
from service.learning.copies import near_copies
from service.learning.queue import (
    AUDIT_EVERY,
    draw_one,
    most_informative,
    neediest_stratum,
    spread,
)
from service.records import Article, Candidate, Draw, Item, Label, Said, Verdict
from service.relevance.encoder import Encoder
from service.relevance.features import read
from service.relevance.mentions import MentionFinder
from service.relevance.vectors import encoded_text
from service.storage import audit, labels, stories
from service.storage.database import Connection, Database
from service.stories.identity import text_hash

# As many of the newest articles compete for a reader's time; each must be encoded once.
MOST_CANDIDATES = 600
# As many answers are remembered when looking for articles unlike them.
MOST_ANSWERS = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """An article to ask about, and why: it is uncertain, or drawn for the audit."""

    candidate: Candidate
    draw: Draw | None = None

    @property
    def why(self) -> str:
        """The reason, in words."""
        if self.draw is None:
            return "its answer teaches most"
        # Not from where: the stratum would tell what the model thinks of it.
        return "it was drawn at random for the audit; the model's word comes after yours"


@dataclass(frozen=True, slots=True)
class Asker:
    """All that asking needs."""

    database: Database
    finder: MentionFinder
    encoder: Encoder
    threshold: float
    window: timedelta
    chance: Callable[[], float]

    def questions(self, count: int, now: datetime) -> list[Question]:
        """Return the next questions: mostly informative ones, every few one of the audit's."""
        wanted = count // AUDIT_EVERY
        audited = self._audit(wanted, now)
        asked = {question.candidate.text_hash for question in audited}
        informative = self._informative(count - len(audited), now - self.window, asked)
        mixed: list[Question] = []
        for place, question in enumerate(informative, 1):
            mixed.append(question)
            if place % (AUDIT_EVERY - 1) == 0 and audited:
                mixed.append(audited.pop(0))
        return mixed + audited

    def _informative(self, count: int, since: datetime, but: set[str]) -> list[Question]:
        with self.database.reading() as connection:
            found = audit.candidates(connection, since, MOST_CANDIDATES)
            given = labels.current(connection)[-MOST_ANSWERS:]
        by_text = {c.text_hash: c for c in found if c.text_hash not in but}
        candidates = list(by_text.values())
        chosen = most_informative(
            candidates,
            self.encoder.encode([self._text(c.item) for c in candidates]),
            self.encoder.encode([self._text(label.item) for label in given]),
            self.threshold,
            Counter(label.item.lang for label in given),
            count,
        )
        return [Question(candidates[place]) for place in chosen]

    def _audit(self, count: int, now: datetime) -> list[Question]:
        """Return draws that still wait for an answer, and draw as many more as are wanted."""
        with self.database.reading() as connection:
            waiting = _one_a_text(audit.waiting(connection))
        if len(waiting) < count:
            with self.database.transaction() as connection:
                for _ in range(count - len(waiting)):
                    self._draw(connection, now)
                waiting = _one_a_text(audit.waiting(connection))
        return [Question(candidate, draw) for draw, candidate in waiting[:count]]

    def _draw(self, connection: Connection, now: datetime) -> None:
        since, spans = now - self.window, strata()
        found = {name: audit.undrawn(connection, since, span) for name, span in spans.items()}
        stratum = neediest_stratum(
            {name: size for name, (_, size) in found.items()},
            {name: size - len(ids) for name, (ids, size) in found.items()},
            {name: spread(span) for name, span in spans.items()},
        )
        if stratum is not None:
            ids, size = found[stratum]
            audit.draw(connection, draw_one(ids, self.chance), stratum, 1 / size, now)

    def _text(self, item: Item) -> str:
        return encoded_text(read(item, self.finder))


def _one_a_text(waiting: list[tuple[Draw, Candidate]]) -> list[tuple[Draw, Candidate]]:
    """Return the oldest draw of each text: its answer is that of its copies too."""
    first: dict[str, tuple[Draw, Candidate]] = {}
    for draw, candidate in waiting:
        first.setdefault(candidate.text_hash, (draw, candidate))
    return list(first.values())


def answer(database: Database, article: Article, said: Said, *, copies: bool = True) -> list[Label]:
    """Take down what a reader said of an article, and of its copies within its story.

    Returned are the labels as stored, that of the article first.

    Raises:
        InputError: when topics are given for what is not relevant.

    """
    if said.topics and said.verdict is not Verdict.RELEVANT:
        raise InputError("only relevant articles have topics", mend="leave the topics out")
    label = Label(
        text_hash=text_hash(article.title, article.summary),
        item=Item(article.title, article.summary, article.language),
        verdict=said.verdict,
        topics=said.topics,
        reader=said.reader,
        origin=said.origin,
        labelled_at=said.at,
        url=article.url,
        article_id=article.id,
        seconds=said.seconds,
        draw=said.draw,
    )
    with database.transaction() as connection:
        given = [label, *(_of_copy(label, copy) for copy in _copies(connection, article) if copies)]
        return labels.append(connection, given)


def withdraw(database: Database, given: Iterable[Label], now: datetime) -> None:
    """Take labels back; that they were given stays in the history."""
    taken = [
        replace(
            label, verdict=Verdict.WITHDRAWN, topics=(), labelled_at=now, seconds=None, draw=None
        )
        for label in given
    ]
    with database.transaction() as connection:
        labels.append(connection, taken)


def _of_copy(label: Label, copy: Article) -> Label:
    return replace(
        label,
        text_hash=text_hash(copy.title, copy.summary),
        item=Item(copy.title, copy.summary, copy.language),
        url=copy.url,
        article_id=copy.id,
        seconds=None,
        draw=None,
    )


def _copies(connection: Connection, article: Article) -> list[Article]:
    """Return the articles of the same story whose texts are nearly the same."""
    others = [a for a in stories.companions(connection, article.id) if a.id != article.id]
    texts = [f"{one.title} {one.summary}" for one in (article, *others)]
    return [others[b - 1] for a, b, _ in near_copies(texts) if a == 0]
