"""The common case made quick: one mode in the plane, all plots of a scan of one time and one noise.

Then every alternative of a track has the same gain, and the moment match of all of them has the
closed form of the probabilistic data association filter (Bar-Shalom, Daum and Huang 2009, "The
probabilistic data association filter", IEEE Control Systems 29(6), eq. 33 to 45). The numbers are
those of ``kernels.gate.candidates`` and ``kernels.bernoulli.update``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.bernoulli import negligible
from chowki.kernels.cells import sort_into_cells, span
from chowki.kernels.filter import LOG_TWO_PI, P_LOG_C, P_TIME, P_VALUE, PLANE_VARIANCE
from chowki.kernels.gate import grown
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# S of a predicted position: both variances and the covariance.
Spread = tuple[float, float, float]


@kernel
def alike(plots: F64, at_s: float) -> bool:
    """Return whether all plots have one time, that of the scan, and one noise.

    No track is younger than the last scan, so none is younger than these plots.
    """
    if len(plots) == 0:
        return False
    for j in range(len(plots)):
        if plots[j, P_TIME] != at_s:
            return False
        for column in (PLANE_VARIANCE, PLANE_VARIANCE + 1):
            if plots[j, column] != plots[0, column]:
                return False
    return True


@kernel
def _spread(p: F64, i: int, dt: float, cube: float, noise: F64) -> Spread:
    """Return S of track i in ``dt`` seconds; ``cube`` is q dt^3 / 3, ``noise`` any of the plots."""
    square = dt * dt
    s00 = p[i, 0, 0] + 2.0 * dt * p[i, 0, 2] + square * p[i, 2, 2] + cube
    s01 = p[i, 0, 1] + dt * (p[i, 0, 3] + p[i, 1, 2]) + square * p[i, 2, 3]
    s11 = p[i, 1, 1] + 2.0 * dt * p[i, 1, 3] + square * p[i, 3, 3] + cube
    return s00 + noise[PLANE_VARIANCE], s01, s11 + noise[PLANE_VARIANCE + 1]


@kernel
def pda_candidates(
    state: F64, covariance: F64, time_s: F64, chance: F64, plots: F64, q: float, gate: float
) -> tuple[I64, I64, F64]:
    """Predict, gate and weigh every track.

    Parameters
    ----------
    state, covariance, time_s : F64
        Shapes (n, 4), (n, 4, 4), (n,).
    chance : F64
        Shape (n, 3): existence now, P_D as it weighs on a pair, as it weighs on a miss.
    plots : F64
        Shape (m, PLANE_WIDTH), m > 0, which are ``alike``.
    q, gate : float
        Spectral density of acceleration (m2/s3); largest squared Mahalanobis distance.

    Returns
    -------
    starts, pair_plot, weight : I64, I64, F64
        CSR list: w_ij / c_j.
    """
    grid, sides, cell_starts, points = sort_into_cells(
        plots[:, P_VALUE].copy(), plots[:, P_VALUE + 1].copy(), 0.0
    )
    ordered = np.empty((len(plots), 3))
    for c in range(len(points)):
        row = plots[points[c]]
        ordered[c, 0], ordered[c, 1] = row[P_VALUE], row[P_VALUE + 1]
        ordered[c, 2] = math.exp(-row[P_LOG_C] - LOG_TWO_PI)
    starts, pairs = np.zeros(len(state) + 1, dtype=np.int64), 0
    pair_plot, weight = np.empty(len(plots) + 16, dtype=np.int64), np.empty(len(plots) + 16)
    at_s, noise = plots[0, P_TIME], plots[0]
    for i in range(len(state)):
        dt = at_s - time_s[i]
        x, y = state[i, 0] + dt * state[i, 2], state[i, 1] + dt * state[i, 3]
        s00, s01, s11 = _spread(covariance, i, dt, q * dt * dt * dt / 3.0, noise)
        det = s00 * s11 - s01 * s01
        factor = chance[i, 0] * chance[i, 1] / math.sqrt(det)
        first_a, count_a = span(x, math.sqrt(gate * s00), grid[0], grid[1], sides[0], 0.0)
        first_b, count_b = span(y, math.sqrt(gate * s11), grid[2], grid[3], sides[1], 0.0)
        for ia in range(first_a, first_a + count_a):
            if count_b <= 0:  # no cell: the first one may lie outside the grid
                break
            from_c = cell_starts[ia * sides[1] + first_b]
            to_c = cell_starts[ia * sides[1] + first_b + count_b]
            for c in range(from_c, to_c):
                dx, dy = ordered[c, 0] - x, ordered[c, 1] - y
                squared = (dx * dx * s11 - 2.0 * dx * dy * s01 + dy * dy * s00) / det
                if not squared <= gate:
                    continue
                if pairs == len(pair_plot):
                    pair_plot, weight = grown(pair_plot, weight)
                pair_plot[pairs] = points[c]
                weight[pairs] = factor * math.exp(-0.5 * squared) * ordered[c, 2]
                pairs += 1
        starts[i + 1] = pairs
    return starts, pair_plot[:pairs], weight[:pairs]


@kernel
def _predicted(state: F64, covariance: F64, i: int, dt: float, q: float, x: F64, p: F64) -> None:
    """Write the prediction of track i over ``dt`` >= 0 seconds."""
    cube, square = q * dt * dt * dt / 3.0, 0.5 * q * dt * dt
    for a in range(2):
        x[a] = state[i, a] + dt * state[i, 2 + a]
        x[2 + a] = state[i, 2 + a]
    for a in range(2):
        for b in range(2):
            cross = covariance[i, a, 2 + b] + dt * covariance[i, 2 + a, 2 + b]
            p[a, b] = covariance[i, a, b] + dt * (covariance[i, 2 + a, b] + cross)
            p[a, 2 + b] = p[2 + b, a] = cross
            p[2 + a, 2 + b] = covariance[i, 2 + a, 2 + b]
        p[a, a] += cube
        p[a, 2 + a] += square
        p[2 + a, a] += square
        p[2 + a, 2 + a] += q * dt


@kernel
def _innovations(
    x: F64, pair_plot: I64, share: F64, lo: int, hi: int, least: float, plots: F64
) -> tuple[float, float, float, float, float, float]:
    """Return the weights' sum, and the weighted sums of innovations and of their products."""
    total, y0, y1, y00, y01, y11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(lo, hi):
        if share[k] < least:
            continue
        a = plots[pair_plot[k], P_VALUE] - x[0]
        b = plots[pair_plot[k], P_VALUE + 1] - x[1]
        w = share[k]
        total += w
        y0 += w * a
        y1 += w * b
        y00 += w * a * a
        y01 += w * a * b
        y11 += w * b * b
    return total, y0, y1, y00, y01, y11


@kernel
def _matched(
    i: int, x: F64, p: F64, noise: F64, left: float,
    sums: tuple[float, float, float, float, float, float], gain: F64, state: F64, covariance: F64,
) -> None:  # fmt: skip
    """Write the moment match of a miss and of all updates, which share one gain."""
    found, y0, y1, y00, y01, y11 = sums
    whole = found + left
    s00, s01, s11 = p[0, 0] + noise[PLANE_VARIANCE], p[0, 1], p[1, 1] + noise[PLANE_VARIANCE + 1]
    det = s00 * s11 - s01 * s01
    for a in range(4):
        gain[a, 0] = (p[a, 0] * s11 - p[a, 1] * s01) / det
        gain[a, 1] = (p[a, 1] * s00 - p[a, 0] * s01) / det
    y0, y1 = y0 / whole, y1 / whole
    # what the spread of innovations adds less what detection takes away, both seen through the gain
    m00 = y00 / whole - y0 * y0 - s00 * found / whole
    m01 = y01 / whole - y0 * y1 - s01 * found / whole
    m11 = y11 / whole - y1 * y1 - s11 * found / whole
    for a in range(4):
        state[i, a] = x[a] + gain[a, 0] * y0 + gain[a, 1] * y1
        g0 = gain[a, 0] * m00 + gain[a, 1] * m01
        g1 = gain[a, 0] * m01 + gain[a, 1] * m11
        for b in range(a + 1):
            moved = p[a, b] + g0 * gain[b, 0] + g1 * gain[b, 1]
            covariance[i, a, b] = covariance[i, b, a] = moved


@kernel
def pda_update(
    state: F64, covariance: F64, time_s: F64, existence: F64, chance: F64,
    pairs: tuple[I64, I64, F64, F64], plots: F64, q: float, skipped: I64,
) -> None:  # fmt: skip
    """Update every track in place.

    Parameters
    ----------
    state, covariance, time_s, existence : F64
        Shapes (n, 4), (n, 4, 4), (n,), (n,).
    chance, plots, q
        As in ``pda_candidates``.
    pairs : tuple of arrays
        CSR starts (n + 1,), plots (p,), their probabilities (p,), probability of a miss (n,).
    skipped : I64
        Shape (n,): tracks marked with 1 are left as they are.
    """
    starts, pair_plot, share, share_missed = pairs
    x, p, gain = np.empty(4), np.empty((4, 4)), np.empty((4, 2))
    for i in range(len(state)):
        if skipped[i] > 0:
            continue
        now, miss = chance[i, 0], chance[i, 2]
        left = share_missed[i] * now * (1.0 - miss) / (1.0 - now * miss)
        found = 0.0
        for k in range(starts[i], starts[i + 1]):
            found += share[k]
        existence[i] = min(max(left + found, 0.0), 1.0)
        least = negligible(left + found)
        if found < least:
            continue
        _predicted(state, covariance, i, plots[0, P_TIME] - time_s[i], q, x, p)
        sums = _innovations(x, pair_plot, share, int(starts[i]), int(starts[i + 1]), least, plots)
        if sums[0] > 0.0:
            left = left if left > least else 0.0
            _matched(i, x, p, plots[0], left, sums, gain, state, covariance)
            time_s[i] = plots[0, P_TIME]
