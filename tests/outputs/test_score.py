"""Scores against truths that were made up to be known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.outputs.conftest import make_sensor

from chowki.core.places import Volume
from chowki.core.records import Fate, Identity, ObjectClass, TrackStatus
from chowki.kernels.gospa import gospa, keep_partners
from chowki.outputs.coverage import COVERED, covering, detection, within_reach
from chowki.outputs.evidence import column, positions
from chowki.outputs.score import score, score_reports
from chowki.outputs.score_matching import Clock, Objects, follow
from chowki.outputs.score_reports import interpolated


def test_a_perfect_picture(workshop):
    scores = score(workshop.raid().recording())
    assert scores.completeness == scores.completeness_all == 1.0
    assert scores.localisation_m == pytest.approx(50.0)
    assert (scores.missed, scores.false, scores.switches, scores.false_tracks) == (0, 0, 0, 0)
    assert scores.time_to_confirm_median_s == 0.0
    assert (scores.drones, scores.drones_tracked, scores.leakers) == (4, 4, 2)
    assert (scores.others_flown, scores.others_suspected, scores.drones_suspected) == (2, 0, 1.0)


def test_an_unseen_drone_is_missed(workshop):
    story = workshop.raid()
    story.flights[1].seen = False
    scores = score(story.recording())
    assert (scores.drones, scores.drones_tracked) == (4, 3)
    assert scores.completeness < 1.0
    assert scores.missed > 0.0
    assert scores.leakers == 2


def test_an_uncovered_drone_is_not_held_against_the_picture(workshop):
    story = workshop.raid()
    story.flights[1].seen, story.flights[1].covered = False, 0
    scores = score(story.recording())
    assert (scores.completeness, scores.missed) == (1.0, 0.0)
    assert scores.completeness_all < 1.0


def test_birds_airliners_and_authorised_drones_are_no_false_tracks(workshop):
    story = workshop.raid()
    story.flights.append(workshop.Flight(3, attacking=0, fate=Fate.ENDED, identity=Identity.FRIEND))
    assert score(story.recording()).false_tracks == 0


def test_a_track_of_nothing_is_false(workshop):
    story = workshop.raid()
    story.flights[5].error_m = 5_000.0
    scores = score(story.recording())
    assert scores.false_tracks == 1
    assert scores.false > 0.0


def test_a_bird_held_hostile_is_counted(workshop):
    story = workshop.raid()
    story.flights[5].identity = Identity.HOSTILE
    assert score(story.recording()).others_suspected == 1


def test_series_equals_gospa_of_each_picture(workshop):
    story = workshop.raid()
    story.flights[1].seen = False
    story.flights[2].error_m = 700.0
    story.flights = [f for f in story.flights if f.object_class <= ObjectClass.DECOY]
    story.refusals = []
    recording = story.recording()
    series = score(recording, cutoff_m=500.0).series
    truth, found = recording.truth, recording.tracks
    flying = column(truth, "fate") == Fate.FLYING
    for k in (20, 80, 120):
        now = series.time_s[k]
        real = positions(truth)[flying & (column(truth, "time_s") == now)]
        seen = positions(found)[column(found, "time_s") == now]
        assert series.gospa_m[k] == pytest.approx(gospa(real, seen, 500.0).total)


def test_without_truth_there_is_no_score(workshop):
    story = workshop.raid()
    story.simulated = False
    assert score(story.recording()) is None
    assert score(workshop.Story().recording()) is None


def test_unstated_coverage_is_range_and_line_of_sight(workshop):
    story = workshop.raid()
    for flight in story.flights:
        flight.covered = -1
    recording = story.recording()
    assert not score(recording).coverage_stated
    place = recording.theatre.places[0].position_m
    offsets = np.array([[0, 0, 300], [59e3, 0, 1500], [61e3, 0, 1500], [39e3, 0, -900]], float)
    points = place + offsets  # the radar sees from 500 m to 60 km
    assert within_reach(recording.theatre, points).tolist() == [False, True, False, False]


@pytest.mark.parametrize("rcs_m2", [0.003, 0.03, 1.0])
def test_a_place_is_covered_as_far_as_half_of_the_looks_see_a_target_of_that_size(rcs_m2):
    radar = replace(
        make_sensor(1, "radar", 31.0, 74.0), volume=Volume(500.0, 300e3), axes=np.eye(3),
        position_m=np.zeros(3), reference_rcs_m2=0.03,
    )  # fmt: skip
    # Swerling 1: P_D is 0.9 at 40 km, and one half where 1 + S is ln Pfa / ln 0.5
    snr = np.log(1e-6) / np.log([0.9, 0.5]) - 1.0
    half_m = 40e3 * (snr[0] / snr[1] * rcs_m2 / 0.03) ** 0.25
    there = np.array([[half_m * 0.999, 0.0, 0.0], [half_m * 1.001, 0.0, 0.0]])
    seen = detection(radar, there, np.full(2, rcs_m2)) >= COVERED
    assert seen.tolist() == [True, False]
    at = detection(radar, np.array([[0.0, 40e3, 0.0]]), np.array([0.03]))
    assert at == pytest.approx(0.9)


def test_a_coasting_track_follows_and_a_vague_one_says_nothing(workshop):
    story = workshop.raid()
    for flight in story.flights:
        flight.status = TrackStatus.COASTING
    recording = story.recording()
    assert score(recording).completeness == 1.0
    for sd_m, share in ((499.0, 1.0), (501.0, 0.0)):
        vague = pa.array(np.full(recording.tracks.num_rows, sd_m))
        at = recording.tracks.column_names.index("sd_horizontal_m")
        recording.tracks = recording.tracks.set_column(at, "sd_horizontal_m", vague)
        found = score(recording, cutoff_m=500.0)
        assert (found.completeness, found.false) == (share, 0.0)


def test_a_track_over_a_real_object_is_not_false_whatever_its_height(workshop):
    story = workshop.raid()
    recording = story.recording()
    at = recording.tracks.column_names.index("up_m")
    higher = pa.array(column(recording.tracks, "up_m") + 4_000.0)
    recording.tracks = recording.tracks.set_column(at, "up_m", higher)
    found = score(recording)
    assert (found.false_tracks, found.completeness) == (0, 0.0)
    assert found.false > 0.0


def test_scans_to_confirm_are_those_of_sensors_that_could_see(workshop):
    story = workshop.raid()
    for flight in story.flights:
        flight.covered = -1
    story.silent_sensors = (3,)
    recording = story.recording()
    for table in ("tracks", "truth"):  # over the ground, where radars see them
        told = getattr(recording, table)
        at = told.column_names.index("up_m")
        higher = pa.array(column(told, "up_m") + 1_500.0)
        setattr(recording, table, told.set_column(at, "up_m", higher))
    tracks, truth = recording.tracks, recording.truth
    at = tracks.column_names.index("confirmed_s")
    later = column(tracks, "confirmed_s") + 200.0
    recording.tracks = tracks.set_column(at, "confirmed_s", pa.array(later))
    counted = []
    for number in range(4):
        own = (column(truth, "target") == number) & (column(truth, "fate") == Fate.FLYING)
        time_s, place = column(truth, "time_s")[own], positions(truth)[own]
        covers, sensors = covering(recording.theatre, place)
        first = np.flatnonzero(covers.any(axis=1))[0]
        until = later[column(tracks, "track") == 100 + number][0]
        total = 0
        for scan_s, sensor in zip(
            column(recording.scans, "time_s"), column(recording.scans, "sensor"), strict=True
        ):  # each rotation of 4 s ends when it is received
            middle = scan_s - 2.0
            if time_s[first] <= middle and scan_s - 4.0 < until:
                row = np.searchsorted(time_s, middle, side="right") - 1
                total += int(covers[row, np.flatnonzero(sensors == sensor)[0]])
        counted.append(total)
    found = score(recording)
    assert max(counted) > 2
    assert found.scans_to_confirm_median == np.median(counted)
    assert found.scans_to_confirm_95 == np.quantile(counted, 0.95)
    assert found.time_to_confirm_95_s <= 200.0


def objects(rows):
    number, step, east = (np.array(c) for c in zip(*rows, strict=True))
    return Objects(
        number,
        step,
        np.column_stack([east, 0 * east, 0 * east]).astype(float),
        np.arange(len(east)),
    )


def test_a_match_is_kept_while_it_is_near():
    truth = objects([(0, 0, 0), (1, 0, 100), (0, 1, 0), (1, 1, 100), (0, 2, 0), (1, 2, 100)])
    found = objects([(0, 0, 5), (1, 0, 95), (0, 1, 60), (1, 1, 40), (0, 2, 5), (1, 2, 95)])
    following = follow(truth, found, 200.0)
    assert following.switches.sum() == 0
    kept = zip(truth.number[following.kept.truth], found.number[following.kept.estimate])  # noqa: B905
    assert all(target == track for target, track in kept)


def test_a_changed_track_is_one_switch():
    truth = objects([(0, k, 0) for k in range(6)])
    found = objects([(3 if k < 3 else 7, k, 4) for k in range(6)])
    assert follow(truth, found, 50.0).switches.tolist() == [1]


def test_a_broken_track_that_returns_is_no_switch():
    truth = objects([(0, k, 0) for k in range(6)])
    found = objects([(3, k, 4) for k in (0, 1, 4, 5)])
    following = follow(truth, found, 50.0)
    assert following.switches.tolist() == [0]
    assert len(following.kept.truth) == 4


def test_two_targets_never_share_a_track():
    step = np.array([0, 0, 1, 1, 1])
    truth, track = np.array([0, 1, 0, 1, 1]), np.array([0, 1, 0, 0, 1])
    best = np.array([True, True, False, True, False])
    stands, switches = keep_partners(step, truth, track, np.ones(5), best, 2, 2)
    assert stands.tolist() == [True, True, True, False, True]
    assert switches.tolist() == [0, 0]


def test_reports_of_real_objects_are_the_truth_of_a_feed(workshop):
    story = workshop.Story(simulated=False)
    for k, place in enumerate((0, 2, 4)):
        story.flights.append(workshop.Flight(
            place, object_class=ObjectClass.AEROPLANE, identity=Identity.NEUTRAL,
            speed_mps=200.0, address=0xABC000 + k, seen=k < 2,
        ))  # fmt: skip
    scores = score_reports(story.recording())
    assert (scores.objects, scores.objects_tracked, scores.tracks, scores.switches) == (3, 2, 2, 0)
    assert scores.completeness == pytest.approx(2 / 3, abs=0.01)
    assert scores.error_median_m == pytest.approx(50.0, abs=1e-3)
    assert score_reports(workshop.raid().recording()) is None


def test_reports_are_bridged_over_short_gaps_only():
    number = np.array([0, 0, 0, 1, 1])
    time_s = np.array([0.0, 10.0, 50.0, 2.0, 12.0])
    east = np.array([0.0, 100.0, 500.0, 0.0, 10.0])
    place = np.column_stack([east, np.zeros((5, 2))])
    found = interpolated(number, time_s, place, Clock(0.0, 5.0, 11), 30.0)
    rows = sorted(zip(found.number.tolist(), found.step.tolist(), found.position_m[:, 0].tolist()))  # noqa: B905
    assert rows == [(0, 0, 0.0), (0, 1, 50.0), (1, 1, 3.0), (1, 2, 8.0)]
