"""Plans in time: 400 threats and 60 sites planned anew, cold and warm."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from intervals import of_mean

from chowki.core.questions import Answer, Question
from chowki.defence.horizon import RollingHorizon
from page import Table, most
from rows import Rows

OBSERVER = None
THREATS, SITES, SLOTS, SLOT_S = 400, 60, 12, 5.0
QUESTIONS = range(1, 11)
WARM = 10  # seconds planned anew after the first, for each question
FIGURES = ("cold_ms", "warm_ms", "cold_gap", "warm_gap", "options")


def tables(rows: Rows) -> list[Table]:
    """Measure what was not measured yet, and return the table."""
    measured = [rows.row(_measure(seed), plan="400 x 60", seed=seed) for seed in QUESTIONS]
    cells: list[list[str]] = []
    for near in ("towns", "dense"):
        found = {name: of_mean([row[near][name] for row in measured]) for name in FIGURES}
        cells.append(
            [
                WORDS[near],
                f"{found['options'][0]:,.0f}",
                *(
                    f"{most(found[name][0], 100.0, 0)} [{found[name][1]:.0f}, {found[name][2]:.0f}]"
                    for name in ("cold_ms", "warm_ms")
                ),
                *(
                    f"{100 * found[name][0]:.1f} % [{100 * found[name][1]:.1f}, "
                    f"{100 * found[name][2]:.1f}]"
                    for name in ("cold_gap", "warm_gap")
                ),
            ]
        )
    return [
        Table(
            "400 threats, 60 sites, planned anew each second",
            f"{len(QUESTIONS)} random questions with {SLOTS} slots of {SLOT_S:.0f} s; warm is the "
            f"mean of {WARM} seconds in which threats come nearer. Gap: bound less value over the "
            "bound, both less what idle rounds would save later. 95 % intervals of the mean over "
            "the questions; time of one core. The budget is counted in work, not in time.",
            (
                "sites in reach of a threat",
                "options",
                "cold, ms",
                "warm, ms",
                "cold gap",
                "warm gap",
            ),
            cells,
            ("python benchmarks/defence/run.py --only horizon",),
        )
    ]


WORDS = {"towns": "8 of 60", "dense": "20 of 60"}
REACHED = {"towns": 8, "dense": 20}


def _measure(seed: int) -> Callable[[], dict[str, Any]]:
    return lambda: {name: _timed(seed, reached) for name, reached in REACHED.items()}


def _timed(seed: int, reached: int) -> dict[str, float]:
    asked, allocator = question(seed, reached), RollingHorizon()
    allocator.assign(allocator.start(SITES), asked)  # compiled before it is timed
    memory, cold, cold_ms = _clocked(allocator, allocator.start(SITES), asked)
    warm_ms, gaps = [], []
    for second in range(1, WARM + 1):
        now = replace(
            asked,
            time_s=asked.time_s + second,
            value=asked.value * (1.0 + 0.01 * np.sin(second + asked.target)),
        )
        memory, answer, spent_ms = _clocked(allocator, memory, now)
        warm_ms.append(spent_ms)
        gaps.append(answer.gap)
    return {
        "cold_ms": cold_ms,
        "warm_ms": float(np.mean(warm_ms)),
        "cold_gap": cold.gap,
        "warm_gap": float(np.mean(gaps)),
        "options": float(len(asked.kill)),
    }


def _clocked(allocator: RollingHorizon, memory: Any, asked: Question) -> tuple[Any, Answer, float]:
    begin = time.thread_time()
    memory, answer = allocator.assign(memory, asked)
    return memory, answer, 1e3 * (time.thread_time() - begin)


def question(seed: int, reached: int) -> Question:
    """Return 400 threats, each in reach of some sites for some slots, with scarce rounds."""
    chance = np.random.default_rng(seed)
    rows: list[tuple[int, int, int, float, float]] = []
    for threat in range(THREATS):
        for site in chance.choice(SITES, reached, replace=False):
            begin = int(chance.integers(0, SLOTS))
            end = min(SLOTS, begin + int(chance.integers(2, SLOTS)))
            kill, delay_s = chance.uniform(0.3, 0.7), chance.uniform(5.0, 40.0)
            rows += [
                (threat, k, int(site), kill * np.exp(-k * SLOT_S / 240.0), max(delay_s - k, 3.0))
                for k in range(begin, end)
            ]
    rows.sort()
    table = np.array(rows)
    channels = chance.integers(1, 4, SITES)
    return Question(
        time_s=0.0,
        target=np.arange(THREATS),
        value=chance.uniform(0.1, 1.0, THREATS),
        arrival_s=chance.uniform(20.0, 120.0, THREATS),
        ready_s=chance.choice(np.array([0.0, 5.0]), THREATS),
        most=np.where(chance.random(THREATS) < 0.1, 2, 1),
        rounds=chance.integers(4, 40, SITES),
        free=channels,
        channels=channels,
        busy=np.zeros((SITES, SLOTS), dtype=np.int64),
        slot_s=SLOT_S,
        future_s=200.0,
        option_target=table[:, 0].astype(np.int64),
        option_site=table[:, 2].astype(np.int64),
        option_slot=table[:, 1].astype(np.int64),
        kill=table[:, 3].copy(),
        cost=chance.uniform(0.01, 0.04, len(table)),
        delay_s=table[:, 4].copy(),
        hold_s=table[:, 4] + 4.0,
    )
