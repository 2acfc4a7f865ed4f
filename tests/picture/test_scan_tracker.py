"""The scan tracker in skies that are not as simple as its model: spots, cells, late scans."""

import dataclasses
import math

import numpy as np
import pytest

from chowki.core.places import Measures, Volume
from chowki.core.records import Detections, TrackStatus
from chowki.kernels.geodesy import vertical_and_height
from chowki.kernels.resolution import cell_of
from chowki.picture import AirPicture, PictureParameters
from chowki.picture.associators import BeliefPropagation

START_S = 1_700_000_000.0
POLAR, FLAT = Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION, (
    Measures.RANGE | Measures.AZIMUTH
)  # fmt: skip
RADAR = {
    "volume": Volume(300.0, 45_000.0, elevation_min_rad=-0.03, elevation_max_rad=0.8),
    "period_s": 6.0,
    "detection_probability": 0.8,
    "clutter_per_look": 4.0,
    "sigma_range_m": 3.0,
    "sigma_azimuth_rad": 0.0015,
    "sigma_elevation_rad": 0.004,
    "reference_rcs_m2": 0.03,
    "reference_range_m": 39_000.0,
}
SNR_DB = 25.0
SNR = math.log(1e-6) / math.log(0.8) - 1.0  # of the reference target, at its range


@pytest.fixture
def air(theatre):
    return AirPicture(theatre, PictureParameters(), BeliefPropagation())


def looks(site, time_s, places, rng, clutter=0.0, delay_s=0.5, seen=0.95, snr_db=SNR_DB):
    """Return one look of a radar at some places, with noise, misses and false plots."""
    shown = [p for p in places if rng.random() < seen]
    for _ in range(rng.poisson(clutter)):
        slant, azimuth = rng.uniform(2e3, 45e3), rng.uniform(0, 2 * math.pi)
        up = slant * math.sin(rng.uniform(0.0, 0.3))
        away = np.array([slant * math.sin(azimuth), slant * math.cos(azimuth), up])
        shown.append(site.sensor.position_m + away)
    scan = site.scan(time_s, shown, delay_s=delay_s)
    d, s = scan.detections, site.sensor
    if not len(d):
        return scan
    noise = rng.standard_normal((3, len(d)))
    columns = {
        "range_m": d.range_m + s.sigma_range_m * noise[0],
        "azimuth_rad": (d.azimuth_rad + s.sigma_azimuth_rad * noise[1]) % (2 * math.pi),
        "elevation_rad": d.elevation_rad + np.nan_to_num(s.sigma_elevation_rad) * noise[2],
        "snr_db": np.full(len(d), snr_db),
        "rcs_dbsm": np.full(len(d), -14.0),
    }
    return dataclasses.replace(scan, detections=dataclasses.replace(d, **columns))


def confirmed(rap):
    return np.isin(rap.status, (TrackStatus.CONFIRMED, TrackStatus.COASTING))


def test_spots_where_false_plots_recur_found_no_tracks_for_long(air, make_site):
    rng, site, picture = np.random.default_rng(2), make_site(1, POLAR, **RADAR), air.start()
    angle = rng.uniform(0, 2 * math.pi, 6)
    spots = 9e3 * np.column_stack([np.sin(angle), np.cos(angle), np.full(6, 0.005)])
    numbers = [set(), set()]
    for k in range(300):
        wide = np.array([400.0, 400.0, 30.0])
        places = [s + wide * rng.uniform(-1, 1, 3) for s in spots if rng.random() < 0.15]
        scan = looks(site, START_S + 6.0 * k, places, rng, 4.0, seen=1.0, snr_db=16.0)
        picture, _ = air.scan(picture, scan)
        for second in range(6):
            picture, rap = air.tick(picture, START_S + 6.0 * k + second + 0.5)
        numbers[k >= 100] |= set(rap.track[rap.status == TrackStatus.CONFIRMED].tolist())
    assert len(numbers[0]) <= 2
    assert len(numbers[1]) <= 1


def test_a_target_over_a_spot_keeps_its_track(air, make_site):
    rng, site, picture = np.random.default_rng(3), make_site(1, POLAR, **RADAR), air.start()
    spot = np.array([8e3, 8e3, 50.0])
    seen = []
    for k in range(140):
        places = [spot + 300.0 * rng.uniform(-1, 1, 3)] if rng.random() < 0.15 else []
        if k >= 80:
            places.append(spot + np.array([45.0, -10.0, 0.0]) * 6.0 * (k - 110) + [0, 0, 200.0])
        picture, _ = air.scan(picture, looks(site, START_S + 6.0 * k, places, rng, clutter=4.0))
        picture, rap = air.tick(picture, START_S + 6.0 * k + 0.5)
        if k >= 90:
            off = np.hypot(rap.east_m - places[-1][0], rap.north_m - places[-1][1])
            near = rap.track[confirmed(rap) & (off < 400.0)]
            seen.append(near[0] if len(near) else -1)
    assert len(set(seen)) == 1
    assert seen[0] > 0


def in_one_cell(air, make_site, seed):
    """Return the tracks before two targets come together, and while they give one plot alone."""
    rng, site, picture = np.random.default_rng(seed), make_site(1, POLAR, **RADAR), air.start()
    before, during, cell = set(), [], cell_of(3.0, 0.0015, SNR)
    for k in range(60):
        apart = 60.0 * abs(k - 30) + 30.0
        one = np.array([24e3 - 120.0 * k, 0.0, 700.0])
        two = one + np.array([0.0, apart, 0.0])
        merged = apart < 0.9 * cell[1] * one[0]
        places = [0.5 * (one + two)] if merged else [one, two]
        picture, _ = air.scan(picture, looks(site, START_S + 6.0 * k, places, rng))
        picture, rap = air.tick(picture, START_S + 6.0 * k + 0.5)
        if k == 15:
            before = set(rap.track[confirmed(rap)].tolist())
        if merged:
            during.append(set(rap.track.tolist()))
    return before, during


def test_two_targets_in_one_cell_stay_two_tracks_and_found_no_third(air, make_site):
    """They come together, give one plot between them for a minute and a half, and part again."""
    both = looks_in_all = 0
    for seed in range(4, 10):
        before, during = in_one_cell(air, make_site, seed)
        assert len(before) == 2
        assert all(told <= before for told in during)
        both += sum(before == told for told in during)
        looks_in_all += len(during)
    assert both >= 0.8 * looks_in_all


def test_a_second_plot_of_a_tracked_target_founds_no_second_track(air, make_site):
    rng, site, picture = np.random.default_rng(5), make_site(1, POLAR, **RADAR), air.start()
    for k in range(30):
        at = np.array([15e3, -4e3 + 240.0 * k, 500.0])
        picture, _ = air.scan(picture, looks(site, START_S + 6.0 * k, [at], rng))
    number = picture.states.track[picture.states.existence > 0.5]
    assert len(number) == 1
    at = np.array([15e3, -4e3 + 240.0 * 30, 500.0])
    across = 300.0 * np.array([-at[1], at[0], 0.0]) / math.hypot(*at[:2])
    alone, _ = air.scan(picture, looks(site, START_S + 180.0, [at + across], rng, seen=1.0))
    assert (alone.states.existence > 1e-2).sum() == 1


def test_heights_that_nothing_measures_stay_within_reason(air, make_site):
    flat = RADAR | {"sigma_elevation_rad": math.nan}
    site, picture = make_site(1, FLAT, **flat), air.start()
    rng = np.random.default_rng(6)
    for k in range(250):
        turn = 2 * math.pi * k / 60.0
        at = np.array([20e3 + 4e3 * math.sin(turn), 4e3 * math.cos(turn), 280.0])
        scan = looks(site, START_S + 6.0 * k, [at], rng)
        picture, _ = air.scan(picture, scan)
        picture, _ = air.tick(picture, START_S + 6.0 * k + 0.1)
    best = int(np.argmax(picture.states.existence))
    x, p = picture.states.state[best], picture.states.covariance[best]
    height = vertical_and_height(air._tracker.frame, *x[:3])[3]
    assert math.sqrt(p[2, 2]) < 300.0
    assert abs(height - 300.0) < 500.0
    assert math.hypot(x[0] - at[0], x[1] - at[1]) < 200.0


def test_looks_lower_what_is_undetected_and_time_brings_it_back(theatre, make_site):
    radar = make_site(1, POLAR, **RADAR)
    air = AirPicture(
        dataclasses.replace(theatre, sensors=(radar.sensor,)), PictureParameters(),
        BeliefPropagation(),
    )  # fmt: skip
    picture = air.start()
    for k in range(20):
        picture, _ = air.scan(picture, radar.scan(START_S + 6.0 * k))
        picture, _ = air.tick(picture, START_S + 6.0 * k + 3.0)
    rest = PictureParameters().small_per_km2 * 1e-6
    looked = picture.undetected.density[0]
    assert looked.min() < 0.1 * rest
    for k in range(60):
        picture, _ = air.tick(picture, START_S + 123.0 + 60.0 * k)
    assert picture.undetected.density[0].min() > 0.9 * rest
    assert picture.undetected.density[0].max() <= rest * (1.0 + 1e-9)


def test_every_sensor_of_many_is_counted(air, make_site):
    picture = air.start()
    numbers = [1, 2, 1_001, 1_024, 1_025, 2_048, 3_000]
    sites = [make_site(n, POLAR, (100.0 * n, 0.0, 0.0)) for n in range(len(numbers))]
    for site, number in zip(sites, numbers, strict=True):
        site.sensor = dataclasses.replace(site.sensor, number=number)
    for k in range(4):
        for site in sites:
            time_s = START_S + k
            scan = site.scan(time_s, [np.array([9e3, 12e3, 800.0]) + k * np.array([30.0, 0, 0])])
            picture, _ = air.scan(picture, scan)
    picture, rap = air.tick(picture, START_S + 4)
    assert rap.sensors[confirmed(rap)].tolist() == [len(numbers)]


def sky(rng):
    """Return 25 targets that fly straight, and how each flies."""
    angle, away = rng.uniform(0, 2 * math.pi, 25), rng.uniform(8e3, 30e3, 25)
    start = np.column_stack([away * np.sin(angle), away * np.cos(angle), rng.uniform(200, 900, 25)])
    course = rng.uniform(0, 2 * math.pi, 25)
    speed = rng.uniform(20, 60, 25)
    zero = np.zeros(25)
    return start, np.column_stack([speed * np.sin(course), speed * np.cos(course), zero])


def ended(air, make_site, seed, latest_s):
    """Return the distances of targets and their tracks after scans up to so late."""
    rng = np.random.default_rng(seed)
    start, going = sky(rng)
    sites = [make_site(n, POLAR, (6_000.0 * n, 2_000.0, 0.0), **RADAR) for n in (1, 2)]
    scans = [
        looks(site, START_S + t, list(start + t * going), rng, clutter=4.0, seen=0.85)
        for k in range(40) for site, t in ((sites[0], 6.0 * k), (sites[1], 6.0 * k + 2.5))
    ]  # fmt: skip
    late = [dataclasses.replace(s, time_s=s.time_s + latest_s * rng.random()) for s in scans]
    picture, second, end_s = air.start(), START_S, START_S + 248.0
    for scan in sorted(late, key=lambda s: s.time_s):
        while second < scan.time_s:
            picture, _ = air.tick(picture, second)
            second += 1.0
        picture, _ = air.scan(picture, scan)
    _, rap = air.tick(picture, end_s)
    at = np.column_stack([rap.east_m, rap.north_m, rap.up_m])[confirmed(rap)]
    off = np.linalg.norm(at[:, None] - (start + (end_s - START_S) * going)[None], axis=2)
    return len(at), np.sort(off.min(axis=0))[:-2]


def test_scans_up_to_ten_seconds_late_end_as_those_in_order_do(air, make_site):
    """Stated error: RMS error at most 1.1 x that of in-order processing, as many tracks.

    Over 92 targets of four skies: the ratio of one sky alone is known to some 15 %.
    """
    errors = {0.0: [], 10.0: []}
    for seed in range(1, 5):
        numbers = []
        for latest_s, off in errors.items():
            number, found = ended(air, make_site, seed, latest_s)
            numbers.append(number)
            off.append(found)
        assert numbers[0] >= 23
        assert abs(numbers[1] - numbers[0]) <= 1
    in_order, late = (np.sqrt(np.mean(np.concatenate(off) ** 2)) for off in errors.values())
    assert late <= 1.1 * in_order


def test_an_empty_scan_of_a_radar_is_a_message_too(air, make_site):
    rng, site, picture = np.random.default_rng(7), make_site(1, POLAR, **RADAR), air.start()
    for k in range(10):
        at = np.array([9e3 + 240.0 * k, 12e3, 800.0])
        picture, _ = air.scan(picture, looks(site, START_S + 6.0 * k, [at], rng, seen=1.0))
    before = picture.states.existence.max()
    quiet = dataclasses.replace(site.scan(START_S + 60.0), detections=Detections.empty())
    picture, _ = air.scan(picture, quiet)
    assert picture.states.existence.max() < before
