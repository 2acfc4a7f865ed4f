"""Tracks kept as several global hypotheses: a PMBM inside each cluster, marginals outside it.

A cluster's tracks have leaves (single-target hypotheses), rows of ``Bernoullis`` of their own. Its
plots are weighed against everything outside the cluster by the messages of belief propagation:
what other tracks claim of a plot counts as a further source of it (Williams and Lau 2014).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.alignment import align
from chowki.kernels.bernoulli import (
    clear_mixture,
    detected,
    match,
    mix,
    mixture_space,
    spare_space,
)
from chowki.kernels.filter import P_TIME, View
from chowki.kernels.gate import MODES_FROM, Bernoullis
from chowki.kernels.hypotheses import children
from chowki.kernels.hypotheses import workspace as children_space
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import workspace
from chowki.kernels.modes import Forecast, Motion, Size, advance, combine, forecast, forecast_space
from chowki.kernels.regroup import compact, thin

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# A leaf less likely than this to be there is none.
FAINT = 1e-4
# A hypothesis that weighs less is let go (García-Fernández and others 2018, section VI).
PRUNE = 1e-3

Pairs = tuple[I64, I64, F64]


@kernel
def member_pairs(
    leaf_member: I64, leaf_share: F64, members: int, pairs: Pairs, chance: F64, n_plots: int
) -> tuple[I64, I64, F64, F64]:
    """Return the pairs of clustered tracks, each the mixture of its leaves.

    Parameters
    ----------
    leaf_member, leaf_share : I64, F64
        Shape (l,): track of each leaf, and the weight of the hypotheses that use it.
    members : int
        Number of clustered tracks.
    pairs : tuple of arrays
        CSR starts (l + 1,), plots (p,), weights (p,) of the leaves.
    chance : F64
        Shape (l, 3): of the leaves, as in ``kernels.gate.candidates``.
    n_plots : int
        Plots in the scan.

    Returns
    -------
    starts, pair_plot, weight, missed : I64, I64, F64, F64
        CSR list over the members; w_i0 of each.
    """
    leaf_starts, leaf_plot, leaf_weight = pairs
    starts, missed = np.zeros(members + 1, dtype=np.int64), np.ones(members)
    pair_plot, weight = np.empty(len(leaf_plot), dtype=np.int64), np.empty(len(leaf_plot))
    place, size, leaf = np.full(n_plots, -1, dtype=np.int64), 0, 0
    for t in range(members):
        first = size
        while leaf < len(leaf_member) and leaf_member[leaf] == t:
            share = leaf_share[leaf]
            missed[t] -= share * chance[leaf, 0] * chance[leaf, 2]
            for q in range(leaf_starts[leaf], leaf_starts[leaf + 1]):
                j = leaf_plot[q]
                if place[j] < first:
                    place[j] = size
                    pair_plot[size], weight[size] = j, 0.0
                    size += 1
                weight[place[j]] += share * leaf_weight[q]
            leaf += 1
        starts[t + 1] = size
    return starts, pair_plot[:size], weight[:size], missed


@kernel
def _blurred(tracks: Bernoullis, i: int, k: int, limit: float, work: F64) -> bool:
    """Return whether two tracks are alike in position and velocity, as far as they are known.

    The squared Mahalanobis distance of their states, the older one drawn to the younger one's
    time, under the sum of their covariances.
    """
    state, covariance, _, _, _, time_s, _, _ = tracks
    n, total = state.shape[1], 0.0
    apart_s = time_s[k] - time_s[i]
    for a in range(n):
        y = state[i, a] - state[k, a]
        if a < n // 2:
            y += apart_s * (state[i, a + n // 2] if apart_s > 0.0 else state[k, a + n // 2])
        for b in range(a + 1):
            s = covariance[i, a, b] + covariance[k, a, b]
            for c in range(b):
                s -= work[a, c] * work[b, c]
            if a == b:
                work[a, a] = math.sqrt(max(s, 1e-12))
            else:
                work[a, b] = s / work[b, b]
                y -= work[a, b] * work[n, b]
        work[n, a] = y / work[a, a]
        total += work[n, a] * work[n, a]
    return total < limit


@kernel
def contested(
    pairs: Pairs, eligible: NDArray[np.bool_], cluster: I64, tracks: Bernoullis, at: I64,
    n_plots: int, at_least: float, limit: float,
) -> I64:  # fmt: skip
    """Return the group of each track that contests a plot with another, -1 for all others.

    Parameters
    ----------
    pairs : tuple of arrays
        CSR starts (n + 1,), plots (p,), probabilities (p,).
    eligible : numpy.ndarray
        Shape (n,): tracks that may contest.
    cluster : I64
        Shape (n,): cluster of a track, -1 for none; those of one cluster stay together.
    tracks, at : Bernoullis, I64
        All tracks, and the row of each in question (n,).
    n_plots : int
        Plots in the scan.
    at_least : float
        Share in a plot from which it is contested.
    limit : float
        Squared Mahalanobis distance up to which two tracks blur.
    """
    starts, pair_plot, share = pairs
    n, work = len(starts) - 1, np.empty((7, 6))
    parent, last = np.arange(n), np.full(n_plots, -1, dtype=np.int64)
    owner, before = np.empty(len(share), dtype=np.int64), np.empty(len(share), dtype=np.int64)
    head = np.full(max(0, np.max(cluster) + 1) if n > 0 else 0, -1, dtype=np.int64)
    for i in range(n):
        if cluster[i] >= 0:
            if head[cluster[i]] < 0:
                head[cluster[i]] = i
            _join(parent, i, int(head[cluster[i]]))
        if not eligible[i]:
            continue
        for q in range(starts[i], starts[i + 1]):
            if share[q] < at_least:
                continue
            owner[q], before[q], k = i, last[pair_plot[q]], last[pair_plot[q]]
            last[pair_plot[q]] = q
            while k >= 0:
                if _blurred(tracks, int(at[owner[k]]), int(at[i]), limit, work):
                    _join(parent, i, int(owner[k]))
                k = before[k]
    count = np.zeros(n, dtype=np.int64)
    for i in range(n):
        count[_root(parent, i)] += 1
    group = np.full(n, -1, dtype=np.int64)
    for i in range(n):
        root = _root(parent, i)
        if count[root] > 1 or cluster[i] >= 0:
            group[i] = root
    return group


@kernel
def _root(parent: I64, i: int) -> int:
    """Return the root of a node, halving its path (Tarjan 1975)."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def _join(parent: I64, i: int, k: int) -> None:
    """Join two trees."""
    a, b = _root(parent, i), _root(parent, k)
    parent[max(a, b)] = min(a, b)


@kernel
def without_others(own_plot: I64, own_share: F64, pair_plot: I64, weight: F64, free: F64) -> F64:
    """Return weights of leaves against all sources outside their cluster.

    A plot's other sources weigh 1 + sum of nu over the tracks outside; with nu = p (1 + sum of all
    nu) of belief propagation that is (1 - sum of p of the cluster's own) / P(no track).

    Parameters
    ----------
    own_plot, own_share : I64, F64
        Shape (k,): plots of the cluster's tracks and their probabilities p.
    pair_plot, weight : I64, F64
        Shape (p,): pairs of its leaves.
    free : F64
        Shape (m,): probability that a plot came from no track.
    """
    out = weight.copy()
    for q in range(len(pair_plot)):
        j, outside = pair_plot[q], 1.0
        for k in range(len(own_plot)):
            if own_plot[k] == j:
                outside -= own_share[k]
        out[q] *= min(1.0, free[j] / max(outside, 1e-12))
    return out


@kernel
def _numbered(pair_plot: I64) -> tuple[I64, I64]:
    """Return the plots of a cluster, ascending, and the number of each pair's plot among them."""
    used = np.unique(pair_plot)
    return used, np.searchsorted(used, pair_plot)


@kernel
def rows_of(size: Size, modes: int, n: int) -> Bernoullis:
    """Return n rows to write into."""
    d, s = 2 * (len(size) // 2), len(size)
    return (
        np.zeros((n, d)),
        np.zeros((n, d, d)),
        np.zeros((n, modes, s)),
        np.zeros((n, modes, s, s)),
        np.zeros((n, modes)),
        np.zeros(n),
        np.zeros(n),
        np.arange(n),
    )


@kernel
def _write(
    size: Size, motion: Motion, rows: Bernoullis, a: int, at_s: float, existence: float,
    ahead_s: float, states: tuple[F64, F64, F64], ahead: Forecast,
) -> None:  # fmt: skip
    """Write one row from states of all modes, carried ``ahead_s`` seconds on."""
    state, covariance, mode_x, mode_p, mode_mu, time_s, exists, _ = rows
    x, p, mu = states
    for m in range(len(mu)):
        mode_mu[a, m] = mu[m]
        if mu[m] > 0.0 and ahead_s > 0.0:
            advance(
                size, motion, m, ahead_s, x[m], p[m], mode_x[a, m], mode_p[a, m], ahead[6], ahead[7]
            )
        elif mu[m] > 0.0:
            mode_x[a, m], mode_p[a, m] = x[m], p[m]
    combine(size, mode_x[a], mode_p[a], mode_mu[a], state[a], covariance[a])
    time_s[a], exists[a] = at_s, existence


@kernel
def _branched(
    size: Size, motion: Motion, leaves: Bernoullis, chance: F64, new_leaf: I64, used: I64,
    plots: F64, bits: I64, view: View, at_s: float,
) -> Bernoullis:  # fmt: skip
    """Return the new leaves: their parents missed, or updated with a plot, all at one time."""
    _, _, mode_x, mode_p, mode_mu, time_s, _, _ = leaves
    modes = len(motion[0])
    rows, ahead = rows_of(size, modes, len(new_leaf)), forecast_space(size, modes)
    work, spare = workspace(size), spare_space(size, modes)
    for a in range(len(new_leaf)):
        i, changes = new_leaf[a, 0], chance[new_leaf[a, 0], 0] > MODES_FROM
        if new_leaf[a, 1] < 0:
            dt = float(at_s - time_s[i])
            forecast(size, motion, mode_x[i], mode_p[i], mode_mu[i], dt, changes, ahead)
            now, miss = chance[i, 0], chance[i, 2]
            left = now * (1.0 - miss) / (1.0 - now * miss)
            _write(size, motion, rows, a, at_s, left, 0.0, ahead[:3], ahead)
            continue
        j = used[new_leaf[a, 1]]
        dt = plots[j, P_TIME] - time_s[i]
        forecast(size, motion, mode_x[i], mode_p[i], mode_mu[i], max(dt, 0.0), changes, ahead)
        if detected(size, ahead, min(dt, 0.0), plots[j], int(bits[j]), view, work, spare):
            further = at_s - time_s[i] - max(dt, 0.0)
            _write(size, motion, rows, a, at_s, 1.0, further, spare[:3], ahead)
    return rows


@kernel
def _condensed(
    size: Size, motion: Motion, leaves: Bernoullis, weight: F64, slot_leaf: I64
) -> tuple[Bernoullis, F64]:
    """Return one row for each slot, and how much each leaf brings to it (l, t)."""
    _, _, mode_x, mode_p, mode_mu, time_s, existence, _ = leaves
    tracks, modes = slot_leaf.shape[1], len(motion[0])
    rows, mixture = rows_of(size, modes, tracks), mixture_space(size, modes)
    brings = np.zeros((len(existence), tracks))
    for h in range(len(weight)):
        for s in range(tracks):
            if slot_leaf[h, s] >= 0:
                brings[slot_leaf[h, s], s] += weight[h] * existence[slot_leaf[h, s]]
    for s in range(tracks):
        clear_mixture(mixture)
        for i in range(len(existence)):
            rows[6][s] += brings[i, s]
            for m in range(modes):
                if brings[i, s] * mode_mu[i, m] > 0.0:
                    mix(size, m, brings[i, s] * mode_mu[i, m], mode_x[i, m], mode_p[i, m], mixture)
        rows[6][s] = min(rows[6][s], 1.0)  # weights sum to one but for rounding
        rows[5][s] = time_s[0] if len(time_s) > 0 else 0.0
        if match(size, mixture, rows[2][s], rows[3][s], rows[4][s]):
            combine(size, rows[2][s], rows[3][s], rows[4][s], rows[0][s], rows[1][s])
    return rows, brings


@kernel
def _latest(time_s: F64, plots: F64, used: I64) -> float:
    """Return the latest time of any leaf or plot of a cluster."""
    at_s = -math.inf
    for i in range(len(time_s)):
        at_s = max(at_s, time_s[i])
    for k in range(len(used)):
        at_s = max(at_s, plots[used[k], P_TIME])
    return at_s


@kernel
def cluster_scan(
    size: Size, motion: Motion, leaves: Bernoullis, chance: F64, pairs: Pairs, log_weight: F64,
    choice: I64, plots: F64, bits: I64, view: View, keep: int,
) -> tuple[Bernoullis, F64, I64, F64, I64, I64, F64, Bernoullis, F64, F64]:  # fmt: skip
    """Take one scan into the hypotheses of a cluster.

    Parameters
    ----------
    size, motion, plots, bits, view
        As in ``kernels.gate.candidates``.
    leaves : Bernoullis
        Rows of the leaves (l,).
    chance : F64
        Shape (l, 3): of the leaves, as in ``kernels.gate.candidates``.
    pairs : tuple of arrays
        CSR starts (l + 1,), plots (p,) of the scan, weights (p,).
    log_weight, choice : F64, I64
        Shapes (h,), (h, t): the hypotheses.
    keep : int
        Most hypotheses kept.

    Returns
    -------
    leaves, log_weight, choice, leaf_share, leaf_member
        The new leaves and hypotheses; (l',) the weight of the hypotheses that use each leaf, and
        its track.
    used, free : I64, F64
        Plots of the cluster, and the probability that each came from none of its tracks.
    slots : Bernoullis
        One row for each track (t,): the multi-Bernoulli that fits best.
    spread : F64
        Shape (t,): what it loses, see ``kernels.alignment.align``.
    claims : F64
        Shape (t, j): probability that the target in a slot caused each used plot.
    """
    starts, pair_plot, weight = pairs
    used, local = _numbered(pair_plot)
    missed = 1.0 - chance[:, 0] * chance[:, 2]
    desk = children_space(len(choice), choice.shape[1], len(missed), len(used), keep)
    log_weight, choice, new_leaf, _, free = children(
        log_weight, choice, missed, starts, local, weight, len(used), keep, PRUNE, desk
    )
    at_s = _latest(leaves[5], plots, used)
    rows = _branched(size, motion, leaves, chance, new_leaf, used, plots, bits, view, at_s)
    log_weight, choice = thin(log_weight, choice, rows[6], FAINT)
    choice, kept = compact(choice, len(new_leaf))
    rows = taken(rows, kept)
    share, leaf_share = np.exp(log_weight), np.zeros(len(kept))
    leaf_member = np.empty(len(kept), dtype=np.int64)
    for h in range(len(share)):
        for t in range(choice.shape[1]):
            if choice[h, t] >= 0:
                leaf_share[choice[h, t]] += share[h]
                leaf_member[choice[h, t]] = t
    slot_leaf, _, _, _, spread = align(share, choice, rows[6], rows[0], rows[1], 0, len(size) // 2)
    slots, brings = _condensed(size, motion, rows, share, slot_leaf)
    claims = np.zeros((choice.shape[1], len(used)))
    for a in range(len(kept)):
        if new_leaf[kept[a], 1] >= 0:
            claims[:, new_leaf[kept[a], 1]] += brings[a]
    return rows, log_weight, choice, leaf_share, leaf_member, used, free, slots, spread, claims


@kernel
def taken(rows: Bernoullis, kept: I64) -> Bernoullis:
    """Return some rows, each with modes of its own."""
    at = rows[7][kept]
    return (
        rows[0][kept], rows[1][kept], rows[2][at], rows[3][at], rows[4][at], rows[5][kept],
        rows[6][kept], np.arange(len(kept)),
    )  # fmt: skip
