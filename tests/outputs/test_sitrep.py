"""The situation report says what the tables hold, and follows when they change."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyproj import Geod
from tests.outputs.conftest import arrow

from chowki.core.records import (
    EffectorKind,
    EngagementState,
    Fate,
    Identity,
    ObjectClass,
    Refusal,
    SensorFault,
    SensorStates,
    TrackStatus,
)
from chowki.outputs.evidence import column
from chowki.outputs.sitrep import SightingRule, situation
from chowki.outputs.sitrep.sensing import outages
from chowki.outputs.sitrep.sightings import horizontal_distance


def names(report):
    return [fact.place.name for fact in report.observed]


def at(report, name):
    return next(fact for fact in report.places if fact.place.name == name)


@pytest.fixture
def report(workshop):
    return situation(workshop.raid().recording())


def test_places_are_named_north_to_south(report):
    assert names(report) == ["Northtown", "Hilltown", "Plaintown", "Saltflat"]
    lats = [fact.place.lat_deg for fact in report.places]
    assert lats == sorted(lats, reverse=True)


def test_borders_come_from_the_sectors(report):
    places = report.document()["places"]
    assert places["by_border"] == {
        "LoC": ["Northtown", "Hilltown"], "IB": ["Plaintown", "Saltflat"], "other": [],
    }  # fmt: skip


def test_first_and_last_times_are_those_of_the_radius(workshop, report):
    fact = at(report, "Hilltown")
    flight = workshop.raid().flights[1]
    enters = workshop.start_s + flight.arrives_s - 15_000.0 / flight.speed_mps
    assert fact.first_s == pytest.approx(enters, abs=6.0)
    assert fact.last_s == workshop.start_s + flight.arrives_s
    assert fact.nearest_m == pytest.approx(0.0, abs=60.0)


def test_distance_is_along_the_ground(workshop):
    recording = workshop.raid().recording()
    place = recording.theatre.places[0]
    east, north = 9_000.0, 12_000.0
    lon, lat, _ = Geod(ellps="WGS84").fwd(
        place.lon_deg, place.lat_deg, math.degrees(math.atan2(east, north)), 15_000.0
    )
    from chowki.kernels.geodesy import geodetic_to_enu, station_frame

    station = recording.theatre.station
    frame = station_frame(math.radians(station.lat_deg), math.radians(station.lon_deg), 0.0)
    column = np.array([math.radians(lat)]), np.array([math.radians(lon)]), np.array([3000.0])
    found = horizontal_distance(station, place, geodetic_to_enu(frame, *column))
    assert found[0] == pytest.approx(15_000.0, rel=6e-4)  # the chord at 3 km is longer by h / R


def test_armed_and_threatened(report):
    assert report.armed_tracks == 2
    assert (at(report, "Northtown").armed, at(report, "Hilltown").armed) == (1, 0)
    threatened = report.document()["places"]["threatened"]
    assert (threatened["civil"], threatened["military"], threatened["border_area"]) == (4, 2, 1)


def test_engagements_are_counted_once_by_their_end(report):
    done = report.engagement
    assert (done.engagements, done.tracks, done.intercepted, done.missed) == (3, 2, 2, 1)
    assert done.rounds == {EffectorKind.GUN: 5, EffectorKind.MISSILE: 1}
    assert done.refused == {Refusal.IDENTITY: 1, Refusal.CIVILIAN_HARM: 1}
    assert done.on_aircraft == 0


def test_outcomes_are_those_of_the_truth_and_said_to_be_a_models(report):
    assert (report.truth.raid, report.truth.intercepted, report.truth.reached) == (4, 2, 2)
    leakers = report.document()["leakers"]
    assert leakers == {"source": "simulated truth", "count": 2, "places": ["Hilltown", "Saltflat"]}
    assert (report.truth.airliners, report.truth.airliners_hit) == (1, 0)
    assert "Outcomes are a model's." in report.text()
    assert "no statement on any boundary" in report.text()


def test_warnings_have_lead_times_to_arrival_else_to_closest_approach(workshop, report):
    by_place = {w.place: w for w in report.warnings}
    hilltown, flight = by_place[1], workshop.raid().flights[1]
    reaches = workshop.start_s + flight.arrives_s - 3_000.0 / flight.speed_mps
    assert hilltown.arrived
    assert hilltown.approach_s == pytest.approx(reaches, abs=6.0)
    assert hilltown.lead_s == pytest.approx(reaches - workshop.start_s - 600.0, abs=6.0)
    northtown = by_place[0]
    assert not northtown.arrived
    assert northtown.approach_s == workshop.start_s + 800.0
    assert math.isnan(by_place[3].lead_s)
    assert report.document()["warnings"]["without_approach"] == 1


def test_blinded_sensors_take_their_place_out(workshop):
    story = workshop.raid()
    story.flights[1].seen = False
    report = situation(story.recording())
    assert names(report) == ["Northtown", "Plaintown", "Saltflat"]
    assert not at(report, "Hilltown").observed
    assert "Not observed at: Hilltown and Backtown." in report.text()
    assert "absent" not in report.text()
    assert report.truth.reached == 2


def test_a_moved_raid_moves_the_report(workshop):
    story = workshop.raid()
    story.flights[1].place = 3
    report = situation(story.recording())
    assert names(report) == ["Northtown", "Plaintown", "Backtown", "Saltflat"]
    assert at(report, "Backtown").leakers == 1


def test_a_dropped_raid_leaves_the_report(workshop):
    story = workshop.raid()
    story.flights[3].attacking, story.flights[3].object_class = 0, ObjectClass.BIRD
    story.flights[3].identity = Identity.UNKNOWN
    report = situation(story.recording())
    assert names(report)[-1] == "Plaintown"
    assert "from Northtown in the north to Plaintown in the south" in report.text()


def test_a_moved_place_moves_the_report(workshop):
    story = workshop.raid()
    towns = list(story.towns)
    recording = story.recording()
    towns[1] = ("Hilltown", "LoC Jammu", "civil", 33.9, 76.9)
    moved = workshop.Story(towns=tuple(towns)).recording().theatre.places[1]
    places = (recording.theatre.places[0], moved, *recording.theatre.places[2:])
    recording.theatre = replace(recording.theatre, places=places)
    assert "Hilltown" not in names(situation(recording))


@pytest.mark.parametrize(
    "change",
    [
        {"identity": Identity.FRIEND},
        {"identity": Identity.NEUTRAL},
        {"object_class": ObjectClass.BIRD, "identity": Identity.UNKNOWN},
        {"object_class": ObjectClass.AEROPLANE, "identity": Identity.SUSPECT},
        {"status": TrackStatus.TENTATIVE},
        {"identity": Identity.UNKNOWN, "drone_probability": 0.6},
        {"starts_s": 890.0, "arrives_s": 895.0},
        {"offset_m": 16_000.0},
    ],
)
def test_what_is_no_drone_at_the_place_does_not_count(workshop, change):
    story = workshop.Story(flights=[workshop.Flight(1, **change)])
    assert names(situation(story.recording())) == []


@pytest.mark.parametrize(
    "change",
    [
        {"identity": Identity.SUSPECT},
        {"identity": Identity.SUSPECT, "drone_probability": 0.6},
        {"identity": Identity.UNKNOWN, "drone_probability": 0.95},
        {"offset_m": 14_500.0},
    ],
)
def test_what_is_a_drone_at_the_place_counts(workshop, change):
    story = workshop.Story(flights=[workshop.Flight(1, **change)])
    assert names(situation(story.recording())) == ["Hilltown"]


def test_the_radius_is_a_parameter(workshop):
    story = workshop.Story(flights=[workshop.Flight(1, offset_m=16_000.0)])
    report = situation(story.recording(), SightingRule(radius_m=20_000.0))
    assert names(report) == ["Hilltown"]
    assert "within 20 km" in report.text()


def test_an_airliner_that_was_hit_is_said_so(workshop):
    story = workshop.raid()
    story.flights[4].fate = Fate.INTERCEPTED
    story.engagements.append((4, EngagementState.INTERCEPTED, EffectorKind.MISSILE, 1))
    report = situation(story.recording())
    assert (report.truth.airliners_hit, report.engagement.on_aircraft) == (1, 1)
    assert "1 HIT" in report.text()


def test_an_alarm_or_an_account_is_no_outage():
    rows = [
        {"time_s": 1.0, "source": "Jammu", "kind": kind, "state": "raised", "note": ""}
        for kind in ("alarm", "account", "pilot")
    ]
    assert outages(rows, 10.0) == []


def test_outages_have_a_span(workshop):
    story = workshop.raid()
    story.outages = [("radar-1", 100.0, "silent"), ("radar-1", 160.0, "working"),
                     ("radar-2", 300.0, "degraded"), ("radar-2", 320.0, "degraded")]  # fmt: skip
    story.silent_sensors = (4,)
    sensing = situation(story.recording()).sensing
    spans = [(o.source, o.state, o.to_s - o.from_s, o.recovered) for o in sensing.outages]
    assert spans == [("radar-1", "silent", 60.0, True), ("radar-2", "degraded", 900.0, False)]
    assert sensing.never_heard == ("radar-4",)
    assert sensing.heard == 4


def test_what_the_station_found_wrong_with_a_sensor_is_told(workshop):
    recording = workshop.raid().recording()
    start_s = column(recording.scans, "time_s").min()
    stuck, both = int(SensorFault.STUCK), int(SensorFault.STUCK | SensorFault.FLOOD)
    rows = [(60.0, 1, stuck), (60.0, 2, 0), (120.0, 1, stuck), (180.0, 1, both), (240.0, 1, 0)]
    time_s, sensor, faults = (np.array(c) for c in zip(*rows, strict=True))
    told = SensorStates.of(time_s=start_s + time_s, sensor=sensor, faults=faults)
    recording.sensors = arrow(told)
    report = situation(recording)
    spans = [(f.source, f.state, f.to_s - f.from_s) for f in report.sensing.flagged]
    assert spans == [
        ("radar-1", "plots repeated", 120.0),
        ("radar-1", "plots repeated and flood of false plots", 60.0),
    ]
    assert "Found by the station: radar-1 plots repeated" in " ".join(report.text().split())
    assert report.document()["sensors"]["flagged"][0]["state"] == "plots repeated"
    assert "It found no sensor faulty." in " ".join(
        situation(workshop.raid().recording()).text().split()
    )


def test_a_feed_is_told_as_far_as_observed(workshop):
    story = workshop.raid()
    story.simulated, story.engagements, story.refusals = False, [], []
    report = situation(story.recording())
    assert report.truth is None
    assert report.document()["leakers"]["source"] == "as far as observed"
    assert "Nothing was engaged" in report.text()
    assert "simulated truth" not in report.text()


def test_an_empty_recording_is_reported_too(workshop):
    report = situation(workshop.Story().recording())
    assert "Drones were not observed at any of the 5 places" in report.text()
    assert "No warning was issued." in report.text()
    json.dumps(report.document(), allow_nan=False)


def test_without_places_nothing_is_counted_by_place(workshop):
    recording = workshop.Story().recording()
    recording.theatre = replace(recording.theatre, places=())
    assert "No place is defended" in situation(recording).text()


def test_text_is_well_set(report):
    lines = report.text().splitlines()
    assert 40 <= len(lines) <= 70
    assert max(map(len, lines)) <= 88
    assert not any(line != line.rstrip() for line in lines)


def test_document_has_stable_keys(report):
    document = report.document()
    json.dumps(document, allow_nan=False)
    assert list(document) == [
        "title", "scenario", "simulated", "period", "run", "disclaimers", "rule", "drones",
        "places", "engagements", "border", "incursions", "posture", "cease_fire", "decisions",
        "warnings", "leakers", "outcome", "air_traffic", "sensors",
    ]  # fmt: skip
    assert list(document["places"]["each"][0]) == [
        "name", "sector", "kind", "lat_deg", "lon_deg", "observed", "drones", "suspected_armed",
        "first", "last", "nearest_m", "arrivals", "threatened", "warned", "lead_s", "engagements",
        "intercepted", "leakers",
    ]  # fmt: skip
    assert document["period"]["start"] == "2025-05-09T14:30:00Z"


def test_a_proposal_that_was_withdrawn_is_no_engagement(workshop):
    recording = workshop.raid().recording()
    before = situation(recording)
    one = recording.engagements.slice(0, 1).to_pydict()
    rows = [
        one | {"engagement": [9_999], "state": [int(state)], "rounds": [0]}
        for state in (EngagementState.PROPOSED, EngagementState.ABORTED)
    ]
    schema = recording.engagements.schema
    extra = [pa.Table.from_pydict(row, schema=schema) for row in rows]
    recording.engagements = pa.concat_tables([recording.engagements, *extra])
    after = situation(recording)
    assert after.engagement.withdrawn == before.engagement.withdrawn + 1
    assert after.engagement.engagements == before.engagement.engagements
    assert after.engagement.aborted == before.engagement.aborted
    assert "withdrawn before an order" in after.text()


@pytest.mark.parametrize("far", [0, 1, 2])
def test_tracks_far_from_every_place_are_said_only_when_there_are_some(workshop, far):
    story = workshop.raid()
    story.flights += [workshop.Flight(1, offset_m=80_000.0) for _ in range(far)]
    report = situation(story.recording())
    told = " ".join(report.text().split())
    assert report.outside_tracks == far
    assert ("came near" in told) is (far > 0)
    assert far == 0 or f"{far} of them came near no defended place." in told
