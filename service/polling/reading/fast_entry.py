"""One entry of an ordinary feed, put together by feedparser's rules. Pure."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from feedparser.api import _parse_date
from feedparser.html import _cp1252
from feedparser.urls import _urljoin

from service.polling.reading.elements import Role, UnsureError
from service.polling.reading.entries import Entry, is_plain_address

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_RFC_822 = re.compile(
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun), )?(\d\d?) ({'|'.join(_MONTHS)}) (\d{{4}})"
    r" (\d\d):(\d\d):(\d\d) (?:gmt|utc|ut|z|([+-])(\d\d)(\d\d))",
    re.I | re.A,
)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)t(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:z|([+-])(\d\d):(\d\d))",
    re.I | re.A,
)
_WINDOWS_1252 = re.compile(r"[\x80-\x9f]")
_NAMED_QUERY = re.compile(r"&([A-Za-z0-9_]+);")


class FastEntry:
    """What one entry says, in the order it says it."""

    def __init__(self, base: str, about: str | None) -> None:
        self._base = base
        self._guid = about
        self.link: str | None = None
        self._title = ""
        self._title_depth: int | None = None
        self._teaser: str | None = None
        self._teaser_depth: int | None = None
        self._contents: list[str] = []
        self._has_content = False
        self._published: datetime | None = None
        self._updated: datetime | None = None
        self._language: str | None = None

    def finished(self) -> Entry:
        """Return the entry."""
        return Entry(
            title=self._title,
            texts=[self._teaser or "", *self._contents],
            link=self.link,
            guid=self._guid,
            published_at=self._published or self._updated,
            language=self._language,
        )

    def take_title(self, title: str, depth: int) -> None:
        """Take a title; one that stands higher is not replaced."""
        if self._title_depth is None or depth <= self._title_depth:
            self._title, self._title_depth = title, depth

    def take(self, role: Role, text: str, depth: int, attributes: Mapping[str, str]) -> None:
        """Take the text of an element that is no title."""
        if role is Role.TEASER:
            self._take_teaser(popped(text), depth)
        elif role is Role.CONTENT:
            self._take_content(popped(text))
        elif role is Role.LINK:
            self._take_link(text)
        elif role is Role.GUID:
            self._take_guid(text, is_link=attributes.get("ispermalink", "true") == "true")
        elif role is Role.PUBLISHED:
            self._published = read_date(text)
        elif role is Role.UPDATED:
            self._updated = read_date(text)
        else:
            self._language = popped(text)

    def _take_teaser(self, text: str, depth: int) -> None:
        if self._teaser is not None and not self._has_content:
            # A second teaser is taken for the full text.
            self._take_content(text)
        elif self._teaser_depth is None or depth <= self._teaser_depth:
            self._teaser, self._teaser_depth = text, depth

    def _take_content(self, text: str) -> None:
        self._has_content = True
        self._contents.append(text)
        if self._teaser is None:
            self._teaser = text

    def _take_link(self, text: str) -> None:
        link = popped(resolved(self._base, text)) if text else ""
        self.link = _NAMED_QUERY.sub(r"&\1", link.replace("&amp;", "&")) if "&" in link else link

    def _take_guid(self, text: str, *, is_link: bool) -> None:
        self._guid = popped(resolved(self._base, text) if is_link and text else text)
        if is_link and self.link is None:
            self.link = self._guid


def resolved(base: str, address: str) -> str:
    """Return the address as feedparser joins it to its base."""
    return address if is_plain_address(address) else _urljoin(base, address)


def popped(text: str) -> str:
    """Return a text as feedparser keeps it: with two frequent faults of encoding mended."""
    if text.isascii():
        return text
    try:
        mended = text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        mended = text
    return mended.translate(_cp1252) if _WINDOWS_1252.search(mended) else mended


def read_date(text: str) -> datetime | None:
    """Return the moment that feedparser would read.

    Raises:
        UnsureError: it would read one that no calendar has.

    """
    usual = _usual_date(text)
    if usual:
        return usual
    parsed = _parse_date(popped(text))
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        raise UnsureError(text) from None


def _usual_date(text: str) -> datetime | None:
    """Return the moment, if it is told as most feeds do."""
    if found := _RFC_822.fullmatch(text):
        day, named, year, *rest = found.groups()
        month = _MONTH_NUMBERS[named.lower()]
    elif found := _ISO.fullmatch(text):
        year, numbered, day, *rest = found.groups()
        month = int(numbered)
    else:
        return None
    hour, minute, second, sign, hours, minutes = rest
    try:
        told = datetime(int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        if sign is None:
            return told
        away = timedelta(hours=int(hours), minutes=int(minutes))
        return told + away if sign == "-" else told - away
    except (ValueError, OverflowError):
        return None
