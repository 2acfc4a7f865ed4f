"""Tracking without scenario or world: the step that plane and space share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chowki.core.ports import Associator
from chowki.core.records import TrackStatus
from chowki.core.table import F64, I64
from chowki.kernels import filter as plots_of
from chowki.kernels.gate import Bernoullis
from chowki.kernels.modes import Motion, Size
from chowki.kernels.reach import Founded
from chowki.picture.bearings import BearingMemory
from chowki.picture.clusters import (
    Cluster,
    Observation,
    Shares,
    Touched,
    hushed,
    surviving,
    write_slots,
)
from chowki.picture.config import SensorConfig, TrackerConfig
from chowki.picture.contest import Contest
from chowki.picture.estimates import Estimates, Pairs
from chowki.picture.workers import Workers

EDGE = 0.2  # share of targets that outlives leaving the area: its bounds are never quite exact
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LoneState:
    """All that is known at one time.

    Attributes
    ----------
    time_s : float
        Of the last scan, NaN before the first.
    rows : Bernoullis
        Tracks: state, covariance, modes, validity time, existence.
    number : I64
        Track numbers, shape (n,).
    updated_s : F64
        Time of the last detection, shape (n,).
    confirmed : numpy.ndarray
        Whether a track has ever been confirmed, shape (n,).
    density, expected : float, F64
        Undetected targets: a square metre, and of each Gaussian (g,).
    next_track : int
        Next track number.
    clusters : tuple of Cluster
        Tracks that are kept as several hypotheses.
    heard : BearingMemory
        Bearings that no track claims.
    """

    time_s: float
    rows: Bernoullis
    number: I64
    updated_s: F64
    confirmed: Flags
    density: float
    expected: F64
    next_track: int
    clusters: tuple[Cluster, ...]
    heard: BearingMemory


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan came to: rows, their shares, and the plots that founded tracks."""

    number: I64
    shares: Shares
    founding: I64
    existence: F64
    next_track: int

    def pairs(self) -> Pairs:
        """Return who caused which plot, new tracks and clustered ones among them."""
        starts, pair_plot, share = self.shares.pairs
        row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        told = (share > 0.0) & (self.shares.clustered[row] == 0)
        parts = [(pair_plot[told], self.number[row[told]], share[told])]
        for settled in self.shares.settled:
            member, plot = np.nonzero(settled.claims > 0.0)
            members = settled.cluster.members[member]
            parts.append((settled.plots[plot], members, settled.claims[member, plot]))
        fresh = self.next_track + np.arange(len(self.founding))
        parts.append((self.founding, fresh, self.existence))
        return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class LoneTracker(ABC):
    """TOMB/P, with several hypotheses where tracks blur; plane and space say how plots are read.

    Parameters
    ----------
    config : TrackerConfig
        Sensors, motion, targets, what to report.
    associator : Associator
        Weighs which track each plot came from.
    size, motion
        As in ``kernels.gate.candidates``.
    """

    def __init__(
        self, config: TrackerConfig, associator: Associator, size: Size, motion: Motion
    ) -> None:
        self._config, self._size, self._motion = config, size, motion
        self._born = np.array([b.weight for b in config.target.birth], dtype=np.float64)
        # a threshold on existence that no birth reaches would leave the picture empty for ever
        self._floor = min(config.report.drop, 0.5 * _likeliest_birth(config))
        a = config.association
        self._workers = Workers(size, motion, a.threads)
        self._contest = Contest(size, motion, associator, a.hypotheses, a.blur, self._workers)
        # one sensor alone: who leaves its area is gone; of several, another may still see it
        self._edge = EDGE if len({sensor.area_m for sensor in config.sensor}) == 1 else 1.0

    def start(self) -> LoneState:
        """Return what is known before the first scan."""
        target, modes_n, s = self._config.target, len(self._motion[0]), len(self._size)
        d, none = 2 * (s // 2), np.empty(0)
        rows = (
            np.empty((0, d)), np.empty((0, d, d)), np.empty((0, modes_n, s)),
            np.empty((0, modes_n, s, s)), np.empty((0, modes_n)), none, none, np.empty(0, np.int64),
        )  # fmt: skip
        initial = np.array([b.initial_weight for b in target.birth], dtype=np.float64)
        return LoneState(
            math.nan, rows, np.empty(0, np.int64), none, np.empty(0, np.bool_),
            target.initial_per_m2, initial, 1, (), BearingMemory(),
        )  # fmt: skip

    def scan(
        self, state: LoneState, sensor: SensorConfig, at_s: float, time_s: F64, values: F64
    ) -> tuple[LoneState, Found]:
        """Return the state after a scan, and who caused which plot.

        Parameters
        ----------
        state : LoneState
            Before.
        sensor : SensorConfig
            Whose scan it is.
        at_s : float
            Time of the scan.
        time_s, values : F64
            Shapes (m,), (m, k): its plots, columns as the kind of sensor measures them.
        """
        state, survival = self._aged(state, at_s)
        seen = self._seen(state, sensor, at_s, survival, time_s, values)
        chance = hushed(state.clusters, state.number, seen.chance_of(state.rows, state.number))
        gated = self._candidates(state.rows, chance, seen)
        tracks = Touched(state.number, state.rows, np.arange(len(chance)))
        shares = self._contest.associate(state.clusters, tracks, chance, gated, seen)
        rows = self._updated(self._copied(state.rows), chance, shares, seen)
        for settled in shares.settled:
            write_slots(settled, rows, np.searchsorted(state.number, settled.cluster.members))
        born = self._births(state, sensor, seen, shares.free)
        heard, born = self._with_bearings(state, sensor, seen, shares.free, born)
        found = Found(state.number, shares, born[0], born[1], state.next_track)
        left = 1.0 - sensor.detection_probability  # those that were there have shown
        state = replace(state, heard=heard)
        return self._turned_over(state, rows, shares, born, seen.plots, left), found

    def estimates(self, state: LoneState) -> Estimates:
        """Return the tracks to report, at the time of the last scan."""
        existence, told = state.rows[6], self._told(state)
        (x, y, z, vx, vy, vz), spread = self._place(state, told)
        mode = np.zeros((len(told), 3))
        mode[:, : state.rows[4].shape[1]] = state.rows[4][told]
        return Estimates(
            np.full(len(told), state.time_s), state.number[told], x, y, z, vx, vy, vz,
            existence[told], _status(state, told), spread, mode,
        )  # fmt: skip

    def _told(self, state: LoneState) -> I64:
        """Return the rows to report: those that exist, confirmed ones a little longer."""
        report = self._config.report
        least = np.where(state.confirmed, report.existence * report.hold, report.existence)
        return np.flatnonzero(state.rows[6] > least)

    @abstractmethod
    def _seen(
        self, state: LoneState, sensor: SensorConfig, at_s: float, survival: float, time_s: F64,
        values: F64,
    ) -> Observation:  # fmt: skip
        """Return the scan as kernels take it."""

    @abstractmethod
    def _births(
        self, state: LoneState, sensor: SensorConfig, seen: Observation, free: F64
    ) -> Founded:
        """Return the tracks that plots found: plot, existence, state, covariance."""

    @abstractmethod
    def _place(self, state: LoneState, told: I64) -> tuple[tuple[F64, ...], F64]:
        """Return position and velocity of some tracks, and the covariance of position (k, 6)."""

    def _with_bearings(
        self, state: LoneState, sensor: SensorConfig, seen: Observation, free: F64, born: Founded
    ) -> tuple[BearingMemory, Founded]:
        """Return the bearings remembered, and the tracks founded with those that they found."""
        del sensor, seen, free
        return state.heard, born

    def _aged(self, state: LoneState, at_s: float) -> tuple[LoneState, float]:
        """Return the state with births up to a scan, and the probability of surviving until it."""
        if math.isnan(state.time_s):
            return replace(state, time_s=at_s), 1.0
        target = self._config.target
        periods = (at_s - state.time_s) / self._config.sensor[0].scan_period_s
        survival = target.survival_probability**periods
        return replace(
            state,
            time_s=at_s,
            density=survival * state.density + periods * target.birth_per_m2,
            expected=survival * state.expected + periods * self._born,
        ), survival

    def _candidates(self, rows: Bernoullis, chance: F64, seen: Observation) -> tuple[I64, I64, F64]:
        """Return the candidate pairs of all rows."""
        return self._workers.candidates(rows, np.arange(len(chance)), chance, seen)

    def _copied(self, rows: Bernoullis) -> Bernoullis:
        """Return rows that may be written into."""
        if rows[2].shape[1] == 1:
            return _single(*self._workers.copies((*rows[:2], *rows[5:7])))
        a, b, c, d, e, f, g = self._workers.copies(rows[:7])
        return a, b, c, d, e, f, g, rows[7]

    def _updated(
        self, rows: Bernoullis, chance: F64, shares: Shares, seen: Observation
    ) -> Bernoullis:
        """Return all rows, updated in place where no cluster looks after them."""
        told = (shares.pairs, shares.missed, shares.clustered)
        self._workers.update(rows, np.arange(len(chance)), chance, told, seen, -1)
        return rows

    def _turned_over(
        self, state: LoneState, rows: Bernoullis, shares: Shares, born: Founded, plots: F64,
        left: float,
    ) -> LoneState:  # fmt: skip
        """Return the state after a scan: without tracks that hardly exist, with those founded."""
        kept = np.flatnonzero(rows[6] >= self._floor)
        fresh, when = len(born[0]), plots[born[0], plots_of.P_TIME]
        number = np.concatenate((state.number[kept], state.next_track + np.arange(fresh)))
        confirmed = state.confirmed | (rows[6] >= self._config.report.confirmed)
        updated_s = _detected(state, shares, plots)
        return LoneState(
            state.time_s,
            self._rows(rows, kept, born, when),
            number,
            np.concatenate((updated_s[kept], when)),
            np.concatenate((confirmed[kept], np.zeros(fresh, np.bool_))),
            state.density * left,
            state.expected * left,
            state.next_track + fresh,
            surviving(shares.clusters, number),
            state.heard,
        )

    def _rows(self, rows: Bernoullis, kept: I64, born: Founded, when: F64) -> Bernoullis:
        """Return the rows kept, and behind them those born."""
        _, existence, x, p = born
        fresh, old = len(existence), len(kept)
        one_mode = rows[2].shape[1] == 1
        columns = (*rows[:2], *rows[5:7]) if one_mode else rows[:7]
        state, covariance, *modes, time_s, exists = self._workers.rows(columns, kept, fresh)
        state[old:], covariance[old:], time_s[old:], exists[old:] = x, p, when, existence
        if one_mode:
            return _single(state, covariance, time_s, exists)
        mode_x, mode_p, mode_mu = modes
        d = state.shape[1]
        mode_x[old:, 0, :d], mode_p[old:, 0, :d, :d], mode_mu[old:, 0] = x, p, 1.0
        return state, covariance, mode_x, mode_p, mode_mu, time_s, exists, np.arange(old + fresh)


def _likeliest_birth(config: TrackerConfig) -> float:
    """Return the existence of the likeliest new track, roughly: where births are densest."""
    target, sensor = config.target, config.sensor[0]
    densest = target.birth_per_m2
    for birth in target.birth:
        densest += birth.weight / (2.0 * math.pi * birth.sd_m[0] * birth.sd_m[1])
    unseen = sensor.detection_probability * densest
    return unseen / max(unseen + sensor.clutter_density_per_m2, 1e-300)


def _single(state: F64, covariance: F64, time_s: F64, existence: F64) -> Bernoullis:
    """Return rows whose only mode is the state itself."""
    n, d = len(existence), state.shape[1]
    mode_x, mode_p = state.reshape(n, 1, d), covariance.reshape(n, 1, d, d)
    return state, covariance, mode_x, mode_p, np.ones((n, 1)), time_s, existence, np.arange(n)


def _detected(state: LoneState, shares: Shares, plots: F64) -> F64:
    """Return the time of the last detection of each track, those of this scan entered."""
    starts, pair_plot, share = shares.pairs
    updated_s = state.updated_s.copy()
    sure = np.flatnonzero(share > 0.5)
    row = np.searchsorted(starts, sure, side="right") - 1
    updated_s[row] = plots[pair_plot[sure], plots_of.P_TIME]
    for settled in shares.settled:
        member, plot = np.nonzero(settled.claims > 0.5)
        at = np.searchsorted(state.number, settled.cluster.members[member])
        updated_s[at] = plots[settled.plots[plot], plots_of.P_TIME]
    return updated_s


def _status(state: LoneState, rows: I64) -> NDArray[np.int8]:
    silent = state.updated_s[rows] < state.time_s
    known = np.where(silent, int(TrackStatus.COASTING), int(TrackStatus.CONFIRMED))
    return np.where(state.confirmed[rows], known, int(TrackStatus.TENTATIVE)).astype(np.int8)
