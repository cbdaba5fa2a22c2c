"""Tells whether a further report of a story says something new.

A story that was told is told again for three things only, the weightiest first:

1. *Confirmation*: so far it rested on one origin, or on state media alone, and now an outlet
   that neither copies nor quotes it reports the same.
2. *Development*: a title names something that happened, and which no report had named so far.
3. *Reaction*: somebody in office who was not named so far speaks in a title: denies, admits, warns,
   condemns, summons, offers to mediate.

More outlets, other words, further languages, live blogs and commentary are nothing new. Nor does
what live blogs and commentary name count as known: they name all there is, and are not told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from service.records import Affiliation, NewsKind, Report
from service.stories.headlines import ReportKind, kind
from service.stories.labels import FILLERS, level

# What comes so soon after the first report is the same news, told by quicker and slower outlets.
SETTLED = timedelta(hours=1)
STATE = Affiliation.STATE
# Outlets have several feeds: "The Wall Street Journal (world)".
_SECTION = re.compile(r" *\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Roles:
    """What kinds of names the lexicon has, by id, and how each is shown.

    ``media`` are quoted as sources; a name may be a list of them, parted by commas. ``officials``
    act and speak for states and bodies; ``reactions`` are matters of speaking, ``developments`` of
    something that happens.
    """

    media: frozenset[str]
    officials: frozenset[str]
    reactions: frozenset[str]
    developments: frozenset[str]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Novelty:
    """What is new, in words, and the report that says so."""

    kind: NewsKind
    detail: str
    report: Report


def novelty(known: Sequence[Report], fresh: Sequence[Report], roles: Roles) -> Novelty | None:
    """Return the weightiest new thing that ``fresh`` reports add to what was ``known``, if any."""
    told = sorted(
        (one for one in fresh if one.copy_of is None and _reports(one)),
        key=lambda one: (one.article.reported_at, one.article.id),
    )
    before = [one for one in known if _reports(one)]
    first = min((one.article.reported_at for one in before), default=None)
    if first is None:
        return None
    for kind_, rule in _RULES:
        for report in told:
            settled = report.article.reported_at - first >= SETTLED
            if settled and (detail := rule(before, report, roles)) is not None:
                return Novelty(kind_, detail, report)
    return None


def origins(reports: Sequence[Report], roles: Roles) -> set[str]:
    """Return on whose word the reports rest: outlets of their own, or those they quote."""
    return {_origin(one, roles) for one in reports if one.copy_of is None}


def _confirmation(known: Sequence[Report], report: Report, roles: Roles) -> str | None:
    outlet = report.article.outlet
    if report.article.affiliation is STATE or _quotes(report, roles):
        return None
    # Who copies state media is no further source.
    own = {one.article.affiliation for one in known if one.copy_of is None}
    if own == {STATE}:
        return f"first report outside state media, by {outlet}"
    before = origins(known, roles)
    quoted = {name for one in known for name in _quotes(one, roles)}
    if len(before) == 1 and quoted and _house(outlet, roles) not in before:
        return f"confirmed by {outlet}, independently of {next(iter(before))}"
    return None


def _reaction(known: Sequence[Report], report: Report, roles: Roles) -> str | None:
    named = {actor for one in known for actor in one.bearings.actors}
    speaking = [actor for actor in report.bearings.leads if actor in roles.officials - named]
    spoken = [matter for matter in report.bearings.headed if matter in roles.reactions]
    if not speaking or not spoken:
        return None
    return f"{roles.names[speaking[0]]}: {roles.names[spoken[0]].lower()}"


def _development(known: Sequence[Report], report: Report, roles: Roles) -> str | None:
    named = {matter for one in known for matter in one.bearings.matters}
    happened = [matter for matter in report.bearings.headed if matter in roles.developments - named]
    return roles.names[happened[0]].lower() if happened else None


# The weightiest first.
_RULES = (
    (NewsKind.CONFIRMATION, _confirmation),
    (NewsKind.DEVELOPMENT, _development),
    (NewsKind.REACTION, _reaction),
)


def _origin(report: Report, roles: Roles) -> str:
    quoted = _quotes(report, roles)
    return quoted[0] if quoted else _house(report.article.outlet, roles)


def _quotes(report: Report, roles: Roles) -> list[str]:
    """Return the media that a report names, other than its own outlet: it rests on their word."""
    own = _house(report.article.outlet, roles)
    names = (roles.names[actor] for actor in report.bearings.actors if actor in roles.media)
    return [name for name in names if name != own]


def _house(outlet: str, roles: Roles) -> str:
    """Return the name by which others quote an outlet, if known; else its own less its section."""
    names = (roles.names[actor] for actor in sorted(roles.media))
    called = _plain(outlet)
    return next(
        (name for name in names if called in map(_plain, name.split(", "))),
        _SECTION.sub("", outlet) or outlet,
    )


@lru_cache(maxsize=4096)
def _plain(outlet: str) -> str:
    words = level(_SECTION.sub("", outlet)).split()
    return " ".join(word for word in words if word not in FILLERS) or outlet


def _reports(report: Report) -> bool:
    article = report.article
    return kind(article.title, article.summary, article.url or "") is ReportKind.NEWS
