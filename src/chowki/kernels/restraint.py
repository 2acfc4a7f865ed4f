"""Geometry of restraint: falling debris, no-fire volumes that move, clearance from a border."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.geodesy import (
    MEAN_RADIUS_M,
    ecef_to_geodetic,
    enu_to_ecef,
    vertical_and_height,
)
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
B8 = NDArray[np.bool_]

GRAVITY_MPS2 = 9.80665
ANY_DEPTH_M = 1e9


@kernel
def fall_time(height_m: float, terminal_speed_mps: float) -> float:
    """Return seconds to fall from rest under quadratic drag.

    (v_t / g) acosh(exp(g h / v_t^2)), which tends to sqrt(2 h / g) for an infinite terminal
    speed (Parker 1977, Am. J. Phys. 45, 379). acosh(e^x) is written as x + log(1 + sqrt(1 -
    e^-2x)), which can't overflow.
    """
    if height_m <= 0.0:
        return 0.0
    if terminal_speed_mps == np.inf:
        return math.sqrt(2.0 * height_m / GRAVITY_MPS2)
    x = GRAVITY_MPS2 * height_m / (terminal_speed_mps * terminal_speed_mps)
    span = x + math.log1p(math.sqrt(-math.expm1(-2.0 * x)))
    return terminal_speed_mps / GRAVITY_MPS2 * span


@kernel
def casualty_probability(density_per_m2: float, area_m2: float) -> float:
    """Return P(at least one person hit) = 1 - exp(-rho A_c) (Poisson; RCC 321-20, ch. 2)."""
    return -math.expm1(-density_per_m2 * area_m2)


@kernel
def scattered_density(
    along_m: float,
    across_m: float,
    long_m: float,
    short_m: float,
    population: float,
    core_density_per_m2: float,
) -> float:
    """Return the mean density (1/m^2) of a town's people under a fall ellipse.

    The town is a round normal with ``core_density_per_m2`` at its centre; debris is a normal
    whose two-sigma ellipse has the semi-axes ``long_m`` and ``short_m``. The mean is their
    convolution at the offset between the centres, given along and across the ellipse.
    """
    if population <= 0.0:
        return 0.0
    spread = population / (2.0 * math.pi * core_density_per_m2)
    u = spread + 0.25 * long_m * long_m
    v = spread + 0.25 * short_m * short_m
    distance = along_m * along_m / u + across_m * across_m / v
    return population / (2.0 * math.pi * math.sqrt(u * v)) * math.exp(-0.5 * distance)


@kernel
def _span_within(offset: float, rate: float, low: float, high: float) -> tuple[float, float]:
    """Return the span of time in which low <= offset + rate t <= high."""
    if abs(rate) < 1e-9:
        return (-np.inf, np.inf) if low <= offset <= high else (np.inf, -np.inf)
    a, b = (low - offset) / rate, (high - offset) / rate
    return min(a, b), max(a, b)


@kernel
def volume_entered(
    relative: F64,
    rate: F64,
    vertical: F64,
    lateral_m: float,
    below_m: float,
    above_m: float,
    from_s: float,
    to_s: float,
) -> bool:
    """Return whether a point in straight motion enters an upright cylinder within a span of time.

    Parameters
    ----------
    relative, rate : F64
        Shape (3,): position (m) at time 0 and velocity (m/s) seen from the cylinder's centre.
    vertical : F64
        Shape (3,): unit vector.
    lateral_m, below_m, above_m : float
        Half width, and depth below and height above the centre.
    from_s, to_s : float
        The span.
    """
    z = relative[0] * vertical[0] + relative[1] * vertical[1] + relative[2] * vertical[2]
    vz = rate[0] * vertical[0] + rate[1] * vertical[1] + rate[2] * vertical[2]
    a, b, c = 0.0, 0.0, -lateral_m * lateral_m
    for k in range(3):
        side = relative[k] - z * vertical[k]
        drift = rate[k] - vz * vertical[k]
        a += drift * drift
        b += side * drift
        c += side * side
    first, last = _span_within(z, vz, -below_m, above_m)
    first, last = max(first, from_s), min(last, to_s)
    if a < 1e-12:
        return c <= 0.0 and first <= last
    inside = b * b - a * c
    if inside < 0.0:
        return False
    root = math.sqrt(inside)
    return max(first, (-b - root) / a) <= min(last, (root - b) / a)


@kernel
def fall_times(height_m: F64, terminal_speed_mps: float) -> F64:
    """Return ``fall_time`` of each height, shape (n,)."""
    out = np.empty(len(height_m))
    for i in range(len(height_m)):
        out[i] = fall_time(height_m[i], terminal_speed_mps)
    return out


@kernel
def _side_distance(offset: F64, vertical: F64) -> float:
    """Return the distance (m) across the vertical."""
    z = offset[0] * vertical[0] + offset[1] * vertical[1] + offset[2] * vertical[2]
    square = offset[0] * offset[0] + offset[1] * offset[1] + offset[2] * offset[2] - z * z
    return math.sqrt(max(square, 0.0))


@kernel
def _length(vector: F64) -> float:
    return math.sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2])


@kernel
def _endangered(
    craft: F64,
    lateral_m: float,
    upright_m: float,
    vertical: F64,
    target: F64,
    origin_m: F64,
    pace_mps: F64,
    point_m: F64,
    footprint_m: float,
    times_s: tuple[float, float, float, float],
) -> bool:
    """Return whether target, round or debris of one engagement enter the volume of one aircraft.

    ``times_s`` are launch, intercept, end of the round's flight, and landing of the debris.
    """
    launch, met, end, landed = times_s
    place, v = craft[:3], craft[3:]
    return (
        volume_entered(
            target[:3] - place, target[3:] - v, vertical, lateral_m, upright_m, upright_m, 0.0, met
        )
        or volume_entered(
            origin_m - pace_mps * launch - place,
            pace_mps - v,
            vertical,
            lateral_m,
            upright_m,
            upright_m,
            launch,
            end,
        )
        or volume_entered(
            point_m - place,
            -v,
            vertical,
            lateral_m + footprint_m,
            upright_m,
            ANY_DEPTH_M,
            met,
            landed,
        )
    )


@kernel
def no_fire(
    origin_m: F64,
    launch_s: F64,
    target: F64,
    point_m: F64,
    delay_s: F64,
    fall_s: F64,
    footprint_m: F64,
    margin: F64,
    overshoot_s: float,
    craft: F64,
    craft_margin_m: F64,
    frame: F64,
) -> B8:
    """Return which engagements would enter a no-fire volume that moves with an aircraft.

    Four things are kept out of every volume: the target from now until the intercept, the round
    from launch until it has overshot, the intercept point, and the debris below it until it has
    fallen.

    Parameters
    ----------
    origin_m, launch_s : F64
        Shapes (k, 3), (k,): where and when (s from now) the round starts.
    target : F64
        Shape (k, 6): position and velocity of the track now.
    point_m, delay_s : F64
        Shapes (k, 3), (k,): the intercept.
    fall_s, footprint_m : F64
        Shape (k,): time of fall, and reach of the debris from the intercept point.
    margin : F64
        Shape (k,): factor on the margins.
    overshoot_s : float
        Seconds a round that missed flies on.
    craft, craft_margin_m : F64
        Shapes (c, 6), (c, 2): motion of protected aircraft, lateral and vertical margin.
    frame : F64
        Shape (4, 3), ``geodesy.station_frame``.
    """
    out = np.zeros(len(point_m), dtype=np.bool_)
    still = np.zeros(3)
    for i in range(len(point_m)):
        e, n, u, _ = vertical_and_height(frame, point_m[i, 0], point_m[i, 1], point_m[i, 2])
        vertical = np.array([e, n, u])
        flight = delay_s[i] - launch_s[i]
        pace = (point_m[i] - origin_m[i]) / flight if flight > 0.0 else still
        end = delay_s[i] + (overshoot_s if flight > 0.0 else 0.0)
        landed = delay_s[i] + fall_s[i]
        roam = max(_length(point_m[i] - target[i, :3]), _length(point_m[i] - origin_m[i]))
        roam += _length(pace) * overshoot_s + footprint_m[i]
        for j in range(len(craft)):
            lateral, upright = margin[i] * craft_margin_m[j, 0], margin[i] * craft_margin_m[j, 1]
            v = craft[j, 3:]
            to_point = point_m[i] - craft[j, :3]
            if _side_distance(to_point, vertical) > lateral + roam + _length(v) * max(end, landed):
                continue
            times = (launch_s[i], delay_s[i], end, landed)
            if _endangered(
                craft[j],
                lateral,
                upright,
                vertical,
                target[i],
                origin_m[i],
                pace,
                point_m[i],
                footprint_m[i],
                times,
            ):
                out[i] = True
                break
    return out


@kernel
def border_clearance(frame: F64, point_m: F64, corner_lat_rad: F64, corner_lon_rad: F64) -> F64:
    """Return how far (m) points lie inside a polygon; negative outside, infinite without one.

    Edges are straight in latitude and longitude; distances are taken in the equirectangular
    plane about each point (Snyder 1987, ch. 12), on the sphere of mean radius.
    """
    corners = len(corner_lat_rad)
    out = np.full(len(point_m), np.inf)
    if corners == 0:
        return out
    for i in range(len(point_m)):
        x, y, z = enu_to_ecef(frame, point_m[i, 0], point_m[i, 1], point_m[i, 2])
        lat, lon, _ = ecef_to_geodetic(x, y, z)
        shrink = math.cos(lat)
        nearest = np.inf
        inside = False
        j = corners - 1
        for k in range(corners):
            ax = (corner_lon_rad[j] - lon) * shrink
            ay = corner_lat_rad[j] - lat
            bx = (corner_lon_rad[k] - lon) * shrink
            by = corner_lat_rad[k] - lat
            if (by > 0.0) != (ay > 0.0) and ax - ay * (bx - ax) / (by - ay) > 0.0:
                inside = not inside
            length_sq = (bx - ax) ** 2 + (by - ay) ** 2
            share = -(ax * (bx - ax) + ay * (by - ay)) / length_sq if length_sq > 0.0 else 0.0
            share = min(max(share, 0.0), 1.0)
            nearest = min(nearest, math.hypot(ax + share * (bx - ax), ay + share * (by - ay)))
            j = k
        out[i] = MEAN_RADIUS_M * nearest if inside else -MEAN_RADIUS_M * nearest
    return out


@kernel
def _turn(px: float, py: float, qx: float, qy: float, rx: float, ry: float) -> float:
    """Return twice the signed area of a triangle: on which side of p-q the point r lies."""
    return (qx - px) * (ry - py) - (qy - py) * (rx - px)


@kernel
def border_crossed(
    frame: F64, from_m: F64, to_m: F64, corner_lat_rad: F64, corner_lon_rad: F64
) -> B8:
    """Return which straight paths start outside a polygon or meet one of its edges.

    Two segments meet when the ends of each lie on both sides of the other, or on it (O'Rourke
    1998, Computational Geometry in C, 1.5); both are taken as straight in latitude and longitude,
    which over the 20 km of a path is within metres. Without a polygon none does.

    Parameters
    ----------
    frame : F64
        Shape (4, 3), ``geodesy.station_frame``.
    from_m, to_m : F64
        Shape (k, 3), station frame.
    corner_lat_rad, corner_lon_rad : F64
        Corners of the polygon.
    """
    corners = len(corner_lat_rad)
    out = np.zeros(len(from_m), dtype=np.bool_)
    if corners == 0:
        return out
    for i in range(len(from_m)):
        x, y, z = enu_to_ecef(frame, from_m[i, 0], from_m[i, 1], from_m[i, 2])
        ay, ax, _ = ecef_to_geodetic(x, y, z)
        x, y, z = enu_to_ecef(frame, to_m[i, 0], to_m[i, 1], to_m[i, 2])
        by, bx, _ = ecef_to_geodetic(x, y, z)
        inside, met = False, False
        j = corners - 1
        for k in range(corners):
            px, py = corner_lon_rad[j], corner_lat_rad[j]
            qx, qy = corner_lon_rad[k], corner_lat_rad[k]
            if (qy > ay) != (py > ay) and ax < px + (ay - py) * (qx - px) / (qy - py):
                inside = not inside
            across = _turn(ax, ay, bx, by, px, py) * _turn(ax, ay, bx, by, qx, qy)
            along = _turn(px, py, qx, qy, ax, ay) * _turn(px, py, qx, qy, bx, by)
            met = met or (across <= 0.0 and along <= 0.0)
            j = k
        out[i] = met or not inside
    return out


@kernel
def fall_harm(
    point_m: F64,
    throw_m: F64,
    spread_m: F64,
    place_m: F64,
    axes: F64,
    population: F64,
    core_density_per_m2: float,
    rural_density_per_m2: float,
    casualty_area_m2: float,
) -> F64:
    """Return P(at least one person hit) by the debris of each intercept.

    Parameters
    ----------
    point_m, throw_m : F64
        Shape (k, 3): intercept point, and the furthest throw of debris from it (horizontal).
    spread_m : F64
        Shape (k,): scatter about the throw.
    place_m, axes, population : F64
        Shapes (p, 3), (p, 3, 3), (p,): towns, their local axes, people.
    core_density_per_m2, rural_density_per_m2, casualty_area_m2 : float
        Density at the centre of a town, density everywhere, area in which debris hits a person.
    """
    out = np.empty(len(point_m))
    for i in range(len(point_m)):
        density = rural_density_per_m2
        for j in range(len(place_m)):
            d = point_m[i] + 0.5 * throw_m[i] - place_m[j]
            x = axes[j, 0, 0] * d[0] + axes[j, 0, 1] * d[1] + axes[j, 0, 2] * d[2]
            y = axes[j, 1, 0] * d[0] + axes[j, 1, 1] * d[1] + axes[j, 1, 2] * d[2]
            t = throw_m[i]
            tx = axes[j, 0, 0] * t[0] + axes[j, 0, 1] * t[1] + axes[j, 0, 2] * t[2]
            ty = axes[j, 1, 0] * t[0] + axes[j, 1, 1] * t[1] + axes[j, 1, 2] * t[2]
            reach = math.hypot(tx, ty)
            ux, uy = (tx / reach, ty / reach) if reach > 0.0 else (1.0, 0.0)
            density += scattered_density(
                x * ux + y * uy,
                y * ux - x * uy,
                0.5 * reach + spread_m[i],
                spread_m[i],
                population[j],
                core_density_per_m2,
            )
        out[i] = casualty_probability(density, casualty_area_m2)
    return out
