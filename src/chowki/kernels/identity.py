"""Arithmetic behind identity: borders, routes, closing on places."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.geodesy import (
    ECCENTRICITY_SQ,
    MEAN_RADIUS_M,
    enu_to_ecef,
    vertical_and_height,
)
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# ratio of speed along a filed route to the speed filed that still counts as keeping to it
PACE_LOW, PACE_HIGH = 0.65, 1.6


@kernel
def _latitude_longitude(frame: F64, e: float, n: float, u: float) -> tuple[float, float]:
    """Return latitude and longitude (rad): exact on the ellipsoid, within 40 m at 12 km height."""
    x, y, z = enu_to_ecef(frame, e, n, u)
    return math.atan2(z, (1.0 - ECCENTRICITY_SQ) * math.hypot(x, y)), math.atan2(y, x)


@kernel
def border_distances(frame: F64, position_m: F64, corner_lat: F64, corner_lon: F64) -> F64:
    """Return metres to the border, shape (n,): positive inside the polygon, negative outside.

    The polygon is straight in latitude and longitude between its corners (rad). Even-odd rule
    (Shimrat 1962); distances on a sphere, flat near the point.
    """
    out = np.empty(len(position_m))
    for i in range(len(position_m)):
        lat, lon = _latitude_longitude(frame, position_m[i, 0], position_m[i, 1], position_m[i, 2])
        shrink = math.cos(lat)
        inside, nearest, j = False, math.inf, len(corner_lat) - 1
        for k in range(len(corner_lat)):
            ax, ay = (corner_lon[j] - lon) * shrink, corner_lat[j] - lat
            bx, by = (corner_lon[k] - lon) * shrink, corner_lat[k] - lat
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            t = 0.0 if length == 0.0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / length))
            x, y = ax + t * dx, ay + t * dy
            nearest = min(nearest, x * x + y * y)
            if (ay > 0.0) != (by > 0.0) and ax - ay * dx / dy > 0.0:
                inside = not inside
            j = k
        distance_m = math.sqrt(nearest) * MEAN_RADIUS_M
        out[i] = distance_m if inside else -distance_m
    return out


@kernel
def closing(
    frame: F64, state: F64, place_m: F64, radius_m: F64, distance_m: float, time_s: float
) -> NDArray[np.bool_]:
    """Return which states (n, 6) will pass near a place soon, on a straight horizontal course.

    Parameters
    ----------
    frame : F64
        Shape (4, 3).
    state : F64
        Shape (n, 6).
    place_m, radius_m : F64
        Shapes (p, 3), (p,): defended places.
    distance_m, time_s : float
        Closest approach, beyond the place's radius, and time to it that count.
    """
    out = np.zeros(len(state), dtype=np.bool_)
    for i in range(len(state)):
        x = state[i]
        ux, uy, uz, _ = vertical_and_height(frame, x[0], x[1], x[2])
        climb = x[3] * ux + x[4] * uy + x[5] * uz
        vx, vy, vz = x[3] - climb * ux, x[4] - climb * uy, x[5] - climb * uz
        speed_sq = vx * vx + vy * vy + vz * vz
        if speed_sq < 4.0:
            continue
        for k in range(len(place_m)):
            dx, dy, dz = place_m[k, 0] - x[0], place_m[k, 1] - x[1], place_m[k, 2] - x[2]
            drop = dx * ux + dy * uy + dz * uz
            dx, dy, dz = dx - drop * ux, dy - drop * uy, dz - drop * uz
            t = (dx * vx + dy * vy + dz * vz) / speed_sq
            if t < 0.0 or t > time_s:
                continue
            miss_sq = (dx - t * vx) ** 2 + (dy - t * vy) ** 2 + (dz - t * vz) ** 2
            if miss_sq <= (distance_m + radius_m[k]) ** 2:
                out[i] = True
                break
    return out


@kernel
def _keeps_to(
    state: F64, height: float, leg: F64, heights: F64, times_s: F64, at_s: float, slack: F64
) -> bool:
    """Return whether a state fits one leg of a route: beside, above, early or late, pace.

    ``leg`` is start and course (4), ``slack`` the half width, height and time tolerated.
    """
    ax, ay, dx, dy = state[0] - leg[0], state[1] - leg[1], leg[2], leg[3]
    length = dx * dx + dy * dy
    t = (ax * dx + ay * dy) / length if length > 0.0 else 0.0
    t = min(1.0, max(0.0, t))
    if math.hypot(ax - t * dx, ay - t * dy) > slack[0]:
        return False
    if abs(heights[0] + t * (heights[1] - heights[0]) - height) > slack[1]:
        return False
    span_s = times_s[1] - times_s[0]
    if abs(times_s[0] + t * span_s - at_s) > slack[2]:
        return False
    if length == 0.0 or span_s <= 0.0:
        return True
    pace = (state[3] * dx + state[4] * dy) * span_s / length
    return PACE_LOW <= pace <= PACE_HIGH


@kernel
def route_fit(
    frame: F64,
    state: F64,
    height_slack_m: F64,
    at_s: float,
    starts: I64,
    points_m: F64,
    heights_m: F64,
    times_s: F64,
    half_width_m: F64,
    tolerance_s: float,
) -> I64:
    """Return the filed route that each track keeps to, shape (n,), -1 for none.

    It fits in the horizontal, in height, in time, and flies the route's way at about its speed
    (ratio along the route in [``PACE_LOW``, ``PACE_HIGH``]). Heights are taken over the
    ellipsoid, linear between points, since a chord dips below a level route.

    Parameters
    ----------
    frame : F64
        Shape (4, 3), ``geodesy.station_frame``.
    state : F64
        Shape (n, 6), position (m) and velocity (m/s).
    height_slack_m : F64
        Shape (n,): how far above or below the route it may be.
    at_s : float
        UTC seconds.
    starts : I64
        Shape (r + 1,): points of route k are ``starts[k]:starts[k + 1]``.
    points_m, heights_m, times_s, half_width_m : F64
        Shapes (q, 3), (q,), (q,), (r,); heights over the ellipsoid.
    tolerance_s : float
        How early or late it may be over a point.
    """
    out, height = np.full(len(state), -1, dtype=np.int64), np.empty(len(state))
    leg, slack = np.empty(4), np.empty(3)
    slack[2] = tolerance_s
    for i in range(len(state)):
        height[i] = vertical_and_height(frame, state[i, 0], state[i, 1], state[i, 2])[3]
    for k in range(len(starts) - 1):
        slack[0] = half_width_m[k]
        for q in range(starts[k], starts[k + 1] - 1):
            if not times_s[q] - tolerance_s <= at_s <= times_s[q + 1] + tolerance_s:
                continue
            leg[0], leg[1] = points_m[q, 0], points_m[q, 1]
            leg[2], leg[3] = points_m[q + 1, 0] - leg[0], points_m[q + 1, 1] - leg[1]
            above, span = heights_m[q : q + 2], times_s[q : q + 2]
            for i in range(len(state)):
                slack[1] = height_slack_m[i]
                if _keeps_to(state[i], height[i], leg, above, span, at_s, slack):
                    out[i] = k
    return out
