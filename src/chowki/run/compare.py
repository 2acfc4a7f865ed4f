"""Two runs side by side: what differs, target by target and place by place."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from chowki.core.codec import Conclusion, Decoder
from chowki.core.journal import JournalReader
from chowki.core.places import Theatre
from chowki.core.records import Fate, WarningLevel
from chowki.core.segments import Channel, Record
from chowki.outputs.archive import NAMES
from chowki.outputs.recorder import JOURNAL
from chowki.run.result import Run, last_truth


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs differ in.

    Attributes
    ----------
    equal : bool
        True when both journals are the same to the last bit.
    same : dict of str to bool
        Whether scenario, seed and places are the same.
    first_difference : str or None
        The first event, conclusion or truth that differs, in words.
    rows : dict of str to (int, int)
        Rows of each table.
    fates : dict of str to (int, int)
        How the attacking targets ended.
    targets : list of dict
        Attacking targets of both runs that ended differently: target, first, second.
    places : list of dict
        Defended places of both runs whose outcome differs: place, and pairs of leakers and
        seconds of first warning.
    """

    equal: bool
    same: dict[str, bool]
    first_difference: str | None
    rows: dict[str, tuple[int, int]]
    fates: dict[str, tuple[int, int]]
    targets: list[dict[str, Any]]
    places: list[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """Return the comparison as what JSON can say."""
        return asdict(self)


def compare(first: str | Path, second: str | Path) -> Comparison:
    """Say in what two runs differ.

    Parameters
    ----------
    first, second : str or Path
        Folders of the runs. With the same scenario targets are paired by their number: chance is
        addressed, so what a change did not touch stays the same.

    Raises
    ------
    JournalError
        If a journal is missing or damaged.
    """
    a, b = Run(first), Run(second)
    notes = a.recording.noted, b.recording.noted
    names = [[place.name for place in run.recording.theatre.places] for run in (a, b)]
    same = {
        "scenario": notes[0]["scenario_digest"] == notes[1]["scenario_digest"],
        "seed": notes[0]["seed"] == notes[1]["seed"],
        "places": names[0] == names[1],
    }
    rows = {name: (_rows(a, name), _rows(b, name)) for name in NAMES}
    ended = _ended(a), _ended(b)
    return Comparison(
        equal=a.digest == b.digest,
        same=same,
        first_difference=None if a.digest == b.digest else _first_difference(a, b),
        rows=rows,
        fates=_fates(*ended),
        targets=_targets(*ended),
        places=_places(a, b),
    )


def _rows(run: Run, name: str) -> int:
    return getattr(run.recording, name).num_rows


def _ended(run: Run) -> dict[int, str]:
    """Return how each attacking target ended, by its number."""
    last = last_truth(run.recording)
    if not last:
        return {}
    attacking = last["attacking"] == 1
    fates = last["fate"][attacking].tolist()
    names = [Fate(fate).name.lower().replace("_", " ") for fate in fates]
    return dict(zip(last["target"][attacking].tolist(), names, strict=True))


def _fates(first: dict[int, str], second: dict[int, str]) -> dict[str, tuple[int, int]]:
    counts = Counter(first.values()), Counter(second.values())
    return {fate: (counts[0][fate], counts[1][fate]) for fate in sorted(counts[0] | counts[1])}


def _targets(first: dict[int, str], second: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {"target": target, "first": first[target], "second": second[target]}
        for target in sorted(first.keys() & second.keys())
        if first[target] != second[target]
    ]


def _places(a: Run, b: Run) -> list[dict[str, Any]]:
    """Return the places of both runs whose outcome differs."""
    first, second = _outcomes(a), _outcomes(b)
    return [
        {
            "place": name,
            "leakers": [first[name][0], second[name][0]],
            "first_warning_s": [first[name][1], second[name][1]],
        }
        for name in first
        if name in second and first[name] != second[name]
    ]


def _outcomes(run: Run) -> dict[str, tuple[int, float | None]]:
    """Return leakers, and scenario seconds of the first warning, of each place."""
    last, theatre = last_truth(run.recording), run.recording.theatre
    reached: Counter[int] = Counter()
    if last:
        reached.update(last["place"][last["fate"] == Fate.REACHED_PLACE].tolist())
    warned = _first_warnings(run)
    return {
        place.name: (
            reached[place.index],
            None if place.index not in warned else warned[place.index] - theatre.station.start_s,
        )
        for place in theatre.places
    }


def _first_warnings(run: Run) -> dict[int, float]:
    table = run.warnings
    level = table["level"].to_numpy()
    issued = np.isin(level, [WarningLevel.ADVISORY, WarningLevel.TAKE_COVER])
    issued &= table["place"].to_numpy() >= 0
    rows = zip(table["place"].to_numpy()[issued], table["time_s"].to_numpy()[issued], strict=True)
    first: dict[int, float] = {}
    for place, time_s in rows:
        first.setdefault(int(place), float(time_s))
    return first


def _first_difference(a: Run, b: Run) -> str | None:
    """Return the first record in which two journals differ, apart from their opening notes."""
    records = [JournalReader(run.folder / JOURNAL).records() for run in (a, b)]
    decoders = [Decoder(), Decoder()]
    for pair in zip_longest(*records):
        first, second = pair
        if first is None or second is None:
            return _only(first, decoders[0], "first") or _only(second, decoders[1], "second")
        if first.channel == second.channel == Channel.NOTE:
            decoders = [_after_note(r, d) for r, d in zip(pair, decoders, strict=True)]
        elif (first.channel, first.payload) != (second.channel, second.payload):
            return f"{_named(first, decoders[0])} / {_named(second, decoders[1])}"
    return None


def _only(record: Record | None, decoder: Decoder, run: str) -> str:
    return f"{_named(record, decoder)}: only in the {run}" if record else ""


def _after_note(record: Record, decoder: Decoder) -> Decoder:
    """Return the decoder that knows the sensors of a theatre."""
    note = decoder.decode(record.payload)
    return Decoder(note.sensors) if isinstance(note, Theatre) else decoder


def _named(record: Record, decoder: Decoder) -> str:
    """Return what a record is, in words."""
    message = decoder.decode(record.payload)
    about = message.frame if isinstance(message, Conclusion) else message
    time_s = np.atleast_1d(np.asarray(about.time_s))
    kind = "Frame" if isinstance(message, Conclusion) else type(message).__name__
    return f"record {record.number}, {kind} at {float(time_s[0]):.3f} s"
