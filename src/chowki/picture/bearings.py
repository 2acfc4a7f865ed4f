"""Tracks that several bearing-only sensors start together.

One bearing tells no distance, so no such plot founds a track. Bearings that no track claims are
remembered for a while; where those of different sensors cross, a hypothesis is kept, carried on
with later bearings and held against those that would use the same ones. One that is nearly sure,
from three bearings or more, founds a track.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chowki.core.table import F64, I64
from chowki.kernels import bearings as lines
from chowki.kernels.filter import LOG_TWO_PI, P_LOG_C, P_TIME, P_VALUE, P_VARIANCE, View
from chowki.kernels.kalman import (
    AZIMUTH,
    ELEVATION,
    POSITION,
    RANGE,
    correct,
    innovate,
    workspace,
)
from chowki.kernels.knots import Hypotheses, begun, merged, probabilities, space_for
from chowki.kernels.measure import TWO_PI
from chowki.kernels.modes import Q_HORIZONTAL, SPACE, Motion, advance
from chowki.kernels.reach import Founded
from chowki.kernels.visibility import (
    L_AZIMUTH_SPAN,
    L_DETECTION,
    L_RANGE_MAX,
    L_RANGE_MIN,
    L_SENSOR_HEIGHT,
)
from chowki.picture.lens import gate_sizes

# Hypotheses kept and weighed, bearings that each remembers, bearings remembered: in a flood of
# bearings more of them are not told apart any better.
ROOM, WEIGHED, USED, REMEMBERED = 64, 256, 12, 128


@dataclass(frozen=True, slots=True)
class FoundingRule:
    """When bearings found a track.

    Attributes
    ----------
    window_s : float
        Bearings farther apart in time begin nothing together.
    forgotten_s : float
        A hypothesis that no bearing has carried on for so long is let go.
    existence : float
        A hypothesis at least as probable founds a track.
    bearings : int
        And made of so many bearings.
    unclaimed : float
        A bearing is remembered when no track caused it with this probability.
    faint : float
        A hypothesis less probable is let go.
    replaced : float
        A hypothesis is let go when a bearing raises its odds more than so many times.
    silence : float
        Share of P_D with which a look all round without a bearing counts against a hypothesis.
    alike : float
        Squared Mahalanobis distance of two hypotheses up to which they say the same.
    gate_probability : float
        Probability that a target's bearing is in the gate of its hypothesis.
    """

    window_s: float = 12.0
    forgotten_s: float = 40.0
    existence: float = 0.99
    bearings: int = 3
    unclaimed: float = 0.3
    faint: float = 1e-3
    replaced: float = 10.0
    silence: float = 0.5
    alike: float = 2.0
    gate_probability: float = 0.999


@dataclass(frozen=True, slots=True)
class BearingMemory:
    """What is remembered of bearings that no track claims.

    Attributes
    ----------
    heard : F64
        Shape (k, Y_WIDTH): bearings, columns ``Y_...`` of ``kernels.bearings``.
    hypotheses : Hypotheses
        Which of them belong together, see ``kernels.knots``.
    heard_so_far : int
        Number of the next bearing.
    """

    heard: F64 = field(default_factory=lambda: np.empty((0, lines.Y_WIDTH)))
    hypotheses: Hypotheses = field(default_factory=lambda: space_for(0, USED))
    heard_so_far: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What one scan holds of bearings alone.

    Attributes
    ----------
    bearings : F64
        Shape (k, Y_WIDTH): columns ``Y_...`` of ``kernels.bearings``, not numbered yet.
    rows : I64
        Shape (k,): their plots.
    ear : F64
        Shape (Y_WIDTH,): the sensor, at the end of its look.
    detection : float
        Probability that it hears a target in its reach; 0 for a look that is not all round.
    """

    bearings: F64
    rows: I64
    ear: F64
    detection: float


def target_prior(
    speed_mps: float, climb_mps: float, height_m: float, height_sd_m: float, curvature: float = 0.0
) -> F64:
    """Return what is known of a target that is heard, columns ``G_...`` of ``kernels.bearings``.

    Parameters
    ----------
    speed_mps, climb_mps : float
        Standard deviations of its velocity, per horizontal axis and vertical.
    height_m, height_sd_m : float
        Its height above the ground.
    curvature : float
        Of the ground, 1/m; 0 where it is flat.
    """
    prior = np.empty(lines.G_WIDTH)
    prior[lines.G_SPEED], prior[lines.G_CLIMB] = speed_mps, climb_mps
    prior[lines.G_HEIGHT], prior[lines.G_HEIGHT_SD] = height_m, height_sd_m
    prior[lines.G_CURVATURE] = curvature
    return prior


def area_m2(look: F64) -> float:
    """Return the ground that a look covers."""
    square = float(look[L_RANGE_MAX] ** 2 - look[L_RANGE_MIN] ** 2)
    return 0.5 * float(look[L_AZIMUTH_SPAN]) * square


def heard_in(
    plots: F64, bits: I64, free: F64, look: F64, view: View, sensor: int, unseen_per_m2: float,
    end_s: float,
) -> Heard:  # fmt: skip
    """Return what a scan holds of bearings alone, as hypotheses take it.

    Parameters
    ----------
    plots, bits : F64, I64
        Shapes (m, P_WIDTH), (m,): as in ``kernels.gate.candidates``.
    free : F64
        Shape (m,): probability that no track caused each.
    look, view : F64, View
        Figures of the look (``kernels.visibility``); the sensor.
    sensor : int
        Its number.
    unseen_per_m2 : float
        Density of targets that nothing has told of.
    end_s : float
        End of the look.
    """
    rows = np.flatnonzero((bits & AZIMUTH != 0) & (bits & (RANGE | POSITION) == 0))
    ear = np.zeros(lines.Y_WIDTH)
    ear[lines.Y_TIME], ear[lines.Y_SENSOR], ear[lines.Y_DENSITY] = end_s, sensor, unseen_per_m2
    ear[lines.Y_REACH], ear[lines.Y_HEIGHT] = look[L_RANGE_MAX], look[L_SENSOR_HEIGHT]
    ear[lines.Y_ORIGIN : lines.Y_AXES], ear[lines.Y_AXES :] = view[0], view[1].ravel()
    ear[lines.Y_LOG_DETECTION] = math.log(look[L_DETECTION])
    bearings, told = np.tile(ear, (len(rows), 1)), plots[rows]
    bearings[:, lines.Y_TIME] = told[:, P_TIME]
    bearings[:, lines.Y_BITS] = bits[rows] & (AZIMUTH | ELEVATION)
    bearings[:, lines.Y_AZIMUTH], bearings[:, lines.Y_ELEVATION] = told[
        :, P_VALUE + 1 : P_VALUE + 3
    ].T
    variances = told[:, P_VARIANCE + 1 : P_VARIANCE + 3]
    bearings[:, lines.Y_AZIMUTH_VAR], bearings[:, lines.Y_ELEVATION_VAR] = variances.T
    bearings[:, lines.Y_LOG_C] = told[:, P_LOG_C]
    bearings[:, lines.Y_LOG_FREE] = np.log(np.maximum(free[rows], 1e-12))
    all_round = look[L_AZIMUTH_SPAN] > 2.0 * math.pi - 1e-6
    return Heard(bearings, rows, ear, float(look[L_DETECTION]) if all_round else 0.0)


def triangulated(
    memory: BearingMemory, heard: Heard, motion: Motion, prior: F64,
    rule: FoundingRule | None = None,
) -> tuple[BearingMemory, Founded]:  # fmt: skip
    """Return the memory after a scan, and the tracks that its bearings found with earlier ones.

    Parameters
    ----------
    memory : BearingMemory
        What was remembered.
    heard : Heard
        What the scan holds.
    motion : Motion
        How targets move; its first mode carries hypotheses on.
    prior : F64
        Shape (G_WIDTH,): what is known of a target, see ``target_prior``.
    rule : FoundingRule, optional
        When bearings found a track.

    Returns
    -------
    memory : BearingMemory
        The new one; the one given is not changed.
    founded : Founded
        Rows of the plots that completed them, existence, states and covariances at these plots'
        times.
    """
    rule = rule or FoundingRule()
    new, now_s = heard.bearings.copy(), float(heard.ear[lines.Y_TIME])
    new[:, lines.Y_NUMBER] = memory.heard_so_far + np.arange(len(new))
    recent = memory.heard[memory.heard[:, lines.Y_TIME] >= now_s - rule.window_s][-REMEMBERED:]
    fresh = new[new[:, lines.Y_LOG_FREE] >= math.log(rule.unclaimed)][:REMEMBERED]
    whole = _explained(memory, recent, fresh, heard, motion, prior, rule)
    chance = probabilities(whole[3], whole[4])
    founded = _founding(whole, chance, new, memory.heard_so_far, rule)
    spent = whole[4][founded]
    stays = (chance >= rule.faint) & ~np.isin(whole[4], spent[spent >= 0]).any(axis=1)
    order = np.flatnonzero(stays)
    order = order[np.argsort(-chance[order], kind="stable")][:ROOM]
    remembered = np.concatenate([recent, fresh])
    remembered = remembered[~np.isin(remembered[:, lines.Y_NUMBER], spent)]
    after = BearingMemory(remembered, _taken(whole, order), memory.heard_so_far + len(new))
    completed = heard.rows[whole[4][founded, 0] - memory.heard_so_far]
    return after, (completed, chance[founded], whole[0][founded], whole[1][founded])


def founded_by_both(born: Founded, together: Founded) -> Founded:
    """Return the tracks that plots alone and bearings together found."""
    if not len(together[0]):
        return born
    return (
        np.concatenate((born[0], together[0])), np.concatenate((born[1], together[1])),
        np.concatenate((born[2], together[2])), np.concatenate((born[3], together[3])),
    )  # fmt: skip


def _explained(
    memory: BearingMemory, recent: F64, fresh: F64, heard: Heard, motion: Motion, prior: F64,
    rule: FoundingRule,
) -> Hypotheses:  # fmt: skip
    """Return the hypotheses after a scan, most likely first, those that say the same as one."""
    late = memory.hypotheses[2] >= heard.ear[lines.Y_TIME] - rule.forgotten_s
    kept = _taken(memory.hypotheses, np.flatnonzero(late))
    gates = gate_sizes(rule.gate_probability)
    out = space_for(len(kept[2]) * (len(fresh) + 1) + len(fresh) * len(recent), USED)
    n = _carried_on(kept, fresh, heard, motion, gates, rule, out)
    n = begun(recent, fresh, prior, rule.window_s, float(gates[4]), out, n)
    whole = _taken(out, np.argsort(-out[3][:n], kind="stable")[:WEIGHED])
    return _taken(whole, merged(whole, rule.alike))


def _carried_on(
    known: Hypotheses, fresh: F64, heard: Heard, motion: Motion, gates: F64, rule: FoundingRule,
    out: Hypotheses,
) -> int:  # fmt: skip
    """Write the hypotheses after a scan's bearings, with each of them and without; return how many.

    They are few: what is called for each is compiled for the tracker anyway.
    """
    _, _, time_s, log_odds, used, count = known
    near, n = _near(known, fresh, heard), 0
    unheard = math.log(1.0 - rule.silence * heard.detection)
    beyond = np.linalg.norm(known[0][:, :3] - heard.ear[lines.Y_ORIGIN : lines.Y_AXES], axis=1)
    for h in range(len(time_s)):
        best = 0.0
        for row in fresh[near[h]]:
            raised = _with_bearing(known, h, row, motion, gates, (out[0][n], out[1][n]))
            if raised == -math.inf:
                continue
            best = max(best, raised)
            out[2][n], out[3][n] = max(row[lines.Y_TIME], time_s[h]), log_odds[h] + raised
            out[4][n, 0], out[4][n, 1:] = int(row[lines.Y_NUMBER]), used[h, :-1]
            out[5][n] = count[h] + 1
            n += 1
        if best < math.log(rule.replaced):
            for to, of in zip(out, known, strict=True):
                to[n] = of[h]
            out[3][n] += unheard if beyond[h] < heard.ear[lines.Y_REACH] else 0.0
            n += 1
    return n


def _near(known: Hypotheses, fresh: F64, heard: Heard) -> NDArray[np.bool_]:
    """Return which bearings may come from which hypotheses, (k, m), never too few."""
    state, covariance, time_s, *_ = known
    dt = fresh[None, :, lines.Y_TIME] - time_s[:, None]
    axes = heard.ear[lines.Y_AXES :].reshape(3, 3)
    away = state[:, None, :3] + dt[:, :, None] * state[:, None, 3:]
    east, north, _ = np.moveaxis((away - heard.ear[lines.Y_ORIGIN : lines.Y_AXES]) @ axes.T, 2, 0)
    variance = np.trace(covariance[:, :3, :3], axis1=1, axis2=2)[:, None]
    variance = 2.0 * (variance + dt**2 * np.trace(covariance[:, 3:, 3:], axis1=1, axis2=2)[:, None])
    off = np.abs((fresh[:, lines.Y_AZIMUTH] - np.arctan2(east, north) + np.pi) % TWO_PI - np.pi)
    reach = 6.0 * np.sqrt(fresh[:, lines.Y_AZIMUTH_VAR])
    return off < reach + 6.0 * np.sqrt(variance + 100.0**2) / np.maximum(np.hypot(east, north), 1.0)


def _with_bearing(
    known: Hypotheses, h: int, row: F64, motion: Motion, gates: F64, out: tuple[F64, F64]
) -> float:
    """Write a hypothesis updated with a bearing; return by how much ln of its odds rises."""
    late_s = float(row[lines.Y_TIME] - known[2][h])
    x, p, f, fp = np.empty(6), np.empty((6, 6)), np.empty((6, 6)), np.empty((6, 6))
    advance(SPACE, motion, 0, max(late_s, 0.0), known[0][h], known[1][h], x, p, f, fp)
    values, variances, work = np.zeros(10), np.ones(10), workspace(SPACE)
    values[1:3] = row[lines.Y_AZIMUTH : lines.Y_ELEVATION + 1]
    variances[1:3] = row[lines.Y_AZIMUTH_VAR : lines.Y_ELEVATION_VAR + 1]
    m, wide, squared, log_det = innovate(
        SPACE, x, p, min(late_s, 0.0), int(row[lines.Y_BITS]), values, variances,
        row[lines.Y_ORIGIN : lines.Y_AXES], row[lines.Y_AXES :].reshape(3, 3),
        float(motion[0][0, Q_HORIZONTAL]), 0.0, work,
    )  # fmt: skip
    if m == 0 or squared > gates[m]:
        return -math.inf
    correct(SPACE, m, wide, x, p, work, out[0], out[1])
    density = -0.5 * (squared + log_det + m * LOG_TWO_PI) - row[lines.Y_LOG_C]
    return float(density + row[lines.Y_LOG_DETECTION] + row[lines.Y_LOG_FREE])


def _taken(hypotheses: Hypotheses, rows: I64) -> Hypotheses:
    """Return some hypotheses."""
    state, covariance, time_s, log_odds, used, count = hypotheses
    return (
        state[rows], covariance[rows], time_s[rows], log_odds[rows], used[rows], count[rows]
    )  # fmt: skip


def _founding(hypotheses: Hypotheses, chance: F64, new: F64, first: int, rule: FoundingRule) -> I64:
    """Return the hypotheses that found a track now: sure, of enough bearings, the last a new one.

    Of several that share a bearing the most probable alone.
    """
    _, _, time_s, _, used, count = hypotheses
    able = (used[:, 0] >= first) & (chance >= rule.existence) & (count >= rule.bearings)
    able[able] = time_s[able] == new[used[able, 0] - first, lines.Y_TIME]
    chosen: list[int] = []
    spent: set[int] = set()
    rows = np.flatnonzero(able)
    for h in rows[np.argsort(-chance[rows], kind="stable")]:
        own = {int(number) for number in used[h] if number >= 0}
        if not own & spent:
            chosen.append(int(h))
            spent |= own
    return np.array(chosen, dtype=np.int64)
