"""Renders a digest as HTML, text, Slack blocks and JSON, all from the same object."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from pydantic import TypeAdapter

from service.digests.slack import slack_message
from service.digests.wording import (
    bars,
    chart_span,
    feeds_line,
    highlighted,
    model_line,
    reports_line,
    sparkline,
    surge_line,
    surge_parts,
)
from service.records import Affiliation, Digest, Rendered

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
_DOCUMENT = TypeAdapter(Digest)


def render(digest: Digest) -> Rendered:
    """Return every face of ``digest``."""
    subject = subject_line(digest)
    context = {"digest": digest, "subject": subject, "stories": len(digest.stories)}
    environment = _environment()
    html = environment.get_template("digest.html.j2").render(context)
    return Rendered(
        subject=subject,
        # Mail programs read styles at the elements; the sheet stays for dark mode and phones.
        html=css_inline.inline(html, keep_style_tags=True),
        text=environment.get_template("digest.txt.j2").render(context),
        slack=slack_message(digest, subject),
        document=_DOCUMENT.dump_python(digest, mode="json"),
    )


def subject_line(digest: Digest) -> str:
    """Return the headline of the digest: what it is, and how much there is."""
    count = len(digest.stories) + digest.more_stories
    quiet = "feeds are failing" if digest.notices else "nothing new"
    amount = quiet if not count else "1 story" if count == 1 else f"{count} stories"
    day = digest.until.astimezone(ZoneInfo(digest.time_zone))
    mark = "[SAMPLE] " if digest.sample else ""
    # One line: it becomes a mail's header.
    return " ".join(f"{mark}{digest.title}: {amount}, {day:%-d %B %Y}".split())


def in_words(probability: float) -> str:
    """Return the probability as analysts say it, after Kent's words of estimative probability."""
    bands = (
        (0.93, "almost certain"),
        (0.75, "very likely"),
        (0.5, "likely"),
        (0.0, "possible"),
    )
    return next(words for least, words in bands if probability >= least)


def local_time(moment: datetime, time_zone: str) -> str:
    """Return the moment in the reader's zone, to the minute."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%-d %b %H:%M}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("service.digests"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "in_words": in_words,
        "highlighted": highlighted,
        "model_line": model_line,
        "feeds_line": feeds_line,
        "reports_line": reports_line,
        "surge_line": surge_line,
        "surge_parts": surge_parts,
        "chart_span": chart_span,
        "sparkline": sparkline,
        "bars": bars,
        "direction": lambda language: "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "percent": lambda share: f"{100 * share:.0f}%",
    }
    environment.globals |= {"local_time": local_time, "STATE": Affiliation.STATE}
    return environment
