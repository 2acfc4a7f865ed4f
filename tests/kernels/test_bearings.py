import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from chowki.kernels import bearings as b
from chowki.kernels.knots import begun, merged, probabilities, space_for

SIGMA = math.radians(2.0)
PRIOR = np.array([30.0, 4.0, 300.0, 250.0, 0.0])
DENSITY, LOG_C = 1e-10, math.log(0.1)
WEST, EAST = np.array([-5e3, 0.0, 25.0]), np.array([5e3, 0.0, 25.0])
TARGET = np.array([1_000.0, 12_000.0, 400.0])


def bearing(at, target=TARGET, number=0, time_s=0.0, sigma=SIGMA, elevation=False, off=0.0):
    d = target - at
    row = np.zeros(b.Y_WIDTH)
    row[b.Y_NUMBER], row[b.Y_TIME], row[b.Y_SENSOR] = number, time_s, at[0]
    row[b.Y_BITS] = 6 if elevation else 2
    row[b.Y_AZIMUTH] = (math.atan2(d[0], d[1]) + off) % (2.0 * math.pi)
    row[b.Y_ELEVATION] = math.atan2(d[2], math.hypot(d[0], d[1]))
    row[b.Y_AZIMUTH_VAR] = row[b.Y_ELEVATION_VAR] = sigma**2
    row[b.Y_LOG_C], row[b.Y_LOG_DETECTION], row[b.Y_LOG_FREE] = LOG_C, math.log(0.9), 0.0
    row[b.Y_REACH], row[b.Y_HEIGHT], row[b.Y_DENSITY] = 40e3, 25.0, DENSITY
    row[b.Y_ORIGIN : b.Y_AXES], row[b.Y_AXES :] = at, np.eye(3).ravel()
    return row


def crossed(first, second, prior=PRIOR):
    x, p = np.empty(6), np.empty((6, 6))
    log_odds, squared = b.crossed(first, second, prior, x, p)
    return x, p, log_odds, squared


def test_true_bearings_cross_at_the_target():
    x, p, _, squared = crossed(bearing(WEST), bearing(EAST))
    np.testing.assert_allclose(x[:2], TARGET[:2], atol=1.0)
    assert x[2] == pytest.approx(300.0, abs=1.0)  # of height the prior alone tells
    assert math.sqrt(p[2, 2]) == pytest.approx(250.0, rel=1e-3)
    np.testing.assert_allclose(np.sqrt(np.diag(p)[3:]), [30.0, 30.0, 4.0], rtol=1e-9)
    assert squared == pytest.approx(0.0, abs=1e-6)


def test_the_spread_of_a_crossing_is_that_of_many_crossings():
    rng, found = np.random.default_rng(1), []
    sigma = math.radians(0.3)
    for _ in range(2000):
        off = sigma * rng.standard_normal(2)
        first, second = (
            bearing(WEST, off=off[0], sigma=sigma),
            bearing(EAST, off=off[1], sigma=sigma),
        )
        found.append(crossed(first, second)[0][:2])
    _, p, _, _ = crossed(bearing(WEST, sigma=sigma), bearing(EAST, sigma=sigma))
    white = np.linalg.inv(np.linalg.cholesky(p[:2, :2]))
    # four standard deviations of the variances of 2,000 draws
    np.testing.assert_allclose(white @ np.cov(np.array(found).T) @ white.T, np.eye(2), atol=0.126)


def test_elevation_tells_the_height():
    first, second = bearing(WEST, elevation=True), bearing(EAST, elevation=True)
    x, p, _, _ = crossed(first, second)
    slants = [np.linalg.norm(TARGET - at) for at in (WEST, EAST)]
    told = sum((SIGMA * slant) ** -2 for slant in slants)
    known = told + 250.0**-2
    assert math.sqrt(p[2, 2]) == pytest.approx(known**-0.5, rel=0.02)
    assert x[2] == pytest.approx((told * 400.0 + 300.0 / 250.0**2) / known, abs=3.0)


def test_a_moving_target_heard_at_two_times_is_placed_at_the_later_one():
    going, later_s = np.array([0.0, -100.0, 0.0]), 10.0
    prior = np.array([200.0, 4.0, 300.0, 250.0, 0.0])
    first = bearing(WEST, sigma=1e-4)
    second = bearing(EAST, TARGET + later_s * going, time_s=later_s, sigma=1e-4)
    x, p, _, _ = crossed(first, second, prior)
    error = x[:2] - (TARGET + later_s * going)[:2]
    assert np.linalg.norm(error) > 10.0  # two bearings don't tell the velocity ...
    assert error @ np.linalg.solve(p[:2, :2], error) < 6.0  # ... and the covariance knows


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (bearing(WEST), bearing(EAST, off=math.pi)),  # behind one of them
        (bearing(WEST, TARGET * 40.0), bearing(EAST, TARGET * 40.0)),  # nearly parallel
        (bearing(WEST), bearing(EAST, WEST + np.array([5.0, 10.0, 0.0]))),  # at one of the sensors
    ],
)
def test_lines_that_do_not_cross_in_reach_found_nothing(first, second):
    assert crossed(first, second)[2] == -math.inf


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0])
def test_odds_are_the_integral_over_all_places(sigma):
    """One cause: density times the integral of both likelihoods; else: two other causes."""
    sigma = math.radians(sigma)
    first = bearing(WEST, sigma=sigma, off=0.6 * sigma)
    second = bearing(EAST, sigma=sigma, off=-0.9 * sigma)
    grid = 12_000.0 + 40.0 * (np.arange(700) - 250)
    east, north = np.meshgrid(40.0 * (np.arange(500) - 250), grid, indexing="ij")
    likelihood = np.ones_like(east)
    for row, at in ((first, WEST), (second, EAST)):
        off = np.arctan2(east - at[0], north - at[1]) - row[b.Y_AZIMUTH]
        likelihood *= norm.pdf((off + np.pi) % (2.0 * np.pi) - np.pi, scale=sigma)
    integral = likelihood.sum() * 40.0**2
    want = math.log(DENSITY * integral * 0.9**2) - 2.0 * LOG_C
    # Laplace's method: better the narrower the bearings
    assert crossed(first, second)[2] == pytest.approx(want, abs=200.0 * sigma**2)


def test_a_bearing_that_a_track_explains_counts_for_less():
    claimed = bearing(EAST)
    claimed[b.Y_LOG_FREE] = math.log(0.02)
    free = crossed(bearing(WEST), bearing(EAST))[2]
    assert crossed(bearing(WEST), claimed)[2] == pytest.approx(free + math.log(0.02))


def enumerated(log_odds, used):
    """Probability of each hypothesis by listing every set that shares no bearing."""
    n, total, out = len(log_odds), 0.0, np.zeros(len(log_odds))
    sets = [set(row[row >= 0].tolist()) for row in used]
    for size in range(n + 1):
        for chosen in itertools.combinations(range(n), size):
            numbers = [k for h in chosen for k in sets[h]]
            if len(set(numbers)) == len(numbers):
                weight = math.exp(sum(log_odds[h] for h in chosen))
                total += weight
                out[list(chosen)] += weight
    return out / total


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_probabilities_equal_those_of_all_sets(seed, n):
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0.0, 3.0, n)
    used = np.full((n, 4), -1, dtype=np.int64)
    for h in range(n):
        k = rng.integers(2, 4)
        used[h, :k] = rng.choice(8, k, replace=False)
    np.testing.assert_allclose(probabilities(log_odds, used), enumerated(log_odds, used), rtol=1e-9)


def test_four_crossings_of_two_targets_are_true_by_half():
    """Both pairings explain the lines as well: (o + o2) / (1 + 4 o + 2 o2), 1/2 for large odds."""
    used = np.array([[0, 2], [1, 3], [0, 3], [1, 2]])
    for odds in (0.3, 5.0, 1e6):
        got = probabilities(np.full(4, math.log(odds)), used)
        want = (odds + odds**2) / (1.0 + 4.0 * odds + 2.0 * odds**2)
        np.testing.assert_allclose(got, want, rtol=1e-9)


def test_even_enormous_odds_give_probabilities():
    used = np.array([[0, 1], [1, 2], [3, 4]])
    got = probabilities(np.array([900.0, 899.0, 400.0]), used)
    want = 1.0 / (1.0 + math.exp(-1.0))
    np.testing.assert_allclose(got, [want, 1.0 - want, 1.0])


def hypotheses(*rows):
    out = space_for(len(rows), 4)
    for h, (x, odds, numbers) in enumerate(rows):
        out[0][h, :3], out[1][h] = x, np.diag([100.0] * 3 + [10.0] * 3)
        out[3][h], out[4][h, : len(numbers)] = math.log(odds), numbers
    return out


def test_hypotheses_that_say_the_same_are_taken_together():
    near = [10.0, 0.0, 0.0]
    known = hypotheses(
        ([0.0, 0.0, 0.0], 5.0, [1, 2, 3, 4]),
        (near, 3.0, [1, 2, 3, 5]),  # as good, with another bearing of the same scan
        ([900.0, 0.0, 0.0], 2.0, [1, 2, 3, 6]),  # elsewhere
        (near, 1.5, [2, 3, 7, 8]),  # little in common: one of them may be a ghost
        (near, 1.0, [9, 10]),  # of other bearings: another target may be there
    )
    np.testing.assert_array_equal(merged(known, 2.0), [0, 2, 3, 4])
    assert math.exp(known[3][0]) == pytest.approx(8.0)


def test_only_bearings_of_different_sensors_and_near_in_time_begin_a_hypothesis():
    memory = np.array([bearing(WEST, number=1), bearing(EAST, number=2)])
    heard = np.array([bearing(EAST, number=3, time_s=4.0)])
    out = space_for(8, 4)
    assert begun(memory, heard, PRIOR, 12.0, 20.0, out, 0) == 1
    np.testing.assert_array_equal(out[4][0], [3, 1, -1, -1])
    assert out[2][0] == 4.0
    assert out[5][0] == 2
    assert begun(memory, heard, PRIOR, 3.0, 20.0, out, 0) == 0


def test_a_pair_that_a_hypothesis_already_holds_begins_none():
    memory, heard = np.array([bearing(WEST, number=1)]), np.array([bearing(EAST, number=3)])
    out = space_for(8, 4)
    out[4][0, :3] = 3, 1, 0
    assert begun(memory, heard, PRIOR, 12.0, 20.0, out, 1) == 1
