"""What the map shows besides tracks: places, border, sensors, sites, outcomes and warnings."""

from __future__ import annotations

from typing import Any

import numpy as np

from chowki.core.places import Theatre
from chowki.core.records import (
    EffectorKind,
    EngagementState,
    Fate,
    Identity,
    ObjectClass,
    WarningLevel,
)
from chowki.outputs.evidence import Evidence, column
from chowki.outputs.report.trails import trails
from chowki.outputs.sitrep import SituationReport, words
from chowki.outputs.sitrep.actions import final_engagements
from chowki.outputs.sitrep.facts import PlaceFact
from chowki.outputs.sitrep.reality import final_truth

Document = dict[str, Any]


def scene(recording: Evidence, report: SituationReport) -> Document:
    """Return everything the page's map needs, as JSON-able values; times are seconds from start."""
    theatre, start_s = recording.theatre, report.start_s
    return {
        "name": report.name,
        "start_s": start_s,
        "span_s": max(report.end_s - start_s, 1.0),
        "origin": [theatre.station.lat_deg, theatre.station.lon_deg, theatre.station.height_m],
        "simulated": report.simulated,
        "places": [_place(fact) for fact in report.places],
        "border": _border(theatre),
        "sensors": _sensors(theatre),
        "sites": [
            [_whole(s.position_m[0]), _whole(s.position_m[1]), int(s.effector), s.name]
            for s in theatre.sites
        ],
        "outcomes": _outcomes(recording, start_s),
        "leakers": _leakers(recording, start_s),
        "warnings": _warnings(recording, start_s, report.end_s),
        "identities": [i.name.lower().replace("_", " ") for i in Identity],
        "kinds": [k.name.lower().replace("_", " ") for k in ObjectClass],
        "effectors": [words.EFFECTORS[k] for k in EffectorKind],
        "states": [s.name.lower().replace("_", " ") for s in EngagementState],
        "tracks": trails(recording.tracks, start_s, report.end_s),
    }


def _whole(value: Any) -> int:
    return round(float(value))


def _place(fact: PlaceFact) -> Document:
    place = fact.place
    return {
        "index": place.index,
        "name": place.name,
        "sector": place.sector,
        "kind": place.kind,
        "lat": place.lat_deg,
        "lon": place.lon_deg,
        "radius_m": place.radius_m,
        "observed": fact.observed,
        "drones": fact.drones,
        "leakers": fact.leakers if fact.leakers >= 0 else fact.arrivals,
    }


def _border(theatre: Theatre) -> list[list[float]]:
    """Return the corners of the defended side as latitude and longitude."""
    corners = zip(theatre.border_lat_deg.tolist(), theatre.border_lon_deg.tolist(), strict=True)
    return [[round(lat, 5), round(lon, 5)] for lat, lon in corners]


def _sensors(theatre: Theatre) -> list[list[Any]]:
    """Return east, north, stated range, kind and name of each sensor."""
    rows: list[list[Any]] = []
    for sensor in theatre.sensors:
        stated = sensor.reference_range_m
        reach = stated if np.isfinite(stated) else sensor.volume.range_max_m
        where = sensor.position_m
        rows.append([_whole(where[0]), _whole(where[1]), _finite(reach), sensor.kind, sensor.name])
    return rows


def _finite(value: float) -> int:
    return _whole(value) if np.isfinite(value) else 0


def _outcomes(recording: Evidence, start_s: float) -> list[list[Any]]:
    """Return when and where each engagement ended: time, east, north, state, effector, track."""
    table = recording.engagements
    final = final_engagements(table)
    state = column(table, "state")[final]
    ended = final[(state == EngagementState.INTERCEPTED) | (state == EngagementState.MISSED)]
    names = ("time_s", "east_m", "north_m", "state", "effector", "track", "place")
    columns = {name: column(table, name)[ended] for name in names}
    columns["time_s"] = columns["time_s"] - start_s
    order = np.argsort(columns["time_s"], kind="stable")
    rows = [[_whole(columns[name][i]) for name in names] for i in order if _placed(columns, i)]
    return rows


def _placed(columns: dict[str, Any], row: int) -> bool:
    return bool(np.isfinite(columns["east_m"][row]) and np.isfinite(columns["time_s"][row]))


def _leakers(recording: Evidence, start_s: float) -> list[list[int]]:
    """Return when drones of the raid reached which place, by simulated truth."""
    final = final_truth(recording)
    truth = recording.truth
    if len(final) == 0:
        return []
    reached = (column(truth, "fate")[final] == Fate.REACHED_PLACE) & (
        column(truth, "attacking")[final] == 1
    )
    rows = final[reached]
    time_s, place = column(truth, "time_s")[rows] - start_s, column(truth, "place")[rows]
    order = np.argsort(time_s, kind="stable")
    return [[_whole(time_s[i]), int(place[i])] for i in order]


def _warnings(recording: Evidence, start_s: float, end_s: float) -> list[list[int]]:
    """Return spans in which a place stood under a warning: place, from, to, level."""
    table = recording.warnings
    names = ("place", "warning", "time_s", "level")
    place, number, time_s, level = (column(table, name) for name in names)
    order = np.lexsort((np.arange(len(place)), time_s, number, place))
    spans: list[list[int]] = []
    for here, row in enumerate(order):
        standing = level[row] in (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)
        if place[row] < 0 or not standing:
            continue
        after = order[here + 1] if here + 1 < len(order) else -1
        same = after >= 0 and place[after] == place[row] and number[after] == number[row]
        to_s = time_s[after] if same else end_s
        spans.append(
            [
                int(place[row]),
                _whole(time_s[row] - start_s),
                _whole(to_s - start_s),
                int(level[row]),
            ]
        )
    return spans
