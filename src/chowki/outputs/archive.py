"""Parquet tables out of a journal: readable without chowki, and rebuilt from the journal alone.

One file for each table and segment under ``tables/<name>/``; every page carries a checksum.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import compute

from chowki.core.codec import Conclusion, Decoder
from chowki.core.errors import JournalError, OutputError
from chowki.core.journal import JournalReader, sync_folder
from chowki.core.messages import Act, Frame, Scan, Status
from chowki.core.places import Station, Theatre
from chowki.core.records import (
    Detections,
    Engagements,
    Orders,
    Outcomes,
    SensorStates,
    Tasks,
    Threats,
    Tracks,
    Truth,
    Warnings,
)
from chowki.core.segments import Record
from chowki.core.table import Column, Table
from chowki.kernels.geodesy import enu_to_geodetic, station_frame
from chowki.outputs.recorder import COMPLETE, JOURNAL, TABLES, write_whole

pc: Any = compute  # its functions are made at import, and no checker knows them
_KINDS: dict[str, type[Table]] = {
    "tracks": Tracks,
    "threats": Threats,
    "warnings": Warnings,
    "engagements": Engagements,
    "orders": Orders,
    "tasks": Tasks,
    "sensors": SensorStates,
    "truth": Truth,
    "detections": Detections,
    "outcomes": Outcomes,
}
_OF_FRAMES = ("tracks", "threats", "warnings", "engagements", "orders", "tasks", "sensors")
_ROWS: dict[str, Any] = {
    "scans": pa.schema(
        [
            ("time_s", pa.float64()),
            ("sensor", pa.int64()),
            ("look", pa.int64()),
            ("detections", pa.int64()),
        ]
    ),
    "statuses": pa.schema(
        [
            ("time_s", pa.float64()),
            ("source", pa.string()),
            ("kind", pa.string()),
            ("state", pa.string()),
            ("note", pa.string()),
            ("site", pa.int64()),
            ("rounds_left", pa.int64()),
        ]
    ),
    "acts": pa.schema(
        [
            ("time_s", pa.float64()),
            ("person", pa.string()),
            ("verb", pa.string()),
            ("subject", pa.string()),
            ("value", pa.string()),
        ]
    ),
}
NAMES = (*_KINDS, *_ROWS)
ROWS_MAX = 10_000_000


@dataclass(slots=True)
class _Batch:
    """What one segment adds to the tables."""

    tables: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _KINDS})
    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {name: [] for name in _ROWS}
    )
    scans: list[Scan] = field(default_factory=list[Scan])

    def add(self, message: Any) -> None:
        """Take up one message."""
        match message:
            case Conclusion():
                self._add_frame(message.frame)
            case Scan():
                self.scans.append(message)
                self.tables["detections"].append(message.detections)
            case Truth():
                self.tables["truth"].append(message)
            case Status():
                self.rows["statuses"].append(_status_row(message))
                self.tables["outcomes"].append(message.outcomes)
            case Act(time_s, person, verb, subject, value):
                self.rows["acts"].append((time_s, person, verb, subject, value))
            case _:
                pass

    def _add_frame(self, frame: Frame) -> None:
        for name in _OF_FRAMES:
            table = getattr(frame, name)
            if len(table):
                self.tables[name].append(table)


def _status_row(status: Status) -> tuple[Any, ...]:
    return (
        status.time_s,
        status.source,
        status.kind,
        status.state,
        status.note,
        status.site,
        status.rounds_left,
    )


def archive(folder: Path) -> dict[str, int]:
    """Write the Parquet tables of a run, from its journal alone.

    Parameters
    ----------
    folder : Path
        Folder of the run. A journal that a crash left open is read up to its last whole record.

    Returns
    -------
    dict of str to int
        Rows of each table.

    Raises
    ------
    JournalError
        If the journal is damaged.
    OutputError
        If a table can't be written.
    """
    reader = JournalReader(folder / JOURNAL)
    tables = folder / TABLES
    (tables / COMPLETE).unlink(missing_ok=True)
    counts = dict.fromkeys(NAMES, 0)
    decoder, station, files = Decoder(), None, dict[str, str]()
    for index, records in enumerate(reader.segments()):
        batch, decoder, station = _read(records, decoder, station)
        if station is None:
            continue
        for name, table in _arrow_tables(batch, station).items():
            counts[name] += table.num_rows
            if table.num_rows or index == 0:
                file = f"{name}/{index:06d}.parquet"
                files[file] = _write(tables / file, table)
    if station is None:
        raise JournalError(f"{folder / JOURNAL}: it ends before the theatre is described")
    _finish(tables, {"head": reader.head, "rows": counts, "files": files})
    return counts


class Collected:
    """The rows of a run, gathered while it is recorded: tables without reading the journal again.

    A run too long to be kept in memory is let go; its tables come from the journal, as they do
    after a crash. Either way they hold the same rows.

    Parameters
    ----------
    station : Station
        Frame of reference of the run.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._batch = _Batch()
        self._rows = 0

    def add(self, message: Any) -> None:
        """Take up one message as it was recorded."""
        if self._rows > ROWS_MAX:
            return
        self._batch.add(message)
        self._rows += len(message) if isinstance(message, Truth) else 1
        if self._rows > ROWS_MAX:
            self._batch = _Batch()

    def write(self, folder: Path, head: str) -> None:
        """Write the tables of a run whose journal is closed.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        head : str
            Digest of its journal.

        Raises
        ------
        OutputError
            If a table can't be written.
        """
        if self._rows > ROWS_MAX:
            return
        counts, files = dict.fromkeys(NAMES, 0), dict[str, str]()
        for name, table in _arrow_tables(self._batch, self._station).items():
            counts[name] = table.num_rows
            file = f"{name}/000000.parquet"
            files[file] = _write(folder / TABLES / file, table)
        _finish(folder / TABLES, {"head": head, "rows": counts, "files": files})


def is_archived(folder: Path) -> bool:
    """Return whether all tables of a run are there."""
    return (folder / TABLES / COMPLETE).exists()


def _finish(tables: Path, told: dict[str, Any]) -> None:
    """Remove files of an earlier, longer archive, and say that this one is complete."""
    for stale in set(tables.glob("*/*.parquet")) - {tables / name for name in told["files"]}:
        stale.unlink()
    write_whole(tables / COMPLETE, json.dumps(told, indent=1).encode())


def _read(
    records: Iterable[Record], decoder: Decoder, station: Station | None
) -> tuple[_Batch, Decoder, Station | None]:
    """Return what a segment adds; the theatre, in the first record, names station and sensors."""
    batch = _Batch()
    for record in records:
        message = decoder.decode(record.payload)
        if isinstance(message, Theatre):
            decoder, station = Decoder(message.sensors), message.station
        else:
            batch.add(message)
    return batch, decoder, station


def _arrow_tables(batch: _Batch, station: Station) -> dict[str, Any]:
    """Return the Arrow tables of a segment, by name."""
    frame = station_frame(
        math.radians(station.lat_deg), math.radians(station.lon_deg), station.height_m
    )
    found: dict[str, Any] = {}
    for name, kind in _KINDS.items():
        columns = kind.concat(batch.tables[name]).columns()
        extra = _looks(batch.scans) if name == "detections" else {}
        found[name] = _arrow(kind, columns, extra, frame)
    rows = {**batch.rows, "scans": [_scan_row(scan) for scan in batch.scans]}
    for name, schema in _ROWS.items():
        found[name] = _row_table(rows[name], schema)
    return found


def _scan_row(scan: Scan) -> tuple[Any, ...]:
    return scan.time_s, scan.sensor.number, scan.look, len(scan.detections)


def _row_table(rows: list[tuple[Any, ...]], schema: Any) -> Any:
    columns = zip(*rows, strict=True) if rows else [() for _ in schema]
    arrays = [pa.array(list(c), type=f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _looks(scans: list[Scan]) -> dict[str, NDArray[Any]]:
    """Return sensor, look and time of receipt of each detection."""
    rows = np.array([len(scan.detections) for scan in scans], dtype=np.int64)
    return {
        "sensor": np.repeat(np.array([s.sensor.number for s in scans], np.int64), rows),
        "look": np.repeat(np.array([s.look for s in scans], np.int64), rows),
        "received_s": np.repeat(np.array([s.time_s for s in scans], np.float64), rows),
    }


def _arrow(
    kind: type[Table],
    columns: dict[str, NDArray[Any]],
    extra: dict[str, NDArray[Any]],
    frame: NDArray[np.float64],
) -> Any:
    """Return one Arrow table: the columns of the schema, then those worked out beside them."""
    arrays = {column.name: _array(column, columns[column.name]) for column in kind.schema()}
    arrays |= {name: pa.array(values) for name, values in extra.items()}
    if "east_m" in columns:
        for name, values in _geodetic(columns, frame).items():
            arrays.setdefault(name, pa.array(values))
    return pa.table(arrays)


def _array(column: Column, values: NDArray[Any]) -> Any:
    if column.dtype.kind == "S":
        return _texts(np.ascontiguousarray(values))
    if column.shape:
        flat = pa.array(np.ascontiguousarray(values).reshape(-1))
        return pa.FixedSizeListArray.from_arrays(flat, math.prod(column.shape))
    return pa.array(np.ascontiguousarray(values))


def _texts(values: NDArray[np.bytes_]) -> Any:
    """Return fixed-width bytes as text without the zeros that pad them."""
    width = pa.binary(values.dtype.itemsize)
    fixed = pa.FixedSizeBinaryArray.from_buffers(width, len(values), [None, pa.py_buffer(values)])
    try:
        return pc.utf8_rtrim(fixed.cast(pa.binary()).cast(pa.string()), "\0")
    except pa.ArrowInvalid:  # not ASCII: a feed may hold anything
        return pa.array([value.decode("ascii", "replace") for value in values.tolist()])


def _geodetic(
    columns: dict[str, NDArray[Any]], frame: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Return latitude, longitude (degrees) and height (m) of each row; NaN where unknown."""
    position = np.stack([columns["east_m"], columns["north_m"], columns["up_m"]], axis=1)
    known = np.isfinite(position).all(axis=1)
    out = np.full(position.shape, np.nan)
    out[known] = enu_to_geodetic(frame, position[known])
    return {
        "lat_deg": np.degrees(out[:, 0]),
        "lon_deg": np.degrees(out[:, 1]),
        "height_m": np.ascontiguousarray(out[:, 2]),
    }


def _write(path: Path, table: Any) -> str:
    """Write one file whole or not at all, with a checksum on every page; return its SHA-256."""
    plain: Any = [f.name for f in table.schema if not pa.types.is_floating(f.type)]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=1,
        use_dictionary=plain,
        write_page_checksum=True,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent.parent)
    except OSError as error:
        raise OutputError(f"{path.parent}: cannot be made: {error.strerror}") from error
    content = sink.getvalue()
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()
