"""Recursive Bayes over classes: what is known of each track against a table of likelihoods."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.visibility import normal_cdf

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I64 = NDArray[np.int64]
B8 = NDArray[np.bool_]

# Columns of the table of classes (``picture.classes``).
(
    T_PRIOR, T_SPEED_LOW, T_SPEED_HIGH, T_SPEED_SOFT, T_SLOW, T_HEIGHT_LOW, T_HEIGHT_HIGH,
    T_HEIGHT_SOFT, T_CLIMB, T_RCS, T_RCS_SPREAD, T_FLOCK, T_FLOCK_GAIN, T_HEARD, T_KEPT,
    T_TURNING, T_ROAMS, T_BEYOND, T_NEAR, T_DEEP, T_CROSSED, T_TRANSPONDER, T_REMOTE_ID, T_SILENT,
    T_ARMED_OVER, T_ARMED_INSIDE,
) = range(26)  # fmt: skip
T_WIDTH = 26
# Columns of the memory of how a track flies: fading means of speed (m/s), height above ground (m)
# and climb (m/s); what they weigh, in [0, 1]; metres flown since it was first seen.
M_SPEED, M_HEIGHT, M_CLIMB, M_WEIGHT, M_PATH = 0, 1, 2, 3, 4
M_WIDTH = 5
# Columns of figures that hold for all classes (``picture.classes.FIGURES``).
G_MEMORY, G_CORRELATION, G_FIRST_SD, G_DETOUR, G_STRAIGHT, G_FLUCTUATION, G_SHIFT = range(7)
G_BY_CHANCE, G_SILENCE = 7, 8
G_WIDTH = 9
# Columns of what is returned of each track.
R_DRONE, R_MANNED, R_BIRD, R_UNAIDED = 0, 1, 2, 3
N_DRONES, AEROPLANE, HELICOPTER, BIRD, KINDS = 4, 4, 5, 6, 7

# what keeps logarithms finite
SPEED_FLOOR, HEIGHT_FLOOR, FLOWN_FLOOR, CLIMB_FLOOR = 1e-5, 1e-6, 1e-7, 1e-6
# share of single plots whose cross-section says nothing: deep fades, of which an exponential has
# more than a normal distribution of its decibels; and what those are spread over
FADED, RCS_SPAN_DB = 0.1, 100.0
# hits remembered; share by which readings of one carrier differ, and how far one may lead
HITS_MAX, SAME_CARRIER, LEAD_MAX = 20.0, 0.02, 5.0
# a track is weighed more often from this probability of a drone on
DRONE_LIKE = 0.4
SQRT_TWO_PI = math.sqrt(2.0 * math.pi)

# Speed, climb, height above ground; standard deviations of speed, climb, height, position; place.
Seen = tuple[F64, F64, F64, F64, F64, F64, F64, F64]
# UTC time first seen, radar cross-section (dBsm) and number of plots behind it, by track row.
Known = tuple[F64, F64, F64]
# Place first seen, share in bearings heard, hits that agree on a carrier, looks, payload (both ln),
# kind of address, origin, crossing of the border (UTC time), by track row.
Told = tuple[F64, F64, F64, F64, F64, I8, I8, F64]
# Memory of flight, time of the last weighing, ln posterior, probability of arms, by track row.
Written = tuple[F64, F64, F64, F64]


@kernel
def band(value: float, low: float, high: float, sd: float) -> float:
    """Return the density of an even band [low, high] blurred by a normal error."""
    inside = normal_cdf((value - low) / sd) - normal_cdf((value - high) / sd)
    return max(inside, 0.0) / (high - low)


@kernel
def remembered(memory: F64, last_s: float, first_s: float, time_s: float, now: F64, g: F64) -> None:
    """Enter speed, height and climb of now into the memory of how one track flies.

    Fading means with normalised weights, so that the first of them counts in full.
    """
    if math.isnan(last_s):
        memory[:] = 0.0
        dt_s = min(max(time_s - first_s, 1.0), 10.0)
        memory[M_PATH] = now[M_SPEED] * (max(time_s - first_s, 0.0) - dt_s)
    else:
        dt_s = max(time_s - last_s, 0.0)
    fresh = 1.0 - math.exp(-dt_s / g[G_MEMORY])
    memory[M_WEIGHT] += fresh * (1.0 - memory[M_WEIGHT])
    if memory[M_WEIGHT] > 0.0:
        for k in range(3):
            memory[k] += fresh / memory[M_WEIGHT] * (now[k] - memory[k])
    memory[M_PATH] += now[M_SPEED] * dt_s


@kernel
def shrunken(weight: float, g: F64) -> float:
    """Return by how much the error of a fading mean is less than that of one value.

    The errors of one second are those of the next: a mean over t seconds has the error of
    t / correlation time independent ones.
    """
    return math.sqrt(min(1.0, g[G_CORRELATION] / max(weight * g[G_MEMORY], 1.0)))


@kernel
def motion_density(memory: F64, sd: F64, row: F64) -> float:
    """Return p(mean speed, height, climb | class), s2/m3 but for the constant of the last.

    Parameters
    ----------
    memory : F64
        Shape (M_WIDTH,).
    sd : F64
        Shape (3,): standard deviations of these means.
    row : F64
        Shape (T_WIDTH,): the class.
    """
    soft = math.hypot(row[T_SPEED_SOFT], sd[0])
    speed = band(memory[M_SPEED], row[T_SPEED_LOW], row[T_SPEED_HIGH], soft)
    if memory[M_SPEED] < row[T_SPEED_LOW]:
        speed = max(speed, row[T_SLOW])
    high = math.hypot(row[T_HEIGHT_SOFT], sd[1])
    height = band(memory[M_HEIGHT], row[T_HEIGHT_LOW], row[T_HEIGHT_HIGH], high)
    climb_sd = math.hypot(row[T_CLIMB], sd[2])
    climb = math.exp(-0.5 * (memory[M_CLIMB] / climb_sd) ** 2) / climb_sd
    return (speed + SPEED_FLOOR) * (height + HEIGHT_FLOOR) * (climb + CLIMB_FLOOR)


@kernel
def flown_density(
    flown_m: float, path_m: float, age_s: float, sd_m: float, row: F64, g: F64
) -> float:
    """Return p(distance from where it was first seen | metres flown, age, class), 1/m.

    Who keeps a course is as far away as it flew, or less by a detour over waypoints; who wanders
    is anywhere within that and within how far it roams. The share that still keeps its first
    course falls with age to the share of the class that flies straight for good.

    Parameters
    ----------
    flown_m, path_m, age_s, sd_m : float
        Distance, metres flown, seconds since first seen, uncertainty of the distance.
    row, g : F64
        Shapes (T_WIDTH,), (G_WIDTH,): the class, and the figures of all classes.
    """
    path = max(path_m, 50.0)
    straight = row[T_KEPT] + (1.0 - row[T_KEPT]) * math.exp(-age_s / row[T_TURNING])
    e = math.hypot(sd_m, g[G_STRAIGHT] * path)
    off = (flown_m - path) / e
    along = math.exp(-0.5 * off * off) / (e * SQRT_TWO_PI)
    by_way = band(flown_m, 0.6 * path, path, e)
    astray = band(flown_m, 0.0, min(path, row[T_ROAMS]), e)
    direct = (1.0 - g[G_DETOUR]) * along + g[G_DETOUR] * by_way
    return straight * direct + (1.0 - straight) * astray + FLOWN_FLOOR


@kernel
def cross_section_density(rcs_dbsm: float, plots: float, row: F64, g: F64) -> float:
    """Return p(mean radar cross-section | class), 1/dB; 1 where none was measured."""
    if math.isnan(rcs_dbsm):
        return 1.0
    variance = row[T_RCS_SPREAD] ** 2 + g[G_FLUCTUATION] ** 2 / max(plots, 1.0)
    off = rcs_dbsm - row[T_RCS] - g[G_SHIFT]
    density = (1.0 - row[T_FLOCK]) * math.exp(-0.5 * off * off / variance)
    if row[T_FLOCK] > 0.0:
        off -= row[T_FLOCK_GAIN]
        density += row[T_FLOCK] * math.exp(-0.5 * off * off / variance)
    faded = FADED / max(plots, 1.0)
    return (1.0 - faded) * density / (math.sqrt(variance) * SQRT_TWO_PI) + faded / RCS_SPAN_DB


@kernel
def heard_score(share: float, agreed: float, heard: float, by_chance: float) -> float:
    """Return ln of what direction-finder hits say of a class that is heard so often.

    Hits that agree on a carrier and add up to one say all that one likelihood can, since others on
    the same bearing may go on transmitting; false bearings agree on none.

    Parameters
    ----------
    share : float
        Mean probability that the track was the emitter.
    agreed : float
        Sum of these probabilities over the hits that agree, less the others.
    heard, by_chance : float
        How often such a class is heard, and how often something is by chance.
    """
    if agreed <= 0.0:
        return 0.0
    return min(agreed, 1.0) * math.log1p(share * (heard / by_chance - 1.0))


@kernel
def address_score(kind: int, trusted: bool, age_s: float, logs: F64, silence_s: float) -> float:
    """Return ln of what an address, or lasting silence, says; 0 where it is not to be trusted."""
    if kind >= 0:
        told = logs[T_TRANSPONDER] if kind == 0 else logs[T_REMOTE_ID]
        return told if trusted else 0.0
    return min(max(age_s / silence_s, 0.0), 1.0) * logs[T_SILENT]


@kernel
def normalised(scores: F64) -> None:
    """Take ln of the sum off scores, so that their exponentials add up to one."""
    most, total = scores.max(), 0.0
    for c in range(len(scores)):
        total += math.exp(scores[c] - most)
    scores -= most + math.log(total)


@kernel
def armed_by(log_class: F64, over: bool, payload: float, table: F64) -> float:
    """Return the probability of arms: by class and whence it came, then by looks (odds form)."""
    column, prior = T_ARMED_OVER if over else T_ARMED_INSIDE, 0.0
    for c in range(len(log_class)):
        prior += math.exp(log_class[c]) * table[c, column]
    prior = min(max(prior, 1e-6), 1.0 - 1e-6)
    return 1.0 / (1.0 + (1.0 - prior) / prior * math.exp(-payload))


@kernel
def _shares(log_class: F64, unaided: F64, out: F64) -> None:
    """Write the shares of drones, crewed aircraft and birds, and of drones but for the address."""
    out[:] = 0.0
    for c in range(N_DRONES):
        out[R_DRONE] += math.exp(log_class[c])
        out[R_UNAIDED] += math.exp(unaided[c])
    out[R_MANNED] = math.exp(log_class[AEROPLANE]) + math.exp(log_class[HELICOPTER])
    out[R_BIRD] = math.exp(log_class[BIRD])


@kernel
def _score(
    memory: F64, sd: F64, flown: F64, echo: tuple[float, float], side: tuple[int, bool], row: F64,
    logs: F64, g: F64,
) -> float:  # fmt: skip
    """Return ln of prior times what motion, cross-section, distance and border say of a class.

    ``flown`` holds distance, age and uncertainty; ``echo`` cross-section and plots; ``side``
    origin and whether the border was crossed.
    """
    density = motion_density(memory, sd, row)
    density *= flown_density(flown[0], memory[M_PATH], flown[1], flown[2], row, g)
    density *= cross_section_density(echo[0], echo[1], row, g)
    score = logs[T_PRIOR] + math.log(density)
    if side[0] >= 0:
        score += logs[T_BEYOND + side[0]]
    return score + logs[T_CROSSED] if side[1] else score


@kernel
def weigh_classes(
    rows: I64, time_s: float, seen: Seen, known: Known, told: Told, trusted: B8,
    written: Written, figures: F64, table: F64, logs: F64,
) -> F64:  # fmt: skip
    """Write class posterior and probability of arms of some tracks; return shares, (n, 4).

    Parameters
    ----------
    rows : I64
        Shape (n,): track rows.
    time_s : float
        UTC seconds.
    seen : Seen
        Of these rows: how they move now.
    known, told : Known, Told
        Of all rows.
    trusted : B8
        Shape (n,): whether the address counts.
    written : Written
        Of all rows.
    figures : F64
        Shape (G_WIDTH,).
    table, logs : F64
        Shape (classes, T_WIDTH): the table, and its logarithms.
    """
    speed, climb, agl, sd_speed, sd_climb, sd_vertical, sd_horizontal, place = seen
    first_s, rcs_dbsm, plots = known
    first_m, heard, agreed, looks, payload, kind, origin, crossed_s = told
    memory, weighed_s, log_class, armed = written
    out, now, sd = np.empty((len(rows), 4)), np.empty(3), np.empty(3)
    flown, total, unaided = np.empty(3), np.empty(len(table)), np.empty(len(table))
    for i in range(len(rows)):
        r = rows[i]
        now[0], now[1], now[2] = speed[i], agl[i], climb[i]
        since_s = float(first_s[r])
        remembered(memory[r], float(weighed_s[r]), since_s, time_s, now, figures)
        shrink = shrunken(memory[r, M_WEIGHT], figures)
        sd[0], sd[1], sd[2] = sd_speed[i] * shrink, sd_vertical[i] * shrink, sd_climb[i] * shrink
        flown[0] = math.hypot(place[i, 0] - first_m[r, 0], place[i, 1] - first_m[r, 1])
        flown[1] = max(time_s - since_s, 0.0)
        flown[2] = math.hypot(figures[G_FIRST_SD], sd_horizontal[i])
        side = (int(origin[r]), not math.isnan(crossed_s[r]))
        echo = (float(rcs_dbsm[r]), float(plots[r]))
        part, like = float(heard[r]), float(agreed[r])
        for c in range(len(table)):
            score = _score(memory[r], sd, flown, echo, side, table[c], logs[c], figures)
            score += heard_score(part, like, table[c, T_HEARD], figures[G_BY_CHANCE])
            unaided[c] = score + looks[r, c]
            aid = address_score(int(kind[r]), trusted[i], flown[1], logs[c], figures[G_SILENCE])
            total[c] = unaided[c] + aid
        normalised(unaided)
        normalised(total)
        _shares(total, unaided, out[i])
        log_class[r], weighed_s[r] = total, time_s
        armed[r] = armed_by(total, side[0] == 0 or side[1], float(payload[r]), table)
    return out


@kernel
def due(
    rows: I64, time_s: float, weighed_s: F64, log_class: F64, pressing: B8, often_s: float,
    seldom_s: float,
) -> I64:  # fmt: skip
    """Return the rows to weigh now: those pressing or drone-like more often than the others."""
    out, k = np.empty(len(rows), dtype=np.int64), 0
    for i in range(len(rows)):
        r, drone = rows[i], 0.0
        for c in range(N_DRONES):
            drone += math.exp(log_class[r, c])
        period_s = often_s if pressing[r] or drone > DRONE_LIKE else seldom_s
        if not time_s - weighed_s[r] < period_s:
            out[k] = r
            k += 1
    return out[:k].copy()


@kernel
def overheard(
    rows: I64, hz: F64, share: F64, heard: F64, hits: F64, carrier: F64, more: F64
) -> None:
    """Enter bearings heard: mean share, hits, and the carrier that most of them agree on.

    A majority is kept as one candidate and its lead (Boyer and Moore 1991). A receiver that tells
    no carrier agrees with any.

    Parameters
    ----------
    rows, hz, share : I64, F64, F64
        Shape (p,): track rows, carrier (Hz or NaN), probability that the track was the emitter.
    heard, hits, carrier, more : F64
        Shape (n,), written: mean share, number of hits, candidate (Hz), its lead in shares.
    """
    for k in range(len(rows)):
        r = rows[k]
        hits[r] = min(hits[r] + 1.0, HITS_MAX)
        heard[r] += (share[k] - heard[r]) / max(hits[r], 2.0)
        if math.isnan(hz[k]) or abs(hz[k] - carrier[r]) <= SAME_CARRIER * hz[k]:
            more[r] = min(more[r] + share[k], LEAD_MAX)
        elif more[r] >= share[k]:
            more[r] -= share[k]
        else:
            carrier[r], more[r] = hz[k], share[k] - more[r]
