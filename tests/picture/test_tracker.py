import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from chowki.core.places import Measures, Volume
from chowki.core.records import Detections, TrackStatus
from chowki.picture import AirPicture, PictureParameters
from chowki.picture.associators import BeliefPropagation, GlobalNearestNeighbour

START_S = 1_700_000_000.0
POLAR = Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION
AT, GOING = np.array([9_000.0, 12_000.0, 800.0]), np.array([30.0, -20.0, 0.0])


def where(k, at=AT, going=GOING):
    return at + k * going


@pytest.fixture(params=[BeliefPropagation, GlobalNearestNeighbour])
def air(request, theatre):
    return AirPicture(theatre, PictureParameters(), request.param())


def noisy(site, scan, rng):
    d = scan.detections
    if not len(d):
        return scan
    s = site.sensor
    columns = {
        "range_m": d.range_m + s.sigma_range_m * rng.standard_normal(len(d)),
        "azimuth_rad": d.azimuth_rad + s.sigma_azimuth_rad * rng.standard_normal(len(d)),
        "elevation_rad": d.elevation_rad + s.sigma_elevation_rad * rng.standard_normal(len(d)),
    }
    return dataclasses.replace(scan, detections=dataclasses.replace(d, **columns))


def followed(air, site, steps, seed=0, picture=None, start=0):
    rng = np.random.default_rng(seed)
    picture = picture or air.start()
    for k in range(start, start + steps):
        scan = noisy(site, site.scan(START_S + k, [where(k)]), rng)
        picture, _ = air.scan(picture, scan)
        picture, rap = air.tick(picture, START_S + k)
    return picture, rap


def test_one_target_becomes_one_confirmed_track(air, make_site):
    _, rap = followed(air, make_site(1, POLAR), 20)
    assert len(rap) == 1
    assert rap.status[0] == TrackStatus.CONFIRMED
    assert rap.existence[0] > 0.99
    got = np.array([rap.east_m[0], rap.north_m[0], rap.up_m[0]])
    assert np.linalg.norm(got - where(19)) < 60.0
    assert np.hypot(rap.v_east_mps[0] - 30.0, rap.v_north_mps[0] + 20.0) < 8.0
    assert rap.sensors[0] == 1
    assert rap.updates[0] == 20


def test_a_step_leaves_the_picture_before_it_as_it_was(air, make_site):
    site = make_site(1, POLAR)
    picture, _ = followed(air, site, 5)
    before = {n: c.copy() for n, c in picture.states.columns().items()}
    after, _ = air.scan(picture, site.scan(START_S + 5, [where(5)]))
    air.tick(after, START_S + 6)
    assert after is not picture
    for name, column in picture.states.columns().items():
        np.testing.assert_array_equal(column, before[name])


def test_existence_falls_with_empty_scans_and_the_track_ends(air, make_site):
    site = make_site(1, POLAR)
    picture, rap = followed(air, site, 10)
    number, seen = rap.track[0], [rap.existence[0]]
    for k in range(10, 25):
        picture, _ = air.scan(picture, site.scan(START_S + k))
        picture, rap = air.tick(picture, START_S + k)
        seen.append(rap.existence[0] if len(rap) else 0.0)
    assert all(b < a or b == 0.0 for a, b in pairwise(seen))
    assert seen[-1] == 0.0
    assert len(picture.states) == 0
    picture, rap = followed(air, site, 10, picture=picture, start=40)
    assert rap.track.tolist() != [number]
    assert rap.track[0] > number


def test_a_look_elsewhere_touches_nothing(air, make_site):
    site = make_site(1, POLAR)
    picture, _ = followed(air, site, 10)
    west = Volume(100.0, 80_000.0, np.pi, 1.0, -0.2, 1.0)
    below = make_site(2, POLAR, volume=Volume(100.0, 5_000.0))
    for scan in (site.scan(START_S + 9, volume=west), below.scan(START_S + 9)):
        after, touched = air.scan(picture, scan)
        assert len(touched) == 0
        np.testing.assert_array_equal(after.states.existence, picture.states.existence)


def test_a_target_under_the_horizon_is_not_missed(air, theatre, make_site):
    far = make_site(
        2, POLAR, (0.0, 0.0, 10.0), volume=Volume(100.0, 300_000.0), sigma_azimuth_rad=1e-3
    )
    low = np.array([0.0, 120_000.0, 300.0 - 120_000.0**2 / 2 / 6_371_000.0])
    reporter = make_site(1, Measures.POSITION, tuple(low - [0, 0, 200]))
    picture = air.start()
    for k in range(5):
        picture, _ = air.scan(picture, reporter.scan(START_S + k, [low]))
    before = picture.states.existence.max()
    for k in range(5, 10):
        picture, touched = air.scan(picture, far.scan(START_S + k))
        assert len(touched) == 0
    assert picture.states.existence.max() == before


def test_two_biased_sensors_make_one_track(air, make_site):
    rng = np.random.default_rng(3)
    one = make_site(1, POLAR, (0.0, 0.0, 0.0))
    two = make_site(2, POLAR, (25_000.0, 5_000.0, 0.0))
    picture = air.start()
    for k in range(60):
        for site, bias, late in ((one, np.radians(0.2), 0.1), (two, np.radians(-0.15), -0.1)):
            scan = noisy(site, site.scan(START_S + k, [where(k)]), rng)
            d = scan.detections
            d = dataclasses.replace(
                d,
                azimuth_rad=d.azimuth_rad + bias,
                range_m=d.range_m + (80.0 if site is one else -60.0),
                time_s=d.time_s + late,
            )
            picture, _ = air.scan(picture, dataclasses.replace(scan, detections=d))
        picture, rap = air.tick(picture, START_S + k + 0.2)
    assert len(rap) == 1
    assert rap.sensors[0] == 2
    assert np.hypot(rap.east_m[0] - where(59)[0], rap.north_m[0] - where(59)[1]) < 150.0


def test_a_bearing_sharpens_a_track_and_starts_none(air, make_site):
    radar, ear = make_site(1, POLAR), make_site(
        2, Measures.AZIMUTH, (9_000.0, -8_000.0, 0.0), sigma_azimuth_rad=0.002,
        clutter_per_look=0.01,
    )  # fmt: skip
    picture = air.start()
    for k in range(5):
        picture, _ = air.scan(picture, ear.scan(START_S + k, [where(k)]))
    assert len(picture.states) == 0
    picture, _ = followed(air, radar, 6, start=5)
    before = picture.states.covariance[0, 0, 0]
    heard, _ = air.scan(picture, ear.scan(START_S + 10, [where(10)]))
    assert len(heard.states) == len(picture.states)
    assert heard.states.covariance[0, 0, 0] < 0.9 * before
    silent, touched = air.scan(picture, ear.scan(START_S + 10))
    assert len(touched) == 0
    np.testing.assert_array_equal(silent.states.existence, picture.states.existence)


def test_an_absent_report_says_nothing_of_a_track_that_never_answered(air, make_site):
    radar = make_site(1, POLAR)
    receiver = make_site(2, Measures.POSITION | Measures.ADDRESS, kind="ads-b")
    picture, _ = followed(air, radar, 10)
    after, _ = air.scan(picture, receiver.scan(START_S + 9))
    np.testing.assert_array_equal(after.states.existence, picture.states.existence)
    answered = picture
    for k in (9, 10):
        answered, _ = air.scan(answered, receiver.scan(START_S + k, [where(k)], address=[5]))
    silent, _ = air.scan(answered, receiver.scan(START_S + 11))
    assert silent.states.existence[0] < answered.states.existence[0]


def test_a_plot_with_a_hole_is_skipped_and_counted(air, make_site):
    site = make_site(1, POLAR)
    scan = site.scan(START_S, [where(0), where(0) + 3000.0])
    d = dataclasses.replace(scan.detections, range_m=np.array([np.nan, 9000.0]))
    picture, _ = air.scan(air.start(), dataclasses.replace(scan, detections=d))
    assert len(picture.states) == 1
    assert picture.counts.unusable[0] == 1
    assert np.isfinite(picture.states.state).all()


def test_scans_and_plots_that_come_twice_count_once(air, make_site):
    site = make_site(1, POLAR)
    picture, _ = followed(air, site, 5)
    scan = site.scan(START_S + 5, [where(5), where(5)])
    once, _ = air.scan(picture, scan)
    assert once.counts.repeated[0] == 1
    twice, touched = air.scan(once, scan)
    assert len(touched) == 0
    assert twice.counts.scans_repeated[0] == 1
    np.testing.assert_array_equal(twice.states.state, once.states.state)


def test_a_target_heard_twice_in_one_scan_stays_one_track(air, make_site):
    receiver = make_site(1, Measures.POSITION | Measures.ADDRESS, clutter_per_look=0.0)
    picture = air.start()
    for k in range(10):
        scan = receiver.scan(START_S + k, [where(k - 0.5), where(k)], address=[77, 77])
        d = dataclasses.replace(scan.detections, time_s=START_S + k - np.array([0.5, 0.0]))
        picture, _ = air.scan(picture, dataclasses.replace(scan, detections=d))
        picture, rap = air.tick(picture, START_S + k)
    assert len(rap) == 1
    assert rap.address[0] == 77


@pytest.mark.parametrize("late_s", [0.5, 3.0, 9.5, 40.0])
def test_late_scans_neither_crash_nor_pull_the_track_back(air, make_site, late_s):
    site, other = make_site(1, POLAR), make_site(2, POLAR, (3_000.0, 0.0, 0.0))
    picture, _ = followed(air, site, 20)
    time_s, count = picture.states.time_s[0], len(picture.states)
    scan = other.scan(START_S + 19.0 - late_s, [where(19.0 - late_s)], delay_s=late_s)
    picture, _ = air.scan(picture, scan)
    picture, rap = air.tick(picture, START_S + 20)
    assert len(picture.states) == count
    assert picture.states.time_s[0] == time_s
    assert np.isfinite(picture.states.state).all()
    assert np.hypot(rap.east_m[0] - where(20)[0], rap.north_m[0] - where(20)[1]) < 80.0
    assert picture.counts.out_of_time[0] == (late_s > 15.0)


def test_the_order_of_detections_does_not_matter(air, make_site):
    rng = np.random.default_rng(5)
    targets = rng.uniform([2e3, 2e3, 300.0], [3e4, 3e4, 2e3], (30, 3))
    reports = []
    for order in (np.arange(30), rng.permutation(30)):
        site, picture = make_site(1, POLAR), air.start()
        for k in range(5):
            picture, _ = air.scan(picture, site.scan(START_S + k, (targets + 20.0 * k)[order]))
        picture, rap = air.tick(picture, START_S + 5)
        key = np.argsort(rap.east_m)
        reports.append(np.stack([rap.east_m, rap.north_m, rap.up_m, rap.existence])[:, key])
    np.testing.assert_allclose(reports[0], reports[1], rtol=1e-9)


def test_turning_sensor_and_target_together_turns_the_track(theatre, make_site):
    parameters = PictureParameters(acceleration_vertical_m2ps3=4.0, climb_mps=100.0)
    air = AirPicture(theatre, parameters, BeliefPropagation())
    found = []
    for turn in (np.eye(3), np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])):
        site, picture = make_site(1, POLAR), air.start()
        for k in range(6):
            picture, _ = air.scan(picture, site.scan(START_S + k, [turn @ where(k)]))
        full = np.kron(np.eye(2), turn)
        found.append(
            (full.T @ picture.states.state[0], full.T @ picture.states.covariance[0] @ full)
        )
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-7, atol=1e-5)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6, atol=1e-4)


def test_an_empty_look_at_an_empty_sky(air, make_site):
    picture, touched = air.scan(air.start(), make_site(1, POLAR).scan(START_S))
    picture, rap = air.tick(picture, START_S)
    assert len(touched) == len(rap) == 0


def test_a_flat_radar_gives_a_track_without_height_and_any_column_may_be_read_only(air, make_site):
    site = make_site(1, Measures.RANGE | Measures.AZIMUTH)
    picture = air.start()
    for k in range(12):
        scan = site.scan(START_S + k, [where(k)])
        columns = {n: c.copy() for n, c in scan.detections.columns().items()}
        for column in columns.values():
            column.setflags(write=False)
        picture, _ = air.scan(picture, dataclasses.replace(scan, detections=Detections(**columns)))
        picture, rap = air.tick(picture, START_S + k)
    assert len(rap) == 1
    assert rap.sd_vertical_m[0] > 300.0
    assert np.hypot(rap.east_m[0] - where(11)[0], rap.north_m[0] - where(11)[1]) < 700.0
