"""Which stories a subscription is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from service.records import Story, StoryId
from service.settings import Subscription


def select(
    stories: Iterable[Story],
    subscription: Subscription,
    told: Collection[tuple[StoryId, int]],
    threshold: float,
) -> list[Story]:
    """Return the stories to tell, most probable first.

    A story counts if it was not told in this version and one of its reports suits the
    subscription: probability, topics and language taken together.
    """
    least = threshold if subscription.threshold is None else subscription.threshold
    chosen = [
        story
        for story in stories
        if (story.id, story.version) not in told
        and any(
            report.probability >= least
            and (not subscription.topics or set(subscription.topics) & set(report.topics))
            and (not subscription.languages or report.article.language in subscription.languages)
            for report in story.reports
        )
    ]
    return sorted(chosen, key=lambda story: (-likelihood(story), story.id))


def likelihood(story: Story) -> float:
    """Return the probability of the story: that of its surest report."""
    return max(report.probability for report in story.reports)
