"""Alerts as files: one XML document for each message, and an index."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from chowki.core.clock import format_utc
from chowki.core.errors import OutputError
from chowki.core.messages import Frame
from chowki.core.places import Theatre
from chowki.core.records import Warnings
from chowki.outputs.alerts.cap import document
from chowki.outputs.alerts.catalogue import catalogues
from chowki.outputs.alerts.chain import Chain, Message, run_key
from chowki.outputs.alerts.status import AlertStatus
from chowki.outputs.evidence import Evidence, column, span

ALERTS = "alerts"
INDEX = "index.json"
OWN = "chowki-*.xml"


class AlertWriter:
    """Writes alerts as the warnings come (``core.ports.Output``).

    Parameters
    ----------
    folder : Path
        Where the files go; alerts of an earlier run in it are removed.
    theatre : Theatre
        Places, and whether the run is simulated.
    manifest : dict
        Digest of the scenario and seed, which with name and start tell this run from others.

    Raises
    ------
    OutputError
        If a file can't be written, here and in every method.
    """

    def __init__(self, folder: Path, theatre: Theatre, manifest: dict[str, Any]) -> None:
        self._folder = folder
        self._theatre = theatre
        self._status = AlertStatus.of(theatre)
        self._languages = catalogues()
        station = theatre.station
        told = (manifest.get("scenario_digest"), manifest.get("seed"))
        self._chain = Chain(run_key(station.name, station.start_s, *told))
        self._index: list[dict[str, Any]] = []
        self._last_s = -np.inf
        _clear(folder)

    def write(self, frame: Frame) -> None:
        """Write a message for each warning that changed."""
        self._last_s = max(self._last_s, frame.time_s)
        self.take(frame.warnings)

    def take(self, warnings: Warnings) -> None:
        """Write a message for each row of warnings, in their order."""
        for message in self._chain.take(warnings):
            self._put(message)

    def close(self) -> None:
        """End the run: what still stands is cancelled, and the index is written."""
        self.end(self._last_s)

    def end(self, time_s: float) -> None:
        """End the run at a time, UTC seconds."""
        for message in self._chain.end(time_s):
            self._put(message)
        text = json.dumps(self._index, indent=1)
        _write(self._folder / INDEX, f"{text}\n".encode())

    def _put(self, message: Message) -> None:
        name = f"{message.identifier}.xml"
        theatre = self._theatre
        whole = document(
            message, self._status, theatre.station.name, theatre.places, self._languages
        )
        _write(self._folder / name, whole)
        self._index.append(
            {
                "file": name,
                "status": self._status.value,
                "type": message.kind.value,
                "said": message.said,
                "sent": format_utc(np.floor(message.sent_s)),
                "warning": message.warning,
                "place": theatre.places[message.place].name if message.place >= 0 else None,
                "cell": message.cell if message.place < 0 else None,
            }
        )


def write_alerts(recording: Evidence, folder: Path) -> list[dict[str, Any]]:
    """Write the alerts of a recording; the same recording gives the same bytes.

    Parameters
    ----------
    recording : Evidence
        A recording of a run.
    folder : Path
        Where the files go.

    Returns
    -------
    list of dict
        The index: file, status, type, said, sent, warning, place or cell of each message.

    Raises
    ------
    OutputError
        If a file can't be written.
    """
    writer = AlertWriter(folder, recording.theatre, recording.manifest)
    table = recording.warnings
    names = [name for name in Warnings.schema() if name.name in table.column_names]
    rows = Warnings.of(**{name.name: column(table, name.name) for name in names})
    writer.take(rows.take(np.argsort(rows.time_s, kind="stable")))
    writer.end(span(recording)[1])
    return json.loads((folder / INDEX).read_text(encoding="utf-8"))


def _clear(folder: Path) -> None:
    """Remove the alerts of an earlier run, and nothing else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (*folder.glob(OWN), folder / INDEX):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; it can be made again, so nothing waits for the medium."""
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
