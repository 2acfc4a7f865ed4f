"""How surely a look detects a track, from the figures that a sensor's maker states.

Radar: signal-to-noise ratio falls with the fourth power of range (Skolnik 2001, "Introduction to
Radar Systems", eq. 1.7), detection of a Swerling 1 target is Pfa^(1/(1+S)) (Skolnik 2001,
eq. 2.43 ff.). Edges are soft: a track whose own uncertainty straddles the edge of a look, the
horizon or the mask is seen with the probability that it is on the visible side.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.geodesy import MEAN_RADIUS_M, vertical_and_height
from chowki.kernels.jit import kernel
from chowki.kernels.measure import TWO_PI, to_sensor, wrap

F64 = NDArray[np.float64]

# Figures of a look, one vector: what it covers, what the sensor states, what the filter assumes.
L_RANGE_MIN, L_RANGE_MAX, L_AZIMUTH_FROM, L_AZIMUTH_SPAN = 0, 1, 2, 3
L_ELEVATION_MIN, L_ELEVATION_MAX = 4, 5
L_DETECTION, L_DETECTION_MAX, L_SNR, L_LOG_FALSE_ALARM = 6, 7, 8, 9
L_REFERENCE_RANGE, L_REFERENCE_DBSM, L_CANCELLED = 10, 11, 12
L_MISS, L_COOPERATIVE, L_SILENT_ANSWER, L_PAIR_FLOOR = 13, 14, 15, 16
L_EARTH_FACTOR, L_SENSOR_HEIGHT, L_GROUND_HEIGHT = 17, 18, 19
L_LIFETIME, L_WIDTH = 20, 21

ROOT_TWO = math.sqrt(2.0)

# Sensor position (3,), sensor axes (3, 3), station frame (4, 3), azimuths and elevations of the
# horizon mask.
Scene = tuple[F64, F64, F64, F64, F64]


@kernel
def normal_cdf(x: float) -> float:
    """Return the standard normal distribution function, 0 or 1 beyond six deviations."""
    if abs(x) > 6.0:
        return 1.0 if x > 0.0 else 0.0
    return 0.5 * math.erfc(-x / ROOT_TWO)


@kernel
def swerling_1(snr_reference: float, log_false_alarm: float, ratio: float) -> float:
    """Return P_D of a Swerling 1 target whose SNR is ``ratio`` times the reference."""
    return math.exp(log_false_alarm / (1.0 + snr_reference * ratio))


@kernel
def mask_elevation_at(mask_azimuth: F64, mask_elevation: F64, azimuth: float) -> float:
    """Return the lowest visible elevation (rad) at an azimuth, linear between the mask's points."""
    n = len(mask_azimuth)
    for k in range(n):
        ahead = (mask_azimuth[(k + 1) % n] - mask_azimuth[k]) % TWO_PI
        into = (azimuth - mask_azimuth[k]) % TWO_PI
        if into <= ahead or n == 1:
            t = into / ahead if ahead > 0.0 else 0.0
            return mask_elevation[k] + t * (mask_elevation[(k + 1) % n] - mask_elevation[k])
    return mask_elevation[0]


@kernel
def above_horizon(height_m: float, sd_m: float, ground_range_m: float, look: F64) -> float:
    """Return the probability that a height is above the sensor's horizon, round refracting earth.

    The horizon of an eye at h over an earth of radius k R lies at sqrt(2 k R h) (Skolnik 2001,
    eq. 8.1 with k = 4/3).
    """
    radius = look[L_EARTH_FACTOR] * MEAN_RADIUS_M
    beyond = ground_range_m - math.sqrt(2.0 * radius * max(look[L_SENSOR_HEIGHT], 0.0))
    if beyond <= 0.0:
        return 1.0
    needed = look[L_GROUND_HEIGHT] + beyond * beyond / (2.0 * radius)
    return normal_cdf((height_m - needed) / sd_m)


@kernel
def _within(azimuth: float, sd: float, look: F64) -> float:
    """Return the probability that an uncertain azimuth lies in the look's sector."""
    half = 0.5 * look[L_AZIMUTH_SPAN]
    if half >= math.pi - 1e-9:
        return 1.0
    off = abs(wrap(azimuth - look[L_AZIMUTH_FROM] - half))
    return normal_cdf((half - off) / sd)


@kernel
def passed(x: F64, p: F64, dx: float, dy: float, dz: float, slant_m: float, look: F64) -> float:
    """Return the mean share of a target's power that a canceller of standing echoes lets pass.

    Near zero the gain of a two-pulse canceller grows with the square of the range rate (Skolnik
    2001, eq. 3.9); here it reaches its mean at ``L_CANCELLED`` and stays there, because blind
    speeds beyond are spread by stagger.
    """
    if math.isnan(look[L_CANCELLED]):
        return 1.0
    u, v, w = dx / slant_m, dy / slant_m, dz / slant_m
    rate = u * x[3] + v * x[4] + w * x[5]
    variance = u * (u * p[3, 3] + 2.0 * (v * p[3, 4] + w * p[3, 5])) + w * w * p[5, 5]
    variance += v * (v * p[4, 4] + 2.0 * w * p[4, 5])
    return min(1.0, max(rate * rate + variance, 0.01) / look[L_CANCELLED] ** 2)


@kernel
def strength(slant_m: float, rcs_dbsm: float, look: F64) -> float:
    """Return P_D in free sight at a range: derated for radars, flat for all else."""
    if math.isnan(look[L_SNR]):
        return look[L_DETECTION]
    ratio = (look[L_REFERENCE_RANGE] / max(slant_m, 1.0)) ** 4
    if not math.isnan(rcs_dbsm) and not math.isnan(look[L_REFERENCE_DBSM]):
        ratio *= 10.0 ** (0.1 * (rcs_dbsm - look[L_REFERENCE_DBSM]))
    return min(swerling_1(look[L_SNR], look[L_LOG_FALSE_ALARM], ratio), look[L_DETECTION_MAX])


@kernel
def sight(x: F64, p: F64, rcs_dbsm: float, scene: Scene, look: F64) -> tuple[float, float]:
    """Return how probably a look has a track in sight, and how surely it then detects it.

    Parameters
    ----------
    x, p : F64
        Shapes (6,), (6, 6): the track at the middle of the look, station frame.
    rcs_dbsm : float
        Its radar cross-section as far as known, NaN for the sensor's reference target.
    scene : Scene
        Where the sensor stands, and what hides the sky from it.
    look : F64
        Shape (L_WIDTH,): figures of the look, columns ``L_...``.
    """
    origin, axes, frame, mask_azimuth, mask_elevation = scene
    dx, dy, dz = x[0] - origin[0], x[1] - origin[1], x[2] - origin[2]
    e, n, u = to_sensor(axes, dx, dy, dz)
    ground = max(math.hypot(e, n), 1.0)
    slant = math.hypot(ground, u)
    if slant < look[L_RANGE_MIN] or slant > look[L_RANGE_MAX]:
        return 0.0, 0.0
    vx, vy, vz, height = vertical_and_height(frame, x[0], x[1], x[2])
    variance = (
        vx * (p[0, 0] * vx + 2.0 * p[0, 1] * vy + 2.0 * p[0, 2] * vz)
        + vy * (p[1, 1] * vy + 2.0 * p[1, 2] * vz)
        + vz * p[2, 2] * vz
    )
    sd = math.sqrt(max(variance, 0.0)) + 1.0
    azimuth = math.atan2(e, n)
    cross = math.sqrt(max(p[0, 0], p[1, 1])) + 1.0
    chance = _within(azimuth, cross / ground, look)
    elevation, angle_sd = math.atan2(u, ground), sd / slant
    chance *= normal_cdf((elevation - look[L_ELEVATION_MIN]) / angle_sd)
    chance *= normal_cdf((look[L_ELEVATION_MAX] - elevation) / angle_sd)
    chance *= above_horizon(height, sd, ground, look)
    if len(mask_azimuth) > 0:
        lifted = elevation + 0.5 * ground * (1.0 - 1.0 / look[L_EARTH_FACTOR]) / MEAN_RADIUS_M
        lowest = mask_elevation_at(mask_azimuth, mask_elevation, azimuth % TWO_PI)
        chance *= normal_cdf((lifted - lowest) / angle_sd)
    if chance < 1e-3:
        return 0.0, 0.0
    # power falls with the fourth power of range: what is cancelled is as if it were further away
    away = slant * passed(x, p, dx, dy, dz, slant, look) ** -0.25
    return chance, strength(away, rcs_dbsm, look)


@kernel
def detection_probability(
    x: F64,
    p: F64,
    rcs_dbsm: float,
    origin: F64,
    axes: F64,
    frame: F64,
    look: F64,
    mask_azimuth: F64,
    mask_elevation: F64,
) -> float:
    """Return P_D of one look for a track; 0 outside the look's volume or below the horizon.

    Parameters
    ----------
    x, p, rcs_dbsm, look
        As in ``sight``.
    origin, axes, frame : F64
        Sensor position (3,), sensor axes (3, 3), station frame (4, 3).
    mask_azimuth, mask_elevation : F64
        Horizon mask, may be empty.
    """
    visible, shown = sight(
        x, p, rcs_dbsm, (origin, axes, frame, mask_azimuth, mask_elevation), look
    )
    return visible * shown
