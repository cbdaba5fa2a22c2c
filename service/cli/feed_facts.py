"""What a person says of a feed on the command line, and what is still missing."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import click

from service.records import Affiliation
from service.settings import FeedConfig, Settings
from service.settings.feed_file import Fault, make_feed

P = ParamSpec("P")
R = TypeVar("R")

Facts = Mapping[str, object]
# The keys that have an option, with what a good value looks like.
EXAMPLES = {
    "outlet": '"Tehran Times"',
    "language": "fa",
    "country": "IR",
    "affiliation": "state",
    "weight": "1.2",
}


def fact_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the options that describe a feed; None where one is not given."""
    options = (
        click.option("--outlet", help="Name shown to readers.", show_default="the feed's title"),
        click.option("--language", help="ISO 639-1 code of its items, like fa."),
        click.option("--country", help="ISO 3166-1 code of where it is based, like IR."),
        click.option(
            "--affiliation",
            type=click.Choice([one.value for one in Affiliation]),
            help="Who stands behind it.",
            show_default=Affiliation.INDEPENDENT.value,
        ),
        click.option(
            "--weight",
            type=click.FloatRange(0.1, 2),
            help="How much it matters.",
            show_default="1.0",
        ),
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def known(facts: Facts) -> dict[str, object]:
    """Return the facts that are known."""
    return {key: value for key, value in facts.items() if value is not None}


def on_a_terminal() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty()


def feed_or_ask(facts: Facts) -> FeedConfig:
    """Return the feed; ask for what is missing, or end with the options that say it."""
    feed = make_feed(facts)
    while not isinstance(feed, FeedConfig):
        if not on_a_terminal() or any(fault.key not in EXAMPLES for fault in feed):
            raise click.UsageError("\n".join(_words(fault, facts) for fault in feed))
        facts = {**facts, **{fault.key: _asked(fault) for fault in feed}}
        feed = make_feed(facts)
    return feed


def _words(fault: Fault, facts: Facts) -> str:
    words = f"{facts.get('url')}: {fault.key} {fault.message}"
    if fault.key not in EXAMPLES:
        return words
    return f"{words}; say --{fault.key}, like --{fault.key} {EXAMPLES[fault.key]}"


def _asked(fault: Fault) -> Any:
    return click.prompt(f"{fault.key} {fault.message}; like {EXAMPLES[fault.key]}", err=True)


def unnamed_languages(settings: Settings, feeds: Iterable[FeedConfig]) -> list[str]:
    """Return the feeds' languages in which a side has no name: nothing is found in them."""
    sides = settings.topic.sides.values()
    spoken = [{language for kind in side.kinds.values() for language in kind} for side in sides]
    languages = {feed.language for feed in feeds}
    return sorted(one for one in languages if any(one not in side for side in spoken))
