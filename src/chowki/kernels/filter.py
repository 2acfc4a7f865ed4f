"""One plot against one mode of a track, in the plane or in space: likelihood and update.

In the plane a plot is a position (two slots) and everything is linear; in space it has the ten
slots of ``kernels.kalman``. Plots are rows of one matrix, columns ``P_...``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.kalman import POSITION, SLOTS, Workspace, correct, innovate
from chowki.kernels.modes import Size
from chowki.kernels.position import LOG_TWO_PI, position_likelihood, position_update

F64 = NDArray[np.float64]

# Columns of a scan's plots: time, ln(kappa + b), b / (kappa + b), RCS (dBsm), then the values of
# all slots, then their variances.
P_TIME, P_LOG_C, P_BIRTH, P_RCS, P_VALUE = 0, 1, 2, 3, 4
P_VARIANCE, P_WIDTH = P_VALUE + SLOTS, P_VALUE + 2 * SLOTS
PLANE_SLOTS = 2
PLANE_VARIANCE, PLANE_WIDTH = P_VALUE + PLANE_SLOTS, P_VALUE + 2 * PLANE_SLOTS

# Sensor position (3,), sensor axes (3, 3), largest squared Mahalanobis distance by number of
# slots (11,), spectral density of acceleration for late plots and clock uncertainty (2,).
View = tuple[F64, F64, F64, F64]


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
        What ``updated`` needs besides; 0 columns of H that are not zero: a position alone.
    """
    if len(size) < 6:
        columns, gate = (P_VALUE, PLANE_VARIANCE), view[2][2]
        return position_likelihood(size, x, p, late_s, row, columns, gate, view[3], work), 2, 0
    if bits == POSITION:
        columns, gate = (P_VALUE + 4, P_VARIANCE + 4), view[2][3]
        return position_likelihood(size, x, p, late_s, row, columns, gate, view[3], work), 3, 0
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
    if len(size) < 6 or wide == 0:
        position_update(size, x, p, late_s, work, out_x, out_p)
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
