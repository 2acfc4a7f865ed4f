"""The tracker held against its goals and against Stone Soup; writes docs/tracker.md.

Run: ``make bench-tracker``, or ``python benchmarks/tracker/run.py [--only ncv,crossing] [--fresh
[chowki]]``. Everything runs on one core. Rows are kept in out/bench-tracker/rows.jsonl: a run that
was stopped goes on, ``--fresh`` measures anew. A section is a file with a function that takes the
``Bench`` and returns tables: to add one, name it in ``SECTIONS``.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import ncv
import section_consistency
import section_crossing
import section_faults
import section_flights
import section_mismatch
import section_ncv
import section_second_wave
import section_space
import section_start
from bench import PEERS, ROOT, Bench

from page import Table, put

PAGE, README = ROOT / "docs" / "tracker.md", ROOT / "README.md"
FOLDER = ROOT / "out" / "bench-tracker"
SECTIONS: dict[str, Callable[[Bench], list[Table]]] = {
    "ncv": section_ncv.tables,
    "space": section_space.tables,
    "mismatch": section_mismatch.tables,
    "crossing": section_crossing.tables,
    "consistency": section_consistency.tables,
    "second-wave": section_second_wave.tables,
    "flights": section_flights.tables,
    "faults": section_faults.tables,
    "start": section_start.tables,
}


def main() -> None:
    """Measure what is not measured yet, print the tables, write the page."""
    options = _options()
    _use_one_core()
    with _voice() as (title, say):
        bench = Bench(FOLDER, say, sizes=options.sizes, seeds=options.seeds, draws=options.draws)
        if options.fresh is not None:
            bench.forget(**({"tool": options.fresh} if options.fresh else {}))
        _warm(bench)
        for name in options.only:
            title(name)
            tables = SECTIONS[name](bench)
            text = "\n\n".join(table.markdown() for table in tables)
            print(f"{text}\n", flush=True)
            if options.whole:
                put(PAGE, name, text)
            if options.whole and name == "ncv":
                put(README, "tracker", tables[1].markdown())
    if options.whole:
        put(PAGE, "machine", _machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", type=_words, default=list(SECTIONS), help=f"some of {', '.join(SECTIONS)}"
    )
    parser.add_argument("--fresh", nargs="?", const="", help="forget all rows, or a tool's rows")
    parser.add_argument("--sizes", type=_numbers, default=Bench.sizes, help="such as 100,1000")
    parser.add_argument("--seeds", type=_numbers, default=Bench.seeds, help="such as 0,1")
    parser.add_argument("--draws", type=_numbers, default=Bench.draws, help="truths,plots of each")
    options = parser.parse_args()
    unknown = set(options.only) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if not PEERS.exists():
        parser.error("Stone Soup's environment is not there: make bench-tracker makes it")
    chosen = (options.sizes, options.seeds, options.draws)
    options.whole = chosen == (Bench.sizes, Bench.seeds, Bench.draws)
    return options


def _words(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _use_one_core() -> None:
    """Keep this process and its children on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _warm(bench: Bench) -> None:
    """Let every kernel compile before anything is measured."""
    night = ncv.Night(targets=30, seed=1, scans=8)
    with bench.files(lambda folder: ncv.write(night, folder)) as folder:
        for associator in section_ncv.CHOWKI:
            bench.track(folder(), section_ncv.CUTOFF_M, "--associator", associator)


@contextmanager
def _voice() -> Generator[tuple[Callable[[str], None], Callable[[str], None]], None, None]:
    """Yield how to say what is measured now and what was: drawn on a terminal, else in lines."""
    from rich.console import Console

    console = Console(stderr=True)

    def say(words: str) -> None:
        console.print(words, highlight=False, markup=False, soft_wrap=True)

    if not console.is_terminal:
        yield lambda name: say(f"section {name}"), say
        return
    with console.status("warming up") as status:
        yield lambda name: status.update(f"measuring: {name}"), say


def _machine() -> str:
    """Return what the figures were measured on."""
    from importlib.metadata import version

    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "chowki"))
    pins = Path(__file__).with_name("requirements-peers.txt").read_text(encoding="utf-8")
    peer = re.search(r"^stonesoup==(\S+)", pins, re.M)
    return (
        f"One core of {_processor()}; Python {platform.python_version()}, {packages};"
        f" Stone Soup {peer[1] if peer else '?'} in an environment of its own."
        " `make bench-tracker` measures it anew."
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), re.M)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
