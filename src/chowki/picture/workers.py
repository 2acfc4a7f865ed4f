"""The row-wise kernels on several threads: the same numbers for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np

from chowki.core.table import F64, I64
from chowki.kernels.bernoulli import update
from chowki.kernels.gate import Bernoullis, candidates
from chowki.kernels.modes import Motion, Size
from chowki.picture.clusters import Observation, Pairs

Item = TypeVar("Item")
Result = TypeVar("Result")
ROWS_WORTH_A_PART = 500
# Parts for each thread: rows differ in how much there is to do, old tracks stand first.
PARTS_A_THREAD = 4


class Workers:
    """Gates and updates tracks, many at a time in parts.

    Rows do not depend on each other in either kernel, so parts change no bit.

    Parameters
    ----------
    size, motion
        As in ``kernels.gate.candidates``.
    threads : int
        At the most; kernels leave the interpreter's lock.
    """

    def __init__(self, size: Size, motion: Motion, threads: int) -> None:
        self._size, self._motion, self._threads = size, motion, threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def _parts(self, rows: int) -> list[slice]:
        if self._pool is None:
            return [slice(0, rows)]
        parts = max(1, min(PARTS_A_THREAD * self._threads, rows // ROWS_WORTH_A_PART))
        edges = np.linspace(0, rows, parts + 1).astype(int)
        return [slice(int(a), int(b)) for a, b in pairwise(edges)]

    def each(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return what a function makes of each item, in their order."""
        if self._pool is None or len(items) <= 1:
            return [function(item) for item in items]
        return list(self._pool.map(function, items))

    def rows(self, columns: Sequence[F64], kept: I64, fresh: int = 0) -> list[F64]:
        """Return some rows of each column, with rows of zeros behind them."""
        found = [np.empty((len(kept) + fresh, *column.shape[1:])) for column in columns]

        def fill(part: slice) -> None:
            for column, out in zip(columns, found, strict=True):
                # without a mode a copy is made first
                np.take(column, kept[part], axis=0, out=out[part], mode="clip")

        self.each(fill, self._parts(len(kept)))
        for out in found:
            out[len(kept) :] = 0.0
        return found

    def copies(self, columns: Sequence[F64]) -> list[F64]:
        """Return copies of columns of equal length."""
        if self._pool is None:
            return [column.copy() for column in columns]
        found = [np.empty_like(column) for column in columns]

        def fill(part: slice) -> None:
            for column, out in zip(columns, found, strict=True):
                out[part] = column[part]

        self.each(fill, self._parts(len(columns[0])))
        return found

    def candidates(self, tracks: Bernoullis, rows: I64, chance: F64, seen: Observation) -> Pairs:
        """Return the candidate pairs of some rows, as ``kernels.gate.candidates``."""

        def gate(part: slice) -> Pairs:
            return candidates(
                self._size, self._motion, tracks, rows[part], chance[part], seen.plots, seen.bits,
                seen.scan_bits, seen.view, seen.start_s, seen.end_s,
            )  # fmt: skip

        found = self.each(gate, self._parts(len(rows)))
        if len(found) == 1:
            return found[0]
        sizes = np.cumsum([0, *(len(plots) for _, plots, _ in found)])
        starts = [one[0][1:] + size for one, size in zip(found, sizes, strict=False)]
        return (
            np.concatenate([np.zeros(1, np.int64), *starts]),
            np.concatenate([one[1] for one in found]),
            np.concatenate([one[2] for one in found]),
        )

    def update(
        self, tracks: Bernoullis, rows: I64, chance: F64, shares: tuple[Pairs, F64, I64],
        seen: Observation, fresh: int,
    ) -> tuple[I64, F64, int]:  # fmt: skip
        """Update some rows in place, as ``kernels.bernoulli.update``.

        Parameters
        ----------
        tracks, rows, chance, seen
            As above.
        shares : tuple
            CSR starts, plots, probabilities; probability of a miss; rows to leave out (1).
        fresh : int
            Where modes are written, or -1: in place.
        """
        (starts, pair_plot, share), missed, skipped = shares

        def correct(part: slice) -> tuple[I64, F64, int]:
            lo, hi = starts[part.start], starts[part.stop]
            own = starts[part.start : part.stop + 1] - lo
            return update(
                self._size, self._motion, tracks, rows[part], chance[part],
                (own, pair_plot[lo:hi], share[lo:hi], missed[part]), seen.plots, seen.bits,
                seen.view, skipped[part], fresh + part.start if fresh >= 0 else -1,
            )  # fmt: skip

        done = self.each(correct, self._parts(len(rows)))
        if len(done) == 1:
            return done[0]
        cause, sure, _ = done[0]
        for more_cause, more_sure, _ in done[1:]:
            better = more_sure > sure
            cause[better], sure[better] = more_cause[better], more_sure[better]
        return cause, sure, fresh + len(rows) if fresh >= 0 else -1
