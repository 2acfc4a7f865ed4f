"""Intervals beside figures: of shares, of means over nights, of paired differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import beta, t

LEVEL = 0.95


def of_share(hits: int, of: int) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934).

    Examples
    --------
    >>> [round(end, 5) for end in of_share(0, 10_000)]
    [0.0, 0.00037]
    """
    half = 0.5 * (1.0 - LEVEL)
    low = float(beta.ppf(half, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1.0 - half, hits + 1, of - hits)) if hits < of else 1.0
    return low, high


def of_mean(values: Sequence[float]) -> tuple[float, float, float]:
    """Return mean and ends of Student's interval; with paired differences, the paired one."""
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    if len(sample) < 2:
        return mean, -np.inf, np.inf
    half = float(t.ppf(0.5 * (1.0 + LEVEL), len(sample) - 1) * sample.std(ddof=1))
    half /= np.sqrt(len(sample))
    return mean, mean - half, mean + half


def of_ratio(
    over: Sequence[float], under: Sequence[float], draws: int = 2_000
) -> tuple[float, float, float]:
    """Return sum over sum, and its bootstrap interval over nights (percentile method)."""
    top, bottom = np.asarray(over, np.float64), np.asarray(under, np.float64)
    chance = np.random.default_rng(0)
    rows = chance.integers(len(top), size=(draws, len(top)))
    below = bottom[rows].sum(axis=1)
    ratios = top[rows].sum(axis=1)[below > 0] / below[below > 0]
    whole = float(top.sum() / bottom.sum()) if bottom.sum() > 0 else float("nan")
    if not len(ratios):
        return whole, float("nan"), float("nan")
    half = 50.0 * (1.0 - LEVEL)
    return whole, float(np.percentile(ratios, half)), float(np.percentile(ratios, 100.0 - half))
