import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from chowki.kernels import clutter as c
from chowki.kernels import visibility as v
from chowki.kernels.filter import P_BIRTH, P_LOG_C, P_VALUE, P_WIDTH

POLAR, FLAT, BEARING, POSITION = 7, 3, 2, 16
CLUTTER = 4.0


def look_of(**more):
    look = np.full(v.L_WIDTH, np.nan)
    look[: v.L_DETECTION] = 300.0, 45e3, 0.0, 2 * math.pi, -0.03, 0.8
    for name, value in more.items():
        look[getattr(v, name)] = value
    return look


def spread_of(**more):
    spread = np.empty(c.S_WIDTH)
    spread[:] = CLUTTER, 0.5, 60.0, 1e6, 15e3, 1.0, 80.0, 500.0, 0.015, 1e-8
    for name, value in more.items():
        spread[getattr(c, name)] = value
    return spread


def plots_at(range_m, azimuth_rad=0.5, elevation_rad=0.02):
    range_m = np.atleast_1d(np.asarray(range_m, float))
    plots = np.zeros((len(range_m), P_WIDTH))
    plots[:, P_VALUE], plots[:, P_VALUE + 1], plots[:, P_VALUE + 2] = (
        range_m, azimuth_rad, elevation_rad,
    )  # fmt: skip
    return plots


def weighed(plots, bits, unseen=0.0, falseness=1.0, spots=None, turn=0.0, turns=1.0, **spread):
    m = len(plots)
    spots = np.empty((0, c.F_WIDTH)) if spots is None else spots
    c.weigh(
        plots, np.full(m, bits), ~0, np.full(m, unseen), np.full(m, falseness), spots, turn, turns,
        look_of(), spread_of(**spread),
    )  # fmt: skip
    return plots


@pytest.mark.parametrize("bits", [POLAR, FLAT, POSITION, POLAR | 8])
def test_false_plots_and_newcomers_integrate_to_their_numbers(bits):
    """Over all that the look covers, both densities give back how many there are."""
    rng, n, unseen, look = np.random.default_rng(1), 200_000, 3e-9, look_of()
    low, high = look[v.L_RANGE_MIN], look[v.L_RANGE_MAX]
    square = math.pi * (high**2 - low**2)
    plots = plots_at(rng.uniform(low, high, n), rng.uniform(0.0, 2 * math.pi, n))
    volume = {POLAR: 0.83, FLAT: 1.0, POSITION: 15e3, POLAR | 8: 0.83 * 60.0}[bits]
    volume *= square if bits & POSITION else (high - low) * 2 * math.pi
    weighed(plots, bits, unseen)
    density = np.exp(plots[:, P_LOG_C])
    false = np.mean(density * (1.0 - plots[:, P_BIRTH])) * volume
    new = np.mean(density * plots[:, P_BIRTH]) * volume
    assert false == pytest.approx(CLUTTER, rel=1e-9)
    assert new == pytest.approx(unseen * square, rel=5e-3)


def test_a_bearing_starts_nothing_unless_it_may():
    plots = weighed(plots_at([1.0]), BEARING, S_STARTS=0.0)
    assert plots[0, P_BIRTH] == 0.0
    assert plots[0, P_LOG_C] == pytest.approx(math.log((CLUTTER + 0.5) / (2 * math.pi)))


def test_an_echo_that_is_likelier_false_weighs_so():
    plain = weighed(plots_at([2e4]), POLAR, 1e-9)
    weak = weighed(plots_at([2e4]), POLAR, 1e-9, falseness=7.0)
    odds = plain[0, P_BIRTH] / (1 - plain[0, P_BIRTH])
    assert weak[0, P_BIRTH] / (1 - weak[0, P_BIRTH]) == pytest.approx(odds / 7.0)
    born = [p[0, P_LOG_C] + math.log(p[0, P_BIRTH]) for p in (plain, weak)]
    assert born[0] == pytest.approx(born[1])


@settings(max_examples=200)
@given(
    st.integers(0, 20), st.integers(1, 20), st.floats(1e-4, 2.0), st.floats(1e-6, 0.5),
    st.floats(0.3, 4.0), st.floats(0.3, 6.0),
)  # fmt: skip
def test_the_probability_of_a_spot_is_bayes_rule(shown, of, by_chance, prior, a, b):
    shown = min(shown, of)
    spot = prior * stats.betabinom.pmf(shown, of, a, b)
    chance = (1 - prior) * stats.poisson.pmf(shown, by_chance * of)
    got = c.spot_probability(float(shown), float(of), by_chance, prior, a, b)
    assert got == pytest.approx(spot / (spot + chance), rel=1e-6, abs=1e-12)


def lived_through(turns, shows, rng, spread_m=60.0, step_m=0.0, first=0):
    """Return the memory of a place at (8 km, 0) and of plots by chance, after some turns."""
    spots, right = np.empty((0, c.F_WIDTH)), 0.0
    for turn in range(first, first + turns):
        plots = plots_at(rng.uniform(3e3, 45e3, 4), rng.uniform(0, 2 * math.pi, 4))
        right += step_m
        if rng.random() < shows:
            off = spread_m * rng.uniform(-1, 1, 2)
            x, y = right + off[0], 8e3 + off[1]
            more = plots_at(math.hypot(x, y), math.atan2(x, y) % (2 * math.pi))
            plots = np.vstack([plots, more])
        free = np.ones(len(plots))
        spots = c.kept(spots, plots, np.full(len(plots), FLAT), free, float(turn + 1), 100.0)
    return spots


def kappa_at(range_m, azimuth_rad, spots, turns):
    """Return how many times the usual density false plots have at a place, for birth and in all."""
    usual = weighed(plots_at(range_m, azimuth_rad), FLAT, 1e-12)
    told = weighed(plots_at(range_m, azimuth_rad), FLAT, 1e-12, 1.0, spots, turns, turns)
    return usual[0, P_BIRTH] / told[0, P_BIRTH], math.exp(told[0, P_LOG_C] - usual[0, P_LOG_C])


def test_a_spot_that_shows_again_and_again_becomes_known():
    rng = np.random.default_rng(4)
    spots = lived_through(100, 0.15, rng)
    born, whole = kappa_at(8e3, 0.0, spots, 100.0)
    # it shows in 0.15 of the looks, over a square of 120 m
    truth = 0.15 / 120.0**2 / (CLUTTER / (44.7e3 * 2 * math.pi * 8e3))
    assert truth / 5 < born < truth * 2
    assert whole >= born * 0.99
    elsewhere, _ = kappa_at(20e3, 2.0, spots, 100.0)
    assert elsewhere < 3.0


def test_the_trail_of_a_target_is_no_spot_for_the_next_one():
    rng = np.random.default_rng(5)
    spots = lived_through(20, 0.9, rng, spread_m=20.0, step_m=200.0, first=60)
    born, _ = kappa_at(8e3, 0.0, spots, 80.0)
    assert born < 2.0
    late, _ = kappa_at(math.hypot(8e3, 4e3), math.atan2(4e3, 8e3), spots, 80.0)
    assert late < 2.0


def test_early_on_what_comes_again_near_a_late_plot_is_feared_but_may_still_be_born():
    rng = np.random.default_rng(6)
    for turns, times_born, least in ((4, 4.0, 20.0), (90, 1.5, 1.0)):
        first = lived_through(turns - 1, 0.0, rng)
        spots = np.vstack([first, [[0.0, 8e3, 0.0, turns - 1.0, 1.0]]])
        born, whole = kappa_at(8.01e3, 0.0, spots, float(turns))
        assert born < times_born
        assert least <= whole <= least * 100.0
        assert whole >= born


def test_what_a_track_explains_is_not_kept_and_what_is_old_is_forgotten():
    plots = weighed(plots_at([8e3, 9e3, 10e3]), POLAR, 1e-12)
    free = np.array([1.0, 0.05, 0.5])
    spots = c.kept(np.empty((0, c.F_WIDTH)), plots, np.full(3, POLAR), free, 3.0, 100.0)
    np.testing.assert_allclose(spots[:, c.F_FALSE], [1.0, 0.5], rtol=1e-3)
    np.testing.assert_allclose(np.hypot(spots[:, 0], spots[:, 1]), [8e3, 10e3])
    later = c.kept(spots, plots[:0], np.empty(0, np.int64), free[:0], 104.0, 100.0)
    assert len(later) == 0
    flood = weighed(plots_at(np.linspace(1e3, 40e3, 2 * c.SPOTS_MAX)), POLAR, 1e-12)
    many = c.kept(spots, flood[:600], np.full(600, POLAR), np.ones(600), 4.0, 100.0)
    assert len(many) == 600
    assert (many[:, c.F_TURN] == 4.0).all()


def test_bearings_leave_no_spots():
    plots = plots_at([1.0, 2.0])
    spots = c.kept(np.empty((0, c.F_WIDTH)), plots, np.full(2, BEARING), np.ones(2), 1.0, 100.0)
    assert len(spots) == 0
