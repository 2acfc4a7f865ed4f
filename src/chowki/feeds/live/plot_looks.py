"""Rows of live plots gathered into looks, and their sensors as they turn up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from chowki.core.messages import Scan
from chowki.core.places import Sensor
from chowki.core.records import Detections
from chowki.feeds.live.plot_repeats import Repeats
from chowki.feeds.live.plot_rows import PlotRow
from chowki.feeds.live.reach import HEARD_A_SECOND, Reach
from chowki.feeds.live.source import Footing
from chowki.feeds.plot_table import Layout, PlotTable, scan_of, unknown_sensor
from chowki.feeds.reports import look_of

MOST_SENSORS = 100
PERIOD_S = 1.0  # of a sensor that the scenario does not describe and that numbers no looks
LONGEST_LOOK_S = 12.0  # of a sensor that numbers its looks and stops in one: five turns a minute


@dataclass(slots=True)
class _Look:
    """A look that is being heard."""

    number: int
    opened_s: float
    rows: list[PlotRow] = field(default_factory=list[PlotRow])
    repeats: Repeats = field(default_factory=Repeats)


class _Key(NamedTuple):
    sensor: str
    layout: Layout | None


class PlotLooks:
    """Gathers rows into looks.

    A look of a sensor that numbers them ends when a row of the next one comes, or after 12 s; the
    look of any other sensor after its period: the scenario's, else 1 s, or before, when a row shows
    a target again. The figures of a sensor are those of the first look that it gave.

    Parameters
    ----------
    skipped : Counter of str
        Gets one more, by reason, for each row that can't be used.
    """

    def __init__(self, skipped: Counter[str]) -> None:
        self._skipped = skipped
        self._footing: Footing | None = None
        self._sensors: dict[_Key, Sensor] = {}
        self._layouts: dict[str, Layout] = {}
        self._open: dict[_Key, _Look] = {}
        self._ended: list[tuple[_Key, _Look]] = []
        self._numbers: Counter[int] = Counter()
        self._reach: dict[int, Reach] = {}

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Return the sensors heard so far."""
        return tuple(self._sensors.values())

    def place(self, footing: Footing) -> None:
        """Take where the station and the scenario's sensors stand."""
        self._footing = footing

    def take(self, row: PlotRow) -> None:
        """Take a row into the look of its sensor."""
        layout = row.layout or self._layouts.get(row.sensor)
        if layout is None:
            self._skipped["look without plots of a sensor not heard before"] += 1
            return
        if row.sensor not in self._layouts and len(self._layouts) >= MOST_SENSORS:
            self._skipped[f"more than {MOST_SENSORS} sensors"] += 1
            return
        self._layouts[row.sensor] = layout
        key = _Key(row.sensor, layout)
        look = self._open.get(key)
        if look is not None and self._ends(look, row):
            self._ended.append((key, self._open.pop(key)))
            look = None
        if look is None:
            look = self._open[key] = _Look(row.look, row.received_s)
            look.repeats.shows_again(row)
        if row.layout is not None:
            look.rows.append(row)

    def _ends(self, look: _Look, row: PlotRow) -> bool:
        """Return whether a row begins another look of its sensor."""
        if look.number != row.look:
            return True
        numbered = row.look >= 0
        return not (numbered or self._known(row.sensor)) and look.repeats.shows_again(row)

    def _known(self, name: str) -> Sensor | None:
        return self._footing.placed.known.get(name) if self._footing else None

    def complete(self, end_s: float) -> Iterator[Scan]:
        """Yield the scans of looks that have ended by a time (UTC s); they are received then."""
        for key, look in list(self._open.items()):
            if end_s - look.opened_s >= self._length_s(key, look):
                self._ended.append((key, self._open.pop(key)))
        ended, self._ended = self._ended, []
        for key, look in ended:
            scan = self._scan(key, look, end_s)
            if scan is not None:
                yield scan

    def _length_s(self, key: _Key, look: _Look) -> float:
        """Return how long a look may take; rows may come half a second before the second ends."""
        if look.number >= 0:
            return LONGEST_LOOK_S
        known = self._known(key.sensor)
        period_s = known.period_s if known else PERIOD_S
        return max(period_s - 0.5, 0.0) if period_s > PERIOD_S else 0.0

    def _scan(self, key: _Key, look: _Look, end_s: float) -> Scan | None:
        if self._footing is None:
            return None
        table, usable = self._table(key, look.rows)
        sensor = self._sensors.get(key) or self._stand(key, table, usable, self._footing)
        if sensor is None:
            return None
        self._numbers[sensor.number] += 1
        count = self._numbers[sensor.number]
        found, make = Detections.empty(), look_of
        if len(usable):
            found, make = table.detections(usable, self._footing.placed.frame), scan_of
        scan, reach = make(sensor, count, end_s, found), self._reach.get(sensor.number)
        return scan if reach is None else replace(scan, volume=reach.volume(sensor, found))

    def _table(self, key: _Key, rows: list[PlotRow]) -> tuple[PlotTable, np.ndarray]:
        """Return the rows as a table, and which can be used; count the others."""
        assert key.layout is not None
        names = dict.fromkeys(name for row in rows for name in row.cells)
        columns = {name: [row.cells.get(name) for row in rows] for name in names}
        columns["time_s"] = [row.time_s for row in rows]
        columns["received_s"] = [row.received_s for row in rows]
        for name in key.layout.value:
            columns.setdefault(name, [])
        table = PlotTable.of(columns, key.layout)
        good = np.ones(len(rows), np.bool_)
        for reason, bad in table.faults() if rows else ():
            if bad.any():
                self._skipped[reason] += int(bad.sum())
            good &= ~bad
        return table, np.flatnonzero(good)

    def _stand(
        self, key: _Key, table: PlotTable, usable: np.ndarray, footing: Footing
    ) -> Sensor | None:
        """Return the sensor of a look, new here; None where nobody says where it stands."""
        if not len(usable):
            return None
        known = self._known(key.sensor)
        if key.layout is Layout.STATION and not footing.by_scenario:
            self._skipped["position relative to a station that no scenario places"] += len(usable)
            return None
        if key.layout is not Layout.POLAR:
            stated = known or unknown_sensor(key.sensor, 0, PERIOD_S, np.zeros(3), np.eye(3))
            number = footing.number()
            sensor = table.position_sensor(replace(stated, number=number), usable)
            if known is None:
                sensor = replace(sensor, detection_probability=HEARD_A_SECOND)
                self._reach[number] = Reach()
        elif known is not None:
            sensor = table.polar_sensor(known, footing.number())
        else:
            self._skipped["plot of a sensor that the scenario does not place"] += len(usable)
            return None
        self._sensors[key] = sensor
        return sensor
