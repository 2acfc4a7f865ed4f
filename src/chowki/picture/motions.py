"""Modes of motion as the kernels take them."""

from __future__ import annotations

import numpy as np

from chowki.kernels import modes
from chowki.kernels.modes import Motion
from chowki.picture.config import MotionConfig
from chowki.picture.parameters import PictureParameters

MODE_NAMES = ("quiet", "turning", "hovering")
QUIET, TURNING, HOVERING = 0, 1, 2


def straight(q_horizontal: float, q_vertical: float, curvature: float = 0.0) -> Motion:
    """Return nearly constant velocity alone.

    Parameters
    ----------
    q_horizontal, q_vertical : float
        Spectral densities of acceleration, m2/s3.
    curvature : float
        Of the ground, 1/m; 0 where every vertical is the third axis.
    """
    mode = np.zeros((1, modes.MODE_WIDTH))
    mode[0, modes.Q_HORIZONTAL], mode[0, modes.Q_VERTICAL] = q_horizontal, q_vertical
    return mode, np.zeros((1, 1)), curvature


def interacting(
    quiet: tuple[float, float], turning: tuple[float, float], hovering: tuple[float, float],
    turn_rate_sd: float, turn_change: float, hover_time_s: float,
    stays_s: tuple[float, float, float], curvature: float = 0.0,
) -> Motion:  # fmt: skip
    """Return quiet flight, coordinated turn and hover, changing at random.

    Parameters
    ----------
    quiet, turning, hovering : tuple of float
        Spectral densities of acceleration along the ground and the vertical, m2/s3.
    turn_rate_sd, turn_change : float
        Standard deviation of the rate when a turn begins, rad/s; of its change in a second.
    hover_time_s : float
        Time in which a hovering target stops, s.
    stays_s : tuple of float
        Mean time in each mode, s; it is left for either of the others, for a turn rather than for
        a hover.
    curvature : float
        As in ``straight``.
    """
    mode = np.zeros((3, modes.MODE_WIDTH))
    mode[:, modes.KIND] = (modes.STRAIGHT, modes.TURN, modes.STRAIGHT)
    mode[HOVERING, modes.DAMPING] = 1.0 / hover_time_s
    mode[:, modes.Q_HORIZONTAL : modes.Q_VERTICAL + 1] = (quiet, turning, hovering)
    mode[:, modes.TURN_SD] = turn_rate_sd
    mode[TURNING, modes.Q_TURN] = turn_change * turn_change
    goes = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.1], [0.5, 0.5, 0.0]])
    generator = (goes - np.eye(3)) / np.array(stays_s)[:, None]
    return mode, generator, curvature


def imm_of(config: MotionConfig, curvature: float = 0.0) -> Motion:
    """Return the modes that a configuration asks for."""
    quiet, turning = config.accel_psd_m2ps3, config.manoeuvre_psd_m2ps3
    return interacting(
        (quiet, quiet), (turning, quiet), (config.hover_psd_m2ps3, config.hover_psd_m2ps3),
        np.radians(config.turn_rate_sd_degps), np.radians(config.turn_change_degps),
        config.hover_time_s, (config.quiet_s, config.turn_s, config.hover_s), curvature,
    )  # fmt: skip


def motion_of(parameters: PictureParameters, curvature: float) -> Motion:
    """Return the modes of the air picture."""
    p = parameters
    vertical = p.acceleration_vertical_m2ps3
    return interacting(
        (p.acceleration_horizontal_m2ps3, vertical), (p.turning_m2ps3, vertical),
        (p.hovering_m2ps3, vertical), p.turn_rate_sd_radps, p.turn_change_radps, p.hover_time_s,
        (p.quiet_s, p.turn_s, p.hover_s), curvature,
    )  # fmt: skip
