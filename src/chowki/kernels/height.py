"""Heights that nothing measures are kept within reason.

A sensor that measures no elevation says little of height: there the random walk of the motion
model would let a track rise without bound, and its ground range, worked out from slant range and
height, would go wrong with it. What flies is near a height known beforehand. Whenever the variance
of a height exceeds what is known beforehand, that knowledge is taken in anew, just so strongly
that the variance falls back to it (a Kalman update with the noise 1 / (1 / limit - 1 / variance)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.gate import Bernoullis
from chowki.kernels.geodesy import vertical_and_height
from chowki.kernels.jit import kernel
from chowki.kernels.modes import Size, combine

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Small and large targets: height above the ellipsoid, largest standard deviation; m.
Levels = tuple[float, float, float, float]
# Beyond the limit by this share before anything is done: a mode just put back stays as it is.
SLACK = 1.05


@kernel
def _along(size: Size, up: tuple[float, float, float], p: F64, out: F64) -> float:
    """Write P u for the vertical u, and return u' P u."""
    variance = 0.0
    for i in range(len(size)):
        out[i] = p[i, 0] * up[0] + p[i, 1] * up[1] + p[i, 2] * up[2]
    for i in range(3):
        variance += up[i] * out[i]
    return variance


@kernel
def settle(
    size: Size, frame: F64, height_m: float, limit: float, x: F64, p: F64, work: F64
) -> bool:
    """Take in what is known of a height beforehand, when the state knows less; in place.

    Parameters
    ----------
    size : tuple
        Of the state's length S.
    frame : F64
        Shape (4, 3): station frame.
    height_m, limit : float
        Height above the ellipsoid, and the largest variance of it, m2.
    x, p : F64
        Shapes (S,), (S, S).
    work : F64
        Shape (S,), scratch.

    Returns
    -------
    bool
        Whether anything was changed.
    """
    ux, uy, uz, above = vertical_and_height(frame, x[0], x[1], x[2])
    up = (ux, uy, uz)
    variance = _along(size, up, p, work)
    if variance <= SLACK * limit:
        return False
    share = (variance - limit) / (variance * variance)  # 1 / (variance + noise)
    for i in range(len(size)):
        x[i] += work[i] * share * (height_m - above)
    for i in range(len(size)):
        for j in range(i + 1):
            p[i, j] -= work[i] * work[j] * share
            p[j, i] = p[i, j]
    return True


@kernel
def settle_all(
    size: Size, tracks: Bernoullis, rows: I64, fresh: int, rcs_dbsm: F64, small_dbsm: float,
    frame: F64, levels: Levels,
) -> None:  # fmt: skip
    """Keep the heights of some tracks within reason, in place.

    Parameters
    ----------
    size : tuple
        Of the state's length.
    tracks : Bernoullis
        All tracks; states and modes of these rows are written.
    rows : I64
        Shape (k,).
    fresh : int
        First row of modes that may be written.
    rcs_dbsm : F64
        Shape (n,): radar cross-sections, NaN where unknown.
    small_dbsm : float
        Below it a target is a small one.
    frame : F64
        Shape (4, 3): station frame.
    levels : Levels
        What is known of heights beforehand.
    """
    state, covariance, mode_x, mode_p, mode_mu, _, _, place = tracks
    small, small_sd, large, large_sd = levels
    work = np.empty(len(size))
    for i in rows:
        if place[i] < fresh or covariance[i, 2, 2] <= min(small_sd, large_sd) ** 2:
            continue
        tiny, changed, a = rcs_dbsm[i] < small_dbsm, False, place[i]
        height, sd = (small, small_sd) if tiny else (large, large_sd)
        for m in range(mode_mu.shape[1]):
            if mode_mu[a, m] > 0.0 and settle(
                size, frame, height, sd * sd, mode_x[a, m], mode_p[a, m], work
            ):
                changed = True
        if changed:
            combine(size, mode_x[a], mode_p[a], mode_mu[a], state[i], covariance[i])
