"""The same night without its operator: what persons in the loop changed, side by side.

Chance is addressed, so both runs meet the same raid with the same draws; only what persons decided,
and how long they took, differs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chowki import scenario
from chowki.core.errors import JournalError, UsageError
from chowki.core.records import EngagementState
from chowki.outputs.evidence import column
from chowki.outputs.recorder import PAIRED, write_whole
from chowki.outputs.sitrep import SituationReport, situation
from chowki.outputs.sitrep.document import lead_times
from chowki.run.assemble import of_scenario
from chowki.run.compare import compare
from chowki.run.loop import Progress, record
from chowki.run.result import Run, strict_json

WITHOUT = "without-operator"  # folder of the second run, within that of the first
_Measured = Callable[[Run, SituationReport], float]


@dataclass(frozen=True, slots=True)
class Paired:
    """A run with its operator, and the same without.

    Attributes
    ----------
    digest : str
        Head of the journal of the run with the operator.
    until_s : float
        Scenario seconds that both lasted.
    figures : tuple of dict
        Name, unit, and the value with and without; None where there is none.
    fates : dict of str to (int, int)
        How the attacking targets ended.
    targets, places : list of dict
        What differs, as in ``run.compare``.
    """

    digest: str
    until_s: float
    figures: tuple[dict[str, Any], ...]
    fates: dict[str, tuple[int, int]]
    targets: list[dict[str, Any]]
    places: list[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """Return the pair as what JSON can say."""
        return asdict(self)


def without_operator(folder: str | Path, progress: Progress | None = None) -> Paired:
    """Run the scenario of a recording again without its operator, and compare.

    The second run is recorded within the folder of the first, and ends when the first did.

    Parameters
    ----------
    folder : str or Path
        Folder of a simulated run.
    progress : callable, optional
        As in ``run.run``.

    Returns
    -------
    Paired
        It is also written beside the journal, where the report finds it.

    Raises
    ------
    UsageError
        If the run was not simulated.
    JournalError, OutputError
        If the recording is damaged, or the second cannot be written.
    """
    first = Run(folder)
    noted, station = first.recording.noted, first.recording.theatre.station
    if not first.recording.theatre.simulated or noted["scenario"] is None:
        raise UsageError(f"{folder}: no simulated run, so there is nothing to run again")
    lasted_s = _lasted_s(first) - station.start_s
    story = scenario.Scenario.from_document(_nobody_in_the_loop(noted["scenario"]))
    second = record(of_scenario(story, noted["seed"], lasted_s), first.folder / WITHOUT, progress)
    both = compare(first.folder, second.folder)
    found = Paired(
        first.digest, lasted_s, _figures(first, second), both.fates, both.targets, both.places
    )
    write_whole(first.folder / PAIRED, strict_json(found.document()).encode())
    return found


def paired_of(run: Run) -> dict[str, Any] | None:
    """Return what was found of a run without its operator; None when that was never asked.

    Raises
    ------
    JournalError
        If it cannot be read, or belongs to another journal.
    """
    path = run.folder / PAIRED
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise JournalError(f"{path}: cannot be read: {error}") from error
    if told.get("digest") != run.digest:
        raise JournalError(f"{path}: of another journal; make it anew with report --paired")
    return told


def _nobody_in_the_loop(document: dict[str, Any]) -> dict[str, Any]:
    """Return a scenario in which the simulated desks release and warnings go out at once."""
    defence = document.get("defence") or {}
    posture = {**(defence.get("posture") or {}), "operator": False}
    return {**document, "defence": {**defence, "posture": posture}}


def _lasted_s(run: Run) -> float:
    """Return the UTC seconds of the last thing recorded."""
    tables = (run.recording.scans, run.recording.statuses, run.recording.acts, run.tracks)
    times = [column(table, "time_s") for table in tables]
    return max((float(at_s.max()) for at_s in times if len(at_s)), default=-math.inf)


def _figures(first: Run, second: Run) -> tuple[dict[str, Any], ...]:
    """Return every figure of both runs."""
    runs = [(run, situation(run.recording)) for run in (first, second)]
    rows: list[dict[str, Any]] = []
    for (name, unit), measured in _MEASURED.items():
        a, b = (measured(*one) for one in runs)
        values = {"with": _or_none(a), "without": _or_none(b)}
        rows.append({"name": name, "unit": unit, **values})
    return tuple(rows)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _harm(run: Run, _told: SituationReport) -> float:
    """Return the harm by debris that was expected of all orders together."""
    table = run.engagements
    ordered = column(table, "state") == EngagementState.ORDERED
    return float(np.nansum(column(table, "harm")[ordered]))


def _of_truth(name: str) -> _Measured:
    return lambda _run, told: math.nan if told.truth is None else float(getattr(told.truth, name))


def _median_lead_s(_run: Run, told: SituationReport) -> float:
    lead_s = lead_times(told)["median"]
    return math.nan if lead_s is None else float(lead_s)


_MEASURED: dict[tuple[str, str], _Measured] = {
    ("drones of the raid that flew", ""): _of_truth("raid"),
    ("leakers", ""): _of_truth("reached"),
    ("drones intercepted", ""): _of_truth("intercepted"),
    ("engagements ordered", ""): lambda _run, told: told.engagement.engagements,
    ("rounds spent", ""): lambda _run, told: sum(told.engagement.rounds.values()),
    ("expected civilian harm by debris", ""): _harm,
    ("airliners hit", ""): _of_truth("airliners_hit"),
    ("warnings to places", ""): lambda _run, told: len(told.warnings),
    ("of them take cover", ""): lambda _run, told: sum(one.take_cover for one in told.warnings),
    ("median lead of a warning", "s"): _median_lead_s,
    ("warnings that nothing followed", ""): lambda _run, told: sum(
        not math.isfinite(one.approach_s) for one in told.warnings
    ),
}
