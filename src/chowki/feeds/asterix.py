"""ASTERIX plots of surveillance radars, from a capture or a raw file, as scans of sectors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import ClassVar

import numpy as np

from chowki.core.errors import FeedError
from chowki.core.messages import Event, Scan
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import AddressKind, Detections
from chowki.core.units import NAUTICAL_MILE_M
from chowki.feeds.asterix_sweep import Sector, Sweep, rotation_period
from chowki.feeds.asterix_words import Message, Site, days_between, messages
from chowki.feeds.pcap import NotACapture, Packet, packets, udp_payload
from chowki.feeds.reports import OLDEST_S, ascii_name
from chowki.feeds.source import FileFeed, FirstFix, Placed, stand_at
from chowki.kernels.geodesy import (
    ECCENTRICITY_SQ,
    SEMI_MAJOR_M,
    enu_to_geodetic,
    heights_above_ellipsoid,
)

Radar = tuple[int, int]

ASSUMED_DAY_S = 946_684_800.0  # 2000-01-01
LEAP_S = 60.0
REACH_M = 256.0 * NAUTICAL_MILE_M  # the largest range that I048/040 can tell

# Random errors allowed of a monopulse secondary radar: EUROCONTROL SUR.ET1.ST01.1000-STD-01-01
# (1997), section 6.3: 70 m in range, 0.08 degrees in azimuth; probability of detection 97 %.
SIGMA_RANGE_M = 70.0
SIGMA_AZIMUTH_RAD = math.radians(0.08)
DETECTION_PROBABILITY = 0.97
# Height is told by pressure: 150 m of weather and quantisation at 100 km.
SIGMA_ELEVATION_RAD = 1.5e-3


class Asterix(FileFeed):
    """CAT034 and CAT048 from pcap, pcapng or raw ``.ast``; one sensor for each SAC/SIC.

    The sensor of a radar is named ``asterix-<sac>-<sic>``. It stands where the scenario's sensor of
    that name stands, else where the radar says it does (I034/120); the plots of a radar whose
    position nobody gives are counted and skipped, and with no radar placed the feed is an error.

    A look is an eighth of a turn of the antenna, empty ones included. Time of day is put on the
    day of the capture; a raw file has none, and 2000-01-01 is assumed (noted). A radar whose clock
    is more than 10 s off the capture's is set right by the median difference (noted). The flight
    level, with the radar's position, gives the elevation; a plot without one has none. The radar's
    own track number is not looked at.
    """

    kind: ClassVar[str] = "asterix"

    _heard: list[Message] | None = None

    def messages(self) -> list[Message]:
        """Return plots, north and sector messages by time of receipt, times in UTC.

        Raises
        ------
        FeedError
            If the file can't be read, or holds no record of CAT034 or CAT048.
        """
        if self._heard is None:
            captured, payloads = self._payloads(self.read_bytes())
            heard = list(messages(payloads, self.skipped))
            heard = self._dated(heard) if captured else self._dated_raw(heard)
            if not heard:
                left = ", ".join(f"{n} {what}" for what, n in self.skipped.items()) or "nothing"
                raise self.fault(
                    "whole file",
                    f"no plot and no service message ({left})",
                    "a capture (pcap, pcapng) or raw file of CAT034/048 is needed",
                )
            self._heard = heard
        return self._heard

    def _payloads(self, content: bytes) -> tuple[bool, Iterator[tuple[float, bytes]]]:
        try:
            captured = packets(content, self.skipped)
        except NotACapture:
            return False, iter([(math.nan, content)])
        return True, self._datagrams(sorted(captured, key=lambda packet: packet.time_s))

    def _datagrams(self, captured: list[Packet]) -> Iterator[tuple[float, bytes]]:
        for packet in captured:
            payload = udp_payload(packet)
            if payload is None:
                self.skipped["packet that is not UDP"] += 1
            else:
                yield packet.time_s, payload

    def _dated(self, heard: list[Message]) -> list[Message]:
        """Return messages with times of day put on the day of their receipt."""
        dated = [m._replace(time_s=days_between(m.time_s, m.received_s)) for m in heard]
        lags: dict[Radar, list[float]] = {}
        for message in dated:
            lags.setdefault(message.radar, []).append(message.received_s - message.time_s)
        wrong = {r: median(lag) for r, lag in lags.items() if not -1.0 < median(lag) < OLDEST_S}
        for radar, lag_s in wrong.items():
            self.noted[f"{_name(radar)}: clock set right by {lag_s:.0f} s"] += len(lags[radar])
        right = [m._replace(time_s=m.time_s + wrong.get(m.radar, 0.0)) for m in dated]
        kept = [m for m in right if abs(m.received_s - m.time_s) <= OLDEST_S]
        if len(kept) < len(right):
            self.skipped["time of day far from receipt"] += len(right) - len(kept)
        return kept

    def _dated_raw(self, heard: list[Message]) -> list[Message]:
        """Return messages of a raw file from an assumed day on, received when measured."""
        near_s = latest_s = ASSUMED_DAY_S + (heard[0].time_s if heard else 0.0)
        dated: list[Message] = []
        for message, following in zip(heard, [*heard[1:], *heard[-1:]], strict=True):
            time_s = days_between(message.time_s, near_s)
            after_s = days_between(following.time_s, near_s)
            if abs(time_s - near_s) > LEAP_S >= abs(after_s - near_s):
                self.skipped["time of day leaps and comes back"] += 1
                continue
            near_s, latest_s = time_s, max(latest_s, time_s)
            dated.append(message._replace(time_s=time_s, received_s=latest_s))
        self.noted["time of day put on 2000-01-01, a raw file has no date"] += len(dated)
        return dated

    def first_fix(self) -> FirstFix:
        """Return the position that the first radar states of itself; NaN when none does."""
        time_s = self.messages()[0].received_s
        site = next(iter(self._sites().values()), Site(math.nan, math.nan, 0.0))
        return FirstFix(site.lat_deg, site.lon_deg, site.height_m, time_s)

    def _sites(self) -> dict[Radar, Site]:
        return {m.radar: m.site for m in reversed(self.messages()) if m.site is not None}

    def _adrift(self) -> FeedError:
        names = ", ".join(sorted({_name(message.radar) for message in self.messages()}))
        return self.fault(
            "whole file",
            "no radar states its position (I034/120)",
            f"give a scenario with sensors named {names}",
        )

    def _stand(self, placed: Placed) -> tuple[Sensor, ...]:
        radars, sites = sorted({message.radar for message in self.messages()}), self._sites()
        known = [r for r in radars if _name(r) in placed.known or r in sites]
        if not known:
            raise self._adrift()
        self._radars = {
            radar: self._sensor(radar, self.first_sensor_number + i, placed, sites.get(radar))
            for i, radar in enumerate(known)
        }
        return tuple(self._radars.values())

    def _sensor(self, radar: Radar, number: int, placed: Placed, site: Site | None) -> Sensor:
        heard = [message for message in self.messages() if message.radar == radar]
        stated = placed.known.get(_name(radar))
        if stated is not None:
            position, axes = stated.position_m, stated.axes
        else:
            assert site is not None
            position, axes = stand_at(placed, *site)
        period_s = rotation_period(heard)
        if math.isnan(period_s):
            period_s = stated.period_s if stated else 5.0
            self.noted[f"{_name(radar)}: rotation taken as {period_s:.1f} s"] += 1
        sensor = Sensor(
            number=number,
            name=_name(radar),
            kind="radar",
            position_m=position,
            axes=axes,
            measures=Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION | Measures.ADDRESS,
            volume=Volume(0.0, REACH_M, elevation_min_rad=-0.05, elevation_max_rad=0.8),
            period_s=period_s,
            detection_probability=DETECTION_PROBABILITY,
            clutter_per_look=0.05,
            sigma_range_m=SIGMA_RANGE_M,
            sigma_azimuth_rad=SIGMA_AZIMUTH_RAD,
            sigma_elevation_rad=SIGMA_ELEVATION_RAD,
        )
        return sensor if stated is None else _as_stated(sensor, stated)

    def events(self) -> Iterator[Event]:
        """Yield one scan for each eighth of a turn of each radar, by time of receipt."""
        self.placed()
        sweeps = {
            radar: Sweep(sensor.period_s, self.noted) for radar, sensor in self._radars.items()
        }
        stands = {radar: self._stand_of(sensor) for radar, sensor in self._radars.items()}
        last_s = -math.inf
        for message in self.messages():
            last_s = max(last_s, message.received_s)
            if message.radar not in sweeps:
                self.skipped[f"message of {_name(message.radar)}, whose position is unknown"] += 1
                continue
            for sector in sweeps[message.radar].take(message):
                yield self._scan(message.radar, sector, stands[message.radar], last_s)
        for radar, sweep in sweeps.items():
            for sector in sweep.finish():
                yield self._scan(radar, sector, stands[radar], last_s)

    def _stand_of(self, sensor: Sensor) -> tuple[float, float]:
        """Return height above the ellipsoid and latitude (rad) of a radar."""
        frame, position = self.placed().frame, np.array(sensor.position_m[None, :])
        height_m = float(heights_above_ellipsoid(frame, position)[0])
        return height_m, float(enu_to_geodetic(frame, position)[0, 0])

    def _scan(
        self, radar: Radar, sector: Sector, stand: tuple[float, float], received_s: float
    ) -> Scan:
        sensor = self._radars[radar]
        volume = replace(
            sensor.volume, azimuth_from_rad=sector.from_rad, azimuth_span_rad=sector.span_rad
        )
        return Scan(
            received_s,
            sensor,
            sector.look,
            sector.start_s,
            sector.end_s,
            volume,
            _detections(sector.plots, stand),
        )


def _detections(plots: list[Message], stand: tuple[float, float]) -> Detections:
    if not plots:
        return Detections.empty()
    address = np.array([plot.address for plot in plots], np.int64)
    return Detections.of(
        time_s=np.array([plot.time_s for plot in plots]),
        range_m=np.array([plot.range_m for plot in plots]),
        azimuth_rad=np.array([plot.azimuth_rad for plot in plots]),
        elevation_rad=np.array([_elevation(plot, *stand) for plot in plots]),
        address=address,
        address_kind=np.where(address >= 0, AddressKind.ICAO, AddressKind.NONE),
        callsign=np.array([ascii_name(plot.callsign) for plot in plots], "S8"),
        squawk=np.array([plot.squawk for plot in plots], np.int64),
    )


def _elevation(plot: Message, height_m: float, lat_rad: float) -> float:
    return elevation_of(plot.range_m, plot.level_m, height_m, lat_rad, plot.azimuth_rad)


def elevation_of(
    range_m: float, target_m: float, radar_m: float, lat_rad: float, azimuth_rad: float
) -> float:
    """Return the elevation (rad) at which a target of known height and slant range stands.

    Law of cosines in the triangle of earth's centre, radar and target, on the sphere of the
    ellipsoid's curvature in that direction (Euler's theorem). NaN without a height, or when the
    range is too short for it.
    """
    s = 1.0 - ECCENTRICITY_SQ * math.sin(lat_rad) ** 2
    meridian = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQ) / s**1.5
    normal = SEMI_MAJOR_M / math.sqrt(s)
    radius = 1.0 / (math.cos(azimuth_rad) ** 2 / meridian + math.sin(azimuth_rad) ** 2 / normal)
    here, there = radius + radar_m, radius + target_m
    sine = (there * there - here * here - range_m * range_m) / (2.0 * range_m * here)
    return math.asin(sine) if abs(sine) <= 1.0 else math.nan


def _as_stated(sensor: Sensor, stated: Sensor) -> Sensor:
    """Return the sensor with the figures of range, azimuth and horizon that the scenario has."""
    return replace(
        sensor,
        sigma_range_m=_or(stated.sigma_range_m, sensor.sigma_range_m),
        sigma_azimuth_rad=_or(stated.sigma_azimuth_rad, sensor.sigma_azimuth_rad),
        horizon_azimuth_rad=stated.horizon_azimuth_rad,
        horizon_elevation_rad=stated.horizon_elevation_rad,
    )


def _or(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _name(radar: Radar) -> str:
    return f"asterix-{radar[0]}-{radar[1]}"
