from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import ArticleId, Item, OpenStory, StoryId
from service.settings import Settings
from service.stories.grouping import LEAD_CHARACTERS, group, terms

SIMILARITY = 0.3

RAIL = Item(
    "Russia and Iran sign Rasht-Astara railway loan",
    "Moscow and Tehran signed a loan agreement for the railway on Tuesday.",
)
RAIL_AGAIN = Item(
    "Moscow, Tehran agree loan for Rasht-Astara railway",
    "Iran and Russia signed a loan agreement for the Rasht-Astara line, ministers said.",
)
JETS = Item(
    "Russia delivers Su-35 fighter jets to Iran",
    "The first aircraft landed at an air base near Hamadan, officials told reporters.",
)
JETS_AGAIN = Item(
    "Iran receives Su-35 fighter jets from Russia",
    "Officials said the first aircraft landed at the Hamadan air base.",
)
RAIL_IN_CHINESE = Item("俄罗斯与伊朗签署铁路贷款协议", "两国周二签署拉什特至阿斯塔拉铁路贷款协议。")
RAIL_IN_CHINESE_AGAIN = Item("伊俄签署铁路贷款协议", "拉什特至阿斯塔拉铁路贷款协议周二签署。")
JETS_IN_CHINESE = Item("俄罗斯向伊朗交付苏-35战机", "首批飞机降落在哈马丹空军基地。")

ITEMS = st.builds(Item, st.text(max_size=30), st.text(max_size=30))


def numbered(*items: Item) -> list[tuple[ArticleId, Item]]:
    return [(ArticleId(number), item) for number, item in enumerate(items, 1)]


def groups(*items: Item, similarity: float = SIMILARITY) -> list[list[int]]:
    """Return the numbers, from 1, of the articles that fall together where no story is open."""
    return [list(gained) for _, gained in group(numbered(*items), [], similarity)]


# --- the words an article is compared by ---------------------------------------------------


@pytest.mark.parametrize(
    "suffix",
    [" - Reuters", " | Reuters", " – ТАСС", " — ایرنا", " - The Moscow Times", " - Al-Monitor"],
)
def test_a_publishers_suffix_is_no_part_of_the_event(suffix: str) -> None:
    title = "Gas deal signed in Tehran"
    assert terms(Item(title + suffix, "")) == terms(Item(title, ""))


@pytest.mark.parametrize("title", ["Rasht-Astara railway", "Su-35 delivered", "2025-2026 plan"])
def test_a_hyphen_within_a_word_starts_no_suffix(title: str) -> None:
    assert terms(Item(title, "")) == terms(Item(title.replace("-", " "), ""))


@pytest.mark.parametrize(
    ("upper", "lower"), [("МОСКВА", "москва"), ("STRASSE", "straße"), ("İRAN", "iran")]
)
def test_capitals_make_no_other_word(upper: str, lower: str) -> None:
    assert terms(Item(upper, "")) == terms(Item(lower, ""))


def test_a_suffix_is_taken_from_the_title_alone() -> None:
    assert "hamadan" in terms(Item("Jets land", "They came to an air base - Hamadan"))


def test_case_and_punctuation_do_not_matter() -> None:
    assert terms(Item("GAS DEAL: “Signed”!", "")) == terms(Item("gas deal signed", ""))


def test_only_the_lead_counts() -> None:
    lead = "x" * LEAD_CHARACTERS
    assert terms(Item("Title", lead + " later")) == terms(Item("Title", lead))


def test_chinese_is_compared_by_pairs_of_characters() -> None:
    assert terms(Item("俄罗斯", "")) == {"俄罗", "罗斯"}


def test_a_single_chinese_character_counts_by_itself() -> None:
    assert terms(Item("俄", "")) == {"俄"}


def test_latin_words_within_chinese_text_are_kept() -> None:
    assert "su35" in terms(Item("俄罗斯Su35战机交付伊朗", ""))


@pytest.mark.parametrize(
    "words",
    [
        {"россия", "иран"},
        {"روسیه", "ایران"},
        {"रूस", "और", "ईरान"},
        {"רוסיה", "איראן"},
        {"rusya", "ırak"},
    ],
    ids=["ru", "fa", "hi", "he", "tr"],
)
def test_words_of_every_script_are_kept_whole(words: set[str]) -> None:
    assert terms(Item(" ".join(sorted(words)), "")) == words


# --- stories -------------------------------------------------------------------------------


def test_the_similarity_tested_here_is_the_one_that_is_shipped(shipped_settings: Settings) -> None:
    assert shipped_settings.stories.similarity == SIMILARITY


def test_reports_of_one_event_fall_together_and_of_another_stay_apart() -> None:
    assert groups(RAIL, JETS, RAIL_AGAIN, JETS_AGAIN) == [[1, 3], [2, 4]]


def test_chinese_reports_of_one_event_fall_together() -> None:
    together = groups(RAIL_IN_CHINESE, JETS_IN_CHINESE, RAIL_IN_CHINESE_AGAIN)
    assert together == [[1, 3], [2]]


def test_a_report_joins_the_open_story_of_its_event() -> None:
    stories = [OpenStory(StoryId(7), (JETS,)), OpenStory(StoryId(8), (RAIL,))]
    assert group(numbered(RAIL_AGAIN), stories, SIMILARITY) == [(StoryId(8), [ArticleId(1)])]


def test_a_report_of_another_event_opens_a_story() -> None:
    stories = [OpenStory(StoryId(7), (JETS,))]
    assert group(numbered(RAIL), stories, SIMILARITY) == [(None, [ArticleId(1)])]


def test_the_nearest_article_of_a_story_decides_and_not_its_first() -> None:
    stories = [OpenStory(StoryId(7), (JETS, RAIL))]
    assert group(numbered(RAIL_AGAIN), stories, SIMILARITY) == [(StoryId(7), [ArticleId(1)])]


def test_an_article_joins_a_story_that_the_same_batch_opened() -> None:
    stories = [OpenStory(StoryId(7), (JETS,))]
    gains = group(numbered(RAIL, JETS_AGAIN, RAIL_AGAIN), stories, SIMILARITY)
    assert gains == [(None, [ArticleId(1), ArticleId(3)]), (StoryId(7), [ArticleId(2)])]


def test_stories_that_gain_nothing_are_not_named() -> None:
    stories = [OpenStory(StoryId(7), (JETS,)), OpenStory(StoryId(8), (RAIL,))]
    assert group([], stories, SIMILARITY) == []


def test_a_publishers_suffix_does_not_hold_two_events_together() -> None:
    suffix = " - Islamic Republic News Agency"
    rail, jets = (Item(i.title + suffix, "") for i in (RAIL, JETS))
    assert groups(rail, jets) == [[1], [2]]


def test_the_same_text_falls_together_at_the_strictest_similarity() -> None:
    assert groups(RAIL, JETS, RAIL, similarity=0.999) == [[1, 3], [2]]


@pytest.mark.parametrize("text", ["", " - ", "!!!", "🚂🚂", "a b c"])
def test_articles_without_words_do_not_fall_together(text: str) -> None:
    empty = Item(text, "")
    assert groups(empty, RAIL, empty, similarity=0.01) == [[1], [2], [3]]


def test_an_article_without_words_joins_no_open_story_of_such() -> None:
    stories = [OpenStory(StoryId(7), (Item("", ""),))]
    assert group(numbered(Item("", "")), stories, SIMILARITY) == [(None, [ArticleId(1)])]


@given(st.lists(ITEMS, max_size=8), st.lists(ITEMS, max_size=4), st.floats(0, 1))
@settings(max_examples=150, deadline=None)
def test_every_article_ends_up_in_one_story_in_the_order_it_came(
    items: list[Item], known: list[Item], similarity: float
) -> None:
    stories = [OpenStory(StoryId(100 + n), (item,)) for n, item in enumerate(known)]
    gains = group(numbered(*items), stories, similarity)
    members = [article for _, gained in gains for article in gained]
    assert sorted(members) == list(range(1, len(items) + 1))
    assert all(gained == sorted(gained) for _, gained in gains)
    firsts = [gained[0] for _, gained in gains]
    assert firsts == sorted(firsts)
    joined = [story for story, _ in gains if story is not None]
    assert len(joined) == len(set(joined))
    assert set(joined) <= {story.id for story in stories}
