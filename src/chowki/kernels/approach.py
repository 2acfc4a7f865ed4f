"""How a track approaches a place: closest point of approach and time to go."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.intent import off_bearing, seen_from
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

QUANTILE_95 = 1.6448536269514722  # of the standard normal: both ends of a 90 % interval
# Quantiles of the exponential of mean 1: ends of its 90 % interval, and its median.
EXPONENTIAL = (0.05129329438755058, 2.995732273553991, 0.6931471805599453)
WIDEST = 1.5  # largest spread of a time to go, of its logarithm
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
    gap_m: float,
    detour: float,
    speed_mps: float,
    sd_along_m: float,
    sd_speed_mps: float,
    longest_s: float,
) -> tuple[float, float, float]:
    """Return expected seconds to cover a gap, and the ends of their 90 % interval.

    t = gap (1 + e) / v: the excess e of the path over the straight line is exponential with mean
    ``detour``; speed and position spread by first-order propagation (Bar-Shalom, Li and
    Kirubarajan 2001, sec. 1.4), taken as lognormal, since a slow track is late by more than a fast
    one is early. The two spreads, of the logarithm, add in squares on either side of the median
    (Barlow 2003, asymmetric errors).

    Parameters
    ----------
    gap_m : float
        Straight way to the edge of the place.
    detour : float
        Mean excess of the path over it, relative.
    speed_mps, sd_speed_mps : float
        Mean speed to come, and its standard deviation.
    sd_along_m : float
        Standard deviation of the position along the way.
    longest_s : float
        All three are cut here.
    """
    straight = gap_m / speed_mps
    spread = math.hypot(straight * sd_speed_mps, sd_along_m) / speed_mps
    scale = max(straight, spread)
    sigmas = QUANTILE_95 * min(spread / max(scale, 1e-9), WIDEST)
    median = math.log1p(EXPONENTIAL[2] * detour)
    early = math.hypot(median - math.log1p(EXPONENTIAL[0] * detour), sigmas)
    late = math.hypot(math.log1p(EXPONENTIAL[1] * detour) - median, sigmas)
    expected = straight * (1.0 + detour)
    low = min(straight * math.exp(median - early), expected)
    high = max(scale * math.exp(median + late), expected)
    return min(expected, longest_s), min(low, longest_s), min(high, longest_s)


@kernel
def detour_ahead(off_rad: float, least: float, by_course: float) -> float:
    """Return the mean excess of the path to come, relative to the straight way.

    Flying on at an angle off the bearing for a share u of the way before turning in costs
    u (1 - cos off) of the way to first order; ``by_course`` is the mean of u.
    """
    return least + by_course * (1.0 - math.cos(off_rad))


@kernel
def approach(
    tracks: F64,
    pace: F64,
    probability: F64,
    place_m: F64,
    axes: F64,
    radius_m: F64,
    detour: F64,
    slowest_mps: float,
    longest_s: float,
    threshold: float,
) -> tuple[I64, F64]:
    """Return the pairs of track and place that matter, in order of track and place.

    Parameters
    ----------
    tracks : F64
        Shape (n, 8): position (m), velocity (m/s), square roots of the horizontal position
        covariance's and of the velocity covariance's traces; a velocity may be NaN.
    pace : F64
        Shape (n, 2): mean speed to come (m/s) and its standard deviation.
    probability : F64
        Shape (n, p): that the track means the place.
    place_m, axes, radius_m : F64
        Shapes (p, 3), (p, 3, 3), (p,): places and their local axes, station frame.
    detour : F64
        Shape (2,): least mean excess of the path, and what it grows with the course, see
        ``detour_ahead``.
    slowest_mps, longest_s, threshold : float
        Least speed assumed, longest time to go, least probability that leaves as a row.

    Returns
    -------
    pairs : I64
        Shape (m, 2): row of the track and of the place.
    numbers : F64
        Shape (m, 7): probability, time to go and its two ends (s), distance (m), distance (m) and
        time (s) of the closest point of approach.
    """
    n, p = probability.shape
    pairs = np.empty((n * p, 2), dtype=np.int64)
    numbers = np.empty((n * p, 7))
    seen = np.empty(6)
    rows = 0
    for i in range(n):
        speed = max(pace[i, 0], slowest_mps)
        for j in range(p):
            if not probability[i, j] >= threshold:  # also true of NaN
                continue
            seen_from(place_m[j], axes[j], tracks[i], radius_m[j], seen)
            x, y, vx, vy, gap, _ = seen
            if not math.isfinite(vx + vy):
                vx, vy, off = 0.0, 0.0, 0.0
            else:
                off = off_bearing(seen)
            ahead = detour_ahead(off, detour[0], detour[1])
            sd_along = SHARE_PER_AXIS_2 * tracks[i, 6]
            togo, low, high = time_to_go(gap, ahead, speed, sd_along, pace[i, 1], longest_s)
            cpa_time, cpa = closest_approach(x, y, vx, vy)
            pairs[rows, 0], pairs[rows, 1] = i, j
            numbers[rows, 0], numbers[rows, 1] = probability[i, j], togo
            numbers[rows, 2], numbers[rows, 3] = low, high
            numbers[rows, 4], numbers[rows, 5] = math.hypot(x, y), cpa
            numbers[rows, 6] = cpa_time
            rows += 1
    return pairs[:rows], numbers[:rows]


@kernel
def misses(tracks: F64, place_m: F64, axes: F64, radius_m: F64) -> F64:
    """Return the gap (m) to each place now, and at the closest point of approach.

    Parameters
    ----------
    tracks, place_m, axes, radius_m : F64
        As ``approach`` takes them.

    Returns
    -------
    F64
        Shape (n, p, 2); infinity for a track of unknown position, both gaps the same for one of
        unknown velocity.
    """
    gaps = np.full((len(tracks), len(place_m), 2), np.inf)
    seen = np.empty(6)
    for i in range(len(tracks)):
        if not math.isfinite(tracks[i, 0] + tracks[i, 1] + tracks[i, 2]):
            continue
        for j in range(len(place_m)):
            seen_from(place_m[j], axes[j], tracks[i], radius_m[j], seen)
            gaps[i, j, 0] = gaps[i, j, 1] = seen[4]
            if math.isfinite(seen[5]):
                cpa_m = closest_approach(seen[0], seen[1], seen[2], seen[3])[1]
                gaps[i, j, 1] = max(cpa_m - radius_m[j], 0.0)
    return gaps
