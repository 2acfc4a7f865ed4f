"""The situation report as a document.

Keys (stable; additions only):

``title, scenario, simulated, period {start, end}, run {seed, digest, version}``,
``disclaimers [..]``, ``rule {radius_m, drone_probability, pictures, armed_probability,
threat_probability, in_words}``,
``drones {tracks, suspected_armed, near_no_place, first, last}``,
``places {defended, observed_count, observed [..names], not_observed [..names],
by_border {LoC, IB, other: [..names]}, threatened {civil, military, border_area, names},
each [{name, sector, kind, lat_deg, lon_deg, observed, drones, suspected_armed, first, last,
nearest_m, arrivals, threatened, warned, lead_s, engagements, intercepted, leakers}]}``,
``engagements {ordered, tracks, intercepted, missed, aborted, open, rounds {gun, ..},
refused [{reason, in_words, tracks}], on_aircraft}``,
``border {within_m, engagements, least_m, beyond, near_count, near [{engagement, track, place,
outcome, distance_m}]}`` (or null), ``incursions``,
``posture {starting {sector: level}, changes [{time, person, act, sector, value}], released,
refused}``, ``cease_fire {spans [{sector, since, lifted, ordered_by}], violations [{track,
crossed, sector, near, since, engaged}], recorded_by_station}``,
``decisions {operator, proposals, released, refused, unanswered, late, warnings_proposed, sent,
withheld, unanswered_sent, waited_median_s, each [{time, person, role, act, subject, value,
advised, waited_s, came_of}]}``,
``warnings {issued, take_cover, arrived, without_approach, standing_at_the_end, areas,
lead_s {median, least, most},
each [{place, issued, ended, take_cover, approach, arrived, lead_s}]}``,
``leakers {source, count, places}``, ``outcome`` (simulated truth or null),
``air_traffic {..}``, ``sensors {.., outages [..], flagged [..]}``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from chowki.core.clock import format_utc
from chowki.outputs.sitrep import words
from chowki.outputs.sitrep.decision_words import decision_part
from chowki.outputs.sitrep.facts import OutageFact, PlaceFact, WarningFact
from chowki.outputs.sitrep.restraint_words import restraint_parts

if TYPE_CHECKING:
    from chowki.outputs.sitrep.compose import SituationReport

Document = dict[str, Any]


def document(report: SituationReport) -> Document:
    """Return the facts of a report as JSON-able values."""
    return {
        "title": f"Situation report: {report.name}",
        "scenario": report.name,
        "simulated": report.simulated,
        "period": {"start": format_utc(report.start_s), "end": format_utc(report.end_s)},
        "run": {key: report.manifest.get(key) for key in ("seed", "digest", "version")},
        "disclaimers": disclaimers(report),
        "rule": {**asdict(report.rule), "in_words": rule_in_words(report)},
        "drones": {
            "tracks": report.drone_tracks,
            "suspected_armed": report.armed_tracks,
            "near_no_place": report.outside_tracks,
            "first": words.utc_or_none(report.first_s),
            "last": words.utc_or_none(report.last_s),
        },
        "places": _places(report),
        "engagements": _engagements(report),
        **restraint_parts(report.restraint, {f.place.index: f.place.name for f in report.places}),
        "decisions": decision_part(report.decisions),
        "warnings": _warnings(report),
        "leakers": leakers(report),
        "outcome": asdict(report.truth) if report.truth else None,
        "air_traffic": asdict(report.traffic),
        "sensors": _sensors(report),
    }


def disclaimers(report: SituationReport) -> list[str]:
    """Return what must stand beside the facts."""
    first = words.OUTCOMES_DISCLAIMER if report.simulated else words.FEED_DISCLAIMER
    return [first, words.BORDER_DISCLAIMER]


def rule_in_words(report: SituationReport) -> str:
    """Return the rule by which a place counts."""
    rule = report.rule
    return (
        f"A place counts when a confirmed drone track came within {rule.radius_m / 1000:g} km of "
        "it. A drone track is one whose most probable class is a drone and that is held suspect "
        f"or hostile, or pending or unknown with drone classes of {rule.drone_probability:.0%} "
        f"together, in at least {rule.pictures} recorded pictures. Tracks are not drones: one "
        "drone may have given several tracks."
    )


def leakers(report: SituationReport) -> Document:
    """Return how many drones reached a place, and from what that is known."""
    if report.truth is not None:
        reached = [fact for fact in report.places if fact.leakers > 0]
        total, source = report.truth.reached, "simulated truth"
    else:
        reached = [fact for fact in report.places if fact.arrivals > 0]
        total, source = sum(fact.arrivals for fact in reached), "as far as observed"
    return {"source": source, "count": total, "places": [fact.place.name for fact in reached]}


def first_warnings(report: SituationReport) -> dict[int, WarningFact]:
    """Return the first warning of each place, by index of the place."""
    return {warning.place: warning for warning in reversed(report.warnings)}


def standing_at_the_end(report: SituationReport) -> int:
    """Return how many warnings to places still stood when the recording ended."""
    return sum(warning.ended_s >= report.end_s for warning in report.warnings)


def lead_times(report: SituationReport) -> Document:
    """Return median, least and most lead time of warnings that a drone track followed, seconds."""
    leads = [w.lead_s for w in report.warnings if np.isfinite(w.lead_s)]
    if not leads:
        return {"median": None, "least": None, "most": None}
    return {
        "median": words.number_or_none(float(np.median(leads))),
        "least": words.number_or_none(min(leads)),
        "most": words.number_or_none(max(leads)),
    }


def _places(report: SituationReport) -> Document:
    observed, firsts = report.observed, first_warnings(report)
    threatened = [fact for fact in report.places if fact.threatened]
    return {
        "defended": len(report.places),
        "observed_count": len(observed),
        "observed": [fact.place.name for fact in observed],
        "not_observed": [fact.place.name for fact in report.places if not fact.observed],
        "by_border": {
            border or "other": [
                fact.place.name for fact in observed if words.border_of(fact.place) == border
            ]
            for border in words.BORDERS
        },
        "threatened": {
            "civil": sum(words.is_civil(fact.place) for fact in threatened),
            "military": sum(words.is_military(fact.place) for fact in threatened),
            "border_area": sum(not words.is_civil(fact.place) for fact in threatened),
            "names": [fact.place.name for fact in threatened],
        },
        "each": [_place(fact, firsts.get(fact.place.index)) for fact in report.places],
    }


def _place(fact: PlaceFact, warning: WarningFact | None) -> Document:
    return {
        "name": fact.place.name,
        "sector": fact.place.sector,
        "kind": fact.place.kind,
        "lat_deg": fact.place.lat_deg,
        "lon_deg": fact.place.lon_deg,
        "observed": fact.observed,
        "drones": fact.drones,
        "suspected_armed": fact.armed,
        "first": words.utc_or_none(fact.first_s),
        "last": words.utc_or_none(fact.last_s),
        "nearest_m": words.number_or_none(fact.nearest_m),
        "arrivals": fact.arrivals,
        "threatened": fact.threatened,
        "warned": words.utc_or_none(warning.issued_s) if warning else None,
        "lead_s": words.number_or_none(warning.lead_s) if warning else None,
        "engagements": fact.engagements,
        "intercepted": fact.intercepted,
        "leakers": fact.leakers if fact.leakers >= 0 else None,
    }


def _engagements(report: SituationReport) -> Document:
    done = report.engagement
    return {
        "ordered": done.engagements,
        "tracks": done.tracks,
        "intercepted": done.intercepted,
        "missed": done.missed,
        "aborted": done.aborted,
        "open": done.open,
        "proposals_withdrawn": done.withdrawn,
        "rounds": {kind.name.lower(): number for kind, number in done.rounds.items()},
        "refused": [
            {"reason": reason.name.lower(), "in_words": words.REFUSALS[reason], "tracks": number}
            for reason, number in done.refused.items()
        ],
        "on_aircraft": done.on_aircraft,
    }


def _warnings(report: SituationReport) -> Document:
    names = {fact.place.index: fact.place.name for fact in report.places}
    return {
        "issued": len(report.warnings),
        "take_cover": sum(w.take_cover for w in report.warnings),
        "arrived": sum(w.arrived for w in report.warnings),
        "without_approach": sum(not np.isfinite(w.approach_s) for w in report.warnings),
        "standing_at_the_end": standing_at_the_end(report),
        "areas": report.areas_warned,
        "lead_s": lead_times(report),
        "each": [
            {
                "place": names[w.place],
                "issued": words.utc_or_none(w.issued_s),
                "ended": words.utc_or_none(w.ended_s),
                "take_cover": w.take_cover,
                "approach": words.utc_or_none(w.approach_s),
                "arrived": w.arrived,
                "lead_s": words.number_or_none(w.lead_s),
            }
            for w in report.warnings
        ],
    }


def _sensors(report: SituationReport) -> Document:
    sensing = report.sensing
    plain = {name: getattr(sensing, name) for name in ("stated", "heard", "scans", "detections")}
    return {
        **plain,
        "never_heard": list(sensing.never_heard),
        "never_tasked": list(sensing.never_tasked),
        "ground": sensing.ground,
        "masks": sensing.masks,
        "notes": list(sensing.notes),
        "outages": [_outage(outage) for outage in sensing.outages],
        "flagged": [_outage(flag) for flag in sensing.flagged],
    }


def _outage(outage: OutageFact) -> Document:
    return {
        "source": outage.source,
        "kind": outage.kind,
        "state": outage.state,
        "note": outage.note,
        "from": words.utc_or_none(outage.from_s),
        "to": words.utc_or_none(outage.to_s),
        "recovered": outage.recovered,
    }
