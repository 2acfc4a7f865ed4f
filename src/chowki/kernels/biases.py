"""One Kalman filter over the biases of all sensors, fed with windows, that notices jumps.

Biases wander slowly (first-order Gauss-Markov about zero, Bar-Shalom, Li and Kirubarajan 2001,
8.2.3). A jump is noticed by a generalised likelihood ratio (Willsky and Jones 1976, "A generalized
likelihood ratio approach to the detection and estimation of jumps in linear systems", IEEE TAC
21(1)), averaged over the size of the jump: for each sensor, what the innovations of the last
minute say for a jump of its biases, the others' uncertainty allowed for. The sensor with the
highest ratio is named: its partners meet the contradiction in windows with it only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.registration import (
    B_TIME,
    BIASES,
    POSITION,
    Sensors,
    Window,
    information,
    surprise,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Limits, one vector: spectral densities (m2/s3) as in ``kernels.registration``; what counts as a
# surprise (deviations of a standard normal); how far a bias may jump (deviations of its prior);
# log likelihood ratio that one window adds at most, that flags, and by which others must be behind.
SURPRISE, JUMP, RATIO_STEP, RATIO_FLAG, RATIO_LEAD, LIMITS = 2, 3, 4, 5, 6, 7
# What became of a window: used; not a straight flight; more than the biases allow; named a jump.
USED, OUTLYING, SURPRISING, JUMPED = 0, 1, 2, 3

# A ratio that speaks so clearly against a jump that half of its evidence is let go: what has long
# been well must not hide what goes wrong now.
FORGOTTEN = -8.0
# Bit of ``core.places.Measures`` that measures each bias; time needs none.
MEASURED = np.array([1, 2, 4, 0])
# Evidence for a jump of each sensor: vector (n, 4), information (n, 4, 4), ratio (n,).
Doubts = tuple[F64, F64, F64]


def places_of(window: Window, prior: F64) -> tuple[I64, I64]:
    """Return which biases a window speaks of, and where each plot's stand among them.

    Parameters
    ----------
    window : Window
        Plots of one target.
    prior : F64
        Shape (n, 4): prior variances; a bias without one is left out.

    Returns
    -------
    states : I64
        Shape (d,), ascending: 4 x row of the sensor + bias.
    place : I64
        Shape (k, 4): their place for each plot, -1 for none.
    """
    _, row, bits, _, _ = window
    code = BIASES * row[:, None] + np.arange(BIASES)
    measured = (bits[:, None] & MEASURED != 0) & (bits[:, None] & POSITION == 0)
    measured[:, B_TIME] = True
    spoken = measured & (prior[row] > 0.0)
    states = np.unique(code[spoken])
    return states, np.where(spoken, np.searchsorted(states, code), -1)


@kernel
def update(states: I64, root: F64, inner: F64, w: F64, bias: F64, covariance: F64) -> None:
    """Take a window into the filter, in place.

    With P the covariance, C and D the factors that ``surprise`` wrote, U = P_L C^-T and
    V = U D^-T: b += V w, P += V V' - U U' (the information form of the update, symmetric as
    written).

    Parameters
    ----------
    states : I64
        Shape (d,): which biases the window speaks of.
    root, inner, w : F64
        Shapes (d, d), (d, d), (d,), as ``kernels.registration.surprise`` wrote them.
    bias, covariance : F64
        Shapes (m,), (m, m), changed.
    """
    m, d = len(covariance), len(states)
    u, v = np.empty((m, d)), np.empty((m, d))
    for i in range(m):
        for j in range(d):
            total = covariance[i, states[j]]
            for k in range(j):
                total -= u[i, k] * root[j, k]
            u[i, j] = total / root[j, j]
        for j in range(d):
            total = u[i, j]
            for k in range(j):
                total -= v[i, k] * inner[j, k]
            v[i, j] = total / inner[j, j]
            bias[i] += v[i, j] * w[j]
    for i in range(m):
        for j in range(i + 1):
            total = covariance[i, j]
            for k in range(d):
                total += v[i, k] * v[j, k] - u[i, k] * u[j, k]
            covariance[i, j] = covariance[j, i] = total


@kernel
def evidence(told: F64, root: F64, inner: F64, w: F64) -> F64:
    """Return what a window says of a change beyond the known uncertainty, shape (d, d + 1).

    With G = D^-1 C' L: information L - G' G and vector l - G' w (last column).
    """
    d = len(w)
    g, out = np.empty((d, d)), told[:d].copy()
    for i in range(d):
        for j in range(d):
            total = 0.0
            for k in range(i, d):
                total += root[k, i] * told[k, j]
            for k in range(i):
                total -= inner[i, k] * g[k, j]
            g[i, j] = total / inner[i, i]
    for i in range(d):
        for k in range(d):
            out[i, d] -= g[k, i] * w[k]
            for j in range(d):
                out[i, j] -= g[k, i] * g[k, j]
    return out


@kernel
def jump_ratio(pull: F64, weight: F64, jump: F64) -> float:
    """Return the log likelihood ratio of a jump, averaged over its size.

    Half h' (A + J^-1)^-1 h less half ln det (I + J A), with evidence h, A and a jump N(0, J).

    Parameters
    ----------
    pull, weight : F64
        Shapes (4,), (4, 4): information vector h and matrix A about the jump.
    jump : F64
        Shape (4,): variances J; a bias without one can't jump.
    """
    may = np.empty(len(jump), dtype=np.int64)
    d = 0
    for k in range(len(jump)):
        if jump[k] > 0.0:
            may[d] = k
            d += 1
    if d == 0:
        return 0.0
    told, may_be = np.zeros((d + 1, d + 1)), np.zeros((d, d))
    for i in range(d):
        told[i, d], may_be[i, i] = pull[may[i]], jump[may[i]]
        for k in range(d):
            told[i, k] = weight[may[i], may[k]]
    root, inner, w = np.empty((d, d)), np.empty((d, d)), np.empty(d)
    _, log_det = surprise(told, may_be, root, inner, w)
    total = 0.0
    for i in range(d):
        total += w[i] * w[i]
    return 0.5 * (total - log_det)


@kernel
def _gathered(states: I64, said: F64, jump: F64, doubts: Doubts, step: float) -> I64:
    """Add what a window says for a jump of each of its sensors; return their rows.

    What would say more than ``step`` is toned down: one window alone never names a sensor.
    """
    pull, weight, ratio = doubts
    rows, d = np.empty(len(states), dtype=np.int64), len(states)
    h, a = np.zeros((d, BIASES)), np.zeros((d, BIASES, BIASES))
    n, most, first = 0, step, 0
    for i in range(d):  # ascending: those of one sensor stand together
        row = states[i] // BIASES
        if n == 0 or rows[n - 1] != row:
            rows[n], first = row, i
            n += 1
        h[n - 1, states[i] % BIASES] = said[i, d]
        for k in range(first, i + 1):
            a[n - 1, states[i] % BIASES, states[k] % BIASES] = said[i, k]
            a[n - 1, states[k] % BIASES, states[i] % BIASES] = said[k, i]
    for r in range(n):
        most = max(most, jump_ratio(h[r], a[r], jump[rows[r]]))
    for r in range(n):
        row = rows[r]
        pull[row] += step / most * h[r]
        weight[row] += step / most * a[r]
        ratio[row] = jump_ratio(pull[row], weight[row], jump[row])
        if ratio[row] < FORGOTTEN:
            pull[row] *= 0.5
            weight[row] *= 0.5
    return rows[:n]


def _named(rows: I64, jump: F64, covariance: F64, doubts: Doubts, lead: float) -> int:
    """Widen what is known of a sensor that has jumped, and of those nearly as suspect.

    Returns its row. The evidence against all sensors that the window speaks of starts anew.
    """
    pull, weight, ratio = doubts
    worst = int(rows[np.argmax(ratio[rows])])
    for row in rows[ratio[rows] > ratio[worst] - lead]:
        at = BIASES * row + np.arange(BIASES)
        covariance[at, at] += jump[row]
    pull[rows], weight[rows], ratio[rows] = 0.0, 0.0, 0.0
    return worst


def weigh(
    window: Window, sensors: Sensors, about: F64, height_sd_m: float, covariance: F64,
    doubts: Doubts, limits: F64,
) -> tuple[int, int, float, int]:  # fmt: skip
    """Take one window into the filter, or say why not.

    Parameters
    ----------
    window : Window
        Plots of one target by two sensors or more, times from a reference time near them.
    sensors : Sensors
        All sensors; their biases (n, 4) are changed.
    about, height_sd_m : F64, float
        Guess of the target's state at the reference time, and how well its height is known.
    covariance : F64
        Shape (4 n, 4 n): of the biases, changed.
    doubts : Doubts
        What speaks for a jump of each sensor, changed.
    limits : F64
        Shape (LIMITS,).

    Returns
    -------
    outcome : int
        ``USED``, ``OUTLYING``, ``SURPRISING`` or ``JUMPED``.
    sensor : int
        Row of the sensor that jumped, else -1.
    squared, freedom : float, int
        Normalised innovation squared of the window, and the number of its degrees of freedom.
    """
    from scipy.special import chdtri

    states, place = places_of(window, sensors[3])
    d, told, freedom = len(states), np.empty((1, 1)), 0
    if d:
        told, freedom = information(window, sensors, place, d, about, height_sd_m, limits)
    if freedom == 0:
        return OUTLYING, -1, 0.0, 0
    root, inner, w = np.empty((d, d)), np.empty((d, d)), np.empty(d)
    jump = limits[JUMP] ** 2 * sensors[3]
    bound = float(chdtri(freedom, 0.5 * math.erfc(limits[SURPRISE] / math.sqrt(2.0))))
    known = covariance[np.ix_(states, states)]
    at_most, _ = surprise(told, known + np.diag(jump.ravel()[states]), root, inner, w)
    squared, _ = surprise(told, known, root, inner, w)
    if min(at_most, squared) < 0.0 or not at_most <= bound:
        return OUTLYING, -1, squared, freedom
    rows = _gathered(states, evidence(told, root, inner, w), jump, doubts, limits[RATIO_STEP])
    if np.max(doubts[2][rows]) > limits[RATIO_FLAG]:
        worst = _named(rows, jump, covariance, doubts, limits[RATIO_LEAD])
        return JUMPED, worst, squared, freedom
    if squared > bound:
        return SURPRISING, -1, squared, freedom
    update(states, root, inner, w, sensors[2].reshape(-1), covariance)
    return USED, -1, squared, freedom


def absorb(
    starts: I64, window: Window, sensors: Sensors, about: F64, height_sd_m: F64, covariance: F64,
    doubts: Doubts, limits: F64,
) -> tuple[I64, I64, F64, I64]:  # fmt: skip
    """Take windows one after the other into the filter, in place.

    Parameters
    ----------
    starts : I64
        Shape (w + 1,): window i holds plots ``starts[i]`` to ``starts[i + 1]``.
    window : Window
        Plots of all windows, one behind the other.
    sensors : Sensors
        All sensors; their biases are changed.
    about, height_sd_m : F64
        Shapes (w, 6), (w,): as ``weigh`` takes them.
    covariance : F64
        Shape (4 n, 4 n): changed.
    doubts : Doubts
        Of all sensors, changed.
    limits : F64
        Shape (LIMITS,).

    Returns
    -------
    outcome, sensor, squared, freedom : I64, I64, F64, I64
        Shape (w,): what ``weigh`` returned for each.
    """
    n = len(starts) - 1
    outcome, named = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    squared, freedom = np.empty(n), np.empty(n, dtype=np.int64)
    time_s, row, bits, values, variances = window
    for i in range(n):
        at = slice(int(starts[i]), int(starts[i + 1]))
        one = (time_s[at], row[at], bits[at], values[at], variances[at])
        outcome[i], named[i], squared[i], freedom[i] = weigh(
            one, sensors, about[i], float(height_sd_m[i]), covariance, doubts, limits
        )
    return outcome, named, squared, freedom


@kernel
def spaced(track: I64, row: I64, time_s: F64, spacing_s: float) -> NDArray[np.bool_]:
    """Return which plots to keep so that those of one sensor and track lie apart in time.

    Parameters
    ----------
    track, row, time_s : I64, I64, F64
        Shape (n,), sorted by track, sensor and time.
    spacing_s : float
        Least time from one to the next, s.
    """
    kept = np.ones(len(track), dtype=np.bool_)
    last = 0
    for i in range(1, len(track)):
        same = track[i] == track[last] and row[i] == row[last]
        if same and time_s[i] - time_s[last] < spacing_s:
            kept[i] = False
        else:
            last = i
    return kept
