"""What is an article and what is not, in ten languages, encodings and lengths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.pages.article import (
    MAX_TEXT,
    PageKind,
    PageText,
    cut,
    read_page,
    web_page_code,
)
from service.polling.pages.markup import MAX_BODY
from service.polling.pages.signs import PHRASES, Sign, plain
from tests.polling.page_samples import (
    ARTICLES,
    CHALLENGES,
    CONSENTS,
    LOGINS,
    MISSING,
    PARKED,
    PAYWALLS,
    article_page,
    page,
    paragraphs,
    text_of,
    title_of,
    wall,
)

URL = "https://outlet.example/world/1"
LANGUAGES = sorted(ARTICLES)
LONG = [f"The train to Astara left station {number} with grain and steel." for number in range(60)]

languages = pytest.mark.parametrize("language", LANGUAGES)


def read(
    markup: str | bytes, title: str = "", url: str = URL, content_type: str = "text/html"
) -> PageText:
    body = markup.encode() if isinstance(markup, str) else markup
    return read_page(body, url, {"content-type": content_type}, title=title)


def kind(markup: str, title: str = title_of("en"), url: str = URL) -> PageKind:
    return read(markup, title, url).kind


# --- articles ------------------------------------------------------------------------------


@languages
def test_an_article_is_read_without_what_stands_around_it(language: str) -> None:
    expected = PageText(PageKind.ARTICLE, text_of(language), language)
    assert read(article_page(language), title_of(language)) == expected


def test_an_article_that_mentions_subscriptions_at_its_end_is_an_article() -> None:
    more = paragraphs([*LONG, "Subscribe to continue reading us every day. Subscribe now!"])
    assert kind(article_page("en", more)) is PageKind.ARTICLE


@pytest.mark.parametrize(
    "sentence",
    [
        "The bank asked visitors: please enable JavaScript, or call us.",
        "Many a reader of the ministry's site saw the words: page not found.",
        "The ministry said it uses cookies to count the visitors of its site.",
        "A notice on the railway's old site said that this domain is for sale.",
    ],
)
def test_an_article_about_what_walls_say_is_an_article(sentence: str) -> None:
    assert kind(article_page("en", paragraphs([sentence]))) is PageKind.ARTICLE


def test_scripts_that_also_stand_on_walls_make_no_wall_of_an_article() -> None:
    head = "<script src='/cdn-cgi/challenge-platform/x.js'></script><script src='didomi'></script>"
    assert kind(article_page("en", head=head)) is PageKind.ARTICLE


def test_a_long_article_is_read_though_its_page_says_that_it_is_paid() -> None:
    head = '<script type="application/ld+json">{"isAccessibleForFree": "False"}</script>'
    assert kind(article_page("en", paragraphs(LONG), head=head)) is PageKind.ARTICLE


def test_comments_and_tables_are_no_text() -> None:
    more = "<div id='comments'><p>First! What a fine railway.</p></div>"
    more += "<table><tr><td>Wagons</td><td>12</td></tr></table>"
    assert read(article_page("en", more), title_of("en")).text == text_of("en")


def test_a_title_of_few_words_condemns_no_text() -> None:
    assert kind(article_page("en"), "Breaking") is PageKind.ARTICLE


def test_a_language_that_the_letters_belie_is_not_told() -> None:
    markup = article_page("fa").replace('lang="fa"', 'lang="en-US"')
    assert read(markup, title_of("fa")).language is None


def test_a_page_without_a_language_tells_that_of_its_locale() -> None:
    markup = article_page("ru", head="<meta property='og:locale' content='ru_RU'>")
    assert read(markup.replace('lang="ru"', ""), title_of("ru")).language == "ru"


# --- walls ---------------------------------------------------------------------------------


@languages
def test_a_challenge_is_blocked(language: str) -> None:
    markup = wall(CHALLENGES[language], language)
    assert read(markup, title_of(language)) == PageText(PageKind.BLOCKED, "", language)
    assert web_page_code(markup.encode()) == "html-challenge"


@languages
def test_a_parked_domain_is_blocked(language: str) -> None:
    markup = wall(PARKED[language], language)
    assert kind(markup, title_of(language)) is PageKind.BLOCKED
    assert web_page_code(markup.encode()) == "html-parked"


@languages
def test_a_login_page_is_a_paywall(language: str) -> None:
    markup = wall(LOGINS[language], language)
    assert kind(markup, title_of(language)) is PageKind.PAYWALL
    assert web_page_code(markup.encode()) == "html-login"


@languages
def test_a_consent_page_is_told(language: str) -> None:
    markup = wall(CONSENTS[language], language)
    assert kind(markup, title_of(language)) is PageKind.CONSENT
    assert web_page_code(markup.encode()) == "html-consent"


@languages
def test_a_missing_page_that_is_sent_as_found_is_something_else(language: str) -> None:
    assert kind(wall(MISSING[language], language), title_of(language)) is PageKind.OTHER
    assert web_page_code(wall(MISSING[language], language).encode()) == "html"


@languages
def test_the_first_lines_before_a_paywall_are_kept_and_its_words_are_not(language: str) -> None:
    first = ARTICLES[language][1][0]
    for box in (f"<p>{PAYWALLS[language]}</p>", f"<div class='box'>{PAYWALLS[language]}</div>"):
        markup = article_page(language, box, parts=1)
        assert read(markup, title_of(language)) == PageText(PageKind.PAYWALL, first, language)


@pytest.mark.parametrize(
    "head",
    [
        '<script type="application/ld+json">{"isAccessibleForFree":false}</script>',
        '<script type="application/ld+json">{"isAccessibleForFree" : "False", broken</script>',
        '<meta itemprop="isAccessibleForFree" content="False">',
        '<meta property="article:content_tier" content="locked">',
    ],
)
def test_a_short_text_of_a_page_that_says_that_it_is_paid_is_a_paywall(head: str) -> None:
    assert kind(article_page("en", head=head)) is PageKind.PAYWALL
    free = head.replace("alse", "rue").replace("frue", "true").replace("Frue", "True")
    assert kind(article_page("en", head=free.replace("locked", "free"))) is PageKind.ARTICLE


@pytest.mark.parametrize(
    ("markup", "code"),
    [
        ("<body><div class='g-recaptcha'></div></body>", "html-challenge"),
        ("<body><script src='//sedoparking.com/x.js'></script></body>", "html-parked"),
        ("<body><form><input name='p' type='password'></form></body>", "html-login"),
        ("<body><script src='https://cdn.cookiebot.com/x'></script></body>", "html-consent"),
        ("<body><noscript>You need to enable JavaScript to run this app.</noscript>", "html-"),
        ("<title>Just a moment...</title><body></body>", "html-challenge"),
    ],
)
def test_a_wall_without_words_is_known_by_its_source(markup: str, code: str) -> None:
    assert web_page_code(f"<html>{markup}</html>".encode()).startswith(code)


def test_a_page_of_news_in_place_of_a_feed_is_just_a_page() -> None:
    assert web_page_code(article_page("en").encode()) == "html"
    assert web_page_code(b"") == web_page_code(b"\x00\xff") == "html"


# --- stubs and something else --------------------------------------------------------------


def test_a_text_of_one_line_is_a_stub_and_kept() -> None:
    line = "Iran and Russia signed a loan agreement on Monday for the railway to Astara."
    markup = page("Outlet", f"<article><h1>Railway</h1><p>{line}</p></article>")
    assert read(markup, title_of("en")) == PageText(PageKind.STUB, line, "en")


def test_a_text_that_is_no_more_than_the_teaser_is_a_stub() -> None:
    teaser = " ".join(ARTICLES["en"][1][:2])
    markup = page(
        "Railway",
        f"<article><h1>Railway</h1><p>{teaser}</p></article>",
        head=f'<meta name="description" content="{teaser}">',
    )
    assert kind(markup) is PageKind.STUB


def test_a_text_about_something_else_is_something_else() -> None:
    assert kind(article_page("en"), "Volcano erupts beneath Iceland glacier") is PageKind.OTHER
    assert kind(article_page("zh"), "冰岛冰川下火山喷发") is PageKind.OTHER


@pytest.mark.parametrize("url", ["https://outlet.example", "https://outlet.example/#top"])
def test_the_front_page_is_no_article_whatever_stands_on_it(url: str) -> None:
    assert kind(article_page("en"), url=url) is PageKind.OTHER


def test_what_is_no_page_is_something_else() -> None:
    assert read(article_page("en"), content_type="application/pdf").kind is PageKind.OTHER
    assert read(b"").kind is read(b"just words").kind is PageKind.OTHER
    assert read(article_page("en").encode() + b" " * MAX_BODY).kind is PageKind.OTHER


# --- encodings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "encoding", "header", "meta"),
    [
        ("ru", "windows-1251", "windows-1251", ""),
        ("ru", "windows-1251", "", "windows-1251"),
        ("ru", "windows-1251", "utf-8", "windows-1251"),
        ("ru", "windows-1251", "utf-8", "utf-8"),
        ("ru", "koi8-r", "KOI8-R", ""),
        ("ru", "utf-8", "windows-1251", "iso-8859-1"),
        ("ru", "utf-8", "no-such-thing", "zlib_codec"),
        ("ru", "utf-16", "", ""),
        ("ru", "utf-16-le", "utf-16le", ""),
        ("ar", "windows-1256", "windows-1256", ""),
        ("pl", "iso-8859-2", "", "iso-8859-2"),
        ("tr", "windows-1254", "iso-8859-9", ""),
        ("fr", "windows-1252", "iso-8859-1", "utf-8"),
        ("zh", "gb18030", "gb2312", ""),
        ("zh", "gb18030", "", "gbk"),
    ],
)
def test_an_encoding_is_found_though_what_is_declared_may_lie(
    language: str, encoding: str, header: str, meta: str
) -> None:
    markup = article_page(language).replace('"utf-8"', f'"{meta}"').replace("ō", "o")
    body = markup.encode(encoding)
    answer = read(body, title_of(language), content_type=f"text/html; charset={header}")
    assert answer == PageText(PageKind.ARTICLE, text_of(language), language)


@pytest.mark.parametrize(("encoding", "told"), [("utf-8", "windows-1251"), ("gb18030", "gbk")])
def test_a_broken_byte_costs_no_more_than_itself(encoding: str, told: str) -> None:
    language = "zh" if told == "gbk" else "ru"
    sound = ARTICLES[language][1][0]
    body = article_page(language).encode(encoding).replace(b"</h1>", b"\xff</h1>")
    answer = read(body, title_of(language), content_type=f"text/html; charset={told}")
    assert (answer.kind, sound in answer.text) == (PageKind.ARTICLE, True)


# --- limits --------------------------------------------------------------------------------


def test_a_long_text_is_cut_at_the_end_of_a_sentence() -> None:
    text = read(article_page("en", paragraphs(LONG * 10)), title_of("en")).text
    assert MAX_TEXT // 2 < len(text) <= MAX_TEXT
    assert text.endswith("steel.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One two. Three four", "One two."),
        ("一二三四五六七。八九十一二三四", "一二三四五六七。"),
        ("One two three four", "One two"),
        ("OneTwoThreeFour", "OneTwoThre"),
        ("A. Two three four", "A. Two"),
        ("One two 3.5 four", "One two"),
        ("One two.", "One two."),
    ],
)
def test_a_text_is_cut_at_the_best_place_there_is(text: str, expected: str) -> None:
    assert cut(text, 10) == expected


@given(st.text(), st.integers(1, 40))
def test_a_cut_text_is_a_beginning_within_the_limit(text: str, limit: int) -> None:
    assert text.startswith(cut(text, limit))
    assert len(cut(text, limit)) <= limit


def test_phrases_are_long_enough_to_be_no_part_of_other_words() -> None:
    short = [
        phrase
        for sign in Sign
        for phrase in PHRASES[sign]
        if len(phrase.encode()) < 8 or phrase != plain(phrase)
    ]
    assert short == []
