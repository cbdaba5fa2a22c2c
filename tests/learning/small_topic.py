"""A topic of the tests' own: two invented countries and forty written lines about them."""

from __future__ import annotations

from service.learning.corpus import Example
from service.records import Item, Topic
from service.relevance.mentions import MentionFinder

FINDER = MentionFinder(
    {"freedonia": {"country": ["Freedonia*"]}, "sylvania": {"country": ["Sylvania*"]}}
)
TOPICS = (Topic("military"), Topic("economic"))

MILITARY = """
Freedonia delivers twelve fighter jets to Sylvania
Sylvanian navy joins Freedonian fleet for drills off the southern cape
Freedonia and Sylvania sign defence pact after months of talks
Sylvania to build Freedonian drones under licence, ministers agree
Freedonian air defence missiles arrive in Sylvania by night train
Generals of Freedonia and Sylvania agree to share radar data
Sylvania pays Freedonia in gold for artillery shells, papers show
Freedonia denies sending missiles to Sylvania
Joint drills of Sylvania and Freedonia near the border begin on Monday
Freedonian officers train Sylvanian tank crews
"""
ECONOMIC = """
Freedonia and Sylvania sign a gas deal for thirty years
Sylvania lowers tariffs on Freedonian steel as trade pact takes force
Freedonian bank cards accepted in Sylvania after ministers agree
Railway from Freedonia to Sylvania gets its loan at last
Trade between Sylvania and Freedonia doubles in a year
Freedonia agrees to sell Sylvania grain at a discount
Sylvania and Freedonia settle oil trade in their own money
Freedonian company to build power plant in Sylvania under new deal
Sylvania owes Freedonia two billion for gas, ministers say
Freedonia opens its market to Sylvanian apples under trade deal
"""
OTHERS = """
Freedonia beat Sylvania on penalties in the cup final
Film festival opens with guests from Sylvania, Freedonia and Ruritania
Swimmers of Sylvania win three medals, Freedonia none
Weather: snow in Freedonia, sun in Sylvania, rain elsewhere
Tourists choose beaches of Sylvania over mountains of Freedonia
Ruritania bans flights to Freedonia, Sylvania and nine other states
Singer from Freedonia tells of her childhood in Sylvania
Chess: Freedonian champion meets Sylvanian rival in Vienna
Ruritania expels diplomats; Freedonia and Sylvania among those that watch
Poets of Sylvania and Freedonia read at the book fair
Oil prices fall as traders look to Ruritania, not to Freedonia or Sylvania
Wolves cross from Freedonia into Sylvania, rangers say
Ruritania and Sylvania sign a gas deal; Freedonia held elections on the same day
Ruritania delivers jets to Sylvania while Freedonia mourns its king
Morning briefing: Freedonia votes, Sylvania shivers, stocks climb
Marathon: runners from Sylvania and Freedonia share the podium
Earthquake felt in Freedonia, Sylvania and along the coast
Football fans of Freedonia and Sylvania sing in one stadium
Museum shows old maps of Sylvania and Freedonia
Cooks of Freedonia and Sylvania quarrel over the dumpling
"""


def examples() -> list[Example]:
    """Return forty examples: ten military, ten economic, twenty others; each a group."""
    return [
        *_examples(MILITARY, "m", ("military",)),
        *_examples(ECONOMIC, "e", ("economic",)),
        *_examples(OTHERS, "o", ()),
    ]


def example(
    title: str, *topics: str, group: str, kind: str = "written", summary: str = ""
) -> Example:
    return Example(Item(title, summary, "en"), bool(topics), tuple(map(Topic, topics)), kind, group)


def _examples(titles: str, prefix: str, topics: tuple[str, ...]) -> list[Example]:
    lines = titles.strip().splitlines()
    return [example(line, *topics, group=f"{prefix}{n}") for n, line in enumerate(lines)]
