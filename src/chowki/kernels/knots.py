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

from chowki.kernels.bearings import (
    LOG_TWO_PI,
    Y_AXES,
    Y_AZIMUTH,
    Y_AZIMUTH_VAR,
    Y_BITS,
    Y_ELEVATION,
    Y_ELEVATION_VAR,
    Y_LOG_C,
    Y_LOG_DETECTION,
    Y_LOG_FREE,
    Y_NUMBER,
    Y_ORIGIN,
    Y_REACH,
    Y_SENSOR,
    Y_TIME,
    Y_WIDTH,
    crossed,
)
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import correct, innovate, workspace
from chowki.kernels.modes import Q_HORIZONTAL, SPACE, Motion, advance

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Hypotheses of one knot whose sets are enumerated; more are judged by the best of them.
KNOT_MAX = 14

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
def _holds(used: I64, row: int, number: int) -> bool:
    """Return whether a hypothesis uses a bearing."""
    found = False
    for i in range(used.shape[1]):
        found = found or used[row, i] == number
    return found


@kernel
def _use(used: I64, row: int, number: int) -> None:
    """Put a bearing first among those that a hypothesis uses; the oldest one is forgotten."""
    for i in range(used.shape[1] - 1, 0, -1):
        used[row, i] = used[row, i - 1]
    used[row, 0] = number


@kernel
def _copy(source: Hypotheses, a: int, out: Hypotheses, b: int) -> None:
    """Copy one hypothesis."""
    out[0][b], out[1][b], out[2][b], out[3][b] = (
        source[0][a],
        source[1][a],
        source[2][a],
        source[3][a],
    )
    out[4][b], out[5][b] = source[4][a], source[5][a]


@kernel
def _unheard(x: F64, ear: F64) -> float:
    """Return ln of the probability that a sensor does not hear a target."""
    square = 0.0
    for i in range(3):
        square += (x[i] - ear[Y_ORIGIN + i]) ** 2
    return ear[Y_LOG_DETECTION] if square < ear[Y_REACH] ** 2 else 0.0


@kernel
def carried_on(
    known: Hypotheses, heard: F64, ear: F64, motion: Motion, gates: F64, replaced: float,
    out: Hypotheses,
) -> int:  # fmt: skip
    """Write the hypotheses after the bearings of one scan; return their number.

    Parameters
    ----------
    known : Hypotheses
        Those so far.
    heard : F64
        Shape (m, Y_WIDTH): bearings of one sensor.
    ear : F64
        Shape (Y_WIDTH,): the sensor itself; ``Y_LOG_DETECTION`` holds ln of the probability that it
        does not hear a target in its reach.
    motion : Motion
        How targets move, in its first mode.
    gates : F64
        Shape (11,): largest squared Mahalanobis distance by number of slots.
    replaced : float
        A hypothesis is let go when a bearing raises its odds more than so many times.
    out : Hypotheses
        Written; what has no room is left out.
    """
    state, covariance, time_s, log_odds, used, count = known
    ox, op, ot, oo, ou, oc = out
    work, f, fp, n = workspace(SPACE), np.empty((6, 6)), np.empty((6, 6)), 0
    x, p, values, variances = np.empty(6), np.empty((6, 6)), np.zeros(10), np.ones(10)
    for h in range(len(time_s)):
        best = 0.0
        for j in range(len(heard)):
            row = heard[j]
            dt = max(row[Y_TIME] - time_s[h], 0.0)
            advance(SPACE, motion, 0, dt, state[h], covariance[h], x, p, f, fp)
            values[1], values[2] = row[Y_AZIMUTH], row[Y_ELEVATION]
            variances[1], variances[2] = row[Y_AZIMUTH_VAR], row[Y_ELEVATION_VAR]
            late = min(row[Y_TIME] - time_s[h], 0.0)
            m, wide, squared, log_det = innovate(
                SPACE, x, p, late, int(row[Y_BITS]), values, variances, row[Y_ORIGIN:Y_AXES],
                row[Y_AXES:Y_WIDTH].reshape(3, 3), motion[0][0, Q_HORIZONTAL], 0.0, work,
            )  # fmt: skip
            if m == 0 or squared > gates[m] or n == len(ot):
                continue
            raised = -0.5 * (squared + log_det + m * LOG_TWO_PI) - row[Y_LOG_C]
            raised += row[Y_LOG_DETECTION] + row[Y_LOG_FREE]
            best = max(best, raised)
            correct(SPACE, m, wide, x, p, work, ox[n], op[n])
            ot[n], oo[n] = max(row[Y_TIME], time_s[h]), log_odds[h] + raised
            ou[n], oc[n] = used[h], count[h] + 1
            _use(ou, n, int(row[Y_NUMBER]))
            n += 1
        if best < math.log(replaced) and n < len(ot):
            _copy(known, h, out, n)
            oo[n] += _unheard(state[h], ear)
            n += 1
    return n


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

    Two that share a bearing exclude each other: that one or the other is true has the sum of their
    odds, which the more likely one takes over, written into ``known``.

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
            if _shares(used, a, b) and _alike(known, a, b, limit, root, w):
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
