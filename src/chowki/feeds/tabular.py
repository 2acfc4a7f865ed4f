"""Plots in a table: CSV or Parquet with named columns, the door for one's own data.

Columns
-------
``time_s``
    UTC seconds of the measurement; needed.
position, one of three layouts; needed
    ``lat``, ``lon``, ``height_m``: WGS 84 degrees, metres above the ellipsoid;
    ``x_m``, ``y_m``, ``z_m``: east, north, up of the scenario's station;
    ``range_m``, ``azimuth_deg`` and, if measured, ``elevation_deg``, ``range_rate_mps``: from the
    sensor named in ``sensor``, which the scenario must place.
``sensor``
    Name of the sensor; "plots" where absent.
``look``
    Number of the look; without it a look is what a sensor says within its period.
``received_s``
    UTC seconds of receipt; ``time_s`` where absent.
``v_east_mps``, ``v_north_mps``, ``v_up_mps``
    Velocity at the plot (``lat``/``lon``) or in the station frame (``x_m``).
``sigma_m``, ``snr_db``, ``rcs_dbsm``, ``address`` (hexadecimal), ``callsign``, ``squawk``
    As in ``core.records.Detections``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chowki.core.errors import FeedError
from chowki.core.messages import Event, Scan
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import AddressKind, Detections
from chowki.core.table import F64, I64
from chowki.feeds.columns import floats, read_columns, texts
from chowki.feeds.reports import (
    FASTEST_MPS,
    HIGHEST_M,
    LOWEST_M,
    ascii_name,
    icao_address,
    squawk_of,
    turned_velocity,
)
from chowki.feeds.source import LATEST_S, FileFeed, FirstFix, Placed, stand_at
from chowki.kernels.geodesy import geodetic_to_enu

FARTHEST_M = 2_000_000.0
_TEXTS = ("sensor", "address", "callsign", "squawk")
_VELOCITY = ("v_east_mps", "v_north_mps", "v_up_mps")


class Layout(Enum):
    """How a plots file says where: the columns that it needs besides ``time_s``."""

    GEODETIC = ("lat", "lon", "height_m")
    STATION = ("x_m", "y_m", "z_m")
    POLAR = ("sensor", "range_m", "azimuth_deg")


_OPTIONAL = (
    "elevation_deg",
    "range_rate_mps",
    "sensor",
    "look",
    "received_s",
    *_VELOCITY,
    "sigma_m",
    "snr_db",
    "rcs_dbsm",
    "address",
    "callsign",
    "squawk",
)


class Plots(FileFeed):
    """A table of plots; see the module for its columns.

    Stated figures of a sensor that the scenario does not describe, illustrative: 30 m per axis for
    positions (or the median of ``sigma_m``), detection probability 0.9, 0.1 false plots a look.
    """

    kind: ClassVar[str] = "plots"

    _cells: dict[str, Sequence[Any]] | None = None

    def _read(self) -> dict[str, Sequence[Any]]:
        if self._cells is None:
            cells: dict[str, Any] = {
                name: texts(values) if name in _TEXTS else floats(values)
                for name, values in read_columns(self).items()
            }
            self._layout = self._layout_of(list(cells))
            self._usable = self._usable_rows(cells)
            self._cells = cells
        return self._cells

    def _layout_of(self, header: list[str]) -> Layout:
        fits = [layout for layout in Layout if set(layout.value) <= set(header)]
        if "time_s" not in header or len(fits) != 1:
            shown = ", ".join(header)[:200]
            layouts = "; or ".join(", ".join(layout.value) for layout in Layout)
            raise self.fault(
                "header",
                f"columns {shown or 'none'}",
                f"allowed: time_s, and exactly one of: {layouts}; may follow: "
                + ", ".join(_OPTIONAL),
            )
        unknown = set(header) - {"time_s", *fits[0].value, *_OPTIONAL}
        for name in sorted(unknown):
            self.noted[f"column not used: {name[:40]}"] += 1
        return fits[0]

    def _usable_rows(self, cells: dict[str, Sequence[Any]]) -> NDArray[np.int64]:
        """Return the rows that can be used, by time of receipt; count the others."""
        time_s, received_s = floats(cells["time_s"]), _received(cells)
        bad_time = ~((time_s >= 0.0) & (time_s <= LATEST_S) & (received_s <= LATEST_S))
        bad_place = ~_inside(cells, self._layout) & ~bad_time
        again = _repeats(cells, self._layout, time_s) & ~bad_time & ~bad_place
        for reason, rows in (
            ("time not a number or out of range", bad_time),
            ("position not a number or out of range", bad_place),
            ("duplicate row", again),
        ):
            self._count(reason, int(rows.sum()))
        good = np.flatnonzero(~(bad_time | bad_place | again))
        if not len(good):
            raise self.fault(
                "whole file",
                f"no usable row ({self.left_out()})",
                "give rows with time and place",
            )
        backward = int((np.diff(received_s[good]) < 0.0).sum())
        if backward:
            self.noted["out of time order, sorted"] += backward
        return good[np.argsort(received_s[good], kind="stable")]

    def _count(self, reason: str, rows: int) -> None:
        if rows:
            self.skipped[reason] += rows

    def first_fix(self) -> FirstFix:
        """Return the first position; NaN in the layouts that only a scenario can place."""
        cells = self._read()
        row = int(self._usable[0])
        time_s = float(_received(cells)[row])
        if self._layout is not Layout.GEODETIC:
            return FirstFix(math.nan, math.nan, 0.0, time_s)
        lat, lon = floats(cells["lat"])[row], floats(cells["lon"])[row]
        return FirstFix(float(lat), float(lon), 0.0, time_s)

    def _adrift(self) -> FeedError:
        self._read()
        return self.fault(
            "header",
            f"positions as {', '.join(self._layout.value)}",
            "give a scenario: it says where the station and its sensors stand",
        )

    def _stand(self, placed: Placed) -> tuple[Sensor, ...]:
        cells = self._read()
        names = list(dict.fromkeys(np.array(_names(cells))[self._usable].tolist()))
        return tuple(
            self._sensor(name, self.first_sensor_number + i, placed) for i, name in enumerate(names)
        )

    def _sensor(self, name: str, number: int, placed: Placed) -> Sensor:
        known = placed.known.get(name)
        if self._layout is Layout.POLAR:
            if known is None:
                raise self.fault(
                    f"sensor '{name}'",
                    "its position is not known",
                    f"give a scenario with a sensor named '{name}'",
                )
            return self._polar_sensor(known, number)
        return self._position_sensor(name, number, placed, known)

    def _polar_sensor(self, known: Sensor, number: int) -> Sensor:
        measures = Measures.RANGE | Measures.AZIMUTH
        cells = self._read()
        for column, bit in (
            ("elevation_deg", Measures.ELEVATION),
            ("range_rate_mps", Measures.RANGE_RATE),
        ):
            if column in cells:
                measures |= bit
        return replace(
            known,
            number=number,
            measures=measures | _told(cells),
            sigma_range_m=_or(known.sigma_range_m, 50.0),
            sigma_azimuth_rad=_or(known.sigma_azimuth_rad, np.deg2rad(0.2)),
            sigma_elevation_rad=_or(known.sigma_elevation_rad, np.deg2rad(0.5)),
            sigma_range_rate_mps=_or(known.sigma_range_rate_mps, 1.0),
            cued=False,
        )

    def _position_sensor(
        self, name: str, number: int, placed: Placed, known: Sensor | None
    ) -> Sensor:
        cells, rows = self._read(), self._usable
        if self._layout is Layout.GEODETIC:
            fix = self.first_fix()
            position, axes = stand_at(placed, fix.lat_deg, fix.lon_deg, 0.0)
        else:
            position, axes = np.zeros(3), np.eye(3)
        sigma = floats(cells["sigma_m"])[rows] if "sigma_m" in cells else np.empty(0)
        mine = np.array(_names(cells))[rows] == name
        speed = Measures.VELOCITY if set(_VELOCITY) <= set(cells) else Measures.POSITION
        return Sensor(
            number=number,
            name=name,
            kind="plots",
            position_m=known.position_m if known else position,
            axes=known.axes if known else axes,
            measures=Measures.POSITION | speed | _told(cells),
            volume=Volume(0.0, 1_000_000.0),
            period_s=known.period_s if known else _period(_received(cells)[rows][mine]),
            detection_probability=0.9,
            clutter_per_look=0.1,
            sigma_position_m=_median(sigma, 30.0),
        )

    def events(self) -> Iterator[Event]:
        """Yield one scan for each look of each sensor, by time of receipt."""
        placed, cells, rows = self.placed(), self._read(), self._usable
        detections = self._detections(cells, rows, placed)
        received_s, names = _received(cells)[rows], np.array(_names(cells))[rows]
        looks = self._looks(cells, rows, received_s, names)
        by_name = {sensor.name: sensor for sensor in self.sensors}
        _, first, group = np.unique(looks, return_index=True, return_inverse=True, axis=0)
        members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
        ends = np.array([received_s[rows_].max() for rows_ in members])
        numbers = dict.fromkeys(by_name, 0)
        for index in np.argsort(ends, kind="stable"):
            sensor = by_name[str(names[first[index]])]
            numbers[sensor.name] += 1
            yield _scan(
                sensor, numbers[sensor.name], float(ends[index]), detections.take(members[index])
            )

    def _looks(self, cells: dict[str, Any], rows: I64, received_s: F64, names: Any) -> F64:
        """Return (n, 2): which sensor and which of its looks each row belongs to."""
        index = {sensor.name: i for i, sensor in enumerate(self.sensors)}
        which = np.array([index[str(name)] for name in names], np.float64)
        if "look" in cells:
            return np.stack([which, np.nan_to_num(floats(cells["look"])[rows], nan=-1.0)], axis=1)
        period = np.array([sensor.period_s for sensor in self.sensors])[which.astype(int)]
        return np.stack([which, np.floor((received_s - received_s[0]) / period + 1e-9)], axis=1)

    def _detections(self, cells: dict[str, Any], rows: I64, placed: Placed) -> Detections:
        columns: dict[str, Any] = {"time_s": floats(cells["time_s"])[rows]}
        columns |= self._place_columns(cells, rows, placed)
        for name in ("sigma_m", "snr_db", "rcs_dbsm"):
            if name in cells:
                columns[name] = floats(cells[name])[rows]
        if "address" in cells:
            address = np.array([icao_address(text) for text in texts(cells["address"])], np.int64)
            columns["address"] = address[rows]
            columns["address_kind"] = np.where(
                address[rows] >= 0, AddressKind.ICAO, AddressKind.NONE
            )
        if "callsign" in cells:
            columns["callsign"] = np.array([ascii_name(t) for t in texts(cells["callsign"])])[rows]
        if "squawk" in cells:
            squawks = [squawk_of(text) for text in texts(cells["squawk"])]
            columns["squawk"] = np.array(squawks, np.int64)[rows]
        return Detections.of(**columns)

    def _place_columns(self, cells: dict[str, Any], rows: I64, placed: Placed) -> dict[str, F64]:
        a, b, c = (
            floats(cells[name])[rows] if name != "sensor" else np.empty(0)
            for name in self._layout.value
        )
        if self._layout is Layout.POLAR:
            return _polar_columns(cells, rows)
        velocity = _velocity(cells, rows)
        if self._layout is Layout.GEODETIC:
            lat, lon = np.deg2rad(a), np.deg2rad(b)
            a, b, c = geodetic_to_enu(placed.frame, lat, lon, c).T
            velocity = turned_velocity(placed.frame, lat, lon, velocity)
        values = (a, b, c, *velocity.T)
        names = ("east_m", "north_m", "up_m", *_VELOCITY)
        return {n: np.ascontiguousarray(v) for n, v in zip(names, values, strict=True)}


def _received(cells: dict[str, Sequence[Any]]) -> F64:
    return floats(cells["received_s" if "received_s" in cells else "time_s"])


def _names(cells: dict[str, Sequence[Any]]) -> list[str]:
    if "sensor" in cells:
        return [name or "plots" for name in texts(cells["sensor"])]
    return ["plots"] * len(cells["time_s"])


def _inside(cells: dict[str, Sequence[Any]], layout: Layout) -> NDArray[np.bool_]:
    """Return which rows hold a position that can be on or over the earth; NaN never is."""
    column = {name: floats(cells[name]) for name in layout.value if name != "sensor"}
    if layout is Layout.GEODETIC:
        lat, lon, height = column.values()
        high = (height >= LOWEST_M) & (height <= HIGHEST_M)
        return (np.abs(lat) <= 90.0) & (np.abs(lon) <= 180.0) & high
    if layout is Layout.STATION:
        return np.all([np.abs(values) <= FARTHEST_M for values in column.values()], axis=0)
    far = (column["range_m"] > 0.0) & (column["range_m"] <= FARTHEST_M)
    inside = far & (np.abs(column["azimuth_deg"]) <= 360.0)
    if "elevation_deg" in cells:
        inside &= np.abs(floats(cells["elevation_deg"])) <= 90.0
    if "range_rate_mps" in cells:
        inside &= np.abs(floats(cells["range_rate_mps"])) <= FASTEST_MPS
    return inside


def _repeats(cells: dict[str, Sequence[Any]], layout: Layout, time_s: F64) -> NDArray[np.bool_]:
    """Return which rows repeat an earlier one: same sensor, time and position."""
    places = [floats(cells[name]) for name in layout.value if name != "sensor"]
    _, which = np.unique(np.array(_names(cells)), return_inverse=True)
    keys = np.stack([time_s, which.astype(np.float64), *places], axis=1)
    _, first = np.unique(keys, return_index=True, axis=0)
    repeats = np.ones(len(keys), np.bool_)
    repeats[first] = False
    return repeats


def _velocity(cells: dict[str, Sequence[Any]], rows: I64) -> F64:
    """Return velocities (n, 3), NaN in all three where one is missing or absurd."""
    if not set(_VELOCITY) <= set(cells):
        return np.full((len(rows), 3), np.nan)
    velocity = np.stack([floats(cells[name])[rows] for name in _VELOCITY], axis=1)
    usable = np.all(np.abs(velocity) <= FASTEST_MPS, axis=1)
    return np.where(usable[:, None], velocity, np.nan)


def _polar_columns(cells: dict[str, Sequence[Any]], rows: I64) -> dict[str, F64]:
    columns = {
        "range_m": floats(cells["range_m"])[rows],
        "azimuth_rad": np.deg2rad(floats(cells["azimuth_deg"])[rows]) % (2.0 * np.pi),
    }
    if "elevation_deg" in cells:
        columns["elevation_rad"] = np.deg2rad(floats(cells["elevation_deg"])[rows])
    if "range_rate_mps" in cells:
        columns["range_rate_mps"] = floats(cells["range_rate_mps"])[rows]
    return columns


def _told(cells: dict[str, Sequence[Any]]) -> Measures:
    return Measures.ADDRESS if "address" in cells else Measures(0)


def _or(value: float, otherwise: float) -> float:
    return value if np.isfinite(value) else otherwise


def _median(values: F64, otherwise: float) -> float:
    usable = values[np.isfinite(values) & (values > 0.0)]
    return float(np.median(usable)) if len(usable) else otherwise


def _period(received_s: F64) -> float:
    """Return the usual time between looks: the median gap of distinct times, 1 s at least."""
    gaps = np.diff(np.unique(received_s))
    return max(float(np.median(gaps)), 1.0) if len(gaps) else 1.0


def _scan(sensor: Sensor, look: int, end_s: float, detections: Detections) -> Scan:
    start_s = min(float(detections.time_s.min()), end_s)
    return Scan(end_s, sensor, look, start_s, end_s, sensor.volume, detections)
