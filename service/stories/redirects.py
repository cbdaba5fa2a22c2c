"""The address that a redirect, a cache or an archive carries within its own.

Nobody is asked: what does not stand in the address stays unknown, as behind ``t.co``. The shapes
are those the services show in their links: redirects of search engines and social networks, the
AMP caches' subdomain format, Yandex's turbo pages, the archives, Google News' ids until 2024.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes, urlencode

Pairs = tuple[tuple[str, str], ...]

GOOGLE = re.compile(r"google\.(?:com?\.)?[a-z]{2,3}")
_YANDEX = re.compile(r"(?:news\.)?yandex\.[a-z.]{2,6}")
_ANY = ""
_REDIRECTS: dict[str, dict[str, Sequence[str]]] = {
    "google.com": {"/url": ("q", "url"), "/imgres": ("imgrefurl",)},
    "news.google.com": {"/news/url": ("url",)},
    "translate.google.com": {"/translate": ("u",)},
    "feedproxy.google.com": {_ANY: ("origlink", "feedburner:origlink", "url", "u", "link")},
    "feeds.feedburner.com": {_ANY: ("origlink", "feedburner:origlink", "url", "u", "link")},
    "bing.com": {"/news/apiclick.aspx": ("url",)},
    "duckduckgo.com": {"/l": ("uddg",)},
    "facebook.com": {"/l.php": ("u",), "/sharer/sharer.php": ("u",), "/sharer.php": ("u",)},
    "l.facebook.com": {_ANY: ("u",)},
    "lm.facebook.com": {_ANY: ("u",)},
    "l.instagram.com": {_ANY: ("u",)},
    "linkedin.com": {"/redir/redirect": ("url",), "/shareArticle": ("url",)},
    "twitter.com": {"/intent/tweet": ("url",), "/share": ("url",)},
    "t.me": {"/share/url": ("url",), "/share": ("url",)},
    "telegram.me": {"/share/url": ("url",)},
    "vk.com": {"/away.php": ("to",), "/share.php": ("url",)},
    "dzen.ru": {"/away": ("to",)},
    "yandex.ru": {"/turbo": ("text",), "/clck/jsredir": ("url",)},
    "out.reddit.com": {_ANY: ("url",)},
    "t.umblr.com": {"/redirect": ("z",)},
    "youtube.com": {"/redirect": ("q",)},
    "flipboard.com": {"/redirect": ("url",)},
    "getpocket.com": {"/redirect": ("url",), "/save": ("url",)},
}
_SCHEME = re.compile(r"https?:/{1,2}(?=[^/])", re.IGNORECASE)
_HOST = r"[\w-]+(?:\.[\w-]+)+(?::\d+)?"
_AMP_CACHE = re.compile(r"(?:.+\.)?(?:cdn\.ampproject\.org|bing-amp\.com)|amp\.cloudflare\.com")
_AMP_PATH = re.compile(rf"/(?:amp|c|v|wp)/(?:s/)?(?={_HOST}/)", re.ASCII)
_TURBO_PATH = re.compile(
    rf"/(?:turbo/)?(?:[sh]/(?P<host>{_HOST})/|(?P<host_first>{_HOST})/[sh]/)", re.ASCII
)
_ARCHIVE = re.compile(r"archive\.(?:is|ph|today|li|fo|md|vn)|web\.archive\.org")
_ARCHIVE_PATH = re.compile(r"/(?:web/|o/)?\w{1,20}\*?/(?=https?:/)", re.ASCII | re.IGNORECASE)


def target(host: str, path: str, pairs: Pairs) -> str | None:
    """Return the address within an address, escaped, or None if there is none.

    ``path`` has its escapes, the parameters ``pairs`` are decoded byte for byte as Latin-1.
    """
    if GOOGLE.fullmatch(host):
        host = "google.com"
    elif _YANDEX.fullmatch(host):
        host = "yandex.ru"
    if host in _REDIRECTS:
        names = _REDIRECTS[host].get(path) or _REDIRECTS[host].get(_ANY, ())
        for name, value in pairs:
            if name.lower() in names and _SCHEME.match(value):
                return _escaped(value)
    if host == "bing.com" and path == "/ck/a":
        coded = next((value for name, value in pairs if name == "u"), "")
        return _address_in(_unbase64(coded[2:])) if coded.startswith("a1") else None
    if host == "news.google.com" and path.startswith("/articles/"):
        return _address_in(_news_target(path.removeprefix("/articles/")))
    rest = _in_path(host, path)
    return rest and (f"{rest}?{urlencode(pairs, encoding='latin-1')}" if pairs else rest)


def _in_path(host: str, path: str) -> str | None:
    """Return the address that stands in the path, as caches and archives have it."""
    if host == "r.search.yahoo.com":
        wrapped = path.partition("/RU=")[2].rpartition("/RK=")[0]
        return _address_in(unquote_to_bytes(wrapped))
    if (host == "google.com" or _AMP_CACHE.fullmatch(host)) and (found := _AMP_PATH.match(path)):
        return "https://" + path[found.end() :]
    if host.endswith("turbopages.org") or (host == "yandex.ru" and path.startswith("/turbo/")):
        found = _TURBO_PATH.match(path)
        return found and f"https://{found['host'] or found['host_first']}/{path[found.end() :]}"
    if _ARCHIVE.fullmatch(host) and (found := _ARCHIVE_PATH.match(path)):
        return "https://" + _SCHEME.sub("", path[found.end() :], count=1)
    return None


def _news_target(news_id: str) -> bytes:
    """Return the address in a Google News id, empty if it holds none.

    Until 2024 an id was a protobuf message with the address as its field 4. Since then that field
    is a token (`AU_yqL...`) that only Google can resolve; the id itself is then the key.
    """
    message = _unbase64(news_id)
    if message[:1] != b"\x08" or message[2:3] != b"\x22":
        return b""
    size, start = message[3:4], 4
    length = size[0] if size else 0
    if length & 0x80 and len(message) > 4:
        length, start = (length & 0x7F) | message[4] << 7, 5
    return message[start : start + length]


def _unbase64(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        return b""


def _address_in(found: bytes) -> str | None:
    """Return what was unwrapped if it is an address."""
    text = found.decode("latin-1")
    return _escaped(text) if _SCHEME.match(text) else None


def _escaped(text: str) -> str:
    """Return an address with everything escaped that is not ASCII, byte by byte."""
    return quote(text.encode("latin-1", "replace"), safe="%=&+;/:@!$'()*,?~#[]")
