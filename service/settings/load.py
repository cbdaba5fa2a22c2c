"""Reads the configuration folder and the environment, and says all that is wrong with them.

Files: ``settings.toml`` (optional), ``feeds.toml``, ``subscriptions.toml``, ``topic.toml``.
A variable ``CASPIAN_SMTP_PASSWORD`` sets ``smtp.password``; ``CASPIAN_SMTP_PASSWORD_FILE`` names
a file that holds it, as Docker secrets want it. Variables win over files.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.errors import ConfigError
from service.records import ChannelKind, Finding, Level
from service.settings.schema import Settings, Subscription

PREFIX = "CASPIAN_"
# Read by the command line itself, before there are settings.
COMMAND_LINE_VARIABLES = frozenset({"CASPIAN_CONFIG", "CASPIAN_READER"})
FILES = {
    "feeds": "feeds.toml",
    "subscriptions": "subscriptions.toml",
    "topic": "topic.toml",
}
SETTINGS_FILE = "settings.toml"

# No value of these is ever shown: a secret may stand in the wrong place.
SECRET_SECTIONS = frozenset({"smtp", "slack", "database_url"})
MAX_SHOWN = 200

Raw = dict[str, Any]


def load(config_dir: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings of ``config_dir`` overlaid with ``environment``.

    Raises:
        ConfigError: with every finding of level error, not the first alone.

    """
    settings, findings = _read(config_dir, environment)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if settings is None or errors:
        raise ConfigError(errors)
    return settings.model_copy(
        update={"subscriptions": tuple(_titled(settings, one) for one in settings.subscriptions)}
    )


def _titled(settings: Settings, subscription: Subscription) -> Subscription:
    title = subscription.title or f"{settings.topic.topic.name} watch"
    return subscription.model_copy(update={"title": title})


def check(config_dir: Path, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return all findings, warnings included; none means that the configuration is sound."""
    return tuple(_read(config_dir, environment)[1])


def setting_paths(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every setting that ``settings.toml`` may hold."""
    for name, info in model.model_fields.items():
        if model is Settings and name in FILES:
            continue
        path = f"{prefix}{name}"
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from setting_paths(info.annotation, f"{path}.")
        else:
            yield path


def _read(
    config_dir: Path, environment: Mapping[str, str]
) -> tuple[Settings | None, list[Finding]]:
    findings: list[Finding] = []
    raw = _read_toml(config_dir / SETTINGS_FILE, findings, required=False)
    for key in FILES.keys() & raw.keys():
        mend = f"move it to {FILES[key]}"
        findings.append(_error("E003", SETTINGS_FILE, key, "this has a file of its own", mend))
        del raw[key]
    variables = _overlay_environment(raw, environment, findings)
    for key, name in FILES.items():
        document = _read_toml(config_dir / name, findings, required=True)
        raw[key] = document if key == "topic" else document.pop(key, [])
        if key != "topic":
            findings += [
                _error(
                    "E003",
                    name,
                    other,
                    "unknown key",
                    f"this file holds only [[{key}]]",
                )
                for other in document
            ]
    if any(finding.level is Level.ERROR for finding in findings):
        return None, findings
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        findings += [_from_pydantic(detail, variables) for detail in _innermost(error.errors())]
        return None, findings
    findings += _cross_checks(settings)
    return settings, findings


def _read_toml(path: Path, findings: list[Finding], *, required: bool) -> Raw:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            mend = f"create {path}, or point --config at the folder that has it"
            findings.append(_error("E001", path.name, "", f"there is no file {path}", mend))
    except (OSError, ValueError, RecursionError) as error:
        mend = "mend the line named, or put quotes around text"
        findings.append(_error("E002", path.name, "", f"not readable as TOML: {error}", mend))
    return {}


def _overlay_environment(
    raw: Raw, environment: Mapping[str, str], findings: list[Finding]
) -> dict[str, str]:
    """Put the variables' values over the file's; return which setting came from which."""
    paths = {_variable(path): path for path in setting_paths()}
    taken = {}
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in COMMAND_LINE_VARIABLES:
            continue
        target, is_file = name, False
        if name.endswith("_FILE") and name not in paths:
            target, is_file = name.removesuffix("_FILE"), True
        path = paths.get(target) or _webhook_path(target)
        if path is None:
            near = difflib.get_close_matches(target, paths, n=1)
            mend = f"did you mean {near[0]}?" if near else "remove it, or see settings.toml"
            findings.append(_error("E011", "environment", name, "unknown variable", mend))
            continue
        try:
            text = Path(value).read_text(encoding="utf-8").strip() if is_file else value
        except (OSError, ValueError) as error:
            mend = "let it name a readable text file"
            findings.append(_error("E012", "environment", name, str(error), mend))
            continue
        _put(raw, path, text)
        taken[path] = name
    return taken


def _variable(path: str) -> str:
    return PREFIX + path.replace(".", "_").upper()


def _webhook_path(variable: str) -> str | None:
    stem = _variable("slack.webhooks") + "_"
    return (
        f"slack.webhooks.{variable.removeprefix(stem).lower()}"
        if variable.startswith(stem)
        else None
    )


def _put(raw: Raw, path: str, value: str) -> None:
    *sections, key = path.split(".")
    for section in sections:
        inner = raw.setdefault(section, {})
        if not isinstance(inner, dict):
            # Not a section, which the schema will say in better words.
            return
        raw = inner
    raw[key] = value


def _innermost(details: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """What is wrong inside a list also makes the list wrong; once is enough."""
    for detail in details:
        place = detail["loc"]
        if all(d["loc"][: len(place)] != place or d["loc"] == place for d in details):
            yield detail


def _from_pydantic(detail: ErrorDetails, variables: Mapping[str, str]) -> Finding:
    location = [str(part) for part in detail["loc"] if part != "[key]"]
    file = FILES.get(location[0], SETTINGS_FILE) if location else SETTINGS_FILE
    key = ".".join(location[1:] if file == FILES["topic"] else location)
    if key in variables:
        file, key = "environment", variables[key]
    context = detail.get("ctx", {})
    if detail["type"].startswith("caspian."):
        number = detail["type"].removeprefix("caspian.")
        return _error(number, file, key, detail["msg"], str(context.get("mend", "")))
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(location[-1], _keys_beside(location), n=1)
        mend = f"did you mean {near[0]}?" if near else "remove it"
        return _error("E003", file, key, "unknown key", mend)
    if detail["type"] == "missing":
        return _error("E004", file, key, "this key is missing", f"add {location[-1]} = ...")
    shown = "" if SECRET_SECTIONS & set(location[:1]) else f" (it is {_short(detail['input'])})"
    message = detail["msg"].replace("Input should be", "should be")
    return _error("E004", file, key, f"{message}{shown}", "change the value")


def _short(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "too great to show"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _keys_beside(location: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        info = model.model_fields.get(part)
        if info is None:
            continue
        candidates = [info.annotation, *getattr(info.annotation, "__args__", ())]
        models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if models:
            model = models[0]
    return list(model.model_fields)


def _cross_checks(settings: Settings) -> Iterator[Finding]:
    yield from _duplicates([feed.url for feed in settings.feeds], "feeds", "feeds", "url")
    ids = [subscription.id for subscription in settings.subscriptions]
    yield from _duplicates(ids, "subscriptions", "subscriptions", "id")
    if not settings.feeds:
        yield _warning("W001", "feeds.toml", "feeds", "no feed is listed", "add a [[feeds]]")
    if not settings.subscriptions:
        mend = "add a [[subscriptions]]"
        yield _warning("W002", "subscriptions.toml", "subscriptions", "nobody subscribes", mend)
    for index, subscription in enumerate(settings.subscriptions):
        yield from _check_subscription(settings, subscription, f"subscriptions.{index}")
    if settings.smtp.username and settings.smtp.security == "none":
        mend = 'set smtp.security to "starttls" or "tls"'
        message = "the password would travel unencrypted"
        yield _warning("W003", SETTINGS_FILE, "smtp.security", message, mend)


def _check_subscription(
    settings: Settings, subscription: Subscription, where: str
) -> Iterator[Finding]:
    file = FILES["subscriptions"]
    channels = [str(channel) for channel in subscription.channels]
    yield from _duplicates(channels, "subscriptions", f"{where}.channels")
    for topic in subscription.topics:
        if topic not in settings.topic.topic.topics:
            mend = f"choose from {', '.join(settings.topic.topic.topics)}"
            yield _error("E013", file, f"{where}.topics", f"unknown topic {topic!r}", mend)
    for channel in subscription.channels:
        if channel.kind is ChannelKind.EMAIL and not settings.smtp.host:
            mend = "set smtp.host and smtp.sender (CASPIAN_SMTP_HOST, CASPIAN_SMTP_SENDER)"
            message = f"{channel} needs a mail server"
            yield _error("E014", file, f"{where}.channels", message, mend)
        if channel.kind is ChannelKind.SLACK and channel.target not in settings.slack.webhooks:
            mend = f"set {_variable('slack.webhooks')}_{channel.target.upper()}"
            message = f"no Slack webhook is named {channel.target!r}"
            yield _error("E015", file, f"{where}.channels", message, mend)


def _duplicates(values: list[str], file: str, table: str, key: str = "") -> Iterator[Finding]:
    for index, value in enumerate(values):
        first = values.index(value)
        if first < index:
            place = f"{table}.{index}" + (f".{key}" if key else "")
            message = f"{value!r} stands already at {table}.{first}"
            yield _error("E016", FILES[file], place, message, "remove one")


def _error(number: str, file: str, key: str, message: str, mend: str) -> Finding:
    return Finding(f"caspian.{number}", Level.ERROR, file, key, message, mend)


def _warning(number: str, file: str, key: str, message: str, mend: str) -> Finding:
    return Finding(f"caspian.{number}", Level.WARNING, file, key, message, mend)
