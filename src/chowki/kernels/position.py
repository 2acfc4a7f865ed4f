"""A reported position against one mode of a track, in the plane or in space: all of it linear.

The same numbers as ``kernels.kalman`` gives, in a third of the time: H picks the positions, so
that nothing is multiplied by zeros. Loops run over constants and are unrolled.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.gain import FACTOR, GAIN, INNOVATION, LEFT, NOISE, PH, Workspace
from chowki.kernels.jit import kernel
from chowki.kernels.modes import Size

F64 = NDArray[np.float64]

LOG_TWO_PI = math.log(2.0 * math.pi)
# Share of S that is noise below which P - K S K' would lose its figures.
SURER = 1e-4


@kernel
def _spread(
    size: Size, x: F64, p: F64, late_s: float, row: F64, variance: int, q: float, timing_s: float,
    work: Workspace,
) -> None:  # fmt: skip
    """Write R, P H' and S (lower part) of a position ``late_s`` <= 0 from the state.

    An unknown clock offset and the noise since a late plot go into R.
    """
    pages, d = work[1], len(size) // 2
    noise = -(late_s * late_s * late_s) * q / 3.0
    for i in range(len(size)):
        for a in range(d):
            pages[PH, i, a] = p[i, a] + late_s * p[i, d + a]
    for a in range(d):
        for b in range(a + 1):
            r = timing_s * timing_s * x[d + a] * x[d + b]
            if a == b:
                r += row[variance + a] + noise
            pages[NOISE, a, b] = pages[NOISE, b, a] = r
            pages[FACTOR, a, b] = pages[PH, a, b] + late_s * pages[PH, d + a, b] + r


@kernel
def _factor(size: Size, pages: F64) -> float:
    """Write the Cholesky factor of S over it, reciprocals on its diagonal; return 1 / det of it."""
    d, root = len(size) // 2, 1.0
    for a in range(d):
        for b in range(a + 1):
            total = pages[FACTOR, a, b]
            for k in range(b):
                total -= pages[FACTOR, a, k] * pages[FACTOR, b, k]
            if a == b:
                if not total > 0.0:
                    return math.nan
                pages[FACTOR, a, a] = 1.0 / math.sqrt(total)
                root *= pages[FACTOR, a, a]
            else:
                pages[FACTOR, a, b] = total * pages[FACTOR, b, b]
    return root


@kernel
def position_likelihood(
    size: Size, x: F64, p: F64, late_s: float, row: F64, columns: tuple[int, int], gate: float,
    noise: F64, work: Workspace,
) -> float:  # fmt: skip
    """Return ln N(z; H x, S), minus infinity outside the gate.

    Parameters
    ----------
    size : tuple
        Of the state's length S.
    x, p : F64
        Shapes (S,), (S, S): at the plot's time, or at the track's when the plot is older.
    late_s : float
        Plot time less the state's time, <= 0.
    row : F64
        The plot.
    columns : tuple of int
        Columns of its first position and of the variance of that.
    gate : float
        Largest squared Mahalanobis distance.
    noise : F64
        Shape (2,): spectral density of acceleration for late plots (m2/s3), clock uncertainty (s).
    work : Workspace
        Scratch; afterwards holds what ``position_update`` needs.
    """
    vectors, pages, d = work[0], work[1], len(size) // 2
    more, timing_sq = -(late_s * late_s * late_s) * noise[0] / 3.0, noise[1] * noise[1]
    for a in range(d):  # outside along one axis is outside
        y = row[columns[0] + a] - x[a] - late_s * x[d + a]
        vectors[INNOVATION, a] = y
        variance = p[a, a] + late_s * (2.0 * p[a, d + a] + late_s * p[d + a, d + a])
        variance += row[columns[1] + a] + more + timing_sq * x[d + a] * x[d + a]
        if y * y > gate * variance:
            return -math.inf
    _spread(size, x, p, late_s, row, columns[1], noise[0], noise[1], work)
    root, squared = _factor(size, pages), 0.0
    for a in range(d):
        y = vectors[INNOVATION, a]
        for k in range(a):
            y -= pages[FACTOR, a, k] * pages[LEFT, 0, k]
        pages[LEFT, 0, a] = y * pages[FACTOR, a, a]
        squared += pages[LEFT, 0, a] * pages[LEFT, 0, a]
    if not squared <= gate or not root > 0.0:
        return -math.inf
    return math.log(root) - 0.5 * (squared + d * LOG_TWO_PI)


@kernel
def _gain(size: Size, pages: F64) -> None:
    """Write K = P H' S^-1 by two triangular solves."""
    d = len(size) // 2
    for i in range(len(size)):
        for a in range(d):
            total = pages[PH, i, a]
            for k in range(a):
                total -= pages[GAIN, i, k] * pages[FACTOR, a, k]
            pages[GAIN, i, a] = total * pages[FACTOR, a, a]
        for b in range(d):
            a = d - 1 - b
            total = pages[GAIN, i, a]
            for k in range(a + 1, d):
                total -= pages[GAIN, i, k] * pages[FACTOR, k, a]
            pages[GAIN, i, a] = total * pages[FACTOR, a, a]


@kernel
def position_update(
    size: Size, x: F64, p: F64, late_s: float, work: Workspace, out_x: F64, out_p: F64
) -> None:
    """Write state and covariance updated with the position last compared.

    P - K S K' where the plot is not far surer than the state, else in Joseph form.
    """
    vectors, pages, d, n, plain = work[0], work[1], len(size) // 2, len(size), True
    _gain(size, pages)
    for i in range(n):
        total = x[i]
        for a in range(d):
            total += pages[GAIN, i, a] * vectors[INNOVATION, a]
        out_x[i] = total
        plain = plain and (
            i >= d or pages[NOISE, i, i] * pages[FACTOR, i, i] * pages[FACTOR, i, i] > SURER
        )
    if not plain:
        _joseph(size, p, late_s, pages, out_p)
        return
    for i in range(n):
        for j in range(i + 1):
            left = p[i, j]
            for a in range(d):
                left -= pages[GAIN, i, a] * pages[PH, j, a]
            out_p[i, j] = out_p[j, i] = left


@kernel
def _joseph(size: Size, p: F64, late_s: float, pages: F64, out_p: F64) -> None:
    """Write (I - K H) P (I - K H)' + K R K'."""
    d, n = len(size) // 2, len(size)
    for i in range(n):
        for j in range(n):
            left = p[i, j]
            for a in range(d):
                left -= pages[GAIN, i, a] * pages[PH, j, a]
            pages[LEFT, i, j] = left
    for i in range(n):
        for a in range(d):
            spread = -pages[LEFT, i, a] - late_s * pages[LEFT, i, d + a]
            for b in range(d):
                spread += pages[GAIN, i, b] * pages[NOISE, b, a]
            pages[PH, i, a] = spread
    for i in range(n):
        for j in range(i + 1):
            total = pages[LEFT, i, j]
            for a in range(d):
                total += pages[PH, i, a] * pages[GAIN, j, a]
            out_p[i, j] = out_p[j, i] = total
