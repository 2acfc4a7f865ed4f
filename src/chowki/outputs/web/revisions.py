"""What was decided last about each thing: whoever saw an older state is told instead of obeyed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chowki.core.records import WarningLevel, Warnings

MACHINE = "the machine"


@dataclass(frozen=True, slots=True)
class Revision:
    """The last change of a thing.

    Attributes
    ----------
    number : int
        How often it was changed.
    person : str
        Who did it.
    done : str
        What was done, as it follows a name: ``released it``.
    at_s : float
        When, by the clock of ``Revisions``.
    """

    number: int
    person: str
    done: str
    at_s: float


class Revisions:
    """Counts changes of sectors, tracks, warnings, alarms and the like.

    Parameters
    ----------
    clock : callable
        Seconds of the wall, since people reckon in those.

    Attributes
    ----------
    lock : threading.RLock
        Held by whoever looks before changing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._last: dict[str, Revision] = {}
        self._levels: dict[int, int] = {}
        self._awaited: set[str] = set()

    def last(self, key: str) -> Revision | None:
        """Return the last change of a thing, None when there was none."""
        return self._last.get(key)

    def number(self, key: str) -> int:
        """Return how often a thing was changed."""
        last = self._last.get(key)
        return 0 if last is None else last.number

    def words(self, key: str) -> str:
        """Return who changed it last and when: ``R. Singh released it 4 s ago``."""
        last = self._last.get(key)
        if last is None:
            return ""
        return f"{last.person} {last.done} {_ago(self._clock() - last.at_s)}"

    def note(self, keys: Iterable[str], person: str, done: str) -> int:
        """Note a change of some things; return the highest of their numbers, 0 for none."""
        highest, now_s = 0, self._clock()
        with self.lock:
            for key in keys:
                number = self.number(key) + 1
                self._last[key] = Revision(number, person, done, now_s)
                if person != MACHINE and key.startswith("warning/"):
                    self._awaited.add(key)
                highest = max(highest, number)
        return highest

    def take(self, warnings: Warnings) -> None:
        """Note what the machine changed of warnings; a renewal is no change.

        Somebody who was about to cancel an advisory has not seen that it became a take-cover.
        The change that follows a person's word is that person's.
        """
        columns = (warnings.warning, warnings.place, warnings.cell, warnings.level)
        changes: dict[str, WarningLevel] = {}
        with self.lock:
            for number, place, cell, level in zip(*(c.tolist() for c in columns), strict=True):
                if self._levels.get(number) != level:
                    self._levels[number] = level
                    changes[warning_key(place, cell)] = WarningLevel(level)
            for key, level in changes.items():
                if key in self._awaited:
                    self._awaited.discard(key)
                else:
                    self.note((key,), MACHINE, _CHANGES[level])


def warning_key(place: int, cell: int) -> str:
    """Return the key of the warnings to a place, or else to an area."""
    return f"warning/{place}" if place >= 0 else f"warning/cell:{cell}"


_CHANGES = {
    WarningLevel.NONE: "let it go",
    WarningLevel.ADVISORY: "sent an advisory",
    WarningLevel.TAKE_COVER: "sent take cover",
    WarningLevel.ALL_CLEAR: "gave the all clear",
    WarningLevel.PROPOSED_ADVISORY: "proposed an advisory",
    WarningLevel.PROPOSED_TAKE_COVER: "proposed take cover",
}


def _ago(seconds: float) -> str:
    """Return how long ago something was, in words."""
    if seconds < 1.0:
        return "just now"
    return f"{seconds:.0f} s ago" if seconds < 90.0 else f"{seconds / 60.0:.0f} min ago"
