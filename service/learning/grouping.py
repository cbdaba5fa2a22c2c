"""Learns from written stories when two articles report one event, and says how well it groups.

The space comes from the curriculum, so that it knows every language of it; the weights of pairs
from the story sets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from service.learning.story_sets import StoryReport
from service.records import ArticleId, Bearings, Item, PlacedArticle
from service.relevance.encoder import Encoder
from service.stories.model import GroupingModel, Newcomer, text_of, title_of
from service.stories.pairs import FEATURES, LONGEST_GAP_DAYS, PairModel
from service.stories.rarity import Named
from service.stories.regroup import Rule
from service.stories.space import Background, Floats, Space
from service.stories.stream import Stream

# Directions kept of the encoder's: fewer lose events, more bring back what all texts share.
KEPT = 128
# Items of each language that its mean is taken of.
PER_LANGUAGE = 80
# Ridge penalty on standardised features: the sets are invented, and must not be learnt by heart.
PENALTY = 0.03
# From which mean log-odds on two clusters are one: where the written sets, each judged by what the
# others teach, and real items of another year agree best (docs/benchmarks.md).
THRESHOLD = -1.1
# Stories of several polls come in batches like these.
BATCH_SECONDS = 3_600

# Texts encoded before progress is told.
CHUNK = 64

Lexicon = Callable[[Item], Bearings]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class GroupingFigures:
    """How well articles are grouped: over pairs, and by B-cubed (Bagga & Baldwin 1998)."""

    articles: int
    stories: int
    precision: float
    recall: float
    f1: float
    b_cubed: float


def figures(truth: Sequence[str], found: Sequence[object]) -> GroupingFigures:
    """Compare the stories that articles are in with those they were put into."""
    both, true, made = Counter(zip(truth, found, strict=True)), Counter(truth), Counter(found)
    right = _pairs(both.values())
    precision = right / max(_pairs(made.values()), 1)
    recall = right / max(_pairs(true.values()), 1)
    places = list(zip(truth, found, strict=True))
    exact = sum(both[place] / made[place[1]] for place in places) / len(places)
    whole = sum(both[place] / true[place[0]] for place in places) / len(places)
    return GroupingFigures(
        len(places), len(true), precision, recall, _f1(precision, recall), _f1(exact, whole)
    )


def group_all(
    reports: Sequence[StoryReport],
    newcomers: Sequence[Newcomer],
    model: GroupingModel,
) -> list[int]:
    """Return the story of each report, put in as they would have come."""
    stream = Stream(model)
    for batch in batches(reports, newcomers):
        stream.take(batch)
    return [stream.story_of(one.id) for one in newcomers]


def batches(
    reports: Sequence[StoryReport], newcomers: Sequence[Newcomer]
) -> Iterable[list[Newcomer]]:
    """Yield the reports of each hour together; those that tell only their day are of one hour."""
    pairs = sorted(zip(reports, newcomers, strict=True), key=lambda pair: pair[0].reported_at)
    for _, batch in groupby(pairs, lambda pair: _hour(pair[0])):
        yield [newcomer for _, newcomer in batch]


def newcomers_of(
    reports: Sequence[StoryReport],
    encoder: Encoder,
    lexicon: Lexicon,
    progress: Progress = lambda _: None,
) -> list[Newcomer]:
    """Return reports as grouping takes them in; their ids are their places."""
    newcomers: list[Newcomer] = []
    for chunk in (reports[start : start + CHUNK] for start in range(0, len(reports), CHUNK)):
        meaning = encoder.encode([text_of(report.item) for report in chunk])
        titles = encoder.encode([title_of(report.item) for report in chunk])
        newcomers += [
            Newcomer(
                ArticleId(len(newcomers) + place),
                report.source,
                report.reported_at,
                report.item.title,
                lexicon(report.item),
                meaning[place],
                titles[place],
            )
            for place, report in enumerate(chunk)
        ]
        progress(len(newcomers))
    return newcomers


def encoded_texts(written: Sequence[Item], sets: Sequence[Sequence[StoryReport]]) -> list[str]:
    """Return the texts whose vectors ``fit`` needs: worth keeping, since encoding takes longest."""
    told = [*_sampled(written), *(report.item for reports in sets for report in reports)]
    return [text for item in told for text in (text_of(item), title_of(item))]


def fit(
    written: Sequence[Item],
    sets: Sequence[Sequence[StoryReport]],
    encoder: Encoder,
    lexicon: Lexicon,
) -> tuple[GroupingModel, GroupingFigures]:
    """Return the model, and its figures on sets that it did not learn from.

    ``written`` are items of all languages it shall know; ``sets`` two or more sets of stories.
    """
    chosen = _sampled(written)
    actors, shares = _named_in([lexicon(item).actors for item in chosen])
    blank = GroupingModel(
        _space(chosen, encoder),
        Rule(PairModel(np.zeros(len(FEATURES)), 0.0, np.ones_like(shares)), THRESHOLD),
        actors,
        shares,
    )
    taken = [newcomers_of(reports, encoder, lexicon) for reports in sets]
    samples = [_sample(reports, new, blank) for reports, new in zip(sets, taken, strict=True)]
    truth, found = [], []
    for fold, (reports, newcomers) in enumerate(zip(sets, taken, strict=True)):
        others = [sample for place, sample in enumerate(samples) if place != fold]
        grouped = group_all(reports, newcomers, _with_weights(blank, others))
        truth += [f"{fold}/{report.story}" for report in reports]
        found += [(fold, story) for story in grouped]
    return _with_weights(blank, samples), figures(truth, found)


Sample = tuple[Floats, npt.NDArray[np.bool_]]


def _with_weights(blank: GroupingModel, samples: Sequence[Sample]) -> GroupingModel:
    """Return the model with the weights that tell pairs of one event from others."""
    features = np.concatenate([sample[0] for sample in samples])
    same = np.concatenate([sample[1] for sample in samples])
    spread = features.std(axis=0) + 1e-9
    # scikit-learn wants the inverse of the penalty.
    fitted = LogisticRegression(C=PENALTY, max_iter=2_000).fit(features / spread, same)
    model = replace(
        blank.rule.model, weights=fitted.coef_[0] / spread, bias=float(fitted.intercept_[0])
    )
    return replace(blank, rule=replace(blank.rule, model=model))


def _sample(
    reports: Sequence[StoryReport], newcomers: Sequence[Newcomer], model: GroupingModel
) -> Sample:
    """Return the features of all pairs within reach, and whether they report one event.

    Each report is compared with those before it as it would have been when it came.
    """
    named, backgrounds = Named(), dict[str, Background]()
    placed: list[PlacedArticle] = []
    features, same = [], []
    for batch in batches(reports, newcomers):
        named = named.with_more(one.bearings.actors for one in batch)
        fresh, learnt = model.place(batch, backgrounds)
        backgrounds.update(learnt)
        placed += fresh
        first = len(placed) - len(fresh)
        some, others = model.traits(fresh), model.traits(placed)
        pairs = model.rule_given(named).model.compare(some, others)
        before = np.arange(len(placed)) < (first + np.arange(len(fresh)))[:, None]
        near = before & (np.abs(some.day[:, None] - others.day) < LONGEST_GAP_DAYS)
        stories = np.array([reports[one.id].story for one in placed])
        features.append(pairs[:, near].T)
        same.append((stories[first:, None] == stories)[near])
    return np.concatenate(features), np.concatenate(same)


def _space(items: Sequence[Item], encoder: Encoder) -> Space:
    meaning = encoder.encode([text_of(item) for item in items])
    titles = encoder.encode([title_of(item) for item in items])
    languages = sorted({item.lang for item in items})
    rows = np.array([languages.index(item.lang) for item in items])
    means, title_means = (
        np.stack([vectors[rows == row].mean(axis=0) for row in range(len(languages))])
        for vectors in (meaning, titles)
    )
    spread, directions = np.linalg.eigh(np.cov((meaning - means[rows]).T))
    strongest = directions[:, np.argsort(-spread)[:KEPT]]
    return Space(
        encoder.name,
        tuple(languages),
        means.astype(np.float32),
        title_means.astype(np.float32),
        strongest.astype(np.float32),
    )


def _sampled(items: Sequence[Item]) -> list[Item]:
    """Return the first items of each language."""
    by_language: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_language[item.lang].append(item)
    return [
        item
        for language in sorted(by_language)
        for item in by_language[language][:: max(len(by_language[language]) // PER_LANGUAGE, 1)][
            :PER_LANGUAGE
        ]
    ]


def _named_in(documents: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], Floats]:
    """Return which actors are named, and by what share of the documents."""
    counts = Counter(name for names in documents for name in set(names))
    named = tuple(sorted(counts))
    shares = np.array([counts[name] / len(documents) for name in named], dtype=np.float32)
    return named, shares


def _pairs(counts: Iterable[int]) -> int:
    return sum(count * (count - 1) // 2 for count in counts)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _hour(report: StoryReport) -> int:
    return int(report.reported_at.timestamp() // BATCH_SECONDS)
