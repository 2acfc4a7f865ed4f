"""GOSPA (Rahmathullah, Garcia-Fernandez, Svensson 2017, FUSION; arXiv:1601.05585), alpha = 2.

d = (sum of matched d_ij^p + c^p / 2 (missed + false))^(1/p) (its proposition 1). Only pairs nearer
than c can be matched, so the problem falls apart into clusters of truths and estimates linked by
such pairs; each is solved alone (Jonker and Volgenant 1987, by SciPy), whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matches:
    """Couples of truth and estimate, each used once at its step.

    Attributes
    ----------
    truth, estimate : I64
        Rows, shape (m,).
    distance_m : F64
        Shape (m,), below the cutoff.
    """

    truth: I64
    estimate: I64
    distance_m: F64


@dataclass(frozen=True, slots=True)
class Gospa:
    """GOSPA and its parts; ``total ** p`` is the sum of the three others.

    Attributes
    ----------
    total : float
        Metres.
    localisation, missed, false : float
        Metres to the power p: matched distances; c^p / 2 for each missed and each false.
    """

    total: float
    localisation: float
    missed: float
    false: float


@kernel
def _near_pairs(
    truth_m: F64,
    truth_start: I64,
    estimate_m: F64,
    estimate_start: I64,
    cutoff_m: float,
    fill: bool,
    pair_truth: I64,
    pair_estimate: I64,
    pair_m: F64,
) -> int:
    """Count (and, when told, write) pairs nearer than the cutoff at the same step.

    Rows of a step are ``start[k]:start[k + 1]`` and must ascend in their first coordinate.
    """
    found = 0
    for k in range(len(truth_start) - 1):
        low = truth_start[k]
        for j in range(estimate_start[k], estimate_start[k + 1]):
            while low < truth_start[k + 1] and truth_m[low, 0] <= estimate_m[j, 0] - cutoff_m:
                low += 1
            i = low
            while i < truth_start[k + 1] and truth_m[i, 0] < estimate_m[j, 0] + cutoff_m:
                square = 0.0
                for axis in range(truth_m.shape[1]):
                    apart = truth_m[i, axis] - estimate_m[j, axis]
                    square += apart * apart
                if square < cutoff_m * cutoff_m:
                    if fill:
                        pair_truth[found] = i
                        pair_estimate[found] = j
                        pair_m[found] = np.sqrt(square)
                    found += 1
                i += 1
    return found


def near_pairs(
    truth_m: F64, truth_step: I64, estimate_m: F64, estimate_step: I64, cutoff_m: float
) -> Matches:
    """Return every couple of the same step that is nearer than a cutoff.

    Parameters
    ----------
    truth_m, estimate_m : F64
        Positions, shapes (n, d), (m, d), metres.
    truth_step, estimate_step : I64
        Step of each row, shapes (n,), (m,), counted from 0.
    cutoff_m : float
        Cutoff c.
    """
    steps = 1 + max(truth_step.max(initial=-1), estimate_step.max(initial=-1))
    truth_order = np.lexsort((truth_m[:, 0], truth_step))
    estimate_order = np.lexsort((estimate_m[:, 0], estimate_step))
    edges = np.arange(steps + 1)
    columns = (
        np.ascontiguousarray(truth_m[truth_order], np.float64),
        np.searchsorted(truth_step[truth_order], edges),
        np.ascontiguousarray(estimate_m[estimate_order], np.float64),
        np.searchsorted(estimate_step[estimate_order], edges),
        float(cutoff_m),
    )
    none = np.empty(0, np.int64)
    found = _near_pairs(*columns, False, none, none, np.empty(0))
    truth, estimate = np.empty(found, np.int64), np.empty(found, np.int64)
    distance_m = np.empty(found)
    _near_pairs(*columns, True, truth, estimate, distance_m)
    return Matches(truth_order[truth], estimate_order[estimate], distance_m)


def assign(pairs: Matches, n_truth: int, n_estimate: int, cutoff_m: float, p: float) -> Matches:
    """Return the matches that minimise GOSPA over couples nearer than the cutoff.

    Maximises the sum of c^p - d^p, which is what a match saves against one missed and one false.

    Parameters
    ----------
    pairs : Matches
        All couples, as ``near_pairs`` returns them.
    n_truth, n_estimate : int
        Number of rows on each side, all steps together.
    cutoff_m, p : float
        Cutoff c and order p.
    """
    cluster = _clusters(pairs, n_truth, n_estimate)
    order = np.lexsort((pairs.distance_m, cluster))
    truth, estimate = pairs.truth[order], pairs.estimate[order]
    distance_m, cluster = pairs.distance_m[order], cluster[order]
    first = np.flatnonzero(np.append(True, cluster[1:] != cluster[:-1])) if len(order) else order
    ends = np.append(first[1:], len(order))
    many = _both_many(truth, estimate, first)
    kept = [first[~many]]
    for start, end in zip(first[many], ends[many], strict=True):
        chosen = _solve(truth[start:end], estimate[start:end], distance_m[start:end], cutoff_m, p)
        kept.append(start + chosen)
    rows = np.sort(np.concatenate(kept)) if kept else order
    return Matches(truth[rows], estimate[rows], distance_m[rows])


def _clusters(pairs: Matches, n_truth: int, n_estimate: int) -> I64:
    """Return a number for each pair, the same for pairs that hang together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = n_truth + n_estimate
    links = coo_array(
        (np.ones(len(pairs.truth), np.int8), (pairs.truth, n_truth + pairs.estimate)),
        shape=(nodes, nodes),
    )
    labels = connected_components(links, directed=False)[1]
    return labels[pairs.truth].astype(np.int64)


def _both_many(truth: I64, estimate: I64, first: I64) -> NDArray[np.bool_]:
    """Return which clusters hold more than one truth and more than one estimate.

    All others are stars, whose best match is their shortest pair.
    """
    if len(first) == 0:
        return np.empty(0, np.bool_)
    one_truth = np.minimum.reduceat(truth, first) == np.maximum.reduceat(truth, first)
    one_estimate = np.minimum.reduceat(estimate, first) == np.maximum.reduceat(estimate, first)
    return ~(one_truth | one_estimate)


def _solve(truth: I64, estimate: I64, distance_m: F64, cutoff_m: float, p: float) -> I64:
    """Return the pairs of one cluster that save most."""
    from scipy.optimize import linear_sum_assignment

    rows, row = np.unique(truth, return_inverse=True)
    columns, col = np.unique(estimate, return_inverse=True)
    saved = np.zeros((len(rows), len(columns)))
    pair = np.full(saved.shape, -1)
    saved[row, col] = cutoff_m**p - distance_m**p
    pair[row, col] = np.arange(len(truth))
    chosen = pair[linear_sum_assignment(saved, maximize=True)]
    return chosen[chosen >= 0]


def gospa(truth_m: F64, estimate_m: F64, cutoff_m: float, p: float = 2.0) -> Gospa:
    """Return GOSPA between two sets of positions (alpha = 2).

    Parameters
    ----------
    truth_m, estimate_m : F64
        Shapes (n, d), (m, d), metres; either may be empty.
    cutoff_m : float
        Cutoff c > 0: the distance from where on a match is worth no more than a miss and a false.
    p : float
        Order, >= 1.

    Examples
    --------
    >>> truth, found = np.array([[0.0, 0.0], [100.0, 0.0]]), np.array([[3.0, 4.0]])
    >>> parts = gospa(truth, found, 20.0)
    >>> round(parts.localisation), round(parts.missed), round(parts.total, 3)
    (25, 200, 15.0)
    """
    matched = match(truth_m, _zeros(truth_m), estimate_m, _zeros(estimate_m), cutoff_m, p)
    localisation = float(np.sum(matched.distance_m**p))
    missed = 0.5 * cutoff_m**p * (len(truth_m) - len(matched.truth))
    false = 0.5 * cutoff_m**p * (len(estimate_m) - len(matched.truth))
    return Gospa((localisation + missed + false) ** (1.0 / p), localisation, missed, false)


def match(
    truth_m: F64,
    truth_step: I64,
    estimate_m: F64,
    estimate_step: I64,
    cutoff_m: float,
    p: float = 2.0,
) -> Matches:
    """Return the GOSPA-optimal matches of many steps at once; see ``near_pairs`` and ``assign``."""
    pairs = near_pairs(truth_m, truth_step, estimate_m, estimate_step, cutoff_m)
    return assign(pairs, len(truth_m), len(estimate_m), cutoff_m, p)


def _zeros(rows: F64) -> I64:
    return np.zeros(len(rows), np.int64)
