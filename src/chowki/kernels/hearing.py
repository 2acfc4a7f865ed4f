"""What radio receivers hear: bearings by free-space loss, and messages that may be lost."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import TWO_PI, to_sensor
from chowki.kernels.philox import normal2, poisson, uniform4
from chowki.kernels.terrain import Terrain, Vantage, line_of_sight

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LIGHT_SPEED_MPS = 299_792_458.0
H_TIME, H_AZIMUTH, H_FREQUENCY, H_SNR = 0, 1, 2, 3
H_WIDTH = 4


class Hearing(NamedTuple):
    """A direction finder: address of its draws, reach, band, sensitivity and errors."""

    sensor: int
    key0: np.uint64
    key1: np.uint64
    range_max_m: float
    elevation_max_rad: float
    frequency_min_hz: float
    frequency_max_hz: float
    gain_db: float
    sensitivity_dbm: float
    shadowing_db: float
    sigma_bearing_rad: float
    bias_rad: float
    clock_offset_s: float
    tail_probability: float
    tail_factor: float
    false_per_look: float


@kernel
def received_dbm(power_w: float, gain_db: float, distance_m: float, frequency_hz: float) -> float:
    """Return received power (dBm): radiated power, antenna gain, free-space loss (Friis 1946)."""
    loss = 20.0 * math.log10(4.0 * math.pi * distance_m * frequency_hz / LIGHT_SPEED_MPS)
    return 10.0 * math.log10(power_w) + 30.0 + gain_db - loss


@kernel
def _hear(
    hearing: Hearing,
    vantage: Vantage,
    terrain: Terrain,
    look: int,
    target: int,
    x: float,
    y: float,
    z: float,
    frequency_hz: float,
    power_w: float,
    row: F64,
) -> bool:
    """Fill in the bearing of one transmitter; False when it is not heard."""
    p = vantage.position_m
    e, n, u = to_sensor(vantage.axes, x - p[0], y - p[1], z - p[2])
    d = math.sqrt(e * e + n * n + u * u)
    if d > hearing.range_max_m or math.atan2(u, math.hypot(e, n)) > hearing.elevation_max_rad:
        return False
    thing = (hearing.sensor << 32) | (target + 1)
    shadow, error = normal2(hearing.key0, hearing.key1, thing, look, 0)
    margin = received_dbm(power_w, hearing.gain_db, d, frequency_hz) - hearing.sensitivity_dbm
    margin += hearing.shadowing_db * shadow
    if margin < 0.0 or not line_of_sight(vantage, terrain, x, y, z):
        return False
    scale = hearing.sigma_bearing_rad
    if uniform4(hearing.key0, hearing.key1, thing, look, 1)[0] < hearing.tail_probability:
        scale *= hearing.tail_factor
    row[H_AZIMUTH] = (math.atan2(e, n) + scale * error + hearing.bias_rad) % TWO_PI
    row[H_FREQUENCY] = frequency_hz
    row[H_SNR] = margin
    return True


@kernel
def bearings(
    hearing: Hearing,
    vantage: Vantage,
    terrain: Terrain,
    look: int,
    look_s: float,
    time_s: float,
    target: I64,
    position_m: F64,
    velocity_mps: F64,
    transmits_hz: F64,
    transmit_power_w: F64,
) -> F64:
    """Return what is heard, shape (m, 4): time (s), azimuth (rad), carrier (Hz), margin (dB).

    Parameters
    ----------
    hearing, vantage, terrain : NamedTuple
        The direction finder, where it stands, the ground.
    look : int
        Number of the look.
    look_s, time_s : float
        Time of the look; time of the positions, from which targets keep their velocity.
    target : I64
        Shape (n,).
    position_m, velocity_mps : F64
        Shape (n, 3), station frame.
    transmits_hz, transmit_power_w : F64
        Shape (n,); NaN for a silent target, which is never heard.
    """
    k0, k1 = hearing.key0, hearing.key1
    false = poisson(hearing.false_per_look, uniform4(k0, k1, hearing.sensor << 32, look, 0)[0])
    rows = np.empty((len(target) + false, H_WIDTH))
    rows[:, H_TIME] = look_s + hearing.clock_offset_s
    lag = look_s - time_s
    m = 0
    for i in range(len(target)):
        hz = transmits_hz[i]
        if not hearing.frequency_min_hz <= hz <= hearing.frequency_max_hz:
            continue
        x = position_m[i, 0] + lag * velocity_mps[i, 0]
        y = position_m[i, 1] + lag * velocity_mps[i, 1]
        z = position_m[i, 2] + lag * velocity_mps[i, 2]
        power = transmit_power_w[i]
        if _hear(hearing, vantage, terrain, look, target[i], x, y, z, hz, power, rows[m]):
            m += 1
    for k in range(false):
        u, v, w, _ = uniform4(k0, k1, hearing.sensor << 32, look, k + 1)
        rows[m, H_AZIMUTH] = TWO_PI * u
        band = hearing.frequency_max_hz - hearing.frequency_min_hz
        rows[m, H_FREQUENCY] = hearing.frequency_min_hz + band * v
        rows[m, H_SNR] = 10.0 * w
        m += 1
    return rows[:m].copy()


@kernel
def reports(
    sensor: int,
    loss0: np.uint64,
    loss1: np.uint64,
    error0: np.uint64,
    error1: np.uint64,
    look: int,
    second: int,
    target: I64,
    share: F64,
    loss: float,
    loss_at_range: float,
) -> tuple[NDArray[np.bool_], F64]:
    """Return which messages arrive, shape (n,), and six standard normal errors of each, (n, 6).

    Parameters
    ----------
    sensor, look : int
        Address of what is lost: differs from receiver to receiver.
    loss0, loss1, error0, error1 : numpy.uint64
        Keys of loss and of error.
    second : int
        With the target, the address of the errors: the same for every receiver.
    target : I64
        Shape (n,).
    share : F64
        Shape (n,): distance over the greatest range; loss grows with its square.
    loss, loss_at_range : float
        Probability of loss near by and at the greatest range.
    """
    arrives = np.empty(len(target), dtype=np.bool_)
    errors = np.empty((len(target), 6))
    for i in range(len(target)):
        chance = loss + (loss_at_range - loss) * share[i] * share[i]
        thing = (sensor << 32) | target[i]
        arrives[i] = uniform4(loss0, loss1, thing, look, 0)[0] >= chance
        for k in range(3):
            a, b = normal2(error0, error1, target[i], second, k)
            errors[i, 2 * k], errors[i, 2 * k + 1] = a, b
    return arrives, errors
