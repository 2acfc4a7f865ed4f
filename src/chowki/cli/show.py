"""What people see: summaries and comparisons as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from chowki.cli.voice import Voice


def table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table for the terminal.

    Parameters
    ----------
    columns : Mapping
        Heading to key of the row.
    rows : iterable of Mapping
        What stands in it.
    """
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in columns:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(*(_cell(row.get(key)) for key in columns.values()))
    return grid


def run_document(run: Any) -> dict[str, Any]:
    """Return what ``--json`` gives of a run: summary and files."""
    files = {path.name: str(path) for path in _files(Path(run.folder))}
    return {"summary": run.summary(), "folder": str(run.folder), "files": files}


def show_run(voice: Voice, run: Any) -> None:
    """Print the summary, the situation report and the files of a run."""
    rows = [{"key": key.replace("_", " "), "value": value} for key, value in _flat(run.summary())]
    voice.out.print(table({"run": "key", "": "value"}, rows))
    folder = Path(run.folder)
    sitrep = folder / "sitrep.txt"
    if sitrep.exists():
        voice.out.print()
        voice.out.print(sitrep.read_text(encoding="utf-8"), highlight=False, markup=False)
    voice.remark("\n".join(["Written:", *(f"  {path}" for path in _files(folder))]))


def show_comparison(voice: Voice, comparison: Any) -> None:
    """Print what two runs differ in."""
    document = comparison.document()
    rows = [{"key": key.replace("_", " "), "value": value} for key, value in _flat(document)]
    voice.out.print(table({"compared": "key", "": "value"}, rows))


def _files(folder: Path) -> list[Path]:
    """Return what a run wrote, whole folders as one."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _flat(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in document.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key} ")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000.0 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    return str(value)
