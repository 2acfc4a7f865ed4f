"""Release takes human time: one decision at a time for each sector, first come first served.

In simulation the person at a sector's desk takes a drawn time for each decision, exponential about
the mean of the posture's level: the law under which the queue can be held against Erlang. Nothing
here exists outside a simulated world.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from chowki.core.chance import Key
from chowki.kernels.philox import uniform4


@dataclass(frozen=True, slots=True)
class ReleaseDesk:
    """What lies before the person who releases in one sector.

    Attributes
    ----------
    cases : tuple of (int, float)
        Engagement number and UTC time of asking, in order; the first is being decided once
        ``done_s`` is finite.
    done_s : float
        UTC time at which the first case will have been decided, infinity before it was begun.
    free_s : float
        UTC time since which the person could begin the first case.
    """

    cases: tuple[tuple[int, float], ...] = ()
    done_s: float = math.inf
    free_s: float = -math.inf


def ask(desk: ReleaseDesk, numbers: Iterable[int], time_s: float) -> ReleaseDesk:
    """Return the desk with engagements put before it; one that lies there already stays."""
    there = {number for number, _ in desk.cases}
    new = tuple((number, time_s) for number in numbers if number not in there)
    return replace(desk, cases=desk.cases + new) if new else desk


def withdraw(desk: ReleaseDesk, standing: Collection[int], time_s: float) -> ReleaseDesk:
    """Return the desk without the cases that no longer stand; one in hand is put down at once."""
    left = tuple(case for case in desk.cases if case[0] in standing)
    if len(left) == len(desk.cases):
        return desk
    if left and left[0] == desk.cases[0]:
        return replace(desk, cases=left)
    in_hand = desk.done_s < math.inf
    free_s = max(desk.free_s, time_s) if in_hand else desk.free_s
    return ReleaseDesk(left, math.inf, free_s)


def decide(
    desk: ReleaseDesk, time_s: float, takes_s: Callable[[int], float]
) -> tuple[ReleaseDesk, list[tuple[int, float]]]:
    """Return the desk at a time, and what was decided up to then: number and UTC time.

    Parameters
    ----------
    desk : ReleaseDesk
        As it was left.
    time_s : float
        UTC seconds.
    takes_s : callable
        Seconds that the decision on an engagement takes.
    """
    cases, done_s, free_s = list(desk.cases), desk.done_s, desk.free_s
    decided: list[tuple[int, float]] = []
    while cases:
        number, asked_s = cases[0]
        if done_s == math.inf:
            done_s = max(asked_s, free_s) + takes_s(number)
        if done_s > time_s:
            break
        decided.append((number, done_s))
        free_s, done_s = done_s, math.inf
        cases.pop(0)
    return ReleaseDesk(tuple(cases), done_s, free_s), decided


def drawn_s(key: Key, sector: int, number: int, mean_s: float) -> float:
    """Return the time that a decision takes: exponential, addressed by sector and engagement."""
    return -mean_s * math.log1p(-uniform4(*key, sector, number, 0)[0])
