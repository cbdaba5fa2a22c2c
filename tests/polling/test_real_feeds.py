"""Real feeds, and the test files of other parsers: read from the archives, never unpacked."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from service.polling.reading.parse import parse
from service.records import ParsedFeed
from tests.make import fetched
from tests.polling.documents import archived, assert_sound

pytestmark = pytest.mark.shared

# Feeds asked over and over hold much the same; all of each archive would take ten seconds.
MOST = {"outlets": 100, "wire": 50, "series": 50}


def entries_of(body: bytes) -> list[ET.Element] | None:
    """Return the entries of a well-formed document by another parser; None if it is not."""
    try:
        # Four outlets send an empty line before the declaration.
        root = ET.fromstring(body.lstrip())
    except (ET.ParseError, ValueError):
        return None
    return [element for element in root.iter() if local_name(element) in ("item", "entry")]


def entries_with(body: bytes, names: set[str]) -> int:
    return sum(
        any(local_name(child) in names and (child.text or child.attrib) for child in entry)
        for entry in entries_of(body) or ()
    )


def local_name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


@pytest.mark.parametrize("archive", MOST)
def test_every_entry_of_every_real_feed_is_read_or_skipped(shared: Path, archive: str) -> None:
    wrong = {}
    counted = 0
    for name, body in archived(shared, archive, MOST[archive]):
        entries = entries_of(body)
        present = None if entries is None else len(entries)
        result = parse(fetched(body))
        assert_sound(result)
        found = result.entries_present if isinstance(result, ParsedFeed) else result
        counted += present is not None
        if present is not None and found != present:
            wrong[name] = (present, found)
    assert wrong == {}
    assert counted > 20


def test_real_outlets_lose_no_date_no_link_and_hardly_an_entry(shared: Path) -> None:
    read = skipped = 0
    for name, body in archived(shared, "outlets"):
        result = parse(fetched(body))
        assert isinstance(result, ParsedFeed)
        read += len(result.articles)
        skipped += len(result.skipped)
        dated = [article for article in result.articles if article.published_at]
        linked = [article for article in result.articles if article.url]
        assert len(dated) == entries_with(body, {"pubDate", "date", "published"}), name
        assert len(linked) == entries_with(body, {"link", "guid"}), name
    assert read > 500
    assert skipped <= read // 100


def test_the_files_other_parsers_are_tested_with_break_nothing(shared: Path) -> None:
    feeds = 0
    for _, body in archived(shared, "suites", most=400):
        result = parse(fetched(body))
        assert_sound(result)
        feeds += isinstance(result, ParsedFeed)
    assert feeds > 200
