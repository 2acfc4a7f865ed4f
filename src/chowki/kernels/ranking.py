"""Ranking with hysteresis: who stands above whom changes only where it clearly should."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@kernel
def rerank(order: I64, weight: F64, newcomer: NDArray[np.bool_], margin: float) -> I64:
    """Return ranks from 0, the heaviest first, kept as they were between things alike.

    Insertion from the top: each thing climbs over the one above it while its weight is more than
    1 + margin times that one's; one that has no rank to keep climbs while it is heavier at all.

    Parameters
    ----------
    order : I64
        Shape (n,): rows in the order to start from, newcomers last.
    weight : F64
        Shape (n,): by row, >= 0.
    newcomer : array of bool
        Shape (n,): by row.
    margin : float
        Relative, >= 0.

    Returns
    -------
    I64
        Shape (n,): rank of each row.
    """
    ranked = order.copy()
    for k in range(1, len(ranked)):
        row, i = ranked[k], k
        factor = 1.0 if newcomer[row] else 1.0 + margin
        while i > 0 and weight[row] > factor * weight[ranked[i - 1]]:
            ranked[i] = ranked[i - 1]
            i -= 1
        ranked[i] = row
    rank = np.empty(len(ranked), dtype=np.int64)
    for i in range(len(ranked)):
        rank[ranked[i]] = i
    return rank
