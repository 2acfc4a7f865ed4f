"""Likelihoods of classes: densities that integrate to one, Bayes by hand, means with a memory."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from chowki.core.records import ObjectClass
from chowki.kernels import likelihoods as kernel
from chowki.picture import classes

FIGURES, TABLE, LOGS = classes.figures_of(120.0), classes.TABLE, classes.LOGS
BIRD, LOITERING, AEROPLANE = (
    int(ObjectClass.BIRD), int(ObjectClass.LOITERING_MUNITION), int(ObjectClass.AEROPLANE),
)  # fmt: skip
NOTHING = np.empty(0)


def test_a_band_is_even_and_blurred():
    for value in (3.0, 10.0, 14.0, 21.0):
        wanted = (ndtr((value - 10.0) / 2.0) - ndtr((value - 20.0) / 2.0)) / 10.0
        assert kernel.band(value, 10.0, 20.0, 2.0) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("kind", range(len(ObjectClass)))
@pytest.mark.parametrize("age_s", [60.0, 400.0, 1_200.0])
def test_distances_flown_are_a_density(kind, age_s):
    path = 20.0 * age_s

    def density(flown_m):
        return kernel.flown_density(flown_m, path, age_s, 300.0, TABLE[kind], FIGURES)

    far = 2.0 * path + 5_000.0
    total = quad(density, -3_000.0, far, limit=800, points=[0.0, 0.6 * path, path])[0]
    assert total == pytest.approx(1.0, abs=2e-3 + 1e-7 * (far + 3_000.0))


@pytest.mark.parametrize("kind", range(len(ObjectClass)))
@pytest.mark.parametrize("plots", [1.0, 30.0])
def test_cross_sections_are_a_density(kind, plots):
    def density(dbsm):
        return kernel.cross_section_density(dbsm, plots, TABLE[kind], FIGURES)

    total = quad(density, -60.0, 40.0, points=[-27.0, -14.0, 10.0])[0]
    assert total == pytest.approx(1.0, abs=1e-3)
    assert kernel.cross_section_density(math.nan, 0.0, TABLE[kind], FIGURES) == 1.0


@pytest.mark.parametrize("kind", [LOITERING, AEROPLANE])
def test_speeds_are_a_density(kind):
    sd, memory = np.zeros(3), np.array([0.0, 300.0, 0.0, 1.0, 0.0])
    beside = kernel.band(300.0, *TABLE[kind, [5, 6, 7]]) + kernel.HEIGHT_FLOOR
    beside *= 1.0 / TABLE[kind, kernel.T_CLIMB] + kernel.CLIMB_FLOOR

    def density(speed):
        memory[kernel.M_SPEED] = speed
        return kernel.motion_density(memory, sd, TABLE[kind]) / beside

    total = quad(density, -50.0, 400.0, limit=200, points=[42.0, 58.0, 280.0])[0]
    assert total == pytest.approx(1.0, abs=1e-4 + 450.0 * 2e-5)


def test_a_flock_in_one_cell_is_not_told_from_a_drone_by_its_cross_section_alone():
    def score(dbsm, kind):
        return math.log(kernel.cross_section_density(dbsm, 20.0, TABLE[kind], FIGURES))

    drone = int(ObjectClass.MULTIROTOR)
    assert score(-27.0, BIRD) - score(-27.0, drone) > 0.5
    assert abs(score(-16.0, BIRD) - score(-16.0, drone)) < 1.5
    assert score(-16.0, BIRD) - score(-16.0, AEROPLANE) > 5.0


def test_who_went_far_goes_somewhere_who_stayed_wanders_and_the_first_seconds_say_little():
    def ratio(flown_m, path_m, age_s):
        goes, wanders = (
            kernel.flown_density(flown_m, path_m, age_s, 800.0, TABLE[kind], FIGURES)
            for kind in (LOITERING, BIRD)
        )
        return math.log(goes / wanders)

    assert ratio(9_900.0, 10_000.0, 600.0) > 1.0
    assert ratio(1_500.0, 10_000.0, 600.0) < -1.0
    assert abs(ratio(250.0, 250.0, 12.0)) < 0.3


def test_a_fading_mean_is_the_exponential_one_and_the_first_value_counts_in_full():
    rng = np.random.default_rng(1)
    values, memory, last = rng.normal(20.0, 3.0, 50), np.zeros(kernel.M_WIDTH), math.nan
    for k, value in enumerate(values):
        now = np.array([value, 0.0, 0.0])
        kernel.remembered(memory, last, 0.0, 3.0 * (k + 1), now, FIGURES)
        if k == 0:
            assert memory[kernel.M_SPEED] == pytest.approx(value)
        last = 3.0 * (k + 1)
    weight = np.exp(-3.0 * np.arange(50)[::-1] / 120.0)
    assert memory[kernel.M_SPEED] == pytest.approx((weight * values).sum() / weight.sum())
    assert memory[kernel.M_WEIGHT] == pytest.approx(1.0 - math.exp(-150.0 / 120.0))
    assert memory[kernel.M_PATH] == pytest.approx(3.0 * values.sum())


def test_a_mean_of_independent_errors_shrinks_with_their_number():
    assert kernel.shrunken(0.05, FIGURES) == 1.0
    assert kernel.shrunken(1.0, FIGURES) == pytest.approx(math.sqrt(10.0 / 120.0))


def test_a_hit_that_surely_came_from_the_track_says_what_the_table_says():
    assert kernel.heard_score(1.0, 1.0, 0.6, 0.08) == pytest.approx(math.log(0.6 / 0.08))
    assert kernel.heard_score(0.0, 1.0, 0.6, 0.08) == 0.0
    assert kernel.heard_score(1.0, 0.0, 0.6, 0.08) == 0.0
    assert kernel.heard_score(1.0, 0.5, 0.6, 0.08) == pytest.approx(0.5 * math.log(0.6 / 0.08))
    assert kernel.heard_score(1.0, 5.0, 0.6, 0.08) == kernel.heard_score(1.0, 1.0, 0.6, 0.08)


def test_an_address_that_is_not_trusted_says_nothing():
    row = LOGS[AEROPLANE]
    assert kernel.address_score(0, True, 9.0, row, 60.0) == pytest.approx(math.log(0.95))
    assert kernel.address_score(1, True, 9.0, row, 60.0) == pytest.approx(math.log(0.005))
    assert kernel.address_score(0, False, 9.0, row, 60.0) == 0.0
    assert kernel.address_score(-1, True, 30.0, row, 60.0) == pytest.approx(0.5 * math.log(0.25))


def test_identification_by_odds_as_in_the_textbook():
    # decision.md 4.1: prior odds 1, ratios 9 and 4 make 36 / 37
    only = np.full(len(TABLE), -np.inf)
    only[0] = 0.0
    even = np.zeros((len(TABLE), kernel.T_WIDTH))
    even[:, kernel.T_ARMED_OVER], even[:, kernel.T_ARMED_INSIDE] = 0.5, 0.2
    assert kernel.armed_by(only, True, math.log(36.0), even) == pytest.approx(36.0 / 37.0)
    assert kernel.armed_by(only, False, 0.0, even) == pytest.approx(0.2)


def weighed(**known):
    """Return posterior, arms and shares of one track seen for a minute."""
    usual = {
        "speed": 48.0, "climb": 0.0, "agl": 250.0, "first_m": (0.0, 0.0, 0.0),
        "place": (2_880.0, 0.0, 250.0), "rcs": -14.0, "plots": 10.0, "heard": 0.0, "agreed": 0.0,
        "kind": -1, "origin": 0, "crossed": math.nan, "trusted": True, "looks": np.zeros(7),
        "payload": 0.0, "first": 0.0,
    }  # fmt: skip
    k = usual | known
    one = {name: np.array([float(value)]) for name, value in k.items() if np.isscalar(value)}
    few, many = np.array([5.0]), np.array([60.0])
    log_class, armed = np.zeros((1, 7)), np.zeros(1)
    shares = kernel.weigh_classes(
        np.array([0]), 60.0,
        (one["speed"], one["climb"], one["agl"], few, few, few, many, np.array([k["place"]])),
        (one["first"], one["rcs"], one["plots"]),
        (
            np.array([k["first_m"]]), one["heard"], one["agreed"], np.array([k["looks"]]),
            one["payload"], np.array([k["kind"]], dtype=np.int8),
            np.array([k["origin"]], dtype=np.int8), one["crossed"],
        ),
        np.array([k["trusted"]]),
        (np.zeros((1, kernel.M_WIDTH)), np.array([math.nan]), log_class, armed),
        FIGURES, TABLE, LOGS,
    )  # fmt: skip
    return np.exp(log_class[0]), armed[0], shares[0]


def test_the_posterior_is_prior_times_likelihoods():
    one, _, _ = weighed()
    other, _, _ = weighed(rcs=-24.0)
    ratio = [
        kernel.cross_section_density(-24.0, 10.0, row, FIGURES)
        / kernel.cross_section_density(-14.0, 10.0, row, FIGURES)
        for row in TABLE
    ]
    wanted = one * ratio / (one * ratio).sum()
    assert other == pytest.approx(wanted, rel=1e-9)
    assert one.sum() == pytest.approx(1.0)
    crossed, _, _ = weighed(crossed=30.0)
    times = one * TABLE[:, kernel.T_CROSSED]
    assert crossed == pytest.approx(times / times.sum(), rel=1e-9)


def test_a_claimed_address_does_not_count_where_it_is_doubted():
    silent, _, _ = weighed()
    claimed, _, shares = weighed(kind=0)
    doubted, _, doubted_shares = weighed(kind=0, trusted=False)
    assert claimed[AEROPLANE] > 5.0 * silent[AEROPLANE]
    assert shares[kernel.R_UNAIDED] == pytest.approx(doubted_shares[kernel.R_DRONE])
    assert doubted[AEROPLANE] < claimed[AEROPLANE]


def test_a_payload_seen_and_the_way_over_the_border_speak_of_arms():
    _, plain, _ = weighed()
    _, seen, _ = weighed(payload=2.0)
    _, inside, _ = weighed(origin=2)
    assert seen / (1.0 - seen) == pytest.approx(math.exp(2.0) * plain / (1.0 - plain))
    assert inside < plain


@pytest.mark.parametrize(("drone", "pressing", "wanted"), [(0.6, 0, 1), (0.2, 0, 0), (0.2, 1, 1)])
def test_what_may_be_a_drone_or_presses_is_weighed_more_often(drone, pressing, wanted):
    log_class = np.log(np.array([[drone, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0 - drone]]) + 1e-12)
    args = (np.array([0]), 14.0, np.array([10.0]), log_class, np.array([bool(pressing)]), 3.0, 6.0)
    assert len(kernel.due(*args)) == wanted
    never = (*args[:2], np.array([math.nan]), *args[3:])
    assert len(kernel.due(*never)) == 1


def test_columns_are_as_many_as_kernels_read_and_probabilities_are_some():
    assert TABLE.shape == (len(ObjectClass), kernel.T_WIDTH)
    assert FIGURES.shape == (kernel.G_WIDTH,)
    assert TABLE[:, kernel.T_PRIOR].sum() == pytest.approx(1.0)
    assert (TABLE[:, kernel.T_SPEED_LOW] < TABLE[:, kernel.T_SPEED_HIGH]).all()
    origins = TABLE[:, [kernel.T_BEYOND, kernel.T_NEAR, kernel.T_DEEP]]
    assert origins.sum(axis=1) == pytest.approx(np.ones(len(ObjectClass)))


def test_the_carrier_is_that_of_the_majority_of_shares():
    rng, same = np.random.default_rng(5), 2.44e9
    hz = np.where(
        rng.random(60) < 0.7, same * rng.uniform(0.995, 1.005, 60), rng.uniform(3e8, 6e9, 60)
    )
    share = np.full(60, 0.4)
    heard, hits, carrier, more = (np.zeros(2), np.zeros(2), np.full(2, np.nan), np.zeros(2))
    kernel.overheard(np.zeros(60, np.int64), hz, share, heard, hits, carrier, more)
    assert carrier[0] == pytest.approx(same, rel=0.03)
    assert more[0] > 1.0
    assert heard[0] == pytest.approx(0.4, rel=0.05)
    assert hits[0] == kernel.HITS_MAX
    assert np.isnan(carrier[1])


def test_bearings_of_noise_agree_on_no_carrier_and_silent_receivers_agree_with_any():
    hz, share = np.linspace(3e8, 6e9, 40), np.full(40, 0.4)
    heard, hits, carrier, more = (np.zeros(1), np.zeros(1), np.full(1, np.nan), np.zeros(1))
    kernel.overheard(np.zeros(40, np.int64), hz[::-1], share, heard, hits, carrier, more)
    assert more[0] <= 0.4
    kernel.overheard(
        np.zeros(5, np.int64), np.full(5, np.nan), share[:5], heard, hits, carrier, more
    )
    assert more[0] >= 2.0
