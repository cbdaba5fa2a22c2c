"""How surges look in each face of a digest."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from service.digests.compose import Vocabulary, compose
from service.digests.render import render
from service.digests.slack import MAX_BLOCKS
from service.digests.wording import (
    CHART_HEIGHT,
    CHART_SIGNS,
    bars,
    sparkline,
    surge_line,
)
from service.records import (
    Affiliation,
    Digest,
    DigestFooter,
    DigestLink,
    DigestSection,
    DigestSurge,
    Topic,
)
from service.storage.documents import DIGEST
from tests.digests.page import Page, slack_texts
from tests.digests.strategies import texts
from tests.digests.test_faces import GMAIL
from tests.digests.test_slack_message import answer_of_slack
from tests.make import NOW, digest, digest_story, subscription

QUIET = (3, 4, 0, 2, 1, 4, 3)
VOCABULARY = Vocabulary(
    (Topic("military"), Topic("economic")), {"russia": "Russia", "iran": "Iran"}
)


def surge(topic: str = "military", **changes: Any) -> DigestSurge:
    values: dict[str, Any] = {
        "topic": Topic(topic),
        "unit": "stories",
        "days": 1,
        "observed": 14,
        "expected": 4.1,
        "usual": (3, 5),
        "times": 14 / 4.1,
        "counts": (*QUIET * 3, *QUIET[:6], 14),
        "until": date(2026, 3, 17),
        "since": None,
    }
    return DigestSurge(**(values | changes))


# --- the line -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "Military: 14 stories in 24 hours, usually 3 to 5"),
        ({"usual": (4, 4)}, "Military: 14 stories in 24 hours, usually 4"),
        ({"usual": (0, 0)}, "Military: 14 stories in 24 hours, usually none"),
        ({"usual": (0, 1)}, "Military: 14 stories in 24 hours, usually 0 to 1"),
        ({"unit": "articles"}, "Military: 14 articles in 24 hours, usually 3 to 5"),
        (
            {"since": date(2026, 3, 15)},
            "Military: 14 stories in 24 hours, usually 3 to 5; high since 15 Mar",
        ),
        (
            {"days": 2, "since": date(2026, 3, 16)},
            "Military: 14 stories in two days, usually 3 to 5",
        ),
        (
            {"days": 2, "since": date(2026, 3, 9)},
            "Military: 14 stories in two days, usually 3 to 5; high since 9 Mar",
        ),
    ],
)
def test_the_line_says_how_many_there_are_and_how_many_usually(
    changes: dict[str, Any], line: str
) -> None:
    assert surge_line(surge(**changes)) == line


# --- every face ---------------------------------------------------------------------------------


def test_every_face_has_the_line_and_the_chart() -> None:
    told = surge()
    faces = render(digest(digest_story(), surges=(told,)))
    line, signs = surge_line(told), "▃▃▁▂▂▃▃" * 3 + "▃▃▁▂▂▃█"
    assert line in Page(faces.html).blocks
    assert f"\n^ {line}\n  {signs} 18 Feb to 17 Mar\n" in faces.text
    message = slack_texts(faces.slack)[1]
    assert (
        message == f"*Military: 14 stories* in 24 hours, usually 3 to 5\n{signs} 18 Feb to 17 Mar"
    )
    documents: Any = faces.document["surges"]
    (document,) = documents
    assert (document["topic"], document["observed"], document["usual"]) == ("military", 14, [3, 5])
    assert document["counts"] == list(told.counts)


def test_a_digest_without_surges_has_no_trace_of_any() -> None:
    faces = render(digest(digest_story()))
    assert "<table" not in faces.html
    assert not set(CHART_SIGNS) & set(faces.text + json.dumps(faces.slack, ensure_ascii=False))
    assert faces.document["surges"] == []


def test_surges_stand_before_the_stories_in_their_order() -> None:
    faces = render(digest(digest_story(), surges=(surge("economic"), surge("military"))))
    for face in (faces.html, faces.text, json.dumps(faces.slack)):
        assert face.index("Economic: 14") < face.index("Military: 14") < face.index("Headline 1")


def test_a_surge_of_stories_told_before_is_no_digest_of_nothing() -> None:
    faces = render(digest(surges=(surge(),)))
    for face in (faces.html, faces.text, json.dumps(faces.slack)):
        assert "Nothing relevant in this period." not in face
        assert "14 stories" in face


# --- the chart ----------------------------------------------------------------------------------


def cells(html: str) -> list[dict[str, str]]:
    """Return the attributes of the chart's bars."""
    found = [a for name, a in Page(html).tags if name == "td" and a.get("class") != "surge"]
    return [attributes for attributes in found if "border-bottom" in attributes.get("style", "")]


def test_the_chart_has_a_bar_a_day_and_the_fullest_is_the_highest() -> None:
    drawn = cells(render(digest(surges=(surge(),))).html)
    heights = [int(re.findall(r"border-bottom:\s*(\d+)px", cell["style"])[0]) for cell in drawn]
    assert len(heights) == 28
    assert heights[-1] == CHART_HEIGHT == max(heights)
    assert heights[2] == 1 < heights[4] < heights[0]


@pytest.mark.parametrize(
    ("changes", "marked"),
    [
        ({}, 1),
        ({"days": 2, "since": date(2026, 3, 16)}, 2),
        ({"since": date(2026, 3, 13)}, 5),
    ],
)
def test_the_days_of_the_surge_are_marked(changes: dict[str, Any], marked: int) -> None:
    drawn = cells(render(digest(surges=(surge(**changes),))).html)
    kinds = [cell.get("class") for cell in drawn]
    assert kinds == [None] * (28 - marked) + ["high"] * marked


def test_who_cannot_see_the_chart_is_told_its_numbers() -> None:
    page = Page(render(digest(surges=(surge(),))).html)
    (label,) = [a["aria-label"] for _, a in page.tags if a.get("role") == "img"]
    numbers = ", ".join(map(str, surge().counts))
    assert label == f"Stories a day, 18 Feb to 17 Mar: {numbers}"
    # Tables that only set the page are not read out as tables.
    assert {a["role"] for name, a in page.tags if name == "table"} == {"img", "presentation"}


def test_the_chart_needs_no_picture_and_has_colours_for_the_dark() -> None:
    page = Page(render(digest(surges=(surge(),))).html)
    assert not page.names & {"img", "svg", "canvas", "object"}
    dark = page.style.split("prefers-color-scheme: dark")[1]
    assert ".chart {" in dark
    assert ".high {" in dark


def test_the_sparkline_tells_one_from_none() -> None:
    assert sparkline(surge(counts=(0, 1, 50, 100))) == "▁▂▅█"
    assert sparkline(surge(counts=(0, 0))) == "▁▁"


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=28))
def test_charts_keep_the_order_of_the_days_counts(counts: list[int]) -> None:
    told = surge(counts=tuple(counts))
    heights = [height for height, _ in bars(told)]
    signs = [CHART_SIGNS.index(sign) for sign in sparkline(told)]
    for drawn in (heights, signs):
        ranked = [height for _, height in sorted(zip(counts, drawn, strict=True))]
        assert ranked == sorted(ranked)
    assert 1 <= min(heights) <= max(heights) <= CHART_HEIGHT


# --- who is told --------------------------------------------------------------------------------


def composed(*topics: str) -> Digest:
    return compose(
        [],
        subscription(topics=topics),
        VOCABULARY,
        DigestFooter(1, 1, 0, "model-1"),
        since=NOW - timedelta(days=1),
        until=NOW,
        max_stories=40,
        surges=(surge("military"), surge("economic")),
    )


@pytest.mark.parametrize(
    ("topics", "told"),
    [
        ((), ["military", "economic"]),
        (("economic",), ["economic"]),
        (("diplomatic",), []),
    ],
)
def test_only_surges_of_topics_that_a_subscription_takes_are_told(
    topics: tuple[str, ...], told: list[str]
) -> None:
    assert [one.topic for one in composed(*topics).surges] == told


# --- limits, and what was stored ----------------------------------------------------------------


def test_a_digest_stored_before_there_were_surges_is_still_read() -> None:
    document = dict(render(digest(digest_story())).document)
    del document["surges"]
    assert DIGEST.validate_python(document) == digest(digest_story())


def test_a_stored_surge_comes_back_as_it_was() -> None:
    made = digest(surges=(surge(), surge("economic", since=date(2026, 3, 15))))
    stored = json.dumps(DIGEST.dump_python(made, mode="json"))
    assert DIGEST.validate_python(json.loads(stored)) == made


@settings(max_examples=25, deadline=None)
@given(st.lists(texts(200, 1), min_size=1, max_size=30))
def test_slack_and_the_page_take_surges_of_any_topics(names: list[str]) -> None:
    one = digest(digest_story(), surges=tuple(surge(name) for name in names))
    faces = render(one)
    assert answer_of_slack(faces.slack) == (200, b"ok")
    assert {surge_line(told) for told in one.surges} <= set(Page(faces.html).blocks)
    assert TypeAdapter(Digest).validate_json(json.dumps(faces.document)) == one


def test_with_surges_slack_s_limit_of_blocks_holds() -> None:
    many = DigestSection(Topic("economic"), tuple(map(digest_story, range(60))))
    made = replace(digest(surges=(surge(),)), sections=(many,))
    faces = render(made)
    assert answer_of_slack(faces.slack) == (200, b"ok")
    assert len(faces.slack["blocks"]) == MAX_BLOCKS  # type: ignore[arg-type]


def test_forty_long_stories_and_a_surge_of_every_topic_are_not_cut_off_by_gmail() -> None:
    links = tuple(
        DigestLink(
            f"Outlet {number}",
            Affiliation.INDEPENDENT,
            "en",
            "Title",
            f"https://outlet{number}.example/{'a' * 60}",
        )
        for number in range(4)
    )
    long = [
        digest_story(
            number,
            headline="Москва и Тегеран подписали " * 5,
            extract="Russia and Iran signed a gas deal on Monday. " * 7,
            links=links,
        )
        for number in range(40)
    ]
    full = digest(*long, surges=tuple(map(surge, ("military", "economic", "diplomatic"))))
    assert len(render(full).html.encode()) < GMAIL
