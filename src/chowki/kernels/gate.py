"""From tracks and plots to one CSR list of candidate pairs with their weights.

Plots are sorted into cells (east x north, or azimuth x range). Each track looks only into the
cells that its gate can reach; what it finds there is compared exactly, at the plot's own time.
Weights: Williams 2015, "Marginal multi-Bernoulli filters", IEEE TAES 51(3) (TOMB/P).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.cells import Cells, coordinates_of, sort_into_cells, within_box
from chowki.kernels.filter import P_LOG_C, P_TIME, View, likelihood, position_variance
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import POSITION, Workspace, workspace
from chowki.kernels.measure import TWO_PI, to_sensor, wrap
from chowki.kernels.modes import (
    Q_HORIZONTAL,
    Q_VERTICAL,
    Forecast,
    Motion,
    Size,
    forecast,
    forecast_space,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# State (n, 2 D) and covariance (n, 2 D, 2 D) over all modes; states (l, m, S), covariances
# (l, m, S, S) and probabilities (l, m) of the modes; validity time and existence (n,); the row of
# the modes (n,): they may lie elsewhere than the track, l >= n.
Bernoullis = tuple[F64, F64, F64, F64, F64, F64, F64, I64]

# With no more plots than this about a track, each is compared; else a box is predicted first.
FEW = 3
# Below this existence a track is too short to tell its mode.
MODES_FROM = 0.5


@kernel
def _widest(size: Size, plots: F64) -> F64:
    """Return the largest variances: of range, azimuth, first and second position."""
    widest, at = np.zeros(4), position_variance(size)
    for j in range(len(plots)):
        widest[2] = max(widest[2], plots[j, at])
        widest[3] = max(widest[3], plots[j, at + 1])
        if len(size) >= 6:
            widest[0] = max(widest[0], plots[j, at - 4])
            widest[1] = max(widest[1], plots[j, at - 3])
    return widest


@kernel
def _widest_gate(size: Size, bits: I64, gates: F64) -> float:
    """Return the gate of the plot with the most slots."""
    most = 0
    for j in range(len(bits)):
        slots = 2 if len(size) < 6 else 0
        for slot in range(6):
            if bits[j] >> slot & 1:
                slots += 1 if slot < 4 else 3
        most = max(most, slots)
    return gates[most]


@kernel
def _cells(size: Size, plots: F64, bits: I64, scan_bits: int, gates: F64) -> Cells:
    """Return the plots of a scan in cells, with their coordinates, widest variances and gate."""
    a, b, period = coordinates_of(size, scan_bits, plots)
    grid, sides, starts, points = sort_into_cells(a, b, period)
    return grid, sides, starts, points, a, b, _widest(size, plots), _widest_gate(size, bits, gates)


@kernel
def _position_reach(
    p: F64, axis: int, d: int, dt: float, noise: float, gate: float, spread: float
) -> float:
    """Return how far a gate reaches along one axis of position."""
    v = d + axis
    moved = p[axis, axis] + 2.0 * dt * p[axis, v] + dt * dt * p[v, v]
    return math.sqrt(gate * (moved + noise + spread))


@kernel
def _half_widths(
    size: Size, bits: int, x: F64, p: F64, dt: float, slack: float, view: View, ground: float,
    widest: F64, gate: float, q: float,
) -> tuple[float, float]:  # fmt: skip
    """Return how far a track's gate reaches along both cell coordinates, never too little."""
    d, gates, timing_s = len(size) // 2, view[2], view[3][1]
    speed_sq = 0.0
    for i in range(d):
        speed_sq += x[d + i] * x[d + i]
    slide = 0.0 if slack == 0.0 else math.sqrt(speed_sq) * slack
    noise = speed_sq * timing_s * timing_s
    if (len(size) < 6 or bits & POSITION) and slack == 0.0 and dt >= 0.0:
        noise += q * dt * dt * dt / 3.0
        return (
            _position_reach(p, 0, d, dt, noise, gate, widest[2]),
            _position_reach(p, 1, d, dt, noise, gate, widest[3]),
        )
    dt = abs(dt) + slack
    moved = noise + q * dt * dt * dt
    for i in range(d):
        moved += p[i, i] + 2.0 * dt * abs(p[i, i + d]) + dt * dt * p[i + d, i + d]
    if len(size) < 6 or bits & POSITION:
        reach = math.sqrt(gate * (moved + max(widest[2], widest[3]))) + slide
        return reach, reach
    cross = math.sqrt(gates[10] * moved)
    reach = math.sqrt(gates[10] * (moved + widest[0])) + slide
    if 2.0 * (cross + slide) > ground:
        return TWO_PI, reach
    near = ground - slide - 0.5 * cross
    return 1.1 * (cross + slide) / near + math.sqrt(gates[10] * widest[1]), reach


@kernel
def _coarse(size: Size, bits: int, view: View, x: F64, dt: float) -> tuple[float, float, float]:
    """Return the cell coordinates of a state in ``dt`` seconds, and its ground range."""
    d = len(size) // 2
    if len(size) < 6:
        return x[0] + dt * x[d], x[1] + dt * x[d + 1], 0.0
    origin, axes = view[0], view[1]
    px, py, pz = x[0] + dt * x[d], x[1] + dt * x[d + 1], x[2] + dt * x[d + 2]
    if bits & POSITION:
        return px, py, 0.0
    e, n, u = to_sensor(axes, px - origin[0], py - origin[1], pz - origin[2])
    ground = math.hypot(e, n)
    return math.atan2(e, n) % TWO_PI, math.hypot(ground, u) if bits & 1 else 0.0, ground


@kernel
def _box(
    size: Size, x: F64, p: F64, dt: float, slack: float, bits: int, view: View, ahead: Forecast,
    several: bool, widest: F64, gate: float, q: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return cell coordinates of a track in ``dt`` seconds, and how far its gate reaches from them.

    With several modes that is as far as the gate of any mode; one that has been in one alone so far
    is where its state says.
    """
    ca, cb, ground = _coarse(size, bits, view, x, dt)
    if not several:
        ha, hb = _half_widths(size, bits, x, p, dt, slack, view, ground, widest, gate, q)
        return ca, cb, ha, hb
    round_ = len(size) >= 6 and bits & POSITION == 0
    ha, hb, late = 0.0, 0.0, min(dt, 0.0)
    for m in range(len(ahead[2])):
        if ahead[2][m] > 0.0:
            ma, mb, ground = _coarse(size, bits, view, ahead[0][m], late)
            wa, wb = _half_widths(
                size, bits, ahead[0][m], ahead[1][m], late, slack, view, ground, widest, gate, q
            )
            off = wrap(ma - ca) if round_ else ma - ca
            ha, hb = max(ha, abs(off) + wa), max(hb, abs(mb - cb) + wb)
    return ca, cb, ha, hb


@kernel
def _near(
    size: Size, x: F64, p: F64, dt: float, slack: float, bits: int, cells: Cells, view: View,
    ahead: Forecast, several: bool, q: float, found: I64,
) -> int:  # fmt: skip
    """Write the plots inside the box that a track's gate can reach; return their number."""
    widest, gate = cells[6], cells[7]
    period = 0.0 if len(size) < 6 or bits & POSITION else TWO_PI
    ca, cb, ha, hb = _box(size, x, p, dt, slack, bits, view, ahead, several, widest, gate, q)
    return within_box(cells, period, ca, cb, ha, hb, found)


@kernel
def _about(
    size: Size, bits: int, state: F64, modes: tuple[F64, F64, F64], dt: float, slack: float,
    view: View, cells: Cells, q: float, found: I64,
) -> int:  # fmt: skip
    """Write the plots that lie where any mode's gate could be; return their number.

    Cheap, and never too narrow: a mode is taken to be anywhere that its speed could have brought
    it, so that nothing has to be predicted to pass by a track that no plot is near.
    """
    x, p, mu = modes
    d, gates, timing_s, widest = len(size) // 2, view[2], view[3][1], cells[6]
    off, off_v, place, pace, speed = 0.0, 0.0, 0.0, 0.0, 0.0
    for m in range(len(mu)):
        if m > 0 and mu[m] <= 0.0 and mu[0] >= 1.0:
            continue  # as yet only the first mode: the others begin there
        here, there, at, fast, swift = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(d):
            here += (x[m, i] - state[i]) ** 2
            there += (x[m, d + i] - state[d + i]) ** 2
            at += p[m, i, i]
            fast += p[m, d + i, d + i]
            swift += x[m, d + i] ** 2
        off, off_v = max(off, here), max(off_v, there)
        place, pace, speed = max(place, at), max(pace, fast), max(speed, swift)
    span_s = abs(dt) + slack
    place, pace = math.sqrt(place + 4.0 * off), math.sqrt(pace + 4.0 * off_v)
    moved = (place + span_s * pace) ** 2 + q * span_s**3 + speed * (span_s**2 + timing_s**2)
    far = math.sqrt(off) + 2.0 * math.sqrt(speed) * span_s
    ca, cb, ground = _coarse(size, bits, view, state, 0.0)
    if len(size) < 6 or bits & POSITION:
        reach = far + math.sqrt(gates[10] * (moved + max(widest[2], widest[3])))
        return within_box(cells, 0.0, ca, cb, reach, reach, found)
    far += math.sqrt(gates[10] * moved)
    turned = TWO_PI if 2.0 * far > ground else 1.1 * far / (ground - far)
    turned += math.sqrt(gates[10] * widest[1])
    along = far + math.sqrt(gates[10] * widest[0])
    return within_box(cells, TWO_PI, ca, cb, turned, along, found)


@kernel
def grown(plots: I64, weights: F64) -> tuple[I64, F64]:
    """Return copies with room for twice as many pairs."""
    size = len(plots)
    more_plots, more_weights = np.empty(2 * size, dtype=np.int64), np.empty(2 * size)
    more_plots[:size], more_weights[:size] = plots, weights
    return more_plots, more_weights


@kernel
def extent(plots: F64, start_s: float, end_s: float) -> tuple[float, float]:
    """Return the middle of a look and the largest distance of a plot's time from it."""
    middle, slack = 0.5 * (start_s + end_s), 0.5 * abs(end_s - start_s)
    for j in range(len(plots)):
        slack = max(slack, abs(plots[j, P_TIME] - middle))
    return middle, slack


@kernel
def liveliest(motion: Motion) -> float:
    """Return the largest spectral density of acceleration of any mode, m2/s3."""
    q = 0.0
    for m in range(len(motion[0])):
        q = max(q, motion[0][m, Q_HORIZONTAL], motion[0][m, Q_VERTICAL])
    return q


@kernel
def compare(
    size: Size, ahead: Forecast, late_s: float, row: F64, bits: int, view: View, work: Workspace
) -> float:
    """Return ln of a plot's density under all modes of a track; minus infinity outside the gate."""
    best, total = -math.inf, 0.0
    for m in range(len(ahead[2])):
        if ahead[2][m] <= 0.0:
            continue
        log_n, _, _ = likelihood(size, ahead[0][m], ahead[1][m], late_s, row, bits, view, work)
        if len(ahead[2]) == 1:
            return log_n
        if log_n == -math.inf:
            continue
        log_n += math.log(ahead[2][m])
        if log_n > best:
            total = 1.0 + total * math.exp(best - log_n) if total > 0.0 else 1.0
            best = log_n
        else:
            total += math.exp(log_n - best)
    return best + math.log(total) if total > 0.0 else -math.inf


@kernel
def candidates(
    size: Size, motion: Motion, tracks: Bernoullis, rows: I64, chance: F64, plots: F64, bits: I64,
    scan_bits: int, view: View, start_s: float, end_s: float,
) -> tuple[I64, I64, F64]:  # fmt: skip
    """Predict, gate and weigh some tracks against the plots of a scan.

    Parameters
    ----------
    size : tuple
        Of the state's length.
    motion : Motion
        Modes, their Markov process, curvature.
    tracks : Bernoullis
        All tracks.
    rows : I64
        Shape (k,): those that the look may touch.
    chance : F64
        Shape (k, 3): existence now, P_D as it weighs on a pair, as it weighs on a miss.
    plots, bits : F64, I64
        Shapes (m, width), (m,): columns ``P_...`` of ``kernels.filter``; slots of each plot that
        hold a value.
    scan_bits : int
        Slots that every plot of the scan holds: they choose the grid.
    view : View
        The sensor.
    start_s, end_s : float
        Span of the look.

    Returns
    -------
    starts, pair_plot, weight : I64, I64, F64
        CSR list over these rows: w_ij / c_j.
    """
    state, covariance, mode_x, mode_p, mode_mu, time_s, _, at = tracks
    starts, q = np.zeros(len(rows) + 1, dtype=np.int64), liveliest(motion)
    if len(plots) == 0:
        return starts, np.empty(0, dtype=np.int64), np.empty(0)
    cells = _cells(size, plots, bits, scan_bits, view[2])
    middle, slack = extent(plots, start_s, end_s)
    pair_plot, weight = np.empty(len(plots) + 16, dtype=np.int64), np.empty(len(plots) + 16)
    work, ahead = workspace(size), forecast_space(size, len(motion[0]))
    found, pairs = np.empty(len(plots), dtype=np.int64), 0
    for k in range(len(rows)):
        i, a, at_s, changes = rows[k], at[rows[k]], math.nan, chance[k, 0] > MODES_FROM
        dt = float(middle - time_s[i])
        several = len(motion[0]) > 1 and (changes or mode_mu[a, 0] < 1.0)
        near = FEW + 1
        if several:
            modes = (mode_x[a], mode_p[a], mode_mu[a])
            near = _about(
                size, scan_bits, state[i], modes, dt, slack, view, cells, q, found[: FEW + 1]
            )
        if near > FEW:
            if several:
                at_s, ahead_s = middle, max(dt, 0.0)
                forecast(size, motion, mode_x[a], mode_p[a], mode_mu[a], ahead_s, changes, ahead)
            near = _near(
                size, state[i], covariance[i], dt, slack, scan_bits, cells, view, ahead, several, q,
                found,
            )  # fmt: skip
        for f in range(near):
            j = found[f]
            late = min(plots[j, P_TIME] - time_s[i], 0.0)
            if plots[j, P_TIME] != at_s:
                at_s = plots[j, P_TIME]
                dt = max(at_s - time_s[i], 0.0)
                forecast(size, motion, mode_x[a], mode_p[a], mode_mu[a], dt, changes, ahead)
            log_n = compare(size, ahead, late, plots[j], int(bits[j]), view, work)
            if log_n > -math.inf:
                if pairs == len(pair_plot):
                    pair_plot, weight = grown(pair_plot, weight)
                pair_plot[pairs] = j
                weight[pairs] = chance[k, 0] * chance[k, 1] * math.exp(log_n - plots[j, P_LOG_C])
                pairs += 1
        starts[k + 1] = pairs
    return starts, pair_plot[:pairs], weight[:pairs]
