"""Truth and tracks as CSV files: who was where, and when."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.errors import FeedError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trails:
    """Positions over time of things with a name.

    Attributes
    ----------
    source : str
        The file.
    time_s : F64
        Shape (n,).
    names : numpy.ndarray
        Targets or tracks as the file names them, shape (k,), each once.
    number : I64
        Row in ``names``, shape (n,).
    position_m : F64
        Shape (n, 2) or (n, 3).
    """

    source: str
    time_s: F64
    names: NDArray[Any]
    number: I64
    position_m: F64


def read_truth(path: Path) -> Trails:
    """Return the truth of a file: ``time_s, target, x_m, y_m`` and, if it has one, ``z_m``.

    Raises
    ------
    FeedError
        If the file can't be read; see ``read_trails``.
    """
    height = "z_m" in _header(path)
    return read_trails(path, "target", height=height)


def read_trails(path: Path, who: str, *, height: bool) -> Trails:
    """Return trails from a CSV file; further columns are passed over.

    Parameters
    ----------
    path : Path
        The file.
    who : str
        Column that holds the name: "target" or "track".
    height : bool
        Whether ``z_m`` is read too.

    Raises
    ------
    FeedError
        If there is no such file, a column is missing, or a cell is empty or no finite number.
    """
    numbers = ["time_s", "x_m", "y_m", *(["z_m"] if height else [])]
    header = _header(path)
    for name in [who, *numbers]:
        if header.count(name) != 1:
            found = f"no column {name}" if name not in header else f"column {name} stands twice"
            remedy = f"needed, once each: {', '.join([who, *numbers])}"
            raise _fault(path, f"{found} among {', '.join(header)[:200]}", remedy)
    table = _table(path, header, [who, *numbers], numbers)
    columns = {name: _finite(path, name, table.column(name).to_numpy()) for name in numbers}
    codes = table.column(who).combine_chunks().dictionary_encode()
    names = codes.dictionary.to_numpy(zero_copy_only=False)
    number = codes.indices.to_numpy().astype(np.int64)
    if "" in names.tolist():
        row = 2 + np.flatnonzero(names[number] == "")[0]
        raise _fault(path, f"row {row}, column {who}: empty", "a number or a name is needed")
    position_m = np.column_stack([columns[name] for name in numbers[1:]])
    return Trails(str(path), columns["time_s"], names, number, position_m)


def _finite(path: Path, name: str, values: F64) -> F64:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        where = f"row {wrong[0] + 2}, column {name}"
        raise _fault(path, f"{where}: {values[wrong[0]]}", "a finite number is needed")
    return values


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or "not a text file"
        raise _fault(path, str(why), "name a CSV file") from None
    if not any(header):
        raise _fault(path, "empty", "a CSV file with a header is needed")
    return header


def _table(path: Path, header: list[str], wanted: list[str], numbers: list[str]) -> Any:
    """Return the wanted columns; upon a fault read again, row by row, for its place."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    convert = arrow_csv.ConvertOptions(
        include_columns=wanted,
        column_types={name: pa.float64() for name in numbers},
        null_values=[],
    )
    for threads in (True, False):
        options = arrow_csv.ReadOptions(column_names=header, skip_rows=1, use_threads=threads)
        try:
            return arrow_csv.read_csv(path, read_options=options, convert_options=convert)
        except (pa.ArrowException, OSError) as error:
            why = str(error).splitlines()[0]
    raise _fault(path, _where(why, header), f"needed in each row: {', '.join(wanted)}")


def _where(why: str, header: list[str]) -> str:
    """Return Arrow's words for a cell that is no number in the words of the file."""
    cell = re.search(r"column #(\d+): Row #(\d+): .*invalid value '(.*)'", why)
    if cell is None:
        return why
    return f"row {cell[2]}, column {header[int(cell[1])]}: {cell[3]!r} is no number"


def _fault(path: Path, found: str, remedy: str) -> FeedError:
    return FeedError(f"{path}: {found}; {remedy}")
