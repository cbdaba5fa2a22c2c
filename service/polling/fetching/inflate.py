"""Unpacks bodies within a limit."""

from __future__ import annotations

import zlib

GZIP_MAGIC = b"\x1f\x8b"
# 32 makes zlib tell the two framings apart by itself.
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
# One that flushes by block sends a few hundred; empty ones without end only cost time.
MOST_MEMBERS = 2_000


class TooLargeError(Exception):
    """The body exceeds its limit."""


class Inflater:
    """Unpacks a body chunk by chunk and stops at the limit, however small the chunks look.

    Raises ``TooLargeError``, or ``zlib.error`` for what cannot be unpacked.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        # Not a list of parts: ten million chunks of one byte must not cost more than their bytes.
        self._body = bytearray()
        self._held = b""
        self._members = 0
        self._began = False
        self._decompressor = None
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._decompressor = zlib.decompressobj(GZIP_OR_ZLIB)
        elif encoding not in ("", "identity"):
            raise zlib.error("an encoding that was not asked for")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes as they came."""
        self._began = True
        if self._decompressor is None:
            self._keep(chunk)
            return
        chunk, self._held = self._held + chunk, b""
        while chunk:
            if self._decompressor.eof:
                # gzip files may be several in a row; what else follows is padding.
                if chunk == GZIP_MAGIC[:1]:
                    self._held = chunk
                    return
                if not chunk.startswith(GZIP_MAGIC):
                    return
                self._next_member()
            self._keep(self._decompressor.decompress(chunk, self._room()))
            chunk = self._decompressor.unused_data

    def finish(self) -> bytes:
        """Return the whole body; ``zlib.error`` if its end is missing."""
        # Nothing at all is an empty body, whatever the header says of its packing.
        if self._began and self._decompressor is not None and not self._decompressor.eof:
            raise zlib.error("the stream breaks off")
        return bytes(self._body)

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise zlib.error("too many members")
        self._decompressor = zlib.decompressobj(GZIP_OR_ZLIB)

    def _room(self) -> int:
        # One byte more than may be kept: it tells that there is more.
        return self._limit - len(self._body) + 1

    def _keep(self, part: bytes) -> None:
        if len(part) >= self._room():
            raise TooLargeError
        self._body += part
