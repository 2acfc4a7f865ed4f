"""A notice as people read it, over a line or on paper: lines of at most 78 characters."""

from __future__ import annotations

import textwrap
from typing import Any

from chowki.outputs.sitrep import words

Document = dict[str, Any]
WIDTH = 78
FEW = 12
_HELD = ("hostile", "suspect", "unknown", "pending", "neutral", "assumed friend", "friend")


def statement(notice: Document) -> str:
    """Return the statement of a notice.

    Parameters
    ----------
    notice : dict
        As ``notice`` of this package made it.
    """
    parts = [
        _head(notice),
        _titled("WHAT CROSSED", _crossed(notice)),
        _titled("HOW SURE", _sure(notice)),
        _titled("WHAT WAS DONE", _done(notice)),
        _titled("WHAT WAS NOT DONE", _not_done(notice)),
        _titled("CEASE-FIRE", _cease_fire(notice)),
        "\n".join(_wrapped(one) for one in notice["disclaimers"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _wrapped(sentence: str) -> str:
    return textwrap.fill(
        sentence, WIDTH, break_long_words=False, break_on_hyphens=False,
        subsequent_indent="  " if sentence.startswith("- ") else "",
    )  # fmt: skip


def _titled(title: str, sentences: list[str]) -> str:
    return "\n".join([title, *(_wrapped(one) for one in sentences)]) if sentences else ""


def _head(notice: Document) -> str:
    kind = "SIMULATED" if notice["simulated"] else "RECORDED FEED"
    period = notice["period"]
    return "\n".join(
        [
            f"STATEMENT OF FACTS   {notice['status'].upper()} - {kind}",
            "=" * WIDTH,
            f"Scenario {notice['scenario']}; {period['start']} to {period['end']}",
            f"Record   {notice['run']['chain_head']}",
            "Times are UTC, to the minute; positions to a tenth of a degree (about 10 km).",
        ]
    )


def _clock(stamp: str | None) -> str:
    return "-" if stamp is None else stamp[11:16]


def _between(one: Document) -> str:
    """Return the span of some crossings in words."""
    if one["first"] == one["last"]:
        return f"at {_clock(one['first'])}"
    return f"between {_clock(one['first'])} and {_clock(one['last'])}"


def _crossed(notice: Document) -> list[str]:
    told = notice["crossings"]
    if not told["count"]:
        return ["No object was observed to cross the border into the defended side."]
    first = (
        f"{words.counted(told['count'], 'object')} (tracks) crossed the border into the defended "
        f"side, {_between(told)}."
    )
    if told["count"] <= FEW:
        return [first, *(_one(one) for one in told["each"])]
    return [first, *(_sector(one) for one in told["by_sector"])]


def _one(one: Document) -> str:
    near = f", near {one['near']}" if one["near"] else ""
    return (
        f"- {one['number']}. {_clock(one['time'])}, {one['lat_deg']:.1f} N {one['lon_deg']:.1f} E"
        f"{near}: {one['class']}, held {one['identity']}; {one['outcome']}."
    )


def _sector(one: Document) -> str:
    near = f", near {words.listed(one['places'])}" if one["places"] else ""
    where = one["sector"] or "No sector"
    return f"- {where}: {one['count']}, {_between(one)}{near}."


def _sure(notice: Document) -> list[str]:
    each = notice["crossings"]["each"]
    if not each:
        return ["That none was observed is no proof that none crossed."]
    sure = sum(one["existence"] >= 0.9 for one in each)
    drones = sum(one["drone_probability"] >= 0.9 for one in each)
    held = [
        f"{number} {name}" if number else ""
        for name in _HELD
        for number in [sum(one["identity"] == name for one in each)]
    ]
    kept = words.listed([part for part in held if part])
    return [
        f"That an object was there: 0.9 or more for {sure} of {len(each)}. That it was a drone: "
        f"0.9 or more for {drones} of {len(each)}." + (f" Held {kept}." if kept else ""),
        "Tracks are not objects: one object may have been counted as several tracks. Who sent "
        "them is not known from this record and is not stated.",
    ]


def _done(notice: Document) -> list[str]:
    done = notice["done"]
    if not notice["simulated"]:
        return ["Nothing was engaged: nothing engages on a feed."]
    if not done["engaged"]:
        return ["Nothing was engaged."]
    ends = [
        f"{name} {done[key]}"
        for name, key in (
            ("recorded as intercepted", "intercepted"),
            ("not stopped", "not_stopped"),
            ("still open", "open"),
        )
        if done[key]
    ]
    told = ", ".join(ends)
    return [f"{words.counted(done['engaged'], 'object')} (tracks) engaged: {told}."]


def _not_done(notice: Document) -> list[str]:
    told, lines = notice["not_done"], []
    if not notice["simulated"]:
        return []
    if told["beyond_border"] is not None:
        lines.append(
            "No engagement was directed beyond the border."
            if not told["beyond_border"]
            else f"{words.counted(told['beyond_border'], 'engagement')} directed beyond the border."
        )
    lines.append(
        "No aircraft with a transponder was engaged."
        if not told["with_transponder"]
        else f"{told['with_transponder']} aircraft with a transponder engaged."
    )
    if told["not_engaged"]:
        held = ""
        if told["held_back"]:
            held = f"; held back of these {told['held_back']}, because {_either(told)}"
        lines.append(
            f"Crossed and not engaged: {words.count(told['not_engaged'], 'object')} (tracks){held}."
        )
    return lines


def _either(told: Document) -> str:
    """Return the reasons of restraint, joined with "or"."""
    *most, last = told["reasons"]
    return f"{', '.join(most)} or {last}" if most else last


def _cease_fire(notice: Document) -> list[str]:
    spans = notice["cease_fire"]
    if not spans:
        return []
    lines = [
        f"A cease-fire stood from {_clock(one['since'])}"
        + (f" to {_clock(one['lifted'])}" if one["lifted"] else "")
        + (f" in {words.listed(one['sectors'])}." if one["sectors"] else ".")
        for one in spans
    ]
    broken = notice["crossings"]["while_cease_fire"]
    lines.append(
        f"{words.counted(broken, 'object')} (tracks) crossed while it stood."
        if broken
        else "Nothing was observed to cross while it stood."
    )
    return lines
