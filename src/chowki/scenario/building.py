"""From a checked scenario to built objects: theatre, station, world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chowki.core.chance import generator
from chowki.core.clock import parse_utc
from chowki.core.places import FlightPlan, Ground, Link, Place, Sensor, Site, Station, Theatre
from chowki.core.ports import SensorModel, Surroundings, World
from chowki.core.table import F64
from chowki.defence import AirDefence, DefenceParameters
from chowki.kernels.geodesy import axes_at, station_frame
from chowki.picture import AirPicture, PictureParameters
from chowki.scenario import parts
from chowki.scenario.model import LinkPart, PartNames, Placement, Scenario
from chowki.scenario.placement import Spot, spots
from chowki.station import Station as WatchPost
from chowki.world.effectors import EffectorParameters, Effectors
from chowki.world.movers import Targets
from chowki.world.population import Flight, ground_height_m, targets_of, to_station
from chowki.world.population_birds import draw_birds
from chowki.world.population_raid import draw_raid, wave_counts
from chowki.world.population_traffic import (
    authorised_addresses,
    draw_airliners,
    draw_authorised,
    draw_helicopters,
)
from chowki.world.world import SimulatedWorld

# Sensors are numbered in blocks by group: one more in a group shifts no other's chance.
_GROUP_BLOCK = 1000


@dataclass(frozen=True, slots=True)
class Built:
    """What a run needs.

    Attributes
    ----------
    theatre : Theatre
        All that is known before the first event.
    station : chowki.station.Station
        Picture and defence, one step at a time.
    world : World or None
        The simulated world; None on a feed.
    """

    theatre: Theatre
    station: WatchPost
    world: World | None


def build(scenario: Scenario, seed: int) -> Built:
    """Return the simulated world of a scenario and the station that watches it.

    Parameters
    ----------
    scenario : Scenario
        As ``load`` returns it.
    seed : int
        Seed of every draw, of positions, population, sensors, links and effectors.
    """
    theatre = _theatre(scenario, _station(scenario))
    sites = _sites(scenario, theatre, seed)
    theatre = replace(
        theatre,
        sites=sites,
        authorised_addresses=authorised_addresses(scenario.traffic),
        simulated=True,
    )
    targets, plans = populate(scenario, theatre, seed)
    theatre = replace(theatre, flight_plans=plans)
    models = _sensor_models(scenario, theatre, seed)
    theatre = replace(theatre, sensors=tuple(model.sensor for model, _ in models))
    world = SimulatedWorld(theatre, targets, models, Effectors(sites, theatre, seed), seed)
    post = _post(theatre, scenario.parts, scenario.picture, scenario.defence, seed)
    return Built(theatre, post, world)


def build_for_feed(
    scenario: Scenario | None, station_if_none: Station, sensors: tuple[Sensor, ...]
) -> Built:
    """Return a station for recorded or live feeds: no world, no sites, no allocator.

    Parameters
    ----------
    scenario : Scenario or None
        Supplies origin, places, border, ground and sensor positions; its raid, traffic,
        effectors and times are left aside.
    station_if_none : Station
        Origin without a scenario; its start and duration count in any case.
    sensors : tuple of Sensor
        Sensors of the feeds; they are added to those of the scenario.
    """
    if scenario is None:
        theatre = Theatre(station_if_none, sensors=sensors)
        return Built(theatre, _post(theatre, PartNames(), anything_may_fly(), None), None)
    station = replace(
        _station(scenario), start_s=station_if_none.start_s, duration_s=station_if_none.duration_s
    )
    theatre = _theatre(scenario, station)
    models = _sensor_models(scenario, theatre, scenario.seed)
    stated = tuple(model.sensor for model, _ in models)
    theatre = replace(theatre, sensors=stated + sensors)
    return Built(theatre, _post(theatre, scenario.parts, scenario.picture, scenario.defence), None)


def anything_may_fly() -> PictureParameters:
    """Return the picture's parameters where no scenario says what flies.

    Turns of 5 m/s2, as of airliners, held for seconds between reports that come 10 s apart:
    with the default of 4 m2/s3 most of them end a track.
    """
    return PictureParameters(acceleration_horizontal_m2ps3=60.0)


def populate(
    scenario: Scenario, theatre: Theatre, seed: int
) -> tuple[Targets, tuple[FlightPlan, ...]]:
    """Return all targets of a scenario, and the flight plans filed for airliners."""
    airliners, plans = draw_airliners(scenario.traffic, theatre, seed)
    drones = sum(wave_counts(scenario.raid))
    flights: list[Flight] = [
        *draw_raid(scenario.raid, theatre, seed),
        *airliners,
        *draw_helicopters(scenario.traffic, theatre, seed),
        *draw_authorised(scenario.traffic, seed),
        *draw_birds(scenario.birds, drones, theatre, seed),
    ]
    return targets_of(flights, theatre), plans


def _post(
    theatre: Theatre,
    names: PartNames,
    picture: PictureParameters,
    defence: DefenceParameters | None,
    seed: int = 0,
) -> WatchPost:
    """Return picture and defence. The wall: an allocator only where the theatre is simulated."""
    defence = defence or DefenceParameters()
    associator = parts.part(parts.ASSOCIATOR, names.associator)()
    threat = parts.part(parts.THREAT_MODEL, names.threat_model)(theatre, defence.threat)
    allocator = parts.part(parts.ALLOCATOR, names.allocator)() if theatre.simulated else None
    return WatchPost(
        AirPicture(theatre, picture, associator),
        AirDefence(theatre, defence, threat, allocator, seed=seed),
    )


def _station(scenario: Scenario) -> Station:
    given = scenario.station
    return Station(
        scenario.name,
        given.lat_deg,
        given.lon_deg,
        given.height_m,
        parse_utc(given.start),
        given.duration_s,
    )


def _theatre(scenario: Scenario, station: Station) -> Theatre:
    """Return station, ground, places and border, without anything that senses or acts."""
    ground = scenario.ground
    theatre = Theatre(
        station,
        ground=Ground(
            ground.height_m,
            np.array(ground.grid_lat_deg, np.float64),
            np.array(ground.grid_lon_deg, np.float64),
            np.array(ground.grid_height_m, np.float64).reshape(
                len(ground.grid_lat_deg), len(ground.grid_lon_deg)
            ),
            ground.refraction_factor,
        ),
    )
    corners = np.array(scenario.border.polygon, np.float64).reshape(-1, 2)
    return replace(
        theatre,
        places=_places(scenario, theatre),
        border_lat_deg=np.ascontiguousarray(corners[:, 0]),
        border_lon_deg=np.ascontiguousarray(corners[:, 1]),
    )


def _places(scenario: Scenario, theatre: Theatre) -> tuple[Place, ...]:
    towns = scenario.places.towns
    position_m = _standing(theatre, [(town.lat_deg, town.lon_deg) for town in towns], 0.0)
    return tuple(
        Place(
            index=index,
            name=town.name,
            sector=town.sector,
            kind=town.kind,
            lat_deg=town.lat_deg,
            lon_deg=town.lon_deg,
            position_m=position_m[index],
            radius_m=town.radius_m or scenario.places.radius_m,
            population=town.population or 0,
            priority=town.priority,
            named_in_report=town.named_in_report,
        )
        for index, town in enumerate(towns)
    )


def _standing(theatre: Theatre, points: list[tuple[float, float]], height_agl_m: float) -> F64:
    """Return station-frame positions (n, 3) of points at a height above the ground."""
    lat, lon = np.array(points, np.float64).reshape(-1, 2).T
    height_m = ground_height_m(theatre.ground, lat, lon) + height_agl_m
    return to_station(theatre, lat, lon, height_m)


def _stands(
    group: Placement, scenario: Scenario, theatre: Theatre, seed: int
) -> list[tuple[Spot, F64]]:
    found = spots(group, scenario, seed)
    points = [(spot.lat_deg, spot.lon_deg) for spot in found]
    return list(zip(found, _standing(theatre, points, group.height_agl_m), strict=True))


def _sites(scenario: Scenario, theatre: Theatre, seed: int) -> tuple[Site, ...]:
    sites: list[Site] = []
    for group in scenario.effectors:
        parameters = EffectorParameters.model_validate(group.parameters)
        for spot, position_m in _stands(group, scenario, theatre, seed):
            sites.append(parameters.site(len(sites), spot.name, position_m))
    return tuple(sites)


def _sensor_models(
    scenario: Scenario, theatre: Theatre, seed: int
) -> list[tuple[SensorModel, Link]]:
    models: list[tuple[SensorModel, Link]] = []
    for row, group in enumerate(scenario.sensors):
        model = parts.part(parts.SENSOR_MODEL, group.model)
        parameters = model.Parameters.model_validate(group.parameters)
        for k, (spot, position_m) in enumerate(_stands(group, scenario, theatre, seed)):
            number = _GROUP_BLOCK * (row + 1) + k
            around = _surroundings(scenario, theatre, seed, number, spot, position_m)
            link = scenario.links[group.link] if group.link is not None else LinkPart()
            models.append((model(parameters, around), _link(link, theatre, seed, number)))
    return models


def _surroundings(
    scenario: Scenario, theatre: Theatre, seed: int, number: int, spot: Spot, position_m: F64
) -> Surroundings:
    station = theatre.station
    frame = station_frame(
        float(np.radians(station.lat_deg)), float(np.radians(station.lon_deg)), station.height_m
    )
    earth = axes_at(float(np.radians(spot.lat_deg)), float(np.radians(spot.lon_deg)))
    return Surroundings(
        sensor_number=number,
        name=spot.name,
        position_m=position_m.copy(),
        axes=np.ascontiguousarray(earth @ frame[:3].T),
        ground=theatre.ground,
        theatre=theatre,
        seed=seed,
        weather=scenario.weather.visibility,
        night=scenario.weather.night,
    )


def _link(part: LinkPart, theatre: Theatre, seed: int, number: int) -> Link:
    """Return the link of one sensor, with its given outages and those drawn for it."""
    start_s, duration_s = theatre.station.start_s, theatre.station.duration_s
    spans = [(start_s + from_s, start_s + to_s) for from_s, to_s in part.outages_s]
    if part.outages_per_hour and np.isfinite(duration_s):
        chance = generator(seed, "link.outage", number)
        for _ in range(int(chance.poisson(part.outages_per_hour * duration_s / 3600.0))):
            from_s = start_s + duration_s * chance.random()
            spans.append((from_s, from_s + chance.exponential(part.outage_mean_s)))
    return Link(part.delay_s, part.jitter_s, part.loss, _united(spans))


def _united(spans: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return spans in order, those that overlap as one.

    Examples
    --------
    >>> _united([(5.0, 6.0), (1.0, 3.0), (2.0, 4.0)])
    ((1.0, 4.0), (5.0, 6.0))
    """
    united: list[tuple[float, float]] = []
    for from_s, to_s in sorted(spans):
        if united and from_s <= united[-1][1]:
            united[-1] = (united[-1][0], max(to_s, united[-1][1]))
        else:
            united.append((from_s, to_s))
    return tuple(united)
