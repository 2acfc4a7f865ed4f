"""Decisions of persons as the reports tell them: sentences, parts of the document, a table."""

from __future__ import annotations

import math
from typing import Any

from chowki.outputs.sitrep import words
from chowki.outputs.sitrep.decisions import Decision, DecisionFact

Document = dict[str, Any]
HEADS = ("time", "person", "decision", "machine's advice then", "after s", "what came of it")
_VERBS = {
    "release": "released track {subject}",
    "refuse": "refused track {subject}",
    "set-posture": "set {subject} to {value}",
    "set-weapons-control-status": "set {subject} to weapons {value}",
    "cease-fire": "ceased fire: {subject}",
    "lift-cease-fire": "lifted the cease-fire: {subject}",
    "send-warning": "sent {value}: {subject}",
    "cancel-warning": "cancelled the warning: {subject}",
    "set-identity": "marked track {subject} {value}",
}


def decision_part(told: DecisionFact) -> Document:
    """Return the part of the document on decisions."""
    counts = {name: getattr(told, name) for name in DecisionFact.__slots__ if name not in ("each",)}
    return counts | {
        "waited_median_s": words.number_or_none(told.waited_median_s),
        "each": [
            {
                "time": words.utc_or_none(one.act.time_s),
                "person": one.act.person,
                "role": one.role or None,
                "act": one.act.verb,
                "subject": one.act.subject or None,
                "value": one.act.value or None,
                "advised": one.advised,
                "waited_s": words.number_or_none(one.waited_s),
                "came_of": one.came_of or None,
            }
            for one in told.each
        ],
    }


def decision_words(told: DecisionFact) -> str:
    """Return sentences on what persons decided; empty when no person was in the loop."""
    if not told.operator:
        return ""
    return " ".join([*_engagement_words(told), *_warning_words(told)])


def _engagement_words(told: DecisionFact) -> list[str]:
    if not told.proposals:
        return ["A person was in the loop. No engagement was proposed."]
    lines = [
        f"A person was in the loop. {words.counted(told.proposals, 'engagement')} proposed: "
        f"{told.released} released, {told.refused} refused, {told.unanswered} neither."
    ]
    if math.isfinite(told.waited_median_s):
        lines.append(f"From proposal to word: median {told.waited_median_s:.0f} s.")
    if told.late:
        lines.append(f"{words.counted(told.late, 'release')} came too late.")
    return lines


def _warning_words(told: DecisionFact) -> list[str]:
    if not (told.warnings_proposed or told.sent):
        return ["No warning was proposed."]
    return [
        f"{words.counted(told.warnings_proposed, 'warning')} proposed: {told.withheld} withheld by "
        f"a person, {told.unanswered_sent} sent because nobody answered. Sent by a person: "
        f"{told.sent}."
    ]


def decision_rows(told: DecisionFact, places: dict[int, str]) -> list[tuple[str, ...]]:
    """Return one row for each decision: the columns of ``HEADS``.

    Parameters
    ----------
    told : DecisionFact
        The facts.
    places : dict of int to str
        Names of the places by index.
    """
    return [
        (
            words.clock(one.act.time_s),
            f"{one.act.person or 'unnamed'}{f' ({one.role})' if one.role else ''}",
            _done(one, places),
            one.advised,
            f"{one.waited_s:.0f}" if math.isfinite(one.waited_s) else "-",
            one.came_of or "-",
        )
        for one in told.each
    ]


def _done(one: Decision, places: dict[int, str]) -> str:
    """Return a decision in words."""
    act, subject = one.act, one.act.subject
    if act.verb in ("send-warning", "cancel-warning") and subject.isdecimal():
        subject = places.get(int(subject), subject)
    value = act.value.replace("-", " ").strip() or "automatic"
    return _VERBS[act.verb].format(subject=subject or "all sectors", value=value)
