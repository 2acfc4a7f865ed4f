"""Every benchmark, one after the other, on one core; writes the tables in README.md and docs/.

Run: ``make bench``, or ``python benchmarks/run.py [--only start,tracker]``. Compilation is left
out: each program runs once, shortly, before it is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CHOWKI = str(Path(sys.executable).with_name("chowki"))
PAGES = (ROOT / "README.md", ROOT / "docs" / "benchmarks.md")
MEASURED = re.compile(r"(<!-- measured -->\n).*?(<!-- end of measured -->)", re.S)
SCENARIOS = ("single-site", "second-wave", "quiet-night", "saturation")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, the figure, and how."""

    what: str
    figure: str
    how: str


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    chosen = parser.parse_args().only.split(",")
    _use_one_core()
    rows: list[Row] = []
    for name in chosen:
        print(f"measuring: {name}", file=sys.stderr)
        for row in PARTS[name]():
            print(f"{row.what}: {row.figure}", file=sys.stderr)
            rows.append(row)
    table = _table(rows)
    print(table)
    if set(chosen) == set(PARTS):
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            page.write_text(
                MEASURED.sub(lambda m: f"{m[1]}{table}\n{m[2]}", text), encoding="utf-8"
            )


def _use_one_core() -> None:
    """Keep this process and its children on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _scenario_rows() -> Iterator[Row]:
    """Yield the speed of each shipped scenario with everything on."""
    for name in SCENARIOS:
        _run(name, "--until", "120")
        summary = _run(name)["summary"]
        speed, wall_s = summary["simulated_s"] / summary["wall_s"], summary["wall_s"]
        how = f"{summary['simulated_s']:,.0f} s of scenario in {wall_s:.1f} s"
        yield Row(f"scenario `{name}`", f"{speed:,.0f} times real time", how)


def _run(name: str, *options: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return _json_of([CHOWKI, "run", name, "--json", "--out", f"{folder}/run", *options])


def _tracker_rows() -> Iterator[Row]:
    """Yield the tracker's time per scan, by the number of targets."""
    for row in _script("bench_tracker.py")["tracker"]:
        figure = f"{row['scan_ms']:,.2f} ms a scan"
        how = f"and {row['tick_ms']:,.2f} ms a tick; belief propagation, as many false plots"
        yield Row(f"tracker, {row['targets']:,} targets", figure, how)


def _journal_rows() -> Iterator[Row]:
    for row in _script("bench_journal.py")["journal"]:
        yield Row(f"journal, {row['what']}", f"{row['rows_per_s']:,.0f} rows/s", row["how"])


def _start_rows() -> Iterator[Row]:
    """Yield how long the command line takes to start: the median of nine."""
    for words in (["--version"], ["--help"], ["check", "single-site"]):
        times = [_seconds(lambda words=words: _output([CHOWKI, *words])) for _ in range(10)][1:]
        name = f"start-up, `chowki {' '.join(words)}`"
        yield Row(name, f"{statistics.median(times):.2f} s", "median of nine, wall time")


def _seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _script(name: str) -> dict[str, Any]:
    return _json_of([sys.executable, str(ROOT / "benchmarks" / name), "--json"])


def _json_of(command: list[str]) -> dict[str, Any]:
    return json.loads(_output(command))


def _output(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


def _table(rows: list[Row]) -> str:
    lines = ["| what | figure | how |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.figure} | {row.how} |" for row in rows]
    return "\n".join([*lines, "", _machine()])


def _machine() -> str:
    """Return what the figures were measured on."""
    from importlib.metadata import version

    python = f"Python {platform.python_version()}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "chowki"))
    return f"One core of {_processor()}; {python}, {packages}. `make bench` measures it anew."


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), re.M)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "scenarios": _scenario_rows,
    "tracker": _tracker_rows,
    "journal": _journal_rows,
    "start": _start_rows,
}

if __name__ == "__main__":
    main()
