"""Plots sorted into a grid of cells, so that a track looks only where its gate can reach."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import position_slot
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import POSITION
from chowki.kernels.measure import TWO_PI, wrap
from chowki.kernels.modes import Size

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Grid, sides, CSR starts and points as ``sort_into_cells`` gives them; coordinates of the plots,
# their widest variances, and the gate of the plot with the most slots.
Cells = tuple[F64, I64, I64, I64, F64, F64, F64, float]

CELLS_MAX = 1024


@kernel
def sort_into_cells(a: F64, b: F64, period: float) -> tuple[F64, I64, I64, I64]:
    """Sort points into a grid of about one point a cell.

    Parameters
    ----------
    a, b : F64
        Shape (n,): two coordinates.
    period : float
        Period of ``a`` (2 pi for an azimuth in [0, 2 pi)), 0 for none.

    Returns
    -------
    grid : F64
        Shape (4,): origin and cell size of a, then of b.
    sides : I64
        Shape (2,): cells along a and b.
    starts, points : I64
        CSR list: points of cell (ia, ib) are ``starts[ia * sides[1] + ib]`` and on.
    """
    n = len(a)
    side = max(1, min(CELLS_MAX, int(math.sqrt(n))))
    grid = np.empty(4)
    sides = np.empty(2, dtype=np.int64)
    for axis, values in enumerate((a, b)):
        low, high = (np.min(values), np.max(values)) if n > 0 else (0.0, 0.0)
        if axis == 0 and period > 0.0:
            low, high = 0.0, period
        flat = not high > low
        sides[axis] = 1 if flat else side
        grid[2 * axis] = low
        grid[2 * axis + 1] = 1.0 if flat else (high - low) / side
    cell = np.empty(n, dtype=np.int64)
    starts = np.zeros(sides[0] * sides[1] + 1, dtype=np.int64)
    for j in range(n):
        ia = min(sides[0] - 1, max(0, int((a[j] - grid[0]) / grid[1])))
        ib = min(sides[1] - 1, max(0, int((b[j] - grid[2]) / grid[3])))
        cell[j] = ia * sides[1] + ib
        starts[cell[j] + 1] += 1
    for c in range(len(starts) - 1):
        starts[c + 1] += starts[c]
    points, filled = np.empty(n, dtype=np.int64), starts.copy()
    for j in range(n):
        points[filled[cell[j]]] = j
        filled[cell[j]] += 1
    return grid, sides, starts, points


@kernel
def span(
    centre: float, half: float, origin: float, size: float, side: int, period: float
) -> tuple[int, int]:
    """Return first cell and number of cells that an interval touches along one axis."""
    if period > 0.0 and 2.0 * half + size >= period:
        return 0, side
    first = math.floor((centre - half - origin) / size)
    last = math.floor((centre + half - origin) / size)
    if period > 0.0:
        return first, min(side, last - first + 1)
    first, last = max(first, 0), min(last, side - 1)
    if side == 1:
        return 0, 1 if first <= 0 <= last + 1 else 0
    return first, last - first + 1


@kernel
def coordinates_of(size: Size, bits: int, plots: F64) -> tuple[F64, F64, float]:
    """Return the cell coordinates of plots and the period of the first."""
    n, at = len(plots), position_slot(size)
    if len(size) < 6 or bits & POSITION:
        return plots[:, at].copy(), plots[:, at + 1].copy(), 0.0
    azimuth = np.empty(n)
    for j in range(n):
        azimuth[j] = plots[j, at - 3] % TWO_PI
    return azimuth, plots[:, at - 4].copy() if bits & 1 else np.zeros(n), TWO_PI


@kernel
def within_box(
    cells: Cells, period: float, ca: float, cb: float, ha: float, hb: float, found: I64
) -> int:
    """Write the plots inside a box into ``found``; return their number, at most its length.

    Parameters
    ----------
    cells : Cells
        The plots of a scan.
    period : float
        Period of the first coordinate, 0 for none.
    ca, cb, ha, hb : float
        Centre of the box, and how far it reaches along both coordinates.
    found : I64
        Written; with room for fewer plots than there are, the search ends once it is full.
    """
    grid, sides, starts, points, a, b, _, _ = cells
    first_a, count_a = span(ca, ha, grid[0], grid[1], sides[0], period)
    first_b, count_b = span(cb, hb, grid[2], grid[3], sides[1], 0.0)
    number = 0
    for ia in range(first_a, first_a + count_a):
        along = (ia % sides[0] if period > 0.0 else ia) * sides[1]
        for ib in range(first_b, first_b + count_b):
            cell = along + ib
            for c in range(starts[cell], starts[cell + 1]):
                j = points[c]
                off = wrap(float(a[j] - ca)) if period > 0.0 else a[j] - ca
                if abs(off) <= ha and abs(b[j] - cb) <= hb:
                    found[number] = j
                    number += 1
                    if number == len(found):
                        return number
    return number
