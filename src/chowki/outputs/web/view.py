"""The state message: everything small that the page shows at one time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chowki.core.cells import cell_centre
from chowki.core.places import Theatre
from chowki.core.records import Threats, WarningLevel
from chowki.core.table import F64
from chowki.kernels.geodesy import enu_to_geodetic
from chowki.outputs.web.chronicle import Moment, counts_of
from chowki.outputs.web.standing import Row, Standing, rows_of
from chowki.outputs.web.watch import watch_part

Document = dict[str, Any]
# Number of the last change of a thing, by its key in ``Revisions``: for optimistic locking.
Revision = Callable[[str], int]
DECIMALS = 5  # a metre of latitude, ten microseconds
_STANDS = (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)


def state_message(theatre: Theatre, moment: Moment, revision: Revision) -> Document:
    """Return what stands at a moment, without clock and client.

    Parameters
    ----------
    theatre : Theatre
        Places, sensors, sites.
    moment : Moment
        Picture and what stands.
    revision : callable
        Revision of a thing.
    """
    picture, standing = moment.picture, moment.standing
    warnings = [_warning(row, revision) for row in standing.warnings.values()]
    return {
        "type": "state",
        "time_s": picture.time_s,
        "start_s": theatre.station.start_s,
        "threats": [_threat(row) for row in rows_of(picture.threats)],
        "warnings": warnings,
        "places": _places(theatre, picture.threats, standing),
        "engagements": _engagements(moment, revision),
        "sites": [
            {"index": k, "rounds_left": health.rounds, "state": health.state}
            for k, health in standing.sites.items()
        ],
        "sensors": [_sensor(one.number, one.name, standing) for one in theatre.sensors],
        "sectors": [
            one | {"revision": revision(f"sector/{one['sector']}")}
            for one in standing.sectors.document(picture.time_s)
        ],
        "counts": counts_of(picture, standing),
        **watch_part(moment.watch, picture.time_s, revision),
    }


def plain(value: Any) -> Any:
    """Return a document as it is sent: to five decimals, and null for what is not finite."""
    if isinstance(value, float):
        return round(value, DECIMALS) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return value


def _threat(row: Row) -> Document:
    return {
        "track": row["track"],
        "place": row["place"],
        "probability": round(row["probability"], 4),
        "time_to_go_s": row["time_to_go_s"],
        "low_s": row["time_to_go_low_s"],
        "high_s": row["time_to_go_high_s"],
        "distance_m": row["distance_m"],
        "armed": row["armed_probability"],
        "score": row["score"],
        "rank": row["rank"],
    }


def _warning(row: Row, revision: Revision) -> Document:
    told = {
        name: row[name]
        for name in (
            "warning", "place", "cell", "level", "time_s", "issued_s", "expires_s", "inbound",
            "track", "probability",
        )
    }  # fmt: skip
    lat = lon = None
    if row["cell"] >= 0:
        lat_deg, lon_deg = cell_centre(np.array([row["cell"]]))
        lat, lon = float(lat_deg[0]), float(lon_deg[0])
    proposed = str(WarningLevel(row["level"]).name).startswith("PROPOSED")
    return told | {
        "lat": lat,
        "lon": lon,
        "arrival_s": row["expected_arrival_s"],
        "proposed": proposed,
        "revision": revision(f"warning/{_whom(row)}"),
    }


def _whom(row: Row) -> str:
    return f"cell:{row['cell']}" if row["cell"] >= 0 else str(row["place"])


def _places(theatre: Theatre, threats: Threats, standing: Standing) -> list[Document]:
    """Return the level of every place, how many mean it, and when the first arrives."""
    level = dict.fromkeys(range(len(theatre.places)), 0)
    inbound = dict.fromkeys(level, 0)
    for row in standing.warnings.values():
        if row["place"] >= 0 and row["level"] in (*_STANDS, WarningLevel.ALL_CLEAR):
            level[row["place"]], inbound[row["place"]] = row["level"], row["inbound"]
    means = threats.probability >= 0.5
    soonest = np.full(len(theatre.places), np.inf)
    np.minimum.at(soonest, threats.place[means], threats.time_to_go_s[means])
    counted = np.bincount(threats.place[means], minlength=len(theatre.places))
    return [
        {
            "index": k,
            "level": level[k],
            "inbound": max(int(counted[k]), inbound[k] if level[k] in _STANDS else 0),
            "time_to_go_s": float(soonest[k]),
        }
        for k in level
    ]


def _engagements(moment: Moment, revision: Revision) -> list[Document]:
    rows = list(moment.standing.engagements.values())
    if not rows:
        return []
    point = np.array([[row["east_m"], row["north_m"], row["up_m"]] for row in rows])
    known = np.isfinite(point).all(axis=1)
    where = np.full((len(rows), 2), np.nan)
    where[known] = np.degrees(enu_to_geodetic(moment.picture.frame, point[known])[:, :2])
    return [_engagement(row, where[k], revision) for k, row in enumerate(rows)]


def _engagement(row: Row, where: F64, revision: Revision) -> Document:
    told = {
        name: row[name]
        for name in (
            "engagement", "track", "place", "site", "effector", "state", "refusal",
            "kill_probability", "time_s", "intercept_s", "rounds", "harm",
        )
    }  # fmt: skip
    here = {"lat": round(float(where[0]), 5), "lon": round(float(where[1]), 5)}
    return told | here | {"revision": revision(f"track/{row['track']}")}


def _sensor(number: int, name: str, standing: Standing) -> Document:
    said = standing.stated.get(name)
    held = standing.sensors.get(number, {})
    faults = standing.faults(number)
    state = said.state if said else "working"
    if "silent" in faults:
        state = "silent"
    elif faults and state == "working":
        state = "degraded"
    return {
        "number": number,
        "state": state,
        "faults": faults,
        "last_s": standing.heard_s.get(number),
        "note": said.note if said else "",
        "range_bias_m": held.get("range_bias_m"),
        "azimuth_bias_deg": _degrees(held.get("azimuth_bias_rad")),
        "clock_bias_s": held.get("clock_bias_s"),
    }


def _degrees(angle_rad: float | None) -> float | None:
    return None if angle_rad is None else math.degrees(angle_rad)
