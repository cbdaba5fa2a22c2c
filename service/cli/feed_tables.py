"""How commands show feeds: candidates, outcomes, and what a file holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from service.polling.sources.discover import Candidate, Miss
from service.polling.sources.probe import Outcome, Probe, newest_of
from service.settings import FeedConfig

FIRST_TITLES = 3
SHOWN_TITLE = 100
HOUR, DAY = 3_600, 86_400
COLORS = {Outcome.OK: "green", Outcome.EMPTY: "yellow", Outcome.FAILED: "red"}


def age(moment: datetime | None, now: datetime) -> str:
    """Return in words how long ago something was."""
    if moment is None:
        return "undated"
    seconds = max((now - moment).total_seconds(), 0)
    if seconds < HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:,.0f} days"


def candidates_table(
    candidates: Sequence[Candidate], listed: Collection[str], now: datetime
) -> Table:
    """Return a preview of the feeds found, numbered as ``--pick`` takes them."""
    table = Table(title="Feeds found", show_lines=True)
    table.add_column("#", justify="right")
    table.add_column("feed", overflow="fold")
    for heading in ("entries", "newest", "language"):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, one in enumerate(candidates, start=1):
        table.add_row(
            str(number),
            _preview(one, listed=one.url in listed),
            f"{len(one.feed.articles):,}",
            age(newest_of(one.feed, now), now),
            one.language or "?",
        )
    return table


def _preview(candidate: Candidate, *, listed: bool) -> Text:
    text = Text(candidate.feed.title[:SHOWN_TITLE] or "(no title)", style="bold")
    text.append(f"\n{candidate.url}", style="not bold cyan")
    told = f"{candidate.found.value}; listed already" if listed else candidate.found.value
    text.append(f"\n{told}", style="not bold dim")
    for article in candidate.feed.articles[:FIRST_TITLES]:
        text.append(f"\n- {article.title[:SHOWN_TITLE]}", style="not bold")
    return text


def misses_in_words(misses: Iterable[Miss]) -> str:
    """Return what was tried and is no feed, a line each."""
    return "\n".join(f"  {miss.url}: {miss.why.message} [{miss.why.code}]" for miss in misses)


def probes_table(probes: Sequence[Probe], now: datetime) -> Table:
    """Return how each feed does, those that need looking after first."""
    order = list(reversed(Outcome))
    table = Table(title="Feeds")
    table.add_column("", no_wrap=True)
    table.add_column("feed", overflow="fold", ratio=2)
    table.add_column("entries", justify="right", no_wrap=True)
    table.add_column("newest", justify="right", no_wrap=True)
    table.add_column("what to know", overflow="fold", ratio=2)
    for probe in sorted(probes, key=lambda one: order.index(one.outcome)):
        answered = probe.outcome is not Outcome.FAILED
        table.add_row(
            Text(probe.outcome.value, style=COLORS[probe.outcome]),
            f"{probe.feed.outlet}\n{probe.feed.url}" if remarks(probe) else probe.feed.outlet,
            f"{probe.entries:,}" if answered else "",
            age(probe.newest, now) if probe.entries else "",
            "\n".join(remarks(probe)),
        )
    return table


def remarks(probe: Probe) -> list[str]:
    """Return in words what there is to know or to do about a feed."""
    said = []
    if probe.failure is not None:
        said.append(f"{probe.failure.message} [{probe.failure.code}]")
    if probe.skipped:
        said.append(f"{probe.skipped:,} entries cannot be used")
    if probe.moved_to is not None and probe.moved_to != probe.feed.url:
        said.append(f"moved for good; list it as {probe.moved_to}")
    return said


def feeds_table(rows: Iterable[tuple[str, FeedConfig]], title: str) -> Table:
    """Return feeds with the folder they were in."""
    table = Table(title=title)
    for heading in ("folder", "outlet", "language", "country", "address"):
        table.add_column(heading, overflow="fold")
    for folder, feed in rows:
        table.add_row(folder, feed.outlet, feed.language, feed.country, feed.url)
    return table
