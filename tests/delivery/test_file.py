from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from service.delivery.file import FileSender
from service.errors import DeliveryError
from service.records import ChannelKind, Digest
from tests.delivery.outgoing import delivery, faces
from tests.make import NOW, digest, digest_story

STEM = "desk-20260317T120000Z"
ENDINGS = ("html", "json", "txt")


def send(folder: Path, one: Digest) -> None:
    FileSender(folder).send(delivery(ChannelKind.FILE, digest=one), faces(one))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_a_digest_is_three_files_under_its_time_and_three_as_the_latest(tmp_path: Path) -> None:
    send(tmp_path, digest(digest_story()))
    expected = [f"{stem}.{ending}" for stem in (STEM, "desk-latest") for ending in ENDINGS]
    assert names(tmp_path) == sorted(expected)


def test_the_files_hold_the_faces_whole(tmp_path: Path) -> None:
    one = digest(digest_story(headline="امضای قرارداد گاز میان روسیه و ایران"))
    send(tmp_path, one)
    for stem in (STEM, "desk-latest"):
        assert content(tmp_path, f"{stem}.html") == faces(one).html
        assert content(tmp_path, f"{stem}.txt") == faces(one).text
        assert TypeAdapter(Digest).validate_json(content(tmp_path, f"{stem}.json")) == one


def test_json_is_written_so_that_people_can_read_it_too(tmp_path: Path) -> None:
    send(tmp_path, digest(digest_story(headline="قرارداد گاز")))
    written = content(tmp_path, f"{STEM}.json")
    assert "قرارداد گاز" in written
    assert len(written.splitlines()) > 10
    assert json.loads(written)["subscription"] == "desk"


def test_the_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    send(tmp_path / "var" / "digests", digest())
    assert len(names(tmp_path / "var" / "digests")) == 6


def test_a_second_sending_changes_nothing(tmp_path: Path) -> None:
    send(tmp_path, digest(digest_story()))
    before = {name: content(tmp_path, name) for name in names(tmp_path)}
    send(tmp_path, digest(digest_story()))
    assert {name: content(tmp_path, name) for name in names(tmp_path)} == before


def test_the_next_digest_becomes_the_latest_and_the_one_before_is_kept(tmp_path: Path) -> None:
    send(tmp_path, digest(digest_story(headline="Monday")))
    send(tmp_path, digest(digest_story(headline="Tuesday"), until=NOW + timedelta(days=1)))
    assert "Tuesday" in content(tmp_path, "desk-latest.txt")
    assert "Monday" in content(tmp_path, f"{STEM}.txt")


def test_an_older_digest_that_comes_late_does_not_become_the_latest(tmp_path: Path) -> None:
    # Monday's failed, waits for its next attempt, and Tuesday's goes out first.
    send(tmp_path, digest(digest_story(headline="Tuesday"), until=NOW + timedelta(days=1)))
    send(tmp_path, digest(digest_story(headline="Monday")))
    assert "Tuesday" in content(tmp_path, "desk-latest.txt")
    assert "Monday" in content(tmp_path, f"{STEM}.txt")


def test_subscriptions_have_a_latest_of_their_own(tmp_path: Path) -> None:
    send(tmp_path, digest(digest_story(headline="Ours")))
    send(tmp_path, digest(digest_story(headline="Theirs"), subscription="desk-two"))
    assert "Ours" in content(tmp_path, "desk-latest.txt")
    assert "Theirs" in content(tmp_path, "desk-two-latest.txt")


def test_what_an_earlier_crash_left_half_written_is_written_over(tmp_path: Path) -> None:
    (tmp_path / f".{STEM}.html.part").write_text("<html><body>half a di")
    send(tmp_path, digest(digest_story()))
    assert content(tmp_path, f"{STEM}.html") == faces().html
    assert not [name for name in names(tmp_path) if name.endswith(".part")]


@pytest.mark.parametrize("below", ["", "digests"])
def test_a_folder_that_cannot_be_written_is_worth_a_retry(tmp_path: Path, below: str) -> None:
    # A file in the folder's place, as tests run as root, whom permissions do not stop.
    occupied = tmp_path / "occupied"
    occupied.touch()
    with pytest.raises(DeliveryError) as caught:
        send(occupied / below, digest())
    assert (caught.value.permanent, caught.value.code) == (False, "file")
    assert str(occupied) in caught.value.message


def test_a_name_that_is_taken_by_a_folder_is_worth_a_retry(tmp_path: Path) -> None:
    (tmp_path / f"{STEM}.json").mkdir()
    with pytest.raises(DeliveryError) as caught:
        send(tmp_path, digest())
    assert not caught.value.permanent
