"""What the page's server asks: one session over a chronicle, simulated, recorded or live."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chowki.core.inbox import Inbox
from chowki.core.messages import Act, Event, Frame
from chowki.core.places import Theatre
from chowki.core.records import Tracks
from chowki.outputs.web.chronicle import Chronicle, Moment
from chowki.outputs.web.detail import detail_message, names_of
from chowki.outputs.web.hello import hello
from chowki.outputs.web.permissions import Facts, admit, on_watch, told_late
from chowki.outputs.web.revisions import Revisions
from chowki.outputs.web.session import ActRequest, Clock, Verdict
from chowki.outputs.web.view import plain, state_message
from chowki.run.facts import facts_of
from chowki.run.pace import Pace

Document = dict[str, Any]
Volumes = Callable[[Tracks], list[tuple[int, float, float]]]


@dataclass(frozen=True)
class Show:
    """What a session shows and where a person's word goes.

    Attributes
    ----------
    mode : str
        ``simulation``, ``replay``, ``recorded`` or ``live``.
    theatre : Theatre
        All that was known before the first event.
    noted : dict
        What of the manifest stands in the journal.
    pace : Pace or None
        Of the loop; None where no loop runs.
    inbox : Inbox or None
        Where acts go; None for a finished recording.
    operator : bool
        Whether a person releases and refuses.
    layers : tuple of Path
        The user's own maps.
    sources : callable
        Returns what is known of live sources.
    volumes : callable
        Returns track, radius and half height (m) of no-fire volumes in a picture.
    """

    mode: str
    theatre: Theatre
    noted: Document
    pace: Pace | None = None
    inbox: Inbox | None = None
    operator: bool = False
    layers: tuple[Path, ...] = ()
    sources: Callable[[], list[Document]] = field(default=list)
    volumes: Volumes = field(default=lambda _tracks: [])


class PageSession:
    """Answers the server (``outputs.web.session.Session``).

    Parameters
    ----------
    show : Show
        What is shown.
    chronicle : Chronicle
        Filled by the loop, or from a journal.
    """

    def __init__(self, show: Show, chronicle: Chronicle) -> None:
        self.chronicle = chronicle
        self._show = show
        self._ended = threading.Event()
        self._revisions = Revisions()
        self._known = set[tuple[str, str]]()  # whose role is on record

    def see(self, event: Event, frame: Frame) -> None:
        """Follow the loop: a complete frame is what is known now."""
        if isinstance(event, Act):
            words = told_late(event, frame, self._facts())
            if words:
                self.chronicle.log.remark(event, words)
        if len(frame.warnings):
            self._revisions.take(frame.warnings)
        if frame.complete:
            self.chronicle.show(frame)

    def end(self) -> None:
        """Note that the loop has ended: nothing comes any more."""
        self._ended.set()
        self.chronicle.generation += 1

    def hello(self) -> Document:
        """Return the hello message without the user."""
        of = self._show
        told = hello(of.theatre, of.noted, of.mode, operator=of.operator, layers=of.layers)
        # steps of the columns multiply what is sent: they keep all their digits
        return plain(told) | {"track_columns": told["track_columns"]}

    @property
    def generation(self) -> int:
        """Return a number that rises whenever what is known now changes."""
        return self.chronicle.generation

    @property
    def span_s(self) -> tuple[float, float]:
        """Return the first and the last instant that can be shown, UTC seconds."""
        return self.chronicle.span_s

    def clock(self) -> Clock:
        """Return the clock of the loop."""
        pace = self._show.pace
        if pace is None or self._ended.is_set():
            return Clock(1.0, paused=False, live=False)
        return Clock(pace.speed, paused=pace.paused, live=True)

    def block(self, time_s: float | None) -> bytes:
        """Return the tracks at a time, or now, as they go over the wire."""
        return self.chronicle.at(time_s).picture.block

    def state(self, time_s: float | None) -> Document:
        """Return what stands at a time, or now."""
        return plain(self._state(self.chronicle.at(time_s)))

    def events(self, after: int) -> list[Document]:
        """Return the entries of the event log with a higher number."""
        with self.chronicle.lock:
            return plain(self.chronicle.log.since(after))

    def series(self, after_s: float) -> Document:
        """Return counts over time that are later than a time."""
        return dict(self.chronicle.series(after_s))

    def detail(self, track: int, time_s: float | None) -> Document | None:
        """Return all that is known of a track at a time; None when it is not there."""
        moment = self.chronicle.at(time_s)
        state = self._state(moment)
        found = detail_message(self.chronicle, moment, track, state["engagements"])
        return None if found is None else plain(found)

    def names(self) -> list[Document]:
        """Return track, call sign and address of what has one, now."""
        return names_of(self.chronicle.at(None).picture)

    def submit(self, request: ActRequest) -> Verdict:
        """Take or refuse what a person asks for."""
        inbox = self._show.inbox
        verdict = admit(request, self._facts(), self._revisions)
        if verdict.accepted and inbox is not None:
            if (request.person, request.role) not in self._known:
                self._known.add((request.person, request.role))
                inbox.put(on_watch(request.person, request.role))
            inbox.put(Act(0.0, request.person, request.verb, request.subject, request.value))
        return verdict

    def _facts(self) -> Facts:
        ended = self._show.inbox is None or self._ended.is_set()
        return facts_of(self._show.theatre, self._show.noted, self.chronicle, ended=ended)

    def control(self, person: str, speed: float | None, paused: bool | None) -> Verdict:
        """Set the clock of the loop."""
        pace = self._show.pace
        if pace is None or self._ended.is_set():
            return Verdict(False, 403, "no loop runs: look back with the time line")
        if self._show.mode == "live":
            return Verdict(False, 403, "the clock of a live feed is the world's")
        pace.set(speed, paused=paused)
        self.chronicle.generation += 1
        return Verdict(True, 200, "set")

    def _state(self, moment: Moment) -> Document:
        state = state_message(self._show.theatre, moment, self._revisions.number)
        return state | {
            "sources": self._show.sources(),
            "volumes": self._volumes(moment),
        }

    def _volumes(self, moment: Moment) -> list[Document]:
        picture = moment.picture
        return [
            {
                "track": int(picture.tracks.track[row]),
                "lat": float(picture.lat_deg[row]),
                "lon": float(picture.lon_deg[row]),
                "radius_m": radius_m,
                "up_m": up_m,
            }
            for row, radius_m, up_m in self._show.volumes(picture.tracks)
        ]
