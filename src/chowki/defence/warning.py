"""Warnings to places and areas: raised early, held through, ended late, never flapping."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chowki.core.places import Theatre
from chowki.core.records import (
    DRONE_CLASSES,
    Identity,
    ObjectClass,
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
    WarningBoards,
    advance,
    blank,
    raised,
    with_cells,
)
from chowki.defence.warning_parameters import WarningParameters

__all__ = ["Evidence", "WarningBoards", "WarningKeeper", "WarningParameters"]

B8 = NDArray[np.bool_]
_IS_DRONE = np.array([float(kind in DRONE_CLASSES) for kind in ObjectClass])
_HELD = np.array([kind in (Identity.SUSPECT, Identity.HOSTILE) for kind in Identity])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which threats may raise which warning, one entry each.

    Attributes
    ----------
    advises, covers : B8
        Shape (n,): counts towards an advisory; towards taking cover.
    """

    advises: B8
    covers: B8


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

    def start(self) -> WarningBoards:
        """Return boards on which nothing is told."""
        return WarningBoards(blank(np.full(self._places, -1)), blank(np.empty(0, dtype=np.int64)))

    def decide(
        self, boards: WarningBoards, threats: Threats, tracks: Tracks, row: I64, time_s: float
    ) -> tuple[WarningBoards, Warnings]:
        """Return the boards at a time, and a row for each warning that changed.

        Parameters
        ----------
        boards : WarningBoards
            The boards before.
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
        places, told = self.update(boards.places, threats, evidence, time_s)
        if time_s < boards.areas_due_s:
            return replace(boards, places=places), told
        before = replace(boards.areas, next_number=places.next_number)
        warned = evidence.advises & raised(places.level)[threats.place]
        found = self._finder.find(tracks, row[warned], any_held=len(before.cell) > 0)
        areas, changed = self._of_areas(before, found, time_s)
        places = replace(places, next_number=areas.next_number)
        due_s = time_s + self._figures.area_every_s
        return WarningBoards(places, areas, due_s), _together(told, changed)

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
        near = np.flatnonzero(threats.probability >= f.track_probability)
        near = near[tracks.status[row[near]] == int(TrackStatus.CONFIRMED)]
        reach_m = f.pass_m + self._radius_m[threats.place[near]]
        distance_m = threats.distance_m[near]
        passes_m = np.maximum(reach_m, f.pass_share * distance_m)
        closing = (threats.cpa_m[near] <= passes_m) & (threats.cpa_time_s[near] > 0.0)
        near = near[closing | (distance_m <= reach_m)]
        of = row[near]
        held = _HELD[tracks.identity[of]]
        drone = tracks.class_probability[of] @ _IS_DRONE >= f.drone_probability
        advises[near], covers[near] = held | drone, held
        return Evidence(advises, covers)

    def update(
        self, board: WarningBoard, threats: Threats, evidence: Evidence, time_s: float
    ) -> tuple[WarningBoard, Warnings]:
        """Return the board of places at a time, and a row for each warning that changed."""
        f = self._figures
        near = np.flatnonzero(evidence.advises)
        place, soon = threats.place[near], threats.time_to_go_s[near]
        missed = np.log1p(-np.minimum(threats.probability[near], 1.0 - 1e-12))
        covered = evidence.covers[near] & (threats.time_to_go_low_s[near] <= f.cover_s)
        advisory, cover, held, soon_now, soon_held = (
            self._any_of(place, missed * which)
            for which in (
                soon <= f.advisory_s,
                covered,
                soon <= f.hold_factor * f.advisory_s,
                soon <= f.soon_s,
                soon <= f.hold_factor * f.soon_s,
            )
        )
        told = Conditions(
            (advisory >= f.raise_probability) | (soon_now >= f.soon_probability),
            cover >= f.raise_probability,
            (held >= f.hold_probability)
            | (soon_held >= f.soon_probability * f.hold_probability / f.raise_probability),
        )
        board, changed = advance(board, told, f.raise_after_s, f, time_s)
        if not len(changed):
            return board, Warnings.empty()
        return board, self._rows(board, changed, threats.take(near), held, time_s)

    def _any_of(self, place: I64, missed: F64) -> F64:
        """Return P(at least one of some tracks means the place), shape (p,), from log(1 - p)."""
        return -np.expm1(np.bincount(place, missed, minlength=self._places))

    def _rows(
        self, board: WarningBoard, changed: I64, near: Threats, held: F64, time_s: float
    ) -> Warnings:
        """Return the rows of changed warnings to places."""
        f, p = self._figures, self._places
        within = near.take(near.time_to_go_s <= f.hold_factor * f.advisory_s)
        # written from the last arrival to the first, so that the first one stays
        order = np.argsort(-within.time_to_go_s, kind="stable")
        arrival_s, track = np.full(p, np.nan), np.full(p, -1, dtype=np.int64)
        arrival_s[within.place[order]] = time_s + within.time_to_go_s[order]
        track[within.place[order]] = within.track[order]
        inbound = np.bincount(within.place, minlength=p)
        whom = _Whom(changed, arrival_s[changed], inbound[changed], track[changed], held[changed])
        return _told(board, changed, whom, time_s)

    def _of_areas(
        self, board: WarningBoard, areas: Areas, time_s: float
    ) -> tuple[WarningBoard, Warnings]:
        """Return the board of areas at a time, and a row for each warning that changed."""
        f = self._figures
        if not (len(areas.cell) or len(board.cell)):
            return board, Warnings.empty()
        board = with_cells(board, areas.cell)
        here = np.isin(board.cell, areas.cell)
        of = np.searchsorted(areas.cell, board.cell[here])
        alone, whole = np.zeros(len(here)), np.zeros(len(here))
        alone[here], whole[here] = areas.alone[of], areas.probability[of]
        told = Conditions(
            alone >= f.raise_probability, np.zeros(len(here), np.bool_), whole >= f.hold_probability
        )
        board, changed = advance(board, told, f.area_after_s, f, time_s)
        arrival_s, track = np.full(len(here), np.nan), np.full(len(here), -1, dtype=np.int64)
        inbound = np.zeros(len(here), dtype=np.int64)
        arrival_s[here], track[here] = time_s + areas.in_s[of], areas.track[of]
        inbound[here] = areas.inbound[of]
        nowhere = np.full(len(changed), -1)
        whom = _Whom(nowhere, arrival_s[changed], inbound[changed], track[changed], whole[changed])
        return board, _told(board, changed, whom, time_s)


@dataclass(frozen=True, slots=True)
class _Whom:
    """What the rows of changed warnings say besides the board: columns of ``Warnings``."""

    place: I64
    expected_arrival_s: F64
    inbound: I64
    track: I64
    probability: F64


def _told(board: WarningBoard, changed: I64, whom: _Whom, time_s: float) -> Warnings:
    """Return the rows of changed warnings."""
    return Warnings(
        warning=board.number[changed],
        time_s=np.full(len(changed), time_s),
        place=whom.place,
        level=board.level[changed],
        issued_s=board.issued_s[changed],
        expires_s=board.expires_s[changed],
        expected_arrival_s=whom.expected_arrival_s,
        inbound=whom.inbound,
        track=whom.track,
        probability=whom.probability,
        cell=board.cell[changed],
    )


def _together(places: Warnings, areas: Warnings) -> Warnings:
    """Return rows to places, then to areas."""
    if not len(areas):
        return places
    return Warnings.concat([places, areas]) if len(places) else areas
