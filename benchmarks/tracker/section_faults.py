"""Section: sensors that go wrong, or were never right: what is flagged, and what GOSPA it costs.

Run alone: ``python benchmarks/tracker/section_faults.py``. The faults are those of ``faults.py``,
put into one radar's scans of a simulated airport with three radars (two neighbours, so that what
one loses another sees); biases are put into every radar of the shipped scenarios.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import faults
import numpy as np
from bench import ROOT, Bench, Figures

from chowki import scenario
from chowki.core.messages import Event, Scan, Status, Tick
from chowki.core.places import Theatre
from chowki.core.records import Fate, ObjectClass, Tracks, TrackStatus, Truth
from chowki.kernels.gospa import assign, gospa, near_pairs
from chowki.outputs.coverage import within_reach
from chowki.picture import AirPicture, PictureParameters
from chowki.picture.associators import BeliefPropagation
from chowki.picture.biases import RegistrationParameters
from chowki.picture.conditions import Fault, HealthParameters, faults_of
from page import Table, most

CUTOFF_M = 500.0
WATCHED = PictureParameters(health=HealthParameters(enabled=True))
FROM_S, UNTIL_S, END_S = 120.0, 200.0, 230.0
SEEDS = (1, 2, 3, 4)
AIRPORT = ("sensors.low-level.count=3", "raid.count=24", "birds.per_drone=0")
CLOCK = Fault.CLOCK_STEP | Fault.CLOCK_DRIFT
TURN_RAD = float(np.radians(0.5))
# What is done to the radar, which flags may say so, whether its own coverage is lost with it.
FAULTS: dict[str, tuple[faults.Fault, Fault, bool]] = {
    "clock steps by +2 s": (faults.clock_step(2.0), CLOCK, False),
    "clock steps by -3 s": (faults.clock_step(-3.0), CLOCK, False),
    "clock drifts by 50 ms/s": (faults.clock_drift(0.05), CLOCK, False),
    "clock drifts by 10 ms/s": (faults.clock_drift(0.01), CLOCK, False),
    "stuck plots": (faults.stuck, Fault.STUCK, True),
    "ghost flood x 10": (faults.flood(10.0), Fault.FLOOD, False),
    "every plot twice, equal": (faults.duplicated(0.0), Fault.DUPLICATES, False),
    "every plot twice, nearly equal": (faults.duplicated(0.05), Fault.DUPLICATES, False),
    "every look sent twice": (faults.resent, Fault.DUPLICATES, False),
    "sudden loss": (faults.lost, Fault.SILENT, True),
    "jam strobe of 2 degrees": (faults.strobe(15, float(np.radians(2.0))), Fault.STROBE, False),
    "turned by 0.5 degrees": (faults.jumped(faults.Bias(azimuth_rad=TURN_RAD)), Fault.BIAS, False),
    "300 m too far": (faults.jumped(faults.Bias(range_m=300.0)), Fault.BIAS, False),
}
BIASED = {"single-site": (400.0, (1, 2, 3, 4, 5, 6)), "second-wave": (900.0, (1,))}
NO_BIAS = ("range_bias_sigma_m", "azimuth_bias_sigma_deg", "elevation_bias_sigma_deg")
RANGE_MOST_M, ANGLE_MOST_RAD = 100.0, float(np.radians(0.3))


@dataclass(frozen=True)
class Story:
    """A simulated run: its events, and the truth at every tick."""

    theatre: Theatre
    events: Sequence[Event]
    truth: dict[float, Truth]

    @property
    def start_s(self) -> float:
        """Return when it starts."""
        return self.theatre.station.start_s


@dataclass
class Followed:
    """What the picture was, tick by tick, and the flags of one sensor after each event."""

    pictures: dict[float, Tracks]
    flags: list[tuple[float, int, Fault]]
    seconds: float


def tables(bench: Bench) -> list[Table]:
    """Return both tables."""
    return [_fault_table(bench), _bias_table(bench)]


def _fault_table(bench: Bench) -> Table:
    body: list[list[str]] = []
    for name, (_, _, alone) in FAULTS.items():
        rows = [
            bench.row(lambda n=name, s=seed: _faulty(n, s), step="fault", fault=name, seed=seed)
            for seed in SEEDS
        ]
        looks = [row["looks"] for row in rows]
        squares = {k: sum(row[k] ** 2 for row in rows) for k in ("faulty_m", "clean_m")}
        ratio = float(np.sqrt(squares["faulty_m"] / squares["clean_m"]))
        words = f"{name} (targets that others cover)" if alone else name
        worst = max(row["faulty_m"] / row["clean_m"] for row in rows)
        body.append([words, most(max(looks), 3.0, 1), most(ratio, 1.2), f"{worst:.2f}"])
    rows = [bench.row(lambda s=seed: _clean(s), step="false flags", seed=seed) for seed in SEEDS]
    raised, scans = sum(row["raised"] for row in rows), sum(row["scans"] for row in rows)
    about = (
        f"A fault in one of three radars for {UNTIL_S - FROM_S:.0f} s, seeds {_list(SEEDS)}. Looks"
        " of that radar until it is flagged, the worst seed; GOSPA over the fault and 30 s after it"
        f" (cutoff {CUTOFF_M:.0f} m, all that flies but birds and a positioning sensor covers),"
        f" over that without the fault. Without a fault {raised} flags were raised in {scans:,}"
        " scans of all sensors."
    )
    columns = ("fault", "looks until flagged", "GOSPA / clean", "worst seed")
    return Table("Faults", about, columns, body, ("python benchmarks/tracker/section_faults.py",))


def _bias_table(bench: Bench) -> Table:
    body: list[list[str]] = []
    for name, (span_s, seeds) in BIASED.items():
        for on in (True, False):
            rows: list[Figures] = []
            for seed in seeds:
                key = {"step": "bias", "scenario": name, "seed": seed, "registration": on}
                rows.append(bench.row(lambda n=name, s=seed, o=on: _biased(n, s, o), **key))
            squares = {k: sum(row[k] ** 2 for row in rows) for k in ("biased_m", "unbiased_m")}
            ratio = float(np.sqrt(squares["biased_m"] / squares["unbiased_m"]))
            cell = most(ratio, 1.1) if on else f"{ratio:.2f}"
            body.append([f"{name}, {span_s:.0f} s", "on" if on else "off", cell])
    about = (
        f"Biases drawn evenly up to {RANGE_MOST_M:.0f} m and 0.3 degrees are put into every radar."
        " GOSPA of the second half (as above), over that of the same run without biases."
    )
    columns = ("scenario", "registration", "GOSPA / unbiased")
    return Table("Registration", about, columns, body)


def _faulty(name: str, seed: int) -> Figures:
    """Return looks until a fault is flagged, and GOSPA with and without it."""
    story = _story("single-site", seed, END_S + 30.0, AIRPORT)
    radar = next(s for s in story.theatre.sensors if s.kind == "radar")
    fault, wanted, alone = FAULTS[name]
    begin_s, until_s = story.start_s + FROM_S, story.start_s + UNTIL_S
    events = faults.faulty(story.events, fault, radar.number, begin_s, until_s)
    got = follow(story.theatre, events, radar.number)
    fault_begins_s = min(
        e.time_s for e in story.events
        if isinstance(e, Scan) and e.sensor.number == radar.number and e.time_s >= begin_s
    )  # fmt: skip
    hits = [(t, n) for t, n, flags in got.flags if t >= begin_s and flags & wanted]
    looks = float("inf")
    if hits:
        waited = (hits[0][0] - fault_begins_s) / radar.period_s + 1.0
        looks = float(int(waited)) if fault is faults.lost else hits[0][1]
    clean = follow(story.theatre, ((e, False) for e in story.events), radar.number)
    left_out = radar.number if alone else -1
    span = (FROM_S, END_S)
    return {
        "looks": looks,
        "faulty_m": score(story, got.pictures, span, left_out),
        "clean_m": score(story, clean.pictures, span, left_out),
    }


def _clean(seed: int) -> Figures:
    """Return how many flags were raised where nothing was wrong, and in how many scans.

    A sensor whose link is out is silent indeed.
    """
    raised, scans = 0, 0
    for name, span_s in (("single-site", 600.0), ("second-wave", 600.0)):
        if name == "second-wave" and seed != SEEDS[0]:
            continue
        story = _story(name, seed, span_s, ())
        air = AirPicture(story.theatre, WATCHED, BeliefPropagation())
        names = {s.number: s.name for s in story.theatre.sensors}
        picture, before, out = air.start(), {}, set()
        for event in story.events:
            if isinstance(event, Scan):
                picture, _ = air.scan(picture, event)
                scans += 1
            elif isinstance(event, Tick):
                picture, _ = air.tick(picture, event.time_s)
            elif isinstance(event, Status) and event.kind == "link":
                (out.add if event.state == "silent" else out.discard)(event.source)
            c = picture.upkeep.health.conditions
            now = dict(zip(c.sensor.tolist(), c.flags.tolist(), strict=True))
            for number, flags in now.items():
                fresh = Fault(flags & ~before.get(number, 0))
                raised += (fresh & ~Fault.SILENT if names[number] in out else fresh).bit_count()
            before = now
    return {"raised": raised, "scans": scans}


def _biased(name: str, seed: int, on: bool) -> Figures:
    """Return GOSPA of the second half with biases in every radar, and without any."""
    span_s, _ = BIASED[name]
    story = _story(name, seed, span_s, tuple(_without_bias(name)))
    rng = np.random.default_rng(seed)
    biases = {
        s.number: faults.Bias(
            rng.uniform(-RANGE_MOST_M, RANGE_MOST_M),
            *rng.uniform(-ANGLE_MOST_RAD, ANGLE_MOST_RAD, 2),
        )
        for s in story.theatre.sensors
        if s.kind == "radar"
    }

    def wrong() -> Iterator[tuple[Event, bool]]:
        for event in story.events:
            mine = isinstance(event, Scan) and event.sensor.number in biases
            yield (faults.biased(event, biases[event.sensor.number]) if mine else event), False

    parameters = WATCHED.model_copy(update={"registration": RegistrationParameters(enabled=on)})
    span, out = (0.5 * span_s, span_s), {}
    for key, events in (
        ("biased_m", wrong()),
        ("unbiased_m", ((e, False) for e in story.events)),
    ):
        out[key] = score(story, follow(story.theatre, events, -1, parameters).pictures, span, -1)
    return out


def _without_bias(name: str) -> Iterator[str]:
    """Yield the overrides that make every sensor of a scenario right."""
    for row, model in enumerate(scenario.load(_path(name), []).sensors):
        keys = {"radar": (*NO_BIAS, "clock_offset_sigma_s"), "ads-b": ("clock_offset_sigma_s",)}
        for key in keys.get(model.model, ()):
            yield f"sensors.{row}.parameters.{key}=0"


def _path(name: str) -> Path:
    return ROOT / "scenarios" / f"{name}.toml"


@cache
def _story(name: str, seed: int, span_s: float, overrides: tuple[str, ...]) -> Story:
    """Return a simulated run that nothing that follows changes: sites don't act."""
    built = scenario.build(scenario.load(_path(name), list(overrides)), seed)
    assert built.world is not None
    events, truth = [], {}
    for event in built.world.events():
        if event.time_s > built.theatre.station.start_s + span_s:
            break
        events.append(event)
        if isinstance(event, Tick):
            truth[event.time_s] = built.world.truth()
    return Story(built.theatre, events, truth)


def follow(
    theatre: Theatre,
    events: Iterable[tuple[Event, bool]],
    watched: int,
    parameters: PictureParameters | None = None,
) -> Followed:
    """Return the pictures of a run, and the flags of one sensor with its faulty scans counted."""
    air = AirPicture(theatre, parameters or WATCHED, BeliefPropagation())
    picture, begin = air.start(), time.process_time()
    pictures: dict[float, Tracks] = {}
    flags: list[tuple[float, int, Fault]] = []
    looks = 0
    for event, mine in events:
        if isinstance(event, Scan):
            picture, _ = air.scan(picture, event)
            looks += mine
        elif isinstance(event, Tick):
            picture, pictures[event.time_s] = air.tick(picture, event.time_s)
        if watched >= 0:
            flags.append((event.time_s, looks, faults_of(picture.upkeep.health, watched)))
    return Followed(pictures, flags, time.process_time() - begin)


def score(
    story: Story, pictures: dict[float, Tracks], span: tuple[float, float], left_out: int
) -> float:
    """Return RMS GOSPA over a span of scenario seconds; a sensor may be left out of coverage."""
    sensors = tuple(s for s in story.theatre.sensors if s.number != left_out)
    seeing = _seeing(story.theatre, sensors)
    squares = [
        _gospa(story.truth[t], tracks, seeing) ** 2
        for t, tracks in pictures.items()
        if span[0] <= t - story.start_s < span[1]
    ]
    return float(np.sqrt(np.mean(squares)))


def _seeing(theatre: Theatre, sensors: tuple[Any, ...]) -> Callable[[np.ndarray], np.ndarray]:
    from dataclasses import replace

    seen_by = replace(theatre, sensors=sensors)
    return lambda position_m: within_reach(seen_by, position_m)


def _gospa(truth: Truth, tracks: Tracks, seeing: Callable[[np.ndarray], np.ndarray]) -> float:
    """Return GOSPA of a picture; a track of a bird or of what nobody covers is no false one."""
    flying = truth.take(truth.fate == Fate.FLYING)
    there = _positions(flying)
    wanted = seeing(there) & (flying.object_class != ObjectClass.BIRD)
    shown = np.isin(tracks.status, (TrackStatus.CONFIRMED, TrackStatus.COASTING))
    found = _positions(tracks.take(shown))
    step = np.zeros(max(len(there), len(found)), dtype=np.int64)
    pairs = near_pairs(there, step[: len(there)], found, step[: len(found)], CUTOFF_M)
    best = assign(pairs, len(there), len(found), CUTOFF_M, 2.0)
    found = np.delete(found, best.estimate[~wanted[best.truth]], axis=0)
    return gospa(there[wanted], found, CUTOFF_M).total


def _positions(table: Truth | Tracks) -> np.ndarray:
    return np.stack([table.east_m, table.north_m, table.up_m], axis=1)


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def main() -> None:
    """Print the tables, measured anew."""
    with tempfile.TemporaryDirectory() as folder:
        for table in tables(Bench(Path(folder), say=print)):
            print(f"\n{table.markdown()}")


if __name__ == "__main__":
    main()
