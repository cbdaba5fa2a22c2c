"""Whether a push comes from the hub that was told the secret (WebSub, section 8). Pure."""

from __future__ import annotations

import hmac
import re

# What the recommendation names. SHA-1 is broken as a hash, not as a HMAC, and many hubs use it.
METHODS = {"sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}

_SIGNATURE = re.compile(r"(sha1|sha256|sha384|sha512)=([0-9a-f]+)")


class Signed:
    """Reckons the signature of a body that comes in chunks, none of which is kept.

    ``secret`` is empty where none was agreed on: then nothing is signed, and anything holds.
    """

    def __init__(self, secret: str, header: str | None) -> None:
        self._agreed = bool(secret)
        found = _SIGNATURE.fullmatch((header or "").strip().lower())
        self._mac: hmac.HMAC | None = None
        self._given = b""
        if found is not None and len(found[2]) == METHODS[found[1]]:
            self._given = found[2].encode()
            self._mac = hmac.new(secret.encode(), digestmod=found[1])

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        if self._mac is not None:
            self._mac.update(chunk)

    def holds(self) -> bool:
        """Tell whether the body is the one that was signed; takes the same time either way."""
        if not self._agreed:
            return True
        if self._mac is None:
            return False
        return hmac.compare_digest(self._mac.hexdigest().encode(), self._given)
