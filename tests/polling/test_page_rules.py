"""Where a sign must be seen to count, and how texts are compared with titles."""

from __future__ import annotations

import pytest

from service.polling.pages.article import PageKind, PageText, read_page, web_page_code
from tests.polling.page_samples import ARTICLES, article_page, page, paragraphs, title_of

URL = "https://outlet.example/world/1"
LABEL = "<section><div><b>For subscribers only</b></div></section>"
INDEX = "".join(f"<div><a href='/{n}'>Headline {n}</a></div>" for n in range(60))


def read(markup: str, title: str = title_of("en"), url: str = URL) -> PageText:
    return read_page(markup.encode(), url, {}, title=title)


def test_a_page_that_says_it_is_free_may_show_what_is_not() -> None:
    free = '<script type="application/ld+json">{"isAccessibleForFree":true}</script>'
    markup = article_page("en").replace("</main>", f"</main>{LABEL}")
    assert read(markup).kind is PageKind.PAYWALL
    assert read(markup.replace("</head>", f"{free}</head>")).kind is PageKind.ARTICLE


def test_lists_of_links_say_nothing_of_the_page() -> None:
    for markup in ("<nav>For subscribers only</nav>", "<ul><li>For subscribers only</li></ul>"):
        assert read(article_page("en").replace("<main>", f"{markup}<main>")).kind is (
            PageKind.ARTICLE
        )


def test_a_captcha_on_a_page_with_words_is_no_challenge() -> None:
    assert web_page_code(page("News", f"<div class='g-recaptcha'></div>{INDEX}").encode()) == "html"


def test_words_on_an_index_are_not_the_index() -> None:
    few = page("News", f"<div>Please sign in</div>{INDEX}")
    many = page("News", f"<div>Please sign in</div>{INDEX * 4}")
    assert web_page_code(few.encode()) == "html-login"
    assert web_page_code(many.encode()) == "html"


def test_a_wall_that_repeats_the_title_is_a_wall() -> None:
    body = paragraphs([f"You asked for: {title_of('en')}.", "We use cookies. Do you agree to it?"])
    assert read(page("Outlet", body)).kind is PageKind.CONSENT


def test_a_wall_may_speak_in_its_title_alone() -> None:
    assert web_page_code(page("This domain is for sale", "").encode()) == "html-parked"


def test_a_page_named_by_a_query_is_not_the_front_page() -> None:
    assert read(article_page("en"), url="https://outlet.example/?p=12").kind is PageKind.ARTICLE


@pytest.mark.parametrize("url", ["https://[", "", "\ud800", "//outlet.example/1"])
def test_an_address_that_is_none_is_no_front_page_unless_it_is_empty(url: str) -> None:
    kind = PageKind.ARTICLE if url else PageKind.OTHER
    assert read(article_page("en"), url=url).kind is kind


def test_a_text_hardly_longer_than_its_teaser_is_a_stub() -> None:
    teaser = " ".join(ARTICLES["en"][1][:2])
    head = f'<meta property="og:description" content="{teaser}">'
    markup = page("Railway", f"<article><p>{teaser} Read on here.</p></article>", head=head)
    assert read(markup).kind is PageKind.STUB


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("ru", "Соглашения, кредитов, железных, инженеров"),
        ("ar", "بالقطارات فولاذي القمحي"),
        ("pl", "Kredytowych kolejowy inżynierów"),
        ("tr", "Mühendislerin bataklıkta demiryolunun"),
    ],
)
def test_endings_and_articles_of_words_do_not_matter(language: str, title: str) -> None:
    assert read(article_page(language), title).kind is PageKind.ARTICLE


def test_what_asks_for_an_account_is_cut_off_with_the_paywall() -> None:
    asks = ["Forgot your password? Here is another.", "Subscribe to continue reading."]
    answer = read(article_page("en", paragraphs(asks), parts=2))
    assert answer.kind is PageKind.PAYWALL
    assert answer.text == "\n".join(ARTICLES["en"][1][:2])
