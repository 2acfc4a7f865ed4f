"""What there is to tell of: incursions, engagements, hits and refusals on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.records import EngagementState
from chowki.outputs.dossier import wording
from chowki.outputs.evidence import Evidence, column, only_track
from chowki.outputs.sitrep.actions import final_engagements
from chowki.outputs.sitrep.facts import SightingRule
from chowki.outputs.sitrep.incursions import incursions, violations
from chowki.outputs.sitrep.sightings import drone_rows, nearby


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident, by the track it is about.

    Attributes
    ----------
    kind : str
        ``incursion``, ``engagement``, ``intercept``, ``place reached`` or ``refusal``.
    time_s : float
        UTC seconds.
    track : int
        Track number.
    engagement : int
        Number of the engagement or refusal, -1 for none.
    place : str
        Name of the place it is about, empty for none.
    what : str
        In words.
    """

    kind: str
    time_s: float
    track: int
    engagement: int
    place: str
    what: str


def incidents(evidence: Evidence, track: int | None = None) -> list[Incident]:
    """Return every incident on record, or those of one track, in order of time."""
    engagements = only_track(evidence.engagements, track)
    found = [*_incursions(evidence, track), *_engagements(evidence, engagements)]
    found += [*_refusals(evidence, engagements), *_arrivals(evidence, track)]
    return sorted(found, key=lambda one: (one.time_s, one.track, one.engagement, one.kind))


def place_name(evidence: Evidence, index: int) -> str:
    """Return the name of a defended place, empty for none."""
    return evidence.theatre.places[index].name if index >= 0 else ""


def _incursions(evidence: Evidence, track: int | None) -> list[Incident]:
    found = incursions(evidence, track=track)
    broken = {one.incursion.track for one in violations(evidence, found)}
    return [
        Incident(
            "incursion", one.crossed_s, one.track, -1, place_name(evidence, one.place),
            f"{wording.of_class(one.object_class)}, {wording.of_identity(one.identity)}, "
            f"entered the defended side{' while a cease-fire stood' * (one.track in broken)}",
        )
        for one in found
    ]  # fmt: skip


def _engagements(evidence: Evidence, engagements: Any) -> list[Incident]:
    """Return each engagement that was ordered; one that ended as an intercept is a hit."""
    rows = engagements.take(final_engagements(engagements))
    return [
        Incident(
            "intercept" if row["state"] == EngagementState.INTERCEPTED else "engagement",
            row["time_s"], row["track"], row["engagement"], place_name(evidence, row["place"]),
            wording.of_state(row["state"]),
        )
        for row in _picked(rows)
    ]  # fmt: skip


def _refusals(evidence: Evidence, engagements: Any) -> list[Incident]:
    rows = engagements.filter(column(engagements, "state") == EngagementState.REFUSED)
    return [
        Incident(
            "refusal", row["time_s"], row["track"], row["engagement"],
            place_name(evidence, row["place"]), wording.of_refusal(row["refusal"]),
        )
        for row in _picked(rows)
    ]  # fmt: skip


def _picked(rows: Any) -> list[dict[str, Any]]:
    names = ["engagement", "time_s", "track", "place", "state", "refusal"]
    return rows.select(names).to_pylist()


def _arrivals(evidence: Evidence, track: int | None) -> list[Incident]:
    """Return the first observation of each drone track within the radius of each place."""
    rule, station = SightingRule(), evidence.theatre.station
    drones = drone_rows(only_track(evidence.tracks, track), rule)
    found: list[Incident] = []
    for place in evidence.theatre.places:
        near = nearby(drones, station, place, rule)
        inside = np.flatnonzero(near.distance_m <= place.radius_m)
        numbers, first = np.unique(near.track[inside], return_index=True)
        words = f"observed within {place.radius_m / 1000:g} km of the place"
        for number, row in zip(numbers, inside[first], strict=True):
            time_s = float(near.time_s[row])
            found.append(Incident("place reached", time_s, int(number), -1, place.name, words))
    return found
