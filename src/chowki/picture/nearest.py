"""The baseline: global nearest neighbour with a start from three plots in a row.

The algorithm of Stone Soup's quickest tracker, so that speed is compared code against code: one
assignment for confirmed tracks, one for those being started with what is left, a new start from
each plot left after that; a start ends with its first miss, a track with its third in a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chowki.core.table import F64, I64
from chowki.kernels.associate import best_assignment
from chowki.kernels.gate import Bernoullis
from chowki.kernels.reach import Founded
from chowki.picture.associators import BeliefPropagation
from chowki.picture.clusters import Observation, Shares
from chowki.picture.config import SensorConfig, TrackerConfig
from chowki.picture.lone import Found, LoneState
from chowki.picture.plane import PlaneTracker

PLOTS_TO_START, MISSES_TO_END = 3, 3
GATE_SQ = 9.0
CHEAP_MISS = 20.0


@dataclass(frozen=True, slots=True)
class NearestState(LoneState):
    """What is known, with counters in place of existence.

    Attributes
    ----------
    hits, misses : I64
        Plots so far, misses since the last one, shape (n,).
    """

    hits: I64
    misses: I64


class NearestTracker(PlaneTracker):
    """Global nearest neighbour in the plane.

    Parameters
    ----------
    config : TrackerConfig
        All sensors are of kind "position"; births count for nothing.
    """

    def __init__(self, config: TrackerConfig) -> None:
        super().__init__(config, BeliefPropagation())
        self._gate, self._floor = GATE_SQ, 0.0

    def start(self) -> NearestState:
        """Return what is known before the first scan."""
        none = np.empty(0, dtype=np.int64)
        plain = super().start()
        return NearestState(
            plain.time_s, plain.rows, plain.number, plain.updated_s, plain.confirmed, plain.density,
            plain.expected, plain.next_track, plain.clusters, plain.heard, none, none,
        )  # fmt: skip

    def scan(
        self, state: LoneState, sensor: SensorConfig, at_s: float, time_s: F64, values: F64
    ) -> tuple[LoneState, Found]:
        """Return the state after a scan, and who caused which plot."""
        assert isinstance(state, NearestState)
        state = replace(state, time_s=at_s)
        seen = self._seen(state, sensor, at_s, 1.0, time_s, values)
        chance = seen.chance_of(state.rows, state.number)
        chance[:, 0] = 1.0
        starts, pair_plot, weight = self._candidates(state.rows, chance, seen)
        share = _assigned(state, (starts, pair_plot, weight), 1.0 - chance[:, 2], len(values))
        taken = np.bincount(pair_plot, share, len(values)) > 0.0
        hit = np.add.reduceat(np.append(share, 0.0), starts[:-1]) * (starts[1:] > starts[:-1]) > 0.0
        lost, free = (~hit).astype(np.float64), (~taken).astype(np.float64)
        shares = Shares((starts, pair_plot, share), lost, free, (~hit).astype(np.int64))
        rows = self._updated(self._copied(state.rows), chance, shares, seen)
        born = self._births(state, sensor, seen, shares.free)
        found = Found(state.number, shares, born[0], born[1], state.next_track)
        return self._counted(state, rows, shares, born, seen), found

    def _births(
        self, state: LoneState, sensor: SensorConfig, seen: Observation, free: F64
    ) -> Founded:
        """Return a start from every plot that is left."""
        chosen, _, x, p = super()._births(state, sensor, seen, np.ones(len(free)))
        left = free[chosen] > 0.5
        return chosen[left], np.ones(int(left.sum())), x[left], p[left]

    def _counted(
        self,
        state: NearestState,
        rows: Bernoullis,
        shares: Shares,
        born: Founded,
        seen: Observation,
    ) -> NearestState:
        """Return the state with counters moved on, what is lost ended and what is new started."""
        hit = shares.clustered == 0
        hits, misses = state.hits + hit, np.where(hit, 0, state.misses + 1)
        confirmed = state.confirmed | (hits >= PLOTS_TO_START)
        alive = np.where(confirmed, misses < MISSES_TO_END, misses == 0)
        rows[6][:] = np.where(alive, 1.0, -1.0)
        after = self._turned_over(state, rows, shares, born, seen.plots, 0.0)
        fresh = len(born[0])
        return NearestState(
            after.time_s, after.rows, after.number, after.updated_s,
            np.append(confirmed[alive], np.zeros(fresh, dtype=np.bool_)), after.density,
            after.expected, after.next_track, (), after.heard,
            np.append(hits[alive], np.ones(fresh, dtype=np.int64)),
            np.append(misses[alive], np.zeros(fresh, dtype=np.int64)),
        )  # fmt: skip

    def _told(self, state: LoneState) -> I64:
        """Return the rows to report: confirmed ones."""
        return np.flatnonzero(state.confirmed)


def _assigned(state: NearestState, pairs: tuple[I64, I64, F64], missed: F64, n_plots: int) -> F64:
    """Return 1 for the couples of the best assignment: confirmed tracks first, starts after."""
    starts, pair_plot, weight = pairs
    row = np.repeat(np.arange(len(missed)), np.diff(starts))
    share, free = np.zeros(len(weight)), np.ones(n_plots, dtype=np.bool_)
    for turn in (state.confirmed, ~state.confirmed):
        usable = np.where(turn[row] & free[pair_plot], weight, 0.0)
        chosen = best_assignment(starts, pair_plot, usable, missed, n_plots, CHEAP_MISS)
        couples = chosen[chosen >= 0]
        share[couples] = 1.0
        free[pair_plot[couples]] = False
    return share
