"""A digest as a Slack message in Block Kit, within Slack's limits.

Limits: docs.slack.dev/reference/block-kit/blocks (50 blocks a message, 3,000 characters a
section, 150 a header). Text from feeds is escaped and marked verbatim, or `<!channel>` in a title
would wake all, and a bare address in it would become a link.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from service.digests.wording import (
    chart_span,
    feeds_line,
    model_line,
    reports_line,
    sparkline,
    surge_parts,
)
from service.records import Affiliation, Digest, DigestLink, DigestStory, DigestSurge

MAX_BLOCKS = 50
MAX_SECTION = 3_000
MAX_HEADER = 150
# Shares of a section, counted after escaping, so that no part pushes out another.
TITLE_SHARE, URL_SHARE, EXTRACT_SHARE, WHY_SHARE = 300, 500, 700, 300
OUTLET_SHARE, OUTLETS_SHARE, NEWS_SHARE = 60, 1_000, 300
# Of so many surges, the most unusual, one context block has room.
MAX_SURGES, SURGE_SHARE = 8, 200

Block = dict[str, object]


def slack_message(digest: Digest, subject: str) -> dict[str, object]:
    """Return the payload for a webhook; stories that do not fit are counted at the end."""
    head: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": subject[:MAX_HEADER]}}
    ]
    # One block is kept for the footer, one for the count of what did not fit.
    room = MAX_BLOCKS - len(head) - 2
    body: list[Block] = []
    if digest.notices:
        told = "\n".join(f"• {notice}" for notice in digest.notices)
        body.append(_section(_fitting(told, MAX_SECTION)))
    if digest.surges:
        body.append(_context("\n".join(map(_surge_text, digest.surges[:MAX_SURGES]))))
    left_out = digest.more_stories
    for section in digest.sections:
        # A heading without a story under it would be left over at the limit.
        if len(body) + 2 > room:
            left_out += len(section.stories)
            continue
        body.append(_section(f"*{escape(section.topic.capitalize())}*"))
        fitting = section.stories[: room - len(body)]
        body += [_section(_story_text(story, digest.time_zone)) for story in fitting]
        left_out += len(section.stories) - len(fitting)
    if not (digest.sections or digest.notices or digest.surges):
        body.append(_section("Nothing relevant in this period."))
    if left_out:
        body.append(_section(f"… and {left_out} more"))
    return {"text": escape(subject), "blocks": [*head, *body, _footer(digest)]}


def escape(text: str) -> str:
    """Escape the three characters that mean something to Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _story_text(story: DigestStory, time_zone: str) -> str:
    title = _linked(story.links[0].url, _fitting(story.headline, TITLE_SHARE))
    when = _time(story.first_reported_at, time_zone)
    parts = [
        f"*{title}*",
        f"*New:* {_fitting('; '.join(story.news), NEWS_SHARE)}" if story.news else "",
        _fitting(story.extract, EXTRACT_SHARE),
        f"_{_outlets(story.links)} · {reports_line(story)} · {when} · {story.probability:.0%}_",
        f"_Why: {_fitting(story.why, WHY_SHARE)}_",
    ]
    return "\n".join(part for part in parts if part)


def _outlets(links: tuple[DigestLink, ...]) -> str:
    """Every outlet, marked if it is state media, and linked while there is room.

    The first is not: its link is the title's.
    """
    names = [
        _fitting(link.outlet, OUTLET_SHARE)
        + (" (state)" if link.affiliation is Affiliation.STATE else "")
        for link in links
    ]
    left = OUTLETS_SHARE
    shown = [names[0]]
    for link, name in zip(links[1:], names[1:], strict=True):
        linked = _linked(link.url, name)
        shown.append(linked if len(linked) <= left else name)
        left -= len(shown[-1])
    return ", ".join(shown)


def _linked(url: str | None, escaped: str) -> str:
    if not url:
        return escaped
    # A bar would end the address early.
    address = escape(url).replace("|", "%7C")
    return f"<{address}|{escaped}>" if len(address) <= URL_SHARE else escaped


def _fitting(text: str, share: int) -> str:
    """Escape as much of the text as fits, never cutting within an escape."""
    escaped = escape(text)
    if len(escaped) <= share:
        return escaped
    room = share - 1
    end = 0
    for character in text:
        room -= len(escape(character))
        if room < 0:
            break
        end += 1
    return escape(text[:end]) + "…"


def _time(moment: datetime, time_zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(time_zone)):%-d %b %H:%M}"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    element = {"type": "mrkdwn", "text": text, "verbatim": True}
    return {"type": "context", "elements": [element]}


def _surge_text(surge: DigestSurge) -> str:
    told, against = surge_parts(surge)
    first, last = chart_span(surge)
    return f"*{_fitting(told, SURGE_SHARE)}* {against}\n{sparkline(surge)} {first} to {last}"


def _footer(digest: Digest) -> Block:
    foot = digest.footer
    told = [feeds_line(foot), *foot.feed_troubles, model_line(foot)]
    return _context(_fitting(" · ".join(told), MAX_SECTION))
