"""One multi-Bernoulli for many global hypotheses: their leaves aligned to slots.

Williams 2015, "An efficient, variational approximation of the best fitting multi-Bernoulli
filter", IEEE Transactions on Signal Processing 63(1): which track a leaf belongs to is a label
that the set density does not know, so the leaves of a hypothesis may be permuted over the slots
before the hypotheses are averaged. Slots and permutations are improved in turn; each step lowers
an upper bound of the Kullback-Leibler divergence from mixture to multi-Bernoulli, the weighted
sum of cross-entropies of leaf and slot. Here each hypothesis has one permutation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.kbest import Desk, desk, match

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

NONE = -1
ROUNDS_MAX = 5
# No slot is taken to be surer than this that its target is there, or is not.
DOUBT = 1e-3
# Cost of a leaf in a slot that has never held one, per unit of existence.
NOWHERE = 1e4
PIVOT_SHARE = 1e-12

# Existence, mean and covariance of the slots, and whether any leaf has been there.
Slots = tuple[F64, F64, F64, F64]
# Existence, mean and covariance of the leaves.
Leaves = tuple[F64, F64, F64]


@kernel
def _invert(p: F64, inverse: F64, factor: F64) -> float:
    """Write the inverse of a covariance by its Cholesky factor; return ln of its determinant."""
    n, log_det = len(p), 0.0
    for i in range(n):
        for j in range(i + 1):
            s = p[i, j]
            for k in range(j):
                s -= factor[i, k] * factor[j, k]
            if i == j:
                pivot = max(s, PIVOT_SHARE * max(p[i, i], PIVOT_SHARE))
                factor[i, i] = math.sqrt(pivot)
                log_det += math.log(pivot)
            else:
                factor[i, j] = s / factor[j, j]
    for i in range(n):
        inverse[i, i] = 1.0 / factor[i, i]
        for j in range(i):
            s = 0.0
            for k in range(j, i):
                s -= factor[i, k] * inverse[k, j]
            inverse[i, j] = s / factor[i, i]
    for i in range(n):
        for j in range(i + 1):
            s = 0.0
            for k in range(i, n):
                s += inverse[k, i] * inverse[k, j]
            inverse[i, j] = s
    return log_det


@kernel
def _squared(i: int, mean: F64, covariance: F64, s: int, slot_mean: F64, inverse: F64) -> float:
    """Return the expected squared Mahalanobis distance of a leaf from a slot."""
    total = 0.0
    for a in range(mean.shape[1]):
        da = mean[i, a] - slot_mean[s, a]
        half = 0.5 * inverse[a, a] * (covariance[i, a, a] + da * da)
        for b in range(a):
            half += inverse[a, b] * (covariance[i, a, b] + da * (mean[i, b] - slot_mean[s, b]))
        total += 2.0 * half
    return total


@kernel
def _price(leaves: Leaves, slots: Slots, cost: F64, inverse: F64, factor: F64) -> None:
    """Write the cross-entropy of each leaf, and of none (last row), with each slot."""
    existence, mean, covariance = leaves
    slot_existence, slot_mean, slot_covariance, held = slots
    n = len(existence)
    for s in range(len(held)):
        log_det = _invert(slot_covariance[s], inverse, factor) if held[s] > 0.0 else 0.0
        sure = min(max(slot_existence[s], DOUBT), 1.0 - DOUBT)
        there, absent = -math.log(sure), -math.log(1.0 - sure)
        cost[n, s] = absent
        for i in range(n):
            far = NOWHERE
            if held[s] > 0.0:
                far = 0.5 * (log_det + _squared(i, mean, covariance, s, slot_mean, inverse))
            cost[i, s] = (1.0 - existence[i]) * absent + existence[i] * (there + far)


@kernel
def _permute(
    choice: I64, reference: int, cost: F64, slot_leaf: I64, work: Desk, taken: I64
) -> bool:
    """Assign the leaves of each hypothesis to slots; return whether any one moved."""
    tracks, none, moved = choice.shape[1], len(cost) - 1, False
    row = work[0]
    for h in range(len(choice)):
        if h == reference:
            continue
        for t in range(tracks):
            row[t] = choice[h, t] if choice[h, t] >= 0 else none
        match(cost, tracks, tracks, math.inf, work, taken)
        for t in range(tracks):
            moved |= slot_leaf[h, taken[t]] != choice[h, t]
            slot_leaf[h, taken[t]] = choice[h, t]
    return moved


@kernel
def _share(weight: F64, slot_leaf: I64, existence: F64, share: F64) -> None:
    """Write the expected number of targets that each leaf brings to each slot."""
    share[:] = 0.0
    for h in range(len(slot_leaf)):
        for s in range(slot_leaf.shape[1]):
            i = slot_leaf[h, s]
            if i >= 0:
                share[i, s] += weight[h] * existence[i]


@kernel
def _average(s: int, share: F64, total: float, leaves: Leaves, x: F64, p: F64) -> None:
    """Write mean and covariance of the mixture of leaves in a slot."""
    _, mean, covariance = leaves
    x[s], p[s] = 0.0, 0.0
    for i in range(len(share)):
        for a in range(mean.shape[1]):
            x[s, a] += share[i, s] / total * mean[i, a]
    for i in range(len(share)):
        w = share[i, s] / total
        if w <= 0.0:
            continue
        for a in range(mean.shape[1]):
            da = mean[i, a] - x[s, a]
            for b in range(a + 1):
                p[s, a, b] += w * (covariance[i, a, b] + da * (mean[i, b] - x[s, b]))
    for a in range(mean.shape[1]):
        for b in range(a):
            p[s, b, a] = p[s, a, b]


@kernel
def _match_moments(share: F64, leaves: Leaves, slots: Slots) -> None:
    """Write existence, mean and covariance of the slots; without targets the last two stay."""
    slot_existence, slot_mean, slot_covariance, held = slots
    for s in range(len(held)):
        slot_existence[s] = 0.0
        for i in range(len(share)):
            slot_existence[s] += share[i, s]
        if slot_existence[s] > 0.0:
            held[s] = 1.0
            _average(s, share, slot_existence[s], leaves, slot_mean, slot_covariance)


@kernel
def _excess(s: int, share: F64, covariance: F64, slot_covariance: F64, positions: int) -> float:
    """Return the trace of a slot's position covariance over the mean of its leaves', less one."""
    total, within, trace = 0.0, 0.0, 0.0
    for a in range(positions):
        trace += slot_covariance[s, a, a]
    for i in range(len(share)):
        total += share[i, s]
        for a in range(positions):
            within += share[i, s] * covariance[i, a, a]
    return trace * total / within - 1.0 if within > 0.0 else 0.0


@kernel
def align(
    weight: F64, choice: I64, existence: F64, mean: F64, covariance: F64, reference: int,
    positions: int,
) -> tuple[I64, F64, F64, F64, F64]:  # fmt: skip
    """Return the multi-Bernoulli that fits the hypotheses of a cluster, up to labels.

    Slot s is that of the track s of the reference: its leaves stay where they are. The slots
    start as its leaves (where it has none, as the leaves that the others have for that track).

    Parameters
    ----------
    weight : F64
        Shape (h,): weights of the hypotheses, h > 0, their sum one.
    choice : I64
        Shape (h, t): leaf of each track, -1 for none.
    existence, mean, covariance : F64
        Shapes (l,), (l, s), (l, s, s): existence probability and state of each leaf.
    reference : int
        The hypothesis that gives the slots their track numbers, the heaviest for example.
    positions : int
        Leading coordinates of the state that ``spread`` looks at.

    Returns
    -------
    slot_leaf : I64
        Shape (h, t): leaf of each hypothesis in each slot, -1 for none.
    slot_existence, slot_mean, slot_covariance : F64
        Shapes (t,), (t, s), (t, s, s). The sum of existence is the expected number of targets of
        the hypotheses; a slot of existence zero may hold any state (zeros if it never had one).
    spread : F64
        Shape (t,): trace of the slot's position covariance over the mean of its leaves', less
        one: what the moment match loses; 0 for a slot without targets.
    """
    tracks, size = choice.shape[1], mean.shape[1]
    leaves = (existence, mean, covariance)
    slots = (
        np.zeros(tracks),
        np.zeros((tracks, size)),
        np.zeros((tracks, size, size)),
        np.zeros(tracks),
    )
    slot_leaf, share = choice.copy(), np.empty((len(existence), tracks))
    cost, work = np.empty((len(existence) + 1, tracks)), desk(tracks, tracks)
    inverse, factor = np.zeros((size, size)), np.zeros((size, size))
    taken = np.empty(tracks, dtype=np.int64)
    _share(weight, slot_leaf, existence, share)
    _match_moments(share, leaves, slots)
    _share(np.ones(1), choice[reference : reference + 1], existence, share)
    _match_moments(share, leaves, slots)
    for turn in range(ROUNDS_MAX):
        _price(leaves, slots, cost, inverse, factor)
        moved = _permute(choice, reference, cost, slot_leaf, work, taken)
        if turn > 0 and not moved:
            break
        _share(weight, slot_leaf, existence, share)
        _match_moments(share, leaves, slots)
    spread = np.zeros(tracks)
    for s in range(tracks):
        spread[s] = _excess(s, share, covariance, slots[2], positions)
    return slot_leaf, slots[0], slots[1], slots[2], spread
