"""Written stories: reports of invented events, each with the event it tells of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.errors import InputError
from service.records import Item

MEND = "each line is an object with id, title, summary, lang, date and source (a story, if known)"
_TEXTS = ("title", "summary", "lang", "source")


@dataclass(frozen=True, slots=True)
class StoryReport:
    """A report, and the story it is in; "" where that is to be found out."""

    id: str
    item: Item
    source: str
    reported_at: datetime
    story: str = ""


def read_story_sets(paths: Sequence[Path]) -> list[list[StoryReport]]:
    """Return the reports of each file.

    Raises:
        InputError: a line is no report; it names the file and the line.

    """
    return [
        [
            report_of(line, f"{path}, line {number}", story=True)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if line.strip()
        ]
        for path in paths
    ]


def report_of(line: str | bytes, where: str, *, story: bool = False) -> StoryReport:
    """Return what one JSON line holds; ``where`` it stands is told if it cannot be read.

    Raises:
        InputError: it is no report, or its date is none.

    """
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:  # not UTF-8 is a ValueError too
        raise InputError(f"{where}: not JSON: {error}", mend=MEND) from error
    if not isinstance(row, dict) or "id" not in row or "title" not in row or "date" not in row:
        raise InputError(f"{where}: not a report", mend=MEND)
    texts = {name: row.get(name) or "" for name in _TEXTS}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    if wrong:
        raise InputError(f"{where}: {wrong[0]} is not a text", mend=MEND)
    if story and not isinstance(row.get("story"), str):
        raise InputError(f"{where}: no story", mend=MEND)
    return StoryReport(
        str(row["id"]),
        Item(texts["title"], texts["summary"], texts["lang"]),
        texts["source"],
        _moment(row["date"], where),
        str(row.get("story", "")),
    )


def _moment(text: object, where: str) -> datetime:
    """Read a day or a time; without a zone it is in UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        mend = 'write "2025-03-04" or "2025-03-04T09:12:00Z"'
        raise InputError(f"{where}: {text!r} is no date", mend=mend) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
