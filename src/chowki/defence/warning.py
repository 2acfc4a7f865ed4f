"""Warnings to places and areas: raised early, held through, ended late, never flapping."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Act
from chowki.core.places import Theatre
from chowki.core.records import (
    DRONE_CLASSES,
    Identity,
    ObjectClass,
    Threats,
    Tracks,
    TrackStatus,
    WarningLevel,
    Warnings,
)
from chowki.core.table import F64, I64
from chowki.defence.warning_areas import AreaFinder, Areas
from chowki.defence.warning_board import (
    Changed,
    Conditions,
    WarningBoard,
    WarningBoards,
    Withheld,
    advance,
    blank,
    raised,
    with_cells,
)
from chowki.defence.warning_parameters import WarningParameters
from chowki.defence.warning_words import WARNING_VERBS, counts, followed, heard, remembered

__all__ = ["WARNING_VERBS", "Evidence", "WarningBoards", "WarningKeeper", "WarningParameters"]

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
    operator : bool
        Whether a person is in the loop: what the machine would raise waits for a word.
    """

    def __init__(
        self, theatre: Theatre, parameters: WarningParameters, *, operator: bool = False
    ) -> None:
        self._places = len(theatre.places)
        self._names = tuple(place.name for place in theatre.places)
        self._wait_s = parameters.person_s if operator else 0.0
        self._radius_m = np.array([place.radius_m for place in theatre.places], dtype=np.float64)
        self._figures = parameters
        self._finder = AreaFinder(theatre, parameters)

    def start(self) -> WarningBoards:
        """Return boards on which nothing is told."""
        return WarningBoards(blank(np.full(self._places, -1)), blank(np.empty(0, dtype=np.int64)))

    def act(self, boards: WarningBoards, act: Act) -> WarningBoards | None:
        """Return the boards with what a person said; None when it was about nothing here."""
        return heard(boards, act, self._names)

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
        withheld, counted = self._withheld(boards, threats, evidence, time_s)
        places, told = self.update(boards.places, threats, counted, time_s)
        if time_s < boards.areas_due_s:
            return replace(boards, places=places, withheld=withheld), told
        before = replace(boards.areas, next_number=places.next_number)
        warned = evidence.advises & _in_hand(places, withheld)[threats.place]
        found = self._finder.find(tracks, row[warned], withheld, any_held=len(before.cell) > 0)
        withheld = self._withheld_areas(before, found, withheld, time_s)
        areas, changed = self._of_areas(before, found, time_s)
        places = replace(places, next_number=areas.next_number)
        due_s = time_s + self._figures.area_every_s
        return WarningBoards(places, areas, due_s, withheld), _together(told, changed)

    def _withheld(
        self, boards: WarningBoards, threats: Threats, evidence: Evidence, time_s: float
    ) -> tuple[tuple[Withheld, ...], Evidence]:
        """Return what persons withhold from places now, and the evidence that still counts."""
        withheld = boards.withheld
        if not (withheld or boards.places.said.any()):
            return withheld, evidence
        near = np.flatnonzero(evidence.advises)
        pairs = threats.place[near], threats.track[near]
        keep_s = self._figures.clear_after_s
        withheld = remembered(withheld, *pairs, time_s, keep_s, of_areas=False)
        advises, covers = (
            counts(withheld, threats.place, threats.track, level, of_areas=False)
            for level in (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)
        )
        counted = Evidence(evidence.advises & advises, evidence.covers & covers)
        return followed(boards.places, *pairs, withheld, time_s), counted

    def _withheld_areas(
        self, board: WarningBoard, areas: Areas, withheld: tuple[Withheld, ...], time_s: float
    ) -> tuple[Withheld, ...]:
        """Return what persons withhold once their words about areas are followed."""
        if not (withheld or board.said.any()):
            return withheld
        pairs = areas.pair_cell, areas.pair_track
        keep_s = self._figures.clear_after_s
        withheld = remembered(withheld, *pairs, time_s, keep_s, of_areas=True)
        return followed(board, *pairs, withheld, time_s)

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
        near = np.flatnonzero(evidence.advises | evidence.covers)
        place, soon = threats.place[near], threats.time_to_go_s[near]
        advises = evidence.advises[near]
        missed = np.log1p(-np.minimum(threats.probability[near], 1.0 - 1e-12))
        covered = evidence.covers[near] & (threats.time_to_go_low_s[near] <= f.cover_s)
        advisory, cover, held, soon_now, soon_held = (
            self._any_of(place, missed * which)
            for which in (
                advises & (soon <= f.advisory_s),
                covered,
                soon <= f.hold_factor * f.advisory_s,
                advises & (soon <= f.soon_s),
                soon <= f.hold_factor * f.soon_s,
            )
        )
        told = Conditions(
            (advisory >= f.raise_probability) | (soon_now >= f.soon_probability),
            cover >= f.raise_probability,
            (held >= f.hold_probability)
            | (soon_held >= f.soon_probability * f.hold_probability / f.raise_probability),
        )
        board, changed = advance(board, told, f.raise_after_s, f, time_s, self._wait_s)
        if not len(changed):
            return board, Warnings.empty()
        return board, self._rows(changed, threats.take(near), held, time_s)

    def _any_of(self, place: I64, missed: F64) -> F64:
        """Return P(at least one of some tracks means the place), shape (p,), from log(1 - p)."""
        return -np.expm1(np.bincount(place, missed, minlength=self._places))

    def _rows(self, changed: Changed, near: Threats, held: F64, time_s: float) -> Warnings:
        """Return the rows of changed warnings to places."""
        f, p = self._figures, self._places
        within = near.take(near.time_to_go_s <= f.hold_factor * f.advisory_s)
        # written from the last arrival to the first, so that the first one stays
        order = np.argsort(-within.time_to_go_s, kind="stable")
        arrival_s, track = np.full(p, np.nan), np.full(p, -1, dtype=np.int64)
        arrival_s[within.place[order]] = time_s + within.time_to_go_s[order]
        track[within.place[order]] = within.track[order]
        inbound = np.bincount(within.place, minlength=p)
        who = changed.entry
        whom = _Whom(who, arrival_s[who], inbound[who], track[who], held[who])
        return _told(changed, np.full(len(who), -1), whom, time_s)

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
        board, changed = advance(board, told, f.area_after_s, f, time_s, self._wait_s)
        arrival_s, track = np.full(len(here), np.nan), np.full(len(here), -1, dtype=np.int64)
        inbound = np.zeros(len(here), dtype=np.int64)
        arrival_s[here], track[here] = time_s + areas.in_s[of], areas.track[of]
        inbound[here] = areas.inbound[of]
        which = changed.entry
        nowhere = np.full(len(which), -1)
        whom = _Whom(nowhere, arrival_s[which], inbound[which], track[which], whole[which])
        return board, _told(changed, board.cell[which], whom, time_s)


def _in_hand(places: WarningBoard, withheld: tuple[Withheld, ...]) -> B8:
    """Return which places are warned, or will be, or are not because a person said so."""
    in_hand = raised(places.level) | (places.proposed > 0)
    in_hand[[one.place for one in withheld if one.place >= 0]] = True
    return in_hand


@dataclass(frozen=True, slots=True)
class _Whom:
    """What the rows of changed warnings say besides the board: columns of ``Warnings``."""

    place: I64
    expected_arrival_s: F64
    inbound: I64
    track: I64
    probability: F64


def _told(changed: Changed, cell: I64, whom: _Whom, time_s: float) -> Warnings:
    """Return the rows of changed warnings."""
    return Warnings(
        warning=changed.number,
        time_s=np.full(len(changed), time_s),
        place=whom.place,
        level=changed.level,
        issued_s=changed.issued_s,
        expires_s=changed.expires_s,
        expected_arrival_s=whom.expected_arrival_s,
        inbound=whom.inbound,
        track=whom.track,
        probability=whom.probability,
        cell=cell,
    )


def _together(places: Warnings, areas: Warnings) -> Warnings:
    """Return rows to places, then to areas."""
    if not len(areas):
        return places
    return Warnings.concat([places, areas]) if len(places) else areas
