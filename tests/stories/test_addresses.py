from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.stories.identity import canonical_url

PAGE = "https://news.example/politics/gas-deal"

# Addresses as outlets write them, and worse: lone surrogates, half escapes, odd ports.
PIECES = st.text(
    st.sampled_from("abWw.:/?#&=%[]@+;~ -_|\\\"'<>\x00\n\tйايران中\u200c\ud800\udcff20Ff"),
    max_size=20,
)
ADDRESSES = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.builds(
        "{}://{}{}{}/{}?{}#{}".format,
        st.sampled_from(["http", "https", "HTTPS", "ftp", ""]),
        st.sampled_from(["", "www.", "www.www.", "user:pass@", "WWW."]),
        st.sampled_from(["news.example", "[::1]", "", "новости.example", "127.0.0.1", "a b"])
        | PIECES,
        st.sampled_from(["", ":80", ":443", ":8080", ":", ":0", ":99999", ":x"]),
        PIECES,
        PIECES,
        PIECES,
    ),
)


@pytest.mark.parametrize(
    "spelling",
    [
        PAGE + "?utm_source=rss&utm_medium=feed",
        PAGE + "?at_medium=RSS&at_campaign=KARANGA",
        PAGE + "?fbclid=x&gclid=y&yclid=z",
        PAGE + "?UTM_Source=rss",
        PAGE + "?from=rss",
        PAGE + "#comments",
        PAGE + "/",
        PAGE + "?",
        "http://news.example/politics/gas-deal",
        "https://www.news.example/politics/gas-deal",
        "https://NEWS.example/politics/gas-deal",
        "HTTPS://news.example:443/politics/gas-deal",
        "http://news.example:80/politics/gas-deal",
        "https://news.example/politics/gas%2Ddeal",
        "https://reader:secret@news.example/politics/gas-deal",
    ],
)
def test_one_page_has_one_address_however_it_is_written(spelling: str) -> None:
    assert canonical_url(spelling) == PAGE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a?x=1&y=2", "/a?y=2&x=1"),
        ("/a?x=1&utm_id=7&y=2", "/a?y=2&x=1"),
        ("/иран", "/%D0%B8%D1%80%D0%B0%D0%BD"),
        ("/%d0%b8", "/%D0%B8"),
        ("/gas deal", "/gas%20deal"),
        ("/a?q=gas+deal", "/a?q=gas%20deal"),
        ("/a?q=иран", "/a?q=%d0%b8%d1%80%d0%b0%d0%bd"),
    ],
)
def test_order_and_encoding_make_no_other_page(one: str, other: str) -> None:
    address = canonical_url("https://news.example" + one)
    assert address is not None
    assert address == canonical_url("https://news.example" + other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://news.example/a", "https://news.example/b"),
        ("https://news.example/a", "https://news.example/A"),
        ("https://news.example/a?id=1", "https://news.example/a?id=2"),
        ("https://news.example/?p=1", "https://news.example/?p=2"),
        ("https://news.example/a?q=1&q=2", "https://news.example/a?q=2"),
        ("https://news.example/a", "https://other.example/a"),
        ("https://fa.news.example/a", "https://news.example/a"),
        ("https://news.example:8080/a", "https://news.example/a"),
        ("https://news.example/a%3Fb", "https://news.example/a?b"),
        ("https://news.example/a%23b", "https://news.example/a#b"),
        # Windows-1251, as older Russian sites still write it: not readable as UTF-8.
        ("https://news.example/%C8%F0%E0%ED", "https://news.example/%CA%F0%E8%EC"),
        ("https://news.example/a?q=%C8%F0%E0%ED", "https://news.example/a?q=%CA%F0%E8%EC"),
    ],
)
def test_different_pages_keep_different_addresses(one: str, other: str) -> None:
    first, second = canonical_url(one), canonical_url(other)
    assert first is not None
    assert second is not None
    assert first != second


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example",
        "https://news.example/",
        "https://www.news.example/?utm_source=rss#top",
        "mailto:desk@news.example",
        "ftp://news.example/a",
        "javascript:alert(1)",
        "/politics/gas-deal",
        "https:///a",
        "https://[news.example/a",
        "https://news.example:port/a",
        "https://news.example:99999/a",
        "",
    ],
)
def test_what_names_no_page_has_no_address(url: str) -> None:
    assert canonical_url(url) is None


@given(ADDRESSES)
@example("http://news.example:443/a")
@example("https://www.www.news.example/a")
@example("https://[::1]/a")
@example("https://news.example/\ud800?\ud800=\ud800")
@settings(max_examples=400, deadline=None)
def test_any_address_has_one_spelling_that_stays(url: str) -> None:
    address = canonical_url(url)
    assert address is None or canonical_url(address) == address
