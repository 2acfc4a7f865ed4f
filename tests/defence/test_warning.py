"""Warnings: raised early, held through, ended late, never flapping."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.chance import generator
from chowki.core.records import Identity, ObjectClass, TrackStatus, WarningLevel, Warnings
from chowki.defence.warning import Evidence, WarningKeeper, WarningParameters

NONE, ADVISORY, COVER, CLEAR = (int(level) for level in list(WarningLevel)[:4])


@pytest.fixture
def theatre(make):
    return make.theatre(places=(make.place(0), make.place(1, north_m=50_000.0)))


def play(make, theatre, threats_at, seconds, **parameters):
    """Step a warning keeper once a second and return all rows."""
    keeper = WarningKeeper(theatre, WarningParameters(**parameters))
    board, rows = keeper.start().places, []
    for second in range(seconds):
        now = make.now_s + second
        threats = threats_at(second, now)
        counted = threats.probability >= 0.15
        board, changed = keeper.update(board, threats, Evidence(counted, counted), now)
        rows.append(changed)
    return board, Warnings.concat([table for table in rows if len(table)] or [Warnings.empty()])


def approaching(make, probability=0.9, arrives_s=1_200.0):
    def at(second, now):
        to_go = arrives_s - second
        if to_go < 0.0:
            return make.threats(now, probability=[])
        return make.threats(now, probability=[probability], time_to_go_s=[to_go])

    return at


def changes(rows, place=0):
    """Return levels in order, renewals left out."""
    levels = rows.level[rows.place == place]
    return levels[np.flatnonzero(np.diff(levels, prepend=-1))].tolist()


def test_advisory_then_cover_then_all_clear_then_nothing(make, theatre):
    board, rows = play(make, theatre, approaching(make), 2_400)
    assert changes(rows) == [ADVISORY, COVER, CLEAR, NONE]
    assert changes(rows, place=1) == []
    assert board.level.tolist() == [NONE, NONE]
    advised, covered = rows.take(rows.level == ADVISORY), rows.take(rows.level == COVER)
    assert advised.time_s[0] - make.now_s == 1_200 - 600 + 5
    assert covered.time_s[0] - make.now_s == 1_200 - 300 + 5
    assert len(set(rows.warning.tolist())) == 1
    # the lead time can be read from the rows: issued 10 minutes ahead, less the 5 s of patience
    assert covered.issued_s[0] == advised.time_s[0]
    lead = covered.expected_arrival_s[0] - covered.issued_s[0]
    assert lead == pytest.approx(595.0)


def test_the_all_clear_waits_for_the_next_wave(make, theatre):
    first, second = approaching(make, arrives_s=400.0), approaching(make, arrives_s=900.0)

    def waves(second_s, now):
        return second(second_s, now) if second_s > 400 else first(second_s, now)

    _, rows = play(make, theatre, waves, 1_000)
    assert CLEAR not in changes(rows)
    assert len(set(rows.warning.tolist())) == 1


@pytest.mark.parametrize("centre", [0.5, 0.4, 0.25])
def test_noise_about_a_threshold_does_not_make_warnings_flap(make, theatre, centre):
    draws = generator(5, "test.warning").normal(centre, 0.15, 3_000)

    def noisy(second, now):
        probability = [float(np.clip(draws[second], 0.0, 1.0))]
        to_go = 600.0 + 30.0 * draws[-second]
        return make.threats(now, probability=probability, time_to_go_s=[to_go])

    _, rows = play(make, theatre, noisy, 3_000)
    assert len(changes(rows)) <= 1


def test_a_moment_of_alarm_raises_nothing(make, theatre):
    def blink(second, now):
        there = second % 7 < 4
        return make.threats(now, probability=[0.99] if there else [], time_to_go_s=[100.0][:there])

    _, rows = play(make, theatre, blink, 600)
    assert len(rows) == 0


def test_a_thousand_improbable_tracks_are_no_raid(make, theatre):
    def flock(_, now):
        return make.threats(now, probability=np.full(1_000, 0.1), place=np.zeros(1_000, dtype=int))

    _, rows = play(make, theatre, flock, 60)
    assert len(rows) == 0


def test_several_doubtful_tracks_together_raise_one_warning(make, theatre):
    def three(_, now):
        return make.threats(
            now,
            probability=[0.3, 0.3, 0.4],
            place=[0, 0, 0],
            time_to_go_s=[700.0, 500.0, 600.0],
        )

    _, rows = play(make, theatre, three, 20)
    assert changes(rows) == [ADVISORY]
    assert rows.inbound[0] == 3
    assert rows.track[0] == 2
    assert rows.expected_arrival_s[0] == rows.time_s[0] + 500.0
    assert rows.probability[0] == pytest.approx(1.0 - 0.7 * 0.7 * 0.6)


def test_a_held_warning_is_renewed_before_it_lapses(make, theatre):
    def hovering(_, now):
        return make.threats(now, probability=[0.9], time_to_go_s=[0.0])

    _, rows = play(make, theatre, hovering, 2_000)
    assert changes(rows) == [COVER]
    assert len(rows) >= 6
    assert (rows.time_s[1:] < rows.expires_s[:-1]).all()
    assert (np.diff(rows.time_s) >= 299.0).all()


def test_a_second_raid_after_the_all_clear_is_a_new_warning(make, theatre):
    def again(second, now):
        there = second < 100 or second > 600
        return make.threats(now, probability=[0.9] if there else [], time_to_go_s=[200.0][:there])

    _, rows = play(make, theatre, again, 700)
    assert changes(rows) == [COVER, CLEAR, COVER]
    assert rows.warning.tolist()[0] == 1
    assert rows.warning.tolist()[-1] == 2


def test_without_places_there_is_nothing_to_warn(make):
    _, rows = play(make, make.theatre(places=()), lambda *_: make.threats(probability=[]), 5)
    assert len(rows) == 0


@pytest.mark.parametrize(
    ("probability", "to_go_s", "raises"),
    [(0.3, 500.0, False), (0.3, 470.0, True), (0.19, 100.0, False), (0.5, 500.0, True)],
)
def test_what_comes_soon_need_not_be_sure(make, theatre, probability, to_go_s, raises):
    def steady(_, now):
        return make.threats(now, probability=[probability], time_to_go_s=[to_go_s])

    _, rows = play(make, theatre, steady, 20)
    assert changes(rows) == ([ADVISORY] if raises else [])


def test_a_warning_raised_by_what_comes_soon_is_held_below_its_threshold(make, theatre):
    def fading(second, now):
        return make.threats(now, probability=[0.25 if second < 60 else 0.16], time_to_go_s=[300.0])

    board, rows = play(make, theatre, fading, 600)
    assert changes(rows) == [ADVISORY]
    assert board.level[0] == ADVISORY


BIRD_OR_DRONE = np.array([[0.6, 0.2, 0.0, 0.0, 0.0, 0.0, 0.2]])


@pytest.mark.parametrize(
    ("columns", "threat", "advises", "covers"),
    [
        ({}, {}, True, True),
        ({"identity": int(Identity.SUSPECT)}, {}, True, True),
        ({"identity": int(Identity.UNKNOWN)}, {}, True, False),
        ({"identity": int(Identity.UNKNOWN), "class_probability": BIRD_OR_DRONE}, {}, False, False),
        ({"status": int(TrackStatus.COASTING)}, {}, False, False),
        ({}, {"cpa_m": [15_100.0], "distance_m": [30_000.0]}, False, False),
        ({}, {"cpa_m": [14_900.0], "distance_m": [30_000.0]}, True, True),
        ({}, {"cpa_m": [12_000.0], "distance_m": [14_000.0]}, False, False),
        ({}, {"cpa_time_s": [0.0], "distance_m": [30_000.0]}, False, False),
        ({}, {"cpa_time_s": [0.0], "cpa_m": [4_000.0], "distance_m": [4_000.0]}, True, True),
        ({}, {"probability": [0.1]}, False, False),
    ],
    ids=[
        "hostile", "suspect", "unknown drone", "perhaps a bird", "lost", "flies by", "may turn",
        "flies by near", "leaves", "is here", "improbable",
    ],
)  # fmt: skip
def test_who_may_warn(make, theatre, columns, threat, advises, covers):
    known = {
        "probability": [0.9], "cpa_m": [500.0], "cpa_time_s": [200.0], "distance_m": [30_000.0],
    }  # fmt: skip
    keeper = WarningKeeper(theatre, WarningParameters())
    threats = make.threats(**(known | threat))
    evidence = keeper.weigh(threats, make.tracks(1, **columns), np.array([0]))
    assert (evidence.advises[0], evidence.covers[0]) == (advises, covers)


def test_an_unknown_drone_sends_nobody_to_a_cellar(make, theatre):
    keeper = WarningKeeper(theatre, WarningParameters())
    board, levels = keeper.start().places, set()
    for second in range(600):
        now = make.now_s + second
        threats = make.threats(
            now, probability=[0.6], time_to_go_s=[600.0 - second], cpa_m=[0.0], cpa_time_s=[1.0],
            distance_m=[50.0 * (600 - second)],
        )  # fmt: skip
        tracks = make.tracks(1, time_s=now, identity=int(Identity.UNKNOWN))
        assert tracks.object_class[0] == int(ObjectClass.LOITERING_MUNITION)
        evidence = keeper.weigh(threats, tracks, np.array([0]))
        board, _ = keeper.update(board, threats, evidence, now)
        levels.add(int(board.level[0]))
    assert levels == {NONE, ADVISORY}
