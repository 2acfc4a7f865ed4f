"""How late a source's records come, and by how much its clock is off."""

from __future__ import annotations

import math
from collections import deque
from statistics import median, median_high, median_low

WINDOW_S = 60.0
APART_S = 0.25  # samples are taken this far apart at least
LATE_S = 10.0  # what an event speaks of may be this much older than its receipt
AHEAD_S = 2.0  # nothing arrives before it was sent
LEAST_SAMPLES, LEAST_SPAN_S = 5, 2.0
STEADY_S = 1.0


class Timing:
    """Delay and clock offset of one source, from receive time minus stated time.

    One way tells only their sum: a message that is 3 s old may have travelled for 3 s, or come
    from a clock that is 3 s behind. What is which is decided like this, on the last minute:

    * The median m lies between -2 s and 10 s: the clock is believed. m is the **delay**; below
      zero it is the clock, for nothing arrives before it was sent: then -m is the **offset**.
    * m lies outside: no link holds messages back for that long, and none brings them early. The
      fastest messages (5th percentile) are taken as undelayed: they tell the **offset**, and m less
      theirs is the **delay**. Times are set right by the offset, held until it has moved by 1 s.

    A first record alone never convicts a clock: it takes five over two seconds. A clock that jumps
    is noticed when five in a row agree with each other and not with the minute before.

    Parameters
    ----------
    sets_right : bool
        False for what may well be held back, such as files: then stated times are never changed,
        and what is too old is left out.

    Attributes
    ----------
    delay_s : float
        Median delay, NaN while unknown.
    clock_offset_s : float
        How far the source's clock is ahead, negative when behind; NaN while unknown.
    wrong : bool
        Whether the clock is not believed.
    """

    def __init__(self, *, sets_right: bool = True) -> None:
        self.sets_right = sets_right
        self.delay_s = self.clock_offset_s = math.nan
        self.wrong = False
        self._late: deque[tuple[float, float]] = deque()
        self._odd: list[tuple[float, float]] = []
        self._set_right_s: float | None = None

    def take(self, received_s: float, stated_s: float) -> None:
        """Take the time that a record states and when it was received."""
        late_s = received_s - stated_s
        if not math.isfinite(late_s) or self._soon(received_s):
            return
        self._late.append((received_s, late_s))
        self._notice_jump(received_s, late_s)
        while len(self._late) > LEAST_SAMPLES and self._late[0][0] < received_s - WINDOW_S:
            self._late.popleft()
        self._judge()

    def correction(self) -> float | None:
        """Return what to take off stated times; None while they are off by who knows how much."""
        return self._set_right_s if self.wrong and self.sets_right else 0.0

    def _soon(self, received_s: float) -> bool:
        """Return whether a sample would stand too near to the one before; the first ones may."""
        enough = len(self._late) >= LEAST_SAMPLES
        return enough and received_s - self._late[-1][0] < APART_S

    def _notice_jump(self, received_s: float, late_s: float) -> None:
        """Forget the minute before when the last records agree on something else."""
        if abs(late_s - median(late for _, late in self._late)) <= LATE_S:
            self._odd.clear()
            return
        if self._odd and abs(late_s - self._odd[-1][1]) > LATE_S:
            self._odd.clear()
        self._odd.append((received_s, late_s))
        if _enough(self._odd):
            self._late = deque(self._odd)
            self._odd = []

    def _judge(self) -> None:
        late = sorted(late for _, late in self._late)
        # of an even number the one nearer to no lateness: one wrong record convicts nobody
        usual_s = min(median_low(late), median_high(late), key=abs)
        fastest_s = late[len(late) // 20]
        self.wrong = not -AHEAD_S <= usual_s <= LATE_S
        if not self.wrong:
            self.delay_s, self.clock_offset_s = max(usual_s, 0.0), max(-usual_s, 0.0)
            self._set_right_s = None
        elif _enough(self._late):
            self.delay_s, self.clock_offset_s = usual_s - fastest_s, -fastest_s
            held_s = self._set_right_s
            if held_s is None or abs(self.clock_offset_s - held_s) > STEADY_S:
                self._set_right_s = self.clock_offset_s


def _enough(samples: deque[tuple[float, float]] | list[tuple[float, float]]) -> bool:
    return len(samples) >= LEAST_SAMPLES and samples[-1][0] - samples[0][0] >= LEAST_SPAN_S
