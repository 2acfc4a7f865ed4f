"""Real flights under simulated radars: the paths of an OpenSky file, seen by eight of them.

Paths are straight between the reported positions. An aircraft whose reports pause for more than a
minute is away meanwhile; heights are the median of five reports, because one aircraft of the file
reports two heights in turn. Positions of the radars are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from chowki.core.messages import Event, Scan, Tick
from chowki.core.places import Ground, Station, Theatre
from chowki.core.ports import Aloft, Surroundings
from chowki.core.records import ObjectClass
from chowki.core.table import F64, I64
from chowki.feeds.opensky import OpenSky
from chowki.feeds.reports import Report
from chowki.kernels.geodesy import axes_at, geodetic_to_enu, station_frame
from chowki.world.sensors import Radar

GAP_S, MEDIAN_OF, DELAY_S = 60.0, 5, 0.3
RCS_M2 = 10.0
RADARS_DEG = (
    (51.2, -0.6), (52.8, -0.3), (53.2, -2.4), (51.4, -3.4),
    (50.6, -1.6), (54.6, -2.0), (52.6, -4.6), (51.3, -6.2),
)  # fmt: skip
PARAMETERS = Radar.Parameters(preset="long-range", rotation_s=10.0)


@dataclass(frozen=True)
class Paths:
    """What flew, in pieces without a pause.

    Attributes
    ----------
    frame : F64
        Shape (4, 3): station frame.
    station : Station
        Where it stands.
    aircraft : I64
        Shape (p,): aircraft of each piece.
    time_s, position_m : list of F64
        Reports of each piece.
    """

    frame: F64
    station: Station
    aircraft: I64
    time_s: list[F64]
    position_m: list[F64]

    def aloft(self, at_s: float) -> Aloft:
        """Return what flies at a time."""
        up = [k for k, t in enumerate(self.time_s) if t[0] <= at_s <= t[-1]]
        place, speed = np.empty((len(up), 3)), np.empty((len(up), 3))
        for row, k in enumerate(up):
            t, x = self.time_s[k], self.position_m[k]
            leg = min(int(np.searchsorted(t, at_s, side="right")), len(t) - 1)
            speed[row] = (x[leg] - x[leg - 1]) / (t[leg] - t[leg - 1])
            place[row] = x[leg - 1] + (at_s - t[leg - 1]) * speed[row]
        n = len(up)
        nothing, none = np.full(n, np.nan), np.full(n, -1)
        return Aloft(
            at_s, np.array(up, dtype=np.int64), place, speed,
            np.full(n, int(ObjectClass.AEROPLANE), np.int8), np.full(n, RCS_M2),
            np.zeros(n, np.int8), nothing, nothing, none, none.astype(np.int8),
            np.zeros(n, "S8"), np.full(n, 30.0),
        )  # fmt: skip


def read(file: Path) -> Paths:
    """Return the paths of a file of OpenSky state vectors."""
    reports = OpenSky(file).reports()
    start_s = min(report.time_s for report in reports)
    station = Station("real flights", 52.5, -2.0, 0.0, start_s, 1200.0)
    frame = station_frame(np.radians(52.5), np.radians(-2.0), 0.0)
    aircraft, times, places = [], [], []
    for number, address in enumerate(sorted({report.address for report in reports})):
        own = sorted((r for r in reports if r.address == address), key=lambda r: r.time_s)
        for time_s, position_m in _pieces(own, frame):
            aircraft.append(number)
            times.append(time_s)
            places.append(position_m)
    return Paths(frame, station, np.array(aircraft), times, places)


def _pieces(own: list[Report], frame: F64) -> Iterator[tuple[F64, F64]]:
    """Yield times and positions of the pieces of one aircraft's path."""
    time_s, first = np.unique([r.time_s for r in own], return_index=True)
    height = np.array([own[k].height_m for k in first])
    half = MEDIAN_OF // 2
    level = [np.median(height[max(k - half, 0) : k + half + 1]) for k in range(len(height))]
    lat, lon = (np.radians([getattr(own[k], n) for k in first]) for n in ("lat_deg", "lon_deg"))
    position_m = geodetic_to_enu(frame, lat, lon, np.array(level))
    for rows in np.split(np.arange(len(time_s)), np.flatnonzero(np.diff(time_s) > GAP_S) + 1):
        if len(rows) > 1:
            yield time_s[rows], position_m[rows]


def radars(paths: Paths) -> tuple[Theatre, list[Radar]]:
    """Return the theatre with its radars."""
    theatre = Theatre(paths.station, ground=Ground())
    models = []
    for number, (lat, lon) in enumerate(RADARS_DEG):
        where = np.radians([[lat], [lon]])
        position_m = geodetic_to_enu(paths.frame, where[0], where[1], np.array([40.0]))[0]
        axes = axes_at(*np.radians((lat, lon))) @ paths.frame[:3].T
        around = Surroundings(
            number, f"radar {number + 1}", position_m, axes, theatre.ground, theatre, 1, 1.0, False
        )
        models.append(Radar(PARAMETERS, around))
    return replace(theatre, sensors=tuple(m.sensor for m in models)), models


def events(paths: Paths, models: list[Radar]) -> Iterator[Event]:
    """Yield the scans of all radars and a tick each second, in order of receipt."""
    start_s, found = paths.station.start_s, list[Event]()
    end_s = start_s + paths.station.duration_s
    for model in models:
        after_s = start_s
        while True:
            look = model.next_look(after_s)
            if look.end_s > end_s:
                break
            plots = model.observe(paths.aloft(0.5 * (look.start_s + look.end_s)), look)
            found.append(
                Scan(
                    look.end_s + DELAY_S, model.sensor, look.number, look.start_s, look.end_s,
                    look.volume, plots,
                )
            )  # fmt: skip
            after_s = look.end_s - 1e-6
    found += [Tick(start_s + k) for k in range(1, round(end_s - start_s) + 1)]
    yield from sorted(found, key=lambda event: event.time_s)
