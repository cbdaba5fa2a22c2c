"""What readers' labels become: training examples, with weights that say how far to trust them.

Rules. Each reader has one voice a text, the last one. Voices for and against are weighed against
each other; "unsure" is a voice for neither and takes weight from both. A tie teaches nothing. One
undisputed label counts ``LABEL_WEIGHT`` written items, two or more agreeing readers a little
more, and all labels together at most ``MOST_OF_ALL`` of what is written: no crowd outvotes the
curriculum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.learning.copies import near_copies
from service.learning.corpus import LABEL, Example
from service.records import Label, Topic, Verdict

LABEL_WEIGHT = 3.0
AGREED_WEIGHT = 4.0
MOST_OF_ALL = 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """A text that readers have judged: what it teaches, and when it was judged last.

    ``arrived`` is the number of its newest label in the order they came in, whatever their dates
    say: those of another service's export are old and yet new here.
    """

    example: Example
    text_hash: str
    readers: tuple[str, ...]
    labelled_at: datetime
    arrived: int = 0


def judged_texts(labels: Iterable[Label], topics: Sequence[Topic]) -> list[Judged]:
    """Return what the current labels teach, in order of arrival; ties of voices are left out.

    Copies of one text in other words share a group, so that folds keep them together.
    """
    by_text: defaultdict[str, list[Label]] = defaultdict(list)
    for label in labels:
        by_text[label.text_hash].append(label)
    judged = [one for voices in by_text.values() if (one := _judged(voices, topics)) is not None]
    judged.sort(key=lambda one: (one.arrived, one.labelled_at, one.text_hash))
    groups = _groups([f"{j.example.item.title} {j.example.item.summary}" for j in judged])
    return [
        replace(one, example=replace(one.example, group=f"label:{group}"))
        for one, group in zip(judged, groups, strict=True)
    ]


def weighed(judged: Sequence[Judged], written: float) -> list[Example]:
    """Return the examples, their weights cut where all together they would outweigh too much.

    ``written`` is the sum of the weights of everything else that is learnt from.
    """
    total = sum(one.example.weight for one in judged)
    factor = min(1.0, MOST_OF_ALL * written / total) if total else 1.0
    return [replace(one.example, weight=one.example.weight * factor) for one in judged]


def _judged(voices: Sequence[Label], topics: Sequence[Topic]) -> Judged | None:
    given = [voice for voice in voices if voice.verdict is not Verdict.WITHDRAWN]
    yes = [voice for voice in given if voice.verdict is Verdict.RELEVANT]
    no = [voice for voice in given if voice.verdict is Verdict.NOT_RELEVANT]
    if len(yes) == len(no):
        return None
    winners = yes if len(yes) > len(no) else no
    full = LABEL_WEIGHT if len(winners) == 1 else AGREED_WEIGHT
    margin = (len(winners) - (len(yes) + len(no) - len(winners))) / len(given)
    newest = max(given, key=lambda voice: voice.labelled_at)
    named = {topic for voice in winners for topic in voice.topics}
    example = Example(
        item=newest.item,
        label=winners is yes,
        topics=tuple(topic for topic in topics if topic in named) if winners is yes else (),
        kind=LABEL,
        group=newest.text_hash,
        weight=full * margin,
    )
    readers = tuple(sorted({voice.reader for voice in winners}))
    arrived = max(voice.id or 0 for voice in given)
    return Judged(example, newest.text_hash, readers, newest.labelled_at, arrived)


def _groups(texts: Sequence[str]) -> list[int]:
    """Return a number for each text, the same for near copies."""
    group = list(range(len(texts)))
    for a, b, _ in near_copies(texts):
        old, new = group[b], group[a]
        group = [new if g == old else g for g in group]
    return group
