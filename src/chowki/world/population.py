"""Who flies: flights drawn from addressed chance, and the targets made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from chowki.core.places import Ground, Place, Theatre
from chowki.core.records import AddressKind, ObjectClass
from chowki.core.table import F64
from chowki.kernels.geodesy import geodetic_to_enu, station_frame
from chowki.world.movers import NO_GOAL, Targets

METRES_PER_DEGREE = 111_195.0
Point = tuple[float, float]

# Numbers of targets are blocks by kind and group, so that one more moves no other's chance.
RAID, AIRLINERS, HELICOPTERS, AUTHORISED, BIRDS = 1, 2, 3, 4, 5
_KIND_BLOCK, _GROUP_BLOCK = 10_000_000, 100_000


@dataclass(frozen=True, slots=True)
class Flight:
    """One target before it is placed in the station frame.

    Attributes
    ----------
    number : int
        Number of the target.
    object_class : ObjectClass
        What it is.
    points : tuple of (float, float, float)
        Waypoints: latitude and longitude in degrees, height above ground in metres.
    departure_s : float
        UTC seconds.
    speed_mps, climb_mps, turn_radps : float
        Speed along the ground and limits.
    rcs_m2, size_m : float
        Mean radar cross-section; characteristic dimension.
    armed, authorised, attacking, loops : bool
        As in ``world.movers.Targets``.
    goal : Place or None
        The place it flies to.
    reaches : bool
        True when coming within the place's radius ends the flight there.
    transmits_hz, transmit_power_w : float
        Control link, NaN for a silent target.
    address : int
        Address it transmits, -1 none.
    address_kind : AddressKind
        Its register.
    callsign : str
        Up to eight characters.
    """

    number: int
    object_class: ObjectClass
    points: tuple[tuple[float, float, float], ...]
    departure_s: float
    speed_mps: float
    climb_mps: float
    turn_radps: float
    rcs_m2: float
    size_m: float
    armed: bool = False
    authorised: bool = False
    attacking: bool = False
    loops: bool = False
    goal: Place | None = field(default=None, compare=False)
    reaches: bool = False
    transmits_hz: float = np.nan
    transmit_power_w: float = np.nan
    address: int = -1
    address_kind: AddressKind = AddressKind.NONE
    callsign: str = ""


def ordered(span: tuple[float, float]) -> tuple[float, float]:
    """Return a span of two ends, the lower first.

    Raises
    ------
    ValueError
        If the lower end does not come first.
    """
    if not span[0] <= span[1]:
        raise ValueError("two numbers, the lower first")
    return span


def number(kind: int, group: int, index: int) -> int:
    """Return the number of a target: its kind, its group in the scenario, its place in it.

    Examples
    --------
    >>> number(RAID, 2, 17)
    10200017
    """
    return kind * _KIND_BLOCK + group * _GROUP_BLOCK + index


def targets_of(flights: Sequence[Flight], theatre: Theatre) -> Targets:
    """Return the targets of flights, in order of their numbers.

    Parameters
    ----------
    flights : sequence of Flight
        In any order.
    theatre : Theatre
        Gives the station frame and the ground.

    Raises
    ------
    ValueError
        If two flights carry the same number.
    """
    flights = sorted(flights, key=lambda flight: flight.number)
    points = np.array([p for flight in flights for p in flight.points], float).reshape(-1, 3)
    height_m = points[:, 2] + ground_height_m(theatre.ground, points[:, 0], points[:, 1])
    numbers = _column(flights, "number", np.int64)
    if len(np.unique(numbers)) != len(numbers):
        raise ValueError("two flights carry the same number")
    lengths = np.array([len(flight.points) for flight in flights], np.int64)
    return Targets(
        target=numbers,
        place=np.array([f.goal.index if f.goal else -1 for f in flights], np.int64),
        callsign=np.array([f.callsign.encode("ascii") for f in flights], "S8"),
        goal_m=np.array([_goal(f) for f in flights]).reshape(-1, 3),
        goal_radius_m=np.array([_goal_radius_m(f) for f in flights], np.float64),
        route=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        waypoint_m=to_station(theatre, points[:, 0], points[:, 1], height_m),
        waypoint_height_m=height_m,
        **{name: _column(flights, name, dtype) for name, dtype in _COPIED.items()},
    )


_COPIED = {
    **dict.fromkeys(("object_class", "armed", "authorised", "attacking", "loops"), np.int8),
    **dict.fromkeys(("rcs_m2", "size_m", "transmits_hz", "transmit_power_w"), np.float64),
    **dict.fromkeys(("departure_s", "speed_mps", "climb_mps", "turn_radps"), np.float64),
    "address": np.int64,
    "address_kind": np.int8,
}


def _column(flights: Sequence[Flight], name: str, dtype: type) -> np.ndarray:
    return np.array([getattr(flight, name) for flight in flights], dtype)


def _goal(flight: Flight) -> F64:
    return flight.goal.position_m if flight.goal else np.zeros(3)


def _goal_radius_m(flight: Flight) -> float:
    return flight.goal.radius_m if flight.goal and flight.reaches else NO_GOAL


def to_station(theatre: Theatre, lat_deg: F64, lon_deg: F64, height_m: F64) -> F64:
    """Return station-frame positions (n, 3) of geodetic columns (degrees, ellipsoid metres)."""
    station = theatre.station
    frame = station_frame(
        float(np.radians(station.lat_deg)), float(np.radians(station.lon_deg)), station.height_m
    )
    columns = (np.radians(lat_deg), np.radians(lon_deg), height_m)
    return geodetic_to_enu(frame, *(np.ascontiguousarray(c, np.float64) for c in columns))


def ground_height_m(ground: Ground, lat_deg: F64, lon_deg: F64) -> F64:
    """Return the height of the ground (n,) above the ellipsoid: bilinear, or the constant."""
    if not ground.height_m.size:
        return np.full(len(lat_deg), ground.constant_m)
    row, down = _cell(ground.lat_deg, lat_deg)
    column, right = _cell(ground.lon_deg, lon_deg)
    h = ground.height_m
    low = h[row, column] * (1 - right) + h[row, column + 1] * right
    high = h[row + 1, column] * (1 - right) + h[row + 1, column + 1] * right
    return low * (1 - down) + high * down


def _cell(axis: F64, value: F64) -> tuple[np.ndarray, F64]:
    """Return the grid cell of each value and how far it lies into it, edges held."""
    cell = np.clip(np.searchsorted(axis, value) - 1, 0, len(axis) - 2)
    inside = (value - axis[cell]) / (axis[cell + 1] - axis[cell])
    return cell, np.clip(inside, 0.0, 1.0)


def moved(point: Point, east_m: float, north_m: float) -> Point:
    """Return a point shifted on the ground, to about 0.5 % over 100 km (illustrative routes)."""
    lat, lon = point
    return (
        lat + north_m / METRES_PER_DEGREE,
        lon + east_m / (METRES_PER_DEGREE * np.cos(np.radians(lat))),
    )


def offset_m(start: Point, end: Point) -> Point:
    """Return metres east and north from one point to another, flat between them."""
    middle = np.radians(0.5 * (start[0] + end[0]))
    return (
        (end[1] - start[1]) * METRES_PER_DEGREE * float(np.cos(middle)),
        (end[0] - start[0]) * METRES_PER_DEGREE,
    )


def distance_m(start: Point, end: Point) -> float:
    """Return the distance of two points, flat between them."""
    return float(np.hypot(*offset_m(start, end)))


def within(chance: np.random.Generator, span: tuple[float, float]) -> float:
    """Return a uniform draw between two ends."""
    return float(span[0] + (span[1] - span[0]) * chance.random())


def around(chance: np.random.Generator, centre: Point, spread_m: float) -> Point:
    """Return a point drawn uniformly in a disc."""
    angle, radius = 2.0 * np.pi * chance.random(), spread_m * np.sqrt(chance.random())
    return moved(centre, radius * np.sin(angle), radius * np.cos(angle))


def lognormal_m2(chance: np.random.Generator, mean_dbsm: float, spread_db: float) -> float:
    """Return a radar cross-section in square metres, normal in decibels."""
    return float(10.0 ** ((mean_dbsm + spread_db * chance.standard_normal()) / 10.0))
