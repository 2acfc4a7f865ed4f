"""One plot against one mode of a track, in the plane or in space: likelihood and update.

In the plane a plot is a position (two slots) and everything is linear; in space it has the ten
slots of ``kernels.kalman``. Plots are rows of one matrix, columns ``P_...``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.gain import FACTOR, GAIN, INNOVATION, LEFT, PH
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import SLOTS, Workspace, correct, innovate
from chowki.kernels.modes import Size

F64 = NDArray[np.float64]

# Columns of a scan's plots: time, ln(kappa + b), b / (kappa + b), RCS (dBsm), then the values of
# all slots, then their variances.
P_TIME, P_LOG_C, P_BIRTH, P_RCS, P_VALUE = 0, 1, 2, 3, 4
P_VARIANCE, P_WIDTH = P_VALUE + SLOTS, P_VALUE + 2 * SLOTS
PLANE_SLOTS = 2
PLANE_VARIANCE, PLANE_WIDTH = P_VALUE + PLANE_SLOTS, P_VALUE + 2 * PLANE_SLOTS
LOG_TWO_PI = math.log(2.0 * math.pi)

# Sensor position (3,), sensor axes (3, 3), largest squared Mahalanobis distance by number of
# slots (11,), spectral density of acceleration for late plots and clock uncertainty (2,).
View = tuple[F64, F64, F64, F64]


@kernel
def _plane_spread(p: F64, late_s: float, row: F64, view: View, work: Workspace) -> None:
    """Write P H' and S of a position in the plane, the plot ``late_s`` <= 0 from the state."""
    ph, s = work[1][PH], work[1][FACTOR]
    for i in range(4):
        for a in range(2):
            ph[i, a] = p[i, a] + late_s * p[i, 2 + a]
    noise = -(late_s**3) * view[3][0] / 3.0
    for a in range(2):
        for b in range(2):
            s[a, b] = ph[a, b] + late_s * ph[2 + a, b]
        s[a, a] += row[PLANE_VARIANCE + a] + noise


@kernel
def _plane_likelihood(
    x: F64, p: F64, late_s: float, row: F64, view: View, work: Workspace
) -> float:
    """Return ln N(z; H x, S) in the plane, minus infinity outside the gate."""
    _plane_spread(p, late_s, row, view, work)
    y, s = work[0][INNOVATION], work[1][FACTOR]
    for a in range(2):
        y[a] = row[P_VALUE + a] - x[a] - late_s * x[2 + a]
    det = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0]
    squared = y[0] * y[0] * s[1, 1] - 2.0 * y[0] * y[1] * s[0, 1] + y[1] * y[1] * s[0, 0]
    if not squared <= view[2][2] * det:
        return -math.inf
    return -0.5 * (squared / det + math.log(det)) - LOG_TWO_PI


@kernel
def _plane_update(
    size: Size, x: F64, p: F64, late_s: float, view: View, work: Workspace, out_x: F64, out_p: F64
) -> None:
    """Write the update with the position last compared, in Joseph form."""
    y, s, ph, gain = work[0][INNOVATION], work[1][FACTOR], work[1][PH], work[1][GAIN]
    left = work[1][LEFT]
    n = len(size)
    det = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0]
    i00, i01, i11 = s[1, 1] / det, -s[0, 1] / det, s[0, 0] / det
    if n > 4:
        for a in range(2):
            ph[4, a] = p[4, a] + late_s * p[4, 2 + a]
    for i in range(n):
        gain[i, 0] = ph[i, 0] * i00 + ph[i, 1] * i01
        gain[i, 1] = ph[i, 0] * i01 + ph[i, 1] * i11
        out_x[i] = x[i] + gain[i, 0] * y[0] + gain[i, 1] * y[1]
    for i in range(n):
        for j in range(n):
            left[i, j] = p[i, j] - gain[i, 0] * ph[j, 0] - gain[i, 1] * ph[j, 1]
    r = (s[0, 0] - ph[0, 0] - late_s * ph[2, 0], s[0, 1] - ph[0, 1] - late_s * ph[2, 1],
         s[1, 1] - ph[1, 1] - late_s * ph[3, 1])  # fmt: skip
    for i in range(n):
        w0 = gain[i, 0] * r[0] + gain[i, 1] * r[1] - left[i, 0] - late_s * left[i, 2]
        w1 = gain[i, 0] * r[1] + gain[i, 1] * r[2] - left[i, 1] - late_s * left[i, 3]
        for j in range(i + 1):
            out_p[i, j] = out_p[j, i] = left[i, j] + w0 * gain[j, 0] + w1 * gain[j, 1]


@kernel
def likelihood(
    size: Size, x: F64, p: F64, late_s: float, row: F64, bits: int, view: View, work: Workspace
) -> tuple[float, int, int]:
    """Compare a plot with one mode of a track.

    Parameters
    ----------
    size : tuple
        Of the state's length S.
    x, p : F64
        Shapes (S,), (S, S): at the plot's time, or at the track's when the plot is older.
    late_s : float
        Plot time less the state's time, <= 0.
    row, bits : F64, int
        The plot, columns ``P_...``, and its slots that hold a value.
    view : View
        The sensor.
    work : Workspace
        Scratch; afterwards holds what ``updated`` needs.

    Returns
    -------
    log_n : float
        ln N(z; h(x), S), minus infinity outside the gate.
    slots, wide : int
        What ``updated`` needs besides.
    """
    if len(size) < 6:
        return _plane_likelihood(x, p, late_s, row, view, work), 2, 2
    m, wide, squared, log_det = innovate(
        size, x, p, late_s, bits, row[P_VALUE:P_VARIANCE], row[P_VARIANCE:P_WIDTH], view[0],
        view[1], view[3][0], view[3][1], work,
    )  # fmt: skip
    if m == 0 or not squared <= view[2][m]:
        return -math.inf, m, wide
    return -0.5 * (squared + log_det + m * LOG_TWO_PI), m, wide


@kernel
def updated(
    size: Size, slots: int, wide: int, x: F64, p: F64, late_s: float, view: View, work: Workspace,
    out_x: F64, out_p: F64,
) -> None:  # fmt: skip
    """Write state and covariance of a mode updated with the plot last compared."""
    if len(size) < 6:
        _plane_update(size, x, p, late_s, view, work, out_x, out_p)
    else:
        correct(size, slots, wide, x, p, work, out_x, out_p)


@kernel
def position_slot(size: Size) -> int:
    """Return the column of a plot that holds its first position."""
    return P_VALUE if len(size) < 6 else P_VALUE + 4


@kernel
def position_variance(size: Size) -> int:
    """Return the column of a plot that holds the variance of its first position."""
    return PLANE_VARIANCE if len(size) < 6 else P_VARIANCE + 4
