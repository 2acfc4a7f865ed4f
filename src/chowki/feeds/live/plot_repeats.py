"""Whether a plot shows a target that the same look has shown already."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from chowki.feeds.live.plot_rows import PlotRow
from chowki.feeds.plot_table import Layout
from chowki.feeds.reports import number
from chowki.kernels.geodesy import MEAN_RADIUS_M

AGAIN_S = 0.1  # what comes sooner is another target of the same look
FASTEST_MPS = 300.0
SIGMAS, USUAL_SIGMA_M = 3.0, 30.0
CELL_M = 500.0


class _Seen(NamedTuple):
    time_s: float
    east_m: float
    north_m: float
    sigma_m: float


class Repeats:
    """Remembers where a look has shown targets: the first one in each cell of 500 m.

    A plot 0.1 s or more after another one, within what 300 m/s and three standard deviations of
    both explain, shows the same target again. Two targets may be taken for one: that makes one
    look more, and costs no plot.
    """

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], _Seen] = {}

    def shows_again(self, row: PlotRow) -> bool:
        """Return whether a row shows a target again; it is remembered."""
        seen = _seen(row)
        if not (math.isfinite(seen.east_m) and math.isfinite(seen.north_m)):
            return False
        east, north = math.floor(seen.east_m / CELL_M), math.floor(seen.north_m / CELL_M)
        again = any(_same(before, seen) for before in self._around(east, north))
        self._cells.setdefault((east, north), seen)
        return again

    def _around(self, east: int, north: int) -> Iterator[_Seen]:
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                seen = self._cells.get((east + i, north + j))
                if seen is not None:
                    yield seen


def _same(before: _Seen, now: _Seen) -> bool:
    apart_s = now.time_s - before.time_s
    reach_m = FASTEST_MPS * apart_s + SIGMAS * math.hypot(before.sigma_m, now.sigma_m)
    apart_m = math.hypot(now.east_m - before.east_m, now.north_m - before.north_m)
    return apart_s >= AGAIN_S and apart_m <= min(reach_m, CELL_M)


def _seen(row: PlotRow) -> _Seen:
    """Return where a row lies on a flat map of its own; NaN where it says nonsense."""
    a, b = (_figure(row, name) for name in _NAMES[row.layout or Layout.STATION])
    sigma_m = _figure(row, "sigma_m")
    if row.layout is Layout.GEODETIC:
        north_m = MEAN_RADIUS_M * math.radians(a)
        east_m = MEAN_RADIUS_M * math.radians(b) * math.cos(math.radians(a))
    elif row.layout is Layout.POLAR:
        azimuth = math.radians(b)
        east_m, north_m = a * math.sin(azimuth), a * math.cos(azimuth)
    else:
        east_m, north_m = a, b
    return _Seen(row.time_s, east_m, north_m, sigma_m if sigma_m > 0.0 else USUAL_SIGMA_M)


_NAMES = {
    Layout.GEODETIC: ("lat", "lon"),
    Layout.STATION: ("x_m", "y_m"),
    Layout.POLAR: ("range_m", "azimuth_deg"),
}


def _figure(row: PlotRow, name: str) -> float:
    return number(str(row.cells.get(name, ""))[:40])
