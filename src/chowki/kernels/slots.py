"""What a sensor would measure of a state: values, gradients and curvatures, slot by slot.

A measurement has ten slots: range, azimuth, elevation, range rate, position (3), velocity (3);
its bits (``core.places.Measures``) say which hold a value.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import from_sensor, to_sensor

F64 = NDArray[np.float64]

SLOTS = 10
RANGE, AZIMUTH, ELEVATION, RANGE_RATE, POSITION, VELOCITY = 1, 2, 4, 8, 16, 32
POLAR = RANGE | AZIMUTH | ELEVATION | RANGE_RATE
NEAREST_M = 1.0


@kernel
def has(bits: int, slot: int) -> bool:
    """Return whether a slot holds a value."""
    if slot < 4:
        return bits & (1 << slot) != 0
    return bits & (POSITION if slot < 7 else VELOCITY) != 0


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
    if bits & POLAR:
        _polar(bits, origin, axes, x, z, jac)
    for i in range(6):
        z[4 + i] = x[i]
        jac[4 + i, i] = 1.0


@kernel
def triad(origin: F64, axes: F64, x: F64, out: F64) -> tuple[float, float]:
    """Write the directions outward along the ground, clockwise across and up at a position.

    Parameters
    ----------
    origin, axes : F64
        Shapes (3,), (3, 3): the sensor.
    x : F64
        Shape (3,) or longer: the position.
    out : F64
        Shape (3, 3), written, rows in the station frame.

    Returns
    -------
    ground, rise : float
        Distance along the ground and height, in the sensor's axes, m.
    """
    e, n, u = to_sensor(axes, x[0] - origin[0], x[1] - origin[1], x[2] - origin[2])
    ground = max(math.hypot(e, n), NEAREST_M)
    _turned(axes, e / ground, n / ground, 0.0, out[0], 0)
    _turned(axes, n / ground, -e / ground, 0.0, out[1], 0)
    _turned(axes, 0.0, 0.0, 1.0, out[2], 0)
    return ground, u


@kernel
def seen_from(directions: F64, c: F64, out: F64, spare: F64) -> None:
    """Write a covariance of position and velocity, (6, 6), in the axes of a ``triad``."""
    for i in range(6):
        for j in range(3):
            for half in (0, 3):
                total = 0.0
                for k in range(3):
                    total += c[i, half + k] * directions[j, k]
                spare[i, half + j] = total
    for j in range(6):
        for i in range(3):
            for half in (0, 3):
                total = 0.0
                for k in range(3):
                    total += directions[i, k] * spare[half + k, j]
                out[half + i, j] = total


@kernel
def _bend_angles(slot: int, ground: float, rise: float, hess: F64) -> None:
    """Write second derivatives of azimuth or elevation with respect to position."""
    if slot == 1:
        hess[0, 1] = hess[1, 0] = -1.0 / (ground * ground)
        return
    square = ground * ground + rise * rise
    hess[0, 0] = 2.0 * rise * ground / (square * square)
    hess[2, 2] = -hess[0, 0]
    hess[0, 2] = hess[2, 0] = (rise * rise - ground * ground) / (square * square)
    hess[1, 1] = -rise / (square * ground)


@kernel
def _bend_rate(slant: float, sight: F64, v: F64, hess: F64) -> None:
    """Write second derivatives of range rate with respect to position and velocity."""
    rate = 0.0
    for i in range(3):
        rate += sight[i] * v[i]
    for i in range(3):
        for j in range(3):
            across = (1.0 if i == j else 0.0) - sight[i] * sight[j]
            hess[i, 3 + j] = hess[3 + j, i] = across / slant
            twice = v[i] * sight[j] + sight[i] * v[j]
            twice += rate * (across - 2.0 * sight[i] * sight[j])
            hess[i, j] = -twice / (slant * slant)


@kernel
def bend(
    slot: int, directions: F64, ground: float, rise: float, x: F64, hess: F64, sight: F64, v: F64
) -> int:
    """Write the matrix of second derivatives of one slot, in the axes of a ``triad``.

    Parameters
    ----------
    slot : int
        0 to 3: range, azimuth, elevation, range rate. All others are straight.
    directions, ground, rise
        As ``triad`` gave them.
    x : F64
        Shape (6,): the state.
    hess : F64
        Shape (6, 6), written as far as the number returned.
    sight, v : F64
        Shape (3,), scratch.

    Returns
    -------
    n : int
        3 where only position counts, else 6.
    """
    slant = math.hypot(ground, rise)
    sight[0], sight[1], sight[2] = ground / slant, 0.0, rise / slant
    n = 6 if slot == 3 else 3
    for i in range(n):
        for j in range(n):
            hess[i, j] = 0.0
    if slot == 0:
        for i in range(3):
            for j in range(3):
                hess[i, j] = ((1.0 if i == j else 0.0) - sight[i] * sight[j]) / slant
    elif slot == 3:
        for i in range(3):
            v[i] = directions[i, 0] * x[3] + directions[i, 1] * x[4] + directions[i, 2] * x[5]
        _bend_rate(slant, sight, v, hess)
    else:
        _bend_angles(slot, ground, rise, hess)
    return n


@kernel
def second_moments(n: int, hess: F64, c: F64, spare: F64) -> tuple[float, float]:
    """Return mean and variance that a curvature adds to a value: tr(H C) / 2, tr(H C H C) / 2.

    Bar-Shalom, Li and Kirubarajan 2001, "Estimation with Applications to Tracking and Navigation",
    10.3.2 (second-order extended filter).
    """
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += hess[i, k] * c[k, j]
            spare[i, j] = total
    mean, variance = 0.0, 0.0
    for i in range(n):
        mean += spare[i, i]
        for j in range(n):
            variance += spare[i, j] * spare[j, i]
    return 0.5 * mean, 0.5 * variance


@kernel
def could_bend(bits: int, p: F64, x: F64, z: F64, jac: F64, variances: F64, share: float) -> bool:
    """Return whether curvature may add more than a share to the variance of any slot.

    Parameters
    ----------
    bits : int
        Slots measured.
    p, x : F64
        Shapes (6, 6) or larger, (6,): covariance and state.
    z, jac : F64
        As ``expect`` wrote them.
    variances : F64
        Shape (10,): noise of the slots.
    share : float
        Of the noise.
    """
    whole, along = p[0, 0] + p[1, 1] + p[2, 2], 0.0
    for i in range(3):
        for j in range(3):
            along += jac[0, i] * p[i, j] * jac[0, j]
    across, square = max(whole - along, 0.0), z[0] * z[0]
    if bits & RANGE and across * across > 2.0 * share * variances[0] * square:
        return True
    slope = jac[1, 0] * jac[1, 0] + jac[1, 1] * jac[1, 1] + jac[1, 2] * jac[1, 2]
    product = across * whole
    if bits & AZIMUTH and product * slope * slope > share * variances[1]:
        return True
    if bits & ELEVATION and product * slope / square > share * variances[2]:
        return True
    if bits & RANGE_RATE:
        swift = p[3, 3] + p[4, 4] + p[5, 5]
        speed = x[3] * x[3] + x[4] * x[4] + x[5] * x[5]
        return (across * swift + speed * product / square) / square > share * variances[3]
    return False
