"""Targets without a track: their Poisson intensity by place and kind, and what a look tells of it.

The intensity of each kind of target lies on a grid of cells along the ground. Between looks it
returns to what it is where nobody looks, and flows from cell to cell; a look takes the detected
share 1 - (1 - P_D) out of it (Williams 2015, "Marginal multi-Bernoulli filters", IEEE TAES 51(3),
section III). The flow over an edge is that of a gas whose particles fly in all directions: v / pi
times the density, to each side (kinetic theory in two dimensions).

What an echo's strength tells: a Swerling 1 target of mean signal-to-noise ratio S is detected with
power a with the density exp(-a / (1 + S)) / (1 + S), a false plot lies above the threshold by an
exponential (Lerro and Bar-Shalom 1993, "Interacting multiple model tracking with target amplitude
feature", IEEE TAES 29(2)).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import P_VALUE
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import AZIMUTH, POSITION, RANGE
from chowki.kernels.measure import from_sensor
from chowki.kernels.visibility import (
    L_DETECTION,
    L_DETECTION_MAX,
    L_GROUND_HEIGHT,
    L_LOG_FALSE_ALARM,
    L_RANGE_MAX,
    L_RANGE_MIN,
    L_REFERENCE_DBSM,
    L_REFERENCE_RANGE,
    L_SNR,
    above_horizon,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Columns of a kind of target: radar cross-section and its spread (dBsm, dB), height above the
# ground and its spread (m), speed (m/s), intensity where nobody looks (1/m2).
K_DBSM, K_DB_SD, K_HEIGHT, K_HEIGHT_SD, K_SPEED, K_DENSITY, K_WIDTH = 0, 1, 2, 3, 4, 5, 6
# West and south edge of a grid and side of its cells, m.
G_WEST, G_SOUTH, G_SIDE, G_WIDTH = 0, 1, 2, 3
# Gauss-Hermite quadrature of three points: deviations and weights.
NODES = (-1.7320508075688772, 0.0, 1.7320508075688772)
WEIGHTS = (1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0)
# Aspect and cancellation may weaken an echo: shares of its power, and how often.
FADES, FADE_WEIGHTS = (1.0, 0.1, 0.01), (0.6, 0.25, 0.15)
# How much an echo's strength may change the density of false plots, either way.
MOST = 20.0


@kernel
def mean_ratio(slant_m: float, dbsm: float, look: F64) -> float:
    """Return the mean signal-to-noise ratio of a target in free sight."""
    ratio = (look[L_REFERENCE_RANGE] / max(slant_m, 1.0)) ** 4
    return look[L_SNR] * ratio * 10.0 ** (0.1 * (dbsm - look[L_REFERENCE_DBSM]))


@kernel
def kind_detection(kind: F64, slant_m: float, look: F64) -> float:
    """Return P_D of a kind of target at a range, over its cross-sections and heights."""
    if slant_m < look[L_RANGE_MIN] or slant_m > look[L_RANGE_MAX]:
        return 0.0
    height = look[L_GROUND_HEIGHT] + kind[K_HEIGHT]
    seen = above_horizon(height, kind[K_HEIGHT_SD], slant_m, look)
    if math.isnan(look[L_SNR]):
        return seen * look[L_DETECTION]
    total = 0.0
    for k in range(3):
        snr = mean_ratio(slant_m, kind[K_DBSM] + NODES[k] * kind[K_DB_SD], look)
        total += WEIGHTS[k] * min(math.exp(look[L_LOG_FALSE_ALARM] / (1.0 + snr)), 1.0)
    return seen * min(total, look[L_DETECTION_MAX])


@kernel
def cell_detection(kinds: F64, grid: F64, shape: tuple[int, int], origin: F64, look: F64) -> F64:
    """Return ln(1 - P_D) of a whole turn of a sensor in every cell, shape (kinds, rows, columns).

    Parameters
    ----------
    kinds : F64
        Shape (k, K_WIDTH).
    grid, shape : F64, tuple of int
        Columns ``G_...``; rows (south to north) and columns (west to east).
    origin, look : F64
        Position of the sensor (3,); its figures (``kernels.visibility``).
    """
    out = np.zeros((len(kinds), shape[0], shape[1]))
    for i in range(shape[0]):
        y = grid[G_SOUTH] + (i + 0.5) * grid[G_SIDE] - origin[1]
        for j in range(shape[1]):
            x = grid[G_WEST] + (j + 0.5) * grid[G_SIDE] - origin[0]
            away = max(math.sqrt(x * x + y * y), 0.25 * grid[G_SIDE])
            if away > look[L_RANGE_MAX]:
                continue
            for k in range(len(kinds)):
                out[k, i, j] = math.log1p(-kind_detection(kinds[k], away, look))
    return out


@kernel
def drift(density: F64, kinds: F64, side_m: float, turnover_s: float, dt_s: float) -> F64:
    """Return the intensity after some seconds without a look.

    Parameters
    ----------
    density : F64
        Shape (kinds, rows, columns), 1/m2.
    kinds : F64
        Shape (k, K_WIDTH).
    side_m : float
        Side of a cell.
    turnover_s : float
        Time in which targets come up where nobody looks.
    dt_s : float
        Seconds.
    """
    out, comes = np.empty_like(density), -math.expm1(-dt_s / turnover_s)
    rows, columns = density.shape[1], density.shape[2]
    for k in range(len(kinds)):
        rest = kinds[k, K_DENSITY]
        flows = min(kinds[k, K_SPEED] * dt_s / (math.pi * side_m), 0.2)
        for i in range(rows):
            for j in range(columns):
                here = density[k, i, j]
                north = density[k, i + 1, j] if i + 1 < rows else rest
                south = density[k, i - 1, j] if i > 0 else rest
                east = density[k, i, j + 1] if j + 1 < columns else rest
                west = density[k, i, j - 1] if j > 0 else rest
                mixed = here + flows * (north + south + east + west - 4.0 * here)
                out[k, i, j] = mixed + comes * (rest - mixed)
    return out


@kernel
def looked(density: F64, log_missed: F64, turns: float) -> None:
    """Take out of an intensity what a sensor has detected in some turns, in place."""
    rows, columns = density.shape[1], density.shape[2]
    for k in range(len(density)):
        for i in range(rows):
            for j in range(columns):
                if log_missed[k, i, j] < 0.0:
                    density[k, i, j] *= math.exp(turns * log_missed[k, i, j])


@kernel
def returned(density: F64, grid: F64, x: F64, y: F64, kind: I64, existence: F64) -> None:
    """Give what is left of dropped tracks back to the intensity, in place (recycling).

    Parameters
    ----------
    density : F64
        Shape (kinds, rows, columns), 1/m2.
    grid : F64
        Columns ``G_...``.
    x, y, kind, existence : F64, F64, I64, F64
        Shape (n,): where each was, its kind, its existence.
    """
    area = grid[G_SIDE] ** 2
    for n in range(len(x)):
        i = math.floor((y[n] - grid[G_SOUTH]) / grid[G_SIDE])
        j = math.floor((x[n] - grid[G_WEST]) / grid[G_SIDE])
        if 0 <= i < density.shape[1] and 0 <= j < density.shape[2]:
            density[kind[n], i, j] += existence[n] / area


@kernel
def echo_density(power: float, slant_m: float, kind: F64, look: F64) -> float:
    """Return the density of a power above the threshold, of a kind of target at a range."""
    density, shown = 0.0, 0.0
    for k in range(3):
        snr = mean_ratio(slant_m, kind[K_DBSM] + NODES[k] * kind[K_DB_SD], look)
        for f in range(3):
            spread, weight = 1.0 + snr * FADES[f], WEIGHTS[k] * FADE_WEIGHTS[f]
            density += weight * math.exp(-power / spread) / spread
            shown += weight * math.exp(look[L_LOG_FALSE_ALARM] / spread)
    return density / shown


@kernel
def falseness_of(echo: float, power: float, look: F64) -> float:
    """Return how many times likelier an echo's strength is of a false plot than of a target.

    Parameters
    ----------
    echo : float
        Density of the power of targets there.
    power : float
        The echo's power over the mean power of noise.
    look : F64
        Figures of the look.
    """
    threshold = -look[L_LOG_FALSE_ALARM]
    false = math.exp(-max(power - threshold, 0.0) / threshold) / threshold
    return min(max(false / max(echo, 1e-300), 1.0 / MOST), MOST)


@kernel
def about(
    plots: F64, bits: I64, snr_db: F64, kinds: F64, grid: F64, density: F64, origin: F64,
    axes: F64, look: F64,
) -> tuple[F64, F64]:  # fmt: skip
    """Return what there is without a track about each plot.

    Parameters
    ----------
    plots, bits : F64, I64
        Shapes (m, P_WIDTH), (m,).
    snr_db : F64
        Shape (m,): signal-to-noise ratio of each echo, dB; NaN where there is none.
    kinds, grid, density : F64
        Kinds of target, the grid and the intensity on it.
    origin, axes, look : F64
        Position (3,) and axes (3, 3) of the sensor; its figures (``kernels.visibility``).

    Returns
    -------
    unseen : F64
        Shape (m,): targets without a track that would show there, 1/m2.
    falseness : F64
        Shape (m,): how many times denser false plots are among echoes as strong as this one.
    """
    unseen, falseness = np.zeros(len(plots)), np.ones(len(plots))
    radar = not math.isnan(look[L_SNR])
    for m in range(len(plots)):
        row, slots = plots[m], bits[m]
        if slots & POSITION:
            x, y = row[P_VALUE + 4], row[P_VALUE + 5]
        elif slots & RANGE and slots & AZIMUTH:
            e, n, _ = from_sensor(axes, math.sin(row[P_VALUE + 1]), math.cos(row[P_VALUE + 1]), 0.0)
            x, y = origin[0] + row[P_VALUE] * e, origin[1] + row[P_VALUE] * n
        else:
            continue
        i = math.floor((y - grid[G_SOUTH]) / grid[G_SIDE])
        j = math.floor((x - grid[G_WEST]) / grid[G_SIDE])
        i, j = min(max(i, 0), density.shape[1] - 1), min(max(j, 0), density.shape[2] - 1)
        if slots & POSITION:
            for k in range(len(kinds)):
                unseen[m] += look[L_DETECTION] * density[k, i, j]
            continue
        measured, power, echo = radar and math.isfinite(snr_db[m]), 10.0 ** (0.1 * snr_db[m]), 0.0
        for k in range(len(kinds)):
            shows = density[k, i, j] * kind_detection(kinds[k], row[P_VALUE], look)
            unseen[m] += shows
            if measured and shows > 0.0:
                echo += shows * echo_density(1.0 + power, row[P_VALUE], kinds[k], look)
        if measured and unseen[m] > 0.0:
            falseness[m] = falseness_of(echo / unseen[m], 1.0 + power, look)
    return unseen, falseness
