"""SBS-1 lines ("BaseStation" format), as dump1090 and readsb write them on port 30003."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from chowki.core.records import AddressKind
from chowki.core.units import FOOT_M, KNOT_MPS
from chowki.feeds.reports import (
    Report,
    ReportFeed,
    climbing,
    icao_address,
    number,
    sigma_of_nacp,
    squawk_of,
)
from chowki.kernels.geodesy import MEAN_RADIUS_M

FIELDS = 22
FASTEST_CLOCK_MPS = 1_500.0  # nothing with a transponder flies faster than this
LEAST_STEPS, LEAST_STEP_M = 10, 50.0
VELOCITY_AGE_S = 15.0
SLOWEST_MPS = 10.0  # below, a position says nothing of the time

_CALLSIGN, _ALTITUDE, _SPEED, _TRACK, _LAT, _LON, _CLIMB, _SQUAWK = 10, 11, 12, 13, 14, 15, 16, 17
_ON_GROUND = 21


@dataclass(slots=True)
class _Aircraft:
    """What has been heard of one address so far."""

    heard_s: float = -math.inf
    height_m: float = math.nan
    velocity: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    velocity_s: float = -math.inf
    callsign: str = ""
    squawk: int = -1


class Sbs(ReportFeed):
    """SBS-1 lines: each position with the last velocity, height, call sign and code of its address.

    Heights are pressure altitudes (noted), which differ from the ellipsoid by the weather and the
    geoid, the same for all. Lines carry no NACp: NACp 8 is assumed, as 14 CFR 91.227 demands.

    A file that was made by replaying messages faster than they came has times that can't be true:
    aircraft would fly faster than 1,500 m/s. Then times are built anew from the distance flown over
    the ground speed told, from the first line on; all such reports are noted.
    """

    kind: ClassVar[str] = "sbs"
    sensor_kind: ClassVar[str] = "ads-b"
    address_kind: ClassVar[AddressKind] = AddressKind.ICAO
    reach_m: ClassVar[float] = 450_000.0
    sigma_m: ClassVar[float] = sigma_of_nacp(8)
    detection_probability: ClassVar[float] = 0.8

    def _read(self) -> Iterator[Report]:
        read = list(self._recorded())
        if replayed_fast(read):
            self.noted["times built from distance over speed (replayed faster than flown)"] += len(
                read
            )
            return iter(retimed(read))
        return iter(read)

    def _recorded(self) -> Iterator[Report]:
        reader = SbsReader(self.skipped, self.noted)
        for line in self.read_text().splitlines():
            report = reader.line(line)
            if report:
                yield report


class SbsReader:
    """Reads SBS-1 line by line, and keeps what was heard of each address so far.

    Parameters
    ----------
    skipped, noted : Counter of str
        Get one more, by reason, for what is left out or needed care.
    """

    def __init__(self, skipped: Counter[str], noted: Counter[str]) -> None:
        self.skipped, self.noted = skipped, noted
        self.time_s = math.nan
        self._heard: dict[int, _Aircraft] = {}

    def line(self, line: str) -> Report | None:
        """Return the position that a line tells, or None; ``time_s`` is the line's own time."""
        self.time_s = math.nan
        fields = line.split(",")
        if fields[0] != "MSG" or len(fields) < FIELDS:
            if line.strip():
                self.skipped["line that is no MSG of 22 fields"] += 1
            return None
        address, time_s = icao_address(fields[4]), _time(fields)
        if address < 0 or math.isnan(time_s):
            self.skipped["line without address or time"] += 1
            return None
        self.time_s = time_s
        aircraft = self._heard.setdefault(address, _Aircraft())
        _take(aircraft, fields, time_s)
        return self._report(aircraft, fields, address, time_s)

    def forget(self, before_s: float) -> None:
        """Forget aircraft last heard before a time (UTC s, by the lines' clock)."""
        self._heard = {a: heard for a, heard in self._heard.items() if heard.heard_s >= before_s}

    def _report(
        self, aircraft: _Aircraft, fields: list[str], address: int, time_s: float
    ) -> Report | None:
        lat, lon = number(fields[_LAT]), number(fields[_LON])
        if math.isnan(lat) or math.isnan(lon):
            if fields[1] == "3":
                self.skipped["MSG,3 without position"] += 1
            return None
        if fields[_ON_GROUND].strip() in {"-1", "1"}:
            self.skipped["on the ground"] += 1
            return None
        if math.isnan(aircraft.height_m):
            self.skipped["position without height"] += 1
            return None
        self.noted["height from pressure altitude"] += 1
        fresh = time_s - aircraft.velocity_s <= VELOCITY_AGE_S
        return Report(
            time_s,
            time_s,
            lat,
            lon,
            aircraft.height_m,
            *(aircraft.velocity if fresh else (math.nan, math.nan, math.nan)),
            math.nan,
            address,
            aircraft.callsign,
            aircraft.squawk,
        )


def _time(fields: list[str]) -> float:
    """Return UTC seconds of the line's date and time generated; NaN when unreadable."""
    try:
        stamp = f"{fields[6]} {fields[7]} +0000"
        return datetime.strptime(stamp, "%Y/%m/%d %H:%M:%S.%f %z").timestamp()
    except (ValueError, OverflowError):
        return math.nan


def _take(aircraft: _Aircraft, fields: list[str], time_s: float) -> None:
    """Take what a line says besides its position."""
    aircraft.heard_s = time_s
    altitude_ft = number(fields[_ALTITUDE])
    if not math.isnan(altitude_ft):
        aircraft.height_m = altitude_ft * FOOT_M
    velocity = climbing(
        number(fields[_SPEED]) * KNOT_MPS,
        number(fields[_TRACK]),
        number(fields[_CLIMB]) * FOOT_M / 60.0,
    )
    if not math.isnan(velocity[0]):
        aircraft.velocity, aircraft.velocity_s = velocity, time_s
    aircraft.callsign = fields[_CALLSIGN].strip() or aircraft.callsign
    squawk = squawk_of(fields[_SQUAWK])
    aircraft.squawk = squawk if squawk >= 0 else aircraft.squawk


def replayed_fast(read: list[Report]) -> bool:
    """Return whether most steps from position to position are impossibly fast by the file's times.

    One wild position makes two such steps, so a few don't count.
    """
    last: dict[int, Report] = {}
    steps = fast = 0
    for report in read:
        before = last.get(report.address)
        if before:
            steps += 1
            span_s = max(report.time_s - before.time_s, 0.0)
            flown_m = math.hypot(*_offset(before, report))
            fast += flown_m > LEAST_STEP_M + FASTEST_CLOCK_MPS * span_s
        last[report.address] = report
    return fast >= LEAST_STEPS and 2 * fast > steps


def retimed(read: list[Report]) -> list[Report]:
    """Return reports, in their order, with times by distance flown over the speed told.

    Distance counts along the velocity, so that scatter across and to and fro adds no time.
    """
    clocks: dict[int, tuple[float, Report]] = {}
    right: list[Report] = []
    now_s = read[0].time_s
    for report in read:
        own_s, before = clocks.get(report.address, (now_s, report))
        own_s += _flight_time(before, report)
        clocks[report.address] = (own_s, report)
        now_s = max(now_s, own_s)
        right.append(report._replace(time_s=now_s, received_s=now_s))
    return right


def _flight_time(a: Report, b: Report) -> float:
    """Return the seconds from one report to the next along the second's velocity; 0 if unknown."""
    speed_mps = math.hypot(b.v_east_mps, b.v_north_mps)
    if not speed_mps > SLOWEST_MPS:
        return 0.0
    east_m, north_m = _offset(a, b)
    return (east_m * b.v_east_mps + north_m * b.v_north_mps) / speed_mps**2


def _offset(a: Report, b: Report) -> tuple[float, float]:
    """Return metres east and north between two places near each other (sphere, local flat map)."""
    north = math.radians(b.lat_deg - a.lat_deg)
    east = math.radians((b.lon_deg - a.lon_deg + 180.0) % 360.0 - 180.0)
    east *= math.cos(math.radians(0.5 * (a.lat_deg + b.lat_deg)))
    return MEAN_RADIUS_M * east, MEAN_RADIUS_M * north
