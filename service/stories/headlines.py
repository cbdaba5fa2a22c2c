"""What a title says once its wrapping is off, and which kind of report stands behind it.

Outlets wrap titles in their own name ("... - Reuters"), in urgency ("BREAKING:", "Срочно:") and in
what the page is ("Live updates", "– in pictures", "یادداشت/"). Two reports of one event share
the words between, and a live blog or a round-up, which speaks of many events, is none of them.

All rules are written ones over the words of ``labels``: a label counts where a title sets it off by
a colon, a bar, a dash, brackets or dots; a phrase counts anywhere; a word of an address counts as
a whole segment of its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from service.stories.labels import (
    AGENCIES,
    DOMAIN,
    FILLERS,
    KIND_OF,
    LIVE_SLUG,
    OUTLETS,
    PHRASES,
    SEGMENTS,
    URGENT,
    ReportKind,
    level,
    listed,
)

__all__ = ["ReportKind", "headline", "is_live", "kind"]

# No title is wrapped deeper.
LAYERS = 8

# Reuters sets its labels off by a hyphen: "UPDATE 2-Russia", "Exclusive-Iran".
_SLUG = re.compile(
    r"(?:(?:UPDATE|WRAPUP|RPT|REFILE|CORRECTED|RECAST|BRIEF|POLL|FOCUS|TIMELINE|TABLE)"
    r"(?: ?\d{1,2})?|(?i:exclusive|analysis|explainer|factbox|insight))-(?=[\w\"'‘“])"
)
_OPENING = re.compile(
    r"[\[(【〔«+ ]*(?P<label>[^:：|｜丨/!\])】〕»+]{2,40}?) ?"
    r"(?:[\])】〕»]+ ?[:：]?|[:：|｜丨/!]+|\.{2,}|…| [-–—](?= )|\+{2,}) ?"
)
_CLOSING = re.compile(
    r"(?P<sep> [-–—|｜·•»] ?| ?[|｜丨]|[:：] |/ ?)"
    r"(?P<label>[^-–—|｜丨·•»:：/]{2,40}(?:-[^-–—|｜丨·•»:：/ ]+){0,3})$"
)
_BRACKET = re.compile(
    r" ?[\[(【（]\+? ?(?P<label>[^\[\]()【】（）]{2,40})[\])】）]$|\+ ?(?P<plus>\w{2,12})$"
)
_ENDINGS = frozenset((ReportKind.LIVE, ReportKind.ROUNDUP))
_OPINION_ENDINGS = listed("opinion, editorial, 社论, 评论员文章, 快评, 锐评, 时评, 社評")
# "How people live:" and "press briefing:" are no labels.
_NO_LABEL_AFTER = listed(
    "we, you, they, to, people, who, i, and, can, will, could, would, should, must, not, is, are,"
    "press, media, house, pentagon, department, ministry, intelligence, security, defense, stream"
)
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def headline(title: str, outlet: str = "") -> str:
    """Return a title without its outlet's name, urgency and labels of its kind at either end.

    ``outlet`` is the name of the feed's outlet, if known; else only well-known names and domains
    are taken for one. What could be part of the event stays, and so does a title of labels alone.
    """
    return _peel(title, outlet)[0]


def kind(title: str, summary: str = "", url: str = "") -> ReportKind:
    """Return what a page is, by its title, the start of its summary and its address.

    What speaks of many events goes before what is no report: live blog, round-up, media, opinion.
    """
    core, found = _peel(title, "")
    before, colon, _ = core.replace("：", ":").partition(":")
    if colon or before.count(" ") < 3:
        found.add(_kind_at_end(before))
    found |= set(_kinds_of_address(url))
    words = level(title)
    found |= {kind for kind, phrases in PHRASES.items() if any(_has(words, p) for p in phrases)}
    found |= {_opened(summary[:80], set())[1]} & {ReportKind.MEDIA, ReportKind.OPINION}
    order = (ReportKind.LIVE, ReportKind.ROUNDUP, ReportKind.MEDIA, ReportKind.OPINION)
    return next((kind for kind in order if kind in found), ReportKind.NEWS)


def is_live(title: str, url: str = "") -> bool:
    """Tell whether a page is rewritten as events go on, and so speaks of several."""
    return kind(title, "", url) is ReportKind.LIVE


Peeled = tuple[str, ReportKind | None]


def _peel(title: str, outlet: str) -> tuple[str, set[ReportKind | None]]:
    """Return what is left of a title, and the kinds that the labels taken off it tell."""
    own = set(_shortened(outlet)) | set(_shortened(re.sub(r"\([^)]*\)|:.*", "", outlet)))
    left, kinds = " ".join(title.split()), set[ReportKind | None]()
    for _ in range(LAYERS):
        rest, kind_ = _opened(left, own)
        if rest == left:
            rest, kind_ = _closed(left, own)
        if rest == left:
            break
        kinds.add(kind_)
        if not _says_something(rest):
            break
        left = rest
    return left, kinds


def _opened(title: str, own: set[str]) -> Peeled:
    """Take one label or agency off the front."""
    if slug := _SLUG.match(title):
        return title[slug.end() :], _kind_of(slug[0])
    if found := _OPENING.match(title):
        label = _label(found["label"])
        if label in URGENT or label in KIND_OF or label in AGENCIES or label in own:
            return title[found.end() :].lstrip(" -–—|:"), _kind_of(label)
    return title, None


def _closed(title: str, own: set[str]) -> Peeled:
    """Take one label or outlet off the end."""
    if found := _BRACKET.search(title):
        label = found["label"] or found["plus"]
        kind_ = _kind_of(label)
        if kind_ or _label(label) in URGENT or _names_outlet(label, own):
            # "(video)" after a report tells of a part of it; "(Podcast)" tells what it is.
            aside = kind_ is ReportKind.MEDIA and _label(label) != "podcast"
            return title[: found.start()].rstrip(), None if aside else kind_
    if found := _CLOSING.search(title):
        label, sep = found["label"], found["sep"].strip()
        kind_ = _kind_of(label) or (_kind_at_end(label) if label.count(" ") < 3 else None)
        if kind_ or (sep not in ":：/" and _names_outlet(label, own)):
            return title[: found.start()].rstrip(), kind_
    return title, None


def _kind_of(label: str) -> ReportKind | None:
    return KIND_OF.get(_label(label))


def _kind_at_end(text: str) -> ReportKind | None:
    """Return the kind that the last words of a label tell, as in "Russia-Ukraine war live:"."""
    words = _label(text).split()
    if not words or len(words) > 8:
        return None
    for count in (3, 2, 1):
        last, before = " ".join(words[-count:]), words[-count - 1 : -count]
        kind_ = KIND_OF.get(last)
        if (kind_ in _ENDINGS or last in _OPINION_ENDINGS) and not _NO_LABEL_AFTER & set(before):
            return kind_
    for size in range(2, 6):
        end = words[-1][-size:]
        if end in _OPINION_ENDINGS or (KIND_OF.get(end) in _ENDINGS and _EAST_ASIAN.match(end)):
            return KIND_OF[end]
    return None


def _kinds_of_address(url: str) -> Iterator[ReportKind]:
    try:
        segments = urlsplit(url).path.casefold().split("/")
    except ValueError:
        return
    for segment in segments[:-1]:
        if segment in SEGMENTS:
            yield SEGMENTS[segment]
    slug = next((segment for segment in reversed(segments) if segment), "")
    if LIVE_SLUG.search(slug):
        yield ReportKind.LIVE


def _label(text: str) -> str:
    """Return a levelled label without the numbers beside it, as in "Update 2"."""
    return re.sub(r"^(?:\d+ )+|(?: \d+)+$", "", level(text))


def _names_outlet(text: str, own: set[str]) -> bool:
    names = {_label(text), *_shortened(text)}
    return bool(names & own or names & OUTLETS) or DOMAIN.fullmatch(text.strip()) is not None


def _shortened(name: str) -> Iterator[str]:
    """Yield an outlet's name, then less and less of the words for its sections and languages."""
    words = level(name).split()
    if words:
        yield " ".join(words)
    for place in (-1, 0):
        while len(words) > 1 and words[place] in FILLERS:
            words.pop(place)
            yield " ".join(words)


def _has(words: str, phrase: str) -> bool:
    """Tell whether a levelled phrase stands among levelled words; East Asian ones are unspaced."""
    if phrase not in words:
        return False
    return bool(_EAST_ASIAN.match(phrase)) or f" {phrase} " in f" {words} "


def _says_something(text: str) -> bool:
    return " " in level(text[:200]) or len(_EAST_ASIAN.findall(text, 0, 200)) >= 4
