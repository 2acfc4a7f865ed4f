"""What becomes of a drone whose link or navigation is jammed: it falls, flies back, or hovers.

The shares are illustrative and stated here; the draw is addressed by the target alone. A jammed
drone no longer flies to its place: who falls or lands was brought down, who flew back has ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from chowki.core.chance import generator
from chowki.core.table import F64
from chowki.kernels.geodesy import ecef_to_enu, enu_to_geodetic, geodetic_to_ecef
from chowki.kernels.terrain import Terrain, ground_height
from chowki.world.movers import NO_GOAL, Targets


class Response(IntEnum):
    """What a jammed drone does."""

    FALLS = 0
    RETURNS = 1
    HOVERS = 2


# Shares of the responses by class, in the order of ObjectClass; illustrative. A multirotor holds
# its position or goes home by design, a munition without either falls.
SHARES = np.array(
    [
        [0.25, 0.35, 0.40],  # multirotor
        [0.40, 0.45, 0.15],  # fixed-wing drone
        [0.70, 0.15, 0.15],  # loitering munition
        [0.60, 0.25, 0.15],  # decoy
        [0.0, 1.0, 0.0],  # aeroplane: a jammer has no effect, so never drawn
        [0.0, 1.0, 0.0],  # helicopter
        [0.0, 1.0, 0.0],  # bird
    ]
)
# A falling drone reaches about this speed, and glides forward at half its speed; one that hovers
# drifts, for a drawn time about this mean, and lands gently. Illustrative.
FALL_MPS, DRIFT_MPS, HOVER_MEAN_S, LANDING_MPS = 25.0, 1.0, 90.0, 3.0
HOVER_LEAST_S, TUMBLE_RADPS = 20.0, 3.0


@dataclass(frozen=True, slots=True)
class NewCourse:
    """How a target flies from now on: waypoints (station frame, m), their heights, its limits.

    The first waypoint is where it is now; without ``turn_radps`` it turns as before.
    """

    response: Response
    waypoint_m: F64
    height_m: F64
    speed_mps: float
    climb_mps: float
    turn_radps: float | None = None


def response_of(seed: int, target: int, object_class: int) -> tuple[Response, float]:
    """Return what a target does when jammed, and for how long it would hover."""
    chance = generator(seed, "jamming.response", target)
    drawn = int(np.searchsorted(np.cumsum(SHARES[object_class]), chance.random(), side="right"))
    hovers_s = HOVER_LEAST_S + chance.exponential(HOVER_MEAN_S - HOVER_LEAST_S)
    return Response(min(drawn, len(Response) - 1)), float(hovers_s)


def new_course(
    response: Response,
    hovers_s: float,
    position_m: F64,
    velocity_mps: F64,
    home_m: F64,
    home_height_m: float,
    frame: F64,
    terrain: Terrain,
) -> NewCourse:
    """Return the course of a jammed target.

    Parameters
    ----------
    response, hovers_s
        As ``response_of`` returns them.
    position_m, velocity_mps : F64
        Shape (3,): of the target now, station frame.
    home_m, home_height_m : F64, float
        Where it departed, and the height above the ellipsoid.
    frame, terrain
        Frame of reference, and the ground.
    """
    lat, lon, height_m = enu_to_geodetic(frame, position_m.reshape(1, 3))[0]
    speed = max(float(np.linalg.norm(velocity_mps)), DRIFT_MPS)
    here = (position_m, float(height_m))
    if response is Response.RETURNS:
        return _course(response, [here, (home_m, home_height_m)], speed, FALL_MPS)
    ground_m = ground_height(terrain, lat, lon)
    above_m = max(float(height_m) - ground_m, 0.0)
    ahead = velocity_mps / max(float(np.linalg.norm(velocity_mps)), 1e-6)
    if response is Response.FALLS:
        glide_mps = 0.5 * speed
        down = _grounded(
            position_m + ahead * glide_mps * (above_m / FALL_MPS + 1.0), frame, terrain
        )
        return _course(response, [here, down], glide_mps, FALL_MPS, TUMBLE_RADPS)
    drifted = position_m + ahead * DRIFT_MPS * hovers_s
    landed = drifted + ahead * DRIFT_MPS * (above_m / LANDING_MPS + 1.0)
    points = [here, (drifted, float(height_m)), _grounded(landed, frame, terrain)]
    return _course(response, points, DRIFT_MPS, LANDING_MPS, TUMBLE_RADPS)


def _course(
    response: Response,
    points: list[tuple[F64, float]],
    speed_mps: float,
    climb_mps: float,
    turn_radps: float | None = None,
) -> NewCourse:
    where, heights = np.array([p for p, _ in points]), np.array([h for _, h in points])
    return NewCourse(response, where, heights, speed_mps, climb_mps, turn_radps)


def _grounded(point_m: F64, frame: F64, terrain: Terrain) -> tuple[F64, float]:
    """Return the point on the ground below or above another, and its height."""
    lat, lon, _ = enu_to_geodetic(frame, point_m.reshape(1, 3))[0]
    ground_m = ground_height(terrain, lat, lon)
    below = ecef_to_enu(frame, *geodetic_to_ecef(lat, lon, ground_m))
    return np.array(below), float(ground_m)


def rerouted(targets: Targets, row: int, course: NewCourse) -> Targets:
    """Return the targets with one of them on a new course, and flying to no place."""
    start, end = int(targets.route[row]), int(targets.route[row + 1])
    more = len(course.waypoint_m) - (end - start)
    route = targets.route.copy()
    route[row + 1 :] += more
    changed = {
        "speed_mps": course.speed_mps,
        "climb_mps": course.climb_mps,
        "goal_radius_m": NO_GOAL,
        "loops": 0,
    }
    if course.turn_radps is not None:
        changed["turn_radps"] = course.turn_radps
    columns = {name: getattr(targets, name).copy() for name in changed}
    for name, value in changed.items():
        columns[name][row] = value
    points, heights = targets.waypoint_m, targets.waypoint_height_m
    return replace(
        targets,
        route=route,
        waypoint_m=np.concatenate((points[:start], course.waypoint_m, points[end:])),
        waypoint_height_m=np.concatenate((heights[:start], course.height_m, heights[end:])),
        **columns,
    )
