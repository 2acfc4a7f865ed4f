"""Biases from shared targets: labelled plots of known flights, without a tracker."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import Detections
from chowki.picture import registration as module
from chowki.picture.biases import (
    Registration,
    RegistrationParameters,
    allowance,
    bias_of,
    joint_covariance,
    prior_of,
    shifted,
)
from chowki.picture.registration import Flights, estimated, noted

SPACE = Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION
FLAT = Measures.RANGE | Measures.AZIMUTH
PLACED = Measures.POSITION | Measures.ADDRESS
SIGMA = {
    "sigma_range_m": 30.0,
    "sigma_azimuth_rad": math.radians(0.08),
    "sigma_elevation_rad": math.radians(0.15),
    "sigma_position_m": 15.0,
}
PSD, STEP_S, TARGETS = np.array([4.0, 4.0, 0.3]), 0.25, 10
STEADY = RegistrationParameters(memory_s=1e9)


def sensor(number, at, measures, period_s):
    return Sensor(number, f"s{number}", "radar", np.array(at, float), np.eye(3), measures,
                  Volume(0.0, 2e5), period_s, 0.9, 1.0, **SIGMA)  # fmt: skip


RADARS = (
    sensor(1, (0, 0, 0), SPACE, 4.0),
    sensor(2, (30e3, 5e3, 50), SPACE, 4.0),
    sensor(3, (-20e3, 40e3, 20), FLAT, 10.0),
)
ALL = (*RADARS, sensor(4, (0, 0, 0), PLACED, 1.0))


def flights(rng, span_s):
    """Flights with white acceleration, every 0.25 s: (steps, targets, 6)."""
    steps, n = int(span_s / STEP_S) + 1, TARGETS
    x = np.empty((steps, n, 6))
    x[0, :, :2], x[0, :, 2] = rng.uniform(-4e4, 4e4, (n, 2)), rng.uniform(2e3, 9e3, n)
    course, speed = rng.uniform(0, 2 * np.pi, n), rng.uniform(60, 230, n)
    x[0, :, 3:] = np.stack([speed * np.sin(course), speed * np.cos(course), 0 * speed], axis=1)
    for k in range(1, steps):
        a, b = np.sqrt(PSD) * rng.standard_normal((2, n, 3))
        x[k, :, :3] = x[k - 1, :, :3] + STEP_S * x[k - 1, :, 3:]
        x[k, :, :3] += STEP_S**1.5 * (0.5 * a + b / np.sqrt(12.0))
        x[k, :, 3:] = x[k - 1, :, 3:] + np.sqrt(STEP_S) * a
    return x


def at(x, time_s):
    k = min(int(time_s / STEP_S), len(x) - 1)
    now = x[k].copy()
    now[:, :3] += (time_s - k * STEP_S) * now[:, 3:]
    return now


def look(rng, s, x, start_s, number, bias):
    """A scan of one sensor, and which target each of its plots is of."""
    times = np.full(TARGETS, start_s)
    now = at(x, start_s)
    placed = bool(s.measures & Measures.POSITION)
    if not placed:
        azimuth = np.arctan2(*(now[:, :2] - s.position_m[:2]).T) % (2 * np.pi)
        times = start_s + s.period_s * azimuth / (2 * np.pi)
        now = np.stack([at(x, t)[j] for j, t in enumerate(times)])
    heard = np.flatnonzero(rng.random(TARGETS) < 0.9)
    d = now[heard, :3] - s.position_m
    ground, noise = np.hypot(d[:, 0], d[:, 1]), rng.standard_normal((3, len(heard)))
    if placed:
        z = now[heard, :3] + SIGMA["sigma_position_m"] * noise.T
        columns = dict(zip(("east_m", "north_m", "up_m"), z.T, strict=True))
    else:
        azimuth = np.arctan2(d[:, 0], d[:, 1]) + bias[1] + SIGMA["sigma_azimuth_rad"] * noise[1]
        columns = {
            "range_m": np.hypot(ground, d[:, 2]) + bias[0] + SIGMA["sigma_range_m"] * noise[0],
            "azimuth_rad": azimuth % (2 * np.pi),
        }
        if s.measures & Measures.ELEVATION:
            columns["elevation_rad"] = np.arctan2(d[:, 2], ground) + bias[2]
            columns["elevation_rad"] += SIGMA["sigma_elevation_rad"] * noise[2]
    end_s = start_s + (0.0 if placed else s.period_s)
    d = Detections.of(time_s=times[heard] + bias[3], **columns)
    return Scan(end_s, s, number, start_s, end_s, s.volume, d), heard


def followed(rng, x, time_s):
    """Tracks near the truth, as a tracker would have them."""
    sd = np.array([50.0, 50.0, 80.0, 5.0, 5.0, 3.0])
    state = at(x, time_s) + sd * rng.standard_normal((TARGETS, 6))
    covariance = np.tile(np.diag(sd**2), (TARGETS, 1, 1))
    return Flights(np.arange(1, TARGETS + 1), np.full(TARGETS, time_s), np.ones(TARGETS), state,
                   covariance)  # fmt: skip


def registered(seed, sensors=ALL, span_s=200.0, p=STEADY, jump=None, true=None):
    """Return what was found, what was true, and (time, sensor) of every jump flagged."""
    rng = np.random.default_rng(seed)
    x = flights(rng, span_s + 20.0)
    if true is None:
        true = np.array([rng.standard_normal(4) * np.sqrt(prior_of(s, p)) for s in sensors])
    events = sorted(
        (k * s.period_s + 0.37 * i, i, k)
        for i, s in enumerate(sensors)
        for k in range(int(span_s / s.period_s))
    )
    found, due_s, flagged = Registration(), 0.0, []
    for start_s, i, k in events:
        bias = true[i].copy()
        if jump and i == jump[1] and start_s >= jump[0]:
            bias += jump[2]
        scan, heard = look(rng, sensors[i], x, start_s, k, bias)
        now = followed(rng, x, scan.time_s)
        rows, share = np.arange(len(heard)), np.ones(len(heard))
        found = noted(found, now, scan, heard, rows, share, 0.0, p)
        if scan.time_s >= due_s:
            found, due_s = estimated(found, now, scan.time_s, p), scan.time_s + 1.0
            b = found.biases
            flagged += [(scan.time_s, int(n)) for n in b.sensor[b.jumped_s == scan.time_s]]
    return found, true, flagged


def errors(found, true, sensors):
    """Return error and covariance of every bias that a sensor has."""
    order = [[s.number for s in sensors].index(n) for n in found.biases.sensor]
    has = found.biases.prior.ravel() > 0.0
    return (found.biases.bias - true[order]).ravel()[has], joint_covariance(found)[np.ix_(has, has)]


@pytest.mark.parametrize("sensors", [ALL, RADARS], ids=["with positions", "radars alone"])
def test_estimates_are_as_good_as_they_say(sensors, monkeypatch):
    """NEES and NIS lie in their chi-square bands (alpha = 0.001)."""
    runs, total, told = 25, 0.0, []
    real = module.absorb
    monkeypatch.setattr(module, "absorb", lambda *a: told.append(real(*a)) or told[-1])
    for seed in range(runs):
        found, true, flagged = registered(seed, sensors)
        assert not flagged
        error, covariance = errors(found, true, sensors)
        total += error @ np.linalg.solve(covariance, error)
    low, high = chi2.ppf([0.0005, 0.9995], runs * len(error))
    assert low < total < high
    squared = sum(t[2].sum() for t in told)
    freedom = sum(int(t[3].sum()) for t in told)
    low, high = chi2.ppf([0.0005, 0.9995], freedom)
    assert low < squared < high


def test_a_few_minutes_make_a_bias_small():
    found, true, _ = registered(3)
    error, covariance = errors(found, true, ALL)
    kind = np.flatnonzero(found.biases.prior.ravel() > 0.0) % 4
    sd = np.sqrt(np.diag(covariance))
    assert np.all(sd[kind == 0] < 8.0)
    assert np.all(sd[kind == 1] < math.radians(0.012))
    assert np.all(np.abs(error) < 4.5 * sd)
    times = found.biases.bias[:, 3] - found.biases.bias[0, 3]
    order = [n - 1 for n in found.biases.sensor]
    np.testing.assert_allclose(times, (true[:, 3] - true[order[0], 3])[order], atol=0.05)


@pytest.mark.parametrize(
    ("which", "jump"),
    [(0, (0.0, math.radians(0.3), 0.0, 0.0)), (1, (100.0, 0.0, 0.0, 0.0)),
     (2, (0.0, math.radians(0.3), 0.0, 0.0))],
)  # fmt: skip
def test_a_jump_is_flagged_on_the_sensor_that_jumped_and_followed(which, jump):
    found, true, flagged = registered(7, span_s=240.0, jump=(120.0, which, np.array(jump)))
    assert [n for _, n in flagged] == [which + 1]
    assert 120.0 < flagged[0][0] < 170.0
    true = true.copy()
    true[which] += jump
    error, covariance = errors(found, true, ALL)
    assert error @ np.linalg.solve(covariance, error) < chi2.ppf(0.9995, len(error))


def test_one_sensor_alone_says_nothing_of_its_bias():
    found, _, _ = registered(1, RADARS[:1], 60.0)
    bias, variance = bias_of(found, RADARS[0], STEADY)
    assert np.all(bias == 0.0)
    np.testing.assert_array_equal(variance, prior_of(RADARS[0], STEADY))


def test_renaming_sensors_renames_their_biases_and_changes_nothing_else():
    named = tuple(replace(s, number=90 - 7 * s.number) for s in ALL)
    one, _, _ = registered(2, ALL, 80.0)
    other, _, _ = registered(2, named, 80.0)
    np.testing.assert_array_equal(one.biases.bias, other.biases.bias)
    np.testing.assert_array_equal(joint_covariance(one), joint_covariance(other))
    assert list(other.biases.sensor) == [90 - 7 * n for n in one.biases.sensor]


def test_turning_the_frame_turns_nothing_in_the_estimates():
    """A station frame turned about the vertical: axes, positions and flights turn with it."""
    angle = 0.7
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    rng, p = np.random.default_rng(0), STEADY
    x = flights(rng, 60.0)
    found = [Registration(), Registration()]
    for k in range(12):
        for i, sensor_ in enumerate(RADARS[:2]):
            scan, heard = look(rng, sensor_, x, 4.0 * k + i, k, np.array([40.0, 1e-3, 0.0, 0.0]))
            now = followed(rng, x, scan.time_s)
            there = replace(
                sensor_, position_m=turn @ sensor_.position_m, axes=sensor_.axes @ turn.T
            )
            full = np.kron(np.eye(2), turn)
            moved = replace(
                now, state=now.state @ full.T, covariance=full @ now.covariance @ full.T
            )
            for f, (sc, fl) in enumerate(((scan, now), (replace(scan, sensor=there), moved))):
                rows, share = np.arange(len(heard)), np.ones(len(heard))
                found[f] = noted(found[f], fl, sc, heard, rows, share, 0.0, p)
                found[f] = estimated(found[f], fl, scan.time_s, p)
    scale = np.sqrt(np.maximum(found[0].biases.prior, 1e-30))
    assert found[0].biases.windows.min() > 0
    np.testing.assert_allclose(found[1].biases.bias / scale, found[0].biases.bias / scale,
                               atol=1e-6)  # fmt: skip


def test_a_step_leaves_the_value_before_it_as_it_was():
    before, _, _ = registered(4, ALL, 40.0)
    kept = {n: c.copy() for n, c in before.biases.columns().items()}
    joint = joint_covariance(before).copy()
    rng = np.random.default_rng(4)
    now = followed(rng, flights(rng, 100.0), 90.0)
    after = estimated(before, now, 90.0, STEADY)
    assert after is not before
    shifted(before, 1, np.array([100.0, 0, 0, 0]), np.array([1e-2, 0, 0, 0]))
    for name, column in before.biases.columns().items():
        np.testing.assert_array_equal(column, kept[name])
    np.testing.assert_array_equal(joint_covariance(before), joint)


def test_what_was_seen_of_a_jump_is_taken_at_once():
    found, _, _ = registered(5, ALL, 60.0)
    bias = bias_of(found, ALL[0], STEADY)[0]
    after = shifted(found, 1, np.array([0.0, 5e-3, 0.0, 0.0]), np.array([0.0, 1e7, 0.0, 0.0]))
    bias_after, variance_after = bias_of(after, ALL[0], STEADY)
    assert bias_after[1] - bias[1] == pytest.approx(5e-3, rel=0.01)
    assert variance_after[1] == pytest.approx(1e-7, rel=0.05)
    np.testing.assert_allclose(np.delete(bias_after, 1), np.delete(bias, 1), atol=1.0)
    assert np.all(np.linalg.eigvalsh(joint_covariance(after)[:4, :4]) > 0.0)
    assert all((w.row != 0).all() for w in after.waiting)


def test_a_bias_is_forgotten_as_fast_as_it_may_wander():
    p = RegistrationParameters(memory_s=100.0)
    found, _, _ = registered(6, ALL, 80.0, p)
    late = replace(found, updated_s=found.updated_s - 1e5)
    rng = np.random.default_rng(0)
    now = followed(rng, flights(rng, 150.0), 110.0)
    after = estimated(late, now, 110.0, p)
    assert after.updated_s == 110.0
    sd = np.sqrt(np.diag(joint_covariance(after))) / np.sqrt(
        np.maximum(found.biases.prior.ravel(), 1e-30)
    )
    assert np.all(sd[found.biases.prior.ravel() > 0.0] <= 1.0)


def test_allowances_lie_between_their_bounds():
    p = RegistrationParameters()
    most = np.square([p.allowed_range_m, p.allowed_azimuth_rad, p.allowed_elevation_rad,
                      p.allowed_time_s])  # fmt: skip
    np.testing.assert_allclose(allowance(np.full(4, 1e9), p), most)
    np.testing.assert_allclose(allowance(np.full(4, 1e-12), p), 0.25 * most)
    np.testing.assert_array_equal(allowance(np.zeros(4), p), np.zeros(4))


def test_switched_off_nothing_is_estimated():
    p = RegistrationParameters(enabled=False)
    found, _, _ = registered(8, ALL, 40.0, p)
    assert not found.waiting
    assert np.all(bias_of(found, ALL[0], p)[0] == 0.0)


def test_a_crowd_of_tracks_is_thinned_alike_for_all_sensors():
    rng, n = np.random.default_rng(9), 1000
    p = RegistrationParameters(tracks=50)
    crowd = Flights(np.arange(1, n + 1), np.zeros(n), np.ones(n), np.zeros((n, 6)),
                    np.tile(np.eye(6), (n, 1, 1)))  # fmt: skip
    chosen = []
    for s in RADARS[:2]:
        d = Detections.of(time_s=np.zeros(n), range_m=rng.uniform(1e3, 1e4, n),
                          azimuth_rad=np.ones(n), elevation_rad=np.zeros(n))  # fmt: skip
        scan = Scan(0.0, s, 0, 0.0, 0.0, s.volume, d)
        found = noted(Registration(), crowd, scan, np.arange(n), np.arange(n), np.ones(n), 0.0, p)
        chosen.append(found.waiting[0].track)
    assert len(chosen[0]) == 50
    np.testing.assert_array_equal(chosen[0], chosen[1])
