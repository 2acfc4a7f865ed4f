"""Faults of sensors, put into the scans between a feed and the tracker.

Each fault turns one scan of the sensor into none, one or two; ``faulty`` does so within a span of
time. Sensors that are wrong from the start (biases) are there too. Nothing here is known to the
tracker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from chowki.core.messages import Event, Scan
from chowki.core.places import Measures
from chowki.core.records import Detections

Fault = Callable[[Scan, "Spell"], list[Scan]]


@dataclass
class Spell:
    """A fault's time at work: since when, and the last scan before it."""

    since_s: float
    before: Scan | None = None
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Bias:
    """What a sensor adds to everything that it measures."""

    range_m: float = 0.0
    azimuth_rad: float = 0.0
    elevation_rad: float = 0.0
    time_s: float = 0.0


def later(scan: Scan, offset_s: float) -> Scan:
    """Return a scan as a clock ahead by some seconds stamps it; receipt is the station's own."""
    d = replace(scan.detections, time_s=scan.detections.time_s + offset_s)
    return replace(scan, start_s=scan.start_s + offset_s, end_s=scan.end_s + offset_s, detections=d)


def clock_step(step_s: float) -> Fault:
    """Return a fault: the clock is set wrong at once, and right again at the end."""
    return lambda scan, _: [later(scan, step_s)]


def clock_drift(rate: float) -> Fault:
    """Return a fault: the clock runs fast, by some seconds a second."""
    return lambda scan, spell: [later(scan, rate * (scan.end_s - spell.since_s))]


def stuck(scan: Scan, spell: Spell) -> list[Scan]:
    """Let the plots of the last good scan come again and again, stamped anew."""
    if spell.before is None:
        return [scan]
    ahead_s = scan.start_s - spell.before.start_s
    d = spell.before.detections
    return [replace(scan, detections=replace(d, time_s=d.time_s + ahead_s))]


def flood(factor: float, seed: int = 0) -> Fault:
    """Return a fault: the stated number of false plots times a factor, anywhere in the look."""

    def put(scan: Scan, _: Spell) -> list[Scan]:
        rng = np.random.default_rng([seed, scan.sensor.number, scan.look, 1])
        mean = (factor - 1.0) * max(scan.sensor.clutter_per_look, 1.0)
        azimuth = scan.volume.azimuth_from_rad + scan.volume.azimuth_span_rad * rng.random(
            rng.poisson(mean)
        )
        return [_with(scan, _ghosts(scan, azimuth, rng))]

    return put


def strobe(plots: int, width_rad: float, seed: int = 0) -> Fault:
    """Return a fault: false plots along one bearing, and targets there mostly unseen."""

    def put(scan: Scan, _: Spell) -> list[Scan]:
        rng = np.random.default_rng([seed, scan.sensor.number, scan.look, 2])
        bearing = np.random.default_rng([seed, scan.sensor.number]).uniform(0.0, 2.0 * np.pi)
        azimuth = bearing + width_rad * (rng.random(rng.poisson(plots)) - 0.5)
        d = scan.detections
        off = np.abs((d.azimuth_rad - bearing + np.pi) % (2.0 * np.pi) - np.pi)
        unseen = (off < 0.5 * width_rad) & (rng.random(len(d)) < 0.8)
        jammed = replace(scan, detections=d.take(~unseen))
        return [_with(jammed, _ghosts(scan, azimuth, rng))]

    return put


def duplicated(share_of_sigma: float, seed: int = 0) -> Fault:
    """Return a fault: every plot comes twice, a small share of its sigma apart (0: equal)."""

    def put(scan: Scan, _: Spell) -> list[Scan]:
        d, s = scan.detections, scan.sensor
        rng = np.random.default_rng([seed, s.number, scan.look, 3])
        moved: dict[str, np.ndarray] = {}
        if share_of_sigma > 0.0:
            sigma = (("range_m", s.sigma_range_m), ("azimuth_rad", s.sigma_azimuth_rad))
            for name, sd in sigma:
                off = share_of_sigma * sd * rng.uniform(-1.0, 1.0, len(d))
                moved[name] = getattr(d, name) + off
        return [replace(scan, detections=Detections.concat([d, replace(d, **moved)]))]

    return put


def resent(scan: Scan, spell: Spell) -> list[Scan]:
    """Send each look a second time, under a number of its own."""
    again = replace(scan, look=2 * scan.look + 1, time_s=scan.time_s + 0.05)
    return [replace(scan, look=2 * scan.look), again] if spell.looks else [scan]


def lost(_scan: Scan, _spell: Spell) -> list[Scan]:
    """Send nothing any more."""
    return []


def jumped(bias: Bias) -> Fault:
    """Return a fault: the sensor is moved or turned, and all that it measures is off."""
    return lambda scan, _: [biased(scan, bias)]


def biased(scan: Scan, bias: Bias) -> Scan:
    """Return a scan with biases added to what it measures."""
    d = scan.detections
    columns = {
        "range_m": np.maximum(d.range_m + bias.range_m, 1.0),
        "azimuth_rad": (d.azimuth_rad + bias.azimuth_rad) % (2.0 * np.pi),
        "elevation_rad": d.elevation_rad + bias.elevation_rad,
    }
    if scan.sensor.measures & Measures.POSITION:
        columns = {}
    return later(replace(scan, detections=replace(d, **columns)), bias.time_s)


def faulty(
    events: Iterable[Event], fault: Fault, sensor: int, from_s: float, until_s: float
) -> Iterator[tuple[Event, bool]]:
    """Yield events with a fault put into one sensor, and whether each is its work.

    A scan that the fault swallows is yielded nowhere.
    """
    spell = Spell(from_s)
    for event in events:
        mine = isinstance(event, Scan) and event.sensor.number == sensor
        if not mine or not from_s <= event.time_s < until_s:
            if mine:
                spell.before = event
            yield event, False
            continue
        assert isinstance(event, Scan)
        for scan in fault(event, spell):
            yield scan, True
        spell.looks += 1


def _with(scan: Scan, more: Detections) -> Scan:
    both = Detections.concat([scan.detections, more])
    order = np.argsort(both.time_s, kind="stable")
    return replace(scan, detections=both.take(order))


def _ghosts(scan: Scan, azimuth: np.ndarray, rng: np.random.Generator) -> Detections:
    """Return false plots on some azimuths, at any range of the look."""
    n, v, s = len(azimuth), scan.volume, scan.sensor
    into = (azimuth - v.azimuth_from_rad) % (2.0 * np.pi) / v.azimuth_span_rad
    columns = {
        "time_s": scan.start_s + into * (scan.end_s - scan.start_s),
        "range_m": v.range_min_m + (v.range_max_m - v.range_min_m) * np.sqrt(rng.random(n)),
        "azimuth_rad": azimuth % (2.0 * np.pi),
        "rcs_dbsm": rng.uniform(-25.0, 5.0, n),
        "snr_db": rng.uniform(12.0, 25.0, n),
    }
    if s.measures & Measures.ELEVATION:
        low = max(v.elevation_min_rad, 0.0)
        columns["elevation_rad"] = low + (v.elevation_max_rad - low) * rng.random(n) ** 2
    if s.measures & Measures.RANGE_RATE:
        columns["range_rate_mps"] = rng.uniform(-50.0, 50.0, n)
    return Detections.of(**columns)
