import math

import numpy as np
import pytest
from scipy.stats import poisson

from chowki.kernels import bearings as lines
from chowki.kernels import filter as plots_of
from chowki.kernels import visibility
from chowki.kernels.kalman import correct, innovate, workspace
from chowki.kernels.modes import SPACE, advance
from chowki.picture.bearings import (
    BearingMemory,
    FoundingRule,
    Heard,
    area_m2,
    heard_in,
    target_prior,
    triangulated,
)
from chowki.picture.motions import straight
from chowki.picture.parameters import PictureParameters

SIGMA, PERIOD_S, REACH_M = math.radians(2.0), 5.0, 40e3
TARGETS = PictureParameters()
PRIOR = target_prior(
    TARGETS.small_speed_mps, TARGETS.climb_mps, TARGETS.small_height_m, TARGETS.small_height_sd_m
)
MOTION = straight(4.0, 0.3)
WEST, EAST = np.array([-5e3, 0.0, 25.0]), np.array([5e3, 0.0, 25.0])
NORTH = np.array([0.0, 9e3, 25.0])
# Place and velocity of targets that transmit.
ONE = [(np.array([1e3, 12e3, 400.0]), np.array([15.0, -20.0, 0.0]))]
TWO = [*ONE, (np.array([-3e3, 8e3, 300.0]), np.array([-10.0, 20.0, 0.0]))]
FALSE_A_LOOK, DETECTION, UNTRACKED = 0.2, 0.9, 0.5
GATE = 13.8


def look():
    figures = np.zeros(visibility.L_WIDTH)
    figures[visibility.L_RANGE_MAX], figures[visibility.L_AZIMUTH_SPAN] = REACH_M, 2.0 * math.pi
    figures[visibility.L_DETECTION], figures[visibility.L_SENSOR_HEIGHT] = DETECTION, 25.0
    return figures


def plots(azimuths, time_s):
    out = np.zeros((len(azimuths), plots_of.P_WIDTH))
    out[:, plots_of.P_TIME], out[:, plots_of.P_VALUE + 1] = time_s, azimuths
    out[:, plots_of.P_VARIANCE :] = SIGMA**2
    density = (FALSE_A_LOOK + DETECTION * UNTRACKED) / (2.0 * math.pi)
    out[:, plots_of.P_LOG_C] = math.log(density)
    return out


def heard(azimuths, time_s, sensor, at, free=None):
    rows = plots(azimuths, time_s)
    view = (at, np.eye(3), np.full(11, 20.0), np.zeros(2))
    bits = np.full(len(rows), 2)
    free = np.ones(len(rows)) if free is None else free
    unseen = UNTRACKED / area_m2(look())
    return heard_in(rows, bits, free, look(), view, sensor, unseen, time_s)


class Track:
    """A founded track, kept with the nearest bearing: as the tracker would, in small."""

    def __init__(self, state, covariance, time_s):
        self.x, self.p, self.time_s, self.work = state, covariance, time_s, workspace(SPACE)

    def predict(self, time_s):
        x, p, f, fp = np.empty(6), np.empty((6, 6)), np.empty((6, 6)), np.empty((6, 6))
        advance(SPACE, MOTION, 0, time_s - self.time_s, self.x, self.p, x, p, f, fp)
        self.x, self.p, self.time_s = x, p, time_s

    def compare(self, azimuth, at):
        values, variances = np.zeros(10), np.full(10, SIGMA**2)
        values[1] = azimuth
        return innovate(
            SPACE, self.x, self.p, 0.0, 2, values, variances, at, np.eye(3), 4.0, 0.0, self.work
        )

    def take(self, azimuths, at):
        """Take the nearest bearing; return how probable it is that each came from elsewhere."""
        free = np.ones(len(azimuths))
        if not len(azimuths):
            return free
        squared = np.array([self.compare(azimuth, at)[2] for azimuth in azimuths])
        free[squared < GATE] = 0.02
        best = int(squared.argmin())
        if squared[best] < GATE:
            m, wide, _, _ = self.compare(azimuths[best], at)
            x, p = np.empty(6), np.empty((6, 6))
            correct(SPACE, m, wide, self.x, self.p, self.work, x, p)
            self.x, self.p = x, p
        return free


def night(targets, sensors, rounds, seed, rule=None):
    """Return memory and (time, existence, track when founded, track at the end) of each track."""
    rng, memory, tracks, told = np.random.default_rng(seed), BearingMemory(), [], []
    for k in range(rounds):
        for sensor, at in enumerate(sensors):
            time_s = PERIOD_S * (k + sensor / len(sensors))
            true = [
                math.atan2(*(x + v * time_s - at)[:2]) + SIGMA * rng.standard_normal()
                for x, v in targets
                if rng.uniform() < DETECTION
            ]
            false = rng.uniform(0.0, 2.0 * math.pi, rng.poisson(FALSE_A_LOOK))
            azimuths = rng.permutation(np.array([*true, *false]) % (2.0 * math.pi))
            free = np.ones(len(azimuths))
            for track in tracks:
                track.predict(time_s)
                free = np.minimum(free, track.take(azimuths, at))
            scan = heard(azimuths, time_s, sensor, at, free)
            memory, (rows, existence, state, covariance) = triangulated(
                memory, scan, MOTION, PRIOR, rule
            )
            assert (rows < len(azimuths)).all()
            for b in range(len(rows)):
                tracks.append(Track(state[b], covariance[b], time_s))
                told.append((time_s, existence[b], state[b].copy(), covariance[b].copy()))
    return memory, told, tracks


def target_of(state, covariance, time_s, targets):
    """Return the target that a state means by its own covariance, -1 for none."""
    for k, (x, v) in enumerate(targets):
        off = (state - np.concatenate([x + v * time_s, v]))[:2]
        if off @ np.linalg.solve(covariance[:2, :2], off) < GATE:
            return k
    return -1


def test_two_direction_finders_start_a_track_of_a_moving_target_together():
    times = []
    for seed in range(40):
        _, told, tracks = night(ONE, [WEST, EAST], 12, seed)
        assert len(told) == 1
        time_s, existence, state, covariance = told[0]
        assert existence >= 0.99
        assert target_of(state, covariance, time_s, ONE) == 0
        assert target_of(tracks[0].x, tracks[0].p, tracks[0].time_s, ONE) == 0
        times.append(time_s)
    assert np.median(times) <= 2.0 * PERIOD_S
    assert np.quantile(times, 0.9) <= 4.0 * PERIOD_S


@pytest.mark.parametrize("seed", range(8))
def test_ghosts_of_two_targets_and_two_direction_finders_found_nothing(seed):
    """Both pairings may explain the lines for minutes: then nothing is founded, and no ghost."""
    _, told, _ = night(TWO, [WEST, EAST], 24, seed)
    assert all(target_of(x, p, time_s, TWO) >= 0 for time_s, _, x, p in told)


def test_founded_tracks_are_as_sure_as_they_say():
    """Of many nights with ghosts: wrong ones no more often than existence allows (99.9 %)."""
    told = [one for seed in range(80) for one in night(TWO, [WEST, EAST], 24, seed)[1]]
    wrong = sum(target_of(x, p, time_s, TWO) < 0 for time_s, _, x, p in told)
    doubt = sum(1.0 - existence for _, existence, _, _ in told)
    assert len(told) >= 40
    # ghosts come in pairs: half as many chances as tracks
    assert wrong / 2.0 <= poisson.ppf(0.999, doubt / 2.0)


@pytest.mark.parametrize("seed", range(8))
def test_a_third_direction_finder_tells_targets_from_ghosts(seed):
    _, told, _ = night(TWO, [WEST, EAST, NORTH], 8, seed)
    assert sorted(target_of(x, p, time_s, TWO) for time_s, _, x, p in told) == [0, 1]
    assert told[-1][0] <= 5.0 * PERIOD_S


@pytest.mark.parametrize("seed", range(4))
def test_one_direction_finder_alone_starts_nothing(seed):
    memory, told, _ = night(TWO, [WEST], 24, seed)
    assert told == []
    assert len(memory.hypotheses[2]) == 0


@pytest.mark.parametrize("seed", range(4))
def test_false_bearings_alone_start_nothing(seed):
    _, told, _ = night([], [WEST, EAST, NORTH], 60, seed)
    assert told == []


def test_two_bearings_alone_are_not_enough_however_sure():
    eager = FoundingRule(existence=0.05, bearings=2)
    memory, _ = triangulated(BearingMemory(), heard([0.46], 0.0, 1, WEST), MOTION, PRIOR)
    for rule in (eager, FoundingRule(existence=0.05)):
        after, founded = triangulated(memory, heard([5.96], 1.0, 2, EAST), MOTION, PRIOR, rule)
        assert len(founded[0]) == (1 if rule is eager else 0)
        assert len(after.hypotheses[2]) == (0 if rule is eager else 1)


def test_the_memory_given_is_not_changed():
    before, _ = triangulated(BearingMemory(), heard([0.46], 0.0, 1, WEST), MOTION, PRIOR)
    kept = before.heard.copy(), [column.copy() for column in before.hypotheses]
    once, _ = triangulated(before, heard([5.96], 1.0, 2, EAST), MOTION, PRIOR)
    again, _ = triangulated(before, heard([5.96], 1.0, 2, EAST), MOTION, PRIOR)
    np.testing.assert_array_equal(before.heard, kept[0])
    for column, was in zip(before.hypotheses, kept[1], strict=True):
        np.testing.assert_array_equal(column, was)
    np.testing.assert_array_equal(once.hypotheses[0], again.hypotheses[0])
    assert len(once.hypotheses[2]) == 1


def test_bearings_that_a_track_claims_are_not_remembered():
    memory, _ = triangulated(
        BearingMemory(), heard([0.46, 2.0], 0.0, 1, WEST, np.array([0.05, 1.0])), MOTION, PRIOR
    )
    np.testing.assert_array_equal(memory.heard[:, lines.Y_AZIMUTH], [2.0])


def test_what_was_heard_long_ago_is_forgotten():
    rule = FoundingRule()
    memory, _ = triangulated(BearingMemory(), heard([0.46], 0.0, 1, WEST), MOTION, PRIOR)
    late_s = rule.window_s + 1.0
    memory, _ = triangulated(memory, heard([5.96], late_s, 2, EAST), MOTION, PRIOR)
    assert len(memory.hypotheses[2]) == 0
    assert len(memory.heard) == 1


def test_a_target_that_falls_silent_founds_nothing():
    memory, scans = BearingMemory(), [(0.46, 1, WEST), (5.96, 2, EAST)]
    for k, (azimuth, sensor, at) in enumerate(scans):
        memory, _ = triangulated(memory, heard([azimuth], float(k), sensor, at), MOTION, PRIOR)
    odds = memory.hypotheses[3][0]
    memory, _ = triangulated(memory, heard([], 3.0, 1, WEST), MOTION, PRIOR)
    assert memory.hypotheses[3][0] == pytest.approx(odds + math.log(1.0 - 0.5 * DETECTION))
    memory, _ = triangulated(memory, heard([], 60.0, 1, WEST), MOTION, PRIOR)
    assert len(memory.hypotheses[3]) == 0


def test_a_flood_of_bearings_is_bounded():
    rng, memory = np.random.default_rng(3), BearingMemory()
    for k in range(6):
        azimuths = rng.uniform(0.0, 2.0 * math.pi, 150)
        at = (WEST, EAST)[k % 2]
        memory, _ = triangulated(memory, heard(azimuths, float(k), k % 2, at), MOTION, PRIOR)
    assert len(memory.hypotheses[2]) <= 64
    assert len(memory.heard) <= 256
    assert all(np.isfinite(column).all() for column in memory.hypotheses)


def test_only_plots_that_are_bearings_alone_are_heard():
    rows, view = plots([0.1, 0.2, 0.3], 7.0), (WEST, np.eye(3), np.full(11, 20.0), np.zeros(2))
    bits = np.array([2, 3, 6])  # bearing, range and bearing, bearing and elevation
    scan = heard_in(rows, bits, np.array([1.0, 1.0, 0.5]), look(), view, 9, 1e-9, 8.0)
    assert isinstance(scan, Heard)
    np.testing.assert_array_equal(scan.rows, [0, 2])
    np.testing.assert_array_equal(scan.bearings[:, lines.Y_BITS], [2, 6])
    np.testing.assert_allclose(scan.bearings[:, lines.Y_LOG_FREE], np.log([1.0, 0.5]))
    np.testing.assert_array_equal(scan.bearings[0, lines.Y_ORIGIN : lines.Y_AXES], WEST)
    assert scan.ear[lines.Y_TIME] == 8.0
    assert scan.detection == DETECTION


def test_a_look_at_a_sector_does_not_count_as_silence():
    sector = look()
    sector[visibility.L_AZIMUTH_SPAN] = 0.5
    view = (WEST, np.eye(3), np.full(11, 20.0), np.zeros(2))
    empty = np.empty((0, plots_of.P_WIDTH))
    scan = heard_in(empty, np.empty(0, dtype=np.int64), np.empty(0), sector, view, 1, 1e-9, 0.0)
    assert scan.detection == 0.0
