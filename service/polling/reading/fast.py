"""Reads the ordinary feed, in a small part of the time that feedparser takes. Pure.

It stands in for feedparser where the result is certain to be the same: with the same decoding, on
the same XML parser (expat), following its rules for every element that ``elements`` lists. Whatever
else is in a document makes it give up. So does any document type: no entity is ever declared here,
nothing is fetched, and no tree is built.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from feedparser.encodings import convert_to_utf8
from feedparser.urls import make_safe_absolute_uri

from service.polling.reading.elements import Names, Place, Role, UnsureError, attributes_of, role_of
from service.polling.reading.entries import Entry, Head
from service.polling.reading.fast_entry import FastEntry, popped, read_date, resolved
from service.records import Fetched

_RDF_ABOUT = "http://www.w3.org/1999/02/22-rdf-syntax-ns# about"
_XML_BASE = "http://www.w3.org/XML/1998/namespace base xml"
_HTML = {"text/html", "application/xhtml+xml", "html", "xhtml"}
_TEXT = {"text/plain", "text/html", "text", "plain", "html"}
_PLACES = {
    Role.ROOT: Place.ROOT,
    Role.FEED: Place.FEED,
    Role.ENTRY: Place.ENTRY,
    Role.IMAGE: Place.IMAGE,
    Role.LEAF: Place.LEAF,
    Role.PICTURE: Place.PICTURE,
}
_ASIDES = {
    Place.FEED: Place.ASIDE_IN_FEED,
    Place.ASIDE_IN_FEED: Place.ASIDE_IN_FEED,
    Place.ENTRY: Place.ASIDE_IN_ENTRY,
    Place.ASIDE_IN_ENTRY: Place.ASIDE_IN_ENTRY,
}
_TITLES = {Role.TITLE, Role.MEDIA_TITLE}
_TYPED = {*_TITLES, Role.TEASER, Role.CONTENT}


def read(fetched: Fetched, body: bytes) -> tuple[Head, list[Entry]] | None:
    """Return what the document says; None if that is for feedparser to tell."""
    headers = {**fetched.headers, "content-location": fetched.url}
    result: dict[str, Any] = {}
    data = convert_to_utf8(headers, body, result)
    if not result["encoding"] or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return None
    reader = _Reader(fetched.url)
    try:
        reader.parse(data)
    except (UnsureError, expat.ExpatError):
        return None
    return reader.head, [entry.finished() for entry in reader.entries]


class _Reader:
    """One pass over a document."""

    def __init__(self, url: str) -> None:
        self.head = Head()
        self.entries: list[FastEntry] = []
        self._url = self._base = url
        self._names = Names()
        self._places = [Place.DOCUMENT]
        # By place and by the parser's names for elements.
        self._roles: dict[Place, dict[str, Role]] = {place: {} for place in Place}
        self._role = Role.ASIDE
        self._attributes: dict[str, str] = {}
        self._text: list[str] = []
        self._listens = False
        # As deep as the last title stands: what is deeper, or as deep, is a title no more.
        self._title_depth = -1
        self._feeds = 0
        self._parser = expat.ParserCreate(None, " ")
        self._parser.namespace_prefixes = True
        self._parser.buffer_text = True
        self._parser.StartNamespaceDeclHandler = self._names.declare
        self._parser.StartDoctypeDeclHandler = _refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def parse(self, data: bytes) -> None:
        self._parser.Parse(data, True)
        if not self._feeds:
            raise UnsureError("no feed")

    # --- elements begin ---

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        place = self._places[-1]
        role = self._roles[place].get(name)
        if role is None:
            role = self._roles[place][name] = role_of(self._names.key(name), place)
        if attributes and "base" in "".join(attributes).lower() and place is not Place.DOCUMENT:
            raise UnsureError("base")
        if role is Role.ASIDE:
            self._places.append(_ASIDES[place])
        elif role in _PLACES:
            self._open(role, attributes)
            self._places.append(_PLACES[role])
        elif role is Role.LINK:
            self._open_link(attributes)
        else:
            self._listen(role, attributes)

    def _open(self, role: Role, attributes: dict[str, str]) -> None:
        names = "".join(attributes).lower()
        if role in (Role.ENTRY, Role.FEED) and ("lastmod" in names or "href" in names):
            raise UnsureError("a format before RSS")
        if self._places[-1] is Place.DOCUMENT:
            self._open_document(attributes)
        if role is Role.FEED:
            self._feeds += 1
            if self._feeds > 1:
                raise UnsureError("two feeds in one")
        elif role is Role.ENTRY:
            about = [name for name in attributes if name.startswith(_RDF_ABOUT)]
            self.entries.append(FastEntry(self._base, attributes[about[0]] if about else None))
        if role in (Role.ENTRY, Role.IMAGE, Role.PICTURE):
            self._title_depth = -1

    def _open_document(self, attributes: dict[str, str]) -> None:
        base = self._url
        for name, value in attributes.items():
            if name == _XML_BASE:
                base = make_safe_absolute_uri(base, value) or base
            elif "base" in name.lower():
                raise UnsureError(name)
        self._base = make_safe_absolute_uri(base, base) or base
        if self._base != (make_safe_absolute_uri(self._base, self._base) or self._base):
            raise UnsureError("base")

    def _open_link(self, attributes: dict[str, str]) -> None:
        own = attributes_of(attributes.items())
        first = own.get("url", own.get("uri", own.get("href")))
        href = first or own.get("href")
        if href is None:
            if own.get("rel") in ("hub", "self"):
                raise UnsureError("a link without an address")
            self._listen(Role.LINK, {})
            return
        relation = own.get("rel", "alternate")
        href = resolved(self._base, href)
        if self._places[-1] is Place.FEED:
            self.head.links.append((relation, href))
        elif relation == "alternate" and own.get("type", "text/html") in _HTML:
            self.entries[-1].link = href
        self._places.append(_ASIDES[self._places[-1]])

    def _listen(self, role: Role, attributes: dict[str, str]) -> None:
        """Keep the text of this element."""
        self._attributes = attributes_of(attributes.items()) if attributes else {}
        if role in _TYPED and self._attributes:
            kind = self._attributes.get("type", "text")
            if kind not in _TEXT or self._attributes.get("mode") == "base64":
                raise UnsureError(kind)
        elif role in (Role.TTL, Role.PERIOD, Role.FREQUENCY) and attributes:
            raise UnsureError("attributes")
        self._role = role
        self._text = []
        self._listens = True
        self._parser.CharacterDataHandler = self._text.append
        self._places.append(Place.LEAF)

    # --- elements end ---

    def _end(self, _name: str) -> None:
        self._places.pop()
        if not self._listens:
            return
        self._listens = False
        self._parser.CharacterDataHandler = None
        text = "".join(self._text).strip()
        role, place, depth = self._role, self._places[-1], len(self._places)
        if role in _TITLES:
            self._take_title(popped(text), place, depth)
        elif place is Place.FEED:
            self._take_of_feed(role, text)
        else:
            self.entries[-1].take(role, text, depth, self._attributes)

    def _take_title(self, title: str, place: Place, depth: int) -> None:
        if not -1 < self._title_depth <= depth:
            if place is Place.FEED:
                self.head.title = title
            elif place is not Place.IMAGE:
                self.entries[-1].take_title(title, depth)
        if title and self._role is Role.TITLE:
            self._title_depth = depth

    def _take_of_feed(self, role: Role, text: str) -> None:
        if role is Role.DATE:
            read_date(text)
        elif role is Role.TTL:
            self.head.ttl = text
        elif role is Role.PERIOD:
            self.head.period = text
        elif role is Role.FREQUENCY:
            self.head.frequency = text


def _refuse(*_doctype: object) -> None:
    raise UnsureError("document type")
