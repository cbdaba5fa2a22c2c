"""Amounts in every script: what counts, and what only says when or which."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.stories.numbers import numbers
from service.text import fold


def amounts(text: str) -> list[float]:
    return [value for value, _ in numbers(fold(text))]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("13 drones and 16 missiles", [13, 16]),
        ("a line of 162 km", [162]),
        ("up 12.5 percent", [12.5]),
        ("1,350 containers, 10,000 tonnes", [1350, 10_000]),
        ("1.35 billion euros", [1.35e9]),
        ("$400m and €1.3bn", [4e8, 1.3e9]),
        ("60k troops", [60_000]),
        ("10-12 billion dollars", [10, 1.2e10]),
        ("a 250-kilometre route", [250]),
        ("over 100km away", [100]),
        ("1100 million", [1.1e9]),
        ("1,3 млрд евро", [1.3e9]),
        ("60 тыс. тонн", [60_000]),
        ("10 000 тонн", [10_000]),
        ("300 миллионов долларов", [3e8]),
        ("16 мільярдів", [1.6e10]),
        ("1,6 miliarda, 20 tys. ton", [1.6e9, 20_000]),
        ("۸۰۰ میلیون یورو", [8e8]),
        ("۱/۳ میلیارد یورو", [1.3e9]),
        ("۱۰٬۰۰۰ تن", [10_000]),
        ("۲ میلیارد و ۵۰۰ میلیون دلار", [2.5e9]),
        ("بين 10 و12 مليار دولار", [10, 1.2e10]),
        ("٣٠٠ مليون متر مكعب", [3e8]),
        ("出资16亿欧元，125公里", [1.6e9, 125]),
        ("1亿2000万美元", [1.2e8]),
        ("29套道尔-M1", [29]),
        ("7.4亿美元", [7.4e8]),
        ("1,5 Milliarden Euro", [1.5e9]),
        ("1.750 Tonnen", [1750]),
        ("25 mil millones de dólares", [2.5e10]),
        ("4 000 personnes, 3,5 millions", [4000, 3.5e6]),
        ("20 bini buldu, 30 milyar", [20_000, 3e10]),
        ("5 bilhões", [5e9]),
        ("כ-30 מיליון, 38 נפצעו", [3e7, 38]),
        ("५ करोड़, 2 अरब", [5e7, 2e9]),
    ],
)
def test_amounts_are_the_same_in_every_way_of_writing(text: str, values: list[float]) -> None:
    assert amounts(text) == values


@pytest.mark.parametrize(
    "text",
    [
        # Years, days, dates and times.
        "in 2023",
        "2022-23"[:4],
        "September 14, 2022",
        "on March 21",
        "21 March",
        "Aug. 9",
        "the 18th of October",
        "13-15 июня",
        "26 июля",
        "17 stycznia 2025",
        "22. Juni",
        "13 de junio",
        "le 13 juin",
        "2 березня",
        "17 Temmuz",
        "13 iyun",
        "ב-26 בספטמבר",
        "१२ जुलाई",
        "18 أكتوبر",
        "26 تموز",
        "۲۱ آبان",
        "اسفند ۱۴۰۰",
        "1 اسفند 1293",
        "2026年2月14日",
        "14日",
        "12.03.2025, 2025-03-12, 12/3/2025, ۱۴۰۳/۰۵/۰۲",
        "at 14:30, 16 Uhr, 9 a.m., 7pm, ore 17.50, 18h45, ساعت ۲۰",
        # Ranks and codes.
        "the 5th round, 10-й пакет",
        "第5届",
        "+3, 007, 12345678901234567890",
        # Names.
        "Su-35, Су-57, С-400, G7, F-35s, COVID-19, اس-۳۰۰, סוחוי-35",
        "24/7",
        "one, zero and 1",
    ],
)
def test_what_says_when_or_which_is_no_amount(text: str) -> None:
    assert amounts(text) == []


def test_a_number_within_a_name_is_left_out() -> None:
    text = fold("shahed 136, 17 of them")
    assert numbers(text, [(0, len("shahed 136"))]) == [(17.0, 12)]


def test_where_an_amount_starts_is_told() -> None:
    assert numbers("some 1.3 billion") == [(1.3e9, 5)]


@given(
    st.integers(2, 1899), st.sampled_from(["{}", "{} drones", "о {} дронах", "{}枚导弹", "的{}"])
)
def test_a_count_is_found_in_any_digits(count: int, frame: str) -> None:
    for zero in "0٠۰०":
        digits = "".join(chr(ord(zero) + int(digit)) for digit in str(count))
        expected = [] if zero == "۰" and 1290 <= count <= 1450 else [count]
        assert amounts(frame.format(digits)) == expected


@given(st.text(st.sampled_from("0123456789٠۹०.,:/-' +$mk%第月亿万áиو"), max_size=40))
def test_no_text_is_too_strange(text: str) -> None:
    assert all(math.isfinite(value) and value > 1 for value in amounts(text))
