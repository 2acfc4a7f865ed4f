"""A small watch post that the loop can be tried on without any of the rooms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chowki.core.messages import Event, Frame, Scan, Status, Tick
from chowki.core.places import Measures, Place, Sensor, Station, Theatre, Volume
from chowki.core.records import (
    Detections,
    Engagements,
    EngagementState,
    Fate,
    Orders,
    Tasks,
    Threats,
    Tracks,
    Truth,
    Warnings,
)

START_S = 1_746_800_000.0


def theatre(sensors: int = 2, duration_s: float = 60.0) -> Theatre:
    station = Station("toy", 32.0, 75.0, 200.0, START_S, duration_s)
    volume = Volume(0.0, 50_000.0)
    named = tuple(
        Sensor(
            n, f"radar {n}", "radar", np.array([1000.0 * n, 0.0, 5.0]), np.eye(3),
            Measures.RANGE | Measures.AZIMUTH, volume, 4.0, 0.9, 1.0,
        )
        for n in range(sensors)
    )  # fmt: skip
    place = Place(
        0, "Here", "north", "civil", 32.1, 75.1, np.array([9e3, 11e3, -15.0]), 1e3, 10, 1.0
    )
    return Theatre(station, (place,), sensors=named, simulated=True)


class ToyWorld:
    """Two targets that fly straight; seeded draws; remembers what it was told."""

    def __init__(self, theatre: Theatre, seed: int) -> None:
        self.theatre, self.seed = theatre, seed
        self.obeyed: list[Orders] = []
        self.heeded: list[Tasks] = []
        self.now_s = theatre.station.start_s
        self.killed = False

    def events(self) -> Iterator[Event]:
        station = self.theatre.station
        for second in range(int(station.duration_s) + 1):
            self.now_s = station.start_s + second
            for sensor in self.theatre.sensors:
                if second % 4 == sensor.number % 4:
                    yield self._scan(sensor, second)
            if second == 7:
                yield Status(self.now_s, "radar 0", "sensor", "silent", "link down")
            yield Tick(self.now_s)

    def _scan(self, sensor: Sensor, second: int) -> Scan:
        draw = np.random.Generator(np.random.Philox(key=self.seed + 1000 * sensor.number + second))
        rows = int(draw.integers(0, 4))
        plots = Detections.empty()
        if rows:
            plots = Detections.of(
                time_s=self.now_s - draw.random(rows),
                range_m=2e4 * draw.random(rows),
                azimuth_rad=6.0 * draw.random(rows),
            )
        return Scan(
            self.now_s, sensor, second, self.now_s - 1.0, self.now_s, sensor.volume, plots
        )  # fmt: skip

    def obey(self, orders: Orders) -> None:
        if len(orders):
            self.obeyed.append(orders)
            self.killed = True

    def heed(self, tasks: Tasks) -> None:
        if len(tasks):
            self.heeded.append(tasks)

    def truth(self) -> Truth:
        flown = self.now_s - self.theatre.station.start_s
        fates = [Fate.INTERCEPTED if self.killed else Fate.FLYING, Fate.FLYING]
        return Truth.of(
            target=[10, 11],
            time_s=np.full(2, self.now_s),
            east_m=[20.0 * flown, -20.0 * flown],
            north_m=[0.0, 0.0],
            up_m=[100.0, 100.0],
            object_class=[2, 6],
            attacking=[1, 0],
            place=[0, -1],
            fate=fates,
        )


@dataclass(frozen=True)
class ToyPicture:
    seen: int = 0
    ranges: tuple[float, ...] = ()


class ToyStation:
    """Concludes something from every event, so that a replay has something to compare."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.picture = ToyPicture()

    def step(self, event: Event) -> Frame:
        if isinstance(event, Scan):
            ranges = tuple(event.detections.range_m.tolist())
            self.picture = ToyPicture(self.picture.seen + len(ranges), ranges)
            return Frame(event.time_s, complete=False, tracks=self._tracks(event.time_s))
        if isinstance(event, Status):
            return Frame(event.time_s, complete=False)
        second = round(event.time_s - self.theatre.station.start_s)
        frame = Frame(event.time_s, complete=True, tracks=self._tracks(event.time_s))
        if second % 10 == 3:
            frame = replace(frame, warnings=self._warning(event.time_s, second))
        if second == 20 and self.theatre.simulated:
            frame = replace(frame, **self._order(event.time_s))
        return replace(frame, threats=self._threats(event.time_s))

    def _tracks(self, time_s: float) -> Tracks:
        rows = len(self.picture.ranges)
        if not rows:
            return Tracks.empty()
        return Tracks.of(
            track=np.arange(rows) + self.picture.seen,
            time_s=np.full(rows, time_s),
            east_m=list(self.picture.ranges),
            north_m=np.zeros(rows),
            up_m=np.full(rows, 120.0),
            status=np.ones(rows),
            class_probability=np.full((rows, 7), 1.0 / 7.0),
            identity=np.full(rows, 6),
        )

    def _threats(self, time_s: float) -> Threats:
        rank = np.arange(1, 61)
        return Threats.of(time_s=np.full(60, time_s), track=rank, place=np.zeros(60), rank=rank)

    def _warning(self, time_s: float, second: int) -> Warnings:
        return Warnings.of(warning=[second], time_s=[time_s], place=[0], level=[1])

    def _order(self, time_s: float) -> dict[str, Any]:
        engagements = Engagements.of(
            engagement=[1], time_s=[time_s], track=[3], state=[EngagementState.ORDERED]
        )
        orders = Orders.of(engagement=[1], time_s=[time_s], site=[0], track=[3], rounds=[1])
        tasks = Tasks.of(time_s=[time_s], sensor=[1], track=[3])
        return {"engagements": engagements, "orders": orders, "tasks": tasks}


class ToyScenario:
    """Stands in for the scenario floor: the same names, toys instead of rooms."""

    seed = 5

    def __init__(self) -> None:
        self.overrides: tuple[str, ...] = ()
        self.built: Any = None

    def load(self, source: str, overrides: Sequence[str] = ()) -> ToyScenario:
        self.overrides = tuple(overrides)
        return self

    def document(self) -> dict[str, Any]:
        return {"name": "toy", "overrides": list(self.overrides)}

    def digest(self) -> str:
        return f"digest of {self.document()}"

    @property
    def Scenario(self) -> Any:
        return self

    def from_document(self, document: dict[str, Any]) -> ToyScenario:
        return self.load("toy", document["overrides"])

    def build(self, story: ToyScenario, seed: int) -> Any:
        plan = theatre(3 if "sensors=3" in story.overrides else 2)
        self.built = SimpleNamespace(
            theatre=plan, station=ToyStation(plan), world=ToyWorld(plan, seed)
        )
        return self.built


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ToyScenario:
    """Put a toy scenario floor under the loop."""
    from chowki.run import assemble

    stand_in = ToyScenario()
    monkeypatch.setattr(assemble, "scenario", stand_in)
    return stand_in
