"""Measurement geometry h(x): shared by filter and simulator; their noise is not.

The station frame carries positions; a sensor's axes (rows east, north, up at the sensor)
turn a difference of positions into its own coordinates. Azimuth is clockwise from north.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
TWO_PI = 2.0 * math.pi


@kernel
def to_sensor(axes: F64, dx: float, dy: float, dz: float) -> tuple[float, float, float]:
    """Return a difference of station-frame vectors in the sensor's own east, north, up."""
    return (
        axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz,
        axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz,
        axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz,
    )


@kernel
def from_sensor(axes: F64, e: float, n: float, u: float) -> tuple[float, float, float]:
    """Return a vector of the sensor's own axes in the station frame."""
    return (
        axes[0, 0] * e + axes[1, 0] * n + axes[2, 0] * u,
        axes[0, 1] * e + axes[1, 1] * n + axes[2, 1] * u,
        axes[0, 2] * e + axes[1, 2] * n + axes[2, 2] * u,
    )


@kernel
def spherical(origin: F64, axes: F64, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return slant range (m), azimuth in [0, 2 pi) and elevation (rad) of a position."""
    e, n, u = to_sensor(axes, x - origin[0], y - origin[1], z - origin[2])
    ground = math.hypot(e, n)
    azimuth = math.atan2(e, n)
    if azimuth < 0.0:
        azimuth += TWO_PI
    return math.hypot(ground, u), azimuth, math.atan2(u, ground)


@kernel
def range_rate(origin: F64, x: float, y: float, z: float, vx: float, vy: float, vz: float) -> float:
    """Return the rate of slant range (m/s), positive when receding."""
    dx, dy, dz = x - origin[0], y - origin[1], z - origin[2]
    return (dx * vx + dy * vy + dz * vz) / math.sqrt(dx * dx + dy * dy + dz * dz)


@kernel
def position_of(
    origin: F64, axes: F64, range_m: float, azimuth_rad: float, elevation_rad: float
) -> tuple[float, float, float]:
    """Return the station-frame position of a range, azimuth and elevation."""
    c = math.cos(elevation_rad)
    e, n, u = from_sensor(
        axes,
        range_m * c * math.sin(azimuth_rad),
        range_m * c * math.cos(azimuth_rad),
        range_m * math.sin(elevation_rad),
    )
    return origin[0] + e, origin[1] + n, origin[2] + u


@kernel
def wrap(angle_rad: float) -> float:
    """Return an angle in [-pi, pi)."""
    return (angle_rad + math.pi) % TWO_PI - math.pi
