"""The terms of lexicon.toml as shipped: the same ids in every language, and no others."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.records import Bearings, Item
from service.settings.lexicon_file import LexiconConfig, all_terms, read_lexicon, terms_by_id
from service.stories.lexicon import Lexicon
from service.text import fold, spell
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def config() -> LexiconConfig:
    return read_lexicon(ROOT / "models" / "stories" / "lexicon.toml")


@pytest.fixture(scope="module")
def lexicon(config: LexiconConfig) -> Lexicon:
    return Lexicon(
        terms_by_id(config.actors), terms_by_id(config.matters), all_terms(config.not_meant)
    )


def named(lexicon: Lexicon, text: str) -> set[str]:
    bearings = lexicon.read(Item(text, ""))
    return {*bearings.actors, *bearings.matters}


DRONES_TO_RUSSIA = [
    "White House: Iran is preparing to supply Russia with drones",
    "Белый дом: Иран готовится поставить России беспилотники",
    "کاخ سفید: ایران پهپاد به روسیه می‌فرستد",
    "البيت الأبيض: إيران ستزود روسيا بطائرات مسيرة",
    "Biały Dom: Iran dostarczy Rosji drony",
    "白宫：伊朗准备向俄罗斯提供无人机",
    "Weißes Haus: Iran will Russland Drohnen liefern",
    "La Maison-Blanche : l'Iran va livrer des drones à la Russie",
    "La Casa Blanca: Irán entregará drones a Rusia",
    "Beyaz Saray: İran Rusya'ya İHA'lar veriyor",
    "Білий дім: Іран передасть Росії безпілотники",
    'הבית הלבן: איראן תספק לרוסיה כטב"מים',
]
RAILWAY = [
    "Putin and Pezeshkian discuss the Rasht-Astara railway",
    "Путин и Пезешкиан обсудили железную дорогу Решт — Астара",
    "پوتین و پزشکیان درباره راه‌آهن رشت-آستارا گفت‌وگو کردند",
    "بوتين وبزشكيان يبحثان سكة حديد رشت - أستارا",
    "Putin i Pezeszkian rozmawiali o kolei Raszt–Astara",
    "普京与佩泽什基安讨论拉什特-阿斯塔拉铁路",
]
BANKS = [
    "Iran's central bank: Mir cards will work at ATMs",
    "ЦБ Ирана: карты «Мир» заработают в банкоматах",
    "بانک مرکزی ایران: کارت‌های میر در خودپردازها کار می‌کند",
    "البنك المركزي الإيراني: بطاقات «مير» ستعمل في الصرافات الآلية",
    "Bank centralny Iranu: karty Mir zadziałają w bankomatach",
    "伊朗央行：“和平”卡将可在ATM使用",
]


@pytest.mark.parametrize(
    ("texts", "ids"),
    [
        (DRONES_TO_RUSSIA, {"us", "drones"}),
        (RAILWAY, {"putin", "pezeshkian", "rasht_astara", "corridor_railway"}),
        (BANKS, {"central_bank_ir", "mir_shetab_cards"}),
    ],
)
def test_reports_of_one_event_name_the_same_in_every_language(
    lexicon: Lexicon, texts: list[str], ids: set[str]
) -> None:
    for text in texts:
        assert ids <= named(lexicon, text), text


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # Capitals tell an acronym from a word.
        ("US sanctions firms", {"us", "sanctions"}),
        ("They want us to wait", set()),
        ("Un ministre, una ley", set()),
        ("The UN chief", {"un"}),
        ("Roma usa la forza", set()),
        # Whole words, and open ends.
        ("A dishonest dronefly", set()),
        ("Дроны сбиты", {"drones", "shot_down"}),
        ("Дронами атакован Харьков", {"drones", "attack", "kharkiv"}),
        # Clitics of Arabic and Hebrew, endings of Persian.
        ("والعقوبات", {"sanctions"}),
        ("תחת הסנקציות", {"sanctions"}),
        ("تحریم‌های تازه", {"sanctions"}),
        # A longer actor hides the one within; one that is part of another names both.
        ("Washington Post", {"wapo"}),
        ("Washington", {"us"}),
        ("The Pentagon", {"us", "us_pentagon"}),
        ("UN Security Council", {"un", "un_security_council"}),
        ("Supreme National Security Council", {"security_council_ir"}),
        ("Gulf of Oman", {"hormuz"}),
        ("عراقچی", {"araghchi"}),
        # Matters may overlap.
        ("a gas pipeline", {"gas", "pipelines"}),
        ("a nuclear reactor", {"power_plants_npp", "nuclear_programme"}),
        # Words that hold a name and mean something else.
        ("a prisoner swap", {"prisoners_swap"}),
        ("a swap of oil", {"swaps", "oil"}),
        ("Latin American songs", set()),
        ("US$5", set()),
        ("نفت طهران ذلك", {"denial"}),
        ("بازار نفت", {"oil", "oil_output"}),
        ("این کار برای همه آسیب دارد", set()),
        ("قوات إضافية", set()),
        ("Mais non", set()),
        ("z kolei", set()),
    ],
)
def test_terms_are_found_where_they_are_meant(lexicon: Lexicon, text: str, ids: set[str]) -> None:
    assert named(lexicon, text) == ids


def test_the_title_is_told_apart(lexicon: Lexicon) -> None:
    item = Item("Lavrov in Tehran: 13 deals", "Oman hosts 20 talks on drones.")
    assert lexicon.read(item) == Bearings(
        actors=("lavrov", "oman"),
        leads=("lavrov",),
        matters=("contract_deal", "drones", "talks"),
        headed=("contract_deal",),
        numbers=("13", "20"),
    )


def test_a_name_does_not_run_from_the_title_into_the_summary(lexicon: Lexicon) -> None:
    assert lexicon.read(Item("White", "House")) == Bearings()


def test_the_numbers_of_names_are_no_amounts(lexicon: Lexicon) -> None:
    text = "12-day war: 7 Shahed-136, S-400 and resolution 2231"
    assert lexicon.read(Item(text, "")).numbers == ("7",)


def test_why_an_item_is_read_so_can_be_asked(lexicon: Lexicon) -> None:
    text = "IAEA chief Grossi"
    namings = lexicon.namings(text)
    assert [(name.id, text[name.start : name.end]) for name in namings] == [
        ("iaea", "IAEA"),
        ("iaea", "Grossi"),
    ]


def test_nothing_is_named_in_nothing(lexicon: Lexicon) -> None:
    assert lexicon.read(Item("", "")) == Bearings()
    assert Lexicon({}, {}).read(Item("Drones", "over 5 cities")).numbers == ("5",)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_too_strange(lexicon: Lexicon, title: str, summary: str) -> None:
    bearings = lexicon.read(Item(title, summary))
    assert set(bearings.leads) <= set(bearings.actors)
    assert set(bearings.headed) <= set(bearings.matters)


@given(st.text())
def test_folding_keeps_the_length_of_the_spelling(text: str) -> None:
    assert len(fold(text)) == len(spell(text))
    assert fold(text) == spell(text).lower()


def test_every_term_is_found_by_itself_under_its_id(
    lexicon: Lexicon, config: LexiconConfig
) -> None:
    barred = {fold(term.strip("=*")) for term in all_terms(config.not_meant)}
    for entries in (config.actors, config.matters):
        for id_, terms in terms_by_id(entries).items():
            for term in terms:
                bare = term.strip("=*")
                assert id_ in named(lexicon, bare) or fold(bare) in barred, (id_, term)


def test_no_two_texts_of_different_matters_share_all(lexicon: Lexicon) -> None:
    events = [DRONES_TO_RUSSIA[0], RAILWAY[0], BANKS[0]]
    for one, other in combinations(events, 2):
        assert not named(lexicon, one) & named(lexicon, other)
