"""The shipped configuration: complete, true to the code, and without findings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from service.settings import Settings, check, load
from service.settings.load import setting_paths
from tests.conftest import ROOT

CONFIG = ROOT / "config"
SETTINGS = (CONFIG / "settings.toml").read_text(encoding="utf-8")
# The code's own defaults: only what has none is taken from the files.
BARE = Settings(topic=load(CONFIG, {}).topic)
COMMENTED_KEY = re.compile(r"^# (?=[a-z_]+ = )", re.MULTILINE)


def flat(table: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    paths = set(setting_paths())
    for key, value in table.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and path not in paths:
            yield from flat(value, f"{path}.")
        else:
            yield path, value


def documented() -> dict[str, object]:
    return dict(flat(tomllib.loads(COMMENTED_KEY.sub("", SETTINGS))))


def default(path: str) -> object:
    value: object = BARE
    for name in path.split("."):
        value = getattr(value, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def test_the_settings_file_documents_every_key_and_no_other() -> None:
    assert sorted(documented()) == sorted(setting_paths())


@pytest.mark.parametrize("path", sorted(setting_paths()))
def test_a_key_is_documented_with_its_default(path: str) -> None:
    if default(path) is None:
        # TOML has no word for "unset": any value may stand there if the comment says so.
        name = path.rpartition(".")[2]
        assert re.search(rf"^# .*\bUnset: .*\n# {name} = ", SETTINGS, re.MULTILINE)
    else:
        assert documented()[path] == default(path)


def test_the_keys_stand_in_the_order_of_the_code() -> None:
    assert list(documented()) == list(setting_paths())


def test_every_key_or_the_group_it_stands_in_is_explained() -> None:
    # A group is what stands between section heads and blank lines; it opens with a sentence.
    groups = [group for group in SETTINGS.split("\n\n") if COMMENTED_KEY.search(group)]
    for group in groups:
        lines = [line for line in group.splitlines() if not line.startswith("[")]
        assert not COMMENTED_KEY.match(lines[0]), group


def test_uncommenting_every_line_gives_no_findings(tmp_path: Path) -> None:
    for name in ("feeds", "subscriptions", "topic"):
        text = (CONFIG / f"{name}.toml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "settings.toml").write_text(COMMENTED_KEY.sub("", SETTINGS), encoding="utf-8")
    assert check(tmp_path, {}) == ()


def test_the_shipped_configuration_has_no_findings() -> None:
    assert check(CONFIG, {}) == ()


def test_the_shipped_settings_are_the_defaults() -> None:
    shipped = load(CONFIG, {})
    assert shipped.model_copy(update={"feeds": (), "subscriptions": ()}) == BARE


def test_forty_feeds_in_ten_languages_are_shipped_each_once() -> None:
    feeds = load(CONFIG, {}).feeds
    assert len(feeds) >= 40
    assert len({feed.language for feed in feeds}) >= 10
    # Two spellings of one address would be polled, and counted, as two outlets.
    plain = [urlsplit(feed.url) for feed in feeds]
    places = {
        ((url.hostname or "").removeprefix("www."), url.path.rstrip("/"), url.query)
        for url in plain
    }
    assert len(places) == len(feeds)


def test_both_sides_of_the_topic_are_named_in_every_language_of_the_feeds() -> None:
    shipped = load(CONFIG, {})
    spoken = {feed.language for feed in shipped.feeds}
    for name, side in shipped.topic.sides.items():
        assert spoken <= side.kinds["country"].keys(), name


def test_the_shipped_configuration_holds_no_secrets() -> None:
    shipped = load(CONFIG, {})
    secrets = [shipped.smtp.password, shipped.database_url, *shipped.slack.webhooks.values()]
    assert [secret.get_secret_value() for secret in secrets] == ["", ""]
    assert all("@" not in urlsplit(feed.url).netloc for feed in shipped.feeds)


def test_a_subscription_s_keys_are_all_explained_where_they_are_written() -> None:
    text = (CONFIG / "subscriptions.toml").read_text(encoding="utf-8")
    annotation = Settings.model_fields["subscriptions"].annotation
    fields = getattr(annotation, "__args__")[0].model_fields  # noqa: B009 - a typing object
    for name in fields:
        assert re.search(rf"^(# )?{name}\b", text, re.MULTILINE), name
