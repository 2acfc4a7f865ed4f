"""A made-up air picture along a front of a thousand kilometres: where everything is at a time.

Tracks fly straight legs, there and back, as functions of time alone, so that any instant can be
asked for. Nothing here comes from a real site, and nothing is estimated by the tracker.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PLACES = Path(__file__).parents[2] / "scenarios" / "places.csv"
START_S = 1_746_801_000.0  # 2025-05-09T14:30:00Z
METRES = 111_320.0
# Points of a coarse border, [lon, lat], north to south; it makes no statement on any boundary.
LINE = [
    [73.7, 34.9], [73.96, 33.78], [74.15, 33.1], [74.66, 32.55], [75.33, 32.2], [74.55, 31.75],
    [74.55, 31.1], [73.92, 30.42], [73.62, 29.95], [72.95, 29.0], [71.9, 27.95], [70.65, 27.72],
    [69.8, 26.95], [69.55, 26.6], [70.28, 25.6], [70.95, 24.4], [69.4, 24.25], [68.28, 23.82],
    [68.12, 23.62],
]  # fmt: skip
INTERIOR = [[68.2, 23.2], [70.0, 22.3], [73.0, 22.3], [75.5, 26.5], [77.3, 30.5], [76.3, 34.9]]


@dataclass(frozen=True, slots=True)
class Fleet:
    """What flies: one row for each track.

    Attributes
    ----------
    lat, lon : Floats
        Far end of the leg, degrees.
    course, speed, leg, phase : Floats
        Course on the way there (rad), m/s, length of the leg (m), head start (s).
    height, agl : Floats
        Above the ellipsoid and above ground, m.
    place : Ints
        Index of the place at the far end, -1 for none.
    object_class, status, identity : Ints
        Codes.
    """

    lat: Floats
    lon: Floats
    course: Floats
    speed: Floats
    leg: Floats
    phase: Floats
    height: Floats
    agl: Floats
    place: Ints
    object_class: Ints
    status: Ints
    identity: Ints

    def __len__(self) -> int:
        return len(self.lat)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where everything is at a time; ``rank`` is 1 for the worst threat, 0 for none."""

    time_s: float
    lat: Floats
    lon: Floats
    course: Floats
    away_m: Floats
    time_to_go_s: Floats
    rank: Ints
    worst: Ints


def read_places() -> list[dict[str, Any]]:
    """Return the 26 places of the shipped story, as the hello message tells them."""
    with PLACES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {
            "index": index,
            "name": row["name"],
            "sector": row["sector"],
            "kind": row["kind"],
            "lat": float(row["lat"]),
            "lon": float(row["lon"]),
            "radius_m": 2000.0,
            "population": int(row["population"] or 0),
            "priority": float(row["priority"]),
        }
        for index, row in enumerate(rows)
    ]


def make_fleet(n: int, places: list[dict[str, Any]], seed: int = 7) -> Fleet:
    """Return n tracks: half drones towards places, then airliners, helicopters and birds."""
    draw = np.random.default_rng(seed)
    kinds = np.array([1, 2, 3, 0, 4, 5, 6])
    sort = draw.choice(kinds, n, p=[0.24, 0.1, 0.1, 0.08, 0.26, 0.04, 0.18])
    drone = sort <= 3
    lats = np.array([place["lat"] for place in places])
    lons = np.array([place["lon"] for place in places])
    place = np.where(drone, draw.integers(0, len(places), n), -1)
    along = draw.uniform(0.0, len(lats) - 1.0, n)
    order = np.argsort(-lats)
    lat = np.where(drone, lats[place], np.interp(along, range(len(lats)), lats[order]))
    lon = np.where(drone, lons[place], np.interp(along, range(len(lons)), lons[order]))
    spread = np.where(drone, 0.01, np.where(sort == 6, 0.5, 1.5))
    airliner = sort == 4
    pick = {1: (38, 55), 2: (45, 65), 3: (40, 60), 0: (8, 16), 4: (200, 250), 5: (50, 75)}
    low, high = np.array([pick.get(int(kind), (9, 18)) for kind in sort]).T.reshape(2, -1)
    agl = np.where(airliner, draw.uniform(6000, 11500, n), draw.uniform(60, 900, n))
    friend = draw.choice([2, 3, 4], n, p=[0.5, 0.2, 0.3])
    foe = draw.choice([0, 1, 5, 6], n, p=[0.1, 0.25, 0.4, 0.25])
    return Fleet(
        lat + draw.normal(0, 1, n) * spread,
        lon + draw.normal(0, 1, n) * spread,
        np.where(drone, draw.uniform(0.9, 2.2, n), draw.uniform(0, 2 * np.pi, n)),
        draw.uniform(low, high),
        np.where(airliner, draw.uniform(1.5e5, 4e5, n), draw.uniform(1.5e4, 1.2e5, n)),
        draw.uniform(0, 1e4, n),
        agl + draw.uniform(100, 300, n),
        agl,
        place,
        np.where(draw.random(n) < 0.03, 255, sort),
        draw.choice([0, 1, 2], n, p=[0.06, 0.86, 0.08]),
        np.where(drone, foe, np.where(sort == 6, 1, friend)),
    )


def look(fleet: Fleet, time_s: float) -> Moment:
    """Return where everything is at a time, and what threatens most: soonest there, worst."""
    flown = fleet.speed * (time_s - START_S + fleet.phase) % (2 * fleet.leg)
    back = flown > fleet.leg
    away = np.abs(fleet.leg - flown)
    north, east = np.cos(fleet.course), np.sin(fleet.course)
    lat = fleet.lat - away * north / METRES
    lon = fleet.lon - away * east / (METRES * np.cos(np.radians(fleet.lat)))
    course = np.degrees(np.where(back, fleet.course + np.pi, fleet.course)) % 360.0
    left = np.where(back | (fleet.place < 0) | (away > 6e4), np.inf, away / fleet.speed)
    order = np.argsort(left, kind="stable")
    worst = order[np.isfinite(left[order])]
    rank = np.zeros(len(fleet), dtype=np.int64)
    rank[worst] = np.arange(1, len(worst) + 1)
    return Moment(time_s, lat, lon, course, away, left, rank, worst)


def block_columns(fleet: Fleet, moment: Moment) -> dict[str, NDArray[Any]]:
    """Return the columns of the block of tracks."""
    number = np.arange(1, len(fleet) + 1)
    beat = (moment.time_s - START_S + fleet.phase) % 12.0
    return {
        "track": number,
        "lat": moment.lat,
        "lon": moment.lon,
        "height_m": fleet.height,
        "agl_m": fleet.agl,
        "speed": fleet.speed,
        "course": moment.course,
        "climb": np.where(number % 7 == 0, 2.5 * np.sin(fleet.phase), 0.0),
        "rank": moment.rank,
        "place": np.where(moment.rank > 0, fleet.place, -1),
        "identity": fleet.identity,
        "object_class": fleet.object_class,
        "status": fleet.status,
        "existence": 0.5 + 0.5 * np.minimum(1.0, (1 + number % 20) / 12.0),
        "age": np.where(fleet.status == 2, beat + 8.0, beat / 6.0),
    }


def make_sensors(n: int = 30, seed: int = 11) -> list[dict[str, Any]]:
    """Return sensors along the border, as the hello message tells them."""
    draw = np.random.default_rng(seed)
    line = np.array(LINE)
    spots = np.linspace(0, len(line) - 1.001, n)
    kinds = [
        ("radar", 150_000.0, 12.0), ("radar", 45_000.0, 6.0),
        ("direction-finder", 30_000.0, 2.0), ("electro-optical", 12_000.0, 1.0),
    ]  # fmt: skip
    sensors: list[dict[str, Any]] = []
    for number, spot in enumerate(spots):
        kind, range_m, period_s = kinds[number % len(kinds)]
        base = line[int(spot)] + (spot % 1) * (line[int(spot) + 1] - line[int(spot)])
        optical = kind == "electro-optical"
        sensors.append(
            {
                "number": number,
                "name": f"{kind}-{number + 1}",
                "kind": kind,
                "lon": round(float(base[0] + draw.uniform(0.2, 0.8)), 4),
                "lat": round(float(base[1] - draw.uniform(0.0, 0.3)), 4),
                "range_m": range_m,
                "azimuth_from_deg": 200.0 if optical else 0.0,
                "azimuth_span_deg": 160.0 if optical else 360.0,
                "period_s": period_s,
                "cued": optical,
            }
        )
    return sensors


def make_sites(places: list[dict[str, Any]], n: int = 20, seed: int = 13) -> list[dict[str, Any]]:
    """Return effector sites near places, as the hello message tells them."""
    draw = np.random.default_rng(seed)
    sorts = [(0, "gun", 4_000.0, 40), (1, "missile", 15_000.0, 8)]
    sorts += [(2, "jammer", 5_000.0, 1000), (3, "interceptor", 8_000.0, 12)]
    sites: list[dict[str, Any]] = []
    for index in range(n):
        place = places[index % len(places)]
        code, word, range_m, magazine = sorts[index % len(sorts)]
        sites.append(
            {
                "index": index,
                "name": f"{word}-{index + 1}",
                "effector": code,
                "lat": round(place["lat"] + float(draw.uniform(-0.04, 0.04)), 4),
                "lon": round(place["lon"] + float(draw.uniform(-0.04, 0.04)), 4),
                "range_m": range_m,
                "magazine": magazine,
            }
        )
    return sites
