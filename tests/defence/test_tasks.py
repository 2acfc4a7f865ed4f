"""Tasks: cued sensors look at what is most worth a look, spread over sensors and time."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.records import Identity, Reason, TrackStatus
from chowki.defence.tasks import Tasker, TaskParameters


@pytest.fixture
def tasker(make):
    theatre = make.theatre(sensors=(make.sensor(7), make.sensor(9), make.sensor(11, 80_000.0)))
    return Tasker(theatre, TaskParameters())


def near(make, n, **columns):
    return make.tracks(n, east_m=-5_000.0, north_m=100.0 * np.arange(n), **columns)


def test_two_sensors_take_the_two_worst_and_the_far_one_takes_none(make, tasker):
    tracks = near(make, 3)
    _, tasks = tasker.assign(tasker.start(), tracks, np.array([0.1, 0.9, 0.5]), make.now_s)
    assert tasks.sensor.tolist() == [7, 9]
    assert tasks.track.tolist() == [2, 3]
    assert tasks.east_m.tolist() == [-5_000.0, -5_000.0]


def test_a_sensor_dwells_then_turns_to_what_was_not_looked_at(make, tasker):
    looks, seen = tasker.start(), []
    for second in range(9):
        tracks = near(make, 4, time_s=make.now_s + second)
        score = np.array([0.9, 0.8, 0.5, 0.4])
        looks, tasks = tasker.assign(looks, tracks, score, make.now_s + second)
        seen.append(tasks.track.tolist())
    assert seen == [[1, 2]] * 3 + [[3, 4]] * 3 + [[]] * 3


def test_a_track_is_looked_at_again_after_a_while(make, tasker):
    looks, times = tasker.start(), []
    for second in range(40):
        looks, tasks = tasker.assign(looks, near(make, 1), np.array([0.9]), make.now_s + second)
        times += [second] * len(tasks)
    assert times == [0, 1, 2, 30, 31, 32]


def test_what_has_been_identified_by_sight_comes_last(make, tasker):
    tracks = near(make, 3, reasons=[int(Reason.ELECTRO_OPTICAL), 0, 0])
    _, tasks = tasker.assign(tasker.start(), tracks, np.array([0.9, 0.2, 0.1]), make.now_s)
    assert sorted(tasks.track.tolist()) == [2, 3]


def test_an_unknown_track_is_worth_a_look_and_a_harmless_friend_is_not(make, tasker):
    identity = [int(Identity.UNKNOWN), int(Identity.FRIEND)]
    _, tasks = tasker.assign(
        tasker.start(), near(make, 2, identity=identity), np.zeros(2), make.now_s
    )
    assert tasks.track.tolist() == [1]


def test_tentative_tracks_and_empty_pictures_are_left_alone(make, tasker):
    tentative = near(make, 1, status=int(TrackStatus.TENTATIVE))
    assert len(tasker.assign(tasker.start(), tentative, np.ones(1), make.now_s)[1]) == 0
    assert len(tasker.assign(tasker.start(), make.tracks(0), np.ones(0), make.now_s)[1]) == 0
