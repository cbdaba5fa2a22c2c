"""The keyboard flow of ``caspian label next``: one article at a time, one key an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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

VERDICTS = {
    "r": Verdict.RELEVANT,
    "n": Verdict.NOT_RELEVANT,
    "u": Verdict.UNSURE,
}
UNDO, SKIP, QUIT, HELP = "z", "s", "q", "?"
# What a terminal sends for "stop".
STOPS = {QUIT, "\x03", "\x04", "\x1b"}


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
        told = Told()
        given: list[tuple[int, list[Label]]] = []
        place = 0
        while place < len(questions):
            (score,) = self.model.score([questions[place].candidate.item])
            chosen = list(score.topics) if score.relevant else []
            began = self.stopwatch()
            self._show(questions, place, score, chosen)
            key = self._key(chosen)
            if key in STOPS:
                break
            if key == UNDO:
                place = self._undo(given, told, place)
            elif key == SKIP:
                place += 1
            else:
                seconds = round(self.stopwatch() - began, 1)
                labels = self._store(questions[place], VERDICTS[key], chosen, seconds)
                given.append((place, labels))
                told.counts[labels[0].verdict] += 1
                told.seconds += seconds
                place += 1
        return told

    def _key(self, chosen: list[Topic]) -> str:
        """Wait for a key that ends the question; numbers turn topics on and off meanwhile."""
        while True:
            try:
                key = self.key().lower()
            except (KeyboardInterrupt, EOFError):
                return QUIT
            if not key:
                return QUIT
            if key in VERDICTS or key in STOPS or key in (UNDO, SKIP):
                return key
            if key.isdecimal() and 0 < int(key) <= len(self.topics):
                topic = self.topics[int(key) - 1]
                if topic in chosen:
                    chosen.remove(topic)
                else:
                    chosen.append(topic)
                self.console.print(self._topics_line(chosen))
            else:
                self.console.print(self._help())

    def _store(
        self, question: Question, verdict: Verdict, chosen: Sequence[Topic], seconds: float
    ) -> list[Label]:
        with self.database.reading() as connection:
            article = articles.find(connection, question.candidate.article_id)
        assert article is not None  # noqa: S101 - it has just been asked about
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
        given = answer(self.database, article, said)
        more = f", and {len(given) - 1} copies" if len(given) > 1 else ""
        self.console.print(f"  {verdict.value.replace('_', ' ')}{more}\n", style="bold")
        return given

    def _undo(self, given: list[tuple[int, list[Label]]], told: Told, place: int) -> int:
        if not given:
            self.console.print("  nothing to take back", style="dim")
            return place
        before, labels = given.pop()
        withdraw(self.database, labels, self.clock())
        told.counts[labels[0].verdict] -= 1
        told.seconds -= labels[0].seconds or 0
        self.console.print("  taken back\n", style="bold")
        return before

    def _show(
        self, questions: Sequence[Question], place: int, score: Score, chosen: Sequence[Topic]
    ) -> None:
        question = questions[place]
        candidate = question.candidate
        body = Text()
        for name, text in (("title", candidate.item.title), ("summary", candidate.item.summary)):
            if text:
                body.append(_highlighted(text, name, score, "bold" if name == "title" else ""))
                body.append("\n\n")
        body.append(f"{candidate.outlet}, {candidate.item.lang}, {candidate.seen_at:%d %b %Y}\n")
        body.append(f"model: {score.probability:.2f}, threshold {self.model.threshold:.2f}")
        body.append(f"; asked because {question.why}\n", style="dim")
        words = ", ".join(phrase for phrase, weight in score.evidence.phrases if weight > 0)
        if words:
            body.append(f"spoke for it: {words}\n", style="dim")
        for near in self.neighbours.nearest(candidate.item, 1):
            verdict = "relevant" if near.label else f"not relevant ({near.kind})"
            body.append(f"nearest written item, {verdict}: {near.text}\n", style="dim")
        title = f"{place + 1} of {len(questions)}"
        self.console.print(Panel(body, title=title, title_align="left"))
        self.console.print(self._topics_line(chosen))
        self.console.print(self._help())

    def _topics_line(self, chosen: Sequence[Topic]) -> Text:
        line = Text("  topics: ")
        for number, topic in enumerate(self.topics, 1):
            on = topic in chosen
            line.append(f"{number} {topic}", style="bold reverse" if on else "dim")
            line.append("  ")
        return line

    def _help(self) -> Text:
        numbers = f"1-{len(self.topics)}" if len(self.topics) > 1 else "1"
        keys = {
            "r": "relevant",
            "n": "not relevant",
            "u": "unsure",
            numbers: "topics",
            "s": "skip",
            "z": "take back",
            "q": "stop",
        }
        line = Text("  ")
        for key, meaning in keys.items():
            line.append(key, style="bold")
            line.append(f" {meaning}   ")
        return line


def _highlighted(text: str, name: str, score: Score, style: str) -> Text:
    shown = Text(text, style=style)
    for mention in score.evidence.mentions:
        if mention.field == name:
            shown.stylize("underline", mention.start, mention.end)
    return shown
