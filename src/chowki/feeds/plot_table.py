"""Rows of plots by named columns: which can be used, where they lie, what their sensor measures.

The columns are those of ``feeds.tabular``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import AddressKind, Detections
from chowki.core.table import F64, I64
from chowki.feeds.columns import floats, texts
from chowki.feeds.reports import (
    FASTEST_MPS,
    HIGHEST_M,
    LOWEST_M,
    ascii_name,
    icao_address,
    squawk_of,
    turned_velocity,
)
from chowki.feeds.source import LATEST_S
from chowki.kernels.geodesy import geodetic_to_enu

FARTHEST_M = 2_000_000.0
UNNAMED = "plots"
TEXTS = ("sensor", "address", "callsign", "squawk")
VELOCITY = ("v_east_mps", "v_north_mps", "v_up_mps")
OPTIONAL = (
    "elevation_deg",
    "range_rate_mps",
    "sensor",
    "look",
    "received_s",
    *VELOCITY,
    "sigma_m",
    "snr_db",
    "rcs_dbsm",
    "address",
    "callsign",
    "squawk",
)


class Layout(Enum):
    """How plots say where: the columns that they need besides ``time_s``."""

    GEODETIC = ("lat", "lon", "height_m")
    STATION = ("x_m", "y_m", "z_m")
    POLAR = ("sensor", "range_m", "azimuth_deg")


def layouts_of(names: Sequence[str]) -> list[Layout]:
    """Return the layouts whose columns are all there."""
    return [layout for layout in Layout if set(layout.value) <= set(names)]


@dataclass(frozen=True, slots=True)
class PlotTable:
    """Columns of plots, equally long, in one layout.

    Attributes
    ----------
    cells : dict
        Columns by name: texts for names, float64 (NaN where nothing stands) for the rest.
    layout : Layout
        How they say where.
    """

    cells: dict[str, Any]
    layout: Layout

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[Any]], layout: Layout) -> PlotTable:
        """Return the table of raw columns: numbers, or texts that hold some."""
        cells: dict[str, Any] = {
            name: texts(values) if name in TEXTS else floats(values)
            for name, values in columns.items()
        }
        return cls(cells, layout)

    @property
    def time_s(self) -> F64:
        """Return the time of measurement of each row."""
        return self.cells["time_s"]

    @property
    def received_s(self) -> F64:
        """Return the time of receipt of each row."""
        return self.cells["received_s" if "received_s" in self.cells else "time_s"]

    @property
    def names(self) -> list[str]:
        """Return the name of each row's sensor."""
        if "sensor" in self.cells:
            return [name or UNNAMED for name in self.cells["sensor"]]
        return [UNNAMED] * len(self.time_s)

    def faults(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield why rows can't be used, and which; a row has one reason at most."""
        time_s = self.time_s
        bad_time = ~((time_s >= 0.0) & (time_s <= LATEST_S) & (self.received_s <= LATEST_S))
        bad_place = ~self._inside() & ~bad_time
        yield "time not a number or out of range", bad_time
        yield "position not a number or out of range", bad_place
        yield "duplicate row", self._repeats() & ~bad_time & ~bad_place

    def detections(self, rows: I64, frame: F64) -> Detections:
        """Return some rows as detections in a station's frame (4, 3)."""
        cells = self.cells
        columns: dict[str, Any] = {"time_s": self.time_s[rows]}
        columns |= self._place_columns(rows, frame)
        for name in ("sigma_m", "snr_db", "rcs_dbsm"):
            if name in cells:
                columns[name] = cells[name][rows]
        if "address" in cells:
            address = np.array([icao_address(text) for text in cells["address"]], np.int64)
            columns["address"] = address[rows]
            columns["address_kind"] = np.where(
                address[rows] >= 0, AddressKind.ICAO, AddressKind.NONE
            )
        if "callsign" in cells:
            columns["callsign"] = np.array([ascii_name(t) for t in cells["callsign"]])[rows]
        if "squawk" in cells:
            squawks = [squawk_of(text) for text in cells["squawk"]]
            columns["squawk"] = np.array(squawks, np.int64)[rows]
        return Detections.of(**columns)

    def polar_sensor(self, known: Sensor, number: int) -> Sensor:
        """Return the sensor of polar plots: one of the scenario, as these plots show it."""
        measures = Measures.RANGE | Measures.AZIMUTH
        for column, bit in (
            ("elevation_deg", Measures.ELEVATION),
            ("range_rate_mps", Measures.RANGE_RATE),
        ):
            if column in self.cells:
                measures |= bit
        return replace(
            known,
            number=number,
            measures=measures | self._told(),
            sigma_range_m=_or(known.sigma_range_m, 50.0),
            sigma_azimuth_rad=_or(known.sigma_azimuth_rad, np.deg2rad(0.2)),
            sigma_elevation_rad=_or(known.sigma_elevation_rad, np.deg2rad(0.5)),
            sigma_range_rate_mps=_or(known.sigma_range_rate_mps, 1.0),
            cued=False,
        )

    def position_sensor(self, stated: Sensor, rows: I64) -> Sensor:
        """Return the sensor of plots that are positions, as these plots show it.

        Parameters
        ----------
        stated : Sensor
            One of the scenario, or ``unknown_sensor``, by its own number.
        rows : I64
            Rows that can be used, of any sensor: their median error is taken.
        """
        sigma = self.cells["sigma_m"][rows] if "sigma_m" in self.cells else np.empty(0)
        speed = Measures.VELOCITY if set(VELOCITY) <= set(self.cells) else Measures.POSITION
        return replace(
            stated,
            kind="plots",
            measures=Measures.POSITION | speed | self._told(),
            sigma_position_m=_median(sigma, 30.0),
            cued=False,
        )

    def _told(self) -> Measures:
        return Measures.ADDRESS if "address" in self.cells else Measures(0)

    def _inside(self) -> NDArray[np.bool_]:
        """Return which rows hold a position that can be on or over the earth; NaN never is."""
        cells = self.cells
        column = {name: cells[name] for name in self.layout.value if name != "sensor"}
        if self.layout is Layout.GEODETIC:
            lat, lon, height = column.values()
            high = (height >= LOWEST_M) & (height <= HIGHEST_M)
            return (np.abs(lat) <= 90.0) & (np.abs(lon) <= 180.0) & high
        if self.layout is Layout.STATION:
            return np.all([np.abs(values) <= FARTHEST_M for values in column.values()], axis=0)
        far = (column["range_m"] > 0.0) & (column["range_m"] <= FARTHEST_M)
        inside = far & (np.abs(column["azimuth_deg"]) <= 360.0)
        if "elevation_deg" in cells:
            inside &= np.abs(cells["elevation_deg"]) <= 90.0
        if "range_rate_mps" in cells:
            inside &= np.abs(cells["range_rate_mps"]) <= FASTEST_MPS
        return inside

    def _repeats(self) -> NDArray[np.bool_]:
        """Return which rows repeat an earlier one: same sensor, time and position."""
        places = [self.cells[name] for name in self.layout.value if name != "sensor"]
        _, which = np.unique(np.array(self.names), return_inverse=True)
        keys = np.stack([self.time_s, which.astype(np.float64), *places], axis=1)
        _, first = np.unique(keys, return_index=True, axis=0)
        repeats = np.ones(len(keys), np.bool_)
        repeats[first] = False
        return repeats

    def _place_columns(self, rows: I64, frame: F64) -> dict[str, F64]:
        if self.layout is Layout.POLAR:
            return self._polar_columns(rows)
        a, b, c = (self.cells[name][rows] for name in self.layout.value)
        velocity = self._velocity(rows)
        if self.layout is Layout.GEODETIC:
            lat, lon = np.deg2rad(a), np.deg2rad(b)
            a, b, c = geodetic_to_enu(frame, lat, lon, c).T
            velocity = turned_velocity(frame, lat, lon, velocity)
        values = (a, b, c, *velocity.T)
        names = ("east_m", "north_m", "up_m", *VELOCITY)
        return {n: np.ascontiguousarray(v) for n, v in zip(names, values, strict=True)}

    def _polar_columns(self, rows: I64) -> dict[str, F64]:
        cells = self.cells
        columns = {
            "range_m": cells["range_m"][rows],
            "azimuth_rad": np.deg2rad(cells["azimuth_deg"][rows]) % (2.0 * np.pi),
        }
        if "elevation_deg" in cells:
            columns["elevation_rad"] = np.deg2rad(cells["elevation_deg"][rows])
        if "range_rate_mps" in cells:
            columns["range_rate_mps"] = cells["range_rate_mps"][rows]
        return columns

    def _velocity(self, rows: I64) -> F64:
        """Return velocities (n, 3), NaN in all three where one is missing or absurd."""
        if not set(VELOCITY) <= set(self.cells):
            return np.full((len(rows), 3), np.nan)
        velocity = np.stack([self.cells[name][rows] for name in VELOCITY], axis=1)
        usable = np.all(np.abs(velocity) <= FASTEST_MPS, axis=1)
        return np.where(usable[:, None], velocity, np.nan)


def unknown_sensor(name: str, number: int, period_s: float, position_m: F64, axes: F64) -> Sensor:
    """Return the sensor of plots that no scenario describes, at a place (3,) with axes (3, 3)."""
    return Sensor(
        number=number,
        name=name,
        kind="plots",
        position_m=position_m,
        axes=axes,
        measures=Measures.POSITION,
        volume=Volume(0.0, 1_000_000.0),
        period_s=period_s,
        detection_probability=0.9,
        clutter_per_look=0.1,
    )


def scan_of(sensor: Sensor, look: int, end_s: float, detections: Detections) -> Scan:
    """Return the scan of some plots, received at a time (UTC s); one plot at least."""
    start_s = min(float(detections.time_s.min()), end_s)
    return Scan(end_s, sensor, look, start_s, end_s, sensor.volume, detections)


def _or(value: float, otherwise: float) -> float:
    return value if np.isfinite(value) else otherwise


def _median(values: F64, otherwise: float) -> float:
    usable = values[np.isfinite(values) & (values > 0.0)]
    return float(np.median(usable)) if len(usable) else otherwise
