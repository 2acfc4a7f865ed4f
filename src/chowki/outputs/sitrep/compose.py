"""Putting the facts of a situation report together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.places import Place
from chowki.core.records import EngagementState
from chowki.outputs.evidence import Evidence, column, span
from chowki.outputs.sitrep.actions import (
    areas_warned,
    engagement_facts,
    final_engagements,
    warning_facts,
)
from chowki.outputs.sitrep.decisions import DecisionFact, decision_facts
from chowki.outputs.sitrep.document import document
from chowki.outputs.sitrep.facts import (
    AirTrafficFact,
    EngagementFact,
    PlaceFact,
    RestraintFact,
    SensorFact,
    SightingRule,
    TruthFact,
    WarningFact,
)
from chowki.outputs.sitrep.reality import leakers_by_place, truth_facts
from chowki.outputs.sitrep.restraint import restraint_facts
from chowki.outputs.sitrep.sensing import air_traffic_facts, sensor_facts
from chowki.outputs.sitrep.sightings import DroneRows, Nearby, drone_rows, nearby
from chowki.outputs.sitrep.text import text


@dataclass(frozen=True, slots=True)
class SituationReport:
    """What one recording shows, as a press officer would say it.

    Attributes
    ----------
    name : str
        Scenario or feed.
    manifest : dict
        What the run wrote about itself.
    simulated : bool
        True when outcomes are a model's.
    start_s, end_s : float
        UTC seconds of the span reported on.
    rule : SightingRule
        When a track counts as a drone and when it is seen at a place.
    places : tuple of PlaceFact
        North to south.
    drone_tracks, armed_tracks : int
        Drone tracks observed anywhere; those suspected to be armed.
    outside_tracks : int
        Drone tracks observed near no defended place.
    first_s, last_s : float
        UTC seconds of the first and last drone observation anywhere, NaN when there was none.
    engagement : EngagementFact
        What was engaged, spent and refused.
    restraint : RestraintFact
        Engagements near the border, postures, cease-fires.
    warnings : tuple of WarningFact
        Every warning issued to a place.
    areas_warned : int
        Warnings issued to areas under a track, where no place is listed.
    traffic : AirTrafficFact
        Aircraft in the picture.
    truth : TruthFact or None
        Outcomes in the simulated world; None for a real feed.
    sensing : SensorFact
        What the sensors gave, and outages.
    decisions : DecisionFact
        What persons decided, beside what the machine had proposed.
    """

    name: str
    manifest: dict[str, Any]
    simulated: bool
    start_s: float
    end_s: float
    rule: SightingRule
    places: tuple[PlaceFact, ...]
    drone_tracks: int
    armed_tracks: int
    outside_tracks: int
    first_s: float
    last_s: float
    engagement: EngagementFact
    restraint: RestraintFact
    warnings: tuple[WarningFact, ...]
    areas_warned: int
    traffic: AirTrafficFact
    truth: TruthFact | None
    sensing: SensorFact
    decisions: DecisionFact

    @property
    def observed(self) -> tuple[PlaceFact, ...]:
        """Return the places at which drones were observed, north to south."""
        return tuple(fact for fact in self.places if fact.observed)

    def text(self) -> str:
        """Return the report as plain text, lines of at most 88 characters."""
        return text(self)

    def document(self) -> dict[str, Any]:
        """Return the same facts as JSON-able values with stable keys.

        Times are ISO 8601 UTC, durations seconds, distances metres; what was not observed is
        ``null``. The keys are listed in ``chowki.outputs.sitrep.document``.
        """
        return document(self)


def situation(recording: Evidence, rule: SightingRule | None = None) -> SituationReport:
    """Work out the situation report from a recording's tables.

    Nothing of the scenario's intentions enters: of the theatre only where places, sensors and
    the border are, and what is stated about them.

    Parameters
    ----------
    recording : Evidence
        A recording of a run (``chowki.outputs.recording.Recording``).
    rule : SightingRule, optional
        When a drone counts as seen; 15 km by default.

    Returns
    -------
    SituationReport
        Facts, ready to be written as text or as a document.
    """
    rule = rule or SightingRule()
    theatre = recording.theatre
    start_s, end_s = span(recording)
    drones = drone_rows(recording.tracks, rule)
    near = [nearby(drones, theatre.station, place, rule) for place in theatre.places]
    radii = [place.radius_m for place in theatre.places]
    warned = tuple(warning_facts(recording.warnings, near, radii, end_s))
    close = np.unique(np.concatenate([n.track for n in near])) if near else np.empty(0)
    return SituationReport(
        name=theatre.station.name,
        manifest=recording.manifest,
        simulated=theatre.simulated,
        start_s=start_s,
        end_s=end_s,
        rule=rule,
        places=place_facts(recording, rule, drones, near, warned),
        drone_tracks=len(drones.tracks),
        armed_tracks=len(np.unique(drones.track[drones.armed])),
        outside_tracks=int(np.sum(~np.isin(drones.tracks, close))),
        first_s=float(drones.time_s.min()) if len(drones.time_s) else np.nan,
        last_s=float(drones.time_s.max()) if len(drones.time_s) else np.nan,
        engagement=engagement_facts(recording),
        restraint=restraint_facts(recording, rule),
        warnings=warned,
        areas_warned=areas_warned(recording.warnings),
        traffic=air_traffic_facts(recording.tracks),
        truth=truth_facts(recording),
        sensing=sensor_facts(recording),
        decisions=decision_facts(recording),
    )


def place_facts(
    recording: Evidence,
    rule: SightingRule,
    drones: DroneRows,
    near: list[Nearby],
    warned: tuple[WarningFact, ...],
) -> tuple[PlaceFact, ...]:
    """Return what was observed and done at each place, north to south."""
    places = recording.theatre.places
    threatened = threatened_places(recording.threats, drones, rule) | {w.place for w in warned}
    final = final_engagements(recording.engagements)
    defended = column(recording.engagements, "place")[final]
    stopped = column(recording.engagements, "state")[final] == EngagementState.INTERCEPTED
    reached = leakers_by_place(recording, len(places))
    facts = [
        _place_fact(
            place,
            near[place.index],
            rule,
            threatened=place.index in threatened,
            engagements=int(np.sum(defended == place.index)),
            intercepted=int(np.sum(stopped & (defended == place.index))),
            leakers=int(reached[place.index]),
        )
        for place in places
    ]
    return tuple(sorted(facts, key=lambda fact: (-fact.place.lat_deg, fact.place.index)))


def _place_fact(place: Place, near: Nearby, rule: SightingRule, **done: Any) -> PlaceFact:
    seen = near.distance_m <= rule.radius_m
    times = near.time_s[seen]
    return PlaceFact(
        place=place,
        drones=len(np.unique(near.track[seen])),
        armed=len(np.unique(near.track[seen & near.armed])),
        first_s=float(times[0]) if len(times) else np.nan,
        last_s=float(times[-1]) if len(times) else np.nan,
        nearest_m=float(near.distance_m[seen].min()) if len(times) else np.nan,
        arrivals=len(np.unique(near.track[near.distance_m <= place.radius_m])),
        **done,
    )


def threatened_places(threats: Any, drones: DroneRows, rule: SightingRule) -> set[int]:
    """Return the indices of places that a drone track threatened with sufficient probability."""
    sure = column(threats, "probability") >= rule.threat_probability
    meant = sure & np.isin(column(threats, "track"), drones.tracks)
    return set(np.unique(column(threats, "place")[meant]).tolist())
