"""What every file feed shares: one door, counted skips, errors that say what would help."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from chowki.core.errors import FeedError
from chowki.core.messages import Event
from chowki.core.places import Sensor, Theatre
from chowki.core.records import Tasks
from chowki.core.table import F64
from chowki.kernels.geodesy import axes_at, geodetic_to_enu, station_frame

EARLIEST_S = 86_400.0  # a clock that reads the first day of 1970 was never set
LATEST_S = 4_102_444_800.0  # 2100-01-01
LARGEST_FILE = 4 << 30


@dataclass(frozen=True, slots=True)
class FirstFix:
    """First position of a feed: the origin when no scenario gives one.

    Attributes
    ----------
    lat_deg, lon_deg : float
        WGS 84; NaN when the feed only knows positions relative to something a scenario must place.
    height_m : float
        Above the ellipsoid.
    time_s : float
        UTC seconds of receipt of the feed's first record.
    """

    lat_deg: float
    lon_deg: float
    height_m: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a feed stands: the station's frame and what the scenario says about sensors.

    Attributes
    ----------
    frame : F64
        Shape (4, 3), see ``kernels.geodesy.station_frame``.
    known : dict of str to Sensor
        Sensors of the scenario, by name.
    """

    frame: F64
    known: dict[str, Sensor]


class FileFeed(ABC):
    """A recorded feed read from a file; a base for the kinds in this room.

    Parameters
    ----------
    path : Path
        File (or folder, where the kind says so).
    first_sensor_number : int
        Number of this feed's first sensor at the station.

    Attributes
    ----------
    skipped : Counter of str
        Records left out, by reason.
    noted : Counter of str
        Records that were kept but needed care, by reason.
    """

    kind: ClassVar[str]

    def __init__(self, path: Path, first_sensor_number: int = 0) -> None:
        self.path = Path(path)
        self.first_sensor_number = first_sensor_number
        self.skipped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self._placed: Placed | None = None

    @abstractmethod
    def first_fix(self) -> FirstFix:
        """Return the first position and time of the feed.

        Raises
        ------
        FeedError
            If the file can't be read.
        """

    @abstractmethod
    def _stand(self, placed: Placed) -> tuple[Sensor, ...]:
        """Return the feed's sensors in a frame of reference."""

    @abstractmethod
    def events(self) -> Iterator[Event]:
        """Yield scans and statuses, ordered by the time they were received.

        Raises
        ------
        FeedError
            If the file can't be used at all.
        """

    def place(self, theatre: Theatre) -> None:
        """Take the station's frame and the scenario's sensors; called once, before ``events``.

        Raises
        ------
        FeedError
            If the file can't be read, or needs a sensor position nobody gives.
        """
        station = theatre.station
        if math.isnan(station.lat_deg) or math.isnan(station.lon_deg):
            raise self._adrift()
        frame = station_frame(
            np.deg2rad(station.lat_deg), np.deg2rad(station.lon_deg), station.height_m
        )
        self._placed = Placed(frame, {sensor.name: sensor for sensor in theatre.sensors})
        self._sensors = self._stand(self._placed)

    def _adrift(self) -> FeedError:
        """Return the error of a feed that can't be placed on the earth without a scenario."""
        return self.fault("whole file", "it holds no position on the earth", "give a scenario")

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Return the sensors of this feed; known after ``place``."""
        self.placed()
        return self._sensors

    def placed(self) -> Placed:
        """Return where the feed stands.

        Raises
        ------
        RuntimeError
            If ``place`` was not called: a fault of the caller, not of the file.
        """
        if self._placed is None:
            raise RuntimeError("a feed is placed before it is read")
        return self._placed

    def heed(self, tasks: Tasks) -> None:  # noqa: B027 - a recording can't be steered
        """Ignore tasks: a recording can't be steered."""

    def fault(self, place: str, found: str, remedy: str) -> FeedError:
        """Return the error of this file: where, what was found, what would help."""
        return FeedError(f"{self.path}: {place}: {found}; {remedy}")

    def left_out(self) -> str:
        """Return what was skipped so far, in words."""
        return ", ".join(f"{n} {why}" for why, n in self.skipped.items()) or "the file is empty"

    def read_bytes(self, path: Path | None = None) -> bytes:
        """Return the content of the file.

        Raises
        ------
        FeedError
            If it is missing, a folder, larger than 4 GiB, or may not be read.
        """
        path = path or self.path
        try:
            size = path.stat().st_size
            if size > LARGEST_FILE:
                raise self.fault(path.name, f"{size} bytes", "split files larger than 4 GiB")
            return path.read_bytes()
        except FileNotFoundError:
            raise self.fault("file", "it does not exist", "check the path") from None
        except IsADirectoryError:
            raise self.fault("file", "it is a folder", "name a file in it") from None
        except OSError as error:
            raise self.fault("file", error.strerror or str(error), "check its rights") from None

    def read_text(self, path: Path | None = None) -> str:
        """Return the content as text; bytes that are not UTF-8 become replacement characters."""
        return self.read_bytes(path).decode("utf-8-sig", errors="replace")


def known_time(time_s: float) -> bool:
    """Return whether a time lies between 1970-01-02 and 2100, and so can be UTC seconds."""
    return EARLIEST_S <= time_s <= LATEST_S


def stand_at(placed: Placed, lat_deg: float, lon_deg: float, height_m: float) -> tuple[F64, F64]:
    """Return position (3,) and axes (3, 3) in the station frame of a geodetic place."""
    lat, lon = np.deg2rad(lat_deg), np.deg2rad(lon_deg)
    position = geodetic_to_enu(
        placed.frame, np.array([lat]), np.array([lon]), np.array([float(height_m)])
    )[0]
    return np.ascontiguousarray(position), axes_at(lat, lon) @ placed.frame[:3].T


def as_known(sensor: Sensor, placed: Placed) -> Sensor:
    """Return the sensor at the scenario's position, when the scenario has one of its name."""
    known = placed.known.get(sensor.name)
    if known is None:
        return sensor
    return replace(sensor, position_m=known.position_m, axes=known.axes)
