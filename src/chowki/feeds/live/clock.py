"""UTC as live feeds see it: it follows the machine's clock, and never runs backwards."""

from __future__ import annotations

import threading
import time

CATCH_UP = 0.1  # share of the time that passes by which a clock put back is made good


class Clock:
    """UTC seconds that only rise.

    The machine's clock may be set while chowki runs. Set forward, it is followed at once; set back,
    it is come near to at a tenth of the pace, so that no event comes before the one received
    before it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steady_s = time.monotonic()
        self._now_s = time.time()

    def now(self) -> float:
        """Return UTC seconds."""
        with self._lock:
            steady_s = time.monotonic()
            passed_s, self._steady_s = steady_s - self._steady_s, steady_s
            behind_s = time.time() - (self._now_s + passed_s)
            self._now_s += passed_s + max(behind_s, -CATCH_UP * passed_s)
            return self._now_s

    def real_s(self, span_s: float) -> float:
        """Return how long a span lasts for those who wait for it; tests let time run faster."""
        return span_s
