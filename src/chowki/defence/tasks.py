"""Tasks: sensors that must be told where to look are told to look at what matters most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Theatre
from chowki.core.records import Identity, Reason, Tasks, Tracks, TrackStatus
from chowki.core.table import F64, I64

B8 = NDArray[np.bool_]


class TaskParameters(BaseModel):
    """Figures of the tasking.

    Attributes
    ----------
    dwell_s : float
        A sensor stays on its track for this long.
    again_s : float
        A track is looked at again only after this long.
    unidentified_worth : float
        Worth of a look at a confirmed track without identity that threatens nothing yet, beside
        the score of those that do.
    seen_factor : float
        What is left of a track's worth once a sensor has told what it looks like.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dwell_s: float = Field(default=3.0, ge=0)
    again_s: float = Field(default=30.0, ge=0)
    unidentified_worth: float = Field(default=0.01, gt=0)
    seen_factor: float = Field(default=0.1, ge=0, le=1)


@dataclass(frozen=True, slots=True)
class LookBook:
    """What cued sensors look at, and which tracks were looked at.

    Attributes
    ----------
    track : I64
        Shape (c,): track of each cued sensor, -1 none.
    since_s : F64
        Shape (c,): since when.
    looked_s : mapping of int to float
        When a look at a track last began.
    """

    track: I64
    since_s: F64
    looked_s: Mapping[int, float]


class Tasker:
    """Spreads cued sensors over the tracks most worth a look.

    Parameters
    ----------
    theatre : Theatre
        Its cued sensors.
    parameters : TaskParameters
        Figures.
    """

    def __init__(self, theatre: Theatre, parameters: TaskParameters) -> None:
        self._figures = parameters
        cued = [sensor for sensor in theatre.sensors if sensor.cued]
        self._number = np.array([sensor.number for sensor in cued], dtype=np.int64)
        self._position = np.array([s.position_m for s in cued]).reshape(len(cued), 3)
        volumes = [sensor.volume for sensor in cued]
        self._least_sq = np.array([[v.range_min_m**2] for v in volumes])
        self._greatest_sq = np.array([[v.range_max_m**2] for v in volumes])

    def start(self) -> LookBook:
        """Return a book in which nothing was looked at."""
        sensors = len(self._number)
        return LookBook(np.full(sensors, -1, dtype=np.int64), np.full(sensors, -np.inf), {})

    def assign(
        self, looks: LookBook, tracks: Tracks, score: F64, time_s: float
    ) -> tuple[LookBook, Tasks]:
        """Return the book and the tasks: at most one per sensor, one sensor per new track.

        Parameters
        ----------
        looks : LookBook
            The book before.
        tracks : Tracks
            The recognised air picture.
        score : F64
            Shape (n,): score of the worst threat of each track, 0 for none.
        time_s : float
            UTC seconds.
        """
        rows, worth = self._worth(tracks, score)
        if not len(self._number) or not len(rows):
            return looks, Tasks.empty()
        place = np.column_stack((tracks.east_m[rows], tracks.north_m[rows], tracks.up_m[rows]))
        distance_sq = _distances_sq(self._position, place)
        seen = (distance_sq >= self._least_sq) & (distance_sq <= self._greatest_sq)
        after, chosen = self._spread(looks, tracks.track[rows], worth, seen, time_s)
        return after, self._tasks(tracks, rows, chosen, time_s)

    def _worth(self, tracks: Tracks, score: F64) -> tuple[I64, F64]:
        """Return rows of tracks worth a look, and how much."""
        identity = tracks.identity
        open_question = (identity == int(Identity.PENDING)) | (identity == int(Identity.UNKNOWN))
        worth = score + np.where(open_question, self._figures.unidentified_worth, 0.0)
        seen_already = (tracks.reasons & int(Reason.ELECTRO_OPTICAL)) != 0
        worth = np.where(seen_already, self._figures.seen_factor * worth, worth)
        rows = np.flatnonzero((tracks.status == int(TrackStatus.CONFIRMED)) & (worth > 0.0))
        return rows, worth[rows]

    def _spread(
        self, looks: LookBook, ids: I64, worth: F64, seen: B8, time_s: float
    ) -> tuple[LookBook, I64]:
        """Return looks, and the chosen row of each sensor (-1 none).

        Sensors stay with a track for their dwell, then take the best that no one has looked at.
        """
        looked = {t: s for t, s in looks.looked_s.items() if time_s - s < self._figures.again_s}
        value = np.where(np.isin(ids, list(looked)), 0.0, worth) * seen
        chosen = self._staying(looks, ids, seen, time_s)
        free = chosen < 0
        track, since = np.where(free, -1, looks.track), looks.since_s.copy()
        for k in np.flatnonzero(free & value.any(axis=1)).tolist():
            best = int(value[k].argmax())
            if value[k, best] > 0.0:
                chosen[k], track[k], since[k] = best, ids[best], time_s
                looked[int(ids[best])] = time_s
                value[:, best] = 0.0
        return LookBook(track, since, looked), chosen

    def _staying(self, looks: LookBook, ids: I64, seen: B8, time_s: float) -> I64:
        """Return the row of the track each sensor stays with, -1 where it is free."""
        order = np.argsort(ids, kind="stable")
        at = np.searchsorted(ids, looks.track, sorter=order)
        row = order[np.minimum(at, len(ids) - 1)]
        stays = (ids[row] == looks.track) & (time_s - looks.since_s < self._figures.dwell_s)
        return np.where(stays & seen[np.arange(len(row)), row], row, -1)

    def _tasks(self, tracks: Tracks, rows: I64, chosen: I64, time_s: float) -> Tasks:
        busy = np.flatnonzero(chosen >= 0)
        row = rows[chosen[busy]]
        motion = ("east_m", "north_m", "up_m", "v_east_mps", "v_north_mps", "v_up_mps")
        return Tasks(
            time_s=np.full(len(busy), time_s),
            sensor=self._number[busy],
            track=tracks.track[row],
            **{name: getattr(tracks, name)[row] for name in motion},
        )


def _distances_sq(a_m: F64, b_m: F64) -> F64:
    """Return squared distances, shape (len(a), len(b)); good to a metre at 1,000 km."""
    square = (a_m**2).sum(axis=1)[:, None] + (b_m**2).sum(axis=1)
    return square - 2.0 * (a_m @ b_m.T)
