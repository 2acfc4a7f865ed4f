"""Health of the sensors: what each look shows to be wrong, flagged, and cleared when it is well.

A look is examined before the tracker takes it (clock, copies, number of plots) and judged after
(false plots, strobe, plots that are all off their tracks). Silence is noticed at ticks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor
from chowki.core.table import F64, I64
from chowki.core.values import changed
from chowki.kernels import health as kernel
from chowki.kernels.registration import B_TIME, BIASES
from chowki.kernels.repeats import (
    NEAR_TWIN,
    RESENT,
    STUCK_PLOT,
    TWIN,
    near_twins,
    recognised,
    with_kin,
)
from chowki.kernels.shift import shift_signs
from chowki.picture.conditions import (
    Conditions,
    Fault,
    Health,
    HealthParameters,
    LastPlots,
    row_of,
)

RANGE, POSITION = int(Measures.RANGE), int(Measures.POSITION)
PLACED = RANGE | POSITION
# Tracks that can't tell a clock to within this say nothing of it: a few slow birds would move it
# by seconds.
CLOCK_TOLD_S = 0.5
# Plots of the first looks have no kin.
KIN_LOOKS = 2
BEFORE = int(Fault.CLOCK_STEP | Fault.CLOCK_DRIFT | Fault.STUCK | Fault.DUPLICATES | Fault.SILENT)
AFTER = int(Fault.FLOOD | Fault.STROBE | Fault.BIAS)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a look shows before the tracker takes it.

    Attributes
    ----------
    row : int
        Row of the sensor among the conditions, -1 when nothing was looked for.
    plots : F64
        Shape (m, 4): time and measured values.
    use, lone : NDArray
        Shape (m,), bool: plots that are no copies; those of them without kin in the look before.
    clock_s : float
        What its clock is ahead by, as far as its looks tell.
    doubt_s : float
        Standard deviation of that.
    clutter : float
        False plots expected in this look.
    faults : int
        Fault bits that stand.
    stale : bool
        Whether most of its plots are those of the look before: what is absent says nothing.
    """

    row: int
    plots: F64
    use: NDArray[np.bool_]
    lone: NDArray[np.bool_]
    clock_s: float
    doubt_s: float
    clutter: float
    faults: int
    stale: bool = False


def examined(health: Health, scan: Scan, p: HealthParameters) -> tuple[Health, Examined]:
    """Return the health after a first sight of a scan, and what it shows."""
    if not p.enabled:
        return health, _unexamined(scan)
    health, row = _with_sensor(health, scan.sensor, p)
    c = _copied(health.conditions, "clock", "traffic", "shift")
    clock = c.clock[row]
    signs = 0 if scan.sensor.cued else kernel.clock_signs(
        clock, scan.look, scan.start_s, scan.end_s, scan.time_s
    )  # fmt: skip
    plots = _plots_of(scan)
    kind, more, last, kin = _copies(health.last[row], scan, plots, p)
    flags = int(c.flags[row])
    flags = c.flags[row] = kernel.told_apart(
        signs | more, BEFORE, flags, c.since_s[row], c.good[row], scan.time_s, p.clear_looks
    )
    use = _usable(kind, more)
    lone = use & (kind != TWIN) & ~kin
    number = int(np.count_nonzero(lone)) if clock[kernel.C_LOOKS] > KIN_LOOKS else 0
    clutter = scan.sensor.clutter_per_look
    if _counted(scan.sensor):
        clutter = kernel.expected_clutter(c.traffic[row], number, p.burst_factor, p.burst_extra)
    seen = Examined(
        row, plots, use, lone, float(clock[kernel.C_OFFSET]), float(clock[kernel.C_DOUBT]), clutter,
        flags, bool(2 * np.count_nonzero((kind == RESENT) | ~use) > len(plots)),
    )  # fmt: skip
    return Health(c, (*health.last[:row], last, *health.last[row + 1 :])), seen


def _unexamined(scan: Scan) -> Examined:
    """Return a look in which nothing was looked for."""
    plots, all_of_them = _plots_of(scan), np.ones(len(scan.detections), dtype=np.bool_)
    stated = scan.sensor.clutter_per_look
    return Examined(-1, plots, all_of_them, all_of_them, 0.0, 0.0, stated, 0)


def _counted(sensor: Sensor) -> bool:
    """Return whether false plots of a sensor are counted: it looks all round by itself."""
    return bool(int(sensor.measures) & PLACED) and not sensor.cued


def judged(
    health: Health, seen: Examined, scan: Scan, false: I64, claimed: int,
    shift: tuple[F64, F64] | None, p: HealthParameters,
) -> tuple[Health, F64]:  # fmt: skip
    """Return the health after the tracker took a scan, and by how much its biases may have jumped.

    Parameters
    ----------
    health : Health
        As ``examined`` left it for this scan: its conditions are copies already, and written into.
    seen : Examined
        What it found.
    scan : Scan
        The scan.
    false : I64
        Rows of its detections that no sure track caused.
    claimed : int
        Number of the others.
    shift : tuple of F64, optional
        h and A of ``kernels.shift.common_shift``.
    p : HealthParameters
        Thresholds.

    Returns
    -------
    health : Health
        After.
    jump : F64
        Shape (4,): size of a jump of range, azimuth, elevation, time; 0 for none.
    """
    if not p.enabled:
        return health, np.zeros(BIASES)
    c, jump, row = health.conditions, np.zeros(BIASES), seen.row
    signs = 0
    if _counted(scan.sensor):
        signs = _traffic(c.traffic[row], seen, scan, false, claimed, p)
    if shift is not None:
        h, a = shift
        if a[B_TIME] < 1.0 / CLOCK_TOLD_S**2:
            a = np.append(a[:B_TIME], 0.0)
        worst, _ = shift_signs(c.shift[row], h, a, p.shift_once, p.shift_twice, p.shift_looks)
        if worst >= 0:
            jump[worst] = h[worst] / a[worst]
            signs |= int(Fault.CLOCK_STEP if worst == B_TIME else Fault.BIAS)
            c.shift[row] = 0.0
    watched = AFTER | (signs & int(Fault.CLOCK_STEP))
    c.flags[row] = kernel.told_apart(
        signs, watched, int(c.flags[row]), c.since_s[row], c.good[row], scan.time_s, p.clear_looks
    )
    return health, jump


def overlooked(health: Health, time_s: float, p: HealthParameters) -> Health:
    """Return the health at a time: a sensor whose looks stay out while others' come is silent."""
    c = health.conditions
    if not len(c) or not np.any(time_s - c.clock[:, kernel.C_RECEIVED] < 30.0):
        return health
    due = kernel.all_overdue(c.clock, time_s, p.silent_looks)
    fresh = due & (c.flags & int(Fault.SILENT) == 0)
    return flagged(health, c.sensor[fresh], Fault.SILENT, time_s) if fresh.any() else health


def flagged(health: Health, sensors: I64, fault: Fault, time_s: float) -> Health:
    """Return the health with a fault of some sensors flagged."""
    c, at = _copied(health.conditions), int(fault).bit_length() - 1
    rows = np.isin(c.sensor, sensors)
    c.since_s[rows & (c.flags & int(fault) == 0), at] = time_s
    c.flags[rows] |= int(fault)
    c.good[rows, at] = 0
    return changed(health, conditions=c)


def _copied(c: Conditions, *columns: str) -> Conditions:
    """Return the conditions with flags and some other columns that may be written into."""
    names = ("flags", "since_s", "good", *columns)
    return changed(c, **{name: getattr(c, name).copy() for name in names})


def _with_sensor(health: Health, sensor: Sensor, p: HealthParameters) -> tuple[Health, int]:
    """Return the health with a row for a sensor, and that row."""
    row = row_of(health, sensor.number)
    if row >= 0:
        return health, row
    traffic, clock = np.zeros((1, kernel.T_WIDTH)), np.zeros((1, kernel.C_WIDTH))
    traffic[0, kernel.T_RATE] = p.clutter_prior_looks
    stated = max(sensor.clutter_per_look, 0.0)
    traffic[0, kernel.T_SHAPE] = max(stated, 0.05) * p.clutter_prior_looks
    clock[0, kernel.C_SPACING] = max(sensor.period_s, 0.0)
    fresh = Conditions(
        np.array([sensor.number]), np.zeros(1, dtype=np.int64), np.full((1, kernel.FAULTS), np.nan),
        np.zeros((1, kernel.FAULTS), dtype=np.int64), clock, traffic, np.zeros((1, BIASES, 4)),
    )  # fmt: skip
    conditions = Conditions.concat([health.conditions, fresh])
    return Health(conditions, (*health.last, LastPlots.empty())), len(conditions) - 1


def _plots_of(scan: Scan) -> F64:
    """Return time and measured values of a scan's plots, shape (m, 4)."""
    d = scan.detections
    plots = np.empty((len(d), 4))
    plots[:, 0] = d.time_s
    placed = int(scan.sensor.measures) & POSITION
    columns = (d.east_m, d.north_m, d.up_m) if placed else (
        d.range_m, d.azimuth_rad, d.elevation_rad
    )  # fmt: skip
    for slot, column in enumerate(columns, 1):
        plots[:, slot] = column
    return plots


def _copies(
    before: LastPlots, scan: Scan, plots: F64, p: HealthParameters
) -> tuple[I64, int, LastPlots, NDArray[np.bool_]]:
    """Return what each plot repeats, the faults that shows, what to remember, and who has kin."""
    sensor, m = scan.sensor, len(plots)
    place = _places(sensor, plots)
    words = plots.view(np.int64)
    kind, key, run = recognised(words, before.key, before.word, before.run)
    kin = with_kin(
        place, np.argsort(place[:, 0]), before.place_m, np.argsort(before.place_m[:, 0]),
        p.kin_speed_mps * max(sensor.period_s, 1.0),
    )  # fmt: skip
    polar, signs = bool(int(sensor.measures) & RANGE), 0
    stuck = np.count_nonzero(kind == STUCK_PLOT)
    lasting = polar and m > 0 and run.max() >= p.stuck_looks
    if (stuck >= 2 and stuck >= p.stuck_share * m) or lasting:
        signs |= int(Fault.STUCK)
    copies = int(np.count_nonzero((kind == TWIN) | (kind == RESENT)))
    if polar and m >= 4:
        copies += _near(sensor, plots, kind, copies, p)
    if copies >= 2 and copies >= p.copies_share * m:
        signs |= int(Fault.DUPLICATES)
    return kind, signs, LastPlots(key, words[:, 0].copy(), run, place), kin


def _places(sensor: Sensor, plots: F64) -> F64:
    """Return where plots lie in the sensor's plane, shape (m, 2)."""
    if not int(sensor.measures) & RANGE:
        return plots[:, 1:3].copy()
    place = np.empty((len(plots), 2))
    place[:, 0], place[:, 1] = np.sin(plots[:, 2]), np.cos(plots[:, 2])
    place *= plots[:, 1:2]
    return place


def _near(sensor: Sensor, plots: F64, kind: I64, copies: int, p: HealthParameters) -> int:
    """Mark near copies when there are too many for chance; return how many."""
    sigma = np.array([sensor.sigma_range_m, sensor.sigma_azimuth_rad, sensor.sigma_elevation_rad])
    trial = kind.copy()
    by_range = np.argsort(plots[:, 1], kind="stable")
    found = near_twins(plots, by_range, np.nan_to_num(sigma), p.near_sigma, trial)
    if found < 2 or found + copies < p.copies_share * len(plots):
        return 0
    kind[trial == NEAR_TWIN] = NEAR_TWIN
    return found


def _usable(kind: I64, signs: int) -> NDArray[np.bool_]:
    """Return which plots are no copies; a lone plot that repeats one may be chance.

    Twins are left to ``kernels.plots``, which keeps the first and counts the others.
    """
    use = (kind != RESENT) & (kind != NEAR_TWIN)
    if signs & int(Fault.STUCK):
        use &= kind != STUCK_PLOT
    return use


def _traffic(
    traffic: F64, seen: Examined, scan: Scan, false: I64, claimed: int, p: HealthParameters
) -> int:
    """Return the faults that the number and directions of plots show, and learn from them."""
    polar = bool(int(scan.sensor.measures) & RANGE)
    azimuth, range_m = np.zeros(len(false)), np.full(len(false), np.nan)
    if polar:
        azimuth = seen.plots[false, 2] % (2.0 * np.pi)
        order = np.argsort(azimuth, kind="stable")
        false, azimuth = false[order], azimuth[order]
        range_m = seen.plots[false, 1]
    v = scan.volume
    return kernel.traffic_signs(
        traffic, azimuth, range_m, seen.lone[false], claimed,
        np.array([v.azimuth_span_rad, v.range_max_m - v.range_min_m]),
        np.array([
            p.clutter_looks, p.strobe_width_rad, p.strobe_plots, p.strobe_chance, p.strobe_reach,
            p.flood_factor, p.flood_step, p.flood_flag, p.flood_looks, p.strobe_looks,
        ]),
    )  # fmt: skip
