"""Every error the service raises on purpose.

::

    CaspianError                 code, what happened, how to mend it
    ├── ConfigError              the configuration cannot be used; carries all findings at once
    ├── InputError               a line or file from the user cannot be read
    ├── ModelError               a model is missing, damaged, or from another version
    ├── StorageError             the database cannot be opened or is newer than the program
    └── DeliveryError            a channel did not take a digest; permanent or worth a retry

A feed that fails to answer is not an error but an outcome: see ``records.Failed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.records import Finding


class CaspianError(Exception):
    """Root of the tree.

    ``code`` is stable and may be matched by scripts; ``mend`` tells the user what to do.
    """

    code = "caspian"

    def __init__(self, message: str, *, mend: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message}\n  mend: {self.mend}" if self.mend else self.message


class ConfigError(CaspianError):
    """The configuration cannot be used. ``findings`` holds everything that is wrong with it."""

    code = "config"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)


class InputError(CaspianError):
    """Input from the user cannot be read; the message names file and line."""

    code = "input"


class ModelError(CaspianError):
    """A model cannot be used: missing, tampered with, truncated, or from another version."""

    code = "model"


class StorageError(CaspianError):
    """The database cannot be used."""

    code = "storage"


class DeliveryError(CaspianError):
    """A channel did not take a digest.

    ``permanent`` is decided where the error happens; ``retry_after`` is the channel's own wish.
    """

    code = "delivery"

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after: timedelta | None = None,
        code: str | None = None,
        mend: str = "",
    ) -> None:
        super().__init__(message, mend=mend, code=code)
        self.permanent = permanent
        self.retry_after = retry_after
