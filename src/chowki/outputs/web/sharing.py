"""What many clients are told alike is put together once."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import asdict
from typing import Any

import numpy as np

from chowki.outputs.web.cursor import Cursor
from chowki.outputs.web.session import Clock, Session

_KEPT = 32


class Sharing:
    """A session as its clients ask it; equal questions between two looks at it are asked once.

    Parameters
    ----------
    session : Session
        What is shown.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._of: tuple[int, Clock] | None = None
        self._known: OrderedDict[Hashable, Any] = OrderedDict()

    @property
    def live(self) -> bool:
        """Whether the edge moves."""
        return self.session.clock().live

    def refresh(self) -> bool:
        """Look whether there is something new to tell, and forget what was told if so."""
        version = self.session.generation, self.session.clock()
        if version == self._of:
            return False
        self._known.clear()
        self._of = version
        return True

    def edge(self) -> tuple[bytes, str]:
        """Return block and state at the edge, ready to be sent."""
        return self._once("edge", lambda: (self.session.block(None), self.state(Cursor())))

    def state(self, cursor: Cursor) -> str:
        """Return the state message for a client that looks somewhere."""
        first, edge = self.session.span_s
        engine = self.session.clock()
        at_edge = cursor.time_s is None
        clock = {
            "speed": engine.speed if at_edge else cursor.speed,
            "paused": engine.paused if at_edge else cursor.paused,
            "live": engine.live,
        }
        own = {"start_s": first, "edge_s": edge, "clock": clock, "at_edge": at_edge}
        told = self.session.state(cursor.time_s)
        return to_json({**told, "type": "state", **own, "engine": asdict(engine)})

    def look(self, cursor: Cursor) -> tuple[bytes, str]:
        """Return block and state at a cursor."""
        if cursor.time_s is None:
            return self.edge()
        return self.session.block(cursor.time_s), self.state(cursor)

    def events(self, after: int) -> tuple[str | None, int]:
        """Return the events after one as a message (None: there are none), and the last number."""
        return self._once(("events", after), lambda: self._events(after))

    def series(self, after_s: float) -> tuple[str | None, float]:
        """Return the counts later than a time as a message (None: none), and the last time."""
        return self._once(("series", after_s), lambda: self._series(after_s))

    def detail(self, track: int, cursor: Cursor) -> str:
        """Return all that is known of a track as a message."""
        if cursor.time_s is not None:
            return self._detail(track, cursor.time_s)
        return self._once(("detail", track), lambda: self._detail(track, None))

    def _events(self, after: int) -> tuple[str | None, int]:
        found = self.session.events(after)
        if not found:
            return None, after
        told = {"type": "events", "events": found, "reset": after == 0}
        return to_json(told), int(found[-1]["id"])

    def _series(self, after_s: float) -> tuple[str | None, float]:
        found = self.session.series(after_s)
        times = found.get("time_s", [])
        if not len(times):
            return None, after_s
        first = after_s == float("-inf")
        return to_json({**found, "type": "series", "reset": first}), float(times[-1])

    def _detail(self, track: int, time_s: float | None) -> str:
        found = self.session.detail(track, time_s)
        if found is None:
            found = {"track": track, "time_s": time_s, "known": False}
        return to_json({**found, "type": "detail"})

    def _once(self, key: Hashable, ask: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = ask()
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]


def to_json(value: Any) -> str:
    """Return a message as JSON; unknown numbers (NaN, infinite) become null.

    Examples
    --------
    >>> to_json({"speed": float("nan"), "lat": 1.5})
    '{"speed":null,"lat":1.5}'
    """
    try:
        return _dump(value)
    except ValueError:
        return _dump(_finite(value))


def _dump(value: Any) -> str:
    return json.dumps(
        value, allow_nan=False, separators=(",", ":"), ensure_ascii=False, default=_plain
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return _finite(value.tolist())
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return _finite(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
