"""Variables over files, secrets in files of their own, and secrets out of every message."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, SecretStr

from service.errors import ConfigError
from service.settings import Settings, check, load
from service.settings.load import setting_paths
from tests.test_settings import FEED, MAIL, SUBSCRIPTION, write

SECRET = "hunter2"
# Set by name, one variable each: CASPIAN_SLACK_WEBHOOKS_DESK.
PATHS = sorted(set(setting_paths()) - {"slack.webhooks"})


def variable(path: str) -> str:
    return "CASPIAN_" + path.replace(".", "_").upper()


def setting(settings: BaseModel, path: str) -> object:
    value: object = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def another(path: str, default: object) -> str:
    """Return some value that ``path`` may have and that is not its default, as text."""
    *sections, name = path.split(".")
    model: type[BaseModel] = Settings
    for section in sections:
        model = type(setting(model.model_construct(), section))  # type: ignore[assignment]
    choices = get_args(model.model_fields[name].annotation)
    texts = [choice for choice in choices if isinstance(choice, str) and choice != default]
    if texts:
        return texts[0]
    formed = {
        "sender": "other@mail.example",
        "public_url": "https://other.example",
        "listen": "127.0.0.1:9",
    }
    if name in formed:
        return formed[name]
    if isinstance(default, bool):
        return str(not default).lower()
    if isinstance(default, int):
        return str(default * 2)
    return "0.25" if isinstance(default, float) or default is None else "other"


@pytest.mark.parametrize("path", PATHS)
def test_a_variable_a_file_it_names_and_a_toml_key_all_set_the_same(
    path: str, tmp_path: Path
) -> None:
    plain = load(write(tmp_path), {})
    value = another(path, setting(plain, path))
    named = tmp_path / "value"
    named.write_text(f"{value}\n", encoding="utf-8")
    # A mail server needs a sender, so each is tried with the other in place.
    mail = {"CASPIAN_SMTP_HOST": "mail.example", "CASPIAN_SMTP_SENDER": "watch@mail.example"}
    ways = [{variable(path): value}, {variable(path) + "_FILE": str(named)}]
    loaded = []
    for way in ways:
        rest = {name: mail[name] for name in mail if name != variable(path)}
        loaded.append(setting(load(tmp_path, rest | way), path))
    write(tmp_path, settings=f"{path} = {json.dumps(value)}\n")
    rest = {name: mail[name] for name in mail if name != variable(path)}
    loaded.append(setting(load(tmp_path, rest), path))
    assert loaded[0] == loaded[1] == loaded[2] != setting(plain, path)


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, settings="[polling]\njitter = 0.2\nbatch = 7\n")
    polling = load(tmp_path, {"CASPIAN_POLLING_JITTER": "0.3"}).polling
    assert (polling.jitter, polling.batch) == (0.3, 7)


def test_webhooks_are_named_by_their_variables(tmp_path: Path) -> None:
    named = tmp_path / "url"
    named.write_text("https://hooks.example/ops\n")
    channels = 'channels = ["slack:desk", "slack:ops"]'
    write(tmp_path, subscriptions=SUBSCRIPTION.replace('channels = ["file"]', channels))
    settings = load(
        tmp_path,
        {
            "CASPIAN_SLACK_WEBHOOKS_DESK": "https://hooks.example/desk",
            "CASPIAN_SLACK_WEBHOOKS_OPS_FILE": str(named),
        },
    )
    urls = {name: url.get_secret_value() for name, url in settings.slack.webhooks.items()}
    assert urls == {"desk": "https://hooks.example/desk", "ops": "https://hooks.example/ops"}


@pytest.mark.parametrize("name", ["desk", "Desk", "on-call"])
def test_the_mend_for_an_unnamed_webhook_mends_it(name: str, tmp_path: Path) -> None:
    write(tmp_path, subscriptions=SUBSCRIPTION.replace("file", f"slack:{name}"))
    findings = check(tmp_path, {})
    if findings[0].id == "caspian.E015":
        offered = findings[0].mend.removeprefix("set ")
        # What a shell lets be the name of a variable.
        assert set(offered) <= set(string.ascii_uppercase + string.digits + "_")
        assert check(tmp_path, {offered: "https://hooks.example/x"}) == ()
    else:  # or the name is refused, and the finding says so
        assert findings[0].id in ("caspian.E004", "caspian.E008")


def test_variables_of_others_are_let_be(tmp_path: Path) -> None:
    others = {"PATH": "/bin", "CASPIAN": "sea", "caspian_log_level": "x", "CASPIAN_CONFIG": "etc"}
    assert check(write(tmp_path), others) == ()


def test_an_unknown_twin_of_a_file_is_told_as_it_was_written(tmp_path: Path) -> None:
    (finding,) = check(write(tmp_path), {"CASPIAN_SMTP_PASSWORT_FILE": "/run/secrets/smtp"})
    assert (finding.id, finding.key) == ("caspian.E011", "CASPIAN_SMTP_PASSWORT_FILE")
    assert "CASPIAN_SMTP_PASSWORD" in finding.mend


def test_a_bad_value_of_a_variable_is_told_by_the_variable_s_name(tmp_path: Path) -> None:
    # The file has no such line: who is sent there looks in vain.
    (finding,) = check(write(tmp_path), {"CASPIAN_POLLING_JITTER": "much"})
    assert finding.id == "caspian.E004"
    assert "CASPIAN_POLLING_JITTER" in str(finding)


def test_a_secret_s_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xff\xfe")
    (finding,) = check(write(tmp_path), {"CASPIAN_SMTP_PASSWORD_FILE": str(secret)})
    assert finding.id == "caspian.E012"


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("polling = 3\n", {"CASPIAN_POLLING_JITTER": "0.1"}),
        ('slack = "x"\n', {"CASPIAN_SLACK_WEBHOOKS_DESK": "https://hooks.example/x"}),
        ("", {"CASPIAN_SLACK_WEBHOOKS": "x", "CASPIAN_SLACK_WEBHOOKS_DESK": "https://h.example/"}),
        ("", {"CASPIAN_SLACK_WEBHOOKS_A.B": "https://hooks.example/x"}),
    ],
)
def test_a_variable_for_a_section_that_is_none_is_told(
    text: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    findings = check(write(tmp_path, settings=text), environment)
    assert "caspian.E004" in {finding.id for finding in findings}


URL = f"https://hooks.slack.example/services/{SECRET}"
LEAKS = {
    "a webhook without its scheme": ("settings", f'[slack.webhooks]\ndesk = "{SECRET}"\n'),
    "a webhook that is a list": ("settings", f'[slack.webhooks]\ndesk = ["{URL}"]\n'),
    "webhooks that are a text": ("settings", f'[slack]\nwebhooks = "{URL}"\n'),
    "a slack section that is a text": ("settings", f'slack = "{URL}"\n'),
    "a password that is a list": ("settings", f'[smtp]\npassword = ["{SECRET}"]\n'),
    "a mail section written as a list": ("settings", f'[[smtp]]\npassword = "{SECRET}"\n'),
    "a password without a sender": ("settings", f'[smtp]\nhost="m"\npassword = "{SECRET}"\n'),
    "a misspelt password": ("settings", f'[smtp]\npasswort = "{SECRET}"\n'),
    "a database that is a list": ("settings", f'database_url = ["postgresql://u:{SECRET}@h/d"]\n'),
    "a password in the wrong file": ("feeds", FEED + f'[smtp]\npassword = "{SECRET}"\n'),
    "broken syntax after it": ("settings", f'[smtp]\npassword = "{SECRET}" oops\n'),
    "a webhook's address as a channel": ("subscriptions", SUBSCRIPTION.replace("file", URL)),
    "a webhook's address as its name": (
        "subscriptions",
        SUBSCRIPTION.replace("file", f"slack:{URL}"),
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_no_message_shows_a_secret_in_the_wrong_place(leak: str, tmp_path: Path) -> None:
    name, text = LEAKS[leak]
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, **{name: text}), {})
    assert SECRET not in str(caught.value).lower()


def test_no_message_shows_an_unknown_variable_s_value(tmp_path: Path) -> None:
    (finding,) = check(write(tmp_path), {"CASPIAN_SMTP_PASWORD": SECRET})
    assert SECRET not in str(finding)


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    settings = load(
        write(tmp_path, settings=MAIL),
        {
            "CASPIAN_SMTP_PASSWORD": SECRET,
            "CASPIAN_DATABASE_URL": f"postgresql://caspian:{SECRET}@db/caspian",
            "CASPIAN_SLACK_WEBHOOKS_DESK": URL,
        },
    )
    assert settings.smtp.password.get_secret_value() == SECRET
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.smtp!r}"
