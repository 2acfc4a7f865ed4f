"""Global hypotheses reshaped: equal ones as one, clusters joined and parted, leaves let go.

A hypothesis is one row of ``choice``: the leaf of each track, -1 for a track that it has not; its
weight is kept as a logarithm (``kernels.hypotheses``). Whatever is returned is distinct, heaviest
first, and its weights sum to one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.heap import pop, push
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

NONE = -1
HASH_FACTOR, HASH_MASK = 1_000_003, (1 << 30) - 1

Hypotheses = tuple[F64, I64]


@kernel
def shares(total: F64, prune: float) -> F64:
    """Return the weights of hypotheses, without the negligible ones.

    Parameters
    ----------
    total : F64
        Shape (n,): cost of each hypothesis, -ln of its weight up to a constant, never falling.
    prune : float
        The last hypothesis goes as long as its share of those left is below this, or zero; the
        first one never goes.

    Returns
    -------
    F64
        Shape (m,), m <= n: weights of the first m, their sum one.
    """
    n = len(total)
    weight, whole = np.empty(n), np.empty(n + 1)
    whole[0] = 0.0
    for a in range(n):
        weight[a] = math.exp(total[0] - total[a])
        whole[a + 1] = whole[a] + weight[a]
    while n > 1 and (weight[n - 1] == 0.0 or weight[n - 1] < prune * whole[n]):
        n -= 1
    for a in range(n):
        weight[a] /= whole[n]
    return weight[:n]


@kernel
def _falling(weight: F64) -> I64:
    """Return the order of falling weight; equal ones keep theirs."""
    n = len(weight)
    key, heap, order = -weight, np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for a in range(n):
        push(heap, a, key, a)
    for a in range(n):
        order[a] = pop(heap, n - a, key)
    return order


@kernel
def _same(choice: I64, a: int, b: int) -> bool:
    """Return whether two hypotheses have the same leaves."""
    t = 0
    while t < choice.shape[1] and choice[a, t] == choice[b, t]:
        t += 1
    return t == choice.shape[1]


@kernel
def _groups(choice: I64) -> tuple[I64, I64]:
    """Return the group of equal hypotheses that each belongs to, and the first of each group."""
    n, tracks = choice.shape
    size = 2
    while size < 2 * n:
        size *= 2
    at = np.full(size, NONE, dtype=np.int64)
    group, first, count = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), 0
    for h in range(n):
        place = 0
        for t in range(tracks):
            place = (place * HASH_FACTOR + choice[h, t] + 2) & HASH_MASK
        place = (place ^ (place >> 15)) & (size - 1)
        while at[place] >= 0 and not _same(choice, int(first[at[place]]), h):
            place = (place + 1) & (size - 1)
        if at[place] < 0:
            at[place], first[count] = count, h
            count += 1
        group[h] = at[place]
    return group, first[:count]


@kernel
def merge(log_weight: F64, choice: I64) -> Hypotheses:
    """Return hypotheses with equal ones as one.

    Parameters
    ----------
    log_weight : F64
        Shape (h,): ln of the weight of each, up to a constant.
    choice : I64
        Shape (h, t): leaf of each track, -1 for none; rows may be equal.

    Returns
    -------
    log_weight, choice
        Shapes (h',), (h', t).
    """
    group, first = _groups(choice)
    weight, whole, top = np.zeros(len(first)), 0.0, -math.inf
    for h in range(len(choice)):
        top = max(top, log_weight[h])
    for h in range(len(choice)):
        weight[group[h]] += math.exp(log_weight[h] - top)
        whole += math.exp(log_weight[h] - top)
    order = _falling(weight)
    n = len(order)
    while n > 0 and weight[order[n - 1]] <= 0.0:
        n -= 1
    merged, leaves = np.empty(n), np.empty((n, choice.shape[1]), dtype=np.int64)
    for a in range(n):
        merged[a] = math.log(weight[order[a]] / whole)
        leaves[a] = choice[first[order[a]]]
    return merged, leaves


@kernel
def product(
    log_weight: F64, choice: I64, other_log_weight: F64, other_choice: I64, offset: int, keep: int,
    prune: float,
) -> Hypotheses:  # fmt: skip
    """Return the hypotheses of two clusters that become one, the heaviest of all couples.

    Parameters
    ----------
    log_weight, choice, other_log_weight, other_choice
        Hypotheses of both clusters: shapes (h,), (h, t), (g,), (g, s).
    offset : int
        Added to the other cluster's leaves.
    keep, prune
        As in ``children``.

    Returns
    -------
    log_weight, choice
        Shapes (n,), (n, t + s), n <= min(keep, h g).
    """
    mine, others = _falling(log_weight), _falling(other_log_weight)
    most, tracks = min(keep, len(mine) * len(others)), choice.shape[1]
    heap, key = np.empty(2 * most + 1, dtype=np.int64), np.empty(2 * most + 1)
    couple, found = np.zeros((2 * most + 1, 2), dtype=np.int64), np.empty(most, dtype=np.int64)
    size, count = 0, 1
    if most > 0:
        key[0] = -log_weight[mine[0]] - other_log_weight[others[0]]
        size = push(heap, 0, key, 0)
    for n in range(most):
        found[n] = pop(heap, size, key)
        size -= 1
        a, b = couple[found[n], 0], couple[found[n], 1]
        for i, j in ((a, b + 1), (a + 1, 0)):
            if i < len(mine) and j < len(others) and (i == a or b == 0):
                couple[count, 0], couple[count, 1] = i, j
                key[count] = -log_weight[mine[i]] - other_log_weight[others[j]]
                size, count = push(heap, size, key, count), count + 1
    share = shares(key[found], prune)
    joint = np.empty((len(share), tracks + other_choice.shape[1]), dtype=np.int64)
    for n in range(len(share)):
        joint[n, :tracks] = choice[mine[couple[found[n], 0]]]
        row = other_choice[others[couple[found[n], 1]]]
        for t in range(len(row)):
            joint[n, tracks + t] = row[t] + offset if row[t] >= 0 else NONE
    return np.log(share), joint


@kernel
def restrict(log_weight: F64, choice: I64, tracks: I64) -> Hypotheses:
    """Return the hypotheses on some tracks alone: the marginal, with equal ones as one.

    Parameters
    ----------
    log_weight, choice
        Hypotheses: shapes (h,), (h, t).
    tracks : I64
        Shape (s,): columns of ``choice`` wanted, in the order wanted.

    Returns
    -------
    log_weight, choice
        Shapes (h',), (h', s).
    """
    part = np.empty((len(choice), len(tracks)), dtype=np.int64)
    for h in range(len(choice)):
        for t in range(len(tracks)):
            part[h, t] = choice[h, tracks[t]]
    return merge(log_weight, part)


@kernel
def drop_track(log_weight: F64, choice: I64, track: int) -> Hypotheses:
    """Return the hypotheses without one track, a column of ``choice``; see ``restrict``."""
    others = np.empty(choice.shape[1] - 1, dtype=np.int64)
    for t in range(len(others)):
        others[t] = t if t < track else t + 1
    return restrict(log_weight, choice, others)


@kernel
def thin(log_weight: F64, choice: I64, existence: F64, floor: float) -> Hypotheses:
    """Return the hypotheses without leaves whose existence is below a floor.

    Parameters
    ----------
    log_weight, choice
        Hypotheses: shapes (h,), (h, t).
    existence : F64
        Shape (l,): existence probability of each leaf.
    floor : float
        A leaf below it becomes -1; hypotheses that become equal become one.

    Returns
    -------
    log_weight, choice
        Shapes (h',), (h', t).
    """
    thinned = choice.copy()
    for h in range(len(choice)):
        for t in range(choice.shape[1]):
            if choice[h, t] >= 0 and existence[choice[h, t]] < floor:
                thinned[h, t] = NONE
    return merge(log_weight, thinned)


@kernel
def compact(choice: I64, n_leaves: int) -> tuple[I64, I64]:
    """Return hypotheses over the leaves that are used, and which those are.

    Parameters
    ----------
    choice : I64
        Shape (h, t): leaf of each track, -1 for none.
    n_leaves : int
        Leaves there are.

    Returns
    -------
    choice, used : I64
        Shapes (h, t), (l',): renumbered leaves, and the number of each before.
    """
    number = np.full(n_leaves, NONE, dtype=np.int64)
    for h in range(len(choice)):
        for t in range(choice.shape[1]):
            if choice[h, t] >= 0:
                number[choice[h, t]] = 0
    used, count = np.empty(n_leaves, dtype=np.int64), 0
    for i in range(n_leaves):
        if number[i] >= 0:
            used[count], number[i] = i, count
            count += 1
    renumbered = choice.copy()
    for h in range(len(choice)):
        for t in range(choice.shape[1]):
            if choice[h, t] >= 0:
                renumbered[h, t] = number[choice[h, t]]
    return renumbered, used[:count].copy()
