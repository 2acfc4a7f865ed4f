"""Where targets not yet tracked may be, in the plane: what a position starts, and how surely.

The undetected targets are a Poisson process (Williams 2015, section III): evenly spread over an
area, or a few Gaussians, or both.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import (
    LOG_TWO_PI,
    P_BIRTH,
    P_LOG_C,
    P_VALUE,
    PLANE_VARIANCE,
    View,
    likelihood,
    updated,
)
from chowki.kernels.gate import Bernoullis
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import workspace
from chowki.kernels.modes import PLANE
from chowki.kernels.visibility import normal_cdf

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# What is undetected: density over the area (1/m2), standard deviation of its velocity (m/s); then
# expected numbers (g,), means (g, 4), covariances (g, 4, 4) of Gaussians.
Undetected = tuple[float, float, F64, F64, F64]


@kernel
def _gaussian_density(row: F64, mean: F64, covariance: F64) -> float:
    """Return N(z; H m, H P H' + R) of a position."""
    s00 = covariance[0, 0] + row[PLANE_VARIANCE]
    s01 = covariance[0, 1]
    s11 = covariance[1, 1] + row[PLANE_VARIANCE + 1]
    y0, y1 = row[P_VALUE] - mean[0], row[P_VALUE + 1] - mean[1]
    det = s00 * s11 - s01 * s01
    squared = (y0 * y0 * s11 - 2.0 * y0 * y1 * s01 + y1 * y1 * s00) / det
    return math.exp(-0.5 * squared - LOG_TWO_PI) / math.sqrt(det)


@kernel
def weigh_births(
    plots: F64, undetected: Undetected, clutter_per_m2: float, detection: float
) -> None:
    """Write ln(kappa + b) and b / (kappa + b) of every plot.

    Parameters
    ----------
    plots : F64
        Shape (m, PLANE_WIDTH), written in two columns.
    undetected : Undetected
        Where targets without a track may be.
    clutter_per_m2, detection : float
        False plots a square metre; P_D.
    """
    density, _, number, mean, covariance = undetected
    for j in range(len(plots)):
        unseen = density
        for g in range(len(number)):
            unseen += number[g] * _gaussian_density(plots[j], mean[g], covariance[g])
        b = detection * unseen
        plots[j, P_LOG_C] = math.log(clutter_per_m2 + b)
        plots[j, P_BIRTH] = b / (clutter_per_m2 + b)


@kernel
def _from_uniform(row: F64, speed_sd: float, x: F64, p: F64) -> None:
    """Write the state that a position starts where nothing else is known."""
    p[:, :] = 0.0
    for a in range(2):
        x[a], x[2 + a] = row[P_VALUE + a], 0.0
        p[a, a] = row[PLANE_VARIANCE + a]
        p[2 + a, 2 + a] = speed_sd * speed_sd


@kernel
def plane_births(
    plots: F64, new_probability: F64, undetected: Undetected, view: View, floor: float
) -> tuple[I64, F64, F64, F64]:
    """Return the tracks that plots found: plot (b,), existence (b,), state, covariance.

    Parameters
    ----------
    plots : F64
        Shape (m, PLANE_WIDTH), as ``weigh_births`` left them.
    new_probability : F64
        Shape (m,): probability that a plot came from no existing track.
    undetected : Undetected
        Where targets without a track may be.
    view : View
        The sensor.
    floor : float
        No track is started below this existence.
    """
    density, speed_sd, number, mean, covariance = undetected
    chosen, existence = np.empty(len(plots), dtype=np.int64), np.empty(len(plots))
    born = 0
    for j in range(len(plots)):
        existence[born] = plots[j, P_BIRTH] * new_probability[j]
        if existence[born] >= floor:
            chosen[born] = j
            born += 1
    state, spread = np.zeros((born, 4)), np.zeros((born, 4, 4))
    work, x, p = workspace(PLANE), np.empty(4), np.empty((4, 4))
    for b in range(born):
        row = plots[chosen[b]]
        _from_uniform(row, speed_sd, state[b], spread[b])
        weight = density
        for g in range(len(number)):
            more = number[g] * _gaussian_density(row, mean[g], covariance[g])
            log_n, slots, wide = likelihood(PLANE, mean[g], covariance[g], 0.0, row, 0, view, work)
            if more > 0.0 and log_n > -math.inf:
                updated(PLANE, slots, wide, mean[g], covariance[g], 0.0, view, work, x, p)
                _joined(weight, state[b], spread[b], more, x, p)
                weight += more
    return chosen[:born], existence[:born].copy(), state, spread


@kernel
def _joined(weight: float, x: F64, p: F64, more: float, other_x: F64, other_p: F64) -> None:
    """Take another Gaussian into the moments of a mixture, in place."""
    a, b = weight / (weight + more), more / (weight + more)
    for i in range(4):
        for k in range(4):
            apart = (x[i] - other_x[i]) * (x[k] - other_x[k])
            p[i, k] = a * p[i, k] + b * other_p[i, k] + a * b * apart
    for i in range(4):
        x[i] = a * x[i] + b * other_x[i]


@kernel
def plane_chance(
    tracks: Bernoullis, at_s: float, survival: float, detection: float, area: F64, edge: float
) -> F64:
    """Return existence now, P_D on a pair and P_D on a miss of every track, shape (n, 3).

    A track that has left the area hardly survives: nothing is told of what lies outside.

    Parameters
    ----------
    tracks : Bernoullis
        As in ``kernels.gate.candidates``.
    at_s : float
        Time of the scan.
    survival : float
        Probability of surviving since existence was last told.
    detection : float
        P_D.
    area : F64
        Shape (4,): x0, y0, x1, y1; infinite where there is none.
    edge : float
        Least share that survives outside; with 1 a track outside is not looked for instead.
    """
    state, covariance, _, _, _, time_s, existence, _ = tracks
    out = np.empty((len(existence), 3))
    for i in range(len(existence)):
        dt, inside = at_s - time_s[i], 1.0
        for a in range(2):
            x, p = state[i, a] + dt * state[i, 2 + a], covariance[i]
            variance = p[a, a] + 2.0 * dt * p[a, 2 + a] + dt * dt * p[2 + a, 2 + a]
            nearest = min(x - area[a], area[2 + a] - x)
            if nearest < 0.0 or nearest * nearest < 36.0 * variance:
                inside *= normal_cdf(nearest / math.sqrt(variance))
        out[i, 0] = survival * existence[i] * max(inside, edge)
        out[i, 2] = detection * (inside if edge >= 1.0 else 1.0)
        out[i, 1] = max(out[i, 2], 1e-3)
    return out


@kernel
def plane_report(tracks: Bernoullis, told: I64, at_s: float, q: float) -> F64:
    """Return position, velocity and covariance of position of some tracks at one time.

    Parameters
    ----------
    tracks : Bernoullis
        As in ``kernels.gate.candidates``.
    told : I64
        Shape (k,): rows.
    at_s, q : float
        The time; spectral density of acceleration, m2/s3.

    Returns
    -------
    F64
        Shape (7, k): x, y (m), vx, vy (m/s), covariances xx, xy, yy (m2).
    """
    state, covariance, _, _, _, time_s, _, _ = tracks
    out = np.empty((7, len(told)))
    for k in range(len(told)):
        i = told[k]
        x, p, dt = state[i], covariance[i], at_s - time_s[i]
        out[0, k], out[1, k] = x[0] + dt * x[2], x[1] + dt * x[3]
        out[2, k], out[3, k] = x[2], x[3]
        noise = q * dt * dt * dt / 3.0
        out[4, k] = p[0, 0] + 2.0 * dt * p[0, 2] + dt * dt * p[2, 2] + noise
        out[5, k] = p[0, 1] + dt * (p[0, 3] + p[1, 2]) + dt * dt * p[2, 3]
        out[6, k] = p[1, 1] + 2.0 * dt * p[1, 3] + dt * dt * p[3, 3] + noise
    return out
