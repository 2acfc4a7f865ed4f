"""What a radar can't tell apart: targets that share a resolution cell give one plot.

The cell follows from the accuracies that are stated: an error is the cell's width over
sqrt(2 S) in range and over 1.6 sqrt(2 S) in angle at the signal-to-noise ratio S of the reference
target (Barton 1988, "Modern Radar System Analysis", ch. 8; Skolnik 2001, "Introduction to Radar
Systems", eq. 6.27 ff.).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import P_TIME, P_VALUE
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import AZIMUTH, RANGE
from chowki.kernels.measure import spherical, wrap

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Couples of a row in question and a plot that lie in one cell.
Mates = tuple[I64, I64]
# From this existence on a track is a reason for a plot.
EXISTS = 0.5


@kernel
def cell_of(sigma_range_m: float, sigma_azimuth_rad: float, snr: float) -> tuple[float, float]:
    """Return range and azimuth widths of the resolution cell, m and rad."""
    factor = math.sqrt(2.0 * snr)
    return sigma_range_m * factor, 1.6 * sigma_azimuth_rad * factor


@kernel
def cell_mates(
    state: F64, covariance: F64, time_s: F64, existence: F64, rows: I64, plots: F64, bits: I64,
    origin: F64, axes: F64, middle_s: float, slack_s: float, cell: tuple[float, float],
) -> Mates:  # fmt: skip
    """Return the couples of existing tracks and plots that may lie in one resolution cell.

    Two deviations of a track's own place are allowed for, but no more than two cells across and,
    because cells are short, eight along.

    Parameters
    ----------
    state, covariance, time_s, existence : F64
        Shapes (n, 6), (n, 6, 6), (n,), (n,): of all tracks.
    rows : I64
        Shape (k,): tracks in question.
    plots, bits : F64, I64
        Shapes (m, P_WIDTH), (m,).
    origin, axes : F64
        Position (3,) and axes (3, 3) of the sensor.
    middle_s, slack_s : float
        Middle of the look, and how far from it its plots lie in time.
    cell : tuple of float
        Widths in range (m) and azimuth (rad).

    Returns
    -------
    row, plot : I64
        Shape (c,): numbers of the row in question and of the plot, in the order of plots.
    """
    polar, n, m = RANGE | AZIMUTH, len(rows), len(plots)
    near, k_near = np.empty(n, dtype=np.int64), 0
    at = np.empty((n, 4))  # range, azimuth, and how near a plot must be in either
    for k in range(n):
        if existence[rows[k]] < EXISTS:
            continue
        x, dt = state[rows[k]], middle_s - time_s[rows[k]]
        at[k_near, 0], at[k_near, 1], _ = spherical(
            origin, axes, x[0] + dt * x[3], x[1] + dt * x[4], x[2] + dt * x[5]
        )
        along, across = _deviations(x, covariance[rows[k]], float(dt), origin)
        at[k_near, 2] = cell[0] + min(2.0 * along, 8.0 * cell[0])
        at[k_near, 3] = cell[1] + min(2.0 * across / max(at[k_near, 0], 1.0), 2.0 * cell[1])
        near[k_near] = k
        k_near += 1
    row, plot, c = np.empty(m + 8, dtype=np.int64), np.empty(m + 8, dtype=np.int64), 0
    for j in range(m):
        if bits[j] & polar != polar:
            continue
        slant, azimuth = plots[j, P_VALUE], plots[j, P_VALUE + 1]
        for q in range(k_near):
            k = near[q]
            x = state[rows[k]]
            speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
            if abs(at[q, 0] - slant) > at[q, 2] + speed * slack_s:
                continue
            off = abs(wrap(at[q, 1] - azimuth)) - speed * slack_s / max(slant, 1.0)
            if off > at[q, 3]:
                continue
            dt = plots[j, P_TIME] - time_s[rows[k]]
            there, turned, _ = spherical(
                origin, axes, x[0] + dt * x[3], x[1] + dt * x[4], x[2] + dt * x[5]
            )
            if abs(there - slant) > at[q, 2] or abs(wrap(turned - azimuth)) > at[q, 3]:
                continue
            if c == len(row):
                row, plot = _longer(row), _longer(plot)
            row[c], plot[c] = k, j
            c += 1
    return row[:c], plot[:c]


@kernel
def _deviations(x: F64, p: F64, dt: float, origin: F64) -> tuple[float, float]:
    """Return the standard deviations of a place in ``dt`` seconds, along and across the view."""
    dx, dy = x[0] + dt * x[3] - origin[0], x[1] + dt * x[4] - origin[1]
    length = max(math.sqrt(dx * dx + dy * dy), 1.0)
    u, v = dx / length, dy / length
    xx = p[0, 0] + dt * (2.0 * p[0, 3] + dt * p[3, 3])
    yy = p[1, 1] + dt * (2.0 * p[1, 4] + dt * p[4, 4])
    xy = p[0, 1] + dt * (p[0, 4] + p[1, 3] + dt * p[3, 4])
    along = u * u * xx + 2.0 * u * v * xy + v * v * yy
    across = v * v * xx - 2.0 * u * v * xy + u * u * yy
    return math.sqrt(max(along, 0.0)), math.sqrt(max(across, 0.0))


@kernel
def _longer(values: I64) -> I64:
    out = np.empty(2 * len(values), dtype=np.int64)
    out[: len(values)] = values
    return out


@kernel
def shadow(mates: Mates, chance: F64) -> F64:
    """Let no miss count against tracks that may hide in each other's plot, in place.

    Parameters
    ----------
    mates : Mates
        As ``cell_mates`` returns them.
    chance : F64
        Shape (k, 3): existence, P_D on a pair, P_D on a miss (written).

    Returns
    -------
    F64
        Shape (k, 3): the same for tracks that may contest a plot. Those that hide in each other's
        plot do not: which of them caused it has no answer.
    """
    row, plot = mates
    contests, first = chance.copy(), 0
    while first < len(plot):
        last = first
        while last < len(plot) and plot[last] == plot[first]:
            last += 1
        if last - first > 1:
            for c in range(first, last):
                chance[row[c], 2] = contests[row[c], 2] = contests[row[c], 0] = 0.0
        first = last
    return contests


@kernel
def unexplained(mates: Mates, existence: F64, pairs: tuple[I64, I64, F64], free: F64) -> F64:
    """Return the probability that a plot is neither of a track nor told from one that is there.

    A track explains a plot in its cell unless it has caused another plot of this look.

    Parameters
    ----------
    mates : Mates
        As ``cell_mates`` returns them.
    existence : F64
        Shape (k,): of the tracks in question.
    pairs : tuple of arrays
        CSR starts (k + 1,), plots, probabilities of these rows.
    free : F64
        Shape (m,): probability that a plot came from no track.
    """
    starts, pair_plot, share = pairs
    row, plot = mates
    out = free.copy()
    for c in range(len(row)):
        k, elsewhere = row[c], 0.0
        for q in range(starts[k], starts[k + 1]):
            if pair_plot[q] != plot[c]:
                elsewhere += share[q]
        out[plot[c]] *= 1.0 - existence[k] * max(1.0 - elsewhere, 0.0)
    return out
