"""Guesses where a feed comes from: its language by its words, its country by its address.

Pure. Guesses only, made for a person to see before anything is listed. What a feed declares is
believed unless its script says otherwise: many Persian sites run software set to "en-US".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from service.records import Fetched, ParsedFeed

# What a feed or page may hold before it says its language.
HEAD = 20_000
# Words needed before a language of the Latin script is named.
FEWEST_WORDS = 3
# A letter of a language's own comes at least once in so many.
RARE = 200


@dataclass(frozen=True, slots=True)
class _Script:
    """A script: the language it is taken for, and those that are told by letters of their own."""

    letters: str
    usual: str
    told: Mapping[str, str] = field(default_factory=dict)
    # Written in it too, and believed where declared.
    also: str = ""
    # How much of a text; names and brands stay Latin.
    share: float = 0.34

    def has(self, language: str | None) -> bool:
        return language == self.usual or language in self.told or language in self.also.split()


_SCRIPTS = (
    _Script(
        "[\u0400-\u04ff]",
        "ru",
        {"kk": "қғңұһә", "be": "ў", "sr": "ђјћџ", "uk": "їєґі"},
        "bg mk ky tg mn uz tt",
    ),
    _Script(
        "[\u0600-\u06ff]",
        "ar",
        {"ur": "ٹڈڑےں", "ckb": "ێۆڕڵ", "fa": "پچژگیک"},
        "ps ku sd ug az",
    ),
    _Script("[\u0590-\u05ff]", "he", also="yi"),
    # Mixed with more Han.
    _Script("[\u3040-\u30ff]", "ja", share=0.1),
    _Script("[\uac00-\ud7af]", "ko"),
    _Script("[\u4e00-\u9fff]", "zh", also="ja"),
    _Script("[\u10a0-\u10ff]", "ka"),
    _Script("[\u0530-\u058f]", "hy"),
    _Script("[\u0370-\u03ff]", "el"),
    _Script("[\u0900-\u097f]", "hi", also="mr ne"),
)
# Languages of these scripts that are as much at home in the Latin one.
_BOTH = frozenset({"az", "uz", "sr", "tt", "ku"})
# Words that few texts of the language do without.
_COMMON = {
    "en": "the of and to in for with after says from over on is as at by",
    "de": "der die das und den von mit für nach auf im ist nicht eine über zu",
    "fr": "le la les des du et en une pour dans sur après est au aux",
    "es": "el la los las del y en una por para con tras se un que",
    "it": "il la gli di del della e in una per con che dopo nel dei",
    "pt": "o a os as do da dos e em uma para com após não que",
    "pl": "i w na z do nie się po jest o przez dla za od",
    "tr": "ve bir bu için ile da de çok sonra olarak yeni",
    "az": "və bir bu üçün ilə da də olub edib ki görə",
    "nl": "de het een van en in op voor met naar niet is",
}
_WORD = re.compile(r"[^\W\d_]+")
_DECLARED = re.compile(
    rb"<(?:dc:)?language>\s*(?:<!\[CDATA\[)?\s*([a-zA-Z]{2,3})\b"
    rb"|<(?:feed|rss|rdf:RDF|html)\b[^>]{0,2000}?\blang=[\"']([a-zA-Z]{2,3})\b",
    re.I,
)
# Sold to anyone, whatever the country.
_FOR_ALL = re.compile(
    r"(?:ac|ai|cc|cf|co|eu|fm|ga|gg|gl|gq|io|la|ly|me|ml|nu|pw|sh|st|tk|to|tv|vc|ws)\Z"
)
_OTHER_COUNTRY = {"uk": "GB", "su": "RU"}


def country_of(url: str) -> str | None:
    """Return the country of an address's last part, if it is one."""
    try:
        last = (urlsplit(url).hostname or "").rpartition(".")[2]
    except ValueError:
        return None
    if not re.fullmatch(r"[a-z]{2}", last) or _FOR_ALL.match(last):
        return None
    return _OTHER_COUNTRY.get(last, last.upper())


def language_of(feed: ParsedFeed, document: Fetched, page_language: str | None) -> str | None:
    """Return the language by the entries, the feed, the page that announced it, or the words."""
    texts = [f"{article.title} {article.summary[:200]}" for article in feed.articles[:30]]
    named = Counter(article.language for article in feed.articles if article.language)
    declared = named.most_common(1)[0][0] if named else declared_language(document.body)
    return settle(declared or page_language, texts)


def declared_language(body: bytes) -> str | None:
    """Return the language that a feed or web page declares in its head."""
    head = body[:HEAD]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _of_json(body)
    match = _DECLARED.search(head)
    return (match[1] or match[2]).decode().lower() if match else None


def _of_json(body: bytes) -> str | None:
    try:
        language = json.loads(body).get("language")
    except (ValueError, RecursionError, AttributeError):
        return None
    match = re.match(r"([a-zA-Z]{2,3})(?:[-_]|$)", language) if isinstance(language, str) else None
    return match[1].lower() if match else None


def settle(declared: str | None, texts: Iterable[str]) -> str | None:
    """Return the declared language where the texts' script allows it, else that of the texts."""
    text = " ".join(texts).lower()
    script = _script_of(text)
    if script is not None:
        return declared if script.has(declared) else _by_letters(script, text)
    elsewhere = declared not in _BOTH and any(one.has(declared) for one in _SCRIPTS)
    return _by_words(text) or declared if declared is None or elsewhere else declared


def _script_of(text: str) -> _Script | None:
    letters = "".join(_WORD.findall(text))
    for script in _SCRIPTS:
        if len(re.findall(script.letters, letters)) > script.share * max(len(letters), 1):
            return script
    return None


def _by_letters(script: _Script, text: str) -> str:
    for language, letters in script.told.items():
        if sum(map(text.count, letters)) * RARE > len(text):
            return language
    return script.usual


def _by_words(text: str) -> str | None:
    counts = Counter(_WORD.findall(text))
    found = {
        language: sum(counts[word] for word in words.split()) for language, words in _COMMON.items()
    }
    best = max(found, key=found.__getitem__)
    return best if found[best] >= FEWEST_WORDS else None
