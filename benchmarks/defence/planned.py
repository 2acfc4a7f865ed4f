"""When each drone of a raid would reach its place if nobody engaged it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from chowki.core.records import Fate
from chowki.core.table import I64
from chowki.scenario import Built
from chowki.world.movers import STEP_S, Movers, Targets

LONGEST_S = 10_800.0


def arrivals(built: Built) -> dict[int, float]:
    """Return UTC seconds of arrival by target, of the drones that mean to reach a place.

    The course of each is flown by itself, without sensors, effectors or the run's end.
    """
    movers = built.world._movers
    targets = movers.targets
    raid = taken(targets, np.flatnonzero((targets.attacking == 1) & (targets.goal_radius_m >= 0)))
    flown, found = Movers(raid, built.theatre.station), {}
    end_s = built.theatre.station.start_s + LONGEST_S
    ended = np.zeros(len(raid), dtype=bool)
    while flown.time_s + STEP_S <= end_s and not ended.all():
        flown.step()
        over = np.isin(flown.fate, (Fate.REACHED_PLACE, Fate.ENDED))
        for row in np.flatnonzero(over & ~ended & (flown.fate == Fate.REACHED_PLACE)):
            found[int(raid.target[row])] = flown.time_s
        ended = over
    return found


def taken(targets: Targets, rows: I64) -> Targets:
    """Return some of the targets, with their waypoints."""
    lengths = np.diff(targets.route)[rows]
    points = [np.arange(targets.route[row], targets.route[row + 1]) for row in rows]
    at = np.concatenate(points) if points else np.empty(0, dtype=np.int64)
    columns = {
        field.name: getattr(targets, field.name)[rows]
        for field in fields(targets)
        if field.name not in ("route", "waypoint_m", "waypoint_height_m")
    }
    return replace(
        targets,
        **columns,
        route=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        waypoint_m=targets.waypoint_m[at],
        waypoint_height_m=targets.waypoint_height_m[at],
    )
