"""How a track approaches a place: closest point of approach, time to go, which place is meant."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

QUANTILE_95 = 1.6448536269514722  # of the standard normal: both ends of a 90 % interval
ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
SHARE_PER_AXIS_3 = 1.0 / math.sqrt(3.0)
SHARE_PER_AXIS_2 = 1.0 / math.sqrt(2.0)


@kernel
def closest_approach(x_m: float, y_m: float, vx_mps: float, vy_mps: float) -> tuple[float, float]:
    """Return time (s) and distance (m) of the closest point of approach, from now on.

    t* = -p.v / |v|^2 and d* = |p x v| / |v| for a position p seen from the place (Blackman and
    Popoli 1999, ch. 2); a receding or hovering track is closest now.
    """
    speed_sq = vx_mps * vx_mps + vy_mps * vy_mps
    closing = -(x_m * vx_mps + y_m * vy_mps)
    if speed_sq <= 1e-12 or closing <= 0.0:
        return 0.0, math.hypot(x_m, y_m)
    return closing / speed_sq, abs(x_m * vy_mps - y_m * vx_mps) / math.sqrt(speed_sq)


@kernel
def time_to_go(
    gap_m: float, speed_mps: float, sd_along_m: float, sd_speed_mps: float, longest_s: float
) -> tuple[float, float, float]:
    """Return expected seconds to cover a gap, and the ends of their 90 % interval.

    t = gap / v, spread by first-order propagation (Bar-Shalom, Li and Kirubarajan 2001, sec. 1.4)
    and taken as lognormal, since a slow track is late by more than a fast one is early.
    """
    expected = gap_m / speed_mps
    spread = math.hypot(expected * sd_speed_mps, sd_along_m) / speed_mps
    scale = max(expected, spread)
    factor = math.exp(QUANTILE_95 * min(spread / max(scale, 1e-9), 1.5))
    return (
        min(expected, longest_s),
        min(expected / factor, longest_s),
        min(scale * factor, longest_s),
    )


@kernel
def heading_likelihood(
    off_rad: float, speed_mps: float, sd_speed_mps: float, aim_sd_rad: float, detour_share: float
) -> float:
    """Return the density (1/rad) of a heading that is off a place's edge by an angle.

    A normal about the bearing of the place, mixed with a uniform for detours by way of
    waypoints and for headings that the track does not know well; a hovering track has none.
    """
    known = speed_mps * speed_mps / (speed_mps * speed_mps + sd_speed_mps * sd_speed_mps + 1.0)
    aimed = known * (1.0 - detour_share)
    sigmas = off_rad / aim_sd_rad
    normal = math.exp(-0.5 * sigmas * sigmas) if sigmas < 6.0 else 0.0
    return aimed * normal / (aim_sd_rad * ROOT_TWO_PI) + (1.0 - aimed) / (2.0 * math.pi)


@kernel
def _seen_from(place: F64, axes: F64, track: F64, radius_m: float, out: F64) -> None:
    """Fill x, y (m), vx, vy (m/s) in a place's horizontal plane, gap (m), speed (m/s)."""
    dx, dy, dz = track[0] - place[0], track[1] - place[1], track[2] - place[2]
    x = axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz
    y = axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz
    vx = axes[0, 0] * track[3] + axes[0, 1] * track[4] + axes[0, 2] * track[5]
    vy = axes[1, 0] * track[3] + axes[1, 1] * track[4] + axes[1, 2] * track[5]
    out[0], out[1], out[2], out[3] = x, y, vx, vy
    out[4] = max(math.sqrt(x * x + y * y) - radius_m, 0.0)
    out[5] = math.sqrt(vx * vx + vy * vy)


@kernel
def _off_course(seen: F64, radius_m: float) -> float:
    """Return the angle (rad) by which a heading misses the edge of a place, 0 within it."""
    if seen[4] <= 0.0:
        return 0.0
    x, y, vx, vy = seen[0], seen[1], seen[2], seen[3]
    course = abs(math.atan2(x * vy - y * vx, -(x * vx + y * vy)))
    return max(course - math.asin(radius_m / (radius_m + seen[4])), 0.0)


@kernel
def approach(
    tracks: F64,
    relevance: F64,
    place_m: F64,
    axes: F64,
    radius_m: F64,
    reach_m: float,
    distance_scale_m: float,
    aim_sd_rad: float,
    detour_share: float,
    none_weight: float,
    speed_spread: float,
    slowest_mps: float,
    longest_s: float,
    threshold: float,
) -> tuple[I64, F64]:
    """Return the pairs of track and place that matter.

    Parameters
    ----------
    tracks : F64
        Shape (n, 8): position (m), velocity (m/s), square roots of the horizontal position
        covariance's and of the velocity covariance's traces.
    relevance : F64
        Shape (n,): probability that the track is there and is out to attack.
    place_m, axes, radius_m : F64
        Shapes (p, 3), (p, 3, 3), (p,): places and their local axes, station frame.
    reach_m, distance_scale_m, aim_sd_rad, detour_share, none_weight : float
        Figures of the prior and the likelihood, see ``defence.threat``.
    speed_spread, slowest_mps, longest_s, threshold : float
        Figures of the time to go and of what leaves as a row.

    Returns
    -------
    pairs : I64
        Shape (m, 2): row of the track and of the place.
    numbers : F64
        Shape (m, 7): probability, time to go and its two ends (s), distance (m), distance (m) and
        time (s) of the closest point of approach.
    """
    n, p = len(tracks), len(place_m)
    pairs = np.empty((n * p, 2), dtype=np.int64)
    numbers = np.empty((n * p, 7))
    seen = np.empty((p, 6))
    weight = np.empty(p)
    rows = 0
    for i in range(n):
        if not relevance[i] >= threshold:  # also true of NaN
            continue
        sd_along, sd_speed = tracks[i, 6] * SHARE_PER_AXIS_2, tracks[i, 7] * SHARE_PER_AXIS_3
        total = none_weight / (2.0 * math.pi)
        for j in range(p):
            weight[j] = 0.0
            dx, dy = tracks[i, 0] - place_m[j, 0], tracks[i, 1] - place_m[j, 1]
            if dx * dx + dy * dy <= reach_m * reach_m:
                _seen_from(place_m[j], axes[j], tracks[i], radius_m[j], seen[j])
                off = _off_course(seen[j], radius_m[j])
                weight[j] = math.exp(-seen[j, 4] / distance_scale_m) * heading_likelihood(
                    off, seen[j, 5], sd_speed, aim_sd_rad, detour_share
                )
            total += weight[j]
        for j in range(p):
            probability = relevance[i] * weight[j] / total
            if not (weight[j] > 0.0 and probability >= threshold):
                continue
            x, y, vx, vy, gap, speed = seen[j]
            speed = max(speed, slowest_mps)
            spread = math.hypot(sd_speed, speed_spread * speed)
            pairs[rows, 0], pairs[rows, 1] = i, j
            numbers[rows, 0] = probability
            numbers[rows, 1:4] = time_to_go(gap, speed, sd_along, spread, longest_s)
            numbers[rows, 4] = math.hypot(x, y)
            numbers[rows, 6], numbers[rows, 5] = closest_approach(x, y, vx, vy)
            rows += 1
    return pairs[:rows], numbers[:rows]
