"""Labels as files: CSV and JSON Lines, in and out. A bad line is named, and the others count."""

from __future__ import annotations

import csv
import io
import json
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

    Raises:
        InputError: when a CSV file has no usable header.

    """
    dated: list[Label] = []
    undated: list[Label] = []
    problems: list[tuple[int, str]] = []
    for number, row in _csv_rows(text) if is_csv else _json_rows(text):
        label = row if isinstance(row, str) else _label(row, topics, reader, now)
        if isinstance(label, str):
            problems.append((number, label))
        elif isinstance(row, dict) and row.get("labelled_at"):
            dated.append(label)
        else:
            undated.append(label)
    return Read(tuple(dated), tuple(undated), tuple(problems))


def write_labels(labels: Iterable[Label], *, as_csv: bool) -> str:
    """Return labels as a file that ``read_labels`` reads."""
    rows = [_row(label) for label in labels]
    if not as_csv:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
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


def _label(row: dict[str, Any], topics: Sequence[Topic], reader: str, now: datetime) -> Label | str:
    """Return the label of a row, or what is wrong with it."""
    texts = {name: row.get(name) or "" for name in ("title", "summary", "lang", "reader", "url")}
    if not all(isinstance(text, str) for text in texts.values()):
        return f"{', '.join(texts)} are texts"
    if any(_HALF.search(text) for text in texts.values()):
        return "a text holds half a character (an unpaired surrogate)"
    if not (texts["title"].strip() or texts["summary"].strip()):
        return "neither title nor summary"
    said = row.get("verdict") if row.get("verdict") not in (None, "") else row.get("label")
    verdict = WORDS.get(str(said).strip().lower())
    if verdict is None:
        return f"verdict is {said!r}, not relevant, not_relevant or unsure"
    named = _topics(row.get("topics"))
    unknown = [topic for topic in named if topic not in topics]
    if unknown:
        return f"unknown topic {unknown[0]!r}: there are {', '.join(topics)}"
    if named and verdict is not Verdict.RELEVANT:
        return "only relevant items have topics"
    moment = _moment(row.get("labelled_at"), now)
    if isinstance(moment, str):
        return moment
    return Label(
        text_hash=text_hash(texts["title"], texts["summary"]),
        item=Item(texts["title"], texts["summary"], texts["lang"][:LONGEST_LANGUAGE]),
        verdict=verdict,
        topics=tuple(topic for topic in topics if topic in named),
        reader=texts["reader"] or reader,
        origin=Origin.IMPORT,
        labelled_at=moment,
        url=texts["url"] or None,
    )


def _topics(value: object) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.replace(",", ";").split(";") if part.strip()]
    return [str(part) for part in value] if isinstance(value, list) else []


def _moment(value: object, now: datetime) -> datetime | str:
    if not value:
        return now
    try:
        moment = datetime.fromisoformat(str(value))
        # Few times at either end of the calendar are none in UTC.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return f"labelled_at is {value!r}, not a time like 2026-01-31T08:00:00+00:00"
