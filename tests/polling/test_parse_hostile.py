"""Documents that are broken, mislabelled or meant to do harm."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from time import process_time
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.polling.reading.parse import MAX_SUMMARY, MAX_TITLE, parse
from tests.make import fetched, rss, rss_item
from tests.polling.documents import (
    assert_sound,
    assert_within_limits,
    atom,
    json_feed,
    only,
    rdf,
    read,
    titles,
)

SEEDS = [
    rss(rss_item("One", "/1", "&lt;p>Text &amp;amp; more", "1"), rss_item("Two", "/2"), "<item/>"),
    atom("<entry><title type='html'>One</title><link href='/1'/><updated>2026-03-16</updated>"),
    rdf("<item rdf:about='/1'><title>One</title><dc:date>2026-03-16</dc:date></item>"),
    json_feed({"id": "1", "title": "One", "date_published": "2026-03-16T10:00:00Z"}, 5),
]
SHARDS = ["<item>", "</item>", "<![CDATA[", "]]>", "&", "&#xD800;", "&#0;", "<!--", "<?xml ", "\0"]
SHARDS += [
    "<published_parsed>abcdef</published_parsed>",
    "<entry>",
    "<title>",
    "\ud800",
    "<!DOCTYPE x [",
]
SHARDS += ["<pubDate>x</pubDate>", "<link>http://[</link>", "xml:base='http://['", "{", "NaN", '"']


# --- encodings -----------------------------------------------------------------------------

# No measure of speed: what takes so long does not come to an end.
STALLED_SECONDS = 20


def declared(encoding: str, text: str) -> bytes:
    return rss(rss_item(text)).replace("utf-8", encoding).encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1251", "Россия и Иран"),
        ("koi8-r", "Россия и Иран"),
        ("iso-8859-5", "Россия и Иран"),
        ("windows-1256", "روسيا وإيران"),
        ("gb18030", "俄罗斯与伊朗"),
        ("big5", "俄羅斯與伊朗"),
        ("shift_jis", "ロシアとイラン"),
        ("utf-16", "روسیه و ایران"),
        ("utf-8", "روسیه و ایران"),
    ],
)
def test_a_declared_encoding_is_honoured(encoding: str, text: str) -> None:
    # text/xml without a charset is ASCII by the letter of RFC 3023; outlets mean the declaration.
    assert titles(declared(encoding, text)) == [text]
    assert titles(declared(encoding, text), content_type="text/xml") == [text]


def test_an_encoding_named_by_the_server_alone_is_honoured() -> None:
    body = rss(rss_item("Россия и Иран")).partition("?>")[2].encode("windows-1251")
    content_type = "application/rss+xml; charset=windows-1251"
    assert titles(body, content_type=content_type) == ["Россия и Иран"]


def test_a_byte_order_mark_and_space_before_the_document_do_no_harm() -> None:
    assert titles(b"\xef\xbb\xbf" + rss(rss_item("Иран")).encode()) == ["Иран"]
    assert titles("\n  " + rss(rss_item("Иран"))) == ["Иран"]


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii", "no-such-charset"])
def test_a_wrong_encoding_costs_letters_but_no_entries(charset: str) -> None:
    body = declared("windows-1251", "Россия Iran")
    body = body.replace(b"windows-1251", charset.encode())
    assert len(titles(body, content_type=f"text/xml; charset={charset}")) == 1


# --- broken documents ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "flaw",
    [
        "Iran & Russia",
        "Iran &nbsp; Russia",
        "Iran &unknown; Russia",
        "Iran <b>Russia",
        "Iran \x08 Russia",
        "Iran &#8; Russia",
        "<unknown:tag>Iran Russia</unknown:tag>",
    ],
)
def test_a_flaw_in_one_entry_does_not_cost_the_others(flaw: str) -> None:
    found = titles(rss(rss_item("First"), rss_item(flaw), rss_item("Last")))
    assert (found[0], found[-1], len(found)) == ("First", "Last", 3)


@pytest.mark.parametrize("pair", ["&#55357;&#56832;", "&#xD83D;&#xDE00;", "&#xD800;"])
def test_half_a_character_does_not_cost_a_feed(pair: str) -> None:
    # Emoji written as two halves: common where a feed is made by a UTF-16 program.
    feed = read(rss(rss_item("First"), rss_item(f"Iran {pair}"), rss_item("Last")))
    assert feed.entries_present == 3
    assert_sound(feed)


def test_a_feed_cut_off_keeps_the_entries_before_the_cut() -> None:
    document = rss(*(rss_item(f"Title {number}") for number in range(10)))
    found = titles(document[: document.index("Title 6") + 3])
    assert found[:6] == [f"Title {number}" for number in range(6)]


@pytest.mark.parametrize(
    "element",
    [
        "<published_parsed>abcdef</published_parsed>",
        "<updated_parsed>abcdef</updated_parsed>",
        "<published_parsed>2026</published_parsed>",
        "<links>x</links>",
        "<content>x</content>",
        "<title_detail>x</title_detail>",
        "<guidislink>x</guidislink>",
        "<id>x</id>",
        "<language><b/></language>",
        "<enclosures>x</enclosures>",
    ],
)
def test_elements_named_after_the_parsers_own_fields_break_nothing(element: str) -> None:
    found = titles(rss(f"<item><title>First</title>{element}</item>", rss_item("Last")))
    assert found == ["First", "Last"]


def test_control_characters_are_removed_from_every_text() -> None:
    text = "Iran\u0000\u0007\u0085\u0090\u009f\ufffe and\u001b Russia"
    article = only(json_feed({"id": "1\u0007", "title": text, "summary": f"On {text}"}))
    assert_within_limits(article)
    assert article.title.replace(" ", "") == "IranandRussia"


# --- attacks -------------------------------------------------------------------------------


def test_a_body_that_names_a_file_is_not_read_from_it(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss(rss_item("Secret")))
    assert "Secret" not in repr(parse(fetched(str(secret))))


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("Secret")
    doctype = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]><rss'
    document = rss(rss_item("Title &x;")).replace("<rss", doctype)
    assert "Secret" not in repr(parse(fetched(document)))


def test_an_entity_bomb_does_not_go_off() -> None:
    names = "abcdefghij"
    bombs = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names))
    doctype = f'<!DOCTYPE rss [<!ENTITY a "boom">{bombs}]><rss'
    result = parse(fetched(rss(rss_item("Title &j;")).replace("<rss", doctype)))
    # Gone off, it is ten thousand million letters, and the test never ends.
    assert repr(result).count("boom") < 1000


@pytest.mark.parametrize(
    "document",
    [
        rss('<x xml:base="a/b/c">' * 20_000),
        rss("".join(f"<n{i}:x xmlns:n{i}='u{i}'/>" for i in range(20_000))),
        rss(f"<item><author>{'a.' * 40_000}</author></item>"),
        rss(
            rss_item("T", "", "".join(f"&lt;b i={i}>" for i in range(10_000)) + "&lt;p>" * 10_000)
            * 5
        ),
        rss(rss_item("T", "", "&lt;b>&lt;p>&lt;table>" * 3_000)),
        rss("<item><title>" + "<b>" * 5_000),
        rss("<item>" * 5_000),
        "<rss><channel><item><title>" + "<" * 20_000,
        "<rss><channel><item><title>" + "<![CDATA[" * 10_000,
        "<rss><channel><item><title>" + "&#" * 20_000,
        "<!DOCTYPE x [" + "<!ENTITY " * 10_000,
    ],
    ids=[
        "bases",
        "namespaces",
        "author",
        "formats",
        "tables",
        "elements",
        "items",
        "brackets",
        "cdata",
        "references",
        "entities",
    ],
)
def test_a_small_document_cannot_keep_the_reader_busy(document: str) -> None:
    # Read without care, the first five take a minute and more; with care, a moment.
    started = process_time()
    assert_sound(parse(fetched(document)))
    assert process_time() - started < STALLED_SECONDS


@pytest.mark.parametrize("size", [MAX_TITLE, 100_000])
def test_huge_texts_are_cut(size: int) -> None:
    feed = read(rss(rss_item("Iran " * size, "/1", "Russia " * size), title="Feed " * size))
    article = feed.articles[0]
    assert MAX_TITLE - 10 < len(article.title) <= MAX_TITLE
    assert min(MAX_SUMMARY, 7 * size) - 10 < len(article.summary) <= MAX_SUMMARY
    assert len(feed.title) <= MAX_TITLE


def test_markup_is_not_what_fills_a_text() -> None:
    markup = '&lt;span class="xxxxxxxxxxxxxxxx">Iran&lt;/span> ' * 1000
    assert len(re.findall("Iran", only(rss(rss_item("Title", "/1", markup))).summary)) == 1000


def test_huge_addresses_and_ids_are_not_stored() -> None:
    huge = "x" * 1_000_000
    for document in (
        rss(rss_item("Title", f"https://feed.example/{huge}", "", huge)),
        json_feed({"id": huge, "url": f"/{huge}", "title": "Title"}),
    ):
        assert_within_limits(only(document))


# --- anything at all -----------------------------------------------------------------------

CONTENT_TYPES = st.sampled_from(["", "text/xml", "text/html; charset=x", "application/json"])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), CONTENT_TYPES)
def test_random_bytes_break_nothing(body: bytes, content_type: str) -> None:
    assert_sound(parse(fetched(body, content_type=content_type)))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_mutated_feeds_break_nothing(seed: str, data: st.DataObject) -> None:
    body = seed.encode()
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(start + 20, len(body))))
        shard = st.sampled_from(SHARDS).map(lambda s: s.encode("utf-8", "surrogatepass"))
        body = body[:start] + data.draw(shard | st.binary(max_size=6)) + body[end:]
    assert_sound(parse(fetched(body, content_type=data.draw(CONTENT_TYPES))))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=6))
def test_every_item_of_any_text_is_read_or_skipped(texts: list[tuple[str, str]]) -> None:
    items = [rss_item(escape(title), "/1", escape(text)) for title, text in texts]
    assert read(rss(*items)).entries_present == len(texts)
