"""Everything the page can show, by time: filled from recorded messages, live or in replay."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.codec import Conclusion
from chowki.core.messages import Act, Frame, Scan, Status
from chowki.core.places import Theatre
from chowki.core.records import Identity, TrackStatus
from chowki.outputs.postures import posture_table_of
from chowki.outputs.web.happenings import EventLog
from chowki.outputs.web.nightwatch import NightWatch
from chowki.outputs.web.pictures import Picture, Pictures
from chowki.outputs.web.scans import RecentScans, Scans
from chowki.outputs.web.standing import Row, Standing
from chowki.outputs.web.watch import Watch

# Rows of threats in a picture that the live edge shows: as many as the record keeps.
WORST = 50
SAVED_MOST = 2_000  # times at which all that stands is put aside, to look back from there
SERIES = ("tracks", "suspect_hostile", "threats", "warned", "engaged")


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown at one time.

    Attributes
    ----------
    picture : Picture
        Tracks and threats.
    standing : Standing
        Warnings, engagements, health, postures.
    watch : Watch
        Alarms and what people did about them.
    """

    picture: Picture
    standing: Standing
    watch: Watch


class Chronicle:
    """What was recorded, by time; one thread fills it, others read.

    Parameters
    ----------
    theatre : Theatre
        Of the recording.
    noted : dict
        What of the manifest stands in the journal: the scenario, with the posture table.
    alarmed : callable, optional
        Is told the status of every alarm that is raised, to put it on record.
    """

    def __init__(
        self,
        theatre: Theatre,
        noted: dict[str, Any],
        alarmed: Callable[[Status], None] | None = None,
    ) -> None:
        self.theatre = theatre
        self.lock = threading.RLock()
        self.generation = 0
        self.pictures = Pictures(theatre.station)
        self.log = EventLog(theatre)
        self.scans: Scans = RecentScans()
        self._now = Standing.start(theatre, posture_table_of(noted))
        self._edge_s = theatre.station.start_s
        self._edge: Picture | None = None
        self._changes: list[tuple[float, Any]] = []
        self._saved: list[tuple[float, int, Standing]] = [(-np.inf, 0, self._now.copy())]
        self._series: list[list[float]] = []
        self._night, self._alarmed = NightWatch(theatre), alarmed
        self._watches = [(-np.inf, self._night.start())]

    @property
    def span_s(self) -> tuple[float, float]:
        """Return the first and the last time that can be shown."""
        return self.theatre.station.start_s, self._edge_s

    def add(self, message: Any) -> None:
        """Take one message, as it was recorded."""
        with self.lock:
            if isinstance(message, Scan):
                self._now.take(message)
                if isinstance(self.scans, RecentScans):
                    self.scans.add(message)
            elif isinstance(message, Conclusion):
                self._conclude(message)
                self._see(message.frame.time_s, message)
            elif isinstance(message, (Act, Status)):
                self._change(message.time_s, message)
                self._see(message.time_s, message)

    def show(self, frame: Frame) -> None:
        """Take the complete frame of this second as what is known now."""
        with self.lock:
            threats = frame.threats.take(frame.threats.rank <= WORST)
            self._edge = self.pictures.picture(frame.time_s, frame.tracks, threats)
            self._advance(frame.time_s)

    def advance(self, time_s: float) -> None:
        """Let the edge come to a time up to which everything was added."""
        with self.lock:
            self._advance(time_s)

    def at(self, time_s: float | None) -> Moment:
        """Return what is shown at a time, or now."""
        with self.lock:
            if time_s is None or time_s >= self._edge_s:
                return Moment(self._edge_picture(), self._now, self._watches[-1][1])
            watch = self._watches[bisect_right(self._watches, time_s, key=_first) - 1][1]
            return Moment(self.pictures.at(time_s), self._stood(time_s), watch)

    def series(self, after_s: float) -> dict[str, list[float]]:
        """Return counts over time that are later than a time."""
        with self.lock:
            first = bisect_right(self._series, after_s, key=_first)
            rows = self._series[first:]
        columns = list(zip(*rows, strict=True)) if rows else [()] * (1 + len(SERIES))
        return {
            name: list(column) for name, column in zip(("time_s", *SERIES), columns, strict=True)
        }

    def changes(self, kind: type, from_s: float, to_s: float) -> list[Any]:
        """Return the recorded acts, or statuses, from one time to another."""
        with self.lock:
            first = bisect_left(self._changes, from_s, key=_first)
            last = bisect_right(self._changes, to_s, key=_first)
            return [one for _, one in self._changes[first:last] if isinstance(one, kind)]

    def _conclude(self, conclusion: Conclusion) -> None:
        frame = conclusion.frame
        if len(frame.warnings) or len(frame.engagements) or len(frame.sensors):
            self._change(frame.time_s, conclusion)
        if conclusion.picture:
            self._keep(self.pictures.picture(frame.time_s, frame.tracks, frame.threats))

    def _change(self, time_s: float, message: Any) -> None:
        self.log.take(message, self._now)
        self._now.take(message)
        self._changes.append((time_s, message))

    def _see(self, time_s: float, message: Any) -> None:
        before = self._watches[-1][1]
        after, alarms = self._night.take(before, message)
        if after is not before:
            self._watches.append((time_s, after))
        if self._alarmed is not None:
            for alarm in alarms:
                self._alarmed(self._night.status(alarm))

    def _keep(self, picture: Picture) -> None:
        self.pictures.keep(picture)
        self._now.forget(picture.time_s)
        self._saved.append((picture.time_s, len(self._changes), self._now.copy()))
        if len(self._saved) > SAVED_MOST:
            self._saved = self._saved[: SAVED_MOST // 2 : 2] + self._saved[SAVED_MOST // 2 :]
        self.log.look(picture)
        counts = counts_of(picture, self._now)
        self._series.append([picture.time_s, *(float(counts[name]) for name in SERIES)])

    def _advance(self, time_s: float) -> None:
        self._edge_s = max(self._edge_s, time_s)
        self._now.forget(self._edge_s)
        self.generation += 1

    def _edge_picture(self) -> Picture:
        if self._edge is None or self._edge.time_s < self._edge_s - 1.0:
            self._edge = self.pictures.at(self._edge_s)
        return self._edge

    def _stood(self, time_s: float) -> Standing:
        """Return what stood at a time: as saved before it, with what changed since."""
        _, first, saved = self._saved[bisect_right(self._saved, time_s, key=_first) - 1]
        standing = saved.copy()
        last = bisect_right(self._changes, time_s, key=_first)
        for _, message in self._changes[first:last]:
            standing.take(message)
        standing.forget(time_s)
        return standing


def counts_of(picture: Picture, standing: Standing) -> Row:
    """Return how many there are of what an operator counts."""
    tracks = picture.tracks
    identity, confirmed = tracks.identity, tracks.status != TrackStatus.TENTATIVE
    threats = set(picture.threats.track[picture.threats.probability >= 0.5].tolist())
    return {
        "tracks": len(tracks),
        "confirmed": int(confirmed.sum()),
        "drones": int((confirmed & (tracks.object_class <= 3)).sum()),
        "suspect": int((identity == Identity.SUSPECT).sum()),
        "hostile": int((identity == Identity.HOSTILE).sum()),
        "friend": int(
            ((identity == Identity.FRIEND) | (identity == Identity.ASSUMED_FRIEND)).sum()
        ),
        "suspect_hostile": int((identity >= Identity.SUSPECT).sum()),
        "threats": len(threats),
        "warned": standing.warned(),
        "engaged": standing.engaged(),
    }


def _first(entry: Any) -> float:
    return entry[0]
