"""What the classifier learns from: passages of the seed documents, and the curriculum.

The five seeds came from the web with page clutter around the text: tables of contents, share
and comment prompts, author boxes with invented people, picture captions, celebrity links. The
originals are kept as they came; ``clean_passages`` takes the clutter out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import InputError
from service.records import Item, Topic
from service.relevance.mentions import MentionFinder

FIELDS = frozenset({"title", "summary", "lang", "label", "topics", "kind"})
OPTIONAL_FIELDS = frozenset({"pair", "id", "unsure"})
LINE_MEND = "each line is an object with title, summary, lang, label (0 or 1), topics and kind"
SEED, TWIN, LABEL = "seed", "twin", "label"
# A seed passage weighs less than a written item: there are many, all in one voice.
SEED_WEIGHT = 0.3

# A seed passage is as long as a feed item's summary.
PASSAGE_WORDS = (12, 70)
LONG_LINE_WORDS = 40

_HEADING = re.compile(r"\s*#{2,6}\s+")
_CONTENTS = re.compile(r"(?:\d+\.|\*)\s*\[([^\]]*)\]\(#[^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"\*\*|\s*\[\d+\]|(?<!\w)---+(?!\w)")
_ENDING = re.compile(r"[.!?][\"”’)]?$")
_SENTENCE = re.compile(
    r"(?<!U\.S\.)(?<!\bSt\.)(?<!\bMr\.)(?<!\bDr\.)(?:(?<=[.!?][\"”’)])|(?<=[.!?]))\s+|(?<=[a-z]\.)(?=[A-Z])"
)
# Author boxes, social handles and forms: "Label : value" at the start of a line.
_FORM_LINE = re.compile(
    r"^\W*(?:name|username|email|birthdate|address|phone|company|job|bio|url|followers"
    r"|following|socials|detail author|tiktok|twitter|facebook|instagram|linkedin)\b\s*:?",
    re.IGNORECASE,
)
# The page speaking to its visitor, or of itself.
_PROMPT = re.compile(
    r"\b(?:comments? below|share (?:your|this)|our (?:site|other articles|newsletter)"
    r"|explore (?:our|other)|what are your thoughts|do you (?:believe|think)|let us know"
    r"|leave a (?:reply|comment)|read more|this article|table of contents|subscribe"
    r"|does russia support iran|is russia allies with iran|will russia protect iran)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Example:
    """One training item. ``group`` keeps what belongs together in one fold.

    Passages of seeds have no ``topics``: nobody has read them for that. ``weight`` says how much
    it counts beside a written item, which counts 1.
    """

    item: Item
    label: bool
    topics: tuple[Topic, ...]
    kind: str
    group: str
    weight: float = 1.0


def read_seeds(folder: Path, sides: Sequence[str]) -> list[Example]:
    """Return the passages of all seed documents that name both sides, as relevant examples.

    ``sides`` are the names by which the seeds, which are English, call the two.
    """
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise InputError(f"no seed documents in {folder}", mend="put *.txt files there")
    return [
        Example(Item("", passage, "en"), True, (), SEED, path.stem, SEED_WEIGHT)
        for path in paths
        for passage in clean_passages(path.read_text(encoding="utf-8"))
        if all(side.lower() in passage.lower() for side in sides)
    ]


def twins(seeds: Sequence[Example], finder: MentionFinder, stand_in: str) -> list[Example]:
    """Return two twins of each seed passage, as items that are not relevant.

    In each, one side is swapped for ``stand_in``, a country that is neither: what is told of the
    two sides is then told of another pair.
    """
    return [
        Example(Item("", text, seed.item.lang), False, (), TWIN, seed.group, seed.weight)
        for seed in seeds
        for side in finder.sides
        if (text := _swapped(seed.item.summary, side, finder, stand_in))
    ]


def _swapped(text: str, side: str, finder: MentionFinder, stand_in: str) -> str:
    parts, at = [], 0
    for mention in finder.find(text, "summary"):
        # A name of both sides at once ("Russo-Iranian") is found twice, at one place.
        if mention.side == side and mention.start >= at:
            parts += [text[at : mention.start], stand_in]
            at = mention.end
    return "".join([*parts, text[at:]])


def clean_passages(document: str) -> list[str]:
    """Return the running text of a seed document in passages of a few sentences.

    Dropped: contents, headings, form lines, captions (lines seen twice or without a full
    sentence), link lists, and sentences in which the page talks to its visitor.
    """
    headings = sorted(map(str.strip, _CONTENTS.findall(document)), key=len, reverse=True)
    document = _HEADING.sub("\n", _CONTENTS.sub("\n", document))
    document = _MARKS.sub(" ", _LINK.sub(r"\1", document))
    lines = [_without_heading(line, headings) for line in document.splitlines()]
    seen = Counter(lines)
    passages: list[str] = []
    for line in lines:
        # A paragraph that runs into a link list has no end, but still holds good sentences.
        whole = _ENDING.search(line) or len(line.split()) >= LONG_LINE_WORDS
        if seen[line] > 1 or _FORM_LINE.match(line) or not whole:
            continue
        passages += _passages(_sentences(line))
    return list(dict.fromkeys(passages))


def read_curriculum(paths: Iterable[Path], topics: Sequence[Topic]) -> list[Example]:
    """Return the examples of curriculum files; ``unsure`` ones are left out.

    Raises:
        InputError: naming file, line and mend, for the first bad line.

    """
    examples = []
    for line in read_lines(paths, topics):
        if line.problem:
            raise InputError(f"{line.where}: {line.problem}", mend=LINE_MEND)
        row = line.row
        if row.get("unsure"):
            continue
        chosen = tuple(topic for topic in topics if topic in row["topics"])
        item = Item(row["title"], row["summary"], row["lang"])
        group = row.get("pair") or f"{line.path.stem}:{line.number}"
        examples.append(Example(item, bool(row["label"]), chosen, row["kind"], group))
    return examples


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a curriculum file: its object, or what is wrong with it."""

    path: Path
    number: int
    row: dict[str, Any]
    problem: str | None

    @property
    def where(self) -> str:
        """The file and the line, for people."""
        return f"{self.path}, line {self.number}"


def read_lines(paths: Iterable[Path], topics: Sequence[Topic]) -> Iterator[Line]:
    """Yield every line that holds something, good or bad.

    Raises:
        InputError: when a file is not UTF-8.

    """
    for path in sorted(paths):
        for number, text in enumerate(_text(path).split("\n"), 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
                problem = _row_problem(row, topics)
            except (ValueError, RecursionError) as error:
                row, problem = {}, f"not JSON: {error}"
            yield Line(path, number, row if isinstance(row, dict) else {}, problem)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8: {error}", mend="save it as UTF-8") from error


def fingerprint(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by its name, for a model's manifest."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def _without_heading(line: str, headings: Iterable[str]) -> str:
    """Some seeds came with their line breaks lost: a heading runs into its paragraph."""
    line = " ".join(line.split())
    for heading in headings:
        if line.startswith(heading):
            return line.removeprefix(heading).strip()
    return line


def _sentences(line: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(line):
        words = sentence.split()
        ends_well = sentence.rstrip('"”’) ').endswith((".", "!", "?"))
        if len(words) >= 5 and ends_well and not _PROMPT.search(sentence):
            yield sentence.strip()


def _passages(sentences: Iterable[str]) -> Iterator[str]:
    """Join sentences until a passage is about as long as a summary."""
    shortest, longest = PASSAGE_WORDS
    words: list[str] = []
    for sentence in sentences:
        more = sentence.split()
        if words and len(words) + len(more) > longest:
            yield " ".join(words)
            words = []
        words += more
    if len(words) >= shortest:
        yield " ".join(words)


def _row_problem(row: object, topics: Sequence[Topic]) -> str | None:
    if not isinstance(row, dict):
        return "not an object"
    missing, unknown = FIELDS - row.keys(), row.keys() - FIELDS - OPTIONAL_FIELDS
    if missing or unknown:
        parts = [f"missing {sorted(missing)}"] * bool(missing)
        return ", ".join(parts + [f"unknown {sorted(unknown)}"] * bool(unknown))
    if not all(isinstance(row[name], str) for name in ("title", "summary", "lang", "kind")):
        return "title, summary, lang and kind are texts"
    if not row["title"] and not row["summary"]:
        return "neither title nor summary"
    if row["label"] not in (0, 1):
        return f"label is {row['label']!r}, not 0 or 1"
    named = row["topics"]
    if not isinstance(named, list) or any(topic not in topics for topic in named):
        return f"topics are {row['topics']!r}, not a list from {list(topics)}"
    if bool(row["topics"]) != bool(row["label"]):
        return "relevant items have topics, others have none"
    return None
