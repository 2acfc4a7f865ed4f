"""Updates where what is measured bends over the spread of the state.

An extended filter takes h(x) for straight. Over a wide spread it is not: the slant range of a
target of unknown height, the bearing of one at unknown distance. Curvature adds to each measured
value a mean and a variance (``kernels.slots.second_moments``). What an update resolves of it was
noise, or is done away with by an iterate (Bell and Cathey 1993, "The iterated Kalman filter update
as a Gauss-Newton method", IEEE TAC 38(2); García-Fernández and others 2015, "Posterior
linearization filter", IEEE TSP 63(20)). What it leaves is the same in the next update, as long as
the height or distance stays unknown: it is no noise that would average out, so it is kept in the
covariance and taken out of the weight of the prediction (as errors in a consider filter are;
Schmidt 1966).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.gain import (
    AROUND,
    AT_PLOT,
    BEND_LEFT,
    BEND_MEAN,
    BEND_NOISE,
    BEND_PRIOR,
    BEND_PRIOR_MEAN,
    BEND_SPREAD,
    BENDS,
    DIRECTIONS,
    EXPECTED,
    GAIN,
    HESSIAN,
    INNOVATION,
    ITERATE,
    JACOBIAN,
    NOISE,
    ROWS,
    SIDE,
    SIGHT,
    SPARE,
    TOLD_AXES,
    TOLD_BITS,
    TOLD_LATE,
    TOLD_ORIGIN,
    TOLD_Q,
    TOLD_TIMING,
    TOLD_VALUES,
    TOLD_VARIANCES,
    TOLD_WIDTH,
    Workspace,
    factor,
    joseph,
    linearise,
    moved,
    write_gain,
)
from chowki.kernels.jit import kernel
from chowki.kernels.slots import SLOTS, bend, could_bend, has, second_moments, seen_from, triad

F64 = NDArray[np.float64]

# Curvature below this share of the noise is left out.
SLIGHT = 0.01
# Curvature that an update resolves, above this share of the noise, is worth an iterate.
WORTH = 1.0
# Of the variance of a predicted value, curvature makes up this share at most.
SHARE_MAX = 0.9
# An iterate rests when no slot moves by more than this share of its noise, squared.
SETTLED, STEPS = 1e-2, 20
WEIGHED, ABOUT_PREDICTION, FIRST, ITERATED = range(4)


@kernel
def _around(p: F64, late_s: float, out: F64) -> None:
    """Write the covariance of position and velocity at a plot ``late_s`` <= 0 from the state."""
    for i in range(3):
        for j in range(3):
            cross, swift = p[i, 3 + j], p[3 + i, 3 + j]
            out[i, j] = p[i, j] + late_s * (cross + p[3 + i, j] + late_s * swift)
            out[i, 3 + j] = cross + late_s * swift
            out[3 + j, i] = out[i, 3 + j]
            out[3 + i, 3 + j] = swift


@kernel
def _weigh_bends(m: int, p: F64, mean: int, variance: int, work: Workspace) -> None:
    """Write mean and variance that curvature adds to the slots about the state at the plot."""
    told, bends, at_plot, hess = work[2], work[1][BENDS], work[0][AT_PLOT], work[1][HESSIAN]
    directions, sight, side = work[1][DIRECTIONS], work[0][SIGHT], work[0][SIDE]
    bits, origin = int(told[TOLD_BITS]), told[TOLD_ORIGIN:TOLD_AXES]
    axes = told[TOLD_AXES:TOLD_WIDTH].reshape(3, 3)
    _around(p, told[TOLD_LATE], work[1][SPARE])
    ground, rise = triad(origin, axes, at_plot, directions)
    seen_from(directions, work[1][SPARE], work[1][AROUND], hess)
    for a in range(m):
        bends[mean, a] = bends[variance, a] = 0.0
    a = 0
    for slot in range(4):
        if has(bits, slot):
            n = bend(slot, directions, ground, rise, at_plot, hess, sight, side)
            bends[mean, a], bends[variance, a] = second_moments(
                n, hess, work[1][AROUND], work[1][SPARE]
            )
            a += 1


@kernel
def _remember(
    late_s: float, bits: int, values: F64, variances: F64, origin: F64, axes: F64, q: float,
    timing_s: float, told: F64,
) -> None:  # fmt: skip
    """Keep a plot for the update that may follow."""
    told[TOLD_BITS], told[TOLD_LATE], told[TOLD_Q] = bits, late_s, q
    told[TOLD_TIMING] = timing_s
    for slot in range(SLOTS):
        told[TOLD_VALUES + slot], told[TOLD_VARIANCES + slot] = values[slot], variances[slot]
    for i in range(3):
        told[TOLD_ORIGIN + i] = origin[i]
        for j in range(3):
            told[TOLD_AXES + 3 * i + j] = axes[i, j]


@kernel
def curved(
    m: int, x: F64, p: F64, late_s: float, bits: int, values: F64, variances: F64, origin: F64,
    axes: F64, q: float, timing_s: float, work: Workspace,
) -> bool:  # fmt: skip
    """Return whether curvature counts for a plot just linearised about a prediction.

    Then keeps the plot, and what curvature adds to each slot, in the workspace. Arguments as in
    ``kernels.kalman.innovate``.
    """
    expected, jac = work[0][EXPECTED], work[1][JACOBIAN]
    if not could_bend(bits, p, x, expected, jac, variances, SLIGHT):
        return False
    _remember(late_s, bits, values, variances, origin, axes, q, timing_s, work[2])
    _weigh_bends(m, p, BEND_PRIOR_MEAN, BEND_PRIOR, work)
    largest = 0.0
    for a in range(m):
        largest = max(largest, work[1][BENDS][BEND_PRIOR, a] / work[1][NOISE][a, a])
    return largest > SLIGHT


@kernel
def _spread(a: int, wide: int, p: F64, work: Workspace) -> float:
    """Return the variance of a predicted value, h P h'."""
    h, total = work[1][ROWS], 0.0
    for i in range(wide):
        for j in range(wide):
            total += h[a, i] * p[i, j] * h[a, j]
    return total


@kernel
def allow_for_bends(m: int, wide: int, p: F64, work: Workspace) -> None:
    """Correct an innovation and its spread for curvature, before the two are compared.

    A prediction wide enough to hold the curvature holds it already, from the updates before: the
    plot will differ from it by the rest only. One that is not can't know of it.
    """
    y, h, r, bends = work[0][INNOVATION], work[1][ROWS], work[1][NOISE], work[1][BENDS]
    for a in range(m):
        added = bends[BEND_PRIOR, a]
        if added == 0.0:
            continue
        y[a] -= bends[BEND_PRIOR_MEAN, a]
        spread = _spread(a, wide, p, work)
        if spread < added:
            r[a, a] += added
            continue
        rest = math.sqrt(1.0 - min(added / spread, SHARE_MAX))
        for k in range(wide):
            h[a, k] *= rest


@kernel
def _about(at: F64, work: Workspace) -> int:
    """Linearise the plot last compared about a state; return the number of measured slots."""
    told = work[2]
    return linearise(
        at, told[TOLD_LATE], int(told[TOLD_BITS]), told[TOLD_VALUES:TOLD_VARIANCES],
        told[TOLD_VARIANCES:TOLD_ORIGIN], told[TOLD_ORIGIN:TOLD_AXES],
        told[TOLD_AXES:TOLD_WIDTH].reshape(3, 3), told[TOLD_Q], told[TOLD_TIMING], work,
    )  # fmt: skip


@kernel
def _attempt(m: int, wide: int, p: F64, noisy: bool, work: Workspace, out_p: F64) -> bool:
    """Write gain and covariance about the state last linearised; False when S is not positive.

    The gain weighs the prediction without what curvature leaves in it: R is raised instead, which
    gives the same gain. With ``noisy`` what curvature does not leave counts as noise.
    """
    r, bends = work[1][NOISE], work[1][BENDS]
    for a in range(m):
        left = bends[BEND_LEFT, a]
        if noisy:
            r[a, a] += max(bends[BEND_PRIOR, a] - left, 0.0)
        bends[BEND_NOISE, a] = r[a, a]
        if left > 0.0:
            spread = bends[BEND_SPREAD, a] = _spread(a, wide, p, work)
            r[a, a] /= 1.0 - min(left / spread, SHARE_MAX) if spread > 0.0 else 1.0
    if not factor(p, m, wide, p, work):
        return False
    write_gain(p, m, work)
    for a in range(m):
        r[a, a] = bends[BEND_NOISE, a]
    joseph(p, m, wide, p, work, out_p)
    return True


@kernel
def _keep(m: int, wide: int, work: Workspace, out_p: F64) -> None:
    """Raise a covariance so that it holds what curvature leaves.

    A value is changed by one along the shortest way, its gradient over the gradient's square.
    """
    h, gain, jac, bends = work[1][ROWS], work[1][GAIN], work[1][JACOBIAN], work[1][BENDS]
    bits, a = int(work[2][TOLD_BITS]), 0
    for slot in range(4):
        if not has(bits, slot):
            continue
        left, stays, square = bends[BEND_LEFT, a], 1.0, 0.0
        for k in range(wide):
            stays -= h[a, k] * gain[k, a]
        at = 3 if slot == 3 else 0
        for i in range(3):
            square += jac[slot, at + i] * jac[slot, at + i]
        lack = left - stays * stays * min(left, SHARE_MAX * bends[BEND_SPREAD, a])
        if left > 0.0 and lack > 0.0:
            lack /= square * square
            for i in range(3):
                for j in range(i + 1):
                    out_p[at + i, at + j] += lack * jac[slot, at + i] * jac[slot, at + j]
                    out_p[at + j, at + i] = out_p[at + i, at + j]
        a += 1


@kernel
def _step(m: int, wide: int, x: F64, at: F64, work: Workspace, out_x: F64) -> float:
    """Write the state updated with the gain, linearised about ``at``.

    Returns how far it lies from ``at``: the largest square, by slot, over the noise.
    """
    y, h, bends, farthest = work[0][INNOVATION], work[1][ROWS], work[1][BENDS], 0.0
    for a in range(m):
        y[a] -= bends[BEND_MEAN, a]
        for k in range(wide):
            y[a] -= h[a, k] * (x[k] - at[k])
    moved(x, m, x, work, out_x)
    for a in range(m):
        away = 0.0
        for k in range(wide):
            away += h[a, k] * (out_x[k] - at[k])
        farthest = max(farthest, away * away / bends[BEND_NOISE, a])
    return farthest


@kernel
def _worth(m: int, work: Workspace) -> bool:
    """Return whether an update resolves enough curvature to linearise anew about its result."""
    bends = work[1][BENDS]
    for a in range(m):
        resolved = bends[BEND_PRIOR, a] - bends[BEND_LEFT, a]
        if resolved > WORTH * work[1][NOISE][a, a]:
            return True
    return False


@kernel
def _begin(m: int, x: F64, p: F64, work: Workspace, out_x: F64, out_p: F64) -> None:
    """Start from the prediction, with all its curvature left."""
    for i in range(len(x)):
        work[0][ITERATE, i] = out_x[i] = x[i]
        for j in range(len(x)):
            out_p[i, j] = p[i, j]
    for a in range(m):
        work[1][BENDS, BEND_LEFT, a] = work[1][BENDS, BEND_PRIOR, a]


@kernel
def _take_prior(m: int, all_noise: bool, work: Workspace) -> None:
    """Use what curvature adds about the prediction; with ``all_noise`` leave none of it."""
    bends = work[1][BENDS]
    for a in range(m):
        bends[BEND_MEAN, a] = bends[BEND_PRIOR_MEAN, a]
        if all_noise:
            bends[BEND_LEFT, a] = 0.0


@kernel
def correct_curved(
    m: int, wide: int, x: F64, p: F64, work: Workspace, out_x: F64, out_p: F64
) -> None:
    """Write the update of ``kernels.kalman.correct`` where curvature counts.

    First the spread that an update about the prediction would leave; then that update, or
    iterates if curvature resolved is worth them, at half the pace when one goes farther than the
    one before. Those that do not come to rest are given up.
    """
    at, stage, pace, before = work[0][ITERATE], WEIGHED, 1.0, math.inf
    _begin(m, x, p, work, out_x, out_p)
    for step in range(STEPS):
        _about(at, work)
        if step > 0:
            _weigh_bends(m, out_p, BEND_MEAN, BEND_LEFT, work)
        if step == 1 and _worth(m, work):
            stage = FIRST
        noisy = stage in (ABOUT_PREDICTION, FIRST)
        if noisy:
            _take_prior(m, stage == FIRST, work)
        if not _attempt(m, wide, p, noisy, work, out_p):
            return
        if stage == WEIGHED:
            stage = ABOUT_PREDICTION
            continue
        away = _step(m, wide, x, at, work, out_x)
        if stage == ABOUT_PREDICTION or (stage == ITERATED and away < SETTLED):
            _keep(m, wide, work, out_p)
            return
        if stage == ITERATED and away > before:
            pace *= 0.5
        before, given_up = away, step == STEPS - 3
        stage = WEIGHED if given_up else ITERATED
        for i in range(len(x)):
            at[i] = x[i] if given_up else at[i] + pace * (out_x[i] - at[i])
