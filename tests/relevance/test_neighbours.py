from __future__ import annotations

from service.records import Item
from service.relevance.mentions import MentionFinder
from service.relevance.neighbours import Neighbours
from service.wiring.models import encoder

FINDER = MentionFinder(
    {
        "russia": {"country": ["Russia*", "Moscow"]},
        "iran": {"country": ["Iran*", "Tehran"]},
    }
)
EXAMPLES = [
    (Item("Russia and Iran hold a naval drill in the Caspian", ""), True, "positive"),
    (Item("Russia beats Iran in the volleyball final", "Five sets."), False, "both-sport-culture"),
    (Item("Iran votes", ""), False, "iran-only"),
]
NEIGHBOURS = Neighbours(FINDER, encoder(), EXAMPLES)


def test_the_example_on_the_same_matter_is_the_nearest() -> None:
    first, second = NEIGHBOURS.nearest(Item("Warships of Moscow and Tehran exercise", ""), 5)
    assert (first.label, first.text) == (True, EXAMPLES[0][0].title)
    assert second.text == "Russia beats Iran in the volleyball final - Five sets."
    assert 1 > first.similarity > second.similarity


def test_the_same_text_is_as_near_as_can_be_whatever_the_sides_are_called() -> None:
    item = Item("Moscow and Tehran hold a naval drill in the Caspian", "")
    assert NEIGHBOURS.nearest(item, 1)[0].similarity > 0.999


def test_an_item_that_names_one_side_has_no_neighbours() -> None:
    assert NEIGHBOURS.nearest(Item("Iran votes", ""), 3) == []
