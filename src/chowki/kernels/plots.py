"""Plots of one scan made ready for the tracker: the slots that hold a value, and their noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import P_RCS, P_TIME, P_VALUE, P_VARIANCE, P_WIDTH
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import AZIMUTH, ELEVATION, POSITION, RANGE, VELOCITY
from chowki.kernels.measure import TWO_PI

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Rows of the raw columns: time, ten values, stated position sigma, radar cross-section (dBsm),
# signal-to-noise ratio (dB).
RAW_TIME, RAW_VALUE, RAW_SIGMA, RAW_RCS, RAW_SNR, RAW_HEIGHT = 0, 1, 11, 12, 13, 14
# How much weaker or stronger echoes change the variance at most.
WEAKEST, STRONGEST = 8.0, 0.25


@kernel
def slots_of(raw: F64, j: int, scan_bits: int) -> int:
    """Return the slots of a plot that hold a value; 0 when one that it can't do without is missing.

    Range and azimuth, or position, are needed where the sensor measures them; elevation, range
    rate and velocity may be missing in single plots.
    """
    bits = 0
    for slot in range(4):
        if scan_bits & (1 << slot) and math.isfinite(raw[RAW_VALUE + slot, j]):
            bits |= 1 << slot
    needed = scan_bits & (RANGE | AZIMUTH)
    if bits & needed != needed or (bits & RANGE and not raw[RAW_VALUE, j] > 0.0):
        return 0
    if bits & ELEVATION and abs(raw[RAW_VALUE + 2, j]) > 0.5 * math.pi:
        return 0
    for first, slot in ((4, POSITION), (7, VELOCITY)):
        if scan_bits & slot:
            total = raw[RAW_VALUE + first, j]
            total += raw[RAW_VALUE + first + 1, j] + raw[RAW_VALUE + first + 2, j]
            if math.isfinite(total):
                bits |= slot
            elif slot == POSITION:
                return 0
    return bits


@kernel
def echo_factor(snr_db: float, snr_reference: float) -> float:
    """Return how much wider the variances of an echo are than stated for the reference target.

    Errors in range and angle fall with the root of the signal-to-noise ratio (Skolnik 2001,
    "Introduction to Radar Systems", eq. 6.27 ff.; Barton 1988, "Modern Radar System Analysis",
    ch. 8); 1 where either is unknown.
    """
    if not (math.isfinite(snr_db) and math.isfinite(snr_reference)):
        return 1.0
    return min(max(snr_reference / 10.0 ** (0.1 * snr_db), STRONGEST), WEAKEST)


@kernel
def _seen_before(words: I64, j: int, table: I64) -> bool:
    """Enter a plot into a hash table by its bytes; True when an equal one is already there."""
    mixed = np.uint64(1469598103934665603)
    for row in range(RAW_SIGMA):
        mixed = (mixed ^ np.uint64(words[row, j])) * np.uint64(1099511628211)
        mixed ^= mixed >> np.uint64(29)
    slot = np.int64(mixed % np.uint64(len(table)))
    while table[slot] >= 0:
        equal = True
        for row in range(RAW_SIGMA):
            if words[row, j] != words[row, table[slot]]:
                equal = False
                break
        if equal:
            return True
        slot = (slot + 1) % len(table)
    table[slot] = j
    return False


@kernel
def tabulate(
    raw: F64, words: I64, scan_bits: int, noise: F64, allowance: F64, snr_reference: float,
    oldest_s: float, newest_s: float,
) -> tuple[F64, I64, I64, I64]:  # fmt: skip
    """Return the usable plots of a scan.

    Parameters
    ----------
    raw : F64
        Shape (RAW_HEIGHT, m): rows ``RAW_...``, as the sensor delivered them.
    words : I64
        The same bytes as integers: equal plots are counted once.
    scan_bits : int
        What the sensor measures (``core.places.Measures``).
    noise : F64
        Shape (10,): variance of each slot as stated.
    allowance : F64
        Shape (10,): what is added to it for registration.
    snr_reference : float
        Signal-to-noise ratio (power) for which the variances of echoes are stated, or NaN.
    oldest_s, newest_s : float
        Plots outside these times are left out.

    Returns
    -------
    plots : F64
        Shape (k, P_WIDTH), columns ``P_...`` of ``kernels.filter``; densities are left open.
    bits, chosen : I64
        Shape (k,): slots that hold a value; column of ``raw``.
    refused : I64
        Shape (3,): how many plots were unusable, out of time, repeated.
    """
    m = raw.shape[1]
    plots, bits = np.zeros((m, P_WIDTH)), np.empty(m, dtype=np.int64)
    chosen, refused = np.empty(m, dtype=np.int64), np.zeros(3, dtype=np.int64)
    table = np.full(2 * m + 1, -1, dtype=np.int64)
    k = 0
    for j in range(m):
        slots, time_s = slots_of(raw, j, scan_bits), raw[RAW_TIME, j]
        if slots == 0 or not math.isfinite(time_s):
            refused[0] += 1
        elif time_s < oldest_s or time_s > newest_s:
            refused[1] += 1
        elif _seen_before(words, j, table):
            refused[2] += 1
        else:
            row = plots[k]
            row[P_TIME], row[P_RCS] = time_s, raw[RAW_RCS, j]
            factor = echo_factor(raw[RAW_SNR, j], snr_reference)
            for s in range(10):
                row[P_VALUE + s] = raw[RAW_VALUE + s, j]
                row[P_VARIANCE + s] = noise[s] * (factor if s < 4 else 1.0) + allowance[s]
            if slots & AZIMUTH:
                row[P_VALUE + 1] %= TWO_PI
            if slots & POSITION and math.isfinite(raw[RAW_SIGMA, j]):
                extra = raw[RAW_SIGMA, j] ** 2 - noise[4]
                for s in range(4, 7):
                    row[P_VARIANCE + s] += max(extra, 1.0 - noise[4])
            bits[k], chosen[k] = slots, j
            k += 1
    return plots[:k], bits[:k], chosen[:k], refused
