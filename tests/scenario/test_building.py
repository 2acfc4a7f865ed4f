"""From scenario to objects: positions, numbers, links, the wall."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from chowki import scenario
from chowki.core.messages import Scan
from chowki.core.places import Station
from chowki.core.ports import World
from chowki.kernels.geodesy import enu_to_geodetic, station_frame
from chowki.scenario.placement import defended, spots

GEOD = pyproj.Geod(ellps="WGS84")
LIVE = Station("live", 10.0, 20.0, 0.0, 5.0e8, np.inf)


@pytest.fixture(scope="module")
def second_wave():
    return scenario.load("second-wave")


def positions(built):
    return {sensor.name: sensor.position_m.tolist() for sensor in built.theatre.sensors}


def test_the_scenario_survives_its_document(write):
    loaded = scenario.load(write())
    again = scenario.Scenario.from_document(loaded.document())
    assert again == loaded
    assert again.digest() == loaded.digest()
    other = scenario.load(write(), ["seed=2"])
    assert other.digest() != loaded.digest()


def test_the_document_needs_no_other_file(second_wave):
    again = scenario.Scenario.from_document(second_wave.document())
    assert len(scenario.build(again, 1).theatre.places) == 26


def test_a_simulated_world_is_built_whole(write):
    built = scenario.build(scenario.load(write()), 1)
    assert isinstance(built.world, World)
    assert built.theatre.simulated
    assert [site.index for site in built.theatre.sites] == [0, 1, 2]
    assert len(built.theatre.flight_plans) == 4
    assert len(built.theatre.authorised_addresses) == 1
    assert built.theatre.station.name == "test"


def test_same_seed_same_theatre_other_seed_other_positions(second_wave):
    one, two, three = (scenario.build(second_wave, seed) for seed in (1, 1, 2))
    assert positions(one) == positions(two) != positions(three)


def test_one_more_sensor_moves_no_other_and_keeps_its_number(write):
    path = write()
    few = scenario.build(scenario.load(path), 1)
    many = scenario.build(scenario.load(path, ["sensors.low-level.count=3"]), 1)
    before, after = positions(few), positions(many)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    numbers = {sensor.name: sensor.number for sensor in many.theatre.sensors}
    assert all(numbers[sensor.name] == sensor.number for sensor in few.theatre.sensors)


def test_one_more_sensor_changes_no_plot_of_another(write):
    """Through the whole world: link, look and every draw."""
    path = write()

    def scans(*overrides):
        world = scenario.build(scenario.load(path, ["station.duration_s=60", *overrides]), 1).world
        assert world is not None
        found = {}
        for event in world.events():
            if isinstance(event, Scan):
                table = event.detections
                found[event.sensor.name, event.look] = (event.time_s, table.columns())
        return found

    few, many = scans(), scans("sensors.low-level.count=3")
    assert len(many) > len(few) > 50
    for address, (time_s, columns) in few.items():
        assert many[address][0] == time_s
        for name, column in columns.items():
            assert np.array_equal(
                many[address][1][name], column, equal_nan=column.dtype.kind == "f"
            )


def test_invented_positions_keep_their_distance_and_the_defended_side(second_wave):
    places = {town.name: town for town in second_wave.places.towns}
    for group in (*second_wave.sensors, *second_wave.effectors):
        for spot in spots(group, second_wave, 7):
            assert defended((spot.lat_deg, spot.lon_deg), second_wave.border.polygon) or group.at
            if group.near:
                name = spot.name.removeprefix(group.name + " ").rstrip(" 2")
                town = places[name]
                away = GEOD.inv(town.lon_deg, town.lat_deg, spot.lon_deg, spot.lat_deg)[2]
                assert group.away_km[0] * 990.0 <= away <= group.away_km[1] * 1010.0


def test_positions_along_the_border_are_spread_over_it(second_wave):
    group = next(group for group in second_wave.sensors if group.name == "long-range")
    lats = np.sort([spot.lat_deg for spot in spots(group, second_wave, 7)])
    assert lats[0] < 26.0
    assert lats[-1] > 32.0
    assert np.diff(lats).max() < 4.5


def test_sensors_stand_above_the_ground_they_name(write):
    path = write(("[ground]\nheight_m = 0.0", "[ground]\nheight_m = 250.0"))
    built = scenario.build(scenario.load(path), 1)
    frame = station_frame(np.radians(27.62), np.radians(77.13), 0.0)
    for sensor in built.theatre.sensors:
        height = enu_to_geodetic(frame, sensor.position_m.reshape(1, 3))[0, 2]
        assert height - 250.0 == pytest.approx(20.0 if "low" not in sensor.name else 15.0, abs=5.1)
        assert sensor.axes @ sensor.axes.T == pytest.approx(np.eye(3), abs=1e-12)


def test_outages_are_given_or_drawn_and_united(write):
    path = write(("loss = 0.01", "loss = 0.01\noutages_s = [[10, 20], [15, 30]]"))
    built = scenario.build(scenario.load(path, ["station.duration_s=40"]), 1)
    assert built.world is not None
    start_s = built.theatre.station.start_s
    times = [event.time_s - start_s for event in built.world.events() if isinstance(event, Scan)]
    assert times
    # A scan already under way when the outage begins still arrives, with delay and jitter.
    assert not any(13.0 < time < 30.0 for time in times)


def test_on_a_feed_nothing_that_engages_is_built(write, second_wave):
    for story in (scenario.load(write()), second_wave):
        built = scenario.build_for_feed(story, LIVE, ())
        assert built.world is None
        assert not built.theatre.simulated
        assert built.theatre.sites == ()
        assert built.theatre.flight_plans == ()
        assert built.theatre.station.start_s == LIVE.start_s
        assert built.theatre.station.lat_deg == story.station.lat_deg
        assert len(built.theatre.sensors) == sum(group.members for group in story.sensors)
        assert len(built.theatre.places) == len(story.places.towns)


def test_on_a_feed_without_a_scenario_there_is_the_first_fix_only():
    built = scenario.build_for_feed(None, LIVE, ())
    assert built.theatre.station == LIVE
    assert built.theatre.places == ()
    assert built.world is None


def test_the_sensors_of_a_feed_join_those_of_the_scenario(write):
    story = scenario.load(write())
    bare = scenario.build_for_feed(story, LIVE, ())
    own = bare.theatre.sensors[:1]
    assert scenario.build_for_feed(story, LIVE, own).theatre.sensors[-1:] == own
