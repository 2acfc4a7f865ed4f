"""A live source: one thread that listens, a bounded queue, and a health that others can read."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from chowki.core.messages import Event
from chowki.core.places import Sensor, Theatre
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.health import Limits, Meter, Review, SourceHealth
from chowki.feeds.live.spec import Spec
from chowki.feeds.live.timing import Timing
from chowki.feeds.source import FirstFix, Placed

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
MOST_WAITING = 20_000
STOP_S = 3.0  # how long a thread may take to end
BREATH_S = 0.05  # a source that floods is read this seldom, so that it takes no time from others


class Lost(Exception):
    """The way to a source is closed; says why, in words."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What a source needs to stand at the station.

    Attributes
    ----------
    theatre : Theatre
        Where the station stands, and the scenario's sensors.
    placed : Placed
        The same as frame of reference, and sensors by name.
    number : callable
        Gives out the next sensor number.
    by_scenario : bool
        Whether a scenario says where the station stands; else a first position did.
    """

    theatre: Theatre
    placed: Placed
    number: Callable[[], int]
    by_scenario: bool = True


class LiveSource(ABC):
    """Something that speaks as long as chowki listens.

    A thread of its own reads it and leaves records in a bounded queue, where the oldest give way.
    Whatever the source does, it costs the others nothing: what comes too fast is dropped and
    counted before it is read, what can't be read is counted, and when the way is closed it is
    opened again after a pause that doubles from 0.5 s to 30 s.

    Parameters
    ----------
    spec : Spec
        Where it is.
    clock : Clock
        UTC.

    Attributes
    ----------
    kind, name : str
        What it tells; its name among the sources, and of its first sensor.
    first_fix : FirstFix or None
        The first position that it told.
    """

    limits: ClassVar[Limits] = Limits()
    sets_clock_right: ClassVar[bool] = True

    def __init__(self, spec: Spec, clock: Clock) -> None:
        self.spec, self.clock = spec, clock
        self.kind, self.name = spec.kind, spec.name or spec.kind
        self.first_fix: FirstFix | None = None
        self.meter, self.timing = Meter(), Timing(sets_right=self.sets_clock_right)
        self._review = Review(self.meter, self.timing, self.limits)
        self._ended = threading.Event()
        self._second = (0, 0)
        self._thread = threading.Thread(target=self._run, name=f"feed {self.name}", daemon=True)

    @property
    @abstractmethod
    def sensors(self) -> tuple[Sensor, ...]:
        """Return the sensors known so far; after ``place``."""

    @abstractmethod
    def place(self, footing: Footing) -> None:
        """Take where the station stands; called once, before ``collect``."""

    @abstractmethod
    def collect(self, end_s: float) -> list[Event]:
        """Return what was received up to a whole second; never waits."""

    @abstractmethod
    def _attend(self) -> None:
        """Open the way and listen until it closes or ``listening`` is False.

        Raises
        ------
        Lost, OSError
            If the way can't be opened or breaks.
        """

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and wait for the thread to end."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def review(self, time_s: float) -> tuple[SourceHealth, tuple[str, ...]]:
        """Return the health at a time (UTC s), and in single words what is wrong."""
        return self._review.at(self.name, self.kind, time_s)

    @property
    def listening(self) -> bool:
        """Return whether the source is still asked for."""
        return not self._ended.is_set()

    def rest(self, span_s: float) -> None:
        """Wait, or until the source is no longer asked for."""
        self._ended.wait(self.clock.real_s(span_s))

    def opened(self) -> None:
        """Note that the way to the source is open."""
        self.meter.connected, self.meter.trouble = True, ""

    def admit(self, received_s: float) -> bool:
        """Count a record; return False when it is one too many in this second."""
        meter = self.meter
        meter.heard += 1
        meter.last_s = meter.alive_s = received_s
        second, count = self._second
        count = count + 1 if second == int(received_s) else 1
        self._second = (int(received_s), count)
        if count > self.limits.most_hz:
            meter.surplus += 1
            return False
        return True

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while self.listening:
            heard = self.meter.heard
            trouble = self._attended()
            if not self.listening:
                return
            self.meter.losses += self.meter.connected
            self.meter.connected, self.meter.trouble = False, trouble
            pause_s = FIRST_PAUSE_S if self.meter.heard > heard else pause_s
            self.rest(pause_s)
            pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)

    def _attended(self) -> str:
        """Return why listening ended; no fault of a source may end its thread."""
        try:
            self._attend()
        except Lost as lost:
            return str(lost)
        except OSError as error:
            return (error.strerror or str(error) or type(error).__name__).lower()
        except Exception as error:
            return f"fault while reading it: {type(error).__name__}: {error}"
        return "the other side closed it"
