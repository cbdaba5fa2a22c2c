from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from service.records import (
    Channel,
    ChannelKind,
    Digest,
    DigestFooter,
    DigestId,
    DigestSection,
    DigestStory,
    StoryId,
)
from service.storage import digests, tables
from service.storage.database import Database
from service.storage.documents import DIGEST
from tests.digests.strategies import INTERVALS
from tests.make import NOW, digest, digest_story
from tests.storage.rows import rows_of, some_story

FILE = Channel(ChannelKind.FILE)
DESK = Channel(ChannelKind.EMAIL, "desk@example.org")
DAILY = "0 7 * * * UTC"

MOMENTS = st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
STORIES = st.builds(
    DigestStory,
    probability=st.floats(0, 1),
    first_reported_at=MOMENTS,
    highlights=st.lists(st.tuples(st.integers(0), st.integers(0)), max_size=3).map(tuple),
)
DIGESTS = st.builds(
    Digest,
    since=MOMENTS,
    until=MOMENTS,
    sections=st.lists(
        st.builds(DigestSection, stories=st.lists(STORIES, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    footer=st.builds(DigestFooter, precision=st.none() | INTERVALS, recall=st.none() | INTERVALS),
)


def agenda(database: Database, subscription: str = "desk") -> digests.Agenda | None:
    with database.reading() as connection:
        return digests.agenda(connection, subscription)


def schedule(database: Database, due: datetime, expression: str = DAILY) -> None:
    with database.transaction() as connection:
        digests.schedule(connection, "desk", expression, due)


def issue(database: Database, made: Digest, *channels: Channel) -> DigestId:
    with database.transaction() as connection:
        return digests.issue(connection, made, channels or (FILE,), NOW)


def already_told(
    database: Database, *story_ids: StoryId, subscription: str = "desk"
) -> set[tuple[StoryId, int]]:
    with database.reading() as connection:
        return digests.already_told(connection, subscription, story_ids)


def test_a_subscription_never_seen_has_no_agenda(database: Database) -> None:
    schedule(database, NOW)
    assert agenda(database, "other") is None


def test_a_schedule_is_remembered_with_what_it_was_reckoned_from(database: Database) -> None:
    schedule(database, NOW)
    assert agenda(database) == digests.Agenda(DAILY, NOW, None)


def test_a_changed_schedule_replaces_the_old_and_keeps_what_was_told(database: Database) -> None:
    schedule(database, NOW)
    with database.transaction() as connection:
        digests.mark_told_until(connection, "desk", NOW - timedelta(hours=1))
    later = NOW + timedelta(days=1)
    schedule(database, later, "0 8 * * * UTC")
    expected = digests.Agenda("0 8 * * * UTC", later, NOW - timedelta(hours=1))
    assert agenda(database) == expected
    assert len(rows_of(database, tables.subscriptions)) == 1


def test_what_one_subscription_was_told_moves_no_other(database: Database) -> None:
    schedule(database, NOW)
    with database.transaction() as connection:
        digests.schedule(connection, "other", DAILY, NOW)
        digests.mark_told_until(connection, "other", NOW)
    assert agenda(database) == digests.Agenda(DAILY, NOW, None)


def test_a_digest_waits_for_each_channel_before_anything_is_sent(database: Database) -> None:
    digest_id = issue(database, digest(), FILE, DESK)
    waiting = [
        (row.digest_id, row.channel, row.status, row.attempts, row.next_attempt_at)
        for row in rows_of(database, tables.outbox)
    ]
    assert waiting == [
        (digest_id, "file", "pending", 0, NOW),
        (digest_id, "email:desk@example.org", "pending", 0, NOW),
    ]


def test_no_two_deliveries_share_a_message_id(database: Database) -> None:
    for _ in range(2):
        issue(database, digest(), FILE, DESK)
    identifiers = {row.message_id for row in rows_of(database, tables.outbox)}
    assert len(identifiers) == 4


def test_a_channel_that_is_listed_twice_gets_the_digest_once(database: Database) -> None:
    issue(database, digest(), DESK, FILE, DESK)
    channels = [row.channel for row in rows_of(database, tables.outbox)]
    assert sorted(channels) == ["email:desk@example.org", "file"]


def test_the_stories_of_a_digest_are_noted_as_told(database: Database) -> None:
    one, two, untold = (some_story(database, title) for title in ("One", "Two", "Three"))
    issue(database, digest(digest_story(one, version=1), digest_story(two, version=3)))
    assert already_told(database, one, two, untold) == {(one, 1), (two, 3)}


def test_only_the_stories_asked_about_are_answered(database: Database) -> None:
    one, two = some_story(database, "One"), some_story(database, "Two")
    issue(database, digest(digest_story(one), digest_story(two)))
    assert already_told(database, one) == {(one, 1)}
    assert already_told(database) == set()


def test_what_one_subscription_was_told_is_news_to_another(database: Database) -> None:
    story = some_story(database)
    issue(database, digest(digest_story(story), subscription="desk"))
    assert already_told(database, story, subscription="other") == set()
    issue(database, digest(digest_story(story), subscription="other"))
    assert already_told(database, story, subscription="other") == {(story, 1)}


def test_a_story_is_never_told_twice_and_the_digest_that_would_is_not_issued(
    database: Database,
) -> None:
    story = some_story(database)
    issue(database, digest(digest_story(story)))
    with pytest.raises(IntegrityError):
        issue(database, digest(digest_story(story)), DESK)
    assert len(rows_of(database, tables.digests)) == 1
    assert [row.channel for row in rows_of(database, tables.outbox)] == ["file"]


def test_a_new_version_of_a_story_may_be_told(database: Database) -> None:
    story = some_story(database)
    issue(database, digest(digest_story(story, version=1)))
    issue(database, digest(digest_story(story, version=2)))
    assert already_told(database, story) == {(story, 1), (story, 2)}


def test_a_digest_without_stories_tells_nothing(database: Database) -> None:
    issue(database, digest())
    assert rows_of(database, tables.told) == []
    assert len(rows_of(database, tables.outbox)) == 1


def test_a_digest_is_stored_with_the_time_it_covers(database: Database) -> None:
    made = digest()
    digest_id = issue(database, made)
    (row,) = rows_of(database, tables.digests)
    assert (row.id, row.subscription_id, row.created_at) == (digest_id, "desk", NOW)
    assert (row.since, row.until) == (made.since, made.until)


@given(DIGESTS)
@settings(max_examples=40, deadline=None)
def test_any_digest_comes_back_from_its_document_unchanged(made: Digest) -> None:
    document = json.dumps(DIGEST.dump_python(made, mode="json"))
    assert DIGEST.validate_python(json.loads(document)) == made
