"""OSPA(2): how far two sets of tracks are apart, labels and all.

Beard, Vo and Vo, "A solution for large-scale multi-object tracking", IEEE Transactions on Signal
Processing 68, 2020 (first: ICCAIS 2017): OSPA between sets of tracks, whose base distance is the
mean, over all steps where either track is there, of the distance cut off at c; where only one of
the two is there it is c. A track that breaks or changes its target pays for every step it
lacks. Only couples that were once nearer than c can differ from c, so the matrix is sparse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.gospa import Matches
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def ospa2(
    near: Matches,
    truth: I64,
    truth_step: I64,
    track: I64,
    track_step: I64,
    cutoff_m: float,
    p: float = 2.0,
) -> float:
    """Return OSPA(2) over all steps, metres: 0 (the same tracks) to the cutoff.

    Parameters
    ----------
    near : Matches
        Every couple of rows at one step nearer than the cutoff, as ``gospa.near_pairs`` gives.
    truth, track : I64
        Number of each row's target and track, from 0 without gaps, shapes (n,), (m,).
    truth_step, track_step : I64
        Step of each row, shapes (n,), (m,); a number stands at most once in a step.
    cutoff_m, p : float
        Cutoff c and order p; the base distance is a plain mean (its order q is 1).

    Examples
    --------
    >>> rows, step = np.zeros(4, np.int64), np.arange(4)
    >>> same = Matches(step[:3], step[:3], np.zeros(3))
    >>> ospa2(same, rows, step, rows[:3], step[:3], 100.0)
    25.0
    """
    truth_count, track_count = np.bincount(truth), np.bincount(track)
    most = max(len(truth_count), len(track_count))
    if most == 0:
        return 0.0
    couple = truth[near.truth] * max(len(track_count), 1) + track[near.estimate]
    couple, which = np.unique(couple, return_inverse=True)
    a, b = couple // max(len(track_count), 1), couple % max(len(track_count), 1)
    shared = _shared_steps(a, b, *_steps_by(truth, truth_step), *_steps_by(track, track_step))
    either = truth_count[a] + track_count[b] - shared
    gained_m = np.bincount(which, cutoff_m - near.distance_m, len(couple)) / either
    distance_m = np.maximum(cutoff_m - gained_m, 0.0)
    best = _least_cost(a, b, distance_m**p, len(truth_count), len(track_count), cutoff_m**p)
    return ((best + cutoff_m**p * (most - len(truth_count))) / most) ** (1.0 / p)


def _steps_by(number: I64, step: I64) -> tuple[I64, I64]:
    """Return where each number's steps begin and the steps in order: compressed rows."""
    order = np.lexsort((step, number))
    start = np.concatenate([[0], np.cumsum(np.bincount(number))]).astype(np.int64)
    return start, step[order].astype(np.int64)


@kernel
def _shared_steps(a: I64, b: I64, a_start: I64, a_step: I64, b_start: I64, b_step: I64) -> I64:
    """Return at how many steps both of each couple are there, shape (k,)."""
    shared = np.zeros(len(a), np.int64)
    for k in range(len(a)):
        i, j = a_start[a[k]], b_start[b[k]]
        while i < a_start[a[k] + 1] and j < b_start[b[k] + 1]:
            if a_step[i] == b_step[j]:
                shared[k] += 1
                i += 1
                j += 1
            elif a_step[i] < b_step[j]:
                i += 1
            else:
                j += 1
    return shared


def _least_cost(row: I64, col: I64, cost: F64, rows: int, cols: int, alone: float) -> float:
    """Return the least cost of giving each row a column of its own, or leaving it alone."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    if rows == 0:
        return 0.0
    everyone = np.arange(rows)
    # one column more for each row: alone. One is added to all, for zero means "no edge" there
    whole = csr_array(
        (
            np.concatenate([cost, np.full(rows, alone)]) + 1.0,
            (np.concatenate([row, everyone]), np.concatenate([col, cols + everyone])),
        ),
        shape=(rows, cols + rows),
    )
    chosen = min_weight_full_bipartite_matching(whole)
    return float(whole[chosen].sum()) - rows
