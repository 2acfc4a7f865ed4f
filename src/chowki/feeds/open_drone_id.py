"""Open Drone ID: the 25-octet messages of ASTM F3411-22a, and the radio frames that carry them.

Frames: vendor element of a Wi-Fi beacon, service descriptor of Wi-Fi NAN (ASTM F3411-22a, 5.4.8),
service data of a Bluetooth advertisement (5.4.6). Every length is checked before it is used.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import NamedTuple

from chowki.feeds.pcap import LINK_NORDIC_BLE, Packet, wifi_frame

MESSAGE_OCTETS = 25
MOST_IN_PACK = 9
START_OF_2019_S = 1_546_300_800.0

_BASIC, _LOCATION, _SELF, _SYSTEM, _OPERATOR, _PACK = 0x0, 0x1, 0x3, 0x4, 0x5, 0xF
_BEACON_OUI = b"\xfa\x0b\xbc\x0d"
_NAN_OUI = b"\x50\x6f\x9a\x13"
_NAN_SERVICE = bytes.fromhex("8869199d9209")  # digest of "org.opendroneid.remoteid"
_BLE_SERVICE = b"\xfa\xff\x0d"  # UUID 0xFFFA, application code of Open Drone ID


class BasicId(NamedTuple):
    """What the drone is: kind of name (1 is a serial number), kind of aircraft, the name."""

    id_type: int
    aircraft_type: int
    name: str


class Location(NamedTuple):
    """Where the drone is; NaN where it does not know."""

    status: int
    lat_deg: float
    lon_deg: float
    geodetic_m: float
    pressure_m: float
    above_m: float
    direction_deg: float
    speed_mps: float
    climb_mps: float
    accuracy_code: int
    since_hour_s: float


class OperatorId(NamedTuple):
    """Who flies it."""

    name: str


class SelfId(NamedTuple):
    """What the flight is for, in the operator's words."""

    text: str


class System(NamedTuple):
    """Where the operator stands; NaN where not known.

    ``location_type``: 0 the place of take-off, 1 where the operator is now, 2 a fixed place.
    """

    lat_deg: float
    lon_deg: float
    location_type: int = 0
    height_m: float = math.nan
    time_s: float = math.nan


Said = BasicId | Location | OperatorId | SelfId | System


def odid_payload(packet: Packet) -> tuple[bytes, bytes] | None:
    """Return (transmitter's address, messages) of a frame that carries Open Drone ID, or None."""
    if packet.link == LINK_NORDIC_BLE:
        return _bluetooth(packet.data)
    frame = wifi_frame(packet)
    if frame is None or len(frame) < 24:
        return None
    sender = frame[10:16]
    if frame[0] == 0x80:
        found = _beacon(frame[36:])
    elif frame[0] == 0xD0 and frame[24:30] == b"\x04\x09" + _NAN_OUI:
        found = _nan(frame[30:])
    else:
        return None
    return (sender, found) if found else None


def _beacon(elements: bytes) -> bytes | None:
    """Return the messages in a beacon's vendor element, after its counter."""
    at = 0
    while at + 2 <= len(elements):
        kind, length = elements[at], elements[at + 1]
        content = elements[at + 2 : at + 2 + length]
        if kind == 221 and len(content) == length and content.startswith(_BEACON_OUI):
            return content[5:]
        at += 2 + length
    return None


def _nan(attributes: bytes) -> bytes | None:
    """Return the messages in the service descriptor of a NAN discovery frame, after its counter."""
    at = 0
    while at + 3 <= len(attributes):
        kind, length = attributes[at], int.from_bytes(attributes[at + 1 : at + 3], "little")
        content = attributes[at + 3 : at + 3 + length]
        if kind == 0x03 and len(content) == length and content.startswith(_NAN_SERVICE):
            return _service_info(content)
        at += 3 + length
    return None


def _service_info(content: bytes) -> bytes | None:
    """Return the service info of a descriptor (Wi-Fi Aware 3.2, table 42)."""
    if len(content) < 10:
        return None
    control, at = content[8], 9
    if control & 0x40:
        at += 2
    for present in (0x04, 0x08):
        if control & present and at < len(content):
            at += 1 + content[at]
    if not control & 0x10 or at >= len(content):
        return None
    return content[at + 2 : at + 1 + content[at]]


def _bluetooth(data: bytes) -> tuple[bytes, bytes] | None:
    """Return sender and messages of an advertisement behind a Nordic sniffer's header.

    Header: board, payload length (2), version, counter (2), packet type; then its own length,
    flags, channel, strength, event (2), time (4); then access address, coding (LE Coded only), PDU
    (Bluetooth Core 5.3, volume 6, part B, 2.3).
    """
    if len(data) < 24:
        return None
    at = 7 + data[7] + 4
    if (data[8] >> 4) & 7 == 2:
        at += 1
    if at + 2 > len(data):
        return None
    kind, length = data[at] & 15, data[at + 1]
    pdu = data[at + 2 : at + 2 + length]
    if len(pdu) < length:
        return None
    if kind == 7:
        return _extended(pdu)
    return _advertised(pdu[:6], pdu[6:]) if kind in {0, 2, 6} and length >= 6 else None


def _extended(pdu: bytes) -> tuple[bytes, bytes] | None:
    if len(pdu) < 2:
        return None
    header = pdu[0] & 0x3F
    sender = pdu[2:8] if header and pdu[1] & 1 else b""
    return _advertised(sender, pdu[1 + header :])


def _advertised(sender: bytes, structures: bytes) -> tuple[bytes, bytes] | None:
    at = 0
    while at + 2 <= len(structures):
        length = structures[at]
        content = structures[at + 2 : at + 1 + length]
        if length and structures[at + 1] == 0x16 and content.startswith(_BLE_SERVICE):
            return sender, content[4:]
        at += 1 + length
    return None


def said(payload: bytes) -> Iterator[Said | None]:
    """Yield what each message of a payload says; None for one that can't be read.

    A message kind that is of no use here (authentication, reserved) is passed over.
    """
    if not payload:
        yield None
        return
    if payload[0] >> 4 != _PACK:
        yield from _message(payload[:MESSAGE_OCTETS])
        return
    size, count = (payload[1], payload[2]) if len(payload) >= 3 else (0, 0)
    if size != MESSAGE_OCTETS or count > MOST_IN_PACK:
        yield None
        return
    for i in range(count):
        at = 3 + i * MESSAGE_OCTETS
        yield from _message(payload[at : at + MESSAGE_OCTETS])


def _message(octets: bytes) -> Iterator[Said | None]:
    if len(octets) < MESSAGE_OCTETS:
        yield None
        return
    kind = octets[0] >> 4
    if kind == _BASIC:
        yield BasicId(octets[1] >> 4, octets[1] & 15, _text(octets[2:22]))
    elif kind == _LOCATION:
        yield _location(octets)
    elif kind == _SELF:
        yield SelfId(_text(octets[2:25]))
    elif kind == _SYSTEM:
        yield _system(octets)
    elif kind == _OPERATOR:
        yield OperatorId(_text(octets[2:22]))
    elif kind == _PACK:
        yield None


def _text(octets: bytes) -> str:
    return octets.split(b"\0")[0].decode("ascii", errors="replace").strip()


def _place(lat: int, lon: int) -> tuple[float, float]:
    return (math.nan, math.nan) if lat == 0 and lon == 0 else (lat * 1e-7, lon * 1e-7)


def _location(octets: bytes) -> Location:
    """Return the location message (ASTM F3411-22a, table 6)."""
    flags, direction, speed, climb = struct.unpack_from("<BBBb", octets, 1)
    lat, lon = struct.unpack_from("<ii", octets, 5)
    pressure, geodetic, above = struct.unpack_from("<HHH", octets, 13)
    tenths = int.from_bytes(octets[21:23], "little")
    heading = direction + (180 if flags & 2 else 0)
    fast = speed * 0.75 + 63.75 if flags & 1 else speed * 0.25
    return Location(
        flags >> 4,
        *_place(lat, lon),
        _height(geodetic),
        _height(pressure),
        _height(above),
        float(heading) if heading <= 360 else math.nan,
        fast if speed < 255 else math.nan,
        climb * 0.5 if abs(climb) <= 124 else math.nan,
        octets[19] & 15,
        tenths * 0.1 if tenths < 36_000 else math.nan,
    )


def _system(octets: bytes) -> System:
    """Return the system message (ASTM F3411-22a, table 9); its time counts from 2019."""
    lat, lon = struct.unpack_from("<ii", octets, 2)
    height, since_2019_s = struct.unpack_from("<HI", octets, 18)
    return System(
        *_place(lat, lon),
        octets[1] & 3,
        _height(height),
        since_2019_s + START_OF_2019_S if since_2019_s else math.nan,
    )


def _height(raw: int) -> float:
    """Return metres; raw 0 stands for -1,000 m, which means not known."""
    return raw * 0.5 - 1_000.0 if raw else math.nan
