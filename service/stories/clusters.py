"""Puts what belongs together together, given how likely each pair is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Near-equal odds come out alike whatever order the sums were made in.
DECIMALS = 4
# Log-odds beyond this say no more than it does; nothing lies so far off as what is not there.
FARTHEST, NEVER = 1e4, -1e9


def agglomerate(odds: npt.NDArray[np.float64], threshold: float) -> list[int]:
    """Return a cluster number for each of n articles; ``odds`` has shape (n, n), in log-odds.

    The two clusters that lie nearest are joined while the mean over all their pairs is at least
    ``threshold``: one bridge does not join two events. Sokal & Michener 1958 (average linkage);
    the update is that of Lance & Williams 1967.
    """
    mean = np.clip(odds, -FARTHEST, FARTHEST)
    # Sums made in another order differ between a pair and its mirror image too.
    mean = np.round((mean + mean.T) / 2, DECIMALS)
    np.fill_diagonal(mean, NEVER)
    cluster = np.arange(len(odds))
    for rows in _hanging_together(mean >= threshold):
        if len(rows) > 1:
            cluster[rows] = rows[_joined(mean[np.ix_(rows, rows)], threshold)]
    return _numbered(cluster)


def _hanging_together(linked: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.intp]]:
    """Return the rows that chains of links connect. No cluster is larger, and few are as large."""
    loose = np.ones(len(linked), dtype=np.bool_)
    parts = []
    for row in range(len(linked)):
        if not loose[row]:
            continue
        part, edge = np.zeros_like(loose), np.zeros_like(loose)
        edge[row] = True
        while edge.any():
            part |= edge
            edge = linked[edge].any(axis=0) & ~part
        loose &= ~part
        parts.append(np.flatnonzero(part))
    return parts


def _joined(mean: npt.NDArray[np.float64], threshold: float) -> npt.NDArray[np.intp]:
    """Return, for each row, the first row of its cluster. ``mean`` is used up."""
    count = len(mean)
    # How near the nearest other cluster lies: to look through all pairs at each step takes long.
    nearest = mean.max(axis=1)
    sizes, cluster = np.ones(count), np.arange(count)
    for _ in range(count - 1):
        a = int(nearest.argmax())
        if nearest[a] < threshold:
            break
        a, b = sorted((a, int(mean[a].argmax())))
        lost = (sizes > 0) & ((mean[a] == nearest) | (mean[b] == nearest))
        merged = (mean[a] * sizes[a] + mean[b] * sizes[b]) / (sizes[a] + sizes[b])
        _replace(mean, a, b, merged)
        sizes[a], sizes[b] = sizes[a] + sizes[b], 0
        cluster[cluster == b] = a
        nearest = np.maximum(nearest, mean[a])
        nearest[lost] = mean[lost].max(axis=1)
    return cluster


def _replace(
    matrix: npt.NDArray[np.float64], a: int, b: int, merged: npt.NDArray[np.float64]
) -> None:
    """Let ``merged`` stand for row and column a, and nothing for b."""
    merged[[a, b]] = NEVER
    matrix[a], matrix[:, a] = merged, merged
    matrix[b], matrix[:, b] = NEVER, NEVER


def _numbered(cluster: npt.NDArray[np.intp]) -> list[int]:
    numbers: dict[int, int] = {}
    return [numbers.setdefault(int(one), len(numbers)) for one in cluster]
