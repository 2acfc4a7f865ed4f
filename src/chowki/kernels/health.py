"""Signs of a sensor gone wrong: its clock, how many plots it sends, where they point.

Each sensor has one row of memory for its clock and one for its traffic. A look is held against
them, says which faults it shows, and changes them; what a faulty look shows is not learned.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import TWO_PI

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Faults, one bit each.
CLOCK_STEP, CLOCK_DRIFT, STUCK, FLOOD, DUPLICATES, SILENT, STROBE, BIAS = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
)
FAULTS = 8
# Memory of a clock (s): receipt, start and number of the last look; seconds from look to look by
# its own clock and their spread; seconds from a look's end to its receipt (long, short mean) and
# their spread; offset found; looks in a row that came off their beat, by how much on its own clock
# and by receipt, and how much of that is in the offset; looks in a row that came late or early;
# looks taken; doubt left.
C_RECEIVED, C_START, C_LOOK, C_SPACING, C_SPREAD, C_LAG, C_LAG_NOW, C_LAG_SPREAD = range(8)
C_OFFSET, C_BAD, C_OWN, C_SEEN, C_APPLIED, C_LATE, C_LOOKS, C_DOUBT, C_WIDTH = range(8, 17)
# Memory of traffic: gamma posterior of false plots a look (shape, rate); mean number that tracks
# claim; evidence of a flood; looks in a row with a strobe; the strobe's azimuths (rad) and plots;
# looks counted.
T_SHAPE, T_RATE, T_CLAIMED, T_FLOOD, T_STROBE, T_FROM, T_SPAN, T_PLOTS, T_LOOKS, T_WIDTH = range(10)

LOOKS_TO_LEARN = 5
SPREAD_MIN_S, SPREAD_FACTOR = 0.005, 6.0
IRREGULAR = 0.03
# After so many looks the spread of a lag may still be twice what they showed.
YOUNG_LOOKS = 8.0
STEP_S = 0.3
NEW_BEAT_LOOKS = 8
# A flood of less than so many false plots a look is none.
FLOOD_LEAST = 1.0
# Share of the tracked targets that may have been missed in the look before.
MISSED_BEFORE = 0.35


@kernel
def told_apart(signs: int, watched: int, flags: int, since_s: F64, good: I64, time_s: float,
               looks: int) -> int:  # fmt: skip
    """Return the flags after a look: raised by a sign, lowered after some looks without.

    Parameters
    ----------
    signs, watched, flags : int
        Fault bits that the look shows, that it could show, and that stand.
    since_s, good : F64, I64
        Shape (FAULTS,), changed: since when each flag stands (NaN: it does not), looks without it.
    time_s : float
        Of the look.
    looks : int
        Looks without a sign after which a flag is lowered.
    """
    for k in range(FAULTS):
        bit = 1 << k
        if not watched & bit:
            continue
        if signs & bit:
            good[k] = 0
            if not flags & bit:
                flags |= bit
                since_s[k] = time_s
        else:
            good[k] += 1
            if flags & bit and good[k] >= looks:
                flags &= ~bit
                since_s[k] = math.nan
    return flags


@kernel
def clock_signs(c: F64, look: int, start_s: float, end_s: float, received_s: float) -> int:
    """Return the faults that a look's times show, and learn from them.

    A clock that is off moves the start of looks off their beat while their receipt keeps it; a
    turntable that is off moves both. Sensors without a beat are judged by the time from a look's
    end to its receipt alone.

    Parameters
    ----------
    c : F64
        Shape (C_WIDTH,), changed: memory of the sensor's clock.
    look : int
        Running number of the look.
    start_s, end_s, received_s : float
        By the sensor's clock; by the station's.
    """
    signs, lag = 0, received_s - end_s + c[C_OFFSET]
    ahead = look - c[C_LOOK]
    if c[C_LOOKS] == 0.0:
        c[C_LAG], c[C_LAG_NOW], c[C_LAG_SPREAD] = lag, lag, 0.1
    elif ahead > 0.0:
        own, seen = start_s - c[C_START], received_s - c[C_RECEIVED]
        if c[C_LOOKS] < LOOKS_TO_LEARN:
            _learn_beat(c, own / ahead)
        elif c[C_SPREAD] <= IRREGULAR * c[C_SPACING]:
            signs = _off_beat(c, own, seen, ahead)
        lag = received_s - end_s + c[C_OFFSET]
        signs |= _off_lag(c, lag, signs)
    if ahead > 0.0 or c[C_LOOKS] == 0.0 or start_s > c[C_START] + 2.0 * abs(c[C_SPACING]):
        c[C_RECEIVED], c[C_START], c[C_LOOK] = received_s, start_s, look
        c[C_LOOKS] += 1.0
    return signs


@kernel
def _learn_beat(c: F64, spacing_s: float) -> None:
    """Take one more of the first spacings into their mean and spread."""
    n = c[C_LOOKS]
    before = c[C_SPACING] if n > 1.0 else spacing_s
    c[C_SPACING] = before + (spacing_s - before) / n
    c[C_SPREAD] = max(c[C_SPREAD], abs(spacing_s - before))


@kernel
def _off_beat(c: F64, own_s: float, seen_s: float, ahead: float) -> int:
    """Return the faults of a look that comes off its beat; one on the beat is learned from.

    Looks whose start and receipt are off alike have another beat, which is learned anew.
    """
    due = ahead * c[C_SPACING]
    off = own_s - due
    if abs(off) <= SPREAD_FACTOR * max(c[C_SPREAD], SPREAD_MIN_S):
        c[C_SPACING] += 0.05 * off / ahead
        c[C_SPREAD] += 0.05 * (abs(off) - c[C_SPREAD])
        c[C_BAD] = c[C_OWN] = c[C_SEEN] = c[C_APPLIED] = 0.0
        c[C_DOUBT] *= 0.8
        return 0
    c[C_BAD] += 1.0
    if abs(off) >= STEP_S and abs(seen_s - due) < abs(own_s - seen_s):
        c[C_OFFSET] += c[C_OWN] - c[C_APPLIED] + off
        c[C_OWN] = c[C_SEEN] = c[C_APPLIED] = c[C_DOUBT] = 0.0
        return CLOCK_STEP
    c[C_OWN] += off
    c[C_SEEN] += seen_s - due
    apart, most = abs(c[C_OWN] - c[C_SEEN]), 8.0 * max(c[C_LAG_SPREAD], 0.02) + 0.1
    its_clock = abs(c[C_SEEN]) < apart
    if its_clock and c[C_BAD] >= 2.0:
        c[C_OFFSET] += c[C_OWN] - c[C_APPLIED]
        c[C_APPLIED] = c[C_OWN]
    c[C_DOUBT] = min(abs(c[C_OWN] - c[C_APPLIED]), apart)
    if abs(c[C_OWN]) <= most or its_clock:
        return CLOCK_DRIFT if c[C_BAD] >= 2.0 else 0
    if c[C_BAD] >= NEW_BEAT_LOOKS:
        c[C_OFFSET] -= c[C_APPLIED]
        c[C_BAD] = c[C_OWN] = c[C_SEEN] = c[C_APPLIED] = c[C_SPREAD] = 0.0
        c[C_LOOKS] = 0.0
    return 0


@kernel
def _off_lag(c: F64, lag_s: float, signs: int) -> int:
    """Return the faults that the time from a look's end to its receipt shows."""
    c[C_LAG_NOW] += 0.5 * (lag_s - c[C_LAG_NOW])
    off = lag_s - c[C_LAG]
    young = 1.0 + YOUNG_LOOKS / max(c[C_LOOKS], 1.0)
    bound = young * (8.0 * max(c[C_LAG_SPREAD], 0.02) + 0.05)
    wandered = abs(off) > bound and abs(c[C_LAG_NOW] - c[C_LAG]) > 0.5 * bound
    if not wandered:
        c[C_LATE] = 0.0
        if signs == 0:
            rate = max(0.02, 1.0 / (c[C_LOOKS] + 1.0)) if c[C_LOOKS] > 0.0 else 0.02
            c[C_LAG] += rate * off
            c[C_LAG_SPREAD] += rate * (abs(off) - c[C_LAG_SPREAD])
        return 0
    c[C_LATE] += 1.0
    c[C_DOUBT] = max(c[C_DOUBT], min(abs(off), 5.0))
    if c[C_LATE] >= NEW_BEAT_LOOKS:
        c[C_LAG], c[C_LAG_NOW], c[C_LATE] = lag_s, lag_s, 0.0
    return CLOCK_STEP if c[C_LATE] >= (2.0 if off < 0.0 else 3.0) else 0


@kernel
def overdue(c: F64, time_s: float, looks: float) -> bool:
    """Return whether a sensor has missed some looks in a row."""
    if c[C_LOOKS] < LOOKS_TO_LEARN:
        return False
    slack_s = 0.2 * c[C_SPACING] + 4.0 * c[C_LAG_SPREAD]
    return time_s - c[C_RECEIVED] > looks * c[C_SPACING] + slack_s


@kernel
def all_overdue(memory: F64, time_s: float, looks: float) -> NDArray[np.bool_]:
    """Return which sensors have missed some looks in a row; one row of memory for each."""
    out = np.zeros(len(memory), dtype=np.bool_)
    for row in range(len(memory)):
        out[row] = overdue(memory[row], time_s, looks)
    return out


@kernel
def poisson_tail(n: int, mean: float) -> float:
    """Return P(N >= n) of a Poisson number; beyond a mean of 200 by Anscombe's square root."""
    if n <= 0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    if mean > 200.0:
        return 0.5 * math.erfc(math.sqrt(2.0) * (math.sqrt(n) - math.sqrt(mean)))
    term, total = math.exp(n * math.log(mean) - mean - math.lgamma(n + 1.0)), 0.0
    k = n
    while term > 1e-18 * total and k < n + 1000:
        total += term
        k += 1
        term *= mean / k
    return min(total, 1.0)


@kernel
def expected_clutter(t: F64, lone: int, factor: float, extra: float) -> float:
    """Return how many of a look's plots are false: as learned, or all without kin in a burst.

    Parameters
    ----------
    t : F64
        Shape (T_WIDTH,): memory of the sensor's traffic.
    lone : int
        Usable plots of the look without kin in the look before; targets that were missed then
        are among them.
    factor, extra : float
        A look with more than ``factor`` times the usual and ``extra`` false plots is a burst.
    """
    usual, back = t[T_SHAPE] / t[T_RATE], MISSED_BEFORE * t[T_CLAIMED]
    beyond = lone - back
    if beyond - 3.0 * math.sqrt(back + 1.0) > factor * usual + extra:
        return beyond
    return usual


@kernel
def densest(azimuth: F64, width: float) -> tuple[int, float]:
    """Return the most plots within a width of azimuth (rad), and where that begins.

    Azimuths are ascending, in [0, 2 pi).
    """
    n, best, begins, j = len(azimuth), 0, 0.0, 0
    for i in range(n):
        j = max(j, i)
        while j < i + n:
            ahead = azimuth[j % n] + (TWO_PI if j >= n else 0.0)
            if ahead - azimuth[i] > width:
                break
            j += 1
        if j - i > best:
            best, begins = j - i, float(azimuth[i])
    return best, begins


@kernel
def _strobe(t: F64, azimuth: F64, range_m: F64, look: F64, limits: F64) -> int:
    """Enter a strobe into the memory if the unclaimed plots show one; return its plots.

    A strobe is narrow in azimuth and long in range, and denser than the plots all round it.
    """
    width, span, reach = limits[1], look[0], look[1]
    count, begins = densest(azimuth, width)
    others = max(t[T_SHAPE] / t[T_RATE], float(len(azimuth) - count))
    usual = others * min(1.0, width / span)
    if count < limits[2] or poisson_tail(count, usual) * max(1.0, span / width) > limits[3]:
        return 0
    low, high = math.inf, -math.inf
    for i in range(len(azimuth)):
        if (azimuth[i] - begins) % TWO_PI <= width:
            low, high = min(low, range_m[i]), max(high, range_m[i])
    if high - low < limits[4] * reach:
        return 0
    t[T_FROM], t[T_SPAN], t[T_PLOTS] = begins, width, count
    return count


@kernel
def traffic_signs(
    t: F64, azimuth: F64, range_m: F64, lone: Flags, claimed: int, look: F64, limits: F64
) -> int:
    """Return the faults that the number and directions of a look's plots show, and learn.

    Parameters
    ----------
    t : F64
        Shape (T_WIDTH,), changed: memory of the sensor's traffic.
    azimuth, range_m : F64
        Shape (u,): of the plots that no track claims, ascending in azimuth; range NaN for none.
    lone : Flags
        Shape (u,), bool: which of them have no kin in the look before either; a new target has.
    claimed : int
        Number of the others.
    look : F64
        Shape (2,): azimuth span (rad) and reach (m) of the look.
    limits : F64
        Shape (10,): looks after which clutter is half forgotten; width of a strobe (rad), its
        least plots, probability of chance, least share of the reach; how many times the usual a
        flood is, log likelihood ratio that one look says at most, and that flags; first looks that
        are never a flood; looks in a row that make a strobe.
    """
    n, at, out = 0, np.empty(len(azimuth)), np.empty(len(azimuth))
    for i in range(len(azimuth)):
        if lone[i]:
            at[n], out[n] = azimuth[i], range_m[i]
            n += 1
    polar = n > 0 and math.isfinite(out[0])
    strobe = _strobe(t, at[:n], out[:n], look, limits) if polar else 0
    t[T_STROBE] = t[T_STROBE] + 1.0 if strobe else 0.0
    n -= strobe
    usual = t[T_SHAPE] / t[T_RATE]
    young = t[T_LOOKS] < limits[8]
    gain = _flood_gain(n, usual, limits[5])
    kept_sum = 0.0 if young else t[T_FLOOD] + min(gain, limits[6])
    t[T_FLOOD] = min(max(kept_sum, 0.0), limits[7] + limits[6])
    t[T_CLAIMED] += 0.2 * (claimed - t[T_CLAIMED])
    t[T_LOOKS] += 1.0
    if not strobe and (gain <= 0.0 or young):
        kept = 0.5 ** (1.0 / limits[0])
        t[T_SHAPE], t[T_RATE] = kept * t[T_SHAPE] + n, kept * t[T_RATE] + 1.0
    signs = STROBE if t[T_STROBE] >= limits[9] else 0
    return signs | (FLOOD if gain > 0.0 and t[T_FLOOD] >= limits[7] else 0)


@kernel
def _flood_gain(n: int, usual: float, factor: float) -> float:
    """Return ln of how much likelier a number of false plots is in a flood.

    Its sum, never below zero, is Page's test of a Poisson mean (Lucas 1985, "Counted data CUSUM's",
    Technometrics 27(2)).
    """
    usual = max(usual, FLOOD_LEAST)
    return n * math.log(factor) - (factor - 1.0) * usual
