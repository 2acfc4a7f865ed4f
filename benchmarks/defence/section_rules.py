"""Restraint and release: what was engaged, who took how long to release it, what was held of it.

Watched on every night: orders on civil flights, rounds and debris over the border (judged by
``border``), the wait from proposal to release, and kill assessment against truth. A target counts
as stopped when it was brought down, or never came to its place after a jammer acted on it. Leakers
against release delay are played here, on a small scenario, the same seeds at every delay.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from border import over_border
from intervals import of_mean, of_ratio, of_share
from nights import Figures, Variant, play

from chowki.core.messages import Event, Frame
from chowki.core.records import (
    EffectorKind,
    Engagements,
    EngagementState,
    Fate,
    ObjectClass,
    Refusal,
    Truth,
)
from chowki.core.table import I64
from chowki.scenario import Built
from page import Table, most
from rows import Rows

DELAYS_S, DELAY_SEEDS = (0.0, 5.0, 15.0, 30.0, 60.0), range(1, 13)
FALL_MPS = 20.0
CREWED = (int(ObjectClass.AEROPLANE), int(ObjectClass.HELICOPTER))


@dataclass
class Watch:
    """What is watched of one night (``nights.Observer``).

    Attributes
    ----------
    built : Built
        The night.
    seed : int
        Its seed.
    counts : Counter
        Sums over the night.
    target : dict
        Number of the target that an engagement was ordered on.
    held : list
        Target, effector, whether it was held killed, and whether it was brought down by then.
    """

    built: Built
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    target: dict[int, int] = field(default_factory=dict)
    proposed: dict[int, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    refused: set[tuple[int, int]] = field(default_factory=set)
    held: list[tuple[int, int, bool, bool]] = field(default_factory=list)
    fate: dict[int, int] = field(default_factory=dict)
    last: Truth | None = None

    def see(self, event: Event, frame: Frame, truth: Truth | None, target: I64 | None) -> None:
        """Take note of an event and its frame."""
        if truth is not None:
            self.last = truth
        rows = frame.engagements
        for k in range(len(rows)):
            self._row(rows, k, frame, target)

    def _row(self, rows: Engagements, k: int, frame: Frame, target: I64 | None) -> None:
        state, number = EngagementState(int(rows.state[k])), int(rows.engagement[k])
        if state is EngagementState.PROPOSED:
            self.proposed[number] = frame.time_s
        elif state is EngagementState.RELEASED:
            self.waits.append(frame.time_s - self.proposed[number])
        elif state is EngagementState.REFUSED:
            self.refused.add((int(rows.refusal[k]), int(rows.track[k])))
        elif state is EngagementState.VIOLATION:
            self.counts["violations"] += 1
        elif state is EngagementState.ORDERED and target is not None:
            self._ordered(rows, k, frame, target)
        elif state in (EngagementState.INTERCEPTED, EngagementState.MISSED):
            self._assessed(number, int(rows.effector[k]), state)

    def _ordered(self, rows: Engagements, k: int, frame: Frame, target: I64) -> None:
        truth = self.last
        assert truth is not None
        self.counts["orders"] += 1
        followed = int(target[np.flatnonzero(frame.tracks.track == rows.track[k])[0]])
        if followed >= 0:
            self.target[int(rows.engagement[k])] = int(truth.target[followed])
            crewed = int(truth.object_class[followed]) in CREWED
            self.counts["on_civil"] += crewed or int(truth.authorised[followed]) == 1
        order = int(np.flatnonzero(frame.orders.engagement == rows.engagement[k])[0])
        o = frame.orders
        pace = np.array([o.v_east_mps[order], o.v_north_mps[order], o.v_up_mps[order]])
        point = np.array([rows.east_m[k], rows.north_m[k], rows.up_m[k]])
        fall_s = float(frame.tracks.height_agl_m[frame.tracks.track == rows.track[k]][0]) / FALL_MPS
        over = over_border(self.built.theatre, int(rows.site[k]), point, pace, max(fall_s, 0.0))
        self.counts["rounds_over"] += over[0]
        self.counts["debris_over"] += over[1]

    def _assessed(self, number: int, effector: int, state: EngagementState) -> None:
        target, truth = self.target.get(number, -1), self.last
        if target < 0 or truth is None:
            return
        row = int(np.flatnonzero(truth.target == target)[0])
        down = int(truth.fate[row]) == Fate.INTERCEPTED
        self.held.append((target, effector, state is EngagementState.INTERCEPTED, down))

    def figures(self) -> Figures:
        """Return what JSON can hold."""
        truth = self.last
        assert truth is not None
        fate = dict(zip(truth.target.tolist(), truth.fate.tolist(), strict=True))
        confusion: Counter[str] = Counter()
        for target, effector, killed, down in self.held:
            jams = effector == int(EffectorKind.JAMMER)
            stopped = down or (jams and fate[target] in (Fate.INTERCEPTED, Fate.ENDED))
            kind = "jammer" if jams else "round"
            told = "killed" if killed else "missed"
            confusion[f"{kind} {told} {'stopped' if stopped else 'flying'}"] += 1
        civil = np.isin(truth.object_class, CREWED) | (truth.authorised == 1)
        attacking = truth.attacking == 1
        return {
            "counts": dict(self.counts),
            "waits_s": float(np.sum(self.waits)),
            "waits": len(self.waits),
            "longest_s": float(max(self.waits, default=0.0)),
            "refused": dict(Counter(Refusal(reason).name for reason, _ in self.refused)),
            "held": dict(confusion),
            "civil": int(civil.sum()),
            "civil_hit": int((truth.fate[civil] == Fate.INTERCEPTED).sum()),
            "raiders": int(attacking.sum()),
            "leakers": int((truth.fate[attacking] == Fate.REACHED_PLACE).sum()),
        }


OBSERVER = Watch


def tables(rows: Rows) -> list[Table]:
    """Return the tables of the section; leakers against delay are played when not yet there."""
    nights = _nights(rows)
    found = [table(nights) for table in (_restraint, _assessment, _refusals) if nights]
    return [*found, _delays(rows)]


def _nights(rows: Rows) -> dict[str, list[Figures]]:
    """Return what was watched, by variant."""
    found: dict[str, list[Figures]] = {}
    for name, figures in rows.rows.items():
        key = json.loads(name)
        if "rules" in figures and "variant" in key:
            found.setdefault(key["variant"], []).append(figures["rules"])
    return found


def _restraint(nights: dict[str, list[Figures]]) -> Table:
    lines: list[list[str]] = []
    for variant, figures in nights.items():
        count = {
            name: sum(night["counts"].get(name, 0) for night in figures)
            for name in ("orders", "on_civil", "rounds_over", "debris_over")
        }
        civil = sum(night["civil"] for night in figures)
        hit = sum(night["civil_hit"] for night in figures)
        wait = of_ratio([n["waits_s"] for n in figures], [n["waits"] for n in figures])
        lines.append(
            [
                variant,
                str(len(figures)),
                f"{count['orders']:,}",
                most(count["on_civil"], 0, 0),
                f"{most(hit, 0, 0)}, of {civil:,}: ≤ {of_share(hit, max(civil, 1))[1]:.5f}",
                most(count["rounds_over"], 0, 0),
                most(count["debris_over"], 0, 0),
                f"{wait[0]:.1f} ({wait[1]:.1f} to {wait[2]:.1f})" if wait[0] >= 0.0 else "-",
            ]
        )
    return Table(
        "Restraint on whole nights",
        "Orders on tracks that followed a civil flight; civil flights brought down, with the upper "
        "end of the 95 % Clopper-Pearson interval; rounds and footprints of debris over the "
        "border, judged apart from the rules; seconds from proposal to release (bootstrap over "
        "nights).",
        ("nights", "n", "orders", "on civil flights", "civil flights hit", "rounds over",
         "debris over", "wait for release, s"),
        lines,
        ("python benchmarks/defence/run.py --only rules",),
    )  # fmt: skip


def _assessment(nights: dict[str, list[Figures]]) -> Table:
    lines: list[list[str]] = []
    for variant, figures in nights.items():
        whole: Counter[str] = sum((Counter(n["held"]) for n in figures), Counter())
        for kind in ("round", "jammer"):
            told = {
                (said, true): whole[f"{kind} {said} {true}"]
                for said in ("killed", "missed")
                for true in ("stopped", "flying")
            }
            killed = told["killed", "stopped"] + told["killed", "flying"]
            missed = told["missed", "stopped"] + told["missed", "flying"]
            lines.append(
                [
                    variant,
                    str(len(figures)),
                    kind,
                    f"{killed:,}",
                    _percent(told["killed", "flying"], killed),
                    f"{missed:,}",
                    _percent(told["missed", "stopped"], missed),
                ]
            )
    return Table(
        "Kill assessment against truth",
        "What the station held from the picture alone after the rounds were spent, beside what had "
        "become of the target by then. Percent, 95 % Clopper-Pearson interval.",
        ("nights", "n", "means", "held killed", "of these still flying", "held missed",
         "of these stopped"),
        lines,
        ("python benchmarks/defence/run.py --only rules",),
    )  # fmt: skip


def _percent(hits: int, of: int) -> str:
    if not of:
        return "-"
    low, high = of_share(hits, of)
    return f"{100.0 * hits / of:.1f} ({100.0 * low:.1f} to {100.0 * high:.1f})"


def _refusals(nights: dict[str, list[Figures]]) -> Table:
    names = [reason.name for reason in Refusal if reason is not Refusal.NONE]
    lines = [
        [variant, str(len(figures))]
        + [f"{np.mean([n['refused'].get(name, 0) for n in figures]):.1f}" for name in names]
        for variant, figures in nights.items()
    ]
    return Table(
        "Refusals by reason",
        "Distinct tracks refused in a night, mean over nights.",
        ("nights", "n", *(name.lower().replace("_", " ") for name in names)),
        lines,
        ("python benchmarks/defence/run.py --only rules",),
    )


def _delays(rows: Rows) -> Table:
    """Return leakers against the mean time of a decision, the same seeds at every delay."""
    seen = {
        delay_s: [
            rows.row(lambda d=delay_s, s=seed: _delayed(d, s), delay_s=delay_s, seed=seed)
            for seed in DELAY_SEEDS
        ]
        for delay_s in DELAYS_S
    }
    base = [night["leakers"] for night in seen[0.0]]
    lines: list[list[str]] = []
    for delay_s, figures in seen.items():
        leakers = [night["leakers"] for night in figures]
        more = of_mean([a - b for a, b in zip(leakers, base, strict=True)])
        wait = of_ratio([n["waits_s"] for n in figures], [n["waits"] for n in figures])
        mean = of_mean(leakers)
        lines.append(
            [
                f"{delay_s:.0f}",
                str(len(figures)),
                f"{wait[0]:.1f}",
                f"{mean[0]:.2f} ({mean[1]:.2f} to {mean[2]:.2f})",
                f"{more[0]:+.2f} ({more[1]:+.2f} to {more[2]:+.2f})" if delay_s else "-",
                f"{np.mean([n['counts'].get('orders', 0) for n in figures]):.1f}",
            ]
        )
    raiders = seen[0.0][0]["raiders"]
    return Table(
        "Leakers against release delay",
        f"single-site, {raiders} raiders, posture tight, one decision at a time; the mean of the "
        "drawn time of a decision is varied, the seeds are the same. Student's 95 % interval, "
        "paired for the difference.",
        ("mean decision, s", "n", "proposal to release, s", "leakers", "more than without delay",
         "orders"),
        lines,
        ("python benchmarks/defence/run.py --only rules",),
    )  # fmt: skip


def _delayed(delay_s: float, seed: int) -> Figures:
    """Return the figures of one small night under a mean time of decision."""
    levels: list[dict[str, Any]] = [
        {"name": "tight", "weapons_control_status": "tight", "release_delay_s": delay_s}
    ]

    def change(story):
        document = story.document()
        document["defence"]["posture"]["levels"] = levels
        return type(story).from_document(document)

    variant = Variant(
        "delay", "single-site", range(seed, seed + 1), {"rules": Watch},
        overrides=("birds.per_drone=2",), until_s=500.0, change=change,
    )  # fmt: skip
    return play(variant, seed)["rules"]
