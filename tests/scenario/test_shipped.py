"""The four scenarios that come with chowki, and what they promise."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from chowki import scenario
from chowki.core.records import ObjectClass
from chowki.scenario.building import populate
from chowki.world.population_raid import wave_counts

NAMES = ["quiet-night", "saturation", "second-wave", "single-site"]
GEOD = pyproj.Geod(ellps="WGS84")


def test_these_are_shipped():
    assert list(scenario.shipped()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_may_claim(name):
    text = scenario.shipped()[name].read_text(encoding="utf-8")
    loaded = scenario.load(name)
    assert loaded.about
    assert "simulation only" in loaded.border.disclaimer
    if name != "single-site":
        assert "invented from the seed" in text.replace("\n# ", " ")
        assert "no statement on any boundary" in text.replace("\n# ", " ")


def test_the_single_site_is_what_new_writes():
    shipped = scenario.shipped()["single-site"].read_text(encoding="utf-8")
    assert shipped == scenario.new("single-site", 27.62, 77.13)


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 0.0), (-33.9, 18.6), (64.1, -21.9), (27.62, 77.13)])
def test_what_new_writes_passes_check_anywhere(tmp_path, lat, lon):
    path = tmp_path / "mine.toml"
    path.write_text(scenario.new("mine", lat, lon), encoding="utf-8")
    assert scenario.load(path).station.lat_deg == pytest.approx(lat)


@pytest.fixture(scope="module")
def second_wave():
    return scenario.load("second-wave")


@pytest.fixture(scope="module")
def built(second_wave):
    return scenario.build(second_wave, second_wave.seed)


def test_the_second_wave_says_that_no_count_was_published(second_wave):
    text = scenario.shipped()["second-wave"].read_text(encoding="utf-8")
    assert "No count of drones was published" in text
    assert "no count was published" in second_wave.raid.note
    assert sum(wave_counts(second_wave.raid)) == 400


def test_its_places_are_those_of_the_report(second_wave):
    towns = second_wave.places.towns
    assert len(towns) == 26
    assert sum(town.named_in_report for town in towns) == 14
    for town in towns:
        assert town.population_source
        assert (town.population == 0) == (town.name in {"Kuar Bet", "Lakhi Nala"})
    north, south = (f(town.lat_deg for town in towns) for f in (max, min))
    assert GEOD.inv(74.3, north, 69.7, south)[2] > 1.2e6


def test_its_sensors_are_about_eighty_and_watch_each_place(second_wave, built):
    kinds = [sensor.kind for sensor in built.theatre.sensors]
    assert len(kinds) == 79
    counts = {group.name: group.members for group in second_wave.sensors}
    assert counts == {
        "long-range": 8, "low-level": 29, "direction-finder": 16, "electro-optical": 16,
        "ads-b": 7, "remote-id": 3,
    }  # fmt: skip
    low = np.array([s.position_m for s in built.theatre.sensors if s.name.startswith("low-level")])
    for place in built.theatre.places:
        assert np.linalg.norm(low - place.position_m, axis=1).min() < 10_000.0


def test_its_sites_are_of_four_kinds(built):
    assert {int(site.effector) for site in built.theatre.sites} == {0, 1, 2, 3}
    assert all(site.magazine > 0 for site in built.theatre.sites)


def test_its_raid_is_the_one_of_the_story(second_wave, built):
    targets, _ = populate(second_wave, built.theatre, second_wave.seed)
    drones = targets.attacking == 1
    assert drones.sum() == 400
    assert set(targets.place[drones].tolist()) == set(range(26))
    assert set(targets.object_class[drones].tolist()) == {0, 1, 2, 3}
    speed = targets.speed_mps[drones]
    assert 15.0 <= speed.min() < 20.0
    assert 55.0 < speed.max() <= 60.0
    heights = targets.waypoint_height_m[: targets.route[drones.sum()]] - 200.0
    assert heights.min() >= 80.0 - 1e-6
    assert heights.max() <= 500.0 + 1e-6
    assert (targets.object_class == ObjectClass.BIRD).sum() == 4000
    assert (targets.object_class == ObjectClass.HELICOPTER).sum() == 2
    assert (targets.authorised == 1).sum() == 4
    departures = targets.departure_s[drones] - built.theatre.station.start_s
    assert departures.max() <= 75 * 60
    assert ((departures > 850) & (departures < 1100)).sum() == 0  # two pulses
    assert (departures < 850).sum() > 150
    assert (departures > 1100).sum() > 150


def test_its_drones_come_from_beyond_the_border(second_wave, built):
    from chowki.scenario.placement import defended
    from chowki.world.population_raid import draw_raid

    polygon = second_wave.border.polygon
    for flight in draw_raid(second_wave.raid, built.theatre, second_wave.seed):
        assert not defended(flight.points[0][:2], polygon), flight
        assert defended(flight.points[-1][:2], polygon)
        assert len(flight.points) >= 3


def test_the_quiet_night_holds_no_attacker():
    quiet = scenario.load("quiet-night")
    targets, _ = populate(quiet, scenario.build(quiet, 1).theatre, 1)
    assert not targets.attacking.any()
    assert not targets.armed.any()
    assert {ObjectClass.BIRD, ObjectClass.AEROPLANE, ObjectClass.HELICOPTER} <= set(
        targets.object_class.tolist()
    )


def test_saturation_is_two_thousand_drones_on_three_places():
    loaded = scenario.load("saturation")
    targets, _ = populate(loaded, scenario.build(loaded, 1).theatre, 1)
    assert (targets.attacking == 1).sum() == 2000
    assert set(targets.place[targets.attacking == 1].tolist()) == {0, 1, 2}
