"""Whole small runs: the report follows what the raid did and what the sensors saw."""

from __future__ import annotations

from pathlib import Path

import pytest

import chowki
from chowki.outputs.recording import Recording
from chowki.outputs.score import score
from chowki.outputs.sitrep import situation

STORY = """
name = "two-towns"
seed = 5

[station]
lat_deg = 30.5
lon_deg = 74.0
height_m = 0.0
start = "2025-05-09T14:30:00Z"
duration_s = 420
reach_km = 300

[ground]
height_m = 0.0

[places]
radius_m = 1500

[[places.towns]]
name = "North"
lat_deg = {north}
lon_deg = 74.0
sector = "LoC Test"
kind = "civil+military"
population = 1000
population_source = "invented"
priority = 1.0

[[places.towns]]
name = "South"
lat_deg = 30.0
lon_deg = 74.0
sector = "IB Test"
kind = "civil"
population = 1000
population_source = "invented"
priority = 1.0

[border]
disclaimer = "Coarse, for simulation only; makes no statement on any boundary."
line = [[31.6, 73.88], [29.4, 73.88]]
interior = [[29.4, 75.0], [31.6, 75.0]]

[[sensors]]
name = "low-level"
model = "radar"
link = "radio"
near = "places"
among = {watched}
count = {radars}
away_km = [1, 2]
height_agl_m = 20
parameters = {{ preset = "low-level" }}

[links.radio]
delay_s = 0.2
jitter_s = 0.1
loss = 0.0

[raid]
count = {count}
note = "chosen"

[[raid.waves]]
name = "north"
weight = {weight}
mix = {{ loitering-munition = 1.0 }}
speed_mps = [45, 55]
launch = [[31.0, 73.85]]
launch_spread_km = 1
targets = ["North"]
pulses = [{{ at_s = 0, spread_s = 30 }}]

[[raid.waves]]
name = "south"
weight = 4
mix = {{ loitering-munition = 1.0 }}
speed_mps = [45, 55]
launch = [[30.0, 73.85]]
launch_spread_km = 1
targets = ["South"]
pulses = [{{ at_s = 0, spread_s = 30 }}]
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return a function that runs a variant of the story and returns its recording."""

    def run(**change):
        folder = tmp_path_factory.mktemp("story")
        chosen = {"north": 31.0, "watched": '["North", "South"]', "radars": 4, "count": 8,
                  "weight": 4, **change}  # fmt: skip
        source = folder / "two-towns.toml"
        source.write_text(STORY.format(**chosen))
        chowki.run(source, out=folder / "out", report=False)
        return Recording(Path(folder / "out"))

    return run


def names(report):
    return [fact.place.name for fact in report.observed]


def test_a_raid_on_both_towns_is_seen_at_both(told):
    recording = told()
    report = situation(recording)
    assert names(report) == ["North", "South"]
    assert report.truth.raid == 8
    assert "from North in the north to South in the south" in report.text()
    assert score(recording).completeness > 0.8


def test_without_radars_at_one_town_drones_are_not_observed_there(told):
    report = situation(told(watched='["North"]', radars=2))
    assert names(report) == ["North"]
    assert "Not observed at: South." in report.text()
    south = next(fact for fact in report.places if fact.place.name == "South")
    assert report.truth.raid == 8
    assert south.leakers > 0


def test_without_its_raid_a_town_leaves_the_report(told):
    report = situation(told(weight=0, count=4))
    assert names(report) == ["South"]
    assert report.truth.raid == 4


def test_a_town_moved_away_takes_its_raid_along(told):
    report = situation(told(north=30.75))
    assert names(report) == ["North", "South"]
    north = report.observed[0]
    assert north.place.lat_deg == 30.75
    assert north.drones >= 3
