"""Plots that are all off their tracks alike: the quick sign of a bias or a clock that jumped."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import wrap
from chowki.kernels.registration import (
    B_AZIMUTH,
    B_RANGE,
    B_TIME,
    BIASES,
    POSITION,
    cholesky,
    forward,
    seen,
    values_of,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


# Shifts are allowances wide beside what is learned of them: their variance is no less than this;
# what is further off than so many deviations is neither judged nor learned.
LEAST_SPREAD, UNSURE = 0.36, 3.0
# origin (3,), axes (3, 3), variances of range, azimuth, elevation (or position) and clock (4,),
# spectral densities of acceleration, horizontal and vertical (2,).
Glass = tuple[F64, F64, F64, F64]
# time (n,), state (n, 6), covariance (n, 6, 6) of tracks, before the look.
Aloft = tuple[F64, F64, F64]


@kernel
def _at_plot(x: F64, p: F64, dt_s: float, psd: F64, at: F64, spread: F64) -> None:
    """Write position and its covariance of a straight flight after a time (or before it)."""
    for i in range(3):
        at[i] = x[i] + dt_s * x[i + 3]
        for j in range(3):
            moved = p[i, j] + dt_s * (p[i, j + 3] + p[i + 3, j]) + dt_s * dt_s * p[i + 3, j + 3]
            spread[i, j] = moved
        spread[i, i] += psd[0 if i < 2 else 1] * abs(dt_s) ** 3 / 3.0


@kernel
def _compared(plot: F64, row: int, bits: int, glass: Glass, aloft: Aloft, jac: F64) -> int:
    """Write a plot's whitened [J | y] against a track; return its rows, 0 when it failed.

    J is the derivative by a shift of range, azimuth, elevation and time; y the innovation.
    """
    origin, axes, variance, psd = glass
    at, spread, z, y = np.empty(3), np.empty((3, 3)), np.empty(3), np.empty(3)
    g, r, s, slot = np.empty((3, 3)), np.empty(3), np.empty((3, 3)), np.empty(3, dtype=np.int64)
    x = aloft[1][row]
    _at_plot(x, aloft[2][row], plot[0] - aloft[0][row], psd, at, spread)
    m = seen(bits, origin, axes, at, slot, z, g)
    values_of(bits, plot[1:], y)
    values_of(bits, variance, r)
    for i in range(m):
        off = y[i] - z[i]
        jac[i, :] = 0.0
        jac[i, BIASES] = wrap(off) if slot[i] == B_AZIMUTH else off
        jac[i, B_TIME] = -(g[i, 0] * x[3] + g[i, 1] * x[4] + g[i, 2] * x[5])
        if slot[i] >= 0:
            jac[i, slot[i]] = 1.0
    for i in range(m):
        for j in range(i + 1):
            total = (r[i] if i == j else 0.0) + variance[3] * jac[i, B_TIME] * jac[j, B_TIME]
            for c in range(3):
                for e in range(3):
                    total += g[i, c] * spread[c, e] * g[j, e]
            s[i, j] = total
    if not cholesky(s, m):
        return 0
    forward(s, m, jac)
    return m


@kernel
def common_shift(
    plots: F64, rows: I64, bits: int, glass: Glass, aloft: Aloft
) -> tuple[F64, F64, int]:
    """Return what the plots of a look say of a shift that they all have in common.

    Each is compared with its track as it was before the look: h = sum J' S^-1 y and
    A = sum J' S^-1 J, of one shift at a time.

    Parameters
    ----------
    plots : F64
        Shape (k, 4): time and values, known biases taken off.
    rows : I64
        Shape (k,): the track of each.
    bits : int
        What the sensor measures.
    glass, aloft : Glass, Aloft
        The sensor; tracks before the look.

    Returns
    -------
    h, a : F64
        Shapes (4,), (4,): of range, azimuth, elevation and time.
    used : int
        Plots that took part.
    """
    h, a, used, jac = np.zeros(BIASES), np.zeros(BIASES), 0, np.empty((3, BIASES + 1))
    for k in range(len(rows)):
        m = _compared(plots[k], rows[k], bits, glass, aloft, jac)
        used += 1 if m else 0
        for i in range(m):
            for b in range(BIASES):
                h[b] += jac[i, b] * jac[i, BIASES]
                a[b] += jac[i, b] * jac[i, b]
    return h, a, used


@kernel
def nearest(plots: F64, free: I64, bits: int, glass: Glass, aloft: Aloft, reach_m: float) -> I64:
    """Return for each plot the nearest of some tracks in the sensor's plane, -1 beyond a reach.

    Parameters
    ----------
    plots : F64
        Shape (k, 4): time and values of a radar, or positions.
    free : I64
        Shape (f,): rows of the tracks that may be meant.
    bits : int
        What the sensor measures.
    glass, aloft : Glass, Aloft
        The sensor; tracks before the look.
    reach_m : float
        Farther than this is another target.
    """
    out, at = np.full(len(plots), -1, dtype=np.int64), np.empty(3)
    slot, z, g = np.empty(3, dtype=np.int64), np.empty(3), np.empty((3, 3))
    for k in range(len(plots)):
        best = reach_m
        for row in free:
            dt_s, x = plots[k, 0] - aloft[0][row], aloft[1][row]
            for i in range(3):
                at[i] = x[i] + dt_s * x[i + 3]
            seen(bits, glass[0], glass[1], at, slot, z, g)
            if bits & POSITION:
                away = math.hypot(z[0] - plots[k, 1], z[1] - plots[k, 2])
            else:
                along, across = z[0] - plots[k, 1], wrap(z[1] - plots[k, 2])
                away = math.hypot(along, plots[k, 1] * across)
            if away < best:
                best, out[k] = away, row
    return out


@kernel
def agreed(
    plots: F64, rows: I64, bits: int, glass: Glass, aloft: Aloft, bound: float
) -> tuple[F64, F64, int]:
    """Return the shift that most pairs agree on, as ``common_shift`` does, and how many do.

    For range, azimuth and time in turn the median of what each pair says is taken; a pair agrees
    when its innovation, that shift taken off, is within a bound (squared, whitened). Only the
    shift with the most agreement is spoken of.
    """
    n, best = len(rows), 0
    jac, each = np.empty((n, 3, BIASES + 1)), np.empty(n)
    count = np.zeros(n, dtype=np.int64)
    h, a = np.zeros(BIASES), np.zeros(BIASES)
    for k in range(n):
        if rows[k] >= 0:
            count[k] = _compared(plots[k], rows[k], bits, glass, aloft, jac[k])
    for b in (B_RANGE, B_AZIMUTH, B_TIME):
        m = 0
        for k in range(n):
            top, below = _one_shift(jac[k], count[k], b)
            if below > 0.0:
                each[m] = top / below
                m += 1
        if m == 0:
            continue
        middle, inside = _median(each, m), 0
        top_all, below_all = 0.0, 0.0
        for k in range(n):
            top, below = _one_shift(jac[k], count[k], b)
            if below > 0.0 and _left_over(jac[k], count[k], b, middle) <= bound:
                inside, top_all, below_all = inside + 1, top_all + top, below_all + below
        if inside > best:
            best = inside
            h[:], a[:] = 0.0, 0.0
            h[b], a[b] = top_all, below_all
    return h, a, best


@kernel
def _median(values: F64, n: int) -> float:
    """Return the median of the first n values, which are sorted in place (a few: by insertion)."""
    for i in range(1, n):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
    return 0.5 * (values[(n - 1) // 2] + values[n // 2])


@kernel
def _one_shift(jac: F64, m: int, b: int) -> tuple[float, float]:
    """Return J_b' y and J_b' J_b of one whitened pair."""
    top, below = 0.0, 0.0
    for i in range(m):
        top += jac[i, b] * jac[i, BIASES]
        below += jac[i, b] * jac[i, b]
    return top, below


@kernel
def _left_over(jac: F64, m: int, b: int, shift: float) -> float:
    """Return the squared innovation of one whitened pair with a shift taken off."""
    total = 0.0
    for i in range(m):
        total += (jac[i, BIASES] - shift * jac[i, b]) ** 2
    return total


@kernel
def shift_signs(s: F64, h: F64, a: F64, once: float, twice: float, learn: float) -> tuple[int, int]:
    """Return which shift has changed since it was last learned, -1 for none, and looks in a row.

    u = h / sqrt(A) of each shift is a standard normal when tracks and biases are as they are
    thought to be; where they are not, it has a mean and a spread of its own, which are learned.

    Parameters
    ----------
    s : F64
        Shape (4, 4), changed: for each shift mean, variance and looks learned, looks in a row off.
    h, a : F64
        Shapes (4,), (4,), of ``common_shift``.
    once, twice : float
        Deviations that count at once, and in two looks in a row.
    learn : float
        Looks before anything is judged.
    """
    worst, most, run = -1, 0.0, 0
    for b in range(BIASES):
        if not a[b] > 0.0:
            continue
        u = h[b] / math.sqrt(a[b])
        off = u - s[b, 0]
        away = abs(off) / math.sqrt(max(s[b, 1], LEAST_SPREAD))
        if s[b, 2] >= learn and away > twice:
            s[b, 3] += 1.0
            named = away > once or s[b, 3] >= 2.0
            if named and away > most:
                worst, most, run = b, away, int(s[b, 3])
            continue
        if s[b, 2] >= learn and away > UNSURE:
            continue
        s[b, 3] = 0.0
        s[b, 2] += 1.0
        rate = max(0.1, 1.0 / s[b, 2])
        s[b, 0] += rate * off
        s[b, 1] += rate * (off * off - s[b, 1])
    return worst, run
