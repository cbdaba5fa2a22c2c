"""RSS, Atom and RDF as outlets send them; JSON Feed and attacks have files of their own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.polling.reading.parse import parse
from service.records import ParsedFeed
from tests.make import fetched, rss, rss_item
from tests.polling.documents import atom, only, rdf, read, refusal, titles

FOUR = "2026-03-16T10:00:00+00:00"


def described(text: str) -> str:
    return rss(rss_item("Title", "https://feed.example/1", text))


# --- formats -------------------------------------------------------------------------------


def test_an_rss_item_becomes_an_article() -> None:
    item = (
        "<item><title>Gas deal</title><link>https://feed.example/1</link>"
        "<description>Signed on Monday.</description><guid isPermaLink='false'>id-1</guid>"
        "<pubDate>Mon, 16 Mar 2026 10:00:00 GMT</pubDate></item>"
    )
    article = only(rss(item))
    assert (article.title, article.summary) == ("Gas deal", "Signed on Monday.")
    assert (article.url, article.guid) == ("https://feed.example/1", "id-1")
    assert article.published_at == datetime(2026, 3, 16, 10, tzinfo=UTC)


def test_an_atom_entry_becomes_an_article() -> None:
    entry = (
        "<entry><title type='html'>&lt;b&gt;Gas&lt;/b&gt; deal</title><id>urn:1</id>"
        "<link rel='enclosure' href='https://feed.example/1.mp3'/>"
        "<link rel='alternate' href='https://feed.example/1'/>"
        "<published>2026-03-16T13:30:00+03:30</published>"
        "<updated>2026-03-17T10:00:00Z</updated><summary>Signed.</summary></entry>"
    )
    article = only(atom(entry))
    assert (article.title, article.summary) == ("Gas deal", "Signed.")
    assert (article.url, article.guid) == ("https://feed.example/1", "urn:1")
    assert article.published_at == datetime(2026, 3, 16, 10, tzinfo=UTC)


def test_an_rdf_item_becomes_an_article() -> None:
    item = (
        "<item rdf:about='https://feed.example/1'><title>Gas deal</title>"
        "<link>https://feed.example/1</link><dc:date>2026-03-16T10:00:00Z</dc:date></item>"
    )
    article = only(rdf(item))
    assert (article.title, article.url) == ("Gas deal", "https://feed.example/1")
    assert article.published_at == datetime(2026, 3, 16, 10, tzinfo=UTC)


def test_the_title_of_the_feed_is_read_as_plain_text() -> None:
    assert read(rss(title="Mehr &amp;amp; &lt;b&gt;Tass&lt;/b&gt;")).title == "Mehr & Tass"


@pytest.mark.parametrize("document", [rss(), atom(), rdf()])
def test_a_feed_without_entries_is_a_feed(document: str) -> None:
    feed = read(document)
    assert (feed.articles, feed.skipped) == ((), ())


def test_every_entry_is_read_in_its_order() -> None:
    names = [f"Title {number}" for number in range(700)]
    assert titles(rss(*(rss_item(name) + "\n" for name in names))) == names


def test_an_updated_date_stands_in_for_a_missing_published_date() -> None:
    entry = f"<entry><title>Title</title><id>1</id><updated>{FOUR}</updated></entry>"
    assert only(atom(entry)).published_at == datetime(2026, 3, 16, 10, tzinfo=UTC)


def test_the_full_text_stands_in_for_a_missing_teaser() -> None:
    entry = "<entry><title>Title</title><content type='html'>&lt;p>Text&lt;/p></content></entry>"
    assert only(atom(entry)).summary == "Text"


def test_markup_that_is_part_of_the_document_is_read_as_text() -> None:
    content = (
        "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>One</p><p>two</p>"
        "</div></content>"
    )
    assert only(atom(f"<entry><title>Title</title>{content}</entry>")).summary == "One two"


def test_a_teaser_of_pictures_alone_gives_way_to_the_full_text() -> None:
    item = (
        "<item><guid>1</guid><description>&lt;img src='1.png'/></description>"
        "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>"
        "Russia and Iran signed.</content:encoded></item>"
    )
    assert only(rss(item)).summary == "Russia and Iran signed."


@pytest.mark.parametrize(
    ("tag", "language"),
    [("fa", "fa"), ("en-GB", "en"), ("RU", "ru"), ("prs", "prs"), ("english", None), ("", None)],
)
def test_the_language_of_an_entry_is_told_if_it_names_one(tag: str, language: str | None) -> None:
    item = f"<item><title>Title</title><language>{tag}</language></item>"
    assert only(rss(item)).language == language


# --- entries that lack something -----------------------------------------------------------


def test_a_bad_entry_is_skipped_and_the_others_are_read() -> None:
    feed = read(rss(rss_item("First"), "<item/>", "<item><link>/x</link></item>", rss_item("Last")))
    assert [article.title for article in feed.articles] == ["First", "Last"]
    assert feed.skipped == ("entry 2: neither title nor text", "entry 3: neither title nor text")
    assert feed.entries_present == 4


def test_a_text_that_nothing_tells_from_another_is_skipped() -> None:
    feed = read(rss(rss_item("", description="Some text")))
    assert feed.skipped == ("entry 1: neither title nor link nor id",)


def test_an_entry_without_a_title_is_told_by_its_first_words() -> None:
    text = "Russia and Iran signed a deal " + "that nobody had expected " * 10
    title = only(rss(rss_item("", "https://feed.example/1", text))).title
    assert 80 < len(title) <= 120
    assert text.startswith(title + " ")


def test_a_short_text_without_a_title_is_its_own_title_in_full() -> None:
    article = only(rss(rss_item("", "https://feed.example/1", "Russia attacks Iran")))
    assert article.title == "Russia attacks Iran"


def test_a_text_that_repeats_the_title_is_not_told_twice() -> None:
    assert only(described("&lt;p>Title&lt;/p>")).summary == ""


# --- addresses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("/1", "https://feed.example/1"),
        ("1", "https://feed.example/1"),
        ("?id=1", "https://feed.example/rss?id=1"),
        ("//other.example/1", "https://other.example/1"),
        ("http://other.example/1", "http://other.example/1"),
        ("\n  https://feed.example/1\n", "https://feed.example/1"),
        ("<![CDATA[https://feed.example/?a=1&b=2]]>", "https://feed.example/?a=1&b=2"),
        ("https://feed.example/?a=1&amp;b=2", "https://feed.example/?a=1&b=2"),
        ("https://пример.example/новости", "https://пример.example/новости"),
        ("HTTP://feed.example/1", "http://feed.example/1"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:desk@feed.example", None),
        ("file:///etc/passwd", None),
        ("http://[bad/", None),
        ("http://", None),
    ],
)
def test_a_link_is_made_absolute_and_leads_to_the_web_or_nowhere(
    link: str, url: str | None
) -> None:
    assert only(rss(rss_item("Title", link))).url == url


def test_the_base_a_document_declares_counts() -> None:
    entry = "<entry><title>Title</title><link href='1'/></entry>"
    article = only(atom(entry, attributes="xml:base='https://base.example/news/'"))
    assert article.url == "https://base.example/news/1"


def test_a_feed_that_moved_resolves_links_against_its_new_address() -> None:
    result = parse(fetched(rss(rss_item("Title", "/1")), url="https://moved.example/feed"))
    assert isinstance(result, ParsedFeed)
    assert result.articles[0].url == "https://moved.example/1"


def test_a_guid_that_is_an_address_stands_in_for_a_missing_link() -> None:
    item = "<item><title>Title</title><guid>https://feed.example/1</guid></item>"
    assert only(rss(item)).url == "https://feed.example/1"


def test_a_guid_that_is_no_address_is_no_link() -> None:
    item = "<item><title>Title</title><guid isPermaLink='false'>12</guid></item>"
    article = only(rss(item))
    assert (article.url, article.guid) == (None, "12")


# --- texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Iran &amp; Russia", "Iran & Russia"),
        ("Iran &amp;amp; Russia", "Iran & Russia"),
        ("Tehran&#8217;s &amp;#8220;answer&amp;#8221;", "Tehran’s “answer”"),
        ("&lt;b>Iran&lt;/b> talks", "Iran talks"),
        ("<![CDATA[<b>Iran</b> talks]]>", "Iran talks"),
        ("<![CDATA[Iran]]> and <![CDATA[Russia]]>", "Iran and Russia"),
        ("&lt;p>Iran&lt;/p>&lt;p>Russia&lt;/p>", "Iran Russia"),
        ("Iran&lt;br/>Russia", "Iran Russia"),
        ("Teh&lt;i>ran&lt;/i>", "Tehran"),
        ("Iran&lt;script>alert(1)&lt;/script>", "Iran"),
        ("&lt;style>p {}&lt;/style>Iran", "Iran"),
        ("Iran&lt;!-- hidden -->", "Iran"),
        ("Iran&lt;img alt='x > y' src='1.png'>", "Iran"),
        ("The tag &amp;lt;b&amp;gt;", "The tag <b>"),
        ("Growth &lt; 5 and > 3", "Growth < 5 and > 3"),
        ("  Iran \n\t and &amp;nbsp; Russia ", "Iran and Russia"),
        ("ایران و روسیه", "ایران و روسیه"),
    ],
)
def test_texts_are_made_plain(markup: str, text: str) -> None:
    article = only(rss(rss_item(f"X {markup}", "https://feed.example/1", f"Y {markup}")))
    assert (article.title, article.summary) == (f"X {text}", f"Y {text}")


# --- dates ---------------------------------------------------------------------------------


def dated(date: str) -> str:
    return rss(f"<item><title>Title</title><pubDate>{date}</pubDate></item>", rss_item("Next"))


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 16 Mar 2026 10:00:00 GMT",
        "Mon, 16 Mar 2026 10:00:00 +0000",
        "16 Mar 2026 10:00 UTC",
        "Mon, 16 Mar 2026 13:30:00 +0330",
        "Mon, 16 Mar 26 06:00:00 EDT",
        FOUR,
        "2026-03-16T10:00:00Z",
        "2026-03-16T13:00:00.123+03:00",
        "2026-03-16 10:00:00",
    ],
)
def test_dates_are_read_in_the_forms_outlets_use(date: str) -> None:
    published_at = read(dated(date)).articles[0].published_at
    assert published_at is not None
    assert published_at.replace(microsecond=0) == datetime(2026, 3, 16, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "0", "-1", "1e400", "0000-00-00T00:00:00Z", "Mon, 99 Xyz 2026 99:99:99 GMT"],
)
def test_a_date_that_is_none_leaves_the_entry_without_one(date: str) -> None:
    feed = read(dated(date))
    assert [article.title for article in feed.articles] == ["Title", "Next"]
    assert feed.articles[0].published_at is None


@pytest.mark.parametrize(
    "date",
    [
        "9999-99-99",
        "9" * 400,
        "2026-03-16T10:00:00+99999999999",
        "Mon, 16 Mar 9999 23:59:59 -1200",
        "Mon, 1 Jan 0001 00:00:00 +1200",
        "۱۴۰۴/۱۲/۲۵",
        "2026-03-16T10:00:00" + "0" * 1000,
    ],
)
def test_an_absurd_date_costs_no_entry(date: str) -> None:
    assert titles(dated(date)) == ["Title", "Next"]


# --- what is no feed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "<html><body>Log in</body></html>",
        "\n\n<!doctype HTML>\n<p>x",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/x'/>",
    ],
)
def test_a_web_page_in_place_of_a_feed_is_told_as_such(page: str) -> None:
    assert refusal(page, content_type="text/html").code == "html"


@pytest.mark.parametrize(
    ("code", "page"),
    [
        ("html-challenge", "<!DOCTYPE html><title>Just a moment</title>"),
        ("html-parked", "<html><title>example.org</title><h1>This domain is for sale</h1></html>"),
    ],
)
def test_a_web_page_whose_meaning_is_known_is_told_by_it(code: str, page: str) -> None:
    assert refusal(page, content_type="text/html").code == code


def test_a_news_sitemap_is_read_like_a_feed() -> None:
    news = "http://www.google.com/schemas/sitemap-news/0.9"
    sitemap = (
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="{news}"><url>'
        "<loc>https://a.example/1</loc><news:news><news:publication_date>2026-03-17T10:00:00Z"
        "</news:publication_date><news:title>Rain</news:title></news:news></url></urlset>"
    )
    parsed = parse(fetched(sitemap))
    assert isinstance(parsed, ParsedFeed)
    assert [(article.title, article.url) for article in parsed.articles] == [
        ("Rain", "https://a.example/1")
    ]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "ok",
        "<opml><body/></opml>",
        "\x00\x01",
        "[]",
        "<",
        "%PDF-1.7",
    ],
)
def test_what_is_no_feed_is_refused(body: str) -> None:
    assert refusal(body).code == "not-a-feed"
