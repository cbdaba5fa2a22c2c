from __future__ import annotations

import base64
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.stories.addresses import WRAPPERS, address_key, canonical_url

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
# The same with what the rules look for.
FACES = st.builds(
    "https://{}/{}?{}".format,
    st.lists(
        st.sampled_from(["m", "amp", "www", "en", "mobile", "google", "news", "bbc", "msn"])
        | st.sampled_from(["com", "co.uk", "example", "cdn.ampproject.org", "archive.ph", "de"]),
        min_size=1,
        max_size=5,
    ).map(".".join),
    st.lists(
        st.sampled_from(["amp", "print", "", "a-1", "index.html", "x.amp", "y-2.amp.html", "turbo"])
        | st.sampled_from(["c", "s", "url", "web", "newest", "articles", "cnn", "ar-AA16eOUv"])
        | st.sampled_from(["news.example", "https:", "CBMiIA", "%2f", "topics", ".amp.html"]),
        max_size=8,
    ).map("/".join),
    st.lists(
        st.tuples(
            st.sampled_from(["q", "url", "u", "amp", "id", "utm_a", "s"]),
            st.sampled_from(["1", "", "https://news.example/a-1", "https%3A%2F%2Fgoogle.com%2Furl"])
            | PIECES,
        ).map("=".join),
        max_size=3,
    ).map("&".join),
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
        PAGE + "?_hsenc=p2&_hsmi=3&mkt_tok=x&oly_enc_id=1&vero_id=2&wickedid=3",
        PAGE + "?__twitter_impression=true&guccounter=1&guce_referrer=a&soc_src=b&.tsrc=c",
        PAGE + "?ysclid=a&srsltid=b&gbraid=c&_openstat=d&mibextid=e&igshid=f",
        PAGE + "?pk_campaign=a&mtm_source=b&WT.mc_id=c&xtor=RSS-1&itm_medium=d&gaa_sig=e",
        PAGE + "?share=facebook&nb=1&replytocom=77",
        PAGE + "?source=rss&via=twitter",
        PAGE + "?PHPSESSID=0f3",
        PAGE + ";jsessionid=0F3A.node1",
        PAGE + "/index.html",
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


# --- AMP, telephones, printing ---------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        PAGE + "/amp",
        PAGE + "/amp/",
        PAGE + ".amp",
        PAGE + "?amp",
        PAGE + "?amp=1",
        PAGE + "?outputType=amp",
        PAGE + "?isAmp=true&utm_source=amp",
        "https://amp.news.example/politics/gas-deal",
        "https://amp.news.example/amp/politics/gas-deal",
        "https://news.example/amp/politics/gas-deal",
        "https://news.example/politics/amp/gas-deal",
        "https://m.news.example/politics/gas-deal",
        "https://www.m.news.example/politics/gas-deal",
        "https://mobile.news.example/politics/gas-deal",
        "https://touch.news.example/politics/gas-deal?mobile=1",
        PAGE + "/print",
        PAGE + "/print/",
        PAGE + "?print=1",
        PAGE + "?tmpl=component&print=1&layout=print",
        PAGE + "?view=print",
        "https://news.example/print/politics/gas-deal",
        "https://www.google.com/amp/s/www.news.example/politics/gas-deal",
        "https://www.google.co.uk/amp/s/amp.news.example/politics/gas-deal/amp",
        "https://cdn.ampproject.org/c/s/www.news.example/politics/gas-deal",
        "https://www-news-example.cdn.ampproject.org/v/s/www.news.example/politics/gas-deal"
        "?amp_js_v=0.1&usqp=mq331AQIKAGwASDYAQM%3D#amp_tf=From%20%251%24s&aoh=16",
        "https://www-news-example.cdn.ampproject.org/c/news.example/politics/gas-deal/amp",
        "https://www-news-example.bing-amp.com/c/s/news.example/politics/gas-deal",
    ],
)
def test_every_face_of_a_page_is_the_page(spelling: str) -> None:
    assert canonical_url(spelling) == PAGE


@pytest.mark.parametrize(
    ("face", "page"),
    [
        ("https://news.example/a/story-1.amp.html", "https://news.example/a/story-1.html"),
        ("https://news.example/a/story-1.html/amp", "https://news.example/a/story-1.html"),
        ("https://de.m.example.org/wiki/Gas_deal", "https://de.example.org/wiki/Gas_deal"),
        (
            "https://amp.cnn.com/cnn/2026/01/02/x-y",
            "https://edition.cnn.com/2026/01/02/x-y/index.html",
        ),
        ("https://www.bbc.co.uk/news/world-123", "https://m.bbc.com/news/amp/world-123"),
        (
            "https://shop.example/amp_articleshow/123456.cms",
            "https://shop.example/articleshow/123456.cms",
        ),
        (
            "https://www.msn.com/en-us/news/world/gas-deal/ar-AA16eOUv?li=BBnbcA1&srcref=rss",
            "https://www.msn.com/en-gb/money/other/deal-on-gas/ar-AA16eOUv",
        ),
        ("https://www.wsj.com/world/gas-deal-5?mod=rss_world", "https://wsj.com/world/gas-deal-5"),
        ("https://новости.example/a", "https://xn--b1amnebsh.example/a"),
    ],
)
def test_what_outlets_are_known_to_write_in_two_ways_is_one(face: str, page: str) -> None:
    assert canonical_url(face) == canonical_url(page)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # `amp` and `print` are words too: of a section, of a page about them, of an own site.
        ("https://news.example/topics/amp", "https://news.example/topics"),
        ("https://news.example/amp/music", "https://news.example/music"),
        ("https://amp.dev/a-1", "https://dev/a-1"),
        ("https://amp.com.tr/a-1", "https://com.tr/a-1"),
        ("https://m.co.uk/a-1", "https://co.uk/a-1"),
        # Sections of a site of its own, on telephones.
        ("https://mobile.news.example/reviews", "https://news.example/reviews"),
        ("https://m.news.example/a?id=1", "https://news.example/a?id=1"),
        ("https://news.example/a?print=2024", "https://news.example/a"),
        ("https://news.example/a?format=5", "https://news.example/a"),
        ("https://news.example/a?amp=17", "https://news.example/a"),
        # Trackers of one site that name the page at another.
        ("https://cms.example/i.php?mod=news", "https://cms.example/i.php?mod=sport"),
        ("https://cms.example/a?s=1", "https://cms.example/a?s=2"),
        ("https://cms.example/a?sh=1", "https://cms.example/a?sh=2"),
        ("https://cms.example/a?t=1", "https://cms.example/a?t=2"),
        ("https://cms.example/a?ncid=1", "https://cms.example/a?ncid=2"),
        ("https://cms.example/a?oid=1", "https://cms.example/a?oid=2"),
        ("https://cms.example/a?nb=2", "https://cms.example/a?nb=3"),
        ("https://cms.example/a?source=reuters", "https://cms.example/a?source=tass"),
        ("https://cms.example/a?via=kyiv", "https://cms.example/a"),
        ("https://cms.example/a?lang=fa", "https://cms.example/a?lang=en"),
        ("https://cms.example/a?page=2", "https://cms.example/a"),
        ("https://cms.example/a?story=2", "https://cms.example/a?story=3"),
        ("https://cms.example/a?article=2", "https://cms.example/a?article=3"),
        ("https://cms.example/a?cid=2", "https://cms.example/a?cid=3"),
        ("https://cms.example/a?v=2", "https://cms.example/a?v=3"),
        # One page of an application after another.
        ("https://app.example/news#!/story/1", "https://app.example/news#!/story/2"),
        ("https://app.example/#/story/1", "https://app.example/#/story/2"),
        # Not a redirect, whatever the parameter is called.
        (
            "https://cms.example/r?url=https%3A%2F%2Fnews.example%2Fpolitics%2Fgas-deal",
            PAGE,
        ),
        # Outlets with one name and other news.
        ("https://aljazeera.net/news/1-2", "https://aljazeera.com/news/1-2"),
        ("https://tass.ru/politika/123456", "https://tass.com/politika/123456"),
        ("https://russian.rt.com/a-1", "https://rt.com/a-1"),
        ("https://en.irna.ir/news/85123456", "https://irna.ir/news/85123456"),
    ],
)
def test_what_only_looks_alike_stays_apart(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


# --- redirects that carry their target -------------------------------------------------------

WRAPPED = quote(PAGE + "?utm_source=x", safe="")
CODED = base64.urlsafe_b64encode(PAGE.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "redirect",
    [
        f"https://www.google.com/url?rct=j&sa=t&url={WRAPPED}&ct=ga&usg=AOv",
        f"https://www.google.de/url?q={WRAPPED}&sa=D",
        f"https://www.google.com.tr/url?q={WRAPPED}",
        f"http://news.google.com/news/url?sa=t&fd=R&ct2=us&url={WRAPPED}",
        f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid=5&url={WRAPPED}&c=9&mkt=en-us",
        f"https://www.bing.com/ck/a?!&&p=77&u=a1{CODED}&ntb=1",
        f"https://l.facebook.com/l.php?u={WRAPPED}&h=AT0",
        f"https://m.facebook.com/l.php?u={WRAPPED}",
        f"https://vk.com/away.php?to={WRAPPED}",
        f"https://t.me/share/url?url={WRAPPED}",
        f"https://duckduckgo.com/l/?uddg={WRAPPED}",
        f"https://feeds.feedburner.com/~r/desk/~3/x1/?feedburner:origLink={WRAPPED}",
        f"https://r.search.yahoo.com/_ylt=Aw;_ylu=Y2/RV=2/RE=17/RO=10/RU={WRAPPED}/RK=2/RS=z-",
        f"https://yandex.ru/turbo?text={WRAPPED}",
        "https://yandex.ru/turbo/s/news.example/politics/gas-deal",
        "https://yandex.ru/turbo/news.example/s/politics/gas-deal?utm_source=turbo",
        "https://news-example.turbopages.org/news.example/s/politics/gas-deal",
        "https://web.archive.org/web/20260102030405/" + PAGE,
        "https://web.archive.org/web/20260102030405if_/http:/news.example/politics/gas-deal",
        "https://archive.ph/newest/" + PAGE,
        "https://l.facebook.com/l.php?u="
        + quote(f"https://www.google.com/url?q={WRAPPED}", safe=""),
    ],
)
def test_a_redirect_is_its_target(redirect: str) -> None:
    assert canonical_url(redirect) == PAGE


@pytest.mark.parametrize(
    "target",
    [
        "https://news.example/a?id=5&page=2",
        "https://news.example/a%20b-c?q=%D0%B8%D1%80",
        "https://news.example/%C8%F0%E0%ED?q=%C8%F0",
        "https://news.example/иран-газ",
    ],
)
def test_a_target_loses_nothing_that_names_it(target: str) -> None:
    wrapped = quote(target, safe="")
    assert canonical_url(f"https://www.google.com/url?q={wrapped}") == canonical_url(target)
    assert canonical_url(f"https://r.search.yahoo.com/RU={wrapped}/RK=0") == canonical_url(target)


@pytest.mark.parametrize(
    "redirect",
    [
        "https://www.google.com/url?q=/search",
        "https://www.google.com/url?sa=t",
        "https://www.google.com/amp/help",
        "https://www.bing.com/ck/a?u=a1%21%21%21",
        "https://www.bing.com/ck/a?u=a1Zm9v",
        "https://t.co/AbCdEf",
        "https://feedproxy.google.com/~r/desk/~3/x1/story.html",
        "https://r.search.yahoo.com/RU=nowhere/RK=2",
        "https://web.archive.org/web/changes",
        "https://cdn.ampproject.org/c/s/",
        "https://yandex.ru/turbo/s/",
    ],
)
def test_a_redirect_that_tells_no_target_is_itself(redirect: str) -> None:
    address = canonical_url(redirect)
    assert address is not None
    assert address.removeprefix("https://").split("/")[0] in redirect


def test_a_redirect_to_a_front_page_names_no_page() -> None:
    assert canonical_url("https://www.google.com/url?q=https%3A%2F%2Fnews.example%2F") is None


def test_what_is_wrapped_without_end_names_no_page() -> None:
    assert canonical_url("https://archive.ph/newest/" * WRAPPERS + PAGE) == PAGE
    assert canonical_url("https://archive.ph/newest/" * (WRAPPERS + 1) + PAGE) is None


# --- Google News -----------------------------------------------------------------------------


def news_id(target: str, amp: str = "") -> str:
    """Return an id as Google News made them until 2024: a protobuf message in base64."""
    message = b"\x08\x13\x22" + _sized(target) + (b"\xd2\x01" + _sized(amp) if amp else b"")
    return base64.urlsafe_b64encode(message).decode().rstrip("=")


def _sized(text: str) -> bytes:
    size = len(text)
    head = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    return head + text.encode()


@pytest.mark.parametrize("target", [PAGE, PAGE + "-" + "long" * 40])
@pytest.mark.parametrize(
    "shape",
    [
        "https://news.google.com/rss/articles/{}?oc=5",
        "https://news.google.com/articles/{}?hl=en-US&gl=US&ceid=US:en",
        "https://news.google.com/__i/rss/rd/articles/{}?oc=5",
        "https://news.google.com/read/{}",
    ],
)
def test_an_old_google_news_id_is_the_address_it_holds(shape: str, target: str) -> None:
    assert canonical_url(shape.format(news_id(target))) == target
    assert canonical_url(shape.format(news_id(target, target + "/amp"))) == target


def test_a_new_google_news_id_stays_the_key_wherever_google_shows_it() -> None:
    opaque = news_id("AU_yqLNk0zq3V4xw-Bzz_1l2m3n4o5p6")
    shown = [
        f"https://news.google.com/rss/articles/{opaque}?oc=5",
        f"https://news.google.com/rss/articles/{opaque}?oc=5&hl=de",
        f"https://news.google.com/articles/{opaque}",
        f"https://news.google.com/read/{opaque}?hl=en-US",
    ]
    assert {address_key(url) for url in shown} == {address_key(shown[0])}
    other = news_id("AU_yqLNk0zq3V4xw-Bzz_1l2m3n4o5p7")
    assert address_key(f"https://news.google.com/rss/articles/{other}") != address_key(shown[0])


@given(st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_bytes_may_stand_in_a_google_news_id(message: bytes) -> None:
    coded = base64.urlsafe_b64encode(b"\x08\x13\x22" + message).decode()
    address = canonical_url(f"https://news.google.com/rss/articles/{coded}")
    assert address is None or canonical_url(address) == address


# --- no page, and anything at all --------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example",
        "https://news.example/",
        "https://www.news.example/?utm_source=rss#top",
        "https://news.example/index.html",
        "https://m.news.example/?amp=1",
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


@given(ADDRESSES | FACES)
@example("http://news.example:443/a")
@example("https://www.www.news.example/a")
@example("https://[::1]/a")
@example("https://news.example/\ud800?\ud800=\ud800")
@example("https://news.example/a-1//index.html")
@example("https://en.m.m.news.example/a-1")
@settings(max_examples=800, deadline=None)
def test_any_address_has_one_spelling_that_stays(url: str) -> None:
    address = canonical_url(url)
    assert address is None or canonical_url(address) == address


@pytest.mark.parametrize(
    "shape",
    [
        lambda n: "https://news.example/a-1" + "/amp" * n,
        lambda n: "https://news.example" + "/amp" * n + "/a-1",
        lambda n: "https://news.example/a-1" + "//" * n,
        lambda n: "https://news.example/" + "a-" * n + ".amp" * n,
        lambda n: "https://news.example/a-1" + ".amp" * n + ".html",
        lambda n: "https://" + "m." * n + "news.example/a-1",
        lambda n: "https://" + "новости" * n + ".example/a-1",
        lambda n: "https://news.example/a?" + "utm_a=b&" * n + "id=1",
        lambda n: "https://news.example/a?a=" + "%25" * n,
        lambda n: "https://archive.ph/newest/" * n + PAGE,
        lambda n: "https://cdn.ampproject.org/c/s/" + "cdn.ampproject.org/c/s/" * n,
        lambda n: "https://news.google.com/articles/" + "CBMi" * n,
        lambda n: "https://news.example/a;jsessionid=" + ";jsessionid=" * n,
        lambda n: "https://r.search.yahoo.com/" + "RU=" * n + "/RK=" * n,
    ],
)
def test_a_long_address_takes_no_longer_than_its_length(shape: Callable[[int], str]) -> None:
    """Eight times the length may take eight times as long, not sixty-four."""
    short, long = (_fastest(shape(size)) for size in (4_000, 32_000))
    assert long < 24 * short + 0.02


def _fastest(url: str) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        canonical_url(url)
        times.append(time.process_time() - start)
    return min(times)
