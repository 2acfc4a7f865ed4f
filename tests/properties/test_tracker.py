"""What must hold of the tracker in the plane whatever it is given."""

import copy
import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.picture.associators import BeliefPropagation
from chowki.picture.config import TrackerConfig
from chowki.picture.plane import PlaneTracker

SEEDS = st.integers(0, 2**32 - 1)
SCANS, SIGMA_M, SIDE_M = 14, 10.0, 1_500.0
MODELS = ["cv", "imm"]
FAR = [-1e7, -1e7, 1e7, 1e7]


def config_of(model="cv", area=FAR, sigma_m=(SIGMA_M,), **target):
    target = target or {"birth_per_m2": 1e-8, "initial_per_m2": 3e-6}
    sensors = [
        {
            "id": f"s{k}", "kind": "position", "sigma_m": sigma, "detection_probability": 0.9,
            "clutter_per_m2": 2e-6, "area_m": area,
        }
        for k, sigma in enumerate(sigma_m)
    ]  # fmt: skip
    return TrackerConfig.model_validate(
        {"sensor": sensors, "motion": {"model": model}, "target": {"speed_sd_mps": 30.0, **target}}
    )


def scene(seed, scans=SCANS):
    """Plots of a few targets, two of them side by side, among clutter: time, times, positions."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    x, v = rng.uniform(0.0, SIDE_M, (n, 2)), rng.uniform(-40.0, 40.0, (n, 2))
    x[1] = x[0] + rng.normal(0.0, 25.0, 2)
    v[1] = v[0] + rng.normal(0.0, 2.0, 2)
    out = []
    for k in range(scans):
        there = (x + k * v)[rng.random(n) < 0.9]
        plots = there + SIGMA_M * rng.standard_normal(there.shape)
        false = rng.uniform(-0.5 * SIDE_M, 1.5 * SIDE_M, (rng.poisson(4.0), 2))
        plots = np.concatenate([plots, false])
        plots = plots[rng.permutation(len(plots))]
        out.append((float(k), np.full(len(plots), float(k)), plots))
    return out


def followed(config, scans, state=None, tracker=None):
    """Return what was reported at each scan, and the last state."""
    tracker = tracker or PlaneTracker(config, BeliefPropagation())
    state, told = state or tracker.start(), []
    for at_s, time_s, position in scans:
        state, _ = tracker.scan(state, config.sensor[0], at_s, time_s, position)
        told.append(tracker.estimates(state))
    return told, state


def clustered(config, scans):
    tracker = PlaneTracker(config, BeliefPropagation())
    state, most = tracker.start(), 0
    for at_s, time_s, position in scans:
        state, _ = tracker.scan(state, config.sensor[0], at_s, time_s, position)
        most = max(most, len(state.clusters))
    return most


def test_the_scenes_have_clusters():
    """Else the properties below would say nothing of them."""
    found = [clustered(config_of(), scene(seed)) for seed in range(20)]
    assert sum(most > 0 for most in found) > 10


def assert_same(one, other, move=lambda xy: xy, turn=lambda v: v, clock=0.0):
    """The same tracks by number, within a micrometre, when moved along."""
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(b.track, a.track)
        np.testing.assert_array_equal(b.status, a.status)
        np.testing.assert_allclose(b.time_s, a.time_s + clock)
        want = move(np.stack([a.x_m, a.y_m]))
        np.testing.assert_allclose(np.stack([b.x_m, b.y_m]), want, rtol=0.0, atol=1e-6)
        want = turn(np.stack([a.vx_mps, a.vy_mps]))
        np.testing.assert_allclose(np.stack([b.vx_mps, b.vy_mps]), want, rtol=0.0, atol=1e-6)
        np.testing.assert_allclose(b.existence, a.existence, atol=1e-8)
        np.testing.assert_allclose(b.modes, a.modes, atol=1e-7)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=20)
@given(SEEDS)
def test_the_order_of_plots_does_not_matter(model, seed):
    scans, rng = scene(seed), np.random.default_rng(seed)
    mixed = [(at, t, position[rng.permutation(len(position))]) for at, t, position in scans]
    config = config_of(model)
    for a, b in zip(followed(config, scans)[0], followed(config, mixed)[0], strict=True):
        one, other = (np.stack([e.x_m, e.y_m, e.vx_mps, e.vy_mps, e.existence]) for e in (a, b))
        assert one.shape == other.shape
        order, its_order = np.lexsort(one[:2]), np.lexsort(other[:2])
        np.testing.assert_allclose(other[:, its_order], one[:, order], rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=20)
@given(SEEDS, st.floats(-math.pi, math.pi))
def test_turning_the_frame_turns_the_tracks(model, seed, angle):
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    scans, config = scene(seed), config_of(model)
    turned = [(at, t, position @ turn.T) for at, t, position in scans]
    one, other = followed(config, scans)[0], followed(config, turned)[0]
    assert_same(one, other, lambda xy: turn @ xy, lambda v: turn @ v)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=20)
@given(SEEDS, st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.booleans())
def test_moving_the_frame_moves_the_tracks(model, seed, east, north, gaussian):
    """The area and where targets are born are moved along."""
    step, scans = np.array([east, north]), scene(seed)
    plans = []
    for off in (np.zeros(2), step):
        births = {"birth": [{"weight": 0.01, "initial_weight": 3.0, "sd_m": [800.0, 800.0],
                             "mean_m": (np.array([700.0, 700.0]) + off).tolist()}]}  # fmt: skip
        area = (np.array([-900.0, -900.0, 2400.0, 2400.0]) + np.tile(off, 2)).tolist()
        plans.append(config_of(model, area, **(births if gaussian else {})))
    moved = [(at, t, position + step) for at, t, position in scans]
    one, other = followed(plans[0], scans)[0], followed(plans[1], moved)[0]
    assert_same(one, other, lambda xy: xy + step[:, None])


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=15)
@given(SEEDS, st.integers(-(10**9), 2 * 10**9))
def test_the_clock_may_start_anywhere(model, seed, start):
    scans, config = scene(seed), config_of(model)
    later = [(at + start, t + start, position) for at, t, position in scans]
    assert_same(followed(config, scans)[0], followed(config, later)[0], clock=float(start))


def bytes_of(told):
    return b"".join(
        np.ascontiguousarray(column).tobytes()
        for estimates in told for column in estimates.columns().values()
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=15)
@given(SEEDS, st.integers(1, SCANS - 1))
def test_a_replay_gives_the_same_bytes_and_later_scans_change_nothing(model, seed, cut):
    scans, config = scene(seed), config_of(model)
    tracker = PlaneTracker(config, BeliefPropagation())
    told, _ = followed(config, scans, tracker=tracker)
    again, _ = followed(config, scans, tracker=tracker)
    assert bytes_of(again) == bytes_of(told)
    short, state = followed(config, scans[:cut])
    assert bytes_of(short) == bytes_of(told[:cut])
    rest, _ = followed(config, scans[cut:], state, tracker)
    assert bytes_of(rest) == bytes_of(told[cut:])


def arrays_of(state):
    """Every array that a state holds, however deep."""
    if isinstance(state, np.ndarray):
        return [state]
    if dataclasses.is_dataclass(state):
        return [a for f in dataclasses.fields(state) for a in arrays_of(getattr(state, f.name))]
    if isinstance(state, tuple):
        return [a for part in state for a in arrays_of(part)]
    return []


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=10)
@given(SEEDS)
def test_a_scan_leaves_the_state_before_it_as_it_was(model, seed):
    config = config_of(model)
    tracker = PlaneTracker(config, BeliefPropagation())
    state = tracker.start()
    for at_s, time_s, position in scene(seed):
        before, given_ = copy.deepcopy(arrays_of(state)), position.copy()
        after, _ = tracker.scan(state, config.sensor[0], at_s, time_s, position)
        tracker.estimates(after)
        for kept, now in zip(before, arrays_of(state), strict=True):
            np.testing.assert_array_equal(now, kept)
        np.testing.assert_array_equal(position, given_)
        state = after


def sound(state):
    """All finite, probabilities are such, covariances symmetric and positive."""
    x, p, mode_x, mode_p, mu, times, existence, _at = state.rows
    for column in (x, p, mode_x, mode_p, mu, times, existence):
        assert np.isfinite(column).all()
    assert ((existence >= 0.0) & (existence <= 1.0)).all()
    if len(mu):
        np.testing.assert_allclose(mu.sum(axis=1), 1.0, atol=1e-9)
    for c in (p, mode_p[mu > 0.0], *(cluster.leaves[1] for cluster in state.clusters)):
        np.testing.assert_array_equal(c, np.swapaxes(c, -1, -2))
        if len(c):
            least = np.linalg.eigvalsh(c).min(axis=-1)
            assert (least >= -1e-12 * np.trace(c, axis1=-2, axis2=-1)).all()
    assert len(set(state.number.tolist())) == len(state.number)
    for cluster in state.clusters:
        assert np.exp(cluster.log_weight).sum() == pytest.approx(1.0)
        assert set(cluster.members.tolist()) <= set(state.number.tolist())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(2))
def test_a_long_night_of_anything_leaves_all_numbers_sound(model, seed):
    """Two sensors, gaps from none to minutes, plots older than their scan, bursts, twins."""
    rng = np.random.default_rng(seed)
    config = config_of(model, sigma_m=(3.0, 60.0))
    tracker = PlaneTracker(config, BeliefPropagation())
    state, at_s, most = tracker.start(), 0.0, 0
    base, drift = rng.uniform(0.0, SIDE_M, (5, 2)), rng.uniform(-30.0, 30.0, (5, 2))
    for _ in range(400):
        at_s += rng.choice([0.0, 0.2, 1.0, 5.0, 60.0], p=[0.1, 0.2, 0.6, 0.09, 0.01])
        n = int(rng.choice([0, 3, 5, 12, 40]))
        who = rng.integers(0, 5, n)
        time_s = at_s - rng.choice([0.0, 0.0, rng.uniform(0.0, 3.0)]) * rng.random(n)
        plots = base[who] + np.sin(0.05 * time_s)[:, None] * 20.0 * drift[who]
        plots += rng.normal(0.0, 10.0, (n, 2))
        plots[rng.random(n) < 0.3] = rng.uniform(-500.0, 2000.0, 2)  # the same place for several
        sensor = config.sensor[int(rng.integers(2))]
        state, found = tracker.scan(state, sensor, at_s, time_s, plots)
        sound(state)
        told = tracker.estimates(state)
        assert all(np.isfinite(c).all() for c in told.columns().values())
        share = found.pairs().probability
        assert ((share >= 0.0) & (share <= 1.0 + 1e-9)).all()
        most = max(most, len(state.clusters))
    assert most > 0


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=10)
@given(st.integers(0, 3), st.integers(1, 40), st.floats(-1e4, 1e4))
def test_plots_that_are_all_the_same_do_no_harm(model, seed, n, place):
    config = config_of(model)
    tracker = PlaneTracker(config, BeliefPropagation())
    state = tracker.start()
    for k in range(8):
        plots = np.full((0 if k == seed + 3 else n, 2), place)
        state, _ = tracker.scan(state, config.sensor[0], float(k), np.full(len(plots), k), plots)
        sound(state)
    told = tracker.estimates(state)
    assert np.isfinite(np.stack([told.x_m, told.y_m])).all()
    if n == 1:
        assert len(told) == 1


@pytest.mark.parametrize("model", MODELS)
def test_scans_without_plots_leave_the_picture_empty(model):
    told, state = followed(
        config_of(model), [(float(k), np.empty(0), np.empty((0, 2))) for k in range(20)]
    )
    assert all(len(estimates) == 0 for estimates in told)
    assert len(state.number) == 0
    sound(state)


@settings(max_examples=10)
@given(SEEDS)
def test_names_of_sensors_do_not_matter(seed):
    config, scans = config_of(sigma_m=(SIGMA_M, SIGMA_M)), scene(seed)
    named = config.model_copy(
        update={"sensor": tuple(s.model_copy(update={"id": f"x{s.id}"}) for s in config.sensor)}
    )
    assert bytes_of(followed(config, scans)[0]) == bytes_of(followed(named, scans)[0])
