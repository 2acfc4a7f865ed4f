"""Height of the ground under positions: the constant of the theatre, or its coarse grid."""

from __future__ import annotations

import numpy as np

from chowki.core.places import Ground
from chowki.core.table import F64, I64
from chowki.kernels.geodesy import enu_to_geodetic


def height_of_ground(ground: Ground, frame: F64, position_m: F64) -> F64:
    """Return the height of the ground above the ellipsoid.

    Parameters
    ----------
    ground : Ground
        The ground model.
    frame : F64
        Shape (4, 3): station frame.
    position_m : F64
        Shape (n, 3).

    Returns
    -------
    F64
        Shape (n,), metres; bilinear in the grid, its edge held outside, NaN nowhere.
    """
    if not ground.height_m.size or not len(position_m):
        return np.full(len(position_m), ground.constant_m)
    where = np.degrees(enu_to_geodetic(frame, np.ascontiguousarray(position_m))[:, :2])
    return _bilinear(ground.lat_deg, ground.lon_deg, ground.height_m, where[:, 0], where[:, 1])


def _bilinear(rows: F64, columns: F64, heights: F64, lat: F64, lon: F64) -> F64:
    i, s = _cell(rows, lat)
    j, t = _cell(columns, lon)
    low = heights[i, j] * (1 - t) + heights[i, _next(columns, j)] * t
    k = _next(rows, i)
    high = heights[k, j] * (1 - t) + heights[k, _next(columns, j)] * t
    return low * (1 - s) + high * s


def _cell(axis: F64, value: F64) -> tuple[I64, F64]:
    """Return the cell of each value along an axis, and how far into it."""
    if len(axis) < 2:
        return np.zeros(len(value), dtype=np.int64), np.zeros(len(value))
    index = np.searchsorted(axis, value, side="right").astype(np.int64) - 1
    index = np.clip(index, 0, len(axis) - 2)
    return index, np.clip((value - axis[index]) / (axis[index + 1] - axis[index]), 0.0, 1.0)


def _next(axis: F64, index: I64) -> I64:
    return np.minimum(index + 1, len(axis) - 1)
