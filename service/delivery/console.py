"""Digests on the terminal."""

from __future__ import annotations

from typing import TextIO

from service.errors import DeliveryError
from service.records import Delivery, Rendered


class ConsoleSender:
    """Writes the text of digests to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, _delivery: Delivery, rendered: Rendered) -> None:
        """Write the digest, with a blank line around it."""
        encoding = self._stream.encoding or "utf-8"
        # What the terminal cannot show becomes a question mark, not a failure.
        text = rendered.text.encode(encoding, "replace").decode(encoding)
        try:
            self._stream.write(f"\n{text}\n")
            self._stream.flush()
        except OSError as error:
            raise DeliveryError(
                f"the terminal is gone: {error}", permanent=False, code="console"
            ) from error
