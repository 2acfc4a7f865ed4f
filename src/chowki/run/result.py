"""What a run leaves behind, as Python sees it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from chowki.core.clock import format_utc
from chowki.core.journal import JournalReader
from chowki.core.records import EngagementState, Fate, TrackStatus, WarningLevel
from chowki.outputs.recorder import JOURNAL, write_whole
from chowki.outputs.recording import Recording

if TYPE_CHECKING:
    from chowki.outputs.score import ReportScore, Score

pc: Any = compute  # its functions are made at import, and no checker knows them

_TOLD = {  # of the scores, what stands in the summary, and under which name
    "objects": "objects_that_report",
    "objects_tracked": "objects_tracked",
    "gospa_m": "gospa_m",
    "completeness": "completeness",
    "switches": "identity_switches",
    "false_tracks": "false_tracks",
    "time_to_confirm_median_s": "time_to_confirm_s",
    "error_median_m": "error_median_m",
    "error_95_m": "error_95_m",
}


class Run:
    """A run that was recorded.

    Parameters
    ----------
    folder : str or Path
        Folder of the run, or its journal.

    Raises
    ------
    JournalError
        On first use, if there is no journal or it is damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        self.folder = folder.parent if folder.name == JOURNAL else folder
        self.recording = Recording(self.folder)

    @property
    def tracks(self) -> Any:
        """Return the recognised air picture over time, as an Arrow table."""
        return self.recording.tracks

    @property
    def threats(self) -> Any:
        """Return the worst threats over time, as an Arrow table."""
        return self.recording.threats

    @property
    def engagements(self) -> Any:
        """Return every change of an engagement and every refusal; none on a feed."""
        return self.recording.engagements

    @property
    def warnings(self) -> Any:
        """Return every change of a place's warning, as an Arrow table."""
        return self.recording.warnings

    @cached_property
    def digest(self) -> str:
        """Return the head of the journal's chain: equal for equal runs, to the last bit."""
        told = self.recording.manifest["digest"]
        if told is not None:
            return told
        reader = JournalReader(self.folder / JOURNAL)
        for _ in reader.records():
            pass
        return reader.head

    @property
    def state(self) -> str:
        """Return ``complete``, ``interrupted`` (by hand) or ``open`` (it never ended)."""
        return self.recording.manifest["state"]

    @property
    def interrupted(self) -> bool:
        """Return whether the run was ended before its time."""
        return self.state != "complete"

    @cached_property
    def scores(self) -> Score | ReportScore | None:
        """Return the scores against truth: simulated, or what targets reported of themselves."""
        from chowki.outputs.score import score, score_reports

        return score(self.recording) or score_reports(self.recording)

    def _scored(self) -> dict[str, Any]:
        """Return the scores in a few numbers."""
        told = {} if self.scores is None else self.scores.document()
        return {name: told[key] for key, name in _TOLD.items() if key in told}

    def summary(self) -> dict[str, Any]:
        """Return the run in a few numbers, all counted from what was recorded."""
        recording = self.recording
        station, manifest = recording.theatre.station, recording.manifest
        return {
            "name": station.name,
            "start": format_utc(station.start_s),
            "simulated_s": self._span_s(),
            "wall_s": manifest.get("wall_s"),
            "seed": manifest["seed"],
            "state": self.state,
            "simulated": recording.theatre.simulated,
            "sensors": len(recording.theatre.sensors),
            "places": len(recording.theatre.places),
            "scans": recording.scans.num_rows,
            "detections": recording.detections.num_rows,
            "tracks_confirmed": _distinct(self.tracks, "track", "status", TrackStatus.CONFIRMED),
            "places_warned": _distinct(
                self._to_places(), "place", "level", WarningLevel.ADVISORY, WarningLevel.TAKE_COVER
            ),
            **self._engaged(),
            **self._fates(),
            **self._scored(),
            "digest": self.digest,
        }

    def report(self, path: str | Path) -> None:
        """Write the report, and beside it the situation report (text, JSON) and the alerts.

        Parameters
        ----------
        path : str or Path
            Where ``report.html`` goes.

        Raises
        ------
        OutputError
            If a file can't be written.
        JournalError
            If what was found of the run without its operator is of another journal.
        """
        from chowki.outputs.alerts import ALERTS
        from chowki.outputs.report import write_report
        from chowki.outputs.sitrep import situation
        from chowki.run.paired import paired_of

        path = Path(path)
        found = situation(self.recording)
        write_report(self.recording, found, self.scores, path, paired_of(self))
        write_whole(path.with_name("sitrep.txt"), found.text().encode())
        write_whole(path.with_name("sitrep.json"), strict_json(found.document()).encode())
        self.alerts(path.with_name(ALERTS))

    def alerts(self, folder: str | Path | None = None) -> list[dict[str, Any]]:
        """Write every warning as CAP 1.2 messages, whose status is Exercise or Test.

        Parameters
        ----------
        folder : str or Path, optional
            Where they go; ``alerts`` in the folder of the run without it.

        Returns
        -------
        list of dict
            The index: file, status, type, said, sent, warning, place or cell of each message.

        Raises
        ------
        OutputError
            If a file can't be written.
        """
        from chowki.outputs.alerts import ALERTS, write_alerts

        return write_alerts(self.recording, Path(folder or self.folder / ALERTS))

    def _repr_html_(self) -> str:
        from chowki.run.portrait import portrait

        return portrait(self)

    def _to_places(self) -> Any:
        """Return the warnings to places, without those to areas."""
        return self.warnings.filter(pc.greater_equal(self.warnings["place"], 0))

    def _span_s(self) -> float:
        """Return the seconds from start to the last thing received."""
        times = [
            pc.max(table["time_s"]).as_py()
            for table in (self.recording.scans, self.recording.statuses, self.tracks)
            if table.num_rows
        ]
        return max(times, default=0.0) - self.recording.theatre.station.start_s if times else 0.0

    def _engaged(self) -> dict[str, int]:
        """Return how many engagements were ordered, and how they ended."""
        states = {
            "engagements_ordered": EngagementState.ORDERED,
            "engagements_intercepted": EngagementState.INTERCEPTED,
            "engagements_missed": EngagementState.MISSED,
        }
        return {
            name: _distinct(self.engagements, "engagement", "state", state)
            for name, state in states.items()
        }

    def _fates(self) -> dict[str, int]:
        """Return how many attacking targets flew, and how they ended; empty without truth."""
        last = last_truth(self.recording)
        if not last:
            return {}
        attacking = last["attacking"] == 1
        return {
            "attackers": int(attacking.sum()),
            "attackers_intercepted": int((last["fate"][attacking] == Fate.INTERCEPTED).sum()),
            "leakers": int((last["fate"][attacking] == Fate.REACHED_PLACE).sum()),
        }


def last_truth(recording: Recording) -> dict[str, np.ndarray[Any, Any]]:
    """Return the last known row of each target, by column; empty without truth."""
    truth = recording.truth
    if not truth.num_rows:
        return {}
    names = ["target", "time_s", "object_class", "attacking", "place", "fate"]
    columns = {name: truth[name].to_numpy() for name in names}
    order = np.lexsort((np.arange(truth.num_rows), columns["target"]))
    targets = columns["target"][order]
    last = order[np.append(targets[1:] != targets[:-1], True)]
    return {name: column[last] for name, column in columns.items()}


def _distinct(table: Any, what: str, where: str, *values: int) -> int:
    """Return how many different things have one of some values in a column."""
    kept = pc.is_in(table[where], value_set=pa.array([int(v) for v in values], table[where].type))
    return pc.count_distinct(table[what].filter(kept)).as_py()


def strict_json(document: Any) -> str:
    """Return JSON that every reader takes: what is not a finite number becomes null."""
    import json

    return json.dumps(_finite(document), indent=2, allow_nan=False, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    if isinstance(value, np.generic):
        return _finite(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
