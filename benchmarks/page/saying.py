"""The made-up session's state, details and event log, as messages."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

import numpy as np

from chowki.core import records
from page.invented import START_S, Moment, look

if TYPE_CHECKING:
    from page.synthetic import Synthetic

Row = dict[str, Any]
EVENT_EVERY_S = 7.0


def words() -> dict[str, list[str]]:
    """Return the words of every code, as the hello message tells them."""
    kinds: dict[str, type[IntEnum] | type[IntFlag]] = {
        "object_class": records.ObjectClass,
        "identity": records.Identity,
        "status": records.TrackStatus,
        "level": records.WarningLevel,
        "effector": records.EffectorKind,
        "state": records.EngagementState,
        "refusal": records.Refusal,
        "fault": records.SensorFault,
    }
    told = {name: [_word(one) for one in kind] for name, kind in kinds.items()}
    told["object_class"][1] = "fixed-wing drone"
    return told


def _word(one: IntEnum | IntFlag) -> str:
    return str(one.name).lower().replace("_", " ")


def tell_state(session: Synthetic, moment: Moment) -> Row:
    """Return the state message."""
    stage, fleet = session.stage, session.fleet
    threats = [_threat(session, moment, row) for row in moment.worst[:50].tolist()]
    warned = list(stage.warnings.values())
    drone = fleet.object_class <= 3
    return {
        "type": "state",
        "time_s": moment.time_s,
        "threats": threats,
        "warnings": [dict(row) for row in warned],
        "places": _places(session, moment),
        "engagements": [_told(row) for row in stage.engagements],
        "sites": [_site(row, moment.time_s) for row in session.sites],
        "sensors": [_sensor(row, moment.time_s) for row in session.sensors],
        "sources": _sources(moment.time_s) if session.mode == "live" else [],
        "sectors": [_told(row) for row in stage.postured],
        "volumes": _volumes(session, moment),
        "counts": {
            "tracks": len(fleet),
            "confirmed": int((fleet.status == 1).sum()),
            "drones": int(drone.sum()),
            "suspect": int((fleet.identity == 5).sum()),
            "hostile": int((fleet.identity == 6).sum()),
            "friend": int(((fleet.identity == 2) | (fleet.identity == 3)).sum()),
            "threats": len(moment.worst),
            "warned": sum(row["level"] in (1, 2) for row in warned),
        },
        "alarms": [_told(row) for row in stage.alarms.values()],
        "shelved": [row for row in stage.shelved if row["until_s"] > moment.time_s],
        "authorised": list(stage.authorised),
        "pilots": _pilots(session, moment),
        "handover": stage.handover,
    }


def _told(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "changed"}


def _threat(session: Synthetic, moment: Moment, row: int) -> Row:
    left = float(moment.time_to_go_s[row])
    return {
        "track": row + 1,
        "place": int(session.fleet.place[row]),
        "probability": 0.4 + 0.6 * (row % 10) / 10.0,
        "time_to_go_s": left,
        "low_s": left * 0.85,
        "high_s": left * 1.2,
        "distance_m": float(moment.away_m[row]),
        "armed": 0.1 * (row % 10),
        "score": 1.0 / (1.0 + left / 60.0),
        "rank": int(moment.rank[row]),
    }


def _places(session: Synthetic, moment: Moment) -> list[Row]:
    coming = session.fleet.place[moment.worst]
    soonest = {int(p): float(moment.time_to_go_s[moment.worst[coming == p]].min()) for p in coming}
    warnings = session.stage.warnings
    return [
        {
            "index": index,
            "level": warnings[index]["level"] if index in warnings else 0,
            "inbound": int((coming == index).sum()),
            "time_to_go_s": soonest.get(index),
        }
        for index in range(len(session.places))
    ]


def _site(site: Row, time_s: float) -> Row:
    used = int((time_s - START_S) / (300.0 + 10 * site["index"]))
    return {
        "index": site["index"],
        "rounds_left": max(0, site["magazine"] - used),
        "state": "silent" if site["index"] == 17 else "working",
    }


def _sensor(sensor: Row, time_s: float) -> Row:
    number = sensor["number"]
    state = "silent" if number == 5 else "degraded" if number in {8, 21} else "working"
    late = 95.0 if state == "silent" else (time_s - START_S) % sensor["period_s"]
    faults = {5: ["silent"], 8: ["bias"], 21: ["clock drift", "flood"]}.get(number, [])
    return {
        "number": number,
        "state": state,
        "faults": faults,
        "last_s": time_s - late,
        "note": {5: "nothing heard for 95 s", 8: "azimuth off by 0.8 deg"}.get(number, ""),
        "range_bias_m": None if number % 4 == 2 else float(np.round(40 * np.sin(number), 1)),
        "azimuth_bias_deg": 0.8 if number == 8 else float(np.round(0.1 * np.cos(number), 2)),
        "clock_bias_s": 1.4 if number == 21 else 0.0,
    }


def _sources(time_s: float) -> list[Row]:
    rows = [
        ("adsb", "aircraft-json.http", "working", 1.0, 0.6, 0.02, ""),
        ("remote-id", "remote-id.mqtt", "degraded", 3.5, 2.1, 0.4, "delay above 2 s"),
        ("plots", "plots.udp", "silent", 0.0, None, None, "nothing for 40 s"),
    ]
    names = ("name", "kind", "state", "rate_hz", "delay_s", "clock_offset_s", "note")
    return [{**dict(zip(names, row, strict=True)), "last_s": time_s - 1.0} for row in rows]


def _volumes(session: Synthetic, moment: Moment) -> list[Row]:
    airliners = np.flatnonzero(session.fleet.object_class == 4)[:40].tolist()
    return [
        {
            "track": row + 1,
            "lat": float(moment.lat[row]),
            "lon": float(moment.lon[row]),
            "radius_m": 5000.0,
            "up_m": 1000.0,
        }
        for row in airliners
    ]


def _pilots(session: Synthetic, moment: Moment) -> list[Row]:
    rows = np.flatnonzero(session.fleet.object_class == 0)[:3].tolist()
    return [
        {
            "address": f"RID-{row:04d}",
            "track": row + 1,
            "lat": float(session.fleet.lat[row]) - 0.01,
            "lon": float(session.fleet.lon[row]) - 0.02,
            "time_s": moment.time_s - 2.0,
        }
        for row in rows
    ]


def tell_detail(session: Synthetic, track: int, time_s: float) -> Row:
    """Return the detail message of a track."""
    row, fleet = track - 1, session.fleet
    moment = look(fleet, time_s)
    kind = int(fleet.object_class[row])
    known = np.full(7, 0.02)
    known[kind if kind < 7 else 1] = 0.88
    history = [look(fleet, at) for at in np.arange(max(START_S, time_s - 600), time_s, 10.0)]
    drone = kind <= 3
    return {
        "type": "detail",
        "track": track,
        "time_s": time_s,
        "known": True,
        "identity": int(fleet.identity[row]),
        "reasons": "no transponder, 48 m/s, 180 m, RF hit 2.4 GHz" if drone else "transponder",
        "class_probability": known.tolist(),
        "armed": 0.1 * (row % 10) if drone else None,
        "existence": 0.97,
        "status": int(fleet.status[row]),
        "callsign": None if drone else f"AIC{100 + row % 900}",
        "address": None if drone else f"{0x800000 + row:06x}",
        "first_s": START_S + row % 500,
        "confirmed_s": START_S + row % 500 + 12,
        "updated_s": time_s - 1.5,
        "sensors": 1 + row % 4,
        "updates": 40 + row % 300,
        "sd_horizontal_m": 60.0 + row % 90,
        "sd_vertical_m": 120.0,
        "sd_speed_mps": 1.8,
        "ellipse": {"major_m": 400.0, "minor_m": 120.0, "bearing_deg": float(row % 180)},
        "history": [
            [m.time_s, float(m.lat[row]), float(m.lon[row]), float(fleet.height[row])]
            for m in history
        ],
        "threats": [_threat(session, moment, row)] if moment.rank[row] else [],
        "said": [
            {
                "sensor": sensor["number"],
                "name": sensor["name"],
                "kind": sensor["kind"],
                "time_s": time_s - 2.0 - k,
                "text": "31.2 km, 84.1 deg, -41 m/s" if k == 0 else "bearing 12.5 deg, 2.4 GHz",
            }
            for k, sensor in enumerate(session.sensors[row % 20 : row % 20 + 1 + row % 3])
        ],
        "engagements": [_told(one) for one in session.stage.engagements if one["track"] == track],
        "pilot": None,
        "rcs_dbsm": -17.5 if drone else None,
        "heard_hz": 2.4e9 if drone else None,
        "crossed_border_s": START_S + 400.0 if drone else None,
    }


def events_until(session: Synthetic, after: int) -> list[Row]:
    """Return the made-up log after an entry: one event every few seconds, and every act."""
    first, edge = session.span_s
    log = session.log
    acts = sum(row["kind"] == "act" for row in log)
    fresh = [_act_event(act) for act in session.stage.done[acts:]]
    steps = range(len(log) - acts, _steps(first, edge))
    fresh += [_event(session, k, first + (k + 1) * EVENT_EVERY_S) for k in steps]
    for row in sorted(fresh, key=lambda row: row["time_s"]):
        log.append({"id": len(log) + 1, **row})
    return log[after:]


def _act_event(act: Row) -> Row:
    nothing = dict.fromkeys(("track", "place", "lat", "lon"))
    return {"kind": "act", "severity": 1, **nothing, **act}


def _steps(first: float, edge: float) -> int:
    return int((edge - first) / EVENT_EVERY_S)


def _event(session: Synthetic, k: int, time_s: float) -> Row:
    n = len(session.fleet)
    row, place = (k * 37) % n, (k * 5) % len(session.places)
    name = session.places[place]["name"]
    kinds = [
        ("track", 0, f"Track {row + 1} confirmed"),
        ("identity", 1, f"Track {row + 1} is suspect: no transponder, RF hit 2.4 GHz"),
        ("border", 1, f"Track {row + 1} crossed the border"),
        ("warning", 3, f"Take cover at {name}"),
        ("sensor", 2, f"{session.sensors[k % 30]['name']} is silent"),
        ("engagement", 2, f"Engagement of track {row + 1} ordered"),
        ("warning", 1, f"All clear at {name}"),
        ("alarm", 3, f"Alarm: take cover at {name}"),
    ]
    if session.mode == "live":
        kinds = [one for one in kinds if one[0] != "engagement"]
        kinds.append(("feed", 2, "Source plots is silent"))
    kind, severity, text = kinds[k % len(kinds)]
    where = kind in {"warning", "alarm"}
    return {
        "time_s": time_s,
        "kind": kind,
        "severity": severity,
        "text": text,
        "track": None if where or kind in {"sensor", "feed"} else row + 1,
        "place": place if where else None,
        "lat": session.places[place]["lat"] if where else None,
        "lon": session.places[place]["lon"] if where else None,
        "person": None,
    }
