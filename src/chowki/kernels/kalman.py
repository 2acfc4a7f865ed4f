"""Update of a state with a plot in its sensor's own coordinates, each plot at its own time.

An extended Kalman filter (Bar-Shalom, Li and Kirubarajan 2001, 10.3.3) where what is measured is
straight over the spread of the state, and ``kernels.curved`` where it bends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.curved import allow_for_bends, correct_curved, curved
from chowki.kernels.gain import (
    TOLD_CURVED,
    Workspace,
    distance,
    factor,
    joseph,
    linearise,
    moved,
    workspace,
    write_gain,
)
from chowki.kernels.jit import kernel
from chowki.kernels.modes import Size
from chowki.kernels.slots import (
    AZIMUTH,
    ELEVATION,
    POLAR,
    POSITION,
    RANGE,
    RANGE_RATE,
    SLOTS,
    VELOCITY,
    expect,
)

__all__ = [
    "AZIMUTH",
    "ELEVATION",
    "POSITION",
    "RANGE",
    "RANGE_RATE",
    "SLOTS",
    "VELOCITY",
    "Workspace",
    "correct",
    "expect",
    "innovate",
    "workspace",
]

F64 = NDArray[np.float64]


@kernel
def innovate(
    size: Size, x: F64, p: F64, late_s: float, bits: int, values: F64, variances: F64,
    origin: F64, axes: F64, q: float, timing_s: float, work: Workspace,
) -> tuple[int, int, float, float]:  # fmt: skip
    """Compare a plot with a state in space.

    A plot older than the track (``late_s`` < 0) is compared with the track drawn back to it; the
    noise since then goes into R, and the track keeps its time (a late plot counts for less,
    never for more: Bar-Shalom 2002, "Update with out-of-sequence measurements", case of the
    neglected correlation).

    Parameters
    ----------
    size : tuple
        Of the state's length, 6 or 7.
    x, p : F64
        Shapes (S,), (S, S): at the plot's time, or at the track's when the plot is older.
    late_s : float
        Plot time less the state's time, <= 0.
    bits, values, variances : int, F64, F64
        The plot: which slots, (10,), (10,).
    origin, axes : F64
        Shapes (3,), (3, 3): the sensor.
    q : float
        Spectral density of acceleration for late plots, m2/s3.
    timing_s : float
        Standard deviation of an unknown clock offset, s.
    work : Workspace
        Scratch; afterwards holds what ``correct`` needs.

    Returns
    -------
    m : int
        Measured slots; 0 when the comparison failed.
    wide : int
        Columns of H that are not zero: 3 when nothing measured depends on velocity, else 6.
    squared : float
        Squared Mahalanobis distance.
    log_det : float
        ln det S.
    """
    m = linearise(x, late_s, bits, values, variances, origin, axes, q, timing_s, work)
    wide = 6 if late_s < 0.0 or bits & (RANGE_RATE | VELOCITY) else 3
    work[2][TOLD_CURVED] = 0.0
    if bits & POLAR and curved(
        m, x, p, late_s, bits, values, variances, origin, axes, q, timing_s, work
    ):
        work[2][TOLD_CURVED] = 1.0
        allow_for_bends(m, wide, p, work)
    if m == 0 or not factor(size, m, wide, p, work):
        return 0, wide, 0.0, 0.0
    squared, log_det = distance(m, work)
    return m, wide, squared, log_det


@kernel
def correct(
    size: Size, m: int, wide: int, x: F64, p: F64, work: Workspace, out_x: F64, out_p: F64
) -> None:
    """Write the state and covariance updated with the plot last compared (Joseph form).

    Parameters
    ----------
    size : tuple
        Of the state's length.
    m, wide : int
        Measured slots and columns of H, as ``innovate`` returned.
    x, p : F64
        As ``innovate`` was given.
    work : Workspace
        As ``innovate`` left it.
    out_x, out_p : F64
        Shapes (S,), (S, S), written.
    """
    if work[2][TOLD_CURVED] > 0.0:
        correct_curved(m, wide, x, p, work, out_x, out_p)
        return
    write_gain(size, m, work)
    moved(size, m, x, work, out_x)
    joseph(size, m, wide, p, work, out_p)
