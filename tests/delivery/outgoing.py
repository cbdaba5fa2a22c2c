"""Makes what senders are handed: a delivery, and the faces of its digest."""

from __future__ import annotations

from typing import Any

from service.digests.render import render
from service.records import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryId,
    Digest,
    DigestId,
    Rendered,
)
from tests.make import NOW, digest, digest_story


def delivery(kind: ChannelKind, target: str = "", **changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": DeliveryId(1),
        "digest_id": DigestId(1),
        "channel": Channel(kind, target),
        "attempts": 1,
        "message_id": "digest-1-abc",
        "created_at": NOW,
        "digest": digest(digest_story()),
    }
    return Delivery(**(values | changes))


def faces(one: Digest | None = None) -> Rendered:
    return render(one or digest(digest_story()))
