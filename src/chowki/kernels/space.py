"""Plots in space for a tracker used alone: clutter and births in each plot's own slots, P_D.

New targets and false plots are spread evenly over the ground; over height, elevation and range
rate both are spread like new targets, so that only the ground decides what a plot starts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import P_BIRTH, P_LOG_C, P_VALUE, P_VARIANCE
from chowki.kernels.gate import Bernoullis
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import ELEVATION, POSITION, RANGE, RANGE_RATE
from chowki.kernels.measure import TWO_PI
from chowki.kernels.visibility import normal_cdf

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# New targets: density (1/m2), speed per axis, height and its spread (standard deviations; m/s, m).
Newcomers = tuple[float, float, float, float]


@kernel
def _log_normal(y: float, variance: float) -> float:
    """Return ln N(y; 0, variance)."""
    return -0.5 * (y * y / variance + math.log(TWO_PI * variance))


@kernel
def weigh_space_births(
    plots: F64, bits: I64, newcomers: Newcomers, clutter_per_m2: float, detection: float,
    origin: F64, area_m2: float,
) -> None:  # fmt: skip
    """Write ln(kappa + b) and b / (kappa + b) of every plot.

    Parameters
    ----------
    plots, bits : F64, I64
        Shapes (m, P_WIDTH), written in two columns, and (m,).
    newcomers : Newcomers
        Where targets without a track may be.
    clutter_per_m2, detection : float
        False plots a square metre of ground; P_D.
    origin : F64
        Shape (3,): the sensor.
    area_m2 : float
        What the sensor covers: a bearing may come from anywhere in it.
    """
    density, speed_sd, height, height_sd = newcomers
    unseen = detection * density
    for j in range(len(plots)):
        row, log_c = plots[j], math.log(clutter_per_m2 + unseen)
        values, variances = row[P_VALUE:P_VARIANCE], row[P_VARIANCE:]
        if bits[j] & POSITION:
            log_c += _log_normal(values[6] - height, height_sd**2 + variances[6])
        elif bits[j] & RANGE:
            slant = max(values[0], 1.0)
            log_c += math.log(slant)  # d(x, y) / d(range, azimuth)
            if bits[j] & ELEVATION:
                up = origin[2] + slant * math.sin(values[2])
                spread = height_sd**2 + slant * slant * variances[2]
                log_c += _log_normal(up - height, spread) + math.log(slant)
            if bits[j] & RANGE_RATE:
                log_c += _log_normal(values[3], speed_sd**2 + variances[3])
        else:
            log_c += math.log(area_m2 / TWO_PI)
            if bits[j] & ELEVATION:
                log_c -= math.log(math.pi)
        starts = bits[j] & (POSITION | RANGE)
        row[P_LOG_C] = log_c
        row[P_BIRTH] = unseen / (clutter_per_m2 + unseen) if starts else 0.0


@kernel
def space_chance(
    tracks: Bernoullis, at_s: float, survival: float, detection: float, area: F64, edge: float,
    origin: F64, range_max_m: float,
) -> F64:  # fmt: skip
    """Return existence now, P_D on a pair and P_D on a miss of every track, shape (n, 3).

    Parameters
    ----------
    tracks : Bernoullis
        As in ``kernels.gate.candidates``.
    at_s, survival, detection
        Time of the scan; probability of surviving since the last one; P_D.
    area, edge
        As in ``kernels.plane.plane_chance``; with ``edge`` 1 a track outside is not looked for.
    origin, range_max_m : F64, float
        The sensor and its reach: beyond it nothing is seen.
    """
    state, covariance, _, _, _, time_s, existence, _ = tracks
    out = np.empty((len(existence), 3))
    for i in range(len(existence)):
        dt, inside, square, spread = at_s - time_s[i], 1.0, 0.0, 0.0
        p = covariance[i]
        for a in range(3):
            x = state[i, a] + dt * state[i, 3 + a]
            variance = p[a, a] + 2.0 * dt * p[a, 3 + a] + dt * dt * p[3 + a, 3 + a]
            square += (x - origin[a]) ** 2
            spread += variance
            if a < 2:
                nearest = min(x - area[a], area[2 + a] - x)
                if nearest * nearest < 36.0 * variance or nearest < 0.0:
                    inside *= normal_cdf(nearest / math.sqrt(variance))
        seen = normal_cdf((range_max_m - math.sqrt(square)) / math.sqrt(spread))
        stays = max(inside, edge)
        out[i, 0] = survival * existence[i] * stays
        out[i, 1] = max(detection * seen * (inside if edge >= 1.0 else 1.0), 1e-3)
        out[i, 2] = detection * seen * (inside if edge >= 1.0 else 1.0)
    return out
