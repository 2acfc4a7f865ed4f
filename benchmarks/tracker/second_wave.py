"""The scenario second-wave, played in a closed loop and held against what really flew.

Coverage, completeness and delays are those of ``chowki.outputs.score``, but for two things that a
recording does not hold: the radar cross-section of each drone, and where it was each second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chowki import scenario
from chowki.core.messages import Event, Scan, Tick
from chowki.core.places import Measures, Theatre
from chowki.core.records import Fate, Tracks, TrackStatus
from chowki.core.table import F64, I64
from chowki.outputs.coverage import covering
from chowki.outputs.score_matching import Following, Objects, follow, on_the_ground
from chowki.scenario.building import populate

CUTOFF_M, PICTURE_S, FINE_S = 500.0, 10, 2
BIAS_M, BIAS_DEG, BIAS_SEED = 100.0, 0.3, 11


@dataclass
class Night:
    """What a played night left.

    Attributes
    ----------
    theatre : Theatre
        Sensors as stated.
    rcs_m2 : dict
        Mean radar cross-section of each target, by number.
    pictures : list
        Time and tracks, every ten seconds.
    truth : list
        Time, numbers, positions and whether they attack, of all that flew, every ten seconds.
    drones : list
        Time, numbers and positions of the raid, every two seconds.
    looks : dict
        Begin and end of the looks that came in, by sensor.
    """

    theatre: Theatre
    rcs_m2: dict[int, float]
    pictures: list[tuple[float, Tracks]] = field(default_factory=list)
    truth: list[tuple[float, I64, F64, Any]] = field(default_factory=list)
    drones: list[tuple[float, I64, F64]] = field(default_factory=list)
    looks: dict[int, list[tuple[float, float]]] = field(default_factory=dict)


def play(seed: int, until_s: float = np.inf, biased: bool = False) -> Night:
    """Return a night; ``biased``: every radar is turned and stretched by up to 0.3 deg, 100 m."""
    story = scenario.load("second-wave", ())
    built = scenario.build(story, seed)
    world, station = built.world, built.station
    assert world is not None
    targets, _ = populate(story, built.theatre, seed)
    night = Night(built.theatre, dict(zip(targets.target, targets.rcs_m2, strict=True)))
    start_s = built.theatre.station.start_s
    events: Iterator[Event] = world.events()
    for event in _bent(events) if biased else events:
        if event.time_s > start_s + until_s:
            break
        frame = station.step(event)
        world.obey(frame.orders)
        world.heed(frame.tasks)
        if isinstance(event, Scan):
            span = (event.start_s, event.end_s)
            night.looks.setdefault(event.sensor.number, []).append(span)
        if isinstance(event, Tick):
            _noted(night, world.truth(), frame.tracks, event.time_s, round(event.time_s - start_s))
    return night


def _noted(night: Night, truth: Any, tracks: Tracks, time_s: float, second: int) -> None:
    if second % FINE_S:
        return
    flying = truth.fate == Fate.FLYING
    raid = flying & (truth.attacking == 1)
    place = np.column_stack((truth.east_m, truth.north_m, truth.up_m))
    night.drones.append((time_s, truth.target[raid], place[raid]))
    if second % PICTURE_S == 0:
        attacks = truth.attacking[flying] == 1
        night.truth.append((time_s, truth.target[flying], place[flying], attacks))
        night.pictures.append((time_s, tracks))


def _bent(events: Iterator[Event]) -> Iterator[Event]:
    """Yield the events with every radar's range and azimuth off by a constant of its own."""
    chance, off = np.random.default_rng(BIAS_SEED), dict[int, tuple[float, float]]()
    for event in events:
        if not isinstance(event, Scan) or not event.sensor.measures & Measures.RANGE:
            yield event
            continue
        number, d = event.sensor.number, event.detections
        if number not in off:
            turn = float(np.radians(chance.uniform(-BIAS_DEG, BIAS_DEG)))
            off[number] = (chance.uniform(-BIAS_M, BIAS_M), turn)
        range_m = d.range_m + off[number][0]
        azimuth = (d.azimuth_rad + off[number][1]) % (2.0 * np.pi)
        yield replace(event, detections=replace(d, range_m=range_m, azimuth_rad=azimuth))


@dataclass(frozen=True)
class Matched:
    """A night's pictures and truth, and who followed whom.

    Attributes
    ----------
    truth, found : Objects
        Numbers of ``found`` are rows of ``names``.
    names : I64
        Track numbers.
    covered, raid : NDArray
        Rows of the truth that are drones in coverage; drones.
    shown : NDArray
        Rows of the tracks that did not coast.
    following : Following
        Who followed whom.
    """

    truth: Objects
    found: Objects
    names: I64
    covered: Any
    raid: Any
    shown: Any
    following: Following


def matched(night: Night) -> Matched:
    """Return who followed whom."""
    step = [np.full(len(t[1]), k) for k, t in enumerate(night.truth)]
    number, place, raid = (np.concatenate([t[i] for t in night.truth]) for i in (1, 2, 3))
    targets, running = np.unique(number, return_inverse=True)
    truth = Objects(running, np.concatenate(step), place, np.arange(len(place)))
    rows = np.flatnonzero(raid)
    rcs = np.array([night.rcs_m2[int(n)] for n in targets])[running[rows]]
    covered = np.zeros(len(place), np.bool_)
    covered[rows] = covering(night.theatre, place[rows], rcs)[0].any(axis=1)
    held = [_held(tracks) for _, tracks in night.pictures]
    step = np.concatenate([np.full(len(rows), k) for k, rows in enumerate(held)])
    tracks = Tracks.concat([t.take(r) for (_, t), r in zip(night.pictures, held, strict=True)])
    names, number = np.unique(tracks.track, return_inverse=True)
    place = np.column_stack((tracks.east_m, tracks.north_m, tracks.up_m))
    found = Objects(number, step, place, np.arange(len(place)))
    shown = tracks.status == TrackStatus.CONFIRMED
    return Matched(truth, found, names, covered, raid, shown, follow(truth, found, CUTOFF_M))


def _held(tracks: Tracks) -> I64:
    held = (tracks.status == TrackStatus.CONFIRMED) | (tracks.status == TrackStatus.COASTING)
    return np.flatnonzero(held & ~(tracks.sd_horizontal_m > CUTOFF_M))


def figures(night: Night) -> dict[str, float]:
    """Return the figures of the goal."""
    m = matched(night)
    kept, best = m.following.kept, m.following.optimal
    followed = np.zeros(len(m.truth), np.bool_)
    followed[kept.truth] = True
    false = _false(m)
    scans = delays(night, m)
    hours = float(m.raid.sum()) * PICTURE_S / 3600.0
    raid = np.unique(m.truth.number[m.raid])
    apart = best.distance_m[m.covered[best.truth]]
    return {
        "gospa_m": _gospa(m),
        "localisation_m": float(np.sqrt(np.mean(apart**2))),
        "completeness": float(followed[m.covered].mean()),
        "confirmed": len(m.names),
        "false": int(false.sum()),
        "scans_median": float(np.median(scans)),
        "scans_95": float(np.percentile(scans, 95)),
        "switches": int(m.following.switches[raid].sum()),
        "hours": hours,
    }


def _gospa(m: Matched) -> float:
    """Return mean GOSPA of pictures: drones in coverage, and tracks of nothing real."""
    best, steps = m.following.optimal, 1 + int(m.truth.step.max())
    real = np.zeros(len(m.found), np.bool_)
    real[best.estimate] = True
    of_seen = m.covered[best.truth]
    at = m.truth.step[best.truth[of_seen]]
    covered = np.bincount(m.truth.step[m.covered], minlength=steps)
    missed = covered - np.bincount(at, minlength=steps)
    false = np.bincount(m.found.step[~real], minlength=steps)
    square = np.bincount(at, best.distance_m[of_seen] ** 2, steps)
    square += 0.5 * CUTOFF_M**2 * (missed + false)
    return float(np.sqrt(square[(covered + false) > 0]).mean())


def _false(m: Matched) -> Any:
    """Return which tracks had nothing real near on the map in most pictures, coasting left out."""
    flat = follow(on_the_ground(m.truth), on_the_ground(m.found), CUTOFF_M)
    nothing = np.ones(len(m.found), np.bool_)
    nothing[flat.optimal.estimate] = False
    number = m.found.number
    return 2 * np.bincount(number, nothing & m.shown) > np.bincount(number, m.shown)


def delays(night: Night, m: Matched) -> I64:
    """Return in how many scans that could see it each drone was confirmed, 1,000 for never."""
    told = {
        int(n): float(c)
        for _, tracks in night.pictures
        for n, c in zip(tracks.track, tracks.confirmed_s, strict=True)
    }
    targets = np.unique(np.concatenate([t[1] for t in night.truth]))
    first = dict[int, list[tuple[float, int]]]()
    for i, j in zip(m.following.kept.truth, m.following.kept.estimate, strict=True):
        time_s = night.pictures[m.truth.step[i]][0]
        name = int(m.names[m.found.number[j]])
        first.setdefault(int(targets[m.truth.number[i]]), []).append((time_s, name))
    time_s = np.concatenate([np.full(len(n), t) for t, n, _ in night.drones])
    number = np.concatenate([n for _, n, _ in night.drones])
    place = np.concatenate([x for _, _, x in night.drones])
    order = np.lexsort((time_s, number))
    looks = {n: np.array(sorted(v)) for n, v in night.looks.items()}
    counts = []
    for rows in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        drone = int(number[rows[0]])
        covers, sensors = covering(night.theatre, place[rows], night.rcs_m2[drone])
        if not covers.any():
            continue
        since_s = time_s[rows[covers.any(axis=1).argmax()]]
        after = [name for at, name in sorted(first.get(drone, [])) if at >= since_s]
        until_s = told[after[0]] if after else np.inf
        n = _counted(time_s[rows], covers, [looks.get(int(k)) for k in sensors], since_s, until_s)
        if after or n > 6:
            counts.append(n if after else 1000)
    return np.array(counts, dtype=np.int64)


def _counted(
    time_s: F64, covers: Any, looks: list[F64 | None], since_s: float, until_s: float
) -> int:
    """Return how many looks between two times could see a drone; the one that ends it counts."""
    total = 0
    for k in np.flatnonzero(covers.any(axis=0)):
        spans = looks[k]
        if spans is None:
            continue
        middle = spans.mean(axis=1)
        picked = middle[(middle >= since_s) & (spans[:, 0] < until_s)]
        row = np.clip(np.searchsorted(time_s, picked, side="right") - 1, 0, len(time_s) - 1)
        total += int(covers[row, k].sum())
    return total
