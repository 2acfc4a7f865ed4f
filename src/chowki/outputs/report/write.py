"""Writes the report page: one HTML file that needs nothing else, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chowki.core.clock import format_clock, format_utc
from chowki.outputs.evidence import Evidence
from chowki.outputs.recorder import write_whole
from chowki.outputs.report import tables
from chowki.outputs.report.board import board
from chowki.outputs.report.charts import charts
from chowki.outputs.report.scene import scene
from chowki.outputs.score import Score
from chowki.outputs.score_reports import ReportScore
from chowki.outputs.sitrep import SituationReport, words
from chowki.outputs.sitrep.decision_words import HEADS, decision_rows, decision_words
from chowki.outputs.sitrep.document import disclaimers, rule_in_words

TEMPLATES = Path(__file__).parent.parent / "templates"
STYLES = ("report.css",)
FEW_PLACES = 9  # so few rows that the time lines fit beside the map
SCRIPTS = ("projection.js", "data.js", "labels.js", "map.js", "page.js")


def write_report(
    recording: Evidence,
    situation: SituationReport,
    score: Score | ReportScore | None,
    path: Path,
    paired: dict[str, Any] | None = None,
) -> None:
    """Write the report of a recording as one HTML file.

    The same recording gives the same bytes.

    Parameters
    ----------
    recording : Evidence
        A recording of a run.
    situation : SituationReport
        Its situation report.
    score : Score or ReportScore or None
        Scores against simulated truth or cooperative reports, when there are any.
    path : Path
        Where to write.
    paired : dict, optional
        The same run without its operator, as ``run.paired`` tells it.

    Raises
    ------
    OutputError
        If the file can't be written.
    """
    write_whole(Path(path), page(recording, situation, score, paired).encode())


def page(
    recording: Evidence,
    situation: SituationReport,
    score: Score | ReportScore | None,
    paired: dict[str, Any] | None = None,
) -> str:
    """Return the page's HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    shown = scene(recording, situation)
    return environment.get_template("report.html.j2").render(
        **_facts(recording, situation, score),
        **_persons(situation, paired),
        board=board(recording, situation, shown),
        few=len(situation.places) < FEW_PLACES,
        charts=charts(recording, situation, score),
        scene=_script_json(shown),
        style="\n".join((TEMPLATES / name).read_text("utf-8") for name in STYLES),
        script="\n".join((TEMPLATES / name).read_text("utf-8") for name in SCRIPTS),
    )


def _facts(recording: Evidence, situation: SituationReport, score: Any) -> dict[str, Any]:
    """Return what the template prints."""
    return {
        "report": situation,
        "period": f"{format_utc(situation.start_s)} to {format_utc(situation.end_s)}",
        "start_clock": format_clock(situation.start_s),
        "end_clock": format_clock(situation.end_s),
        "headlines": tables.headlines(situation, score),
        "place_rows": tables.place_rows(situation),
        "effector_rows": tables.effector_rows(recording, situation),
        "refusal_rows": tables.refusal_rows(situation),
        "score_rows": tables.score_rows(score),
        "against_truth": isinstance(score, Score),
        "sensor_rows": tables.sensor_rows(recording),
        "outage_rows": tables.outage_rows(situation),
        "provenance": tables.provenance(situation),
        "ground_and_mask": words.ground_and_mask(situation.sensing),
        "disclaimers": disclaimers(situation),
        "has_border": len(recording.theatre.border_lat_deg) > 0,
        "border_disclaimer": words.BORDER_DISCLAIMER,
        "rule": rule_in_words(situation),
        "text": situation.text(),
    }


def _persons(situation: SituationReport, paired: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the template prints of persons in the loop."""
    names = {fact.place.index: fact.place.name for fact in situation.places}
    return {
        "decision_heads": HEADS,
        "decision_rows": decision_rows(situation.decisions, names),
        "decision_note": decision_words(situation.decisions),
        "paired_rows": [] if paired is None else tables.paired_rows(paired),
    }


def _script_json(document: dict[str, Any]) -> str:
    """Return JSON that can stand inside a script element."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
