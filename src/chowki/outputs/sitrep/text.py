"""The situation report as plain text, in the sober language of a press officer."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from chowki.core.clock import format_utc
from chowki.outputs.sitrep import words
from chowki.outputs.sitrep.decision_words import decision_words
from chowki.outputs.sitrep.document import (
    disclaimers,
    first_warnings,
    lead_times,
    leakers,
    rule_in_words,
    standing_at_the_end,
)
from chowki.outputs.sitrep.facts import OutageFact, PlaceFact, WarningFact
from chowki.outputs.sitrep.restraint_words import restraint_words

if TYPE_CHECKING:
    from chowki.outputs.sitrep.compose import SituationReport

WIDTH = 88


def text(report: SituationReport) -> str:
    """Return the whole report; every line is at most 88 characters."""
    parts = [
        _head(report),
        _summary(report),
        _place_table(report),
        _paragraph("ENGAGEMENTS", _engagement_words(report)),
        _paragraph("BORDER AND POSTURE", restraint_words(report)),
        _paragraph("WARNINGS", _warning_words(report)),
        _paragraph("DECISIONS OF PERSONS", decision_words(report.decisions)),
        _paragraph("AIR TRAFFIC", _traffic_words(report)),
        _paragraph("SENSORS", _sensor_words(report)),
        _paragraph("HOW PLACES COUNT", rule_in_words(report) if report.places else ""),
        "\n".join(_wrapped(line) for line in disclaimers(report)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)


def _paragraph(title: str, sentences: str) -> str:
    return f"{title}\n{_wrapped(sentences)}" if sentences else ""


def _head(report: SituationReport) -> str:
    kind = "EXERCISE - SIMULATED" if report.simulated else "RECORDED FEED"
    seed, digest = report.manifest.get("seed"), str(report.manifest.get("digest") or "")
    run = ", ".join(
        part for part in (f"seed {seed}" if seed is not None else "", digest[:16]) if part
    )
    return "\n".join(
        [
            f"SITUATION REPORT   {kind}",
            "=" * WIDTH,
            f"Scenario {report.name}" + (f" ({run})" if run else ""),
            f"Period   {format_utc(report.start_s)} to {format_utc(report.end_s)}; "
            "all times below UTC",
        ]
    )


def _summary(report: SituationReport) -> str:
    sentences = [_where(report), *_along(report), _drones(report), _threatened(report)]
    return "\n".join(_wrapped(sentence) for sentence in sentences if sentence)


def _where(report: SituationReport) -> str:
    seen = report.observed
    if not report.places:
        return "No place is defended in this scenario; sightings are not counted by place."
    if not seen:
        return (
            f"Drones were not observed at any of the {words.count(len(report.places), 'place')} "
            "defended."
        )
    if len(seen) == 1:
        first, last = words.clock(seen[0].first_s), words.clock(seen[0].last_s)
        return f"Drones were observed at 1 place, {seen[0].place.name}, between {first} and {last}."
    north, south = seen[0].place.name, seen[-1].place.name
    return (
        f"Drones were observed at {len(seen)} places, from {north} in the north to {south} in "
        f"the south, between {words.clock(min(fact.first_s for fact in seen))} and "
        f"{words.clock(max(fact.last_s for fact in seen))}."
    )


def _along(report: SituationReport) -> list[str]:
    lines: list[str] = []
    for border, name in words.BORDERS.items():
        places = [f.place.name for f in report.observed if words.border_of(f.place) == border]
        if places:
            lines.append(f"- {name}: {words.listed(places)} ({len(places)}).")
    missing = [f.place.name for f in report.places if not f.observed]
    if missing and report.observed:
        lines.append(f"- Not observed at: {words.listed(missing)}.")
    return lines


def _drones(report: SituationReport) -> str:
    if not report.drone_tracks:
        return "No drone track was confirmed in the period. That none was observed is no proof."
    armed = f"{report.armed_tracks or 'none'} of them suspected to be armed"
    first = f"{words.counted(report.drone_tracks, 'drone track')} confirmed, {armed}."
    if not report.outside_tracks or not report.places:
        return first
    return f"{first} {report.outside_tracks} of them came near no defended place."


def _threatened(report: SituationReport) -> str:
    under = [fact.place for fact in report.places if fact.threatened]
    if not under:
        return "No threat to a defended place was observed." if report.places else ""
    both = sum(words.is_military(place) for place in under)
    civil = sum(words.is_civil(place) and not words.is_military(place) for place in under)
    areas = len(under) - both - civil
    parts = [
        f"{civil} civilian" if civil else "",
        f"{both} civilian with a military site beside" if both else "",
        f"{words.count(areas, 'border area')}" if areas else "",
    ]
    return (
        f"Threatened: {words.count(len(under), 'place')}, of which "
        f"{words.listed([part for part in parts if part])}."
    )


def _place_table(report: SituationReport) -> str:
    if not report.places:
        return ""
    firsts = first_warnings(report)
    last = "leakers" if report.truth else "arrived"
    head = (
        f"{'PLACE (north to south)':<23}{'first':>9}{'last':>9}{'drones':>7}{'armed':>6}"
        f"{'warned':>9}{'lead':>7}{'engaged':>8}{last:>8}"
    )
    rows = [_place_row(report, fact, firsts.get(fact.place.index)) for fact in report.places]
    return "\n".join([head, *rows])


def _place_row(report: SituationReport, fact: PlaceFact, warning: WarningFact | None) -> str:
    name = f"{fact.place.name}"[:22]
    warned = words.clock(warning.issued_s) if warning else "-"
    lead = words.minutes(warning.lead_s) if warning else "-"
    if not fact.observed:
        seen = f"{'not observed':>18}{'-':>7}{'-':>6}"
    else:
        seen = (
            f"{words.clock(fact.first_s):>9}{words.clock(fact.last_s):>9}"
            f"{fact.drones:>7}{fact.armed:>6}"
        )
    end = fact.leakers if report.truth else fact.arrivals
    return f"{name:<23}{seen}{warned:>9}{lead:>7}{fact.engagements:>8}{end:>8}"


def _engagement_words(report: SituationReport) -> str:
    done = report.engagement
    if not report.simulated:
        return _leaker_words(report)
    if not done.engagements:
        first = "Nothing was engaged."
    else:
        first = (
            f"{words.counted(done.engagements, 'engagement')} of "
            f"{words.count(done.tracks, 'track')}: {done.intercepted} intercepted, {done.missed} "
            f"missed, {done.aborted} broken off, {done.open} open at the end, as the picture then "
            f"showed. Rounds spent: {_rounds(report)}."
        )
        if done.withdrawn:
            proposals = words.counted(done.withdrawn, "proposal")
            first += f" {proposals} withdrawn before an order."
    return " ".join([first, _truth_words(report), _leaker_words(report), _refusal_words(report)])


def _rounds(report: SituationReport) -> str:
    spent = [
        words.count(number, f"{words.EFFECTORS[kind]} round")
        for kind, number in report.engagement.rounds.items()
    ]
    return words.listed(spent) if spent else "none"


def _truth_words(report: SituationReport) -> str:
    truth = report.truth
    if truth is None:
        return ""
    if not truth.raid:
        return "By simulated truth no drone of a raid flew."
    return (
        f"By simulated truth {words.count(truth.raid, 'drone')} of the raid flew ({truth.armed} "
        f"armed): {truth.intercepted} intercepted, {truth.reached} reached a place, {truth.ended} "
        f"ended their flight elsewhere, {truth.flying} still in the air."
    )


def _leaker_words(report: SituationReport) -> str:
    if not report.places:
        return ""
    facts = leakers(report)
    if not facts["count"]:
        return f"No leaker ({facts['source']})."
    return (
        f"{words.counted(facts['count'], 'leaker')} ({facts['source']}) at "
        f"{words.count(len(facts['places']), 'place')}: {words.listed(facts['places'])}."
    )


def _refusal_words(report: SituationReport) -> str:
    refused = report.engagement.refused
    if not refused:
        return "The rules refused nothing."
    parts = [f"{number} because {words.REFUSALS[reason]}" for reason, number in refused.items()]
    return f"Tracks refused by the rules (some for several reasons): {'; '.join(parts)}."


def _warning_words(report: SituationReport) -> str:
    if not report.places:
        return ""
    issued = report.warnings
    if not issued:
        whom = " to a place" if report.areas_warned else ""
        return f"No warning was issued{whom}.{_areas_and_end(report)}"
    lead = lead_times(report)
    cover, places = sum(w.take_cover for w in issued), len({w.place for w in issued})
    first = (
        f"{words.counted(len(issued), 'warning')} to {words.count(places, 'place')} "
        f"({cover} reached take cover)."
    )
    if lead["median"] is None:
        return f"{first} No drone track was observed near a warned place.{_areas_and_end(report)}"
    alone = sum(not math.isfinite(w.approach_s) for w in issued)
    unwarned = sum(fact.arrivals > 0 for fact in report.places) - len(
        {w.place for w in issued if w.arrived}
    )
    return (
        f"{first} Lead time from issue to first arrival (or closest approach): median "
        f"{words.minutes(lead['median'])}, least {words.minutes(lead['least'])}, most "
        f"{words.minutes(lead['most'])} min. Followed by no drone track near: {alone}. Places "
        f"reached by a drone track without a warning standing: {max(unwarned, 0)}."
        f"{_areas_and_end(report)}"
    )


def _areas_and_end(report: SituationReport) -> str:
    """Return what is said of areas under a track, and of warnings that stood at the end."""
    said = ""
    if report.areas_warned:
        said += f" Warnings to areas under a track: {report.areas_warned}."
    standing = standing_at_the_end(report)
    if standing:
        said += f" Still standing at the end, and withdrawn with it: {standing}."
    return said


def _traffic_words(report: SituationReport) -> str:
    traffic, truth = report.traffic, report.truth
    first = (
        f"{words.counted(traffic.cooperative, 'aircraft', 'aircraft')} with a "
        f"transponder in the picture"
    )
    if truth is None:
        return f"{first}. None was engaged: nothing engages on a feed."
    if not truth.airliners:
        return f"{first}. No airliner flew."
    hit = "all untouched" if not truth.airliners_hit else f"{truth.airliners_hit} HIT"
    rest = "untouched" if not truth.others_hit else f"{truth.others_hit} HIT"
    return (
        f"{first}; {words.count(truth.airliners, 'airliner')} flew, {hit}. Engagements ordered "
        f"on an aircraft with a transponder: {report.engagement.on_aircraft or 'none'}. "
        f"Helicopters and authorised drones that flew: {truth.others or 'none'}, {rest}; birds "
        f"hit: {truth.birds_hit or 'none'}."
    )


def _sensor_words(report: SituationReport) -> str:
    sensing = report.sensing
    parts = [
        f"{sensing.heard} of {words.count(sensing.stated, 'sensor')} heard, "
        f"{words.count(sensing.scans, 'scan')}, {words.count(sensing.detections, 'detection')} "
        f"({words.ground_and_mask(sensing)})."
    ]
    if sensing.never_heard:
        parts.append(f"Never heard: {words.listed(sensing.never_heard)}.")
    if sensing.never_tasked:
        parts.append(f"Cued sensors without a look: {len(sensing.never_tasked)}.")
    parts.append(_outage_words(report))
    parts.append(_flag_words(report))
    parts.extend(f"{note}." for note in sensing.notes)
    return " ".join(parts)


def _outage_words(report: SituationReport) -> str:
    outages = report.sensing.outages
    return f"Outages: {_spans(outages)}." if outages else "No outage was reported."


def _flag_words(report: SituationReport) -> str:
    flagged = report.sensing.flagged
    return f"Found by the station: {_spans(flagged)}." if flagged else "It found no sensor faulty."


def _spans(outages: tuple[OutageFact, ...]) -> str:
    shown = [
        f"{o.source} {o.state} {words.clock(o.from_s)}-"
        + (words.clock(o.to_s) if o.recovered else "end")
        for o in outages[:6]
    ]
    return "; ".join(shown) + (f" and {len(outages) - 6} more" if len(outages) > 6 else "")
