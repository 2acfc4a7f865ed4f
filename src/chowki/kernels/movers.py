"""How targets move: along waypoints, within limits of turn and climb, over the round earth.

No trigonometry in a step: headings are unit vectors, a turn is a rotation by a fixed small
angle whose cosine and sine are worked out once.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.geodesy import vertical_and_height
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I8 = NDArray[np.int8]

WAITING = 0
FLYING = 1
ENDED = 2
REACHED = 4


@kernel
def _along_ground(
    vx: float, vy: float, vz: float, ux: float, uy: float, uz: float
) -> tuple[float, float, float, float]:
    """Return the part of a vector across the vertical, as a unit vector, and its length."""
    up = vx * ux + vy * uy + vz * uz
    x, y, z = vx - up * ux, vy - up * uy, vz - up * uz
    length = math.sqrt(x * x + y * y + z * z)
    if length < 1e-9:
        return 0.0, 0.0, 0.0, length
    return x / length, y / length, z / length, length


@kernel
def turn_towards(
    heading: F64,
    ux: float,
    uy: float,
    uz: float,
    wanted: tuple[float, float, float],
    turn_cos: float,
    turn_sin: float,
) -> None:
    """Turn a heading, shape (3,), towards a wanted unit vector, by at most the given angle.

    Parameters
    ----------
    heading : F64
        Unit vector, shape (3,); changed in place and kept across the vertical.
    ux, uy, uz : float
        Local vertical, unit vector.
    wanted : tuple of float
        Unit vector across the vertical.
    turn_cos, turn_sin : float
        Cosine and sine of the largest turn in this step.
    """
    hx, hy, hz, length = _along_ground(heading[0], heading[1], heading[2], ux, uy, uz)
    wx, wy, wz = wanted
    if length < 1e-9:
        hx, hy, hz = wx, wy, wz
    cosine = hx * wx + hy * wy + hz * wz
    if cosine < turn_cos:
        sx, sy, sz = wx - cosine * hx, wy - cosine * hy, wz - cosine * hz
        side = math.sqrt(sx * sx + sy * sy + sz * sz)
        if side < 1e-6:  # straight behind: turn right
            sx, sy, sz = hy * uz - hz * uy, hz * ux - hx * uz, hx * uy - hy * ux
            side = 1.0
        wx = turn_cos * hx + turn_sin * sx / side
        wy = turn_cos * hy + turn_sin * sy / side
        wz = turn_cos * hz + turn_sin * sz / side
    heading[0], heading[1], heading[2] = wx, wy, wz


@kernel
def advance(
    frame: F64,
    now_s: float,
    step_s: float,
    position_m: F64,
    velocity_mps: F64,
    heading: F64,
    leg: I64,
    fate: I8,
    departure_s: F64,
    speed_mps: F64,
    climb_mps: F64,
    turn_cos: F64,
    turn_sin: F64,
    capture_m: F64,
    loops: I8,
    goal_m: F64,
    goal_radius_m: F64,
    route: I64,
    waypoint_m: F64,
    waypoint_height_m: F64,
) -> int:
    """Move every target by one step, in place, and return how many fates changed.

    Parameters
    ----------
    frame : F64
        Station frame, shape (4, 3), of ``geodesy.station_frame``.
    now_s, step_s : float
        Time after the step, and its length.
    position_m, velocity_mps, heading : F64
        Shape (n, 3), station frame; heading is a unit vector along the ground.
    leg : I64
        Shape (n,): row of the waypoint that each target flies to.
    fate : I8
        Shape (n,): 0 waiting, 1 flying, 2 ended, 3 intercepted, 4 reached its place.
    departure_s : F64
        Shape (n,): UTC seconds of departure.
    speed_mps, climb_mps : F64
        Shape (n,): speed along the ground, largest climb or descent.
    turn_cos, turn_sin : F64
        Shape (n,): of the largest turn in one step.
    capture_m : F64
        Shape (n,): a waypoint this near counts as passed.
    loops : I8
        Shape (n,): 1 for a route that is flown round and round.
    goal_m : F64
        Shape (n, 3): position of the place that a target flies to.
    goal_radius_m : F64
        Shape (n,): how near it must come to have reached it; negative for none.
    route : I64
        Shape (n + 1,): waypoints of target i are ``route[i]:route[i + 1]``.
    waypoint_m : F64
        Shape (m, 3), station frame.
    waypoint_height_m : F64
        Shape (m,): height above the ellipsoid.
    """
    changed = 0
    for i in range(len(fate)):
        if fate[i] == WAITING and departure_s[i] <= now_s:
            _depart(frame, i, route, leg, position_m, velocity_mps, heading, speed_mps, waypoint_m)
            fate[i] = FLYING
            changed += 1
        elif fate[i] != FLYING:
            continue
        else:
            _move(
                frame,
                i,
                step_s,
                position_m,
                velocity_mps,
                heading,
                leg[i],
                speed_mps[i],
                climb_mps[i],
                turn_cos[i],
                turn_sin[i],
                waypoint_m,
                waypoint_height_m,
            )
        ux, uy, uz, _ = vertical_and_height(
            frame, position_m[i, 0], position_m[i, 1], position_m[i, 2]
        )
        if goal_radius_m[i] >= 0.0 and goal_radius_m[i] >= _ground_distance(
            position_m[i], goal_m[i], ux, uy, uz
        ):
            fate[i] = REACHED
            changed += 1
        elif capture_m[i] >= _ground_distance(position_m[i], waypoint_m[leg[i]], ux, uy, uz):
            changed += _pass_waypoint(i, route, leg, loops, fate)
    return changed


@kernel
def _pass_waypoint(i: int, route: I64, leg: I64, loops: I8, fate: I8) -> int:
    """Turn to the next waypoint; after the last, start anew or end. Return 1 when it ended."""
    leg[i] += 1
    if leg[i] < route[i + 1]:
        return 0
    if loops[i] == 1:
        leg[i] = route[i]
        return 0
    leg[i] -= 1
    fate[i] = ENDED
    return 1


@kernel
def _depart(
    frame: F64,
    i: int,
    route: I64,
    leg: I64,
    position_m: F64,
    velocity_mps: F64,
    heading: F64,
    speed_mps: F64,
    waypoint_m: F64,
) -> None:
    """Put a target on its first waypoint, flying to the second."""
    first = route[i]
    leg[i] = min(first + 1, route[i + 1] - 1)
    x, y, z = waypoint_m[first, 0], waypoint_m[first, 1], waypoint_m[first, 2]
    ux, uy, uz, _ = vertical_and_height(frame, x, y, z)
    ahead = _along_ground(
        waypoint_m[leg[i], 0] - x, waypoint_m[leg[i], 1] - y, waypoint_m[leg[i], 2] - z, ux, uy, uz
    )
    for axis in range(3):
        position_m[i, axis] = waypoint_m[first, axis]
        heading[i, axis] = ahead[axis]
        velocity_mps[i, axis] = speed_mps[i] * ahead[axis]


@kernel
def _ground_distance(here: F64, there: F64, ux: float, uy: float, uz: float) -> float:
    """Return the distance of two positions, shape (3,), across the vertical."""
    dx, dy, dz = there[0] - here[0], there[1] - here[1], there[2] - here[2]
    return _along_ground(dx, dy, dz, ux, uy, uz)[3]


@kernel
def _move(
    frame: F64,
    i: int,
    step_s: float,
    position_m: F64,
    velocity_mps: F64,
    heading: F64,
    waypoint: int,
    speed_mps: float,
    climb_mps: float,
    turn_cos: float,
    turn_sin: float,
    waypoint_m: F64,
    waypoint_height_m: F64,
) -> None:
    """Fly one target for one step towards a waypoint; the height is reached with it."""
    ux, uy, uz, height = vertical_and_height(
        frame, position_m[i, 0], position_m[i, 1], position_m[i, 2]
    )
    dx, dy, dz, distance = _along_ground(
        waypoint_m[waypoint, 0] - position_m[i, 0],
        waypoint_m[waypoint, 1] - position_m[i, 1],
        waypoint_m[waypoint, 2] - position_m[i, 2],
        ux,
        uy,
        uz,
    )
    if distance > 1e-6:
        turn_towards(heading[i], ux, uy, uz, (dx, dy, dz), turn_cos, turn_sin)
    time_to_go_s = max(distance / speed_mps, step_s)
    climb = (waypoint_height_m[waypoint] - height) / time_to_go_s
    climb = min(max(climb, -climb_mps), climb_mps)
    vertical = (ux, uy, uz)
    for axis in range(3):
        velocity_mps[i, axis] = speed_mps * heading[i, axis] + climb * vertical[axis]
        position_m[i, axis] += step_s * velocity_mps[i, axis]
