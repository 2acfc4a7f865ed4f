"""Sensors, scans and a theatre in small."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.messages import Scan
from chowki.core.places import Measures, Place, Sensor, Station, Theatre, Volume
from chowki.core.records import AddressKind, Detections, Identity
from chowki.picture import AirPicture, PictureParameters
from chowki.picture.associators import BeliefPropagation

START_S = 1_700_000_000.0
POLAR = Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION
REPORT = Measures.POSITION | Measures.VELOCITY | Measures.ADDRESS


class Site:
    """A sensor at a place in the station frame that measures what it is shown."""

    def __init__(self, number, measures, position_m=(0.0, 0.0, 0.0), **stated):
        self.look = 0
        figures = {
            "name": f"sensor {number}",
            "kind": "radar",
            "volume": Volume(100.0, 80_000.0, elevation_min_rad=-0.2, elevation_max_rad=1.0),
            "period_s": 1.0,
            "detection_probability": 0.9,
            "clutter_per_look": 1.0,
            "sigma_range_m": 15.0,
            "sigma_azimuth_rad": 0.002,
            "sigma_elevation_rad": 0.003,
            "sigma_position_m": 20.0,
        }
        self.sensor = Sensor(
            number=number,
            position_m=np.array(position_m, dtype=float),
            axes=np.eye(3),
            measures=measures,
            **(figures | stated),
        )

    def columns(self, position_m, velocity_mps=None):
        d = np.atleast_2d(position_m) - self.sensor.position_m
        ground = np.hypot(d[:, 0], d[:, 1])
        measured = {
            Measures.RANGE: {"range_m": np.hypot(ground, d[:, 2])},
            Measures.AZIMUTH: {"azimuth_rad": np.arctan2(d[:, 0], d[:, 1]) % (2 * np.pi)},
            Measures.ELEVATION: {"elevation_rad": np.arctan2(d[:, 2], ground)},
            Measures.POSITION: dict(
                zip(("east_m", "north_m", "up_m"), np.atleast_2d(position_m).T, strict=True)
            ),
        }
        if velocity_mps is not None:
            names = ("v_east_mps", "v_north_mps", "v_up_mps")
            measured[Measures.VELOCITY] = dict(
                zip(names, np.atleast_2d(velocity_mps).T, strict=True)
            )
        out = {}
        for bit, part in measured.items():
            if self.sensor.measures & bit:
                out |= part
        return out

    def scan(self, time_s, position_m=(), velocity_mps=None, delay_s=0.0, volume=None, **more):
        rows = len(np.atleast_2d(position_m)) if len(position_m) else 0
        detections = Detections.empty()
        if rows:
            columns = self.columns(position_m, velocity_mps)
            columns["time_s"] = np.full(rows, time_s)
            detections = Detections.of(**(columns | more))
        self.look += 1
        return Scan(
            time_s + delay_s, self.sensor, self.look, time_s, time_s, volume or self.sensor.volume,
            detections,
        )  # fmt: skip


class Watch:
    """A radar and a receiver that follow what is flown before them."""

    def __init__(self, make_site, theatre):
        self.air = AirPicture(theatre, PictureParameters(), BeliefPropagation())
        self.picture, self.k = self.air.start(), 0
        self.radar = make_site(1, POLAR, (5_000.0, -15_000.0, 0.0), clutter_per_look=0.1)
        self.receiver = make_site(2, REPORT, (5_000.0, -15_000.0, 0.0), clutter_per_look=0.01)
        self.ear = make_site(
            3, Measures.AZIMUTH, (5_000.0, -20_000.0, 0.0), sigma_azimuth_rad=0.02,
            clutter_per_look=0.1,
        )  # fmt: skip
        self.eye = make_site(
            4, Measures.AZIMUTH | Measures.ELEVATION, (5_000.0, -18_000.0, 0.0), cued=True,
            sigma_azimuth_rad=1e-3, sigma_elevation_rad=1e-3, clutter_per_look=0.01,
        )  # fmt: skip

    def fly(self, at, going, rcs_dbsm, seconds=60, **said):
        at, going, seen = np.array(at, float), np.array(going, float), set()
        for _ in range(seconds):
            where, self.k = at + self.k * going, self.k + 1
            now = START_S + self.k
            scans = [self.radar.scan(now, [where], rcs_dbsm=[rcs_dbsm])]
            if "address" in said:
                told = said.get("told", going)
                kind = said.get("kind", AddressKind.ICAO)
                scans.append(
                    self.receiver.scan(
                        now, [where], told, address=[said["address"]], address_kind=[kind]
                    )
                )
            if "carrier" in said and self.k % 5 == 0:
                scans.append(self.ear.scan(now, [where], frequency_hz=[said["carrier"]]))
            if "look" in said and self.k % 5 == 0:
                kind, payload = said["look"]
                scans.append(
                    self.eye.scan(
                        now,
                        [where],
                        looked_like=[kind],
                        look_confidence=[0.8],
                        payload_seen=[payload],
                    )
                )
            for scan in scans:
                self.picture, _ = self.air.scan(self.picture, scan)
            self.picture, rap = self.air.tick(self.picture, now)
            seen |= {Identity(i) for i in rap.identity}
        return rap, seen


@pytest.fixture
def theatre():
    """Return a theatre: origin 31 N 74 E, the defended side is all east of the origin."""
    place = Place(
        0, "Town", "s", "civil", 31.0, 74.3, np.array([28_000.0, 0.0, 0.0]), 2000.0, 1000, 1.0
    )
    return Theatre(
        Station("t", 31.0, 74.0, 0.0, START_S, 600.0),
        places=(place,),
        border_lat_deg=np.array([29.0, 33.0, 33.0, 29.0]),
        border_lon_deg=np.array([74.0, 74.0, 77.0, 77.0]),
        authorised_addresses=(4711,),
    )


@pytest.fixture
def make_site():
    """Return the maker of sensors."""
    return Site


@pytest.fixture
def make_watch(make_site):
    """Return the maker of a watch over a theatre."""
    return lambda theatre: Watch(make_site, theatre)


@pytest.fixture
def watch(make_watch, theatre):
    """Return a watch over the theatre."""
    return make_watch(theatre)
