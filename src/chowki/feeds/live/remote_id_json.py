"""Remote ID as JSON: columns of our own, and the names that detectors use.

Keys are compared without regard to case, blanks and signs: ``OperatorLatitude``,
``operator_latitude`` and ``Operator latitude`` are one. Read are

* flat columns: ``id`` (serial number), ``mac``, ``time_s``, ``lat``, ``lon``, ``height_m``,
  ``speed_mps``, ``track_deg``, ``climb_mps``, ``pilot_lat``, ``pilot_lon``;
* sections as in Open Drone ID's own structures (``BasicID``, ``Location``, ``System`` with
  ``UASID``, ``Latitude``, ``AltitudeGeo``, ``SpeedHorizontal``, ``OperatorLatitude``, ...), in one
  object or as a list of objects with one section each (``Basic ID``, ``Location/Vector Message``,
  ``System Message``);
* ``odid``: the octets of a message or a message pack, in hexadecimal or base64;
* ``UASdata``: the C structure ``ODID_UAS_Data``, base64, as DroneScout receivers send it.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from chowki.core.clock import parse_utc
from chowki.feeds.live.uas_data import read_uas_data
from chowki.feeds.open_drone_id import BasicId, Location, Said, System, said
from chowki.feeds.remote_id import ON_GROUND, SERIAL_NUMBER

MOST_DOCUMENTS, MOST_SECTIONS = 200, 50
MILLISECONDS = 1e11  # a number of seconds this large lies beyond the year 5000

_BASIC = ("basicid", "basicidmessage")
_LOCATION = ("location", "locationmessage", "locationvector", "locationvectormessage")
_SYSTEM = ("system", "systemmessage")
_NAME = ("uasid", "id", "serialnumber", "serial", "sn")
_TIME = ("times", "timestamp", "time", "receivedat")
_RADIO = ("mac", "macaddress", "bssid", "radio")
_LATITUDE, _LONGITUDE = ("latitude", "lat"), ("longitude", "lon", "lng")
_PILOT_LATITUDE = ("operatorlatitude", "operatorlat", "pilotlatitude", "pilotlat")
_PILOT_LONGITUDE = ("operatorlongitude", "operatorlon", "pilotlongitude", "pilotlon")
_GEODETIC = ("altitudegeo", "geodeticaltitude", "altgeo", "heightm")
_PRESSURE = ("altitudebaro", "pressurealtitude", "altpressure", "altbaro")
_ABOVE = ("height", "heightagl")
_SPEED = ("speedhorizontal", "horizontalspeed", "speedmps", "speed")
_CLIMB = ("speedvertical", "verticalspeed", "vertspeed", "climbmps")
_COURSE = ("direction", "trackdeg", "heading", "track")
_LEADING_NUMBER = re.compile(r"\s*[-+]?\d{1,20}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?")

Keys = dict[str, Any]


class Told(NamedTuple):
    """What one transmitter said at once.

    ``time_s`` is the detector's UTC time, NaN where it states none; ``radio`` may be empty, and
    there are no messages where it tells of no drone, such as a detector's own status.
    """

    radio: str
    time_s: float
    messages: list[Said | None]


def read_told(payload: bytes) -> Iterator[Told | None]:
    """Yield what a payload tells: one or more JSON documents, or lists of them.

    None stands for something that is no JSON object.
    """
    for document in _documents(payload.decode("utf-8-sig", errors="replace")):
        if isinstance(document, dict):
            yield _told(_keys(cast("Keys", document)))
        elif isinstance(document, list):
            yield from _listed(cast("list[Any]", document)[:MOST_DOCUMENTS])
        else:
            yield None


def _documents(text: str) -> Iterator[Any]:
    """Yield the JSON documents of a text; some receivers send several in a row."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(MOST_DOCUMENTS):
        at += len(text[at:]) - len(text[at:].lstrip())
        if at >= len(text):
            return
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield None
            return
        yield document


def _listed(items: list[Any]) -> Iterator[Told | None]:
    """Yield a list of drones, or one drone whose sections stand in a list."""
    objects = [_keys(cast("Keys", item)) for item in items if isinstance(item, dict)]
    if len(objects) < len(items):
        yield None
    if objects and all(len(keys) == 1 for keys in objects):
        together: Keys = {}
        for keys in objects:
            together |= keys
        yield _told(together)
        return
    for keys in objects:
        yield _told(keys)


def _keys(document: Keys) -> Keys:
    """Return a document with keys in small letters and digits, the first of equals."""
    plain: Keys = {}
    for name, value in list(document.items())[:MOST_SECTIONS]:
        plain.setdefault(re.sub(r"[^a-z0-9]", "", name.lower()), value)
    return plain


def _told(keys: Keys) -> Told:
    inner = keys.get("data")
    if isinstance(inner, dict) and "uasdata" not in keys:
        keys = {**keys, **_keys(cast("Keys", inner))}
    messages = [*_octets(keys), *_sections(keys), *_flat(keys)]
    inside = [section for names in (_BASIC, _LOCATION) for section in _found(keys, names)]
    radio = next((text for part in (keys, *inside) if (text := _text(part, _RADIO))), "")
    name = next((m.name for m in messages if isinstance(m, BasicId) and m.name), "")
    return Told(radio or name, _time(keys), messages)


def _octets(keys: Keys) -> Iterator[Said | None]:
    """Yield messages that are given as octets."""
    packed = _decoded(keys.get("uasdata"))
    if packed is not None:
        yield from read_uas_data(packed)
    elif "uasdata" in keys:
        yield None
    plain = keys.get("odid")
    if isinstance(plain, str):
        octets = _decoded(plain)
        yield from said(octets) if octets else [None]


def _decoded(text: Any) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text):
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _sections(keys: Keys) -> Iterator[Said]:
    for section in _found(keys, _BASIC):
        yield _basic(section)
    for section in _found(keys, _LOCATION):
        yield _location(section)
    for section in _found(keys, _SYSTEM):
        place = _place(section, (*_PILOT_LATITUDE, *_LATITUDE), (*_PILOT_LONGITUDE, *_LONGITUDE))
        yield System(*place)


def _flat(keys: Keys) -> Iterator[Said]:
    """Yield what stands in the document itself."""
    if _text(keys, _NAME) and not _found(keys, _BASIC):
        yield _basic(keys)
    if any(name in keys for name in _LATITUDE) and not _found(keys, _LOCATION):
        yield _location(keys)
    if any(name in keys for name in _PILOT_LATITUDE):
        yield System(*_place(keys, _PILOT_LATITUDE, _PILOT_LONGITUDE))


def _found(keys: Keys, names: tuple[str, ...]) -> list[Keys]:
    """Return the sections of a kind: an object, a list of them, or several numbered ones."""
    sections: list[Keys] = []
    for name, value in keys.items():
        if name.rstrip("0123456789") not in names:
            continue
        values = cast("list[Any]", value if isinstance(value, list) else [value])[:MOST_SECTIONS]
        sections += [_keys(cast("Keys", item)) for item in values if isinstance(item, dict)]
    return sections


def _basic(keys: Keys) -> BasicId:
    """Return a basic ID; a name without a stated kind is taken as a serial number."""
    kind = keys.get("idtype", SERIAL_NUMBER)
    if isinstance(kind, str) and not kind.strip().isdigit():
        kind = SERIAL_NUMBER if "serial" in kind.lower() else 0
    number = _number({"kind": kind}, ("kind",))
    return BasicId(0 if math.isnan(number) else int(number), 0, _text(keys, _NAME))


def _location(keys: Keys) -> Location:
    lat, lon = _place(keys, _LATITUDE, _LONGITUDE)
    geodetic, pressure, above = (
        _height(_number(keys, names)) for names in (_GEODETIC, _PRESSURE, _ABOVE)
    )
    course, speed, climb = (_number(keys, names) for names in (_COURSE, _SPEED, _CLIMB))
    accuracy = _number(keys, ("horizaccuracy",))
    since_hour_s = _number(keys, ("timestamp",))
    return Location(
        _status(keys),
        lat,
        lon,
        geodetic,
        pressure,
        above,
        course if abs(course) <= 360.0 else math.nan,
        speed if 0.0 <= speed < 255.0 else math.nan,
        climb if abs(climb) < 63.0 else math.nan,
        int(accuracy) if 0.0 <= accuracy <= 15.0 else 0,
        since_hour_s if 0.0 <= since_hour_s <= 3_600.0 else math.nan,
    )


def _status(keys: Keys) -> int:
    """Return the operational status of ASTM F3411-22a, table 6; 0 when not told."""
    told = next((keys[name] for name in ("status", "opstatus") if name in keys), 0)
    if isinstance(told, str) and "ground" in told.lower():
        return ON_GROUND
    number = _number({"status": told}, ("status",))
    return int(number) if 0.0 <= number <= 15.0 else 0


def _place(
    keys: Keys, latitude: tuple[str, ...], longitude: tuple[str, ...]
) -> tuple[float, float]:
    """Return degrees; NaN for 0, 0, which stands for "not known"."""
    lat, lon = _number(keys, latitude), _number(keys, longitude)
    return (math.nan, math.nan) if lat == 0.0 and lon == 0.0 else (lat, lon)


def _height(metres: float) -> float:
    """Return metres; -1,000 stands for "not known"."""
    return math.nan if metres <= -1_000.0 else metres


def _time(keys: Keys) -> float:
    """Return UTC seconds told as a number of seconds or milliseconds, or as ISO 8601."""
    told = next((keys[name] for name in _TIME if name in keys), None)
    if isinstance(told, str) and "T" in told:
        try:
            return parse_utc(told)
        except (ValueError, OverflowError):
            return math.nan
    number = _number({"time": told}, ("time",))
    return number / 1_000.0 if abs(number) > MILLISECONDS else number


def _text(keys: Keys, names: tuple[str, ...]) -> str:
    told = next((keys[name] for name in names if name in keys), "")
    return str(told).strip()[:40] if isinstance(told, str | int) else ""


def _number(keys: Keys, names: tuple[str, ...]) -> float:
    """Return the first of these that is there as a number, or begins with one ("100.0 m")."""
    told = next((keys[name] for name in names if name in keys), None)
    if isinstance(told, bool) or not isinstance(told, str | int | float):
        return math.nan
    found = _LEADING_NUMBER.match(told) if isinstance(told, str) else None
    try:
        value = float(found[0] if found else told)
    except (ValueError, OverflowError):
        return math.nan
    return value if math.isfinite(value) else math.nan
