"""What readers of each face see: a page, a text, a message and a document of one digest."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.digests.compose import Vocabulary, compose
from service.digests.render import in_words, local_time, render, subject_line
from service.records import Affiliation, DigestFooter, DigestLink, Interval, Topic
from tests.digests.page import Page, slack_texts
from tests.make import NOW, accounts, digest, digest_story, report, story, subscription

# Gmail cuts a message off at 102 kB and hides the rest, footer included.
GMAIL = 100_000


def independent(url: str | None) -> DigestLink:
    return DigestLink("Outlet", Affiliation.INDEPENDENT, "en", "Title", url)


def test_a_digest_with_a_sample_says_so_in_every_face() -> None:
    faces = render(digest(digest_story(), sample=True))
    assert faces.subject.startswith("[SAMPLE] ")
    assert "SAMPLE." in Page(faces.html).blocks[1]
    assert "SAMPLE: " in faces.text
    assert faces.slack["text"] == faces.subject
    assert slack_texts(faces.slack)[0] == faces.subject
    assert faces.document["sample"] is True


def test_a_real_digest_is_not_marked_as_a_sample() -> None:
    faces = render(digest(digest_story()))
    everything = [faces.subject, faces.html, faces.text, json.dumps(faces.slack)]
    assert not [face for face in everything if "SAMPLE" in face]
    assert faces.document["sample"] is False


def test_an_empty_digest_says_that_nothing_was_found_and_how_much_was_read() -> None:
    faces = render(digest())
    for face in (faces.html, faces.text, json.dumps(faces.slack)):
        assert "Nothing relevant in this period." in face
        assert "1,200 articles read from 40 feeds" in face
    assert "nothing new" in faces.subject


def test_feeds_that_fail_are_told_in_every_face() -> None:
    trouble = "Gazette: nothing new for 3 days, usually 20 a day"
    foot = DigestFooter(0, 40, 30, "model-1", feeds_odd=1, feed_troubles=(trouble,))
    faces = render(digest(footer=foot))
    for face in (faces.html, faces.text, slack_texts(faces.slack)[-1]):
        assert "(30 failing, 1 unlike usual)" in face
        assert trouble in face
    assert faces.document["footer"]["feeds_failing"] == 30  # type: ignore[index]


def test_a_notice_stands_at_the_top_of_every_face_and_is_no_digest_of_nothing() -> None:
    notice = "3 of the important feeds fail together: <b>what they carry</b> is not being read."
    faces = render(digest(notices=(notice,)))
    assert "&lt;b&gt;what they carry" in faces.html
    assert f"! {notice}" in faces.text
    assert "&lt;b&gt;what they carry" in slack_texts(faces.slack)[1]
    assert faces.document["notices"] == [notice]
    assert "feeds are failing" in faces.subject
    for face in (faces.html, faces.text, json.dumps(faces.slack)):
        assert "Nothing relevant in this period." not in face


def test_how_far_the_model_can_be_trusted_is_told_in_every_face() -> None:
    known = DigestFooter(
        1200, 40, 0, "model-1", Interval(0.934, 0.881, 0.97), Interval(0.8, 0.7149, 1.0), 64
    )
    line = (
        "Model model-1: of its alerts 93% (88-97%) are relevant, of the relevant articles that"
        " name both sides it finds 80% (71-100%), by 64 labels of articles drawn at random"
    )
    faces = render(digest(footer=known))
    assert f"{line}." in Page(faces.html).blocks
    assert line in faces.text.splitlines()
    assert slack_texts(faces.slack)[-1].endswith(line)
    told = faces.document["footer"]
    assert told["precision"] == {"value": 0.934, "low": 0.881, "high": 0.97}  # type: ignore[index]
    assert told["audited"] == 64  # type: ignore[index]


@pytest.mark.parametrize(
    "figures",
    [(None, None, 0), (None, None, 12), (Interval(0.9, 0.8, 1), None, 40)],
)
def test_with_too_few_labels_the_footer_names_the_model_alone(
    figures: tuple[Interval | None, Interval | None, int],
) -> None:
    faces = render(digest(footer=DigestFooter(1200, 40, 0, "model-1", *figures)))
    assert "Model model-1." in Page(faces.html).blocks
    assert "Model model-1" in faces.text.splitlines()
    assert slack_texts(faces.slack)[-1].endswith("Model model-1")
    for face in (faces.html, faces.text, json.dumps(faces.slack)):
        assert "drawn at random" not in face
        assert "None" not in face


def test_a_model_s_name_cannot_break_a_face() -> None:
    faces = render(digest(footer=DigestFooter(0, 0, 0, "<b>&*me*")))
    assert "Model <b>&*me*." in Page(faces.html).blocks
    assert "Model <b>&*me*" in faces.text.splitlines()


def test_what_did_not_fit_is_counted_in_every_face() -> None:
    faces = render(digest(digest_story(), more_stories=7))
    assert "and 7 more" in faces.html
    assert "... and 7 more" in faces.text
    assert "… and 7 more" in slack_texts(faces.slack)
    assert faces.document["more_stories"] == 7


@pytest.mark.parametrize("language", ["ar", "fa", "he", "ur"])
def test_a_story_in_a_script_from_right_to_left_is_set_so(language: str) -> None:
    page = Page(render(digest(digest_story(language=language))).html)
    assert ("div", {"dir": "rtl", "lang": language}) in page.tags


@pytest.mark.parametrize("language", ["en", "ru", "zh", ""])
def test_other_stories_are_set_from_left_to_right(language: str) -> None:
    page = Page(render(digest(digest_story(language=language))).html)
    assert ("div", {"dir": "ltr", "lang": language}) in page.tags


def test_state_media_are_named_as_such_in_every_face() -> None:
    faces = render(digest(digest_story()))
    assert "state media" in faces.html
    assert "Outlet (state media)" in faces.text
    assert "Outlet (state)" in json.dumps(faces.slack)
    other = render(digest(digest_story(links=(independent("https://outlet.example/"),))))
    faces_of_it = (other.html, other.text, json.dumps(other.slack))
    assert not [face for face in faces_of_it if re.search(r">state media|\(state", face)]


def test_highlights_are_marked_where_they_stand() -> None:
    html = render(digest(digest_story())).html
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", html) == ["Russia", "Iran"]


def test_styles_stand_at_the_elements_and_the_dark_ones_in_the_sheet() -> None:
    page = Page(render(digest(digest_story())).html)
    assert "@media (prefers-color-scheme: dark)" in page.style
    styles = {name: attributes.get("style", "") for name, attributes in page.tags}
    assert "background" in styles["body"]
    assert "font-size" in styles["h1"]
    # What stands at an element would win over the dark sheet without this.
    dark = page.style.split("prefers-color-scheme: dark")[1]
    declared = re.findall(r"[a-z-]+: [^;{}]+;", dark)
    assert declared
    assert all("!important" in one for one in declared)


@pytest.mark.parametrize("title", ["Moscow and Tehran sign ", "Москва и Тегеран подписали "])
def test_forty_long_stories_are_not_cut_off_by_gmail(title: str) -> None:
    summary = "Russia and Iran signed a gas deal on Monday. " * 9
    stories = [
        story(
            number,
            *(
                report(
                    10 * number + outlet,
                    title=title * 5,
                    summary=summary,
                    outlet=f"Outlet {outlet}",
                    url=f"https://outlet{outlet}.example/{'a' * 60}",
                )
                for outlet in range(4)
            ),
        )
        for number in range(40)
    ]
    footer = DigestFooter(1, 1, 0, "model-1")
    since = NOW - timedelta(days=1)
    vocabulary = Vocabulary((Topic("economic"),), {"russia": "Russia", "iran": "Iran"})
    wanted = subscription()
    told = accounts(stories, wanted)
    full = compose(told, wanted, vocabulary, footer, since=since, until=NOW, max_stories=40)
    assert len(render(full).html.encode()) < GMAIL


def test_the_text_is_for_people() -> None:
    told = digest_story(headline='Oil & gas: "deal" <signed>', language="en")
    text = render(digest(told, more_stories=2)).text
    assert '* Oil & gas: "deal" <signed>\n  Russia and Iran signed' in text
    assert not re.search(r"&(?:amp|lt|gt|quot|#\d+);", text)
    assert "\n\n\n" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    subject, rule = text.splitlines()[:2]
    assert rule == "=" * len(subject)


def test_stories_without_an_extract_or_an_address_leave_no_hole() -> None:
    faces = render(digest(digest_story(extract="", highlights=(), links=(independent(None),))))
    assert Page(faces.html).addresses == []
    assert "extract" not in {attributes.get("class") for _, attributes in Page(faces.html).tags}
    assert "* Headline 1\n  very likely (90%)" in faces.text
    assert "  Outlet [en]\n" in faces.text


def test_all_topics_of_a_story_with_several_are_named() -> None:
    both = digest_story(topics=(Topic("economic"), Topic("military")))
    assert "economic, military" in render(digest(both)).html


# --- words, times, subjects ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("stories", "more", "amount"),
    [(0, 0, "nothing new"), (1, 0, "1 story"), (2, 0, "2 stories"), (2, 5, "7 stories")],
)
def test_the_subject_says_how_much_there_is(stories: int, more: int, amount: str) -> None:
    one = digest(*map(digest_story, range(stories)), more_stories=more)
    assert subject_line(one) == f"Russia-Iran watch: {amount}, 17 March 2026"


def test_the_subject_has_the_day_that_the_reader_has() -> None:
    late = datetime(2026, 3, 17, 22, 0, tzinfo=UTC)
    assert subject_line(digest(until=late, time_zone="Asia/Tehran")).endswith("18 March 2026")
    assert subject_line(digest(until=late, time_zone="America/New_York")).endswith("17 March 2026")


@pytest.mark.parametrize("face", ["html", "text", "slack"])
def test_times_are_told_in_the_reader_s_zone(face: str) -> None:
    faces = render(digest(digest_story(), time_zone="Asia/Tehran"))
    written = {"html": faces.html, "text": faces.text, "slack": json.dumps(faces.slack)}
    assert "17 Mar 12:30" in written[face]


def test_a_time_in_winter_and_one_in_summer_have_their_own_offsets() -> None:
    winter, summer = (datetime(2026, month, 1, 12, tzinfo=UTC) for month in (1, 7))
    times = [local_time(moment, "Europe/Berlin") for moment in (winter, summer)]
    assert times == ["1 Jan 13:00", "1 Jul 14:00"]


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (1.0, "almost certain"),
        (0.93, "almost certain"),
        (0.9299, "very likely"),
        (0.75, "very likely"),
        (0.7499, "likely"),
        (0.5, "likely"),
        (0.4999, "possible"),
        (0.0, "possible"),
    ],
)
def test_probabilities_are_told_in_words(probability: float, words: str) -> None:
    assert in_words(probability) == words


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_has_weaker_words(one: float, other: float) -> None:
    scale = ["possible", "likely", "very likely", "almost certain"]
    low, high = sorted((one, other))
    assert scale.index(in_words(low)) <= scale.index(in_words(high))


def test_every_face_says_what_is_new_and_on_how_many_words_it_rests() -> None:
    told = digest_story(
        news=("Foreign Ministry: denial",),
        reports=7,
        independent=3,
        languages=("en", "ru", "fa"),
        actors=("Rosatom", "Lavrov"),
    )
    faces = render(digest(told))
    for face in (faces.html, faces.text, json.dumps(faces.slack, ensure_ascii=False)):
        assert "Foreign Ministry: denial" in face
        assert "7 reports in en, ru, fa, 3 of them independent" in face
    assert "Rosatom, Lavrov" in faces.html
    assert "Rosatom, Lavrov" in faces.text


def test_a_story_told_for_the_first_time_claims_nothing_new() -> None:
    faces = render(digest(digest_story()))
    assert 'class="new"' not in faces.html
    assert "NEW:" not in faces.text
