"""Ten thousand civil flights near a raid: airliners, helicopters, authorised drones.

Short worlds about one airport, 6 km behind a border, posture free, with a raid that keeps the
sites busy. A fifth of the airliners has a transponder that fails, a third of the authorised
drones sends no Remote ID, and in most worlds a lookalike flies low: a helicopter that crosses the
border in silence, a light aeroplane as slow as a drone beside the place, an airliner without
transponder and plan on its approach.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from border import over_border
from intervals import of_share
from nights import Figures, Following

import page
from chowki import scenario
from chowki.core.messages import Frame
from chowki.core.records import EngagementState, Fate, ObjectClass, Truth
from chowki.scenario import Built, Scenario
from rows import Rows

OBSERVER = None
# seeds that no threshold was set on
FIRST, WORLDS = 1_001, 206
FALL_S = 60.0
LOOKALIKES = ("none", "light aeroplane", "none", "helicopter", "light aeroplane", "approach")
CREWED = (int(ObjectClass.AEROPLANE), int(ObjectClass.HELICOPTER))
LAT, LON = 27.62, 77.13


def story(seed: int) -> Scenario:
    """Return a short world; the seed turns through the lookalikes."""
    base = scenario.load(
        "single-site",
        [
            "station.duration_s=180",
            "defence.posture.start='free'",
            "birds.per_drone=2",
            "raid.count=10",
            "traffic={}",
        ],
    ).document()
    for wave in base["raid"]["waves"]:
        wave["pulses"] = [{"at_s": 0.0, "spread_s": 40.0, "weight": 1.0}]
    kind = LOOKALIKES[seed % len(LOOKALIKES)]
    base["traffic"] = {
        "airliners": [
            _airliners("over", [[29.0, 77.2, 10_500.0], [26.2, 77.2, 10_500.0]], 26, planned=0.9),
            _airliners("across", [[27.7, 75.8, 9_500.0], [27.5, 78.6, 9_500.0]], 26, planned=0.9),
        ],
        "helicopters": [],
        "authorised": [
            {"name": f"survey {k}", "at": at, "count": 3, "away_km": 2.0, "remote_id": 0.67}
            for k, at in enumerate(((27.66, 77.16), (27.57, 77.15), (27.62, 77.20)))
        ],
    }
    base["traffic"] |= _lookalikes(kind, base["traffic"])
    return Scenario.from_document(base)


def _airliners(name: str, points: list[list[float]], count: int, **other: Any) -> dict[str, Any]:
    plain = {"first_s": -500.0, "every_s": 35.0, "offset_km": 12.0, "transponder": 0.8}
    return {"name": name, "points": points, "count": count} | plain | other


def _lookalikes(kind: str, traffic: dict[str, Any]) -> dict[str, Any]:
    airliners, helicopters = list(traffic["airliners"]), list(traffic["helicopters"])
    once = {"count": 1, "first_s": 0.0, "every_s": 40.0, "offset_km": 3.0}
    if "helicopter" in kind:
        west, east = [LAT + 0.02, LON - 0.10, 120.0], [LAT + 0.02, LON + 0.10, 150.0]
        helicopters.append({"name": "in silence", "points": [west, east]} | once)
    if "light aeroplane" in kind:
        points = [[LAT - 0.09, LON + 0.03, 300.0], [LAT + 0.09, LON + 0.03, 250.0]]
        slow = {"speed_mps": [40.0, 60.0], "rcs_dbsm": 3.0, "planned": 0.0, "transponder": 0.0}
        airliners.append({"name": "light", "points": points} | once | slow)
    if kind == "approach":
        points = [[LAT - 0.15, LON + 0.05, 900.0], [LAT, LON + 0.01, 100.0]]
        silent = {"speed_mps": [65.0, 85.0], "planned": 0.0, "transponder": 0.0}
        airliners.append({"name": "approach", "points": points} | once | silent)
    return {"airliners": airliners, "helicopters": helicopters}


def measure(seed: int) -> Figures:
    """Return the counts of one world."""
    built = scenario.build(story(seed), seed)
    assert built.world is not None
    following = Following()
    counts = {"orders": 0, "on_civil": 0, "rounds_over": 0, "debris_over": 0}
    truth = built.world.truth()
    tracked: set[int] = set()
    for event in built.world.events():
        frame = built.station.step(event)
        built.world.obey(frame.orders)
        built.world.heed(frame.tasks)
        if frame.complete:
            truth = built.world.truth()
            target = following.targets(frame.tracks, truth)
            tracked |= {int(truth.target[row]) for row in target[target >= 0]}
            _count(counts, built, frame, truth, target)
    civil = _civil(truth)
    return counts | {
        "flights": int(civil.sum()),
        "aeroplanes": int((truth.object_class == CREWED[0]).sum()),
        "helicopters": int((truth.object_class == CREWED[1]).sum()),
        "authorised": int((truth.authorised == 1).sum()),
        "tracked": len(tracked & set(truth.target[civil].tolist())),
        "hit": int(_stopped(truth)[civil].sum()),
        "raiders_stopped": int(_stopped(truth)[truth.attacking == 1].sum()),
        "raiders": int((truth.attacking == 1).sum()),
    }


def _civil(truth: Truth) -> np.ndarray:
    return np.isin(truth.object_class, CREWED) | (truth.authorised == 1)


def _stopped(truth: Truth) -> np.ndarray:
    """Return who was brought down, or jammed: authorised drones fly rounds and never end."""
    still = np.hypot(truth.v_east_mps, truth.v_north_mps) < 2.0
    jammed = (truth.authorised == 1) & ((truth.fate == Fate.ENDED) | still)
    return (truth.fate == Fate.INTERCEPTED) | jammed


def _count(counts: Figures, built: Built, frame: Frame, truth: Truth, target: np.ndarray) -> None:
    """Add the orders of one frame: on whom, and whether over the border."""
    row_of = {int(name): row for row, name in enumerate(frame.tracks.track)}
    civil, rows = _civil(truth), frame.engagements
    for k in range(len(frame.orders)):
        row = row_of[int(frame.orders.track[k])]
        counts["orders"] += 1
        counts["on_civil"] += int(target[row] >= 0 and bool(civil[target[row]]))
        mine = (rows.engagement == frame.orders.engagement[k]) & (
            rows.state == int(EngagementState.ORDERED)
        )
        one = int(np.flatnonzero(mine)[0])
        point = np.array([rows.east_m[one], rows.north_m[one], rows.up_m[one]])
        orders = frame.orders
        pace = np.array([orders.v_east_mps[k], orders.v_north_mps[k], orders.v_up_mps[k]])
        fall_s = min(FALL_S, max(float(point[2]), 0.0) / 20.0)
        rounds, debris = over_border(built.theatre, int(orders.site[k]), point, pace, fall_s)
        counts["rounds_over"] += int(rounds)
        counts["debris_over"] += int(debris)


def tables(rows: Rows) -> list[page.Table]:
    """Return what became of the civil flights; worlds not played yet are played now."""
    seen: Figures = {}
    for seed in range(FIRST, FIRST + WORLDS):
        world = rows.row(lambda seed=seed: measure(seed), section="civil", seed=seed)
        seen = {name: seen.get(name, 0) + value for name, value in world.items()}
    flights, engaged = seen["flights"], seen["on_civil"]
    most = of_share(engaged, flights)[1]
    # with none seen, the one-sided bound at 95 %: 1 - 0.05^(1/n), about 3 / n
    bound = 1.0 - 0.05 ** (1.0 / flights) if engaged == 0 else most
    return [
        page.Table(
            "Civil flights near a raid",
            f"{WORLDS} worlds of 180 s (seeds from {FIRST} on), posture free; {flights:,} flights: "
            f"{seen['aeroplanes']:,} aeroplanes (a fifth of the airliners without transponder), "
            f"{seen['helicopters']:,} silent helicopters, {seen['authorised']:,} authorised "
            f"drones (a third without Remote ID); {seen['tracked']:,} of them were tracked. "
            f"{seen['orders']:,} orders on {seen['raiders']:,} raiders meanwhile.",
            ("what", "figure", "at most, at 95 %"),
            (
                (
                    "civil flights that an order named",
                    page.most(engaged, 0, 0),
                    page.most(bound, 3e-4, 5),
                ),
                ("civil flights that a round or a jammer stopped",
                 page.most(seen["hit"], 0, 0), f"{of_share(seen['hit'], flights)[1]:.5f}"),
                ("rounds over the border", page.most(seen["rounds_over"], 0, 0), ""),
                ("footprints of debris over the border",
                 page.most(seen["debris_over"], 0, 0), ""),
                ("raiders stopped", f"{seen['raiders_stopped']:,} of {seen['raiders']:,}", ""),
            ),
            ("python benchmarks/defence/run.py --only civil",),
        )
    ]  # fmt: skip
