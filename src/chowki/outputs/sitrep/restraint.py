"""How restraint was kept: engagements near the border, postures, and cease-fires broken."""

from __future__ import annotations

import math

import numpy as np

from chowki.core.records import EngagementState
from chowki.outputs.evidence import Evidence, column, positions
from chowki.outputs.postures import (
    POSTURE_VERBS,
    acts_of,
    cease_fires,
    sectors_of,
    starting_level,
)
from chowki.outputs.sitrep.actions import final_engagements
from chowki.outputs.sitrep.facts import (
    BorderFact,
    NearBorderFact,
    RestraintFact,
    SightingRule,
    ViolationFact,
)
from chowki.outputs.sitrep.incursions import Violation, incursions, inside_border_m, violations

NEAR_BORDER_M = 10_000.0


def restraint_facts(evidence: Evidence, rule: SightingRule) -> RestraintFact:
    """Return what the record tells of restraint.

    Parameters
    ----------
    evidence : Evidence
        A recording.
    rule : SightingRule
        When a track counts as a drone.
    """
    found = incursions(evidence, rule)
    return RestraintFact(
        border=border_facts(evidence),
        starting={s: starting_level(evidence, s) for s in sectors_of(evidence.theatre)},
        acts=tuple(acts_of(evidence, *POSTURE_VERBS)),
        released=len(acts_of(evidence, "release")),
        refused=len(acts_of(evidence, "refuse")),
        cease_fires=tuple(cease_fires(evidence)),
        incursions=len(found),
        violations=tuple(_violation(evidence, one) for one in violations(evidence, found)),
        noted=_noted(evidence),
    )


def border_facts(evidence: Evidence) -> BorderFact | None:
    """Return how near the border engagements were to meet; None without a border."""
    theatre = evidence.theatre
    if not len(theatre.border_lat_deg):
        return None
    table = evidence.engagements.take(final_engagements(evidence.engagements))
    at_m = positions(table)
    table = table.filter(np.isfinite(at_m).all(axis=1))
    inside_m = inside_border_m(theatre, positions(table))
    names = ("engagement", "track", "place", "state")
    columns = [column(table, name) for name in names]
    near = [
        NearBorderFact(*(int(values[k]) for values in columns), distance_m=float(inside_m[k]))
        for k in np.flatnonzero(inside_m < NEAR_BORDER_M)
    ]
    return BorderFact(
        within_m=NEAR_BORDER_M,
        engagements=len(inside_m),
        least_m=float(inside_m.min()) if len(inside_m) else math.nan,
        beyond=int((inside_m < 0.0).sum()),
        near=tuple(sorted(near, key=lambda one: (one.distance_m, one.engagement))),
    )


def _violation(evidence: Evidence, one: Violation) -> ViolationFact:
    """Return a violation, and how many engagements of its track were ordered while it stood."""
    table, crossing, span = evidence.engagements, one.incursion, one.cease_fire
    time_s = column(table, "time_s")
    ordered = (
        (column(table, "track") == crossing.track)
        & (column(table, "state") == EngagementState.ORDERED)
        & (time_s >= span.from_s)
        & (time_s < span.to_s)
    )
    return ViolationFact(
        track=crossing.track,
        crossed_s=crossing.crossed_s,
        sector=crossing.sector,
        place=crossing.place,
        since_s=span.from_s,
        engaged=int(ordered.sum()),
    )


def _noted(evidence: Evidence) -> int:
    """Return how many violations the station recorded as they happened."""
    return int((column(evidence.engagements, "state") == EngagementState.VIOLATION).sum())
