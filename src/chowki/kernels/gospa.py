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

    Rows of a step are ``start[k]:start[k + 1]`` and must ascend in their first coordinate, but
    for rounding.
    """
    found = 0
    reach_m = cutoff_m * (1.0 + 1e-6) + 1e-3
    for k in range(len(truth_start) - 1):
        low = truth_start[k]
        for j in range(estimate_start[k], estimate_start[k + 1]):
            while low < truth_start[k + 1] and truth_m[low, 0] < estimate_m[j, 0] - reach_m:
                low += 1
            i = low
            while i < truth_start[k + 1] and truth_m[i, 0] < estimate_m[j, 0] + reach_m:
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
    """Return every couple of the same step that is nearer than a cutoff, by step.

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
    truth_order = _by_step(truth_m, truth_step)
    estimate_order = _by_step(estimate_m, estimate_step)
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


def _by_step(position_m: F64, step: I64) -> I64:
    """Return the order by step and then by first coordinate, with one sort of one key."""
    if len(step) == 0:
        return np.empty(0, np.int64)
    first = position_m[:, 0]
    wide = 1.0 + np.ceil(first.max() - first.min())
    return np.argsort(step * wide + (first - first.min()))


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

    Returns
    -------
    Matches
        In the order of ``pairs``.
    """
    if len(pairs.truth) == 0:
        return pairs
    cluster = _clusters(pairs.truth, pairs.estimate, n_truth, n_estimate)
    order = np.argsort(cluster, kind="stable")
    truth, estimate = pairs.truth[order], pairs.estimate[order]
    distance_m, cluster = pairs.distance_m[order], cluster[order]
    first = np.flatnonzero(np.append(True, cluster[1:] != cluster[:-1]))
    many = _both_many(truth, estimate, first)
    kept = [_shortest(distance_m, first)[~many]]
    ends = np.append(first[1:], len(order))
    row, col = _rank_within(truth, cluster), _rank_within(estimate, cluster)
    saved = cutoff_m**p - distance_m**p
    for start, end in zip(first[many].tolist(), ends[many].tolist(), strict=True):
        kept.append(start + _solve(row[start:end], col[start:end], saved[start:end]))
    rows = np.sort(order[np.concatenate(kept)])
    return Matches(pairs.truth[rows], pairs.estimate[rows], pairs.distance_m[rows])


@kernel
def _clusters(truth: I64, estimate: I64, n_truth: int, n_estimate: int) -> I64:
    """Return a number for each pair, the same for pairs that hang together (union-find)."""
    parent = np.arange(n_truth + n_estimate)
    for k in range(len(truth)):
        a, b = truth[k], n_truth + estimate[k]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[max(a, b)] = min(a, b)
    root = np.empty(len(truth), np.int64)
    for k in range(len(truth)):
        a = truth[k]
        while parent[a] != a:
            a = parent[a]
        root[k] = a
    return root


def _both_many(truth: I64, estimate: I64, first: I64) -> NDArray[np.bool_]:
    """Return which clusters hold more than one truth and more than one estimate.

    All others are stars, whose best match is their shortest pair.
    """
    one_truth = np.minimum.reduceat(truth, first) == np.maximum.reduceat(truth, first)
    one_estimate = np.minimum.reduceat(estimate, first) == np.maximum.reduceat(estimate, first)
    return ~(one_truth | one_estimate)


def _shortest(distance_m: F64, first: I64) -> I64:
    """Return the shortest pair of each cluster."""
    counts = np.diff(np.append(first, len(distance_m)))
    least = np.repeat(np.minimum.reduceat(distance_m, first), counts)
    hits = np.flatnonzero(distance_m == least)
    return hits[np.searchsorted(hits, first)]


def _rank_within(member: I64, cluster: I64) -> I64:
    """Return the rank of each member among the distinct members of its cluster, from 0.

    ``cluster`` must ascend, and no member may stand in two clusters.
    """
    order = np.lexsort((member, cluster))
    new = np.append(True, np.diff(member[order]) != 0)
    begins = np.append(True, np.diff(cluster[order]) != 0)
    count = np.cumsum(new) - 1
    rank = np.empty(len(member), np.int64)
    rank[order] = count - np.maximum.accumulate(np.where(begins, count, 0))
    return rank


def _solve(row: I64, col: I64, saved: F64) -> I64:
    """Return the pairs of one cluster that save most."""
    from scipy.optimize import linear_sum_assignment

    value = np.zeros((row.max() + 1, col.max() + 1))
    pair = np.full(value.shape, -1)
    value[row, col] = saved
    pair[row, col] = np.arange(len(row))
    chosen = pair[linear_sum_assignment(value, maximize=True)]
    return chosen[chosen >= 0]


@kernel
def keep_partners(
    step: I64,
    truth: I64,
    estimate: I64,
    distance_m: F64,
    best: NDArray[np.bool_],
    n_truth: int,
    n_estimate: int,
) -> tuple[NDArray[np.bool_], I64]:
    """Return which couples stand when partners hold on to each other, and who changed.

    CLEAR MOT (Bernardin and Stiefelhagen 2008, section 2.1.3): a match of the step before is kept
    while the couple is near; all others take their match from this step's optimum, where both
    are free.

    Parameters
    ----------
    step : I64
        Step of each couple, shape (n,), ascending.
    truth, estimate : I64
        Numbers (that stay the same over steps) of each couple, shape (n,), below ``n_truth`` and
        ``n_estimate``.
    distance_m : F64
        Shape (n,).
    best : numpy.ndarray of bool
        Shape (n,): couples in the optimum of their step.
    n_truth, n_estimate : int
        How many numbers there are.

    Returns
    -------
    stands : numpy.ndarray of bool
        Shape (n,).
    switches : I64
        Shape (n_truth,): how often each truth changed its partner.
    """
    stands = np.zeros(len(step), np.bool_)
    switches = np.zeros(n_truth, np.int64)
    held = np.full(n_truth, -1)
    truth_at, estimate_at = np.full(n_truth, -1), np.full(n_estimate, -1)
    taken = np.zeros(n_estimate, np.int64)
    start = 0
    while start < len(step):
        end = start
        while end < len(step) and step[end] == step[start]:
            end += 1
        for k in range(start, end):
            i, j = truth[k], estimate[k]
            if held[i] != j:
                continue
            if estimate_at[j] == step[k]:
                if distance_m[taken[j]] <= distance_m[k]:
                    continue
                stands[taken[j]] = False
                truth_at[truth[taken[j]]] = -1
            stands[k] = True
            taken[j], truth_at[i], estimate_at[j] = k, step[k], step[k]
        for k in range(start, end):
            i, j = truth[k], estimate[k]
            if best[k] and truth_at[i] != step[k] and estimate_at[j] != step[k]:
                stands[k] = True
                truth_at[i], estimate_at[j] = step[k], step[k]
                if held[i] >= 0 and held[i] != j:
                    switches[i] += 1
                held[i] = j
        start = end
    return stands, switches


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
