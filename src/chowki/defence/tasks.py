"""Tasks: sensors that must be told where to look are told to look at what matters most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Theatre
from chowki.core.records import Identity, Reason, Tasks, Threats, Tracks, TrackStatus
from chowki.core.table import F64, I64


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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dwell_s: float = Field(default=3.0, ge=0)
    again_s: float = Field(default=30.0, ge=0)
    unidentified_worth: float = Field(default=0.01, gt=0)


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
        self._least_sq = np.array([v.range_min_m**2 for v in volumes])
        self._greatest_sq = np.array([v.range_max_m**2 for v in volumes])

    def start(self) -> LookBook:
        """Return a book in which nothing was looked at."""
        sensors = len(self._number)
        return LookBook(np.full(sensors, -1, dtype=np.int64), np.full(sensors, -np.inf), {})

    def assign(
        self, looks: LookBook, tracks: Tracks, threats: Threats, time_s: float
    ) -> tuple[LookBook, Tasks]:
        """Return the book and the tasks, at most one per sensor and one sensor per new track."""
        if not len(self._number) or not len(tracks):
            return looks, Tasks.empty()
        rows, worth = self._worth(looks, tracks, threats, time_s)
        if not len(rows):
            return looks, Tasks.empty()
        place = np.stack((tracks.east_m[rows], tracks.north_m[rows], tracks.up_m[rows]), axis=1)
        distance_sq = _distances_sq(self._position, place)
        seen = (distance_sq >= self._least_sq[:, None]) & (
            distance_sq <= self._greatest_sq[:, None]
        )
        row_of = {int(track): k for k, track in enumerate(tracks.track[rows].tolist())}
        return self._spread(looks, tracks, rows, worth, seen, row_of, time_s)

    def _worth(
        self, looks: LookBook, tracks: Tracks, threats: Threats, time_s: float
    ) -> tuple[I64, F64]:
        """Return rows of tracks worth a look, and how much."""
        identity = tracks.identity
        open_question = (identity == int(Identity.PENDING)) | (identity == int(Identity.UNKNOWN))
        threatening, first = np.unique(threats.track, return_index=True)
        threat = np.isin(tracks.track, threatening)
        confirmed = tracks.status == int(TrackStatus.CONFIRMED)
        rows = np.flatnonzero(confirmed & (open_question | threat))
        worth = np.where(open_question[rows], self._figures.unidentified_worth, 0.0)
        at = np.searchsorted(threatening, tracks.track[rows])
        hit = threat[rows]
        worth[hit] += threats.score[first[at[hit]]]
        looked = (tracks.reasons[rows] & int(Reason.ELECTRO_OPTICAL)) != 0
        return rows, worth * np.where(looked, 0.1, 1.0)

    def _spread(
        self,
        looks: LookBook,
        tracks: Tracks,
        rows: I64,
        worth: F64,
        seen: np.ndarray,
        row_of: Mapping[int, int],
        time_s: float,
    ) -> tuple[LookBook, Tasks]:
        """Return looks and tasks: sensors stay for their dwell, then take the best that is left."""
        figures = self._figures
        looked = {t: s for t, s in looks.looked_s.items() if time_s - s < figures.again_s}
        taken = np.array([track in looked for track in tracks.track[rows].tolist()])
        left = np.where(taken, 0.0, worth)
        track, since = looks.track.copy(), looks.since_s.copy()
        chosen = np.full(len(track), -1, dtype=np.int64)
        for k in range(len(track)):
            stays = row_of.get(int(track[k]), -1) if time_s - since[k] < figures.dwell_s else -1
            if stays >= 0 and seen[k, stays]:
                chosen[k] = stays
                continue
            best = int(np.argmax(left * seen[k]))
            track[k] = -1
            if left[best] * seen[k, best] > 0.0:
                chosen[k], track[k], since[k] = best, tracks.track[rows[best]], time_s
                looked[int(track[k])] = time_s
                left[best] = 0.0
        return LookBook(track, since, looked), self._tasks(tracks, rows, chosen, time_s)

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
    """Return squared distances, shape (len(a), len(b))."""
    return ((a_m[:, None, :] - b_m[None, :, :]) ** 2).sum(axis=2)
