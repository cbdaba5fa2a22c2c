"""Whatever stands in a feed, the fast reader says of it what feedparser says, or nothing."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.polling.reading import plain
from service.polling.reading.parse import parse, parse_quickly, parse_thoroughly, plain_text
from tests.make import fetched, rss
from tests.polling.documents import assert_sound, atom, rdf


def assert_same(body: bytes | str, **headers: str) -> None:
    found = parse_quickly(fetched(body, **headers))
    assert found is None or found == parse_thoroughly(fetched(body, **headers))


# --- anything that may stand in a feed -----------------------------------------------------

WORDS = st.sampled_from(
    [
        "Iran",
        "Россия",
        "ایران",
        "Ã©",
        "😀",
        "é",
        "<b>",
        "</b>",
        "<p>",
        "</p>",
        "<br/>",
        "<br",
        "<img src='1.png' alt=\"a > b\">",
        "<!-- x -->",
        "<a href='/?a=1&b=2'>",
        "</a>",
        "<script>x</script>",
        "<table>",
        "<td>",
        "<h2 class=x>",
        ">",
        "&amp;",
        "&lt;",
        "&nbsp;",
        "&#8217;",
        "&#x27;",
        "&#150;",
        "&am",
        "p;",
        "&",
        ";",
        "&unknown;",
        "&#0;",
        "&#1;",
        "&#xD800;",
        "&#55357;",
        "'",
        '"',
        "<",
        "5 < 6",
        "&hellip;",
        "&notit;",
        " ",
        "\n",
        "\t",
        "\xa0",
        "\x93",
        "\u2028",
    ]
)
TEXTS = st.lists(WORDS, max_size=6).map("".join)
DATES = st.sampled_from(
    [
        "Mon, 16 Mar 2026 10:00:00 GMT",
        "Mon, 16 Mar 2026 10:00:00 +0330",
        "16 Mar 26 10:00 EST",
        "2026-03-16T10:00:00Z",
        "2026-03-16T10:00:00.5-03:30",
        "2026-03-16 10:00:00",
        "2026-03-16",
        "Sun, 31 Feb 2026 10:00:00 GMT",
        "Fri, 01 Oct 0001 00:00:00 +0300",
        "1 Oct 2026 1:2:3 Z",
        "9999-12-31T23:59:59-12:00",
        "2026-03-16T25:00:00Z",
        "yesterday",
        "0",
        "",
        "2026",
        "-1",
        "Fri, 2006/13/15 08:19:53 EDT",
        "Mon, 16 Mar 2026 10:00:60 GMT",
        "20260316T101010",
    ]
)
ADDRESSES = st.sampled_from(
    [
        "https://feed.example/1",
        "/1",
        "1?a=1&b=2",
        "//other/1",
        "HTTP://feed.example/1",
        "",
        "#",
        "?",
        "http://feed.example/?",
        "http://feed.example/a;",
        "http:///a",
        "javascript:x",
        "urn:1",
        "https://x/a b",
        "https://x/&copy;",
        "https://x/?a&amp;b;",
        "http://[",
        "https://пример/1",
    ]
)
ELEMENT_NAMES = (
    "title description summary content content:encoded guid id link url language author name"
    " category source image enclosure pubDate published updated rights ttl item any abstract body"
    " tags links date dc:title dc:description dc:creator dc:language dc:date dcterms:issued"
    " dcterms:created media:title media:description media:group media:content media:thumbnail"
    " media:credit content:x itunes:summary itunes:image sy:updatePeriod georss:point"
    " a:link a:id a:author a:title a:updated x:any x:title width"
)
NAMES = st.sampled_from(ELEMENT_NAMES.split())
ATTRIBUTES = st.lists(
    st.tuples(
        st.sampled_from(
            ["type", "rel", "href", "url", "isPermaLink", "xml:lang", "mode", "x:type", "term"]
        ),
        st.sampled_from(["html", "text", "xhtml", "alternate", "hub", "false", "/2", "base64", ""]),
    ),
    max_size=2,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: "".join(f" {name}={quoteattr(value)}" for name, value in pairs))


def wrapped(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([escape(text), f"<![CDATA[{text.replace(']]>', '')}]]>"])


VALUES = (TEXTS | DATES | ADDRESSES).flatmap(wrapped)


def element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, attributes, text: f"<{name}{attributes}>{text}</{name}>",
        NAMES,
        st.just("") | ATTRIBUTES,
        inner,
    )


LEAVES = element(VALUES)
USUAL = st.builds(
    lambda title, link, text, date: (
        f"<title>{title}</title><link>{link}</link><description>{text}</description>"
        f"<pubDate>{date}</pubDate>"
    ),
    *(values.flatmap(wrapped) for values in (TEXTS, ADDRESSES, TEXTS, DATES)),
)
ELEMENTS = LEAVES | USUAL | element(st.lists(LEAVES, max_size=2).map("".join))
ENTRIES = st.lists(ELEMENTS, max_size=5).map("".join)
NAMESPACES = (
    "xmlns:media='http://search.yahoo.com/mrss/' xmlns:dc='http://purl.org/dc/elements/1.1/'"
    " xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:x='urn:x'"
    " xmlns:dcterms='http://purl.org/dc/terms/' xmlns:a='http://www.w3.org/2005/Atom'"
    " xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
    " xmlns:georss='http://www.georss.org/georss'"
    " xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"
)
HEADERS = st.sampled_from(
    [
        {},
        {"content_type": "text/xml"},
        {"content_type": "text/xml; charset=iso-8859-1"},
        {"content_type": "application/rss+xml"},
    ]
)


def document(kind: str, head: str, entries: list[str], extra: str) -> str:
    items = "".join(f"<item>{entry}</item>" for entry in entries)
    if kind == "rss":
        text = rss(head + items)
    elif kind == "rdf":
        text = rdf(items)
    else:
        text = atom(head + items.replace("item>", "entry>"))
    root = {"rss": "<rss ", "rdf": "<rdf:RDF ", "atom": "<feed "}[kind]
    declared = NAMESPACES.replace("xmlns:dc=", "xmlns:d=") if kind == "rdf" else NAMESPACES
    return text.replace(root, f"{root}{declared} {extra} ", 1)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["rss", "atom", "rdf"]),
    st.just("") | ELEMENTS,
    st.lists(ENTRIES, max_size=3),
    st.sampled_from(["", "", "", "xml:base='/base/'", "xml:lang='fa'", "xmlns:y='urn:x'"]),
    HEADERS,
)
def test_feeds_of_any_elements_are_read_as_feedparser_reads_them(
    kind: str, head: str, entries: list[str], extra: str, headers: dict[str, str]
) -> None:
    assert_same(document(kind, head, entries, extra), **headers)


@settings(max_examples=200, deadline=None)
@given(st.lists(USUAL, max_size=3), HEADERS)
def test_feeds_of_usual_elements_are_read_fast(entries: list[str], headers: dict[str, str]) -> None:
    body = rss(*(f"<item>{entry}</item>" for entry in entries))
    thorough = parse_thoroughly(fetched(body, **headers))
    found = parse_quickly(fetched(body, **headers))
    # What feedparser breaks on, or what is not XML, is not for the fast reader.
    assert found == thorough or (found is None and "\ud800" not in body)
    assert_sound(parse(fetched(body, **headers)))


@settings(max_examples=150, deadline=None)
@given(st.lists(ENTRIES, max_size=2), st.data())
def test_feeds_cut_and_mixed_up_are_read_as_feedparser_reads_them(
    entries: list[str], data: st.DataObject
) -> None:
    body = document("rss", "", entries, "")
    start = data.draw(st.integers(0, len(body)))
    shard = data.draw(
        st.sampled_from(["", "<item>", "</item>", "</channel>", "<!DOCTYPE x>", "&x;"])
    )
    assert_same(body[:start] + shard + body[start + data.draw(st.integers(0, 9)) :])


# --- plain texts ---------------------------------------------------------------------------


@settings(max_examples=600, deadline=None)
@given(st.lists(WORDS, max_size=12).map("".join))
@example("<a title='x>y' href=\"z\">Iran</a>")
@example("Teh<i>ran</i> &am<b></b>p; <p/>x<br>y")
@example("<p>a<b>b<p>c</b>d</p>e</b>")
@example("Iran & Russia &<b> &</b> lt; &")
def test_simple_mark_up_is_made_plain_as_the_sanitiser_makes_it(markup: str) -> None:
    fast = plain_text(markup, 1_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "_simply", lambda text: None)
        assert fast == plain_text(markup, 1_000)
