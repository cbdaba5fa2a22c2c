"""News sitemaps: what Google's kind, the plain kind and indexes say; broken and hostile ones."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.reading.entries import MAX_TITLE
from service.polling.reading.sitemap import MAX_UNPACKED, children, is_sitemap, parse_sitemap
from service.records import Failed, ParsedFeed
from tests.make import fetched, rss, rss_item

SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def news(title: str, loc: str = "https://a.example/1", **facts: str) -> str:
    date = facts.get("date", "2026-03-17T10:00:00+03:30")
    return (
        f"<url><loc>{loc}</loc><lastmod>2026-03-01</lastmod><news:news><news:publication>"
        f"<news:name>Caspian Post</news:name><news:language>{facts.get('language', 'fa')}"
        f"</news:language></news:publication><news:publication_date>{date}"
        f"</news:publication_date><news:title>{title}</news:title></news:news>"
        "<image:image><image:title>A picture</image:title></image:image></url>"
    )


def urlset(*urls: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<urlset {SPACES}>{"".join(urls)}</urlset>'


def index(*urls: str) -> str:
    rows = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return f"<sitemapindex {SPACES}>{rows}</sitemapindex>"


def read(body: str | bytes) -> ParsedFeed:
    feed = parse_sitemap(fetched(body))
    assert isinstance(feed, ParsedFeed), feed
    return feed


def refused(body: str | bytes) -> Failed:
    failure = parse_sitemap(fetched(body))
    assert isinstance(failure, Failed)
    return failure


def test_a_news_sitemap_gives_title_address_date_and_language() -> None:
    feed = read(urlset(news("Moscow &amp; Tehran sign", language="zh-cn")))
    (article,) = feed.articles
    assert (feed.title, article.title) == ("Caspian Post", "Moscow & Tehran sign")
    assert (article.url, article.language) == ("https://a.example/1", "zh")
    assert article.published_at == datetime(2026, 3, 17, 6, 30, tzinfo=UTC)
    assert feed.skipped == ()


def test_the_title_of_a_picture_is_not_taken_for_the_articles() -> None:
    body = urlset(
        "<url><loc>https://a.example/1</loc>"
        "<image:image><image:title>A picture</image:title></image:image></url>"
    )
    assert read(body).articles == ()


def test_where_the_date_is_missing_the_last_change_stands_in() -> None:
    (article,) = read(urlset(news("A title", date="some day"))).articles
    assert article.published_at == datetime(2026, 3, 1, tzinfo=UTC)


def test_addresses_without_a_title_are_skipped_and_counted() -> None:
    plain = "<url><loc>https://a.example/x</loc><lastmod>2026-03-01</lastmod></url>"
    feed = read(urlset(plain, news("A title"), "<url/>"))
    assert (len(feed.articles), feed.entries_present) == (1, 3)
    assert feed.skipped == ("entry 1: no title", "entry 3: no address")


def test_an_empty_news_sitemap_is_a_feed_of_a_quiet_day() -> None:
    assert read(urlset()) == ParsedFeed("", (), ())


def test_a_title_is_no_longer_than_in_any_other_feed() -> None:
    (article,) = read(urlset(news("x" * 5_000))).articles
    assert len(article.title) == MAX_TITLE


def test_an_index_is_no_feed_and_names_its_sitemaps_those_of_news_first() -> None:
    pages = [f"https://a.example/page{number}.xml" for number in range(6)]
    body = index(*pages, "https://a.example/news.xml")
    failure = refused(body)
    assert failure.code == "sitemap-index"
    assert "with news: https://a.example/news.xml, " in failure.message
    assert "and 2 more" in failure.message
    assert children(fetched(body)) == ("https://a.example/news.xml", *pages)


def test_an_index_leads_to_the_web_only() -> None:
    body = index("/news.xml", "javascript:x", "file:///etc/passwd", "http://[")
    assert children(fetched(body)) == ("https://feed.example/news.xml",)


@pytest.mark.parametrize(
    "body",
    [urlset(), index(), f"<!-- made by a plug-in -->{urlset()[21:]}", "<urlset>", "﻿" + urlset()],
)
def test_a_sitemap_is_known_by_its_root(body: str) -> None:
    assert is_sitemap(body.encode())
    assert is_sitemap(gzip.compress(body.encode()))


@pytest.mark.parametrize(
    "body", [rss(rss_item("urlset")), "<html>", "{}", "", "urlset", "\x1f\x8b"]
)
def test_nothing_else_is_taken_for_one(body: str) -> None:
    assert not is_sitemap(body.encode("latin-1"))
    assert refused(body).code == "not-a-sitemap"


def test_a_packed_file_is_unpacked() -> None:
    assert len(read(gzip.compress(urlset(news("A title")).encode())).articles) == 1


def test_a_bare_ampersand_and_an_odd_byte_do_not_cost_the_feed() -> None:
    body = urlset(news("Oil & gas", loc="https://a.example/1?a=1&b=2"), news("Second")).encode()
    feed = read(body.replace(b"Oil", b"\x00Oil\xff"))
    assert feed.articles[0].title.endswith("& gas")
    assert feed.articles[0].url == "https://a.example/1?a=1&b=2"
    assert len(feed.articles) == 2


def test_mending_leaves_cdata_as_it_is() -> None:
    body = urlset(news("<![CDATA[Oil &amp; gas]]>"), news("A & B"))
    assert [article.title for article in read(body).articles] == ["Oil & gas", "A & B"]


def test_what_came_before_a_break_is_read() -> None:
    whole = urlset(news("First"), news("Second"))
    feed = read(whole[: whole.index("Second")])
    assert [article.title for article in feed.articles] == ["First"]
    assert "broken from here on" in feed.skipped[-1]


@pytest.mark.parametrize(
    "head",
    [
        BOMB,
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY % p "">]>',
    ],
)
def test_entities_are_refused(head: str) -> None:
    assert "declares entities" in refused(urlset(news("&a;&i;"), head=head)).message


def test_a_packed_bomb_is_not_unpacked_to_its_end() -> None:
    assert refused(gzip.compress(bytes(MAX_UNPACKED + 10))).code == "too-large"


def test_nesting_has_an_end() -> None:
    assert "nested deeper" in refused("<urlset>" + "<a>" * 1_000).message


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"<urlset>", b"<?xml version='1.0' encoding='hex'?>"]),
)
def test_no_bytes_break_it(body: bytes, head: bytes) -> None:
    document = fetched(head + body)
    assert isinstance(parse_sitemap(document), ParsedFeed | Failed)
    assert isinstance(is_sitemap(document.body), bool)
    assert isinstance(children(document), tuple)
