"""Digests as hostile feeds would have them: any text that the parser lets through."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from service.records import Affiliation, Digest, DigestLink, DigestSection, Interval, Topic
from tests.make import digest, digest_story

# What ``polling.reading`` takes out of texts never comes here; all else may.
_CHARACTERS = st.characters(
    codec="utf-8", exclude_characters=[*map(chr, range(32)), "\x7f", "\ufffe", "\uffff"]
)
# Characters and words that mean something to HTML, to Slack or to a mail program.
_SPICE = st.sampled_from(
    [*"<>&\"'|*_~`@#{}%\\", "<!channel>", "<script>", "&lt;", "]]>", "-->", "</a>", "{{ 7 }}"]
)


LANGUAGES = st.sampled_from(("en", "fa", "ru", "he", ""))
# What the audit tells are shares: three in order, and never what is no number.
INTERVALS = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(
    lambda shares: Interval(sorted(shares)[1], min(shares), max(shares))
)


def texts(longest: int = 60, least: int = 0) -> st.SearchStrategy[str]:
    """Texts of one line, as the parser makes them; long ones by repetition, which is quick."""

    def joined(parts: list[str], times: int) -> str:
        return " ".join(("".join(parts) * times).split())[:longest].rstrip()

    made = st.builds(
        joined, st.lists(_CHARACTERS | _SPICE, min_size=least, max_size=8), st.integers(1, longest)
    )
    return made.filter(lambda text: len(text) >= least)


@st.composite
def digests(draw: st.DrawFn, *, text: int = 60, address: int = 40) -> Digest:
    """A digest of up to four stories, each with an id of its own.

    Its texts come from a few that are drawn first: far quicker, and as hostile.
    """
    some = st.sampled_from(draw(st.lists(texts(text, 1), min_size=1, max_size=3)))
    addresses = some.map(lambda t: ("https://outlet.example/" + t.replace(" ", ""))[:address])
    links = st.builds(
        DigestLink,
        some.map(lambda t: t[:20].rstrip()),
        st.sampled_from(Affiliation),
        LANGUAGES,
        some,
        st.none() | addresses,
    )
    sections, number = [], 0
    for topic in draw(st.lists(st.sampled_from(("military", "economic")), unique=True)):
        inside = []
        for _ in range(draw(st.integers(1, 2))):
            number += 1
            extract = draw(some | st.just(""))
            cut = draw(st.integers(0, len(extract)))
            inside.append(
                digest_story(
                    number,
                    headline=draw(some),
                    extract=extract,
                    highlights=((0, cut),) if cut else (),
                    language=draw(LANGUAGES),
                    why=draw(some),
                    probability=draw(st.floats(0, 1)),
                    links=tuple(draw(st.lists(links, min_size=1, max_size=2))),
                )
            )
        sections.append(DigestSection(Topic(topic), tuple(inside)))
    more = draw(st.integers(0, 20)) if sections else 0
    made = digest(more_stories=more, sample=draw(st.booleans()))
    figures = draw(st.none() | st.tuples(INTERVALS, INTERVALS, st.integers(30, 999)))
    if figures:
        precision, recall, audited = figures
        told = replace(made.footer, precision=precision, recall=recall, audited=audited)
        made = replace(made, footer=told)
    return replace(made, sections=tuple(sections))
