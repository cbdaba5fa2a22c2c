"""The fast reader takes the ordinary feeds, and says of them exactly what feedparser says."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from service.polling.reading.parse import parse_quickly, parse_thoroughly
from service.records import ParsedFeed
from tests.make import fetched, rss, rss_item
from tests.polling.documents import archived, atom, json_feed, rdf, read

# The files of one feed over weeks hold much the same; all are read where EVERY_FEED=1 says so.
EVERY = "EVERY_FEED" in os.environ
MOST = {"outlets": 100, "wire": 40, "series": 60}


def quick(body: bytes | str, **headers: str) -> ParsedFeed:
    """Read by both readers; they must agree, and the fast one must have read."""
    found = parse_quickly(fetched(body, **headers))
    assert found is not None, "the fast reader gave up"
    assert found == parse_thoroughly(fetched(body, **headers))
    return found


# --- real feeds ----------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("archive", MOST)
def test_nearly_all_real_feeds_are_read_fast_and_as_feedparser_reads_them(
    shared: Path, archive: str
) -> None:
    files = archived(shared, archive, most=1_000_000 if EVERY else MOST[archive])
    taken = 0
    for name, body in files:
        found = parse_quickly(fetched(body))
        taken += found is not None
        assert found is None or found == parse_thoroughly(fetched(body)), name
    assert taken >= 0.95 * len(files), f"{taken} of {len(files)}"


@pytest.mark.shared
def test_the_feeds_other_parsers_are_tested_with_are_read_alike(shared: Path) -> None:
    files = archived(shared, "suites", most=1_000_000 if EVERY else 1_500)
    taken = 0
    for name, body in files:
        found = parse_quickly(fetched(body))
        taken += found is not None
        assert found is None or found == parse_thoroughly(fetched(body)), name
    assert taken > 0.4 * len(files)


# --- what is taken, and what is left to feedparser -------------------------------------------

ITEM = rss_item("Gas deal", "https://feed.example/1", "Signed &amp;amp; sealed.", "id-1")


@pytest.mark.parametrize(
    "document",
    [
        rss(ITEM),
        atom(
            "<entry><title>Gas</title><id>urn:1</id><link href='/1'/><updated>x</updated></entry>"
        ),
        rdf("<item rdf:about='https://feed.example/1'><title>Gas</title></item>"),
        rss(ITEM).replace("<rss ", "<rss xml:base='https://base.example/' "),
        rss(ITEM, "<item><title>Gas</title><pubDate>yesterday</pubDate></item>"),
        rss(f"<image><url>/1.png</url><title>Logo</title><link>/</link></image>{ITEM}"),
        rss(ITEM, rss_item("Иран")).replace("utf-8", "koi8-r").encode("koi8-r"),
        "\n" + rss(ITEM),
        rss("<item><title>Gas</title><image><url>/1.png</url></image></item>"),
    ],
)
def test_an_ordinary_feed_is_read_fast(document: bytes | str) -> None:
    assert quick(document).articles


@pytest.mark.parametrize(
    "document",
    [
        rss(ITEM).replace("<rss ", "<!DOCTYPE rss><rss "),
        rss(ITEM).replace("<rss ", '<!DOCTYPE rss [<!ENTITY x "y">]><rss '),
        rss(ITEM, rss_item("Iran & Russia")),
        rss(ITEM, "<item><title>Iran <b>and</b> Russia</title></item>"),
        rss(ITEM, "<item xml:base='https://other.example/'><link>/1</link></item>"),
        rss(ITEM, "<item><item><title>Inner</title></item></item>"),
        rss(ITEM, "<item><published_parsed>x</published_parsed></item>"),
        rss(ITEM, "<item><x xmlns:d='urn:a'><y xmlns:d='urn:b'/></x></item>"),
        atom("<entry><title type='xhtml'><div>Gas</div></title></entry>"),
        atom("<entry><title type='image/png'>R2Fz</title></entry>"),
        rss(ITEM)[:-20],
        "<html><body/></html>",
        "",
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_feedparser(document: str) -> None:
    assert parse_quickly(fetched(document)) is None


@pytest.mark.parametrize(
    "inner",
    [
        "<title>One</title><title>Two</title>",
        "<media:title>Media</media:title><title>One</title>",
        "<title>One</title><media:title>Media</media:title>",
        "<title/><media:group><media:title>Media</media:title></media:group>",
        "<title>One</title><source url='/'>Other</source><media:title>Media</media:title>",
        "<title>One</title><image>/1.png</image><title>Two</title>",
        "<title>T</title><description>One</description><description>Two</description>",
        "<title>T</title><description>One</description><content:encoded>C</content:encoded>",
        "<title>T</title><content:encoded>C</content:encoded><description>One</description>",
        "<title>T</title><media:description>M</media:description><description>One</description>",
        "<title>T</title><description/><media:description>M</media:description>",
        "<title>T</title><link>/1</link><guid>/2</guid>",
        "<title>T</title><guid>/2</guid><link>/1</link>",
        "<title>T</title><guid>/2</guid>",
        "<title>T</title><guid isPermaLink='false'>/2</guid>",
        "<title>T</title><guid isPermaLink='TRUE'>/2</guid>",
        "<title>T</title><link/><guid>/2</guid>",
        "<title>T</title><link href='/1' rel='enclosure'/><link href='/2'/>",
        "<title>T</title><link href='/1' type='text/plain'/>",
        "<title>T</title><link>https://feed.example/?a=1&amp;amp;b;=2&amp;c;</link>",
        "<title>T</title><link>https://feed.example/a/../b?#</link>",
        "<title>T</title><link>http:////feed.example//a</link>",
        "<title>T</title><dc:date>2026-03-16</dc:date><pubDate>no date</pubDate>",
        "<title>T</title><dc:language>en</dc:language><language>fa-IR</language>",
        "<title>\u00c3\u00a9t\u00c3\u00a9</title><description>\u0093Iran\u0094</description>",
        "<title>A<!-- b -->C<?d e?><![CDATA[F &#xD800; &amp;]]></title>",
    ],
)
def test_the_rules_of_feedparser_are_followed(inner: str) -> None:
    quick(
        rss(f"<item>{inner}</item>", rss_item("Next")).replace(
            "<rss ",
            "<rss xmlns:media='http://search.yahoo.com/mrss/'"
            " xmlns:dc='http://purl.org/dc/elements/1.1/'"
            " xmlns:content='http://purl.org/rss/1.0/modules/content/' ",
        )
    )


# --- what a feed promises ------------------------------------------------------------------

SYNDICATION = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"


def promising(elements: str) -> str:
    return rss(elements + ITEM).replace("<rss ", f"<rss {SYNDICATION} ")


def every(period: str, frequency: str = "") -> str:
    counted = f"<sy:updateFrequency>{frequency}</sy:updateFrequency>" if frequency else ""
    return f"<sy:updatePeriod>{period}</sy:updatePeriod>{counted}"


@pytest.mark.parametrize(
    ("elements", "minutes"),
    [
        ("", None),
        ("<ttl>60</ttl>", 60),
        ("<ttl> 15 </ttl>", 15),
        (every("hourly"), 60),
        (every("\n hourly \n", "4"), 15),
        (every("daily", "2"), 12 * 60),
        (every("weekly"), 7 * 24 * 60),
        ("<ttl>30</ttl>" + every("hourly"), 30),
        ("<ttl>120</ttl>" + every("hourly"), 60),
        ("<ttl>0</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>99999999999999999999</ttl>", None),
        ("<ttl>999999999</ttl>", None),
        ("<ttl>٦٠</ttl>", None),
        (every("sometimes", "2"), None),
        (every("hourly", "0"), None),
        (every("hourly", "100000"), None),
        ("<sy:updateFrequency>2</sy:updateFrequency>", None),
    ],
)
def test_a_feed_says_how_often_it_changes(elements: str, minutes: int | None) -> None:
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert quick(promising(elements)).update_every == expected


def test_a_promise_within_an_entry_is_none_of_the_feed() -> None:
    assert quick(promising("<item><title>T</title><ttl>5</ttl></item>")).update_every is None


@pytest.mark.parametrize(
    ("link", "hub"),
    [
        ("<link rel='hub' href='https://hub.example/'/>", "https://hub.example/"),
        ("<link rel='HUB' href='/hub'/>", "https://feed.example/hub"),
        ("<link rel='hub' href='ftp://hub.example/'/>", None),
        ("<link rel='hub' href='javascript:alert(1)'/>", None),
        ("<link rel='hub' href=''/>", "https://feed.example/rss"),
        ("<link rel='self' href='https://feed.example/'/>", None),
        ("<link rel='hub' href='mailto:x'/><link rel='hub' href='https://b/'/>", "https://b/"),
    ],
)
def test_a_feed_says_where_it_may_be_subscribed_to(link: str, hub: str | None) -> None:
    assert quick(atom(link)).hub == hub
    assert (
        quick(rss(link.replace("<link", "<a:link xmlns:a='http://www.w3.org/2005/Atom'"))).hub
        == hub
    )


def test_the_hub_of_a_json_feed_is_read() -> None:
    hubs = [{"type": "rssCloud", "url": "https://cloud.example/"}, 5]
    assert read(json_feed(hubs=hubs)).hub is None
    hubs.append({"type": "WebSub", "url": "https://hub.example/"})
    assert read(json_feed(hubs=hubs)).hub == "https://hub.example/"
