"""Replay and verification: what proves that a recording is what happened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chowki.core import journal
from chowki.core.codec import Conclusion, encode, frame_digest
from chowki.core.messages import Event, Frame
from chowki.core.segments import Damage
from chowki.feeds.recorded import JournalFeed
from chowki.outputs.recorder import COMPLETE, JOURNAL, MANIFEST, TABLES
from chowki.outputs.recording import Recording
from chowki.run.assemble import rebuild


@dataclass(frozen=True, slots=True)
class Replay:
    """How a replay went.

    Attributes
    ----------
    frames : int
        Frames compared.
    equal : bool
        True when every frame was the recorded one, bit for bit.
    first_difference : str or None
        Where the first difference is, in words.
    """

    frames: int
    equal: bool
    first_difference: str | None


def replay(folder: str | Path) -> Replay:
    """Feed the recorded events to a newly built station and compare what it concludes.

    Parameters
    ----------
    folder : str or Path
        Folder of the run.

    Returns
    -------
    Replay
        Every frame is compared: by the digest of all its rows, and by the rows recorded.

    Raises
    ------
    JournalError
        If the journal is damaged, or there is none.
    """
    recording = Recording(run_folder(Path(folder)))
    built = rebuild(recording.noted, recording.theatre)
    if encode(built.theatre) != encode(recording.theatre):
        return Replay(0, equal=False, first_difference="the theatre, before the first event")
    frames = 0
    for event, recorded in JournalFeed(recording.folder / JOURNAL).concluded():
        frame = built.station.step(event)
        if recorded is None:
            break
        difference = _difference(frame, recorded)
        if difference:
            where = f"frame {frames}, {_named(event)}: {difference}"
            return Replay(frames + 1, equal=False, first_difference=where)
        frames += 1
    return Replay(frames, equal=True, first_difference=None)


def verify(folder: str | Path) -> list[Damage]:
    """Return everything that is wrong with a recording; nothing when it is whole.

    Parameters
    ----------
    folder : str or Path
        Folder of the run, or of its journal alone.

    Raises
    ------
    JournalError
        If there is no journal.
    """
    home = run_folder(Path(folder))
    inner = home / JOURNAL if (home / JOURNAL).is_dir() else home
    damages = journal.verify(inner)
    return damages or [*_manifest_damages(home, inner), *_table_damages(home / TABLES)]


def run_folder(folder: Path) -> Path:
    """Return the folder of the run, also when its journal was named."""
    return folder.parent if folder.name == JOURNAL else folder


def _difference(frame: Frame, recorded: Conclusion) -> str | None:
    """Return in what a frame differs from the recorded one; None when it does not."""
    if frame_digest(frame) == recorded.digest:
        return None
    for name in ("time_s", "complete"):
        if getattr(frame, name) != getattr(recorded.frame, name):
            return name
    blank = Frame(frame.time_s, frame.complete)
    always = ["warnings", "engagements", "orders", "tasks"]
    for name in ["tracks", *always] if recorded.picture else always:
        now = replace(blank, **{name: getattr(frame, name)})
        then = replace(blank, **{name: getattr(recorded.frame, name)})
        if frame_digest(now) != frame_digest(then):
            return name
    return "threats" if recorded.picture else "tracks or threats"


def _named(event: Event) -> str:
    return f"{type(event).__name__} at {event.time_s:.3f} s"


def _manifest_damages(home: Path, inner: Path) -> Iterator[Damage]:
    """Yield a damage when the manifest's digest is not the head of the chain."""
    path = home / MANIFEST
    if not path.exists():
        return
    try:
        told: Any = json.loads(path.read_text())["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Damage(MANIFEST, 0, 0, f"cannot be read: {error}")
        return
    head, records = _head(inner)
    if told != head:
        yield Damage(MANIFEST, 0, records, f"digest is {told}, but the journal ends in {head}")


def _head(inner: Path) -> tuple[str, int]:
    reader = journal.JournalReader(inner)
    for _ in reader.records():
        pass
    return reader.head, reader.tail.record


def _table_damages(tables: Path) -> Iterator[Damage]:
    """Yield a damage for every table that is not what was written; they can be rebuilt."""
    if not (tables / COMPLETE).exists():
        return
    try:
        told: dict[str, str] = json.loads((tables / COMPLETE).read_text())["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Damage(f"{TABLES}/{COMPLETE}", 0, 0, f"cannot be read: {error}")
        return
    for name, sha in told.items():
        path = tables / name
        if not path.exists():
            yield Damage(f"{TABLES}/{name}", 0, 0, "missing; it can be rebuilt from the journal")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha:
            words = "does not match its digest; it can be rebuilt from the journal"
            yield Damage(f"{TABLES}/{name}", 0, 0, words)
