"""Small theatres and pictures made by hand, for the tests of defence."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chowki.core.places import Measures, Place, Sensor, Site, Station, Theatre, Volume
from chowki.core.records import (
    EffectorKind,
    Identity,
    ObjectClass,
    Threats,
    Tracks,
    TrackStatus,
)
from chowki.kernels.geodesy import enu_to_geodetic, station_frame

NOW_S = 1_746_800_000.0
ORIGIN = (31.0, 74.0)
SURE_CLASS = np.eye(len(ObjectClass))


def make_station() -> Station:
    return Station("test", ORIGIN[0], ORIGIN[1], 200.0, NOW_S, 600.0)


def degrees_at(position_m: tuple[float, float, float]) -> tuple[float, float]:
    frame = station_frame(math.radians(ORIGIN[0]), math.radians(ORIGIN[1]), 200.0)
    lat, lon, _ = enu_to_geodetic(frame, np.array([position_m]))[0]
    return math.degrees(lat), math.degrees(lon)


def make_place(index: int = 0, east_m: float = 0.0, north_m: float = 0.0, **other: Any) -> Place:
    lat, lon = degrees_at((east_m, north_m, 0.0))
    figures = {"radius_m": 1_000.0, "population": 0, "priority": 1.0, "sector": "north"} | other
    return Place(
        index=index,
        name=f"place {index}",
        kind="civil",
        lat_deg=lat,
        lon_deg=lon,
        position_m=np.array([east_m, north_m, 0.0]),
        **figures,
    )


def make_site(index: int = 0, east_m: float = 0.0, north_m: float = 0.0, **other: Any) -> Site:
    figures: dict[str, Any] = {
        "effector": EffectorKind.MISSILE,
        "range_min_m": 200.0,
        "range_max_m": 12_000.0,
        "height_max_m": 5_000.0,
        "round_speed_mps": 300.0,
        "kill_probability": np.array([0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.0]),
        "reaction_s": 5.0,
        "reload_s": 4.0,
        "assessment_s": 3.0,
        "channels": 2,
        "magazine": 8,
        "debris_radius_m": 100.0,
        "acquisition_m": 500.0,
    }
    position = np.array([east_m, north_m, 0.0])
    return Site(index=index, name=f"site {index}", position_m=position, **(figures | other))


def make_sensor(number: int, east_m: float = 0.0, north_m: float = 0.0) -> Sensor:
    return Sensor(
        number=number,
        name=f"camera {number}",
        kind="electro-optical",
        position_m=np.array([east_m, north_m, 0.0]),
        axes=np.eye(3),
        measures=Measures.AZIMUTH | Measures.ELEVATION,
        volume=Volume(100.0, 10_000.0),
        period_s=1.0,
        detection_probability=0.9,
        clutter_per_look=0.0,
        cued=True,
    )


def make_theatre(**other: Any) -> Theatre:
    parts = {"station": make_station(), "places": (make_place(),), "sites": (), "simulated": True}
    return Theatre(**(parts | other))


def square_border(half_m: float, centre_m: tuple[float, float] = (0.0, 0.0)) -> dict[str, Any]:
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    east, north = centre_m
    points = [degrees_at((east + half_m * e, north + half_m * n, 0.0)) for e, n in corners]
    lat, lon = np.array(points).T
    return {"border_lat_deg": lat, "border_lon_deg": lon}


def make_tracks(n: int = 1, time_s: float = NOW_S, **columns: Any) -> Tracks:
    """Return n hostile armed loitering munitions, 10 km west and flying east, unless told."""

    def column(name: str, default: Any) -> Any:
        value = columns.pop(name, default)
        return np.broadcast_to(value, (n, *np.shape(value)[1:]) if np.ndim(value) > 1 else n).copy()

    whole = {
        "track": columns.pop("track", np.arange(1, n + 1)),
        "time_s": np.full(n, time_s),
        "east_m": column("east_m", -10_000.0),
        "north_m": column("north_m", 0.0),
        "up_m": column("up_m", 300.0),
        "v_east_mps": column("v_east_mps", 50.0),
        "v_north_mps": column("v_north_mps", 0.0),
        "v_up_mps": column("v_up_mps", 0.0),
        "height_m": column("height_m", 500.0),
        "height_agl_m": column("height_agl_m", 300.0),
        "sd_horizontal_m": column("sd_horizontal_m", 50.0),
        "sd_vertical_m": column("sd_vertical_m", 50.0),
        "sd_speed_mps": column("sd_speed_mps", 2.0),
        "existence": column("existence", 0.99),
        "status": column("status", int(TrackStatus.CONFIRMED)),
        "identity": column("identity", int(Identity.HOSTILE)),
        "object_class": column("object_class", int(ObjectClass.LOITERING_MUNITION)),
        "armed_probability": column("armed_probability", 0.9),
        "reasons": column("reasons", 0),
        "address": column("address", -1),
        "address_kind": column("address_kind", -1),
        "updated_s": column("updated_s", time_s),
    }
    sure = SURE_CLASS[np.asarray(whole["object_class"], dtype=int)]
    whole["class_probability"] = columns.pop("class_probability", sure)
    return Tracks.of(**whole, **columns)


def make_threats(time_s: float = NOW_S, **columns: Any) -> Threats:
    n = len(columns["probability"])
    time_to_go = np.asarray(columns.pop("time_to_go_s", np.full(n, 200.0)), dtype=float)
    whole = {
        "time_s": np.full(n, time_s),
        "track": columns.pop("track", np.arange(1, n + 1)),
        "place": columns.pop("place", np.zeros(n, dtype=int)),
        "time_to_go_s": time_to_go,
        "time_to_go_low_s": columns.pop("time_to_go_low_s", time_to_go),
    }
    return Threats.of(**whole, **columns)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Return the makers of places, sites, sensors, theatres, tracks and threats."""
    makers: dict[str, Callable[..., Any]] = {
        "station": make_station,
        "place": make_place,
        "site": make_site,
        "sensor": make_sensor,
        "theatre": make_theatre,
        "border": square_border,
        "tracks": make_tracks,
        "threats": make_threats,
    }
    return SimpleNamespace(now_s=NOW_S, **makers)
