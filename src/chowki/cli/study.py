"""``chowki study``: variants of a scenario, played with the same seeds and compared in pairs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chowki.cli.options import AsJson, Out, Overrides, Quiet, Until, Verbose
from chowki.cli.voice import Voice

if TYPE_CHECKING:
    from chowki.study import Compared, Study

EXAMPLES = """
Examples:
  chowki study saturation --until 600 --seeds 1-20
    --variant plan --variant greedy:parts.allocator=greedy
  chowki study my-front.toml --seeds 1-5,8 --variant short:raid.count=50 --out out/short
"""


def study(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="Name of a shipped scenario, or a TOML file.")
    ],
    variant: Annotated[
        list[str],
        typer.Option(
            "--variant",
            metavar="NAME[:KEY=VALUE,...]",
            help="A name and what it changes; repeatable. The first is the reference.",
        ),
    ],
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="SPANS", help="Such as 1-20 or 1-5,8.")
    ] = "1-20",
    out: Out = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    until: Until = None,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Runs at once.")] = 2,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Play variants of a scenario with the same seeds and compare them pair by pair.

    Every run is written down as soon as it is done: a study that was stopped goes on when it is
    asked for again. The table gives each figure's mean and its difference to the first variant,
    with 95 % intervals (Student's t on the pairs).
    """
    from chowki.study import Study, seeds_of, variant_of
    from chowki.study.table import document, markdown

    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    variants = tuple(variant_of(text) for text in variant)
    asked = Study(scenario, variants, seeds_of(seeds), tuple(overrides), until)
    folder = out or Path("out") / f"study-{Path(scenario).stem}"
    compared = _played(voice, asked, folder, processes)
    _write(folder, compared)
    told = {"scenario": scenario, "seeds": list(asked.seeds), "figures": document(compared)}
    voice.data(told, lambda: voice.out.print(markdown(compared), markup=False, end=""))
    voice.remark(f"chowki: rows and tables in {folder}")


def _played(voice: Voice, asked: Study, folder: Path, processes: int) -> list[Compared]:
    from chowki.study import compare, run_study

    try:
        with _bar(voice, len(asked.seeds) * len(asked.variants)) as progress:
            rows = run_study(asked, folder, processes=processes, progress=progress)
    except KeyboardInterrupt:
        voice.remark(f"chowki: stopped; the rows in {folder} are kept, the same command goes on")
        raise typer.Exit(130) from None
    return compare(rows, [variant.name for variant in asked.variants], asked.seeds)


def _write(folder: Path, compared: Sequence[Compared]) -> None:
    from chowki.core.errors import OutputError
    from chowki.study.table import comma_separated, markdown

    try:
        (folder / "table.md").write_text(markdown(compared), encoding="utf-8")
        (folder / "table.csv").write_text(comma_separated(compared), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror or error}") from error


@contextmanager
def _bar(voice: Voice, runs: int) -> Generator[Callable[[int, int], None] | None]:
    """Yield what is told of runs done, None when nobody watches."""
    if voice.quiet or voice.as_json or not voice.err.is_terminal:
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("runs"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=voice.err, expand=True, refresh_per_second=1) as bar:
        task = bar.add_task("", total=runs)
        yield lambda done, total: bar.update(task, completed=done, total=total)
