"""Cells: areas that are warned where no place is listed, numbered over the whole earth."""

from __future__ import annotations

import numpy as np

from chowki.core.table import F64, I64

PER_DEGREE = 5  # a cell is 0.2 degrees each way: 22 km by about 19 km at 30 degrees north
_COLUMNS = 360 * PER_DEGREE
_ROWS = 180 * PER_DEGREE


def cells_at(lat_deg: F64, lon_deg: F64) -> I64:
    """Return the number of the cell in which each position lies, shape (n,).

    Parameters
    ----------
    lat_deg, lon_deg : F64
        Shape (n,): degrees, latitude in [-90, 90], longitude of any turn.

    Examples
    --------
    >>> cells_at(np.array([-90.0, 31.61]), np.array([-180.0, 74.41])).tolist()
    [0, 1095672]
    """
    row = np.clip(np.floor((lat_deg + 90.0) * PER_DEGREE), 0, _ROWS - 1)
    column = np.floor((lon_deg + 180.0) * PER_DEGREE) % _COLUMNS
    return (row * _COLUMNS + column).astype(np.int64)


def cell_corner(cell: I64) -> tuple[F64, F64]:
    """Return latitude and longitude of the south-west corner of cells, degrees, shape (n,)."""
    row, column = np.divmod(np.asarray(cell, dtype=np.int64), _COLUMNS)
    return row / PER_DEGREE - 90.0, column / PER_DEGREE - 180.0


def cell_centre(cell: I64) -> tuple[F64, F64]:
    """Return latitude and longitude of the middle of cells, degrees, shape (n,).

    Examples
    --------
    >>> [float(angle[0].round(3)) for angle in cell_centre(np.array([1095672]))]
    [31.7, 74.5]
    """
    lat_deg, lon_deg = cell_corner(cell)
    return lat_deg + 0.5 / PER_DEGREE, lon_deg + 0.5 / PER_DEGREE
