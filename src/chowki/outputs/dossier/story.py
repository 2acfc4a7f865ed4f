"""The track itself: where it was, how surely, and what it was held to be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chowki.core.reasons import in_words
from chowki.outputs.dossier import wording
from chowki.outputs.evidence import I64, Evidence, column, positions
from chowki.outputs.sitrep.incursions import inside_border_m, nearest_place

Document = dict[str, Any]
_PLAIN = (
    "time_s", "lat_deg", "lon_deg", "v_east_mps", "v_north_mps", "height_m", "height_agl_m",
    "sd_horizontal_m", "sd_vertical_m", "sd_speed_mps", "existence", "status", "identity",
    "object_class", "armed_probability", "reasons", "sensors", "updates", "first_s",
    "confirmed_s", "updated_s", "crossed_border_s", "address", "callsign",
)  # fmt: skip


def track_rows(evidence: Evidence, rows: I64) -> list[Document]:
    """Return the recorded pictures of one track as plain rows, in order of time."""
    mine = evidence.tracks.take(rows)
    found: list[Document] = mine.select(list(_PLAIN)).to_pylist()
    inside_m = inside_border_m(evidence.theatre, positions(mine))
    likely = np.array(mine.column("class_probability").to_pylist())
    for k, row in enumerate(found):
        row["speed_mps"] = math.hypot(row["v_east_mps"], row["v_north_mps"])
        row["inside_border_m"] = float(inside_m[k])
        row["class_probability"] = float(likely[k, row["object_class"]])
    return found


def track_part(evidence: Evidence, rows: list[Document], at: I64) -> Document:
    """Return a track as the dossier tells it: first and last, and every recorded picture."""
    last = rows[-1]
    place, away_m = nearest_place(evidence.theatre, positions(evidence.tracks.take(at[-1:]))[0])
    crossed = [row["crossed_border_s"] for row in rows if math.isfinite(row["crossed_border_s"])]
    return {
        "number": int(column(evidence.tracks, "track")[at[0]]),
        "first_detection": wording.when(last["first_s"]),
        "confirmed": wording.when(last["confirmed_s"]),
        "last_detection": wording.when(last["updated_s"]),
        "last_on_record": wording.when(last["time_s"]),
        "crossed_border": wording.when(min(crossed, default=math.nan)),
        "detections_contributed": last["updates"],
        "sensors_contributed": last["sensors"],
        "address": f"{last['address']:06X}" if last["address"] >= 0 else None,
        "callsign": str(last["callsign"]).strip() or None,
        "nearest_place_at_end": place.name if place else None,
        "nearest_place_distance_m": wording.rounded(away_m),
        "pictures": [_picture(row) for row in rows],
    }


def identity_part(rows: list[Document], frequency_hz: float) -> list[Document]:
    """Return what the track was held to be over time, with the reasons of each change.

    Parameters
    ----------
    rows : list of dict
        Rows of ``track_rows``.
    frequency_hz : float
        Carrier that direction finders heard from there, NaN for none.
    """
    spans: list[Document] = []
    before = None
    for row in rows:
        held = (row["identity"], row["object_class"])
        if held != before:
            spans.append(_span(row, frequency_hz))
            before = held
        spans[-1]["to"] = wording.when(row["time_s"])
    return spans


def _span(row: Document, frequency_hz: float) -> Document:
    return {
        "from": wording.when(row["time_s"]),
        "to": wording.when(row["time_s"]),
        "identity": wording.of_identity(row["identity"]).removeprefix("held "),
        "class": wording.of_class(row["object_class"]),
        "class_probability": wording.rounded(row["class_probability"], 3),
        "armed_probability": wording.rounded(row["armed_probability"], 3),
        "reasons": in_words(
            int(row["reasons"]),
            speed_mps=row["speed_mps"],
            height_agl_m=row["height_agl_m"],
            crossed_border_s=row["crossed_border_s"],
            frequency_hz=frequency_hz,
        ),
    }


def _picture(row: Document) -> Document:
    course = math.degrees(math.atan2(row["v_east_mps"], row["v_north_mps"])) % 360.0
    return {
        "time": wording.when(row["time_s"]),
        "lat_deg": wording.rounded(row["lat_deg"], 5),
        "lon_deg": wording.rounded(row["lon_deg"], 5),
        "height_agl_m": wording.rounded(row["height_agl_m"]),
        "speed_mps": wording.rounded(row["speed_mps"], 1),
        "course_deg": wording.rounded(course),
        "sd_horizontal_m": wording.rounded(row["sd_horizontal_m"]),
        "sd_vertical_m": wording.rounded(row["sd_vertical_m"]),
        "sd_speed_mps": wording.rounded(row["sd_speed_mps"], 1),
        "existence": wording.rounded(row["existence"], 4),
        "status": wording.of_status(row["status"]),
        "identity": wording.of_identity(row["identity"]).removeprefix("held "),
        "inside_border_m": wording.rounded(row["inside_border_m"]),
    }
