"""What the page's server asks of a session, whether it simulates, replays or listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the engine.

    Attributes
    ----------
    speed : float
        Scenario seconds per second of the wall.
    paused : bool
        True while time stands still.
    live : bool
        False for a finished recording: its edge never moves.
    """

    speed: float
    paused: bool
    live: bool


@dataclass(frozen=True, slots=True)
class ActRequest:
    """What a person at the page asks to be done.

    Attributes
    ----------
    person, role : str
        Name and role of the account.
    verb, subject, value : str
        As in ``chowki.core.messages.Act``.
    revision : int or None
        Revision of the thing that the person saw when deciding; None: whatever it is now.
    """

    person: str
    role: str
    verb: str
    subject: str = ""
    value: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request.

    Attributes
    ----------
    accepted : bool
        True when it was taken.
    code : int
        HTTP status: 200 accepted, 403 the role is too low or the wall forbids it, 404 no such verb
        or subject, 409 somebody was first.
    words : str
        The same in words; on 409 who did what, and when.
    revision : int
        The revision that stands now.
    """

    accepted: bool
    code: int
    words: str
    revision: int = 0


class Session(Protocol):
    """What can be shown and asked. Called from the server's thread; every answer is quick."""

    def hello(self) -> dict[str, Any]:
        """Return the hello message without the user."""
        ...

    @property
    def generation(self) -> int:
        """A number that rises whenever what is known now changes."""
        ...

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last instant that can be shown, UTC seconds; the last one is the edge."""
        ...

    def clock(self) -> Clock:
        """Return the clock of the engine."""
        ...

    def block(self, time_s: float | None) -> bytes:
        """Return the binary frame of tracks at a time, or at the edge."""
        ...

    def state(self, time_s: float | None) -> dict[str, Any]:
        """Return the state message at a time, without what depends on the client."""
        ...

    def events(self, after: int) -> list[dict[str, Any]]:
        """Return the entries of the event log with a number above one, in order."""
        ...

    def series(self, after_s: float) -> dict[str, Any]:
        """Return the counts over time, later than a time."""
        ...

    def detail(self, track: int, time_s: float | None) -> dict[str, Any] | None:
        """Return all that is known of a track at a time; None when there is none."""
        ...

    def names(self) -> list[dict[str, Any]]:
        """Return track, call sign and address of what has one, at the edge."""
        ...

    def submit(self, request: ActRequest) -> Verdict:
        """Take or refuse what a person asks for; callable from any thread."""
        ...

    def control(self, person: str, speed: float | None, paused: bool | None) -> Verdict:
        """Set the engine's clock."""
        ...
