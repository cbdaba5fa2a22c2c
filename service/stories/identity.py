"""By which keys an article is known again.

An edit, a tracking parameter, a re-ordered feed or a copy in a second feed must not make a
second article; and two articles that share a careless address must not become one.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

from service.records import (
    Arrival,
    ArticleId,
    FeedId,
    IdentifiedArticle,
    Intake,
    KnownArticle,
    ParsedArticle,
)

# Parameters that say how a reader came, never what is shown.
_TRACKING = re.compile(
    r"^(?:utm_\w+|at_(?:medium|campaign|custom\d|link\w*|bbc_team|format|ptr_name|user_id)"
    r"|[a-z]{1,3}clid|fb_\w+|mc_[ce]id|ns_\w+|ig(?:shid|_\w+)|_ga|_gl|cmpid|cmp|icid|ito|maca"
    r"|ocid|partner|ref|ref_?src|referrer|rss|s?rnd|smid|smtyp|spm|src|traffic_source|wt_\w+"
    r"|xtor|yptr|from)$",
    re.IGNORECASE,
)
_WWW = re.compile(r"^(?:www\.)+")


def canonical_url(url: str) -> str | None:
    """Return one spelling of an address: no tracking, no fragment, no ``www``, sorted query.

    None where the address names a site and not a page, or is none at all. Escapes are kept byte
    by byte: not all sites write UTF-8.
    """
    try:
        parts = urlsplit(url.encode("utf-8", "replace").decode())
        port = parts.port
    except ValueError:
        return None
    host = _WWW.sub("", parts.hostname or "")
    if not host or parts.scheme not in ("http", "https"):
        return None
    if ":" in host:
        host = f"[{host}]"
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    path = quote(unquote_to_bytes(parts.path), safe="/:@!$&'()*+,;=~").rstrip("/")
    escaped = quote(parts.query, safe="%=&+;/:@!$'()*,?~")
    pairs = parse_qsl(escaped, keep_blank_values=True, encoding="latin-1")
    kept = sorted((name, value) for name, value in pairs if not _TRACKING.match(name))
    query = urlencode(kept, encoding="latin-1")
    if not path and not query:
        return None
    return f"https://{host}{path}" + (f"?{query}" if query else "")


def address_key(url: str) -> str | None:
    """Return the key by which an article at ``url`` is known, or None if it names no page."""
    address = canonical_url(url)
    return None if address is None else "u" + _hash(address)


def text_hash(title: str, summary: str) -> str:
    """Return what tells one text from another: articles of one text are copies."""
    return _hash(title, summary)


def identify(feed_url: str, articles: Sequence[ParsedArticle]) -> list[IdentifiedArticle]:
    """Return the articles of one feed document with their keys, strongest first.

    An address that several entries of the document share (with guids of their own) is that of a
    page about all of them, and so no key.
    """
    addresses = [canonical_url(article.url) if article.url else None for article in articles]
    pairs = {(a, article.guid) for a, article in zip(addresses, articles, strict=True)}
    guids_at = Counter(address for address, _ in pairs)
    return [
        IdentifiedArticle(
            article,
            tuple(_keys(feed_url, article, address if guids_at[address] == 1 else None)),
            text_hash(article.title, article.summary),
        )
        for article, address in zip(articles, addresses, strict=True)
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
        fresh = [key for key in entry.keys if key not in learnt]
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


def _keys(feed_url: str, article: ParsedArticle, address: str | None) -> Iterable[str]:
    if address is not None:
        yield "u" + _hash(address)
    if article.guid is not None:
        # A guid is unique within its feed only, whatever the specifications hope.
        yield "g" + _hash(feed_url, article.guid)
    if address is None and article.guid is None:
        yield "t" + _hash(feed_url, article.url or "", article.title)


def _hash(*parts: str) -> str:
    text = "\x00".join(parts).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=16).hexdigest()
