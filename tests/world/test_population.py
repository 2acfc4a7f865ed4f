"""Who flies is what the scenario says, and one more moves no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyproj
import pytest

from chowki.core.places import Place, Station, Theatre
from chowki.core.records import ObjectClass
from chowki.world.population import targets_of
from chowki.world.population_birds import Birds, draw_birds
from chowki.world.population_raid import (
    Pulse,
    Raid,
    Wave,
    draw_raid,
    shipped_kinds,
    wave_counts,
)
from chowki.world.population_traffic import (
    Airliners,
    Authorised,
    Helicopters,
    Traffic,
    authorised_addresses,
    draw_airliners,
    draw_authorised,
    draw_helicopters,
)

START_S = 1_000_000.0
GEOD = pyproj.Geod(ellps="WGS84")


def place(index, name, lat, lon):
    return Place(index, name, "", "civil", lat, lon, np.zeros(3), 2000.0, 0, 1.0)


THEATRE = Theatre(
    Station("test", 28.0, 74.0, 0.0, START_S, 3600.0),
    places=(place(0, "A", 28.0, 74.0), place(1, "B", 28.3, 74.1)),
)


def wave(**changes) -> Wave:
    given = {
        "name": "w", "mix": {"decoy": 1.0, "armed-multirotor": 1.0},
        "launch": ((28.2, 73.6), (27.8, 73.6)), "targets": ("A", "B"),
        "pulses": (Pulse(at_s=100.0, spread_s=50.0), Pulse(at_s=900.0, spread_s=50.0)),
    }  # fmt: skip
    return Wave(**{**given, **changes})


def test_counts_of_waves_add_up_to_the_raid():
    waves = (wave(name="a", weight=1), wave(name="b", weight=2), wave(name="c", count=7))
    assert wave_counts(Raid(count=10, waves=waves)) == [3, 7, 7]
    assert wave_counts(Raid(count=0, waves=waves)) == [0, 0, 7]
    assert wave_counts(Raid()) == []


def test_one_more_drone_changes_no_other():
    few = draw_raid(Raid(waves=(wave(count=20),)), THEATRE, 5)
    many = draw_raid(Raid(waves=(wave(count=21),)), THEATRE, 5)
    assert many[:20] == few
    assert draw_raid(Raid(waves=(wave(count=20),)), THEATRE, 6) != few


def test_one_more_wave_changes_no_other():
    one = draw_raid(Raid(waves=(wave(count=5),)), THEATRE, 5)
    two = draw_raid(Raid(waves=(wave(count=5), wave(name="x", count=5))), THEATRE, 5)
    assert two[:5] == one
    assert two[5:] != one


def test_drones_are_as_the_scenario_says():
    raid = Raid(waves=(wave(count=400),))
    flights = draw_raid(raid, THEATRE, 1)
    kinds = shipped_kinds()
    for flight in flights:
        kind = kinds["decoy" if flight.object_class == ObjectClass.DECOY else "armed-multirotor"]
        heights = [point[2] for point in flight.points]
        assert kind.height_agl_m[0] <= min(heights) <= max(heights) <= kind.height_agl_m[1]
        assert kind.speed_mps[0] <= flight.speed_mps <= kind.speed_mps[1]
        away = flight.departure_s - START_S
        assert 100.0 <= away <= 150.0 or 900.0 <= away <= 950.0
        assert flight.points[0][1] < 73.7
        assert flight.points[-1][:2] == (flight.goal.lat_deg, flight.goal.lon_deg)
        assert flight.attacking
    drones = [f for f in flights if f.object_class == ObjectClass.DECOY]
    assert not any(f.armed for f in drones)
    assert {f.goal.name for f in flights} == {"A", "B"}
    assert len(drones) == pytest.approx(200, abs=50)  # 5 sigma of a fair coin
    silent = sum(np.isnan(f.transmits_hz) for f in drones) / len(drones)
    assert silent == pytest.approx(kinds["decoy"].silent, abs=0.15)


def test_a_mix_is_the_same_however_it_is_written():
    """Two spellings of one scenario have one digest, so they are one raid."""
    kinds = {"z-late": {"object_class": "decoy"}, "b-early": {"object_class": "decoy"}}
    told = {"speed_mps": (30, 40), "height_agl_m": (100, 200), "rcs_dbsm": -12.0, "size_m": 1.0,
            "armed": 0.0, "silent": 1.0}  # fmt: skip
    kinds = {name: kind | told for name, kind in kinds.items()}
    mix = {"decoy": 1.0, "armed-multirotor": 1.0, "z-late": 1.0, "b-early": 1.0}
    backwards = dict(reversed(mix.items()))
    written = (mix, kinds), (backwards, dict(reversed(kinds.items())))
    first, second = (
        draw_raid(Raid(kinds=k, waves=(wave(count=40, mix=m),)), THEATRE, 1) for m, k in written
    )
    assert [str(flight) for flight in first] == [str(flight) for flight in second]


def test_the_cross_section_is_normal_in_decibels():
    flights = draw_raid(Raid(waves=(wave(count=2000, mix={"decoy": 1}),)), THEATRE, 1)
    level = 10.0 * np.log10([flight.rcs_m2 for flight in flights])
    kind = shipped_kinds()["decoy"]
    assert level.mean() == pytest.approx(kind.rcs_dbsm, abs=5 * 3 / np.sqrt(2000))
    assert level.std() == pytest.approx(kind.rcs_spread_db, rel=0.08)


def test_those_that_turn_back_come_home_and_never_reach():
    flights = draw_raid(Raid(waves=(wave(count=30, turn_back=1.0),)), THEATRE, 1)
    for flight in flights:
        assert not flight.reaches
        assert flight.points[0][:2] == flight.points[-1][:2]
        nearest = min(
            GEOD.inv(lon, lat, flight.goal.lon_deg, flight.goal.lat_deg)[2]
            for lat, lon, _ in flight.points
        )
        assert nearest == pytest.approx(5000.0, rel=0.02)


def test_a_kind_may_be_changed_in_part_or_added():
    raid = Raid(kinds={"decoy": {"silent": 0.0}, "own": shipped_kinds()["decoy"].model_dump()})
    assert raid.kinds["decoy"].silent == 0.0
    assert raid.kinds["decoy"].rcs_dbsm == shipped_kinds()["decoy"].rcs_dbsm
    assert set(raid.kinds) == {*shipped_kinds(), "own"}


def route(**changes):
    given = {
        "name": "r", "points": ((27.0, 73.0, 10_000.0), (29.0, 75.0, 10_000.0)), "count": 3,
        "first_s": -900.0, "every_s": 600.0,
    }  # fmt: skip
    return {**given, **changes}


def test_airliners_that_departed_before_are_under_way():
    flights, plans = draw_airliners(Traffic(airliners=(Airliners(**route()),)), THEATRE, 1)
    assert len(flights) == len(plans) == 3
    for flight, plan in zip(flights, plans, strict=True):
        assert flight.departure_s >= START_S
        assert plan.address == flight.address
        assert plan.callsign == flight.callsign
        # The plan says where it is at its (effective) departure.
        filed = [np.interp(flight.departure_s, plan.times_s, plan.points_m[:, k]) for k in range(3)]
        actual = targets_of([flight], THEATRE).waypoint_m[0]
        assert np.linalg.norm(actual - filed) < 1000.0
    assert len({flight.address for flight in flights}) == 3


def test_flight_plan_points_lie_close_enough_to_follow_the_earth():
    _, plans = draw_airliners(Traffic(airliners=(Airliners(**route(first_s=0.0)),)), THEATRE, 1)
    for plan in plans:
        legs = np.linalg.norm(np.diff(plan.points_m, axis=0), axis=1)
        assert legs.max() <= 50_500.0
        speed = legs / np.diff(plan.times_s)
        assert speed.std() / speed.mean() < 0.01


def test_only_planned_airliners_file_a_plan():
    traffic = Traffic(airliners=(Airliners(**route(planned=0.0)),))
    assert draw_airliners(traffic, THEATRE, 1)[1] == ()


def test_helicopters_have_neither_plan_nor_transponder():
    flights = draw_helicopters(Traffic(helicopters=(Helicopters(**route(count=2)),)), THEATRE, 1)
    assert {flight.address for flight in flights} == {-1}
    assert {flight.object_class for flight in flights} == {ObjectClass.HELICOPTER}


def test_authorised_drones_transmit_what_the_list_holds():
    traffic = Traffic(authorised=(Authorised(name="s", at=(28.0, 74.0), count=3),))
    flights = draw_authorised(traffic, 1)
    assert tuple(flight.address for flight in flights) == authorised_addresses(traffic)
    assert all(flight.authorised and not flight.attacking for flight in flights)


def test_birds_are_ten_for_a_drone_some_in_flocks():
    flights = draw_birds(Birds(per_drone=10, flock_share=0.6), 100, THEATRE, 1)
    assert len(flights) == 1000
    homes: dict[float, int] = {}
    for flight in flights:
        homes[flight.speed_mps] = homes.get(flight.speed_mps, 0) + 1
    sizes = np.array(list(homes.values()))
    assert sizes[sizes > 1].sum() == 600
    assert (sizes == 1).sum() in (400, 401)
    assert sizes.max() <= 40
    assert all(8.0 <= flight.speed_mps <= 25.0 for flight in flights)


def test_a_flock_stays_together():
    flights = draw_birds(Birds(count=40, flock_share=1.0, flock_size=(40, 40)), 0, THEATRE, 1)
    first = np.array([flight.points for flight in flights])[:, :, :2]
    spread = np.ptp(first, axis=0) * 111e3
    assert spread.max() <= 2 * 60.0 * 1.2


def test_birds_overlap_drones_in_speed_and_cross_section():
    """What the issue asks of clutter: no single figure tells a bird from a drone."""
    birds = draw_birds(Birds(count=2000), 0, THEATRE, 1)
    drones = draw_raid(Raid(waves=(wave(count=500, mix={"armed-multirotor": 1}),)), THEATRE, 1)
    level = np.sort([bird.rcs_m2 for bird in birds])
    least = np.percentile([drone.rcs_m2 for drone in drones], 5)
    assert (level > least).mean() > 0.05
    fast = np.mean([bird.speed_mps > 15.0 for bird in birds])
    assert fast > 0.3


def test_one_more_single_bird_changes_no_other():
    few = draw_birds(Birds(count=10, flock_share=0.0), 0, THEATRE, 3)
    many = draw_birds(Birds(count=11, flock_share=0.0), 0, THEATRE, 3)
    assert many[:10] == few


def test_without_places_birds_live_at_the_station():
    theatre = replace(THEATRE, places=())
    flights = draw_birds(Birds(count=5), 0, theatre, 3)
    assert all(abs(flight.points[0][0] - 28.0) < 0.6 for flight in flights)
