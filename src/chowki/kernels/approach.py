"""How a track approaches a place: closest point of approach, time to go, which place is meant."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

QUANTILE_95 = 1.6448536269514722  # of the standard normal: both ends of a 90 % interval
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
    normal = math.exp(-0.5 * (off_rad / aim_sd_rad) ** 2) / (aim_sd_rad * math.sqrt(2.0 * math.pi))
    return aimed * normal + (1.0 - aimed) / (2.0 * math.pi)


@kernel
def _weigh(
    place: F64,
    axes: F64,
    track: F64,
    radius_m: float,
    aim_sd_rad: float,
    detour_share: float,
    distance_scale_m: float,
    out: F64,
) -> None:
    """Fill weight, distance, CPA and its time, gap of one pair; ``track`` as in ``approach``."""
    dx, dy, dz = track[0] - place[0], track[1] - place[1], track[2] - place[2]
    x = axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz
    y = axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz
    vx = axes[0, 0] * track[3] + axes[0, 1] * track[4] + axes[0, 2] * track[5]
    vy = axes[1, 0] * track[3] + axes[1, 1] * track[4] + axes[1, 2] * track[5]
    distance = math.hypot(x, y)
    speed = math.hypot(vx, vy)
    off = 0.0
    if distance > radius_m:
        course = abs(math.atan2(x * vy - y * vx, -(x * vx + y * vy)))
        off = max(course - math.asin(radius_m / distance), 0.0)
    gap = max(distance - radius_m, 0.0)
    sd_velocity = track[7] * SHARE_PER_AXIS_3
    likelihood = heading_likelihood(off, speed, sd_velocity, aim_sd_rad, detour_share)
    out[0] = likelihood * math.exp(-gap / distance_scale_m)
    out[1] = distance
    out[3], out[2] = closest_approach(x, y, vx, vy)
    out[4] = gap
    out[5] = speed


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
    rows = 0
    for i in range(n):
        if not relevance[i] >= threshold:  # also true of NaN
            continue
        total = none_weight / (2.0 * math.pi)
        for j in range(p):
            d = tracks[i, :3] - place_m[j]
            seen[j, 0] = 0.0
            if d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= reach_m * reach_m:
                _weigh(
                    place_m[j],
                    axes[j],
                    tracks[i],
                    radius_m[j],
                    aim_sd_rad,
                    detour_share,
                    distance_scale_m,
                    seen[j],
                )
            total += seen[j, 0]
        for j in range(p):
            probability = relevance[i] * seen[j, 0] / total
            if not (seen[j, 0] > 0.0 and probability >= threshold):
                continue
            speed = max(seen[j, 5], slowest_mps)
            pairs[rows, 0], pairs[rows, 1] = i, j
            numbers[rows, 0] = probability
            numbers[rows, 1:4] = time_to_go(
                seen[j, 4],
                speed,
                tracks[i, 6] * SHARE_PER_AXIS_2,
                math.hypot(tracks[i, 7] * SHARE_PER_AXIS_3, speed_spread * speed),
                longest_s,
            )
            numbers[rows, 4:7] = seen[j, 1:4]
            rows += 1
    return pairs[:rows], numbers[:rows]
