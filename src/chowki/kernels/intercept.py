"""Where a round meets a track, and which sites can reach which."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

RANGE_MIN, RANGE_MAX, HEIGHT_MAX, ROUND_SPEED, REACTION = 0, 1, 2, 3, 4


@kernel
def intercept_time(
    x_m: float,
    y_m: float,
    z_m: float,
    vx_mps: float,
    vy_mps: float,
    vz_mps: float,
    round_speed_mps: float,
) -> float:
    """Return the flight time (s) of a round of constant speed to a track of constant velocity.

    The earliest root of |p + v t| = w t with p seen from the launcher (collision triangle;
    Zarchan 2012, "Tactical and Strategic Missile Guidance", ch. 2), in the form without
    cancellation. Infinite speed takes no time; NaN when the round never gets there.
    """
    if round_speed_mps == np.inf:
        return 0.0
    a = vx_mps * vx_mps + vy_mps * vy_mps + vz_mps * vz_mps - round_speed_mps * round_speed_mps
    b = x_m * vx_mps + y_m * vy_mps + z_m * vz_mps
    c = x_m * x_m + y_m * y_m + z_m * z_m
    if c == 0.0:
        return 0.0
    inside = b * b - a * c
    if inside < 0.0 or (a >= 0.0 and b >= 0.0):
        return np.nan
    root = math.sqrt(inside)
    return c / (root - b) if b < 0.0 else (b + root) / -a


@kernel
def _meeting(track: F64, site: F64, figures: F64, out: F64) -> bool:
    """Fill delay and point of an intercept; False when it is out of reach."""
    reaction = figures[REACTION]
    x = track[0] + track[3] * reaction - site[0]
    y = track[1] + track[4] * reaction - site[1]
    z = track[2] + track[5] * reaction - site[2]
    flight = intercept_time(x, y, z, track[3], track[4], track[5], figures[ROUND_SPEED])
    if not flight >= 0.0:  # also true of NaN
        return False
    x, y, z = x + track[3] * flight, y + track[4] * flight, z + track[5] * flight
    slant = math.sqrt(x * x + y * y + z * z)
    delay = reaction + flight
    height = track[6] + track[7] * delay
    out[0] = delay
    out[1], out[2], out[3] = site[0] + x, site[1] + y, site[2] + z
    out[4] = height
    return (
        figures[RANGE_MIN] <= slant <= figures[RANGE_MAX]
        and 0.0 < height <= figures[HEIGHT_MAX]
        and delay <= track[8]
    )


@kernel
def reach(
    tracks: F64, class_probability: F64, site_m: F64, figures: F64, kill: F64
) -> tuple[I64, F64]:
    """Return which sites can meet which tracks, where and when.

    Parameters
    ----------
    tracks : F64
        Shape (t, 9): position (m), velocity (m/s), height above ground (m), climb (m/s), latest
        useful intercept (s from now).
    class_probability : F64
        Shape (t, c).
    site_m : F64
        Shape (s, 3), station frame.
    figures : F64
        Shape (s, 5): least and greatest slant range (m), greatest height above ground (m), round
        speed (m/s), reaction time (s).
    kill : F64
        Shape (s, c): single-shot kill probability against each class.

    Returns
    -------
    pairs : I64
        Shape (m, 2): row of the site and of the track.
    numbers : F64
        Shape (m, 6): delay from now (s), intercept point (m), its height above ground (m), kill
        probability over the track's classes.
    """
    n, s = len(tracks), len(site_m)
    pairs = np.empty((n * s, 2), dtype=np.int64)
    numbers = np.empty((n * s, 6))
    rows = 0
    for i in range(n):
        speed = math.sqrt(tracks[i, 3] ** 2 + tracks[i, 4] ** 2 + tracks[i, 5] ** 2)
        ahead = speed * max(tracks[i, 8], 0.0)
        for j in range(s):
            d = tracks[i, :3] - site_m[j]
            far = figures[j, RANGE_MAX] + ahead
            if not d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= far * far:
                continue
            if not _meeting(tracks[i], site_m[j], figures[j], numbers[rows]):
                continue
            p = 0.0
            for k in range(kill.shape[1]):
                p += class_probability[i, k] * kill[j, k]
            if p > 0.0:
                pairs[rows, 0], pairs[rows, 1] = j, i
                numbers[rows, 5] = p
                rows += 1
    return pairs[:rows], numbers[:rows]
