"""Warnings to places: raised early, held through, ended late, never flapping."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Theatre
from chowki.core.records import (
    DRONE_CLASSES,
    Identity,
    Threats,
    Tracks,
    TrackStatus,
    WarningLevel,
    Warnings,
)
from chowki.core.table import F64, I8, I64

B8 = NDArray[np.bool_]
_DRONES = [int(kind) for kind in DRONE_CLASSES]
_HELD = np.array([kind in (Identity.SUSPECT, Identity.HOSTILE) for kind in Identity])

_NONE, _ADVISORY = int(WarningLevel.NONE), int(WarningLevel.ADVISORY)
_COVER, _CLEAR = int(WarningLevel.TAKE_COVER), int(WarningLevel.ALL_CLEAR)


class WarningParameters(BaseModel):
    """Thresholds of the warnings, each with its reason.

    Attributes
    ----------
    advisory_s, cover_s : float
        Lead times. 15 minutes to the expected arrival let people get home and sirens be manned;
        5 minutes to the earliest arrival (lower end of its interval) are what it takes to reach a
        cellar with children.
    raise_probability : float
        P(at least one drone means this place) at which a warning is raised. Low: a warning for
        nothing costs less than one that never came.
    hold_probability : float
        A warning is held while that probability is above this: less than to raise it.
    hold_factor : float
        Lead times are longer by this factor while a warning is held.
    pass_m : float
        A track counts when its course will take it this near to a place, beyond its radius, or it
        is as near already: what flies by elsewhere is another place's warning.
    drone_probability : float
        A track held neither suspect nor hostile counts from this probability of a drone on, and
        for an advisory only: nobody is sent to a cellar for what may be a bird.
    track_probability : float
        A track counts from this probability on, so that a thousand birds of one per cent each do
        not add up to a raid.
    raise_after_s : float
        The condition must last this long, longer than a false track's first seconds.
    clear_after_s : float
        Nothing may threaten for this long before the all clear; drones come in waves.
    all_clear_s : float
        An all clear stands for this long.
    valid_s : float
        A warning lapses after this unless renewed; it is renewed at half that time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    advisory_s: float = Field(default=900.0, gt=0)
    cover_s: float = Field(default=300.0, gt=0)
    raise_probability: float = Field(default=0.5, gt=0, le=1)
    hold_probability: float = Field(default=0.25, gt=0, le=1)
    hold_factor: float = Field(default=1.2, ge=1)
    pass_m: float = Field(default=10_000.0, ge=0)
    drone_probability: float = Field(default=0.95, ge=0, le=1)
    track_probability: float = Field(default=0.25, gt=0, le=1)
    raise_after_s: float = Field(default=5.0, ge=0)
    clear_after_s: float = Field(default=180.0, ge=0)
    all_clear_s: float = Field(default=600.0, ge=0)
    valid_s: float = Field(default=600.0, gt=0)


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


@dataclass(frozen=True, slots=True)
class WarningBoard:
    """What every place has been told; one entry per place.

    Attributes
    ----------
    level : I8
        WarningLevel.
    number : I64
        Number of its warning, -1 none.
    issued_s, expires_s : F64
        When first issued, when it lapses.
    advisory_since_s, cover_since_s : F64
        Since when each condition has held without a break, NaN when it does not.
    quiet_since_s : F64
        Since when nothing has threatened enough to hold the warning, NaN when something does.
    next_number : int
        Number of the next warning.
    """

    level: I8
    number: I64
    issued_s: F64
    expires_s: F64
    advisory_since_s: F64
    cover_since_s: F64
    quiet_since_s: F64
    next_number: int = 1


class WarningKeeper:
    """Decides what each place is told.

    Parameters
    ----------
    theatre : Theatre
        Places.
    parameters : WarningParameters
        Thresholds.
    """

    def __init__(self, theatre: Theatre, parameters: WarningParameters) -> None:
        self._places = len(theatre.places)
        self._radius_m = np.array([place.radius_m for place in theatre.places], dtype=np.float64)
        self._figures = parameters

    def start(self) -> WarningBoard:
        """Return a board on which nothing is told."""
        p = self._places
        never = np.full(p, np.nan)
        return WarningBoard(
            np.zeros(p, dtype=np.int8), np.full(p, -1), never, never, never, never, never
        )

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
        reach_m = f.pass_m + self._radius_m[threats.place]
        closing = (threats.cpa_m <= reach_m) & (threats.cpa_time_s > 0.0)
        closing |= threats.distance_m <= reach_m
        closing &= threats.probability >= f.track_probability
        closing &= tracks.status[row] == int(TrackStatus.CONFIRMED)
        held = _HELD[tracks.identity[row]]
        drone = tracks.class_probability[row][:, _DRONES].sum(axis=1) >= f.drone_probability
        return Evidence(closing & (held | drone), closing & held)

    def update(
        self, board: WarningBoard, threats: Threats, evidence: Evidence, time_s: float
    ) -> tuple[WarningBoard, Warnings]:
        """Return the board at a time, and a row for each place whose warning changed."""
        f = self._figures
        counted, longer = evidence.advises, f.hold_factor * f.advisory_s
        soon = threats.time_to_go_s
        covered = evidence.covers & (threats.time_to_go_low_s <= f.cover_s)
        advisory = self._at_least_one(threats, counted & (soon <= f.advisory_s))
        cover = self._at_least_one(threats, covered) >= f.raise_probability
        advisory = advisory >= f.raise_probability
        held = self._at_least_one(threats, counted & (soon <= longer)) >= f.hold_probability
        board = replace(
            board,
            advisory_since_s=_since(board.advisory_since_s, advisory, time_s),
            cover_since_s=_since(board.cover_since_s, cover, time_s),
            quiet_since_s=_since(board.quiet_since_s, ~held, time_s),
        )
        level = self._next_level(board, time_s)
        return self._changed(board, level, threats, counted, time_s)

    def _at_least_one(self, threats: Threats, near: B8) -> F64:
        """Return P(at least one of some tracks means the place)."""
        missed = np.log1p(-np.minimum(threats.probability[near], 1.0 - 1e-12))
        return -np.expm1(np.bincount(threats.place[near], missed, minlength=self._places))

    def _next_level(self, board: WarningBoard, time_s: float) -> I8:
        """Return the level of each place: up when a condition lasted, down only by all clear."""
        f = self._figures
        level = board.level
        raised = (level == _ADVISORY) | (level == _COVER)
        cover = time_s - board.cover_since_s >= f.raise_after_s
        advisory = time_s - board.advisory_since_s >= f.raise_after_s
        quiet = time_s - board.quiet_since_s >= f.clear_after_s
        over = (level == _CLEAR) & (time_s >= board.expires_s)
        after = np.where(over, _NONE, level)
        after = np.where(raised & quiet, _CLEAR, after)
        after = np.where(advisory & ~raised, _ADVISORY, after)
        return np.where(cover, _COVER, after).astype(np.int8)

    def _changed(
        self, board: WarningBoard, level: I8, threats: Threats, counted: B8, time_s: float
    ) -> tuple[WarningBoard, Warnings]:
        f = self._figures
        up = (level == _ADVISORY) | (level == _COVER)
        renew = up & (board.expires_s - time_s <= 0.5 * f.valid_s)
        told = np.flatnonzero((level != board.level) | renew)
        if not len(told):
            return board, Warnings.empty()
        fresh = up & ~np.isin(board.level, (_ADVISORY, _COVER))
        number = board.number.copy()
        number[fresh] = board.next_number + np.arange(fresh.sum())
        expires = board.expires_s.copy()
        expires[told] = time_s + np.where(up, f.valid_s, f.all_clear_s)[told]
        after = replace(
            board,
            level=level,
            number=number,
            issued_s=np.where(fresh, time_s, board.issued_s),
            expires_s=expires,
            next_number=board.next_number + int(fresh.sum()),
        )
        return after, self._rows(after, told, threats, counted, time_s)

    def _rows(
        self, board: WarningBoard, told: I64, threats: Threats, counted: B8, time_s: float
    ) -> Warnings:
        longest = self._figures.hold_factor * self._figures.advisory_s
        within = counted & (threats.time_to_go_s <= longest)
        near, any_one = np.flatnonzero(within), self._at_least_one(threats, within)
        # written from the last arrival to the first, so that the first one stays
        order = near[np.argsort(-threats.time_to_go_s[near], kind="stable")]
        first = np.full(self._places, -1, dtype=np.int64)
        first[threats.place[order]] = order
        there = first[told] >= 0
        arrival = np.full(len(told), np.nan)
        arrival[there] = time_s + threats.time_to_go_s[first[told][there]]
        track = np.full(len(told), -1, dtype=np.int64)
        track[there] = threats.track[first[told][there]]
        return Warnings(
            warning=board.number[told],
            time_s=np.full(len(told), time_s),
            place=told,
            level=board.level[told],
            issued_s=board.issued_s[told],
            expires_s=board.expires_s[told],
            expected_arrival_s=arrival,
            inbound=np.bincount(threats.place[near], minlength=self._places)[told],
            track=track,
            probability=any_one[told],
            cell=np.full(len(told), -1),
        )


def _since(since_s: F64, holds: B8, time_s: float) -> F64:
    """Return since when a condition has held, given whether it holds now."""
    return np.where(holds, np.where(np.isnan(since_s), time_s, since_s), np.nan)
