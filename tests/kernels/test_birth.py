import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels import birth as b
from chowki.kernels import visibility as v
from chowki.kernels.birth import births
from chowki.kernels.filter import P_BIRTH, P_RCS, P_VALUE, P_VARIANCE, P_WIDTH
from chowki.kernels.geodesy import MEAN_RADIUS_M
from chowki.kernels.measure import range_rate

SEEDS = st.integers(0, 2**32 - 1)
ORIGIN, FLAT_AXES = np.array([400.0, -900.0, 30.0]), np.eye(3)
TURN = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
RANGE, AZIMUTH, ELEVATION, RATE, POSITION, VELOCITY = 1, 2, 4, 8, 16, 32
POLAR = RANGE | AZIMUTH | ELEVATION
PRIOR = np.empty(b.B_WIDTH)
PRIOR[:] = -3.0, 30.0, 100.0, 4.0, 300.0, 250.0, 3000.0, 2500.0, 1e-3


def look_of(height_m=30.0, factor=4.0 / 3.0):
    look = np.full(v.L_WIDTH, np.nan)
    look[v.L_EARTH_FACTOR], look[v.L_SENSOR_HEIGHT] = factor, height_m
    return look


def plot(rcs=10.0, existence=0.5, **values):
    row = np.full(P_WIDTH, np.nan)
    row[P_BIRTH], row[P_RCS] = existence, rcs
    row[P_VARIANCE:] = 1.0
    slots = {"range": 0, "azimuth": 1, "elevation": 2, "rate": 3, "at": 4, "going": 7}
    for name, (value, sigma) in values.items():
        n = np.size(value)
        row[P_VALUE + slots[name] : P_VALUE + slots[name] + n] = value
        row[P_VARIANCE + slots[name] : P_VARIANCE + slots[name] + n] = sigma**2
    return row


def born(row, bits, free=1.0, look=None, axes=FLAT_AXES):
    view = (ORIGIN, axes, np.full(11, 1e9), np.zeros(2))
    return births(
        np.atleast_2d(row), np.atleast_1d(bits), np.atleast_1d(free),
        look_of() if look is None else look, view, PRIOR,
    )  # fmt: skip


def all_positions(axes, slant, azimuth, up_of, nodes=40):
    """Mean and covariance of all positions of a range, azimuth and rise over the sensor.

    By Gauss-Hermite rules of many nodes: ``up_of`` gives the rise at a range and deviation.
    """
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight = weight / weight.sum()
    r = (slant[0] + slant[1] * at)[:, None, None]
    a = (azimuth[0] + azimuth[1] * at)[None, :, None]
    w = weight[:, None, None] * weight[None, :, None] * weight[None, None, :]
    u = up_of(r, at[None, None, :])
    g = np.sqrt(r * r - u * u)
    local = np.stack(np.broadcast_arrays(g * np.sin(a), g * np.cos(a), u)).reshape(3, -1)
    there, w = axes.T @ local, w.reshape(-1)
    mean = there @ w
    apart = there - mean[:, None]
    return ORIGIN + mean, (w * apart) @ apart.T


@settings(max_examples=40)
@given(SEEDS)
def test_a_radar_plot_starts_a_track_where_all_it_allows_lies(seed):
    rng = np.random.default_rng(seed)
    slant, azimuth = rng.uniform(2e3, 6e4), rng.uniform(0.0, 2 * math.pi)
    elevation, sigma = rng.uniform(-0.1, 1.2), (40.0, rng.uniform(1e-3, 0.05), 5e-3)
    row = plot(
        range=(slant, sigma[0]), azimuth=(azimuth, sigma[1]), elevation=(elevation, sigma[2])
    )
    _, _, x, p = born(row, POLAR, axes=TURN)
    at, want = all_positions(
        TURN, (slant, sigma[0]), (azimuth, sigma[1]),
        lambda r, off: r * np.sin(elevation + sigma[2] * off),
    )  # fmt: skip
    sd = np.sqrt(np.diag(want))
    assert (np.abs(x[0, :3] - at) < 1e-6 * sd).all()
    assert (np.abs(p[0, :3, :3] - want) < 1e-6 * np.outer(sd, sd)).all()
    np.testing.assert_array_equal(x[0, 3:], 0.0)
    up = np.array([x[0, 0], x[0, 1], x[0, 2] + MEAN_RADIUS_M])
    up /= np.linalg.norm(up)
    velocity = 1e4 * np.eye(3) + (16.0 - 1e4) * np.outer(up, up)
    np.testing.assert_allclose(p[0, 3:, 3:], velocity, rtol=1e-9, atol=1e-6)
    assert not p[0, :3, 3:].any()


@settings(max_examples=40)
@given(SEEDS)
def test_a_range_rate_is_taken_in_by_a_textbook_update(seed):
    """Seen sharply: what is measured is straight over what the plot allows."""
    rng = np.random.default_rng(seed)
    slant, azimuth = rng.uniform(2e4, 6e4), rng.uniform(0.0, 2 * math.pi)
    elevation, rate = rng.uniform(0.0, 0.6), rng.uniform(-80.0, 80.0)
    told = {"range": (slant, 20.0), "azimuth": (azimuth, 2e-4), "elevation": (elevation, 2e-4)}
    _, _, x, p = born(plot(**told), POLAR)
    _, _, got_x, got_p = born(plot(rate=(rate, 2.0), **told), POLAR | RATE)
    h = np.zeros(6)
    for k in range(6):
        step = np.eye(6)[k] * (1e-2 if k >= 3 else 1.0)
        ahead, behind = x[0] + step, x[0] - step
        h[k] = (range_rate(ORIGIN, *ahead) - range_rate(ORIGIN, *behind)) / (2.0 * step[k])
    s = h @ p[0] @ h + 4.0
    gain = p[0] @ h / s
    sd = np.sqrt(np.diag(p[0]))
    assert (np.abs(got_x[0] - x[0] - gain * rate) < 1e-6 * sd).all()
    assert (np.abs(got_p[0] - (p[0] - s * np.outer(gain, gain))) < 1e-6 * np.outer(sd, sd)).all()


def test_a_small_plot_has_the_small_priors():
    for rcs, speed in ((-10.0, 30.0), (-3.0, 100.0), (np.nan, 100.0)):
        row = plot(rcs, range=(9e3, 40.0), azimuth=(0.0, 3e-3), elevation=(0.0, 3e-3))
        _, _, _, p = born(row, POLAR)
        assert p[0, 3, 3] == pytest.approx(speed**2, rel=1e-4)


@pytest.mark.parametrize(
    ("rcs", "height", "sd", "near"), [(-10.0, 300.0, 250.0, 1e-3), (10.0, 3000.0, 2500.0, 0.08)]
)
def test_a_plot_without_elevation_has_the_height_of_the_prior(rcs, height, sd, near):
    """Three points a dimension are 6 % short in one variance when the rise is a fifth of range."""
    slant = 1.2e4
    _, _, x, p = born(plot(rcs, range=(slant, 40.0), azimuth=(1.0, 3e-3)), RANGE | AZIMUTH)
    rise = height - 30.0 - slant**2 / (2.0 * MEAN_RADIUS_M)  # the ground falls away
    at, want = all_positions(
        FLAT_AXES, (slant, 40.0), (1.0, 3e-3),
        lambda r, off: np.clip(rise + sd * off, -0.99 * r, 0.99 * r),
    )  # fmt: skip
    spread = np.sqrt(np.diag(want))
    assert (np.abs(x[0, :3] - at) < near * spread).all()
    assert (np.abs(p[0, :3, :3] - want) < near * np.outer(spread, spread)).all()
    assert math.sqrt(p[0, 2, 2]) == pytest.approx(sd, rel=1e-6)
    assert x[0, 2] - ORIGIN[2] == pytest.approx(rise, rel=1e-9)


def test_over_flat_ground_a_height_is_a_height():
    _, _, x, p = born(
        plot(range=(9e3, 40.0), azimuth=(0.0, 3e-3)), RANGE | AZIMUTH, look=look_of(30.0, math.inf)
    )
    assert x[0, 2] - ORIGIN[2] == pytest.approx(2970.0, rel=1e-12)
    assert p[0, 2, 2] == pytest.approx(2500.0**2, rel=1e-9)


def test_far_away_only_what_flies_high_is_seen_without_elevation():
    """Behind the horizon of the refracting earth a target is at least as high as sight reaches."""
    slant, radius = 1.2e5, 4.0 / 3.0 * MEAN_RADIUS_M
    _, _, x, _ = born(plot(-10.0, range=(slant, 40.0), azimuth=(0.0, 3e-3)), RANGE | AZIMUTH)
    beyond = slant - math.sqrt(2.0 * radius * 30.0)
    want = beyond**2 / (2.0 * radius) + 125.0
    above = 30.0 + x[0, 2] - ORIGIN[2] + slant**2 / (2.0 * MEAN_RADIUS_M)
    assert want > 400.0
    assert above == pytest.approx(want, rel=1e-3)


def test_a_reported_position_and_velocity_are_taken_as_they_are():
    at, going = np.array([1e4, -2e4, 900.0]), np.array([90.0, 30.0, -2.0])
    _, _, x, p = born(plot(at=(at, 12.0), going=(going, 1.5)), POSITION | VELOCITY)
    np.testing.assert_array_equal(x[0], [*at, *going])
    np.testing.assert_allclose(p[0], np.diag([144.0] * 3 + [2.25] * 3))


def test_only_plots_that_hardly_have_another_cause_start_tracks():
    rows = np.array([
        plot(existence=e, at=(np.array([1e3 * k, 0.0, 0.0]), 5.0))
        for k, e in enumerate([0.5, 0.5, 1e-4, 0.0])
    ])  # fmt: skip
    chosen, existence, x, _ = born(rows, np.full(4, POSITION), np.array([1.0, 1e-3, 1.0, 1.0]))
    assert chosen.tolist() == [0]
    assert existence.tolist() == [0.5]
    assert x[0, 0] == 0.0
    assert born(rows[:0], np.empty(0, np.int64), np.empty(0))[2].shape == (0, 6)
