"""Pictures kept by time: the whole ones of the record, and what lies between two of them."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from chowki.core.places import Station
from chowki.core.records import Threats, Tracks
from chowki.core.table import F64
from chowki.kernels.geodesy import ECCENTRICITY_SQ, enu_to_geodetic, station_frame
from chowki.outputs.web.wire import encode

# Two pictures this near in time are joined by straight lines; a longer gap is left a gap.
JOINED_S = 15.0


@dataclass(frozen=True)
class Picture:
    """The recognised air picture at one time.

    Attributes
    ----------
    time_s : float
        UTC seconds.
    tracks : Tracks
        Confirmed and coasting tracks.
    threats : Threats
        The worst pairs of track and place.
    frame : F64
        Shape (4, 3): ``kernels.geodesy.station_frame``.
    """

    time_s: float
    tracks: Tracks
    threats: Threats
    frame: F64 = field(repr=False)

    @cached_property
    def _moved(self) -> tuple[F64, F64]:
        """Return geodetic positions now and one second on, radians and metres, shape (n, 3)."""
        t = self.tracks
        here = np.column_stack((t.east_m, t.north_m, t.up_m))
        there = here + np.column_stack((t.v_east_mps, t.v_north_mps, t.v_up_mps))
        return enu_to_geodetic(self.frame, here), enu_to_geodetic(self.frame, there)

    @property
    def lat_deg(self) -> F64:
        """Return latitudes, shape (n,)."""
        return np.degrees(self._moved[0][:, 0])

    @property
    def lon_deg(self) -> F64:
        """Return longitudes, shape (n,)."""
        return np.degrees(self._moved[0][:, 1])

    @cached_property
    def motion(self) -> tuple[F64, F64, F64]:
        """Return horizontal speed (m/s), course (deg from true north), climb (m/s), shape (n,)."""
        here, there = self._moved
        turn = there - here
        # along the meridian the ellipsoid is curved otherwise than across it
        bent = (1.0 - ECCENTRICITY_SQ) / (1.0 - ECCENTRICITY_SQ * np.sin(here[:, 0]) ** 2)
        east = turn[:, 1] * np.cos(here[:, 0])
        course = np.degrees(np.arctan2(east, turn[:, 0] * bent)) % 360.0
        level = np.sqrt(
            np.maximum(
                self.tracks.v_east_mps**2
                + self.tracks.v_north_mps**2
                + self.tracks.v_up_mps**2
                - turn[:, 2] ** 2,
                0.0,
            )
        )
        return level, course, turn[:, 2]

    @cached_property
    def row(self) -> dict[int, int]:
        """Return the row of each track."""
        return {track: row for row, track in enumerate(self.tracks.track.tolist())}

    @cached_property
    def block(self) -> bytes:
        """Return the picture as it goes over the wire."""
        t = self.tracks
        speed, course, climb = self.motion
        rank, place = self._worst()
        return encode(
            self.time_s,
            {
                "track": t.track,
                "lat": self.lat_deg,
                "lon": self.lon_deg,
                "height_m": t.height_m,
                "agl_m": t.height_agl_m,
                "speed": speed,
                "course": course,
                "climb": climb,
                "rank": rank,
                "place": place,
                "identity": t.identity,
                "object_class": t.object_class,
                "status": t.status,
                "existence": t.existence,
                "age": np.maximum(self.time_s - t.updated_s, 0.0),
            },
        )

    def _worst(self) -> tuple[Any, Any]:
        """Return rank and place of each track's worst threat, 0 and -1 where there is none."""
        rank = np.zeros(len(self.tracks), np.int64)
        place = np.full(len(self.tracks), -1, np.int64)
        for k in np.argsort(-self.threats.rank, kind="stable").tolist():
            row = self.row.get(int(self.threats.track[k]))
            if row is not None:
                rank[row], place[row] = self.threats.rank[k], self.threats.place[k]
        return rank, place


class Pictures:
    """The kept pictures, in order of time, within a bound of memory.

    Parameters
    ----------
    station : Station
        Frame of reference.
    rows_max : int
        Rows of tracks that are kept; beyond it every second picture of the older half goes.
    """

    def __init__(self, station: Station, rows_max: int = 600_000) -> None:
        lat, lon = math.radians(station.lat_deg), math.radians(station.lon_deg)
        self.frame = station_frame(lat, lon, station.height_m)
        self._rows_max = rows_max
        self._rows = 0
        self._kept: list[Picture] = []

    def __len__(self) -> int:
        """Return how many pictures are kept."""
        return len(self._kept)

    def picture(self, time_s: float, tracks: Tracks, threats: Threats) -> Picture:
        """Return tables as a picture of this station."""
        return Picture(time_s, tracks, threats, self.frame)

    def keep(self, picture: Picture) -> None:
        """Keep a picture; it must not be older than the last one."""
        if self._kept and picture.time_s <= self._kept[-1].time_s:
            return
        self._kept.append(picture)
        self._rows += len(picture.tracks)
        if self._rows > self._rows_max:
            self._thin()

    def before(self, time_s: float) -> int:
        """Return the index of the last picture at or before a time, -1 for none."""
        return bisect_right(self._kept, time_s, key=_time) - 1

    def __getitem__(self, index: int) -> Picture:
        """Return a kept picture."""
        return self._kept[index]

    def at(self, time_s: float) -> Picture:
        """Return the picture at a time: one that was kept, or one drawn between two of them."""
        index = self.before(time_s)
        if index < 0:
            return self.picture(time_s, Tracks.empty(), Threats.empty())
        kept = self._kept[index]
        if time_s - kept.time_s < 1e-3:
            return kept
        after = self._kept[index + 1] if index + 1 < len(self._kept) else None
        return _between(kept, after, time_s)

    def history(self, track: int, time_s: float, span_s: float) -> list[list[float]]:
        """Return where a track was: UTC seconds, latitude, longitude, height, oldest first."""
        past: list[list[float]] = []
        for index in range(self.before(time_s - span_s) + 1, self.before(time_s) + 1):
            one = self._kept[index]
            row = one.row.get(track)
            if row is not None:
                lat, lon = float(one.lat_deg[row]), float(one.lon_deg[row])
                past.append([one.time_s, lat, lon, float(one.tracks.height_m[row])])
        return past

    def _thin(self) -> None:
        half = len(self._kept) // 2
        self._kept = self._kept[:half:2] + self._kept[half:]
        self._rows = sum(len(one.tracks) for one in self._kept)


def _time(picture: Picture) -> float:
    return picture.time_s


def _between(kept: Picture, after: Picture | None, time_s: float) -> Picture:
    """Return a picture between two kept ones: straight lines, flown on where one is missing."""
    tracks, ahead_s = kept.tracks, time_s - kept.time_s
    here = np.column_stack((tracks.east_m, tracks.north_m, tracks.up_m))
    velocity = np.column_stack((tracks.v_east_mps, tracks.v_north_mps, tracks.v_up_mps))
    moved = here + velocity * min(ahead_s, JOINED_S)
    height = tracks.height_m.copy()
    if after is not None and after.time_s - kept.time_s <= JOINED_S:
        share = ahead_s / (after.time_s - kept.time_s)
        both = [(r, after.row[t]) for t, r in kept.row.items() if t in after.row]
        if both:
            old, new = np.array(both).T
            t = after.tracks
            to = np.column_stack((t.east_m, t.north_m, t.up_m))[new]
            moved[old] = here[old] + share * (to - here[old])
            height[old] += share * (t.height_m[new] - height[old])
    drawn = replace(
        tracks, east_m=moved[:, 0], north_m=moved[:, 1], up_m=moved[:, 2], height_m=height
    )
    return replace(kept, time_s=time_s, tracks=drawn)
