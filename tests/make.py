"""Makes the objects tests are about, with defaults that do not matter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from service.polling.cadence import Cadence
from service.records import (
    Account,
    Affiliation,
    Article,
    ArticleId,
    Channel,
    ChannelKind,
    Digest,
    DigestFooter,
    DigestLink,
    DigestSection,
    DigestStory,
    Evidence,
    FeedId,
    FeedState,
    Fetched,
    Mention,
    ParsedArticle,
    Report,
    Story,
    StoryId,
    Topic,
)
from service.settings import FeedConfig, Subscription
from service.stories.account import account
from service.stories.novelty import Roles

NOW = datetime(2026, 3, 17, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


def feed_state(url: str = "https://feed.example/rss", **changes: Any) -> FeedState:
    values: dict[str, Any] = {"id": FeedId(1), "url": url, "outlet": "Outlet", "language": "en"}
    return FeedState(**(values | changes))


def cadence(**changes: Any) -> Cadence:
    values: dict[str, Any] = {
        "first": timedelta(minutes=30),
        "shortest": timedelta(minutes=2),
        "longest": timedelta(hours=24),
        "jitter": 0.1,
        "max_backoff": timedelta(hours=24),
        "longest_retry_after": timedelta(hours=24),
    }
    return Cadence(**(values | changes))


def feed_config(url: str = "https://feed.example/rss", **changes: Any) -> FeedConfig:
    values: dict[str, Any] = {"url": url, "outlet": "Outlet", "language": "en", "country": "GB"}
    return FeedConfig(**(values | changes))


def fetched(body: bytes | str, url: str = "https://feed.example/rss", **headers: str) -> Fetched:
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fetched(url, content, "hash", named)


def rss(*items: str, title: str = "Feed") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{title}</title>{''.join(items)}</channel></rss>"
    )


def rss_item(title: str, link: str = "", description: str = "", guid: str = "") -> str:
    parts = {"title": title, "link": link, "description": description, "guid": guid}
    tags = "".join(f"<{name}>{text}</{name}>" for name, text in parts.items() if text)
    return f"<item>{tags}</item>"


def parsed_article(title: str = "Title", **changes: Any) -> ParsedArticle:
    values: dict[str, Any] = {
        "summary": "",
        "url": f"https://feed.example/{title.replace(' ', '-')}",
        "guid": None,
        "published_at": None,
    }
    return ParsedArticle(title=title, **(values | changes))


def article(number: int = 1, **changes: Any) -> Article:
    values: dict[str, Any] = {
        "id": ArticleId(number),
        "feed_id": FeedId(1),
        "outlet": f"Outlet {number}",
        "affiliation": Affiliation.INDEPENDENT,
        "url": f"https://outlet{number}.example/story",
        "title": "Moscow and Tehran sign a gas deal",
        "summary": "Russia and Iran signed a gas deal on Monday. Prices were not told.",
        "language": "en",
        "published_at": NOW - timedelta(hours=3),
        "seen_at": NOW - timedelta(hours=2),
    }
    return Article(**(values | changes))


def report(number: int = 1, probability: float = 0.9, **changes: Any) -> Report:
    topics = changes.pop("topics", ("economic",))
    evidence = changes.pop(
        "evidence",
        Evidence(
            mentions=(
                Mention("russia", "country", "Russia", "summary", 0, 6),
                Mention("iran", "country", "Iran", "summary", 11, 15),
            ),
            sentence="Russia and Iran signed a gas deal on Monday.",
            phrases=(("gas deal", 1.2), ("signed", 0.7)),
        ),
    )
    named = tuple(Topic(topic) for topic in topics)
    return Report(article(number, **changes), probability, named, evidence)


def story(number: int = 1, *reports: Report, **changes: Any) -> Story:
    values: dict[str, Any] = {
        "id": StoryId(number),
        "version": 1,
        "opened_at": NOW - timedelta(hours=2),
        "updated_at": NOW - timedelta(hours=1),
        "reports": reports or (report(number),),
    }
    return Story(**(values | changes))


def subscription(name: str = "desk", **changes: Any) -> Subscription:
    values: dict[str, Any] = {"id": name, "channels": (Channel(ChannelKind.FILE),)}
    return Subscription(**(values | changes))


def digest_story(number: int = 1, **changes: Any) -> DigestStory:
    values: dict[str, Any] = {
        "story_id": StoryId(number),
        "version": 1,
        "headline": f"Headline {number}",
        "extract": "Russia and Iran signed a gas deal on Monday.",
        "highlights": ((0, 6), (11, 15)),
        "language": "en",
        "topics": (Topic("economic"),),
        "probability": 0.9,
        "first_reported_at": NOW - timedelta(hours=3),
        "why": "names Russia and Iran in the title",
        "links": (
            DigestLink(
                "Outlet", Affiliation.STATE, "en", "Title", f"https://outlet.example/{number}"
            ),
        ),
    }
    return DigestStory(**(values | changes))


NO_ROLES = Roles(frozenset(), frozenset(), frozenset(), frozenset(), {})


def accounts(
    stories: Iterable[Story], wishes: Subscription, told: int | None = None
) -> list[Account]:
    """Return stories as they are told to whoever wishes for them."""
    return [account(one, wishes.languages, NO_ROLES, told) for one in stories]


def digest(*stories: DigestStory, **changes: Any) -> Digest:
    values: dict[str, Any] = {
        "subscription": "desk",
        "title": "Russia-Iran watch",
        "time_zone": "UTC",
        "since": NOW - timedelta(days=1),
        "until": NOW,
        "sections": (DigestSection(Topic("economic"), stories),) if stories else (),
        "footer": DigestFooter(1200, 40, 2, "model-1"),
    }
    return Digest(**(values | changes))
