"""Conformance checks for every extension point: what a part must keep, whoever wrote it.

A part is found by its entry point; ``check_...`` raises ``ConformanceError`` with what is wrong.
Sensors have checks of their own in ``check_sensor_model``: pure, addressed chance, honest columns.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import Any

import numpy as np

from chowki.core.messages import Event, Frame, Scan
from chowki.core.places import Ground, Measures, Place, Sensor, Station, Theatre
from chowki.core.ports import (
    Allocator,
    Aloft,
    Associator,
    Feed,
    Look,
    Output,
    SensorModel,
    Surroundings,
    ThreatModel,
)
from chowki.core.questions import check_answer, sample_question
from chowki.core.records import (
    N_CLASSES,
    AddressKind,
    Detections,
    Identity,
    ObjectClass,
    Tasks,
    Tracks,
    TrackStatus,
)
from chowki.core.table import F64, Table

GROUPS = ("sensor_model", "associator", "threat_model", "allocator", "feed", "output")
LOOKS = 10
TARGETS = 60
# A sensor's clock may be wrong by this much.
CLOCK_S = 2.0


class ConformanceError(AssertionError):
    """A part that does not keep what its port promises."""


def parts(port: str) -> tuple[EntryPoint, ...]:
    """Return the registered parts of a port, by name.

    Parameters
    ----------
    port : str
        One of ``GROUPS``; parts register in the entry-point group ``chowki.<port>``.
    """
    return tuple(sorted(entry_points(group=f"chowki.{port}"), key=lambda entry: entry.name))


def part(port: str, name: str) -> EntryPoint:
    """Return one registered part.

    Raises
    ------
    ConformanceError
        If no part of that name is registered.
    """
    for entry in parts(port):
        if entry.name == name:
            return entry
    raise ConformanceError(f"no {port} is registered as {name!r}")


def check_sensor_model(entry: EntryPoint) -> None:
    """Check a simulated sensor.

    It builds from default parameters; its answers depend on seed, number and look only; an empty
    sky leaves clutter and nothing else; the order of the targets does not matter; columns obey
    their schema and what the sensor states; times lie within the look.

    Raises
    ------
    ConformanceError
        With the first thing that is wrong.
    """
    kind = entry.load()
    _check_parameters(kind.Parameters)
    model = _sensor(kind, 3)
    _check_methods(model, SensorModel)
    _check_stated(model.sensor)
    sky = _sky()
    looks = _looks(model, sky)
    scans = [model.observe(sky, look) for look in looks]
    _require(any(len(scan) for scan in scans), f"it sees none of {TARGETS} targets near by")
    for look, scan in zip(looks, scans, strict=True):
        _check_scan(model.sensor, look, scan)
        _check_pure(model, sky, look, scan)
    _check_addresses(kind, sky, looks, scans)


def check_associator(entry: EntryPoint) -> None:
    """Check an associator: probabilities, each track's summing to one, the same every time."""
    associator = entry.load()()
    _check_methods(associator, Associator)
    starts = np.array([0, 2, 3, 5, 5], dtype=np.int64)
    plots = np.array([0, 1, 1, 2, 3], dtype=np.int64)
    weights = np.array([4.0, 0.3, 2.0, 0.01, 30.0])
    missed = np.array([0.2, 0.5, 0.9, 1.0])
    first = associator.marginals(starts, plots, weights, missed, 5)
    pair, miss, new = first
    shapes = (pair.shape, miss.shape, new.shape)
    _require(shapes == ((5,), (4,), (5,)), f"shapes {shapes}")
    for column in first:
        _require(bool(np.all((column >= -1e-9) & (column <= 1.0 + 1e-9))), "not a probability")
    sums = np.add.reduceat(np.append(pair, 0.0), starts[:-1]) * (np.diff(starts) > 0) + miss
    _require(bool(np.allclose(sums, 1.0, atol=1e-6)), f"a track's probabilities sum to {sums}")
    _require(new[4] > 1.0 - 1e-6, "a plot without candidates is new")
    again = associator.marginals(starts, plots, weights, missed, 5)
    _require(all(_equal(a, b) for a, b in zip(first, again, strict=True)), "not the same twice")
    none = np.empty(0, dtype=np.int64)
    empty = associator.marginals(np.zeros(1, dtype=np.int64), none, np.empty(0), np.empty(0), 0)
    _require(all(len(column) == 0 for column in empty), "nothing in, something out")


def check_threat_model(entry: EntryPoint) -> None:
    """Check a threat model: ranked rows of probabilities and times; its memory is a value."""
    theatre = _theatre()
    model = entry.load()(theatre)
    _check_methods(model, ThreatModel)
    now_s = theatre.station.start_s
    memory, none = model.evaluate(model.start(), Tracks.empty(), now_s)
    _require(len(none) == 0, "no track, but a threat")
    tracks = _inbound(now_s)
    after, first = model.evaluate(memory, tracks, now_s)
    _require(len(first) > 0, "a hostile drone flying straight to a place threatens nothing")
    later = model.evaluate(after, tracks, now_s + 1.0)[1]
    for rows in (first, later):
        _check_columns(rows)
        _require(bool(np.all((rows.probability >= 0) & (rows.probability <= 1))), "probability")
        _require(sorted(rows.rank.tolist()) == list(range(1, len(rows) + 1)), "ranks 1 to n")
        low, mean, high = rows.time_to_go_low_s, rows.time_to_go_s, rows.time_to_go_high_s
        _require(bool(np.all((low <= mean) & (mean <= high))), "time to go outside its interval")
    _require(_same_rows(first, model.evaluate(memory, tracks, now_s)[1]), "not the same twice")
    _require(_same_rows(later, model.evaluate(after, tracks, now_s + 1.0)[1]), "memory changed")


def check_allocator(entry: EntryPoint) -> None:
    """Check an allocator: it keeps within what it is given, spends where it may, and repeats."""
    allocator = entry.load()()
    _check_methods(allocator, Allocator)
    for rounds in (2, 0):
        first = allocator.assign(memory := allocator.start(2), question := sample_question(rounds))
        try:
            check_answer(question, first[1])
        except ValueError as error:
            raise ConformanceError(str(error)) from error
        _require(bool(first[1].rounds.any()) == (rounds > 0), "it spends nothing, or what is not")
        _require(not first[1].value > first[1].bound + 1e-9, "a plan better than its own bound")
        again = pickle.dumps(allocator.assign(memory, question))
        _require(again == pickle.dumps(first), "not the same twice")


def check_feed(make: Callable[[], Feed], most: int = 2000) -> None:
    """Check a feed: events in order of receipt, tables that obey their schema, the same twice.

    Parameters
    ----------
    make : callable
        Returns the feed, new and placed, each time.
    most : int
        How many events are read.
    """
    feed = make()
    _check_methods(feed, Feed)
    before_s = -math.inf
    events = list(islice(feed.events(), most))
    _require(bool(events), "no event at all")
    for event in events:
        _require(math.isfinite(event.time_s), f"an event at {event.time_s}")
        _require(event.time_s >= before_s, f"time runs backwards at {event.time_s}")
        before_s = event.time_s
        if isinstance(event, Scan):
            _check_columns(event.detections)
            _require(event.start_s <= event.end_s, "a scan that ends before it begins")
    feed.heed(Tasks.empty())
    again = islice(make().events(), most)
    _require(all(_same_event(a, b) for a, b in zip(events, again, strict=True)), "not the same")


def check_output(make: Callable[[], Output]) -> None:
    """Check an output: it takes empty and full frames, leaves them as they are, and closes.

    Parameters
    ----------
    make : callable
        Returns the output, new, each time.
    """
    output = make()
    _check_methods(output, Output)
    now_s = _theatre().station.start_s
    tracks = _inbound(now_s)
    kept = pickle.dumps(tracks)
    output.write(Frame(now_s, complete=True))
    output.write(Frame(now_s + 1.0, complete=True, tracks=tracks))
    _require(pickle.dumps(tracks) == kept, "it changed a frame")
    output.close()


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ConformanceError(what)


def _check_methods(built: object, port: type) -> None:
    _require(isinstance(built, port), f"it lacks a method of core.ports.{port.__name__}")


def _check_parameters(parameters: Any) -> None:
    """Check that parameters have defaults, survive a pickle, and refuse what they do not know."""
    figures = parameters()
    _require(pickle.loads(pickle.dumps(figures)) == figures, "parameters do not survive a pickle")
    numbers = [name for name, value in figures if type(value) is float]
    for wrong in ({"no_such_figure": 1}, *({name: math.nan} for name in numbers)):
        try:
            parameters(**wrong)
        except ValueError:  # pydantic's ValidationError is one
            continue
        raise ConformanceError(f"parameters accept {wrong}")


def _check_stated(sensor: Sensor) -> None:
    _require(0.0 < sensor.detection_probability <= 1.0, "stated detection probability")
    _require(sensor.period_s > 0.0 and sensor.clutter_per_look >= 0.0, "stated period or clutter")
    for measure, (_, sigma) in _MEASURED.items():
        if sensor.measures & measure:
            _require(getattr(sensor, sigma) > 0.0, f"{sigma} is not stated")


_MEASURED = {
    Measures.RANGE: (("range_m",), "sigma_range_m"),
    Measures.AZIMUTH: (("azimuth_rad",), "sigma_azimuth_rad"),
    Measures.ELEVATION: (("elevation_rad",), "sigma_elevation_rad"),
    Measures.RANGE_RATE: (("range_rate_mps",), "sigma_range_rate_mps"),
    Measures.POSITION: (("east_m", "north_m", "up_m"), "sigma_position_m"),
}


def _check_scan(sensor: Sensor, look: Look, scan: Detections) -> None:
    _check_columns(scan)
    if not len(scan):
        return
    late = bool(np.all(scan.time_s <= look.end_s + CLOCK_S))
    _require(late and bool(np.all(scan.time_s >= look.start_s - CLOCK_S)), "times off the look")
    for measure, (names, _) in _MEASURED.items():
        for name in names:
            known = np.isfinite(getattr(scan, name))
            measured = bool(sensor.measures & measure)
            _require(bool(np.all(known == measured)), f"{name} does not agree with measures")
    azimuth = scan.azimuth_rad[np.isfinite(scan.azimuth_rad)]
    _require(bool(np.all((azimuth >= 0.0) & (azimuth < 2.0 * math.pi))), "azimuth off [0, 2 pi)")


def _check_pure(model: SensorModel, sky: Aloft, look: Look, scan: Detections) -> None:
    _require(_same_rows(scan, model.observe(sky, look)), "the same look twice differs")
    order = np.random.Generator(np.random.Philox(look.number)).permutation(len(sky.target))
    _require(_same_rows(scan, model.observe(_taken(sky, order), look)), "order of targets counts")
    left = _rows(model.observe(_taken(sky, order[:0]), look))
    _require(left <= _rows(scan), "an empty sky shows what a full one does not: not addressed")


def _check_addresses(kind: Any, sky: Aloft, looks: list[Look], scans: list[Detections]) -> None:
    """Check that draws follow seed and number: same again, other for another sensor or seed."""
    same, other, reseeded = _sensor(kind, 3), _sensor(kind, 4), _sensor(kind, 3, seed=12)
    for model, wanted in ((same, True), (other, False), (reseeded, False)):
        alike = [
            _same_rows(scan, model.observe(sky, look))
            for look, scan in zip(looks, scans, strict=True)
        ]
        _require(all(alike) == wanted, "draws do not follow seed and number of the sensor")


def _looks(model: SensorModel, sky: Aloft) -> list[Look]:
    """Return looks one after the other; a cued sensor is told to look at one target each time."""
    looks: list[Look] = []
    after_s = sky.time_s - 5.0
    for k in range(LOOKS):
        if model.sensor.cued:
            model.heed(_task(sky, k, model.sensor.number, after_s))
        look = model.next_look(after_s)
        if look is None:
            raise ConformanceError("no look" if not model.sensor.cued else "a task and no look")
        _require(look.start_s >= after_s - 0.01, "a look before the time asked for")
        _require(look.end_s > look.start_s, "a look without length")
        _require(model.next_look(after_s) == look, "asked twice, it plans another look")
        looks.append(look)
        after_s = look.end_s
    return looks


def _task(sky: Aloft, row: int, sensor: int, time_s: float) -> Tasks:
    place = sky.position_m[row] + (time_s - sky.time_s) * sky.velocity_mps[row]
    numbers = [np.array([number]) for number in (*place, *sky.velocity_mps[row])]
    return Tasks(np.array([time_s]), np.array([sensor]), np.array([row]), *numbers)


def _theatre() -> Theatre:
    station = Station("conformance", 30.0, 75.0, 200.0, 1_700_000_000.0, 3600.0)
    place = Place(
        0, "a town", "", "civil", 30.0, 75.0, np.zeros(3), 2000.0, 100_000, 1.0
    )  # fmt: skip
    return Theatre(station, places=(place,), ground=Ground(200.0), simulated=True)


def _sensor(kind: Any, number: int, seed: int = 11) -> SensorModel:
    theatre = _theatre()
    up = np.array([0.0, 0.0, 15.0])
    surroundings = Surroundings(
        number, f"sensor {number}", up, np.eye(3), theatre.ground, theatre, seed, 1.0, False
    )
    return kind(kind.Parameters(), surroundings)


def _sky() -> Aloft:
    """Return targets of all classes within 0.5 to 6 km, moving, some of which transmit."""
    chance = np.random.Generator(np.random.Philox(1))
    rows = np.arange(TARGETS)
    away = chance.uniform(500.0, 6000.0, TARGETS)
    bearing = chance.uniform(0.0, 2.0 * math.pi, TARGETS)
    height = chance.uniform(120.0, 500.0, TARGETS)
    speaks = rows % 3 == 0
    return Aloft(
        time_s=_theatre().station.start_s + 60.0,
        target=rows + 100,
        position_m=np.stack((away * np.sin(bearing), away * np.cos(bearing), height), axis=1),
        velocity_mps=chance.normal(0.0, 15.0, (TARGETS, 3)) * [1.0, 1.0, 0.02],
        object_class=(rows % N_CLASSES).astype(np.int8),
        rcs_m2=chance.uniform(0.02, 0.3, TARGETS),
        armed=(rows % 2).astype(np.int8),
        transmits_hz=np.where(speaks, 2.4e9, np.nan),
        transmit_power_w=np.where(speaks, 0.1, np.nan),
        address=np.where(speaks, 0x800000 + rows, -1),
        address_kind=np.where(speaks, int(AddressKind.ICAO), -1).astype(np.int8),
        callsign=np.array([f"T{row}" if row % 3 == 0 else "" for row in rows], dtype="S8"),
        size_m=chance.uniform(0.5, 3.0, TARGETS),
    )


def _taken(sky: Aloft, rows: Any) -> Aloft:
    columns = [getattr(sky, name)[rows] for name in Aloft.__slots__ if name != "time_s"]
    return Aloft(sky.time_s, *columns)


def _inbound(time_s: float) -> Tracks:
    """Return one confirmed hostile drone that flies straight to the place at the origin."""
    share: F64 = np.zeros((1, N_CLASSES))
    share[0, ObjectClass.FIXED_WING_DRONE] = 1.0
    figures = {
        "time_s": time_s, "east_m": -8000.0, "north_m": 0.0, "up_m": 200.0, "v_east_mps": 40.0,
        "v_north_mps": 0.0, "v_up_mps": 0.0, "height_m": 405.0, "height_agl_m": 205.0,
        "sd_horizontal_m": 60.0, "sd_vertical_m": 30.0, "sd_speed_mps": 2.0, "existence": 0.99,
        "status": TrackStatus.CONFIRMED, "identity": Identity.HOSTILE,
        "object_class": ObjectClass.FIXED_WING_DRONE, "armed_probability": 0.6, "track": 1,
        "reasons": 0, "sensors": 2, "updates": 20, "first_s": time_s - 60.0,
        "confirmed_s": time_s - 50.0, "updated_s": time_s,
    }  # fmt: skip
    return Tracks.of(class_probability=share, **{name: [v] for name, v in figures.items()})


def _check_columns(table: Table) -> None:
    for column in table.schema():
        values = getattr(table, column.name)
        right = values.dtype == column.dtype and values.shape[1:] == column.shape
        _require(right, f"column {column.name} is {values.dtype} {values.shape}")


def _equal(a: Any, b: Any) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _rows(table: Table) -> set[bytes]:
    """Return the rows of a table as bytes, so that their order does not count."""
    columns = [np.ascontiguousarray(column) for column in table.columns().values()]
    return {b"".join(column[row].tobytes() for column in columns) for row in range(len(table))}


def _same_rows(a: Table, b: Table) -> bool:
    return len(a) == len(b) and _rows(a) == _rows(b)


def _same_event(a: Event, b: Event) -> bool:
    if isinstance(a, Scan) and isinstance(b, Scan):
        same = (a.time_s, a.look, a.sensor.number) == (b.time_s, b.look, b.sensor.number)
        return same and _same_rows(a.detections, b.detections)
    return type(a) is type(b) and a.time_s == b.time_s
