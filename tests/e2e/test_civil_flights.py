"""Civil flights near a raid, transponders failing and lookalikes among them: none is engaged.

Short worlds in which the defence is busy; the ten thousand of docs/defence.md are the same kind.
"""

from __future__ import annotations

import numpy as np
import pytest

from chowki import scenario
from chowki.core.records import Fate, ObjectClass
from chowki.scenario import Scenario

LAT, LON = 27.62, 77.13
AIRLINERS = {"first_s": -500.0, "every_s": 60.0, "offset_km": 12.0, "transponder": 0.7}
ONCE = {"count": 1, "every_s": 40.0, "offset_km": 2.0}
LOOKALIKES = {
    "none": {},
    "light aeroplane": {
        "airliners": {
            "name": "light", "points": [[LAT - 0.09, LON + 0.03, 300.0], [LAT + 0.09, LON, 250.0]],
            "speed_mps": [40.0, 60.0], "rcs_dbsm": 3.0, "planned": 0.0, "transponder": 0.0,
        }
    },
    "helicopter": {
        "helicopters": {
            "name": "silent", "points": [[LAT + 0.1, LON - 0.1, 120.0], [LAT + 0.1, LON, 150.0]],
        }
    },
}  # fmt: skip


def world(lookalike, seed):
    base = scenario.load("single-site", ["station.duration_s=180", "birds.per_drone=2"]).document()
    base["defence"]["posture"]["start"] = "free"
    traffic = {
        "airliners": [
            {"name": name, "points": points, "count": 12} | AIRLINERS
            for name, points in (
                ("over", [[29.0, 77.2, 10_500.0], [26.2, 77.2, 10_500.0]]),
                ("across", [[27.7, 75.8, 9_500.0], [27.5, 78.6, 9_500.0]]),
            )
        ],
        "helicopters": [],
        "authorised": [
            {"name": "survey", "at": [27.66, 77.18], "count": 5, "away_km": 3.0, "remote_id": 0.6}
        ],
    }
    for kind, group in LOOKALIKES[lookalike].items():
        traffic[kind].append(ONCE | group)
    base["traffic"] = traffic
    return scenario.build(Scenario.from_document(base), seed)


@pytest.mark.slow
def test_no_civil_flight_is_engaged_while_raiders_are():
    flights, orders = 0, 0
    for seed, lookalike in enumerate(("none", "light aeroplane", "helicopter", "none"), start=31):
        built = world(lookalike, seed)
        truth = built.world.truth()
        for event in built.world.events():
            frame = built.station.step(event)
            built.world.obey(frame.orders)
            built.world.heed(frame.tasks)
            if not len(frame.orders):
                continue
            truth = built.world.truth()
            civil = civil_of(truth) & (truth.fate == Fate.FLYING)
            raid = (truth.attacking == 1) & (truth.fate == Fate.FLYING)
            where = np.column_stack((truth.east_m, truth.north_m, truth.up_m))
            for k in range(len(frame.orders)):
                o = frame.orders
                away = np.linalg.norm(where - (o.east_m[k], o.north_m[k], o.up_m[k]), axis=1)
                assert away[raid].min() < min(away[civil].min(), 1_000.0)
                orders += 1
        truth = built.world.truth()
        civil = civil_of(truth)
        assert not np.isin(truth.fate[civil], [Fate.INTERCEPTED]).any()
        flights += int(civil.sum())
    assert flights >= 100
    assert orders >= 3


def civil_of(truth):
    crewed = np.isin(truth.object_class, [ObjectClass.AEROPLANE, ObjectClass.HELICOPTER])
    return crewed | (truth.authorised == 1)
