"""Biases of sensors from short windows of plots of one target: the target's motion drops out.

A window holds the plots that several sensors made of one target within a few seconds, each used
once. Stacked, whitened and projected off the six unknowns of a target in nearly straight flight,
they are a measurement of the biases alone, free of the track's own history. That is the bias
pseudo-measurement of Lin, Bar-Shalom and Kirubarajan 2005 ("Multisensor-multitarget bias
estimation for general asynchronous sensors", IEEE TAES 41(3)) with the projection of Mourikis and
Roumeliotis 2007 ("A multi-state constraint Kalman filter", ICRA) in place of local tracks, so
that sensors without height and sensors of positions take part. All biases share one Kalman filter;
their common part is seen only against sensors of positions and is else held by the prior.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import from_sensor, to_sensor, wrap

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Biases of a sensor: range (m), azimuth, elevation (rad), time (s): what it adds to the truth.
B_RANGE, B_AZIMUTH, B_ELEVATION, B_TIME, BIASES = 0, 1, 2, 3, 4
RANGE, AZIMUTH, ELEVATION, POSITION = 1, 2, 4, 16
UNKNOWNS = 6
ROUNDS = 2
# Limits, one vector: spectral densities of acceleration (m2/s3); ``kernels.biases`` has the rest.
Q_HORIZONTAL, Q_VERTICAL = 0, 1
HORIZONTAL_SD_M, SPEED_SD_MPS, CLIMB_SD_MPS = 3_000.0, 150.0, 30.0

# time (k,), row of the sensor (k,), bits (k,), values (k, 3), variances (k, 3).
Window = tuple[F64, I64, I64, F64, F64]
# origin (n, 3), axes (n, 3, 3), bias (n, 4), prior variance (n, 4; 0: no such bias).
Sensors = tuple[F64, F64, F64, F64]


@kernel
def seen(bits: int, origin: F64, axes: F64, x: F64, slot: I64, z: F64, g: F64) -> int:
    """Write slots, values and gradients of a position as a sensor sees it; return their number."""
    if bits & POSITION:
        for i in range(3):
            slot[i], z[i] = -1, x[i]
            for c in range(3):
                g[i, c] = 1.0 if i == c else 0.0
        return 3
    e, n, u = to_sensor(axes, x[0] - origin[0], x[1] - origin[1], x[2] - origin[2])
    ground = max(math.hypot(e, n), 1.0)
    slant = math.hypot(ground, u)
    m = 0
    if bits & RANGE:
        slot[m], z[m] = B_RANGE, slant
        g[m, 0], g[m, 1], g[m, 2] = from_sensor(axes, e / slant, n / slant, u / slant)
        m += 1
    if bits & AZIMUTH:
        slot[m], z[m] = B_AZIMUTH, math.atan2(e, n)
        square = ground * ground
        g[m, 0], g[m, 1], g[m, 2] = from_sensor(axes, n / square, -e / square, 0.0)
        m += 1
    if bits & ELEVATION:
        slot[m], z[m] = B_ELEVATION, math.atan2(u, ground)
        c, square = u / (slant * slant * ground), slant * slant
        g[m, 0], g[m, 1], g[m, 2] = from_sensor(axes, -c * e, -c * n, ground / square)
        m += 1
    return m


@kernel
def values_of(bits: int, values: F64, out: F64) -> None:
    """Write the values that a plot holds, close together."""
    m = 0
    for s in range(3):
        if bits & POSITION or bits & (1 << s):
            out[m] = values[s]
            m += 1


@kernel
def shared_noise(a: float, b: float) -> float:
    """Return what white acceleration does to positions a and b seconds off, over its density.

    The covariance of the double integral of white noise from the reference time on (Bar-Shalom,
    Li and Kirubarajan 2001, 6.2.2); before and after it are independent.
    """
    if a * b <= 0.0:
        return 0.0
    near, far = min(abs(a), abs(b)), max(abs(a), abs(b))
    return near * near * (3.0 * far - near) / 6.0


@kernel
def _stacked(
    window: Window, sensors: Sensors, place: I64, x: F64, limits: F64, wide: F64, noise: F64,
) -> int:  # fmt: skip
    """Write the rows [A | B | r] of all plots about a straight flight, and their covariance.

    ``x`` is position and velocity at the time 0 of the window's clock. Returns the rows.
    """
    time_s, row, bits, values, variances = window
    origin, axes, bias, _ = sensors
    k, last = len(time_s), wide.shape[1] - 1
    slot, z, y, g = np.empty(3, dtype=np.int64), np.empty(3), np.empty(3), np.empty((3, 3))
    at, seconds, gradient = np.empty(3), np.empty(3 * k), np.empty((3 * k, 3))
    n = 0
    for i in range(k):
        s = row[i]
        dt = time_s[i] - bias[s, B_TIME]
        for c in range(3):
            at[c] = x[c] + dt * x[c + 3]
        m = seen(bits[i], origin[s], axes[s], at, slot, z, g)
        values_of(bits[i], values[i], y)
        values_of(bits[i], variances[i], at)
        for j in range(m):
            wide[n, :] = 0.0
            off = y[j] - z[j] - (bias[s, slot[j]] if slot[j] >= 0 else 0.0)
            wide[n, last] = wrap(off) if slot[j] == B_AZIMUTH else off
            slide = 0.0
            for c in range(3):
                wide[n, c], wide[n, c + 3] = g[j, c], dt * g[j, c]
                slide += g[j, c] * x[c + 3]
                gradient[n, c] = g[j, c]
            if slot[j] >= 0 and place[i, slot[j]] >= 0:
                wide[n, UNKNOWNS + place[i, slot[j]]] = 1.0
            if place[i, B_TIME] >= 0:
                wide[n, UNKNOWNS + place[i, B_TIME]] -= slide
            seconds[n], noise[n, n] = dt, at[j]
            n += 1
    _add_motion(n, seconds, gradient, axes[row[0]], limits, noise)
    return n


@kernel
def _add_motion(n: int, seconds: F64, g: F64, axes: F64, limits: F64, noise: F64) -> None:
    """Add what the target's accelerations are worth to the covariance of the rows."""
    level, upright = limits[Q_HORIZONTAL], limits[Q_VERTICAL] - limits[Q_HORIZONTAL]
    for a in range(n):
        up_a = axes[2, 0] * g[a, 0] + axes[2, 1] * g[a, 1] + axes[2, 2] * g[a, 2]
        for b in range(a + 1):
            up_b = axes[2, 0] * g[b, 0] + axes[2, 1] * g[b, 1] + axes[2, 2] * g[b, 2]
            dot = g[a, 0] * g[b, 0] + g[a, 1] * g[b, 1] + g[a, 2] * g[b, 2]
            extra = (level * dot + upright * up_a * up_b) * shared_noise(seconds[a], seconds[b])
            noise[a, b] = extra + (noise[a, a] if a == b else 0.0)


@kernel
def cholesky(a: F64, n: int) -> bool:
    """Write the Cholesky factor into the lower triangle of a matrix; False when not positive."""
    for i in range(n):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                a[i, i] = math.sqrt(total)
            else:
                a[i, j] = total / a[j, j]
    return True


@kernel
def forward(low: F64, n: int, rows: F64) -> None:
    """Replace the first n rows by L^-1 times them."""
    for i in range(n):
        for c in range(rows.shape[1]):
            total = rows[i, c]
            for k in range(i):
                total -= low[i, k] * rows[k, c]
            rows[i, c] = total / low[i, i]


@kernel
def _gram(wide: F64, n: int, x: F64, about: F64, axes: F64, height_sd_m: float) -> F64:
    """Return [A | B | r]' [A | B | r], the weak prior on the target's flight included.

    The prior keeps what no plot of the window tells (height, most of all) finite.
    """
    width = wide.shape[1]
    gram = np.zeros((width, width))
    for a in range(width):
        for b in range(a + 1):
            total = 0.0
            for i in range(n):
                total += wide[i, a] * wide[i, b]
            gram[a, b] = total
    last = width - 1
    for half in range(2):
        level = (HORIZONTAL_SD_M, SPEED_SD_MPS)[half] ** -2
        upright = (height_sd_m, CLIMB_SD_MPS)[half] ** -2 - level
        for i in range(3):
            a, pull = 3 * half + i, 0.0
            for j in range(3):
                weight = upright * axes[2, i] * axes[2, j] + (level if i == j else 0.0)
                pull += weight * (about[3 * half + j] - x[3 * half + j])
                if j <= i:
                    gram[a, 3 * half + j] += weight
            gram[last, a] += pull
            gram[last, last] += pull * (about[a] - x[a])
    for a in range(width):
        for b in range(a):
            gram[b, a] = gram[a, b]
    return gram


@kernel
def _eliminated(gram: F64, step: F64) -> bool:
    """Eliminate the flight from a Gram matrix in place and write the step that fits it best."""
    width = len(gram)
    for p in range(UNKNOWNS):
        if not gram[p, p] > 0.0:
            return False
        for i in range(p + 1, width):
            share = gram[i, p] / gram[p, p]
            for j in range(p, width):
                gram[i, j] -= share * gram[p, j]
    for p in range(UNKNOWNS - 1, -1, -1):
        total = gram[p, width - 1]
        for j in range(p + 1, UNKNOWNS):
            total -= gram[p, j] * step[j]
        step[p] = total / gram[p, p]
    return True


@kernel
def information(
    window: Window, sensors: Sensors, place: I64, d: int, about: F64, height_sd_m: float,
    limits: F64,
) -> tuple[F64, int]:  # fmt: skip
    """Return what a window tells of the errors of the biases as they are now known.

    Parameters
    ----------
    window : Window
        Plots of one target, times in seconds of the window's own clock.
    sensors : Sensors
        All sensors, with their biases as now known.
    place : I64
        Shape (k, 4), as ``kernels.biases.places_of`` returned it.
    d : int
        How many biases it speaks of.
    about : F64
        Shape (6,): a guess of position and velocity at time 0.
    height_sd_m : float
        Standard deviation of the guess's height; all else is left open.
    limits : F64
        Columns ``Q_...``.

    Returns
    -------
    told : F64
        Shape (d + 1, d + 1): information L, information vector l (last column) and the weighted
        sum of squares (corner).
    freedom : int
        Measured values less those that the target's flight takes up; 0 when it failed.
    """
    k = len(window[0])
    wide, noise = np.zeros((3 * k, UNKNOWNS + d + 1)), np.zeros((3 * k, 3 * k))
    x, step = about.copy(), np.zeros(UNKNOWNS)
    axes = sensors[1][window[1][0]]
    gram, n = np.zeros((UNKNOWNS + d + 1, UNKNOWNS + d + 1)), 0
    for _ in range(ROUNDS):
        x += step
        n = _stacked(window, sensors, place, x, limits, wide, noise)
        if not cholesky(noise, n):
            return gram[UNKNOWNS:, UNKNOWNS:].copy(), 0
        forward(noise, n, wide)
        gram = _gram(wide, n, x, about, axes, height_sd_m)
        if not _eliminated(gram, step):
            return gram[UNKNOWNS:, UNKNOWNS:].copy(), 0
    return gram[UNKNOWNS:, UNKNOWNS:].copy(), max(n - UNKNOWNS, 0)


@kernel
def _seen_through(told: F64, root: F64, inner: F64, w: F64) -> None:
    """Write I + C' L C (its lower triangle) and C' l; clear the upper triangle of C."""
    d = len(w)
    half = np.zeros((d, d))
    for i in range(d):
        root[i, i + 1 :] = 0.0
    for i in range(d):
        for j in range(d):
            for k in range(j, d):
                half[i, j] += told[i, k] * root[k, j]
    for i in range(d):
        w[i] = 0.0
        for k in range(i, d):
            w[i] += root[k, i] * told[k, d]
        for j in range(i + 1):
            inner[i, j] = 1.0 if i == j else 0.0
            for k in range(i, d):
                inner[i, j] += root[k, i] * half[k, j]


@kernel
def surprise(told: F64, covariance: F64, root: F64, inner: F64, w: F64) -> tuple[float, float]:
    """Return the normalised innovation squared of a window, and ln det of its spread.

    Parameters
    ----------
    told : F64
        Shape (d + 1, d + 1), of ``information``.
    covariance : F64
        Shape (d, d): of the biases before; positive definite.
    root, inner, w : F64
        Shapes (d, d), (d, d), (d,), written: Cholesky factor C of the covariance, Cholesky factor
        D of I + C' L C, and D^-1 C' l.

    Returns
    -------
    squared, log_det : float
        NIS = corner - w' w; ln det (I + C' L C). A squared of -1 says that it failed.
    """
    d = len(covariance)
    root[:] = covariance
    if not cholesky(root, d):
        return -1.0, 0.0
    _seen_through(told, root, inner, w)
    if not cholesky(inner, d):
        return -1.0, 0.0
    squared, log_det = told[d, d], 0.0
    for i in range(d):
        for k in range(i):
            w[i] -= inner[i, k] * w[k]
        w[i] /= inner[i, i]
        squared -= w[i] * w[i]
        log_det += 2.0 * math.log(inner[i, i])
    return max(squared, 0.0), log_det
