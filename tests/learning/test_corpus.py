"""What is learnt from: the seeds without their clutter, the curriculum line by line."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import InputError
from service.learning.corpus import (
    PASSAGE_WORDS,
    Example,
    clean_passages,
    fingerprint,
    read_curriculum,
    read_seeds,
    twins,
)
from service.records import Topic
from service.settings import Settings
from service.wiring.models import mention_finder
from tests.conftest import ROOT
from tests.learning.small_topic import FINDER

SEEDS = ROOT / "models" / "seeds"
TOPICS = tuple(map(Topic, ("military", "economic", "diplomatic")))
ROW: dict[str, Any] = {
    "title": "Title",
    "summary": "Summary.",
    "lang": "en",
    "label": 1,
    "topics": ["military"],
    "kind": "positive",
}


@pytest.fixture(scope="module")
def passages() -> dict[str, list[str]]:
    return {
        path.stem[:3]: clean_passages(path.read_text(encoding="utf-8"))
        for path in sorted(SEEDS.glob("*.txt"))
    }


def test_all_five_seeds_give_passages(passages: dict[str, list[str]]) -> None:
    assert list(passages) == ["000", "001", "002", "003", "004"]
    assert all(len(found) >= 25 for found in passages.values())


@pytest.mark.parametrize(
    "clutter",
    [
        r"Table of Contents",
        r"\]\(#",  # a link of a table of contents
        r"##|\*\*|---",
        r"\[\d+\]",
        r"\b(Bio|Username|Birthdate|Followers?|Socials|Detail Author)\b",
        r"\b(laudantium|quibusdam|voluptas|necessitatibus|repellat|eligendi)\b",
        r"Stoltenberg Lake|Mante Union|Catherinestad|Goodwin-Reynolds|Friesen LLC",
        r"Florence Parisian|krajcik|lorenrowe|@",
        r"\d{3}-\d{3}-\d{4}",
        r"https?://|tiktok|twitter",
        r"Hollywood|Barsi|Kylie Kelce|Charlotte Flair|Gilgun|Axel Rose|Biography",
        r"Map of Russia|Guide of the World|United States Department of State$",
        r"comments below|other articles|your (thoughts|insights)|newsletter|thoughts on “",
        r"Leave a Comment|FAQS",
        r"does Russia support Iran|is Russia allies with Iran|will Russia protect Iran",
        r"[Tt]his article",
    ],
)
def test_clutter_is_gone_from_every_seed(passages: dict[str, list[str]], clutter: str) -> None:
    originals = "\n".join(path.read_text(encoding="utf-8") for path in SEEDS.glob("*.txt"))
    assert re.search(clutter, originals, re.IGNORECASE | re.MULTILINE), "never was in the seeds"
    found = [p for part in passages.values() for p in part if re.search(clutter, p, re.IGNORECASE)]
    assert not found


@pytest.mark.parametrize(
    ("seed", "sentence"),
    [
        ("000", "Russia built Iran’s first nuclear power plant in the port of Bushehr"),
        ("000", "Often portrayed as a unified front against Western influence"),
        ("000", "the signing of the treaty does not mean the establishment of a military alliance"),
        ("000", "significantly reducing tariffs on about 90 percent of goods"),
        ("000", "Russia supports Iran strategically, economically, diplomatically, and tactically"),
        ("001", "under the Treaties of Gulistan (1813) and Turkmenchay (1828)"),
        ("001", "Russia delivered the S-300 air defense system to Iran in 2016"),
        ("001", "Local Currency Trade: Russia and Iran have moved toward using"),
        ("001", "bypassing reliance on the U.S. dollar"),
        ("001", "During World War II, the USSR and Iran were somewhat aligned"),
        ("002", "Russia and Iran have long been economic and strategic partners"),
        ("002", "Iran opened a dangerous new chapter in its relations with Russia"),
        ("002", "Russian President Vladimir Putin offered Wednesday to help mediate"),
        ("003", "Russian troops occupied large parts of northern Iran"),
        ("003", "there is a deep and messy history"),
        ("003", "Iran and Russia are strategic allies and form an axis in the Caucasus"),
        ("003", "pushed them towards greater economic cooperation"),
        ("004", "Russian Foreign Minister Sergei Lavrov has stated that a"),
        ("004", "Iranian officials say Russia has begun delivering advanced air defense"),
        ("004", "the Kremlin is unlikely to offer military aid to Iran in the conflict"),
        ("004", 'Russia\'s commitment to "protecting" Iran appears to be more about'),
    ],
)
def test_the_running_text_of_a_seed_is_kept(
    passages: dict[str, list[str]], seed: str, sentence: str
) -> None:
    assert any(sentence in passage for passage in passages[seed])


def test_an_abbreviation_does_not_behead_a_sentence(passages: dict[str, list[str]]) -> None:
    assert any("As Mr. Suleymanov noted" in passage for passage in passages["004"])


def test_a_passage_is_about_as_long_as_a_summary_and_stands_once(
    passages: dict[str, list[str]],
) -> None:
    shortest, longest = PASSAGE_WORDS
    for found in passages.values():
        assert len(found) == len(set(found))
        lengths = [len(passage.split()) for passage in found]
        # A single sentence may be longer than the usual passage, but no page is one.
        assert shortest <= min(lengths)
        assert max(lengths) <= 2 * longest


def test_a_heading_run_into_its_paragraph_is_taken_off() -> None:
    document = (
        "* [Old Ties](#old-ties)\n## Old Ties Freedonia and Sylvania have traded wool and iron "
        "for two hundred years.\nThey renewed the wool treaty of their grandfathers in the spring "
        "of this year."
    )
    first, _ = clean_passages(document)
    assert first.startswith("Freedonia and Sylvania have traded")


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_document_is_read(document: str) -> None:
    assert all(len(p.split()) >= PASSAGE_WORDS[0] for p in clean_passages(document))


def test_seed_examples_are_relevant_name_both_sides_and_keep_to_their_document() -> None:
    examples = read_seeds(SEEDS, ["Russia", "Iran"])
    assert len(examples) >= 100
    assert {example.group for example in examples} == {p.stem for p in SEEDS.glob("*.txt")}
    for example in examples:
        assert "russia" in example.item.summary.lower()
        assert "iran" in example.item.summary.lower()
        assert (example.label, example.kind, example.item.lang) == (True, "seed", "en")
        assert example.topics == ()


def test_a_twin_tells_the_same_of_another_pair_and_is_not_relevant(tmp_path: Path) -> None:
    text = "Freedonia sells grain to Sylvania, and Sylvanians pay in Freedonian gold, they say."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    seeds = read_seeds(tmp_path, ["Freedonia", "Sylvania"])
    without_freedonia, without_sylvania = twins(seeds, FINDER, "Ruritania")
    assert without_freedonia.item.summary == (
        "Ruritania sells grain to Sylvania, and Sylvanians pay in Ruritania gold, they say."
    )
    assert "Sylvania" not in without_sylvania.item.summary
    for twin in (without_freedonia, without_sylvania):
        assert (twin.label, twin.kind, twin.topics, twin.group) == (False, "twin", (), "a")


def test_no_twin_of_a_shipped_seed_passes_the_gate(shipped_settings: Settings) -> None:
    finder = mention_finder(shipped_settings.topic)
    seeds = read_seeds(SEEDS, ["Russia", "Iran"])
    swapped = twins(seeds, finder, shipped_settings.topic.topic.stand_in)
    assert len(swapped) == 2 * len(seeds)
    assert not [twin.item.summary for twin in swapped if finder.names_both(twin.item.summary)]


def test_a_passage_of_one_side_only_is_no_example(tmp_path: Path) -> None:
    text = "Freedonia has been a quiet country for as long as anybody who lives there remembers."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read_seeds(tmp_path, ["Freedonia", "Sylvania"]) == []


def test_a_folder_without_seeds_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(str(tmp_path))) as caught:
        read_seeds(tmp_path, ["Russia", "Iran"])
    assert caught.value.mend


def test_a_fingerprint_is_the_sha_256_of_each_file_by_name(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    found = fingerprint([tmp_path / "b", tmp_path / "a"])
    assert list(found) == ["a", "b"]
    assert found["b"] == hashlib.sha256(b"two").hexdigest()


def _read(tmp_path: Path, *lines: str | dict[str, Any], name: str = "x") -> list[Example]:
    path = tmp_path / f"{name}.jsonl"
    texts = [x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return read_curriculum([path], TOPICS)


def test_a_line_becomes_an_example_with_topics_in_the_order_of_the_configuration(
    tmp_path: Path,
) -> None:
    (example,) = _read(tmp_path, ROW | {"topics": ["diplomatic", "military"]})
    assert (example.item.title, example.item.summary, example.item.lang) == (
        "Title",
        "Summary.",
        "en",
    )
    assert (example.label, example.topics) == (True, ("military", "diplomatic"))


def test_blank_lines_are_nothing_and_lines_without_a_pair_stand_alone(tmp_path: Path) -> None:
    examples = _read(tmp_path, ROW, "", "   ", ROW | {"pair": "p1"}, ROW)
    assert [example.group for example in examples] == ["x:1", "p1", "x:5"]


def test_unsure_lines_are_left_out_but_checked(tmp_path: Path) -> None:
    assert _read(tmp_path, ROW | {"unsure": True}, ROW | {"unsure": False, "id": "7"}) != []
    assert len(_read(tmp_path, ROW | {"unsure": True}, ROW)) == 1
    with pytest.raises(InputError, match="line 1"):
        _read(tmp_path, ROW | {"unsure": True, "label": 2})


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    _read(tmp_path, ROW, name="b")
    _read(tmp_path, ROW, name="a")
    found = read_curriculum([tmp_path / "b.jsonl", tmp_path / "a.jsonl"], TOPICS)
    assert [example.group for example in found] == ["a:1", "b:1"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("\ufeff{}", "not JSON"),
        ("[1]", "not an object"),
        ("null", "not an object"),
        ({k: v for k, v in ROW.items() if k != "kind"}, r"missing \['kind'\]"),
        (ROW | {"lable": 1}, r"unknown \['lable'\]"),
        ({"titel": "x"}, r"missing \[.*\], unknown \['titel'\]"),
        (ROW | {"title": None}, "are texts"),
        (ROW | {"kind": 3}, "are texts"),
        (ROW | {"title": "", "summary": ""}, "neither title nor summary"),
        (ROW | {"label": 2}, "label is 2, not 0 or 1"),
        (ROW | {"label": "1"}, "label is '1', not 0 or 1"),
        (ROW | {"label": None}, "label is None"),
        (ROW | {"topics": ["sports"]}, "topics are"),
        (ROW | {"topics": "military"}, "topics are 'military'"),
        (ROW | {"topics": [["military"]]}, "topics are"),
        (ROW | {"topics": []}, "relevant items have topics"),
        (ROW | {"label": 0}, "others have none"),
    ],
)
def test_a_bad_line_is_named_with_its_file_its_number_and_the_mend(
    tmp_path: Path, line: str | dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        _read(tmp_path, ROW, "", line)
    assert f"{tmp_path / 'x.jsonl'}, line 3:" in caught.value.message
    assert "title, summary, lang, label" in caught.value.mend


def test_a_file_that_is_not_utf_8_is_an_input_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes(json.dumps(ROW).encode().replace(b"Title", b"T\xeftle"))
    with pytest.raises(InputError, match="latin"):
        read_curriculum([path], TOPICS)


@pytest.mark.parametrize("mark", ["\u2028", "\u0085", "\u2029"])
def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path, mark: str) -> None:
    # JSON allows these inside a text, and pages copied from the web hold them.
    (example,) = _read(tmp_path, ROW | {"title": f"One{mark}two"})
    assert example.item.title == f"One{mark}two"
