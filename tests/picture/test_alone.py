import numpy as np
import pytest

from chowki.core.errors import UsageError
from chowki.core.records import TrackStatus
from chowki.picture import Tracker, TrackerConfig

AREA = [0.0, 0.0, 10_000.0, 10_000.0]
RADAR = {
    "kind": "radar", "sigma_range_m": 40.0, "sigma_azimuth_deg": 0.2, "sigma_elevation_deg": 0.3,
    "detection_probability": 0.9, "clutter_per_scan": 5.0, "range_max_m": 40_000.0,
}  # fmt: skip


def position(**more):
    return {
        "kind": "position", "sigma_m": 30.0, "detection_probability": 0.9,
        "clutter_per_m2": 1e-7, "area_m": AREA, **more,
    }  # fmt: skip


def config(sensor, **parts):
    target = {"birth_per_m2": 1e-9, "initial_per_m2": 1e-8, "survival_probability": 0.999}
    return TrackerConfig.model_validate({"sensor": sensor, "target": target, **parts})


def scene(rng, scans, targets=6, clutter=10):
    x = np.concatenate(
        [rng.uniform(2_000, 8_000, (targets, 2)), rng.normal(0, 30, (targets, 2))], axis=1
    )
    for k in range(scans):
        moved = x[:, :2] + k * x[:, 2:]
        seen = moved[rng.random(targets) < 0.9]
        false = rng.uniform(0, 10_000, (rng.poisson(clutter), 2))
        noisy = np.concatenate([seen + 30.0 * rng.standard_normal(seen.shape), false])
        yield float(k), noisy, moved


def columns(tracks):
    return np.stack([tracks.x_m, tracks.y_m, tracks.vx_mps, tracks.existence], axis=1)


def test_targets_are_followed_one_track_each():
    tracker, rng = Tracker(config(position())), np.random.default_rng(2)
    for at_s, plots, truth in scene(rng, 30):
        tracks, moved = tracker.scan(at_s, plots), truth
    found = np.stack([tracks.x_m, tracks.y_m], axis=1)
    apart = np.linalg.norm(moved[:, None] - found[None], axis=2)
    assert len(found) == len(moved)
    assert (apart.min(axis=1) < 90.0).all()
    assert (tracks.status != TrackStatus.TENTATIVE).all()
    np.testing.assert_array_equal(tracks.modes, np.tile([1.0, 0.0, 0.0], (len(found), 1)))


@pytest.mark.parametrize("late", [1, 4, 9])
def test_a_late_scan_gives_what_scans_in_order_give(late):
    scans = list(scene(np.random.default_rng(5), 25))
    ordered, shuffled = Tracker(config(position())), Tracker(config(position()))
    for at_s, plots, _ in scans:
        expected = ordered.scan(at_s, plots)
    held = scans[12]
    for at_s, plots, _ in scans[:12] + scans[13 : 13 + late]:
        shuffled.scan(at_s, plots)
    shuffled.scan(held[0], held[1])
    for at_s, plots, _ in scans[13 + late :]:
        got = shuffled.scan(at_s, plots)
    np.testing.assert_array_equal(columns(got), columns(expected))
    np.testing.assert_array_equal(got.track, expected.track)


def test_a_scan_that_is_too_late_is_refused_with_what_would_help():
    tracker = Tracker(config(position()))
    for at_s, plots, _ in scene(np.random.default_rng(5), 25):
        tracker.scan(at_s, plots)
    with pytest.raises(UsageError, match=r"late_s"):
        tracker.scan(3.0, np.empty((0, 2)))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_bit(threads):
    sensor = position(clutter_per_m2=1e-5)
    tracker = Tracker(config(sensor, motion={"model": "imm"}, association={"threads": threads}))
    for at_s, plots, _ in scene(np.random.default_rng(7), 6, targets=60, clutter=1_500):
        tracks = tracker.scan(at_s, plots)
    alone = Tracker(config(sensor, motion={"model": "imm"}))
    for at_s, plots, _ in scene(np.random.default_rng(7), 6, targets=60, clutter=1_500):
        expected = alone.scan(at_s, plots)
    np.testing.assert_array_equal(columns(tracks), columns(expected))


def circling(k, rate=0.1, speed=50.0):
    angle = rate * k
    radius = speed / rate
    return np.array([radius * np.sin(angle), 15_000.0 + radius * np.cos(angle), 800.0])


def polar(x, rng):
    slant = np.linalg.norm(x) + 40.0 * rng.standard_normal()
    azimuth = np.degrees(np.arctan2(x[0], x[1])) + 0.2 * rng.standard_normal()
    elevation = np.degrees(np.arcsin(x[2] / np.linalg.norm(x))) + 0.3 * rng.standard_normal()
    return [slant, azimuth, elevation]


@pytest.mark.parametrize("columns_seen", [2, 3])
def test_a_radar_follows_a_turn_and_says_that_it_is_one(columns_seen):
    target = {"birth_per_m2": 1e-10, "initial_per_m2": 1e-8, "speed_sd_mps": 60.0}
    told = config(RADAR, motion={"model": "imm", "accel_psd_m2ps3": 0.5}, target=target)
    tracker, rng = Tracker(told), np.random.default_rng(1)
    turning = []
    for k in range(40):
        tracks = tracker.scan(float(k), [polar(circling(k), rng)[:columns_seen]])
        turning.append(tracks.modes[0, 1] if len(tracks) else 0.0)
    assert len(tracks) == 1
    assert np.hypot(tracks.x_m - circling(39)[0], tracks.y_m - circling(39)[1])[0] < 120.0
    assert np.mean(turning[15:]) > 0.5


def test_two_radars_that_measure_no_height_find_it_together():
    sensors = [
        {**RADAR, "id": "a"},
        {**RADAR, "id": "b", "position_m": [12_000.0, 14_000.0, 0.0]},
    ]
    told = config(sensors, target={"birth_per_m2": 1e-10, "height_m": 3_000.0,
                                   "height_sd_m": 2_000.0, "speed_sd_mps": 60.0})  # fmt: skip
    tracker, rng = Tracker(told), np.random.default_rng(3)
    for k in range(60):
        x = np.array([9_000.0 + 20.0 * k, 13_000.0, 4_500.0])
        for name, origin in (("a", np.zeros(3)), ("b", np.array([12_000.0, 14_000.0, 0.0]))):
            tracks = tracker.scan(float(k), [polar(x - origin, rng)[:2]], name)
    assert len(tracks) == 1
    assert tracks.z_m[0] == pytest.approx(4_500.0, abs=3.0 * np.sqrt(tracks.covariance[0, 5]))
    assert np.sqrt(tracks.covariance[0, 5]) < 400.0


def test_positions_with_height_are_tracked_in_space():
    tracker, rng = Tracker(config(position()), height=True), np.random.default_rng(4)
    for k in range(10):
        x = np.array([4_000.0 + 40.0 * k, 5_000.0, 900.0])
        tracks = tracker.scan(float(k), [x + 30.0 * rng.standard_normal(3)])
    assert tracks.z_m[0] == pytest.approx(900.0, abs=90.0)


def test_the_baseline_starts_with_the_third_plot_and_ends_with_the_third_miss():
    told = config(position(), association={"method": "global-nearest-neighbour"})
    tracker, reported = Tracker(told), []
    for k in range(10):
        seen = [[4_000.0 + 30.0 * k, 5_000.0]] if k < 5 else np.empty((0, 2))
        reported.append(len(tracker.scan(float(k), seen)))
    assert reported == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]


def test_pairs_of_a_scan_sum_to_one_for_each_plot_of_a_known_target():
    tracker, rng = Tracker(config(position())), np.random.default_rng(2)
    for at_s, plots, _ in scene(rng, 20):
        tracker.scan(at_s, plots)
        total = np.bincount(tracker.pairs.plot, tracker.pairs.probability, len(plots))
        assert (total < 1.0 + 1e-6).all()
    assert total.max() > 0.999


@pytest.mark.parametrize(
    ("plots", "sensor", "words"),
    [([[1.0]], "", "columns"), ([[1.0, 2.0]], "nobody", "no sensor"), ([1.0, 2.0], "", "shape")],
)
def test_what_is_no_scan_is_refused(plots, sensor, words):
    with pytest.raises(UsageError, match=words):
        Tracker(config(position())).scan(0.0, plots, sensor)


def test_plots_that_are_not_numbers_are_left_out():
    tracker = Tracker(config(position()))
    for k in range(5):
        tracks = tracker.scan(float(k), [[4_000.0 + k, 5_000.0], [np.nan, 1.0], [np.inf, 2.0]])
    assert len(tracks) == 1


@pytest.mark.parametrize("birth", [1e-9, 1e-11, 1e-13])
@pytest.mark.parametrize("model", ["cv", "imm"])
def test_a_target_that_nobody_expected_is_found_all_the_same(birth, model):
    target = {"birth_per_m2": birth, "initial_per_m2": birth, "survival_probability": 0.999}
    sensor = position(clutter_per_m2=1e-6, detection_probability=0.95)
    tracker, rng = Tracker(config(sensor, target=target, motion={"model": model})), (
        np.random.default_rng(3)
    )  # fmt: skip
    for k in range(25):
        at = np.array([2_000.0 + 40.0 * k, 3_000.0])
        false = rng.uniform(0, 10_000, (rng.poisson(100), 2))
        plots = np.concatenate([at[None] + 30.0 * rng.standard_normal((1, 2)), false])
        tracks = tracker.scan(float(k), plots)
    assert len(tracks) == 1
    assert np.hypot(tracks.x_m[0] - at[0], tracks.y_m[0] - at[1]) < 60.0


def ear(name, x_m, y_m):
    return {
        "id": name, "kind": "bearing", "sigma_azimuth_deg": 1.5, "detection_probability": 0.9,
        "clutter_per_scan": 0.2, "range_max_m": 30_000.0, "scan_period_s": 3.0,
        "position_m": [x_m, y_m, 20.0],
    }  # fmt: skip


@pytest.mark.parametrize("ears", [1, 3])
def test_bearings_of_several_sensors_start_a_track_and_those_of_one_do_not(ears):
    places = {"west": (-5_000.0, 0.0), "east": (5_000.0, 0.0), "north": (0.0, 9_000.0)}
    names, rng = list(places)[:ears], np.random.default_rng(8)
    stated = [ear(name, *places[name]) for name in names]
    target = {
        "birth_per_m2": 1e-12, "initial_per_m2": 5e-10, "survival_probability": 0.999,
        "height_m": 300.0, "height_sd_m": 150.0, "speed_sd_mps": 20.0,
    }  # fmt: skip
    tracker = Tracker(TrackerConfig.model_validate({"sensor": stated, "target": target}))
    place, velocity = np.array([1_000.0, 6_000.0]), np.array([15.0, -20.0])
    for k in range(20 * ears):
        name, at_s = names[k % ears], 3.0 * k / ears
        east, north = place + at_s * velocity - places[name]
        true = [np.degrees(np.arctan2(east, north)) + 1.5 * rng.standard_normal()]
        bearings = np.array([*true[: rng.random() < 0.9], *rng.uniform(0, 360, rng.poisson(0.2))])
        tracks = tracker.scan(at_s, bearings[:, None] % 360.0, sensor=name)
    assert len(tracks) == (1 if ears > 1 else 0)
    if ears > 1:
        off = np.array([tracks.x_m[0], tracks.y_m[0]]) - place - at_s * velocity
        assert np.hypot(*off) < 600.0
        assert np.hypot(tracks.vx_mps[0] - 15.0, tracks.vy_mps[0] + 20.0) < 15.0
        assert tracks.existence[0] > 0.9
