"""Allocators side by side: the same raids, the same rules, other ways to spend rounds."""

from __future__ import annotations

from pathlib import Path

from chowki.study import FIGURES, Study, Variant, compare, run_study
from chowki.study.table import Compared
from page import Table
from rows import Rows

OBSERVER = None
SCENARIO = Path(__file__).with_name("scarce.toml")
SEEDS = tuple(range(101, 121))
VARIANTS = (
    Variant("rolling-horizon", ("parts.allocator=rolling-horizon",)),
    Variant("greedy", ("parts.allocator=greedy",)),
    Variant("local-search", ("parts.allocator=local-search",)),
    Variant("nearest-first", ("parts.allocator=nearest-first",)),
)
SHOWN = ("value_lost", "rounds", "harm", "leakers", "armed_leakers", "civil_touched")
COMMAND = (
    "chowki study benchmarks/defence/scarce.toml --seeds 101-120 "
    + " ".join(f"--variant {one.name}:{one.overrides[0]}" for one in VARIANTS)
    + " --out out/bench-defence/study"
)


def tables(rows: Rows) -> list[Table]:
    """Play the study, going on where it was stopped, and return its table."""
    study = Study(str(SCENARIO), VARIANTS, SEEDS)
    played = run_study(study, rows.folder / "study")
    compared = compare(played, [one.name for one in VARIANTS], SEEDS)
    return [
        Table(
            "Allocators on the same raids",
            f"{len(SEEDS)} seeds of `benchmarks/defence/scarce.toml`: 90 drones on three "
            "neighbouring places, too few rounds and channels (placed and stocked while looking at "
            "seeds 11 to 16). Means, and what each baseline does worse than the "
            "rolling horizon (baseline less horizon on the same seed; 95 % interval of Student's "
            "t on the pairs). The goal is that value lost, rounds and harm are all above 0. Value "
            "lost: priority and log10 of people of the place reached, an unarmed drone one fifth; "
            "harm: sum of P(at least one person hit) of the engagements ordered, as the rules "
            "reckon it. Release takes its time in all of them.",
            (
                "",
                *(one.name for one in VARIANTS),
                *(f"{one.name} worse by" for one in VARIANTS[1:]),
            ),
            [_row(figure, compared) for figure in SHOWN],
            (COMMAND,),
        )
    ]


def _row(figure: str, compared: list[Compared]) -> list[str]:
    mine = [row for row in compared if row.figure == figure]
    apart = [row.difference for row in mine if row.difference is not None]
    goal = figure in ("value_lost", "rounds", "harm")
    words = [f"{cell.text()}{_met(cell.low) if goal else ''}" for cell in apart]
    return [FIGURES[figure], *(f"{row.value.mean:.2f}" for row in mine), *words]


def _met(low: float) -> str:
    return " (met)" if low > 0.0 else " (**not shown**)"
