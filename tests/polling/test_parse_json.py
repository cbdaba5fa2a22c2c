"""JSON Feed, as its specification has it and as anyone may bend it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.polling.reading.parse import parse
from service.records import ParsedFeed
from tests.make import fetched
from tests.polling.documents import JSON_FEED, assert_sound, json_feed, only, read, refusal

# Everything JSON can carry, lone surrogates and what is no number included.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MARKUP = st.lists(st.sampled_from(["<b>", "&#0;", "&lt;", "<", "]]>", "\ud800", "\x90", "Iran "]))
ITEM_KEYS = ["id", "url", "external_url", "title", "summary", "content_text", "content_html"]
ITEM_KEYS += ["date_published", "date_modified", "language"]
ITEMS = VALUES | st.dictionaries(
    st.sampled_from(ITEM_KEYS), VALUES | MARKUP.map("".join), min_size=1
)


def test_an_item_becomes_an_article() -> None:
    item = {
        "id": "id-1",
        "url": "/1",
        "title": "Gas deal",
        "summary": "Signed on Monday.",
        "content_html": "<p>Much more</p>",
        "date_published": "2026-03-16T13:30:00+03:30",
        "language": "fa-IR",
    }
    article = only(json_feed(item))
    assert (article.title, article.summary) == ("Gas deal", "Signed on Monday.")
    assert (article.url, article.guid) == ("https://feed.example/1", "id-1")
    assert article.published_at == datetime(2026, 3, 16, 10, tzinfo=UTC)
    assert article.language == "fa"


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_both_versions_are_read(version: str) -> None:
    document = json_feed({"id": "1", "title": "Title"}, version=JSON_FEED[:-3] + version)
    assert only(document).title == "Title"


def test_a_byte_order_mark_and_space_before_the_document_do_no_harm() -> None:
    document = b"\xef\xbb\xbf \r\n" + json_feed({"id": "1", "title": "Title"}).encode()
    assert only(document).title == "Title"


@pytest.mark.parametrize(
    ("texts", "summary"),
    [
        ({"content_text": "Text", "content_html": "<p>Markup</p>"}, "Text"),
        ({"content_html": "<p>Mark</p><p>up</p>"}, "Mark up"),
        ({"summary": "", "content_text": "Text"}, "Text"),
        ({"summary": 5, "content_text": ["x"]}, ""),
    ],
)
def test_the_text_is_taken_from_the_shortest_place_that_has_one(
    texts: dict[str, object], summary: str
) -> None:
    assert only(json_feed({"id": "1", "title": "Title"} | texts)).summary == summary


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ({"url": "https://feed.example/1", "external_url": "https://b.example"}, "/1"),
        ({"external_url": "https://feed.example/2"}, "/2"),
        ({"url": None, "external_url": "https://feed.example/2"}, "/2"),
    ],
)
def test_the_outlets_own_address_is_preferred(links: dict[str, object], url: str) -> None:
    article = only(json_feed({"id": "1", "title": "Title"} | links))
    assert article.url == f"https://feed.example{url}"


@pytest.mark.parametrize("link", [5, [], {}, "javascript:alert(1)", "http://[bad", "\ud800"])
def test_what_is_no_address_is_no_link(link: object) -> None:
    article = only(json_feed({"id": "1", "title": "Title", "url": link}))
    assert article.url in (None, "https://feed.example/rss")


@pytest.mark.parametrize(
    ("given_id", "guid"),
    [("a", "a"), (7, "7"), (0, "0"), ("", None), (None, None), ([1], None), ({}, None)],
)
def test_an_id_is_a_text_or_a_number(given_id: object, guid: str | None) -> None:
    assert only(json_feed({"id": given_id, "title": "Title"})).guid == guid


@pytest.mark.parametrize("no_id", [True, False, float("nan"), float("inf")])
def test_a_value_that_many_items_would_share_is_no_id(no_id: object) -> None:
    assert only(json_feed({"id": no_id, "title": "Title"})).guid is None


@pytest.mark.parametrize(
    "date",
    [
        "",
        "soon",
        5,
        None,
        [],
        "2026-13-45T10:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "99999-01-01T00:00:00Z",
    ],
)
def test_a_date_that_is_none_leaves_the_item_without_one(date: object) -> None:
    assert only(json_feed({"id": "1", "title": "T", "date_published": date})).published_at is None


@pytest.mark.parametrize(
    "dates",
    [
        {"date_published": "2026-03-16T10:00:00"},
        {"date_published": "never", "date_modified": "2026-03-16T10:00:00Z"},
    ],
)
def test_a_date_without_a_zone_or_of_a_change_is_better_than_none(dates: dict[str, str]) -> None:
    article = only(json_feed({"id": "1", "title": "Title"} | dates))
    assert article.published_at == datetime(2026, 3, 16, 10, tzinfo=UTC)


def test_a_bad_item_is_skipped_and_the_others_are_read() -> None:
    bad: list[object] = [
        None,
        1,
        "text",
        [],
        float("nan"),
        {},
        {"id": "9"},
        {"title": 5, "summary": [1]},
    ]
    feed = read(json_feed({"id": "1", "title": "First"}, *bad, {"id": "2", "title": "Last"}))
    assert [article.title for article in feed.articles] == ["First", "Last"]
    assert len(feed.skipped) == len(bad)
    assert feed.skipped[0] == "entry 2: not an object"
    assert feed.skipped[-1] == "entry 9: neither title nor text"


def test_half_a_character_costs_neither_its_item_nor_the_others() -> None:
    # JSON can name one half of a pair ("\ud800"); no database or mailer takes it.
    half = {"id": "\ud800x", "title": "Iran \ud800 <b>talks</b>", "url": "/\ud800"}
    feed = read(json_feed(half, {"id": "2", "title": "Next"}))
    assert [article.title for article in feed.articles] == ["Iran talks", "Next"]
    assert_sound(feed)


def test_a_title_that_is_no_text_leaves_the_feed_without_one() -> None:
    assert read(json_feed(title=["Feed"])).title == ""


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "{}",
        '{"version": 1, "items": []}',
        json_feed(version="https://other.example/1"),
        json_feed(items={"0": {"title": "x"}}),
        json_feed(items=None),
        json.dumps([{"version": JSON_FEED, "items": []}]),
        '{"id": ' + "9" * 5000 + "}",
        '{"a":' * 100_000,
        '{"version": ' + "[" * 500 + "]" * 500 + ', "items": []}',
        b'{"version": "\xff"}',
        json_feed().encode("utf-16"),
    ],
    ids=lambda body: str(body[:24]),
)
def test_json_that_is_no_feed_is_refused(body: bytes | str) -> None:
    assert refusal(body).code == "not-a-feed"


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_nesting_near_the_limit_of_the_interpreter_breaks_nothing(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    for document in (
        f'{{"version": {deep}, "items": []}}',
        f'{{"version": "{JSON_FEED}", "items": [{{"id": {deep}, "title": {deep}}}]}}',
    ):
        assert_sound(parse(fetched(document)))


@settings(max_examples=80, deadline=None)
@given(st.lists(ITEMS, max_size=5), VALUES)
def test_every_item_of_any_shape_is_read_or_skipped(items: list[object], title: object) -> None:
    result = parse(fetched(json_feed(*items, title=title)))
    assert isinstance(result, ParsedFeed)
    assert result.entries_present == len(items)
    assert_sound(result)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES, VALUES)
def test_any_json_object_is_a_feed_or_refused(
    version: object, items: object, other: object
) -> None:
    document = json.dumps({"version": version, "items": items, "title": other})
    assert_sound(parse(fetched(document)))
