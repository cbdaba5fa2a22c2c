"""Adds feeds to ``feeds.toml``: comments and order stay, and it is whole at every moment."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array

from service.errors import InputError
from service.settings.load import FILES, SETTINGS_FILE, load
from service.settings.schema import FeedConfig

FEEDS_FILE = FILES["feeds"]
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fact about a feed that is missing or cannot be right; ``key`` is that of the file."""

    key: str
    message: str


def make_feed(facts: Mapping[str, object]) -> FeedConfig | tuple[Fault, ...]:
    """Return the feed with these facts, or all that is wrong with them; None is "not told"."""
    try:
        return FeedConfig.model_validate({k: v for k, v in facts.items() if v is not None})
    except ValidationError as error:
        return tuple(Fault(str(one["loc"][0]), _in_words(one)) for one in error.errors())


def _in_words(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"].startswith("caspian."):
        return detail["msg"]
    return f"{detail['msg'].replace('Input should', 'should')} (it is {detail['input']!r})"


def address_key(url: str) -> tuple[str, str, str]:
    """Return what two addresses of one feed have in common, with or without TLS or last slash."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return url, "", ""
    if port is not None and port != DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    return host, parts.path.rstrip("/"), parts.query


def add_feeds(
    config_dir: Path, environment: Mapping[str, str], feeds: Sequence[FeedConfig]
) -> None:
    """Write the feeds to the end of ``feeds.toml``, unless that would break the configuration.

    Raises:
        ConfigError: the configuration would not load with them; nothing is written.
        InputError: the file cannot be read or written; nothing is written.

    """
    path = (config_dir / FEEDS_FILE).resolve()
    try:
        before = path.read_bytes()
        after = appended(before.decode("utf-8"), feeds).encode()
    except (OSError, ValueError, TypeError, TOMLKitError) as error:
        raise InputError(
            f"{path} cannot be changed: {error}", mend="see caspian check-config"
        ) from error
    _must_load(config_dir, environment, after)
    if path.read_bytes() != before:
        raise InputError(f"{path} was changed by someone else just now", mend="try again")
    write_whole(path, after)


def appended(text: str, feeds: Iterable[FeedConfig]) -> str:
    """Return a ``feeds.toml`` with more feeds; all that stands there stays as it is."""
    document = tomlkit.parse(text)
    listed = document.get("feeds")
    if isinstance(listed, Array) and listed:
        for feed in feeds:
            row = tomlkit.inline_table()
            row.update(_facts(feed))
            listed.append(row)
        return tomlkit.dumps(document)
    if isinstance(listed, Array):
        # "feeds = []": an empty list, which no [[feeds]] may follow.
        document.remove("feeds")
    if not isinstance(listed, AoT | Array | None):
        raise TypeError("feeds is not a list of tables")
    head = tomlkit.dumps(document)
    gap = "" if not head.strip() else "\n" if head.endswith("\n") else "\n\n"
    return head + gap + "\n".join(map(_block, feeds))


def _block(feed: FeedConfig) -> str:
    rows = tomlkit.aot()
    rows.append(tomlkit.item(_facts(feed)))
    return tomlkit.dumps({"feeds": rows})


def _facts(feed: FeedConfig) -> dict[str, object]:
    return feed.model_dump(mode="json")


def _must_load(config_dir: Path, environment: Mapping[str, str], feeds: bytes) -> None:
    """Try the configuration as it would be, in a folder beside."""
    with tempfile.TemporaryDirectory(prefix="caspian-") as folder:
        trial = Path(folder)
        for name in (SETTINGS_FILE, *FILES.values()):
            with suppress(FileNotFoundError):
                shutil.copyfile(config_dir / name, trial / name)
        (trial / FEEDS_FILE).write_bytes(feeds)
        load(trial, environment)


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one step: whoever reads it finds the old or the new, never a part.

    Raises:
        InputError: it cannot be written; what was there is there still.

    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise InputError(
            f"{path} cannot be written: {error}",
            mend="let its folder be writable; in a container, mount the folder, not the file",
        ) from error
