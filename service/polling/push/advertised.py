"""Where a feed may be subscribed to, by the ``Link`` header of its answer. Pure.

After WebSub, section 4: the header comes before links in the document. The header is read as RFC
8288 has it, and what does not fit that is passed over. No pattern goes back: time grows with the
header, not with its malice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.polling.reading.entries import web_address

MAX_HEADER = 16_000
MOST_LINKS = 100

_TARGET = re.compile(r"[\s,]*+<([^<>]*+)>")
_PARAMETER = re.compile(
    r"\s*+;\s*+([!#$%&'*+.^_`|~0-9A-Za-z-]++)"
    r"(?:\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"|([^\s\",;]*+)))?+",
    re.S,
)
_EMPTY = re.compile(r"\s*+;")
_ESCAPED = re.compile(r"\\(.)", re.S)


@dataclass(frozen=True, slots=True)
class Advertised:
    """The first hub that is named, and the address by which it knows the feed; None if unsaid."""

    hub: str | None = None
    topic: str | None = None


def advertised(header: str, base: str) -> Advertised:
    """Return what a ``Link`` header says of subscribing; ``base`` is the address that sent it.

    Several headers are one, joined by commas.
    """
    hub = topic = None
    for relations, target in _links(header[:MAX_HEADER]):
        address = web_address(base, target)
        if "hub" in relations:
            hub = hub or address
        if "self" in relations:
            topic = topic or address
    return Advertised(hub, topic)


def _links(header: str) -> Iterator[tuple[list[str], str]]:
    """Yield the relations and the target of each link that speaks of the document itself."""
    place = 0
    for _ in range(MOST_LINKS):
        target = _TARGET.match(header, place)
        if target is None:
            return
        parameters, place = _parameters(header, target.end())
        # With an anchor it speaks of something else.
        if "anchor" not in parameters:
            yield parameters.get("rel", "").lower().split(), target[1]
        # Whatever is left of a link that cannot be read.
        place = header.find(",", place)
        if place < 0:
            return


def _parameters(header: str, place: int) -> tuple[dict[str, str], int]:
    found: dict[str, str] = {}
    while True:
        parameter = _PARAMETER.match(header, place)
        if parameter is not None:
            quoted, plain = parameter[2], parameter[3]
            value = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
            # The first one counts (RFC 8288, 3.3).
            found.setdefault(parameter[1].lower(), value or "")
        elif (parameter := _EMPTY.match(header, place)) is None:
            return found, place
        place = parameter.end()
