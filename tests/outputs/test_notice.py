"""A notice states what the record holds, and nothing of who saw it or what stopped it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.outputs.conftest import acts, crossed, sites

from chowki.core.records import EngagementState, Fate, Refusal
from chowki.outputs.notice import notice, statement

HEAD = "5a" * 32
CROSSED = {100: 500.0, 101: 700.0, 102: 610.0, 103: 800.0, 104: 650.0}


@pytest.fixture
def recording(workshop):
    story = workshop.raid()
    story.refusals += [(1, Refusal.MAGAZINE), (3, Refusal.OUT_OF_REACH)]
    made = crossed(story.recording(), CROSSED)
    made.theatre = replace(made.theatre, sites=sites())
    made.orders = "not read"
    made.detections = "not read"
    return made


def told(recording):
    document = notice(recording, HEAD)
    return document, statement(document)


def test_it_counts_what_the_tables_hold(recording):
    document, text = told(recording)
    assert document["crossings"]["count"] == 4  # the airliner, track 104, is no incursion
    assert document["done"] == {"engaged": 2, "intercepted": 2, "not_stopped": 0, "open": 0}
    assert document["not_done"]["not_engaged"] == 2
    assert document["not_done"]["held_back"] == 1
    assert document["not_done"]["beyond_border"] == 0
    assert document["not_done"]["with_transponder"] == 0
    assert document["run"]["chain_head"] == HEAD
    for words in ("4 objects (tracks) crossed",
                  "2 objects (tracks) engaged: recorded as intercepted 2.",
                  "No engagement was directed beyond the border.",
                  "No aircraft with a transponder was engaged."):  # fmt: skip
        assert words in " ".join(text.split())


def test_times_are_to_the_minute_and_places_to_a_tenth_of_a_degree(workshop, recording):
    document, _ = told(recording)
    first = document["crossings"]["each"][0]
    row = next(
        r for r in recording.tracks.to_pylist()
        if r["track"] == 100 and r["time_s"] == workshop.start_s + 500.0
    )  # fmt: skip
    assert first["time"] == "2025-05-09T14:38Z"
    assert first["lat_deg"] == round(row["lat_deg"], 1)
    assert first["lon_deg"] == round(row["lon_deg"], 1)
    assert first["near"] == "Northtown"
    for one in document["crossings"]["each"]:
        assert round(one["lat_deg"], 1) == one["lat_deg"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", one["time"])


def test_it_is_an_exercise_or_a_test_and_says_so(workshop, recording):
    document, text = told(recording)
    assert document["status"] == "Exercise"
    assert "EXERCISE - SIMULATED" in text
    story = replace(workshop.raid(), simulated=False, engagements=[], refusals=[])
    document, text = told(crossed(story.recording(), CROSSED))
    assert document["status"] == "Test"
    assert "Nothing was engaged: nothing engages on a feed." in text


def test_no_sensor_or_effector_is_named_or_placed(recording):
    document, text = told(recording)
    whole = json.dumps(document) + text
    stands = [*recording.theatre.sensors, *recording.theatre.sites]
    for one in stands:
        assert one.name not in whole
        for value in one.position_m:
            assert f"{value:.0f}" not in re.findall(r"-?\d+", whole)
    towns = {p.name for p in recording.theatre.places}
    named = set(re.findall(r'"near": "([^"]+)"', whole))
    assert named <= towns
    for word in ("gun", "missile", "jammer", "interceptor drone", "radar", "direction", "round"):
        assert word not in text.lower().replace("on the ground", "")


def test_sensors_sites_and_truth_could_be_anything(recording):
    """Blind: the same bytes with other sensors, other sites, other truth."""
    before = told(recording)
    theatre = recording.theatre
    recording.theatre = replace(
        theatre, sites=sites(7)[3:],
        sensors=tuple(replace(s, position_m=s.position_m + 777.0, name=f"other {s.number}")
                      for s in theatre.sensors[:2]),
    )  # fmt: skip
    flown = recording.truth
    where = flown.schema.get_field_index("fate")
    recording.truth = flown.set_column(where, "fate", pa.array([int(Fate.ENDED)] * len(flown)))
    assert told(recording) == before
    recording.truth = flown.slice(0, 0)
    assert told(recording) == before


def test_existence_is_that_of_the_first_picture_after_crossing(workshop, recording):
    where = recording.tracks.schema.get_field_index("existence")
    time_s = recording.tracks["time_s"].to_numpy()
    fading = np.where(time_s > workshop.start_s + 500.0, 0.6, 0.93)
    recording.tracks = recording.tracks.set_column(where, "existence", pa.array(fading))
    document, _ = told(recording)
    assert [one["existence"] for one in document["crossings"]["each"]] == [0.93, 0.6, 0.6, 0.6]


def test_the_rules_of_reach_and_stock_are_not_told(recording):
    document, text = told(recording)
    assert document["not_done"]["reasons"] == ["people on the ground could have been harmed"]
    assert "reach" not in text
    assert "rounds left" not in text


def test_an_engagement_of_an_airliner_or_beyond_the_border_would_be_told(workshop, recording):
    story = workshop.raid()
    story.engagements.append((4, EngagementState.MISSED, 0, 1))
    made = crossed(story.recording(), CROSSED)
    made.theatre = replace(made.theatre, border_lon_deg=np.array([74.5, 79.0, 79.0, 74.5]))
    document, text = told(made)
    assert document["not_done"]["with_transponder"] == 1
    assert "1 aircraft with a transponder engaged." in text
    assert document["not_done"]["beyond_border"] == 1  # Northtown is at 74.3 degrees east
    assert "1 engagement directed beyond the border." in text


def test_a_track_that_was_intercepted_once_counts_as_intercepted(recording):
    document, _ = told(recording)
    outcomes = {one["number"]: one["outcome"] for one in document["crossings"]["each"]}
    assert sorted(outcomes.values()) == ["intercepted", "intercepted", "not engaged", "not engaged"]


def test_what_crossed_while_a_cease_fire_stood_is_told(workshop, recording):
    recording.acts = acts((workshop.start_s + 600.0, "Rao", "cease-fire", "", ""))
    document, text = told(recording)
    assert document["crossings"]["while_cease_fire"] == 3
    assert document["cease_fire"][0]["since"] == "2025-05-09T14:40Z"
    assert "3 objects (tracks) crossed while it stood." in text
    assert "Rao" not in text + json.dumps(document)


def test_a_quiet_night_says_so(workshop):
    document, text = told(workshop.Story().recording())
    assert document["crossings"]["count"] == 0
    assert "No object was observed to cross" in text
    assert "no proof that none crossed" in text
    json.dumps(document, allow_nan=False)


def test_many_crossings_are_told_stretch_by_stretch(workshop):
    story = workshop.Story(
        flights=[workshop.Flight(k % 5, arrives_s=900.0 + 5.0 * k) for k in range(30)]
    )
    made = crossed(story.recording(), {100 + k: 400.0 + 5.0 * k for k in range(30)})
    document, text = told(made)
    groups = document["crossings"]["by_sector"]
    assert sum(group["count"] for group in groups) == 30
    assert [g["sector"] for g in groups] == [
        "LoC Kashmir", "LoC Jammu", "IB Punjab", "Punjab", "IB Gujarat",
    ]  # fmt: skip
    assert len(text.splitlines()) < 45
    assert max(map(len, text.splitlines())) <= 78


def test_a_probability_is_never_told_as_certain(recording):
    document, _ = told(recording)
    for one in document["crossings"]["each"]:
        for key in ("class_probability", "drone_probability", "existence"):
            assert 0.01 <= one[key] <= 0.99
