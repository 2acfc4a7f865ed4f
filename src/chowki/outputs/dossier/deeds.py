"""What was decided about a track, by whom or by what, and what came of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chowki.core.records import EngagementState
from chowki.outputs.alerts.area import bounds
from chowki.outputs.dossier import wording
from chowki.outputs.dossier.incidents import place_name
from chowki.outputs.evidence import Evidence, column
from chowki.outputs.postures import TRACK_VERBS, ActFact, acts_of, posture_at, posture_table
from chowki.outputs.sitrep.incursions import inside_border_m

Document = dict[str, Any]
LEAST_PROBABILITY = 0.2
_NOT_ENGAGEMENTS = (EngagementState.REFUSED, EngagementState.VIOLATION)
_OVER = (EngagementState.INTERCEPTED, EngagementState.MISSED, EngagementState.MET)
SETTLED_S = 5.0  # plots of the moment of an intercept may still be on their way so long


def threats_part(evidence: Evidence, track: int) -> list[Document]:
    """Return the places that a track threatened: how probably, when most, and time to go."""
    table = evidence.threats
    rows: list[Document] = table.filter(column(table, "track") == track).to_pylist()
    found: list[Document] = []
    for place in sorted({row["place"] for row in rows}):
        mine = sorted((r for r in rows if r["place"] == place), key=lambda r: r["time_s"])
        peak = max(mine, key=lambda r: r["probability"])
        if peak["probability"] >= LEAST_PROBABILITY:
            told: Document = {"place": place_name(evidence, place), "pictures": len(mine)}
            told["likely_from"] = next(
                (wording.when(r["time_s"]) for r in mine if r["probability"] >= 0.5), None
            )
            found.append({**told, "at_its_highest": _pair(peak), "last": _pair(mine[-1])})
    return sorted(found, key=lambda f: -f["at_its_highest"]["probability"])


def _pair(row: Document) -> Document:
    return {
        "time": wording.when(row["time_s"]),
        "probability": wording.rounded(row["probability"], 3),
        "time_to_go_s": wording.rounded(row["time_to_go_s"]),
        "time_to_go_low_s": wording.rounded(row["time_to_go_low_s"]),
        "time_to_go_high_s": wording.rounded(row["time_to_go_high_s"]),
        "distance_m": wording.rounded(row["distance_m"]),
        "rank": row["rank"],
    }


def warnings_part(evidence: Evidence, track: int) -> list[Document]:
    """Return the warnings that this track gave rise to: it was the first to arrive."""
    table = evidence.warnings
    numbers = np.unique(column(table, "warning")[column(table, "track") == track])
    found: list[Document] = []
    for number in numbers.tolist():
        rows = table.filter(column(table, "warning") == number).to_pylist()
        steps = [row for k, row in enumerate(rows) if not k or row["level"] != rows[k - 1]["level"]]
        found.append(
            {
                "warning": number,
                "place": place_name(evidence, rows[0]["place"])
                or f"area under it, {bounds(rows[0]['cell'])}",
                "steps": [
                    {"time": wording.when(r["time_s"]), "level": wording.of_level(r["level"])}
                    for r in steps
                ],
            }
        )
    return found


def acts_part(evidence: Evidence, track: int) -> list[Document]:
    """Return what people decided about a track."""
    acts = [act for act in acts_of(evidence, *TRACK_VERBS) if act.subject == str(track)]
    return [
        {"time": wording.when(a.time_s), "person": a.person, "act": a.verb, "value": a.value}
        for a in acts
    ]


def refusals_part(evidence: Evidence, track: int, engagement: int | None) -> list[Document]:
    """Return the refusals by the rules, by reason, in order of the first of each."""
    rows = [
        row for row in _rows(evidence, track, engagement)
        if row["refusal"] and row["state"] in (EngagementState.REFUSED, EngagementState.ABORTED)
    ]  # fmt: skip
    found: dict[tuple[int, int, int], list[Document]] = {}
    for row in rows:
        found.setdefault((row["refusal"], row["place"], row["state"]), []).append(row)
    return [
        {
            "reason": wording.of_refusal(reason),
            "place": place_name(evidence, place),
            "times": len(mine),
            "first": wording.when(mine[0]["time_s"]),
            "last": wording.when(mine[-1]["time_s"]),
            "by": "rules, before any proposal"
            if state == EngagementState.REFUSED else "rules, of a standing proposal or order",
        }
        for (reason, place, state), mine in found.items()
    ]  # fmt: skip


def engagements_part(
    evidence: Evidence, track: int, engagement: int | None, tracks: list[Document]
) -> list[Document]:
    """Return the engagements of a track: who or what decided, and what came of each.

    Parameters
    ----------
    evidence : Evidence
        A recording.
    track : int
        Track number.
    engagement : int or None
        One engagement only.
    tracks : list of dict
        Rows of ``story.track_rows``.
    """
    rows = [
        row for row in _rows(evidence, track, engagement)
        if row["state"] not in _NOT_ENGAGEMENTS
    ]  # fmt: skip
    nameless = not posture_table(evidence).get("operator")  # in operator mode they release nothing
    releases = [
        act for act in acts_of(evidence, "release")
        if act.subject == str(track) and (act.person or nameless)
    ]  # fmt: skip
    numbers = list(dict.fromkeys(row["engagement"] for row in rows))
    return [
        _engagement(evidence, [r for r in rows if r["engagement"] == number], releases, tracks)
        for number in numbers
    ]


def _rows(evidence: Evidence, track: int, engagement: int | None) -> list[Document]:
    table = evidence.engagements
    kept = column(table, "track") == track
    if engagement is not None:
        kept &= column(table, "engagement") == engagement
    rows: list[Document] = table.filter(kept).to_pylist()
    return sorted(rows, key=lambda row: row["time_s"])


def _engagement(
    evidence: Evidence, rows: list[Document], releases: list[ActFact], tracks: list[Document]
) -> Document:
    first, last = rows[0], rows[-1]
    site = evidence.theatre.sites[last["site"]].name if last["site"] >= 0 else None
    at_m = np.array([[last["east_m"], last["north_m"], last["up_m"]]])
    sector = evidence.theatre.places[last["place"]].sector if last["place"] >= 0 else ""
    posture = posture_at(evidence, sector, first["time_s"])
    return {
        "engagement": first["engagement"],
        "in_defence_of": place_name(evidence, last["place"]),
        "site": site,
        "effector": wording.of_effector(last["effector"]),
        "rounds": max((r["rounds"] for r in rows if r["state"] != EngagementState.PROPOSED),
                      default=0),
        "kill_probability_stated": wording.rounded(last["kill_probability"], 3),
        "decided": {
            "proposed_by": f"allocator {_allocator(evidence)}",
            "posture": posture.in_words,
            **_release(rows, releases, posture.releaser),
        },
        "steps": [
            {
                "time": wording.when(row["time_s"]),
                "state": wording.of_state(row["state"]),
                "why": wording.of_refusal(row["refusal"]) if row["refusal"] else None,
            }
            for row in rows
        ],
        "intercept_planned": {
            "time": wording.when(last["intercept_s"]),
            "lat_deg": wording.rounded(last["lat_deg"], 5),
            "lon_deg": wording.rounded(last["lon_deg"], 5),
            "inside_border_m": wording.rounded(float(inside_border_m(evidence.theatre, at_m)[0]))
            if np.isfinite(at_m).all() else None,
        },
        "outcome": wording.of_state(last["state"]),
        "seen_afterwards": seen_afterwards(last, tracks),
    }  # fmt: skip


def _allocator(evidence: Evidence) -> str:
    told: Any = evidence.manifest.get("scenario")
    parts = told.get("parts") if isinstance(told, dict) else None
    return str(parts.get("allocator", "")) if isinstance(parts, dict) else "not on record"


def _release(rows: list[Document], releases: list[ActFact], releaser: str) -> Document:
    """Return who released an engagement: a person on record, or what stands for one."""
    freed = (EngagementState.RELEASED, EngagementState.ORDERED)
    at_s = next((row["time_s"] for row in rows if row["state"] in freed), None)
    if at_s is None:
        return {"released_by": None, "released": None, "after_s": None}
    person = next((a for a in reversed(releases) if a.time_s <= at_s), None)
    if person is not None:
        by = person.person or "unnamed"
    elif releaser == "machine":
        by = "the machine, as this posture permits"
    else:
        desk = f" ({releaser})" if releaser else ""
        by = f"a simulated person{desk}; no act of a real one is on record"
    after_s = wording.rounded(at_s - rows[0]["time_s"], 1)
    return {"released_by": by, "released": wording.when(at_s), "after_s": after_s}


def seen_afterwards(last: Document, tracks: list[Document]) -> str | None:
    """Return what the sensors saw of the track after a report of its intercept, in words."""
    if last["state"] not in _OVER:
        return None
    at_s = last["intercept_s"] if math.isfinite(last["intercept_s"]) else last["time_s"]
    later_s = [row["updated_s"] for row in tracks if row["updated_s"] > at_s + SETTLED_S]
    if later_s:
        return f"the track went on: detected for {max(later_s) - at_s:.0f} s more"
    if tracks[-1]["time_s"] <= at_s:
        return "the track is in no picture after it"
    return f"no detection later than {SETTLED_S:.0f} s after it"
