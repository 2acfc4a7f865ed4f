"""Where one client looks in time: at the edge, or back, by a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in time that moves by itself.

    Attributes
    ----------
    time_s : float or None
        UTC seconds looked at when it was set; None: the edge, wherever it is.
    speed : float
        Scenario seconds per second of the wall while looking back.
    paused, loop : bool
        Whether it stands still; whether the end of a finished recording is followed by its start.
    set_s : float
        Seconds of the wall's clock at which it was set.
    """

    time_s: float | None = None
    speed: float = 1.0
    paused: bool = False
    loop: bool = False
    set_s: float = 0.0

    def looking_at(self, time_s: float | None, now_s: float) -> Cursor:
        """Return the cursor put to a time, or to the edge."""
        return replace(self, time_s=time_s, set_s=now_s)

    def playing(self, speed: float, paused: bool, loop: bool | None, now_s: float) -> Cursor:
        """Return the cursor with another clock, at the time where it is."""
        again = self.loop if loop is None else loop
        return replace(
            self, time_s=self._at(now_s), speed=speed, paused=paused, loop=again, set_s=now_s
        )

    def moved(self, now_s: float, span_s: tuple[float, float], live: bool) -> Cursor:
        """Return where it is now.

        Parameters
        ----------
        now_s : float
            Seconds of the wall's clock.
        span_s : (float, float)
            First instant and edge, UTC seconds.
        live : bool
            Whether the edge moves: who reaches it then stays on it. In a finished recording the
            cursor stops there, or starts again.
        """
        time_s = self._at(now_s)
        first, edge = span_s
        if time_s is None:
            return self
        if time_s < edge:
            return replace(self, time_s=max(first, time_s), set_s=now_s)
        if live:
            return replace(self, time_s=None, paused=False, set_s=now_s)
        if self.loop and not self.paused:
            return replace(self, time_s=first, set_s=now_s)
        return replace(self, time_s=edge, paused=True, set_s=now_s)

    def _at(self, now_s: float) -> float | None:
        if self.time_s is None or self.paused:
            return self.time_s
        return self.time_s + self.speed * (now_s - self.set_s)
