"""Traffic that means no harm: airliners, helicopters, authorised drones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chowki.core.addresses import remote_id_address
from chowki.core.chance import generator
from chowki.core.places import FlightPlan, Theatre
from chowki.core.records import AddressKind, ObjectClass
from chowki.world.population import (
    AIRLINERS,
    AUTHORISED,
    HELICOPTERS,
    Flight,
    around,
    distance_m,
    ground_height_m,
    lognormal_m2,
    moved,
    number,
    offset_m,
    ordered,
    to_station,
    within,
)

Latitude = Annotated[float, Field(ge=-90.0, le=90.0)]
Longitude = Annotated[float, Field(ge=-180.0, le=180.0)]
Height = Annotated[float, Field(ge=0.0, le=15_000.0)]
AircraftSpeed = Annotated[float, Field(ge=10.0, le=350.0)]
AircraftSpeeds = Annotated[tuple[AircraftSpeed, AircraftSpeed], AfterValidator(ordered)]
SlowSpeed = Annotated[float, Field(gt=0.0, le=60.0)]
SlowSpeeds = Annotated[tuple[SlowSpeed, SlowSpeed], AfterValidator(ordered)]
Heights = Annotated[tuple[Height, Height], AfterValidator(ordered)]
RoutePoint = tuple[Latitude, Longitude, Height]

# First of the block of ICAO addresses that Annex 10 Vol. III gives to India: 18 bits.
_FIRST_ICAO_ADDRESS = 0x800000
_PLAN_LEG_M = 50_000.0


class Route(BaseModel):
    """Aircraft that fly one route, one after another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="its address of chance: unique")
    points: tuple[RoutePoint, ...] = Field(
        min_length=2, description="latitude, longitude in degrees, height above ground in m"
    )
    count: int = Field(ge=0, le=1000, description="aircraft")
    first_s: float = Field(
        default=0.0,
        description="the first passes its first point then, seconds after the start; may be < 0",
    )
    every_s: float = Field(default=600.0, gt=0.0, description="mean time between two of them, s")
    offset_km: float = Field(default=0.0, ge=0.0, le=50.0, description="largest lateral offset, km")


class Airliners(Route):
    """Airliners with transponders. Cross-section: Skolnik 2001, large jet airliner 100 m2.

    With other figures they are light aeroplanes.
    """

    speed_mps: AircraftSpeeds = Field(default=(215.0, 245.0), description="ground speed, m/s")
    rcs_dbsm: float = Field(default=18.0, ge=0.0, le=30.0, description="mean cross-section, dBsm")
    planned: float = Field(default=1.0, ge=0.0, le=1.0, description="fraction with a flight plan")
    transponder: float = Field(
        default=1.0, ge=0.0, le=1.0, description="fraction whose transponder works"
    )
    corridor_km: float = Field(
        default=9.26, gt=0.0, le=50.0, description="half width of the filed corridor (RNAV 5: 5 NM)"
    )
    callsign: str = Field(
        default="CKA", pattern=r"^[A-Z]{2,4}$", description="letters of the call sign"
    )


class Helicopters(Route):
    """Helicopters without flight plan and transponder. Skolnik 2001: helicopter 3 m2."""

    speed_mps: AircraftSpeeds = Field(default=(45.0, 65.0), description="ground speed, m/s")
    rcs_dbsm: float = Field(default=5.0, ge=-10.0, le=20.0, description="mean cross-section, dBsm")


class Authorised(BaseModel):
    """Drones with permission, listed with their Remote ID; they fly rounds about a point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="its address of chance: unique")
    at: tuple[Latitude, Longitude] = Field(description="about where they fly, lat lon")
    count: int = Field(default=1, ge=0, le=1000, description="drones")
    away_km: float = Field(
        default=0.5, ge=0.0, le=50.0, description="how far their rounds lie from it"
    )
    round_km: float = Field(default=1.0, gt=0.0, le=20.0, description="radius of their rounds")
    speed_mps: SlowSpeeds = Field(default=(6.0, 14.0), description="m/s")
    height_agl_m: Heights = Field(default=(40.0, 120.0), description="above ground, m")
    rcs_dbsm: float = Field(default=-17.0, ge=-40.0, le=0.0, description="mean cross-section, dBsm")
    remote_id: float = Field(
        default=1.0, ge=0.0, le=1.0, description="fraction whose Remote ID is sent"
    )


class Traffic(BaseModel):
    """All civil and authorised traffic."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    airliners: tuple[Airliners, ...] = Field(default=(), description="routes with transponders")
    helicopters: tuple[Helicopters, ...] = Field(default=(), description="routes without")
    authorised: tuple[Authorised, ...] = Field(default=(), description="authorised drones")


def draw_airliners(
    traffic: Traffic, theatre: Theatre, seed: int
) -> tuple[list[Flight], tuple[FlightPlan, ...]]:
    """Return the airliners, and the flight plans that were filed for them."""
    flights: list[Flight] = []
    plans: list[FlightPlan] = []
    for group, route in enumerate(traffic.airliners):
        for index in range(route.count):
            chance = generator(seed, f"airliner.{route.name}", index)
            flight = _aircraft(chance, route, route.speed_mps, index, theatre)
            identified = _airliner(flight, route, group, index)
            works = generator(seed, f"transponder.{route.name}", index).random() < route.transponder
            seen = identified if works else _silent(identified)
            flights.append(_under_way(seen, theatre.station.start_s))
            if chance.random() < route.planned:
                plans.append(_plan(identified, route, theatre))
    return flights, tuple(plans)


def draw_helicopters(traffic: Traffic, theatre: Theatre, seed: int) -> list[Flight]:
    """Return the helicopters; they fly their route to and fro."""
    flights: list[Flight] = []
    for group, route in enumerate(traffic.helicopters):
        for index in range(route.count):
            chance = generator(seed, f"helicopter.{route.name}", index)
            flight = _aircraft(chance, route, route.speed_mps, index, theatre)
            kept = _replaced(
                flight,
                number=number(HELICOPTERS, group, index),
                object_class=ObjectClass.HELICOPTER,
                size_m=13.0,
                loops=True,
                turn_radps=float(np.radians(6.0)),
            )
            flights.append(_under_way(kept, theatre.station.start_s))
    return flights


def draw_authorised(traffic: Traffic, seed: int) -> list[Flight]:
    """Return the authorised drones; their Remote ID addresses are those of the list."""
    flights: list[Flight] = []
    for row, group in enumerate(traffic.authorised):
        for index in range(group.count):
            chance = generator(seed, f"authorised.{group.name}", index)
            flight = _authorised(chance, group, row, index)
            sends = generator(seed, f"remote-id.{group.name}", index).random() < group.remote_id
            flights.append(flight if sends else _silent(flight))
    return flights


def authorised_addresses(traffic: Traffic) -> tuple[int, ...]:
    """Return the Remote ID addresses on the list of authorised drones."""
    return tuple(
        remote_id_address(_serial(row, index))
        for row, group in enumerate(traffic.authorised)
        for index in range(group.count)
    )


def _serial(row: int, index: int) -> str:
    return f"CKR{row:02d}{index:03d}"


def _aircraft(
    chance: np.random.Generator,
    route: Airliners | Helicopters,
    speed_mps: tuple[float, float],
    index: int,
    theatre: Theatre,
) -> Flight:
    after_s = route.first_s + route.every_s * (index + 0.5 * (chance.random() - 0.5))
    side_m = 1e3 * route.offset_km * chance.uniform(-1.0, 1.0)
    return Flight(
        number=-1,
        object_class=ObjectClass.AEROPLANE,
        points=_beside(route.points, side_m),
        departure_s=theatre.station.start_s + after_s,
        speed_mps=within(chance, speed_mps),
        climb_mps=10.0,
        turn_radps=float(np.radians(1.5)),
        rcs_m2=lognormal_m2(chance, route.rcs_dbsm, 3.0),
        size_m=38.0,
    )


def _airliner(flight: Flight, route: Airliners, group: int, index: int) -> Flight:
    target = number(AIRLINERS, group, index)
    return _replaced(
        flight,
        number=target,
        address=_FIRST_ICAO_ADDRESS + (1000 * group + index) * 37 % (1 << 18),
        address_kind=AddressKind.ICAO,
        callsign=f"{route.callsign}{100 * (group + 1) + index}",
    )


def _authorised(chance: np.random.Generator, group: Authorised, row: int, index: int) -> Flight:
    centre = around(chance, group.at, 1e3 * group.away_km)
    height, speed = within(chance, group.height_agl_m), within(chance, group.speed_mps)
    ring = [
        (*moved(centre, 1e3 * group.round_km * np.sin(a), 1e3 * group.round_km * np.cos(a)), height)
        for a in np.radians([0.0, 72.0, 144.0, 216.0, 288.0])
    ]
    return Flight(
        number=number(AUTHORISED, row, index),
        object_class=ObjectClass.MULTIROTOR,
        points=tuple(ring),
        departure_s=-np.inf,
        speed_mps=speed,
        climb_mps=3.0,
        turn_radps=float(np.radians(20.0)),
        rcs_m2=lognormal_m2(chance, group.rcs_dbsm, 2.0),
        size_m=0.8,
        authorised=True,
        loops=True,
        transmits_hz=2.44e9,
        transmit_power_w=0.1,
        address=remote_id_address(_serial(row, index)),
        address_kind=AddressKind.REMOTE_ID,
        callsign=_serial(row, index),
    )


def _silent(flight: Flight) -> Flight:
    """Return a flight that transmits no address."""
    return _replaced(flight, address=-1, address_kind=AddressKind.NONE, callsign="")


def _replaced(flight: Flight, **changes: object) -> Flight:
    from dataclasses import replace

    return replace(flight, **changes)  # pyright: ignore[reportArgumentType]


def _beside(points: Sequence[RoutePoint], side_m: float) -> tuple[RoutePoint, ...]:
    """Return a route shifted sideways, by the direction from its first to its last point."""
    east, north = offset_m(points[0][:2], points[-1][:2])
    length = max(float(np.hypot(east, north)), 1.0)
    shift = (side_m * north / length, -side_m * east / length)
    return tuple((*moved((lat, lon), *shift), height) for lat, lon, height in points)


def _under_way(flight: Flight, start_s: float) -> Flight:
    """Return a flight that departed before the start as it is at the start."""
    flown_m = (start_s - flight.departure_s) * flight.speed_mps
    points = list(flight.points)
    while flown_m > 0.0 and len(points) > 1:
        leg_m = distance_m(points[0][:2], points[1][:2])
        if flown_m < leg_m:
            points[0] = _between(points[0], points[1], flown_m / leg_m)
            break
        flown_m -= leg_m
        points.pop(0)
    return _replaced(flight, points=tuple(points), departure_s=max(flight.departure_s, start_s))


def _between(start: RoutePoint, end: RoutePoint, share: float) -> RoutePoint:
    east, north = offset_m(start[:2], end[:2])
    point = moved(start[:2], share * east, share * north)
    return (*point, start[2] + share * (end[2] - start[2]))


def _plan(flight: Flight, route: Airliners, theatre: Theatre) -> FlightPlan:
    """Return the plan filed: the route's own line, with points at most 50 km apart."""
    points = [flight.points[0]]
    for start, end in zip(flight.points, flight.points[1:], strict=False):
        pieces = int(np.ceil(distance_m(start[:2], end[:2]) / _PLAN_LEG_M))
        points += [_between(start, end, k / pieces) for k in range(1, pieces + 1)]
    lat, lon, height = np.array(points).T
    legs = [distance_m(a[:2], b[:2]) for a, b in itertools.pairwise(points)]
    flown_s = np.concatenate([[0.0], np.cumsum(legs)]) / flight.speed_mps
    ground = ground_height_m(theatre.ground, lat, lon)
    return FlightPlan(
        callsign=flight.callsign,
        address=flight.address,
        points_m=to_station(theatre, lat, lon, height + ground),
        times_s=flight.departure_s + flown_s,
        half_width_m=1e3 * route.corridor_km,
    )
