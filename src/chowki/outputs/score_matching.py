"""Which track followed which real object, picture by picture: what all scores are counted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.records import Fate, Identity, TrackStatus
from chowki.kernels.gospa import Matches, assign, keep_partners, near_pairs
from chowki.outputs.evidence import F64, I64, Evidence, column, positions, running_numbers


@dataclass(frozen=True, slots=True)
class Objects:
    """Real objects in the air, or tracks that claim to be: one row each per picture.

    Attributes
    ----------
    number : I64
        Running number of the target or track, shape (n,): from 0, as rows of an array.
    step : I64
        Number of the picture, shape (n,).
    position_m : F64
        Station frame, shape (n, 3).
    row : I64
        Row in the table it came from, shape (n,).
    """

    number: I64
    step: I64
    position_m: F64
    row: I64

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.number)


def on_the_ground(objects: Objects) -> Objects:
    """Return objects as they lie on the map, heights left out."""
    flat = objects.position_m.copy()
    flat[:, 2] = 0.0
    return Objects(objects.number, objects.step, flat, objects.row)


@dataclass(frozen=True, slots=True)
class Clock:
    """The pictures that were recorded: one each ``period_s``."""

    first_s: float
    period_s: float
    steps: int

    def steps_of(self, time_s: F64) -> I64:
        """Return the picture of each time, -1 when it lies between two."""
        exact = (time_s - self.first_s) / self.period_s
        step = np.rint(exact).astype(np.int64)
        off = np.abs(exact - step) * self.period_s > 0.25
        return np.where(off | (step < 0) | (step >= self.steps), -1, step)

    def times(self) -> F64:
        """Return UTC seconds of each picture, shape (steps,)."""
        return self.first_s + self.period_s * np.arange(self.steps, dtype=np.float64)


def pictures_of(evidence: Evidence) -> Clock | None:
    """Return the recorded pictures, None when there are fewer than two."""
    times = np.unique(column(evidence.tracks, "time_s"))
    if len(times) < 2:
        return None
    period_s = max(float(np.median(np.diff(times))), 1.0)
    ends = times[[0, -1]]
    if evidence.theatre.simulated and evidence.truth.num_rows:
        of_truth = column(evidence.truth, "time_s")
        on_grid = of_truth[np.abs((of_truth - ends[0] + 0.25) % period_s) < 0.5]
        if len(on_grid):
            ends = np.array([min(ends[0], on_grid.min()), max(ends[1], on_grid.max())])
    steps = 1 + round(float(ends[1] - ends[0]) / period_s)
    return Clock(float(ends[0]), period_s, steps)


def confirmed_tracks(evidence: Evidence, clock: Clock, cutoff_m: float = np.inf) -> Objects:
    """Return the confirmed tracks of each picture, also those that coast.

    A track that says of itself that it is less certain than the cutoff tells no place at that
    cutoff and is left out; one that the table holds no uncertainty of stays.
    """
    table = evidence.tracks
    step, status = clock.steps_of(column(table, "time_s")), column(table, "status")
    held = (status == TrackStatus.CONFIRMED) | (status == TrackStatus.COASTING)
    vague = column(table, "sd_horizontal_m") > cutoff_m
    kept = np.flatnonzero(held & ~vague & (step >= 0))
    number = running_numbers(column(table, "track")[kept])
    return Objects(number, step[kept], positions(table)[kept], kept)


def flying_targets(evidence: Evidence, clock: Clock) -> Objects:
    """Return everything that flew at the time of each picture."""
    table = evidence.truth
    step = clock.steps_of(column(table, "time_s"))
    kept = np.flatnonzero((column(table, "fate") == Fate.FLYING) & (step >= 0))
    number = running_numbers(column(table, "target")[kept])
    return Objects(number, step[kept], positions(table)[kept], kept)


@dataclass(frozen=True, slots=True)
class Following:
    """Who followed whom.

    Attributes
    ----------
    optimal : Matches
        The GOSPA-optimal matches of each picture alone.
    kept : Matches
        The same with memory: a target keeps its track while both are there and nearer than the
        cutoff (Bernardin and Stiefelhagen 2008, CLEAR MOT); else it takes its optimal one.
    switches : I64
        Shape (t,): identity switches by target number.
    """

    optimal: Matches
    kept: Matches
    switches: I64


def follow(truth: Objects, found: Objects, cutoff_m: float, p: float = 2.0) -> Following:
    """Match tracks to objects in every picture, and count the changes."""
    pairs = near_pairs(truth.position_m, truth.step, found.position_m, found.step, cutoff_m)
    optimal = assign(pairs, len(truth), len(found), cutoff_m, p)
    chosen = np.full(len(found), -1)
    chosen[optimal.estimate] = optimal.truth
    stands, switches = keep_partners(
        truth.step[pairs.truth],
        truth.number[pairs.truth],
        found.number[pairs.estimate],
        pairs.distance_m,
        chosen[pairs.estimate] == pairs.truth,
        1 + int(truth.number.max(initial=-1)),
        1 + int(found.number.max(initial=-1)),
    )
    kept = Matches(pairs.truth[stands], pairs.estimate[stands], pairs.distance_m[stands])
    return Following(optimal, kept, switches)


def held_suspect(tracks: Any, rows: I64) -> Any:
    """Return which rows of the picture were held suspect or hostile, shape (n,)."""
    identity = column(tracks, "identity")[rows]
    return (identity == Identity.SUSPECT) | (identity == Identity.HOSTILE)
