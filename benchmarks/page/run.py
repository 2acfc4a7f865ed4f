"""The page and its server held against their goals; writes docs/page.md.

Run: ``make bench-page``, or ``python benchmarks/page/run.py [--only browser,server,memory]
[--hours 1] [--fresh]``. Rows are kept in out/bench-page/rows.jsonl: a run that was stopped goes on,
``--fresh`` measures the named sections anew. The slope of memory takes hours: it is measured only
where it is named.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from page import machine, section_browser, section_memory, section_server
from page.chromium import NoChromium, find
from page.tables import Table, put
from rows import Rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "page.md"
FOLDER = ROOT / "out" / "bench-page"
SECTIONS = ("browser", "server", "memory")
USUAL = ["browser", "server"]


def main() -> None:
    """Measure what was not measured yet, print the tables, write the page."""
    options = _options()
    rows = Rows(FOLDER, lambda words: print(words, file=sys.stderr, flush=True))
    for name in options.only:
        if options.fresh:
            rows.forget(section=name)
        text = "\n\n".join(table.markdown() for table in _tables(name, rows, options.hours))
        print(f"{text}\n", flush=True)
        put(PAGE, name, text)
    put(PAGE, "machine", _machine())


def _tables(name: str, rows: Rows, hours: float) -> list[Table]:
    if name == "memory":
        return section_memory.tables(rows, hours)
    return {"browser": section_browser, "server": section_server}[name].tables(rows)


def _machine() -> str:
    """Return what the figures were measured on."""
    done = subprocess.run([find(), "--version"], capture_output=True, text=True, check=True)
    browser = " ".join(done.stdout.split()[:2])
    packages = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "websockets", "chowki"))
    return (
        f"{machine.describe()}; {browser}, headless; {packages}. Browser, server and clients share"
        " the machine, so each slows the others. `make bench-page` measures it anew."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=USUAL)
    parser.add_argument("--fresh", action="store_true", help="measure the named sections anew")
    parser.add_argument("--hours", type=float, default=1.0, help="how long memory is watched")
    options = parser.parse_args()
    unknown = set(options.only) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    try:
        find()
    except NoChromium as error:
        parser.error(str(error))
    return options


if __name__ == "__main__":
    main()
