"""Facts of a notice: what crossed, where, when, how sure, what was done, what was not done.

What it never holds: where a sensor or an effector stands or what it is called, which of them saw
or did what, where and when an intercept was, when an object was first seen, rounds, reach or
stocks, the seed from which positions could be drawn again, and which places were reached.
Crossings are told to a tenth of a degree and a minute. Simulated truth, sensors, sites, detections
and orders are not read at all.

Keys of the document (stable; additions only):

``format, status, simulated, scenario, period {start, end}, run {version, chain_head}``,
``crossings {count, first, last, while_cease_fire, by_sector [{sector, count, first, last,
places}], each [{number, time, lat_deg, lon_deg, near, sector, identity, class,
class_probability, drone_probability, existence, outcome, while_cease_fire}]}``,
``done {engaged, intercepted, not_stopped, open}``,
``not_done {not_engaged, held_back, reasons [..], beyond_border, with_transponder}``,
``cease_fire [{sectors, since, lifted}]``, ``statement`` (the text that people read),
``disclaimers [..]``, and once signed ``signature`` (``chowki.outputs.signature``).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chowki.core.clock import format_utc
from chowki.core.records import EngagementState, Refusal
from chowki.outputs.dossier import wording
from chowki.outputs.evidence import Evidence, column, positions, span
from chowki.outputs.postures import CeaseFire, cease_fires
from chowki.outputs.sitrep import words
from chowki.outputs.sitrep.actions import aircraft_tracks, final_engagements
from chowki.outputs.sitrep.incursions import Incursion, incursions, inside_border_m, violations

Document = dict[str, Any]
FORMAT = "chowki-notice/1"
MINUTE_S = 60.0
# The rest (reach, stocks, own protection) would tell what the defence can do.
RESTRAINT = {
    Refusal.HOLD: "fire was held",
    Refusal.CEASE_FIRE: "fire was ceased",
    Refusal.IDENTITY: "identity was not established",
    Refusal.NO_FIRE_VOLUME: "an aircraft was near",
    Refusal.BORDER: "it would have been beyond the border",
    Refusal.CIVILIAN_HARM: "people on the ground could have been harmed",
    Refusal.AUTHORISED_DRONE: "it was an authorised drone",
    Refusal.RELEASE_WITHHELD: "a person did not release it",
}


def notice(evidence: Evidence, chain_head: str) -> Document:
    """Return the facts of a notice, without its statement and unsigned.

    Parameters
    ----------
    evidence : Evidence
        A recording.
    chain_head : str
        Head of the journal's chain, in hexadecimal: what the notice is taken from.
    """
    start_s, end_s = span(evidence)
    found = incursions(evidence)
    broken = {one.incursion.track for one in violations(evidence, found)}
    ends = _ends(evidence)
    told = [_crossing(k, one, evidence, ends, broken) for k, one in enumerate(found, 1)]
    simulated = evidence.theatre.simulated
    return {
        "format": FORMAT,
        "status": "Exercise" if simulated else "Test",
        "simulated": simulated,
        "scenario": evidence.theatre.station.name,
        "period": {"start": format_utc(start_s), "end": format_utc(end_s)},
        "run": {
            "version": evidence.manifest.get("version"),
            "chain_head": chain_head,
        },
        "crossings": {
            "count": len(told),
            "first": told[0]["time"] if told else None,
            "last": told[-1]["time"] if told else None,
            "while_cease_fire": sum(one["while_cease_fire"] for one in told),
            "by_sector": _by_sector(evidence, told),
            "each": told,
        },
        "done": _done(evidence, ends),
        "not_done": _not_done(evidence, found, ends),
        "cease_fire": _cease_fires(cease_fires(evidence)),
        "disclaimers": [
            words.OUTCOMES_DISCLAIMER if simulated else words.FEED_DISCLAIMER,
            words.BORDER_DISCLAIMER,
        ],
    }


def to_the_minute(time_s: float) -> str:
    """Return a time to the minute before it, ISO 8601.

    Examples
    --------
    >>> to_the_minute(86_459.0)
    '1970-01-02T00:00Z'
    """
    return format_utc(math.floor(time_s / MINUTE_S) * MINUTE_S)[:16] + "Z"


def _ends(evidence: Evidence) -> dict[int, str]:
    """Return how the engagements of each track ended: intercepted, else open, else not stopped.

    An end that is neither an intercept nor a miss nor broken off counts as open.
    """
    table = evidence.engagements.take(final_engagements(evidence.engagements))
    over = (EngagementState.MISSED, EngagementState.ABORTED)
    ends: dict[int, str] = {}
    for track, state in zip(column(table, "track"), column(table, "state"), strict=True):
        words_ = "not stopped" if state in over else "open"
        if state == EngagementState.INTERCEPTED:
            words_ = "intercepted"
        known = ends.get(int(track), "not stopped")
        order = ("intercepted", "open", "not stopped")
        ends[int(track)] = min(known, words_, key=order.index)
    return ends


def _crossing(
    number: int, one: Incursion, evidence: Evidence, ends: dict[int, str], broken: set[int]
) -> Document:
    """Return one crossing, coarse enough to tell nothing of who saw it."""
    return {
        "number": number,
        "time": to_the_minute(one.crossed_s),
        "lat_deg": round(one.lat_deg, 1),
        "lon_deg": round(one.lon_deg, 1),
        "near": evidence.theatre.places[one.place].name if one.place >= 0 else None,
        "sector": one.sector or None,
        "identity": wording.of_identity(one.identity).removeprefix("held "),
        "class": wording.of_class(one.object_class),
        "class_probability": _sure(one.class_probability),
        "drone_probability": _sure(one.drone_probability),
        "existence": _sure(one.existence),
        "outcome": ends.get(one.track, "not engaged"),
        "while_cease_fire": one.track in broken,
    }


def _sure(probability: float) -> float:
    """Return a probability in hundredths, never as certainty."""
    return min(max(round(probability, 2), 0.01), 0.99)


def _by_sector(evidence: Evidence, told: list[Document]) -> list[Document]:
    """Return the crossings stretch by stretch, from north to south."""
    north: dict[str | None, float] = {}
    for place in evidence.theatre.places:
        north[place.sector] = max(north.get(place.sector, -math.inf), place.lat_deg)
    sectors = sorted({one["sector"] for one in told}, key=lambda s: -north.get(s, -math.inf))
    groups = [[one for one in told if one["sector"] == sector] for sector in sectors]
    order = [p.name for p in sorted(evidence.theatre.places, key=lambda p: -p.lat_deg)]
    return [
        {
            "sector": mine[0]["sector"],
            "count": len(mine),
            "first": mine[0]["time"],
            "last": mine[-1]["time"],
            "places": [name for name in order if any(one["near"] == name for one in mine)],
        }
        for mine in groups
    ]


def _done(evidence: Evidence, ends: dict[int, str]) -> Document:
    """Return how many tracks were engaged, and how that ended."""
    kinds = list(ends.values())
    return {
        "engaged": len(kinds),
        "intercepted": kinds.count("intercepted"),
        "not_stopped": kinds.count("not stopped"),
        "open": kinds.count("open"),
    }


def _not_done(evidence: Evidence, found: list[Incursion], ends: dict[int, str]) -> Document:
    """Return what was left undone: crossings not engaged, and what was held back by choice."""
    table = evidence.engagements
    refused = column(table, "state") == EngagementState.REFUSED
    reason, track = column(table, "refusal"), column(table, "track")
    crossed = [one.track for one in found if one.track not in ends]
    held = refused & np.isin(track, crossed) & np.isin(reason, [int(code) for code in RESTRAINT])
    return {
        "not_engaged": len(crossed),
        "held_back": len(np.unique(track[held])),
        "reasons": [text for code, text in RESTRAINT.items() if np.any(reason[held] == code)],
        "beyond_border": _beyond(evidence),
        "with_transponder": int(np.isin(list(ends), aircraft_tracks(evidence.tracks)).sum()),
    }


def _beyond(evidence: Evidence) -> int | None:
    """Return how many engagements were meant to meet beyond the border; None without a border."""
    if not len(evidence.theatre.border_lat_deg):
        return None
    table = evidence.engagements.take(final_engagements(evidence.engagements))
    at_m = positions(table)
    known = np.isfinite(at_m).all(axis=1)
    return int((inside_border_m(evidence.theatre, at_m[known]) < 0.0).sum())


def _cease_fires(spans: list[CeaseFire]) -> list[Document]:
    """Return the cease-fires; sectors with the same span in one entry."""
    groups: dict[tuple[float, float], list[str]] = {}
    for one in spans:
        groups.setdefault((one.from_s, one.to_s), []).append(one.sector)
    return [
        {
            "sectors": [sector for sector in sectors if sector],
            "since": to_the_minute(from_s),
            "lifted": to_the_minute(to_s) if math.isfinite(to_s) else None,
        }
        for (from_s, to_s), sectors in groups.items()
    ]
