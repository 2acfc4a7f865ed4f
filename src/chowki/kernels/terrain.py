"""Ground, horizon and line of sight over a refracting earth: one function for world and reports.

Refraction is the standard one: rays are straight over an earth whose radius is the true one times
a factor, 4/3 by default (Skolnik 2001, "Introduction to Radar Systems", section 8.2). The horizon
of an eye at height h is then sqrt(2 k R h + h^2) away.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.geodesy import (
    ECCENTRICITY_SQ,
    MEAN_RADIUS_M,
    enu_to_ecef,
    vertical_and_height,
)
from chowki.kernels.jit import kernel
from chowki.kernels.measure import TWO_PI, to_sensor

F64 = NDArray[np.float64]

MOST_SAMPLES = 512


class Terrain(NamedTuple):
    """The ground: a constant, or a grid with the constant beyond it.

    ``lat_rad`` (r,) and ``lon_rad`` (c,) ascend, at least two each; both empty without a grid.
    ``height_m`` (r, c) and ``constant_m`` are above the ellipsoid. ``refraction_factor`` is the
    effective earth radius over the true one.
    """

    constant_m: float
    refraction_factor: float
    lat_rad: F64
    lon_rad: F64
    height_m: F64


class Vantage(NamedTuple):
    """A point that looks out, in a station frame.

    ``position_m`` (3,), ``axes`` (3, 3) rows local east, north, up; ``frame`` (4, 3) of the
    station; ``height_m`` above the ellipsoid. The horizon mask gives the lowest visible elevation
    ``mask_elevation_rad`` at ``mask_azimuth_rad`` (ascending), straight between; empty for none.
    """

    position_m: F64
    axes: F64
    frame: F64
    height_m: float
    mask_azimuth_rad: F64
    mask_elevation_rad: F64


@kernel
def _first_not_below(ascending: F64, value: float) -> int:
    """Return the first index whose entry is not below a value, the length if there is none."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def ground_height(terrain: Terrain, lat_rad: float, lon_rad: float) -> float:
    """Return the height of the ground (m above the ellipsoid), bilinear inside the grid."""
    rows, columns = len(terrain.lat_rad), len(terrain.lon_rad)
    if rows < 2 or columns < 2:
        return terrain.constant_m
    i = _first_not_below(terrain.lat_rad, lat_rad)
    j = _first_not_below(terrain.lon_rad, lon_rad)
    on_edge = lat_rad == terrain.lat_rad[0] or lon_rad == terrain.lon_rad[0]
    if i >= rows or j >= columns or ((i == 0 or j == 0) and not on_edge):
        return terrain.constant_m
    i, j = max(i, 1), max(j, 1)
    v = (lat_rad - terrain.lat_rad[i - 1]) / (terrain.lat_rad[i] - terrain.lat_rad[i - 1])
    u = (lon_rad - terrain.lon_rad[j - 1]) / (terrain.lon_rad[j] - terrain.lon_rad[j - 1])
    if v < 0.0 or u < 0.0:
        return terrain.constant_m
    low = (1.0 - u) * terrain.height_m[i - 1, j - 1] + u * terrain.height_m[i - 1, j]
    high = (1.0 - u) * terrain.height_m[i, j - 1] + u * terrain.height_m[i, j]
    return (1.0 - v) * low + v * high


@kernel
def ground_heights(terrain: Terrain, lat_rad: F64, lon_rad: F64) -> F64:
    """Return ground heights (n,) at positions (n,)."""
    out = np.empty(len(lat_rad))
    for i in range(len(lat_rad)):
        out[i] = ground_height(terrain, lat_rad[i], lon_rad[i])
    return out


@kernel
def mask_elevation(mask_azimuth_rad: F64, mask_elevation_rad: F64, azimuth_rad: float) -> float:
    """Return the lowest visible elevation (rad) at an azimuth, straight between the mask's points.

    The mask closes round north; an empty one hides nothing (-pi / 2).
    """
    n = len(mask_azimuth_rad)
    if n == 0:
        return -0.5 * math.pi
    after = _first_not_below(mask_azimuth_rad, azimuth_rad) % n
    before = (after - 1) % n
    span = (mask_azimuth_rad[after] - mask_azimuth_rad[before]) % TWO_PI
    into = (azimuth_rad - mask_azimuth_rad[before]) % TWO_PI
    t = into / span if span > 0.0 else 0.0
    return mask_elevation_rad[before] + t * (mask_elevation_rad[after] - mask_elevation_rad[before])


@kernel
def horizon_range(height_m: float, refraction_factor: float) -> float:
    """Return the distance (m) to the horizon from a height above smooth ground."""
    h = max(height_m, 0.0)
    return math.sqrt(h * (2.0 * refraction_factor * MEAN_RADIUS_M + h))


@kernel
def _over_grid(
    vantage: Vantage, terrain: Terrain, x: float, y: float, z: float, height_m: float, d: float
) -> bool:
    """Return whether the ray clears the grid: samples no further apart than half a cell."""
    cell = min(
        terrain.lat_rad[1] - terrain.lat_rad[0],
        math.cos(terrain.lat_rad[0]) * (terrain.lon_rad[1] - terrain.lon_rad[0]),
    )
    step_m = 0.5 * MEAN_RADIUS_M * cell
    samples = min(int(d / step_m) + 2, MOST_SAMPLES)
    sagitta = d * d / (2.0 * terrain.refraction_factor * MEAN_RADIUS_M)
    p = vantage.position_m
    for k in range(1, samples):
        t = k / samples
        ex, ey, ez = enu_to_ecef(
            vantage.frame, p[0] + t * (x - p[0]), p[1] + t * (y - p[1]), p[2] + t * (z - p[2])
        )
        lat = math.atan2(ez, math.hypot(ex, ey) * (1.0 - ECCENTRICITY_SQ))
        ray = vantage.height_m + t * (height_m - vantage.height_m) - sagitta * t * (1.0 - t)
        if ray < ground_height(terrain, lat, math.atan2(ey, ex)):
            return False
    return True


@kernel
def line_of_sight(vantage: Vantage, terrain: Terrain, x: float, y: float, z: float) -> bool:
    """Return whether a point of the station frame is seen: horizon, mask and terrain.

    Without a grid: seen when no further than both horizons together (two tangents to the smooth
    earth). With one: the ray's height over the effective earth stays above the ground. The mask
    is compared with the apparent elevation, which refraction lifts by d (1 - 1/k) / 2R.
    """
    p = vantage.position_m
    e, n, u = to_sensor(vantage.axes, x - p[0], y - p[1], z - p[2])
    ground_range = math.hypot(e, n)
    d = math.hypot(ground_range, u)
    height = vertical_and_height(vantage.frame, x, y, z)[3]
    k = terrain.refraction_factor
    if len(vantage.mask_azimuth_rad) > 0:
        lifted = math.atan2(u, ground_range) + d * (1.0 - 1.0 / k) / (2.0 * MEAN_RADIUS_M)
        lowest = mask_elevation(
            vantage.mask_azimuth_rad, vantage.mask_elevation_rad, math.atan2(e, n) % TWO_PI
        )
        if lifted < lowest:
            return False
    if len(terrain.lat_rad) > 1 and len(terrain.lon_rad) > 1:
        return _over_grid(vantage, terrain, x, y, z, height, d)
    above = height - terrain.constant_m
    eye = vantage.height_m - terrain.constant_m
    return above >= 0.0 and d <= horizon_range(eye, k) + horizon_range(above, k)


@kernel
def lines_of_sight(vantage: Vantage, terrain: Terrain, position_m: F64) -> NDArray[np.bool_]:
    """Return which positions (n, 3) are seen."""
    out = np.empty(len(position_m), dtype=np.bool_)
    for i in range(len(position_m)):
        out[i] = line_of_sight(
            vantage, terrain, position_m[i, 0], position_m[i, 1], position_m[i, 2]
        )
    return out


@kernel
def add_coverage(
    count: NDArray[np.int64],
    vantage: Vantage,
    terrain: Terrain,
    limits: F64,
    position_m: F64,
) -> None:
    """Add one to the count of each point that a sensor can see.

    Parameters
    ----------
    count : int64 array, shape (n,)
        Number of sensors that see each point; changed in place.
    vantage, terrain : Vantage, Terrain
        The sensor and the ground.
    limits : F64
        Shape (4,): range from, range to (m), elevation from, elevation to (rad).
    position_m : F64
        Shape (n, 3), station frame.

    Notes
    -----
    The fraction covered by at least k sensors is ``(count >= k).mean()``. A coverage figure says
    beside it whether the ground was a constant or a grid, and whether there was a mask.
    """
    p = vantage.position_m
    for i in range(len(position_m)):
        x, y, z = position_m[i, 0], position_m[i, 1], position_m[i, 2]
        e, n, u = to_sensor(vantage.axes, x - p[0], y - p[1], z - p[2])
        ground_range = math.hypot(e, n)
        d = math.hypot(ground_range, u)
        elevation = math.atan2(u, ground_range)
        inside = limits[0] <= d <= limits[1] and limits[2] <= elevation <= limits[3]
        if inside and line_of_sight(vantage, terrain, x, y, z):
            count[i] += 1
