"""Modes of motion of all tracks: entries that are written once and never changed."""

from __future__ import annotations

import numpy as np

from chowki.core.table import F64, I64
from chowki.kernels.modes import SPACE_TURNING

MODES, SIZE = 3, len(SPACE_TURNING)
ROOM = 1024


class ModePool:
    """A growing store of modes; a track names its entry by row.

    An update writes new entries behind all others and leaves the old ones, so that a picture is
    a value although nothing is copied: earlier pictures still find what they name.

    Parameters
    ----------
    state, covariance, probability : F64
        Shapes (r, 3, 7), (r, 3, 7, 7), (r, 3).
    filled : int
        Entries written.
    """

    __slots__ = ("covariance", "filled", "probability", "state")

    def __init__(self, state: F64, covariance: F64, probability: F64, filled: int) -> None:
        self.state, self.covariance, self.probability = state, covariance, probability
        self.filled = filled

    @classmethod
    def empty(cls) -> ModePool:
        """Return a pool without entries or room."""
        return cls._of(0)

    @classmethod
    def _of(cls, rows: int) -> ModePool:
        return cls(
            np.zeros((rows, MODES, SIZE)), np.zeros((rows, MODES, SIZE, SIZE)),
            np.zeros((rows, MODES)), 0,
        )  # fmt: skip

    def with_room(self, rows: int) -> ModePool:
        """Return this pool when it has room for so many entries, else a larger copy of it."""
        if self.filled + rows <= len(self.probability):
            return self
        larger = ModePool._of(2 * (self.filled + rows) + ROOM)
        larger._take(self, slice(0, self.filled))
        return larger

    def only(self, rows: I64) -> ModePool:
        """Return a pool of some entries, in the order given."""
        smaller = ModePool._of(2 * len(rows) + ROOM)
        smaller._take(self, rows)
        return smaller

    def enter(self, state: F64, covariance: F64) -> I64:
        """Write entries in quiet flight, (b, 6) and (b, 6, 6); return their rows."""
        rows = self.filled + np.arange(len(state))
        if not len(rows):
            return rows
        self.state[rows, 0, :6] = state
        self.covariance[rows, 0, :6, :6] = covariance
        self.probability[rows, 0] = 1.0
        self.filled += len(rows)
        return rows

    def _take(self, other: ModePool, rows: I64 | slice) -> None:
        taken = other.probability[rows]
        n = len(taken)
        self.state[:n], self.covariance[:n] = other.state[rows], other.covariance[rows]
        self.probability[:n], self.filled = taken, n
