"""``ODID_UAS_Data`` of Open Drone ID's core library, as DroneScout receivers send it.

The C structure with its usual padding, little-endian (libopendroneid/opendroneid.h): two basic IDs
of 32 octets, the location of 72, sixteen authentication pages of 40, self-ID of 28, system of 56,
operator ID of 28, then one octet for each part that is valid.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from chowki.feeds.open_drone_id import BasicId, Location, Said, System

OCTETS = 914  # padded to 920 by the compiler
_BASIC_AT, _LOCATION_AT, _SYSTEM_AT = (0, 32), 64, 808
_BASIC_VALID_AT, _LOCATION_VALID_AT, _SYSTEM_VALID_AT = (892, 893), 894, 912
_BASIC = struct.Struct("<ii21s")  # kind of aircraft, kind of name, name
# status, course, speed, climb, lat, lon, pressure, geodetic, kind of height, height, accuracies, s
_LOCATION = struct.Struct("<ifffddffif5if")
_SYSTEM = struct.Struct("<iidd")  # kind of place, classification, lat, lon
_HEIGHT_UNKNOWN_M, _SPEED_UNKNOWN, _CLIMB_UNKNOWN = -1_000.0, 255.0, 63.0


def read_uas_data(octets: bytes) -> Iterator[Said | None]:
    """Yield the valid parts of the structure; None when there is no whole structure."""
    if len(octets) < OCTETS:
        yield None
        return
    for at, valid_at in zip(_BASIC_AT, _BASIC_VALID_AT, strict=True):
        if octets[valid_at]:
            aircraft, kind, name = _BASIC.unpack_from(octets, at)
            text = name.split(b"\0")[0].decode("ascii", errors="replace").strip()
            yield BasicId(kind, aircraft, text)
    if octets[_LOCATION_VALID_AT]:
        yield _location(octets)
    if octets[_SYSTEM_VALID_AT]:
        kind, _, lat, lon = _SYSTEM.unpack_from(octets, _SYSTEM_AT)
        yield System(*_place(lat, lon), kind)


def _location(octets: bytes) -> Location:
    status, course, speed, climb, lat, lon, pressure, geodetic, _, above, accuracy, *_, since = (
        _LOCATION.unpack_from(octets, _LOCATION_AT)
    )
    lat, lon = _place(lat, lon)
    return Location(
        status,
        lat,
        lon,
        _height(geodetic),
        _height(pressure),
        _height(above),
        course if 0.0 <= course <= 360.0 else math.nan,
        speed if 0.0 <= speed < _SPEED_UNKNOWN else math.nan,
        climb if abs(climb) < _CLIMB_UNKNOWN else math.nan,
        accuracy if 0 <= accuracy <= 15 else 0,
        since if 0.0 <= since <= 3_600.0 else math.nan,
    )


def _height(metres: float) -> float:
    return metres if metres > _HEIGHT_UNKNOWN_M else math.nan


def _place(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    return (math.nan, math.nan) if lat_deg == 0.0 and lon_deg == 0.0 else (lat_deg, lon_deg)
