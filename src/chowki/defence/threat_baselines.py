"""Baselines of threat evaluation: the nearest place, and the closest point of approach."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from chowki.core.places import Theatre
from chowki.core.records import Threats, Tracks
from chowki.core.table import F64, I64
from chowki.defence.threat_parameters import ThreatParameters
from chowki.defence.threat_rows import ThreatRows, kinematics_of, pace_now
from chowki.kernels.approach import misses


class _OnePlace(ABC):
    """A threat model without memory: a track means the one place that a measure picks.

    Parameters
    ----------
    theatre : Theatre
        Places and frame of reference.
    parameters : ThreatParameters
        Figures; those of motion and history are not used.
    """

    def __init__(self, theatre: Theatre, parameters: ThreatParameters | None = None) -> None:
        self._figures = parameters or ThreatParameters()
        self._rows = ThreatRows(theatre, self._figures)

    def start(self) -> tuple[()]:
        """Return no memory."""
        return ()

    def evaluate(
        self, memory: tuple[()], tracks: Tracks, time_s: float
    ) -> tuple[tuple[()], Threats]:
        """Return no memory, and one row for each track with a place in reach."""
        rows, relevance = self._rows.relevant(tracks)
        plan = self._rows.plan
        if not len(rows) or not len(plan.place_m):
            return memory, Threats.empty()
        kinematics = kinematics_of(tracks, rows)
        apart = misses(kinematics, plan.place_m, plan.place_axes, plan.place_radius_m)
        place = self._picked(apart)
        track = np.arange(len(rows))
        probability = np.zeros((len(rows), len(plan.place_m)))
        probability[track, place] = relevance
        probability[~(apart[track, place, 0] <= self._figures.reach_m)] = 0.0
        pairs, numbers = self._rows.pairs(
            kinematics, pace_now(kinematics, self._figures), probability
        )
        score, armed = self._rows.scores(tracks, rows, pairs, numbers)
        loss = self._rows.losses(pairs, score, len(rows))
        rank = np.argsort(np.argsort(-loss, kind="stable"), kind="stable")
        return memory, self._rows.ranked(tracks, rows, (pairs, numbers, score, armed), rank, time_s)

    @abstractmethod
    def _picked(self, apart: F64) -> I64:
        """Return the place of each track, shape (n,), from ``kernels.approach.misses``."""


class NearestPlace(_OnePlace):
    """Baseline threat model: a track means the place that is nearest now."""

    def _picked(self, apart: F64) -> I64:
        return np.argmin(apart[:, :, 0], axis=1)


class ClosestApproach(_OnePlace):
    """Baseline threat model: a track means the place that it would pass nearest, flying on.

    Among places that it would fly over, the nearest.
    """

    def _picked(self, apart: F64) -> I64:
        least = apart[:, :, 1].min(axis=1, keepdims=True)
        return np.argmin(np.where(apart[:, :, 1] <= least, apart[:, :, 0], np.inf), axis=1)
