"""lexicon.toml: what is wrong with it is said at once, and as shipped nothing is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ConfigError
from service.records import Level
from service.settings.lexicon_file import LexiconConfig, all_terms, read_lexicon, terms_by_id
from tests.conftest import ROOT

SHIPPED = ROOT / "models" / "stories" / "lexicon.toml"
FIRST_LANGUAGES = {"en", "ru", "fa", "ar", "pl", "zh"}
SOUND = """
[not]
en = ["Washington Post"]
[actors.us]
name = "United States"
en = ["=US", "American*"]
ru = ["США"]
[matters.drones]
name = "drones"
en = ["drone*"]
zh = ["无人机"]
"""


@dataclass(frozen=True)
class Case:
    id: str
    key: str
    mend: str
    old: str
    new: str


US, NOT, DRONES = "[actors.us]", "[not]", "[matters.drones]"
NAMED_TWICE = '[matters.x]\nname = "drones"\nen = ["x"]\n[matters.drones]'
CASES = [
    Case("E002", "", "mend the line named", NOT, "[not"),
    Case("E003", "actorz", "did you mean actors?", US, "[actorz.us]"),
    Case("E003", "notes", "did you mean not?", NOT, "notes = 1\n[not]"),
    Case("E003", "xyz", "remove it", NOT, "xyz = 1\n[not]"),
    Case("E003", "actors.us.names", "did you mean name?", 'name = "United', 'names = "United'),
    Case("E003", "actors.us.russian", "ISO 639", "ru = [", "russian = ["),
    Case("E004", "actors.us.name", "in English", 'name = "United States"', ""),
    Case("E004", "matters.drones.name", "in English", 'name = "drones"', 'name = " "'),
    Case("E004", "matters.drones.name", "in English", 'name = "drones"', "name = 1"),
    Case("E004", "actors.U S", "small letters", US, '[actors."U S"]'),
    Case("E004", "actors.eu", "[actors.eu] table", US, f"[actors]\neu = 1\n{US}"),
    Case("E004", "matters", "[matters.ID]", DRONES, "[[matters]]"),
    Case("E004", "not", "by language", NOT, "[[not]]"),
    Case("E004", "not.en", "write a list", '["Washington Post"]', '"Washington Post"'),
    Case("E004", "actors.us.ru", "or remove it", '["США"]', "[]"),
    Case("E004", "actors.eu", "add terms", US, f'[actors.eu]\nname = "EU"\n{US}'),
    Case("E016", "matters.drones.en.1", "remove one", '"drone*"', '"drone*", "Drone*"'),
    Case("E016", "matters.drones.name", "tell them apart", DRONES, NAMED_TWICE),
    Case("E017", "actors.us.en.0", "quotes", '"=US"', "1"),
    Case("E017", "actors.us.en.0", "write a word", '"=US"', '"="'),
    Case("E017", "actors.us.en.0", "write a word", '"=US"', '"*"'),
    Case("E017", "actors.us.en.0", "remove it", '"=US"', '"US "'),
    Case("E017", "actors.us.en.0", "at the end", '"=US"', '"White* House"'),
    Case("E017", "actors.us.en.0", "at the beginning", '"=US"', '"US="'),
    Case("E017", "matters.drones.zh.0", "leave it out", '"无人机"', '"无人机*"'),
    Case("E017", "not.en.0", "remove it", '"Washington Post"', '" Washington Post"'),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "lexicon.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_file_is_read_as_it_stands(tmp_path: Path) -> None:
    lexicon = read_lexicon(written(tmp_path, SOUND))
    assert lexicon.actors["us"].name == "United States"
    assert terms_by_id(lexicon.actors) == {"us": ("=US", "American*", "США")}
    assert lexicon.matters["drones"].terms == {"en": ("drone*",), "zh": ("无人机",)}
    assert all_terms(lexicon.not_meant) == ("Washington Post",)


def test_an_empty_file_is_an_empty_lexicon(tmp_path: Path) -> None:
    assert read_lexicon(written(tmp_path, "")) == LexiconConfig()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id} {case.key} {case.new[:20]}")
def test_what_is_wrong_is_said_with_its_place_and_mend(case: Case, tmp_path: Path) -> None:
    assert case.old in SOUND
    path = written(tmp_path, SOUND.replace(case.old, case.new, 1))
    with pytest.raises(ConfigError) as caught:
        read_lexicon(path)
    found = {finding.key: finding for finding in caught.value.findings}
    assert case.key in found
    finding = found[case.key]
    assert finding.id == f"caspian.{case.id}"
    assert finding.level is Level.ERROR
    assert finding.file == "lexicon.toml"
    assert case.mend in finding.mend


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"E001 lexicon\.toml: there is no file"):
        read_lexicon(tmp_path / "lexicon.toml")


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = SOUND.replace('"=US"', '"="').replace('"drone*"', '"dr*ne"').replace("[not]", "[nott]")
    with pytest.raises(ConfigError) as caught:
        read_lexicon(written(tmp_path, text))
    assert [finding.key for finding in caught.value.findings] == [
        "nott",
        "actors.us.en.0",
        "matters.drones.en.0",
    ]


def test_a_term_may_stand_under_two_languages_and_two_ids(tmp_path: Path) -> None:
    text = SOUND.replace('ru = ["США"]', 'de = ["=US"]\n[actors.uk]\nname = "UK"\nen = ["=US"]')
    assert read_lexicon(written(tmp_path, text)).actors["us"].terms["de"] == ("=US",)


@given(st.binary(max_size=60), st.integers(0, len(SOUND)))
def test_no_bytes_bring_anything_but_findings(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.toml"
    sound = SOUND.encode()
    path.write_bytes(sound[:at] + noise + sound[at:])
    with suppress(ConfigError):
        assert isinstance(read_lexicon(path), LexiconConfig)


def test_the_shipped_file_is_sound_and_speaks_the_first_languages() -> None:
    lexicon = read_lexicon(SHIPPED)
    entries = {**lexicon.actors, **lexicon.matters}
    lacking = {i: FIRST_LANGUAGES - set(e.terms) for i, e in entries.items()}
    assert {id_: languages for id_, languages in lacking.items() if languages} == {}
    assert not set(lexicon.actors) & set(lexicon.matters)
