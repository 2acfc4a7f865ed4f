"""Headline numbers and tables of the page."""

from __future__ import annotations

import math
from typing import Any

from chowki.core.clock import format_utc
from chowki.core.records import EffectorKind, EngagementState
from chowki.outputs.evidence import Evidence, column
from chowki.outputs.score import ReportScore, Score
from chowki.outputs.sitrep import SituationReport, words
from chowki.outputs.sitrep.actions import final_engagements
from chowki.outputs.sitrep.document import first_warnings, lead_times, leakers

Row = tuple[str, ...]


def headlines(report: SituationReport, score: Any) -> list[dict[str, str]]:
    """Return the numbers that stand at the top: value, what it counts, a note."""
    drones = _card(
        report.drone_tracks, "drone tracks", f"{report.armed_tracks} suspected armed", "hostile"
    )
    cards = [drones]
    if report.places:
        seen = f"{len(report.observed)}/{len(report.places)}"
        cards.insert(0, _card(seen, "places with drones", _from_to(report)))
    if report.simulated:
        cards.extend(_simulated_cards(report))
    if report.places:
        cards.append(_warning_card(report))
    cards.append(_aircraft_card(report))
    if isinstance(score, ReportScore):
        cards.extend(_report_score_cards(score))
    return cards


def _warning_card(report: SituationReport) -> dict[str, str]:
    lead = lead_times(report)["median"]
    note = f"median lead {words.minutes(lead)} min" if lead is not None else "no lead time"
    return _card(len(report.warnings), "warnings", note, "warned")


def _aircraft_card(report: SituationReport) -> dict[str, str]:
    truth = report.truth
    if truth is None:
        note = "with a transponder; none engaged"
        return _card(report.traffic.cooperative, "aircraft", note, "friend")
    note = f"{truth.airliners_hit} HIT" if truth.airliners_hit else "all untouched"
    return _card(truth.airliners, "airliners", note, "friend")


def _report_score_cards(score: ReportScore) -> list[dict[str, str]]:
    return [
        _card(score.tracks, "confirmed tracks", f"of {score.objects} objects that told an address"),
        _card(score.switches, "identity switches", "association saw no address"),
        _card(_share(score.completeness), "complete", "reported time with a track"),
    ]


def _simulated_cards(report: SituationReport) -> list[dict[str, str]]:
    done, leaked = report.engagement, leakers(report)
    spent = sum(done.rounds.values())
    reached = len(leaked["places"])
    return [
        _card(
            done.intercepted,
            "intercepted",
            f"{done.engagements} engagements, {spent} rounds",
            "intercepted",
        ),
        _card(
            leaked["count"], "leakers", f"at {words.count(reached, 'place')}; simulated", "leaker"
        ),
    ]


def _card(value: Any, label: str, note: str, tone: str = "") -> dict[str, str]:
    return {"value": str(value), "label": label, "note": note, "tone": tone}


def _from_to(report: SituationReport) -> str:
    seen = report.observed
    if not seen:
        return "not observed"
    if len(seen) == 1:
        return seen[0].place.name
    return f"{seen[0].place.name} to {seen[-1].place.name}"


def place_rows(report: SituationReport) -> list[Row]:
    """Return one row per place, north to south."""
    firsts = first_warnings(report)
    rows: list[Row] = []
    for fact in report.places:
        warning = firsts.get(fact.place.index)
        rows.append(
            (
                fact.place.name,
                fact.place.sector,
                fact.place.kind,
                words.clock(fact.first_s) if fact.observed else "not observed",
                words.clock(fact.last_s),
                str(fact.drones),
                str(fact.armed),
                f"{fact.nearest_m / 1000:.1f}" if math.isfinite(fact.nearest_m) else "-",
                words.clock(warning.issued_s) if warning else "-",
                words.minutes(warning.lead_s) if warning else "-",
                str(fact.engagements),
                str(fact.intercepted),
                str(fact.leakers if report.truth else fact.arrivals),
            )
        )
    return rows


def effector_rows(recording: Evidence, report: SituationReport) -> list[Row]:
    """Return engagements and rounds by kind of effector."""
    table = recording.engagements
    final = final_engagements(table)
    effector, state = column(table, "effector")[final], column(table, "state")[final]
    ends = (EngagementState.INTERCEPTED, EngagementState.MISSED, EngagementState.ABORTED)
    rows: list[Row] = []
    for kind in EffectorKind:
        mine = state[effector == kind]
        sites = [s for s in recording.theatre.sites if s.effector == kind]
        if len(mine) or sites:
            rows.append(
                (
                    words.EFFECTORS[kind],
                    str(len(sites)),
                    str(len(mine)),
                    *(str(int((mine == end).sum())) for end in ends),
                    str(report.engagement.rounds.get(kind, 0)),
                    str(sum(s.magazine for s in sites)),
                )
            )
    return rows


def refusal_rows(report: SituationReport) -> list[Row]:
    """Return why the rules refused, and how many tracks."""
    return [
        (words.opening(words.REFUSALS[reason]), str(number))
        for reason, number in report.engagement.refused.items()
    ]


def score_rows(score: Any) -> list[Row]:
    """Return scores as name, value and what they mean."""
    if isinstance(score, Score):
        return _truth_rows(score)
    return _report_rows(score) if isinstance(score, ReportScore) else []


def _truth_rows(score: Score) -> list[Row]:
    how = "" if score.coverage_stated else "stated range and line of sight; "
    covered = f"{how}ground: {score.ground}, mask: {'yes' if score.mask else 'no'}"
    return [
        ("GOSPA", _metres(score.gospa_m), f"mean per picture, cutoff {score.cutoff_m:g} m, p = 2"),
        ("Localisation", _metres(score.localisation_m), "root mean square, drone to track"),
        (
            "Position error",
            f"{_metres(score.error_median_m)} / {_metres(score.error_95_m)}",
            "median / 95 %",
        ),
        ("Missed", f"{score.missed:.1f}", "covered drones not followed, mean per picture"),
        ("False", f"{score.false:.1f}", "confirmed tracks of nothing, mean per picture"),
        ("Completeness", _share(score.completeness), f"of covered drone time ({covered})"),
        ("Completeness, all", _share(score.completeness_all), "of all drone time in the air"),
        (
            "Drones followed",
            f"{score.drones_tracked} of {score.drones}",
            f"{score.drones_covered} were ever covered",
        ),
        (
            "Time to confirm",
            f"{_seconds(score.time_to_confirm_median_s)} / {_seconds(score.time_to_confirm_95_s)}",
            "median / 95 %, from first coverage",
        ),
        ("Identity switches", str(score.switches), "a drone changed its track"),
        ("False tracks", f"{score.false_tracks} of {score.confirmed_tracks}", "confirmed tracks"),
        ("Drones held suspect", _share(score.drones_suspected), "of drones followed"),
        (
            "Others held suspect",
            f"{score.others_suspected} of {score.others_flown}",
            "birds, airliners, helicopters, authorised drones",
        ),
        ("Leakers", str(score.leakers), "drones that reached their place"),
    ]


def _report_rows(score: ReportScore) -> list[Row]:
    return [
        (
            "Objects",
            f"{score.objects_tracked} of {score.objects}",
            "addresses that a track followed",
        ),
        ("Tracks", str(score.tracks), "confirmed; association saw no address"),
        ("Identity switches", str(score.switches), "an object changed its track"),
        ("Completeness", _share(score.completeness), "of reported time"),
        (
            "Distance from own reports",
            f"{_metres(score.error_median_m)} / {_metres(score.error_95_m)}",
            "median / 95 %; the same reports fed the track",
        ),
    ]


def _metres(value: float) -> str:
    return f"{value:,.0f} m" if math.isfinite(value) else "-"


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if math.isfinite(value) else "-"


def _share(value: float) -> str:
    return f"{100.0 * value:.1f} %" if math.isfinite(value) else "-"


def paired_rows(paired: dict[str, Any]) -> list[Row]:
    """Return each figure of a run with its operator and without."""
    return [
        (one["name"], *(_figure(one[which], one["unit"]) for which in ("with", "without")))
        for one in paired["figures"]
    ]


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return f"{number} {unit}".strip()


def outage_rows(report: SituationReport) -> list[Row]:
    """Return outages in order of time, and what the station itself found."""
    reported = [(outage.from_s, outage.note, outage) for outage in report.sensing.outages]
    found = [(flag.from_s, "found by the station", flag) for flag in report.sensing.flagged]
    return [
        (
            outage.source,
            outage.kind,
            outage.state,
            words.clock(from_s),
            words.clock(outage.to_s) if outage.recovered else "end of recording",
            note,
        )
        for from_s, note, outage in sorted(reported + found, key=lambda row: row[0])
    ]


def sensor_rows(recording: Evidence) -> list[Row]:
    """Return sensors by kind: stated, heard, scans, detections."""
    scans = recording.scans
    number, detections = column(scans, "sensor"), column(scans, "detections")
    rows: list[Row] = []
    for kind in sorted({sensor.kind for sensor in recording.theatre.sensors}):
        mine = [s.number for s in recording.theatre.sensors if s.kind == kind]
        of_kind = [number == one for one in mine]
        heard = [mask for mask in of_kind if mask.any()]
        rows.append(
            (
                kind,
                str(len(mine)),
                str(len(heard)),
                f"{sum(int(m.sum()) for m in heard):,}",
                f"{sum(int(detections[m].sum()) for m in heard):,}",
            )
        )
    return rows


def provenance(report: SituationReport) -> list[Row]:
    """Return where the report comes from: name and value."""
    manifest = report.manifest
    rows = [
        ("scenario", report.name),
        ("period", f"{format_utc(report.start_s)} to {format_utc(report.end_s)}"),
        ("seed", str(manifest.get("seed", "-"))),
        ("journal digest", str(manifest.get("digest") or "-")),
        ("scenario digest", str(manifest.get("scenario_digest") or "-")),
        ("chowki", str(manifest.get("version", "-"))),
    ]
    return [(name, value) for name, value in rows if value not in ("-", "None")]
