"""A recording as its readers see it: manifest, theatre and Arrow tables."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chowki.core.codec import decode
from chowki.core.errors import JournalError
from chowki.core.journal import JournalReader
from chowki.core.places import Theatre
from chowki.outputs.archive import archive, is_archived
from chowki.outputs.recorder import JOURNAL, MANIFEST, TABLES


class Recording:
    """Reads what a run left behind; its tables are made from the journal when they are missing.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Raises
    ------
    JournalError
        If there is no journal, or it or a table is damaged; on first use of each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._tables: dict[str, Any] = {}

    @property
    def manifest(self) -> dict[str, Any]:
        """Return what stands beside the journal; after its loss, what the journal itself tells."""
        return self._manifest

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        path = self.folder / MANIFEST
        try:
            return json.loads(path.read_text())
        except FileNotFoundError:
            return {**self.noted, "state": "open", "digest": None}
        except (OSError, ValueError) as error:
            raise JournalError(f"{path}: cannot be read: {error}") from error

    @cached_property
    def _opening(self) -> tuple[Any, Any]:
        """Return the first two records: theatre, and what of the manifest entered the chain."""
        records = JournalReader(self.folder / JOURNAL).records()
        found = [decode(record.payload) for record, _ in zip(records, range(2), strict=False)]
        if len(found) < 2 or not isinstance(found[0], Theatre):
            raise JournalError(f"{self.folder / JOURNAL}: it ends before the theatre is described")
        return found[0], found[1]

    @property
    def noted(self) -> dict[str, Any]:
        """Return scenario, its digest and seed as they stand in the journal."""
        return self._opening[1]

    @property
    def theatre(self) -> Theatre:
        """Return what was known before the first event."""
        return self._opening[0]

    @property
    def tracks(self) -> Any:
        """Return the recognised air picture, a whole one each record period."""
        return self._table("tracks")

    @property
    def threats(self) -> Any:
        """Return the worst threats of each whole picture."""
        return self._table("threats")

    @property
    def warnings(self) -> Any:
        """Return every change of a place's warning."""
        return self._table("warnings")

    @property
    def engagements(self) -> Any:
        """Return every change of an engagement, and every refusal."""
        return self._table("engagements")

    @property
    def truth(self) -> Any:
        """Return simulated reality; empty on a feed. For score and report only."""
        return self._table("truth")

    @property
    def detections(self) -> Any:
        """Return all detections, with sensor, look and time of receipt."""
        return self._table("detections")

    @property
    def scans(self) -> Any:
        """Return one row for each scan: time, sensor, look, number of detections."""
        return self._table("scans")

    @property
    def statuses(self) -> Any:
        """Return what sensors, links, sites and feeds said of their health."""
        return self._table("statuses")

    @property
    def sensors(self) -> Any:
        """Return registration and faults of the sensors, as the station held them."""
        return self._table("sensors")

    @property
    def outcomes(self) -> Any:
        """Return what the sites reported of their engagements."""
        return self._table("outcomes")

    @property
    def acts(self) -> Any:
        """Return what people decided."""
        return self._table("acts")

    @property
    def orders(self) -> Any:
        """Return the orders to simulated effectors; empty on a feed."""
        return self._table("orders")

    @property
    def tasks(self) -> Any:
        """Return the tasks to sensors."""
        return self._table("tasks")

    def _table(self, name: str) -> Any:
        """Return a ``pyarrow.Table``, read once."""
        if name not in self._tables:
            self._tables[name] = self._read(name)
        return self._tables[name]

    def _read(self, name: str) -> Any:
        """Return a table, checking every page."""
        if not is_archived(self.folder):
            archive(self.folder)
        paths = sorted((self.folder / TABLES / name).glob("*.parquet"))
        try:
            parts = [pq.read_table(path, page_checksum_verification=True) for path in paths]
            return pa.concat_tables(parts)
        except (OSError, pa.ArrowException) as error:
            raise JournalError(f"{self.folder / TABLES / name}: damaged: {error}") from error
