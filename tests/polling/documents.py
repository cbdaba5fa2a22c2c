"""Feed documents for the tests of reading, and what must hold of any answer."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
import unicodedata
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from service.polling.reading.parse import MAX_SUMMARY, MAX_TITLE, parse
from service.records import Failed, ParsedArticle, ParsedFeed
from tests.make import fetched

JSON_FEED = "https://jsonfeed.org/version/1.1"
# Addresses have no limit of their own in any standard; browsers and servers stop at about this.
MAX_ADDRESS = 10_000


def read(body: bytes | str, **headers: str) -> ParsedFeed:
    result = parse(fetched(body, **headers))
    assert isinstance(result, ParsedFeed), result
    return result


def refusal(body: bytes | str, **headers: str) -> Failed:
    result = parse(fetched(body, **headers))
    assert isinstance(result, Failed), result
    return result


def only(body: bytes | str, **headers: str) -> ParsedArticle:
    feed = read(body, **headers)
    assert len(feed.articles) == 1, feed
    return feed.articles[0]


def titles(body: bytes | str, **headers: str) -> list[str]:
    return [article.title for article in read(body, **headers).articles]


def atom(*entries: str, attributes: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
        f" {attributes}><title>Feed</title>{''.join(entries)}</feed>"
    )


def rdf(*items: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://purl.org/rss/1.0/">'
        f'<channel rdf:about="https://feed.example/"><title>Feed</title></channel>{"".join(items)}'
        "</rdf:RDF>"
    )


def json_feed(*items: object, **changes: object) -> str:
    return json.dumps({"version": JSON_FEED, "title": "Feed", "items": list(items)} | changes)


def archived(shared: Path, archive: str, most: int = 1_000_000) -> list[tuple[str, bytes]]:
    """Return at most so many files of an archive, evenly spread over the names."""
    packed = (shared / "feeds" / f"{archive}.tar.gz").read_bytes()
    read = []
    with tarfile.open(fileobj=BytesIO(gzip.decompress(packed))) as tar:
        members = sorted((m for m in tar if m.isfile()), key=lambda member: member.name)
        for member in members[:: -(-len(members) // most)]:
            content = tar.extractfile(member)
            assert content is not None
            read.append((member.name, content.read()))
    return read


def assert_within_limits(article: ParsedArticle) -> None:
    """Whatever came in, this much may be relied on by all that follows."""
    assert 0 < len(article.title) <= MAX_TITLE
    assert len(article.summary) <= MAX_SUMMARY
    for text in (article.title, article.summary):
        assert text == text.strip()
        assert "Cc" not in {unicodedata.category(character) for character in text}
    for text in (article.title, article.summary, article.url or "", article.guid or ""):
        text.encode()  # a lone surrogate would stop the database, the email and Slack
    if article.url is not None:
        assert article.url.startswith(("http://", "https://"))
        assert len(article.url) <= MAX_ADDRESS
    if article.guid is not None:
        assert 0 < len(article.guid) <= MAX_ADDRESS
    if article.published_at is not None:
        assert article.published_at.utcoffset() == timedelta(0)
    if article.language is not None:
        assert re.fullmatch("[a-z]{2,3}", article.language)


def assert_sound(result: ParsedFeed | Failed) -> None:
    if isinstance(result, Failed):
        assert result.code in {"parser", "html", "not-a-feed"}
        result.message.encode()
        return
    assert len(result.title) <= MAX_TITLE
    for article in result.articles:
        assert_within_limits(article)
    for why in result.skipped:
        assert re.fullmatch(r"entry \d+: [a-z ]+", why)
