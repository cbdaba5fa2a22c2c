"""What feedparser makes of each element of a feed, as tables. Pure.

``fast`` reads a document only where these tables leave no doubt what feedparser would say of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, auto

from feedparser.api import StrictFeedParser


class UnsureError(Exception):
    """Something out of the ordinary: feedparser is to read the document."""


class Place(IntEnum):
    """Where in the document an element stands."""

    DOCUMENT = auto()
    ROOT = auto()
    FEED = auto()
    ENTRY = auto()
    IMAGE = auto()
    PICTURE = auto()
    ASIDE_IN_FEED = auto()
    ASIDE_IN_ENTRY = auto()
    # Holds text alone.
    LEAF = auto()


class Role(IntEnum):
    """What an element is to its reader."""

    ROOT = auto()
    FEED = auto()
    ENTRY = auto()
    IMAGE = auto()
    # Of no use, whatever it holds; or no use, and feedparser makes text of what it holds.
    ASIDE = auto()
    LEAF = auto()
    # Of no use, but feedparser takes the next title for the first.
    PICTURE = auto()
    LINK = auto()
    # From here on, those whose text is wanted.
    TITLE = auto()
    MEDIA_TITLE = auto()
    GUID = auto()
    PUBLISHED = auto()
    UPDATED = auto()
    LANGUAGE = auto()
    TEASER = auto()
    CONTENT = auto()
    DATE = auto()
    TTL = auto()
    PERIOD = auto()
    FREQUENCY = auto()


def _roles(**names: str) -> dict[str, Role]:
    return {key: Role[role] for role, keys in names.items() for key in keys.split()}


_ASIDE = (
    "author managingeditor contributor webmaster dc_author dc_creator dc_contributor dc_publisher"
    " category keywords dc_subject media_category media_keywords cloud enclosure generator"
    " media_content media_group media_thumbnail media_credit media_player media_rating"
    " media_restriction media_license itunes_author itunes_owner itunes_category itunes_keywords"
    " itunes_image itunes_explicit itunes_block"
)
_LEAF = (
    "subtitle tagline itunes_subtitle rights copyright dc_rights info feedburner_browserfriendly"
)
_DATES = (
    "published issued pubdate dcterms_issued updated modified lastbuilddate dc_date"
    " dcterms_modified"
)
_IN_ASIDE = _ASIDE + " name email uri url homepage itunes_name itunes_email"

TABLES: dict[Place, dict[str, Role]] = {
    Place.DOCUMENT: _roles(ROOT="rss rdf_rdf", FEED="feed"),
    Place.ROOT: _roles(FEED="channel", ENTRY="item", IMAGE="image"),
    Place.FEED: _roles(
        ENTRY="item entry",
        IMAGE="image",
        TITLE="title dc_title",
        LINK="link",
        DATE=_DATES,
        TTL="ttl",
        PERIOD="sy_updateperiod",
        FREQUENCY="sy_updatefrequency",
        ASIDE=_ASIDE,
        LEAF=_LEAF + " guid id language dc_language description dc_description",
    ),
    Place.ENTRY: _roles(
        TITLE="title dc_title",
        MEDIA_TITLE="media_title",
        LINK="link",
        GUID="guid id",
        PUBLISHED="published issued pubdate dcterms_issued",
        UPDATED="updated modified lastbuilddate dc_date dcterms_modified",
        LANGUAGE="language dc_language",
        TEASER="description dc_description media_description summary itunes_summary",
        CONTENT="content content_encoded fullitem",
        ASIDE=_ASIDE,
        LEAF=_LEAF,
        PICTURE="image source",
    ),
    Place.IMAGE: _roles(TITLE="title", LEAF="link url width height description"),
    Place.PICTURE: _roles(LEAF="url width height"),
    Place.ASIDE_IN_FEED: _roles(ASIDE=_IN_ASIDE),
    Place.ASIDE_IN_ENTRY: _roles(
        ASIDE=_IN_ASIDE,
        TITLE="dc_title",
        MEDIA_TITLE="media_title",
        TEASER="media_description",
    ),
    Place.LEAF: {},
}

_HANDLED = frozenset(
    name.split("_", 2)[2] for name in dir(StrictFeedParser) if name.startswith(("_start_", "_end_"))
)
# Names without a meaning, under which feedparser keeps what it works with.
_ITS_OWN_NAMES = (
    "links authors contributors publisher href geometry pos expired rating credit license"
    " validity errorreportsto svg math enclosures"
)
_ITS_OWN = frozenset(_ITS_OWN_NAMES.split())
_PLACES_OF_THE_UNKNOWN = {Place.FEED, Place.ENTRY, Place.ASIDE_IN_FEED, Place.ASIDE_IN_ENTRY}


def role_of(key: str, place: Place) -> Role:
    """Return the role of an element.

    Raises:
        UnsureError: it has none that is certain.

    """
    role = TABLES[place].get(key)
    if role is not None:
        return role
    own = key in _ITS_OWN or key in _HANDLED or key.endswith(("_parsed", "_detail"))
    if own or place not in _PLACES_OF_THE_UNKNOWN:
        raise UnsureError(key)
    return Role.ASIDE


# --- names ---------------------------------------------------------------------------------

_KNOWN = {uri.lower(): prefix for uri, prefix in StrictFeedParser.namespaces.items()}
_STANDARD_PREFIXES = frozenset(_KNOWN.values())
# feedparser takes every namespace with this in it for the same one.
_USERLAND = "backend.userland.com/rss"
RSS_1 = "http://purl.org/rss/1.0/"


class Names:
    """The namespaces of one document, and the keys by which feedparser knows its elements.

    feedparser knows them by their prefixes, which a document may bind to one namespace and then
    to another. None does, but to confuse; so all is refused that would make a difference.
    """

    def __init__(self) -> None:
        # By prefix: the standard prefix of a known namespace; the address of another.
        self._known: dict[str, str] = {}
        self._foreign: dict[str, str] = {}
        self._without_prefix: set[str] = set()
        self.is_rss_1 = False

    def declare(self, prefix: str | None, uri: str | None) -> None:
        """Take a declaration.

        Raises:
            UnsureError: it changes what a prefix means.

        """
        if not uri:
            return
        standard = _standard(uri)
        if standard is None:
            self._declare_foreign(prefix or "", uri)
            return
        self.is_rss_1 = self.is_rss_1 or uri.lower() == RSS_1
        if prefix is None:
            return
        changed = self._known.setdefault(prefix, standard) != standard
        borrowed = prefix in _STANDARD_PREFIXES and prefix != standard
        if changed or borrowed or prefix.lower() in self._foreign or standard in self._foreign:
            raise UnsureError(prefix)

    def _declare_foreign(self, prefix: str, uri: str) -> None:
        if not prefix:
            self._without_prefix.add(uri)
        elif self._foreign.setdefault(prefix.lower(), uri) != uri:
            raise UnsureError(prefix)
        bound = [name for name, value in self._foreign.items() if value == uri]
        if len(bound) > 1 or (bound and uri in self._without_prefix):
            raise UnsureError(uri)
        if {prefix, prefix.lower()} & {*self._known, *self._known.values()} - {""}:
            raise UnsureError(prefix)

    def key(self, name: str) -> str:
        """Return the key of an element that the parser calls "namespace local-name prefix".

        Raises:
            UnsureError: no feed has such a name.

        """
        uri, local = _split(name)
        if ":" in local:
            raise UnsureError(name)
        prefix = _standard(uri) if uri else ""
        if prefix is None:
            prefix = next((known for known, value in self._foreign.items() if value == uri), "")
        prefix = prefix.lower()
        prefix = self._known.get(prefix, prefix)
        return f"{prefix}_{local.lower()}" if prefix else local.lower()


def _standard(uri: str) -> str | None:
    lower = uri.lower()
    return "" if _USERLAND in lower else _KNOWN.get(lower)


def _split(name: str) -> tuple[str, str]:
    """Return the namespace, empty for none, and the local name."""
    parts = name.split(" ")
    return (parts[0], parts[1]) if len(parts) > 1 else ("", name)


def attributes_of(attributes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return an element's own attributes, as feedparser compares them.

    Raises:
        UnsureError: there are some that feedparser would mistake for others.

    """
    own: dict[str, str] = {}
    for name, value in attributes:
        uri, local = _split(name)
        if uri == "http://www.w3.org/XML/1998/namespace" and local in ("lang", "space"):
            continue
        key = local.lower()
        if uri or key in own:
            raise UnsureError(name)
        own[key] = value.lower() if key in ("rel", "type") else value
    return own
