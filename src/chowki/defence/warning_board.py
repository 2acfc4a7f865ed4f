"""The board of warnings: up when a condition has lasted, down by an all clear alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chowki.core.records import WarningLevel
from chowki.core.table import F64, I8, I64
from chowki.defence.warning_parameters import WarningParameters

B8 = NDArray[np.bool_]
_NONE, _ADVISORY = int(WarningLevel.NONE), int(WarningLevel.ADVISORY)
_COVER, _CLEAR = int(WarningLevel.TAKE_COVER), int(WarningLevel.ALL_CLEAR)


@dataclass(frozen=True, slots=True)
class WarningBoard:
    """What every place, or every area that matters now, has been told; one entry each.

    Attributes
    ----------
    cell : I64
        Shape (n,): number of the area's cell (``core.cells``), -1 for a place.
    level : I8
        WarningLevel.
    number : I64
        Number of its warning, -1 none.
    issued_s, expires_s : F64
        When first issued, when it lapses.
    advisory_since_s, cover_since_s : F64
        Since when each condition has held without a break, NaN when it does not.
    quiet_since_s : F64
        Since when nothing has threatened enough to hold the warning, NaN when something does.
    next_number : int
        Number of the next warning.
    """

    cell: I64
    level: I8
    number: I64
    issued_s: F64
    expires_s: F64
    advisory_since_s: F64
    cover_since_s: F64
    quiet_since_s: F64
    next_number: int = 1


@dataclass(frozen=True, slots=True)
class WarningBoards:
    """The state of all warnings.

    Attributes
    ----------
    places, areas : WarningBoard
        To places, by index; to areas under a track.
    areas_due_s : float
        UTC seconds at which areas are looked at next.
    """

    places: WarningBoard
    areas: WarningBoard
    areas_due_s: float = -np.inf


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds at one time for every entry of a board.

    Attributes
    ----------
    advisory, cover : B8
        Shape (n,): enough threatens for an advisory; for taking cover.
    held : B8
        Shape (n,): enough threatens to hold what was raised.
    """

    advisory: B8
    cover: B8
    held: B8


def blank(cell: I64) -> WarningBoard:
    """Return a board on which nothing is told."""
    n = len(cell)
    never = np.full(n, np.nan)
    return WarningBoard(
        cell, np.zeros(n, dtype=np.int8), np.full(n, -1), never, never, never, never, never
    )


def raised(level: I8) -> B8:
    """Return where a warning stands."""
    return (level == _ADVISORY) | (level == _COVER)


def with_cells(board: WarningBoard, cells: I64) -> WarningBoard:
    """Return a board with these areas on it, and without areas where nothing stands or begins.

    Parameters
    ----------
    board : WarningBoard
        The board before.
    cells : I64
        Shape (m,): areas that matter now, each once.
    """
    kept = (board.level != _NONE) | np.isin(board.cell, cells)
    new = blank(cells[~np.isin(cells, board.cell)])
    if kept.all() and not len(new.cell):
        return board
    columns = {
        name: np.concatenate((getattr(board, name)[kept], getattr(new, name)))
        for name in WarningBoard.__slots__
        if name != "next_number"
    }
    return replace(board, **columns)


def advance(
    board: WarningBoard, told: Conditions, patience_s: float, f: WarningParameters, time_s: float
) -> tuple[WarningBoard, I64]:
    """Return the board at a time, and the entries whose warning changed or was renewed.

    Parameters
    ----------
    board : WarningBoard
        The board before.
    told : Conditions
        What holds now.
    patience_s : float
        How long a condition must last before it raises a warning.
    f : WarningParameters
        Times.
    time_s : float
        UTC seconds.
    """
    board = replace(
        board,
        advisory_since_s=_since(board.advisory_since_s, told.advisory, time_s),
        cover_since_s=_since(board.cover_since_s, told.cover, time_s),
        quiet_since_s=_since(board.quiet_since_s, ~told.held, time_s),
    )
    level = _next_level(board, patience_s, f, time_s)
    up = raised(level)
    renew = up & (board.expires_s - time_s <= 0.5 * f.valid_s)
    changed = np.flatnonzero((level != board.level) | renew)
    if not len(changed):
        return board, changed
    fresh = up & ~raised(board.level)
    number, expires_s = board.number.copy(), board.expires_s.copy()
    number[fresh] = board.next_number + np.arange(fresh.sum())
    expires_s[changed] = time_s + np.where(up, f.valid_s, f.all_clear_s)[changed]
    after = replace(
        board,
        level=level,
        number=number,
        issued_s=np.where(fresh, time_s, board.issued_s),
        expires_s=expires_s,
        next_number=board.next_number + int(fresh.sum()),
    )
    return after, changed


def _next_level(board: WarningBoard, patience_s: float, f: WarningParameters, time_s: float) -> I8:
    """Return each level: up when a condition lasted, down only by all clear."""
    level = board.level
    up = raised(level)
    cover = time_s - board.cover_since_s >= patience_s
    advisory = time_s - board.advisory_since_s >= patience_s
    quiet = time_s - board.quiet_since_s >= f.clear_after_s
    over = (level == _CLEAR) & (time_s >= board.expires_s)
    after = np.where(over, _NONE, level)
    after = np.where(up & quiet, _CLEAR, after)
    after = np.where(advisory & ~up, _ADVISORY, after)
    return np.where(cover, _COVER, after).astype(np.int8)


def _since(since_s: F64, holds: B8, time_s: float) -> F64:
    """Return since when a condition has held, given whether it holds now."""
    return np.where(holds, np.where(np.isnan(since_s), time_s, since_s), np.nan)
