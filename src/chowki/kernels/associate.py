"""Which plot came from which track: belief propagation, and the single best assignment.

Both take one CSR list of candidate pairs. Belief propagation: Williams and Lau 2014,
"Approximate evaluation of marginal association probabilities with belief propagation",
IEEE TAES 50(4). Assignment: shortest augmenting paths on the sparse list, after Jonker and
Volgenant 1987, each track owning a private column for "missed".
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SWEEPS_MAX = 200
TOLERANCE = 1e-4
EPSILON = 1e-12
MISSED_COST = 20.0

_Search = tuple[F64, F64, I64, I64, I64, I64]


@kernel
def _sum_and_largest(values: F64, start: int, stop: int) -> tuple[float, int]:
    """Return the sum of all but the largest term, and where the largest stands."""
    best = start
    for k in range(start + 1, stop):
        if values[k] > values[best]:
            best = k
    rest = 0.0
    for k in range(start, stop):
        if k != best:
            rest += values[k]
    return rest, best


@kernel
def _root(parent: I64, i: int) -> int:
    """Return the root of a node, halving its path (Tarjan 1975)."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def sharing(starts: I64, plots: I64, n_plots: int) -> NDArray[np.bool_]:
    """Return which tracks have a plot in their gate that another one has too, shape (n,)."""
    claims = np.zeros(n_plots, dtype=np.int64)
    for k in range(len(plots)):
        claims[plots[k]] += 1
    shares = np.zeros(len(starts) - 1, dtype=np.bool_)
    for i in range(len(shares)):
        for k in range(starts[i], starts[i + 1]):
            if claims[plots[k]] > 1:
                shares[i] = True
                break
    return shares


@kernel
def components(starts: I64, plots: I64, n_plots: int) -> tuple[I64, I64]:
    """Return the tracks that share plots, component by component, as one CSR list.

    Tracks that share none stand in none. Order within and between components is that of tracks.
    """
    n = len(starts) - 1
    shares = sharing(starts, plots, n_plots)
    parent = np.arange(n)
    first = np.full(n_plots, -1, dtype=np.int64)
    for i in range(n):
        if not shares[i]:
            continue
        for k in range(starts[i], starts[i + 1]):
            j = plots[k]
            if first[j] < 0:
                first[j] = i
                continue
            a, b = _root(parent, int(first[j])), _root(parent, i)
            parent[max(a, b)] = min(a, b)
    sizes, number, count = np.zeros(n + 1, dtype=np.int64), np.full(n, -1, dtype=np.int64), 0
    for i in range(n):
        if not shares[i]:
            continue
        root = _root(parent, i)
        if number[root] < 0:
            number[root] = count
            count += 1
        sizes[number[root] + 1] += 1
    bounds = np.cumsum(sizes[: count + 1])
    members, filled = np.empty(bounds[count], dtype=np.int64), bounds.copy()
    for i in range(n):
        if shares[i]:
            c = number[_root(parent, i)]
            members[filled[c]] = i
            filled[c] += 1
    return members, bounds


@kernel
def _to_plots(
    tracks: I64, starts: I64, weights: F64, missed: F64, mu: F64, nu: F64, scratch: F64
) -> None:
    """Write nu: what each track tells each of its plots."""
    for i in tracks:
        lo, hi = starts[i], starts[i + 1]
        for k in range(lo, hi):
            scratch[k] = weights[k] * mu[k]
        rest, best = _sum_and_largest(scratch, int(lo), int(hi))
        for k in range(lo, hi):
            others = rest
            if k != best:
                others = max(rest - scratch[k], 0.0) + scratch[best]
            nu[k] = weights[k] / (missed[i] + others)


@kernel
def _to_tracks(
    tracks: I64, starts: I64, plots: I64, nu: F64, mu: F64, rest: F64, largest: I64
) -> float:
    """Write mu: what each plot tells each of its tracks; return the largest relative change."""
    for i in tracks:
        for k in range(starts[i], starts[i + 1]):
            rest[plots[k]], largest[plots[k]] = 0.0, -1
    for i in tracks:
        for k in range(starts[i], starts[i + 1]):
            j = plots[k]
            if largest[j] < 0:
                largest[j] = k
            elif nu[k] > nu[largest[j]]:
                rest[j] += nu[largest[j]]
                largest[j] = k
            else:
                rest[j] += nu[k]
    change = 0.0
    for i in tracks:
        for k in range(starts[i], starts[i + 1]):
            j = plots[k]
            others = rest[j]
            if k != largest[j]:
                others = max(rest[j] - nu[k], 0.0) + nu[largest[j]]
            new = 1.0 / (1.0 + others)
            change = max(change, abs(new - mu[k]) / new)
            mu[k] = new
    return change


@kernel
def belief_propagation(
    starts: I64, plots: I64, weights: F64, missed: F64, n_plots: int
) -> tuple[F64, F64, F64]:
    """Return association marginals by loopy belief propagation.

    Parameters
    ----------
    starts : I64
        Shape (n + 1,): pairs of track i are ``starts[i]:starts[i + 1]``.
    plots : I64
        Shape (p,): plot of each pair.
    weights : F64
        Shape (p,): w_ij / c_j, without unit.
    missed : F64
        Shape (n,): w_i0, > 0.
    n_plots : int
        Plots in the scan.

    Returns
    -------
    pair_probability, missed_probability, new_probability : F64
        Shapes (p,), (n,), (n_plots,). Exact when no loop joins tracks and plots. Sums over "all
        but one" leave the largest term out by name instead of subtracting it. Each component of
        tracks that share plots is swept until it has settled.
    """
    pairs = len(plots)
    mu, nu, scratch = np.ones(pairs), np.empty(pairs), np.empty(pairs)
    rest, largest = np.zeros(n_plots), np.full(n_plots, -1, dtype=np.int64)
    members, bounds = components(starts, plots, n_plots)
    for c in range(len(bounds) - 1):
        tracks = members[bounds[c] : bounds[c + 1]]
        for _ in range(SWEEPS_MAX):
            _to_plots(tracks, starts, weights, missed, mu, nu, scratch)
            if _to_tracks(tracks, starts, plots, nu, mu, rest, largest) < TOLERANCE:
                break
    missed_probability, new_probability = np.ones(len(missed)), np.ones(n_plots)
    for i in range(len(missed)):
        total = missed[i]
        for k in range(starts[i], starts[i + 1]):
            total += weights[k] * mu[k]
        missed_probability[i] = missed[i] / total
        for k in range(starts[i], starts[i + 1]):
            scratch[k] = weights[k] * mu[k] / total
            new_probability[plots[k]] = 1.0 - scratch[k]  # stands where no other track has it
    for j in range(n_plots):
        if largest[j] >= 0:
            new_probability[j] = 1.0 / (1.0 + rest[j] + nu[largest[j]])
    return scratch, missed_probability, new_probability


@kernel
def _search(
    row: int, starts: I64, plots: I64, costs: F64, chosen: I64, owner: I64, work: _Search
) -> tuple[int, int]:
    """Find the cheapest alternating path that gives ``row`` a plot; return how it ends.

    Returns the free plot it ends at (else -1) and the track that is missed instead.
    """
    to_row, to_plot, came_from, queue, queued, touched = work
    head, tail, seen = 0, 1, 0
    queue[0], queued[row], to_row[row] = row, 1, 0.0
    end_plot, end_row, best = -1, row, 0.0
    while head != tail:
        r = queue[head % len(queue)]
        head += 1
        queued[r] = 0
        for k in range(starts[r], starts[r + 1]):
            j = plots[k]
            length = to_row[r] + costs[k]
            if not length < to_plot[j] - EPSILON:
                continue
            if to_plot[j] == math.inf:
                touched[seen] = j
                seen += 1
            to_plot[j], came_from[j] = length, k
            if owner[j] < 0:
                if length < best:
                    end_plot, end_row, best = int(j), -1, length
                continue
            other = int(owner[j])
            to_row[other] = length - costs[chosen[other]]
            if to_row[other] < best:
                end_plot, end_row, best = -1, other, to_row[other]
            if queued[other] == 0:
                queue[tail % len(queue)], queued[other] = other, 1
                tail += 1
    for t in range(seen):
        to_plot[touched[t]] = math.inf
    return end_plot, end_row


@kernel
def _augment(
    row: int, end_plot: int, end_row: int, rows: I64, plots: I64, chosen: I64, owner: I64, path: I64
) -> None:
    """Flip the couples along the path found."""
    j = end_plot
    if end_row >= 0:
        if end_row == row:
            return
        j = plots[chosen[end_row]]
        chosen[end_row] = -1
    while True:
        k = path[j]
        r = rows[k]
        before = chosen[r]
        chosen[r], owner[j] = k, r
        if r == row:
            return
        j = plots[before]


@kernel
def best_assignment(
    starts: I64, plots: I64, weights: F64, missed: F64, n_plots: int, missed_cost: float
) -> I64:
    """Return the pair of each track in the most probable assignment, -1 for a missed one.

    Minimises the sum of -ln(w_ij / w_i0) over one-to-one couples; every track may be missed at
    the cost given (0: the single most probable joint hypothesis). Exact: successive shortest
    paths (Ahuja, Magnanti and Orlin 1993, section 9.7),
    with label correction, since the components of gated pairs are small.

    Parameters
    ----------
    starts, plots, weights, missed, n_plots
        As in ``belief_propagation``.
    missed_cost : float
        Cost of a track without a plot, >= 0.

    Returns
    -------
    I64
        Shape (n,): index into ``plots``, or -1.
    """
    n, pairs = len(missed), len(plots)
    rows, costs = np.empty(pairs, dtype=np.int64), np.empty(pairs)
    for i in range(n):
        for k in range(starts[i], starts[i + 1]):
            rows[k] = i
            ratio = weights[k] / missed[i]
            cost = -math.log(ratio) - missed_cost if ratio > 0.0 else 0.0
            costs[k] = cost if cost < 0.0 else math.inf
    chosen, owner = np.full(n, -1, dtype=np.int64), np.full(n_plots, -1, dtype=np.int64)
    path = np.full(n_plots, -1, dtype=np.int64)
    work = (
        np.zeros(n),
        np.full(n_plots, math.inf),
        path,
        np.empty(n + 1, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        np.empty(n_plots, dtype=np.int64),
    )
    for i in range(n):
        end_plot, end_row = _search(i, starts, plots, costs, chosen, owner, work)
        _augment(i, end_plot, end_row, rows, plots, chosen, owner, path)
    return chosen


@kernel
def nearest_neighbour(
    starts: I64, plots: I64, weights: F64, missed: F64, n_plots: int
) -> tuple[F64, F64, F64]:
    """Return the best one-to-one choice of plots (GNN), each weighed against "missed" alone.

    A track is given one plot at most, and takes it as it would if there were no other (integrated
    nearest neighbour: Musicki, Evans and Stankovic 1994, "Integrated probabilistic data
    association", with one plot in the gate).
    """
    chosen = best_assignment(starts, plots, weights, missed, n_plots, MISSED_COST)
    pair, lost, new = np.zeros(len(plots)), np.ones(len(missed)), np.ones(n_plots)
    for i in range(len(missed)):
        k = chosen[i]
        if k >= 0:
            pair[k] = weights[k] / (missed[i] + weights[k])
            lost[i] = missed[i] / (missed[i] + weights[k])
            new[plots[k]] = lost[i]
    return pair, lost, new
