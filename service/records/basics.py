"""Ids, topics, and findings about the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

FeedId = NewType("FeedId", int)
ArticleId = NewType("ArticleId", int)
StoryId = NewType("StoryId", int)
DigestId = NewType("DigestId", int)
DeliveryId = NewType("DeliveryId", int)
LabelId = NewType("LabelId", int)
DrawId = NewType("DrawId", int)

# Topics are data (``config/topic.toml``): "military", "economic", "diplomatic" for this one.
Topic = NewType("Topic", str)


class Level(StrEnum):
    """How grave a finding of ``check-config`` is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the configuration: where, what, and how to mend it."""

    id: str
    level: Level
    file: str
    key: str
    message: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{self.id} {where}: {self.message}\n  mend: {self.mend}"
