"""Reads XML from strangers, element by element: no entities, no tree, nothing fetched.

Pure. Prefixes are dropped: what an element is, its path of local names tells well enough, and
documents that forget to declare a prefix are read all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from xml.parsers import expat

MAX_DEPTH = 60
# As much of a document as must hold its root element.
HEAD = 16_384

Path = tuple[str, ...]

# What XML does not know as a reference is a bare "&"; CDATA is left as it is. An open CDATA reaches
# to the end, so that the search stays linear.
_BARE = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)",
    re.S,
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_OTHER_ENCODING = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.I)


class XmlError(Exception):
    """The document cannot be read, or is refused; ``line`` is where, from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


class Reader(Protocol):
    """What is told of a document; ``path`` holds the local names from the root on."""

    def start(self, path: Path, attributes: Mapping[str, str], line: int) -> None:
        """An element begins."""
        ...

    def end(self, path: Path, text: str) -> None:
        """An element ends; ``text`` is its own, without that of its children."""
        ...


def read_xml(body: bytes, reader: Reader) -> None:
    """Tell ``reader`` of every element.

    Raises:
        XmlError: no XML, nested too deep, or declaring entities.

    """
    _Walk(reader).parse(body)


def mended(body: bytes) -> bytes:
    """Return a document without the faults that web sites' XML has most: bare "&", odd bytes."""
    if not _OTHER_ENCODING.match(body.lstrip()[:300]):
        body = body.decode("utf-8", "replace").encode()
    return _BARE.sub(
        lambda found: b"&amp;" if found[0] == b"&" else found[0], _CONTROL.sub(b"", body)
    )


def root_of(body: bytes) -> str:
    """Return the root element's local name; empty if this does not begin as XML does."""
    root = _Root()
    try:
        _Walk(root).parse(body[:HEAD], whole=False)
    except _RootSeenError:
        return root.name
    except XmlError:
        pass
    return ""


class _RootSeenError(Exception):
    """Enough was read."""


class _Root:
    name = ""

    def start(self, path: Path, _attributes: Mapping[str, str], _line: int) -> None:
        self.name = path[0]
        raise _RootSeenError

    def end(self, _path: Path, _text: str) -> None:
        pass


class _Walk:
    """One pass over a document."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._path: Path = ()
        self._texts: list[list[str]] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._refuse

    def parse(self, body: bytes, *, whole: bool = True) -> None:
        try:
            self._parser.Parse(body, whole)
        except expat.ExpatError as error:
            raise XmlError(error.lineno, expat.ErrorString(error.code) or "no XML") from None
        except (ValueError, LookupError) as error:
            # Encodings that this parser does not know.
            raise XmlError(1, str(error)) from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        if len(self._path) >= MAX_DEPTH:
            raise XmlError(line, f"elements nested deeper than {MAX_DEPTH}")
        self._path = (*self._path, _local(name))
        self._texts.append([])
        self._reader.start(
            self._path, {_local(key): value for key, value in attributes.items()}, line
        )

    def _end(self, _name: str) -> None:
        self._reader.end(self._path, "".join(self._texts.pop()))
        self._path = self._path[:-1]

    def _text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _refuse(self, *_declaration: object) -> None:
        message = "declares entities, which can make a small file endless; none are read"
        raise XmlError(self._parser.CurrentLineNumber, message)


def _local(name: str) -> str:
    return name.rpartition(":")[2]
