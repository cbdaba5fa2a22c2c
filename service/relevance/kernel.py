"""A fitted support vector machine with a Gaussian kernel, as arrays.

scikit-learn's own reckons the kernel value by value; as one product of matrices it is several
times as fast, in fitting (see ``service.learning.opinions``) and here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from sklearn.metrics.pairwise import rbf_kernel

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KernelMachine:
    """``sum(weights * exp(-gamma * |support - x|^2)) + offset`` for each row ``x``.

    ``support`` has shape (vectors, features), ``weights`` (vectors,).
    """

    support: Vector
    weights: Vector
    offset: float
    gamma: float

    def decision_function(self, rows: Vector) -> Vector:
        """Return on which side of the boundary each row lies, and how far: shape (n,)."""
        kernel = rbf_kernel(rows, self.support, gamma=self.gamma)
        return cast("Vector", kernel @ self.weights + self.offset)
