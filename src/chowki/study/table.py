"""Rows to a table: means, and differences pair by pair, each with its 95 % interval."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import t

from chowki.study.playing import FIGURES

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Cell:
    """A mean and the ends of its interval, infinite with fewer than two runs."""

    mean: float
    low: float
    high: float

    def text(self) -> str:
        """Return mean and interval, readable."""
        if math.isinf(self.low):
            return f"{_short(self.mean)}"
        return f"{_short(self.mean)} [{_short(self.low)}, {_short(self.high)}]"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of one variant.

    Attributes
    ----------
    variant, figure : str
        Which.
    runs : int
        Seeds it was played with.
    value : Cell
        Mean over the runs.
    difference : Cell or None
        Mean of this variant less the reference, seed by seed; None for the reference.
    """

    variant: str
    figure: str
    runs: int
    value: Cell
    difference: Cell | None


def interval(values: Sequence[float]) -> Cell:
    """Return mean and Student's 95 % interval of a sample; of paired differences, the paired one.

    Examples
    --------
    >>> interval([1.0, 2.0, 3.0]).mean
    2.0
    """
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    if len(sample) < 2:
        return Cell(mean, -math.inf, math.inf)
    half = float(t.ppf(0.5 * (1.0 + LEVEL), len(sample) - 1))
    half *= float(sample.std(ddof=1)) / math.sqrt(len(sample))
    return Cell(mean, mean - half, mean + half)


def compare(
    rows: Mapping[tuple[str, int], Mapping[str, float]],
    variants: Sequence[str],
    seeds: Sequence[int],
) -> list[Compared]:
    """Return every figure of every variant; the first variant is the reference."""
    compared: list[Compared] = []
    for figure in FIGURES:
        reference = np.array([rows[variants[0], seed][figure] for seed in seeds])
        for variant in variants:
            values = np.array([rows[variant, seed][figure] for seed in seeds])
            difference = None if variant == variants[0] else interval((values - reference).tolist())
            compared.append(
                Compared(variant, figure, len(seeds), interval(values.tolist()), difference)
            )
    return compared


def markdown(compared: Sequence[Compared]) -> str:
    """Return a table for a page: a row for each figure, a column for each variant."""
    variants = list(dict.fromkeys(row.variant for row in compared))
    head = ["", variants[0]]
    for variant in variants[1:]:
        head += [variant, f"{variant} - {variants[0]}"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for figure, words in FIGURES.items():
        mine = [row for row in compared if row.figure == figure]
        cells = [words]
        for row in mine:
            cells += [row.value.text()] + ([row.difference.text()] if row.difference else [])
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def document(compared: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return the table as what JSON can hold."""
    return [asdict(row) for row in compared]


def comma_separated(compared: Sequence[Compared]) -> str:
    """Return the table as CSV, one line for each figure of each variant."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["figure", "variant", "runs", "mean", "low", "high", "difference", "from", "to"]
    )
    for row in compared:
        ends = [row.value.mean, row.value.low, row.value.high]
        apart = row.difference
        ends += [] if apart is None else [apart.mean, apart.low, apart.high]
        writer.writerow([row.figure, row.variant, row.runs, *(f"{end:.6g}" for end in ends)])
    return out.getvalue()


def _short(value: float) -> str:
    digits = 3 if abs(value) < 1.0 else 2 if abs(value) < 100.0 else 0
    return f"{value:,.{digits}f}"
