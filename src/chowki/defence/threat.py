"""Threat: which defended place a track means, how surely, and when it would be there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.core.places import Theatre
from chowki.core.records import Threats, Tracks, TrackStatus
from chowki.core.table import F64, I8, I64
from chowki.defence.threat_parameters import ThreatParameters
from chowki.defence.threat_rows import ThreatRows, kinematics_of, pace_of
from chowki.kernels.intent import intend
from chowki.kernels.ranking import rerank

B8 = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ThreatMemory:
    """What the model keeps of each track that may attack; one row each, by track number.

    Attributes
    ----------
    time_s : float
        UTC seconds of the last evaluation, -inf before the first.
    track : I64
        Shape (n,): track numbers, ascending.
    progress_m : F64
        Shape (n, p): progress towards each place, forgotten with the path.
    flown_m : F64
        Shape (n,): length flown, forgotten alike.
    speed_mps, watched_s : F64
        Shape (n,): mean speed, NaN while unknown; seconds over which it was averaged.
    rank : F64
        Shape (n,): where the track stood in the last ranking, from 0.
    """

    time_s: float
    track: I64
    progress_m: F64
    flown_m: F64
    speed_mps: F64
    watched_s: F64
    rank: F64


class DestinationThreat:
    """Threat model: Bayes over destinations, from the path flown and the course now.

    An attacker means one place, or none that is defended. It flies in legs: straight at its
    place, by way of a waypoint on either side, or any course as a feint
    (``kernels.intent.course_density``). The path before counts by the detour it would have been
    for each place, and is forgotten over a few kilometres (``kernels.intent.intend``). A nearer
    place is likelier than one far behind it.

    ``probability`` of a row is P(the track is a target, is a drone, is out to attack, and means
    this place). What the place is worth is in the score alone.

    Parameters
    ----------
    theatre : Theatre
        Places and frame of reference.
    parameters : ThreatParameters
        Figures of the model.
    """

    def __init__(self, theatre: Theatre, parameters: ThreatParameters | None = None) -> None:
        f = parameters or ThreatParameters()
        self._figures = f
        self._rows = ThreatRows(theatre, f)
        self._course = np.array(
            [
                f.aim_sd_rad,
                f.direct_share,
                f.any_course_share,
                f.waypoint_concentration,
                f.error_share,
                f.slowest_mps,
            ]
        )
        self._path = np.array(
            [f.distance_scale_m, f.elsewhere_weight, f.detour_scale_m, f.memory_m, f.reach_m]
        )

    def start(self) -> ThreatMemory:
        """Return the memory before any track."""
        none, p = np.empty(0), len(self._rows.plan.place_m)
        tracks = np.empty(0, dtype=np.int64)
        return ThreatMemory(-np.inf, tracks, np.empty((0, p)), none, none, none, none)

    def evaluate(
        self, memory: ThreatMemory, tracks: Tracks, time_s: float
    ) -> tuple[ThreatMemory, Threats]:
        """Return the memory with the tracks taken in, and ranked pairs; the worst first."""
        rows, relevance = self._rows.relevant(tracks)
        if not len(rows) or not len(self._rows.plan.place_m):
            return self.start(), Threats.empty()
        held, old = _carried(memory, tracks.track[rows])
        kinematics = kinematics_of(tracks, rows)
        step_s = self._steps(memory, tracks.status[rows], old, time_s)
        plan = self._rows.plan
        likely = intend(
            kinematics,
            step_s,
            held.progress_m,
            held.flown_m,
            plan.place_m,
            plan.place_axes,
            plan.place_radius_m,
            self._course,
            self._path,
        )
        speed, watched = self._mean_speed(held, kinematics, step_s)
        kinematics[:, 6:] *= self._figures.error_share
        error = kinematics[:, 7] / np.sqrt(3.0 * (1.0 + watched / self._figures.speed_error_s))
        pace = pace_of(speed, np.minimum(error, speed), self._figures)
        pairs, numbers = self._rows.pairs(kinematics, pace, relevance[:, None] * likely)
        score, armed = self._rows.scores(tracks, rows, pairs, numbers)
        loss = self._rows.losses(pairs, score, len(rows))
        order = np.lexsort((tracks.track[rows], -loss, held.rank))
        rank = rerank(order, loss, np.isinf(held.rank), self._figures.rank_margin)
        threats = self._rows.ranked(tracks, rows, (pairs, numbers, score, armed), rank, time_s)
        after = ThreatMemory(
            time_s,
            tracks.track[rows],
            held.progress_m,
            held.flown_m,
            speed,
            watched,
            rank.astype(np.float64),
        )
        return after, threats

    def _steps(self, memory: ThreatMemory, status: I8, old: B8, now: float) -> F64:
        """Return the seconds that each track was seen to fly since then; none while it coasts."""
        passed = min(max(now - memory.time_s, 0.0), self._figures.longest_step_s)
        seen = old & (status == int(TrackStatus.CONFIRMED))
        return np.where(seen, passed, 0.0)

    def _mean_speed(self, held: ThreatMemory, kinematics: F64, step_s: F64) -> tuple[F64, F64]:
        """Return the mean speed with the one now taken in, and over how long it is averaged."""
        now = np.sqrt((kinematics[:, 3:6] ** 2).sum(axis=1))
        memory_s = self._figures.speed_memory_s
        share = step_s / (np.minimum(held.watched_s, memory_s) + step_s + 1e-9)
        mean = held.speed_mps + share * (now - held.speed_mps)
        mean = np.where(np.isnan(mean), np.where(np.isnan(now), held.speed_mps, now), mean)
        watched = np.where(np.isnan(now), held.watched_s, held.watched_s + step_s)
        return mean, np.minimum(watched, memory_s)


def _carried(memory: ThreatMemory, track: I64) -> tuple[ThreatMemory, B8]:
    """Return the memory of these tracks, ascending, in arrays of its own; and which it knew."""
    at = np.searchsorted(memory.track, track)
    old = np.isin(track, memory.track)

    def taken(column: F64, blank: float) -> F64:
        out = np.full((len(track), *column.shape[1:]), blank)
        out[old] = column[at[old]]
        return out

    held = ThreatMemory(
        memory.time_s,
        track,
        taken(memory.progress_m, 0.0),
        taken(memory.flown_m, 0.0),
        taken(memory.speed_mps, np.nan),
        taken(memory.watched_s, 0.0),
        taken(memory.rank, np.inf),
    )
    return held, old


def worst_of_each(tracks: Tracks, threats: Threats) -> tuple[I64, I64, I64, F64]:
    """Return what each threatening track means most; the worst tracks first.

    Threats come ranked, so the first of a track is the place that it most probably means.

    Returns
    -------
    row : I64
        Row of the track in the picture.
    whose : I64
        Row of each threat's track in the picture.
    first : I64
        Row of its first threat.
    probability : F64
        Probability that it means any place at all.
    """
    _, first, of = np.unique(threats.track, return_index=True, return_inverse=True)
    total = np.zeros(len(first))
    np.add.at(total, of, threats.probability)
    order = np.argsort(tracks.track, kind="stable")
    row = order[np.searchsorted(tracks.track, threats.track[first], sorter=order)]
    ranked = np.argsort(first, kind="stable")
    return row[ranked], row[of], first[ranked], total[ranked]
