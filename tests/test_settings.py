"""Every finding of the configuration check: where it points, what it says, how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from service.errors import ConfigError
from service.records import Affiliation, Channel, ChannelKind, Level
from service.settings import check, load
from tests.conftest import ROOT

FEED = '[[feeds]]\nurl = "https://a.example/rss"\noutlet = "A"\nlanguage = "en"\ncountry = "GB"\n'
SUBSCRIPTION = '[[subscriptions]]\nid = "desk"\nchannels = ["file"]\n'
TOPIC = """
[topic]
id = "russia-iran"
name = "Russia-Iran"
topics = ["military", "economic"]
[sides.russia]
name = "Russia"
country = {en = ["Russia"]}
[sides.iran]
name = "Iran"
country = {en = ["Iran"]}
"""
SOUND = {"feeds": FEED, "subscriptions": SUBSCRIPTION, "topic": TOPIC}
MAIL = '[smtp]\nhost = "mail.example"\nsender = "watch@mail.example"\n'


def write(folder: Path, **files: str | None) -> Path:
    """Write a sound configuration with some files replaced, or left out where None."""
    for name, text in (SOUND | files).items():
        if text is not None:
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Case:
    id: str
    place: str
    mend: str
    files: dict[str, str | None] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def subscribed(**keys: str) -> dict[str, str | None]:
    lines = {"id": '"desk"', "channels": '["file"]'} | keys
    body = "".join(f"{key} = {value}\n" for key, value in lines.items())
    return {"subscriptions": f"[[subscriptions]]\n{body}"}


FEEDS, SUBSCRIPTIONS, SETTINGS = "feeds.toml: ", "subscriptions.toml: subscriptions.0.", "settings"
CASES = [
    Case("E001", "feeds.toml", "create ", {"feeds": None}),
    Case("E001", "subscriptions.toml", "--config", {"subscriptions": None}),
    Case("E001", "topic.toml", "create ", {"topic": None}),
    Case("E002", "feeds.toml", "mend the line named", {"feeds": "[[feeds]\n"}),
    Case("E002", "settings.toml", "quotes", {"settings": "data_dir = var\n"}),
    Case(
        "E003",
        "settings.toml: polling.jiter",
        "did you mean jitter?",
        {"settings": "[polling]\njiter = 0.1\n"},
    ),
    Case("E003", "settings.toml: feeds", "move it to feeds.toml", {"settings": "feeds = []\n"}),
    Case("E003", "settings.toml: qqq", "remove it", {"settings": "qqq = 1\n"}),
    Case("E003", "feeds.toml: smtp", "only [[feeds]]", {"feeds": FEED + "[smtp]\n"}),
    Case("E003", f"{FEEDS}feeds.0.outlt", "outlet?", {"feeds": FEED + 'outlt = "A"\n'}),
    Case(
        "E003",
        "topic.toml: topic.topicz",
        "did you mean topics?",
        {"topic": TOPIC.replace("topics = [", 'topicz = "x"\ntopics = [')},
    ),
    Case("E003", "topic.toml: sidez", "did you mean sides?", {"topic": TOPIC + "[sidez]\n"}),
    Case("E004", f"{FEEDS}feeds.0.outlet", "add outlet", {"feeds": FEED.replace("outlet", "#")}),
    Case(
        "E004",
        "settings.toml: polling.jitter",
        "change the value",
        {"settings": "[polling]\njitter = 0.9\n"},
    ),
    Case("E004", f"{SUBSCRIPTIONS}channels", "change the value", subscribed(channels="[]")),
    Case("E005", f"{FEEDS}feeds.0.url", "write it whole", {"feeds": FEED.replace("https", "ftp")}),
    Case(
        "E005",
        "settings.toml: slack",
        "copy the whole webhook URL",
        {"settings": '[slack.webhooks]\ndesk = "hooks.slack.example/x"\n'},
    ),
    Case("E006", f"{SUBSCRIPTIONS}time_zone", "Europe/London", subscribed(time_zone='"Europe/X"')),
    Case("E007", f"{SUBSCRIPTIONS}cron", "five cron fields", subscribed(cron='"0 7 31 2 *"')),
    Case(
        "E008", f"{SUBSCRIPTIONS}channels.1", "WEBHOOK_NAME", subscribed(channels='["file", "fax"]')
    ),
    Case(
        "E009",
        f"{SUBSCRIPTIONS}channels.1",
        "one address a channel",
        subscribed(channels='["file", "email:desk"]'),
    ),
    Case(
        "E009",
        "settings.toml: smtp",
        "set smtp.sender",
        {"settings": '[smtp]\nhost = "mail.example"\n'},
    ),
    Case(
        "E010",
        "topic.toml",
        "each of the two",
        {"topic": TOPIC + '[sides.china]\nname = "China"\n'},
    ),
    Case(
        "E011",
        "environment: CASPIAN_SMTP_PASWORD",
        "did you mean CASPIAN_SMTP_PASSWORD?",
        environment={"CASPIAN_SMTP_PASWORD": "x"},
    ),
    Case(
        "E011",
        "environment: CASPIAN_QQQQ",
        "remove it",
        environment={"CASPIAN_QQQQ": "x"},
    ),
    Case(
        "E012",
        "environment: CASPIAN_SMTP_PASSWORD_FILE",
        "readable text file",
        environment={"CASPIAN_SMTP_PASSWORD_FILE": "/nonexistent/secret"},
    ),
    Case("E013", f"{SUBSCRIPTIONS}topics", "military, economic", subscribed(topics='["sport"]')),
    Case(
        "E014",
        f"{SUBSCRIPTIONS}channels",
        "CASPIAN_SMTP_HOST",
        subscribed(channels='["email:desk@client.example"]'),
    ),
    Case(
        "E015",
        f"{SUBSCRIPTIONS}channels",
        "set CASPIAN_SLACK_WEBHOOKS_DESK",
        subscribed(channels='["slack:desk"]'),
    ),
    Case("E016", f"{FEEDS}feeds.1.url", "remove one", {"feeds": FEED * 2}),
    Case(
        "E016",
        "subscriptions.toml: subscriptions.1.id",
        "remove one",
        {"subscriptions": SUBSCRIPTION * 2},
    ),
    Case("W001", f"{FEEDS}feeds", "add a [[feeds]]", {"feeds": ""}),
    Case("W002", "subscriptions.toml: subscriptions", "add a [[", {"subscriptions": ""}),
    Case(
        "W003",
        "settings.toml: smtp.security",
        'set smtp.security to "starttls" or "tls"',
        {"settings": MAIL + 'username = "u"\nsecurity = "none"\n'},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id} {case.place}")
def test_a_finding_tells_its_id_its_place_and_the_mend_and_comes_alone(
    case: Case, tmp_path: Path
) -> None:
    (finding,) = check(write(tmp_path, **case.files), case.environment)
    assert str(finding).startswith(f"caspian.{case.id} {case.place}: ")
    assert case.mend in finding.mend
    assert finding.level is (Level.ERROR if case.id.startswith("E") else Level.WARNING)


def test_every_finding_of_the_code_has_a_case() -> None:
    # The lexicon is a file of its own, with tests of its own.
    paths = (ROOT / "service" / "settings").glob("[!l]*.py")
    code = "".join(path.read_text() for path in [*paths, ROOT / "service" / "settings" / "load.py"])
    assert set(re.findall(r"\b[EW]0\d\d\b", code)) == {case.id for case in CASES}


def test_a_sound_configuration_has_no_findings(tmp_path: Path) -> None:
    assert check(write(tmp_path), {}) == ()


def test_what_the_files_say_is_what_the_settings_hold(tmp_path: Path) -> None:
    feed = FEED + 'affiliation = "state"\nweight = 1.5\n'
    keys = subscribed(
        channels='["console", "email:a@b.example", "slack:desk"]', topics='["military"]'
    )
    mail = MAIL + '[slack.webhooks]\ndesk = "https://hooks.example/x"\n'
    settings = load(write(tmp_path, feeds=feed, settings=mail, **keys), {})
    assert settings.smtp.host == "mail.example"
    assert (settings.feeds[0].affiliation, settings.feeds[0].weight) == (Affiliation.STATE, 1.5)
    assert settings.subscriptions[0].channels == (
        Channel(ChannelKind.CONSOLE),
        Channel(ChannelKind.EMAIL, "a@b.example"),
        Channel(ChannelKind.SLACK, "desk"),
    )
    assert settings.topic.sides["iran"].kinds["country"] == {"en": ("Iran",)}


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    files = subscribed(cron='"never"', time_zone='"Mars"') | {"settings": "[log]\nlevel = 7\n"}
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, **files), {})
    told = {(finding.id, finding.key) for finding in caught.value.findings}
    assert told == {
        ("caspian.E007", "subscriptions.0.cron"),
        ("caspian.E006", "subscriptions.0.time_zone"),
        ("caspian.E004", "log.level"),
    }
    assert all(str(finding) in str(caught.value) for finding in caught.value.findings)


def test_warnings_do_not_keep_a_configuration_from_loading(tmp_path: Path) -> None:
    assert load(write(tmp_path, feeds="", subscriptions=""), {}).feeds == ()


def test_an_error_leaves_warnings_out_of_what_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, feeds="", subscriptions=SUBSCRIPTION * 2), {})
    assert [finding.id for finding in caught.value.findings] == ["caspian.E016"]


@pytest.mark.parametrize("channel", ["fax", "email:desk", "slack:", "console:x", "File", ""])
def test_one_bad_channel_is_one_finding(channel: str, tmp_path: Path) -> None:
    (finding,) = check(write(tmp_path, **subscribed(channels=f'["{channel}"]')), {})
    assert finding.key == "subscriptions.0.channels.0"


@pytest.mark.parametrize("name", ["", "../UTC", "/etc/passwd", "Europe/Lodnon", "EU", "UTC\\u0000"])
def test_a_time_zone_that_is_not_there_is_told(name: str, tmp_path: Path) -> None:
    (finding,) = check(write(tmp_path, **subscribed(time_zone=f'"{name}"')), {})
    assert finding.id == "caspian.E006"


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "* * * *",
        "60 7 * * *",
        "0 7 30 feb *",
        "*/0 * * * *",
        "@daily",
        # With seconds in front, as some write it: the hour would be read as the minute.
        "0 0 7 * * *",
        "9" * 5000 + " * * * *",
    ],
)
def test_a_schedule_that_is_not_five_fields_that_come_due_is_told(
    cron: str, tmp_path: Path
) -> None:
    (finding,) = check(write(tmp_path, **subscribed(cron=f'"{cron}"')), {})
    assert finding.id == "caspian.E007"


@pytest.mark.parametrize(
    "url",
    [
        "a.example/rss",
        "//a.example/rss",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://:443/rss",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://[::1/rss",
    ],
)
def test_what_is_no_web_address_is_told(url: str, tmp_path: Path) -> None:
    feed = FEED.replace("https://a.example/rss", url)
    (finding,) = check(write(tmp_path, feeds=feed), {})
    assert finding.id == "caspian.E005"
    assert repr(url) in finding.message


@pytest.mark.parametrize(
    "address", ["a@b", "a b@c.example", "a@b.example,c@d.example", "a@b.example\\n"]
)
def test_a_recipient_that_no_mail_header_can_hold_is_told(address: str, tmp_path: Path) -> None:
    keys = subscribed(channels=f'["file", "email:{address}"]')
    (finding,) = check(write(tmp_path, settings=MAIL, **keys), {})
    assert finding.id == "caspian.E009"


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("polling", "interval_minutes"),
        ("polling", "max_backoff_hours"),
        ("polling", "lease_minutes"),
        ("stories", "window_hours"),
        ("digest", "first_lookback_hours"),
        ("delivery", "lease_seconds"),
    ],
)
@pytest.mark.parametrize("value", ["inf", "1e300"])
def test_a_duration_that_no_clock_can_hold_is_told(
    section: str, key: str, value: str, tmp_path: Path
) -> None:
    (finding,) = check(write(tmp_path, settings=f"[{section}]\n{key} = {value}\n"), {})
    assert (finding.id, finding.key) == ("caspian.E004", f"{section}.{key}")


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (write(tmp_path) / "feeds.toml").write_bytes(b"\xff\xfe\x00")
    (finding,) = check(tmp_path, {})
    assert (finding.id, finding.file) == ("caspian.E002", "feeds.toml")


def test_a_folder_in_a_file_s_place_is_told(tmp_path: Path) -> None:
    (write(tmp_path, feeds=None) / "feeds.toml").mkdir()
    (finding,) = check(tmp_path, {})
    assert (finding.id, finding.file) == ("caspian.E002", "feeds.toml")


@pytest.mark.parametrize("value", ["[" * 5000 + "]" * 5000, "1" * 5000])
def test_a_value_too_great_to_be_read_is_told(value: str, tmp_path: Path) -> None:
    (finding,) = check(write(tmp_path, settings=f"data_dir = {value}\n"), {})
    assert (finding.id, finding.file) == ("caspian.E002", "settings.toml")


def test_an_unknown_kind_of_term_is_told_by_the_path_written_in_the_file(tmp_path: Path) -> None:
    topic = TOPIC.replace('country = {en = ["Iran"]}', "country = {en = [7]}")
    findings = check(write(tmp_path, topic=topic), {})
    assert {finding.file for finding in findings} == {"topic.toml"}
    assert "sides.iran.country.en.0" in {finding.key for finding in findings}
