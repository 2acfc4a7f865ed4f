"""The hello message: all that the page needs to know once."""

from __future__ import annotations

import math
from enum import IntEnum, IntFlag
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from chowki.core.places import Sensor, Site, Theatre
from chowki.core.records import (
    EffectorKind,
    EngagementState,
    Identity,
    ObjectClass,
    Refusal,
    SensorFault,
    TrackStatus,
    WarningLevel,
)
from chowki.kernels.geodesy import enu_to_geodetic, station_frame
from chowki.outputs.postures import posture_table_of, sectors_of
from chowki.outputs.web.wire import describe

PROTOCOL = 1
RATE_HZ = 2.0
SPEEDS = (1, 2, 5, 10, 30, 60)
DISCLAIMER = (
    "Exercise. Figures of sensors and effectors are illustrative, their positions invented; "
    "borders are coarse, for simulation only, no statement on any boundary."
)
_WORDS: dict[str, type[IntEnum]] = {
    "object_class": ObjectClass,
    "identity": Identity,
    "status": TrackStatus,
    "level": WarningLevel,
    "effector": EffectorKind,
    "state": EngagementState,
    "refusal": Refusal,
}
Document = dict[str, Any]


def hello(
    theatre: Theatre, noted: Document, mode: str, *, operator: bool, layers: tuple[Path, ...] = ()
) -> Document:
    """Return the message without the user.

    Parameters
    ----------
    theatre : Theatre
        All that was known before the first event.
    noted : dict
        What of the manifest stands in the journal.
    mode : str
        ``simulation``, ``replay`` or ``live``.
    operator : bool
        Whether a person releases and refuses here.
    layers : tuple of Path
        The user's own maps.
    """
    station, table = theatre.station, posture_table_of(noted)
    end_s = station.start_s + station.duration_s
    return {
        "type": "hello",
        "protocol": PROTOCOL,
        "version": version("chowki"),
        "name": station.name,
        "mode": mode,
        "operator": operator,
        "station": {
            "name": station.name,
            "lat": station.lat_deg,
            "lon": station.lon_deg,
            "start_s": station.start_s,
            "end_s": end_s if math.isfinite(end_s) else None,
        },
        "disclaimer": DISCLAIMER if theatre.simulated else "Exercise or test only.",
        "track_columns": describe(),
        "rate_hz": RATE_HZ,
        "words": words(),
        "places": _places(theatre),
        "sectors": list(sectors_of(theatre)),
        "sensors": [_sensor(one, *_where(theatre, one.position_m)) for one in theatre.sensors],
        "sites": [_site(one, *_where(theatre, one.position_m)) for one in theatre.sites],
        "border": _border(theatre, noted),
        "postures": [
            {key: level.get(key) for key in ("name", "weapons_control_status", "release")}
            for level in table.get("levels") or []
        ],
        "speeds": list(SPEEDS),
        "names": "/names",
        "layers": [
            {"name": path.stem, "url": f"/layers/{k}", "kind": path.suffix.lstrip(".").lower()}
            for k, path in enumerate(layers)
        ],
    }


def words() -> dict[str, list[str]]:
    """Return every code in words: the place in the list is the code."""
    plain = {name: [_word(one) for one in kind] for name, kind in _WORDS.items()}
    return plain | {"fault": [_word(one) for one in SensorFault]}


def _word(one: IntEnum | IntFlag) -> str:
    word = str(one.name).lower().replace("_", " ")
    return word.replace("fixed wing", "fixed-wing").replace("no fire", "no-fire")


def _where(theatre: Theatre, position_m: Any) -> tuple[float, float]:
    """Return latitude and longitude of a position in the station frame, degrees."""
    station = theatre.station
    lat, lon = math.radians(station.lat_deg), math.radians(station.lon_deg)
    frame = station_frame(lat, lon, station.height_m)
    found = enu_to_geodetic(frame, np.asarray(position_m, dtype=np.float64).reshape(1, 3))[0]
    return round(math.degrees(found[0]), 6), round(math.degrees(found[1]), 6)


def _places(theatre: Theatre) -> list[Document]:
    return [
        {
            "index": one.index,
            "name": one.name,
            "sector": one.sector,
            "kind": one.kind,
            "lat": one.lat_deg,
            "lon": one.lon_deg,
            "radius_m": one.radius_m,
            "population": one.population,
            "priority": one.priority,
        }
        for one in theatre.places
    ]


def _sensor(one: Sensor, lat: float, lon: float) -> Document:
    volume = one.volume
    return {
        "number": one.number,
        "name": one.name,
        "kind": one.kind,
        "lat": lat,
        "lon": lon,
        "range_m": volume.range_max_m,
        "azimuth_from_deg": math.degrees(volume.azimuth_from_rad),
        "azimuth_span_deg": math.degrees(volume.azimuth_span_rad),
        "period_s": one.period_s,
        "cued": one.cued,
    }


def _site(one: Site, lat: float, lon: float) -> Document:
    return {
        "index": one.index,
        "name": one.name,
        "effector": int(one.effector),
        "lat": lat,
        "lon": lon,
        "range_m": one.range_max_m,
        "magazine": one.magazine,
    }


def _border(theatre: Theatre, noted: Document) -> Document | None:
    """Return the defended side, how many of its corners are the border itself, and words."""
    if not len(theatre.border_lat_deg):
        return None
    pairs = zip(theatre.border_lon_deg.tolist(), theatre.border_lat_deg.tolist(), strict=True)
    part: Document = (noted.get("scenario") or {}).get("border") or {}
    return {
        "points": [list(pair) for pair in pairs],
        "line": len(part.get("line") or theatre.border_lat_deg),
        "disclaimer": part.get("disclaimer", DISCLAIMER),
    }
