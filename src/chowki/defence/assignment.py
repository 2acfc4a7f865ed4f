"""Allocators: how limited rounds are spent on threats."""

from __future__ import annotations

import numpy as np

from chowki.core.table import F64, I64
from chowki.kernels.assign import greedy


class Greedy:
    """Spends one round after the other where it takes most expected value away.

    Takes no parameters. See ``kernels.assign.greedy`` for how good that is.
    """

    def assign(self, value: F64, kill: F64, rounds: I64) -> I64:
        """Return rounds of each site on each target, shape (s, t)."""
        return greedy(
            np.ascontiguousarray(value, dtype=np.float64),
            np.ascontiguousarray(kill, dtype=np.float64),
            np.ascontiguousarray(rounds, dtype=np.int64),
        )
