"""The approach model: which place is meant, by whom, how badly, and when."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from chowki.core.ports import ThreatModel
from chowki.core.records import AddressKind, Identity, ObjectClass, TrackStatus
from chowki.defence.threat import DestinationThreat, ThreatParameters, worst_of_each


@pytest.fixture
def two_places(make):
    return make.theatre(
        places=(make.place(0, population=100_000), make.place(1, north_m=30_000.0, priority=3.0))
    )


def test_it_is_one_of_the_ports(two_places):
    assert isinstance(DestinationThreat(two_places), ThreatModel)


def test_the_place_ahead_is_ranked_first_with_its_time_to_go(make, two_places):
    threats = DestinationThreat(two_places).evaluate(make.tracks(), make.now_s)
    assert threats.rank.tolist() == list(range(1, len(threats) + 1))
    assert threats.place[0] == 0
    assert threats.probability[0] > 0.7
    assert threats.time_to_go_s[0] == pytest.approx(9_000.0 / 50.0)
    assert threats.time_to_go_low_s[0] < 180.0 < threats.time_to_go_high_s[0]
    assert threats.distance_m[0] == pytest.approx(10_000.0, rel=1e-3)
    assert threats.cpa_m[0] == pytest.approx(0.0, abs=1.0)
    assert threats.cpa_time_s[0] == pytest.approx(200.0, rel=1e-3)


@pytest.mark.parametrize("identity", [Identity.FRIEND, Identity.ASSUMED_FRIEND, Identity.NEUTRAL])
def test_friends_and_neutrals_threaten_nothing(make, two_places, identity):
    tracks = make.tracks(identity=int(identity))
    assert len(DestinationThreat(two_places).evaluate(tracks, make.now_s)) == 0


@pytest.mark.parametrize("kind", [ObjectClass.BIRD, ObjectClass.AEROPLANE, ObjectClass.HELICOPTER])
def test_birds_and_aircraft_threaten_nothing(make, two_places, kind):
    tracks = make.tracks(object_class=int(kind), identity=int(Identity.UNKNOWN))
    assert len(DestinationThreat(two_places).evaluate(tracks, make.now_s)) == 0


def test_tentative_tracks_wait_and_coasting_ones_count(make, two_places):
    model = DestinationThreat(two_places)
    assert not len(model.evaluate(make.tracks(status=int(TrackStatus.TENTATIVE)), make.now_s))
    assert len(model.evaluate(make.tracks(status=int(TrackStatus.COASTING)), make.now_s))


def test_doubt_about_identity_and_class_lowers_the_probability(make, two_places):
    model = DestinationThreat(two_places)
    shares = np.zeros((3, len(ObjectClass)))
    shares[:2, ObjectClass.MULTIROTOR] = 1.0
    shares[2, [ObjectClass.MULTIROTOR, ObjectClass.BIRD]] = 0.5
    identity = [int(Identity.HOSTILE), int(Identity.UNKNOWN), int(Identity.UNKNOWN)]
    threats = model.evaluate(make.tracks(3, identity=identity, class_probability=shares), 0.0)
    of = {t: threats.probability[(threats.track == t) & (threats.place == 0)][0] for t in (1, 2, 3)}
    assert of[2] == pytest.approx(0.5 * of[1])
    assert of[3] == pytest.approx(0.25 * of[1])


def test_armed_goes_before_unarmed_and_unknown_arms_lie_between(make, two_places):
    tracks = make.tracks(3, armed_probability=[0.0, 1.0, np.nan])
    threats = DestinationThreat(two_places).evaluate(tracks, make.now_s)
    first = threats.track[threats.place == 0]
    assert first.tolist() == [2, 3, 1]


def test_priority_and_population_weigh_in_the_score_and_not_in_the_probability(make):
    def scored(**place):
        theatre = make.theatre(places=(make.place(**place),))
        threats = DestinationThreat(theatre).evaluate(make.tracks(), make.now_s)
        return threats.probability[0], threats.score[0]

    plain, urgent, crowded = scored(), scored(priority=2.0), scored(population=1_000_000)
    assert plain[0] == urgent[0] == crowded[0]
    assert urgent[1] == pytest.approx(2.0 * plain[1])
    assert crowded[1] == pytest.approx(plain[1] * (0.7 + 0.3) / 0.7, rel=1e-5)


def test_a_hovering_drone_over_a_place_has_numbers_everywhere(make, two_places):
    tracks = make.tracks(east_m=200.0, v_east_mps=0.0, sd_speed_mps=np.nan, sd_horizontal_m=np.nan)
    threats = DestinationThreat(two_places).evaluate(tracks, make.now_s)
    for name, column in threats.columns().items():
        assert np.isfinite(column.astype(float)).all(), name
    assert threats.time_to_go_s[threats.place == 0].tolist() == [0.0]


def test_no_tracks_and_no_places_make_no_threats(make, two_places):
    assert len(DestinationThreat(two_places).evaluate(make.tracks(0), 0.0)) == 0
    nowhere = make.theatre(places=())
    assert len(DestinationThreat(nowhere).evaluate(make.tracks(), 0.0)) == 0


def test_places_far_from_the_origin_are_seen_level(make):
    # 600 km north the local horizon is tilted by 5.4 degrees against the station's
    theatre = make.theatre(places=(make.place(0, north_m=600_000.0),))
    at = {"east_m": -10_000.0, "north_m": 600_000.0, "up_m": 300.0}
    level = DestinationThreat(theatre).evaluate(make.tracks(**at), 0.0)
    assert level.distance_m[0] == pytest.approx(10_000.0, rel=2e-3)
    assert level.cpa_m[0] < 50.0


def test_worst_of_each_gives_rows_in_order_of_rank(make, two_places):
    tracks = make.tracks(3, track=[9, 4, 6], armed_probability=[0.2, 0.9, 0.5])
    threats = DestinationThreat(two_places).evaluate(tracks, make.now_s)
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
    plain = model.evaluate(make.tracks(), make.now_s)
    spoofed = model.evaluate(
        make.tracks(address=77, address_kind=int(AddressKind.ICAO)), make.now_s
    )
    assert plain.score.tolist() == spoofed.score.tolist()
