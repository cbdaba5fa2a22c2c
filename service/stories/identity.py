"""By which keys an article is known again.

An edit, a tracking parameter, a re-ordered feed or a copy in a second feed must not make a
second article; and two articles that share a careless address must not become one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from service.records import (
    Arrival,
    ArticleId,
    FeedId,
    IdentifiedArticle,
    Intake,
    KnownArticle,
    ParsedArticle,
)
from service.stories.addresses import canonical_url, hashed, page_number

# The first letter of keys that an article has from the start or never: a feed that dates all its
# entries anew would else teach another one at every poll.
_NUMBERED = "n"


def text_hash(title: str, summary: str) -> str:
    """Return what tells one text from another: articles of one text are copies."""
    return hashed(title, summary)


def identify(feed_url: str, articles: Sequence[ParsedArticle]) -> list[IdentifiedArticle]:
    """Return the articles of one feed document with their keys, strongest first.

    An address that several entries of the document share (with guids of their own) is that of a
    page about all of them, and so no key; nor is a number that stands in several addresses.
    """
    addresses = [canonical_url(article.url) if article.url else None for article in articles]
    pairs = {(a, article.guid) for a, article in zip(addresses, articles, strict=True)}
    guids_at = Counter(address for address, _ in pairs)
    own = [address if guids_at[address] == 1 else None for address in addresses]
    numbers = [
        _numbered(feed_url, article, address)
        for article, address in zip(articles, own, strict=True)
    ]
    addresses_of = Counter(number for number, _ in set(zip(numbers, own, strict=True)))
    return [
        IdentifiedArticle(
            article,
            tuple(_keys(feed_url, article, address, number if addresses_of[number] == 1 else None)),
            text_hash(article.title, article.summary),
        )
        for article, address, number in zip(articles, own, numbers, strict=True)
    ]


def decide(
    entries: Iterable[tuple[FeedId, IdentifiedArticle]], known: Mapping[str, KnownArticle]
) -> Intake:
    """Tell what is new, what was edited and what is only seen again.

    ``known`` maps keys to stored articles. Only the feed an article first came from may edit
    it: a second feed that carries another summary would else rewrite it at every poll.
    """
    arrivals: list[Arrival] = []
    arrived: dict[str, int] = {}
    edits: dict[ArticleId, tuple[KnownArticle, IdentifiedArticle]] = {}
    repeated: set[ArticleId] = set()
    new_keys: dict[str, ArticleId] = {}
    sightings: dict[tuple[ArticleId, FeedId], None] = {}
    # What one copy teaches about an article holds for the next copy of the batch.
    learnt = dict(known)
    for feed_id, entry in entries:
        stored = next((learnt[key] for key in entry.keys if key in learnt), None)
        if stored is None:
            _arrive(feed_id, entry, arrivals, arrived)
            continue
        fresh = [key for key in entry.keys if key not in learnt and key[0] != _NUMBERED]
        learnt.update(dict.fromkeys(fresh, stored))
        new_keys.update(dict.fromkeys(fresh, stored.id))
        if feed_id != stored.feed_id:
            sightings[stored.id, feed_id] = None
        elif stored.id not in repeated:
            # Of several copies in one document the first is the current one.
            repeated.add(stored.id)
            if entry.content_hash != stored.content_hash:
                edits[stored.id] = (stored, entry)
    fresh_keys = {key: id_ for key, id_ in new_keys.items() if key not in arrived}
    return Intake(
        tuple(arrivals), tuple(edits.values()), tuple(fresh_keys.items()), tuple(sightings)
    )


def _arrive(
    feed_id: FeedId, entry: IdentifiedArticle, arrivals: list[Arrival], arrived: dict[str, int]
) -> None:
    index = next((arrived[key] for key in entry.keys if key in arrived), None)
    if index is None:
        index = len(arrivals)
        arrivals.append(Arrival(feed_id, entry.article, entry.content_hash, ()))
    arrival = arrivals[index]
    keys = (*arrival.keys, *(key for key in entry.keys if key not in arrived))
    others = arrival.also_in
    if feed_id != arrival.feed_id and feed_id not in others:
        others = (*others, feed_id)
    arrivals[index] = replace(arrival, keys=keys, also_in=others)
    arrived.update((key, index) for key in keys)


def _keys(
    feed_url: str, article: ParsedArticle, address: str | None, number: str | None
) -> Iterable[str]:
    if address is not None:
        yield "u" + hashed(address)
    if article.guid is not None:
        # A guid is unique within its feed only, whatever the specifications hope.
        yield "g" + hashed(feed_url, article.guid)
    if number is not None:
        yield number
    if address is None and article.guid is None:
        yield "t" + hashed(feed_url, article.url or "", article.title)


def _numbered(feed_url: str, article: ParsedArticle, address: str | None) -> str | None:
    """Return the key that outlives a rewording of the address, where the guid changes with it.

    It is the weakest: one feed, one site, the same number of seven digits or more in the path, and
    published in the same second. Title and text are not asked, for they are what is reworded. A
    title alone is no key, even for one day: feeds repeat "Air alert in Kyiv" by the hour.
    """
    number = page_number(address) if address else None
    if number is None or article.published_at is None:
        return None
    return _NUMBERED + hashed(feed_url, number, article.published_at.isoformat(timespec="seconds"))
