"""What people do while a run goes on, waiting for the loop to take it up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from chowki.core.messages import Act, Event, Status


class Inbox:
    """Acts and statuses from any thread, in the order in which they were put.

    An event becomes part of the story when the loop drains it: only then it has a time. So the
    loop alone decides where it stands among the events of the feed, and a replay finds it there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Act | Status] = []
        self._callbacks: list[Callable[[], None]] = []

    def put(self, event: Act | Status) -> None:
        """Leave an event for the loop; its own time is not used. From any thread.

        Callbacks run in the caller's thread, after the event is there.
        """
        with self._lock:
            self._waiting.append(event)
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback()

    def drain(self, time_s: float) -> list[Event]:
        """Take out everything that waits, stamped with a time (UTC s), in order."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return [replace(event, time_s=time_s) for event in taken]

    def on_put(self, callback: Callable[[], None]) -> None:
        """Have a function called after each event that is put, for example to wake the loop."""
        with self._lock:
            self._callbacks.append(callback)

    def __len__(self) -> int:
        """Return how many events wait."""
        with self._lock:
            return len(self._waiting)
