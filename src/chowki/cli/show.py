"""What people see: summaries and comparisons as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from chowki.cli.voice import Voice

if TYPE_CHECKING:
    from chowki.run import Comparison, Paired, Run

MOST_TARGETS = 20


def table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table for the terminal.

    Parameters
    ----------
    columns : Mapping
        Heading to key of the row.
    rows : iterable of Mapping
        What stands in it; a column whose values are all numbers is set to the right.
    """
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    body = list(rows)
    for heading, key in columns.items():
        numbers = all(isinstance(row.get(key), int | float | None) for row in body)
        grid.add_column(heading, overflow="fold", justify="right" if numbers and body else "left")
    for row in body:
        grid.add_row(*(Text(cell(row.get(key))) for key in columns.values()))
    return grid


def cell(value: Any) -> str:
    """Return a value as it stands in a table.

    Examples
    --------
    >>> cell(12345), cell(0.98765), cell(None), cell(True), cell([1, 2])
    ('12,345', '0.9877', '-', 'yes', '1, 2')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000.0 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    return str(value)


def run_document(run: Run, written: Path) -> dict[str, Any]:
    """Return what ``--json`` gives of a run: its summary, and the files below ``written``."""
    files = [str(path) for path in _files(written)]
    return {"summary": _with_speed(run.summary()), "folder": str(written), "files": files}


def show_run(voice: Voice, run: Run, written: Path) -> None:
    """Print the summary and the situation report of a run, and name the files."""
    summary = _with_speed(run.summary())
    digest, seed = summary.pop("digest"), summary.pop("seed")
    rows = [{"what": key.replace("_", " "), "value": value} for key, value in summary.items()]
    voice.out.print(table({"run": "what", "": "value"}, rows))
    voice.out.print(f"seed {seed}, digest {digest}", highlight=False)
    sitrep = written / "sitrep.txt"
    if sitrep.exists():
        text = sitrep.read_text(encoding="utf-8")
        voice.out.print(f"\n{text}", highlight=False, markup=False)
    voice.remark("\n".join(["Written:", *(f"  {path}" for path in _files(written))]))


def show_paired(voice: Voice, paired: Paired) -> None:
    """Print a run beside the same without its operator."""
    columns = {"": "name", "with the operator": "with", "without": "without"}
    voice.out.print(table(columns, paired.figures))


def show_comparison(voice: Voice, comparison: Comparison) -> None:
    """Print what two runs differ in."""
    if comparison.equal:
        voice.out.print("equal to the last bit")
        return
    say = voice.out.print
    say(f"first difference: {comparison.first_difference}", highlight=False, markup=False)
    say(", ".join(f"{'same' if s else 'other'} {name}" for name, s in comparison.same.items()))
    pairs = comparison.rows | {f"attackers {k}": v for k, v in comparison.fates.items()}
    rows = [
        {"what": name, "first": first, "second": second, "change": second - first}
        for name, (first, second) in pairs.items()
    ]
    say(table({"": "what", "first": "first", "second": "second", "change": "change"}, rows))
    _show_places(voice, comparison.places)
    _show_targets(voice, comparison.targets)


def _show_places(voice: Voice, places: list[dict[str, Any]]) -> None:
    if places:
        columns = {"place": "place", "leakers": "leakers", "first warning (s)": "first_warning_s"}
        voice.out.print("\nplaces whose outcome differs, first and second run")
        voice.out.print(table(columns, places))


def _show_targets(voice: Voice, targets: list[dict[str, Any]]) -> None:
    if targets:
        voice.out.print(f"\n{len(targets):,} targets ended differently")
        columns = {"target": "target", "first": "first", "second": "second"}
        voice.out.print(table(columns, targets[:MOST_TARGETS]))
    if len(targets) > MOST_TARGETS:
        voice.out.print("... --json gives all of them")


def _with_speed(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the summary with simulated seconds per wall second beside them."""
    wall_s = summary.get("wall_s")
    speed = summary["simulated_s"] / wall_s if wall_s else None
    items: dict[str, Any] = {}
    for key, value in summary.items():
        items[key] = value
        if key == "wall_s":
            items["times_real_time"] = speed
    return items


def _files(folder: Path) -> list[Path]:
    """Return what a run wrote; a folder stands for all in it."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
