"""Where a round meets a track, and which sites can reach which."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.geodesy import vertical_and_height
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
def _meeting(motion: F64, height_m: float, climb_mps: float, site: F64, own: F64, out: F64) -> bool:
    """Fill delay, point and height of an intercept; False when the site can't reach it."""
    reaction = own[REACTION]
    x = motion[0] + motion[3] * reaction - site[0]
    y = motion[1] + motion[4] * reaction - site[1]
    z = motion[2] + motion[5] * reaction - site[2]
    flight = intercept_time(x, y, z, motion[3], motion[4], motion[5], own[ROUND_SPEED])
    if not flight >= 0.0:  # also true of NaN
        return False
    x, y, z = x + motion[3] * flight, y + motion[4] * flight, z + motion[5] * flight
    slant = math.sqrt(x * x + y * y + z * z)
    out[0] = reaction + flight
    out[1], out[2], out[3] = site[0] + x, site[1] + y, site[2] + z
    out[4] = height_m + climb_mps * out[0]
    return own[RANGE_MIN] <= slant <= own[RANGE_MAX] and 0.0 < out[4] <= own[HEIGHT_MAX]


@kernel
def _may_reach(motion: F64, latest_s: float, site: F64, range_max_m: float) -> bool:
    """Return whether a track can be in range of a site by then at all."""
    speed_sq = motion[3] * motion[3] + motion[4] * motion[4] + motion[5] * motion[5]
    far = range_max_m + math.sqrt(speed_sq) * max(latest_s, 0.0)
    dx, dy, dz = motion[0] - site[0], motion[1] - site[1], motion[2] - site[2]
    return dx * dx + dy * dy + dz * dz <= far * far


@kernel
def reach(
    motion: F64,
    height_m: F64,
    latest_s: F64,
    class_probability: F64,
    site_m: F64,
    figures: F64,
    kill: F64,
    frame: F64,
) -> tuple[I64, F64]:
    """Return which sites can meet which tracks when ordered now: ``reach_in_time`` of one slot.

    Returns
    -------
    pairs : I64
        Shape (m, 2): row of the site and of the track.
    numbers : F64
        Shape (m, 6), as ``reach_in_time`` gives them.
    """
    pairs, numbers = reach_in_time(
        motion, height_m, latest_s, class_probability, site_m, figures, kill, frame, 1.0, 1
    )
    return pairs[:, :2].copy(), numbers


@kernel
def reach_in_time(
    motion: F64,
    height_m: F64,
    latest_s: F64,
    class_probability: F64,
    site_m: F64,
    figures: F64,
    kill: F64,
    frame: F64,
    slot_s: float,
    slots: int,
) -> tuple[I64, F64]:
    """Return which sites can meet which tracks, ordered when, and where and when they meet.

    Tracks keep their velocity; an order leaves at the beginning of a slot.

    Parameters
    ----------
    motion : F64
        Shape (t, 6): position (m) and velocity (m/s) of each track.
    height_m, latest_s : F64
        Shape (t,): height above ground (m), latest useful intercept (s from now).
    class_probability : F64
        Shape (t, c).
    site_m : F64
        Shape (s, 3), station frame.
    figures : F64
        Shape (s, 5): least and greatest slant range (m), greatest height above ground (m), round
        speed (m/s), reaction time (s).
    kill : F64
        Shape (s, c): single-shot kill probability against each class.
    frame : F64
        Shape (4, 3), ``geodesy.station_frame``.
    slot_s : float
        Length of a slot (s).
    slots : int
        Number of slots from now on.

    Returns
    -------
    pairs : I64
        Shape (m, 3): row of the site and of the track, slot; in order of track, slot, site.
    numbers : F64
        Shape (m, 6): delay from the order (s), intercept point (m), its height above ground (m),
        kill probability over the track's classes.
    """
    n, s = len(motion), len(site_m)
    near = np.zeros((n, s), dtype=np.bool_)
    most = 0
    for i in range(n):
        for j in range(s):
            longest_s = figures[j, REACTION] + figures[j, RANGE_MAX] / figures[j, ROUND_SPEED]
            until_s = min(latest_s[i], (slots - 1) * slot_s + longest_s)
            near[i, j] = _may_reach(motion[i], until_s, site_m[j], figures[j, RANGE_MAX])
            most += slots * near[i, j]
    pairs = np.empty((most, 3), dtype=np.int64)
    numbers = np.empty((most, 6))
    own = np.empty(6)
    rows = 0
    for i in range(n):
        own[:] = motion[i]
        e, north, u, _ = vertical_and_height(frame, own[0], own[1], own[2])
        climb = e * own[3] + north * own[4] + u * own[5]
        for k in range(slots):
            wait_s = k * slot_s
            for axis in range(3):
                own[axis] = motion[i, axis] + wait_s * motion[i, 3 + axis]
            height = height_m[i] + climb * wait_s
            for j in range(s):
                if not near[i, j]:
                    continue
                if not _meeting(own, height, climb, site_m[j], figures[j], numbers[rows]):
                    continue
                p = _mean_kill(class_probability[i], kill[j])
                if p > 0.0 and wait_s + numbers[rows, 0] <= latest_s[i]:
                    pairs[rows, 0], pairs[rows, 1], pairs[rows, 2] = j, i, k
                    numbers[rows, 5] = p
                    rows += 1
    return pairs[:rows], numbers[:rows]


@kernel
def _mean_kill(class_probability: F64, kill: F64) -> float:
    """Return the kill probability over the classes."""
    p = 0.0
    for k in range(len(kill)):
        p += class_probability[k] * kill[k]
    return p
