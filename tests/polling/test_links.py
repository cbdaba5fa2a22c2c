"""Where feeds may be: the links of pages; and where they come from: language and country."""

from __future__ import annotations

import pytest

from service.polling.sources.links import MAX_PAGE, feed_links
from service.polling.sources.origin import country_of, declared_language, language_of, settle
from service.records import ParsedFeed
from tests.make import fetched, parsed_article
from tests.polling.test_discover import announce, page

# --- links -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        "<link rel=alternate type=application/rss+xml href=/x>",
        "<LINK HREF='/x' TYPE='application/atom+xml' REL='home Alternate'/>",
        '<link rel="feed" href="x">',
        '<link\nrel="alternate"\ntype="application/rss+xml"\nhref="feed:https://feed.example/x#top">',
        '<link rel="alternate" type="application/rss+xml" href="feed://feed.example/x">',
    ],
)
def test_announcements_are_read_in_every_spelling(tag: str) -> None:
    (address,) = feed_links(fetched(page(tag), "https://feed.example/")).announced
    assert address.partition("://")[2] == "feed.example/x"


@pytest.mark.parametrize(
    "tag",
    [
        '<link rel="stylesheet" href="/rss.css">',
        '<link rel="alternate" hreflang="fa" href="/fa/">',
        '<link rel="alternate" type="application/json" href="/wp-json/posts/1">',
        '<!-- <link rel="alternate" type="application/rss+xml" href="/x"> -->',
        '<link rel="alternate" type="application/rss+xml" href="">',
        '<link rel="alternate" type="application/rss+xml" href="http://[">',
        '<a href="/feedback">Feedback</a>',
        '<a href="javascript:rss()">RSS</a>',
        '<a href="https://feedly.com/i/subscription/feed/x">Feedly</a>',
    ],
)
def test_other_links_are_passed_over(tag: str) -> None:
    links = feed_links(fetched(page(tag), "https://feed.example/"))
    assert (links.announced, links.linked) == ((), ())


def test_links_are_relative_to_the_base_that_the_page_names() -> None:
    html = page('<base href="https://cdn.example/a/">', announce("x"), '<a href="rss?a=1&amp;b=2">')
    links = feed_links(fetched(html, "https://feed.example/"))
    assert links.announced == ("https://cdn.example/a/x",)
    assert links.linked == ("https://cdn.example/a/rss?a=1&b=2",)


@pytest.mark.parametrize(
    "piece", ["<a ", '<a href="', "<!--", "<link a=", "<a b" + "=" * 9, " a='"]
)
def test_a_page_made_to_be_slow_is_not(piece: str) -> None:
    feed_links(fetched("<link " + piece * (MAX_PAGE // len(piece))))


# --- origin ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Лавров прибыл в Тегеран", "ru"),
        ("Україна і її союзники", "uk"),
        ("وزیر خارجه ایران گفت که پیمان", "fa"),
        ("قال وزير الخارجية في موسكو", "ar"),
        ("שר החוץ אמר", "he"),
        ("俄罗斯和伊朗签署协议", "zh"),
        ("ロシアとイランが協定に署名", "ja"),
        ("The minister of the state said in Moscow", "en"),
        ("Der Minister und die Delegation in der Stadt", "de"),
        ("Le ministre des affaires et la visite de la ville", "fr"),
        ("Moskva, Tehran", None),
        ("", None),
    ],
)
def test_a_language_is_guessed_by_script_letters_and_words(text: str, language: str | None) -> None:
    assert settle(None, [text]) == language


@pytest.mark.parametrize(
    ("declared", "text", "language"),
    [
        ("en", "وزیر خارجه ایران گفت که پیمان", "fa"),
        ("bg", "Лавров пристигна в Техеран", "bg"),
        ("ru", "The minister of the state said in Moscow", "en"),
        ("az", "Moskva və Tehran ilə bir", "az"),
        ("cs", "Moskva a Teherán podepsaly dohodu", "cs"),
    ],
)
def test_what_is_declared_is_believed_unless_the_script_says_otherwise(
    declared: str, text: str, language: str
) -> None:
    assert settle(declared, [text]) == language


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("<rss><channel><language>en-GB</language>", "en"),
        ("<rss><channel><language><![CDATA[ fa ]]></language>", "fa"),
        ('<feed xmlns="x" xml:lang="de">', "de"),
        ('<!doctype html><html class="a" lang="tr-TR">', "tr"),
        ('{"version": "x", "language": "fr-FR"}', "fr"),
        ('{"language": 7}', None),
        ("{", None),
        ("[1]", None),
        ("<rss>", None),
    ],
)
def test_a_declared_language_is_read(body: str, language: str | None) -> None:
    assert declared_language(body.encode()) == language


def test_entries_speak_before_the_feed_and_the_feed_before_its_page() -> None:
    silent = ParsedFeed("", (parsed_article("Zprávy"),), ())
    telling = ParsedFeed("", (parsed_article("Zprávy", language="sk"),), ())
    with_language, without = fetched("<rss><language>cs</language>"), fetched("<rss>")
    assert language_of(telling, with_language, "hu") == "sk"
    assert language_of(silent, with_language, "hu") == "cs"
    assert language_of(silent, without, "hu") == "hu"


@pytest.mark.parametrize(
    ("url", "country"),
    [
        ("https://irna.ir/rss", "IR"),
        ("https://www.bbc.co.uk/", "GB"),
        ("https://tass.com/", None),
        ("https://meduza.io/", None),
        ("http://127.0.0.1/", None),
        ("http://[", None),
    ],
)
def test_a_country_is_guessed_by_the_address(url: str, country: str | None) -> None:
    assert country_of(url) == country
