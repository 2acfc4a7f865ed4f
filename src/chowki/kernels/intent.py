"""Which place a track means, from the path it has flown and the course it flies.

Places are weighed by what reaching them by this path costs beyond the shortest way (goal
inference by cost: Baker, Saxe and Tenenbaum 2009, Cognition 113; for motion, Dragan and Srinivasa
2012), so a waypoint costs every place a little, a turn away costs one place much, and what lies
far behind on the path is forgotten.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]

TWO_PI = 2.0 * math.pi
SHARE_PER_AXIS_3 = 1.0 / math.sqrt(3.0)


@kernel
def log_bessel(x: float) -> float:
    """Return log I0(x), x >= 0, to 2e-7 (Abramowitz and Stegun 1964, 9.8.1 and 9.8.2)."""
    if x < 3.75:
        t = (x / 3.75) * (x / 3.75)
        series = 3.0899424 + t * (1.2067492 + t * (0.2659732 + t * (0.0360768 + t * 0.0045813)))
        return math.log(1.0 + t * (3.5156229 + t * series))
    t = 3.75 / x
    tail = -0.01647633 + t * 0.00392377
    tail = 0.00916281 + t * (-0.02057706 + t * (0.02635537 + t * tail))
    series = 0.01328592 + t * (0.00225319 + t * (-0.00157565 + t * tail))
    return x - 0.5 * math.log(x) + math.log(0.39894228 + t * series)


@kernel
def course_density(
    off_rad: float,
    width_rad: float,
    sd_rad: float,
    direct_share: float,
    any_share: float,
    concentration: float,
    law: float,
) -> float:
    """Return the density (1/rad) of a course that is off the bearing of the place it means.

    Straight to the place (normal), by way of a waypoint (von Mises; Mardia and Jupp 2000, 3.5.4)
    or any course at all (a feint).

    Parameters
    ----------
    off_rad : float
        Angle between course and bearing, in [0, pi].
    width_rad : float
        How far its aim point may lie off the middle of the place.
    sd_rad : float
        Spread of a straight course.
    direct_share, any_share : float
        Share of straight courses; share of any course among the others.
    concentration : float
        Of courses to waypoints about the bearing.
    law : float
        ``log_bessel(concentration)``.
    """
    sigmas_sq = off_rad * off_rad / (sd_rad * sd_rad + width_rad * width_rad)
    normal = math.exp(-0.5 * min(sigmas_sq, 80.0)) / (sd_rad * math.sqrt(TWO_PI))
    by_way = math.exp(concentration * math.cos(off_rad) - law) / TWO_PI
    other = (1.0 - any_share) * by_way + any_share / TWO_PI
    return direct_share * normal + (1.0 - direct_share) * other


@kernel
def seen_from(place: F64, axes: F64, track: F64, radius_m: float, out: F64) -> None:
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
def off_bearing(seen: F64) -> float:
    """Return the angle (rad) between course and bearing of a place's middle, 0 within it."""
    if seen[4] <= 0.0:
        return 0.0
    x, y, vx, vy = seen[0], seen[1], seen[2], seen[3]
    return abs(math.atan2(x * vy - y * vx, -(x * vx + y * vy)))


@kernel
def intend(
    tracks: F64,
    step_s: F64,
    progress_m: F64,
    flown_m: F64,
    place_m: F64,
    axes: F64,
    radius_m: F64,
    course: F64,
    path: F64,
) -> F64:
    """Return how probably each track means each place, and bring its memory up to date.

    The weight of a place is exp(-gap / distance scale) x course density x
    exp(progress / detour scale), that of "none of them" is a constant x any course x
    I0(flown / detour scale): the path is one course drawn from a von Mises law whose
    concentration is the length flown. Progress is the length flown times the cosine off the
    bearing; flown less progress is the detour. Both are forgotten with the length flown.

    Parameters
    ----------
    tracks : F64
        Shape (n, 8): position (m), velocity (m/s), square roots of the horizontal position
        covariance's and of the velocity covariance's traces. A velocity of NaN says nothing.
    step_s : F64
        Shape (n,): seconds flown since the memory was last brought up to date, as observed.
    progress_m : F64
        Shape (n, p): metres of progress towards each place; changed in place.
    flown_m : F64
        Shape (n,): metres flown; changed in place.
    place_m, axes, radius_m : F64
        Shapes (p, 3), (p, 3, 3), (p,): places and their local axes, station frame.
    course : F64
        Shape (6,): spread of a straight course (rad), share of straight courses, share of any
        course among the others, concentration about the bearing, share of a velocity's stated
        spread that is taken for its error, speed (m/s) below which a course says little.
    path : F64
        Shape (5,): distance scale (m), weight of none, detour scale (m), length after which the
        path is forgotten (m), reach (m).

    Returns
    -------
    F64
        Shape (n, p): probabilities given that the track is out to attack; a row sums to less
        than 1, zeros for a track of unknown position.
    """
    n, p = len(tracks), len(place_m)
    probability = np.zeros((n, p))
    seen = np.empty(6)
    law = log_bessel(course[3])
    for i in range(n):
        if not math.isfinite(tracks[i, 0] + tracks[i, 1] + tracks[i, 2]):
            continue
        speed, known, sd = _course_known(tracks[i], course)
        moved_m = speed * step_s[i]
        kept = math.exp(-moved_m / path[3])
        flown_m[i] = flown_m[i] * kept + moved_m
        flown = flown_m[i] / path[2]
        total = path[1] * math.exp(log_bessel(flown) - flown)
        for j in range(p):
            progress_m[i, j] *= kept
            if not _in_reach(tracks[i], place_m[j], path[4] + radius_m[j]):
                continue
            seen_from(place_m[j], axes[j], tracks[i], radius_m[j], seen)
            off = off_bearing(seen) if known > 0.0 else 0.0
            progress_m[i, j] += moved_m * math.cos(off)
            density = course_density(
                off, _width(seen[4], radius_m[j]), sd, course[1], course[2], course[3], law
            )
            cost = seen[4] / path[0] + flown - progress_m[i, j] / path[2]
            probability[i, j] = (known * density * TWO_PI + 1.0 - known) * math.exp(-cost)
            total += probability[i, j]
        for j in range(p):
            probability[i, j] /= total
    return probability


@kernel
def _in_reach(track: F64, place: F64, reach_m: float) -> bool:
    """Return whether a place lies within a distance of a track."""
    dx, dy, dz = track[0] - place[0], track[1] - place[1], track[2] - place[2]
    return dx * dx + dy * dy + dz * dz <= reach_m * reach_m


@kernel
def _width(gap_m: float, radius_m: float) -> float:
    """Return half of the angle (rad) from a place's middle to its edge, about, 0.5 within it."""
    return 0.5 * radius_m / max(gap_m + radius_m, 1.0)


@kernel
def _course_known(track: F64, course: F64) -> tuple[float, float, float]:
    """Return speed (m/s), how far a track's course says anything, 0 to 1, its spread (rad)."""
    speed_sq = track[3] * track[3] + track[4] * track[4] + track[5] * track[5]
    if not speed_sq > 0.0:  # hovers, or unknown
        return 0.0, 0.0, 1.0
    error = course[4] * SHARE_PER_AXIS_3 * track[7]
    known = speed_sq / (speed_sq + course[5] * course[5] + error * error)
    speed = math.sqrt(speed_sq)
    return speed, known, math.hypot(course[0], error / speed)
