"""Birds: singles that wander, flocks that move together. Many look like drones to a radar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chowki.core.chance import generator
from chowki.core.places import Theatre
from chowki.core.records import ObjectClass
from chowki.world.population import (
    BIRDS,
    Flight,
    Point,
    around,
    lognormal_m2,
    moved,
    number,
    ordered,
    within,
)

Size = Annotated[int, Field(ge=1, le=10_000)]
Sizes = Annotated[tuple[Size, Size], AfterValidator(ordered)]
Speed = Annotated[float, Field(gt=0.0, le=60.0)]
Speeds = Annotated[tuple[Speed, Speed], AfterValidator(ordered)]
Height = Annotated[float, Field(ge=5.0, le=6000.0)]
Heights = Annotated[tuple[Height, Height], AfterValidator(ordered)]

_TURNING_POINTS = 8
_FLOCK, _SINGLE = 0, 1


class Birds(BaseModel):
    """Birds near the defended places.

    Speeds overlap slow drones (Bruderer and Boldt 2001, "Flight characteristics of birds":
    8-23 m/s for most species); cross-sections about 0.01 m2 and less (Skolnik 2001: bird
    0.01 m2), spread so that large ones overlap small drones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_drone: float = Field(
        default=0.0, ge=0.0, le=1000.0, description="birds for each drone of the raid"
    )
    count: int | None = Field(default=None, ge=0, le=100_000, description="instead of per_drone")
    flock_share: float = Field(
        default=0.6, ge=0.0, le=1.0, description="fraction that flies in flocks"
    )
    flock_size: Sizes = Field(default=(5, 40), description="fewest and most birds of a flock")
    flock_radius_m: float = Field(
        default=60.0, gt=0.0, le=1000.0, description="how wide a flock spreads"
    )
    speed_mps: Speeds = Field(default=(8.0, 25.0), description="slowest and fastest, m/s")
    height_agl_m: Heights = Field(default=(20.0, 600.0), description="above ground, m")
    rcs_dbsm: float = Field(default=-28.0, ge=-60.0, le=0.0, description="mean cross-section, dBsm")
    rcs_spread_db: float = Field(default=5.0, ge=0.0, le=15.0, description="its spread, dB")
    near_km: float = Field(
        default=35.0, gt=0.0, le=500.0, description="homes lie this near a place"
    )
    roam_km: float = Field(default=5.0, gt=0.0, le=100.0, description="how far from home they fly")


def bird_count(birds: Birds, drones: int) -> int:
    """Return how many birds there are.

    Examples
    --------
    >>> bird_count(Birds(per_drone=10), 400)
    4000
    """
    return birds.count if birds.count is not None else round(birds.per_drone * drones)


def draw_birds(birds: Birds, drones: int, theatre: Theatre, seed: int) -> list[Flight]:
    """Return the birds; they fly rounds through drawn turning points for the whole run.

    Parameters
    ----------
    birds : Birds
        The scenario's birds.
    drones : int
        Number of drones of the raid.
    theatre : Theatre
        Gives the places near which they live; without places, the station's origin.
    seed : int
        Seed of the run; each flock and each bird has its own address.
    """
    count = bird_count(birds, drones)
    in_flocks = round(count * birds.flock_share)
    homes = [(p.lat_deg, p.lon_deg) for p in theatre.places] or [
        (theatre.station.lat_deg, theatre.station.lon_deg)
    ]
    singles = [_single(birds, homes, index, seed) for index in range(count - in_flocks)]
    return _flocks(birds, homes, in_flocks, seed) + singles


def _single(birds: Birds, homes: Sequence[Point], index: int, seed: int) -> Flight:
    chance = generator(seed, "birds.single", index)
    way, speed = _rounds(birds, homes, chance)
    return _bird(birds, chance, number(BIRDS, _SINGLE, index), way, speed)


def _flocks(birds: Birds, homes: Sequence[Point], count: int, seed: int) -> list[Flight]:
    flights: list[Flight] = []
    flock = 0
    while len(flights) < count:
        shared = generator(seed, "birds.flock", flock)
        way, speed = _rounds(birds, homes, shared)
        low, high = birds.flock_size
        size = min(int(shared.integers(low, high + 1)), count - len(flights))
        flights += [_member(birds, way, speed, len(flights) + k, seed) for k in range(size)]
        flock += 1
    return flights


def _member(
    birds: Birds, way: Sequence[tuple[float, float, float]], speed: float, index: int, seed: int
) -> Flight:
    """Return one bird of a flock: the flock's rounds, shifted by its own place in it."""
    chance = generator(seed, "birds.member", index)
    angle = 2.0 * np.pi * chance.random()
    radius = birds.flock_radius_m * np.sqrt(chance.random())
    shift = (radius * np.sin(angle), radius * np.cos(angle))
    above = 0.2 * birds.flock_radius_m * chance.uniform(-1.0, 1.0)
    own = [(*moved((lat, lon), *shift), max(5.0, height + above)) for lat, lon, height in way]
    return _bird(birds, chance, number(BIRDS, _FLOCK, index), own, speed)


def _rounds(
    birds: Birds, homes: Sequence[Point], chance: np.random.Generator
) -> tuple[list[tuple[float, float, float]], float]:
    """Return the turning points of a round near a drawn home, and the speed."""
    near = homes[int(chance.integers(len(homes)))]
    home = around(chance, near, 1e3 * birds.near_km)
    speed, height = within(chance, birds.speed_mps), within(chance, birds.height_agl_m)
    return [
        (*around(chance, home, 1e3 * birds.roam_km), height * chance.uniform(0.7, 1.3))
        for _ in range(_TURNING_POINTS)
    ], speed


def _bird(
    birds: Birds,
    chance: np.random.Generator,
    target: int,
    way: Sequence[tuple[float, float, float]],
    speed_mps: float,
) -> Flight:
    return Flight(
        number=target,
        object_class=ObjectClass.BIRD,
        points=tuple(way),
        departure_s=-np.inf,
        speed_mps=speed_mps,
        climb_mps=2.0,
        turn_radps=float(np.radians(20.0)),
        rcs_m2=lognormal_m2(chance, birds.rcs_dbsm, birds.rcs_spread_db),
        size_m=0.5,
        loops=True,
    )
