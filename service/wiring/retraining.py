"""Makes a candidate of the reader's labels, judges it, and puts it in use if the rule allows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.learning.labels import judged_texts
from service.learning.manifest import Made, read_manifest
from service.learning.registry import version_of, write
from service.learning.replay import Replay, replay
from service.learning.retrain import fit_candidate
from service.learning.rule import Judgement, judge
from service.learning.shelf import DatabaseShelf
from service.learning.train import Progress
from service.learning.versions import Versions
from service.records import Label
from service.relevance.classifier import Classifier
from service.relevance.encoder import ShelvedEncoder
from service.settings import Settings
from service.storage import articles, labels
from service.storage.database import Database
from service.wiring.models import (
    benchmark,
    encoder_of,
    kept_embeddings,
    mention_finder,
    reader_of,
    topics_of,
    training_data,
    versions,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What retraining came to. ``version`` is the candidate, which is kept in any case."""

    version: str
    judgement: Judgement
    made: Made
    promoted: bool


def retrain(
    settings: Settings,
    database: Database,
    now: datetime,
    *,
    force: bool = False,
    promote: bool = True,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Make, judge and keep a candidate; put it in use if nothing speaks against it, or by force.

    Raises:
        InputError: when there is too little to learn from, or no benchmark.
        ModelError: when no version can be read.

    """
    encoder = ShelvedEncoder(encoder_of(settings), DatabaseShelf(database, lambda: now))
    kept_embeddings(settings)
    read, known = reader_of(settings, encoder), versions(settings)
    current, _ = known.load(read)
    topics, finder = topics_of(settings.topic), mention_finder(settings.topic)
    with database.reading() as connection:
        given, newest = labels.current(connection), labels.newest(connection)
    written, data = training_data(settings)
    judged = judged_texts(given, topics)
    fitted = fit_candidate(written, judged, finder, encoder, topics, progress)
    candidate = Classifier(
        finder,
        encoder,
        fitted.trained.estimators,
        threshold=settings.relevance.threshold or fitted.trained.threshold,
        version="candidate",
    )
    since = now - timedelta(days=settings.learning.replay_days)
    with database.reading() as connection:
        judgement = judge(
            fitted,
            candidate,
            current,
            written_before=_written_before(known, current, data),
            learnt_until=_learnt_until(known, current),
            benchmark=benchmark(settings),
            recent=articles.texts_since(connection, since),
            progress=progress,
        )
    allowed = not judgement.reasons
    promoted = promote and (allowed or force)
    made = Made(
        at=now,
        parent=current.version,
        labels=len(judged),
        readers=len({reader for one in judged for reader in one.readers}),
        labels_until=newest,
        reasons=judgement.reasons,
        suspects=judgement.suspects,
        forced=promoted and not allowed,
        judged=_figures(judgement),
    )
    data |= {"labels": _fingerprint(given)}
    name = version_of(fitted.trained, settings.topic.topic.id, data)
    # The same labels made the version in use: its manifest tells how that came about.
    if name != current.version:
        write(fitted.trained, known.own, settings.topic.topic.id, data, made=made)
    if promoted and name != current.version:
        why = "retrained" if allowed else "forced: " + "; ".join(judgement.reasons)
        known.promote(name, why, now)
    return Outcome(name, judgement, made, promoted)


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs between two versions, and what each would have alerted to."""

    figures: dict[str, tuple[float, float]]
    data_changed: tuple[str, ...]
    replay: Replay


def compare_versions(
    settings: Settings, database: Database, before: str, after: str, now: datetime
) -> Compared:
    """Compare two versions, by their manifests and on the articles of the last weeks.

    Raises:
        InputError: when a version is not known.
        ModelError: when one cannot be read.

    """
    encoder = ShelvedEncoder(encoder_of(settings), DatabaseShelf(database, lambda: now))
    read, known = reader_of(settings, encoder), versions(settings)
    folders = [known.find(name).folder for name in (before, after)]
    old, new = (read_manifest(folder) for folder in folders)
    since = now - timedelta(days=settings.learning.replay_days)
    with database.reading() as connection:
        recent = articles.texts_since(connection, since)
        replayed = replay(recent, read(folders[0]), read(folders[1]))
    figures = {"threshold": (old.threshold, new.threshold)} | {
        name: (old.figures[name], new.figures[name]) for name in old.figures.keys() & new.figures
    }
    changed = {name for name, _ in old.data.items() ^ new.data.items()}
    return Compared(figures, tuple(sorted(changed)), replayed)


def learn_by_itself(settings: Settings, database: Database, now: datetime) -> Outcome | None:
    """Retrain if enough labels came in since the last candidate was made; else return None."""
    wanted = settings.learning.retrain_after
    made = [version.manifest.made for version in versions(settings).all() if version.manifest]
    last = max((one.labels_until for one in made if one), default=0)
    with database.reading() as connection:
        fresh = labels.count_after(connection, last)
    if not wanted or fresh < wanted:
        return None
    return retrain(settings, database, now)


def _learnt_until(known: Versions, current: Classifier) -> int:
    """Return the number of the last label that the model in use was made of, -1 if of none."""
    for version in known.all():
        manifest = version.manifest
        if manifest is not None and manifest.version == current.version and manifest.made:
            return manifest.made.labels_until
    return -1


def _written_before(known: Versions, current: Classifier, data: Mapping[str, str]) -> float | None:
    """What the model in use reached on the written items, if those are still the same ones."""
    for version in known.all():
        manifest = version.manifest
        if manifest is not None and manifest.version == current.version:
            same = {k: v for k, v in manifest.data.items() if k != "labels"} == data
            return manifest.figures["average_precision"] if same else None
    return None


def _figures(judgement: Judgement) -> dict[str, float]:
    held = judgement.held_back
    return {
        "benchmark_average_precision": judgement.average_precision.candidate,
        "benchmark_average_precision_before": judgement.average_precision.current,
        "benchmark_f1": judgement.f1.candidate,
        "benchmark_f1_before": judgement.f1.current,
        "alerts_new": len(judgement.replay.newly),
        "alerts_stopped": len(judgement.replay.stopped),
        "doubtful_labels": len(judgement.doubtful),
    } | (
        {
            "held_back": held.texts,
            "held_back_wrong": held.wrong_candidate,
            "held_back_wrong_before": held.wrong_current,
        }
        if held
        else {}
    )


def _fingerprint(given: Sequence[Label]) -> str:
    told = [[label.text_hash, label.reader, label.verdict, *label.topics] for label in given]
    return hashlib.sha256(json.dumps(sorted(told)).encode()).hexdigest()
