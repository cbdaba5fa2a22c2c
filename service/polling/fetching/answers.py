"""What a server's answer means. The clock is read for ``Retry-After`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from service.records import Failed

# Headers that later stages read.
VALIDATORS = ("etag", "last-modified")
KEPT_HEADERS = (
    "content-type",
    "cache-control",
    "expires",
    "age",
    "date",
    "link",
    *VALIDATORS,
)
FORBIDDEN = 403
BUSY = frozenset({429, 503})
GONE = frozenset({404, 410, 451})
# What a form may be sent again after: too slow, too early, too often.
LATER = frozenset({408, 425, 429})


class GaveUpError(Exception):
    """There will be no answer; ``failed`` is the outcome."""

    def __init__(self, code: str, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.failed = Failed(code, message, permanent)


def kept_headers(headers: Mapping[str, str], *, validators: bool) -> dict[str, str]:
    """Return what later stages read; ``validators`` tells whether they may be sent back."""
    wanted = [name for name in KEPT_HEADERS if validators or name not in VALIDATORS]
    return {name: headers[name] for name in wanted if name in headers}


def refused(status: int, reason: str, headers: Mapping[str, str]) -> Failed:
    """Return the failure that a status other than 200 and 304 is."""
    return Failed(
        code=f"http-{status}",
        message=f"the server answered {status} {reason}".rstrip(),
        permanent=status in GONE,
        retry_after=retry_after(headers.get("retry-after")),
    )


def rejected(status: int, reason: str, headers: Mapping[str, str]) -> Failed:
    """Return the failure that an answer to a form is: whoever does not want it now never will."""
    unwanted = 400 <= status < 500 and status not in LATER and not is_busy(status, headers)
    return replace(refused(status, reason, headers), permanent=unwanted)


def is_busy(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether the answer speaks for the whole host: leave me alone for now."""
    return status in BUSY or (status == FORBIDDEN and "retry-after" in headers)


def put_off(host: str, answer: Failed) -> Failed:
    """Return the outcome of a feed that was not asked, since its host had said ``answer``."""
    message = f"not asked: in this round {host} told another feed to wait ({answer.code})"
    return Failed("host-busy", message, retry_after=answer.retry_after)


def retry_after(value: str | None) -> timedelta | None:
    """Read the header in both its forms (RFC 9110, 10.2.3): seconds, or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        # Capped where timedelta could not hold it.
        return timedelta(seconds=min(int(value.strip()[:10]), 10_000_000))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # The one place that reads a clock: the header is relative to the moment it arrives.
    return max(moment - datetime.now(UTC), timedelta(0))
