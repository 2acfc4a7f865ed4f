import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from chowki.kernels.health import (
    C_DOUBT,
    C_OFFSET,
    C_RECEIVED,
    C_SPACING,
    C_WIDTH,
    CLOCK_DRIFT,
    CLOCK_STEP,
    FAULTS,
    FLOOD,
    STROBE,
    STUCK,
    T_CLAIMED,
    T_FROM,
    T_LOOKS,
    T_RATE,
    T_SHAPE,
    T_WIDTH,
    clock_signs,
    densest,
    expected_clutter,
    overdue,
    poisson_tail,
    told_apart,
    traffic_signs,
)

CLOCK = CLOCK_STEP | CLOCK_DRIFT
LOOK = np.array([2.0 * np.pi, 60_000.0])
LIMITS = np.array([50.0, math.radians(3.0), 5, 1e-6, 0.25, 10.0, 6.0, 10.0, 10, 2])


def seen(offset_of, looks=60, period_s=4.0, late_of=None, wobble=0.0, seed=0):
    """Return signs look by look, and the memory: a link of 0.2 s and exponential jitter of 0.1 s.

    ``offset_of(k)``: what the sensor's clock is ahead by in look k.
    """
    rng = np.random.default_rng(seed)
    memory, signs, start_s = np.zeros(C_WIDTH), [], 100.0
    for k in range(looks):
        start_s += period_s + wobble * rng.standard_normal()
        late_s = late_of(k) if late_of else 0.0
        received_s = start_s + period_s + 0.2 + rng.exponential(0.1) + late_s
        off = offset_of(k)
        signs.append(clock_signs(memory, k, start_s + off, start_s + period_s + off, received_s))
    return np.array(signs), memory


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("wobble", [0.0, 0.01])
def test_a_good_clock_shows_no_sign(seed, wobble):
    signs, memory = seen(lambda _: 0.013, 300, wobble=wobble, seed=seed)
    assert not signs.any()
    assert memory[C_OFFSET] == 0.0
    assert memory[C_SPACING] == pytest.approx(4.0, abs=0.02)


@pytest.mark.parametrize("step_s", [0.5, 2.0, -3.0, -0.6])
def test_a_step_shows_in_the_same_look_and_is_measured(step_s):
    signs, memory = seen(lambda k: step_s if k >= 30 else 0.0)
    assert not signs[:30].any()
    assert signs[30] == CLOCK_STEP
    assert not signs[31:].any()
    assert memory[C_OFFSET] == pytest.approx(step_s, abs=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.01, -0.02])
def test_a_drift_shows_within_three_looks_and_is_followed(rate):
    signs, memory = seen(lambda k: rate * 4.0 * max(k - 29, 0))
    assert not signs[:30].any()
    assert (signs[30:33] & CLOCK_DRIFT).any()
    assert memory[C_OFFSET] == pytest.approx(rate * 4.0 * 30, abs=0.1 * abs(rate) * 4.0 * 30)


def test_a_slow_turntable_is_no_wrong_clock():
    """From look 30 on a turn takes 4.3 s, by either clock."""
    memory, start_s, offsets = np.zeros(C_WIDTH), 0.0, []
    for k in range(80):
        start_s += 4.0 if k < 30 else 4.3
        clock_signs(memory, k, start_s, start_s + 4.0, start_s + 4.2)
        offsets.append(memory[C_OFFSET])
    assert np.all(np.array(offsets) == 0.0)
    assert memory[C_SPACING] == pytest.approx(4.3, abs=0.01)


def test_looks_that_are_numbered_anew_or_come_twice_leave_no_doubt_of_the_clock():
    """From look 30 on each comes twice, under numbers of its own."""
    memory = np.zeros(C_WIDTH)
    for k in range(30):
        clock_signs(memory, k, 4.0 * k, 4.0 * k + 4.0, 4.0 * k + 4.3)
    for k in range(30, 80):
        for again in (0, 1):
            received_s = 4.0 * k + 4.3 + 0.05 * again
            clock_signs(memory, 2 * k + again, 4.0 * k, 4.0 * k + 4.0, received_s)
            assert memory[C_OFFSET] == 0.0
            assert memory[C_DOUBT] < 0.3


def test_looks_that_are_lost_or_come_out_of_order_are_no_fault():
    rng, memory = np.random.default_rng(4), np.zeros(C_WIDTH)
    numbers = [k for k in range(100) if rng.random() > 0.2]
    numbers[40], numbers[41] = numbers[41], numbers[40]
    for k in numbers:
        assert clock_signs(memory, k, 4.0 * k, 4.0 * k + 4.0, 4.0 * k + 4.3) == 0


def test_without_a_beat_a_clock_ahead_of_its_link_shows():
    rng, memory, signs = np.random.default_rng(5), np.zeros(C_WIDTH), []
    start_s = 0.0
    for k in range(60):
        start_s += rng.uniform(1.0, 9.0)
        off = 1.5 if k >= 40 else 0.0
        received_s = start_s + 0.3 + rng.exponential(0.05)
        signs.append(clock_signs(memory, k, start_s + off, start_s + off, received_s))
    assert not any(signs[:40])
    assert any(sign & CLOCK for sign in signs[40:43])
    assert memory[C_DOUBT] > 1.0


def test_a_sensor_is_overdue_after_the_looks_that_it_missed():
    _, memory = seen(lambda _: 0.0, 20)
    last_s = memory[C_RECEIVED]
    assert not overdue(memory, last_s + 2.5 * 4.0, 2.75)
    assert overdue(memory, last_s + 3.4 * 4.0, 2.75)
    assert not overdue(np.zeros(C_WIDTH), 1e9, 2.75)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.floats(0.01, 500.0))
def test_the_tail_of_a_poisson_number(n, mean):
    want = poisson.sf(n - 1, mean)
    got = poisson_tail(n, mean)
    if mean <= 200.0:
        assert got == pytest.approx(want, rel=1e-9, abs=1e-290)
    else:
        assert abs(got - want) < 0.03


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.0, 2.0 * math.pi, exclude_max=True), min_size=1, max_size=30),
       st.floats(0.01, 1.0))  # fmt: skip
def test_the_densest_azimuths_equal_brute_force(azimuths, width):
    azimuth = np.sort(np.array(azimuths))
    ahead = (azimuth[None, :] - azimuth[:, None]) % (2.0 * np.pi)
    near = np.sort(ahead, axis=1)
    if np.any(np.abs(near - width) < 1e-9) or np.any(np.abs(near - 2.0 * np.pi) < 1e-9):
        return
    count, begins = densest(azimuth, width)
    assert count == (ahead <= width).sum(axis=1).max()
    assert (((azimuth - begins) % (2.0 * np.pi)) <= width).sum() == count


def traffic(rng, looks, ghosts_of, along=None, claimed=20):
    """Return signs of looks with false plots anywhere, or on one azimuth."""
    memory, signs = np.zeros(T_WIDTH), []
    memory[T_SHAPE], memory[T_RATE] = 30.0, 10.0
    for k in range(looks):
        n = rng.poisson(ghosts_of(k))
        azimuth = rng.uniform(0.0, 2.0 * np.pi, n)
        more = rng.poisson(15) if along and k >= along[0] else 0
        azimuth = np.append(azimuth, along[1] + rng.uniform(0, 0.03, more) if more else [])
        azimuth = np.sort(azimuth % (2 * np.pi))
        range_m = rng.uniform(300.0, 60_000.0, len(azimuth))
        lone = np.ones(len(azimuth), dtype=bool)
        signs.append(traffic_signs(memory, azimuth, range_m, lone, claimed, LOOK, LIMITS))
    return np.array(signs), memory


def test_false_plots_are_counted_whatever_the_maker_states():
    signs, memory = traffic(np.random.default_rng(0), 400, lambda _: 7.0)
    assert not signs.any()
    assert memory[T_SHAPE] / memory[T_RATE] == pytest.approx(7.0, rel=0.15)
    assert memory[T_CLAIMED] == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize("mean", [1.0, 3.0, 12.0])
def test_a_flood_shows_within_three_looks_and_is_not_learned(mean):
    late = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        signs, memory = traffic(rng, 60, lambda k: mean * (10.0 if k >= 40 else 1.0))
        assert not signs[:40].any()
        assert not signs[40]
        late += not (signs[41:43] == FLOOD).any()
        assert memory[T_SHAPE] / memory[T_RATE] < 2.5 * mean
    assert late <= (5 if mean == 1.0 else 0)


def test_a_maker_who_states_a_quarter_of_the_false_plots_is_corrected_and_no_flood():
    signs, memory = traffic(np.random.default_rng(6), 200, lambda _: 12.0)
    assert not signs.any()
    assert memory[T_SHAPE] / memory[T_RATE] == pytest.approx(12.0, rel=0.15)


def test_what_a_flood_makes_of_the_clutter_is_known_before_it_is_flagged():
    memory = np.zeros(T_WIDTH)
    memory[T_SHAPE], memory[T_RATE], memory[T_CLAIMED] = 30.0, 10.0, 10.0
    assert expected_clutter(memory, 5, 3.0, 4.0) == 3.0
    assert expected_clutter(memory, 40, 3.0, 4.0) == pytest.approx(40.0 - 3.5)


def test_a_strobe_is_narrow_and_long_and_shows_in_its_second_look():
    signs, memory = traffic(np.random.default_rng(1), 60, lambda _: 3.0, along=(40, 6.27))
    assert not signs[:41].any()
    assert signs[41] == STROBE
    assert (signs[41:] & STROBE).all()
    assert abs((memory[T_FROM] - 6.27 + np.pi) % (2 * np.pi) - np.pi) < 0.03
    assert memory[T_SHAPE] / memory[T_RATE] < 4.0


def test_a_formation_is_no_strobe():
    """Twelve new targets side by side: as narrow as a strobe, and not long."""
    rng, memory = np.random.default_rng(2), np.zeros(T_WIDTH)
    memory[T_SHAPE], memory[T_RATE], memory[T_LOOKS] = 30.0, 10.0, 50.0
    for _ in range(5):
        azimuth, range_m = np.sort(rng.uniform(1.0, 1.03, 12)), rng.uniform(30e3, 33e3, 12)
        signs = traffic_signs(memory, azimuth, range_m, np.zeros(12, dtype=bool), 0, LOOK, LIMITS)
        assert signs == 0


def test_a_flag_is_raised_by_a_sign_and_lowered_by_looks_without():
    since, good = np.full(FAULTS, np.nan), np.zeros(FAULTS, dtype=np.int64)
    flags = told_apart(STUCK, STUCK | FLOOD, 0, since, good, 10.0, 3)
    assert flags == STUCK
    assert since[2] == 10.0
    for k in range(2):
        flags = told_apart(0, STUCK | FLOOD, flags, since, good, 11.0 + k, 3)
        assert flags == STUCK
    assert told_apart(0, FLOOD, flags, since, good, 13.0, 3) == STUCK, "not watched"
    assert told_apart(0, STUCK, flags, since, good, 14.0, 3) == 0
    assert np.isnan(since).all()
