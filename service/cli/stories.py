"""``stories`` and ``story``: what is reported, on whose word, since when, and what was new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from service.cli.app import ending_well, settings_of
from service.clock import utc_now
from service.digests.select import likelihood
from service.errors import InputError
from service.records import Account, Affiliation, Report, StoryId
from service.settings import Settings
from service.storage import stories
from service.storage.database import Connection, open_database
from service.stories.account import account
from service.wiring.stories import lexicon

MOMENT = "%Y-%m-%d %H:%M"


@click.command("stories")
@click.option(
    "--days",
    type=click.FloatRange(min=0, min_open=True, max=36_500),
    default=3,
    show_default=True,
    help="Stories that gained a report in so many days.",
)
@click.option("--json", "as_json", is_flag=True, help="The stories with all reports, as JSON.")
@click.pass_obj
@ending_well
def list_stories(config_dir: Path, days: float, as_json: bool) -> None:
    """List stories, those with the newest reports first.

    \b
    Example:
      caspian stories --days 7
    """
    settings, now = settings_of(config_dir), utc_now()
    roles = lexicon(settings)[1]
    with _reading(settings) as connection:
        found = stories.updated_between(connection, now - timedelta(days=days), now)
    told = [account(story, (), roles) for story in found]
    told.sort(key=lambda one: (one.story.updated_at, one.story.id), reverse=True)
    if as_json:
        click.echo(json.dumps([_facts(one) for one in told], ensure_ascii=False, indent=2))
        return
    if not told:
        click.echo(f"no story gained a report in {days:g} days")
        return
    Console().print(_table(told))


@click.command("story")
@click.argument("number", type=click.IntRange(min=1, max=2**31 - 1), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="The story with all reports, as JSON.")
@click.pass_obj
@ending_well
def show_story(config_dir: Path, number: int, as_json: bool) -> None:
    """Show one story: what it says, what was new when, and every report in order of time.

    The id of a story that went into another one shows that one.

    \b
    Example:
      caspian story 12
    """
    settings = settings_of(config_dir)
    roles = lexicon(settings)[1]
    with _reading(settings) as connection:
        story = stories.find(connection, StoryId(number))
    if story is None:
        raise InputError(f"there is no story {number}", mend="caspian stories lists them")
    told = account(story, (), roles)
    if as_json:
        click.echo(json.dumps(_facts(told), ensure_ascii=False, indent=2))
        return
    if story.id != number:
        click.echo(f"story {number} went into story {story.id}\n")
    _show(Console(), told)


@contextmanager
def _reading(settings: Settings) -> Iterator[Connection]:
    database = open_database(settings)
    try:
        with database.reading() as connection:
            yield connection
    finally:
        database.close()


def _table(told: list[Account]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column("last report", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("headline", ratio=1)
    table.add_column("reports", justify="right", no_wrap=True)
    for one in told:
        article = one.lead.article
        table.add_row(
            str(one.story.id),
            _moment(one.story.updated_at),
            f"{likelihood(one.story):.0%}",
            Text(article.title),
            f"{len(one.story.reports)} of {len(one.origins)}",
        )
    table.caption = "reports: so many, on the word of so many outlets"
    table.caption_justify = "left"
    return table


def _show(console: Console, told: Account) -> None:
    story, article = told.story, told.lead.article
    topics = sorted({topic for report in story.reports for topic in report.topics})
    console.print(Text(article.title, style="bold"))
    if told.lead.evidence.sentence:
        console.print(Padding(Text(told.lead.evidence.sentence), (0, 0, 0, 2)))
    facts = {
        "probability": f"{likelihood(story):.0%}",
        "topics": ", ".join(topics),
        "actors": ", ".join(told.actors),
        "first report": f"{_moment(told.first.article.reported_at)}, {told.first.article.outlet}",
        "reports": f"{len(story.reports)} in {', '.join(told.languages)},"
        f" on the word of {', '.join(told.origins)}",
    }
    for name, value in facts.items():
        if value:
            console.print(Text(f"{name}: ", style="dim").append(Text(value, style="default")))
    for news in story.news:
        when = _moment(news.found_at)
        console.print(Text(f"new {when}: {news.detail}", style="green"))
    console.print()
    for report in sorted(story.reports, key=lambda one: one.article.reported_at):
        console.print(_line(report))


def _line(report: Report) -> Text:
    article = report.article
    line = Text(f"{_moment(article.reported_at)}  ").append(article.outlet, style="bold")
    if article.affiliation is Affiliation.STATE:
        line.append(" (state media)", style="red")
    if report.copy_of is not None:
        line.append(" copied", style="dim")
    line.append(f" [{article.language}] {article.title}")
    return line.append(f"\n                  {article.url}", style="dim") if article.url else line


def _moment(moment: datetime) -> str:
    return f"{moment:{MOMENT}}"


def _facts(told: Account) -> dict[str, object]:
    story = told.story
    return {
        "id": story.id,
        "version": story.version,
        "headline": told.lead.article.title,
        "probability": likelihood(story),
        "topics": sorted({topic for report in story.reports for topic in report.topics}),
        "actors": list(told.actors),
        "languages": list(told.languages),
        "origins": list(told.origins),
        "first_reported_at": told.first.article.reported_at.isoformat(),
        "updated_at": story.updated_at.isoformat(),
        "news": [
            {
                "version": news.version,
                "kind": news.kind,
                "detail": news.detail,
                "article": news.article,
                "found_at": news.found_at.isoformat(),
            }
            for news in story.news
        ],
        "reports": [_report_facts(report) for report in story.reports],
    }


def _report_facts(report: Report) -> dict[str, object]:
    article = report.article
    return {
        "id": article.id,
        "outlet": article.outlet,
        "affiliation": article.affiliation,
        "language": article.language,
        "title": article.title,
        "url": article.url,
        "reported_at": article.reported_at.isoformat(),
        "probability": report.probability,
        "copy_of": report.copy_of,
    }
