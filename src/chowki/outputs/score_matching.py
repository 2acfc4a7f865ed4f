"""Which track followed which real object, picture by picture: what all scores are counted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.records import Fate, Identity, TrackStatus
from chowki.kernels.gospa import Matches, assign, near_pairs
from chowki.outputs.evidence import F64, I64, Evidence, column, positions


@dataclass(frozen=True, slots=True)
class Objects:
    """Real objects in the air, or tracks that claim to be: one row each per picture.

    Attributes
    ----------
    number : I64
        Target or track number, shape (n,).
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
        return self.first_s + self.period_s * np.arange(self.steps)


def pictures_of(evidence: Evidence) -> Clock | None:
    """Return the recorded pictures, None when there are fewer than two."""
    times = np.unique(column(evidence.tracks, "time_s"))
    if len(times) < 2:
        return None
    period_s = float(np.median(np.diff(times)))
    ends = times[[0, -1]]
    if evidence.theatre.simulated and evidence.truth.num_rows:
        of_truth = column(evidence.truth, "time_s")
        on_grid = of_truth[np.abs((of_truth - ends[0] + 0.25) % period_s) < 0.5]
        if len(on_grid):
            ends = np.array([min(ends[0], on_grid.min()), max(ends[1], on_grid.max())])
    steps = 1 + round(float(ends[1] - ends[0]) / period_s)
    return Clock(float(ends[0]), period_s, steps)


def confirmed_tracks(evidence: Evidence, clock: Clock) -> Objects:
    """Return the confirmed tracks of each picture."""
    table = evidence.tracks
    step = clock.steps_of(column(table, "time_s"))
    kept = np.flatnonzero((column(table, "status") == TrackStatus.CONFIRMED) & (step >= 0))
    return Objects(column(table, "track")[kept], step[kept], positions(table)[kept], kept)


def flying_targets(evidence: Evidence, clock: Clock) -> Objects:
    """Return everything that flew at the time of each picture."""
    table = evidence.truth
    step = clock.steps_of(column(table, "time_s"))
    kept = np.flatnonzero((column(table, "fate") == Fate.FLYING) & (step >= 0))
    return Objects(column(table, "target")[kept], step[kept], positions(table)[kept], kept)


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
        Shape (s,): target number of each identity switch.
    """

    optimal: Matches
    kept: Matches
    switches: I64


def follow(truth: Objects, found: Objects, cutoff_m: float, p: float = 2.0) -> Following:
    """Match tracks to objects in every picture, and count the changes."""
    pairs = near_pairs(truth.position_m, truth.step, found.position_m, found.step, cutoff_m)
    optimal = assign(pairs, len(truth), len(found), cutoff_m, p)
    kept, switches = _with_memory(truth, found, pairs, optimal)
    return Following(optimal, kept, switches)


def _with_memory(
    truth: Objects, found: Objects, pairs: Matches, optimal: Matches
) -> tuple[Matches, I64]:
    """Return matches that hold on to their partner, and the targets that changed it."""
    target, target_of = np.unique(truth.number, return_inverse=True)
    track_of = np.unique(found.number, return_inverse=True)[1]
    held = np.full(len(target), -1)
    pair_step, best_step = truth.step[pairs.truth], truth.step[optimal.truth]
    pair_order = np.argsort(pair_step, kind="stable")
    best_order = np.argsort(best_step, kind="stable")
    steps = np.arange(1 + pair_step.max(initial=-1) + 1)
    pair_edge = np.searchsorted(pair_step[pair_order], steps)
    best_edge = np.searchsorted(best_step[best_order], steps)
    rows: list[I64] = []
    best_rows: list[I64] = []
    switched: list[I64] = []
    for k in range(len(steps) - 1):
        near = pair_order[pair_edge[k] : pair_edge[k + 1]]
        stay = near[held[target_of[pairs.truth[near]]] == track_of[pairs.estimate[near]]]
        stay = stay[np.argsort(pairs.distance_m[stay], kind="stable")]
        stay = stay[np.unique(pairs.estimate[stay], return_index=True)[1]]
        best = best_order[best_edge[k] : best_edge[k + 1]]
        best = best[
            ~np.isin(optimal.truth[best], pairs.truth[stay])
            & ~np.isin(optimal.estimate[best], pairs.estimate[stay])
        ]
        whom, which = target_of[optimal.truth[best]], track_of[optimal.estimate[best]]
        switched.append(whom[(held[whom] >= 0) & (held[whom] != which)])
        held[whom] = which
        rows.append(stay)
        best_rows.append(best)
    stay, best = _joined(rows), _joined(best_rows)
    kept = Matches(
        np.concatenate([pairs.truth[stay], optimal.truth[best]]),
        np.concatenate([pairs.estimate[stay], optimal.estimate[best]]),
        np.concatenate([pairs.distance_m[stay], optimal.distance_m[best]]),
    )
    return kept, target[_joined(switched)]


def _joined(parts: list[I64]) -> I64:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def held_suspect(tracks: Any, rows: I64) -> Any:
    """Return which rows of the picture were held suspect or hostile, shape (n,)."""
    identity = column(tracks, "identity")[rows]
    return (identity == Identity.SUSPECT) | (identity == Identity.HOSTILE)
