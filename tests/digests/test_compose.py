from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.digests.compose import EXTRACT_CHARACTERS, MAX_LINKS, Vocabulary, compose
from service.digests.wording import highlighted
from service.records import (
    Affiliation,
    Digest,
    DigestFooter,
    DigestStory,
    Evidence,
    Mention,
    Story,
    Topic,
)
from tests.make import NOW, accounts, digest_story, report, story, subscription

VOCABULARY = Vocabulary(
    tuple(Topic(topic) for topic in ("military", "economic", "diplomatic")),
    {"russia": "Russia", "iran": "Iran"},
)
FOOTER = DigestFooter(1200, 40, 2, "model-1")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=700).map(lambda s: " ".join(s.split()))


def made(*stories: Story, max_stories: int = 40, **wishes: Any) -> Digest:
    wanted = subscription(**wishes)
    return compose(
        accounts(stories, wanted),
        wanted,
        VOCABULARY,
        FOOTER,
        since=NOW - timedelta(days=1),
        until=NOW,
        max_stories=max_stories,
    )


def told(one: Story, **wishes: Any) -> DigestStory:
    (only,) = made(one, **wishes).stories
    return only


def evidence(
    sentence: str = "", *named: tuple[str, str], phrases: tuple[tuple[str, float], ...] = ()
) -> Evidence:
    mentions = tuple(Mention("russia", "country", text, field, 0, 1) for text, field in named)
    return Evidence(mentions, sentence, phrases)


# --- the digest as a whole -----------------------------------------------------------------


def test_the_digest_carries_the_subscription_s_name_title_and_zone_and_the_footer() -> None:
    digest = made(story(), title="Gulf desk", time_zone="Asia/Dubai")
    assert (digest.subscription, digest.title, digest.time_zone) == (
        "desk",
        "Gulf desk",
        "Asia/Dubai",
    )
    assert (digest.footer, digest.since, digest.until) == (FOOTER, NOW - timedelta(days=1), NOW)


def test_no_stories_make_a_digest_without_sections() -> None:
    digest = made()
    assert (digest.sections, digest.stories, digest.more_stories) == ((), (), 0)


def test_a_digest_is_no_sample_unless_it_is_said_to_be_one() -> None:
    assert not made(story()).sample


@given(st.lists(st.sampled_from([*VOCABULARY.topics, "culture"]), max_size=30), st.integers(1, 12))
def test_every_story_is_told_once_or_counted(topics: list[str], max_stories: int) -> None:
    stories = [story(n, report(n, topics=(topic,))) for n, topic in enumerate(topics)]
    digest = made(*stories, max_stories=max_stories)
    # The most important come first: those are the ones that must not be left out.
    assert {s.story_id for s in digest.stories} == {s.id for s in stories[:max_stories]}
    assert len(digest.stories) + digest.more_stories == len(stories)


def test_sections_come_in_the_topic_s_order_and_only_with_stories() -> None:
    digest = made(
        story(1, report(1, topics=("diplomatic",))), story(2, report(2, topics=("military",)))
    )
    assert [section.topic for section in digest.sections] == ["military", "diplomatic"]


def test_within_a_section_the_order_of_importance_is_kept() -> None:
    digest = made(story(3), story(1), story(2))
    assert [s.story_id for s in digest.stories] == [3, 1, 2]


def test_a_story_stands_under_the_topic_that_most_of_its_reports_have() -> None:
    reports = (report(1, topics=("military", "economic")), report(2, topics=("economic",)))
    digest = made(story(1, *reports))
    assert [section.topic for section in digest.sections] == ["economic"]
    assert digest.stories[0].topics == ("military", "economic")


# --- the report that leads -----------------------------------------------------------------


def test_a_report_in_a_wanted_language_leads_before_a_surer_one_in_another() -> None:
    one = story(1, report(1, 0.99, title="Sure"), report(2, 0.6, title="Верно", language="ru"))
    assert told(one, languages=("ru",)).headline == "Верно"
    assert told(one, languages=("ru",)).language == "ru"


def test_without_a_wish_for_languages_the_surest_report_leads() -> None:
    one = story(1, report(1, 0.7, title="Less sure"), report(2, 0.8, title="Surer"))
    assert told(one).headline == "Surer"


def test_of_equally_sure_reports_the_first_one_stored_leads() -> None:
    assert told(story(1, report(2, title="Second"), report(1, title="First"))).headline == "First"


def test_the_probability_is_that_of_the_surest_report_even_if_another_leads() -> None:
    one = story(1, report(1, 0.99), report(2, 0.6, language="ru"))
    assert told(one, languages=("ru",)).probability == 0.99


# --- when it was first reported ------------------------------------------------------------


def test_a_story_was_first_reported_at_the_earliest_date_of_its_reports() -> None:
    early = NOW - timedelta(hours=9)
    assert told(story(1, report(1), report(2, published_at=early))).first_reported_at == early


def test_a_report_without_a_date_counts_from_when_it_was_seen() -> None:
    seen = NOW - timedelta(hours=5)
    undated = report(1, published_at=None, seen_at=seen)
    assert told(story(1, undated)).first_reported_at == seen


def test_a_date_in_the_future_is_not_believed() -> None:
    future = report(1, published_at=NOW + timedelta(days=300))
    assert told(story(1, future)).first_reported_at <= NOW


@pytest.mark.parametrize("year", [1, 1970])
def test_a_date_from_before_there_were_feeds_is_not_believed(year: int) -> None:
    # What programs write that have no date: the beginning of their calendar.
    seen = NOW - timedelta(hours=5)
    ancient = report(1, published_at=datetime(year, 1, 1, tzinfo=UTC), seen_at=seen)
    assert told(story(1, ancient)).first_reported_at == seen


# --- the extract ---------------------------------------------------------------------------


def test_the_extract_is_the_sentence_that_carries_the_link() -> None:
    summary = "Prices rose. Russia and Iran signed a deal. Rain is expected."
    lead = report(1, summary=summary, evidence=evidence("Russia and Iran signed a deal."))
    assert told(story(1, lead)).extract == "Russia and Iran signed a deal."


@pytest.mark.parametrize("sentence", ["", "A sentence that stands in the title."])
def test_without_such_a_sentence_in_the_summary_its_first_two_are_taken(sentence: str) -> None:
    lead = report(1, summary="One. Two! Three?", evidence=evidence(sentence))
    assert told(story(1, lead)).extract == "One. Two!"


@pytest.mark.parametrize(
    ("summary", "extract"),
    [
        ("مسکو موافقت کرد؟ تهران هم. پایان.", "مسکو موافقت کرد؟ تهران هم."),
        ("یہ پہلا ہے۔ یہ دوسرا ہے۔ تیسرا۔", "یہ پہلا ہے۔ یہ دوسرا ہے۔"),
        ("रूस ने कहा। ईरान ने कहा। अंत।", "रूस ने कहा। ईरान ने कहा।"),
    ],
)
def test_sentences_are_told_apart_in_other_scripts(summary: str, extract: str) -> None:
    assert told(story(1, report(1, summary=summary, evidence=Evidence()))).extract == extract


def test_sentences_without_spaces_between_them_are_told_apart() -> None:
    lead = report(1, summary="俄罗斯同意。伊朗也同意。结束。", evidence=Evidence())
    extract = told(story(1, lead)).extract
    assert extract.startswith("俄罗斯同意。")
    assert "结束" not in extract


def test_a_second_sentence_that_is_too_long_is_left_out_whole() -> None:
    summary = f"Short one. {'long ' * 80}."
    assert told(story(1, report(1, summary=summary, evidence=Evidence()))).extract == "Short one."


def test_a_long_sentence_is_cut_at_a_word_and_says_so() -> None:
    lead = report(1, summary="Moscow " * 100, evidence=Evidence())
    extract = told(story(1, lead)).extract
    assert extract.endswith("Moscow …")
    assert len(extract) <= EXTRACT_CHARACTERS + 2


def test_a_long_text_without_a_space_is_cut_nevertheless() -> None:
    extract = told(story(1, report(1, summary="俄" * 1000, evidence=Evidence()))).extract
    assert extract == "俄" * EXTRACT_CHARACTERS + " …"


def test_an_article_that_is_a_title_alone_has_no_extract() -> None:
    assert told(story(1, report(1, summary="", evidence=Evidence()))).extract == ""


@given(TEXTS)
def test_an_extract_is_never_long_and_never_made_up(summary: str) -> None:
    extract = told(story(1, report(1, summary=summary, evidence=Evidence()))).extract
    assert len(extract) <= EXTRACT_CHARACTERS + 2
    assert set(extract) <= set(summary) | set(" …")


# --- highlights ----------------------------------------------------------------------------


def test_each_naming_of_a_side_in_the_extract_is_highlighted() -> None:
    summary = "Russia met Iran. Iran agreed."
    named = evidence("", ("Russia", "summary"), ("Iran", "title"))
    one = told(story(1, report(1, summary=summary, evidence=named)))
    assert [piece for piece, marked in highlighted(one) if marked] == ["Russia", "Iran", "Iran"]


def test_of_overlapping_names_the_longest_is_highlighted() -> None:
    named = evidence("", ("Iran", "title"), ("Iranian", "title"), ("Iranian navy", "title"))
    one = told(story(1, report(1, summary="The Iranian navy sailed.", evidence=named)))
    assert [piece for piece, marked in highlighted(one) if marked] == ["Iranian navy"]


def test_a_name_inside_another_word_is_not_highlighted() -> None:
    named = evidence("", ("Rus", "title"))
    one = told(story(1, report(1, summary="A virus, a walrus. Rus won.", evidence=named)))
    assert one.highlights == ((19, 22),)


def test_a_name_with_signs_that_mean_something_to_patterns_is_taken_as_it_is() -> None:
    named = evidence("", ("I.R. (Iran)*", "title"), ("", "title"))
    one = told(story(1, report(1, summary="The I.R. (Iran)* spoke", evidence=named)))
    assert [piece for piece, marked in highlighted(one) if marked] == ["I.R. (Iran)*"]


@given(TEXTS, st.lists(st.text("Irané* .", max_size=4), max_size=5))
def test_the_pieces_of_an_extract_make_it_up_again(summary: str, names: list[str]) -> None:
    named = evidence("", *((name, "summary") for name in names))
    one = told(story(1, report(1, summary=summary, evidence=named)))
    pieces = highlighted(one)
    assert "".join(piece for piece, _ in pieces) == one.extract
    assert all(piece for piece, _ in pieces)
    assert {piece for piece, marked in pieces if marked} <= set(names)


def test_an_extract_that_is_one_highlight_is_one_piece() -> None:
    assert highlighted(digest_story(extract="Iran", highlights=((0, 4),))) == [("Iran", True)]


# --- why -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (("title",), "the title"),
        (("title", "title"), "the title"),
        (("summary",), "the summary"),
        (("title", "summary"), "the title and the text"),
        ((), "the text"),
    ],
)
def test_the_reason_says_where_the_sides_are_named(fields: tuple[str, ...], place: str) -> None:
    lead = report(1, evidence=evidence("", *(("Iran", field) for field in fields)))
    assert told(story(1, lead)).why == f"names Russia and Iran in {place}"


def test_the_reason_gives_the_strongest_words_that_spoke_for_it() -> None:
    phrases = (("gas", 2.0), ("football", -1.5), ("pipe", 0.9), ("a", 0.5), ("b", 0.4), ("c", 0.3))
    lead = report(1, evidence=evidence("", ("Iran", "title"), phrases=phrases))
    assert told(story(1, lead)).why.endswith("; strongest words: gas, pipe, a, b")


def test_the_reason_is_that_of_the_report_that_leads() -> None:
    sure = report(1, 0.9, evidence=evidence("", ("Iran", "title")))
    doubtful = report(2, 0.2, evidence=evidence("", ("Iran", "summary")))
    assert told(story(1, sure, doubtful)).why == "names Russia and Iran in the title"


# --- links ---------------------------------------------------------------------------------


def test_an_outlet_that_reports_five_times_has_one_link() -> None:
    reports = [report(n, outlet="TASS", affiliation=Affiliation.STATE) for n in range(5)]
    (link,) = told(story(1, *reports)).links
    assert (link.outlet, link.affiliation) == ("TASS", Affiliation.STATE)


def test_the_lead_s_link_comes_first_and_the_others_in_order_of_time() -> None:
    one = story(1, report(1, 0.6), report(2, 0.7), report(3, 0.9))
    assert [link.outlet for link in told(one).links] == ["Outlet 3", "Outlet 1", "Outlet 2"]


def test_a_story_in_many_outlets_has_a_bounded_number_of_links() -> None:
    links = told(story(1, *(report(n) for n in range(30)))).links
    assert len({link.outlet for link in links}) == len(links) == MAX_LINKS


def test_an_article_without_an_address_is_told_without_one() -> None:
    (link,) = told(story(1, report(1, url=None, title="No address"))).links
    assert (link.url, link.title) == (None, "No address")
