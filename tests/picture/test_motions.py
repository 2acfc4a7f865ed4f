import numpy as np
import pytest
from scipy.linalg import expm, null_space

from chowki.kernels import modes
from chowki.kernels.geodesy import MEAN_RADIUS_M
from chowki.picture.config import MotionConfig
from chowki.picture.motions import (
    HOVERING,
    MODE_NAMES,
    QUIET,
    TURNING,
    imm_of,
    interacting,
    motion_of,
    straight,
)
from chowki.picture.parameters import PictureParameters

STAYS_S = (60.0, 15.0, 40.0)


def test_straight_flight_is_one_mode_that_never_changes():
    mode, generator, curvature = straight(4.0, 0.3, 1e-7)
    want = [modes.STRAIGHT, 0.0, 4.0, 0.3, 0.0, 0.0]
    np.testing.assert_array_equal(mode, [want])
    np.testing.assert_array_equal(generator, [[0.0]])
    assert curvature == 1e-7
    assert straight(1.0, 1.0)[2] == 0.0


def three(stays_s=STAYS_S):
    return interacting((1.0, 0.2), (4.0, 0.3), (0.5, 0.4), 0.08, 0.02, 2.0, stays_s, 1e-7)


def test_quiet_flight_turns_and_hovers_are_three_modes():
    mode, generator, curvature = three()
    assert MODE_NAMES == ("quiet", "turning", "hovering")
    want = np.zeros((3, modes.MODE_WIDTH))
    want[QUIET] = modes.STRAIGHT, 0.0, 1.0, 0.2, 0.08, 0.0
    want[TURNING] = modes.TURN, 0.0, 4.0, 0.3, 0.08, 4e-4
    want[HOVERING] = modes.STRAIGHT, 0.5, 0.5, 0.4, 0.08, 0.0
    np.testing.assert_allclose(mode, want, rtol=1e-14)
    assert generator.shape == (3, 3)
    assert curvature == 1e-7


def test_modes_change_as_a_markov_process_with_the_mean_times_told():
    _, generator, _ = three()
    np.testing.assert_allclose(generator.sum(axis=1), 0.0, atol=1e-15)
    assert (generator - np.diag(np.diag(generator)) >= 0.0).all()
    np.testing.assert_allclose(-1.0 / np.diag(generator), STAYS_S)
    rng, dt = np.random.default_rng(0), 0.25
    change = expm(generator * dt)  # how long a mode lasts, drawn in quarter seconds
    for m, stays_s in enumerate(STAYS_S):
        lasted = rng.geometric(1.0 - change[m, m], 20_000) * dt
        # returns within a step lengthen what is seen of a stay by a fraction of the step
        assert lasted.mean() == pytest.approx(stays_s + 0.5 * dt, rel=0.03)
    # a turn is gone to more often than a hover
    assert generator[QUIET, TURNING] > generator[QUIET, HOVERING]
    assert generator[HOVERING, QUIET] == generator[HOVERING, TURNING]


def test_every_mode_is_come_to_in_the_long_run():
    _, generator, _ = three()
    steady = null_space(generator.T)[:, 0]
    steady /= steady.sum()
    assert (steady > 0.02).all()
    np.testing.assert_allclose(expm(generator * 1e5), np.tile(steady, (3, 1)), atol=1e-9)


def test_a_configuration_says_degrees_and_the_kernels_take_radians():
    config = MotionConfig.model_validate(
        {
            "model": "imm", "accel_psd_m2ps3": 2.0, "manoeuvre_psd_m2ps3": 5.0,
            "turn_rate_sd_degps": 3.0, "turn_change_degps": 0.5, "hover_psd_m2ps3": 0.25,
            "hover_time_s": 4.0, "quiet_s": 100.0, "turn_s": 20.0, "hover_s": 30.0,
        }
    )  # fmt: skip
    mode, generator, curvature = imm_of(config)
    assert mode[QUIET, modes.Q_HORIZONTAL] == mode[TURNING, modes.Q_VERTICAL] == 2.0
    assert mode[TURNING, modes.Q_HORIZONTAL] == 5.0
    assert mode[HOVERING, modes.Q_HORIZONTAL] == mode[HOVERING, modes.Q_VERTICAL] == 0.25
    np.testing.assert_allclose(mode[:, modes.TURN_SD], np.radians(3.0))
    assert mode[TURNING, modes.Q_TURN] == pytest.approx(np.radians(0.5) ** 2)
    assert mode[HOVERING, modes.DAMPING] == 0.25
    np.testing.assert_allclose(-1.0 / np.diag(generator), [100.0, 20.0, 30.0])
    assert curvature == 0.0


def test_the_air_picture_flies_over_a_round_earth():
    parameters = PictureParameters()
    mode, generator, curvature = motion_of(parameters, 1.0 / MEAN_RADIUS_M)
    assert curvature == 1.0 / MEAN_RADIUS_M
    assert mode[QUIET, modes.Q_HORIZONTAL] == parameters.acceleration_horizontal_m2ps3
    assert (mode[:, modes.Q_VERTICAL] == parameters.acceleration_vertical_m2ps3).all()
    assert mode[TURNING, modes.Q_TURN] == pytest.approx(parameters.turn_change_radps**2)
    np.testing.assert_allclose(
        -1.0 / np.diag(generator), [parameters.quiet_s, parameters.turn_s, parameters.hover_s]
    )
