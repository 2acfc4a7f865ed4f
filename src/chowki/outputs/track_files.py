"""Truth and tracks as CSV files: who was where, and when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.csvfile import csv_fault, csv_header, csv_numbers, csv_table

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
    height = "z_m" in csv_header(path)
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
    header = csv_header(path)
    for name in [who, *numbers]:
        if header.count(name) != 1:
            found = f"no column {name}" if name not in header else f"column {name} stands twice"
            remedy = f"needed, once each: {', '.join([who, *numbers])}"
            raise csv_fault(path, f"{found} among {', '.join(header)[:200]}", remedy)
    table = csv_table(path, header, [who, *numbers], numbers)
    columns = {name: csv_numbers(path, table, name) for name in numbers}
    codes = table.column(who).combine_chunks().dictionary_encode()
    names = codes.dictionary.to_numpy(zero_copy_only=False)
    number = codes.indices.to_numpy().astype(np.int64)
    if "" in names.tolist():
        row = 2 + np.flatnonzero(names[number] == "")[0]
        raise csv_fault(path, f"row {row}, column {who}: empty", "a number or a name is needed")
    position_m = np.column_stack([columns[name] for name in numbers[1:]])
    return Trails(str(path), columns["time_s"], names, number, position_m)
