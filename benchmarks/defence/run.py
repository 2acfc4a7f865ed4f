"""Defence held against its goals and its baselines; writes docs/defence.md.

Run: ``make bench-defence``, or ``python benchmarks/defence/run.py [--only identity,threat]
[--fresh] [--processes 2]``. Nights are kept in out/bench-defence/rows.jsonl: a run that was
stopped goes on, ``--fresh`` plays anew. A section is a file with ``OBSERVER`` (what it watches of
a night, or None) and ``tables(rows)``: to add one, name it in ``SECTIONS``.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import section_assignment
import section_civil
import section_horizon
import section_identity
import section_rules
import section_study
import section_threat
import section_warning
from nights import Figures, Variant, play

from page import put
from rows import Rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "defence.md"
FOLDER = ROOT / "out" / "bench-defence"
SECTIONS: dict[str, ModuleType] = {
    "identity": section_identity,
    "threat": section_threat,
    "warning": section_warning,
    "rules": section_rules,
    "civil": section_civil,
    "assignment": section_assignment,
    "horizon": section_horizon,
    "study": section_study,
}
WATCHED = {name: section.OBSERVER for name, section in SECTIONS.items() if section.OBSERVER}
HALF_HOUR_S = 1_800.0
VARIANTS = (
    Variant("half", "second-wave", range(1, 21), WATCHED, half=True),
    Variant("quiet-night", "quiet-night", range(1, 6), WATCHED),
    Variant("hold", "second-wave", range(1, 4), WATCHED, ('defence.posture.start="hold"',)),
    Variant(
        "silent",
        "second-wave",
        range(1, 4),
        WATCHED,
        until_s=HALF_HOUR_S,
        change=section_identity.silent,
    ),
    Variant(
        "birds",
        "second-wave",
        range(1, 4),
        WATCHED,
        section_identity.BIRDS_TRIPLED,
        until_s=HALF_HOUR_S,
    ),
)
BY_NAME = {variant.name: variant for variant in VARIANTS}


def main() -> None:
    """Play what was not played yet, print the tables, write the page."""
    options = _options()
    with _voice() as say:
        rows = Rows(FOLDER, say)
        if options.fresh:
            rows.forget()
        _play_all(rows, options.processes, say)
        for name in options.only:
            say(f"section {name}")
            text = "\n\n".join(table.markdown() for table in SECTIONS[name].tables(rows))
            print(f"{text}\n", flush=True)
            put(PAGE, name, text)
        put(PAGE, "machine", _machine())


def _play_all(rows: Rows, processes: int, say: Callable[[str], None]) -> None:
    """Play the nights that have no row yet, several at once."""
    missing = [
        (variant.name, seed)
        for variant in VARIANTS
        for seed in variant.seeds
        if not rows.has(variant=variant.name, seed=seed)
    ]
    if not missing:
        return
    say(f"{len(missing)} nights to play")
    # spawned: what one night leaves in a process must not reach the next one by a fork
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        playing = {pool.submit(night, *which): which for which in missing}
        for done in as_completed(playing):
            variant, seed = playing[done]
            figures = done.result()
            rows.row(lambda figures=figures: figures, variant=variant, seed=seed)
            say(f"{variant}, seed {seed}: {figures['wall_s']:.0f} s")


def night(variant: str, seed: int) -> Figures:
    """Return the figures of one night."""
    begin = time.perf_counter()
    figures = play(BY_NAME[variant], seed)
    return {**figures, "wall_s": time.perf_counter() - begin}


@contextmanager
def _voice() -> Generator[Callable[[str], None], None, None]:
    """Yield how to say what was done: beside a spinner on a terminal, else in lines."""
    from rich.console import Console

    console = Console(stderr=True)

    def say(words: str) -> None:
        console.print(words, highlight=False, markup=False, soft_wrap=True)

    if not console.is_terminal:
        yield say
        return
    with console.status("playing"):
        yield say


def _machine() -> str:
    """Return what the figures were measured on."""
    from importlib.metadata import version

    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "chowki"))
    return (
        f"Python {platform.python_version()}, {packages}; one core a night."
        " `make bench-defence` measures it anew."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SECTIONS))
    parser.add_argument("--fresh", action="store_true", help="forget all rows")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    unknown = set(options.only) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return options


if __name__ == "__main__":
    main()
