from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from service.stories.copies import (
    COPIED,
    LEAD,
    MINIMA,
    CopyIndex,
    Fingerprint,
    contained,
    copies,
)

TITLE = "Russia delivers six Su-35 fighter jets to Iran"
TEXT = (
    "The first aircraft landed at an air base near Hamadan on Tuesday morning, two officials told"
    " reporters, a year after the contract was signed in Moscow. Crews trained in Russia since"
    " spring flew the jets over the Caspian Sea without weapons."
)
OTHER = (
    "Six jets built in Komsomolsk reached Hamadan after months of delay, according to a source in"
    " the arms industry, who said that pilots had been taught at a base in southern Russia."
)
IRAN_ZH = "伊朗接收俄罗斯苏-35战斗机"
TEXT_ZH = (
    "两名官员周二表示，首批六架战斗机当天上午降落在哈马丹附近的空军基地，距离合同签署已过去一年。"
)
TEXT_TH = "เครื่องบินขับไล่ลำแรกลงจอดที่ฐานทัพอากาศใกล้เมืองฮามาดานเมื่อเช้าวันอังคารหลังลงนามสัญญาเมื่อปีก่อน"


def alike(one: tuple[str, ...], other: tuple[str, ...], *, one_story: bool = False) -> bool:
    a, b = Fingerprint.of(*one), Fingerprint.of(*other)
    assert copies(a, b, one_story=one_story) == copies(b, a, one_story=one_story)
    return copies(a, b, one_story=one_story)


def prose(words: int, seed: int) -> str:
    """Return a text of so many words, which shares hardly three in a row with one of other seed."""
    chance = random.Random(seed)
    return " ".join(f"word{chance.randrange(400)}" for _ in range(words))


# --- short texts, as feeds have them ---------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        (TITLE, TEXT),
        (TITLE.upper(), TEXT.lower()),
        (TITLE + " - Reuters", TEXT),
        ("UPDATE 1-" + TITLE, TEXT),
        (TITLE, "HAMADAN, Iran (AP) — " + TEXT),
        (TITLE, TEXT[:150] + "..."),
        (TITLE, TEXT + " Read more on our site. The post appeared first there."),
        ("Iran gets six Russian fighter jets", TEXT),
        (TITLE, TEXT.replace("Tuesday", "Wednesday").replace("two officials", "an official")),
        (TITLE, "“" + TEXT.replace(",", " –") + "”"),
    ],
)
def test_a_text_that_was_cut_or_given_another_head_is_a_copy(title: str, summary: str) -> None:
    assert alike((TITLE, TEXT), (title, summary))


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        (TITLE, OTHER),
        ("Six jets for Tehran", OTHER),
        ("Gas price falls in Baku", TEXT.upper()[::-1]),
        ("", ""),
        (TITLE.replace("six", "6") + " after 3 years", OTHER),
    ],
)
def test_a_report_of_ones_own_is_no_copy(title: str, summary: str) -> None:
    assert not alike((TITLE, TEXT), (title, summary))


def test_one_notice_under_every_article_makes_no_copies() -> None:
    notice = (
        "This text may not be printed, broadcast, rewritten or passed on. All rights stay with the"
        " Harbour Post and its partners. Prices are shown with a delay of fifteen minutes."
    )
    assert not alike((TITLE, notice), ("Minister of oil resigns over pipeline leak", notice))


def test_titles_with_other_numbers_are_reports_of_one_form() -> None:
    form = "{} killed in drone attack on port of Odesa, officials say"
    text = "Rescuers searched the port through the night, officials of the region told reporters."
    assert not alike((form.format(12), text), (form.format(15), text))
    assert alike((form.format(12), text), (form.format("Dozens"), text))


def test_of_one_story_less_is_enough() -> None:
    reworded = (
        "The first jets touched down at an air base near Hamadan on Tuesday morning, two officials"
        " told the agency, a year after it was signed. Crews trained in Russia since"
        " spring flew over the Caspian without weapons."
    )
    share = contained(Fingerprint.of(TITLE, TEXT), Fingerprint.of(TITLE, reworded))
    assert 0.5 <= share < COPIED
    assert not alike((TITLE, TEXT), (TITLE, reworded))
    assert alike((TITLE, TEXT), (TITLE, reworded), one_story=True)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("Lavrov in Tehran",), ("Lavrov in Tehran - Reuters",), True),
        (("Lavrov in Tehran",), ("Lavrov in Tehran", TEXT), False),
        (("Lavrov in Tehran",), ("Lavrov in Moscow",), False),
        ((TITLE,), (TITLE, TITLE + " Reuters"), True),
        ((TITLE,), (TITLE, TEXT), True),
        ((TITLE,), ("Iran says jets have landed", TEXT), False),
        (("",), ("",), False),
        (("!!!",), ("???",), False),
    ],
)
def test_little_text_is_compared_strictly(
    one: tuple[str, ...], other: tuple[str, ...], expected: bool
) -> None:
    assert alike(one, other) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((IRAN_ZH, TEXT_ZH), ("伊朗接收战斗机", "新华社德黑兰电 " + TEXT_ZH), True),
        ((IRAN_ZH, TEXT_ZH), (IRAN_ZH, TEXT_ZH[:30]), True),
        (
            (IRAN_ZH, TEXT_ZH),
            (IRAN_ZH, "塔斯社援引军工业人士的话说，飞行员此前在俄南部基地受训数月。"),
            False,
        ),
        (("ขับไล่", TEXT_TH), ("ขับไล่", TEXT_TH[:70]), True),
        (
            (
                "جنگنده‌های روسی در همدان فرود آمدند",
                "نخستين هواپيماها صبح سه‌شنبه در پايگاهي نزديک همدان فرود آمدند.",
            ),
            (
                "جنگنده‌های روسی در همدان فرود آمدند",
                "نخستین هواپیماها صبح سه‌شنبه در پایگاهی نزدیک همدان فرود آمدند.",
            ),
            True,
        ),
        (("İRAN UÇAKLARI ALDI", TEXT), ("İran uçakları aldı", TEXT), True),
        (("Ещё шесть самолётов", TEXT), ("Еще шесть самолетов", TEXT), True),
    ],
    ids=["zh", "zh cut", "zh other", "th", "fa keyboards", "tr", "ru"],
)
def test_every_script_is_compared(
    one: tuple[str, ...], other: tuple[str, ...], expected: bool
) -> None:
    assert alike(one, other) is expected


# --- pages -----------------------------------------------------------------------------------

PAGE = prose(600, 1)
SQUARES = " ".join(f"word{number * number % 997}" for number in range(600))


def with_changes(text: str, every: int) -> str:
    words = text.split()
    return " ".join("changed" if at % every == 0 else word for at, word in enumerate(words, 1))


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PAGE, True),
        (with_changes(PAGE, 40), True),
        (" ".join(PAGE.split()[:400]), True),
        (" ".join(PAGE.split()[:60]), True),
        (prose(80, 2) + " " + PAGE, True),
        (prose(600, 3), False),
        (with_changes(PAGE, 3), False),
        (" ".join(PAGE.split()[:100]) + " " + prose(500, 4), False),
    ],
    ids=["same", "edited", "two thirds", "its start", "own head", "other", "rewritten", "quoted"],
)
def test_pages_are_compared_as_feeds_are(page: str, expected: bool) -> None:
    assert alike((TITLE, "", PAGE), (TITLE, "", page)) is expected


def test_a_feeds_teaser_is_a_copy_of_the_page_it_comes_from() -> None:
    assert alike((TITLE, TEXT), ("Iran gets Russian jets", TEXT, TEXT + " " + PAGE))
    assert not alike((TITLE, OTHER), ("Iran gets Russian jets", TEXT, TEXT + " " + PAGE))


@pytest.mark.parametrize("shared", [0.0, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_the_minima_tell_how_much_is_shared(shared: float) -> None:
    estimates = []
    for seed in range(10):
        common = prose(int(1000 * shared), 2 * seed) + " "
        one, other = (
            common + prose(1000 - int(1000 * shared), 100 * seed + side) for side in (51, 52)
        )
        estimates.append(contained(Fingerprint.of("", "", one), Fingerprint.of("", "", other)))
    assert sum(estimates) / 10 == pytest.approx(shared, abs=0.04)


# --- storing ---------------------------------------------------------------------------------

TEXTS = st.text(st.sampled_from("ab cdeж иран伊朗战机 -35.\n"), max_size=60) | st.text(max_size=40)
PRINTS = st.builds(Fingerprint.of, TEXTS, TEXTS, TEXTS | st.just(PAGE))


@given(PRINTS, PRINTS)
@settings(max_examples=150, deadline=None)
def test_any_two_texts_can_be_compared_and_stored(a: Fingerprint, b: Fingerprint) -> None:
    assert Fingerprint.from_bytes(a.to_bytes()) == a
    assert 0 <= contained(a, b) == contained(b, a) <= 1
    assert copies(a, b) == copies(b, a)
    assert copies(a, a) == bool(a.size)
    assert len(a.lead) == min(a.size, LEAD)
    assert len(a.minima) == (MINIMA if a.size > LEAD else 0)


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: b"\x01" + tail))
@settings(max_examples=200, deadline=None)
@example(b"\x01" + bytes(11))
@example(b"\x01" + bytes(4) + b"\x01" + bytes(11))
def test_bytes_that_are_no_fingerprint_say_how_to_mend_it(stored: bytes) -> None:
    assume(not whole(stored))
    with pytest.raises(ValueError, match="make it anew"):
        Fingerprint.from_bytes(stored)


def whole(stored: bytes) -> bool:
    """Tell whether bytes are a head and as many numbers as it promises."""
    if len(stored) < 13 or stored[0] != 1:
        return False
    promised = sum(int.from_bytes(stored[at : at + 2], "little") for at in range(5, 13, 2))
    return len(stored) - 13 in (4 * promised, 4 * (promised + MINIMA))


def test_a_fingerprint_of_another_version_is_refused() -> None:
    stored = Fingerprint.of(TITLE, TEXT).to_bytes()
    with pytest.raises(ValueError, match="version 1"):
        Fingerprint.from_bytes(b"\x02" + stored[1:])


def test_a_fingerprint_is_small() -> None:
    assert len(Fingerprint.of(TITLE, TEXT).to_bytes()) < 500
    assert len(Fingerprint.of(TITLE, TEXT, PAGE).to_bytes()) < 1_800


def test_a_text_has_one_fingerprint_in_every_process_and_release() -> None:
    """Stored fingerprints are compared with new ones: raise the version if this must change."""
    script = (
        "from tests.stories.test_copies import SQUARES, TEXT, TITLE, Fingerprint; import sys;"
        "sys.stdout.buffer.write(Fingerprint.of(TITLE, TEXT, SQUARES).to_bytes())"
    )
    here = Fingerprint.of(TITLE, TEXT, SQUARES).to_bytes()
    there = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    assert there == here
    assert hashlib.sha256(here).hexdigest()[:16] == "1dfd2b2301afb8a4"


# --- many ------------------------------------------------------------------------------------


def index(*texts: Fingerprint) -> CopyIndex[int]:
    made: CopyIndex[int] = CopyIndex()
    for number, text in enumerate(texts, 1):
        made.add(number, text)
    return made


def test_the_index_finds_the_copies_and_nothing_else_in_the_order_they_came() -> None:
    known = index(
        Fingerprint.of(TITLE, OTHER),
        Fingerprint.of(TITLE, TEXT[:150]),
        Fingerprint.of("Gas", "", PAGE),
        Fingerprint.of(TITLE, "AP - " + TEXT),
    )
    assert known.find(Fingerprint.of(TITLE, TEXT)) == [2, 4]
    assert known.find(Fingerprint.of("Gas", "", prose(90, 5) + " " + PAGE)) == [3]
    assert known.find(Fingerprint.of("Nothing", "of the kind was ever said in this room.")) == []
    assert known.find(Fingerprint.of("")) == []


def test_pages_with_other_heads_meet_by_their_minima() -> None:
    known = index(Fingerprint.of("Gas deal", "", prose(300, 8) + " " + PAGE))
    assert known.find(Fingerprint.of("Gas deal", "", prose(200, 9) + " " + PAGE)) == [1]


def test_an_edit_replaces_a_text_and_what_is_taken_out_is_not_found() -> None:
    known = index(Fingerprint.of(TITLE, TEXT), Fingerprint.of(TITLE, TEXT, PAGE))
    known.add(1, Fingerprint.of(TITLE, OTHER))
    assert known.find(Fingerprint.of(TITLE, TEXT)) == [2]
    assert known.find(Fingerprint.of(TITLE, OTHER)) == [1]
    known.discard(2)
    known.discard(2)
    assert known.find(Fingerprint.of(TITLE, TEXT)) == []
    assert len(known) == 1


@given(st.lists(PRINTS, max_size=8), PRINTS, st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_index_finds_what_comparing_with_each_finds(
    texts: list[Fingerprint], text: Fingerprint, one_story: bool
) -> None:
    each = [n for n, other in enumerate(texts, 1) if copies(text, other, one_story=one_story)]
    assert index(*texts).find(text, one_story=one_story) == each
