"""How much each actor tells: one that everybody names these days tells two events apart no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from service.stories.space import Floats

# For how many articles the written items count, and of how many the last ones do.
PRIOR_ARTICLES, REMEMBERED_ARTICLES = 60, 300


@dataclass(frozen=True, slots=True)
class Named:
    """In how many of the last ``articles`` each actor was named; older ones fade."""

    articles: float = 0.0
    counts: Mapping[str, float] = field(default_factory=dict)

    def with_more(self, named: Iterable[Sequence[str]]) -> Named:
        """Return this with further articles' actors, in any order."""
        documents = [set(names) for names in named]
        more = Counter(name for names in documents for name in names)
        kept = min(1.0, REMEMBERED_ARTICLES / self.articles) if self.articles else 0.0
        counts = {
            name: self.counts.get(name, 0.0) * kept + more[name]
            for name in sorted({*self.counts, *more})
        }
        return Named(self.articles * kept + len(documents), counts)


def rarity(named: Named, actors: Sequence[str], shares: Floats) -> Floats:
    """Return each actor's inverse document frequency (Spärck Jones 1972), shape (len(actors),).

    ``shares`` are those of the written items that name each: what is known before anything comes.
    """
    counts = np.array([named.counts.get(actor, 0.0) for actor in actors]) + PRIOR_ARTICLES * shares
    told: Floats = np.log((named.articles + PRIOR_ARTICLES + 1) / (counts + 1)).astype(np.float32)
    return told
