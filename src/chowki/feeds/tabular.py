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
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from chowki.core.errors import FeedError
from chowki.core.messages import Event
from chowki.core.places import Sensor
from chowki.core.table import F64, I64
from chowki.feeds.columns import read_columns
from chowki.feeds.plot_table import (
    OPTIONAL,
    Layout,
    PlotTable,
    layouts_of,
    scan_of,
    unknown_sensor,
)
from chowki.feeds.source import FileFeed, FirstFix, Placed, stand_at


class Plots(FileFeed):
    """A table of plots; see the module for its columns.

    Stated figures of a sensor that the scenario does not describe, illustrative: 30 m per axis for
    positions (or the median of ``sigma_m``), detection probability 0.9, 0.1 false plots a look.
    """

    kind: ClassVar[str] = "plots"

    _table: PlotTable | None = None

    def _read(self) -> PlotTable:
        if self._table is None:
            columns = read_columns(self)
            table = PlotTable.of(columns, self._layout_of(list(columns)))
            self._usable = self._usable_rows(table)
            self._table = table
        return self._table

    def _layout_of(self, header: list[str]) -> Layout:
        fits = layouts_of(header)
        if "time_s" not in header or len(fits) != 1:
            shown = ", ".join(header)[:200]
            layouts = "; or ".join(", ".join(layout.value) for layout in Layout)
            raise self.fault(
                "header",
                f"columns {shown or 'none'}",
                f"allowed: time_s, and exactly one of: {layouts}; may follow: "
                + ", ".join(OPTIONAL),
            )
        unknown = set(header) - {"time_s", *fits[0].value, *OPTIONAL}
        for name in sorted(unknown):
            self.noted[f"column not used: {name[:40]}"] += 1
        return fits[0]

    def _usable_rows(self, table: PlotTable) -> I64:
        """Return the rows that can be used, by time of receipt; count the others."""
        good = np.ones(len(table.time_s), np.bool_)
        for reason, rows in table.faults():
            self._count(reason, int(rows.sum()))
            good &= ~rows
        usable = np.flatnonzero(good)
        if not len(usable):
            raise self.fault(
                "whole file",
                f"no usable row ({self.left_out()})",
                "give rows with time and place",
            )
        received_s = table.received_s[usable]
        backward = int((np.diff(received_s) < 0.0).sum())
        if backward:
            self.noted["out of time order, sorted"] += backward
        return usable[np.argsort(received_s, kind="stable")]

    def _count(self, reason: str, rows: int) -> None:
        if rows:
            self.skipped[reason] += rows

    def first_fix(self) -> FirstFix:
        """Return the first position; NaN in the layouts that only a scenario can place."""
        table = self._read()
        row = int(self._usable[0])
        time_s = float(table.received_s[row])
        if table.layout is not Layout.GEODETIC:
            return FirstFix(math.nan, math.nan, 0.0, time_s)
        lat, lon = table.cells["lat"][row], table.cells["lon"][row]
        return FirstFix(float(lat), float(lon), 0.0, time_s)

    def _adrift(self) -> FeedError:
        return self.fault(
            "header",
            f"positions as {', '.join(self._read().layout.value)}",
            "give a scenario: it says where the station and its sensors stand",
        )

    def _stand(self, placed: Placed) -> tuple[Sensor, ...]:
        table = self._read()
        names = list(dict.fromkeys(np.array(table.names)[self._usable].tolist()))
        return tuple(
            self._sensor(table, name, self.first_sensor_number + i, placed)
            for i, name in enumerate(names)
        )

    def _sensor(self, table: PlotTable, name: str, number: int, placed: Placed) -> Sensor:
        known = placed.known.get(name)
        if table.layout is Layout.POLAR:
            if known is None:
                raise self.fault(
                    f"sensor '{name}'",
                    "its position is not known",
                    f"give a scenario with a sensor named '{name}'",
                )
            return table.polar_sensor(known, number)
        if known is not None:
            return table.position_sensor(replace(known, number=number), self._usable)
        mine = np.array(table.names)[self._usable] == name
        period_s = _period(table.received_s[self._usable][mine])
        sensor = unknown_sensor(name, number, period_s, *self._stand_at_fix(table, placed))
        return table.position_sensor(sensor, self._usable)

    def _stand_at_fix(self, table: PlotTable, placed: Placed) -> tuple[F64, F64]:
        if table.layout is Layout.STATION:
            return np.zeros(3), np.eye(3)
        fix = self.first_fix()
        return stand_at(placed, fix.lat_deg, fix.lon_deg, 0.0)

    def events(self) -> Iterator[Event]:
        """Yield one scan for each look of each sensor, by time of receipt."""
        table, rows = self._read(), self._usable
        detections = table.detections(rows, self.placed().frame)
        received_s, names = table.received_s[rows], np.array(table.names)[rows]
        looks = self._looks(table, rows, received_s, names)
        by_name = {sensor.name: sensor for sensor in self.sensors}
        _, first, group = np.unique(looks, return_index=True, return_inverse=True, axis=0)
        members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
        ends = np.array([received_s[rows_].max() for rows_ in members])
        numbers = dict.fromkeys(by_name, 0)
        for index in np.argsort(ends, kind="stable"):
            sensor = by_name[str(names[first[index]])]
            numbers[sensor.name] += 1
            yield scan_of(
                sensor, numbers[sensor.name], float(ends[index]), detections.take(members[index])
            )

    def _looks(self, table: PlotTable, rows: I64, received_s: F64, names: Any) -> F64:
        """Return (n, 2): which sensor and which of its looks each row belongs to."""
        index = {sensor.name: i for i, sensor in enumerate(self.sensors)}
        which = np.array([index[str(name)] for name in names], np.float64)
        if "look" in table.cells:
            return np.stack([which, np.nan_to_num(table.cells["look"][rows], nan=-1.0)], axis=1)
        period = np.array([sensor.period_s for sensor in self.sensors])[which.astype(int)]
        return np.stack([which, np.floor((received_s - received_s[0]) / period + 1e-9)], axis=1)


def _period(received_s: F64) -> float:
    """Return the usual time between looks: the median gap of distinct times, 1 s at least."""
    gaps = np.diff(np.unique(received_s))
    return max(float(np.median(gaps)), 1.0) if len(gaps) else 1.0
