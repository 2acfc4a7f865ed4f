"""How dense false plots and new targets are where a plot lies.

False plots are of two kinds: those that fall anywhere in a look, in the number that is stated, and
those that come again and again from the same spots (roads, wind parks). Of the second kind only
plots of earlier looks tell that may have been false. A spot shows all the time, a target that was
not tracked yet leaves a trail and is gone: so spans of some turns are counted in which such plots
came to a place. Either chance brought them (Poisson, trails included) or a spot that shows in a
share of the spans that is Beta(a, b) beforehand: the odds of the two are those of their marginal
likelihoods (beta-binomial; Bernardo and Smith 2000, "Bayesian Theory", 3.2 and 6.1). That is too
slow for a spot that has shown once or twice: what comes again near a late plot is weighed as if
that plot alone had told of a spot.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import P_BIRTH, P_LOG_C, P_VALUE
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import AZIMUTH, ELEVATION, POSITION, RANGE, RANGE_RATE, VELOCITY
from chowki.kernels.visibility import (
    L_AZIMUTH_SPAN,
    L_ELEVATION_MAX,
    L_ELEVATION_MIN,
    L_RANGE_MAX,
    L_RANGE_MIN,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# How false and new plots are spread, one vector: false plots a look, emitters without a track,
# spans of range rate, velocity and height, whether plots start tracks; then the radii of a narrow
# and a wide spot, half the height of one as an angle, how many there are a square metre.
S_CLUTTER, S_UNTRACKED, S_RATE_SPAN, S_VELOCITY_VOLUME, S_HEIGHT_SPAN, S_STARTS = 0, 1, 2, 3, 4, 5
S_NARROW, S_WIDE, S_LIFT, S_SPOTS, S_WIDTH = 6, 7, 8, 9, 10
# Turns in a span; share of the spans in which a spot shows, beforehand: Beta(a, b); spans in which
# trails of targets lead over a place; share of looks in which a spot shows: Beta(a, b).
SPAN_TURNS, SHOWS, HIDES, TRAILS, SHOWS_ONCE, HIDES_ONCE = 10.0, 2.0, 1.0, 0.1, 1.0, 5.0
# Columns of a plot that may have been false: place in the sensor's own plane (m), elevation (rad),
# turns of the sensor before it, how probably it was false.
F_RIGHT, F_AHEAD, F_ELEVATION, F_TURN, F_FALSE, F_WIDTH = 0, 1, 2, 3, 4, 5
# Most of them that are kept: those of a flood push out older ones.
SPOTS_MAX = 512
# Plots less probably false are not kept.
FALSE_MIN = 0.1


@kernel
def log_volume(bits: int, look: F64, spread: F64) -> float:
    """Return ln of the volume, in the plot's own slots, over which false plots are spread."""
    reach = max(look[L_RANGE_MAX] - look[L_RANGE_MIN], 1.0)
    volume = 0.0
    if bits & POSITION:
        square = look[L_RANGE_MAX] ** 2 - look[L_RANGE_MIN] ** 2
        volume += math.log(0.5 * look[L_AZIMUTH_SPAN] * square * spread[S_HEIGHT_SPAN])
    if bits & RANGE:
        volume += math.log(reach)
    if bits & AZIMUTH:
        volume += math.log(look[L_AZIMUTH_SPAN])
    if bits & ELEVATION:
        volume += math.log(max(look[L_ELEVATION_MAX] - look[L_ELEVATION_MIN], 1e-3))
    if bits & RANGE_RATE:
        volume += math.log(spread[S_RATE_SPAN])
    if bits & VELOCITY:
        volume += math.log(spread[S_VELOCITY_VOLUME])
    return volume


@kernel
def spot_probability(
    shown: float, of: float, by_chance: float, prior: float, a: float, b: float
) -> float:
    """Return how probably a spot is at a place, given how often plots came there.

    Parameters
    ----------
    shown, of : float
        Spans (or looks) in which plots came, and of how many.
    by_chance : float
        In how many of them chance brings plots there, a span.
    prior : float
        Probability beforehand that a spot is there.
    a, b : float
        Share of spans in which it shows: Beta(a, b).
    """
    n, expected = min(shown, of), by_chance * of
    chance = math.log1p(-prior) - expected
    if n > 0.0:
        chance += n * math.log(expected)
    spot = math.log(prior) + math.lgamma(of + 1.0) - math.lgamma(of - n + 1.0)
    spot += math.lgamma(n + a) + math.lgamma(of - n + b) - math.lgamma(of + a + b)
    spot += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return 1.0 / (1.0 + math.exp(min(max(chance - spot, -700.0), 700.0)))


@kernel
def _recalled(row: F64, bits: int, spots: F64, turn: float, spread: F64, out: F64) -> None:
    """Write what is remembered of a plot's surroundings, narrow and wide (2, 3).

    Spans that are over in which plots came there that were probably false, how many plots, and
    whether one of them is late: of the span that is not over.
    """
    right, ahead = _in_plane(row)
    narrow_sq, wide_sq = spread[S_NARROW] ** 2, spread[S_WIDE] ** 2
    out[:] = 0.0
    last_narrow = last_wide = -1
    for k in range(len(spots)):
        x, y = spots[k, F_RIGHT] - right, spots[k, F_AHEAD] - ahead
        off_sq = x * x + y * y
        if off_sq >= wide_sq:
            continue
        if bits & ELEVATION and abs(spots[k, F_ELEVATION] - row[P_VALUE + 2]) > spread[S_LIFT]:
            continue
        age, false = int((turn - spots[k, F_TURN]) / SPAN_TURNS), spots[k, F_FALSE]
        out[1, 1] += false
        if age == 0:
            out[1, 2] = max(out[1, 2], false)
        elif age != last_wide and false > 0.5:
            out[1, 0] += 1.0
            last_wide = age
        if off_sq < narrow_sq:
            out[0, 1] += false
            if age == 0:
                out[0, 2] = max(out[0, 2], false)
            elif age != last_narrow and false > 0.5:
                out[0, 0] += 1.0
                last_narrow = age


@kernel
def recurring(
    row: F64, bits: int, spots: F64, turn: float, turns: float, by_chance: float, spread: F64,
    room: F64,
) -> tuple[float, float]:  # fmt: skip
    """Return how dense plots recur about a plot, a square metre (and span of elevation).

    Parameters
    ----------
    row, bits : F64, int
        The plot, columns ``P_...`` of ``kernels.filter``; its slots.
    spots : F64
        Shape (s, F_WIDTH): plots of earlier looks that may have been false, in their order.
    turn, turns : float
        Turns of the sensor so far, and those that these plots come from.
    by_chance : float
        Density of plots that chance brings in a look, a square metre and span of elevation.
    spread : F64
        Columns ``S_...``.
    room : F64
        Shape (2, 3), scratch.

    Returns
    -------
    known : float
        From what is known to be a spot.
    feared : float
        From what may be one, by a late plot.
    """
    _recalled(row, bits, spots, turn, spread, room)
    known, feared, looks = 0.0, 0.0, max(turns, 1.0)
    spans = math.floor(looks / SPAN_TURNS)
    for k in range(2):
        if room[k, 1] == 0.0:
            continue
        area = math.pi * spread[S_NARROW + k] ** 2
        prior, chance = min(spread[S_SPOTS] * area, 0.5), by_chance * area
        often = SPAN_TURNS * chance + TRAILS
        there = spot_probability(room[k, 0], spans, often, prior, SHOWS, HIDES)
        share = (room[k, 1] + SHOWS_ONCE) / (looks + SHOWS_ONCE + HIDES_ONCE)
        known += there * min(share, 1.0) / area
        once = spot_probability(1.0, looks, chance, prior, SHOWS_ONCE, HIDES_ONCE)
        share = (1.0 + SHOWS_ONCE) / (looks + SHOWS_ONCE + HIDES_ONCE)
        feared += room[k, 2] * once * share / area
    return known, feared


@kernel
def _in_plane(row: F64) -> tuple[float, float]:
    """Return where a plot lies in its sensor's plane."""
    slant, azimuth = row[P_VALUE], row[P_VALUE + 1]
    return slant * math.sin(azimuth), slant * math.cos(azimuth)


@kernel
def weigh(
    plots: F64, bits: I64, trusted: int, unseen: F64, falseness: F64, spots: F64, turn: float,
    turns: float, look: F64, spread: F64,
) -> None:  # fmt: skip
    """Write ln(kappa + b) and b / (kappa + b) of every plot.

    Parameters
    ----------
    plots, bits : F64, I64
        Shapes (m, P_WIDTH), written in two columns, and (m,).
    trusted : int
        Slots that may move a track; the others take no part.
    unseen : F64
        Shape (m,): targets without a track that would show about each plot, a square metre.
    falseness : F64
        Shape (m,): how many times denser false plots are among those as strong.
    spots, turn, turns : F64, float, float
        As in ``recurring``.
    look, spread : F64
        Figures of the look (``kernels.visibility``); columns ``S_...``.
    """
    square = 0.5 * look[L_AZIMUTH_SPAN] * (look[L_RANGE_MAX] ** 2 - look[L_RANGE_MIN] ** 2)
    polar, room = RANGE | AZIMUTH, np.empty((2, 3))
    for j in range(len(plots)):
        row, slots, feared = plots[j], int(bits[j]) & trusted, 0.0
        volume, born = log_volume(slots, look, spread), 0.0
        kappa = spread[S_CLUTTER] * falseness[j]
        if slots & POSITION:
            born = unseen[j] * square
        elif slots & polar == polar:
            # an area seen in polar coordinates: r dr d(azimuth), spread evenly over other slots
            area = row[P_VALUE] * (look[L_RANGE_MAX] - look[L_RANGE_MIN]) * look[L_AZIMUTH_SPAN]
            born = unseen[j] * area
            # of all elevations that the look covers, spots lie in a small part
            part = 1.0
            if slots & ELEVATION:
                span = max(look[L_ELEVATION_MAX] - look[L_ELEVATION_MIN], 1e-3)
                part = min(1.0, 2.0 * spread[S_LIFT] / span)
            by_chance = spread[S_CLUTTER] * part / area
            known, feared = recurring(row, slots, spots, turn, turns, by_chance, spread, room)
            kappa += known * falseness[j] * area / part
            feared *= falseness[j] * area / part
        else:
            born = spread[S_UNTRACKED]
        row[P_LOG_C] = math.log(kappa + feared + born) - volume
        row[P_BIRTH] = born / (kappa + born) if spread[S_STARTS] > 0.0 else 0.0


@kernel
def kept(spots: F64, plots: F64, bits: I64, free: F64, turn: float, span: float) -> F64:
    """Return the plots that may have been false, those of this look behind earlier ones.

    Parameters
    ----------
    spots : F64
        Shape (s, F_WIDTH): those of earlier looks.
    plots, bits : F64, I64
        Of this look.
    free : F64
        Shape (m,): probability that no track has caused each plot.
    turn : float
        Turns of the sensor so far.
    span : float
        Turns after which a plot is forgotten.
    """
    polar, fresh, first = RANGE | AZIMUTH, 0, 0
    false = np.empty(len(plots))
    for j in range(len(plots)):
        false[j] = free[j] * (1.0 - plots[j, P_BIRTH]) if bits[j] & polar == polar else 0.0
        if false[j] >= FALSE_MIN:
            fresh += 1
    while first < len(spots) and spots[first, F_TURN] < turn - span:
        first += 1
    first = min(max(first, len(spots) + fresh - SPOTS_MAX), len(spots))
    k = len(spots) - first
    out = np.empty((k + fresh, F_WIDTH))
    out[:k] = spots[first:]
    for j in range(len(plots)):
        if false[j] >= FALSE_MIN:
            out[k, F_RIGHT], out[k, F_AHEAD] = _in_plane(plots[j])
            out[k, F_ELEVATION], out[k, F_TURN] = plots[j, P_VALUE + 2], turn
            out[k, F_FALSE] = false[j]
            k += 1
    return out
