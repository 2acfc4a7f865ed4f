"""A small file of each kind of feed: one aircraft that flies east for ten seconds."""

from __future__ import annotations

import json
import math
import struct

import pytest

START_S = 1_700_006_400  # 2023-11-15 00:00:00 UTC
LAT_DEG, LON_DEG, HEIGHT_M = 30.0, 74.0, 1200.0
STEP_DEG = 0.001
SECONDS = range(10)


def _opensky():
    rows = [
        f"{START_S + t},abcdef,{LAT_DEG},{LON_DEG + t * STEP_DEG},96.5,90,0,CHOWKI1,False,"
        f"False,False,1200,{HEIGHT_M},{START_S + t}.0,{START_S + t}.0"
        for t in range(0, 100, 10)  # state vectors come every ten seconds
    ]
    head = (
        "time,icao24,lat,lon,velocity,heading,vertrate,callsign,onground,alert,spi,"
        "baroaltitude,geoaltitude,lastposupdate,lastcontact"
    )
    return "\n".join([head, *rows, ""])


def _sbs():
    def line(t):
        clock = f"2023/11/15,00:00:{t:02}.000"
        lon = LON_DEG + t * STEP_DEG
        return f"MSG,3,1,1,ABCDEF,1,{clock},{clock},,4000,,,{LAT_DEG},{lon:.3f},,,,,,0\n"

    return "".join(map(line, SECONDS))


def _aircraft_json():
    aircraft = [
        {"hex": f"abcde{t}", "lat": LAT_DEG, "lon": LON_DEG + t * STEP_DEG, "alt_geom": 4000,
         "seen_pos": 0.1, "gs": 188.0, "track": 90.0}
        for t in SECONDS
    ]  # fmt: skip
    return json.dumps({"now": START_S + 10.0, "aircraft": aircraft})


def _gps():
    rows = [f"{START_S + t},{LAT_DEG},{LON_DEG + t * STEP_DEG},{HEIGHT_M}" for t in SECONDS]
    return "\n".join(["time,lat,lon,altitude", *rows, ""])


def _plots():
    rows = [f"{START_S + t},{LAT_DEG},{LON_DEG + t * STEP_DEG},{HEIGHT_M}" for t in SECONDS]
    return "\n".join(["time_s,lat,lon,height_m", *rows, ""])


def _asterix(captures):
    """Return what a radar sends that turns once in four seconds, a target a sector."""
    sent = []
    for k in range(8 * 6):
        time_s, azimuth = START_S + k / 2, 2 * math.pi * (k % 8) / 8
        north = k % 8 == 0
        told = captures.service(
            time_s, azimuth, north=north, rotation_s=4.0 if north else math.nan,
            site=(LAT_DEG, LON_DEG, 250) if north else None,
        )  # fmt: skip
        seen = captures.plot(
            time_s + 0.2, 20_000.0 + 10.0 * k, azimuth + 0.3, level_m=3000.0, address=0xABC000
        )
        sent += [(time_s + 0.1, captures.block(34, told)), (time_s + 0.3, captures.block(48, seen))]
    return captures.pcap([(time_s, captures.udp(payload)) for time_s, payload in sent])


def _remote_id(captures):
    """Return Wi-Fi beacons (ASTM F3411, annex) with name and location of one drone."""

    def beacon(t):
        name = bytes([0x02, 0x12]) + b"MFG1A0123456789".ljust(20, b"\0") + b"\0" * 3
        location = struct.pack(
            "<BBBBbiiHHHBBHBx",
            0x12, 0x20, 90, 40, 0, round(LAT_DEG * 1e7), round((LON_DEG + t * STEP_DEG) * 1e7),
            0, round((HEIGHT_M + 1000) * 2), 2000, 10, 0, 10 * t, 0,
        )  # fmt: skip
        messages = bytes([0xF2, 25, 2]) + name + location
        element = b"\xfa\x0b\xbc\x0d" + bytes([t]) + messages
        head = b"\x80\0\0\0" + b"\xff" * 6 + b"\x02\0\0\0\0\x01" * 2 + b"\0\0" + b"\0" * 12
        return head + bytes([221, len(element)]) + element

    return captures.pcap([(START_S + t + 0.5, beacon(t)) for t in SECONDS], link=105)


@pytest.fixture
def sample(tmp_path, captures):
    """Return a function that writes a file of a kind and returns its path."""

    def write(kind):
        content = {
            "opensky": _opensky, "sbs": _sbs, "aircraft-json": _aircraft_json, "gps": _gps,
            "plots": _plots, "asterix": lambda: _asterix(captures),
            "remote-id": lambda: _remote_id(captures),
        }[kind]()  # fmt: skip
        path = tmp_path / f"{kind}.bin"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
