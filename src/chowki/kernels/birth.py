"""Tracks that plots found in space: their first state, from a plot and from priors."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import (
    P_BIRTH,
    P_RCS,
    P_VALUE,
    P_VARIANCE,
    P_WIDTH,
    View,
)
from chowki.kernels.geodesy import MEAN_RADIUS_M
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import (
    ELEVATION,
    POSITION,
    RANGE_RATE,
    VELOCITY,
    Workspace,
    correct,
    innovate,
    workspace,
)
from chowki.kernels.measure import from_sensor
from chowki.kernels.modes import SPACE
from chowki.kernels.motion import vertical_near
from chowki.kernels.visibility import L_EARTH_FACTOR, L_SENSOR_HEIGHT

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# What a new track is given, one vector.
B_SMALL_DBSM, B_SMALL_SPEED, B_LARGE_SPEED, B_CLIMB = 0, 1, 2, 3
B_SMALL_HEIGHT, B_SMALL_HEIGHT_SD, B_LARGE_HEIGHT, B_LARGE_HEIGHT_SD = 4, 5, 6, 7
B_FLOOR, B_WIDTH = 8, 9
ROOT_THREE = math.sqrt(3.0)
# Sine of the largest elevation that a height prior may mean.
STEEPEST = 0.99


@kernel
def _height_prior(row: F64, slant: float, look: F64, prior: F64) -> tuple[float, float]:
    """Return rise over the sensor and its standard deviation for a plot without elevation.

    Where the sensor's earth has no radius (an infinite factor) the ground is flat.
    """
    small = row[P_RCS] < prior[B_SMALL_DBSM]
    height = prior[B_SMALL_HEIGHT] if small else prior[B_LARGE_HEIGHT]
    sd = prior[B_SMALL_HEIGHT_SD] if small else prior[B_LARGE_HEIGHT_SD]
    if math.isinf(look[L_EARTH_FACTOR]):
        return height - look[L_SENSOR_HEIGHT], sd
    radius = look[L_EARTH_FACTOR] * MEAN_RADIUS_M
    beyond = max(0.0, slant - math.sqrt(2.0 * radius * max(look[L_SENSOR_HEIGHT], 0.0)))
    height = max(height, 0.5 * beyond * beyond / radius + 0.5 * sd)
    return height - look[L_SENSOR_HEIGHT] - 0.5 * slant * slant / MEAN_RADIUS_M, sd


@kernel
def _along_and_up(row: F64, bits: int, rise: float, sd: float, moments: F64) -> None:
    """Write E g, E u, E g2, E g u, E u2 of the distances along the ground and up.

    Three-point Gauss-Hermite rules over range, and over elevation or the rise.
    """
    noise = math.sqrt(row[P_VARIANCE])
    moments[:] = 0.0
    for k in range(3):
        slant = max(row[P_VALUE] + (k - 1) * ROOT_THREE * noise, 1.0)
        for j in range(3):
            off = (j - 1) * ROOT_THREE
            if bits & ELEVATION:
                u = slant * math.sin(row[P_VALUE + 2] + off * math.sqrt(row[P_VARIANCE + 2]))
            else:
                u = rise + off * sd
            u = min(max(u, -STEEPEST * slant), STEEPEST * slant)
            g = math.sqrt(slant * slant - u * u)
            weight = (4.0 if k == 1 else 1.0) * (4.0 if j == 1 else 1.0) / 36.0
            moments[0] += weight * g
            moments[1] += weight * u
            moments[2] += weight * g * g
            moments[3] += weight * g * u
            moments[4] += weight * u * u


@kernel
def _place(row: F64, bits: int, look: F64, view: View, prior: F64, x: F64, p: F64) -> None:
    """Write position and its covariance of a new track from its plot alone.

    Mean and covariance of all positions that the plot allows, not the position that it names: that
    one lies outside the arc of an uncertain azimuth (Lerro and Bar-Shalom 1993, "Tracking with
    debiased consistent converted measurements versus EKF", IEEE TAES 29(3); moments given the
    plot: Longbin and others 1998, "Unbiased converted measurements for tracking", IEEE TAES 34(3)).
    """
    origin, axes = view[0], view[1]
    if bits & POSITION:
        for i in range(3):
            x[i] = row[P_VALUE + 4 + i]
            p[i, i] = row[P_VARIANCE + 4 + i]
        return
    rise, sd = 0.0, 0.0
    if bits & ELEVATION == 0:
        rise, sd = _height_prior(row, row[P_VALUE], look, prior)
    moments = np.empty(5)
    _along_and_up(row, bits, rise, sd, moments)
    first, second = math.exp(-0.5 * row[P_VARIANCE + 1]), math.exp(-2.0 * row[P_VARIANCE + 1])
    ground, up = first * moments[0], moments[1]
    along = 0.5 * (1.0 + second) * moments[2] - ground * ground
    cross = 0.5 * (1.0 - second) * moments[2]
    tilt = first * moments[3] - ground * up
    upward = moments[4] - up * up
    sa, ca = math.sin(row[P_VALUE + 1]), math.cos(row[P_VALUE + 1])
    at = from_sensor(axes, ground * sa, ground * ca, up)
    a, c = from_sensor(axes, sa, ca, 0.0), from_sensor(axes, ca, -sa, 0.0)
    u = from_sensor(axes, 0.0, 0.0, 1.0)
    for i in range(3):
        x[i] = origin[i] + at[i]
        for j in range(3):
            p[i, j] = along * a[i] * a[j] + cross * c[i] * c[j] + upward * u[i] * u[j]
            p[i, j] += tilt * (a[i] * u[j] + u[i] * a[j])


@kernel
def _set_going(
    row: F64, bits: int, view: View, prior: F64, x: F64, p: F64, work: Workspace
) -> None:
    """Write velocity and its covariance of a new track: reported, or a prior and the range rate."""
    if bits & VELOCITY:
        for i in range(3):
            x[3 + i] = row[P_VALUE + 7 + i]
            p[3 + i, 3 + i] = row[P_VARIANCE + 7 + i]
        return
    small = row[P_RCS] < prior[B_SMALL_DBSM]
    sd = prior[B_SMALL_SPEED] if small else prior[B_LARGE_SPEED]
    ux, uy, uz = vertical_near(x)
    up = (ux, uy, uz)
    for i in range(3):
        p[3 + i, 3 + i] = sd * sd
        for j in range(3):
            p[3 + i, 3 + j] += (prior[B_CLIMB] ** 2 - sd * sd) * up[i] * up[j]
    if bits & RANGE_RATE:
        before_x, before_p = x.copy(), p.copy()
        m, wide, _, _ = innovate(
            SPACE, before_x, before_p, 0.0, RANGE_RATE, row[P_VALUE:P_VARIANCE],
            row[P_VARIANCE:P_WIDTH], view[0], view[1], 0.0, 0.0, work,
        )  # fmt: skip
        correct(SPACE, m, wide, before_x, before_p, work, x, p)


@kernel
def births(
    plots: F64, bits: I64, new_probability: F64, look: F64, view: View, prior: F64
) -> tuple[I64, F64, F64, F64]:
    """Return the tracks that plots found: plot (b,), existence (b,), state, covariance.

    Parameters
    ----------
    plots, bits
        As in ``kernels.gate.candidates``.
    new_probability : F64
        Shape (m,): probability that a plot came from no existing track.
    look : F64
        Figures of the look (``kernels.visibility``).
    view : View
        The sensor.
    prior : F64
        Shape (9,): columns ``B_...``.
    """
    chosen, existence = np.empty(len(plots), dtype=np.int64), np.empty(len(plots))
    size = 0
    for j in range(len(plots)):
        existence[size] = plots[j, P_BIRTH] * new_probability[j]
        if existence[size] >= prior[B_FLOOR]:
            chosen[size] = j
            size += 1
    state, covariance, work = np.zeros((size, 6)), np.zeros((size, 6, 6)), workspace(SPACE)
    for b in range(size):
        row, slots = plots[chosen[b]], int(bits[chosen[b]])
        _place(row, slots, look, view, prior, state[b], covariance[b])
        _set_going(row, slots, view, prior, state[b], covariance[b], work)
    return chosen[:size], existence[:size].copy(), state, covariance
