"""Static assignment: proven gap and time, beside greedy and local search, on two laws of instances.

No night is watched: instances are drawn here, and solved one after the other in one process.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from intervals import of_mean

from chowki.core.chance import generator
from chowki.core.table import F64, I64
from chowki.defence.static_assignment import solve
from chowki.kernels.assign import expected_survival, greedy
from chowki.kernels.exchange import exchange
from page import Table, most
from rows import Figures, Rows

OBSERVER = None
SEEDS = range(5)
LIMIT_S = 60.0
PASSES = 20
COMMAND = "make bench-defence"

RANDOM: tuple[tuple[int, int, float | None], ...] = (
    (20, 20, None),
    (50, 50, None),
    (100, 100, 0.1),
    (200, 200, None),
    (300, 300, None),
    (400, 400, None),
    (500, 500, 1.0),
    (100, 50, None),
    (200, 100, None),
    (400, 200, None),
)
PUBLIC: tuple[tuple[int, int, float | None], ...] = (
    *((w, 1, 0.01) for w in (50, 100, 200, 300)),
    (500, 1, None),
    *((w, 2, 0.01) for w in (50, 100, 200, 300)),
    (500, 2, None),
    *((w, 3, 0.1) for w in (50, 100, 150, 200)),
    *((w, 3, None) for w in (300, 500)),
)
Case = tuple[F64, I64, F64]


def tables(rows: Rows) -> list[Table]:
    """Return both tables, measured where they were not before."""
    return [_random(rows), _public(rows)]


def _random(rows: Rows) -> Table:
    body: list[list[str]] = []
    for shooters, targets, goal_s in RANDOM:
        told = [_row(rows, "random", shooters, targets, 1, seed) for seed in SEEDS]
        goal = 0.0001 if shooters == targets else None
        body.append([f"{shooters} x {targets}", *_cells(told, goal, goal_s)])
    return Table(
        "Static assignment: random instances",
        "V in U{25..100}, p in U[0.6, 0.9], one round each; seconds of CPU on one core, kernels "
        "compiled; greedy and local search as the excess of their value over the proven best or "
        f"found one (mean and 95 % interval). A limit of {LIMIT_S:.0f} s each; the goal for gaps, "
        "optimal, is marked as 0.0001 %.",
        _columns("effectors x targets"),
        body,
        (COMMAND,),
    )


def _public(rows: Rows) -> Table:
    body: list[list[str]] = []
    for shooters, each, goal in PUBLIC:
        told = [_row(rows, "public", shooters, 2 * shooters, each, seed) for seed in SEEDS]
        body.append([f"{shooters} x {2 * shooters} x {each}", *_cells(told, goal, LIMIT_S)])
    return Table(
        "Static assignment: the law of the public set",
        "V in U{1..100}, p in U[0, 1], twice as many targets as effectors, 1 to 3 rounds each, as "
        "in the set `wta_WxTxm`; drawn anew, since its files are not part of the repository. Else "
        "as above.",
        _columns("effectors x targets x rounds"),
        body,
        (COMMAND,),
    )


def _columns(first: str) -> list[str]:
    seconds = ("mean s", "largest s")
    return [first, "n", "mean value left", "largest gap %", *seconds, "greedy %", "local search %"]


def _cells(told: Sequence[Figures], goal: float | None, goal_s: float | None) -> list[str]:
    gap = max(100.0 * row["gap"] for row in told)
    longest = max(row["cpu_s"] for row in told)
    return [
        str(len(told)),
        f"{np.mean([row['value'] for row in told]):.4f}",
        f"{gap:.4f}" if goal is None else most(gap, goal, 4),
        f"{np.mean([row['cpu_s'] for row in told]):.3f}",
        f"{longest:.3f}" if goal_s is None else most(longest, goal_s, 3),
        _excess(told, "greedy"),
        _excess(told, "local"),
    ]


def _excess(told: Sequence[Figures], name: str) -> str:
    mean, low, high = of_mean([100.0 * (row[name] / row["value"] - 1.0) for row in told])
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"


def _row(rows: Rows, law: str, shooters: int, targets: int, each: int, seed: int) -> Figures:
    size = f"{shooters}x{targets}x{each}"
    return rows.row(
        lambda: _measured(_case(law, shooters, targets, each, seed)),
        section="assignment",
        law=law,
        size=size,
        seed=seed,
    )


def _case(law: str, shooters: int, targets: int, each: int, seed: int) -> Case:
    draws = generator(seed, f"bench.assignment.{law}.{shooters}x{targets}x{each}")
    low, high, sure = (25, 101, (0.6, 0.9)) if law == "random" else (1, 101, (0.0, 1.0))
    value = draws.integers(low, high, targets).astype(np.float64)
    kill = draws.uniform(*sure, (shooters, targets))
    return value, np.full(shooters, each, dtype=np.int64), kill


def _measured(case: Case) -> Figures:
    value, rounds, kill = case
    solve(*_case("public", 6, 12, 3, 0))  # what is loaded and compiled once is not in the time
    first = greedy(value, kill, rounds, np.full(len(value), rounds.sum()))
    local = exchange(value, kill, rounds, first, PASSES)
    begin_s = time.process_time()
    found = solve(value, rounds, kill, limit_s=LIMIT_S)
    return {
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap,
        "cpu_s": time.process_time() - begin_s,
        "wall_s": found.seconds,
        "greedy": float(expected_survival(value, kill, first)),
        "local": float(expected_survival(value, kill, local)),
        "columns": found.columns,
        "work": found.nodes,
        "branches": found.branches,
    }
