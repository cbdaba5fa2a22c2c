"""What every face of a digest says alike: its lines and small charts."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from service.records import DigestFooter, DigestStory, DigestSurge, Interval

# A surge's chart: its height in pixels, and in signs.
CHART_HEIGHT, CHART_SIGNS = 32, "▁▂▃▄▅▆▇█"


def reports_line(story: DigestStory) -> str:
    """Say how many reports there are, in which languages, and how many are outlets' own."""
    if story.reports == 1:
        return "1 report"
    spoken = f" in {', '.join(story.languages)}" if len(story.languages) > 1 else ""
    if story.independent == story.reports:
        return f"{story.reports} independent reports{spoken}"
    return f"{story.reports} reports{spoken}, {story.independent} of them independent"


def surge_line(surge: DigestSurge) -> str:
    """Say how many came up and how many usually do, as in "Military: 14 stories in 24 hours, ...".

    ASCII alone, the topic's name apart.
    """
    return " ".join(surge_parts(surge))


def surge_parts(surge: DigestSurge) -> tuple[str, str]:
    """Return a surge's line in two parts: what there is, and against what."""
    low, high = surge.usual
    usual = "none" if not high else f"{high}" if low == high else f"{low} to {high}"
    span = "24 hours" if surge.days == 1 else "two days"
    # That two days began a day ago goes without saying.
    lasting = f"; high since {surge.since:%-d %b}" if _lasted(surge) > surge.days else ""
    said = f"{surge.topic.capitalize()}: {surge.observed} {surge.unit}"
    return said, f"in {span}, usually {usual}{lasting}"


def chart_span(surge: DigestSurge) -> tuple[str, str]:
    """Return the first and the last day of a surge's chart, in words."""
    first = surge.until - timedelta(days=len(surge.counts) - 1)
    return f"{first:%-d %b}", f"{surge.until:%-d %b}"


def sparkline(surge: DigestSurge) -> str:
    """Return the days of a surge as a row of signs, the highest of them for the fullest day."""
    fullest, steps = max((1, *surge.counts)), len(CHART_SIGNS) - 1
    # Rounded up, so that one is more than none.
    return "".join(CHART_SIGNS[-(-count * steps // fullest)] for count in surge.counts)


def bars(surge: DigestSurge) -> list[tuple[int, bool]]:
    """Return the days of a surge as heights in pixels, each with whether it is part of it."""
    fullest, began = max((1, *surge.counts)), len(surge.counts) - _lasted(surge)
    return [
        (max(round(CHART_HEIGHT * count / fullest), 1), index >= began)
        for index, count in enumerate(surge.counts)
    ]


def _lasted(surge: DigestSurge) -> int:
    return (surge.until - surge.since).days + 1 if surge.since else surge.days


def feeds_line(footer: DigestFooter) -> str:
    """Say how much was read from how many feeds, and how many of them are in trouble."""
    read = "1 article" if footer.articles_read == 1 else f"{footer.articles_read:,} articles"
    said = f"{read} read from {footer.feeds_total} feeds"
    troubles = [
        f"{count} {word}"
        for count, word in ((footer.feeds_failing, "failing"), (footer.feeds_odd, "unlike usual"))
        if count
    ]
    return f"{said} ({', '.join(troubles)})" if troubles else said


def model_line(footer: DigestFooter) -> str:
    """Say which model chose the stories and how far it can be trusted, as far as that is known."""
    said = f"Model {footer.model_version}"
    if footer.precision is None or footer.recall is None:
        return said
    right, found = _percent(footer.precision), _percent(footer.recall)
    return (
        f"{said}: of its alerts {right} are relevant, of the relevant articles that name both"
        f" sides it finds {found}, by {footer.audited} labels of articles drawn at random"
    )


def _percent(interval: Interval) -> str:
    low, high = (round(100 * bound) for bound in (interval.low, interval.high))
    return f"{100 * interval.value:.0f}% ({low}-{high}%)"


def highlighted(story: DigestStory) -> list[tuple[str, bool]]:
    """Return the extract in pieces, each with whether it is a highlighted one."""
    edges = [0, *(edge for span in story.highlights for edge in span), len(story.extract)]
    pieces = [(story.extract[a:b], index % 2 == 1) for index, (a, b) in enumerate(pairwise(edges))]
    return [piece for piece in pieces if piece[0]]
