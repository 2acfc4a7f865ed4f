"""Violations: who came over the border after fire was ceased."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chowki.core.records import (
    DRONE_CLASSES,
    EngagementState,
    Identity,
    ObjectClass,
    Refusal,
    Tracks,
    TrackStatus,
)
from chowki.core.table import I64
from chowki.defence.engagement import Engagement, EngagementBook
from chowki.defence.ground_plan import GroundPlan

_DRONES = [int(kind) for kind in DRONE_CLASSES]
_CREWED = [int(ObjectClass.AEROPLANE), int(ObjectClass.HELICOPTER)]


def find_violations(
    book: EngagementBook,
    tracks: Tracks,
    ceased_s: tuple[float, ...],
    plan: GroundPlan,
    sure: float,
) -> tuple[EngagementBook, list[Engagement]]:
    """Return the book and a row for each track that crossed after a cease-fire, once for each.

    Parameters
    ----------
    book : EngagementBook
        As it was left.
    tracks : Tracks
        The recognised air picture.
    ceased_s : tuple of float
        UTC seconds since which fire is ceased in each sector, infinity where it is not.
    plan : GroundPlan
        A track belongs to the sector of the place nearest to it.
    sure : float
        As ``incursions`` takes it.
    """
    if not len(plan.place_m) or min(ceased_s) == np.inf:
        return book, []
    rows = incursions(tracks, min(ceased_s), sure)
    place = nearest_places(plan, tracks, rows)
    after = tracks.crossed_border_s[rows] >= np.array(ceased_s)[plan.place_sector[place]]
    new = [
        _violation(book.next_number, tracks, row, where)
        for row, where in zip(rows[after].tolist(), place[after].tolist(), strict=True)
        if int(tracks.track[row]) not in book.violators
    ]
    if not new:
        return book, new
    new = [replace(one, number=one.number + k) for k, one in enumerate(new)]
    known = book.violators | {one.track for one in new}
    return replace(book, violators=known, next_number=book.next_number + len(new)), new


def _violation(number: int, tracks: Tracks, row: int, place: int) -> Engagement:
    east_m, north_m, up_m = tracks.east_m[row], tracks.north_m[row], tracks.up_m[row]
    return Engagement(
        number=number,
        track=int(tracks.track[row]),
        place=place,
        state=EngagementState.VIOLATION,
        point_m=(float(east_m), float(north_m), float(up_m)),
        intercept_s=float(tracks.crossed_border_s[row]),
        refusal=Refusal.CEASE_FIRE,
    )


def incursions(tracks: Tracks, since_s: float, sure: float) -> I64:
    """Return the rows of tracks that entered the defended side from a time on, and had no leave.

    Suspect and hostile ones, and unknown ones that are surely a drone or surely crewed: most of
    what is unknown is a bird.

    Parameters
    ----------
    tracks : Tracks
        The recognised air picture.
    since_s : float
        UTC seconds.
    sure : float
        Least probability of the classes, for an unknown one.
    """
    rows = np.flatnonzero(
        (tracks.crossed_border_s >= since_s) & (tracks.status == int(TrackStatus.CONFIRMED))
    )
    identity, share = tracks.identity[rows], tracks.class_probability[rows]
    certain = np.maximum(share[:, _DRONES].sum(axis=1), share[:, _CREWED].sum(axis=1)) >= sure
    enters = identity >= int(Identity.SUSPECT)
    enters |= (identity == int(Identity.UNKNOWN)) & certain
    return rows[enters]


def nearest_places(plan: GroundPlan, tracks: Tracks, rows: I64) -> I64:
    """Return the index of the place nearest to each of some tracks, shape (k,)."""
    here = np.column_stack((tracks.east_m, tracks.north_m, tracks.up_m))[rows]
    away_sq = ((here[:, None, :] - plan.place_m[None, :, :]) ** 2).sum(axis=2)
    return np.argmin(away_sq, axis=1)
