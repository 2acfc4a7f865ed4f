"""Plots as a CSV file, and the scans that they fall into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chowki.core.csvfile import csv_fault, csv_header, csv_numbers, csv_table
from chowki.core.table import F64, I64

POSITION = ("x_m", "y_m", "z_m")
RADAR = ("range_m", "azimuth_deg", "elevation_deg", "range_rate_mps")
BEARING = ("azimuth_deg", "elevation_deg")
COLUMNS = {"position": POSITION, "radar": RADAR, "bearing": BEARING}
NEEDED = {"position": POSITION[:2], "radar": RADAR[:2], "bearing": BEARING[:1]}
SAME_TIME_S = 1e-3


@dataclass(frozen=True, slots=True)
class SensorPlots:
    """The plots of one sensor.

    Attributes
    ----------
    sensor : str
        Its id.
    row : I64
        Rows in the file, the first after the header is 0, shape (m,), by time.
    time_s : F64
        Shape (m,).
    values : F64
        Shape (m, k): columns by kind; NaN where nothing was measured.
    """

    sensor: str
    row: I64
    time_s: F64
    values: F64


@dataclass(frozen=True, slots=True)
class PlotScan:
    """One scan: when, whose, and which of the sensor's plots."""

    time_s: float
    plots: SensorPlots
    span: slice


def read_plots(path: Path, kinds: Mapping[str, str]) -> list[SensorPlots]:
    """Return the plots of a file, sensor by sensor.

    Parameters
    ----------
    path : Path
        CSV: ``time_s``, ``sensor`` where there are several, and what they measure: ``x_m``,
        ``y_m``, ``z_m``; ``range_m``, ``azimuth_deg``, ``elevation_deg``, ``range_rate_mps``.
    kinds : mapping
        Kind of each sensor ("position", "radar", "bearing") by its id.

    Raises
    ------
    FeedError
        If the file can't be read, a column is missing, a cell is no number, or a plot names a
        sensor that the configuration does not have.
    """
    header = csv_header(path)
    measured = [n for n in dict.fromkeys((*POSITION, *RADAR)) if n in header]
    _demand(path, header, kinds)
    named = "sensor" in header
    wanted = ["time_s", *measured, *(["sensor"] if named else [])]
    table = csv_table(path, header, wanted, ["time_s", *measured], gaps=True)
    time_s = csv_numbers(path, table, "time_s")
    columns = {name: csv_numbers(path, table, name, gaps=True) for name in measured}
    owner = _owners(path, table, kinds) if named else np.zeros(len(time_s), dtype=np.int64)
    order = np.argsort(time_s, kind="stable")
    parts = []
    for k, (sensor, kind) in enumerate(kinds.items()):
        row = order[owner[order] == k]
        values = np.stack(
            [columns[n][row] if n in columns else np.full(len(row), np.nan) for n in COLUMNS[kind]],
            axis=1,
        )
        _complete(path, row, values, kind)
        parts.append(SensorPlots(sensor, row, time_s[row], values))
    return parts


def scans_of(plots: list[SensorPlots], periods_s: list[float]) -> Iterator[PlotScan]:
    """Yield the scans of all sensors in order: every multiple of a period from the first plot on.

    A scan takes the plots since the one before, up to its own time. Scans go on to the last plot
    of any sensor, and to one more where plots of the sensor itself are left.

    Parameters
    ----------
    plots : list of SensorPlots
        By sensor.
    periods_s : list of float
        Seconds between the scans of each.
    """
    end_s = max((part.time_s[-1] for part in plots if len(part.time_s)), default=0.0)
    scans: list[tuple[float, int, slice]] = []
    for k, (part, period_s) in enumerate(zip(plots, periods_s, strict=True)):
        if not len(part.time_s):
            continue
        first_s = float(part.time_s[0])
        count = 1 + int((end_s - first_s + SAME_TIME_S) / period_s)
        if part.time_s[-1] > first_s + period_s * (count - 1) + SAME_TIME_S:
            count += 1
        at_s = first_s + period_s * np.arange(count)
        bounds = np.searchsorted(part.time_s, at_s + SAME_TIME_S, side="right")
        starts = np.concatenate(([0], bounds[:-1]))
        scans += [
            (float(t), k, slice(int(a), int(b)))
            for t, a, b in zip(at_s, starts, bounds, strict=True)
        ]
    for at_s, k, span in sorted(scans, key=lambda scan: scan[:2]):
        yield PlotScan(at_s, plots[k], span)


def _demand(path: Path, header: list[str], kinds: Mapping[str, str]) -> None:
    """Refuse a file without the columns that its sensors need."""
    needed = ["time_s", *(["sensor"] if len(kinds) > 1 else [])]
    needed += [name for kind in kinds.values() for name in NEEDED[kind]]
    for name in dict.fromkeys(needed):
        if header.count(name) != 1:
            found = "stands twice" if name in header else "is missing"
            remedy = f"needed: {', '.join(dict.fromkeys(needed))}; found: {', '.join(header)[:200]}"
            raise csv_fault(path, f"column {name} {found}", remedy)


def _owners(path: Path, table: object, kinds: Mapping[str, str]) -> I64:
    """Return the number of each plot's sensor."""
    codes = table.column("sensor").combine_chunks().dictionary_encode()  # pyright: ignore
    names, owner = list(kinds), codes.indices.to_numpy().astype(np.int64)
    known = codes.dictionary.to_pylist()
    if len(names) == 1 and names[0] == "":
        names = known  # one sensor without an id: the file may call it what it likes
        if len(known) > 1:
            remedy = "the configuration has one sensor: give each its own [[sensor]] with an id"
            raise csv_fault(path, f"several sensors: {', '.join(known)[:200]}", remedy)
    for k, name in enumerate(known):
        if name not in names:
            row = 2 + int(np.flatnonzero(owner == k)[0])
            raise csv_fault(
                path, f"row {row}: unknown sensor {name!r}", f"the configuration has {names}"
            )
    return np.array([names.index(name) for name in known] or [0], dtype=np.int64)[owner]


def _complete(path: Path, row: I64, values: F64, kind: str) -> None:
    """Refuse plots without what their sensor measures."""
    for column, name in enumerate(NEEDED[kind]):
        gaps = np.flatnonzero(np.isnan(values[:, column]))
        if len(gaps):
            raise csv_fault(
                path, f"row {row[gaps[0]] + 2}, column {name}: empty", "a number is needed"
            )
