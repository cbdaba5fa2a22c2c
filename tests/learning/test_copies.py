from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from service.learning.copies import NEAR, grams, near_copies

TEXT = "Moscow and Tehran sign a long and detailed agreement on the Rasht-Astara railway line"


def test_a_near_copy_is_found_and_another_text_is_none() -> None:
    texts = [TEXT, "Another text altogether, of about this length", TEXT.replace("long", "lone")]
    ((first, second, share),) = near_copies(texts)
    assert (first, second) == (0, 2)
    assert share > NEAR


def test_case_and_spacing_make_no_difference() -> None:
    ((_, _, share),) = near_copies([TEXT, TEXT.upper().replace(" ", "  ")])
    assert share == 1


@given(st.lists(st.text("ab ", min_size=4, max_size=30), max_size=12))
def test_what_is_found_is_what_comparing_each_with_each_finds(texts: list[str]) -> None:
    sets = [grams(text) for text in texts]
    slowly = {
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if len(sets[a] & sets[b]) >= NEAR * len(sets[a] | sets[b])
    }
    assert {(a, b) for a, b, _ in near_copies(texts)} == slowly
