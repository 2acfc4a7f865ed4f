"""Reports of aircraft that tell their own position, made into scans of one cooperative sensor."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from chowki.core.messages import Event, Scan
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import AddressKind, Detections
from chowki.core.table import F64
from chowki.feeds.source import FileFeed, FirstFix, Placed, as_known, known_time, stand_at
from chowki.kernels.geodesy import geodetic_to_enu

LOWEST_M = -1_000.0
HIGHEST_M = 100_000.0
FASTEST_MPS = 3_000.0
OLDEST_S = 10.0  # what an event speaks of may be up to this much older than its receipt
SUPERSEDED = "superseded within the same look"
LONGEST_SILENCE_S = 60.0  # longer: nobody knows whether the receiver was still there

# 95 % radius over standard deviation per axis of a circular normal: sqrt(2 ln 20)
_RADIUS_95 = math.sqrt(2.0 * math.log(20.0))

# Estimated position uncertainty, 95 % radius by NACp (RTCA DO-260B, table 2-71)
_EPU_M = {
    1: 18_520.0,
    2: 7_408.0,
    3: 3_704.0,
    4: 1_852.0,
    5: 926.0,
    6: 555.6,
    7: 185.2,
    8: 92.6,
    9: 30.0,
    10: 10.0,
    11: 3.0,
    12: 1.0,  # Remote ID only (ASTM F3411, table 6)
}


def sigma_of_nacp(nacp: int) -> float:
    """Return the standard deviation per axis in metres that a NACp states; NaN when it states none.

    RTCA DO-260B table 2-71 gives the 95 % radius; a circular normal has it at 2.448 sigma.

    Examples
    --------
    >>> round(sigma_of_nacp(8), 1)
    37.8
    """
    return _EPU_M.get(nacp, math.nan) / _RADIUS_95


class Report(NamedTuple):
    """One position report, at the door: degrees for places, SI for the rest."""

    received_s: float
    time_s: float
    lat_deg: float
    lon_deg: float
    height_m: float
    v_east_mps: float
    v_north_mps: float
    v_up_mps: float
    sigma_m: float
    address: int
    callsign: str = ""
    squawk: int = -1

    def fault(self) -> str | None:
        """Return why the report can't be used, or None."""
        if not (known_time(self.received_s) and known_time(self.time_s)):
            return "time out of range"
        if not (abs(self.lat_deg) <= 90.0 and abs(self.lon_deg) <= 180.0):
            return "position out of range"
        if not LOWEST_M <= self.height_m <= HIGHEST_M:
            return "height out of range"
        if self.time_s - self.received_s > OLDEST_S:
            return "dated after its receipt"
        return None

    def stale(self) -> str | None:
        """Return why the report is too old to be used, or None."""
        late = self.received_s - self.time_s > OLDEST_S
        return "older than 10 s when received" if late else None


class Sieve:
    """Lets through the usable reports that say something new of their address.

    Parameters
    ----------
    skipped : Counter of str
        Gets one more, by reason, for each report that is held back.
    """

    def __init__(self, skipped: Counter[str]) -> None:
        self._skipped = skipped
        self._seen: dict[int, float] = {}

    def passes(self, report: Report) -> bool:
        """Return whether a report can be used; reports come in order of receipt."""
        stale = report.stale()
        fault = report.fault() or _repeated(report, self._seen) or stale
        if fault is None or stale:
            self._seen[report.address] = report.time_s
        if fault:
            self._skipped[fault] += 1
        return fault is None

    def forget(self, before_s: float) -> None:
        """Forget addresses that were last told of before a time (UTC s)."""
        self._seen = {address: s for address, s in self._seen.items() if s >= before_s}


class ReportFeed(FileFeed):
    """A file of position reports: one sensor, one scan for each look of ``period_s``.

    A look holds the latest report of each address; a look in which nothing was heard is an empty
    scan, as long as the silence is short. A look is received at its end.
    """

    sensor_kind: ClassVar[str]
    address_kind: ClassVar[AddressKind]
    period_s: ClassVar[float] = 1.0
    reach_m: ClassVar[float]
    sigma_m: ClassVar[float]
    detection_probability: ClassVar[float]

    _kept: list[Report] | None = None

    @abstractmethod
    def _read(self) -> Iterator[Report]:
        """Yield the reports of the file as they stand in it; count in ``skipped`` what is none."""

    def reports(self) -> list[Report]:
        """Return the usable reports by time of receipt; the others are counted.

        Raises
        ------
        FeedError
            If the file can't be read or holds no usable report.
        """
        if self._kept is None:
            self._kept = self._usable(list(self._read()))
            if not self._kept:
                raise self.fault(
                    "whole file",
                    f"no usable position report ({self.left_out()})",
                    f"a file of kind '{self.kind}' is needed",
                )
        return self._kept

    def _usable(self, read: list[Report]) -> list[Report]:
        backward = sum(b.received_s < a.received_s for a, b in pairwise(read))
        if backward:
            self.noted["out of time order, sorted"] += backward
            read.sort(key=lambda report: report.received_s)
        sieve = Sieve(self.skipped)
        return [report for report in read if sieve.passes(report)]

    def first_fix(self) -> FirstFix:
        """Return the first usable position."""
        first = self.reports()[0]
        return FirstFix(first.lat_deg, first.lon_deg, 0.0, first.received_s)

    def _stand(self, placed: Placed) -> tuple[Sensor, ...]:
        fix = self.first_fix()
        position, axes = stand_at(placed, fix.lat_deg, fix.lon_deg, fix.height_m)
        sensor = self.stated(self.first_sensor_number, self.kind, position, axes)
        return (as_known(sensor, placed),)

    @classmethod
    def stated(cls, number: int, name: str, position_m: F64, axes: F64) -> Sensor:
        """Return a receiver of this kind at a place (3,) with axes (3, 3), station frame."""
        return Sensor(
            number=number,
            name=name,
            kind=cls.sensor_kind,
            position_m=position_m,
            axes=axes,
            measures=Measures.POSITION | Measures.VELOCITY | Measures.ADDRESS,
            volume=Volume(0.0, cls.reach_m),
            period_s=cls.period_s,
            detection_probability=cls.detection_probability,
            clutter_per_look=0.01,
            sigma_position_m=cls.sigma_m,
        )

    def events(self) -> Iterator[Event]:
        """Yield one scan for each look, by time of receipt."""
        sensor = self.sensors[0]
        reports = self.reports()
        detections = self.detections(reports, self.placed().frame)
        received_s = np.array([report.received_s for report in reports])
        ends = np.ceil(received_s / self.period_s) * self.period_s
        look, last = 0, float(ends[0]) - self.period_s
        for end_s, first, after in _runs(ends):
            for silent_s in self._silent(last, end_s):
                look += 1
                yield look_of(sensor, look, silent_s, Detections.empty())
            look, last = look + 1, end_s
            latest = latest_of(reports[first:after])
            if len(latest) < after - first:
                self.skipped[SUPERSEDED] += after - first - len(latest)
            yield look_of(sensor, look, end_s, detections.take([first + row for row in latest]))

    def _silent(self, last_s: float, end_s: float) -> list[float]:
        """Return the ends of the looks in between in which nothing was heard."""
        missing = round((end_s - last_s) / self.period_s) - 1
        if end_s - last_s > LONGEST_SILENCE_S:
            return []
        return [last_s + (i + 1) * self.period_s for i in range(missing)]

    @classmethod
    def detections(cls, reports: list[Report], frame: F64) -> Detections:
        """Return reports as detections in a frame (4, 3), row by row; one report at least."""
        rows = np.array([report[:9] for report in reports], np.float64)
        lat, lon = np.deg2rad(rows[:, 2]), np.deg2rad(rows[:, 3])
        position = geodetic_to_enu(frame, lat, lon, np.ascontiguousarray(rows[:, 4]))
        velocity = turned_velocity(frame, lat, lon, rows[:, 5:8])
        addresses = np.array([report.address for report in reports], np.int64)
        return Detections.of(
            time_s=np.ascontiguousarray(rows[:, 1]),
            east_m=np.ascontiguousarray(position[:, 0]),
            north_m=np.ascontiguousarray(position[:, 1]),
            up_m=np.ascontiguousarray(position[:, 2]),
            v_east_mps=np.ascontiguousarray(velocity[:, 0]),
            v_north_mps=np.ascontiguousarray(velocity[:, 1]),
            v_up_mps=np.ascontiguousarray(velocity[:, 2]),
            sigma_m=np.where(np.isfinite(rows[:, 8]), rows[:, 8], cls.sigma_m),
            address=addresses,
            address_kind=np.where(addresses >= 0, cls.address_kind, AddressKind.NONE),
            callsign=np.array([ascii_name(report.callsign) for report in reports], "S8"),
            squawk=np.array([report.squawk for report in reports], np.int64),
        )


def look_of(sensor: Sensor, look: int, end_s: float, detections: Detections) -> Scan:
    """Return what a sensor delivers for the look of its period that ends at a time (UTC s)."""
    start_s = end_s - sensor.period_s
    return Scan(end_s, sensor, look, start_s, end_s, sensor.volume, detections)


def latest_of(reports: list[Report]) -> list[int]:
    """Return the row of each address's last report; one without an address stands for itself."""
    rows = {
        report.address if report.address >= 0 else -row - 2: row
        for row, report in enumerate(reports)
    }
    return list(rows.values())


def turned_velocity(frame: F64, lat_rad: F64, lon_rad: F64, velocity_mps: F64) -> F64:
    """Return velocities (n, 3), east, north, up at their own place, in the station frame.

    The columns of the local axes are the earth-centred directions of east, north and up
    (NIMA TR8350.2, section 4); the frame's rows turn them into the station's.
    """
    sl, cl, so, co = np.sin(lat_rad), np.cos(lat_rad), np.sin(lon_rad), np.cos(lon_rad)
    e, n, u = velocity_mps.T
    x = -so * e - sl * co * n + cl * co * u
    y = co * e - sl * so * n + cl * so * u
    z = cl * n + sl * u
    return np.stack([x, y, z], axis=1) @ frame[:3].T


def ascii_name(text: str) -> bytes:
    """Return up to eight printable ASCII characters of a name."""
    kept = "".join(c for c in text.strip() if " " < c <= "~")
    return kept[:8].encode("ascii")


def climbing(speed_mps: float, heading_deg: float, climb_mps: float) -> tuple[float, float, float]:
    """Return the velocity east, north, up of a ground speed, a track and a climb; NaN if unusable.

    A climb that is not known counts as level flight.

    Examples
    --------
    >>> climbing(100.0, 90.0, float("nan"))[0]
    100.0
    """
    if not (abs(speed_mps) <= FASTEST_MPS and abs(heading_deg) <= 360.0):
        return math.nan, math.nan, math.nan
    heading = math.radians(heading_deg)
    up = climb_mps if abs(climb_mps) <= FASTEST_MPS else 0.0
    return speed_mps * math.sin(heading), speed_mps * math.cos(heading), up


def number(text: str | None) -> float:
    """Return a finite number read from a cell, NaN for anything else.

    Examples
    --------
    >>> number(" 12.5 "), number("inf"), number("")
    (12.5, nan, nan)
    """
    try:
        value = float(text or "nan")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def squawk_of(text: str | None) -> int:
    """Return a Mode 3/A code as the decimal digits read; -1 unless four octal digits.

    Examples
    --------
    >>> squawk_of("7000.0"), squawk_of("21"), squawk_of("9000"), squawk_of(None)
    (7000, 21, -1, -1)
    """
    value = number(text)
    if not (0.0 <= value <= 7777.0 and value == int(value)):
        return -1
    return int(value) if set(str(int(value))) <= set("01234567") else -1


def icao_address(text: str | None) -> int:
    """Return a 24-bit address written in hexadecimal; -1 for anything else.

    Examples
    --------
    >>> icao_address("406b90"), icao_address("~2c0ffe"), icao_address("")
    (4221840, -1, -1)
    """
    text = (text or "").strip()
    if not 0 < len(text) <= 6 or not set(text.lower()) <= set("0123456789abcdef"):
        return -1
    return int(text, 16)


def _runs(ends: F64) -> Iterator[tuple[float, int, int]]:
    """Yield each run of equal look ends: its end, first row, row after."""
    edges = np.flatnonzero(np.diff(ends)) + 1
    starts = [0, *edges.tolist()]
    for first, after in zip(starts, [*starts[1:], len(ends)], strict=True):
        yield float(ends[first]), first, after


def _repeated(report: Report, seen: dict[int, float]) -> str | None:
    """Return why a report says nothing new of its address, or None."""
    if report.address < 0 or report.address not in seen:
        return None
    last_s = seen[report.address]
    if report.time_s == last_s:
        return "position not renewed (same address and time)"
    return "older than the address's last position" if report.time_s < last_s else None
