from __future__ import annotations

from typing import Any

import numpy as np

from chowki.core.messages import Act, Decision, Scan, Status, Tick
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import Detections, SensorStates, Threats, Tracks
from chowki.station import Station

SENSOR = Sensor(
    0, "radar", "radar", np.zeros(3), np.eye(3), Measures.RANGE, Volume(0.0, 1e4), 4.0, 0.9, 0.0
)
SCAN = Scan(10.0, SENSOR, 0, 6.0, 10.0, SENSOR.volume, Detections.empty())


class CountingPicture:
    """Counts what it is asked; its state is the list of calls."""

    def start(self) -> tuple[str, ...]:
        return ()

    def scan(self, picture: tuple[str, ...], scan: Scan) -> tuple[Any, Tracks]:
        return (*picture, "scan"), Tracks.of(track=np.array([scan.look]))

    def tick(self, picture: tuple[str, ...], time_s: float) -> tuple[Any, Tracks]:
        return (*picture, "tick"), Tracks.of(track=np.array([1, 2]), time_s=np.full(2, time_s))

    def sensors(self, before: tuple[str, ...], picture: tuple[str, ...], time_s: float) -> Any:
        changed = len(picture) - len(before)
        return SensorStates.of(time_s=np.full(changed, time_s))

    def act(self, picture: tuple[str, ...], act: Act) -> Any:
        return (*picture, act.verb)


class CountingDefence:
    """Turns the tracks that it is shown into threats, so that a test sees what it saw."""

    def start(self) -> tuple[str, ...]:
        return ()

    def decide(self, defence: Any, tracks: Tracks, time_s: float) -> tuple[Any, Decision]:
        return (*defence, "decide"), Decision(threats=Threats.of(track=tracks.track))

    def status(self, defence: Any, status: Status) -> tuple[Any, Decision]:
        return (*defence, status.state), Decision()

    def act(self, defence: Any, act: Act) -> Any:
        return (*defence, act.verb)


def station() -> Station:
    return Station(CountingPicture(), CountingDefence())


def test_a_scan_moves_the_picture_and_leaves_defence_alone() -> None:
    post = station()
    frame = post.step(SCAN)
    assert post.picture == ("scan",)
    assert post.defence == ()
    assert not frame.complete
    assert frame.tracks.track.tolist() == [0]


def test_a_tick_coasts_the_picture_and_asks_defence() -> None:
    post = station()
    frame = post.step(Tick(11.0))
    assert post.picture == ("tick",)
    assert post.defence == ("decide",)
    assert frame.complete
    assert frame.time_s == 11.0
    assert frame.threats.track.tolist() == [1, 2]


def test_an_act_reaches_both_rooms_before_they_conclude() -> None:
    post = station()
    frame = post.step(Act(12.0, "someone", "set-weapons-control-status", value="hold"))
    assert post.picture == ("set-weapons-control-status", "tick")
    assert post.defence == ("set-weapons-control-status", "decide")
    assert frame.complete


def test_a_status_reaches_defence_only() -> None:
    post = station()
    frame = post.step(Status(13.0, "site-1", "site", "working", rounds_left=3))
    assert post.picture == ()
    assert post.defence == ("working",)
    assert not frame.complete
    assert len(frame.orders) == 0


def test_a_complete_frame_tells_of_sensors_since_the_one_before() -> None:
    post = station()
    assert len(post.step(SCAN).sensors) == 0
    assert len(post.step(Tick(11.0)).sensors) == 2  # a scan and a tick since the start
    post.step(SCAN)
    post.step(SCAN)
    assert post.step(Tick(12.0)).sensors.time_s.tolist() == [12.0] * 3
