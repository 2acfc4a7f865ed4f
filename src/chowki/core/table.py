"""Tables: dataclasses of equal-length NumPy columns, one schema for journal, page and docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from operator import attrgetter
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I8 = NDArray[np.int8]
B8 = NDArray[np.bool_]
S8 = NDArray[np.bytes_]

_DTYPES: dict[Any, np.dtype[Any]] = {
    F64: np.dtype("<f8"),
    I64: np.dtype("<i8"),
    I8: np.dtype("i1"),
    S8: np.dtype("S8"),
}
_DEFAULTS: dict[str, Any] = {"f": np.nan, "i": -1, "S": b""}


@dataclass(frozen=True, slots=True)
class Col:
    """Annotation of a column.

    Attributes
    ----------
    unit : str
        SI unit, or empty for counts, codes and names.
    meaning : str
        What the column says.
    shape : tuple of int
        Shape of one row's entry; empty for a scalar.
    """

    unit: str
    meaning: str
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a schema: its name, dtype, row shape, unit and meaning."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    unit: str
    meaning: str

    @property
    def missing(self) -> Any:
        """Return the value that stands for "nothing known": NaN, -1 or empty."""
        return _DEFAULTS[self.dtype.kind]


@cache
def missing_entry(column: Column) -> tuple[bytes, tuple[int, ...]]:
    """Return the bytes of one "nothing known" entry, and the strides that repeat it."""
    one = np.full(column.shape, column.missing, dtype=column.dtype)
    return one.tobytes(), (0, *one.strides)


def _nothing(column: Column, rows: int) -> NDArray[Any]:
    """Return a read-only column that repeats "nothing known" without storing it (stride 0)."""
    entry, strides = missing_entry(column)
    return np.ndarray((rows, *column.shape), column.dtype, entry, 0, strides)


class Table:
    """Base of all tables; a subclass is a frozen dataclass of annotated columns.

    A row is one thing; a column is one property of all things. Columns that
    nothing is known about hold NaN, -1 or the empty name.
    """

    __slots__: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns of unequal length.

        Raises
        ------
        ValueError
            If two columns differ in length.
        """
        lengths = set(map(len, column_getter(type(self))(self)))
        if len(lengths) > 1:
            raise ValueError(f"{type(self).__name__}: columns of unequal length {sorted(lengths)}")

    @classmethod
    def schema(cls) -> tuple[Column, ...]:
        """Return the columns in order, read from the annotations."""
        return _schema(cls)

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """Build a table from some columns; the others hold "nothing known".

        Parameters
        ----------
        **columns : array_like
            Columns by name, all of one length; at least one.

        Returns
        -------
        Self
            The table. Columns not given take no memory (stride 0, read-only).

        Raises
        ------
        TypeError
            If a name is not a column of this table.
        ValueError
            If the columns differ in length.
        """
        dtypes = _dtypes(cls)
        whole = dict(nothings(cls, len(next(iter(columns.values())))))
        try:
            for name, column in columns.items():
                whole[name] = np.asarray(column, dtype=dtypes[name])
        except KeyError:
            unknown = ", ".join(sorted(columns.keys() - dtypes.keys()))
            raise TypeError(f"{cls.__name__} has no column {unknown}") from None
        return cls(**whole)

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        return _empty(cls)

    @classmethod
    def concat(cls, tables: list[Self]) -> Self:
        """Return the rows of all tables, in order."""
        if not tables:
            return cls.empty()
        if len(tables) == 1:
            return tables[0]
        names = [column.name for column in cls.schema()]
        return cls(**{name: np.concatenate([getattr(t, name) for t in tables]) for name in names})

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(getattr(self, self.__slots__[0]))

    def take(self, rows: NDArray[Any] | list[int] | slice) -> Self:
        """Return some rows, by index, mask or slice.

        Raises
        ------
        IndexError
            If an index is out of range, or a mask has another length than the table.
        """
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_:
            if len(rows) != len(self):
                raise IndexError(f"mask of {len(rows)} rows for a table of {len(self)}")
            rows = np.flatnonzero(rows)  # once, not for every column
        kind = type(self)
        return kind(*[column[rows] for column in column_getter(kind)(self)])

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name, in the order of the schema."""
        return {column.name: getattr(self, column.name) for column in self.schema()}


@cache
def column_getter(cls: type[Table]) -> Callable[[Table], tuple[NDArray[Any], ...]]:
    """Return a function from a table to its columns, in the order of the schema."""
    names = [column.name for column in cls.schema()]
    if len(names) > 1:
        return attrgetter(*names)
    only = attrgetter(names[0])
    return lambda table: (only(table),)


@cache
def _dtypes(cls: type[Table]) -> dict[str, np.dtype[Any]]:
    return {column.name: column.dtype for column in cls.schema()}


@lru_cache(maxsize=1024)
def nothings(cls: type[Table], rows: int) -> Mapping[str, NDArray[Any]]:
    """Return all columns of "nothing known": read-only, so that tables can share them."""
    return {column.name: _nothing(column, rows) for column in cls.schema()}


@cache
def _schema(cls: type[Table]) -> tuple[Column, ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_column(field.name, hints[field.name]) for field in fields(cls))  # pyright: ignore[reportArgumentType]


def _column(name: str, hint: Any) -> Column:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"column {name} carries no unit")
    base, col = get_args(hint)
    return Column(name, _DTYPES[base], col.shape, col.unit, col.meaning)


@cache
def _empty(cls: type[Any]) -> Any:
    return cls(**{c.name: np.empty((0, *c.shape), c.dtype) for c in cls.schema()})
