import itertools
import math

import numpy as np
import pytest

from chowki.core.records import TrackStatus
from chowki.picture.associators import BeliefPropagation
from chowki.picture.config import TrackerConfig
from chowki.picture.plane import PlaneTracker

START, GOING, SIGMA_M = np.array([2e3, 3e3]), np.array([40.0, -25.0]), 20.0
DETECTION, CLUTTER, SURVIVAL = 0.9, 1e-6, 0.98


def config_of(sensors=None, **parts):
    sensor = {
        "kind": "position", "sigma_m": SIGMA_M, "detection_probability": DETECTION,
        "clutter_per_m2": CLUTTER, "area_m": [0.0, 0.0, 1e4, 1e4],
    }  # fmt: skip
    told = {
        "sensor": [sensor | one for one in sensors or [{}]],
        "target": {"survival_probability": SURVIVAL, "birth_per_m2": 1e-8, "initial_per_m2": 1e-6},
    }
    for name, part in parts.items():
        told[name] = told.get(name, {}) | part
    return TrackerConfig.model_validate(told)


class Follower:
    """A tracker and its state, fed with what lies where it is told."""

    def __init__(self, config, tracker=PlaneTracker):
        self.config, self.tracker = config, tracker(config, BeliefPropagation())
        self.state, self.found = self.tracker.start(), None

    def scan(self, at_s, positions=(), times=None, sensor=0):
        plots = np.array(positions, dtype=np.float64).reshape(-1, 2)
        times = np.full(len(plots), float(at_s)) if times is None else np.array(times)
        self.state, self.found = self.tracker.scan(
            self.state, self.config.sensor[sensor], float(at_s), times, plots
        )
        return self.tracker.estimates(self.state)

    def follow(self, scans, first=0, rng=None, at=START, going=GOING):
        for k in range(first, first + scans):
            noise = 0.0 if rng is None else SIGMA_M * rng.standard_normal(2)
            told = self.scan(k, [at + k * going + noise])
        return told


def test_one_target_becomes_one_confirmed_track():
    told = Follower(config_of()).follow(12, rng=np.random.default_rng(1))
    assert len(told) == 1
    assert told.track[0] == 1
    assert told.status[0] == TrackStatus.CONFIRMED
    assert told.time_s[0] == 11.0
    assert told.existence[0] > 0.99
    off = np.array([told.x_m[0], told.y_m[0]]) - START - 11 * GOING
    spread = np.array([[told.covariance[0, 0], told.covariance[0, 1]],
                       [told.covariance[0, 1], told.covariance[0, 3]]])  # fmt: skip
    assert off @ np.linalg.solve(spread, off) < 13.8  # chi-square of two, one in a thousand
    assert np.sqrt(np.trace(spread)) < 1.3 * SIGMA_M
    assert np.hypot(told.vx_mps[0] - 40.0, told.vy_mps[0] + 25.0) < 15.0
    assert told.z_m[0] == told.vz_mps[0] == 0.0
    np.testing.assert_array_equal(told.modes, [[1.0, 0.0, 0.0]])


def test_existence_is_that_of_the_bernoulli_filter_by_hand():
    """One plot, one miss, one plot: births, survival and undetected targets by the formulas."""
    one = Follower(config_of())
    one.scan(0, [START])
    b = DETECTION * 1e-6
    r = b / (CLUTTER + b)
    assert one.state.rows[6][0] == pytest.approx(r)
    assert one.state.density == pytest.approx(1e-6 * (1.0 - DETECTION))
    one.scan(1)
    now = SURVIVAL * r
    r = now * (1.0 - DETECTION) / (1.0 - now * DETECTION)
    assert one.state.rows[6][0] == pytest.approx(r)
    unseen = SURVIVAL * 1e-6 * (1.0 - DETECTION) + 1e-8
    assert one.state.density == pytest.approx(unseen * (1.0 - DETECTION))
    one.scan(2, [START + np.array([10.0, 0.0])])
    now, unseen = SURVIVAL * r, SURVIVAL * unseen * (1.0 - DETECTION) + 1e-8
    spread = 2.0 * SIGMA_M**2 + 4.0 * 900.0 + 8.0 / 3.0
    n = math.exp(-0.5 * 100.0 / spread) / (2.0 * math.pi * spread)
    w, c = now * DETECTION * n, CLUTTER + DETECTION * unseen
    share = w / (w + c * (1.0 - now * DETECTION))
    left = (1.0 - share) * now * (1.0 - DETECTION) / (1.0 - now * DETECTION)
    assert one.state.rows[6][0] == pytest.approx(share + left, rel=1e-9)
    assert one.state.number.tolist() == [1, 2]
    assert one.state.rows[6][1] == pytest.approx((1.0 - share) * DETECTION * unseen / c, rel=1e-9)


def test_gaussian_births_age_like_the_density():
    birth = {"weight": 0.01, "initial_weight": 2.0, "mean_m": [2e3, 3e3], "sd_m": [150.0, 80.0],
             "speed_sd_mps": 5.0}  # fmt: skip
    config = config_of(target={"birth_per_m2": 0.0, "initial_per_m2": 0.0, "birth": [birth]})
    one = Follower(config)
    told = one.scan(0, [START + np.array([30.0, 0.0])])
    assert len(told) == 1
    s = 150.0**2 + SIGMA_M**2
    assert told.x_m[0] == pytest.approx(2e3 + 30.0 * 150.0**2 / s)
    assert told.covariance[0, 0] == pytest.approx(150.0**2 * SIGMA_M**2 / s)
    assert one.state.rows[1][0, 2, 2] == pytest.approx(25.0)
    np.testing.assert_allclose(one.state.expected, [2.0 * 0.1])
    one.scan(3)
    want = SURVIVAL**3 * 0.2 + 3 * 0.01
    np.testing.assert_allclose(one.state.expected, [want * 0.1])


def test_existence_falls_with_empty_scans_and_the_track_ends():
    one = Follower(config_of())
    before = one.follow(10)
    assert before.status[0] == TrackStatus.CONFIRMED
    seen = [before.existence[0]]
    for k in range(10, 30):
        told = one.scan(k)
        assert (told.status == TrackStatus.COASTING).all()
        seen.append(one.state.rows[6][0] if len(one.state.number) else 0.0)
    assert all(b < a or b == a == 0.0 for a, b in itertools.pairwise(seen))
    assert seen[-1] == 0.0
    told = one.follow(6, first=40)
    assert told.track.tolist() != [1]
    assert told.track[0] > 1


def test_a_confirmed_track_is_told_a_little_longer_than_a_new_one_is_told_at_all():
    config = config_of(report={"existence": 0.5, "hold": 0.2, "confirmed": 0.9})
    one = Follower(config)
    one.follow(8)
    told = [(len(one.scan(k)), one.state.rows[6][0]) for k in range(8, 12)]
    assert any(0.1 < existence < 0.5 for _, existence in told)
    assert all(n == (existence > 0.1) for n, existence in told)
    young = Follower(config_of(target={"initial_per_m2": 1e-7}, report={"hold": 0.2}))
    told = young.scan(0, [START])
    assert young.state.rows[6][0] < 0.5
    assert len(told) == 0
    assert young.scan(1, [START + GOING]).status.tolist() == [TrackStatus.TENTATIVE]


def test_a_track_that_leaves_the_only_area_there_is_soon_ends():
    at, going = np.array([9_700.0, 5e3]), np.array([60.0, 0.0])
    one = Follower(config_of())
    one.follow(5, at=at, going=going)
    assert one.state.rows[6][0] > 0.95
    told = [len(one.scan(k)) for k in range(5, 9)]
    assert told[-1] == 0


def test_a_sensor_that_does_not_cover_a_track_does_not_miss_it():
    two = Follower(config_of([{"id": "a"}, {"id": "b", "area_m": [1e4, 0.0, 2e4, 1e4]}]))
    for k in range(10):
        seen = two.scan(k, [[15e3 + 40.0 * k, 5e3]], sensor=1)
        unseen = two.scan(k + 0.5, sensor=0)
    assert len(seen) == len(unseen) == 1
    assert unseen.existence[0] == pytest.approx(SURVIVAL**0.5 * seen.existence[0], rel=1e-9)


def test_a_plot_has_its_own_time():
    """A plot four tenths of a second before its scan says where the target was then."""
    plain, early = Follower(config_of()), Follower(config_of())
    for k in range(8):
        plain.scan(k + 0.6, [START + (k + 0.6) * GOING])
        told = early.scan(k + 1.0, [START + (k + 0.6) * GOING], [k + 0.6])
    np.testing.assert_array_equal(early.state.rows[5], plain.state.rows[5])
    np.testing.assert_allclose(early.state.rows[0], plain.state.rows[0], rtol=1e-9)
    x = plain.state.rows[0][0]
    np.testing.assert_allclose([told.x_m[0], told.y_m[0]], x[:2] + 0.4 * x[2:], rtol=1e-9)
    assert told.status[0] == TrackStatus.COASTING  # not seen at the time of the scan itself


def test_two_sensors_are_weighed_by_their_noise():
    one = Follower(config_of([{"id": "good", "sigma_m": 5.0}, {"id": "poor", "sigma_m": 80.0}]))
    for k in range(10):
        one.scan(k, [START + k * GOING], sensor=0)
        told = one.scan(k, [START + k * GOING + [60.0, 0.0]], sensor=1)
    assert len(told) == 1
    assert abs(told.x_m[0] - START[0] - 9 * GOING[0]) < 3.0


def crowd(seed, scans=15, n=6):
    rng = np.random.default_rng(seed)
    x, v = rng.uniform(3e3, 4e3, (n, 2)), rng.uniform(-30.0, 30.0, (n, 2))
    x[1:3], v[1:3] = x[0] + rng.normal(0.0, 40.0, (2, 2)), v[0] + rng.normal(0.0, 3.0, (2, 2))
    for k in range(scans):
        seen = (x + k * v)[rng.random(n) < DETECTION]
        false = rng.uniform(2e3, 5e3, (rng.poisson(9.0), 2))
        yield k, np.concatenate([seen + SIGMA_M * rng.standard_normal(seen.shape), false])


class GeneralTracker(PlaneTracker):
    """The same by the kernels that know modes, late plots and noise of each plot."""

    def _quick(self, rows, seen):
        return False


@pytest.mark.parametrize("hypotheses", [1, 100])
def test_the_quick_way_gives_the_tracks_of_the_general_way(hypotheses):
    config = config_of(association={"hypotheses": hypotheses})
    for seed in range(5):
        quick, general = Follower(config), Follower(config, GeneralTracker)
        for k, plots in crowd(seed):
            one, other = quick.scan(k, plots), general.scan(k, plots)
            np.testing.assert_array_equal(one.track, other.track)
            np.testing.assert_array_equal(one.status, other.status)
            for name in ("x_m", "y_m", "vx_mps", "vy_mps", "existence", "covariance"):
                np.testing.assert_allclose(
                    getattr(one, name), getattr(other, name), rtol=1e-7, atol=1e-6
                )
        assert len(quick.state.number) > 3


def test_a_plot_is_shared_out_among_its_causes():
    """With marginals alone the causes of a plot, one of them new, have one probability in all."""
    one, most = Follower(config_of(association={"hypotheses": 1})), 0.0
    for k, plots in crowd(3):
        one.scan(k, plots)
        pairs = one.found.pairs()
        share = np.bincount(pairs.plot, pairs.probability, len(plots))
        assert (share <= 1.0 + 1e-4).all()
        assert set(pairs.track[pairs.probability > 0.5]) <= set(one.state.number.tolist())
        most = max(most, np.median(share))
    assert most > 0.9


def test_several_modes_follow_a_turn_and_say_so():
    rate, found = 0.12, {}
    for model in ("cv", "imm"):
        one, x, v = Follower(config_of(motion={"model": model})), START.copy(), GOING.copy()
        rng, errors = np.random.default_rng(2), []
        for k in range(40):
            told = one.scan(k, [x + SIGMA_M * rng.standard_normal(2)])
            if k > 12:
                errors.append(np.hypot(told.x_m[0] - x[0], told.y_m[0] - x[1]))
            np.testing.assert_allclose(told.modes.sum(axis=1), 1.0, atol=1e-9)
            angle = rate if k >= 10 else 0.0
            c, s = math.cos(angle), math.sin(angle)
            x, v = x + v, np.array([[c, -s], [s, c]]) @ v
        found[model] = np.sqrt(np.mean(np.square(errors)))
        turning = told.modes[0, 1]
    assert found["imm"] < 0.8 * found["cv"]
    assert turning > 0.5


def test_a_target_that_stops_is_seen_to_hover():
    one, rng = Follower(config_of(motion={"model": "imm"})), np.random.default_rng(3)
    for k in range(60):
        at = START + GOING * min(k, 15)
        told = one.scan(k, [at + SIGMA_M * rng.standard_normal(2)])
        if k == 14:
            assert told.modes[0, 2] < 0.3
    assert told.modes[0, 2] > 0.5
    assert np.hypot(told.vx_mps[0], told.vy_mps[0]) < 5.0


def test_a_floor_that_no_birth_reaches_is_lowered():
    """Else rare births among dense clutter would leave the picture empty for ever."""
    target = {"birth_per_m2": 1e-8, "initial_per_m2": 0.0}
    config = config_of([{"clutter_per_m2": 1e-5}], target=target, report={"drop": 0.01})
    assert len(Follower(config).follow(12)) == 1


def test_plots_stamped_after_their_scan_leave_covariances_positive():
    """A track is then younger than the next scan, which is late for it."""
    one = Follower(config_of([{"sigma_m": 5.0}], motion={"accel_psd_m2ps3": 50.0}))
    for k in range(6):
        one.scan(4.0 * k, [START], [4.0 * k + 3.0])
    one.scan(21.0, [START])
    assert len(one.state.number) == 1
    assert np.linalg.eigvalsh(one.state.rows[1][0]).min() > 0.0
