"""The approach model: which place is meant, by whom, how badly, and when."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from chowki.core.ports import ThreatModel
from chowki.core.records import AddressKind, Identity, ObjectClass, TrackStatus
from chowki.defence.threat import DestinationThreat, worst_of_each
from chowki.defence.threat_parameters import ThreatParameters


def seen_once(model, tracks, time_s=0.0):
    """Return what a model says of tracks that it has not seen before."""
    return model.evaluate(model.start(), tracks, time_s)[1]


@pytest.fixture
def two_places(make):
    return make.theatre(
        places=(make.place(0, population=100_000), make.place(1, north_m=30_000.0, priority=3.0))
    )


def test_it_is_one_of_the_ports(two_places):
    assert isinstance(DestinationThreat(two_places), ThreatModel)


def test_the_place_ahead_is_ranked_first_with_its_time_to_go(make, two_places):
    threats = seen_once(DestinationThreat(two_places), make.tracks(), make.now_s)
    assert threats.rank.tolist() == list(range(1, len(threats) + 1))
    assert threats.place[0] == 0
    assert threats.probability[0] > 0.7
    assert threats.time_to_go_s[0] == pytest.approx(1.006 * 9_000.0 / 50.0)
    assert threats.time_to_go_low_s[0] < 180.0 < threats.time_to_go_high_s[0]
    assert threats.distance_m[0] == pytest.approx(10_000.0, rel=1e-3)
    assert threats.cpa_m[0] == pytest.approx(0.0, abs=1.0)
    assert threats.cpa_time_s[0] == pytest.approx(200.0, rel=1e-3)


@pytest.mark.parametrize("identity", [Identity.FRIEND, Identity.ASSUMED_FRIEND, Identity.NEUTRAL])
def test_friends_and_neutrals_threaten_nothing(make, two_places, identity):
    tracks = make.tracks(identity=int(identity))
    assert len(seen_once(DestinationThreat(two_places), tracks, make.now_s)) == 0


@pytest.mark.parametrize("kind", [ObjectClass.BIRD, ObjectClass.AEROPLANE, ObjectClass.HELICOPTER])
def test_birds_and_aircraft_threaten_nothing(make, two_places, kind):
    tracks = make.tracks(object_class=int(kind), identity=int(Identity.UNKNOWN))
    assert len(seen_once(DestinationThreat(two_places), tracks, make.now_s)) == 0


def test_tentative_tracks_wait_and_coasting_ones_count(make, two_places):
    model = DestinationThreat(two_places)
    assert not len(seen_once(model, make.tracks(status=int(TrackStatus.TENTATIVE)), make.now_s))
    assert len(seen_once(model, make.tracks(status=int(TrackStatus.COASTING)), make.now_s))


def test_doubt_about_identity_and_class_lowers_the_probability(make, two_places):
    model = DestinationThreat(two_places)
    shares = np.zeros((3, len(ObjectClass)))
    shares[:2, ObjectClass.MULTIROTOR] = 1.0
    shares[2, [ObjectClass.MULTIROTOR, ObjectClass.BIRD]] = 0.5
    identity = [int(Identity.HOSTILE), int(Identity.UNKNOWN), int(Identity.UNKNOWN)]
    threats = seen_once(model, make.tracks(3, identity=identity, class_probability=shares), 0.0)
    of = {t: threats.probability[(threats.track == t) & (threats.place == 0)][0] for t in (1, 2, 3)}
    assert of[2] == pytest.approx(0.5 * of[1])
    assert of[3] == pytest.approx(0.25 * of[1])


def test_armed_goes_before_unarmed_and_unknown_arms_lie_between(make, two_places):
    tracks = make.tracks(3, armed_probability=[0.0, 1.0, np.nan])
    threats = seen_once(DestinationThreat(two_places), tracks, make.now_s)
    first = threats.track[threats.place == 0]
    assert first.tolist() == [2, 3, 1]


def test_priority_and_population_weigh_in_the_score_and_not_in_the_probability(make):
    def scored(**place):
        theatre = make.theatre(places=(make.place(**place),))
        threats = seen_once(DestinationThreat(theatre), make.tracks(), make.now_s)
        return threats.probability[0], threats.score[0]

    plain, urgent, crowded = scored(), scored(priority=2.0), scored(population=1_000_000)
    assert plain[0] == urgent[0] == crowded[0]
    assert urgent[1] == pytest.approx(2.0 * plain[1])
    assert crowded[1] == pytest.approx(plain[1] * (0.7 + 0.3) / 0.7, rel=1e-5)


def test_a_hovering_drone_over_a_place_has_numbers_everywhere(make, two_places):
    tracks = make.tracks(east_m=200.0, v_east_mps=0.0, sd_speed_mps=np.nan, sd_horizontal_m=np.nan)
    threats = seen_once(DestinationThreat(two_places), tracks, make.now_s)
    for name, column in threats.columns().items():
        assert np.isfinite(column.astype(float)).all(), name
    assert threats.time_to_go_s[threats.place == 0].tolist() == [0.0]


def test_no_tracks_and_no_places_make_no_threats(make, two_places):
    assert len(seen_once(DestinationThreat(two_places), make.tracks(0), 0.0)) == 0
    nowhere = make.theatre(places=())
    assert len(seen_once(DestinationThreat(nowhere), make.tracks(), 0.0)) == 0


def test_places_far_from_the_origin_are_seen_level(make):
    # 600 km north the local horizon is tilted by 5.4 degrees against the station's
    theatre = make.theatre(places=(make.place(0, north_m=600_000.0),))
    at = {"east_m": -10_000.0, "north_m": 600_000.0, "up_m": 300.0}
    level = seen_once(DestinationThreat(theatre), make.tracks(**at), 0.0)
    assert level.distance_m[0] == pytest.approx(10_000.0, rel=2e-3)
    assert level.cpa_m[0] < 50.0


def test_worst_of_each_gives_rows_in_order_of_rank(make, two_places):
    tracks = make.tracks(3, track=[9, 4, 6], armed_probability=[0.2, 0.9, 0.5])
    threats = seen_once(DestinationThreat(two_places), tracks, make.now_s)
    row, whose, first, probability = worst_of_each(tracks, threats)
    assert tracks.track[row].tolist() == [4, 6, 9]
    assert tracks.track[whose].tolist() == threats.track.tolist()
    assert (np.diff(threats.rank[first]) > 0).all()
    assert threats.track[first].tolist() == [4, 6, 9]
    assert probability[0] == pytest.approx(threats.probability[threats.track == 4].sum())


def test_a_figure_out_of_range_is_refused():
    with pytest.raises(ValidationError):
        ThreatParameters(threshold=0.0)
    with pytest.raises(ValidationError):
        ThreatParameters(treshold=0.1)


def test_an_address_alone_changes_no_threat(make, two_places):
    model = DestinationThreat(two_places)
    plain = seen_once(model, make.tracks(), make.now_s)
    spoofed = seen_once(
        model, make.tracks(address=77, address_kind=int(AddressKind.ICAO)), make.now_s
    )
    assert plain.score.tolist() == spoofed.score.tolist()


def fly(model, make, legs, start=(-20_000.0, 0.0), speed=50.0, after_s=0.0, **columns):
    """Return the memory and the rows of each second of a flight: (course in degrees, seconds)."""
    memory, said, now_s = model.start(), [], make.now_s + after_s
    east, north = start
    for degrees, seconds in legs:
        v_east = speed * math.sin(math.radians(degrees))
        v_north = speed * math.cos(math.radians(degrees))
        for _ in range(seconds):
            east, north, now_s = east + v_east, north + v_north, now_s + 1.0
            here = {"east_m": east, "north_m": north, "v_east_mps": v_east, "v_north_mps": v_north}
            memory, threats = model.evaluate(
                memory, make.tracks(time_s=now_s, **(here | columns)), now_s
            )
            said.append(threats)
    return memory, said


def probability(threats, place):
    return threats.probability[threats.place == place].sum()


def test_a_feint_is_seen_through_within_half_a_minute(make, two_places):
    # at place 1 for a minute, then straight at place 0
    east, north = -20_000.0, 0.0
    at_one = math.degrees(math.atan2(-east, 30_000.0 - north))
    east += 3_000.0 * math.sin(math.radians(at_one))
    north += 3_000.0 * math.cos(math.radians(at_one))
    at_none = math.degrees(math.atan2(-east, -north))
    _, said = fly(DestinationThreat(two_places), make, [(at_one, 60), (at_none, 60)])
    assert said[59].place[0] == 1
    assert all(threats.place[0] == 0 for threats in said[90:])
    assert probability(said[-1], 0) > 0.9


def test_the_same_course_means_more_when_the_path_led_there(make):
    theatre = make.theatre(places=(make.place(0), make.place(1, north_m=20_000.0)))
    model = DestinationThreat(theatre)
    _, straight = fly(model, make, [(90.0, 100)], start=(-20_000.0, 0.0))
    _, turned = fly(model, make, [(0.0, 100), (90.0, 1)], start=(-15_050.0, -5_000.0))
    assert probability(straight[-1], 0) > probability(turned[-1], 0) + 0.05


def test_a_track_that_goes_and_comes_back_starts_anew(make, two_places):
    model = DestinationThreat(two_places)
    memory, _ = fly(model, make, [(90.0, 30)])
    assert memory.track.tolist() == [1]
    gone, none = model.evaluate(memory, make.tracks(0), make.now_s + 31.0)
    assert len(gone.track) == len(none) == len(gone.progress_m) == 0
    again = model.evaluate(gone, make.tracks(), make.now_s + 32.0)[1]
    assert again.probability.tolist() == seen_once(model, make.tracks()).probability.tolist()


def test_memory_follows_the_track_number_whoever_comes_and_goes(make, two_places):
    model = DestinationThreat(two_places)
    memory, threats = model.evaluate(model.start(), make.tracks(3, track=[5, 9, 2]), make.now_s)
    assert memory.track.tolist() == [2, 5, 9]
    one, _ = model.evaluate(memory, make.tracks(2, track=[9, 7]), make.now_s + 1.0)
    assert one.track.tolist() == [7, 9]
    assert one.flown_m.tolist() == pytest.approx([0.0, 50.0])
    assert memory.flown_m.tolist() == [0.0, 0.0, 0.0]
    assert len(threats)


def test_a_coasting_track_adds_nothing_to_its_path(make, two_places):
    model = DestinationThreat(two_places)
    memory, _ = fly(model, make, [(90.0, 20)])
    tracks = make.tracks(status=int(TrackStatus.COASTING), time_s=make.now_s + 25.0)
    after, _ = model.evaluate(memory, tracks, make.now_s + 25.0)
    assert after.flown_m.tolist() == memory.flown_m.tolist()
    assert after.watched_s.tolist() == memory.watched_s.tolist()


def test_the_speed_is_averaged_and_the_interval_narrows_as_it_is(make, two_places):
    model = DestinationThreat(two_places)
    memory, said = fly(model, make, [(90.0, 60)], sd_speed_mps=15.0)
    assert memory.speed_mps[0] == pytest.approx(50.0)

    def width(threats):
        first = {k: v[0] for k, v in threats.columns().items()}
        return (first["time_to_go_high_s"] - first["time_to_go_low_s"]) / first["time_to_go_s"]

    assert width(said[-1]) < 0.7 * width(said[0])


def test_an_unknown_velocity_is_any_course_at_an_assumed_speed(make, two_places):
    unknown = {"v_east_mps": np.nan, "v_north_mps": np.nan, "v_up_mps": np.nan}
    threats = seen_once(
        DestinationThreat(two_places), make.tracks(**unknown, sd_speed_mps=np.nan), make.now_s
    )
    assert threats.place[0] == 0
    assert threats.time_to_go_s[0] == pytest.approx(1.006 * 9_000.0 / 35.0)
    assert threats.time_to_go_low_s[0] < 9_000.0 / 60.0
    assert threats.time_to_go_high_s[0] > 9_000.0 / 20.0


def test_a_slow_change_does_not_shuffle_the_ranking(make, two_places):
    model = DestinationThreat(two_places)
    memory, orders = model.start(), set()
    for second in range(60):
        wobble = 0.5 + 0.1 * math.sin(second)
        tracks = make.tracks(2, armed_probability=[wobble, 1.0 - wobble])
        memory, threats = model.evaluate(memory, tracks, make.now_s + second)
        orders.add(tuple(dict.fromkeys(threats.track.tolist())))
    assert len(orders) == 1
    sure = make.tracks(2, armed_probability=[0.0, 1.0])
    memory, threats = model.evaluate(memory, sure, make.now_s + 60.0)
    assert threats.track[0] == 2


def test_a_shift_in_time_changes_nothing_but_the_time(make, two_places):
    model, legs = DestinationThreat(two_places), [(80.0, 30), (100.0, 30)]
    _, today = fly(model, make, legs)
    _, tomorrow = fly(model, make, legs, after_s=86_400.0)
    for now, later in zip(today, tomorrow, strict=True):
        assert (later.time_s - now.time_s == 86_400.0).all()
        assert later.place.tolist() == now.place.tolist()
        assert later.probability.tolist() == now.probability.tolist()
        assert later.time_to_go_s.tolist() == now.time_to_go_s.tolist()
