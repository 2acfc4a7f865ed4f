"""Restraint as the situation report tells it: sentences, and parts of its document."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chowki.core.records import EngagementState
from chowki.outputs.postures import ActFact, CeaseFire
from chowki.outputs.sitrep import words
from chowki.outputs.sitrep.facts import BorderFact, RestraintFact

if TYPE_CHECKING:
    from chowki.outputs.sitrep.compose import SituationReport

Document = dict[str, Any]
MOST_ACTS = 8
VERBS = {
    "set-posture": "posture",
    "set-weapons-control-status": "weapons control status",
    "cease-fire": "cease-fire",
    "lift-cease-fire": "cease-fire lifted",
}


def restraint_parts(told: RestraintFact, names: dict[int, str]) -> Document:
    """Return the parts of the document on border, posture and cease-fire.

    Parameters
    ----------
    told : RestraintFact
        The facts.
    names : dict of int to str
        Names of the places by index.
    """
    return {
        "border": _border(told.border, names) if told.border else None,
        "incursions": told.incursions,
        "posture": {
            "starting": told.starting,
            "changes": [
                {
                    "time": words.utc_or_none(act.time_s),
                    "person": act.person,
                    "act": act.verb,
                    "sector": act.subject or None,
                    "value": act.value or None,
                }
                for act in told.acts
            ],
            "released": told.released,
            "refused": told.refused,
        },
        "cease_fire": {
            "spans": [
                {
                    "sector": span.sector,
                    "since": words.utc_or_none(span.from_s),
                    "lifted": words.utc_or_none(span.to_s),
                    "ordered_by": span.person,
                }
                for span in told.cease_fires
            ],
            "violations": [
                {
                    "track": one.track,
                    "crossed": words.utc_or_none(one.crossed_s),
                    "sector": one.sector,
                    "near": names.get(one.place),
                    "since": words.utc_or_none(one.since_s),
                    "engaged": one.engaged,
                }
                for one in told.violations
            ],
            "recorded_by_station": told.noted,
        },
    }


def restraint_words(report: SituationReport) -> str:
    """Return sentences on the border, posture and cease-fires."""
    told = report.restraint
    postures = _posture_words(told) if report.simulated or told.acts else []
    return " ".join([*_border_words(report), *postures, *_cease_fire_words(told)])


def _border(told: BorderFact, names: dict[int, str]) -> Document:
    return {
        "within_m": told.within_m,
        "engagements": told.engagements,
        "least_m": words.number_or_none(told.least_m),
        "beyond": told.beyond,
        "near_count": len(told.near),
        "near": [
            {
                "engagement": one.engagement,
                "track": one.track,
                "place": names.get(one.place),
                "outcome": EngagementState(one.state).name.lower(),
                "distance_m": words.number_or_none(one.distance_m),
            }
            for one in told.near
        ],
    }


def _border_words(report: SituationReport) -> list[str]:
    told, border = report.restraint, report.restraint.border
    if border is None:
        return []
    first = f"{words.counted(told.incursions, 'track')} entered the defended side."
    if not report.simulated or not border.engagements:
        return [first]
    beyond = f"{border.beyond} of them BEYOND it" if border.beyond else "none of them beyond it"
    where = "inside" if border.least_m >= 0.0 else "beyond"
    return [
        first,
        f"{words.counted(len(border.near), 'engagement')} of {border.engagements} within "
        f"{border.within_m / 1000.0:g} km of the border, {beyond}; the nearest was to meet "
        f"{abs(border.least_m) / 1000.0:.1f} km {where}.",
    ]


def _posture_words(told: RestraintFact) -> list[str]:
    levels = sorted({level for level in told.starting.values() if level})
    parts: list[str] = []
    if levels:
        parts.append(f"Every sector started at {levels[0]}." if len(levels) == 1 else _each(told))
    if not told.acts:
        parts.append("No posture was changed by a person." if levels else "")
    else:
        shown = "; ".join(_act(act) for act in told.acts[:MOST_ACTS])
        more = len(told.acts) - MOST_ACTS
        parts.append(f"Changes: {shown}{f' and {more} more' if more > 0 else ''}.")
    if told.released or told.refused:
        parts.append(
            f"By people {words.count(told.released, 'track')} released, {told.refused or 'none'} "
            "withheld."
        )
    return [part for part in parts if part]


def _each(told: RestraintFact) -> str:
    """Return at which level the sectors started, when they differ."""
    by_level: dict[str, list[str]] = {}
    for sector, level in told.starting.items():
        by_level.setdefault(level or "no level on record", []).append(sector)
    groups = [f"{words.listed(sectors)} at {level}" for level, sectors in by_level.items()]
    return f"Sectors started: {'; '.join(groups)}."


def _act(act: ActFact) -> str:
    what = " ".join(part for part in (VERBS.get(act.verb, act.verb), act.value) if part)
    where = act.subject or "everywhere"
    return f"{words.clock(act.time_s)} {what} {where} by {act.person or 'unnamed'}"


def _cease_fire_words(told: RestraintFact) -> list[str]:
    if not told.cease_fires:
        return []
    engaged = sum(one.engaged for one in told.violations)
    broken = words.counted(len(told.violations), "violation") + (
        f" ({words.count(len(told.violations), 'incursion')} while it stood)"
        if told.violations
        else ""
    )
    ordered = (
        f"; {words.count(engaged, 'engagement')} of these tracks ordered while it stood"
        if told.violations
        else ""
    )
    noted = f"; {told.noted or 'none'} recorded by the station at the time"
    spans = "; ".join(_spans(told.cease_fires))
    return [f"Cease-fire {spans}: {broken}{ordered}{noted}."]


def _spans(spans: tuple[CeaseFire, ...]) -> list[str]:
    """Return the cease-fires in words, sectors with the same span together."""
    groups: dict[tuple[float, float], list[str]] = {}
    for one in spans:
        groups.setdefault((one.from_s, one.to_s), []).append(one.sector)
    return [
        f"from {words.clock(from_s)} to "
        + (words.clock(to_s) if math.isfinite(to_s) else "the end")
        + (f" in {words.listed([s for s in sectors if s])}" if any(sectors) else "")
        for (from_s, to_s), sectors in groups.items()
    ]
