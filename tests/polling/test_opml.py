"""Lists of feeds as OPML: nothing is lost on the way there and back; broken and hostile files."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.sources.opml import Broken, Opml, Outline, read_opml, write_opml
from service.records import Affiliation
from service.settings import FeedConfig
from service.settings.feed_file import make_feed
from tests.make import feed_config

# What XML 1.0 can hold.
TEXTS = st.text(
    st.characters(
        min_codepoint=32, exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
    ),
    min_size=1,
    max_size=30,
) | st.sampled_from(["a & b", "<b>", '"', "'", "a\nb\tc\rd", " x ", "&amp;", "]]>"])
FEEDS = st.lists(
    st.builds(
        FeedConfig,
        url=st.builds(
            "https://{}.example/{}?a=1&b={}".format,
            st.from_regex(r"[a-z]{1,5}", fullmatch=True),
            st.from_regex(r"[a-z<>é\"'%]{0,8}", fullmatch=True),
            st.integers(0, 9),
        ),
        outlet=TEXTS.filter(str.strip),
        language=st.sampled_from(["en", "fa", "ru", "ckb"]),
        country=st.sampled_from(["GB", "IR", "ZZ"]),
        affiliation=st.sampled_from(Affiliation),
        weight=st.floats(0.1, 2),
    ),
    max_size=8,
)


def read(text: str | bytes) -> Opml:
    opml = read_opml(text.encode() if isinstance(text, str) else text)
    assert isinstance(opml, Opml), opml
    return opml


def refused(text: str | bytes) -> Broken:
    broken = read_opml(text.encode() if isinstance(text, str) else text)
    assert isinstance(broken, Broken)
    return broken


def body(*lines: str) -> str:
    inner = "\n".join(lines)
    head = "<head><title> My feeds </title></head>"
    return f'<opml version="1.0">\n{head}\n<body>\n{inner}\n</body></opml>'


def feeds_of(outlines: Iterable[Outline]) -> list[FeedConfig]:
    keys = ("url", "outlet", "language", "country", "affiliation", "weight")
    made = [make_feed({key: getattr(outline, key) for key in keys}) for outline in outlines]
    return [feed for feed in made if isinstance(feed, FeedConfig)]


@given(FEEDS)
def test_what_is_exported_is_imported_without_loss(feeds: list[FeedConfig]) -> None:
    text = write_opml(feeds, "Feeds")
    back = feeds_of(read(text).outlines)
    assert back == sorted(feeds, key=lambda feed: feed.language)
    assert write_opml(back, "Feeds") == text


def test_feeds_are_exported_in_folders_by_language() -> None:
    feeds = [feed_config(f"https://{at}.example/", language=at) for at in ("ru", "en", "fa")]
    opml = read(write_opml([*feeds, feed_config(language="ru")], "A <title>"))
    assert opml.title == "A <title>"
    assert [outline.folder for outline in opml.outlines] == [("en",), ("fa",), ("ru",), ("ru",)]


def test_what_xml_cannot_hold_leaves_the_export_readable() -> None:
    opml = read(write_opml([feed_config(outlet="a\x01b\uffffc")], "Feeds"))
    assert opml.outlines[0].outlet == "a\ufffdb\ufffdc"


def test_folders_within_folders_are_told_from_the_outermost_on() -> None:
    opml = read(
        body(
            '<outline text="World"><outline title="Iran">',
            '<outline type="rss" text="IRNA" xmlUrl="https://irna.example/rss" language="fa-IR"/>',
            '</outline></outline><outline text="Top" xmlUrl="feed://top.example/rss"/>',
        )
    )
    assert opml == Opml(
        "My feeds",
        (
            Outline(5, ("World", "Iran"), "https://irna.example/rss", "IRNA", "fa"),
            Outline(6, (), "feed://top.example/rss", "Top"),
        ),
        (),
    )


def test_the_spellings_of_other_programs_are_read() -> None:
    opml = read(
        body(
            '<outline title="A" xmlurl=" https://a.example/rss " language="unknown"/>',
            '<outline text="" title="B" xmlUrl="feed:https://b.example/rss"/>',
        )
    )
    assert [(one.url, one.outlet, one.language) for one in opml.outlines] == [
        ("https://a.example/rss", "A", None),
        ("https://b.example/rss", "B", None),
    ]


def test_a_bare_ampersand_does_not_cost_the_file() -> None:
    opml = read(body('<outline text="Oil & gas" xmlUrl="https://a.example/?a=1&b=2"/>'))
    assert (opml.outlines[0].outlet, opml.outlines[0].url) == (
        "Oil & gas",
        "https://a.example/?a=1&b=2",
    )


def test_a_feed_without_an_address_is_told_with_its_line() -> None:
    opml = read(body('<outline text="A folder"/>', '<outline type="rss" text="IRNA"/>'))
    assert opml.outlines == ()
    assert opml.broken == (Broken(5, "the feed 'IRNA' has no address (xmlUrl)"),)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no element found"),
        ("<html></html>", 1, "no OPML: the root element is <html>"),
        ("<opml>\n<body>\n<outline>\n</body></opml>", 4, "mismatched tag"),
        ("<opml>\n<body>", 2, "no element found"),
        ("<opml>" + "<outline>" * 100, 1, "nested deeper"),
    ],
)
def test_a_broken_file_is_told_with_its_line(text: str, line: int, words: str) -> None:
    broken = refused(text)
    assert broken.line == line
    assert words in broken.message


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;',
    ],
)
def test_entities_are_refused_in_any_encoding(declared: str) -> None:
    text = f"<!DOCTYPE opml [\n{declared}]>" + body(
        '<outline text="&a;" xmlUrl="https://a.example"/>'
    )
    assert "declares entities" in refused(text).message
    assert "declares entities" in refused(text.encode("utf-16")).message


@given(st.binary(max_size=300), st.sampled_from([b"", b"<opml>", b"<opml><body><outline "]))
def test_no_bytes_break_it(content: bytes, head: bytes) -> None:
    assert isinstance(read_opml(head + content), Opml | Broken)
