import math

import numpy as np
import pytest
from scipy import integrate

from chowki.kernels import undetected as u
from chowki.kernels import visibility as v
from chowki.kernels.filter import P_VALUE, P_WIDTH

SNR = math.log(1e-6) / math.log(0.8) - 1.0
KINDS = np.array([[-18.0, 6.0, 300.0, 250.0, 30.0, 1e-9], [8.0, 6.0, 3e3, 3e3, 100.0, 1e-10]])
POLAR, POSITION = 7, 16


def look_of(**more):
    look = np.full(v.L_WIDTH, np.nan)
    look[: v.L_DETECTION] = 300.0, 45e3, 0.0, 2 * math.pi, -0.03, 0.8
    look[v.L_DETECTION], look[v.L_DETECTION_MAX] = 0.8, 0.95
    look[v.L_SNR], look[v.L_LOG_FALSE_ALARM] = SNR, math.log(1e-6)
    look[v.L_REFERENCE_RANGE], look[v.L_REFERENCE_DBSM] = 39e3, -15.2
    look[v.L_EARTH_FACTOR], look[v.L_SENSOR_HEIGHT], look[v.L_GROUND_HEIGHT] = 4 / 3, 20.0, 0.0
    for name, value in more.items():
        look[getattr(v, name)] = value
    return look


def test_detection_of_a_kind_is_that_of_its_cross_sections():
    """Three-point quadrature against the integral over a normal spread of decibels."""
    kind, look = KINDS[0], look_of()
    for slant in (12e3, 25e3, 38e3):

        def of(z, slant=slant):
            ratio = u.mean_ratio(slant, -18.0 + 6.0 * z, look)
            normal = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
            return normal * math.exp(math.log(1e-6) / (1 + ratio))

        whole = integrate.quad(of, -6, 6)[0]
        seen = v.above_horizon(300.0, 250.0, slant, look)
        assert u.kind_detection(kind, slant, look) == pytest.approx(
            seen * min(whole, 0.95), abs=0.06
        )
    assert u.kind_detection(kind, 46e3, look) == u.kind_detection(kind, 200.0, look) == 0.0


def test_without_looks_the_intensity_comes_back_to_what_it_was():
    grid = np.array([0.0, 0.0, 20e3])
    density = np.zeros((2, 5, 6))
    for _ in range(400):
        density = u.drift(density, KINDS, grid[u.G_SIDE], 1200.0, 30.0)
    np.testing.assert_allclose(density, np.broadcast_to(KINDS[:, -1:, None], (2, 5, 6)), rtol=1e-3)


def test_flow_keeps_the_number_of_targets_and_goes_to_where_there_are_fewer():
    density = np.full((1, 9, 9), 1e-9)
    density[0, 4, 4] = 0.0
    kind = KINDS[:1]
    after = u.drift(density, kind, 20e3, 1e12, 60.0)
    assert after.sum() == pytest.approx(density.sum(), rel=1e-9)
    share = 30.0 * 60.0 / (math.pi * 20e3)
    assert after[0, 4, 4] == pytest.approx(4 * share * 1e-9, rel=1e-9)
    assert after[0, 4, 3] == pytest.approx((1 - share) * 1e-9, rel=1e-9)
    np.testing.assert_allclose(after[0, 0], 1e-9)


def test_a_turn_takes_what_it_detects_and_two_turns_are_two():
    grid, shape, look = np.array([-60e3, -60e3, 20e3]), (6, 6), look_of()
    missed = u.cell_detection(KINDS, grid, shape, np.zeros(3), look)
    density = np.broadcast_to(KINDS[:, -1:, None], (2, *shape)).copy()
    u.looked(density, missed, 1.0)
    for k, kind in enumerate(KINDS):
        for i, j in ((2, 3), (0, 0), (3, 5)):
            x, y = -50e3 + 20e3 * j, -50e3 + 20e3 * i
            seen = u.kind_detection(kind, math.hypot(x, y), look)
            assert density[k, i, j] == pytest.approx(kind[-1] * (1 - seen))
    twice = np.broadcast_to(KINDS[:, -1:, None], (2, *shape)).copy()
    u.looked(twice, missed, 2.0)
    u.looked(density, missed, 1.0)
    np.testing.assert_allclose(twice, density)
    assert (missed[:, 0, 0] == 0.0).all()


def test_what_is_left_of_dropped_tracks_comes_back_where_they_were():
    density, grid = np.zeros((2, 3, 4)), np.array([-10.0, 0.0, 10.0])
    x, y = np.array([-5.0, 25.0, 999.0]), np.array([5.0, 29.0, 0.0])
    u.returned(density, grid, x, y, np.array([0, 1, 0]), np.array([0.002, 0.5, 0.9]))
    assert density[0, 0, 0] == pytest.approx(0.002 / 100.0)
    assert density[1, 2, 3] == pytest.approx(0.5 / 100.0)
    assert density.sum() * 100.0 == pytest.approx(0.502)


def test_the_power_of_an_echo_is_distributed():
    look = look_of()
    for kind in KINDS:
        for slant in (8e3, 30e3):
            whole = integrate.quad(
                lambda a, s=slant, k=kind: u.echo_density(a, s, k, look), -look[9], 1e3, limit=400
            )[0]
            rest = integrate.quad(
                lambda a, s=slant, k=kind: u.echo_density(a, s, k, look), 1e3, np.inf, limit=400
            )[0]
            assert whole + rest == pytest.approx(1.0, rel=1e-3)


def plots_at(range_m):
    plots = np.zeros((len(range_m), P_WIDTH))
    plots[:, P_VALUE], plots[:, P_VALUE + 1] = range_m, math.pi / 2
    return plots


def test_new_targets_are_expected_where_they_would_be_seen_and_weak_echoes_near_by_are_false():
    grid, look = np.array([-60e3, -60e3, 20e3]), look_of()
    density = np.broadcast_to(KINDS[:, -1:, None], (2, 6, 6)).copy()
    density[:, :, 4] *= 0.01
    plots = plots_at([10e3, 30e3, 10e3])
    unseen, falseness = u.about(
        plots, np.full(3, POLAR), np.array([14.5, 14.5, 40.0]), KINDS, grid, density, np.zeros(3),
        np.eye(3), look,
    )  # fmt: skip
    want = sum(k[-1] * u.kind_detection(k, 10e3, look) for k in KINDS)
    assert unseen[0] == unseen[2] == pytest.approx(want)
    assert unseen[1] == pytest.approx(
        0.01 * sum(k[-1] * u.kind_detection(k, 30e3, look) for k in KINDS)
    )
    assert falseness[0] > falseness[1] > falseness[2]
    assert falseness[2] == 1.0 / u.MOST
    unknown = np.full(3, np.nan)
    _, neutral = u.about(
        plots, np.full(3, POLAR), unknown, KINDS, grid, density, np.zeros(3), np.eye(3), look
    )
    np.testing.assert_array_equal(neutral, 1.0)


def test_positions_are_looked_up_where_they_are_even_off_the_grid():
    grid, look = np.array([0.0, 0.0, 20e3]), look_of(L_DETECTION=0.9)
    density = np.arange(12.0).reshape(1, 3, 4) * 1e-9
    plots = np.zeros((2, P_WIDTH))
    plots[:, P_VALUE + 4 : P_VALUE + 6] = [[30e3, 50e3], [-9e9, 9e9]]
    unseen, _ = u.about(
        plots, np.full(2, POSITION), np.full(2, np.nan), KINDS[:1], grid, density, np.zeros(3),
        np.eye(3), look,
    )  # fmt: skip
    np.testing.assert_allclose(unseen, [0.9 * 9e-9, 0.9 * 8e-9])
