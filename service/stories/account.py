"""What a story knows, and by which report it is best told to one reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from unicodedata import east_asian_width

from service.records import Account, Affiliation, Report, Story
from service.stories.headlines import ReportKind, kind
from service.stories.novelty import Roles, origins

# Actors of a story are those that one in so many of its reports names.
NAMED_BY_ONE_IN = 3
# A title outside these widths in characters is a label, or a paragraph. A Chinese one is two wide.
TITLE = range(25, 141)


def account(
    story: Story, languages: Collection[str], roles: Roles, told: int | None = None
) -> Account:
    """Return the story as it is told to a reader of ``languages`` (any, if there are none).

    ``told`` is the version that the reader knows, None if none.
    """
    reports = sorted(story.reports, key=lambda one: (one.article.reported_at, one.article.id))
    named = Counter(actor for one in reports for actor in one.bearings.actors)
    # Whom one report of many names is not whom the story is about, or a namesake.
    shown = [
        actor
        for actor, count in named.most_common()
        if actor in roles.officials and count * NAMED_BY_ONE_IN >= len(reports)
    ]
    return Account(
        story=story,
        lead=_lead(reports, languages),
        first=reports[0],
        origins=tuple(sorted(origins(reports, roles))),
        actors=tuple(roles.names[actor] for actor in shown),
        languages=tuple(dict.fromkeys(one.article.language for one in reports)),
        news=() if told is None else tuple(one for one in story.news if one.version > told),
    )


def _lead(reports: list[Report], languages: Collection[str]) -> Report:
    """The report that tells the event most clearly, in a wanted language if there is one.

    Clear is what names that which most reports name. A live blog or comment comes after reports,
    and state media after others, however it is titled.
    """
    said = Counter(name for one in reports for name in _names(one))
    most = max((_covers(one, said) for one in reports), default=0)

    def clarity(one: Report) -> tuple[bool, bool, bool, bool, float, float, int]:
        article = one.article
        return (
            article.language in languages,
            kind(article.title, article.summary, article.url or "") is ReportKind.NEWS,
            article.affiliation is not Affiliation.STATE,
            _width(article.title) in TITLE,
            round(one.probability, 1),
            (_covers(one, said) / most if most else 0.0) + 0.5 * bool(article.summary),
            -article.id,
        )

    return max(reports, key=clarity)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _names(report: Report) -> set[str]:
    return {*report.bearings.actors, *report.bearings.matters}


def _covers(report: Report, said: Counter[str]) -> int:
    return sum(said[name] for name in _names(report))
