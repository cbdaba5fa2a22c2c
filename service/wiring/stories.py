"""Builds what groups articles into stories: the grouping model, and the lexicon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from service.errors import InputError
from service.gathering import Gatherer
from service.learning import embeddings, grouping_file
from service.learning.corpus import read_curriculum
from service.learning.grouping import (
    GroupingFigures,
    Progress,
    encoded_texts,
    figures,
    fit,
    group_all,
    newcomers_of,
)
from service.learning.story_sets import StoryReport, read_story_sets
from service.relevance.encoder import Encoder
from service.settings import Settings
from service.settings.lexicon_file import (
    LEXICON,
    all_terms,
    read_lexicon,
    stories_folder,
    terms_by_id,
)
from service.storage.database import Database
from service.stories.lexicon import Lexicon
from service.stories.model import GroupingModel
from service.stories.novelty import Roles
from service.wiring.models import curriculum_files, encoder_of, topics_of


def lexicon(settings: Settings) -> tuple[Lexicon, Roles]:
    """Return the lexicon of actors and matters, and what kinds of ids it has.

    Raises:
        ConfigError: the file is missing or wrong; it says what, where, and how to mend it.

    """
    known = read_lexicon(stories_folder(settings) / LEXICON)
    names = {id_: entry.name for id_, entry in {**known.actors, **known.matters}.items()}
    media, places, speaking, happening = (
        frozenset(known.roles.get(role, ()))
        for role in ("media", "places", "speaking", "happening")
    )
    roles = Roles(
        media=media,
        officials=frozenset(known.actors) - media - places,
        reactions=speaking,
        developments=happening,
        names=names,
    )
    terms = terms_by_id(known.actors), terms_by_id(known.matters), all_terms(known.not_meant)
    return Lexicon(*terms), roles


def grouping_model(settings: Settings) -> GroupingModel:
    """Return the grouping model.

    Raises:
        ModelError: there is none, or none for the encoder in use.

    """
    path = stories_folder(settings) / grouping_file.FILE
    return grouping_file.read(path, encoder_of(settings).name)


def gatherer(settings: Settings, database: Database, encoder: Encoder) -> Gatherer:
    """Return what puts the database's articles into stories."""
    known, roles = lexicon(settings)
    return Gatherer(database, grouping_model(settings), encoder, known.read, roles)


def train_grouping(settings: Settings) -> tuple[Path, GroupingFigures]:
    """Learn from the written stories; return where the model is, and its figures held back."""
    folder = stories_folder(settings)
    encoder = encoder_of(settings)
    kept = Path(settings.data_dir) / "models" / "embeddings" / f"stories-{encoder.name}.npz"
    embeddings.load(kept, encoder)
    written = [
        example.item
        for example in read_curriculum(curriculum_files(settings), topics_of(settings.topic))
    ]
    sets = read_story_sets(sorted(folder.glob("*.jsonl")))
    if len(sets) < 2:
        raise InputError(
            f"{len(sets)} sets of written stories in {folder}",
            mend="put two files or more there: each is judged by what the others teach",
        )
    known, _ = lexicon(settings)
    model, judged = fit(written, sets, encoder, known.read)
    embeddings.save(kept, encoder, encoded_texts(written, sets))
    path = folder / grouping_file.FILE
    grouping_file.write(model, path)
    return path, judged


def judge_grouping(settings: Settings, paths: Sequence[Path]) -> GroupingFigures:
    """Return how well the model in use groups reports whose stories are known."""
    reports = [report for part in read_story_sets(paths) for report in part]
    found = group_reports(settings, reports)
    return figures([report.story for report in reports], found)


def group_reports(
    settings: Settings, reports: Sequence[StoryReport], progress: Progress = lambda _: None
) -> list[int]:
    """Return the story of each report, as a number; ``progress`` is told how many are read."""
    model = grouping_model(settings)
    known, _ = lexicon(settings)
    newcomers = newcomers_of(reports, encoder_of(settings), known.read, progress)
    return group_all(reports, newcomers, model)
