"""One step of the watch post, through ports only."""

from __future__ import annotations

from chowki.core.messages import Act, Decision, Event, Frame, Scan, Status
from chowki.core.ports import DefenceKeeper, PictureKeeper
from chowki.core.records import SensorStates, Tracks


class Station:
    """Picture on every scan; defence at every tick and on every act.

    Parameters
    ----------
    picture : PictureKeeper
        Tracker and identity.
    defence : DefenceKeeper
        Threats, rules, assignment, warnings.
    """

    def __init__(self, picture: PictureKeeper, defence: DefenceKeeper) -> None:
        self._picture = picture
        self._defence = defence
        self.picture = self._told = picture.start()
        self.defence = defence.start()

    def step(self, event: Event) -> Frame:
        """Return what is known after an event."""
        if isinstance(event, Scan):
            self.picture, touched = self._picture.scan(self.picture, event)
            return Frame(event.time_s, complete=False, tracks=touched)
        if isinstance(event, Status):
            self.defence, decision = self._defence.status(self.defence, event)
            none = Tracks.empty(), decision, SensorStates.empty()
            return _frame(event.time_s, *none, complete=False)
        if isinstance(event, Act):
            self.picture = self._picture.act(self.picture, event)
            self.defence = self._defence.act(self.defence, event)
        return self._conclude(event.time_s)

    def _conclude(self, time_s: float) -> Frame:
        """Return the complete frame at a time: the whole picture and what defence makes of it."""
        self.picture, tracks = self._picture.tick(self.picture, time_s)
        self.defence, decision = self._defence.decide(self.defence, tracks, time_s)
        sensors = self._picture.sensors(self._told, self.picture, time_s)
        self._told = self.picture
        return _frame(time_s, tracks, decision, sensors, complete=True)


def _frame(
    time_s: float, tracks: Tracks, decision: Decision, sensors: SensorStates, *, complete: bool
) -> Frame:
    return Frame(
        time_s,
        complete,
        tracks,
        decision.threats,
        decision.warnings,
        decision.engagements,
        decision.orders,
        decision.tasks,
        sensors,
    )
