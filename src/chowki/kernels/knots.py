"""Targets that only bearings tell of: which bearings belong together, and how surely.

A hypothesis says that some bearings come from one target: it has a state, a covariance and odds
against the same bearings being false or of other targets each. Two bearings of different sensors
begin one, further bearings carry it on. Of the hypotheses that share a bearing at most one is true:
where lines of two targets cross four times, two of the crossings are ghosts, and their odds are
weighed against those of the others.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.bearings import Y_NUMBER, Y_SENSOR, Y_TIME, crossed
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Hypotheses of one knot whose sets are enumerated; more are judged by the best of them.
KNOT_MAX = 14
# Bearings in common from which two hypotheses may say the same.
ALIKE_FROM = 3

# States (k, 6), covariances (k, 6, 6), their times (k,), ln odds (k,), numbers of the bearings
# used, -1 for none (k, u), how many were (k,).
Hypotheses = tuple[F64, F64, F64, F64, I64, I64]


@kernel
def space_for(n: int, used: int) -> Hypotheses:
    """Return room for n hypotheses with so many bearings each."""
    return (
        np.zeros((n, 6)),
        np.zeros((n, 6, 6)),
        np.zeros(n),
        np.zeros(n),
        np.full((n, used), -1, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
    )


@kernel
def _shares(used: I64, a: int, b: int) -> bool:
    """Return whether two hypotheses use a bearing in common."""
    for i in range(used.shape[1]):
        if used[a, i] < 0:
            return False
        for j in range(used.shape[1]):
            if used[b, j] == used[a, i]:
                return True
    return False


@kernel
def _in_common(used: I64, a: int, b: int) -> int:
    """Return how many bearings two hypotheses have in common."""
    n = 0
    for i in range(used.shape[1]):
        if used[a, i] >= 0 and _holds(used, b, int(used[a, i])):
            n += 1
    return n


@kernel
def _holds(used: I64, row: int, number: int) -> bool:
    """Return whether a hypothesis uses a bearing."""
    found = False
    for i in range(used.shape[1]):
        found = found or used[row, i] == number
    return found


@kernel
def begun(
    memory: F64, heard: F64, prior: F64, window_s: float, largest: float, out: Hypotheses, n: int
) -> int:
    """Write hypotheses that bearings of a scan begin with remembered ones; return how many are out.

    Parameters
    ----------
    memory, heard : F64
        Shapes (k, Y_WIDTH), (m, Y_WIDTH): bearings that no track claims, of before and of now.
    prior : F64
        Shape (G_WIDTH,).
    window_s : float
        Bearings farther apart in time begin nothing together.
    largest : float
        Largest squared distance of a crossing.
    out : Hypotheses
        Written behind the first n.
    n : int
        How many there are.
    """
    ox, op, ot, oo, ou, oc = out
    before = n
    for j in range(len(heard)):
        for i in range(len(memory)):
            a, b = memory[i], heard[j]
            if n == len(ot) or a[Y_SENSOR] == b[Y_SENSOR]:
                continue
            if abs(a[Y_TIME] - b[Y_TIME]) > window_s:
                continue
            together = False
            for h in range(before):
                if _holds(ou, h, int(a[Y_NUMBER])) and _holds(ou, h, int(b[Y_NUMBER])):
                    together = True
            if together:
                continue
            log_odds, squared = crossed(a, b, prior, ox[n], op[n])
            if log_odds == -math.inf or squared > largest:
                continue
            ot[n], oo[n], oc[n] = max(a[Y_TIME], b[Y_TIME]), log_odds, 2
            ou[n, :] = -1
            ou[n, 0], ou[n, 1] = int(b[Y_NUMBER]), int(a[Y_NUMBER])
            n += 1
    return n


@kernel
def _alike(known: Hypotheses, a: int, b: int, limit: float, root: F64, w: F64) -> bool:
    """Return whether two hypotheses say the same of a target: squared Mahalanobis distance."""
    state, covariance, total = known[0], known[1], 0.0
    apart_s = known[2][a] - known[2][b]
    for i in range(6):
        y = state[a, i] - state[b, i]
        if i < 3:
            y -= apart_s * (state[b, 3 + i] if apart_s > 0.0 else state[a, 3 + i])
        for j in range(i + 1):
            s = covariance[a, i, j] + covariance[b, i, j]
            for k in range(j):
                s -= root[i, k] * root[j, k]
            if i == j:
                root[i, i] = math.sqrt(max(s, 1e-12))
            else:
                root[i, j] = s / root[j, j]
                y -= root[i, j] * w[j]
        w[i] = y / root[i, i]
        total += w[i] * w[i]
    return total < limit


@kernel
def merged(known: Hypotheses, limit: float) -> I64:
    """Return the hypotheses that stay when those that say the same are taken together.

    Two that share bearings exclude each other: that one or the other is true has the sum of their
    odds, which the more likely one takes over, written into ``known``. They must share several: of
    two short ones that cross near each other one is often a ghost.

    Parameters
    ----------
    known : Hypotheses
        Most likely first.
    limit : float
        Squared Mahalanobis distance of two states up to which they say the same.
    """
    log_odds, used = known[3], known[4]
    n, kept, root, w = len(log_odds), 0, np.empty((6, 6)), np.empty(6)
    stays = np.empty(n, dtype=np.int64)
    for a in range(n):
        into = -1
        for k in range(kept):
            b = stays[k]
            if _in_common(used, a, b) >= ALIKE_FROM and _alike(known, a, b, limit, root, w):
                into = b
                break
        if into < 0:
            stays[kept] = a
            kept += 1
        else:
            log_odds[into] += math.log1p(math.exp(log_odds[a] - log_odds[into]))
    return stays[:kept]


@kernel
def _knots(used: I64) -> I64:
    """Return the knot of each hypothesis: those that share bearings, through others too."""
    n = len(used)
    knot = np.arange(n)
    for a in range(n):
        for b in range(a):
            if knot[a] != knot[b] and _shares(used, a, b):
                gone, stays = max(knot[a], knot[b]), min(knot[a], knot[b])
                for c in range(n):
                    if knot[c] == gone:
                        knot[c] = stays
    return knot


@kernel
def _best_of(knot: I64, which: int, log_odds: F64) -> I64:
    """Return the members of a knot, at most ``KNOT_MAX``, most likely first."""
    members, n = np.empty(len(knot), dtype=np.int64), 0
    for h in range(len(knot)):
        if knot[h] != which:
            continue
        k = n
        while k > 0 and log_odds[members[k - 1]] < log_odds[h]:
            members[k] = members[k - 1]
            k -= 1
        members[k] = h
        n += 1
    return members[: min(n, KNOT_MAX)]


@kernel
def probabilities(log_odds: F64, used: I64) -> F64:
    """Return how probable each hypothesis is, knowing that no bearing has two causes.

    Within a knot all sets of hypotheses that share no bearing are summed over: a set weighs the
    product of its odds, the empty set one.

    Parameters
    ----------
    log_odds : F64
        Shape (k,): ln odds of each against other causes of its bearings.
    used : I64
        Shape (k, u): numbers of the bearings used, -1 for none.
    """
    n = len(log_odds)
    out, knot = np.zeros(n), _knots(used)
    for which in range(n):
        if knot[which] != which:
            continue
        members = _best_of(knot, which, log_odds)
        k = len(members)
        clash, weight = np.zeros(k, dtype=np.int64), np.empty(1 << k)
        for a in range(k):
            for b in range(k):
                if a != b and _shares(used, members[a], members[b]):
                    clash[a] |= 1 << b
        weight[0], largest = 0.0, 0.0
        for chosen in range(1, 1 << k):
            low = 0
            while chosen & (1 << low) == 0:
                low += 1
            rest = chosen & (chosen - 1)
            apart = clash[low] & rest == 0
            weight[chosen] = weight[rest] + log_odds[members[low]] if apart else -math.inf
            largest = max(largest, weight[chosen])
        whole = 0.0
        for chosen in range(1 << k):
            share = math.exp(weight[chosen] - largest)
            whole += share
            for a in range(k):
                if chosen & (1 << a):
                    out[members[a]] += share
        for a in range(k):
            out[members[a]] /= whole
    return out
