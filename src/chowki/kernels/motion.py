"""Nearly constant velocity (NCV): six states, position then velocity, station frame.

White-noise acceleration of spectral density q: Bar-Shalom, Li and Kirubarajan 2001, "Estimation
with Applications to Tracking and Navigation", eq. 6.2.2-12, with one density in the local
horizontal plane and another along the local vertical.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.geodesy import MEAN_RADIUS_M, vertical_and_height
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]


@kernel
def vertical_near(x: F64) -> tuple[float, float, float]:
    """Return the local vertical of a position on a sphere: within 0.2 degrees of WGS 84's."""
    up = x[2] + MEAN_RADIUS_M
    length = math.sqrt(x[0] * x[0] + x[1] * x[1] + up * up)
    return x[0] / length, x[1] / length, up / length


@kernel
def transit(x: F64, p: F64, dt_s: float, out_x: F64, out_p: F64) -> None:
    """Write F x and F P F' over ``dt_s`` seconds (may be negative), without noise.

    Parameters
    ----------
    x, out_x : F64
        Shape (6,): position (m) and velocity (m/s).
    p, out_p : F64
        Shape (6, 6).
    dt_s : float
        Seconds.
    """
    for i in range(3):
        out_x[i] = x[i] + dt_s * x[i + 3]
        out_x[i + 3] = x[i + 3]
    for i in range(3):
        for j in range(3):
            cross = p[i, j + 3] + dt_s * p[i + 3, j + 3]
            out_p[i, j] = p[i, j] + dt_s * (p[i + 3, j] + cross)
            out_p[i, j + 3] = cross
            out_p[j + 3, i] = cross
            out_p[i + 3, j + 3] = p[i + 3, j + 3]


@kernel
def shake(x: F64, p: F64, dt_s: float, q_horizontal: float, q_vertical: float) -> None:
    """Add the noise of ``dt_s`` >= 0 seconds to a covariance, in place.

    Parameters
    ----------
    x : F64
        Shape (6,): where, for the local vertical.
    p : F64
        Shape (6, 6), changed in place.
    dt_s : float
        Seconds.
    q_horizontal, q_vertical : float
        Spectral densities of acceleration, m2/s3.
    """
    ux, uy, uz = vertical_near(x)
    up = (ux, uy, uz)
    cube, square = dt_s * dt_s * dt_s / 3.0, dt_s * dt_s / 2.0
    for i in range(3):
        for j in range(3):
            q = (q_vertical - q_horizontal) * up[i] * up[j]
            if i == j:
                q += q_horizontal
            p[i, j] += cube * q
            p[i, j + 3] += square * q
            p[i + 3, j] += square * q
            p[i + 3, j + 3] += dt_s * q


@kernel
def predict(
    x: F64, p: F64, dt_s: float, q_horizontal: float, q_vertical: float, out_x: F64, out_p: F64
) -> None:
    """Write the NCV prediction over ``dt_s`` >= 0 seconds of a state and its covariance."""
    transit(x, p, dt_s, out_x, out_p)
    shake(out_x, out_p, dt_s, q_horizontal, q_vertical)


@kernel
def coast(
    state: F64,
    covariance: F64,
    time_s: F64,
    rows: NDArray[np.int64],
    at_s: float,
    q_horizontal: float,
    q_vertical: float,
) -> tuple[F64, F64]:
    """Return states (k, 6) and covariances (k, 6, 6) of some rows, predicted to one time.

    Parameters
    ----------
    state, covariance, time_s : F64
        Shapes (n, 6), (n, 6, 6), (n,).
    rows : NDArray[np.int64]
        Shape (k,).
    at_s : float
        UTC seconds; NaN leaves every row at its own time. Rows that are younger than
        ``at_s`` by no more than they moved keep their own uncertainty and are drawn back.
    q_horizontal, q_vertical : float
        Spectral densities, m2/s3.
    """
    out_x = np.empty((len(rows), 6))
    out_p = np.empty((len(rows), 6, 6))
    for k in range(len(rows)):
        i = rows[k]
        dt = 0.0 if math.isnan(at_s) else float(at_s - time_s[i])
        transit(state[i], covariance[i], dt, out_x[k], out_p[k])
        if dt >= 0.0:
            shake(out_x[k], out_p[k], dt, q_horizontal, q_vertical)
        else:
            out_p[k] = covariance[i]
    return out_x, out_p


@kernel
def summary(frame: F64, state: F64, covariance: F64) -> F64:
    """Return height, uncertainty and speeds of states, shape (n, 6).

    Parameters
    ----------
    frame : F64
        Shape (4, 3): station frame.
    state, covariance : F64
        Shapes (n, 6), (n, 6, 6).

    Returns
    -------
    F64
        Columns: height above the ellipsoid; root of the horizontal covariance's trace; standard
        deviation along the vertical; root of the velocity covariance's trace; speed along the
        ground; climb along the local vertical. m, m, m, m/s, m/s, m/s.
    """
    out = np.empty((len(state), 6))
    for i in range(len(state)):
        p = covariance[i]
        ux, uy, uz, out[i, 0] = vertical_and_height(frame, state[i, 0], state[i, 1], state[i, 2])
        vertical = (
            ux * (p[0, 0] * ux + 2.0 * p[0, 1] * uy + 2.0 * p[0, 2] * uz)
            + uy * (p[1, 1] * uy + 2.0 * p[1, 2] * uz)
            + uz * p[2, 2] * uz
        )
        trace = p[0, 0] + p[1, 1] + p[2, 2]
        out[i, 1] = math.sqrt(max(trace - vertical, 0.0))
        out[i, 2] = math.sqrt(max(vertical, 0.0))
        out[i, 3] = math.sqrt(max(p[3, 3] + p[4, 4] + p[5, 5], 0.0))
        climb = state[i, 3] * ux + state[i, 4] * uy + state[i, 5] * uz
        speed_sq = state[i, 3] ** 2 + state[i, 4] ** 2 + state[i, 5] ** 2
        out[i, 4], out[i, 5] = math.sqrt(max(speed_sq - climb * climb, 0.0)), climb
    return out


@kernel
def east_and_north(frame: F64, ux: float, uy: float, uz: float, east: F64, north: F64) -> None:
    """Write local east and north of a vertical (unit vector, station frame), shape (3,) each.

    East is at right angles to the earth's axis, so undefined at the poles.
    """
    px, py, pz = frame[0, 2], frame[1, 2], frame[2, 2]
    east[0], east[1], east[2] = py * uz - pz * uy, pz * ux - px * uz, px * uy - py * ux
    length = math.sqrt(east[0] * east[0] + east[1] * east[1] + east[2] * east[2])
    for j in range(3):
        east[j] /= length
    north[0] = uy * east[2] - uz * east[1]
    north[1] = uz * east[0] - ux * east[2]
    north[2] = ux * east[1] - uy * east[0]


@kernel
def ellipses(frame: F64, state: F64, covariance: F64) -> F64:
    """Return the one-sigma ellipse of each position in its own horizontal plane, shape (n, 3).

    The eigenvalues of a symmetric 2 x 2 matrix in closed form, and half the angle of its
    deviator, as in Mohr's circle.

    Parameters
    ----------
    frame : F64
        Shape (4, 3): station frame.
    state, covariance : F64
        Shapes (n, 6), (n, 6, 6).

    Returns
    -------
    F64
        Columns: semi-major axis (m), semi-minor axis (m), and the bearing of the major axis
        clockwise from north at the position, in [0, pi) rad; any for a circle.
    """
    out = np.empty((len(state), 3))
    east, north = np.empty(3), np.empty(3)
    for i in range(len(state)):
        ux, uy, uz, _ = vertical_and_height(frame, state[i, 0], state[i, 1], state[i, 2])
        east_and_north(frame, ux, uy, uz, east, north)
        across, along, both = 0.0, 0.0, 0.0
        for j in range(3):
            for k in range(3):
                p = 0.5 * (covariance[i, j, k] + covariance[i, k, j])
                across += east[j] * p * east[k]
                along += north[j] * p * north[k]
                both += east[j] * p * north[k]
        middle, half = 0.5 * (along + across), 0.5 * (along - across)
        spread = math.sqrt(half * half + both * both)
        out[i, 0] = math.sqrt(max(middle + spread, 0.0))
        out[i, 1] = math.sqrt(max(middle - spread, 0.0))
        bearing = 0.5 * math.atan2(both, half)
        out[i, 2] = bearing + math.pi if bearing < 0.0 else bearing
    return out
