"""What the tests of feeds share: a theatre round a first position, and a way to read a feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from chowki.core.messages import Event, Scan
from chowki.core.places import Measures, Sensor, Station, Theatre, Volume
from chowki.feeds.source import FileFeed

Read = Callable[[FileFeed], list[Event]]


@pytest.fixture
def theatre_at() -> Callable[..., Theatre]:
    def make(
        lat_deg: float, lon_deg: float, start_s: float = 0.0, sensors: Sequence[Sensor] = ()
    ) -> Theatre:
        station = Station("test", lat_deg, lon_deg, 0.0, start_s, np.inf)
        return Theatre(station, sensors=tuple(sensors))

    return make


@pytest.fixture
def read(theatre_at: Callable[..., Theatre]) -> Read:
    """Return a function that places a feed at its own first fix and reads it to the end."""

    def events_of(feed: FileFeed) -> list[Event]:
        fix = feed.first_fix()
        feed.place(theatre_at(fix.lat_deg, fix.lon_deg, fix.time_s))
        return list(feed.events())

    return events_of


@pytest.fixture
def scans(read: Read) -> Callable[[FileFeed], list[Scan]]:
    def scans_of(feed: FileFeed) -> list[Scan]:
        return [event for event in read(feed) if isinstance(event, Scan)]

    return scans_of


@pytest.fixture
def a_sensor() -> Callable[..., Sensor]:
    def make(name: str, position_m: Sequence[float] = (0.0, 0.0, 0.0)) -> Sensor:
        return Sensor(
            number=0,
            name=name,
            kind="radar",
            position_m=np.array(position_m, np.float64),
            axes=np.eye(3),
            measures=Measures.RANGE | Measures.AZIMUTH,
            volume=Volume(0.0, 100_000.0),
            period_s=4.0,
            detection_probability=0.9,
            clutter_per_look=1.0,
        )

    return make


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
