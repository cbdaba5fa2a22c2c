"""Whatever TOML or the environment can hold, wherever it may stand: findings, never a crash."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from service.errors import ConfigError
from service.records import Level
from service.settings import FeedConfig, Subscription, check, load
from service.settings.load import setting_paths
from service.settings.schema import TopicHead
from tests.test_environment import PATHS, variable
from tests.test_settings import FEED, SUBSCRIPTION, TOPIC, write


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(k))} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    # JSON's escapes are TOML's, but TOML wants DEL escaped too.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "*", "0 7 * * *", "UTC", "email:a@b.example", "slack:x", "http://[", "en"]
    ),
    st.text("0123456789*/-,LW# monfeb", max_size=15),
)
SCALARS = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
    st.dates(),
    st.times(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
ZONES = ["Europe/Lodnon", "Europe", "europe/london", "GMT+1", "../UTC", "UTC/", "Asia//Dubai"]
SECTIONS = {path.split(".")[0] for path in setting_paths()}
# Files with one more line: the key, put before the first table or into the last one.
PLACES = [
    *[("settings", "", path) for path in sorted({*PATHS, "slack.webhooks", *SECTIONS})],
    *[("settings", "", name) for name in ("feeds", "topic")],
    *[("feeds", "[[feeds]]\n", name) for name in FeedConfig.model_fields],
    *[("feeds", "", name) for name in ("feeds", "other")],
    *[("subscriptions", "[[subscriptions]]\n", name) for name in Subscription.model_fields],
    ("subscriptions", "", "subscriptions"),
    *[("topic", "[topic]\n", name) for name in TopicHead.model_fields],
    *[("topic", "", name) for name in ("topic", "sides", "sides.iran", "sides.iran.country")],
]


def with_value(place: tuple[str, str, str], value: object) -> dict[str, str]:
    name, head, key = place
    sound = {"feeds": FEED, "subscriptions": SUBSCRIPTION, "topic": TOPIC}.get(name, "")
    if not head:
        return {name: f"{key} = {toml(value)}\n"}
    kept = [line for line in sound.splitlines() if not line.startswith(f"{key} =")]
    at = kept.index(head.strip()) + 1
    return {name: "\n".join([*kept[:at], f"{key} = {toml(value)}", *kept[at:]])}


def assert_only_findings(files: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        config = write(Path(folder), **files)
        findings = check(config, {})
        assert all(finding.mend and finding.file for finding in findings)
        errors = tuple(finding for finding in findings if finding.level is Level.ERROR)
        with pytest.raises(ConfigError) if errors else nullcontext() as caught:
            load(config, {})
        assert not caught or caught.value.findings == errors


@given(st.sampled_from(PLACES), SCALARS | VALUES)
@hypothesis(max_examples=250, deadline=None)
def test_no_value_in_a_file_raises_anything_but_findings(
    place: tuple[str, str, str], value: object
) -> None:
    assert_only_findings(with_value(place, value))


@given(
    st.sampled_from(
        [
            ("feeds", "[[feeds]]\n", "url"),
            ("subscriptions", "[[subscriptions]]\n", "cron"),
            ("subscriptions", "[[subscriptions]]\n", "time_zone"),
            ("subscriptions", "[[subscriptions]]\n", "channels"),
        ]
    ),
    TEXTS | st.sampled_from(ZONES) | st.builds("https://{}".format, TEXTS),
)
@hypothesis(max_examples=150, deadline=None)
def test_no_text_that_is_read_closely_raises_anything_but_findings(
    place: tuple[str, str, str], text: str
) -> None:
    assert_only_findings(with_value(place, [text] if place[2] == "channels" else text))


@given(
    st.sampled_from([variable(path) for path in setting_paths()]),
    st.sampled_from(["", "_", "_X", "_FILE", "S"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)
@hypothesis(max_examples=150, deadline=None)
def test_no_variable_raises_anything_but_findings(name: str, ending: str, value: str) -> None:
    with TemporaryDirectory() as folder, suppress(ConfigError):
        load(write(Path(folder)), {name + ending: value})
