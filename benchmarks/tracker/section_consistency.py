"""Section: is the filter as sure as it should be, near the bound, its covariance positive."""

from __future__ import annotations

from collections.abc import Sequence

import consistency
import consistency_cases as cases
import numpy as np
import strain
from bench import Bench, Figures

from page import Table, most

RUNS, STEPS, SEED = 1_000, 1_000_000, 1
BOUND = 1.1
COMMANDS = ("python benchmarks/tracker/run.py --only consistency",)
ABOUT = (
    f"{RUNS:,} runs each: the first state drawn from the filter's prior, the truth from its own"
    " motion model by exact discretisation in other code, plots from its own measurement model."
    " NEES over its 4 or 6 numbers and NIS over the numbers measured, both 1 when the filter is as"
    " sure as it should be, after the third plot and at a third, two thirds and the end of the"
    " flight; **bold** outside the two-sided chi-square band at alpha = 0.001, taken for each"
    " figure by itself: with so many figures one may fall outside by chance alone. With several"
    " modes both are those of the mode that the target is truly in: given the mode the filter takes"
    " the state for Gaussian, the mixture over modes has no chi-square band. It isn't Gaussian even"
    " then when targets have just changed mode, so that single runs weigh heavily."
)
ABOUT_CURVED = (
    "Quiet flight where the measurement bends over the spread of the state. Beside it an extended"
    " Kalman filter as textbooks have it, in NumPy, on the same truths and plots."
)
ABOUT_BOUND = (
    f"Straight flight (0.1 m²/s³), {RUNS:,} runs: RMS position error over the posterior Cramér-Rao"
    " bound (Tichavsky and others 1998). Where one number dominates, as the height that no sensor"
    " measures, the RMS of so many runs is itself known to 2.2 %."
)
ABOUT_STEPS = (
    "Steps of 0.001 to 300 s, noise from a thousandth to a thousand times the usual, late plots,"
    " all slots and modes. Every covariance factored, predicted and updated; each hundredth with"
    " its least eigenvalue as a correlation matrix."
)


def tables(bench: Bench) -> list[Table]:
    """Return NEES and NIS, the curved cases, the bound, and the steps."""
    return [_ordinary(bench), _curved(bench), _bound(bench), _steps(bench)]


def _ordinary(bench: Bench) -> Table:
    body = []
    for model in cases.MODELS:
        for kind in cases.KINDS:
            row = bench.row(
                lambda m=model, k=kind: _figures(cases.case(m, k)),
                step="consistency",
                tool="chowki",
                model=model,
                kind=kind,
                runs=RUNS,
            )
            body.append([model, kind, _cells(row["nees"]), _cells(row["nis"])])
    columns = ("motion", "sensors", "NEES", "NIS")
    return Table("NEES and NIS", ABOUT, columns, body, COMMANDS)


def _curved(bench: Bench) -> Table:
    body = []
    for name, case in cases.curved().items():
        row = bench.row(
            lambda c=case: _figures(c) | {"plain": _plain(c)},
            step="consistency",
            tool="chowki",
            model="curved",
            kind=name,
            runs=RUNS,
        )
        body.append([name, *(_cells(row[part]) for part in ("nees", "nis", "plain"))])
    columns = ("sensors", "NEES", "NIS", "NEES of a plain extended filter")
    return Table("NEES and NIS where measurements bend", ABOUT_CURVED, columns, body, COMMANDS)


def _bound(bench: Bench) -> Table:
    body = []
    for kind in cases.KINDS:
        if "late" in kind:
            continue
        row = bench.row(
            lambda k=kind: _near_bound(cases.calm(k)),
            step="consistency",
            tool="chowki",
            model="bound",
            kind=kind,
            runs=RUNS,
        )
        body.append([kind, *(f"{ratio:.3f}" for ratio in row["ratio"])])
        body[-1][-1] = most(row["ratio"][-1], BOUND, 3)
    columns = ("sensors", "plot 3", "plot 8", "plot 16", "plot 24")
    return Table("RMS error over the Cramér-Rao bound", ABOUT_BOUND, columns, body, COMMANDS)


def _steps(bench: Bench) -> Table:
    row = bench.row(_strained, step="consistency", tool="chowki", model="strain", steps=STEPS)
    cells = [f"{row['steps']:,}", f"{row['updates']:,}", most(row["broken"], 0, 0)]
    columns = ("steps", "updates", "covariances not positive", "least eigenvalue sampled")
    rows = [[*cells, f"{row['least']:.1e}"]]
    return Table("Covariances under strain", ABOUT_STEPS, columns, rows, COMMANDS)


def _figures(case: consistency.Case) -> Figures:
    """Return NEES and NIS at several times, each with its band, over the numbers."""
    out, n = consistency.simulate(case, RUNS, SEED), 2 * case.dimensions
    at = _times(len(out.nees))
    return {
        "nees": [_judged(out.nees[k], n) for k in at],
        "nis": [_judged(out.nis[k], out.freedom[k]) for k in at],
    }


def _plain(case: consistency.Case) -> list[list[float]]:
    nees = consistency.plain(case, RUNS, SEED)
    return [_judged(nees[k], 2 * case.dimensions) for k in _times(len(nees))]


def _near_bound(case: consistency.Case) -> Figures:
    out = consistency.simulate(case, RUNS, SEED)
    bound = consistency.bound_m(case, out)
    rms = [float(np.sqrt(np.mean(np.square(error)))) for error in out.error_m]
    return {"ratio": [rms[k] / float(bound[k]) for k in (2, 7, 15, 23)]}


def _strained() -> Figures:
    out = strain.strained(STEPS, SEED)
    return {
        "steps": out.steps,
        "updates": out.updates,
        "broken": len(out.broken),
        "least": float(out.least),
    }


def _times(plots: int) -> list[int]:
    return [2, plots // 3, 2 * plots // 3, plots - 1]


def _judged(squared: np.ndarray, freedom: int) -> list[float]:
    """Return mean, low and high of the band, over the numbers."""
    low, high = consistency.band(freedom, len(squared))
    return [float(squared.mean()) / freedom, low / freedom, high / freedom]


def _cells(figures: Sequence[Sequence[float]]) -> str:
    shown = [
        f"{mean:.2f}" if low < mean < high else f"**{mean:.2f}**" for mean, low, high in figures
    ]
    return " ".join(shown)
