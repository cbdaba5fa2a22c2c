"""One spelling for the many addresses of one page.

Feeds, aggregators and caches write the address of an article in many ways: with parameters that
tell how the reader came, as AMP, for telephones, for printing, or wrapped into a redirect. Here
they become one. To take two articles for one is worse than to miss that two are one, so a rule
applies only where the address still names its page by itself.

The rules follow what sites' own addresses show and what the makers of analytics programs write of
their parameters; what redirects carry is read by ``redirects``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

from service.stories.redirects import GOOGLE, Pairs, target

# What is wrapped deeper than this hides which page it names.
WRAPPERS = 5

# --- parameters that say how a reader came, never what is shown ----------------------------

_TRACKING = re.compile(
    r"utm_.*|at_[a-z]\w*|[a-z]{1,3}clid|srsltid|[gw]braid|fb_\w+|mc_[ce]id|ns_\w+|ig(?:shid|_\w+)"
    r"|_g[al]|_hs\w+|__hs\w+|hsctatracking|mkt_tok|oly_\w+_id|vero_\w+|wickedid|_openstat|mibextid"
    r"|cmp(?:id)?|icid|int(?:cid|cmp)|itm_\w+|ito|maca|ocid|partner|ref|ref_?src|referr?er|rss"
    r"|s?rnd|sref|srcref|smid|smtyp|spm|src|traffic_source|wt[._]\w+|xtor|xtref|yptr|from|trk"
    r"|s_(?:cid|kwcid)|ef_id|elqtrack(?:id)?|(?:pk|mtm|matomo|piwik)_(?:campaign|kwd|keyword"
    r"|source|medium|content|cid|group|placement)|__twitter_impression|guc(?:e_\w+|counter)"
    r"|soc_(?:src|trk)|\.?tsrc|gaa_\w+|share|share_?(?:source|token|type)|dicbo|tblci|_k[ex]"
    r"|ml_subscriber(?:_hash)?|dm_i|cm_(?:mmc|lm|ven)|echobox|amp_(?:js_v|gsa|tf|r)|usqp|fref"
    r"|_branch_match_id|action_(?:object|type|ref)_map|__tn__|__xts__(?:\[\d*\])?|replytocom"
    r"|phpsessid|jsessionid|fr(?:om)?_rss|feed_?(?:type|name)|sara_\w+|hootpostid",
    re.IGNORECASE,
)
# The same names mean a page elsewhere: `mod`, `sh`, `s`, `t` count at these sites alone.
_TRACKING_AT: dict[str, re.Pattern[str]] = {
    site: re.compile(names, re.IGNORECASE)
    for sites, names in (
        ("wsj.com barrons.com marketwatch.com", "mod|reflink|st"),
        (
            "nytimes.com",
            "emc|campaign_id|instance_id|user_id|regi_id|segment_id|te|nl|rref|hp|unlocked_.*",
        ),
        ("forbes.com", "sh|ss|swb"),
        ("ft.com", "segmentid|ftcamp|desktop"),
        ("bloomberg.com", "leadsource|embedded-checkout"),
        ("washingtonpost.com", "wpisrc|wpmk|itid|tid|carta-url"),
        ("economist.com", "fsrc"),
        ("foreignpolicy.com", "tpcc"),
        ("reuters.com", "rpc|il|taid"),
        ("cnn.com", "iid"),
        ("yahoo.com techcrunch.com engadget.com aol.com huffpost.com", "ncid"),
        ("gamespot.com cnet.com zdnet.com cbsnews.com", "ftag"),
        ("news.google.com", "oc|hl|gl|ceid"),
        ("youtube.com youtu.be", "feature|si|pp|t|ab_channel"),
        ("twitter.com x.com", "s|t"),
    )
    for site in sites.split()
}
# Values that give an innocent name away, and other faces of the same page.
_TRACKING_PAIR = re.compile(
    r"(?:source|via|origin|medium|channel|utm)=(?:rss\w*|feed|feedburner|feedly|atom|twitter"
    r"|facebook|telegram|newsletter|push|social)|nb=1"
    r"|(?:amp|is_?amp|mobile|is_?mobile|print|printable|print_?mode|print_?version)"
    r"=(?:1|y|yes|true|on|amp|print|)"
    r"|(?:output|outputtype|view|mode|format|layout|version)=(?:amp|print|printable|mobile)"
    r"|tmpl=component",
    re.IGNORECASE,
)

# --- hosts and paths -------------------------------------------------------------------------

# One outlet under two names, with the same paths under both.
_MIRRORS = {
    "bbc.co.uk": "bbc.com",
    "edition.cnn.com": "cnn.com",
    "us.cnn.com": "cnn.com",
    "dw.de": "dw.com",
    "presstv.com": "presstv.ir",
}
_WWW = re.compile(r"^(?:www\.)+")
_FACE = re.compile(r"^(?:(?:www|amp|m|mobile|touch|wap)\.)+")
_INNER_FACE = re.compile(r"^([a-z]{2,3})\.(?:m\.)+")
# `amp.com.tr` is a site, not the face of `com.tr`.
_REGISTRY = re.compile(r"(?:ac|co|com|edu|gob|gov|mil|ne|net|nom|or|org)\.[a-z]{2}")
# The last word of an address that names one article: a number, a slug, a file, another script.
_TELLING = re.compile(r"\d{4}|\w[-_]\w|\w\.[a-z]{3,5}$|%", re.ASCII)
_PAGE_FRAGMENT = re.compile(r"!?/[^/]")
_NUMBER = re.compile(r"(?<!\d)(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d)\d{7,}")
_PREFIXES = frozenset(("amp", "print", "amp_articleshow", "amp_liveblog", "amp_videoshow"))
_INDEX = ("", "index.html", "index.htm", "index.shtml")
_NEWS_ID = re.compile(r"/(?:rss/|__i/rss/rd/)?(?:articles|read)/([\w=-]+)", re.ASCII)
_MSN_ID = re.compile(r"(?:ar|ss|vi)-[A-Z]\w{4,}", re.ASCII)
_SESSION = re.compile(r";jsessionid=[\w.!-]*$", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class _Page:
    """An address taken apart: ASCII throughout, escapes kept byte by byte, query sorted."""

    host: str
    path: str
    pairs: Pairs
    fragment: str = ""

    def __str__(self) -> str:
        query = f"?{urlencode(self.pairs, encoding='latin-1')}" if self.pairs else ""
        return f"https://{self.host}{self.path}{query}{self.fragment}"


def canonical_url(url: str) -> str | None:
    """Return one spelling of an address: no tracking, no fragment, no ``www``, sorted query.

    AMP, mobile and print addresses become those of the article, and redirects that carry their
    target become the target, without asking any server. None where the address names a site and
    not a page, or is none at all. Escapes are kept byte by byte: not all sites write UTF-8.
    """
    for _ in range(WRAPPERS + 1):
        page = _read(url)
        if page is None:
            return None
        inner = target(page.host, page.path, page.pairs)
        if inner is None:
            return str(page)
        url = inner
    return None


def address_key(url: str) -> str | None:
    """Return the key by which an article at ``url`` is known, or None if it names no page."""
    address = canonical_url(url)
    return None if address is None else "u" + hashed(address)


def page_number(address: str) -> str | None:
    """Return host and numbers by which a site knows a page, whatever words stand beside them.

    ``address`` is canonical. A number is seven digits at least and no date, anywhere in the path:
    outlets reword the rest of an address as they reword the title. None if there is none.
    """
    host, _, path = address.removeprefix("https://").partition("?")[0].partition("/")
    numbers = _NUMBER.findall(path)
    return "/".join((host, *numbers)) if numbers else None


def hashed(*parts: str) -> str:
    """Return 32 hexadecimal digits that stand for ``parts``, the same in every process."""
    text = "\x00".join(parts).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _read(url: str) -> _Page | None:
    """Take an address apart, in its plain form; None if it names no page."""
    try:
        parts = urlsplit(url.encode("utf-8", "replace").decode())
        port = parts.port
    except ValueError:
        return None
    host = _WWW.sub("", parts.hostname or "")
    if not host or parts.scheme not in ("http", "https"):
        return None
    path = quote(unquote_to_bytes(parts.path), safe="/:@!$&'()*+,;=~")
    escaped = quote(parts.query, safe="%=&+;/:@!$'()*,?~")
    pairs = parse_qsl(escaped, keep_blank_values=True, encoding="latin-1")
    path = _SESSION.sub("", path).rstrip("/")
    host, path, kept = _plain(host, path, _kept(host, pairs))
    fragment = _page_fragment(parts.fragment)
    if not path and not kept and not fragment:
        return None
    if ":" in host:
        host = f"[{host}]"
    return _Page(host if port in (None, 80, 443) else f"{host}:{port}", path, kept, fragment)


def _kept(host: str, pairs: Sequence[tuple[str, str]]) -> Pairs:
    """Return the parameters that may name the page, sorted."""
    labels = host.split(".")
    sites = (".".join(labels[-count:]) for count in (2, 3))
    here = next((_TRACKING_AT[site] for site in sites if site in _TRACKING_AT), None)
    return tuple(
        sorted(
            (name, value)
            for name, value in pairs
            if not _TRACKING.fullmatch(name)
            and not _TRACKING_PAIR.fullmatch(f"{name}={value}")
            and not (here and here.fullmatch(name))
        )
    )


def _page_fragment(fragment: str) -> str:
    """Return the fragment where it names a page, as `#!/story/5` does; a place in it is none."""
    if not _PAGE_FRAGMENT.match(fragment):
        return ""
    return "#" + quote(unquote_to_bytes(fragment), safe="/:@!$&'()*+,;=~?")


def _plain(host: str, path: str, pairs: Pairs) -> tuple[str, str, Pairs]:
    """Return host, path and parameters without the marks of AMP, telephones and printing."""
    segments = path.split("/")
    _drop_suffixes(segments)
    if not GOOGLE.fullmatch(host):
        _drop_prefixes(segments)
    host = _ascii(host)
    bare = _bare(host)
    if bare != host and (_telling(segments[-1]) or any(_telling(value) for _, value in pairs)):
        if host == "amp.cnn.com" and segments[1:2] == ["cnn"]:
            del segments[1]
        host = bare
    host = _MIRRORS.get(host, host)
    if host == "msn.com" and _MSN_ID.fullmatch(segments[-1]):
        # The id alone names the article, whatever edition and title stand before it.
        return host, "/" + segments[-1], ()
    path = "/".join(segments)
    if host == "news.google.com" and (news := _NEWS_ID.fullmatch(path)):
        path = f"/articles/{news[1]}"
    return host, path, pairs


def _bare(host: str) -> str:
    """Return `news.example` for `m.news.example`, and the host itself where that is the site."""
    bare = _INNER_FACE.sub(r"\1.", _FACE.sub("", host))
    return host if "." not in bare or _REGISTRY.fullmatch(bare) else bare


def _drop_suffixes(segments: list[str]) -> None:
    """Take `/amp`, `/print`, `.amp`, `.amp.html` and `/index.html` off the end."""
    while len(segments) > 1:
        last, before = segments[-1], segments[-2]
        if last in _INDEX or (last in ("amp", "print") and _telling(before)):
            segments.pop()
        elif (bare := _without_amp(last)) != last:
            segments[-1] = bare
        else:
            return


def _without_amp(name: str) -> str:
    """Return `story-1` for `story-1.amp`, and `story.html` for `story.amp.html`."""
    ending = ".html" if name.endswith(".amp.html") else ""
    end = len(name) - len(ending)
    while name.endswith(".amp", 0, end):
        end -= len(".amp")
    if end in (0, len(name) - len(ending)):
        return name
    bare = name[:end] + ending
    return bare if _telling(bare) else name


def _drop_prefixes(segments: list[str]) -> None:
    """Take `/amp/`, `/print/` and `/section/amp/` off the front, and `amp_` off a page's kind."""
    if _PREFIXES.isdisjoint(segments) or not _telling(segments[-1]):
        return
    for place, names in ((1, ("amp", "print")), (2, ("amp",))):
        end = place
        while end < len(segments) - 1 and segments[end] in names:
            end += 1
        del segments[place:end]
    for place, segment in enumerate(segments):
        if segment in _PREFIXES:
            segments[place] = segment.removeprefix("amp_")


def _telling(text: str) -> bool:
    """Tell whether a word of an address is likely to name one article and not a section."""
    return _TELLING.search(text) is not None


def _ascii(host: str) -> str:
    """Return a host's name as it is asked for; ß, ς and joiners name other hosts today."""
    if host.isascii() or len(host) > 253 or set(host) & set("ßς\u200c\u200d"):
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
