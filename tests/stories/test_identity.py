from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.records import (
    Arrival,
    ArticleId,
    FeedId,
    Intake,
    KnownArticle,
    ParsedArticle,
)
from service.stories.identity import decide, identify
from tests.make import parsed_article

FEED = "https://feed.example/rss"
ONE, TWO, THREE = FeedId(1), FeedId(2), FeedId(3)
PAGE = "https://news.example/politics/gas-deal"

# --- the keys of an article ----------------------------------------------------------------


def keys_of(*articles: ParsedArticle, feed: str = FEED) -> list[tuple[str, ...]]:
    return [entry.keys for entry in identify(feed, articles)]


def test_an_article_is_known_by_its_address_first_and_then_by_its_guid() -> None:
    (both,) = keys_of(parsed_article(url=PAGE, guid="1"))
    (address,) = keys_of(parsed_article(url=PAGE))
    (guid,) = keys_of(parsed_article(url=None, guid="1"))
    assert both == (*address, *guid)


def test_a_guid_counts_within_its_feed_only() -> None:
    entry = parsed_article(url=None, guid="1")
    assert keys_of(entry) != keys_of(entry, feed="https://other.example/rss")


def test_an_address_counts_in_every_feed() -> None:
    entry = parsed_article(url=PAGE)
    assert keys_of(entry) == keys_of(entry, feed="https://other.example/rss")


def test_an_article_without_address_and_guid_is_known_by_its_title_in_its_feed() -> None:
    one, same, other = keys_of(
        parsed_article("One", url=None),
        parsed_article("One", url=None, summary="More."),
        parsed_article("Other", url=None),
    )
    assert one == same
    assert one != other
    assert [one] != keys_of(parsed_article("One", url=None), feed="https://other.example/rss")


def test_a_homepage_is_no_key() -> None:
    home = "https://news.example/"
    one, other = keys_of(parsed_article("One", url=home), parsed_article("Other", url=home))
    assert not set(one) & set(other)


def test_an_address_that_several_entries_share_is_no_key() -> None:
    live = "https://news.example/live"
    one, two = keys_of(
        parsed_article("One", url=live, guid="1"), parsed_article("Two", url=live + "#2", guid="2")
    )
    assert not set(one) & set(two)


def test_a_shared_address_does_not_spoil_the_address_of_others() -> None:
    live = "https://news.example/live"
    *_, alone = keys_of(
        parsed_article("One", url=live, guid="1"),
        parsed_article("Two", url=live, guid="2"),
        parsed_article("Alone", url=PAGE, guid="3"),
    )
    assert [alone] == keys_of(parsed_article(url=PAGE, guid="3"))


def test_an_entry_that_stands_twice_in_a_document_keeps_its_address() -> None:
    entry = parsed_article(url=PAGE, guid="1")
    assert keys_of(entry, entry) == keys_of(entry) * 2


def test_an_edit_keeps_the_keys_and_changes_the_hash() -> None:
    old, new = (
        identify(FEED, [parsed_article(title, url=PAGE, guid="1", summary=text)])[0]
        for title, text in (("Gas deal signed", ""), ("UPDATE: Gas deal signed", "More."))
    )
    assert old.keys == new.keys
    assert old.content_hash != new.content_hash


def test_text_that_moves_between_title_and_summary_is_another_content() -> None:
    one, other = identify(
        FEED, [parsed_article("ab", summary="c"), parsed_article("a", summary="bc")]
    )
    assert one.content_hash != other.content_hash


# --- new, edited or seen again -------------------------------------------------------------

Stored = dict[str, KnownArticle]
Documents = Iterable[tuple[FeedId, Sequence[ParsedArticle]]]


def entries(*documents: tuple[FeedId, Sequence[ParsedArticle]]) -> list[Any]:
    return [
        (feed, entry)
        for feed, articles in documents
        for entry in identify(f"https://feed{feed}.example/rss", articles)
    ]


def remember(intake: Intake, known: Stored) -> Stored:
    """Return what is known once the intake is stored, as the database would."""
    after = dict(known)
    start = len({article.id for article in known.values()}) + 1
    for number, arrival in enumerate(intake.arrivals, start):
        article = KnownArticle(ArticleId(number), arrival.feed_id, arrival.content_hash)
        for key in arrival.keys:
            after.setdefault(key, article)
    by_id = {article.id: article for article in after.values()}
    for key, id_ in intake.new_keys:
        after.setdefault(key, by_id[id_])
    hashes = {stored.id: entry.content_hash for stored, entry in intake.edits}
    return {
        key: KnownArticle(a.id, a.feed_id, hashes.get(a.id, a.content_hash))
        for key, a in after.items()
    }


def after(*documents: tuple[FeedId, Sequence[ParsedArticle]]) -> Stored:
    known: Stored = {}
    for document in documents:
        known = remember(decide(entries(document), known), known)
    return known


NOTHING = Intake((), (), (), ())
DEAL = parsed_article("Gas deal signed", url=PAGE, guid="1")


def test_an_article_never_seen_arrives_with_all_its_keys() -> None:
    (entry,) = identify("https://feed1.example/rss", [DEAL])
    intake = decide([(ONE, entry)], {})
    assert intake == Intake((Arrival(ONE, DEAL, entry.content_hash, entry.keys),), (), (), ())


def test_a_feed_read_again_brings_nothing_whatever_its_order() -> None:
    other = parsed_article("Other", guid="2")
    known = after((ONE, [DEAL, other]))
    assert decide(entries((ONE, [other, DEAL])), known) == NOTHING


def test_an_edit_changes_the_article_and_makes_no_second_one() -> None:
    known = after((ONE, [DEAL]))
    edited = parsed_article("UPDATE: Gas deal signed", url=PAGE, guid="1")
    intake = decide(entries((ONE, [edited])), known)
    assert [(stored.id, entry.article) for stored, entry in intake.edits] == [(1, edited)]
    assert intake.arrivals == ()


def test_an_article_whose_address_changes_is_known_by_its_guid_and_by_the_new_address() -> None:
    known = after((ONE, [DEAL]))
    moved = parsed_article("Gas deal signed", url=PAGE + "-2", guid="1")
    intake = decide(entries((ONE, [moved])), known)
    assert (intake.arrivals, intake.edits) == ((), ())
    elsewhere = parsed_article("Gas deal", url=PAGE + "-2")
    assert decide(entries((TWO, [elsewhere])), remember(intake, known)).arrivals == ()


def test_an_article_in_two_feeds_of_a_batch_arrives_once_and_names_both() -> None:
    tracked = parsed_article("Gas deal", url=PAGE + "?utm_source=two", guid="other")
    (arrival,) = decide(entries((ONE, [DEAL]), (TWO, [tracked, tracked])), {}).arrivals
    assert (arrival.feed_id, arrival.article, arrival.also_in) == (ONE, DEAL, (TWO,))
    known = after((ONE, [DEAL]))
    assert set(known) < set(arrival.keys)


def test_an_article_in_a_second_feed_is_a_sighting() -> None:
    known = after((ONE, [DEAL]))
    intake = decide(entries((TWO, [DEAL]), (THREE, [DEAL]), (TWO, [DEAL])), known)
    assert intake.sightings == ((ArticleId(1), TWO), (ArticleId(1), THREE))
    assert (intake.arrivals, intake.edits) == ((), ())


def test_a_second_feed_never_edits() -> None:
    known = after((ONE, [DEAL]))
    shorter = parsed_article("Gas deal", url=PAGE)
    assert decide(entries((TWO, [shorter])), known).edits == ()


def test_of_two_copies_in_a_document_the_first_is_the_current_one() -> None:
    known = after((ONE, [DEAL]))
    stale = parsed_article("Gas deal expected", url=PAGE, guid="1")
    assert decide(entries((ONE, [DEAL, stale])), known).edits == ()
    (edit,) = decide(entries((ONE, [stale, DEAL])), known).edits
    assert edit[1].article == stale


def test_entries_of_a_live_page_are_articles_of_their_own() -> None:
    live = "https://news.example/live"
    first = [parsed_article(f"Update {n}", url=live, guid=str(n)) for n in (1, 2)]
    known = after((ONE, first))
    third = parsed_article("Update 3", url=live, guid="3")
    intake = decide(entries((ONE, [third, *first])), known)
    assert [arrival.article for arrival in intake.arrivals] == [third]
    assert intake.edits == ()


def test_a_guid_that_one_copy_brings_makes_the_next_copy_known() -> None:
    known = after((ONE, [parsed_article("Gas deal", url=PAGE)]))
    copies = [
        parsed_article("Gas deal", url=PAGE, guid="1"),
        parsed_article("Gas deal", url=PAGE + "/print", guid="1"),
    ]
    assert decide(entries((ONE, copies)), known).arrivals == ()


# --- guids and addresses that change ---------------------------------------------------------

AT = datetime(2026, 8, 18, 9, 50, tzinfo=UTC)
NUMBERED = parsed_article(
    "Strait to stay shut",
    url="https://news.example/world/strait-6325596",
    guid="a",
    published_at=AT,
)


def test_a_guid_that_changes_at_each_poll_makes_no_second_article() -> None:
    known = after((ONE, [DEAL]))
    for stamp in range(1_700_000_000, 1_700_000_005):
        again = parsed_article("Gas deal signed", url=PAGE, guid=f"{PAGE}?t={stamp}")
        intake = decide(entries((ONE, [again])), known)
        assert (intake.arrivals, intake.edits, intake.sightings) == ((), (), ())
        known = remember(intake, known)


def test_a_guid_that_changed_once_is_learnt_and_outlives_the_address() -> None:
    known = after((ONE, [DEAL]))
    renamed = parsed_article("Gas deal signed", url=PAGE, guid="2")
    known = remember(decide(entries((ONE, [renamed])), known), known)
    moved = parsed_article("Gas deal signed", url=PAGE + "-signed", guid="2")
    assert decide(entries((ONE, [moved])), known).arrivals == ()


def test_a_guid_that_changes_with_a_new_tracking_parameter_makes_no_second_article() -> None:
    known = after((ONE, [DEAL]))
    tracked = PAGE + "?utm_content=2&at_custom1=x"
    again = parsed_article("Gas deal signed", url=tracked, guid=tracked)
    intake = decide(entries((ONE, [again])), known)
    assert (intake.arrivals, intake.edits) == ((), ())


def test_an_article_whose_words_and_guid_change_is_known_by_its_number_and_its_second() -> None:
    known = after((ONE, [NUMBERED]))
    reworded = parsed_article(
        "No talks, president says",
        url="https://news.example/world/no-talks-on-strait-6325596",
        guid="b",
        published_at=AT,
    )
    intake = decide(entries((ONE, [reworded])), known)
    assert intake.arrivals == ()
    assert [entry.article for _, entry in intake.edits] == [reworded]
    known = remember(intake, known)
    assert decide(entries((TWO, [replace(reworded, guid="x")])), known).arrivals == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"published_at": AT + timedelta(seconds=1)},
        {"published_at": None},
        {"url": "https://news.example/world/no-talks-6325597"},
        {"url": "https://other.example/world/no-talks-6325596"},
        {"url": "https://news.example/world/7654321/no-talks-6325596"},
        {"url": "https://news.example/world/no-talks"},
    ],
    ids=["another second", "no date", "another number", "another site", "two numbers", "none"],
)
def test_another_number_second_or_site_is_another_article(changes: dict[str, Any]) -> None:
    known = after((ONE, [NUMBERED]))
    other = replace(NUMBERED, **({"url": "https://news.example/b-6325596", "guid": "b"} | changes))
    assert len(decide(entries((ONE, [other])), known).arrivals) == 1


def test_a_number_counts_within_its_feed_only() -> None:
    known = after((ONE, [NUMBERED]))
    other = replace(NUMBERED, url="https://news.example/b-6325596", guid="b")
    assert len(decide(entries((TWO, [other])), known).arrivals) == 1


@pytest.mark.parametrize("number", ["123456", "20260818", "20260818095000"])
def test_a_short_number_or_a_date_is_no_key(number: str) -> None:
    one, other = (
        replace(NUMBERED, url=f"https://news.example/{slug}-{number}", guid=slug)
        for slug in ("a", "b")
    )
    assert len(decide(entries((ONE, [other])), after((ONE, [one]))).arrivals) == 1


def test_a_number_that_several_entries_of_a_document_share_is_no_key() -> None:
    section = [
        replace(NUMBERED, url=f"https://news.example/7654321/{slug}", guid=slug)
        for slug in ("a", "b", "c")
    ]
    known = after((ONE, section[:2]))
    assert len(decide(entries((ONE, section)), known).arrivals) == 1


def test_a_feed_that_dates_its_entries_anew_at_each_poll_teaches_no_key() -> None:
    known = after((ONE, [NUMBERED]))
    again = replace(NUMBERED, published_at=AT + timedelta(minutes=30))
    assert decide(entries((ONE, [again])), known) == NOTHING


def test_a_title_alone_is_no_key_even_on_one_day() -> None:
    alerts = [
        parsed_article(
            "Air alert in Kyiv", url=f"https://news.example/alert-{n}", guid=str(n), published_at=AT
        )
        for n in (1, 2)
    ]
    assert len(decide(entries((ONE, alerts[1:])), after((ONE, alerts[:1]))).arrivals) == 1


# Few addresses, guids and titles, so that entries meet in every way.
CARELESS = st.builds(
    parsed_article,
    st.sampled_from(["One", "Two", "Three"]),
    url=st.sampled_from(
        [None, PAGE, PAGE + "?utm_id=1", PAGE + "/2", "https://news.example/"]
        + [f"https://news.example/{slug}-7654321" for slug in "ab"]
    ),
    guid=st.sampled_from([None, "1", "2", "3"]),
    summary=st.sampled_from(["", "More."]),
    published_at=st.sampled_from([None, AT, AT + timedelta(1)]),
)
BATCHES = st.lists(
    st.tuples(st.sampled_from([ONE, TWO, THREE]), st.lists(CARELESS, max_size=4)), max_size=4
)


@given(BATCHES, BATCHES)
@settings(max_examples=100, deadline=None)
def test_every_entry_is_either_known_or_in_one_arrival(
    earlier: list[Any], batch: list[Any]
) -> None:
    known = after(*earlier)
    intake = decide(entries(*batch), known)
    arrived = [key for arrival in intake.arrivals for key in arrival.keys]
    assert len(arrived) == len(set(arrived))
    recognised = set(known) | {key for key, _ in intake.new_keys}
    assert not set(arrived) & recognised
    for feed, entry in entries(*batch):
        if recognised & set(entry.keys):
            continue
        homes = [a for a in intake.arrivals if set(entry.keys) & set(a.keys)]
        assert homes
        assert any(feed in (home.feed_id, *home.also_in) for home in homes)


@given(BATCHES, BATCHES)
@settings(max_examples=100, deadline=None)
def test_a_batch_read_twice_brings_nothing_new(earlier: list[Any], batch: list[Any]) -> None:
    before = after(*earlier)
    known = remember(decide(entries(*batch), before), before)
    again = decide(entries(*batch), known)
    assert again.arrivals == ()
    assert again.new_keys == ()


@given(BATCHES)
@settings(max_examples=100, deadline=None)
def test_only_the_feed_of_origin_edits_and_each_article_once(batch: list[Any]) -> None:
    known = after((ONE, [DEAL]), (TWO, [parsed_article("Two", url=PAGE + "/2", guid="2")]))
    intake = decide(entries(*batch), known)
    edited = [stored.id for stored, _ in intake.edits]
    assert len(edited) == len(set(edited))
    given_ = entries(*batch)
    for stored, entry in intake.edits:
        assert (stored.feed_id, entry) in given_
        assert entry.content_hash != stored.content_hash
