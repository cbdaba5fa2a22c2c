"""Digests on the terminal."""

from __future__ import annotations

from typing import TextIO

from service.records import Delivery, Rendered


class ConsoleSender:
    """Writes the text of digests to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, _delivery: Delivery, rendered: Rendered) -> None:
        """Write the digest, with a blank line around it."""
        self._stream.write(f"\n{rendered.text}\n")
        self._stream.flush()
