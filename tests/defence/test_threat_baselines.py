"""The baselines pick one place by one measure, and keep no memory."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.ports import ThreatModel
from chowki.defence.threat_baselines import ClosestApproach, NearestPlace


@pytest.fixture
def theatre(make):
    """Return a near place off the course, a far one on it, and one behind."""
    return make.theatre(
        places=(
            make.place(0, east_m=-8_000.0, north_m=8_000.0),
            make.place(1, east_m=12_000.0),
            make.place(2, east_m=-30_000.0),
        )
    )


@pytest.mark.parametrize(("model", "place"), [(NearestPlace, 0), (ClosestApproach, 1)])
def test_each_has_its_own_measure(make, theatre, model, place):
    model = model(theatre)
    assert isinstance(model, ThreatModel)
    memory, threats = model.evaluate(model.start(), make.tracks(), make.now_s)
    assert memory == model.start()
    assert threats.place.tolist() == [place]
    assert threats.probability[0] == pytest.approx(0.99)  # existence: hostile, surely a drone


def test_of_places_on_the_course_the_nearer_one_is_approached(make):
    theatre = make.theatre(places=(make.place(0, east_m=40_000.0), make.place(1, north_m=500.0)))
    model = ClosestApproach(theatre)
    assert model.evaluate((), make.tracks(), make.now_s)[1].place.tolist() == [1]


@pytest.mark.parametrize("model", [NearestPlace, ClosestApproach])
def test_without_velocity_the_nearest_place_is_left(make, theatre, model):
    tracks = make.tracks(v_east_mps=np.nan, v_north_mps=np.nan, v_up_mps=np.nan)
    threats = model(theatre).evaluate((), tracks, make.now_s)[1]
    assert threats.place.tolist() == [0]
    for name, column in threats.columns().items():
        assert np.isfinite(column.astype(float)).all(), name


@pytest.mark.parametrize("model", [NearestPlace, ClosestApproach])
def test_no_place_or_none_in_reach_makes_no_row(make, model):
    nowhere = model(make.theatre(places=()))
    assert not len(nowhere.evaluate((), make.tracks(), make.now_s)[1])
    far = model(make.theatre(places=(make.place(0, east_m=200_000.0),)))
    assert not len(far.evaluate((), make.tracks(), make.now_s)[1])
