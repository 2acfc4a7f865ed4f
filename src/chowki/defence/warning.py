"""Warnings to places and areas: raised early, held through, ended late, never flapping."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chowki.core.places import Theatre
from chowki.core.records import (
    DRONE_CLASSES,
    Identity,
    Threats,
    Tracks,
    TrackStatus,
    Warnings,
)
from chowki.core.table import F64, I64
from chowki.defence.warning_areas import AreaFinder, Areas
from chowki.defence.warning_board import (
    Conditions,
    WarningBoard,
    advance,
    blank,
    with_cells,
)
from chowki.defence.warning_parameters import WarningParameters

__all__ = ["Evidence", "WarningBoard", "WarningKeeper", "WarningParameters"]

B8 = NDArray[np.bool_]
_DRONES = [int(kind) for kind in DRONE_CLASSES]
_HELD = np.array([kind in (Identity.SUSPECT, Identity.HOSTILE) for kind in Identity])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What may raise which warning.

    Attributes
    ----------
    advises, covers : B8
        Shape (n,), one entry for each threat: counts towards an advisory; towards taking cover.
    areas : Areas
        Areas under tracks.
    """

    advises: B8
    covers: B8
    areas: Areas = field(default_factory=Areas)


class WarningKeeper:
    """Decides what each place and area is told.

    Parameters
    ----------
    theatre : Theatre
        Places and border.
    parameters : WarningParameters
        Thresholds.
    """

    def __init__(self, theatre: Theatre, parameters: WarningParameters) -> None:
        self._places = len(theatre.places)
        self._radius_m = np.array([place.radius_m for place in theatre.places], dtype=np.float64)
        self._figures = parameters
        self._finder = AreaFinder(theatre, parameters)

    def start(self) -> WarningBoard:
        """Return a board on which nothing is told."""
        return blank(np.full(self._places, -1))

    def decide(
        self, board: WarningBoard, threats: Threats, tracks: Tracks, row: I64, time_s: float
    ) -> tuple[WarningBoard, Warnings]:
        """Return the board at a time, and a row for each warning that changed.

        Parameters
        ----------
        board : WarningBoard
            The board before.
        threats : Threats
            Pairs of track and place.
        tracks : Tracks
            The picture.
        row : I64
            Row of each threat's track in it.
        time_s : float
            UTC seconds.
        """
        evidence = self.weigh(threats, tracks, row)
        areas_matter = len(board.level) > self._places
        areas = self._finder.find(tracks, row[evidence.advises], any_held=areas_matter)
        evidence = Evidence(evidence.advises, evidence.covers, areas)
        return self.update(board, threats, evidence, time_s)

    def weigh(self, threats: Threats, tracks: Tracks, row: I64) -> Evidence:
        """Return which threats count, by what their tracks are and where they go.

        Confirmed suspects and hostiles that close on the place count for both warnings, what is
        very probably a drone besides for an advisory.

        Parameters
        ----------
        threats : Threats
            Pairs of track and place.
        tracks : Tracks
            The picture.
        row : I64
            Row of each threat's track in it.
        """
        f = self._figures
        advises, covers = np.zeros(len(row), np.bool_), np.zeros(len(row), np.bool_)
        near = threats.probability >= f.track_probability
        near &= tracks.status[row] == int(TrackStatus.CONFIRMED)
        near = np.flatnonzero(near)
        reach_m = f.pass_m + self._radius_m[threats.place[near]]
        closing = (threats.cpa_m[near] <= reach_m) & (threats.cpa_time_s[near] > 0.0)
        near = near[closing | (threats.distance_m[near] <= reach_m)]
        held = _HELD[tracks.identity[row[near]]]
        drone = tracks.class_probability[row[near]][:, _DRONES].sum(axis=1) >= f.drone_probability
        advises[near], covers[near] = held | drone, held
        return Evidence(advises, covers)

    def update(
        self, board: WarningBoard, threats: Threats, evidence: Evidence, time_s: float
    ) -> tuple[WarningBoard, Warnings]:
        """Return the board at a time, and a row for each warning that changed."""
        f, areas, p = self._figures, evidence.areas, self._places
        if len(areas.cell) or len(board.cell) > p:
            board = with_cells(board, p, areas.cell)
        near = threats.take(evidence.advises)
        told = self._of_places(near, evidence.covers[evidence.advises])
        patience_s = np.full(len(board.cell), f.raise_after_s)
        if len(board.cell) > p:
            told = _with_areas(told, board.cell[p:], areas, f)
            patience_s[p:] = f.area_after_s
        board, changed = advance(board, told, patience_s, f, time_s)
        if not len(changed):
            return board, Warnings.empty()
        return board, self._rows(board, changed, near, areas, time_s)

    def _of_places(self, near: Threats, covers: B8) -> Conditions:
        """Return what holds for the places, given the threats that count."""
        f, soon = self._figures, near.time_to_go_s
        covered = covers & (near.time_to_go_low_s <= f.cover_s)
        longer_s = f.hold_factor * f.advisory_s
        return Conditions(
            self._at_least_one(near, soon <= f.advisory_s) >= f.raise_probability,
            self._at_least_one(near, covered) >= f.raise_probability,
            self._at_least_one(near, soon <= longer_s) >= f.hold_probability,
        )

    def _at_least_one(self, threats: Threats, which: B8) -> F64:
        """Return P(at least one of some tracks means the place), shape (p,)."""
        missed = np.log1p(-np.minimum(threats.probability[which], 1.0 - 1e-12))
        return -np.expm1(np.bincount(threats.place[which], missed, minlength=self._places))

    def _rows(
        self, board: WarningBoard, told: I64, near: Threats, areas: Areas, time_s: float
    ) -> Warnings:
        """Return the rows of changed warnings: to places, then to areas."""
        p = self._places
        within = near.take(
            near.time_to_go_s <= self._figures.hold_factor * self._figures.advisory_s
        )
        # written from the last arrival to the first, so that the first one stays
        order = np.argsort(-within.time_to_go_s, kind="stable")
        n = len(board.cell)
        arrival, track = np.full(n, np.nan), np.full(n, -1, dtype=np.int64)
        inbound, probability = np.zeros(n, dtype=np.int64), np.zeros(n)
        arrival[within.place[order]] = time_s + within.time_to_go_s[order]
        track[within.place[order]] = within.track[order]
        inbound[:p] = np.bincount(within.place, minlength=p)
        probability[:p] = self._at_least_one(within, np.ones(len(within), np.bool_))
        on_board = np.flatnonzero(np.isin(board.cell[p:], areas.cell)) + p
        of = np.searchsorted(areas.cell, board.cell[on_board])
        arrival[on_board], track[on_board] = time_s + areas.in_s[of], areas.track[of]
        inbound[on_board], probability[on_board] = areas.inbound[of], areas.probability[of]
        return Warnings(
            warning=board.number[told],
            time_s=np.full(len(told), time_s),
            place=np.where(told < p, told, -1),
            level=board.level[told],
            issued_s=board.issued_s[told],
            expires_s=board.expires_s[told],
            expected_arrival_s=arrival[told],
            inbound=inbound[told],
            track=track[told],
            probability=probability[told],
            cell=board.cell[told],
        )


def _with_areas(places: Conditions, cell: I64, areas: Areas, f: WarningParameters) -> Conditions:
    """Return what holds for places and for the cells of a board; an area is never told to cover."""
    of = np.searchsorted(areas.cell, cell)
    here = np.isin(cell, areas.cell)
    alone, whole = np.zeros(len(cell)), np.zeros(len(cell))
    alone[here], whole[here] = areas.alone[of[here]], areas.probability[of[here]]
    return Conditions(
        np.append(places.advisory, alone >= f.raise_probability),
        np.append(places.cover, np.zeros(len(cell), np.bool_)),
        np.append(places.held, whole >= f.hold_probability),
    )
