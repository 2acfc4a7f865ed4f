"""Extended Kalman update in a sensor's own coordinates, Joseph form, each plot at its own time.

A measurement has ten slots: range, azimuth, elevation, range rate, position (3), velocity (3);
its bits (``core.places.Measures``) say which hold a value. Equations: Bar-Shalom, Li and
Kirubarajan 2001, 5.2.3 (update), 5.4.2 (Joseph form), 10.3.3 (extended filter).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import from_sensor, to_sensor, wrap
from chowki.kernels.motion import shake, transit

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SLOTS = 10
RANGE, AZIMUTH, ELEVATION, RANGE_RATE, POSITION, VELOCITY = 1, 2, 4, 8, 16, 32
NEAREST_M = 1.0

Workspace = tuple[F64, F64, F64, F64, F64, F64, F64, F64, F64, F64, F64, F64]


@kernel
def workspace() -> Workspace:
    """Return the scratch arrays of one update: made once, used for every pair.

    In order: state at the plot, base state, base covariance, predicted slots, Jacobian of the
    slots, innovation, rows of H, noise R, Cholesky factor of S (its diagonal: reciprocals), P H',
    gain, scratch (6, 6).
    """
    return (
        np.empty(6),
        np.empty(6),
        np.empty((6, 6)),
        np.empty(SLOTS),
        np.zeros((SLOTS, 6)),
        np.empty(SLOTS),
        np.empty((SLOTS, 6)),
        np.empty((SLOTS, SLOTS)),
        np.empty((SLOTS, SLOTS)),
        np.empty((6, SLOTS)),
        np.empty((6, SLOTS)),
        np.empty((6, 6)),
    )


@kernel
def _turned(axes: F64, e: float, n: float, u: float, row: F64, offset: int) -> None:
    """Write a gradient given in the sensor's axes into a row, in the station frame."""
    row[offset], row[offset + 1], row[offset + 2] = from_sensor(axes, e, n, u)


@kernel
def _polar(bits: int, origin: F64, axes: F64, x: F64, z: F64, jac: F64) -> None:
    """Write range, azimuth, elevation and range rate of a state, and their gradients."""
    dx, dy, dz = x[0] - origin[0], x[1] - origin[1], x[2] - origin[2]
    e, n, u = to_sensor(axes, dx, dy, dz)
    ground = max(math.hypot(e, n), NEAREST_M)
    slant = max(math.hypot(ground, u), NEAREST_M)
    z[0] = slant
    _turned(axes, e / slant, n / slant, u / slant, jac[0], 0)
    z[1] = math.atan2(e, n)
    _turned(axes, n / (ground * ground), -e / (ground * ground), 0.0, jac[1], 0)
    if bits & ELEVATION:
        z[2] = math.atan2(u, ground)
        c = u / (slant * slant * ground)
        _turned(axes, -c * e, -c * n, ground / (slant * slant), jac[2], 0)
    if bits & RANGE_RATE:
        rate = (dx * x[3] + dy * x[4] + dz * x[5]) / slant
        z[3] = rate
        for i, d in enumerate((dx, dy, dz)):
            jac[3, i] = (x[3 + i] - rate * d / slant) / slant
            jac[3, 3 + i] = d / slant


@kernel
def expect(bits: int, origin: F64, axes: F64, x: F64, z: F64, jac: F64) -> None:
    """Write what a sensor would measure of a state, and the Jacobian, slot by slot.

    Parameters
    ----------
    bits : int
        Slots wanted (``core.places.Measures``).
    origin, axes : F64
        Shapes (3,), (3, 3): the sensor.
    x : F64
        Shape (6,).
    z : F64
        Shape (10,), written: m, rad, m/s by slot.
    jac : F64
        Shape (10, 6), written in the wanted slots; must hold zeros before the first use.
    """
    if bits & (RANGE | AZIMUTH | ELEVATION | RANGE_RATE):
        _polar(bits, origin, axes, x, z, jac)
    for i in range(6):
        z[4 + i] = x[i]
        jac[4 + i, i] = 1.0


@kernel
def _has(bits: int, slot: int) -> bool:
    """Return whether a slot holds a value."""
    if slot < 4:
        return bits & (1 << slot) != 0
    return bits & (POSITION if slot < 7 else VELOCITY) != 0


@kernel
def _collect(bits: int, values: F64, variances: F64, late_s: float, work: Workspace) -> int:
    """Gather the slots that hold a value into y, H and diagonal R; return their number."""
    _, _, _, z, jac, y, h, r, _, _, _, _ = work
    m = 0
    for slot in range(SLOTS):
        if not _has(bits, slot):
            continue
        y[m] = values[slot] - z[slot]
        if slot == 1:
            y[m] = wrap(y[m])
        for i in range(3):
            h[m, i] = jac[slot, i]
            h[m, i + 3] = jac[slot, i + 3] + late_s * jac[slot, i]
        for k in range(m):
            r[m, k] = r[k, m] = 0.0
        r[m, m] = variances[slot]
        m += 1
    return m


@kernel
def _loosen(m: int, late_s: float, q: float, timing_s: float, work: Workspace) -> None:
    """Add to R what an unknown clock offset and the noise since a late plot are worth."""
    x, _, _, _, _, _, h, r, _, _, _, _ = work
    cube, linear = -(late_s**3) * q / 3.0, -late_s * q
    for a in range(m):
        slide_a = h[a, 0] * x[3] + h[a, 1] * x[4] + h[a, 2] * x[5]
        for b in range(a + 1):
            slide_b = h[b, 0] * x[3] + h[b, 1] * x[4] + h[b, 2] * x[5]
            extra = timing_s * timing_s * slide_a * slide_b
            if late_s < 0.0:
                for i in range(3):
                    extra += cube * h[a, i] * h[b, i]
                    va, vb = h[a, i + 3] - late_s * h[a, i], h[b, i + 3] - late_s * h[b, i]
                    extra += linear * va * vb
            r[a, b] += extra
            if a != b:
                r[b, a] += extra


@kernel
def _factor(m: int, wide: int, work: Workspace) -> bool:
    """Write P H' and the Cholesky factor of S = H P H' + R; False when S is not positive.

    The factor's diagonal holds reciprocals: nothing is divided twice.
    """
    _, _, p, _, _, _, h, r, chol, ph, _, _ = work
    for i in range(6):
        for a in range(m):
            total = 0.0
            for k in range(wide):
                total += p[i, k] * h[a, k]
            ph[i, a] = total
    for a in range(m):
        for b in range(a + 1):
            total = r[a, b]
            for k in range(wide):
                total += h[a, k] * ph[k, b]
            for k in range(b):
                total -= chol[a, k] * chol[b, k]
            if a == b:
                if not total > 0.0:
                    return False
                chol[a, a] = 1.0 / math.sqrt(total)
            else:
                chol[a, b] = total * chol[b, b]
    return True


@kernel
def _distance(m: int, work: Workspace) -> tuple[float, float]:
    """Return the squared Mahalanobis distance of the innovation and ln det S."""
    _, _, _, _, _, y, _, _, chol, _, _, scratch = work
    squared, root = 0.0, 1.0
    w = scratch.ravel()
    for a in range(m):
        total = y[a]
        for k in range(a):
            total -= chol[a, k] * w[k]
        w[a] = total * chol[a, a]
        squared += w[a] * w[a]
        root *= chol[a, a]
    return squared, -2.0 * math.log(root)


@kernel
def innovate(
    x: F64,
    p: F64,
    dt_s: float,
    bits: int,
    values: F64,
    variances: F64,
    origin: F64,
    axes: F64,
    q_horizontal: float,
    q_vertical: float,
    timing_s: float,
    work: Workspace,
) -> tuple[int, int, float, float]:
    """Predict a track to a plot and compare them.

    A plot older than the track (``dt_s`` < 0) is compared with the track drawn back to it; the
    noise since then goes into R, and the track keeps its time (a late plot counts for less,
    never for more: Bar-Shalom 2002, "Update with out-of-sequence measurements", case of the
    neglected correlation).

    Parameters
    ----------
    x, p : F64
        Shapes (6,), (6, 6), at the track's time.
    dt_s : float
        Plot time less track time.
    bits, values, variances : int, F64, F64
        The plot: which slots, (10,), (10,).
    origin, axes : F64
        Shapes (3,), (3, 3): the sensor.
    q_horizontal, q_vertical : float
        m2/s3.
    timing_s : float
        Standard deviation of an unknown clock offset, s.
    work : Workspace
        Scratch; afterwards holds what ``correct`` needs.

    Returns
    -------
    m : int
        Measured slots; 0 when the comparison failed.
    wide : int
        Columns of H that are not zero: 3 when nothing measured depends on velocity, else 6.
    squared : float
        Squared Mahalanobis distance.
    log_det : float
        ln det S.
    """
    at_plot, base_x, base_p, z, jac, _, _, _, _, _, _, _ = work
    if dt_s >= 0.0:
        transit(x, p, dt_s, base_x, base_p)
        shake(base_x, base_p, dt_s, q_horizontal, q_vertical)
        at_plot[:] = base_x
    else:
        transit(x, p, dt_s, at_plot, base_p)
        base_x[:] = x
        base_p[:] = p
    expect(bits, origin, axes, at_plot, z, jac)
    late = min(dt_s, 0.0)
    m = _collect(bits, values, variances, late, work)
    _loosen(m, late, q_horizontal, timing_s, work)
    wide = 6 if late < 0.0 or bits & (RANGE_RATE | VELOCITY) else 3
    if m == 0 or not _factor(m, wide, work):
        return 0, wide, 0.0, 0.0
    squared, log_det = _distance(m, work)
    return m, wide, squared, log_det


@kernel
def _gain(m: int, work: Workspace) -> None:
    """Write K = P H' S^-1 by two triangular solves."""
    _, _, _, _, _, _, _, _, chol, ph, gain, _ = work
    for i in range(6):
        for a in range(m):
            total = ph[i, a]
            for k in range(a):
                total -= gain[i, k] * chol[a, k]
            gain[i, a] = total * chol[a, a]
        for a in range(m - 1, -1, -1):
            total = gain[i, a]
            for k in range(a + 1, m):
                total -= gain[i, k] * chol[k, a]
            gain[i, a] = total * chol[a, a]


@kernel
def correct(m: int, wide: int, work: Workspace, out_x: F64, out_p: F64) -> None:
    """Write the state and covariance updated with the plot last compared (Joseph form).

    Parameters
    ----------
    m, wide : int
        Measured slots and columns of H, as ``innovate`` returned.
    work : Workspace
        As ``innovate`` left it.
    out_x, out_p : F64
        Shapes (6,), (6, 6), written; symmetric to the last bit.
    """
    _, base_x, p, _, _, y, h, r, _, ph, gain, left = work
    _gain(m, work)
    for i in range(6):
        total = base_x[i]
        for a in range(m):
            total += gain[i, a] * y[a]
        out_x[i] = total
        for j in range(6):
            total = p[i, j]
            for a in range(m):
                total -= gain[i, a] * ph[j, a]
            left[i, j] = total
    for i in range(6):
        for a in range(m):
            spread = -_row_dot(left, i, h, a, wide)
            for b in range(m):
                spread += gain[i, b] * r[b, a]
            ph[i, a] = spread
    for i in range(6):
        for j in range(i + 1):
            total = left[i, j]
            for a in range(m):
                total += ph[i, a] * gain[j, a]
            out_p[i, j] = out_p[j, i] = total


@kernel
def _row_dot(left: F64, i: int, h: F64, a: int, wide: int) -> float:
    """Return row i of (I - K H) P times row a of H."""
    total = 0.0
    for k in range(wide):
        total += left[i, k] * h[a, k]
    return total
