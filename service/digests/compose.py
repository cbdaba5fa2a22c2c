"""Makes the one ``Digest`` that every channel shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.digests.select import likelihood
from service.records import (
    Account,
    Article,
    Digest,
    DigestFooter,
    DigestLink,
    DigestSection,
    DigestStory,
    DigestSurge,
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
    accounts: Sequence[Account],
    subscription: Subscription,
    vocabulary: Vocabulary,
    footer: DigestFooter,
    *,
    since: datetime,
    until: datetime,
    max_stories: int,
    surges: Sequence[DigestSurge] = (),
) -> Digest:
    """Return the digest of the stories in ``accounts``, which come most important first.

    Each story stands once, under the topic that most of its reports have. Of ``surges`` those of
    topics that the subscription takes are told.
    """
    shown = [(_main_topic(one.story, vocabulary), one) for one in accounts[:max_stories]]
    sections = [
        DigestSection(topic, tuple(_story(one, vocabulary) for t, one in shown if t == topic))
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
        more_stories=max(len(accounts) - max_stories, 0),
        surges=tuple(
            surge for surge in surges if surge.topic in (subscription.topics or vocabulary.topics)
        ),
    )


def _main_topic(story: Story, vocabulary: Vocabulary) -> Topic:
    counts = Counter(topic for report in story.reports for topic in report.topics)
    return max(vocabulary.topics, key=lambda topic: counts[topic])


def _story(account: Account, vocabulary: Vocabulary) -> DigestStory:
    story, lead = account.story, account.lead
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
        news=tuple(news.detail for news in account.news),
        independent=len(account.origins),
        reports=len(story.reports),
        languages=account.languages,
        actors=account.actors,
    )


def _reported_at(article: Article) -> datetime:
    """When the outlet says it published, if that can be: else when it was first seen."""
    published = article.published_at
    if published and OLDEST_FEED < published < article.seen_at + CLOCK_ERROR:
        return published
    return article.seen_at


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
