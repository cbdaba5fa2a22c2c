"""What the service says of itself: one event a line, whole, and without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog

from service.settings.schema import LogSettings
from service.telemetry import CHATTY, configure_logs

Format = Literal["auto", "json", "text"]
Level = Literal["debug", "info", "warning", "error"]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Logging is the process's: what a test sets up must not reach the next one."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def configured(
    form: Format = "json", level: Level = "info", stream: io.StringIO | None = None
) -> tuple[Any, io.StringIO]:
    stream = stream or io.StringIO()
    configure_logs(LogSettings(format=form, level=level), stream)
    return structlog.get_logger("service.test"), stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_time_level_and_origin() -> None:
    log, stream = configured()
    log.warning("feed failed", feed="https://a.example/", attempt=3)
    (line,) = lines(stream)
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert str(moment.tzinfo) == "UTC"
    assert line == {
        "event": "feed failed",
        "feed": "https://a.example/",
        "attempt": 3,
        "level": "warning",
        "logger": "service.test",
    }


def test_a_library_s_message_comes_out_like_our_own() -> None:
    _, stream = configured()
    logging.getLogger("library").error("no %s at %d", "socket", 9)
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("no socket at 9", "error", "library")


@pytest.mark.parametrize("text", ["Москва и Тегеран", "طهران", "\u202e", "a\nforged", "\x1b[31m"])
def test_json_keeps_any_text_in_its_line(text: str) -> None:
    log, stream = configured()
    log.info(text, title=text)
    logging.getLogger("library").warning(text)
    first, second = lines(stream)
    assert (first["event"], first["title"], second["event"]) == (text, text, text)


def test_json_holds_what_json_has_no_word_for() -> None:
    log, stream = configured()
    log.info("odd", path=Path("/tmp/x"), raw=b"\xff")
    (line,) = lines(stream)
    assert "/tmp/x" in line["path"]
    assert "xff" in line["raw"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_failure_is_told_with_its_traceback(form: Format) -> None:
    log, stream = configured(form)
    say_what_fails(log)
    assert "job failed" in stream.getvalue()
    assert "RuntimeError: the server refused 7 letters" in stream.getvalue()
    assert "test_telemetry.py" in stream.getvalue()
    if form == "json":
        (line,) = lines(stream)
        assert line["exception"].startswith("Traceback")


def log_in(password: str) -> None:
    raise RuntimeError(f"the server refused {len(password)} letters")


def say_what_fails(log: Any) -> None:
    try:
        log_in("hunter" + "2")
    except RuntimeError:
        log.exception("job failed", job="deliver")


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_does_not_show_what_variables_held(form: Format) -> None:
    log, stream = configured(form)
    say_what_fails(log)
    assert "the server refused 7 letters" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_text_is_one_plain_line_where_it_does_not_go_to_a_terminal() -> None:
    log, stream = configured("text")
    log.info("feed polled", title="first\n2026-01-01 [error] forged")
    (line,) = stream.getvalue().splitlines()
    assert "feed polled" in line
    assert "\x1b" not in line


@pytest.mark.parametrize(("stream", "as_json"), [(io.StringIO, True), (Terminal, False)])
def test_auto_is_json_for_machines_and_text_for_a_terminal(
    stream: type[io.StringIO], as_json: bool
) -> None:
    log, written = configured("auto", stream=stream())
    log.info("started")
    assert written.getvalue().startswith("{") is as_json


def test_json_can_be_had_on_a_terminal() -> None:
    log, stream = configured("json", stream=Terminal())
    log.info("started")
    assert lines(stream)[0]["event"] == "started"


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_what_lies_below_the_level_is_not_told(level: Level, told: list[str]) -> None:
    log, stream = configured(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("x")
    assert [line["level"] for line in lines(stream)] == told


@pytest.mark.parametrize("name", CHATTY)
@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_a_chatty_library_is_heard_from_a_warning_on_and_never_below_the_level(
    name: str, level: Level
) -> None:
    _, stream = configured(level=level)
    for say in ("info", "warning", "error"):
        getattr(logging.getLogger(name), say)(say)
    expected = ["error"] if level == "error" else ["warning", "error"]
    assert [line["event"] for line in lines(stream)] == expected


def test_configuring_again_replaces_the_first_and_doubles_nothing() -> None:
    _, before = configured()
    log, after = configured()
    log.info("once")
    assert before.getvalue() == ""
    assert len(lines(after)) == 1


def test_what_is_bound_to_the_context_goes_with_every_line() -> None:
    log, stream = configured()
    with structlog.contextvars.bound_contextvars(job="poll"):
        log.info("inside")
        logging.getLogger("library").warning("inside too")
    log.info("outside")
    assert [line.get("job") for line in lines(stream)] == ["poll", "poll", None]


def test_without_a_stream_logs_go_to_what_is_standard_error_by_then() -> None:
    with redirect_stderr(io.StringIO()) as stream:
        configure_logs(LogSettings(format="json"))
        structlog.get_logger("x").info("here")
    assert lines(stream)[0]["event"] == "here"
