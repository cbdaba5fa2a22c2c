from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.digests.render import subject_line
from service.digests.slack import URL_SHARE, slack_message
from service.records import Affiliation, Digest, DigestLink, DigestSection, Topic
from tests.digests.strategies import digests
from tests.make import digest, digest_story
from tests.servers.http import Request
from tests.servers.slack import PATH, SlackServer

LINK = re.compile(r"<([^<>|]*)\|([^<>]*)>")


def message(one: Digest) -> Any:
    return slack_message(one, subject_line(one))


def answer_of_slack(payload: object) -> tuple[int, bytes]:
    """Hand the payload to the stand-in that knows Slack's limits; no network is needed."""
    request = Request("POST", PATH, {}, json.dumps(payload).encode())
    answer = SlackServer("").take(request)
    return answer.status, answer.body


def sections(payload: Any) -> list[str]:
    return [block["text"]["text"] for block in payload["blocks"] if block["type"] == "section"]


def story_text(**changes: Any) -> str:
    """Return the section of a digest's only story."""
    return sections(message(digest(digest_story(**changes))))[1]


def link(url: str | None, **changes: Any) -> DigestLink:
    values: dict[str, Any] = {
        "outlet": "Outlet",
        "affiliation": Affiliation.STATE,
        "language": "en",
        "title": "Title",
    }
    return DigestLink(url=url, **(values | changes))


def filled(sizes: list[int], more: int = 0) -> Digest:
    """Return a digest with sections of these sizes; each story has its number in its headline."""
    numbers = count()
    made = tuple(
        DigestSection(
            Topic(f"topic{index}"),
            tuple(digest_story(n, headline=f"(story {n})") for n in islice(numbers, size)),
        )
        for index, size in enumerate(sizes)
    )
    return replace(digest(more_stories=more), sections=made)


# --- limits --------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(digests(text=1_000, address=700))
def test_slack_takes_a_digest_whatever_texts_are_in_it(one: Digest) -> None:
    assert answer_of_slack(message(one)) == (200, b"ok")


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), max_size=8), st.integers(0, 500))
def test_slack_takes_a_digest_of_any_length(sizes: list[int], more: int) -> None:
    assert answer_of_slack(message(filled(sizes, more))) == (200, b"ok")


@pytest.mark.parametrize("sign", ["&", "<", "x", "خ", "\U0001f6e2"])
def test_slack_takes_a_story_in_which_everything_is_as_long_as_can_be(sign: str) -> None:
    many = tuple(
        link(f"https://outlet.example/{sign * 2_000}", outlet=f"{n}{sign * 500}") for n in range(8)
    )
    told = digest_story(
        headline=sign * 1_000, extract=sign * 10_000, highlights=(), why=sign * 2_000, links=many
    )
    assert answer_of_slack(message(digest(told, title=sign * 500))) == (200, b"ok")


@pytest.mark.parametrize("sign", ["&", "<", "x"])
def test_a_long_story_keeps_its_outlets_and_its_reason(sign: str) -> None:
    # A feed must not be able to push out the mark of state media, or why it was chosen.
    told = story_text(
        headline=sign * 1_000,
        extract=sign * 320,
        highlights=(),
        links=(link(f"https://outlet.example/{sign * 500}", outlet="TASS"),),
    )
    assert "TASS (state)" in told
    assert "_Why: names Russia and Iran in the title_" in told


@settings(max_examples=30, deadline=None)
@given(digests(text=1_000, address=700))
def test_nothing_is_cut_within_a_link_or_an_escaped_sign(one: Digest) -> None:
    for text in sections(message(one)):
        assert "<" not in LINK.sub("", text)
        assert ">" not in LINK.sub("", text)
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)


@pytest.mark.parametrize("sign", ["&", "<", ">"])
def test_a_long_address_of_signs_that_grow_is_not_cut_within_the_link(sign: str) -> None:
    address = "https://outlet.example/" + sign * (URL_SHARE - 23)
    told = story_text(headline="x" * 400, links=(link(address),))
    assert "<" not in LINK.sub("", told)


def test_an_address_too_long_for_slack_is_left_out_and_the_title_stays() -> None:
    told = story_text(headline="Gas deal", links=(link("https://a.example/" + "a" * URL_SHARE),))
    assert told.startswith("*Gas deal*\n")
    assert "a.example" not in told


# --- counting ------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), max_size=8), st.integers(0, 500))
def test_every_story_is_shown_or_counted(sizes: list[int], more: int) -> None:
    texts = sections(message(filled(sizes, more)))
    shown = sorted(int(n) for text in texts for n in re.findall(r"\(story (\d+)\)", text))
    counted = [int(n) for text in texts for n in re.findall(r"^… and (\d+) more$", text)]
    assert len(shown) + sum(counted) == sum(sizes) + more
    assert len(set(shown)) == len(shown)
    assert 0 not in counted


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), max_size=8))
def test_a_heading_is_never_left_without_a_story(sizes: list[int]) -> None:
    kinds = ["story" if "(story" in t else t for t in sections(message(filled(sizes)))]
    headings = [i for i, kind in enumerate(kinds) if kind.startswith("*Topic")]
    assert all(kinds[i + 1] == "story" for i in headings)


def test_what_fits_is_shown_whole() -> None:
    assert len(sections(message(filled([46])))) == 47
    assert "… and 1 more" in sections(message(filled([47])))


# --- hostile texts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", ["<!channel>", "<!here>", "<!everyone>", "<@U012AB3CD>", "<!subteam^S1>", "<#C1>"]
)
def test_a_call_in_any_text_wakes_nobody(call: str) -> None:
    told = digest_story(
        headline=call,
        extract=call,
        highlights=(),
        why=call,
        links=(link(None, outlet=call, title=call),),
    )
    payload = message(digest(told, title=call))
    mrkdwn = [payload["text"], *sections(payload), payload["blocks"][-1]["elements"][0]["text"]]
    assert not [text for text in mrkdwn if "<" in text]
    assert "&lt;" in mrkdwn[0]


def test_a_link_in_a_title_is_shown_as_text() -> None:
    told = story_text(
        headline="<https://phish.example|Reuters>", links=(link("https://a.example"),)
    )
    assert LINK.findall(told) == [
        ("https://a.example", "&lt;https://phish.example|Reuters&gt;"),
    ]


def test_plain_addresses_and_names_in_texts_are_left_as_they_are() -> None:
    # Slack turns "https://phish.example" and "@here" in a feed's text into links and calls by
    # itself unless it is told not to: docs.slack.dev, composition objects, text, "verbatim".
    payload = message(digest(digest_story(headline="@here log in at https://phish.example")))
    texts = [block["text"] for block in payload["blocks"] if block["type"] == "section"]
    assert [text for text in texts if text.get("verbatim") is not True] == []


@pytest.mark.parametrize(
    "address",
    ["https://a.example/|Reuters", "https://a.example/>x", "https://a.example/<!channel>"],
)
def test_an_address_cannot_end_its_link_early(address: str) -> None:
    told = story_text(headline="Gas deal", links=(link(address),))
    assert [title for _, title in LINK.findall(told)] == ["Gas deal"]
    assert "<" not in LINK.sub("", told)


def test_a_bar_in_an_address_is_kept_as_its_code() -> None:
    told = story_text(links=(link("https://a.example/x|y?a=1&b=2"),))
    assert LINK.findall(told)[0][0] == "https://a.example/x%7Cy?a=1&amp;b=2"


# --- what is told --------------------------------------------------------------------------


def test_a_story_tells_outlets_time_probability_and_reason() -> None:
    links = (link("https://a.example"), link(None, outlet="BBC", affiliation=Affiliation.PUBLIC))
    assert story_text(headline="Gas deal", extract="A deal.", highlights=(), links=links) == (
        "*<https://a.example|Gas deal>*\n"
        "A deal.\n"
        "_Outlet (state), BBC · 1 report · 17 Mar 09:00 · 90%_\n"
        "_Why: names Russia and Iran in the title_"
    )


def test_a_story_without_address_or_extract_is_told_in_three_lines() -> None:
    told = story_text(extract="", highlights=(), links=(link(None),))
    assert told.splitlines()[0] == "*Headline 1*"
    assert len(told.splitlines()) == 3


def test_an_empty_digest_says_so_and_has_its_footer() -> None:
    payload = message(digest())
    assert sections(payload) == ["Nothing relevant in this period."]
    assert payload["blocks"][-1]["type"] == "context"
    assert answer_of_slack(payload) == (200, b"ok")
