"""``chowki assign``: rounds to targets, to a proven gap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chowki.cli.options import AsJson, Quiet
from chowki.cli.voice import Voice

if TYPE_CHECKING:
    from chowki.defence.instance_file import Told
    from chowki.defence.static_assignment import Solution

EXAMPLES = "chowki assign instance.json --limit 10 --json"


def assign(
    instance: Annotated[
        Path,
        typer.Argument(
            metavar="INSTANCE",
            help="JSON with values, rounds and kill_probability, or text: W T m, values, w t p.",
        ),
    ],
    limit: Annotated[
        float, typer.Option("--limit", metavar="SECONDS", min=0.0, help="Stop after so long.")
    ] = 60.0,
    work: Annotated[
        int | None,
        typer.Option(
            "--work",
            metavar="NODES",
            min=0,
            help="Stop after so many pricing nodes: the same answer on any machine.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Assign rounds to targets so that the least value is left, and prove how good that is.

    The sum of value times the probability to come through every round sent is made least. No plan
    leaves less than the bound; gap is (value - bound) / value. Effectors and targets count from
    0; start-up is not in the seconds.
    """
    from chowki.defence.instance_file import read_instance
    from chowki.defence.static_assignment import solve

    voice = Voice.of(as_json=as_json, quiet=quiet)
    told = read_instance(instance)
    _warm(voice)
    solution = solve(*told, limit_s=limit, nodes=work)
    voice.data(_document(solution), lambda: _show(voice, told, solution))


def _warm(voice: Voice) -> None:
    """Load what solving needs, so that it is not in the seconds."""
    from chowki.defence.static_assignment import solve
    from chowki.kernels.jit import cached
    from chowki.kernels.pricing import price

    if not cached(price):
        voice.remark("chowki: compiling the kernels, once: this takes up to a minute")
    solve([3.0, 2.0, 2.0], [1, 1], [[0.5, 0.5, 0.4], [0.6, 0.5, 0.4]])


def _document(solution: Solution) -> dict[str, Any]:
    return {
        "value": solution.value,
        "bound": solution.bound,
        "gap": solution.gap,
        "seconds": solution.seconds,
        "assignment": [list(pair) for pair in solution.assignment],
        "columns": solution.columns,
        "work": solution.nodes,
        "branches": solution.branches,
    }


def _show(voice: Voice, told: Told, solution: Solution) -> None:
    from collections import Counter

    from chowki.cli.show import table

    used = Counter(solution.assignment)
    columns = ("effector", "target", "rounds", "kill probability")
    kill = told.kill_probability
    rows: list[dict[str, Any]] = [
        dict(zip(columns, (s, t, n, float(kill[s, t])), strict=True))
        for (s, t), n in sorted(used.items())
    ]
    if rows:
        voice.out.print(table({name: name for name in columns}, rows))
    s = solution
    voice.out.print(
        f"value left {s.value:.10g}, bound {s.bound:.10g}, gap {100.0 * s.gap:.3g} %, "
        f"{s.seconds:.3f} s; {len(s.assignment)} of {told.rounds.sum()} rounds spent",
        highlight=False,
    )
