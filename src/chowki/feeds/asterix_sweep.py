"""Which eighth of which turn of the antenna a message belongs to, and when that one is complete."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from chowki.feeds.asterix_words import Message

SECTORS = 8  # looks in a turn
SLACK_PLOT = 1  # sectors later a plot must be to close one
SLACK_SERVICE = 4  # north and sector messages go ahead of the plots: half a turn
LONGEST_TURNS = 3  # without a word for longer, nobody knows whether the antenna turned
SLOWEST_S, FASTEST_S = 60.0, 0.5


class Sector(NamedTuple):
    """One look: its number, the span it swept by the radar's clock, and its plots."""

    look: int
    start_s: float
    end_s: float
    from_rad: float
    span_rad: float
    plots: list[Message]


class Sweep:
    """Follows one antenna by the azimuth and time of everything that its radar sends.

    Parameters
    ----------
    period_s : float
        Time of one turn; may be a few per cent wrong.
    noted : Counter of str
        Gets the plots that came after their sector was closed.
    """

    def __init__(self, period_s: float, noted: Counter[str]) -> None:
        self._period_s = period_s
        self._noted = noted
        self._open: dict[int, list[Message]] = {}
        self._anchor: tuple[float, float] | None = None  # time, turns
        self._next = 0
        self._highest = 0
        self._look = 0

    def take(self, message: Message) -> Iterator[Sector]:
        """Take a message; yield the sectors that it closes."""
        fresh = self._anchor is None
        sector = math.floor(self._turns(message) * SECTORS)
        if fresh:
            self._next = self._highest = sector
        if sector > self._highest + LONGEST_TURNS * SECTORS:
            yield from self.finish()
            self._next = sector
        if message.is_plot:
            if sector < self._next:
                self._noted["plot after its sector was closed, put into the next"] += 1
            self._open.setdefault(max(sector, self._next), []).append(message)
        self._highest = max(self._highest, sector)
        yield from self._close(sector - (SLACK_PLOT if message.is_plot else SLACK_SERVICE))

    def finish(self) -> Iterator[Sector]:
        """Yield the sectors that are still open."""
        if self._open:
            yield from self._close(max(self._open) + 1)

    def _close(self, until: int) -> Iterator[Sector]:
        while self._next < until:
            self._look += 1
            yield self._sector(self._next, self._open.pop(self._next, []))
            self._next += 1

    def _sector(self, number: int, plots: list[Message]) -> Sector:
        time_s, turns = self._anchor or (0.0, 0.0)
        start_s = time_s + (number / SECTORS - turns) * self._period_s
        span_rad = 2.0 * math.pi / SECTORS
        end_s = start_s + self._period_s / SECTORS
        return Sector(self._look, start_s, end_s, number % SECTORS * span_rad, span_rad, plots)

    def _turns(self, message: Message) -> float:
        """Return how often the antenna has turned, from north, when it sent this.

        The azimuth gives the fraction, the time since the last message the whole turns.
        """
        fraction = message.azimuth_rad / (2.0 * math.pi)
        if self._anchor is None:
            self._anchor = (message.time_s, fraction)
            return fraction
        time_s, turns = self._anchor
        expected = turns + (message.time_s - time_s) / self._period_s
        turns = fraction + round(expected - fraction)
        if message.time_s > time_s:
            self._anchor = (message.time_s, turns)
        return turns


def rotation_period(heard: Sequence[Message]) -> float:
    """Return the seconds of one turn of a radar's antenna; NaN when its messages don't tell.

    The radar's own word (I034/041) goes first, then the pace of its north and sector messages,
    then how often the same address is seen.
    """
    for told in (_stated(heard), _paced(heard), _repeated(heard)):
        if told:
            return median(told)
    return math.nan


def _sound(periods: Iterator[float]) -> list[float]:
    return [period for period in periods if FASTEST_S <= period <= SLOWEST_S]


def _stated(heard: Sequence[Message]) -> list[float]:
    return _sound(message.rotation_s for message in heard)


def _paced(heard: Sequence[Message]) -> list[float]:
    service = sorted((m.time_s, m.azimuth_rad) for m in heard if not m.is_plot)
    steps = [(b[0] - a[0], (b[1] - a[1]) % (2.0 * math.pi)) for a, b in pairwise(service)]
    return _sound(s * 2.0 * math.pi / (a or 2.0 * math.pi) for s, a in steps if s > 0.0)


def _repeated(heard: Sequence[Message]) -> list[float]:
    """Return times between plots of one address; a missed turn counts double and so is rare."""
    last: dict[int, float] = {}
    gaps: list[float] = []
    for message in heard:
        if message.is_plot and message.address >= 0:
            if message.address in last:
                gaps.append(message.time_s - last[message.address])
            last[message.address] = message.time_s
    return _sound(iter(gaps))
