"""A digest as a Slack message in Block Kit, within Slack's limits.

Limits: docs.slack.dev/reference/block-kit/blocks (50 blocks a message, 3,000 characters a
section, 150 a header). Text from feeds is escaped, or `<!channel>` in a title would wake all.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from service.records import Affiliation, Digest, DigestStory

MAX_BLOCKS = 50
MAX_SECTION = 3_000
MAX_HEADER = 150
MAX_LINK_TITLE = 400
MAX_URL = 600
MAX_EXTRACT = 800

Block = dict[str, object]


def slack_message(digest: Digest, subject: str) -> dict[str, object]:
    """Return the payload for a webhook; stories that do not fit are counted at the end."""
    head: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": subject[:MAX_HEADER]}}
    ]
    # One block is kept for the footer, one for the count of what did not fit.
    room = MAX_BLOCKS - len(head) - 2
    body: list[Block] = []
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
    if not digest.sections:
        body.append(_section("Nothing relevant in this period."))
    if left_out:
        body.append(_section(f"… and {left_out} more"))
    return {"text": escape(subject), "blocks": [*head, *body, _footer(digest)]}


def escape(text: str) -> str:
    """Escape the three characters that mean something to Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _story_text(story: DigestStory, time_zone: str) -> str:
    title = escape(story.headline[:MAX_LINK_TITLE])
    lead = story.links[0].url
    parts = [f"*{_link(lead, title)}*" if lead and len(lead) <= MAX_URL else f"*{title}*"]
    if story.extract:
        parts.append(escape(story.extract[:MAX_EXTRACT]))
    outlets = ", ".join(
        escape(link.outlet[:60]) + (" (state)" if link.affiliation is Affiliation.STATE else "")
        for link in story.links
    )
    when = _time(story.first_reported_at, time_zone)
    parts.append(f"_{outlets} · {when} · {story.probability:.0%}_")
    parts.append(f"_Why: {escape(story.why[:300])}_")
    return "\n".join(parts)


def _link(url: str, title: str) -> str:
    # A bar or a bracket would end the address early.
    address = escape(url).replace("|", "%7C")
    return f"<{address}|{title}>"


def _time(moment: datetime, time_zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(time_zone)):%-d %b %H:%M}"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:MAX_SECTION]}}


def _footer(digest: Digest) -> Block:
    foot = digest.footer
    text = (
        f"{foot.articles_read:,} articles read from {foot.feeds_total} feeds"
        f" ({foot.feeds_failing} failing) · model {foot.model_version}"
    )
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": escape(text)}]}
