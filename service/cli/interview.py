"""The keyboard flow of ``caspian label next``: one article at a time, one key an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from service.asking import Question, answer, withdraw
from service.records import Label, Origin, Said, Score, Topic, Verdict
from service.relevance.classifier import Classifier
from service.relevance.neighbours import Neighbours
from service.storage import articles
from service.storage.database import Database

RELEVANT = "r"
VERDICTS = {
    RELEVANT: Verdict.RELEVANT,
    "n": Verdict.NOT_RELEVANT,
    "u": Verdict.UNSURE,
}
UNDO, SKIP, QUIT, HELP = "z", "s", "q", "?"
# What a terminal sends for "stop".
STOPS = {QUIT, "\x03", "\x04", "\x1b"}
# So much of the nearest written item tells what it is about.
LONGEST_NEAREST = 120


@dataclass(slots=True)
class Told:
    """What an interview brought: labels by verdict, and the seconds they took."""

    counts: dict[str, int] = field(default_factory=lambda: {v.value: 0 for v in VERDICTS.values()})
    seconds: float = 0.0

    @property
    def labels(self) -> int:
        """How many labels were given."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class _Given:
    """One answer: the place of its question, and the labels it made, those of copies too."""

    place: int
    labels: list[Label]


@dataclass(frozen=True, slots=True)
class Interview:
    """Asks questions one by one. ``key`` waits for a key; ``stopwatch`` counts seconds."""

    database: Database
    model: Classifier
    neighbours: Neighbours
    topics: Sequence[Topic]
    reader: str
    clock: Callable[[], datetime]
    stopwatch: Callable[[], float]
    key: Callable[[], str]
    console: Console

    def run(self, questions: Sequence[Question]) -> Told:
        """Ask until all is answered or the reader stops; what was answered is stored at once."""
        given: list[_Given] = []
        # Ctrl-C is a key while one is waited for, and a signal in between: it ends both alike.
        with suppress(KeyboardInterrupt):
            self._ask_all(questions, given)
        return _told(given)

    def _ask_all(self, questions: Sequence[Question], given: list[_Given]) -> None:
        place = 0
        while True:
            place = _first_open(questions, place, given)
            key = self._ask(questions, place, given) if place < len(questions) else self._end(given)
            if key in STOPS:
                return
            if key == UNDO:
                place = self._undo(given, place)
            else:
                place += 1

    def _ask(self, questions: Sequence[Question], place: int, given: list[_Given]) -> str:
        """Ask one question, take its answer down, and return the key that ended it."""
        question = questions[place]
        (score,) = self.model.score([question.candidate.item])
        # Who is asked by the audit must not know what the model would say.
        chosen = list(score.topics) if score.relevant and question.draw is None else []
        began = self.stopwatch()
        self._show(question, f"{place + 1} of {len(questions)}", score, chosen)
        key = self._key(chosen)
        if key in VERDICTS:
            seconds = round(self.stopwatch() - began, 1)
            labels = self._store(question, VERDICTS[key], chosen, seconds)
            given.append(_Given(place, labels))
            self._confirm(question, score, labels)
        elif key == SKIP:
            self.console.print("  skipped\n", style="bold")
        return key

    def _end(self, given: list[_Given]) -> str:
        """Offer to take the last answer back before all ends; what is not that ends it."""
        if given:
            keys = [Text.assemble(("z", "bold"), " take back"), Text("any other key stops")]
            self.console.print(_flowing([Text("that was all:"), *keys], self.console.width))
        return UNDO if given and self._press() == UNDO else QUIT

    def _press(self) -> str:
        try:
            return self.key().lower() or QUIT
        except (KeyboardInterrupt, EOFError):
            return QUIT

    def _key(self, chosen: list[Topic]) -> str:
        """Wait for a key that ends the question; numbers turn topics on and off meanwhile."""
        warned = False
        while True:
            key = self._press()
            if key == RELEVANT and not chosen and not warned:
                warned = True
                self.console.print(f"  of which topic? {self._numbers}, or r for none")
            elif key in VERDICTS or key in STOPS or key in (UNDO, SKIP):
                return key
            elif key.isdecimal() and 0 < int(key) <= len(self.topics):
                _turn(chosen, self.topics[int(key) - 1])
                self.console.print(self._topics_line(chosen))
            elif key == HELP:
                self.console.print(self._help())
            else:
                self.console.print(f"  unknown key; keys: r n u {self._numbers} s z q ?")

    def _store(
        self, question: Question, verdict: Verdict, chosen: Sequence[Topic], seconds: float
    ) -> list[Label]:
        candidate = question.candidate
        with self.database.reading() as connection:
            article = articles.find(connection, candidate.article_id)
        assert article is not None  # noqa: S101 - it has just been asked about
        # A feed may have edited it meanwhile: what was judged is what was shown.
        shown = replace(article, title=candidate.item.title, summary=candidate.item.summary)
        named = tuple(topic for topic in self.topics if topic in chosen)
        said = Said(
            verdict,
            named if verdict is Verdict.RELEVANT else (),
            self.reader,
            Origin.CLI,
            self.clock(),
            seconds,
            question.draw.id if question.draw else None,
        )
        return answer(self.database, shown, said)

    def _confirm(self, question: Question, score: Score, labels: Sequence[Label]) -> None:
        copies = len(labels) - 1
        more = f", and {counted(copies, 'copy', 'copies')}" if copies else ""
        self.console.print(f"  {in_words(labels[0].verdict)}{more}", style="bold")
        if question.draw is not None:
            self.console.print(f"  {self._opinion(score)}", style="dim")
        self.console.print()

    def _undo(self, given: list[_Given], place: int) -> int:
        if not given:
            self.console.print("  nothing to take back", style="dim")
            return place
        last = given.pop()
        withdraw(self.database, last.labels, self.clock())
        self.console.print("  taken back\n", style="bold")
        return last.place

    def _show(self, question: Question, title: str, score: Score, chosen: Sequence[Topic]) -> None:
        candidate = question.candidate
        body = Text()
        for name, text in (("title", candidate.item.title), ("summary", candidate.item.summary)):
            if text:
                body.append(_highlighted(text, name, score, "bold" if name == "title" else ""))
                body.append("\n\n")
        source = (candidate.outlet, candidate.item.lang, f"{candidate.seen_at:%d %b %Y}")
        body.append(", ".join(part for part in source if part))
        body.append(f"\nasked because {question.why}", style="dim")
        if question.draw is None:
            self._append_opinion(body, question, score)
        self.console.print(Panel(body, title=title, title_align="left"))
        self.console.print(self._topics_line(chosen))
        self.console.print(self._help())

    def _append_opinion(self, body: Text, question: Question, score: Score) -> None:
        body.append(f"\n{self._opinion(score)}")
        words = ", ".join(phrase for phrase, weight in score.evidence.phrases if weight > 0)
        if words:
            body.append(f"\nspoke for it: {words}", style="dim")
        for near in self.neighbours.nearest(question.candidate.item, 1):
            verdict = "relevant" if near.label else f"not relevant ({near.kind})"
            text = _cut(near.text, LONGEST_NEAREST)
            body.append(f"\nnearest written item, {verdict}: {text}", style="dim")

    def _opinion(self, score: Score) -> str:
        said = "relevant" if score.relevant else "not relevant"
        return f"model: {said}, {score.probability:.2f} (threshold {self.model.threshold:.2f})"

    @property
    def _numbers(self) -> str:
        return f"1-{len(self.topics)}" if len(self.topics) > 1 else "1"

    def _topics_line(self, chosen: Sequence[Topic]) -> Text:
        parts = [
            Text(f"[x] {number} {topic}", style="bold")
            if topic in chosen
            else Text(f"[ ] {number} {topic}", style="dim")
            for number, topic in enumerate(self.topics, 1)
        ]
        return _flowing(parts, self.console.width)

    def _help(self) -> Text:
        keys = {
            "r": "relevant",
            "n": "not relevant",
            "u": "unsure",
            self._numbers: "topics",
            "s": "skip",
            "z": "take back",
            "q": "stop",
        }
        parts = [Text.assemble((key, "bold"), f" {meaning}") for key, meaning in keys.items()]
        return _flowing(parts, self.console.width)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 copy``, ``2 copies``; ``many`` is ``one`` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def in_words(verdict: str) -> str:
    """Return a verdict as people write it."""
    return verdict.replace("_", " ")


def _told(given: Sequence[_Given]) -> Told:
    told = Told()
    for one in given:
        told.counts[one.labels[0].verdict] += 1
        told.seconds += one.labels[0].seconds or 0
    return told


def _first_open(questions: Sequence[Question], place: int, given: Sequence[_Given]) -> int:
    """Return the first place from here whose text no answer has labelled: copies need no more."""
    labelled = {label.text_hash for one in given for label in one.labels}
    while place < len(questions) and questions[place].candidate.text_hash in labelled:
        place += 1
    return place


def _turn(chosen: list[Topic], topic: Topic) -> None:
    if topic in chosen:
        chosen.remove(topic)
    else:
        chosen.append(topic)


def _flowing(parts: Sequence[Text], width: int) -> Text:
    """Lay parts out in as many lines as they need, each part whole on one of them."""
    text, used = Text(), 0
    for part in parts:
        if used and used + 2 + part.cell_len > width:
            text.append("\n")
            used = 0
        text.append("  ").append_text(part)
        used += 2 + part.cell_len
    return text


def _cut(text: str, longest: int) -> str:
    """Return the text, cut between words where it is too long; some scripts have no spaces."""
    if len(text) <= longest:
        return text
    head = text[:longest]
    words = head.rpartition(" ")[0]
    return (words if len(words) > longest // 2 else head).rstrip() + "…"


def _highlighted(text: str, name: str, score: Score, style: str) -> Text:
    shown = Text(text, style=style)
    for mention in score.evidence.mentions:
        if mention.field == name:
            shown.stylize("underline", mention.start, mention.end)
    return shown
