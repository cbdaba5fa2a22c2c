"""Labels as files: CSV and JSON Lines, in and out. A bad line is named, and the others count."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service.errors import InputError
from service.records import Item, Label, Origin, Topic, Verdict
from service.stories.identity import text_hash

FIELDS = (
    "title",
    "summary",
    "lang",
    "verdict",
    "topics",
    "reader",
    "labelled_at",
    "url",
    "origin",
    "seconds",
)
# What people write for the three verdicts.
WORDS = {
    **dict.fromkeys(("relevant", "1", "yes", "true"), Verdict.RELEVANT),
    **dict.fromkeys(("not_relevant", "not relevant", "0", "no", "false"), Verdict.NOT_RELEVANT),
    **dict.fromkeys(("unsure", "?"), Verdict.UNSURE),
    "withdrawn": Verdict.WITHDRAWN,
}
LONGEST_LANGUAGE = 3
_HALF = re.compile("[\ud800-\udfff]")


class _BadLineError(Exception):
    """Says what is wrong with a line."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file held: labels, those without a date of their own, and the bad lines."""

    dated: tuple[Label, ...]
    undated: tuple[Label, ...]
    problems: tuple[tuple[int, str], ...]


def read_labels(
    text: str, *, is_csv: bool, topics: Sequence[Topic], reader: str, now: datetime
) -> Read:
    """Read labels; ``reader`` and ``now`` stand in where a line names none.

    A line needs a title or a summary, and a verdict (``label`` with 1, 0 or "unsure" will do).
    What is dated later than ``now`` counts as without a date: nobody has said it yet, and it must
    not outlast what its reader says next.

    Raises:
        InputError: when a CSV file has no usable header.

    """
    dated: list[Label] = []
    undated: list[Label] = []
    problems: list[tuple[int, str]] = []
    for number, row in _csv_rows(text) if is_csv else _json_rows(text):
        if isinstance(row, str):
            problems.append((number, row))
            continue
        try:
            at = _moment(row.get("labelled_at"))
            is_dated = at is not None and at <= now
            label = _label(row, topics, reader, at if at and is_dated else now)
        except _BadLineError as problem:
            problems.append((number, str(problem)))
        else:
            (dated if is_dated else undated).append(label)
    return Read(tuple(dated), tuple(undated), tuple(problems))


def write_labels(labels: Iterable[Label], *, as_csv: bool) -> str:
    """Return labels as a file that ``read_labels`` reads."""
    rows = [_row(label) for label in labels]
    if not as_csv:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({**row, "topics": ";".join(row["topics"])} for row in rows)
    return out.getvalue()


def _row(label: Label) -> dict[str, Any]:
    return {
        "title": label.item.title,
        "summary": label.item.summary,
        "lang": label.item.lang,
        "verdict": label.verdict.value,
        "topics": list(label.topics),
        "reader": label.reader,
        "labelled_at": label.labelled_at.isoformat(),
        "url": label.url,
        "origin": label.origin.value,
        "seconds": label.seconds,
    }


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        header = rows.fieldnames or []
    except csv.Error as error:
        raise InputError(f"the header is not CSV: {error}", mend="is it a CSV file?") from error
    if not {"verdict", "label"} & set(header) or not {"title", "summary"} & set(header):
        raise InputError(
            f"the header has no column for texts and verdicts: {', '.join(header) or 'none'}",
            mend=f"name the columns in the first line, from {', '.join(FIELDS)}",
        )
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield rows.line_num, f"not CSV: {error}"
            continue
        if None in row:
            yield rows.line_num, "more fields than the header names"
        else:
            yield rows.line_num, {name: value or "" for name, value in row.items()}


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"not JSON: {error}"
        else:
            yield number, row if isinstance(row, dict) else "not an object"


def _label(row: dict[str, Any], topics: Sequence[Topic], reader: str, at: datetime) -> Label:
    texts = _texts(row)
    verdict = _verdict(row)
    named = _topics(row.get("topics"), topics)
    if named and verdict is not Verdict.RELEVANT:
        raise _BadLineError("only relevant items have topics")
    return Label(
        text_hash=text_hash(texts["title"], texts["summary"]),
        item=Item(texts["title"], texts["summary"], texts["lang"][:LONGEST_LANGUAGE]),
        verdict=verdict,
        topics=named,
        reader=texts["reader"] if texts["reader"].strip() else reader,
        origin=_origin(row.get("origin")),
        labelled_at=at,
        url=texts["url"] or None,
        seconds=_seconds(row.get("seconds")),
    )


def _texts(row: dict[str, Any]) -> dict[str, str]:
    texts = {name: row.get(name) or "" for name in ("title", "summary", "lang", "reader", "url")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise _BadLineError(f"{', '.join(texts)} are texts")
    if any(_HALF.search(text) for text in texts.values()):
        raise _BadLineError("a text holds half a character (an unpaired surrogate)")
    if not (texts["title"].strip() or texts["summary"].strip()):
        raise _BadLineError("neither title nor summary")
    return texts


def _verdict(row: dict[str, Any]) -> Verdict:
    said = row.get("verdict") if row.get("verdict") not in (None, "") else row.get("label")
    verdict = WORDS.get(str(said).strip().lower())
    if verdict is None:
        raise _BadLineError(f"verdict is {said!r}, not relevant, not_relevant or unsure")
    return verdict


def _topics(value: object, topics: Sequence[Topic]) -> tuple[Topic, ...]:
    named = {name.strip() for name in _names(value)} - {""}
    if unknown := sorted(named.difference(topics)):
        raise _BadLineError(f"unknown topic {unknown[0]!r}: there are {', '.join(topics)}")
    return tuple(topic for topic in topics if topic in named)


def _names(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return value.replace(",", ";").split(";")
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return value
    raise _BadLineError(f"topics is {value!r}, neither a text nor a list of texts")


def _origin(value: object) -> Origin:
    """Return where the label came in first; a file that does not know is where it came in."""
    if value in (None, ""):
        return Origin.IMPORT
    try:
        return Origin(str(value))
    except ValueError:
        known = ", ".join(Origin)
        raise _BadLineError(f"origin is {value!r}, none of {known}") from None


def _seconds(value: object) -> float | None:
    if value in (None, ""):
        return None
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if isinstance(value, bool) or not (math.isfinite(seconds) and seconds >= 0):
        raise _BadLineError(f"seconds is {value!r}, not a number like 2.5")
    return seconds


def _moment(value: object) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
        # Few times at either end of the calendar are none in UTC.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        problem = f"labelled_at is {value!r}, not a time like 2026-01-31T08:00:00+00:00"
        raise _BadLineError(problem) from None
