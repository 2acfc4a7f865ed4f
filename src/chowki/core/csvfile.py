"""CSV files with a header: columns of numbers and names, every fault told with its place."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np

from chowki.core.errors import FeedError
from chowki.core.table import F64


def csv_numbers(path: Path, table: Any, name: str, *, gaps: bool = False) -> F64:
    """Return a column of numbers.

    Parameters
    ----------
    path : Path
        Where it was read, for what is said of a fault.
    table : Any
        From ``csv_table``.
    name : str
        The column.
    gaps : bool
        Whether cells may be empty or NaN; they become NaN.

    Raises
    ------
    FeedError
        If a number is missing or not finite.
    """
    values = table.column(name).to_numpy()
    wrong = np.flatnonzero(np.isinf(values) if gaps else ~np.isfinite(values))
    if len(wrong):
        where = f"row {wrong[0] + 2}, column {name}"
        raise csv_fault(path, f"{where}: {values[wrong[0]]}", "a finite number is needed")
    return values


def csv_header(path: Path) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    FeedError
        If the file can't be read, or has no header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or "not a text file"
        raise csv_fault(path, str(why), "name a CSV file") from None
    if not any(header):
        raise csv_fault(path, "empty", "a CSV file with a header is needed")
    return header


def csv_table(
    path: Path, header: list[str], wanted: list[str], numbers: list[str], *, gaps: bool = False
) -> Any:
    """Return some columns; upon a fault read again, row by row, for its place.

    Parameters
    ----------
    path : Path
        The file.
    header : list of str
        All its columns, from ``csv_header``.
    wanted, numbers : list of str
        Columns to read; those of them that hold numbers, the others names.
    gaps : bool
        Whether numbers may be missing.

    Raises
    ------
    FeedError
        If a cell is no number, or a row has another length than the header.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    convert = arrow_csv.ConvertOptions(
        include_columns=wanted,
        column_types={name: pa.float64() if name in numbers else pa.string() for name in wanted},
        null_values=["", "nan", "NaN"] if gaps else [],
        strings_can_be_null=False,
    )
    for threads in (True, False):
        options = arrow_csv.ReadOptions(column_names=header, skip_rows=1, use_threads=threads)
        try:
            return arrow_csv.read_csv(path, read_options=options, convert_options=convert)
        except (pa.ArrowException, OSError) as error:
            why = str(error).splitlines()[0]
    raise csv_fault(path, _where(why, header), f"needed in each row: {', '.join(wanted)}")


def _where(why: str, header: list[str]) -> str:
    """Return Arrow's words for a cell that is no number in the words of the file."""
    cell = re.search(r"column #(\d+): Row #(\d+): .*invalid value '(.*)'", why)
    if cell is None:
        return why
    return f"row {cell[2]}, column {header[int(cell[1])]}: {cell[3]!r} is no number"


def csv_fault(path: Path, found: str, remedy: str) -> FeedError:
    """Return the error of a file: what was found where, and what would help."""
    return FeedError(f"{path}: {found}; {remedy}")
