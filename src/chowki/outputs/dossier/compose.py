"""Putting a dossier together from the tables of a recording.

Keys of the document (stable; additions only):

``format, scenario, simulated, run {seed, digest, version}, incident {track, engagement, kinds}``,
``track {number, first_detection, confirmed, last_detection, last_on_record, crossed_border,
detections_contributed, sensors_contributed, address, callsign, nearest_place_at_end,
nearest_place_distance_m, pictures [{time, lat_deg, lon_deg, height_agl_m, speed_mps, course_deg,
sd_horizontal_m, sd_vertical_m, sd_speed_mps, existence, status, identity, inside_border_m}]}``,
``sensors [{sensor, kind, plots, first, last, frequency_hz, looked_like, look_confidence,
payload_seen}]``,
``identity [{from, to, identity, class, class_probability, armed_probability, reasons}]``,
``threats [{place, pictures, likely_from, at_its_highest {..}, last {..}}]``,
``warnings [{warning, place, steps [{time, level}]}]``, ``acts [{time, person, act, value}]``,
``refusals [{reason, place, times, first, last, by}]``,
``engagements [{engagement, in_defence_of, site, effector, rounds, kill_probability_stated,
decided {proposed_by, posture, released_by, released, after_s}, steps [{time, state, why}],
intercept_planned {time, lat_deg, lon_deg, inside_border_m}, outcome, seen_afterwards}]``,
``cease_fire`` (what stood when it crossed, or null), ``outcome`` (in words),
``notes [..]``. Times are ISO 8601 UTC, lengths metres.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chowki.core.errors import UsageError
from chowki.outputs.dossier import deeds, wording
from chowki.outputs.dossier.incidents import incidents
from chowki.outputs.dossier.plots import sightings
from chowki.outputs.dossier.story import identity_part, track_part, track_rows
from chowki.outputs.evidence import Evidence, column, rows_of_track
from chowki.outputs.sitrep import words
from chowki.outputs.sitrep.incursions import incursions, violations

Document = dict[str, Any]
FORMAT = "chowki-dossier/1"
NOTES = (
    "Sensors: the record keeps every plot and the tracks now and then, not which plot entered "
    "which track. Plots are counted that fit the track within 99 % of the stated errors; one "
    "that lies between two tracks may fit both.",
    "Threats: of each recorded picture the worst pairs of track and place are kept.",
)


def dossier(evidence: Evidence, track: int | None, engagement: int | None = None) -> Document:
    """Return all that the record tells of one track; simulated truth is not read.

    Parameters
    ----------
    evidence : Evidence
        A recording.
    track : int or None
        Track number; None when an engagement is named.
    engagement : int or None
        Number of an engagement or a refusal: the dossier is of its track, and of this
        engagement alone among the decisions.

    Returns
    -------
    dict
        JSON-able values; the keys are listed in ``chowki.outputs.dossier.compose``.

    Raises
    ------
    UsageError
        If the track or the engagement is not on record.
    """
    number = _track_of(evidence, engagement) if engagement is not None else track
    at = rows_of_track(evidence.tracks, -1 if number is None else number)
    if number is None or not len(at):
        raise UsageError(_unknown("track", number, column(evidence.tracks, "track")))
    rows = track_rows(evidence, at)
    seen = sightings(evidence, at)
    heard = [one["frequency_hz"] for one in seen if one["frequency_hz"] is not None]
    engaged = deeds.engagements_part(evidence, number, engagement, rows)
    found = {
        "format": FORMAT,
        "scenario": evidence.theatre.station.name,
        "simulated": evidence.theatre.simulated,
        "run": {key: evidence.manifest.get(key) for key in ("seed", "digest", "version")},
        "incident": {
            "track": number,
            "engagement": engagement,
            "kinds": _kinds(evidence, number, engagement),
        },
        "track": track_part(evidence, rows, at),
        "sensors": [_sensor(one) for one in seen],
        "identity": identity_part(rows, float(np.median(heard)) if heard else math.nan),
        "threats": deeds.threats_part(evidence, number),
        "warnings": deeds.warnings_part(evidence, number),
        "acts": deeds.acts_part(evidence, number),
        "refusals": deeds.refusals_part(evidence, number, engagement),
        "engagements": engaged,
        "cease_fire": _cease_fire(evidence, number),
    }
    return {**found, "outcome": _outcome(found), "notes": _notes(evidence)}


def _track_of(evidence: Evidence, engagement: int | None) -> int:
    """Return whom an engagement or refusal was about."""
    numbers = column(evidence.engagements, "engagement")
    rows = np.flatnonzero(numbers == engagement)
    if not len(rows):
        raise UsageError(_unknown("engagement", engagement, numbers))
    return int(column(evidence.engagements, "track")[rows[0]])


def _unknown(what: str, number: int | None, known: Any) -> str:
    if number is None:
        return "a dossier is of one track or one engagement: name it, or list the incidents"
    numbers = f"numbers run from {known.min()} to {known.max()}" if len(known) else "it has none"
    return f"{what} {number} is not on record; {numbers}: chowki dossier RUN --list shows incidents"


def _kinds(evidence: Evidence, track: int, engagement: int | None) -> list[Document]:
    """Return what happened to the track that makes it an incident."""
    return [
        {"kind": one.kind, "time": wording.when(one.time_s), "place": one.place, "what": one.what}
        for one in incidents(evidence, track)
        if engagement in (None, one.engagement)
    ]


def _sensor(one: Document) -> Document:
    frequency, look = one["frequency_hz"], one["looked_like"]
    return {
        "sensor": one["sensor"],
        "kind": one["kind"],
        "plots": one["plots"],
        "first": wording.when(one["first_s"]),
        "last": wording.when(one["last_s"]),
        "frequency_hz": None if frequency is None else wording.rounded(frequency),
        "looked_like": None if look is None else look.lower().replace("_", " "),
        "look_confidence": None if look is None else wording.rounded(one["look_confidence"], 2),
        "payload_seen": one["payload_seen"],
    }


def _cease_fire(evidence: Evidence, track: int) -> Document | None:
    for violation in violations(evidence, incursions(evidence, track=track)):
        span = violation.cease_fire
        return {
            "sector": span.sector,
            "since": wording.when(span.from_s),
            "ordered_by": span.person,
            "crossed": wording.when(violation.incursion.crossed_s),
        }
    return None


def _outcome(found: Document) -> str:
    """Return how it ended as far as the record shows, in one or two sentences."""
    track, engaged = found["track"], found["engagements"]
    reached = [k["place"] for k in found["incident"]["kinds"] if k["kind"] == "place reached"]
    parts: list[str] = []
    hits = [one for one in engaged if one["outcome"] == "intercepted"]
    if hits:
        seen = hits[-1]["seen_afterwards"]
        number = hits[-1]["engagement"]
        parts.append(f"Recorded as intercepted (engagement {number}); {seen}.")
    elif engaged:
        parts.append(f"{words.counted(len(engaged), 'engagement')}, no intercept recorded.")
    elif found["refusals"]:
        parts.append("It was not engaged: the rules refused.")
    else:
        parts.append("It was not engaged.")
    if reached:
        parts.append(f"It was observed within the radius of {words.listed(reached)}.")
    parts.append(
        f"Last detection {_clock(track['last_detection'])}, last in a recorded picture "
        f"{_clock(track['last_on_record'])}."
    )
    return " ".join(parts)


def _clock(stamp: str | None) -> str:
    """Return the time of day of an ISO 8601 time."""
    return stamp[11:19] if stamp else "unknown"


def _notes(evidence: Evidence) -> list[str]:
    first = words.OUTCOMES_DISCLAIMER if evidence.theatre.simulated else words.FEED_DISCLAIMER
    return [*NOTES, first, words.BORDER_DISCLAIMER]
