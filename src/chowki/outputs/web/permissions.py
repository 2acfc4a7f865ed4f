"""Who may do what from the page, and who was first.

The wall stands here too: what engages exists in a simulated world in operator mode alone.
Defence upholds that by itself; this table only says so at once, in words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from chowki.core.messages import Act, Frame, Status
from chowki.core.records import EngagementState, Identity
from chowki.outputs.web.revisions import Revisions
from chowki.outputs.web.session import ActRequest, Verdict

LONGEST_SHELF_S = 12 * 3600.0
LONGEST_MUTE_S = 3600.0
WARNING_VALUES = ("advisory", "take-cover")
_IDENTITIES = (*(one.name.lower().replace("_", "-") for one in Identity), "automatic", "")


class Role(IntEnum):
    """What an account may do, each more than the one before."""

    VIEWER = 0
    OPERATOR = 1
    APPROVER = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """What it takes to do something.

    Attributes
    ----------
    least : Role
        Who may, at least; ``decide`` asks for more where a level of the posture does.
    subject : str
        What it is done to: ``sector`` (or all), ``track``, ``warning`` (a place, or an area as
        ``cell:NUMBER``), ``place``, ``alarm``, ``address``, or nothing.
    done : str
        What it is called afterwards; ``{value}`` stands for the value.
    engages : bool
        Whether it is about engagements: in a simulated world in operator mode only.
    locks : str
        Kind of the thing that only the first of two changes; empty when both may.
    """

    least: Role
    subject: str
    done: str
    engages: bool = False
    locks: str = ""


RULES: Mapping[str, Rule] = {
    "release": Rule(Role.OPERATOR, "track", "released it", True, "track"),
    "refuse": Rule(Role.OPERATOR, "track", "refused it", True, "track"),
    "set-posture": Rule(Role.OPERATOR, "sector", "set it to {value}", True, "sector"),
    "set-weapons-control-status": Rule(
        Role.OPERATOR, "sector", "set it to weapons {value}", True, "sector"
    ),
    "cease-fire": Rule(Role.OPERATOR, "sector", "declared a cease-fire", True, "sector"),
    "lift-cease-fire": Rule(Role.APPROVER, "sector", "lifted the cease-fire", True, "sector"),
    "set-identity": Rule(Role.OPERATOR, "track", "marked it {value}", locks="track"),
    "send-warning": Rule(Role.OPERATOR, "warning", "sent {value}", locks="warning"),
    "cancel-warning": Rule(Role.OPERATOR, "warning", "cancelled it", locks="warning"),
    "authorise-drone": Rule(Role.OPERATOR, "address", "authorised it", locks="address"),
    "withdraw-authorisation": Rule(
        Role.OPERATOR, "address", "withdrew its authorisation", locks="address"
    ),
    "acknowledge": Rule(Role.OPERATOR, "alarm", "acknowledged it", locks="alarm"),
    "seen": Rule(Role.VIEWER, "alarm", "saw it"),
    "shelve": Rule(Role.OPERATOR, "place", "shelved it", locks="shelf"),
    "unshelve": Rule(Role.OPERATOR, "place", "took it off the shelf", locks="shelf"),
    "mute": Rule(Role.VIEWER, "", "muted the alarm"),
    "handover": Rule(Role.OPERATOR, "", "handed over"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands now, as far as permission hangs on it; the session tells it.

    Attributes
    ----------
    simulated, operator : bool
        Whether a simulated world runs, and whether in operator mode.
    ended : bool
        Whether this is a finished recording, in which nothing can be decided any more.
    sectors : mapping of str to str
        Who releases in each sector now: ``machine``, ``sector`` or ``senior``.
    levels, statuses : mapping of str to str
        Who releases at each level of the posture table, and at the first level of each weapons
        control status.
    ceased : collection of str
        Sectors in which fire is ceased.
    proposals : mapping of int to str
        Sector of each track on which a proposal stands.
    tracks, alarms : collection of int
        Numbers that are known.
    cells : collection of int
        Areas where a warning stands or is proposed.
    places : tuple of str
        Names of the defended places, by index.
    """

    simulated: bool = False
    operator: bool = False
    ended: bool = False
    sectors: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    ceased: Collection[str] = ()
    proposals: Mapping[int, str] = field(default_factory=dict)
    tracks: Collection[int] = ()
    alarms: Collection[int] = ()
    cells: Collection[int] = ()
    places: tuple[str, ...] = ()


def admit(request: ActRequest, facts: Facts, revisions: Revisions) -> Verdict:
    """Decide on a request, and note it as done when it is accepted; from any thread."""
    with revisions.lock:
        verdict = decide(request, facts, revisions)
        if not verdict.accepted:
            return verdict
        rule = RULES[request.verb]
        done = rule.done.format(value=request.value.strip() or "automatic")
        number = revisions.note(locks_of(request, facts), request.person, done)
    return Verdict(True, 200, "", number)


def decide(request: ActRequest, facts: Facts, revisions: Revisions) -> Verdict:
    """Return whether a request is accepted; nothing is changed.

    Parameters
    ----------
    request : ActRequest
        Who asks for what.
    facts : Facts
        What stands now.
    revisions : Revisions
        What was decided before.
    """
    rule = RULES.get(request.verb)
    if rule is None:
        return Verdict(False, 404, f"{request.verb!r} is nothing that can be done here")
    forbidden = _forbidden(request, rule, facts)
    if forbidden:
        return Verdict(False, 403, forbidden)
    unknown = _unknown_subject(request, rule, facts) or _unknown_value(request, facts)
    if unknown:
        return Verdict(False, 404, unknown)
    beyond = _needs_approver(request, facts)
    if beyond and Role[request.role.upper()] < Role.APPROVER:
        return Verdict(False, 403, f"{beyond}: only an approver may")
    return _first(request, facts, revisions)


def locks_of(request: ActRequest, facts: Facts) -> tuple[str, ...]:
    """Return the keys in ``Revisions`` of what a request changes; none when both may change it."""
    rule = RULES[request.verb]
    subject = request.subject
    if not rule.locks:
        return ()
    if rule.locks == "sector" and not subject:
        return tuple(f"sector/{name}" for name in facts.sectors)
    if rule.subject in ("warning", "place") and not subject.startswith("cell:"):
        subject = str(place_of(subject, facts.places))
    return (f"{rule.locks}/{subject}",)


def told_late(act: Act, frame: Frame, facts: Facts) -> str:
    """Return what to tell a person whose release came when its proposal was gone; mostly nothing.

    Between asking and doing a second may pass. What was released in time is in the frame.

    Parameters
    ----------
    act : Act
        As it was taken up.
    frame : Frame
        What followed from it.
    facts : Facts
        What stands now.
    """
    if act.verb != "release" or facts.ceased:
        return ""
    released = frame.engagements.state == int(EngagementState.RELEASED)
    if act.subject in map(str, frame.engagements.track[released].tolist()):
        return ""
    return f"too late: the proposal on track {act.subject} was gone before your release"


def on_watch(person: str, role: str) -> Status:
    """Return what the journal notes of an account, by way of the inbox: who has which role."""
    return Status(0.0, person, "account", role, "may act from the page")


def place_of(subject: str, places: tuple[str, ...]) -> int:
    """Return the index of the place that a subject names, by name or index; -1 for none."""
    if subject in places:
        return places.index(subject)
    known = subject.isdecimal() and int(subject) < len(places)
    return int(subject) if known else -1


def _forbidden(request: ActRequest, rule: Rule, facts: Facts) -> str:
    """Return why nobody of that role may do it here; empty when somebody may."""
    if facts.ended:
        return "this is a recording: what was decided then is decided"
    if rule.engages and not facts.simulated:
        return "on real feeds nothing is proposed or released"
    if rule.engages and not facts.operator:
        return "here the simulated desks decide: start with --operator to be in the loop"
    if Role.__members__.get(request.role.upper(), Role.VIEWER) < rule.least:
        return f"a {request.role} may not do this: it takes an {rule.least.name.lower()}"
    return ""


def _unknown_subject(request: ActRequest, rule: Rule, facts: Facts) -> str:
    """Return that the subject is not known, in words; empty when it is."""
    subject = request.subject
    number = int(subject) if subject.isdecimal() else -1
    cell = subject.removeprefix("cell:")
    known = {
        "": True,
        "sector": subject in ("", *facts.sectors),
        "track": number in facts.tracks or number in facts.proposals,
        "alarm": number in facts.alarms,
        "address": number >= 0,
        "place": place_of(subject, facts.places) >= 0,
        "warning": place_of(subject, facts.places) >= 0
        or (cell != subject and cell.isdecimal() and int(cell) in facts.cells),
    }
    return "" if known[rule.subject] else f"no {rule.subject} {subject!r} is known here"


def _unknown_value(request: ActRequest, facts: Facts) -> str:
    """Return that the value is none, in words; empty when it is one."""
    value = request.value.strip()
    allowed: Mapping[str, Collection[str]] = {
        "set-posture": facts.levels,
        "set-weapons-control-status": facts.statuses,
        "set-identity": _IDENTITIES,
        "send-warning": WARNING_VALUES,
    }
    if request.verb in allowed and value not in allowed[request.verb]:
        return f"{value!r} is none of: {', '.join(filter(None, allowed[request.verb]))}"
    longest_s = {"shelve": LONGEST_SHELF_S, "mute": LONGEST_MUTE_S}.get(request.verb)
    if longest_s is not None and not 0.0 <= _seconds(value) <= longest_s:
        return f"{value!r}: give seconds, from 0 (no longer) to {longest_s:.0f}"
    if request.verb == "handover" and not value:
        return "a handover without a note says nothing"
    return ""


def _seconds(value: str) -> float:
    """Return a number of seconds, NaN when it is none."""
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _needs_approver(request: ActRequest, facts: Facts) -> str:
    """Return what only an approver may do of this, in words; empty when nothing."""
    value = request.value.strip()
    if request.verb == "release":
        sector = facts.proposals.get(int(request.subject), "")
        if facts.sectors.get(sector) == "senior":
            return f"in {sector} each engagement is released by a senior"
    table = {"set-posture": facts.levels, "set-weapons-control-status": facts.statuses}
    if table.get(request.verb, {}).get(value) == "machine":
        return f"at {value} the machine releases"
    return ""


def _first(request: ActRequest, facts: Facts, revisions: Revisions) -> Verdict:
    """Return the verdict of who was first: a person, or time."""
    keys = locks_of(request, facts)
    seen = request.revision
    for key in keys if seen is not None else ():
        last = revisions.last(key)
        if seen is not None and last is not None and seen < last.number:
            return Verdict(False, 409, revisions.words(key), last.number)
    now = max((revisions.number(key) for key in keys), default=0)
    if _too_late(request, facts):
        gone = f"too late: no proposal on track {request.subject} stands any more"
        return Verdict(False, 409, gone, now)
    return Verdict(True, 200, "", now)


def _too_late(request: ActRequest, facts: Facts) -> bool:
    """Return whether a proposal is gone; under a cease-fire there is none before a release."""
    if request.verb != "release" or facts.ceased:
        return False
    return int(request.subject) not in facts.proposals
