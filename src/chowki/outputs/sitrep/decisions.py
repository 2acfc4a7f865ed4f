"""What persons decided, and beside it what the machine had proposed or held at that moment.

Everything comes from the record: proposals from the tables of engagements and warnings, decisions
from the acts, roles from what was noted of accounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.records import EngagementState, Identity, Refusal, WarningLevel
from chowki.outputs.evidence import Evidence, column
from chowki.outputs.postures import POSTURE_VERBS, ActFact, acts_of, posture_at, posture_table

WARNING_VERBS = ("send-warning", "cancel-warning")
DECISIONS = ("release", "refuse", *POSTURE_VERBS, *WARNING_VERBS, "set-identity")
PROPOSED = (WarningLevel.PROPOSED_ADVISORY, WarningLevel.PROPOSED_TAKE_COVER)
TOLD = (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a person.

    Attributes
    ----------
    act : ActFact
        The act.
    role : str
        Role of the account, empty when none is on record.
    advised : str
        What the machine had proposed or held at that time, in words.
    waited_s : float
        Seconds from the machine's proposal to the decision, NaN without a proposal.
    came_of : str
        What came of it, in words.
    """

    act: ActFact
    role: str
    advised: str
    waited_s: float
    came_of: str


@dataclass(frozen=True, slots=True)
class DecisionFact:
    """All decisions of a run, and what was left to the machine.

    Attributes
    ----------
    operator : bool
        Whether a person was in the loop.
    each : tuple of Decision
        In order of time.
    proposals, released, refused, unanswered : int
        Engagements that were proposed; released; withdrawn by a refusal; and neither.
    late : int
        Releases that came when no proposal stood.
    warnings_proposed, sent, withheld, unanswered_sent : int
        Warnings that were proposed; sent by a person; cancelled by one while proposed; and sent
        because nobody answered.
    """

    operator: bool
    each: tuple[Decision, ...]
    proposals: int
    released: int
    refused: int
    unanswered: int
    late: int
    warnings_proposed: int
    sent: int
    withheld: int
    unanswered_sent: int

    @property
    def waited_median_s(self) -> float:
        """Return the median of the seconds from proposal to decision, NaN without any."""
        waited = [one.waited_s for one in self.each if math.isfinite(one.waited_s)]
        return float(np.median(waited)) if waited else math.nan


def decision_facts(evidence: Evidence) -> DecisionFact:
    """Return what persons decided in a recording."""
    engagements, warnings = _Proposals(evidence), _Warned(evidence)
    roles = _roles(evidence)
    judged: dict[str, Callable[[ActFact], tuple[str, float, str]]] = {
        "release": engagements.beside,
        "refuse": engagements.beside,
        "send-warning": warnings.beside,
        "cancel-warning": warnings.beside,
        "set-identity": lambda act: (_held(evidence, act), math.nan, ""),
    }
    each: list[Decision] = []
    for act in acts_of(evidence, *DECISIONS):
        beside = judged.get(act.verb)
        told = (_stood(evidence, act), math.nan, "") if beside is None else beside(act)
        each.append(Decision(act, _role(roles, act), *told))
    operator = bool(posture_table(evidence).get("operator"))
    return DecisionFact(operator, tuple(each), **engagements.counts(each), **warnings.counts(each))


class _Proposals:
    """Engagements that were proposed, by number, each with its rows in order."""

    def __init__(self, evidence: Evidence) -> None:
        self._places = [place.name for place in evidence.theatre.places]
        self._sites = [site.name for site in evidence.theatre.sites]
        names = ("engagement", "time_s", "track", "place", "site", "state", "refusal",
                 "kill_probability")  # fmt: skip
        self._of: dict[int, list[Row]] = {}
        for row in evidence.engagements.select(list(names)).to_pylist():
            self._of.setdefault(row["engagement"], []).append(row)
        first = EngagementState.PROPOSED
        self._of = {k: rows for k, rows in self._of.items() if rows[0]["state"] == first}

    def beside(self, act: ActFact) -> tuple[str, float, str]:
        """Return what was proposed when a release or refusal was said, how long, what came."""
        rows = self._standing(act)
        if not rows:
            return "no proposal stood", math.nan, "too late" if act.verb == "release" else ""
        one = rows[0]
        place = self._places[one["place"]] if one["place"] >= 0 else "no place"
        site = f" with {self._sites[one['site']]}" if one["site"] >= 0 else ""
        words = f"engage track {one['track']}, for {place}{site}"
        if math.isfinite(one["kill_probability"]):
            words += f", kill probability {one['kill_probability']:.2f}"
        return words, act.time_s - one["time_s"], _end_of(rows)

    def counts(self, each: list[Decision]) -> dict[str, int]:
        """Return how many proposals there were and how they ended."""
        ends = [{row["state"] for row in rows} for rows in self._of.values()]
        released = sum(EngagementState.RELEASED in states for states in ends)
        refused = sum(_refused(rows) for rows in self._of.values())
        return {
            "proposals": len(self._of),
            "released": released,
            "refused": refused,
            "unanswered": len(self._of) - released - refused,
            "late": sum(one.came_of == "too late" for one in each),
        }

    def _standing(self, act: ActFact) -> list[Row]:
        """Return the rows of the proposal on a track that waited when something was said."""
        for rows in reversed(list(self._of.values())):
            if str(rows[0]["track"]) != act.subject or rows[0]["time_s"] > act.time_s:
                continue
            if len(rows) == 1 or rows[1]["time_s"] >= act.time_s:
                return rows
        return []


def _refused(rows: list[Row]) -> bool:
    """Return whether a proposal was withdrawn because a person refused it."""
    over = (EngagementState.ABORTED, Refusal.RELEASE_WITHHELD)
    return any((row["state"], row["refusal"]) == over for row in rows)


def _end_of(rows: list[Row]) -> str:
    """Return how an engagement ended, in words."""
    last, states = rows[-1], {row["state"] for row in rows}
    if _refused(rows):
        return "withdrawn"
    if last["state"] == EngagementState.ABORTED:
        return "broken off" if EngagementState.ORDERED in states else "withdrawn by the machine"
    if last["state"] == EngagementState.PROPOSED:
        return "not released"
    return EngagementState(last["state"]).name.lower().replace("_", " ")


class _Warned:
    """Warnings and proposals of warnings, by number, each with its rows in order."""

    def __init__(self, evidence: Evidence) -> None:
        self._names = [place.name for place in evidence.theatre.places]
        names = ("warning", "time_s", "place", "cell", "level")
        self._of: dict[int, list[Row]] = {}
        for row in evidence.warnings.select(list(names)).to_pylist():
            rows = self._of.setdefault(row["warning"], [])
            if not rows or rows[-1]["level"] != row["level"]:
                rows.append(row)

    def beside(self, act: ActFact) -> tuple[str, float, str]:
        """Return what was proposed or stood when a warning was sent or cancelled."""
        mine = [rows for rows in self._of.values() if self._is_of(rows[0], act.subject)]
        sent = act.verb == "send-warning"
        for rows in reversed(mine):
            row = _last_before(rows, act.time_s, PROPOSED, waiting=True)
            if row is not None:
                since = rows[0]["time_s"]
                came = f"{act.value.replace('-', ' ')} sent" if sent else "told to nobody"
                return _level(row), act.time_s - since, came
        stood = [_last_before(rows, act.time_s, TOLD, waiting=False) for rows in mine]
        standing = next((row for row in reversed(stood) if row is not None), None)
        if standing is None:
            return "nothing", math.nan, f"{act.value.replace('-', ' ')} sent" if sent else ""
        came = f"{act.value.replace('-', ' ')} sent" if sent else "all clear"
        return f"{_level(standing)} stood", math.nan, came

    def counts(self, each: list[Decision]) -> dict[str, int]:
        """Return how many warnings were proposed, and who decided on them."""
        proposed = [rows for rows in self._of.values() if rows[0]["level"] in PROPOSED]
        sent = sum(one.act.verb == "send-warning" and bool(one.came_of) for one in each)
        withheld = sum(one.came_of == "told to nobody" for one in each)
        answered_s = {one.act.time_s for one in each if one.act.verb in WARNING_VERBS}
        silent = sum(self._sent_unanswered(rows, answered_s) for rows in proposed)
        return {
            "warnings_proposed": len(proposed),
            "sent": sent,
            "withheld": withheld,
            "unanswered_sent": silent,
        }

    def _sent_unanswered(self, rows: list[Row], answered_s: set[float]) -> bool:
        """Return whether a proposal was sent, under its own number or another, without a word."""
        over = next((row for row in rows if row["level"] not in PROPOSED), None)
        if over is None or over["time_s"] in answered_s:
            return False
        if over["level"] in TOLD:
            return True
        raised = (
            row
            for others in self._of.values()
            for row in others
            if row["time_s"] == over["time_s"] and row["level"] in TOLD
        )
        where = over["place"], over["cell"]
        return any((row["place"], row["cell"]) == where for row in raised)

    def _is_of(self, row: Row, subject: str) -> bool:
        if row["place"] < 0:
            return subject == f"cell:{row['cell']}"
        return subject in (str(row["place"]), self._names[row["place"]])


def _last_before(
    rows: list[Row], time_s: float, levels: tuple[WarningLevel, ...], *, waiting: bool
) -> Row | None:
    """Return the row of some levels that stood at a time, None when none did.

    What a word brings about has the time of the word: a proposal may be of that very time, what
    stood must be older.
    """
    for row, after in zip(reversed(rows), [None, *reversed(rows)], strict=False):
        begun = row["time_s"] <= time_s if waiting else row["time_s"] < time_s
        lasts = after is None or after["time_s"] >= time_s
        if begun and lasts and row["level"] in levels:
            return row
    return None


def _level(row: Row) -> str:
    return WarningLevel(row["level"]).name.lower().replace("_", " ")


def _held(evidence: Evidence, act: ActFact) -> str:
    """Return what identity the last recorded picture gave a track before an act."""
    tracks = evidence.tracks
    mine = (column(tracks, "track").astype(str) == act.subject) & (
        column(tracks, "time_s") <= act.time_s
    )
    if not mine.any():
        return "not in a recorded picture"
    identity = Identity(int(column(tracks, "identity")[mine][-1]))
    return f"held {identity.name.lower().replace('_', ' ')}"


def _stood(evidence: Evidence, act: ActFact) -> str:
    """Return at which posture the sector stood before an act."""
    sectors = [act.subject] if act.subject else sorted({p.sector for p in evidence.theatre.places})
    before_s = math.nextafter(act.time_s, -math.inf)
    levels = {posture_at(evidence, sector, before_s).level or "not on record" for sector in sectors}
    return f"stood at {', '.join(sorted(levels))}"


def _roles(evidence: Evidence) -> list[tuple[float, str, str]]:
    """Return when which account had which role."""
    rows = evidence.statuses.select(["time_s", "source", "kind", "state"]).to_pylist()
    return [(r["time_s"], r["source"], r["state"]) for r in rows if r["kind"] == "account"]


def _role(roles: list[tuple[float, str, str]], act: ActFact) -> str:
    mine = [role for at_s, name, role in roles if name == act.person and at_s <= act.time_s]
    return mine[-1] if mine else ""
