"""Writes and reads lists of feeds as OPML, the format in which feed readers exchange them.

Pure. What OPML has no word for (country, affiliation, weight) is kept in attributes of a namespace
of its own, which other programs pass over; read back, nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from service.polling.reading.safe_xml import Path, XmlError, mended, read_xml
from service.settings import FeedConfig

NAMESPACE = "urn:caspian-watch:feeds"
MAX_OUTLINES = 20_000
# A list of twenty thousand feeds takes 6 MB.
MAX_BYTES = 20_000_000

# What XML 1.0 cannot hold, however it is written.
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FEED_SCHEME = re.compile(r"feed:(?://)?(?=https?:)", re.I)


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed as an OPML file tells of it; what it does not say is None. ``line`` counts from 1."""

    line: int
    folder: tuple[str, ...]
    url: str
    outlet: str | None = None
    language: str | None = None
    country: str | None = None
    affiliation: str | None = None
    weight: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """An outline, or a whole file, that cannot be used."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Opml:
    """What a file holds, in its order."""

    title: str
    outlines: tuple[Outline, ...]
    broken: tuple[Broken, ...]


def read_opml(body: bytes) -> Opml | Broken:
    """Return the feeds of a file with whatever is wrong with single ones; or why it is no OPML."""
    if len(body) > MAX_BYTES:
        return Broken(1, f"more than {MAX_BYTES:,} bytes")
    reader = _Outlines()
    try:
        read_xml(body, reader)
    except XmlError as strict:
        # Titles with a bare "&" are common; what is broken beyond that is told as it was met.
        reader = _Outlines()
        try:
            read_xml(mended(body), reader)
        except XmlError:
            return Broken(strict.line, strict.message)
    if reader.root != "opml":
        return Broken(1, f"no OPML: the root element is <{reader.root}>")
    return Opml(reader.title, tuple(reader.outlines), tuple(reader.broken))


def write_opml(feeds: Iterable[FeedConfig], title: str) -> str:
    """Return the feeds as OPML 2.0, a folder for each language; the same for the same feeds."""
    ordered = sorted(feeds, key=lambda feed: feed.language)
    folders = "".join(
        f'    <outline text="{language}">\n{"".join(map(_line, group))}    </outline>\n'
        for language, group in groupby(ordered, key=lambda feed: feed.language)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<opml version="2.0" xmlns:caspian="{NAMESPACE}">\n'
        f"  <head>\n    <title>{_quoted(title)}</title>\n  </head>\n"
        f"  <body>\n{folders}  </body>\n</opml>\n"
    )


def _line(feed: FeedConfig) -> str:
    attributes = {
        "type": "rss",
        "text": feed.outlet,
        "title": feed.outlet,
        "xmlUrl": feed.url,
        "language": feed.language,
        "caspian:country": feed.country,
        "caspian:affiliation": feed.affiliation.value,
        "caspian:weight": repr(feed.weight),
    }
    pairs = " ".join(f'{name}="{_quoted(value)}"' for name, value in attributes.items())
    return f"      <outline {pairs}/>\n"


def _quoted(text: str) -> str:
    # A parser makes a space of any line break that stands in an attribute as it is.
    text = _NO_XML.sub("\ufffd", text).replace("&", "&amp;").replace("<", "&lt;")
    text = text.replace(">", "&gt;").replace('"', "&quot;")
    return text.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")


class _Outlines:
    """Collects what an OPML file says; see ``safe_xml.Reader``."""

    def __init__(self) -> None:
        self.root = ""
        self.title = ""
        self.outlines: list[Outline] = []
        self.broken: list[Broken] = []
        # The names of the outlines that are open, outermost first.
        self._open: list[str] = []

    def start(self, path: Path, attributes: Mapping[str, str], line: int) -> None:
        self.root = path[0]
        if path[-1] != "outline":
            return
        facts = {name.lower(): value for name, value in attributes.items()}
        if len(self.outlines) >= MAX_OUTLINES:
            raise XmlError(line, f"more than {MAX_OUTLINES:,} feeds")
        self._take(facts, line)
        self._open.append(_name(facts) or "")

    def end(self, path: Path, text: str) -> None:
        if path[-1] == "outline":
            self._open.pop()
        elif path == ("opml", "head", "title"):
            self.title = text.strip()

    def _take(self, facts: Mapping[str, str], line: int) -> None:
        url = _FEED_SCHEME.sub("", facts.get("xmlurl", "").strip())
        kind = facts.get("type", "").strip().lower()
        if not url and kind in ("rss", "atom"):
            name = _name(facts) or "without a name"
            self.broken.append(Broken(line, f"the feed {name!r} has no address (xmlUrl)"))
        elif url:
            self.outlines.append(
                Outline(
                    line,
                    tuple(name for name in self._open if name),
                    url,
                    _name(facts),
                    _language(facts.get("language")),
                    facts.get("country"),
                    facts.get("affiliation"),
                    facts.get("weight"),
                )
            )


def _name(facts: Mapping[str, str]) -> str | None:
    # Not stripped: what was exported comes back as it was.
    names = (facts.get("text"), facts.get("title"))
    return next((name for name in names if name and name.strip()), None) or names[0] or names[1]


def _language(tag: str | None) -> str | None:
    """Feed readers write "en-us" or "unknown"; the first part is the language, if it is one."""
    first = re.split(r"[-_]", (tag or "").strip().lower())[0]
    return first if re.fullmatch(r"[a-z]{2,3}", first) else None
