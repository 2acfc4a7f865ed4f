"""Scores against truths that were made up to be known."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.records import Fate, Identity, ObjectClass
from chowki.kernels.gospa import gospa, keep_partners
from chowki.outputs.coverage import within_reach
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
    offsets = np.array([[0, 0, 300], [39e3, 0, 900], [41e3, 0, 900], [39e3, 0, -900]], float)
    points = place + offsets
    assert within_reach(recording.theatre, points).tolist() == [True, True, False, False]


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
