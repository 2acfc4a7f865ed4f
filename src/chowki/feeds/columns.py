"""Named columns of a plots file, read from CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from chowki.core.table import F64
from chowki.feeds.reports import number
from chowki.feeds.source import FileFeed


def read_columns(feed: FileFeed) -> dict[str, Sequence[Any]]:
    """Return the columns of a CSV or Parquet file by name, equally long.

    A CSV row whose number of cells is not that of the header is counted in ``feed.skipped``.

    Raises
    ------
    FeedError
        If the file is neither, or has no header.
    """
    if feed.path.suffix.lower() in {".parquet", ".pq"}:
        return _parquet(feed)
    return _csv(feed)


def floats(values: Sequence[Any]) -> F64:
    """Return finite numbers (n,), NaN where a cell holds none."""
    if isinstance(values, np.ndarray):
        whole = values.astype(np.float64)
    else:
        whole = np.array([number(None if v is None else str(v)) for v in values], np.float64)
    return np.where(np.isfinite(whole), whole, np.nan)


def texts(values: Sequence[Any]) -> list[str]:
    """Return cells as text, empty where nothing stands."""
    return ["" if value is None else str(value).strip() for value in values]


def _csv(feed: FileFeed) -> dict[str, Sequence[Any]]:
    reader = csv.reader(io.StringIO(feed.read_text()))
    rows: list[list[str]] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        for row in reader:
            if len(row) == len(header):
                rows.append(row)
            elif row:
                feed.skipped["row with a wrong number of cells"] += 1
    except csv.Error as error:
        raise feed.fault(f"line {reader.line_num}", str(error), "a CSV file is needed") from None
    cells = zip(*rows, strict=True) if rows else ([] for _ in header)
    return dict(zip(header, cells, strict=True))


def _parquet(feed: FileFeed) -> dict[str, Sequence[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(feed.read_bytes()))
        return {name: _cells(pa, table.column(name)) for name in table.column_names}
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0]
        raise feed.fault("whole file", why, "a whole Parquet file is needed") from None


def _cells(pa: Any, column: Any) -> Sequence[Any]:
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return column.cast(pa.float64()).to_numpy()
    return column.to_pylist()
