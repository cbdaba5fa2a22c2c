"""Where a feed may be subscribed to: by the header of its answer, else by its document."""

from __future__ import annotations

import json
from datetime import timedelta
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.polling.habits import Seen, answered
from service.polling.push.advertised import MAX_HEADER, MOST_LINKS, advertised
from service.polling.reading.parse import parse, parse_quickly, parse_thoroughly
from service.records import Fetched, Habit, NotModified, ParsedFeed
from tests.make import NOW, fetched, rss

BASE = "https://feed.example/news/rss"
HUB, TOPIC = "https://hub.example/", "https://feed.example/news/all"


def told(header: str) -> tuple[str | None, str | None]:
    found = advertised(header, BASE)
    return found.hub, found.topic


# --- the header ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "hub", "topic"),
    [
        ("", None, None),
        (f'<{HUB}>; rel="hub"', HUB, None),
        (f'<{HUB}>; rel="hub", <{TOPIC}>; rel="self"', HUB, TOPIC),
        (f"<{HUB}>;rel=hub,<{TOPIC}>;rel=self", HUB, TOPIC),
        (f"<{TOPIC}> ; REL = Self , <{HUB}> ; Rel = HUB", HUB, TOPIC),
        # One link may be several things.
        (f'<{HUB}>; rel="next hub self"', HUB, HUB),
        # The first hub is taken, and the first address of its own.
        (f"<{HUB}>; rel=hub, <https://other.example/>; rel=hub", HUB, None),
        # What stands in quotes is text.
        (
            f'<https://a/>; title="x, <https://b/>; rel=hub"; rel=self, <{HUB}>; rel=hub',
            HUB,
            "https://a/",
        ),
        (r'<https://a/>; title="a \" b"; rel=hub', "https://a/", None),
        # The first relation counts.
        (f"<{HUB}>; rel=next; rel=hub", None, None),
        # It speaks of another document.
        (f'<{HUB}>; rel=hub; anchor="#chapter"', None, None),
        (f"<{HUB}>; rel=hub; type=text/plain; x; y=; ;", HUB, None),
        # Relative to where the answer came from.
        ("</hub>; rel=hub, <>; rel=self", "https://feed.example/hub", None),
        ("<all>; rel=self", None, TOPIC),
        ("<ftp://hub.example/>; rel=hub, <javascript:alert(1)>; rel=hub", None, None),
        (f"<mailto:a@b>; rel=hub, <{HUB}>; rel=hub", HUB, None),
        # What cannot be read costs itself alone, if it begins as a link.
        (f"rubbish, <{HUB}>; rel=hub", None, None),
        (f"<https://a/> rubbish, <{HUB}>; rel=hub", HUB, None),
        (f'<https://a/>; rel="open, <{HUB}>; rel=hub', HUB, None),
        (f",, ,<{HUB}>; rel=hub,,", HUB, None),
    ],
)
def test_a_header_is_read(header: str, hub: str | None, topic: str | None) -> None:
    assert told(header) == (hub, topic)


def test_an_endless_header_ends() -> None:
    many = ", ".join("<https://a/>; rel=next" for _ in range(MOST_LINKS))
    assert told(f"{many}, <{HUB}>; rel=hub") == (None, None)
    assert told(" " * MAX_HEADER + f"<{HUB}>; rel=hub") == (None, None)


PIECES = st.sampled_from(
    ["<", ">", ";", ",", '"', "\\", "=", " ", "rel", "hub", "self", HUB, "anchor", "\n", "é", "\0"]
)


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200))
@example("<" * 100)
@example('<a>; rel="' + "\\" * 99)
def test_whatever_the_header_says_nothing_but_web_addresses_come_of_it(header: str) -> None:
    for address in told(header):
        assert address is None or address.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "piece", ["<", '<a>;rel="', "<a>;;", " ", "<a>; x", ",", "\\", '<a>; t="\\', "; rel=hub"]
)
def test_a_hostile_header_takes_no_longer_than_another(piece: str) -> None:
    header = piece * (MAX_HEADER // len(piece))
    begun = perf_counter()
    for _ in range(10):
        told(header)
    assert perf_counter() - begun < 1


# --- the document -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "topic"),
    [
        ("", None),
        (f"<link rel='self' href='{TOPIC}'/>", TOPIC),
        ("<link rel='self' href='all'/>", TOPIC),
        (f"<link rel='hub' href='{HUB}'/><link rel='self' href='{TOPIC}'/>", TOPIC),
        (f"<link rel='self' href='{TOPIC}'/><link rel='self' href='{HUB}'/>", TOPIC),
        ("<link rel='self' href='ftp://feed.example/'/>", None),
        # feedparser takes the text for the address.
        (f"<link rel='self'>{TOPIC}</link>", TOPIC),
    ],
)
def test_a_document_names_its_own_address(links: str, topic: str | None) -> None:
    own = links.replace("<link", "<a:link xmlns:a='http://www.w3.org/2005/Atom'")
    own = own.replace("</link", "</a:link")
    for body in (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Feed</title>{links}</feed>",
        rss().replace("<title>", f"{own}<title>"),
    ):
        document = fetched(body, BASE)
        thorough = parse_thoroughly(document)
        quick = parse_quickly(document)
        assert isinstance(thorough, ParsedFeed)
        assert thorough.topic == topic
        assert quick is None or quick == thorough


def test_a_json_feed_names_its_own_address() -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [], "feed_url": TOPIC}
    read = parse(fetched(json.dumps(feed), BASE))
    assert isinstance(read, ParsedFeed)
    assert read.topic == TOPIC


# --- which one is believed ----------------------------------------------------------------------

OF_DOCUMENT = ParsedFeed("Feed", (), (), hub="https://doc.example/", topic="https://doc.example/me")
WITHOUT = ParsedFeed("Feed", (), ())
OF_HEADER = f'<{HUB}>; rel=hub, <{TOPIC}>; rel="self"'


def learnt(
    link: str, parsed: ParsedFeed | None, before: Habit | None = None
) -> tuple[str | None, str | None]:
    result = Fetched(BASE, b"body", "hash", {"link": link} if link else {})
    habit = answered(before or Habit(), result, parsed, Seen(), NOW - timedelta(hours=1), NOW)
    return habit.hub, habit.topic


def test_the_header_comes_before_the_document() -> None:
    assert learnt(OF_HEADER, OF_DOCUMENT) == (HUB, TOPIC)
    assert learnt("", OF_DOCUMENT) == (OF_DOCUMENT.hub, OF_DOCUMENT.topic)
    # A header about other things says nothing.
    assert learnt("<https://a/>; rel=next", OF_DOCUMENT) == (OF_DOCUMENT.hub, OF_DOCUMENT.topic)


def test_a_hub_of_the_header_may_know_the_feed_by_what_its_document_says() -> None:
    assert learnt(f"<{HUB}>; rel=hub", OF_DOCUMENT) == (HUB, OF_DOCUMENT.topic)
    assert learnt(f"<{HUB}>; rel=hub", WITHOUT) == (HUB, None)


def test_a_feed_that_names_no_hub_any_more_has_none() -> None:
    before = Habit(hub=HUB, topic=TOPIC)
    assert learnt("", WITHOUT, before) == (None, None)


def test_a_document_that_did_not_change_still_says_what_it_said() -> None:
    before = Habit(hub=HUB, topic=TOPIC)
    assert learnt("", None, before) == (HUB, TOPIC)
    assert learnt("<https://new.example/>; rel=hub", None, before) == (
        "https://new.example/",
        TOPIC,
    )
    same = answered(before, NotModified(), None, Seen(), NOW - timedelta(hours=1), NOW)
    assert (same.hub, same.topic) == (HUB, TOPIC)
