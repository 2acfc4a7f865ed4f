"""Raid waves: given by the scenario, filled by chance. Nothing here seeks a better raid."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from chowki.core.chance import generator
from chowki.core.places import Place, Theatre
from chowki.core.records import ObjectClass
from chowki.world.population import (
    RAID,
    Flight,
    Point,
    around,
    distance_m,
    lognormal_m2,
    moved,
    number,
    offset_m,
    ordered,
    within,
)

Latitude = Annotated[float, Field(ge=-90.0, le=90.0)]
Longitude = Annotated[float, Field(ge=-180.0, le=180.0)]
GeoPoint = tuple[Latitude, Longitude]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Weight = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Speed = Annotated[float, Field(ge=1.0, le=100.0)]
HeightAboveGround = Annotated[float, Field(ge=10.0, le=6000.0)]
SpeedSpan = Annotated[tuple[Speed, Speed], AfterValidator(ordered)]
HeightSpan = Annotated[tuple[HeightAboveGround, HeightAboveGround], AfterValidator(ordered)]
DroneClass = Literal["multirotor", "fixed-wing-drone", "loitering-munition", "decoy"]


class Kind(BaseModel):
    """One kind of drone; every figure is illustrative and belongs to no real type.

    Radar cross-sections follow the orders of magnitude of Skolnik (Introduction to Radar
    Systems, 3rd ed., 2001, example cross-sections at microwave frequencies: bird 0.01 m2,
    conventional winged missile 0.5 m2); speeds and heights are those of the reference story.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_class: DroneClass = Field(description="what it is, for truth and for sensors")
    speed_mps: SpeedSpan = Field(description="slowest and fastest, m/s")
    height_agl_m: HeightSpan = Field(description="lowest and highest cruise above ground, m")
    rcs_dbsm: float = Field(ge=-40.0, le=20.0, description="mean radar cross-section, dBsm")
    rcs_spread_db: float = Field(default=3.0, ge=0.0, le=10.0, description="its spread, dB")
    size_m: float = Field(gt=0.0, le=20.0, description="characteristic dimension for optics, m")
    climb_mps: float = Field(
        default=3.0, gt=0.0, le=50.0, description="largest climb or descent, m/s"
    )
    turn_deg_per_s: float = Field(default=10.0, gt=0.0, le=90.0, description="largest rate of turn")
    armed: Share = Field(description="fraction that carries a payload that harms")
    silent: Share = Field(description="fraction that transmits nothing at all")
    link_hz: tuple[float, ...] = Field(
        default=(2.44e9, 5.8e9), min_length=1, description="carriers of its control link, Hz"
    )
    link_power_w: float = Field(default=0.1, gt=0.0, le=100.0, description="radiated power, W")


def shipped_kinds() -> dict[str, Kind]:
    """Return the four kinds of the reference story, illustrative."""
    return {
        "decoy": Kind(
            object_class="decoy", speed_mps=(28, 50), height_agl_m=(150, 500), rcs_dbsm=-12.0,
            size_m=1.6, turn_deg_per_s=6.0, armed=0.0, silent=0.8,
        ),
        "reconnaissance": Kind(
            object_class="fixed-wing-drone", speed_mps=(22, 40), height_agl_m=(200, 500),
            rcs_dbsm=-13.0, size_m=2.0, turn_deg_per_s=8.0, armed=0.0, silent=0.2,
        ),
        "armed-multirotor": Kind(
            object_class="multirotor", speed_mps=(15, 25), height_agl_m=(80, 300),
            rcs_dbsm=-16.0, size_m=0.9, turn_deg_per_s=25.0, armed=1.0, silent=0.3,
        ),
        "loitering-munition": Kind(
            object_class="loitering-munition", speed_mps=(35, 60), height_agl_m=(80, 400),
            rcs_dbsm=-14.0, size_m=1.5, climb_mps=8.0, armed=1.0, silent=0.6,
        ),
    }  # fmt: skip


class Pulse(BaseModel):
    """A span in which drones of a wave depart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_s: float = Field(ge=0.0, description="first departure, seconds after the start")
    spread_s: float = Field(
        default=300.0, ge=0.0, description="departures are spread evenly over this"
    )
    weight: Weight = Field(
        default=1.0, description="share of the wave, relative to the other pulses"
    )


class Wave(BaseModel):
    """Drones that come the same way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="its address of chance: unique")
    count: int | None = Field(
        default=None,
        ge=0,
        le=50_000,
        description="drones; without it, a share of raid.count by weight",
    )
    weight: Weight = Field(
        default=1.0, description="share of raid.count, relative to the other waves"
    )
    mix: dict[str, Weight] = Field(min_length=1, description="kinds and their weights")
    launch: tuple[GeoPoint, ...] = Field(
        min_length=1, description="line beyond the border on which the drones appear, lat lon"
    )
    launch_spread_km: float = Field(
        default=3.0, ge=0.0, le=200.0, description="scatter about the line"
    )
    along_km: float = Field(
        default=15.0,
        ge=0.0,
        le=1000.0,
        description="how far along the line, either way from the nearest",
    )
    via: tuple[GeoPoint, ...] = Field(
        default=(), description="waypoints every drone of the wave passes"
    )
    via_spread_km: float = Field(default=3.0, ge=0.0, le=200.0, description="scatter about them")
    bends: int = Field(default=2, ge=0, le=10, description="drawn waypoints on the last leg")
    bend_km: float = Field(
        default=4.0, ge=0.0, le=100.0, description="how far those lie off the line"
    )
    targets: tuple[str, ...] = Field(
        min_length=1, description="names of places, taken in turn, so that each gets drones"
    )
    pulses: tuple[Pulse, ...] = Field(min_length=1, description="when they depart")
    speed_mps: SpeedSpan | None = Field(
        default=None, description="narrows the speeds of the kinds to this span, m/s"
    )
    turn_back: Share = Field(default=0.0, description="fraction that turns back before the place")
    turn_back_km: float = Field(default=5.0, ge=0.0, le=200.0, description="how far before it")


class Raid(BaseModel):
    """All waves. Numbers, routes and aims are inputs; nothing varies them to do more harm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(
        default=0, ge=0, le=50_000, description="drones of all waves without their own count"
    )
    note: str = Field(default="", description="where the number comes from")
    kinds: dict[str, Kind] = Field(
        default_factory=shipped_kinds, description="kinds of drone; given ones replace or add"
    )
    waves: tuple[Wave, ...] = Field(default=(), description="the waves; may be none")

    @field_validator("kinds", mode="before")
    @classmethod
    def _on_shipped_kinds(cls, given: Any) -> Any:
        """Fill what a given kind leaves out from the shipped kind of that name."""
        if not isinstance(given, Mapping):
            return given
        kinds: dict[str, Any] = {name: kind.model_dump() for name, kind in shipped_kinds().items()}
        for name, kind in sorted(given.items()):
            change = kind.model_dump() if isinstance(kind, Kind) else kind
            kinds[name] = {**kinds.get(name, {}), **change} if isinstance(change, Mapping) else kind
        return kinds


def wave_counts(raid: Raid) -> list[int]:
    """Return the drones of each wave: its own count, or its share by largest remainder.

    Examples
    --------
    >>> wave_counts(Raid())
    []
    """
    sharing = [i for i, wave in enumerate(raid.waves) if wave.count is None]
    total = sum(raid.waves[i].weight for i in sharing) or 1.0
    exact = {i: raid.count * raid.waves[i].weight / total for i in sharing}
    counts = {i: int(share) for i, share in exact.items()}
    missing = round(sum(exact.values())) - sum(counts.values())
    for i in sorted(sharing, key=lambda i: (counts[i] - exact[i], i))[:missing]:
        counts[i] += 1
    return [counts.get(i, wave.count or 0) for i, wave in enumerate(raid.waves)]


def draw_raid(raid: Raid, theatre: Theatre, seed: int) -> list[Flight]:
    """Return the flights of every wave.

    Parameters
    ----------
    raid : Raid
        The scenario's raid; its targets must be names of places in the theatre.
    theatre : Theatre
        Gives places and the start.
    seed : int
        Seed of the run; the chance of each drone is addressed by its wave and its place in it.
    """
    places = {place.name: place for place in theatre.places}
    flights: list[Flight] = []
    for group, (wave, count) in enumerate(zip(raid.waves, wave_counts(raid), strict=True)):
        goals = [places[name] for name in wave.targets]
        for index in range(count):
            chance = generator(seed, f"raid.{wave.name}", index)
            goal = goals[index % len(goals)]
            flights.append(_flight(chance, raid, wave, goal, number(RAID, group, index), theatre))
    return flights


def _flight(
    chance: np.random.Generator, raid: Raid, wave: Wave, goal: Place, target: int, theatre: Theatre
) -> Flight:
    kind = raid.kinds[_pick(chance, _in_order(wave.mix, raid.kinds))]
    pulse = wave.pulses[_pick_row(chance, [pulse.weight for pulse in wave.pulses])]
    turns_back = bool(chance.random() < wave.turn_back)
    silent = bool(chance.random() < kind.silent)
    return Flight(
        number=target,
        object_class=ObjectClass[kind.object_class.upper().replace("-", "_")],
        departure_s=theatre.station.start_s + pulse.at_s + pulse.spread_s * chance.random(),
        speed_mps=within(chance, _narrowed(kind.speed_mps, wave.speed_mps)),
        climb_mps=kind.climb_mps,
        turn_radps=float(np.radians(kind.turn_deg_per_s)),
        rcs_m2=lognormal_m2(chance, kind.rcs_dbsm, kind.rcs_spread_db),
        size_m=kind.size_m,
        armed=bool(chance.random() < kind.armed),
        attacking=True,
        goal=goal,
        reaches=not turns_back,
        transmits_hz=np.nan if silent else kind.link_hz[chance.integers(len(kind.link_hz))],
        transmit_power_w=np.nan if silent else kind.link_power_w,
        points=_with_heights(chance, kind, _way(chance, wave, goal, turns_back=turns_back)),
    )


def _way(chance: np.random.Generator, wave: Wave, goal: Place, *, turns_back: bool) -> list[Point]:
    """Return the waypoints of one drone: launch, corridor, bends, and the place or the way back."""
    aim = (goal.lat_deg, goal.lon_deg)
    way = [_launch(chance, wave, aim)]
    way += [around(chance, point, wave.via_spread_km * 1e3) for point in wave.via]
    way += _bends(chance, way[-1], aim, wave)
    if not turns_back:
        return [*way, aim]
    east, north = offset_m(aim, way[-1])
    share = min(1.0, wave.turn_back_km * 1e3 / max(np.hypot(east, north), 1.0))
    return [*way, moved(aim, share * east, share * north), *reversed(way)]


def _launch(chance: np.random.Generator, wave: Wave, aim: Point) -> Point:
    """Return a point near that of the launch line which is nearest to the aim."""
    along = _nearest_m(wave.launch, aim) + 1e3 * wave.along_km * (2.0 * chance.random() - 1.0)
    return around(chance, _on_line(wave.launch, along), 1e3 * wave.launch_spread_km)


def _bends(chance: np.random.Generator, start: Point, end: Point, wave: Wave) -> list[Point]:
    """Return drawn waypoints between two points, off the straight line on either side."""
    east, north = offset_m(start, end)
    length = max(float(np.hypot(east, north)), 1.0)
    off_m = min(1e3 * wave.bend_km, 0.2 * length)
    bends: list[Point] = []
    for k in range(1, wave.bends + 1):
        share, side = k / (wave.bends + 1), off_m * chance.uniform(-1.0, 1.0) / length
        bends.append(moved(start, share * east + side * north, share * north - side * east))
    return bends


def _with_heights(
    chance: np.random.Generator, kind: Kind, way: Sequence[Point]
) -> tuple[tuple[float, float, float], ...]:
    """Return waypoints with heights about one cruise height, within the limits of the kind."""
    cruise = within(chance, kind.height_agl_m)
    heights = np.clip(cruise * chance.normal(1.0, 0.1, len(way)), *kind.height_agl_m)
    return tuple((*point, float(h)) for point, h in zip(way, heights, strict=True))


def _nearest_m(line: Sequence[Point], aim: Point) -> float:
    """Return how far along a line its point nearest to an aim lies."""
    best_m, best_along, along = np.inf, 0.0, 0.0
    for start, end in itertools.pairwise(line):
        leg, to_aim = np.array(offset_m(start, end)), np.array(offset_m(start, aim))
        length = float(np.hypot(*leg))
        inside = float(np.clip(leg @ to_aim / max(length**2, 1.0), 0.0, 1.0))
        away = float(np.hypot(*(to_aim - inside * leg)))
        if away < best_m:
            best_m, best_along = away, along + inside * length
        along += length
    return best_along


def _on_line(line: Sequence[Point], along_m: float) -> Point:
    """Return the point so far along a line, its ends held."""
    left = max(along_m, 0.0)
    for start, end in itertools.pairwise(line):
        length = distance_m(start, end)
        if left <= length:
            east, north = offset_m(start, end)
            return moved(start, left / length * east, left / length * north)
        left -= length
    return line[-1]


def _narrowed(span: tuple[float, float], limits: tuple[float, float] | None) -> tuple[float, float]:
    if limits is None:
        return span
    low, high = np.clip(span, *limits)
    return float(low), float(high)


def _in_order(mix: Mapping[str, float], kinds: Mapping[str, Kind]) -> dict[str, float]:
    """Return a mix in the order of the kinds: however it is written, the same draw is the same."""
    return {name: mix[name] for name in kinds if name in mix}


def _pick(chance: np.random.Generator, weights: Mapping[str, float]) -> str:
    return list(weights)[_pick_row(chance, list(weights.values()))]


def _pick_row(chance: np.random.Generator, weights: Sequence[float]) -> int:
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, chance.random() * edges[-1], side="right"))
