"""Checks the written items of a topic: every fault with its file, line and mend.

A near copy would land in another fold and flatter the figures, or, if it stands in the benchmark,
make it worthless; a broken pair teaches nothing of what its two items differ in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.learning.copies import near_copies
from service.learning.corpus import LINE_MEND, Line, read_lines
from service.records import Topic


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the written items."""

    where: str
    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}\n  mend: {self.mend}"


def check_curriculum(
    paths: Iterable[Path], topics: Sequence[Topic], benchmark: Sequence[str] = ()
) -> list[Fault]:
    """Return all faults of curriculum files; ``benchmark`` are texts none may be a copy of.

    Raises:
        InputError: when a file is not UTF-8.

    """
    lines = list(read_lines(paths, topics))
    good = [line for line in lines if not line.problem]
    return [
        *(Fault(line.where, line.problem, LINE_MEND) for line in lines if line.problem),
        *_texts(good),
        *_pairs(good),
        *_copies(good, benchmark),
    ]


def _texts(lines: Iterable[Line]) -> Iterator[Fault]:
    for line in lines:
        for name in ("title", "summary"):
            text = line.row[name]
            if text != text.strip() or any(c < " " or c == "\ufffd" for c in text):
                yield Fault(
                    line.where,
                    f"the {name} has blanks at its ends or characters that cannot be seen",
                    "write it as a feed would show it, on one line",
                )


def _pairs(lines: Iterable[Line]) -> Iterator[Fault]:
    pairs: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if "pair" in line.row:
            pairs[line.row["pair"]].append(line)
    for name, members in pairs.items():
        languages = {line.row["lang"] for line in members}
        if sorted(line.row["label"] for line in members) != [0, 1] or len(languages) > 1:
            yield Fault(
                "; ".join(line.where for line in members),
                f"the pair {name!r} is not one relevant and one other item of one language",
                "give both items the same pair and language, and opposite labels",
            )


def _copies(lines: Sequence[Line], benchmark: Sequence[str]) -> Iterator[Fault]:
    texts = [*(f"{line.row['title']} {line.row['summary']}" for line in lines), *benchmark]
    for a, b, share in near_copies(texts):
        if a >= len(lines):
            continue
        if b >= len(lines):
            yield Fault(
                lines[a].where,
                f"nearly the same text ({share:.0%}) stands in the benchmark",
                "take it out: what is judged on must not be learnt from",
            )
        elif not (pair := lines[a].row.get("pair")) or pair != lines[b].row.get("pair"):
            yield Fault(
                f"{lines[a].where}; {lines[b].where}",
                f"two texts are nearly the same ({share:.0%})",
                "rewrite or remove one, or make them a pair",
            )
