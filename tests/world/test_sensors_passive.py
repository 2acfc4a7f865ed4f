"""Direction finder, camera and ADS-B receiver against closed forms and what they state."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from chowki.core.places import Ground, Measures, Station, Theatre
from chowki.core.ports import Aloft, Surroundings
from chowki.core.records import AddressKind, ObjectClass, Tasks
from chowki.kernels.detection import free_space_loss_db, johnson
from chowki.world.sensors import AdsB, DirectionFinder, ElectroOptical
from chowki.world.sensors.direction_finder import reference_range

START_S = 1_700_000_000.0
NOW_S = START_S + 50.0
STEADY = {
    "shadowing_db": 0.0, "false_per_look": 0.0, "tail_probability": 0.0,
    "bearing_bias_sigma_deg": 0.0, "clock_offset_sigma_s": 0.0,
}  # fmt: skip


def built(kind, number=1, seed=1, weather=1.0, night=False, **figures):
    station = Station("passive", 30.0, 75.0, 0.0, START_S, 1e5)
    theatre = Theatre(station, ground=Ground(0.0), simulated=True)
    surroundings = Surroundings(
        number, "s", np.array([0.0, 0.0, 20.0]), np.eye(3), theatre.ground, theatre, seed, weather,
        night,
    )  # fmt: skip
    return kind(kind.Parameters(**figures), surroundings)


def sky(position_m, **columns):
    position = np.asarray(position_m, dtype=np.float64)
    n = len(position)
    plain = {
        "velocity_mps": np.zeros((n, 3)), "object_class": np.zeros(n, np.int8),
        "rcs_m2": np.ones(n), "armed": np.zeros(n, np.int8), "transmits_hz": np.full(n, 2.4e9),
        "transmit_power_w": np.full(n, 0.1), "address": np.full(n, -1),
        "address_kind": np.full(n, -1, np.int8), "callsign": np.full(n, b"", "S8"),
        "size_m": np.ones(n),
    }  # fmt: skip
    return Aloft(NOW_S, np.arange(n), position, **{**plain, **columns})


def ring(n, ground_m, up_m=500.0):
    bearing = np.linspace(0.0, 2 * math.pi, n, endpoint=False)
    east, north = ground_m * np.sin(bearing), ground_m * np.cos(bearing)
    return np.stack((east, north, np.full(n, up_m)), axis=1)


def test_bearings_end_where_free_space_loss_says():
    finder = built(DirectionFinder, **STEADY, gain_db=0.0, sensitivity_dbm=-84.0)
    reach = reference_range(finder.Parameters(gain_db=0.0, sensitivity_dbm=-84.0))
    assert 20.0 - free_space_loss_db(reach, 2.4e9) == pytest.approx(-84.0, abs=1e-6)
    look = finder.next_look(NOW_S)
    for share, wanted in ((0.98, 30), (1.02, 0)):
        ground = math.sqrt((share * reach) ** 2 - 480.0**2)
        assert len(finder.observe(sky(ring(30, ground)), look)) == wanted


def test_half_is_heard_at_the_sensitivity():
    finder = built(DirectionFinder, **{**STEADY, "shadowing_db": 4.0}, sensitivity_dbm=-84.0)
    ground = math.sqrt(reference_range(finder.Parameters(sensitivity_dbm=-84.0)) ** 2 - 480.0**2)
    aloft, after_s, heard = sky(ring(100, ground)), NOW_S, 0
    for _ in range(20):
        look = finder.next_look(after_s)
        heard, after_s = heard + len(finder.observe(aloft, look)), look.end_s
    assert heard / 2000 == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(2000))


def test_a_silent_drone_is_never_heard():
    finder = built(DirectionFinder, **STEADY)
    place = ring(10, 2000.0)
    silent = sky(place, transmits_hz=np.full(10, np.nan), transmit_power_w=np.full(10, np.nan))
    outside = sky(place, transmits_hz=np.full(10, 24e9))
    look = finder.next_look(NOW_S)
    assert len(finder.observe(silent, look)) == len(finder.observe(outside, look)) == 0
    heard = finder.observe(sky(place), look)
    assert len(heard) == 10
    assert np.all(heard.frequency_hz == 2.4e9)
    assert np.all(np.isnan(heard.range_m))


def test_bearing_errors_and_false_bearings():
    finder = built(DirectionFinder, **{**STEADY, "false_per_look": 2.0}, sigma_bearing_deg=2.0)
    looks, after_s = [], NOW_S
    for _ in range(150):
        looks.append(finder.next_look(after_s))
        after_s = looks[-1].end_s
    false = [len(finder.observe(sky(np.empty((0, 3))), look)) for look in looks]
    assert np.mean(false) == pytest.approx(2.0, abs=4 * math.sqrt(2.0 / 150))
    one = sky([[0.0, -3000.0, 300.0]])
    bearing = [finder.observe(one, look).azimuth_rad[0] for look in looks]
    assert np.degrees(np.mean(bearing)) == pytest.approx(180.0, abs=4 * 2 / math.sqrt(150))
    assert np.degrees(np.std(bearing)) == pytest.approx(2.0, rel=0.25)


def task(position_m, time_s=NOW_S, sensor=1, track=1, velocity=(0.0, 0.0, 0.0)):
    numbers = [np.array([float(x)]) for x in (*position_m, *velocity)]
    return Tasks(np.array([time_s]), np.array([sensor]), np.array([track]), *numbers)


def test_camera_looks_only_when_told_and_forgets():
    camera = built(ElectroOptical)
    there = (0.0, 3000.0, 300.0)
    assert camera.sensor.cued
    assert camera.next_look(NOW_S) is None
    camera.heed(task(there, sensor=9))
    assert camera.next_look(NOW_S) is None
    camera.heed(task(there, time_s=NOW_S - 7.0))
    assert camera.next_look(NOW_S) is None
    camera.heed(task((0.0, 90e3, 300.0)))
    assert camera.next_look(NOW_S) is None
    camera.heed(task(there, track=2))
    first = camera.next_look(NOW_S)
    assert (first.start_s, first.end_s) == (NOW_S, NOW_S + 1.5)
    assert camera.next_look(first.end_s) is None
    camera.heed(task(there, track=2))
    assert camera.next_look(first.end_s).start_s == pytest.approx(NOW_S + 2.0)


def test_camera_turns_to_where_the_track_will_be():
    camera = built(ElectroOptical, false_per_look=0.0)
    camera.heed(task((-3000.0, 100.0, 300.0), velocity=(60.0, 0.0, 0.0)))
    look = camera.next_look(NOW_S + 2.0)
    middle = look.volume.azimuth_from_rad + 0.5 * look.volume.azimuth_span_rad
    wanted = math.atan2(-3000.0 + 2.75 * 60.0, 100.0) % (2 * math.pi)
    assert middle % (2 * math.pi) == pytest.approx(wanted, abs=1e-9)


def looked(camera, size_m, looks, **columns):
    """Return what many looks at one target 3 km away give."""
    place = (0.0, 3000.0, 20.0)
    aloft = sky([place], size_m=np.array([size_m]), **columns)
    found, after_s = [], NOW_S
    for _ in range(looks):
        camera.heed(task(place, time_s=after_s))
        look = camera.next_look(after_s)
        found.append(camera.observe(aloft, look))
        after_s = look.start_s + 2.0
    return found


@pytest.mark.parametrize("cycles", [0.7, 1.0, 1.5])
def test_camera_sees_as_often_as_johnson_says(cycles):
    """N cycles on target at 3 km, times the night factor."""
    for night, factor in ((False, 1.0), (True, 0.6)):
        camera = built(ElectroOptical, false_per_look=0.0, night=night, night_factor=0.6)
        found = looked(camera, cycles * 3000.0 / 1e4, 500)
        wanted = factor * johnson(cycles, 1.0)
        rate = np.mean([len(look) for look in found])
        assert rate == pytest.approx(wanted, abs=4 * math.sqrt(0.25 / 500))
    assert len(looked(built(ElectroOptical, weather=0.0, false_per_look=0.0), 9.0, 1)[0]) == 0


def test_camera_tells_class_and_payload_when_resolved():
    armed = {"armed": np.ones(1, np.int8), "object_class": np.array([1], np.int8)}
    near = looked(built(ElectroOptical, false_per_look=0.0), 9.0, 100, **armed)
    assert np.mean([look.looked_like[0] for look in near]) == int(ObjectClass.FIXED_WING_DRONE)
    assert np.mean([look.payload_seen[0] for look in near]) == 1.0
    far = [look for look in looked(built(ElectroOptical), 0.6, 300, **armed) if len(look)]
    right = np.mean([look.looked_like[0] == 1 for look in far])
    stated = np.mean([look.look_confidence[0] for look in far if look.looked_like[0] >= 0])
    assert right < 0.3
    assert right == pytest.approx(stated, abs=0.15)
    assert np.mean([look.payload_seen[0] == -1 for look in far]) > 0.9


def speaking(place, kind=AddressKind.ICAO):
    n = len(place)
    return sky(
        place, address=np.arange(n) + 0x800000, address_kind=np.full(n, int(kind), np.int8),
        callsign=np.full(n, b"AIC101", "S8"),
    )  # fmt: skip


def test_receiver_hears_those_that_transmit_and_no_other():
    receiver = built(AdsB, loss=0.0, loss_at_range=0.0)
    look = receiver.next_look(NOW_S)
    place = ring(20, 60e3, up_m=9000.0)
    heard = receiver.observe(speaking(place), look)
    assert receiver.sensor.measures == Measures.POSITION | Measures.VELOCITY | Measures.ADDRESS
    assert len(heard) == 20
    assert set(heard.address.tolist()) == set(range(0x800000, 0x800014))
    assert np.all(heard.callsign == b"AIC101")
    assert all(set(str(code)) <= set("01234567") for code in heard.squawk.tolist())
    assert len(receiver.observe(sky(place), look)) == 0
    assert len(receiver.observe(speaking(ring(20, 100e3, up_m=-500.0)), look)) == 0
    assert len(receiver.observe(speaking(ring(20, 260e3, up_m=12000.0)), look)) == 0


def test_remote_id_is_heard_near_by_when_asked_for():
    drones = speaking(ring(20, 2000.0, up_m=100.0), AddressKind.REMOTE_ID)
    far = speaking(ring(20, 4000.0, up_m=100.0), AddressKind.REMOTE_ID)
    for remote_id, wanted in ((False, 0), (True, 20)):
        receiver = built(AdsB, loss=0.0, loss_at_range=0.0, remote_id=remote_id)
        look = receiver.next_look(NOW_S)
        heard = receiver.observe(drones, look)
        assert len(heard) == wanted
        assert np.all(heard.squawk == -1)
        assert len(receiver.observe(far, look)) == 0


def test_reports_have_the_stated_error_and_two_receivers_hear_the_same():
    place = ring(400, 50e3, up_m=9000.0)
    one = built(AdsB, loss=0.3, clock_offset_sigma_s=0.0)
    two = built(AdsB, number=2, loss=0.3, clock_offset_sigma_s=0.0)
    a = one.observe(speaking(place), one.next_look(NOW_S))
    both = one.next_look(NOW_S)
    b = two.observe(speaking(place), both)
    lost = 0.3 + 0.1 * (50.8 / 250.0) ** 2
    assert len(a) / 400 == pytest.approx(1 - lost, abs=0.1)
    assert set(a.address.tolist()) != set(b.address.tolist())
    error = np.stack((a.east_m, a.north_m, a.up_m), axis=1) - place[a.address - 0x800000]
    assert error.std() == pytest.approx(15.0, rel=0.1)
    east = dict(zip(a.address.tolist(), a.east_m.tolist(), strict=True))
    shared = [k for k in b.address.tolist() if k in east]
    at = {int(k): float(e) for k, e in zip(b.address, b.east_m, strict=True)}
    assert [at[k] for k in shared] == [east[k] for k in shared]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (DirectionFinder, {"frequency_min_mhz": 7000.0}),
        (DirectionFinder, {"sensitivity_dbm": 3.0}),
        (ElectroOptical, {"night_factor": 1.5}),
        (ElectroOptical, {"field_of_view_deg": 0.0}),
        (AdsB, {"loss": 1.0}),
        (AdsB, {"colour": "green"}),
    ],
)
def test_wrong_figures_are_refused(kind, wrong):
    with pytest.raises(ValidationError):
        kind.Parameters(**wrong)
