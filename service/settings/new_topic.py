"""Lays out the folder of another topic: what there is to fill in, and how."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from service.errors import InputError

# A country on no map, until the owner of the topic names a better one.
STAND_IN = "Ruritania"


def lay_out(
    folder: Path, id_: str, name: str, sides: Sequence[str], topics: Sequence[str]
) -> list[Path]:
    """Write the folder's files and return their paths; what is there already is never touched.

    Raises:
        InputError: when the folder holds something already, or cannot be written.

    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} holds something already", mend="name a new folder")
    files = {
        "config/topic.toml": _topic(id_, name, sides, topics),
        "config/settings.toml": _settings(folder),
        "config/feeds.toml": _FEEDS,
        "config/subscriptions.toml": _SUBSCRIPTIONS,
        "models/seeds/README.md": _seeds(sides),
        "models/curriculum/README.md": _curriculum(sides, topics),
        "models/benchmark/README.md": _BENCHMARK,
    }
    paths = []
    try:
        for relative, text in files.items():
            path = folder / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error}", mend="name another") from error
    return paths


def slug(name: str) -> str:
    """Return a name as it may stand in a table's heading: lower case, letters and digits."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")


def _topic(id_: str, name: str, sides: Sequence[str], topics: Sequence[str]) -> str:
    head = (
        "# Names by which each side is mentioned. Case does not matter; a trailing `*` lets the\n"
        '# last word go on (`Freedonia*` also finds "Freedonian"). All terms are tried on all\n'
        "# texts, so none may be an ordinary word of another language. Kinds beside `country` are\n"
        "# free: capital, leaders, companies, weapons, sites... `not` lists words that hold a\n"
        "# side's name and mean something else.\n\n"
        f"[topic]\nid = {_quoted(id_)}\nname = {_quoted(name)}\n"
        f"topics = {json.dumps(list(topics), ensure_ascii=False)}\n"
        "# A country that is neither side; in it the seeds' twins tell the same of another pair.\n"
        f"stand_in = {_quoted(STAND_IN)}\n"
    )
    tables = (
        f"\n[sides.{slug(side)}]\nname = {_quoted(side)}\n\n[sides.{slug(side)}.country]\n"
        f"en = [{_quoted(side + '*')}]\n"
        for side in sides
    )
    return head + "".join(tables)


def _settings(folder: Path) -> str:
    return (
        "# All other settings are described in the settings.toml that comes with the program.\n"
        f"data_dir = {_quoted(str(folder / 'var'))}\n\n"
        f"[relevance]\nmodels_dir = {_quoted(str(folder / 'models'))}\n\n"
        "# How articles are grouped does not depend on the topic.\n"
        '[stories]\nfolder = "models/stories"\n'
    )


def _seeds(sides: Sequence[str]) -> str:
    return (
        f"Put texts about what goes on between {sides[0]} and {sides[1]} here, in English, as\n"
        "*.txt: articles as they came from the web will do. Passages that name both sides are\n"
        "taken as examples of what is relevant.\n"
    )


def _curriculum(sides: Sequence[str], topics: Sequence[str]) -> str:
    rows = (
        {"title": f"{sides[0]} and {sides[1]} ...", "label": 1, "topics": list(topics[:1])},
        {"title": f"A film of {sides[0]} wins a prize in {sides[1]}", "label": 0, "topics": []},
    )
    lines = "".join(
        "    "
        + json.dumps(
            {
                "title": row["title"],
                "summary": "",
                "lang": "en",
                "label": row["label"],
                "topics": row["topics"],
                "kind": "positive" if row["label"] else "both-sport-culture",
            },
            ensure_ascii=False,
        )
        + "\n"
        for row in rows
    )
    return (
        "Put written items here, as *.jsonl, one object a line, such as\n\n"
        f"{lines}\n"
        "A few hundred are a beginning: four in ten relevant, the others naming both sides too,\n"
        "of every kind that is not meant. `pair` joins two items that are a few words apart and\n"
        "lie on either side of the line. `caspian topic check` names what is wrong with a line.\n"
    )


_FEEDS = """\
# [[feeds]]
# url = "https://outlet.example/rss"
# outlet = "Outlet"
# language = "en"
# country = "GB"
"""

_SUBSCRIPTIONS = """\
[[subscriptions]]
id = "desk"
channels = ["console", "file"]
"""

_BENCHMARK = """\
Put items here that nothing learns from, as *.jsonl with title, summary, lang, label and topics, as
in the curriculum: new models are judged on them. Fifty of each label tell something, two hundred
tell more.
"""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
