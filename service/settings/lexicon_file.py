"""Reads ``lexicon.toml``: the actors and matters stories are told apart by, and their terms.

All that is wrong with the file is said at once.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.errors import ConfigError
from service.records import Finding, Level
from service.settings.schema import Settings
from service.text import AS_WRITTEN, OPEN_END, Term, is_unspaced, read_term

LEXICON = "lexicon.toml"
TABLES = ("actors", "matters")
NOT_MEANT, ROLES = "not", "roles"
# What kinds of ids there are, and in which table they stand; see ``stories.novelty``.
ROLE_TABLES = {"media": "actors", "places": "actors", "speaking": "matters", "happening": "matters"}
NAME = "name"
_ID = re.compile(r"[a-z0-9][a-z0-9_]*\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")

Raw = dict[str, Any]
ByLanguage = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """An actor or matter: what readers see it called, and its terms by language."""

    name: str
    terms: ByLanguage


@dataclass(frozen=True, slots=True)
class LexiconConfig:
    """``lexicon.toml``. ``not_meant`` holds words that hold a term and mean something else."""

    actors: Mapping[str, LexiconEntry] = field(default_factory=dict)
    matters: Mapping[str, LexiconEntry] = field(default_factory=dict)
    not_meant: ByLanguage = field(default_factory=dict)
    # Ids by role: "media", "places", "speaking", "happening".
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def stories_folder(settings: Settings) -> Path:
    """Return the folder of what grouping knows, the lexicon among it."""
    return Path(settings.stories.folder or Path(settings.relevance.models_dir) / "stories")


def terms_by_id(entries: Mapping[str, LexiconEntry]) -> dict[str, tuple[str, ...]]:
    """Return the terms of all languages of each entry, by its id."""
    return {id_: all_terms(entry.terms) for id_, entry in entries.items()}


def all_terms(terms: ByLanguage) -> tuple[str, ...]:
    """Return the terms of all languages in one."""
    return tuple(term for listed in terms.values() for term in listed)


def read_lexicon(path: Path) -> LexiconConfig:
    """Return what the file at ``path`` says.

    Raises:
        ConfigError: with every finding, not the first alone.

    """
    raw, findings = _read_toml(path)
    findings += _problems(raw, path.name)
    if findings:
        raise ConfigError(findings)
    actors, matters = ({i: _entry(rows) for i, rows in raw.get(t, {}).items()} for t in TABLES)
    return LexiconConfig(
        actors, matters, _by_language(raw.get(NOT_MEANT, {})), _by_language(raw.get(ROLES, {}))
    )


def _read_toml(path: Path) -> tuple[Raw, list[Finding]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except FileNotFoundError:
        mend = f"create {path}, or name its folder in stories.folder"
        return {}, [_error("E001", path.name, "", f"there is no file {path}", mend)]
    except (OSError, ValueError, RecursionError) as error:
        mend = "mend the line named, or put quotes around text"
        return {}, [_error("E002", path.name, "", f"not readable as TOML: {error}", mend)]


def _entry(rows: Raw) -> LexiconEntry:
    return LexiconEntry(rows[NAME], _by_language({k: v for k, v in rows.items() if k != NAME}))


def _by_language(rows: Raw) -> dict[str, tuple[str, ...]]:
    return {language: tuple(terms) for language, terms in rows.items()}


def _problems(raw: Raw, file: str) -> Iterator[Finding]:
    for key in raw:
        if key not in (known := (*TABLES, NOT_MEANT, ROLES)):
            mend = _did_you_mean(key, known)
            yield _error("E003", file, key, "unknown key", mend)
    for table in TABLES:
        entries = raw.get(table, {})
        if not isinstance(entries, dict):
            yield _error("E004", file, table, "should be a table", f"write [{table}.ID] tables")
            continue
        for id_, rows in entries.items():
            yield from _entry_problems(rows, file, f"{table}.{id_}", id_)
        yield from _same_names(entries, file, table)
    yield from _role_problems(raw, file)
    if not isinstance(raw.get(NOT_MEANT, {}), dict):
        mend = 'list terms by language, like en = ["George Washington"]'
        yield _error("E004", file, NOT_MEANT, "should be a table", mend)
    else:
        yield from _language_problems(raw.get(NOT_MEANT, {}), file, NOT_MEANT)


def _role_problems(raw: Raw, file: str) -> Iterator[Finding]:
    roles = raw.get(ROLES, {})
    if not isinstance(roles, dict):
        yield _error("E004", file, ROLES, "should be a table", 'list ids, like media = ["reuters"]')
        return
    for role, ids in roles.items():
        key = f"{ROLES}.{role}"
        if role not in ROLE_TABLES:
            mend = _did_you_mean(role, tuple(ROLE_TABLES))
            yield _error("E003", file, key, "unknown role", mend)
        elif not isinstance(ids, list):
            yield _error("E004", file, key, "should be a list of ids", 'like ["reuters"]')
        else:
            table = ROLE_TABLES[role]
            known = raw.get(table, {})
            for id_ in ids:
                if not isinstance(id_, str) or id_ not in known:
                    mend = _did_you_mean(str(id_), tuple(known), "remove it, or add its table")
                    yield _error("E003", file, key, f"no [{table}.{id_}] there", mend)


def _entry_problems(rows: object, file: str, place: str, id_: str) -> Iterator[Finding]:
    if not _ID.match(id_):
        mend = "use small letters, digits and _"
        yield _error("E004", file, place, f"{id_!r} is not an id", mend)
    if not isinstance(rows, dict):
        mend = f"write a [{place}] table with a name and terms by language"
        yield _error("E004", file, place, "should be a table", mend)
        return
    name = rows.get(NAME)
    if not isinstance(name, str) or not name.strip():
        mend = 'add name = "...", as readers shall see it in English'
        yield _error("E004", file, f"{place}.{NAME}", "this key is missing or empty", mend)
    languages = {key: value for key, value in rows.items() if key != NAME}
    if not languages:
        yield _error("E004", file, place, "it has no terms", 'add terms, like en = ["drone*"]')
    yield from _language_problems(languages, file, place)


def _language_problems(languages: Raw, file: str, place: str) -> Iterator[Finding]:
    for language, terms in languages.items():
        where = f"{place}.{language}"
        if not _LANGUAGE.match(language):
            mend = _did_you_mean(language, (NAME,), "use a code of ISO 639, like en, fa or zh")
            yield _error("E003", file, where, "neither a language nor a name", mend)
            continue
        if not isinstance(terms, list) or not terms:
            mend = f'write a list, like {language} = ["drone*"], or remove it'
            yield _error("E004", file, where, "should be a list of terms", mend)
            continue
        yield from _term_problems(terms, file, where)


def _term_problems(terms: list[object], file: str, place: str) -> Iterator[Finding]:
    # A term may stand under several languages: Persian and Arabic share many a name.
    stands: dict[Term, str] = {}
    for index, written in enumerate(terms):
        key = f"{place}.{index}"
        if not isinstance(written, str):
            yield _error("E017", file, key, f"{written!r} is not a term", "put quotes around it")
            continue
        fault = _fault(written)
        if fault is not None:
            yield _error("E017", file, key, f"{written!r} {fault[0]}", fault[1])
            continue
        first = stands.setdefault(read_term(written), key)
        if first != key:
            message = f"{written!r} stands already at {first}"
            yield _error("E016", file, key, message, "remove one")


def _fault(written: str) -> tuple[str, str] | None:
    """Return what is wrong with a term and how to mend it."""
    bare = written.removeprefix(AS_WRITTEN).removesuffix(OPEN_END)
    if not any(character.isalnum() for character in bare):
        return "holds no word", "write a word or a name"
    if bare != bare.strip():
        return "begins or ends with a space", "remove it"
    if OPEN_END in bare or AS_WRITTEN in bare:
        mend = f"{AS_WRITTEN} stands at the beginning and {OPEN_END} at the end; write forms out"
        return f"has {OPEN_END} or {AS_WRITTEN} within", mend
    if is_unspaced(bare) and written != bare:
        return f"has {OPEN_END} or {AS_WRITTEN}", "leave it out: this script is found anywhere"
    return None


def _same_names(entries: Raw, file: str, table: str) -> Iterator[Finding]:
    stands: dict[str, str] = {}
    for id_, rows in entries.items():
        name = rows.get(NAME) if isinstance(rows, dict) else None
        if isinstance(name, str):
            first = stands.setdefault(name, id_)
            if first != id_:
                message = f"{name!r} is the name of {table}.{first}"
                yield _error("E016", file, f"{table}.{id_}.{NAME}", message, "tell them apart")


def _did_you_mean(key: str, known: tuple[str, ...], otherwise: str = "remove it") -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def _error(number: str, file: str, key: str, message: str, mend: str) -> Finding:
    return Finding(f"caspian.{number}", Level.ERROR, file, key, message, mend)
