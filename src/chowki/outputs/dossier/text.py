"""A dossier as plain text, lines of at most 88 characters."""

from __future__ import annotations

import textwrap
from typing import Any

from chowki.outputs.sitrep import words

Document = dict[str, Any]
WIDTH = 88
MOST_PICTURES = 16


def text(dossier: Document) -> str:
    """Return a dossier for people to read.

    Parameters
    ----------
    dossier : dict
        As ``dossier`` of this package made it.
    """
    parts = [
        _head(dossier),
        _titled("OUTCOME, AS FAR AS THE RECORD SHOWS", wrapped(dossier["outcome"])),
        _titled("TRACK", _track(dossier["track"])),
        _titled("SEEN BY (plots consistent with the track)", _sensors(dossier["sensors"])),
        _titled("IDENTITY, WITH REASONS", _identity(dossier["identity"])),
        _titled("THREAT", _threats(dossier["threats"])),
        _titled("WARNINGS IT GAVE RISE TO", _warnings(dossier["warnings"])),
        _titled("CEASE-FIRE", _cease_fire(dossier["cease_fire"])),
        _titled("DECISIONS", _decisions(dossier)),
        _titled("NOTES", "\n".join(wrapped(note) for note in dossier["notes"])),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def wrapped(sentence: str, indent: str = "") -> str:
    """Return a sentence in lines of at most 88 characters, all but the first indented."""
    return textwrap.fill(
        sentence, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent=indent
    )


def clock(stamp: str | None) -> str:
    """Return the time of day of an ISO 8601 time, a dash for none.

    Examples
    --------
    >>> clock("2025-05-09T14:36:01Z")
    '14:36:01'
    """
    return "-" if stamp is None else stamp[11:19]


def shown(value: Any, digits: int = 0) -> str:
    """Return a number with so many decimals, a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def kilometres(metres: float | None) -> str:
    """Return a length in kilometres with one decimal, a dash for none."""
    return "-" if metres is None else f"{metres / 1000.0:.1f}"


def _titled(title: str, body: str) -> str:
    return f"{title}\n{body}" if body else ""


def _head(dossier: Document) -> str:
    kind = "EXERCISE - SIMULATED" if dossier["simulated"] else "RECORDED FEED"
    run, incident = dossier["run"], dossier["incident"]
    seed = f"seed {run['seed']}, " if run["seed"] is not None else ""
    about = f"track {incident['track']}"
    if incident["engagement"] is not None:
        about += f", engagement {incident['engagement']}"
    lines = [
        f"DOSSIER   {kind}",
        "=" * WIDTH,
        f"Scenario {dossier['scenario']} ({seed}{str(run['digest'] or '')[:16]})",
        f"Of {about}; times are UTC",
    ]
    return "\n".join([*lines, *_kinds(incident["kinds"])])


def _kinds(kinds: list[Document]) -> list[str]:
    """Return what makes it an incident; many of the same sort in one line."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in kinds:
        groups.setdefault((one["kind"], one["place"], one["what"]), []).append(clock(one["time"]))
    return [
        wrapped(
            f"- {kind}{f' ({place})' if place else ''}: {what}, "
            + (times[0] if len(times) == 1 else f"{len(times)} times, {times[0]} to {times[-1]}"),
            "  ",
        )
        for (kind, place, what), times in groups.items()
    ]


def _track(track: Document) -> str:
    sent = f" Address {track['address']}." if track["address"] else ""
    crossed = (
        f"Crossed the border {clock(track['crossed_border'])}."
        if track["crossed_border"] else "It was not seen to cross the border."
    )  # fmt: skip
    first = (
        f"First detection {clock(track['first_detection'])}, confirmed "
        f"{clock(track['confirmed'])}, last detection {clock(track['last_detection'])}. {crossed} "
        f"{words.counted(track['detections_contributed'], 'detection')} from "
        f"{words.count(track['sensors_contributed'], 'sensor')} contributed.{sent}"
    )
    head = (
        "   time       lat       lon  height  speed course   +- pos   +- height  exists  border"
        "\n"
        "              deg       deg   m agl    m/s    deg        m          m       %      km"
    )
    pictures = _thinned(track["pictures"])
    notes = [
        "* coasting: not detected for a while"
        if any(one["status"] == "coasting" for one in pictures)
        else "",
        f"({len(track['pictures'])} pictures on record; the JSON form has all)"
        if len(pictures) < len(track["pictures"])
        else "",
    ]
    return "\n".join([wrapped(first), head, *map(_picture, pictures), *filter(None, notes)])


def _thinned(pictures: list[Document]) -> list[Document]:
    """Return a few of many pictures: the first, the last, and evenly between."""
    many = len(pictures)
    if many <= MOST_PICTURES:
        return pictures
    return [pictures[round(k * (many - 1) / (MOST_PICTURES - 1))] for k in range(MOST_PICTURES)]


def _picture(row: Document) -> str:
    return (
        f"{clock(row['time'])} {shown(row['lat_deg'], 4):>9} {shown(row['lon_deg'], 4):>9}"
        f" {shown(row['height_agl_m']):>7} {shown(row['speed_mps']):>6}"
        f" {shown(row['course_deg']):>6}"
        f" {shown(row['sd_horizontal_m']):>8} {shown(row['sd_vertical_m']):>10}"
        f" {shown(100.0 * row['existence'], 1):>7}"
        f" {kilometres(row['inside_border_m']):>7}"
        f"{'*' if row['status'] == 'coasting' else ''}"
    )


def _sensors(sensors: list[Document]) -> str:
    if not sensors:
        return "No recorded plot is consistent with it."
    return "\n".join(_sensor(one) for one in sensors)


def _sensor(one: Document) -> str:
    said = [
        f"heard {one['frequency_hz'] / 1e9:.2f} GHz" if one["frequency_hz"] else "",
        f"looked like {one['looked_like']} ({one['look_confidence']:.2f})"
        if one["looked_like"] else "",
        f"payload seen {words.count(one['payload_seen'], 'time')}" if one["payload_seen"] else "",
    ]  # fmt: skip
    told = "; ".join(part for part in said if part)
    line = (
        f"{one['sensor'][:30]:<30} {one['plots']:>5} {'plot ' if one['plots'] == 1 else 'plots'}"
        f"  {clock(one['first'])} to {clock(one['last'])}"
    )
    return f"{line}\n{' ' * 6}{told}" if told else line


def _identity(spans: list[Document]) -> str:
    return "\n".join(
        wrapped(
            f"{clock(one['from'])}  {one['identity']}: {one['class']} "
            f"({_share(one['class_probability'])}), armed {_share(one['armed_probability'])}. "
            f"{words.opening(one['reasons'] or 'no reason on record')}.",
            " " * 10,
        )
        for one in spans
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100.0 * value:.0f} %"


def _threats(threats: list[Document]) -> str:
    if not threats:
        return "It threatened no defended place by 20 % or more in a recorded picture."
    return "\n".join(_threat(one) for one in threats)


def _threat(one: Document) -> str:
    peak = one["at_its_highest"]
    likely = f"; likely from {clock(one['likely_from'])}" if one["likely_from"] else ""
    return wrapped(
        f"{one['place']}: at most {_share(peak['probability'])} at {clock(peak['time'])}, "
        f"{_minutes(peak['time_to_go_s'])} to go (90 %: {_minutes(peak['time_to_go_low_s'])} to "
        f"{_minutes(peak['time_to_go_high_s'])}), {kilometres(peak['distance_m'])} km away, "
        f"rank {peak['rank']}{likely}.",
        "  ",
    )


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{words.minutes(seconds)} min"


def _warnings(warnings: list[Document]) -> str:
    return "\n".join(
        wrapped(
            f"{one['place']}: "
            + ", ".join(f"{step['level']} {clock(step['time'])}" for step in one["steps"]),
            "  ",
        )
        for one in warnings
    )


def _cease_fire(told: Document | None) -> str:
    if told is None:
        return ""
    return wrapped(
        f"It crossed at {clock(told['crossed'])} while a cease-fire stood in {told['sector']} "
        f"since {clock(told['since'])}, ordered by {told['ordered_by'] or 'unnamed'}: a violation."
    )


def _decisions(dossier: Document) -> str:
    lines = [
        wrapped(f"{clock(a['time'])}  {a['person'] or 'unnamed'}: {a['act']} {a['value']}".rstrip())
        for a in dossier["acts"]
    ]
    lines += [_refusal(one) for one in dossier["refusals"]]
    lines += [_engagement(one) for one in dossier["engagements"]]
    return "\n".join(lines) or "None on record."


def _refusal(one: Document) -> str:
    many = one["times"] > 1
    when = f"{clock(one['first'])} to {clock(one['last'])}, {one['times']} times" if many else (
        clock(one["first"]))  # fmt: skip
    place = f" (for {one['place']})" if one["place"] else ""
    return wrapped(f"Refused by the {one['by']}{place}, {when}: {one['reason']}.", "  ")


def _engagement(one: Document) -> str:
    decided, planned = one["decided"], one["intercept_planned"]
    lines = [
        f"Engagement {one['engagement']}: {one['site'] or 'no site'} ({one['effector']}), in "
        f"defence of {one['in_defence_of'] or 'no place'}, kill probability "
        f"{shown(one['kill_probability_stated'], 2)} as stated, "
        f"{words.count(one['rounds'], 'round')}.",
        f"  Proposed by {decided['proposed_by']}; posture {decided['posture']}.",
    ]
    if decided["released"]:
        lines.append(
            f"  Released {clock(decided['released'])}, {shown(decided['after_s'])} s after the "
            f"proposal, by {decided['released_by']}."
        )
    steps = ", ".join(_step(step) for step in one["steps"])
    lines.append(f"  {words.opening(steps)}.")
    if planned["inside_border_m"] is not None:
        inside = planned["inside_border_m"]
        lines.append(
            f"  Intercept planned for {clock(planned['time'])} at {shown(planned['lat_deg'], 3)}, "
            f"{shown(planned['lon_deg'], 3)}, {abs(inside) / 1000.0:.1f} km "
            f"{'inside' if inside >= 0 else 'BEYOND'} the border."
        )
    if one["seen_afterwards"]:
        lines.append(f"  What the sensors saw then: {one['seen_afterwards']}.")
    return "\n".join(wrapped(line, "  ") for line in lines)


def _step(step: Document) -> str:
    why = f" ({step['why']})" if step["why"] else ""
    return f"{step['state']} {clock(step['time'])}{why}"
