"""From tracks and plots to one CSR list of candidate pairs with their weights.

Plots are sorted into cells (east x north, or azimuth x range). Each track looks only into the
cells that its gate can reach; what it finds there is compared exactly, at the plot's own time.
Weights: Williams 2015, "Marginal multi-Bernoulli filters", IEEE TAES 51(3) (TOMB/P).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.kalman import POSITION, Workspace, innovate, workspace
from chowki.kernels.measure import TWO_PI, to_sensor, wrap
from chowki.kernels.motion import vertical_near
from chowki.kernels.visibility import (
    L_COOPERATIVE,
    L_LIFETIME,
    L_MISS,
    L_PAIR_FLOOR,
    L_Q_HORIZONTAL,
    L_Q_VERTICAL,
    L_RANGE_MAX,
    L_SILENT_ANSWER,
    L_TIMING,
    detection_probability,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

Scene = tuple[F64, F64, F64, F64, F64, F64, F64]
Cells = tuple[F64, I64, I64, I64, F64, F64, F64]
Kinematics = tuple[F64, F64, F64, F64, F64, F64, F64]

CELLS_MAX = 256
LOG_TWO_PI = math.log(TWO_PI)
# Columns of a scan's plots: time, values, variances, ln(kappa + b), b / (kappa + b), RCS (dBsm).
P_TIME, P_VALUE, P_VARIANCE, P_LOG_C, P_BIRTH, P_RCS, P_WIDTH = 0, 1, 11, 21, 22, 23, 24


@kernel
def sort_into_cells(a: F64, b: F64, period: float) -> tuple[F64, I64, I64, I64]:
    """Sort points into a grid of about one point a cell.

    Parameters
    ----------
    a, b : F64
        Shape (n,): two coordinates.
    period : float
        Period of ``a`` (2 pi for an azimuth in [0, 2 pi)), 0 for none.

    Returns
    -------
    grid : F64
        Shape (4,): origin and cell size of a, then of b.
    sides : I64
        Shape (2,): cells along a and b.
    starts, points : I64
        CSR list: points of cell (ia, ib) are ``starts[ia * sides[1] + ib]`` and on.
    """
    n = len(a)
    side = max(1, min(CELLS_MAX, int(math.sqrt(n))))
    grid = np.empty(4)
    sides = np.empty(2, dtype=np.int64)
    for axis, values in enumerate((a, b)):
        low, high = (np.min(values), np.max(values)) if n > 0 else (0.0, 0.0)
        if axis == 0 and period > 0.0:
            low, high = 0.0, period
        flat = not high > low
        sides[axis] = 1 if flat else side
        grid[2 * axis] = low
        grid[2 * axis + 1] = 1.0 if flat else (high - low) / side
    cell = np.empty(n, dtype=np.int64)
    starts = np.zeros(sides[0] * sides[1] + 1, dtype=np.int64)
    for j in range(n):
        ia = min(sides[0] - 1, max(0, int((a[j] - grid[0]) / grid[1])))
        ib = min(sides[1] - 1, max(0, int((b[j] - grid[2]) / grid[3])))
        cell[j] = ia * sides[1] + ib
        starts[cell[j] + 1] += 1
    for c in range(len(starts) - 1):
        starts[c + 1] += starts[c]
    points, filled = np.empty(n, dtype=np.int64), starts.copy()
    for j in range(n):
        points[filled[cell[j]]] = j
        filled[cell[j]] += 1
    return grid, sides, starts, points


@kernel
def _span(
    centre: float, half: float, origin: float, size: float, side: int, period: float
) -> tuple[int, int]:
    """Return first cell and number of cells that an interval touches along one axis."""
    if period > 0.0 and 2.0 * half + size >= period:
        return 0, side
    first = math.floor((centre - half - origin) / size)
    last = math.floor((centre + half - origin) / size)
    if period > 0.0:
        return first, min(side, last - first + 1)
    first, last = max(first, 0), min(last, side - 1)
    if side == 1:
        return 0, 1 if first <= 0 <= last + 1 else 0
    return first, last - first + 1


@kernel
def coarse(bits: int, origin: F64, axes: F64, x: F64) -> tuple[float, float, float, float]:
    """Return the cell coordinates of a state, its distance and its ground range."""
    e, n, u = to_sensor(axes, x[0] - origin[0], x[1] - origin[1], x[2] - origin[2])
    ground = math.hypot(e, n)
    slant = math.hypot(ground, u)
    if bits & POSITION:
        return x[0], x[1], slant, ground
    return math.atan2(e, n) % TWO_PI, slant if bits & 1 else 0.0, slant, ground


@kernel
def coordinates_of(bits: int, plots: F64) -> tuple[F64, F64, float]:
    """Return the cell coordinates of plots and the period of the first."""
    n = len(plots)
    if bits & POSITION:
        return plots[:, P_VALUE + 4].copy(), plots[:, P_VALUE + 5].copy(), 0.0
    azimuth = np.empty(n)
    for j in range(n):
        azimuth[j] = plots[j, P_VALUE + 1] % TWO_PI
    return azimuth, plots[:, P_VALUE].copy() if bits & 1 else np.zeros(n), TWO_PI


@kernel
def _widest(plots: F64) -> F64:
    """Return the largest variance in each slot."""
    widest = np.zeros(10)
    for j in range(len(plots)):
        for s in range(10):
            widest[s] = max(widest[s], plots[j, P_VARIANCE + s])
    return widest


@kernel
def _cells(plots: F64, bits: int) -> Cells:
    """Return the plots of a scan in cells, with their coordinates and widest variances."""
    a, b, period = coordinates_of(bits, plots)
    grid, sides, starts, points = sort_into_cells(a, b, period)
    return grid, sides, starts, points, a, b, _widest(plots)


@kernel
def in_reach(
    state: F64, covariance: F64, time_s: F64, middle_s: float, bits: int, origin: F64,
    range_max_m: float,
) -> I64:  # fmt: skip
    """Return the tracks near enough for a look to touch: all of them when positions are reported.

    Six deviations and five kilometres are added to the reach of the look.
    """
    rows, k = np.empty(len(state), dtype=np.int64), 0
    reach = range_max_m + 5000.0
    for i in range(len(state)):
        dt = middle_s - time_s[i]
        dx = state[i, 0] + dt * state[i, 3] - origin[0]
        dy = state[i, 1] + dt * state[i, 4] - origin[1]
        beyond = math.sqrt(dx * dx + dy * dy) - reach
        near = beyond <= 0.0 or bits & POSITION != 0
        if not near:
            spread = covariance[i, 0, 0] + covariance[i, 1, 1]
            spread += dt * dt * (covariance[i, 3, 3] + covariance[i, 4, 4])
            near = beyond * beyond <= 36.0 * spread
        if near:
            rows[k] = i
            k += 1
    return rows[:k]


@kernel
def _half_widths(
    bits: int, p: F64, speed: float, dt: float, slack: float, gate: float, ground: float,
    widest: F64, look: F64,
) -> tuple[float, float]:  # fmt: skip
    """Return how far a track's gate reaches along both cell coordinates, never too little."""
    dt = abs(dt) + slack
    moved = 0.0
    for i in range(3):
        moved += p[i, i] + 2.0 * dt * abs(p[i, i + 3]) + dt * dt * p[i + 3, i + 3]
    moved += max(look[L_Q_HORIZONTAL], look[L_Q_VERTICAL]) * dt * dt * dt
    timing = speed * look[L_TIMING]
    slide = speed * slack
    if bits & POSITION:
        reach = math.sqrt(gate * (moved + max(widest[4], widest[5]) + timing * timing)) + slide
        return reach, reach
    cross = math.sqrt(gate * (moved + timing * timing))
    reach = math.sqrt(gate * (moved + widest[0] + timing * timing)) + slide
    if 2.0 * (cross + slide) > ground:
        return TWO_PI, reach
    near = ground - slide - 0.5 * cross
    return 1.1 * (cross + slide) / near + math.sqrt(gate * widest[1]), reach


@kernel
def _position_spread(x: F64, p: F64, dt: float, row: F64, look: F64, s: F64) -> None:
    """Write S of a reported position into s[:3, :3]: what ``innovate`` finds; s[3] is scratch."""
    for i in range(3):
        s[3, i] = x[i] + dt * x[i + 3]
    up = vertical_near(s[3])
    cube = abs(dt) ** 3 / 3.0
    extra = look[L_Q_VERTICAL] - look[L_Q_HORIZONTAL]
    timing_sq = look[L_TIMING] ** 2
    for i in range(3):
        for j in range(i + 1):
            cross = p[i, j + 3] + p[i + 3, j] + dt * p[i + 3, j + 3]
            s[i, j] = p[i, j] + dt * cross + timing_sq * x[i + 3] * x[j + 3]
            if dt >= 0.0:
                s[i, j] += cube * extra * up[i] * up[j]
        s[i, i] += cube * look[L_Q_HORIZONTAL] + row[P_VARIANCE + 4 + i]


@kernel
def _compare_position(x: F64, p: F64, dt: float, row: F64, scene: Scene, s: F64) -> float:
    """Return ln N(z; x, S) of a reported position against a track: the short way."""
    look, gates = scene[5], scene[6]
    _position_spread(x, p, dt, row, look, s)
    y0 = row[P_VALUE + 4] - x[0] - dt * x[3]
    y1 = row[P_VALUE + 5] - x[1] - dt * x[4]
    y2 = row[P_VALUE + 6] - x[2] - dt * x[5]
    l10, l20 = s[1, 0] / s[0, 0], s[2, 0] / s[0, 0]
    d1 = s[1, 1] - l10 * s[1, 0]
    l21 = (s[2, 1] - l20 * s[1, 0]) / d1
    d2 = s[2, 2] - l20 * s[2, 0] - l21 * l21 * d1
    w1 = y1 - l10 * y0
    w2 = y2 - l20 * y0 - l21 * w1
    squared = y0 * y0 / s[0, 0] + w1 * w1 / d1 + w2 * w2 / d2
    if not squared <= gates[3]:
        return -math.inf
    return -0.5 * (squared + math.log(s[0, 0] * d1 * d2) + 3.0 * LOG_TWO_PI)


@kernel
def _compare(
    x: F64, p: F64, time_s: float, row: F64, bits: int, scene: Scene, work: Workspace
) -> float:
    """Return ln N(z; h(x), S) of a plot against a track, minus infinity outside the gate."""
    if bits == POSITION:
        return _compare_position(x, p, row[P_TIME] - time_s, row, scene, work[8])
    origin, axes, _, _, _, look, gates = scene
    m, _, squared, log_det = innovate(
        x, p, row[P_TIME] - time_s, bits, row[P_VALUE:P_VARIANCE], row[P_VARIANCE:P_LOG_C],
        origin, axes, look[L_Q_HORIZONTAL], look[L_Q_VERTICAL], look[L_TIMING], work,
    )  # fmt: skip
    if m == 0 or not squared <= gates[m]:
        return -math.inf
    return -0.5 * (squared + log_det + m * LOG_TWO_PI)


@kernel
def _chances(x: F64, p: F64, rcs: float, answered: bool, scene: Scene) -> tuple[float, float]:
    """Return P_D as it weighs on a pair, and as it weighs on a miss."""
    origin, axes, frame, mask_azimuth, mask_elevation, look, _ = scene
    seen = detection_probability(x, p, rcs, origin, axes, frame, look, mask_azimuth, mask_elevation)
    pair, miss = seen, seen * look[L_MISS]
    if look[L_COOPERATIVE] > 0.0 and not answered:
        pair, miss = seen * look[L_SILENT_ANSWER], 0.0
    return max(pair, look[L_PAIR_FLOOR]), miss


@kernel
def _near(
    x: F64, p: F64, here: F64, dt: float, slack: float, bits: int, cells: Cells, scene: Scene,
    found: I64,
) -> int:  # fmt: skip
    """Write the plots inside the box that a track's gate can reach; return their number."""
    grid, sides, starts, points, a, b, widest = cells
    origin, axes, _, _, _, look, gates = scene
    period = 0.0 if bits & POSITION else TWO_PI
    ca, cb, _, ground = coarse(bits, origin, axes, here)
    speed = math.sqrt(here[3] ** 2 + here[4] ** 2 + here[5] ** 2)
    ha, hb = _half_widths(bits, p, speed, dt, slack, gates[10], ground, widest, look)
    first_a, count_a = _span(ca, ha, grid[0], grid[1], sides[0], period)
    first_b, count_b = _span(cb, hb, grid[2], grid[3], sides[1], 0.0)
    size = 0
    for ia in range(first_a, first_a + count_a):
        for ib in range(first_b, first_b + count_b):
            cell = (ia % sides[0]) * sides[1] + ib
            for c in range(starts[cell], starts[cell + 1]):
                j = points[c]
                off = wrap(float(a[j] - ca)) if period > 0.0 else a[j] - ca
                if abs(off) <= ha and abs(b[j] - cb) <= hb:
                    found[size] = j
                    size += 1
    return size


@kernel
def _grown(plots: I64, weights: F64) -> tuple[I64, F64]:
    """Return copies with room for twice as many pairs."""
    size = len(plots)
    more_plots, more_weights = np.empty(2 * size, dtype=np.int64), np.empty(2 * size)
    more_plots[:size], more_weights[:size] = plots, weights
    return more_plots, more_weights


@kernel
def _extent(plots: F64, start_s: float, end_s: float) -> tuple[float, float]:
    """Return the middle of a look and the largest distance of a plot's time from it."""
    middle, slack = 0.5 * (start_s + end_s), 0.5 * abs(end_s - start_s)
    for j in range(len(plots)):
        slack = max(slack, abs(plots[j, P_TIME] - middle))
    return middle, slack


@kernel
def candidates(
    tracks: Kinematics, plots: F64, bits: I64, scan_bits: int, scene: Scene, start_s: float,
    end_s: float,
) -> tuple[I64, I64, I64, F64, F64, F64]:  # fmt: skip
    """Predict, gate and weigh: every track that the look could see against its plots.

    Parameters
    ----------
    tracks : tuple of F64
        State (n, 6), covariance (n, 6, 6), validity time, existence, time of existence, radar
        cross-section (dBsm), time of the last cooperative answer; each (n,).
    plots : F64
        Shape (m, P_WIDTH): columns P_TIME, P_VALUE, P_VARIANCE, P_LOG_C, P_BIRTH.
    bits : I64
        Shape (m,): slots of each plot that hold a value.
    scan_bits : int
        Slots that every plot of the scan holds: they choose the grid.
    scene : tuple of F64
        Sensor position (3,), sensor axes (3, 3), station frame (4, 3), azimuths and elevations of
        the horizon mask, figures of the look (``kernels.visibility``), and the largest squared
        Mahalanobis distance by number of measured slots (11,).
    start_s, end_s : float
        Span of the look.

    Returns
    -------
    rows : I64
        Shape (k,): the tracks that the look touches.
    starts, pair_plot, weight : I64, I64, F64
        CSR list over these rows: w_ij / c_j.
    missed : F64
        Shape (k,): w_i0 = 1 - r P_D.
    existence_now : F64
        Shape (k,): r after survival to the end of the look.
    """
    state, covariance, time_s, existence, alive_s, rcs_dbsm, answered_s = tracks
    look = scene[5]
    cells = _cells(plots, scan_bits)
    middle, slack = _extent(plots, start_s, end_s)
    close = in_reach(state, covariance, time_s, middle, scan_bits, scene[0], look[L_RANGE_MAX])
    n = len(close)
    rows, starts = np.empty(n, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    missed, now = np.empty(n), np.empty(n)
    pair_plot, weight = np.empty(len(plots) + 16, dtype=np.int64), np.empty(len(plots) + 16)
    work, here, found = workspace(), np.empty(6), np.empty(len(plots), dtype=np.int64)
    k, size = 0, 0
    for i in close:
        x, p, dt = state[i], covariance[i], float(middle - time_s[i])
        for s in range(3):
            here[s], here[s + 3] = x[s] + dt * x[s + 3], x[s + 3]
        before, near = size, _near(x, p, here, dt, slack, scan_bits, cells, scene, found)
        answered = not math.isnan(answered_s[i])
        if near == 0 and not answered and look[L_COOPERATIVE] > 0.0:
            continue
        r = existence[i] * math.exp(min(0.0, alive_s[i] - end_s) / look[L_LIFETIME])
        pair, miss = _chances(here, p, float(rcs_dbsm[i]), answered, scene)
        for f in range(near):
            j = found[f]
            log_n = _compare(x, p, float(time_s[i]), plots[j], int(bits[j]), scene, work)
            if log_n > -math.inf:
                if size == len(pair_plot):
                    pair_plot, weight = _grown(pair_plot, weight)
                pair_plot[size] = j
                weight[size] = r * pair * math.exp(log_n - plots[j, P_LOG_C])
                size += 1
        if miss > 0.0 or size > before:
            rows[k], now[k], missed[k] = i, r, 1.0 - r * miss
            k += 1
            starts[k] = size
    return rows[:k], starts[: k + 1], pair_plot[:size], weight[:size], missed[:k], now[:k]
