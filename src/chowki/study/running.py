"""Playing a study: in processes, resumable, each run written down as soon as it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from chowki.core.errors import OutputError, UsageError
from chowki.study.plan import Study, Variant
from chowki.study.playing import FIGURES, play

Row = dict[str, float]
Rows = dict[tuple[str, int], Row]
ROWS, PLAN = "rows.jsonl", "study.json"


def run_study(
    study: Study,
    folder: Path,
    *,
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Rows:
    """Play what was not played yet, and return all rows by variant and seed.

    Parameters
    ----------
    study : Study
        What to play.
    folder : Path
        Where rows are kept: a study that was stopped goes on from there.
    processes : int
        Runs at once; 1 plays in this process.
    progress : callable, optional
        Told of runs done and runs in all.

    Raises
    ------
    UsageError
        If the folder holds rows of another study.
    ScenarioError
        If a variant makes an invalid scenario.
    OutputError
        If the folder can't be written.
    """
    noted = study.digests()
    rows = _opened(folder, noted)
    wanted = [(variant, seed) for seed in study.seeds for variant in study.variants]
    missing = [(v, s) for v, s in wanted if (v.name, s) not in rows]
    tell = progress or _tell_nobody
    tell(len(wanted) - len(missing), len(wanted))

    def keep(variant: Variant, seed: int, figures: Row) -> None:
        rows[variant.name, seed] = figures
        _append(folder / ROWS, {"variant": variant.name, "seed": seed, "figures": figures})
        tell(sum((v.name, s) in rows for v, s in wanted), len(wanted))

    if processes <= 1:
        for variant, seed in missing:
            keep(variant, seed, play(study.load(variant), seed, study.until_s))
    elif missing:
        _play_apart(study, missing, processes, keep)
    return {(v.name, s): rows[v.name, s] for v, s in wanted}


def _tell_nobody(done: int, total: int) -> None:
    """Take no note of progress."""


def _play_apart(
    study: Study,
    missing: list[tuple[Variant, int]],
    processes: int,
    keep: Callable[[Variant, int, Row], None],
) -> None:
    """Play in other processes; what is not begun is dropped when anything goes wrong."""
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        playing: dict[Future[Row], tuple[Variant, int]] = {
            pool.submit(_play, study, variant, seed): (variant, seed) for variant, seed in missing
        }
        for done in as_completed(playing):
            keep(*playing[done], done.result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _play(study: Study, variant: Variant, seed: int) -> Row:
    return play(study.load(variant), seed, study.until_s)


def _opened(folder: Path, noted: dict[str, Any]) -> Rows:
    """Return the rows that an earlier run of the same study left; note what they belong to."""
    plan = folder / PLAN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if plan.exists():
            _same_study(plan, noted)
        before = json.loads(plan.read_text(encoding="utf-8")) if plan.exists() else {"variants": {}}
        both = {**noted, "variants": {**before["variants"], **noted["variants"]}}
        plan.write_text(json.dumps(both, indent=2) + "\n", encoding="utf-8")
        return _read(folder / ROWS)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror or error}; choose another --out") from error


def _same_study(plan: Path, noted: dict[str, Any]) -> None:
    try:
        before = json.loads(plan.read_text(encoding="utf-8"))
        variants: Mapping[str, str] = before["variants"]
        span: float | None = before["until_s"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{plan}: not the note of a study ({error}); choose another --out"
        ) from None
    others = [
        name for name, digest in noted["variants"].items() if variants.get(name, digest) != digest
    ]
    if others or span != noted["until_s"]:
        what = f"variant {others[0]}" if others else "--until"
        raise UsageError(f"{plan}: rows of another study ({what} differs); choose another --out")


def _read(path: Path) -> Rows:
    """Return the whole rows of a file; a line that was cut short by a kill is left out."""
    rows: Rows = {}
    if not path.exists():
        return rows
    text = path.read_text(encoding="utf-8")
    whole, cut = text[: text.rfind("\n") + 1], text[text.rfind("\n") + 1 :]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            row = json.loads(line)
            figures = {name: float(row["figures"][name]) for name in FIGURES}
            rows[str(row["variant"]), int(row["seed"])] = figures
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}: line {number} is no row ({error}); remove it") from None
    if cut:
        path.write_text(whole, encoding="utf-8")
    return rows


def _append(path: Path, row: dict[str, Any]) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error
