"""Where bearings of two sensors cross, and how likely one target caused both."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.kalman import ELEVATION, expect
from chowki.kernels.measure import from_sensor, wrap

F64 = NDArray[np.float64]

# Columns of a bearing: number, time, sensor, slots, azimuth, elevation and their variances,
# ln(kappa + b) of the plot, ln of P_D and of the probability that no track caused it, reach of the
# sensor, its height over ground, density of targets that nothing has told of (1/m2), then the
# sensor's position and axes.
Y_NUMBER, Y_TIME, Y_SENSOR, Y_BITS, Y_AZIMUTH, Y_ELEVATION = range(6)
Y_AZIMUTH_VAR, Y_ELEVATION_VAR = 6, 7
Y_LOG_C, Y_LOG_DETECTION, Y_LOG_FREE, Y_REACH, Y_HEIGHT, Y_DENSITY, Y_ORIGIN = range(8, 15)
Y_AXES, Y_WIDTH = Y_ORIGIN + 3, Y_ORIGIN + 12
# What is known of a target before: speed and climb (standard deviations, m/s), height over ground
# and its standard deviation (m), curvature of the ground (1/m, 0: flat).
G_SPEED, G_CLIMB, G_HEIGHT, G_HEIGHT_SD, G_CURVATURE, G_WIDTH = range(6)

LOG_TWO_PI = math.log(2.0 * math.pi)
NEAREST_M, STEPS = 100.0, 6
# Lines that cross at less than this many deviations of their angles tell no distance.
CLEAR = 3.0


@kernel
def _inverse(m: F64, root: F64, out: F64) -> float:
    """Write the inverse of a symmetric positive matrix; return ln of its determinant, or NaN."""
    n, log_det = len(m), 0.0
    for i in range(n):
        for j in range(i + 1):
            total = m[i, j]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            if i == j:
                if not total > 0.0:
                    return math.nan
                root[i, i] = math.sqrt(total)
                log_det += math.log(total)
            else:
                root[i, j] = total / root[j, j]
    for c in range(n):
        for i in range(n):
            total = 1.0 if i == c else 0.0
            for k in range(i):
                total -= root[i, k] * out[k, c]
            out[i, c] = total / root[i, i]
        for i in range(n - 1, -1, -1):
            total = out[i, c]
            for k in range(i + 1, n):
                total -= root[k, i] * out[k, c]
            out[i, c] = total / root[i, i]
    return log_det


@kernel
def _crossing(a: F64, b: F64, x: F64) -> bool:
    """Write where two lines of sight come nearest over the ground; False when they don't cross."""
    pa, pb = a[Y_ORIGIN:Y_AXES], b[Y_ORIGIN:Y_AXES]
    axes_a, axes_b = a[Y_AXES:Y_WIDTH].reshape(3, 3), b[Y_AXES:Y_WIDTH].reshape(3, 3)
    ua = from_sensor(axes_a, math.sin(a[Y_AZIMUTH]), math.cos(a[Y_AZIMUTH]), 0.0)
    ub = from_sensor(axes_b, math.sin(b[Y_AZIMUTH]), math.cos(b[Y_AZIMUTH]), 0.0)
    cosine, along_a, along_b = 0.0, 0.0, 0.0
    for i in range(3):
        cosine += ua[i] * ub[i]
        along_a += ua[i] * (pb[i] - pa[i])
        along_b += ub[i] * (pb[i] - pa[i])
    square = 1.0 - cosine * cosine
    if square <= CLEAR * CLEAR * (a[Y_AZIMUTH_VAR] + b[Y_AZIMUTH_VAR]):
        return False
    range_a = (along_a - cosine * along_b) / square
    range_b = (cosine * along_a - along_b) / square
    if min(range_a, range_b) < NEAREST_M or range_a > a[Y_REACH] or range_b > b[Y_REACH]:
        return False
    for i in range(3):
        x[i] = pb[i] + range_b * ub[i]
        x[3 + i] = 0.0
    return True


@kernel
def _add(gradient: F64, off: float, variance: float, info: F64, pull: F64) -> float:
    """Add one linear measurement to an information matrix; return its squared distance."""
    for i in range(6):
        pull[i] += gradient[i] * off / variance
        for j in range(6):
            info[i, j] += gradient[i] * gradient[j] / variance
    return off * off / variance


@kernel
def _add_prior(row: F64, prior: F64, x: F64, info: F64, pull: F64, spare: F64) -> float:
    """Add what is known of height and velocity; return its squared distance."""
    up, origin = row[Y_AXES + 6 : Y_WIDTH], row[Y_ORIGIN:Y_AXES]
    rise, square = 0.0, 0.0
    for i in range(3):
        off = x[i] - origin[i]
        rise += up[i] * off
        square += off * off
        spare[i], spare[3 + i] = up[i], 0.0
    drop = 0.5 * prior[G_CURVATURE] * (square - rise * rise)
    expected = prior[G_HEIGHT] - row[Y_HEIGHT] - drop
    total = _add(spare, expected - rise, prior[G_HEIGHT_SD] ** 2, info, pull)
    slow = 1.0 / prior[G_SPEED] ** 2
    for i in range(3):
        for j in range(3):
            tie = (1.0 / prior[G_CLIMB] ** 2 - slow) * up[i] * up[j] + (slow if i == j else 0.0)
            info[3 + i, 3 + j] += tie
            pull[3 + i] -= tie * x[3 + j]
            total += x[3 + i] * tie * x[3 + j]
    return total


@kernel
def _add_bearing(
    row: F64, at_s: float, x: F64, info: F64, pull: F64, scratch: tuple[F64, F64, F64, F64]
) -> float:
    """Add a bearing, seen from a state at ``at_s``; return its squared distance."""
    z, jac, at, spare = scratch
    late, bits, total = row[Y_TIME] - at_s, int(row[Y_BITS]), 0.0
    for i in range(3):
        at[i], at[3 + i] = x[i] + late * x[3 + i], x[3 + i]
    expect(bits, row[Y_ORIGIN:Y_AXES], row[Y_AXES:Y_WIDTH].reshape(3, 3), at, z, jac)
    for slot in range(1, 3):
        if bits & (1 << slot):
            off = row[Y_AZIMUTH + slot - 1] - z[slot]
            if slot == 1:
                off = wrap(off)
            for i in range(3):
                spare[i], spare[3 + i] = jac[slot, i], late * jac[slot, i]
            total += _add(spare, off, row[Y_AZIMUTH_VAR + slot - 1], info, pull)
    return total


@kernel
def crossed(a: F64, b: F64, prior: F64, out_x: F64, out_p: F64) -> tuple[float, float]:
    """Write the state of a target seen by two sensors, by least squares, and its covariance.

    Gauss-Newton on both bearings and what is known of height and velocity; the integral of all
    over the state by Laplace's method at the solution.

    Parameters
    ----------
    a, b : F64
        Shape (Y_WIDTH,): bearings of two sensors; the state is of the later one's time.
    prior : F64
        Shape (G_WIDTH,).
    out_x, out_p : F64
        Shapes (6,), (6, 6), written.

    Returns
    -------
    log_odds : float
        ln of the density of such targets times the integral, over the density of both bearings
        being false or of others; minus infinity where the lines do not cross.
    squared : float
        Squared distance of all that was put in.
    """
    if not _crossing(a, b, out_x):
        return -math.inf, 0.0
    at_s, total, log_det = max(a[Y_TIME], b[Y_TIME]), 0.0, 0.0
    info, pull, root, spare = np.empty((6, 6)), np.empty(6), np.empty((6, 6)), np.empty(6)
    scratch = (np.empty(10), np.zeros((10, 6)), np.empty(6), spare)
    for step in range(STEPS):
        for i in range(6):
            pull[i] = 0.0
            for j in range(6):
                info[i, j] = 0.0
        total = _add_prior(b, prior, out_x, info, pull, spare)
        total += _add_bearing(a, at_s, out_x, info, pull, scratch)
        total += _add_bearing(b, at_s, out_x, info, pull, scratch)
        log_det = _inverse(info, root, out_p)
        if not math.isfinite(log_det + total):
            return -math.inf, 0.0
        if step < STEPS - 1:
            for i in range(6):
                for j in range(6):
                    out_x[i] += out_p[i, j] * pull[j]
    return _evidence(a, b, prior, total, log_det), total


@kernel
def _evidence(a: F64, b: F64, prior: F64, total: float, log_det: float) -> float:
    """Return ln odds of one target against two other causes, from the integral's parts.

    The integral over six unknowns of Gaussian densities of the measured angles and of height and
    velocity is exp(-total / 2) (2 pi)^((6 - numbers) / 2) over the root of det(info) times all
    variances.
    """
    numbers, log_variances = 4, 2.0 * math.log(prior[G_HEIGHT_SD])
    log_variances += 4.0 * math.log(prior[G_SPEED]) + 2.0 * math.log(prior[G_CLIMB])
    for row in (a, b):
        numbers += 1
        log_variances += math.log(row[Y_AZIMUTH_VAR])
        if int(row[Y_BITS]) & ELEVATION:
            numbers += 1
            log_variances += math.log(row[Y_ELEVATION_VAR])
    log_integral = -0.5 * (total + log_det + log_variances) + 0.5 * (6 - numbers) * LOG_TWO_PI
    told = a[Y_LOG_DETECTION] + b[Y_LOG_DETECTION] + a[Y_LOG_FREE] + b[Y_LOG_FREE]
    return math.log(b[Y_DENSITY]) + told + log_integral - a[Y_LOG_C] - b[Y_LOG_C]
