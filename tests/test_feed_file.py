"""Adding to feeds.toml: what stands there stays, and it is never half written; and as shipped."""

from __future__ import annotations

import stat
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ConfigError, InputError
from service.settings import FeedConfig, load
from service.settings.feed_file import Fault, add_feeds, address_key, appended, make_feed
from tests.conftest import ROOT
from tests.make import feed_config
from tests.processes import write_config

SHIPPED = ROOT / "config" / "feeds.toml"
COMMENTED = """\
# Ours.

[[feeds]]  # the first
url = 'https://a.example/rss'   # with TLS
outlet = "A"
country = "GB"
language = "en"

# ---- Persian
[[feeds]]
url = "https://b.example/rss"
outlet = "B"
language = "fa"
country = "IR"
# the end"""
NEW = feed_config("https://new.example/rss", outlet='New "Post"\n', weight=1.5)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, "https://a.example/rss")


def feeds_in(text: str) -> list[FeedConfig]:
    return [FeedConfig.model_validate(row) for row in tomllib.loads(text)["feeds"]]


def test_a_feed_is_added_at_the_end_and_all_else_stays_to_the_letter() -> None:
    after = appended(COMMENTED, [NEW])
    assert after.startswith(COMMENTED + "\n\n[[feeds]]\n")
    assert feeds_in(after)[2:] == [NEW]
    assert appended(SHIPPED.read_text("utf-8"), [NEW]).startswith(SHIPPED.read_text("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# none yet\n",
        "feeds = []\n",
        'feeds = [{url = "https://a.example", outlet = "A", language = "en", country = "GB"}]\n',
        COMMENTED.replace("\n", "\r\n"),
    ],
)
def test_every_way_to_list_feeds_can_be_added_to(text: str) -> None:
    old = tomllib.loads(text).get("feeds", [])
    feeds = feeds_in(appended(text, [NEW, feed_config()]))
    assert feeds[len(old) :] == [NEW, feed_config()]
    assert len(feeds) == len(old) + 2


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.floats(0.1, 2))
def test_any_name_comes_back_as_it_was(outlet: str, weight: float) -> None:
    feed = feed_config(outlet=outlet, weight=weight)
    assert feeds_in(appended(COMMENTED, [feed, NEW]))[2:] == [feed, NEW]


def test_what_is_added_is_loaded_and_the_files_rights_stay(config: Path) -> None:
    path = config / "feeds.toml"
    path.chmod(0o640)
    add_feeds(config, {}, [NEW])
    assert load(config, {}).feeds[-1] == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [found.name for found in config.iterdir() if "tmp" in found.name] == []


def test_a_link_to_the_file_stays_a_link(config: Path, tmp_path: Path) -> None:
    path = config / "feeds.toml"
    path.rename(tmp_path / "elsewhere.toml")
    path.symlink_to(tmp_path / "elsewhere.toml")
    add_feeds(config, {}, [NEW])
    assert path.is_symlink()
    assert load(config, {}).feeds[-1] == NEW


def test_nothing_is_written_that_would_not_load(config: Path) -> None:
    before = (config / "feeds.toml").read_bytes()
    with pytest.raises(ConfigError, match="E016"):
        add_feeds(config, {}, [feed_config("https://a.example/rss")])
    (config / "settings.toml").write_text("[polling]\njiter = 1\n")
    with pytest.raises(ConfigError, match="jiter"):
        add_feeds(config, {}, [NEW])
    assert (config / "feeds.toml").read_bytes() == before


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[[feeds]\n", b'feeds = "none"\n'])
def test_a_file_that_cannot_be_read_is_told_and_left_alone(content: bytes, config: Path) -> None:
    (config / "feeds.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"feeds\.toml cannot be changed"):
        add_feeds(config, {}, [NEW])
    assert (config / "feeds.toml").read_bytes() == content


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"feeds\.toml cannot be changed"):
        add_feeds(tmp_path, {}, [NEW])


def test_all_that_is_wrong_with_a_feed_is_told_at_once() -> None:
    facts = {"url": "ftp://a", "outlet": "A", "language": "English", "country": None, "weight": "x"}
    faults = make_feed(facts)
    assert not isinstance(faults, FeedConfig)
    assert [fault.key for fault in faults] == ["url", "language", "country", "weight"]
    assert faults[2] == Fault("country", "is missing")
    assert "'English'" in faults[1].message


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/rss",
        "https://A.example/rss/",
        "https://www.a.example:443/rss#top",
    ],
)
def test_one_feed_is_known_by_all_spellings_of_its_address(url: str) -> None:
    assert address_key(url) == address_key("https://a.example/rss")


@pytest.mark.parametrize("url", ["https://a.example:8443/rss", "https://a.example/rss?a=1"])
def test_other_feeds_are_told_from_it(url: str) -> None:
    assert address_key(url) != address_key("https://a.example/rss")


def test_the_shipped_feeds_are_eighty_in_ten_languages_with_every_fact_each_once() -> None:
    rows = tomllib.loads(SHIPPED.read_text("utf-8"))["feeds"]
    assert len(rows) >= 80
    assert all(row.keys() == FeedConfig.model_fields.keys() for row in rows)
    feeds = load(ROOT / "config", {}).feeds
    assert len({feed.language for feed in feeds}) >= 10
    assert Counter(address_key(feed.url) for feed in feeds).most_common(1)[0][1] == 1
    assert Counter(feed.outlet for feed in feeds).most_common(1)[0][1] == 1
    assert {feed.affiliation.value for feed in feeds} == {"state", "public", "independent"}
