"""Tracks and pairs as CSV files, scan by scan; a file is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chowki.core.errors import OutputError


class CsvSink:
    """A CSV file that appears under its name once all is written.

    Parameters
    ----------
    path : Path
        The file.
    schema : mapping
        Arrow type of each column, by name.

    Raises
    ------
    OutputError
        If it can't be written.
    """

    def __init__(self, path: Path, schema: Mapping[str, Any]) -> None:
        import pyarrow as pa
        from pyarrow import csv

        self._path, self._part = path, path.with_name(f"{path.name}.part")
        self._schema = pa.schema(list(schema.items()))
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            raise OutputError(f"{path} can't be written: {error.strerror}") from None
        options = csv.WriteOptions(quoting_header="none")
        self._writer = csv.CSVWriter(self._file, self._schema, write_options=options)

    def write(self, columns: list[Any]) -> None:
        """Write rows, one column after the other."""
        import pyarrow as pa

        try:
            self._writer.write(pa.table(columns, schema=self._schema))
        except OSError as error:
            raise OutputError(f"{self._path} can't be written: {error.strerror}") from None

    def __enter__(self) -> Self:
        """Return the sink."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Close the file: whole under its name, or gone."""
        try:
            self._writer.close()
            self._file.close()
            if kind is None:
                os.replace(self._part, self._path)
        except OSError as fault:
            raise OutputError(f"{self._path} can't be written: {fault.strerror}") from None
        finally:
            self._part.unlink(missing_ok=True)
