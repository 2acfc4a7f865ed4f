"""Where sensors and sites stand: given, or invented from the seed.

Each invented position has its own address of chance (the group's name and its place in the
group), so that adding one moves no other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chowki.core.chance import generator
from chowki.core.table import F64
from chowki.kernels.geodesy import inside_polygon
from chowki.scenario.model import Placement, PlacePart, Scenario
from chowki.world.population import Point, distance_m, moved, offset_m, within

_TRIES = 100
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, slots=True)
class Spot:
    """One position with a name for what stands there."""

    name: str
    lat_deg: float
    lon_deg: float


def spots(group: Placement, scenario: Scenario, seed: int) -> list[Spot]:
    """Return where the members of a group stand.

    Parameters
    ----------
    group : Placement
        Says how: given, near places, along the border.
    scenario : Scenario
        Gives places and border.
    seed : int
        Seed of the run.
    """
    if group.at:
        return [
            Spot(group.name if len(group.at) == 1 else f"{group.name} {k + 1}", *point)
            for k, point in enumerate(group.at)
        ]
    chance = [generator(seed, f"position.{group.name}", k) for k in range(group.count)]
    if group.near:
        return [_near(group, k, chance[k], scenario) for k in range(group.count)]
    start = generator(seed, f"position.{group.name}.start").random()
    return [_along(group, k, start, chance[k], scenario) for k in range(group.count)]


def _near(group: Placement, k: int, chance: np.random.Generator, scenario: Scenario) -> Spot:
    """Return a position near the k-th place, the places taken in turn."""
    places = _chosen(group, scenario)
    place = places[k % len(places)]
    again = f" {k // len(places) + 1}" if k >= len(places) else ""
    centre = (place.lat_deg, place.lon_deg)
    point = centre
    for _ in range(_TRIES):
        angle, away_m = 2.0 * math.pi * chance.random(), 1e3 * within(chance, group.away_km)
        point = moved(centre, away_m * math.sin(angle), away_m * math.cos(angle))
        if defended(point, scenario.border.polygon):
            return Spot(f"{group.name} {place.name}{again}", *point)
    return Spot(f"{group.name} {place.name}{again}", *centre)


def _chosen(group: Placement, scenario: Scenario) -> Sequence[PlacePart]:
    towns = scenario.places.towns
    if group.among is None:
        return towns
    by_name = {town.name: town for town in towns}
    return [by_name[name] for name in group.among]


def _along(
    group: Placement, k: int, start: float, chance: np.random.Generator, scenario: Scenario
) -> Spot:
    """Return a position behind the border line; steps of the golden ratio fill it evenly."""
    line = scenario.border.line
    point = line[0]
    for _ in range(_TRIES):
        share = (start + k * _GOLDEN + 0.02 * (chance.random() - 0.5)) % 1.0
        on_line, north, east = _on_line(line, share)
        away_m = 1e3 * within(chance, group.away_km)
        for side in (1.0, -1.0):
            point = moved(on_line, side * away_m * north, -side * away_m * east)
            if defended(point, scenario.border.polygon):
                return Spot(f"{group.name} {k + 1}", *point)
    return Spot(f"{group.name} {k + 1}", *point)


def _on_line(line: Sequence[Point], share: float) -> tuple[Point, float, float]:
    """Return the point at a share of a line's length, and the line's direction (north, east)."""
    lengths = [distance_m(a, b) for a, b in itertools.pairwise(line)]
    left = share * sum(lengths)
    row = 0
    while row < len(lengths) - 1 and left > lengths[row]:
        left -= lengths[row]
        row += 1
    east, north = offset_m(line[row], line[row + 1])
    inside = min(left / lengths[row], 1.0)
    point = moved(line[row], inside * east, inside * north)
    return point, north / lengths[row], east / lengths[row]


def defended(point: Point, polygon: Sequence[Point]) -> bool:
    """Return whether a point lies on the defended side; without a polygon every point does."""
    if not polygon:
        return True
    corners = np.radians(np.array(polygon, dtype=np.float64))
    lat, lon = (np.ascontiguousarray(column) for column in corners.T)
    return bool(inside_polygon(_one(point[0]), _one(point[1]), lat, lon)[0])


def _one(angle_deg: float) -> F64:
    return np.array([math.radians(angle_deg)])
