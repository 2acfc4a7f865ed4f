"""One look of a rotating radar at textbook level.

Sources: Skolnik 2001, "Introduction to Radar Systems", 3rd ed. (range equation, MTI, accuracy);
Swerling 1954, RAND RM-1217 (fluctuation). The closed forms stand in ``kernels.detection``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.detection import mti_gain
from chowki.kernels.jit import kernel
from chowki.kernels.measure import TWO_PI, to_sensor
from chowki.kernels.philox import normal2, poisson, uniform4
from chowki.kernels.terrain import Terrain, Vantage, line_of_sight

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LEAST_SNR = 0.05

# Columns of a look's returns.
R_TIME, R_RANGE, R_AZIMUTH, R_ELEVATION, R_RATE, R_SNR, R_RCS = 0, 1, 2, 3, 4, 5, 6
R_WIDTH = 7


class Radar(NamedTuple):
    """What a look needs to know of a radar; drawn figures of this one sensor included.

    ``snr_m2`` is SNR x R^4 / RCS of the range equation, ``loss_per_m`` the two-way weather loss
    (neper/m), ``threshold`` the detection threshold over mean noise power, ``fluctuation`` the
    Swerling case (0, 1 or 2), ``pulses`` those integrated noncoherently (cases 0 and 1: one).
    """

    snr_m2: float
    loss_per_m: float
    threshold: float
    fluctuation: int
    pulses: int
    wavelength_m: float
    prf_hz: F64
    range_min_m: float
    range_max_m: float
    elevation_min_rad: float
    elevation_max_rad: float
    range_cell_m: float
    beamwidth_rad: float
    elevation_beamwidth_rad: float
    rate_cell_mps: float
    noise_floor: float
    tail_probability: float
    tail_factor: float
    range_bias_m: float
    azimuth_bias_rad: float
    elevation_bias_rad: float
    clock_offset_s: float
    clutter_per_rotation: float
    clutter_rate_mps: float
    recurring_probability: float


class Sweep(NamedTuple):
    """The span of one look: number, true times (s) and azimuths (rad) the beam passes."""

    number: int
    start_s: float
    end_s: float
    azimuth_from_rad: float
    azimuth_span_rad: float


class Chance(NamedTuple):
    """Address of a sensor's draws: a key for plots, one for clutter, one for recurring clutter."""

    sensor: int
    plot0: np.uint64
    plot1: np.uint64
    clutter0: np.uint64
    clutter1: np.uint64
    recurring0: np.uint64
    recurring1: np.uint64


@kernel
def received_power(
    snr: float,
    fluctuation: int,
    pulses: int,
    k0: np.uint64,
    k1: np.uint64,
    thing: int,
    look: int,
    count: int,
) -> float:
    """Draw the square-law power of one look, in units of mean noise power of one pulse.

    Case 0: steady amplitude plus noise; case 1: a complex Gaussian of variance 1 + SNR; case 2:
    ``pulses`` independent ones summed (Swerling 1954).
    """
    if fluctuation == 0:
        a, b = normal2(k0, k1, thing, look, count)
        steady = math.sqrt(2.0 * snr) + a
        return 0.5 * (steady * steady + b * b)
    if fluctuation == 1:
        return -(1.0 + snr) * math.log(1.0 - uniform4(k0, k1, thing, look, count)[0])
    total = 0.0
    for k in range(pulses):
        total -= math.log(1.0 - uniform4(k0, k1, thing, look, count + k)[0])
    return (1.0 + snr) * total


@kernel
def received_powers(
    snr: float, fluctuation: int, pulses: int, k0: np.uint64, k1: np.uint64, looks: int
) -> F64:
    """Return the drawn powers, shape (looks,), of one target over many looks."""
    out = np.empty(looks)
    for look in range(looks):
        out[look] = received_power(snr, fluctuation, pulses, k0, k1, 0, look, 0)
    return out


@kernel
def _illuminate(
    radar: Radar,
    vantage: Vantage,
    terrain: Terrain,
    sweep: Sweep,
    time_s: float,
    x: float,
    y: float,
    z: float,
    vx: float,
    vy: float,
    vz: float,
    rcs_m2: float,
    echo: F64,
) -> bool:
    """Fill in the mean echo of one target as the beam passes it; False when there is none."""
    p = vantage.position_m
    axes = vantage.axes
    dx, dy, dz = x - p[0], y - p[1], z - p[2]
    lag = 0.5 * (sweep.start_s + sweep.end_s) - time_s
    turn = TWO_PI / sweep.azimuth_span_rad
    into = 0.5 * turn
    for _ in range(2):
        e, n, _ = to_sensor(axes, dx + vx * lag, dy + vy * lag, dz + vz * lag)
        met = (math.atan2(e, n) - sweep.azimuth_from_rad) % TWO_PI / sweep.azimuth_span_rad
        into = met - turn * round((met - into) / turn)
        lag = sweep.start_s + min(max(into, 0.0), 1.0) * (sweep.end_s - sweep.start_s) - time_s
    if turn > 1.0 + 1e-9 and not 0.0 <= into < 1.0:
        return False
    dx, dy, dz = dx + vx * lag, dy + vy * lag, dz + vz * lag
    e, n, u = to_sensor(axes, dx, dy, dz)
    slant = math.sqrt(dx * dx + dy * dy + dz * dz)
    if slant < radar.range_min_m or slant > radar.range_max_m:
        return False
    elevation = math.atan2(u, math.hypot(e, n))
    if elevation < radar.elevation_min_rad or elevation > radar.elevation_max_rad:
        return False
    rate = (dx * vx + dy * vy + dz * vz) / slant
    snr = radar.snr_m2 * rcs_m2 / slant**4 * math.exp(-radar.loss_per_m * slant)
    snr *= 0.5 * mti_gain(rate, radar.wavelength_m, radar.prf_hz)
    if snr < LEAST_SNR or not line_of_sight(vantage, terrain, p[0] + dx, p[1] + dy, p[2] + dz):
        return False
    echo[R_TIME] = time_s + lag
    echo[R_RANGE], echo[R_AZIMUTH], echo[R_ELEVATION] = slant, math.atan2(e, n) % TWO_PI, elevation
    echo[R_RATE], echo[R_SNR] = rate, snr
    return True


@kernel
def _by_range(found: F64, row: I64, m: int) -> None:
    """Sort the first m echoes and their rows by range, in place (Shell 1959)."""
    gap = 1
    while gap < m // 3:
        gap = 3 * gap + 1
    held = np.empty(R_WIDTH)
    while gap > 0:
        for i in range(gap, m):
            held[:] = found[i]
            held_row = row[i]
            j = i
            while j >= gap and found[j - gap, R_RANGE] > held[R_RANGE]:
                found[j] = found[j - gap]
                row[j] = row[j - gap]
                j -= gap
            found[j] = held
            row[j] = held_row
        gap //= 3


@kernel
def _echoes(
    radar: Radar,
    vantage: Vantage,
    terrain: Terrain,
    sweep: Sweep,
    time_s: float,
    position_m: F64,
    velocity_mps: F64,
    rcs_m2: F64,
) -> tuple[F64, I64]:
    """Return the mean echoes (m, 7) of all targets that send one, and their rows, by range."""
    p = vantage.position_m
    reach = radar.range_max_m + 5.0e3
    found = np.empty((len(position_m), R_WIDTH))
    row = np.empty(len(position_m), dtype=np.int64)
    m = 0
    for i in range(len(position_m)):
        x, y, z = position_m[i, 0], position_m[i, 1], position_m[i, 2]
        if abs(x - p[0]) > reach or abs(y - p[1]) > reach:
            continue
        vx, vy, vz = velocity_mps[i, 0], velocity_mps[i, 1], velocity_mps[i, 2]
        if _illuminate(
            radar, vantage, terrain, sweep, time_s, x, y, z, vx, vy, vz, rcs_m2[i], found[m]
        ):
            row[m] = i
            m += 1
    _by_range(found, row, m)
    return found[:m], row[:m]


@kernel
def _merge(radar: Radar, echoes: F64, leader: I64) -> None:
    """Sum echoes that share a resolution cell into that of their nearest member, in place.

    A sum of independent complex Gaussians is one whose power is the sum: the merged plot is drawn
    from the summed SNR and stands at the power-weighted mean. ``leader`` becomes -1 for the rest.
    """
    for i in range(len(echoes)):
        if leader[i] < 0:
            continue
        first, azimuth = echoes[i, R_RANGE], echoes[i, R_AZIMUTH]
        total = echoes[i, R_SNR]
        j = i + 1
        while j < len(echoes) and echoes[j, R_RANGE] - first < radar.range_cell_m:
            off = (echoes[j, R_AZIMUTH] - azimuth + math.pi) % TWO_PI - math.pi
            if leader[j] >= 0 and abs(off) < radar.beamwidth_rad:
                leader[j] = -1
                share = echoes[j, R_SNR] / (total + echoes[j, R_SNR])
                here = (echoes[i, R_AZIMUTH] - azimuth + math.pi) % TWO_PI - math.pi
                echoes[i, R_AZIMUTH] = azimuth + here + share * (off - here)
                for column in (R_TIME, R_RANGE, R_ELEVATION, R_RATE):
                    echoes[i, column] += share * (echoes[j, column] - echoes[i, column])
                total += echoes[j, R_SNR]
            j += 1
        echoes[i, R_SNR] = total


@kernel
def _blur(radar: Radar, chance: Chance, sweep: Sweep, thing: int, power: float, plot: F64) -> None:
    """Turn a detected echo into a plot: noise from its measured SNR, tails, biases, clock.

    Errors are cell / sqrt(2 SNR) in range and width / (1.6 sqrt(2 SNR)) in angle (Skolnik 2001,
    eq. 6.27 ff.; Barton 1988, "Modern Radar System Analysis", ch. 8), never below a share
    ``noise_floor`` of the cell.
    """
    k0, k1, look = chance.plot0, chance.plot1, sweep.number
    snr = max(power / radar.pulses - 1.0, 1.0)
    scale = max(1.0 / math.sqrt(2.0 * snr), radar.noise_floor)
    if uniform4(k0, k1, thing, look, 1000)[0] < radar.tail_probability:
        scale *= radar.tail_factor
    a, b = normal2(k0, k1, thing, look, 1001)
    c, d = normal2(k0, k1, thing, look, 1002)
    plot[R_TIME] += radar.clock_offset_s
    plot[R_RANGE] += scale * radar.range_cell_m * a + radar.range_bias_m
    plot[R_AZIMUTH] += scale / 1.6 * radar.beamwidth_rad * b + radar.azimuth_bias_rad
    plot[R_ELEVATION] += scale / 1.6 * radar.elevation_beamwidth_rad * c + radar.elevation_bias_rad
    plot[R_RATE] += scale * radar.rate_cell_mps * d
    plot[R_AZIMUTH] %= TWO_PI
    plot[R_SNR] = snr
    plot[R_RCS] = snr * plot[R_RANGE] ** 4 / radar.snr_m2


@kernel
def _clutter(radar: Radar, chance: Chance, sweep: Sweep, count: int, plot: F64) -> None:
    """Fill in one false plot: azimuth anywhere in the sweep, range denser towards the radar."""
    k0, k1 = chance.clutter0, chance.clutter1
    u, v, w, s = uniform4(k0, k1, chance.sensor, sweep.number, 2 * count + 1)
    r, q, _, _ = uniform4(k0, k1, chance.sensor, sweep.number, 2 * count + 2)
    span = radar.range_max_m - radar.range_min_m
    plot[R_TIME] = sweep.start_s + u * (sweep.end_s - sweep.start_s) + radar.clock_offset_s
    plot[R_AZIMUTH] = (sweep.azimuth_from_rad + u * sweep.azimuth_span_rad) % TWO_PI
    plot[R_RANGE] = radar.range_min_m + span * v**1.5
    low = max(radar.elevation_min_rad, 0.0)
    plot[R_ELEVATION] = low + (radar.elevation_max_rad - low) * w * w
    plot[R_RATE] = radar.clutter_rate_mps * (2.0 * s - 1.0)
    snr = max((radar.threshold - math.log(1.0 - r) * (1.0 + 9.0 * q)) / radar.pulses - 1.0, 1.0)
    plot[R_SNR] = snr
    plot[R_RCS] = snr * plot[R_RANGE] ** 4 / radar.snr_m2


@kernel
def _recurring(
    radar: Radar, chance: Chance, sweep: Sweep, point: int, points: F64, plot: F64
) -> bool:
    """Fill in the plot of a recurring clutter point (range, azimuth, spread), if it shows."""
    thing = (chance.sensor << 32) | point
    show, a, b, c = uniform4(chance.recurring0, chance.recurring1, thing, sweep.number, 0)
    into = (points[point, 1] - sweep.azimuth_from_rad) % TWO_PI / sweep.azimuth_span_rad
    if show >= radar.recurring_probability or into >= 1.0:
        return False
    spread = points[point, 2]
    plot[R_TIME] = sweep.start_s + into * (sweep.end_s - sweep.start_s) + radar.clock_offset_s
    plot[R_RANGE] = points[point, 0] + spread * (2.0 * a - 1.0)
    off = spread * (2.0 * b - 1.0) / points[point, 0]
    plot[R_AZIMUTH] = (points[point, 1] + off) % TWO_PI
    plot[R_ELEVATION] = max(radar.elevation_min_rad, 0.0) + 0.01 * c
    plot[R_RATE] = radar.clutter_rate_mps * (2.0 * c - 1.0)
    plot[R_SNR] = radar.threshold * (1.0 + 9.0 * a * b) / radar.pulses
    plot[R_RCS] = plot[R_SNR] * plot[R_RANGE] ** 4 / radar.snr_m2
    return True


@kernel
def radar_look(
    radar: Radar,
    vantage: Vantage,
    terrain: Terrain,
    sweep: Sweep,
    chance: Chance,
    points: F64,
    time_s: float,
    target: I64,
    position_m: F64,
    velocity_mps: F64,
    rcs_m2: F64,
) -> F64:
    """Return the plots of one look, shape (m, 7), columns ``R_...``.

    Parameters
    ----------
    radar, vantage, terrain, sweep, chance : NamedTuple
        The radar, where it stands, the ground, the span of the look, the address of its draws.
    points : F64
        Shape (p, 3): recurring clutter, range (m), azimuth (rad), spread (m).
    time_s : float
        Time of the positions; targets keep their velocity from then on.
    target : I64
        Shape (n,): numbers, the addresses of the draws.
    position_m, velocity_mps : F64
        Shape (n, 3), station frame.
    rcs_m2 : F64
        Shape (n,): mean radar cross-section over aspect.
    """
    echoes, row = _echoes(radar, vantage, terrain, sweep, time_s, position_m, velocity_mps, rcs_m2)
    leader = row.copy()
    _merge(radar, echoes, leader)
    mean = radar.clutter_per_rotation * sweep.azimuth_span_rad / TWO_PI
    draw = uniform4(chance.clutter0, chance.clutter1, chance.sensor, sweep.number, 0)[0]
    false_plots = poisson(mean, draw)
    plots = np.empty((len(echoes) + false_plots + len(points), R_WIDTH))
    m = 0
    for i in range(len(echoes)):
        if leader[i] < 0:
            continue
        thing = (chance.sensor << 32) | int(target[row[i]])
        power = received_power(
            echoes[i, R_SNR], radar.fluctuation, radar.pulses,
            chance.plot0, chance.plot1, thing, sweep.number, 0,
        )  # fmt: skip
        if power > radar.threshold:
            plots[m] = echoes[i]
            _blur(radar, chance, sweep, thing, power, plots[m])
            m += 1
    for k in range(false_plots):
        _clutter(radar, chance, sweep, k, plots[m])
        m += 1
    for k in range(len(points)):
        if _recurring(radar, chance, sweep, k, points, plots[m]):
            m += 1
    return plots[:m].copy()
