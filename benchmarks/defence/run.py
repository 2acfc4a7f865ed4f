"""Defence held against its goals and its baselines; writes docs/defence.md.

Run: ``make bench-defence``, or ``python benchmarks/defence/run.py [--only identity,threat]
[--fresh] [--processes 2]``. Nights are kept in out/bench-defence/rows.jsonl: a run that was
stopped goes on, ``--fresh`` plays anew. A section is a file with ``OBSERVER`` (what it watches of
a night, or None) and ``tables(rows)``: to add one, name it in ``SECTIONS``.
"""

from __future__ import annotations

import argparse
import platform
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from types import ModuleType

from nights import Variant, play

from page import put
from rows import Rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "defence.md"
FOLDER = ROOT / "out" / "bench-defence"
SECTIONS: dict[str, ModuleType] = {}
WATCHED = {name: section.OBSERVER for name, section in SECTIONS.items() if section.OBSERVER}

VARIANTS = (
    Variant(
        "second-wave, half of its places attacked", "second-wave", range(1, 21), WATCHED, half=True
    ),
)


def main() -> None:
    """Play what was not played yet, print the tables, write the page."""
    options = _options()
    rows = Rows(FOLDER, lambda words: print(words, file=sys.stderr, flush=True))
    if options.fresh:
        rows.forget()
    _play_all(rows, options.processes)
    for name in options.only:
        text = "\n\n".join(table.markdown() for table in SECTIONS[name].tables(rows))
        print(f"{text}\n", flush=True)
        put(PAGE, name, text)
    put(
        PAGE,
        "machine",
        f"Python {platform.python_version()}. `make bench-defence` measures it anew.",
    )


def _play_all(rows: Rows, processes: int) -> None:
    missing = [
        (variant, seed)
        for variant in VARIANTS
        for seed in variant.seeds
        if not rows.has(variant=variant.name, seed=seed)
    ]
    with ProcessPoolExecutor(processes) as pool:
        playing = {pool.submit(play, *night): night for night in missing}
        for done in as_completed(playing):
            variant, seed = playing[done]
            rows.row(done.result, variant=variant.name, seed=seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SECTIONS))
    parser.add_argument("--fresh", action="store_true", help="forget all rows")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
