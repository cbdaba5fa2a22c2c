"""Finds texts that are nearly the same, without comparing each with each."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

# Two texts that share this much of their character 5-grams are one text written twice.
NEAR = 0.85
GRAM = 5


def grams(text: str) -> frozenset[str]:
    """Return the character 5-grams of a text, case and spacing levelled."""
    plain = " ".join(text.casefold().split())
    return frozenset(plain[at : at + GRAM] for at in range(max(len(plain) - GRAM + 1, 1)))


def near_copies(texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Yield the pairs of texts with a Jaccard similarity of ``NEAR`` at least: places, share.

    If two sets are that similar, they share one of the rarest (1 - NEAR) of either's grams: the
    prefix filter of Chaudhuri et al. (ICDE 2006).
    """
    sets = [grams(text) for text in texts]
    frequency = Counter(gram for found in sets for gram in found)
    known: defaultdict[str, list[int]] = defaultdict(list)
    for index, found in enumerate(sets):
        rarest = sorted(found, key=lambda gram: (frequency[gram], gram))
        prefix = rarest[: len(found) - math.ceil(NEAR * len(found)) + 1]
        for other in sorted({earlier for gram in prefix for earlier in known[gram]}):
            share = len(found & sets[other]) / len(found | sets[other])
            if share >= NEAR:
                yield other, index, share
        for gram in prefix:
            known[gram].append(index)
