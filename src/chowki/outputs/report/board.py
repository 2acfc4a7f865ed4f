"""The board: one row per place, north to south, with what happened there along the time axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from chowki.outputs.evidence import Evidence
from chowki.outputs.sitrep import SituationReport, words
from chowki.outputs.sitrep.document import first_warnings
from chowki.outputs.sitrep.sightings import drone_rows, nearby

Document = dict[str, Any]
WIDE, HIGH = 1000.0, 24.0
BINS = 90


def board(recording: Evidence, report: SituationReport, scene: Document) -> list[Document]:
    """Return the rows of the board; drawings are SVG, 1000 wide along the time axis."""
    drones = drone_rows(recording.tracks, report.rule)
    firsts = first_warnings(report)
    counts = {
        fact.place.index: _presence(
            nearby(drones, recording.theatre.station, fact.place, report.rule), report
        )
        for fact in report.places
    }
    highest = max((int(c.max(initial=0)) for c in counts.values()), default=0)
    rows: list[Document] = []
    for fact in report.places:
        warning = firsts.get(fact.place.index)
        rows.append(
            {
                "index": fact.place.index,
                "name": fact.place.name,
                "sector": fact.place.sector,
                "border": words.border_of(fact.place),
                "kind": fact.place.kind,
                "observed": fact.observed,
                "drones": fact.drones,
                "armed": fact.armed,
                "lead": words.minutes(warning.lead_s) if warning else "-",
                "leakers": fact.leakers if fact.leakers >= 0 else fact.arrivals,
                "svg": "".join(_row(fact.place.index, counts[fact.place.index], highest, scene)),
            }
        )
    return rows


def _presence(near: Any, report: SituationReport) -> Any:
    """Return how many drone tracks were near in each bin of time, shape (BINS,)."""
    span_s = max(report.end_s - report.start_s, 1.0)
    at = np.clip((near.time_s - report.start_s) / span_s * BINS, 0, BINS - 1).astype(np.int64)
    seen = near.distance_m <= report.rule.radius_m
    pairs = np.unique(np.column_stack([at[seen], near.track[seen]]), axis=0)
    return np.bincount(pairs[:, 0].astype(np.int64), minlength=BINS)


def _row(place: int, counts: Any, highest: int, scene: Document) -> list[str]:
    """Return one row's marks: warnings as bars, drones as columns, intercepts and leakers."""
    scale = WIDE / scene["span_s"]
    marks = [
        f'<rect class="level{level}" x="{a * scale:.1f}" y="{HIGH - 6:g}" '
        f'width="{max((b - a) * scale, 3):.1f}" height="4"/>'
        for where, a, b, level in scene["warnings"]
        if where == place
    ]
    wide = WIDE / BINS
    for i in np.flatnonzero(counts):
        tall = 3.0 + 13.0 * float(np.sqrt(counts[i] / max(highest, 1)))
        marks.append(
            f'<rect class="near" x="{i * wide:.1f}" y="{HIGH - 7 - tall:.1f}" '
            f'width="{wide - 1:.1f}" height="{tall:.1f}"/>'
        )
    marks.extend(
        f'<path class="leaker" d="M{t * scale - 6:.1f} 2h12l-6 9z"/>'
        for t, where in scene["leakers"]
        if where == place
    )
    return marks
