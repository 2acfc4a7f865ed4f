"""Records a run: every event, what was concluded of each, and the truth in a channel of its own.

Of a frame, the journal keeps a digest of all its rows, so that a replay can be compared bit for
bit, and those rows that are worth keeping: all that changed, and the whole picture now and then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from chowki.core.codec import Conclusion, Encoder, frame_digest
from chowki.core.errors import OutputError
from chowki.core.journal import JournalWriter, sync_folder
from chowki.core.messages import Act, Event, Frame
from chowki.core.places import Theatre
from chowki.core.records import Fate, Threats, Tracks, Truth
from chowki.core.segments import SUFFIX, Channel
from chowki.core.table import I8, I64

CHAINED = ("scenario", "scenario_digest", "seed", "until_s", "feeds", "first_feed_sensor")
WORST_THREATS = 50
MANIFEST = "manifest.json"
JOURNAL = "journal"
TABLES = "tables"
COMPLETE = "complete.json"
NOTICE = "notice.json"
PAIRED = "paired.json"
_OWN_FILES = (
    f"{TABLES}/{COMPLETE}",
    "report.html",
    "sitrep.txt",
    "sitrep.json",
    NOTICE,
    PAIRED,
    "notice.txt",
    "alerts/index.json",
    MANIFEST,
)


class Recorder:
    """Writes journal and manifest of one run.

    Parameters
    ----------
    folder : Path
        Folder of the run; an earlier recording in it is replaced.
    theatre : Theatre
        Goes into the first record.
    manifest : dict
        Version, scenario (document), scenario_digest, seed, packages, and what else is to be
        kept beside the journal. Of these only the scenario, its digest, the seed, the kinds of
        feed and the end asked for enter the chain.
    record_period_s : float
        Simulated seconds between whole pictures, and between positions of the truth.
    commit_period_s : float
        Seconds of wall time after which a group of records is brought to the medium.
    listener : callable, optional
        Is told each message as it was recorded.

    Raises
    ------
    OutputError
        If anything can't be written, here and in every method.
    """

    def __init__(
        self,
        folder: Path,
        theatre: Theatre,
        manifest: dict[str, Any],
        *,
        record_period_s: float = 10.0,
        commit_period_s: float = 0.01,
        listener: Callable[[Any], None] | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = dict(manifest)
        self._period_s = record_period_s
        self._tell = listener or _nobody
        self._live = not theatre.simulated
        self._picture_due_s = -np.inf
        self._truth_due_s = -np.inf
        self._targets: I64 = np.empty(0, np.int64)
        self._fates: I8 = np.empty(0, np.int8)
        self._encoder = Encoder(theatre.sensors)
        _clear(folder)
        self.journal = JournalWriter(folder / JOURNAL, commit_period_s=commit_period_s, behind=True)
        self._note(theatre)
        self._note({name: self.manifest.get(name) for name in CHAINED})
        self.journal.commit()
        self._write_manifest("open")

    def append(self, message: Event | Frame) -> None:
        """Record an event before anything follows from it, or the frame that followed.

        Acts are on the medium when this returns, and so are warnings unless the world is
        simulated: there nobody waits for one.
        """
        if isinstance(message, Frame):
            self._frame(message)
            return
        payload = self._encoder.encode(message)
        self.journal.append(Channel.EVENT, payload, sync=isinstance(message, Act))
        self._tell(message)

    def truth(self, truth: Truth) -> None:
        """Record simulated reality: all that flies once a period, and each change of fate.

        Parameters
        ----------
        truth : Truth
            All targets, in the same order each time or not, at one time.
        """
        if not len(truth):
            return
        kept = self._changed_fate(truth)
        time_s = float(truth.time_s[0])
        if time_s >= self._truth_due_s:
            self._truth_due_s = self._next_due_s(time_s)
            kept |= truth.fate == Fate.FLYING
        self._targets, self._fates = truth.target.copy(), truth.fate.copy()
        if kept.any():
            recorded = truth.take(kept)
            self.journal.append(Channel.TRUTH, self._encoder.encode(recorded))
            self._tell(recorded)

    def close(self, *, interrupted: bool = False) -> None:
        """Close the journal and complete the manifest with its digest.

        Parameters
        ----------
        interrupted : bool
            Whether the run was ended by hand before its time; the recording is whole up to there.
        """
        self.journal.close()
        self._write_manifest("interrupted" if interrupted else "complete")

    def abandon(self) -> None:
        """Let go after a failure: the journal keeps what was received and stays unclosed."""
        with suppress(OutputError):
            self.journal.commit()
        self.journal.abandon()

    def _frame(self, frame: Frame) -> None:
        picture = frame.complete and frame.time_s >= self._picture_due_s
        if picture:
            self._picture_due_s = self._next_due_s(frame.time_s)
            tracks = frame.tracks
            threats = frame.threats.take(frame.threats.rank <= WORST_THREATS)
        else:
            tracks, threats = Tracks.empty(), Threats.empty()
        changed = frame.warnings, frame.engagements, frame.orders, frame.tasks, frame.sensors
        kept = Frame(frame.time_s, frame.complete, tracks, threats, *changed)
        conclusion = Conclusion(frame_digest(frame), picture, kept)
        payload = self._encoder.encode(conclusion)
        self.journal.append(Channel.FRAME, payload, sync=self._live and len(frame.warnings) > 0)
        self._tell(conclusion)

    def _next_due_s(self, time_s: float) -> float:
        """Return the next whole period, so that pictures and truth fall on the same seconds."""
        return (np.floor(time_s / self._period_s) + 1.0) * self._period_s

    def _changed_fate(self, truth: Truth) -> Any:
        """Return which rows have another fate than when last seen; a new one that waits has not."""
        if np.array_equal(truth.target, self._targets):
            return truth.fate != self._fates
        if not len(self._targets):
            return truth.fate != Fate.WAITING
        order = np.argsort(self._targets)
        place = order[np.searchsorted(self._targets, truth.target, sorter=order) % len(order)]
        known = self._targets[place] == truth.target
        return truth.fate != np.where(known, self._fates[place], Fate.WAITING)

    def _note(self, note: Theatre | dict[str, Any]) -> None:
        self.journal.append(Channel.NOTE, self._encoder.encode(note))

    def _write_manifest(self, state: str) -> None:
        """Write the manifest: state, number of records, and once closed the digest."""
        told = {**self.manifest, "state": state, "records": self.journal.acknowledged}
        told["digest"] = None if state == "open" else self.journal.head
        write_whole(self.folder / MANIFEST, json.dumps(told, indent=2, allow_nan=True).encode())


def _nobody(_message: Any) -> None:
    """Listen to nothing."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all: beside it, synced, then renamed.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _clear(folder: Path) -> None:
    """Remove an earlier recording: its journal, tables and reports, and nothing else."""
    old = [folder / name for name in _OWN_FILES]
    old += folder.glob(f"{JOURNAL}/*{SUFFIX}")
    old += folder.glob(f"{TABLES}/*/*.parquet")
    old += folder.glob("alerts/chowki-*.xml")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in old:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
