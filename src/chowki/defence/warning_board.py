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
_TO_PROPOSED = int(WarningLevel.PROPOSED_ADVISORY) - _ADVISORY


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
    proposed : I8
        WarningLevel that waits for a person to send or cancel it, 0 none.
    proposal : I64
        Number under which it is proposed, and sent if nothing stands by then; -1 none.
    proposed_s : F64
        Since when it waits, NaN when nothing does.
    held_until_s : F64
        Until when what a person sent is held, NaN when nobody did.
    said : I8
        What a person said since the last step: a WarningLevel to send, -1 to cancel, 0 nothing.
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
    proposed: I8
    proposal: I64
    proposed_s: F64
    held_until_s: F64
    said: I8
    next_number: int = 1


@dataclass(frozen=True, slots=True)
class Withheld:
    """A warning that a person cancelled.

    Attributes
    ----------
    place, cell : int
        The place, or else the area; -1 for the other.
    level : int
        WarningLevel that was cancelled, and what is below it.
    tracks : frozenset of int
        The tracks that had raised it: they do so no more, others still do.
    last_s : float
        UTC seconds at which one of them was last seen to threaten it.
    """

    place: int
    cell: int
    level: int
    tracks: frozenset[int]
    last_s: float


@dataclass(frozen=True, slots=True)
class WarningBoards:
    """The state of all warnings.

    Attributes
    ----------
    places, areas : WarningBoard
        To places, by index; to areas under a track.
    areas_due_s : float
        UTC seconds at which areas are looked at next.
    withheld : tuple of Withheld
        What persons cancelled, and on account of which tracks.
    """

    places: WarningBoard
    areas: WarningBoard
    areas_due_s: float = -np.inf
    withheld: tuple[Withheld, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Changed:
    """Rows that tell of a board: entry, and number, level and times as in ``Warnings``."""

    entry: I64
    number: I64
    level: I8
    issued_s: F64
    expires_s: F64

    @classmethod
    def none(cls) -> Changed:
        """Return no rows."""
        never, nobody = np.empty(0), np.empty(0, dtype=np.int64)
        return cls(nobody, nobody, np.empty(0, dtype=np.int8), never, never)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.entry)

    def and_then(self, others: Changed) -> Changed:
        """Return these rows and then others."""
        if not len(others):
            return self
        pairs = [(getattr(self, name), getattr(others, name)) for name in Changed.__slots__]
        return Changed(*(np.concatenate(pair) for pair in pairs))


def blank(cell: I64) -> WarningBoard:
    """Return a board on which nothing is told."""
    n = len(cell)
    never, none, nothing = np.full(n, np.nan), np.full(n, -1), np.zeros(n, dtype=np.int8)
    return WarningBoard(
        cell, nothing, none, never, never, never, never, never, nothing, none, never, never, nothing
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
    kept = (board.level != _NONE) | (board.proposed > 0) | np.isin(board.cell, cells)
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
    board: WarningBoard,
    told: Conditions,
    patience_s: float,
    f: WarningParameters,
    time_s: float,
    wait_s: float = 0.0,
) -> tuple[WarningBoard, Changed]:
    """Return the board at a time, and the rows of what changed, was renewed or is proposed.

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
    wait_s : float
        How long what the machine would raise waits for a person.
    """
    board = replace(
        board,
        advisory_since_s=_since(board.advisory_since_s, told.advisory, time_s),
        cover_since_s=_since(board.cover_since_s, told.cover, time_s),
        quiet_since_s=_since(board.quiet_since_s, ~told.held, time_s),
    )
    calm, wants = _by_machine(board, patience_s, f, time_s)
    turn = _turn(board, calm, wants, patience_s, time_s, wait_s)
    renew = raised(turn.level) & (board.expires_s - time_s <= 0.5 * f.valid_s)
    changed = np.flatnonzero((turn.level != board.level) | renew)
    if not (len(changed) or turn.spoken.any() or (turn.proposed != board.proposed).any()):
        return board, Changed.none()
    return _written(board, turn, changed, f, time_s, wait_s)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What becomes of a board in one step: shape (n,) each.

    The level told, what is proposed and since when, and where a person has spoken or sent.
    """

    level: I8
    proposed: I8
    proposed_s: F64
    spoken: B8
    sent: B8


def _by_machine(
    board: WarningBoard, patience_s: float, f: WarningParameters, time_s: float
) -> tuple[I8, I8]:
    """Return each level if nothing were raised, down only by all clear; and what to raise it to."""
    level = board.level
    up = raised(level)
    cover = time_s - board.cover_since_s >= patience_s
    advisory = time_s - board.advisory_since_s >= patience_s
    quiet = (time_s - board.quiet_since_s >= f.clear_after_s) & ~(time_s < board.held_until_s)
    over = (level == _CLEAR) & (time_s >= board.expires_s)
    calm = np.where(over, _NONE, level)
    calm = np.where(up & quiet & ~cover, _CLEAR, calm).astype(np.int8)
    wants = np.where(cover, _COVER, np.where(advisory & ~up, _ADVISORY, _NONE)).astype(np.int8)
    return calm, wants


def _turn(
    board: WarningBoard, calm: I8, wants: I8, patience_s: float, time_s: float, wait_s: float
) -> _Turn:
    """Return what becomes of each entry: a person's word first, then what has waited long enough.

    A proposal that grows worse keeps its time; one whose threat has gone is let go.
    """
    stands = np.where(raised(calm), calm, _NONE)
    waits = board.proposed > 0
    gone = time_s - board.quiet_since_s >= patience_s
    rises = wants > stands
    proposed = np.where(rises, np.maximum(board.proposed, wants), board.proposed)
    proposed = np.where((gone & ~rises) | (proposed <= stands), _NONE, proposed)
    cancelled, sent = board.said < 0, board.said > 0
    level = np.where(cancelled & ~waits & (stands > 0), _CLEAR, calm)
    level = np.where(sent, np.maximum(board.said, stands), level)
    proposed = np.where(cancelled | (sent & (proposed <= board.said)), _NONE, proposed)
    proposed_s = np.where(waits, board.proposed_s, time_s)
    due = (proposed > 0) & (time_s - proposed_s >= wait_s)
    level = np.where(due, proposed, level).astype(np.int8)
    proposed = np.where(due, _NONE, proposed).astype(np.int8)
    proposed_s = np.where(proposed > 0, proposed_s, np.nan)
    return _Turn(level, proposed, proposed_s, cancelled | sent, sent)


def _written(
    board: WarningBoard,
    turn: _Turn,
    changed: I64,
    f: WarningParameters,
    time_s: float,
    wait_s: float,
) -> tuple[WarningBoard, Changed]:
    """Return the board after a turn, with numbers and times, and the rows that tell of it."""
    up = raised(turn.level)
    fresh = up & ~raised(board.level)
    number, expires_s, next_number = board.number.copy(), board.expires_s.copy(), board.next_number
    becomes = fresh & (board.proposal >= 0)  # what was proposed is sent under its own number
    number[becomes] = board.proposal[becomes]
    new = fresh & ~becomes
    number[new] = next_number + np.arange(new.sum())
    next_number += int(new.sum())
    expires_s[changed] = time_s + np.where(up, f.valid_s, f.all_clear_s)[changed]
    proposal = np.where(becomes, -1, board.proposal)
    opened = (turn.proposed > 0) & (proposal < 0)
    proposal[opened] = next_number + np.arange(opened.sum())
    next_number += int(opened.sum())
    held_s = np.where(turn.sent, time_s + f.sent_hold_s, board.held_until_s)
    after = replace(
        board,
        level=turn.level,
        number=number,
        issued_s=np.where(fresh, time_s, board.issued_s),
        expires_s=expires_s,
        proposed=turn.proposed,
        proposed_s=turn.proposed_s,
        proposal=np.where(turn.proposed > 0, proposal, -1),
        held_until_s=np.where(up, held_s, np.nan),
        said=np.zeros_like(board.said),
        next_number=next_number,
    )
    told = Changed(changed, number[changed], turn.level[changed], after.issued_s[changed],
                   expires_s[changed])  # fmt: skip
    return after, told.and_then(_waiting(board, after, proposal, becomes, time_s, wait_s))


def _waiting(
    board: WarningBoard, after: WarningBoard, number: I64, sent: B8, time_s: float, wait_s: float
) -> Changed:
    """Return the rows of proposals that are new, grew worse or are none any more."""
    which = np.flatnonzero((after.proposed != board.proposed) & ~sent)
    level = after.proposed[which]
    return Changed(
        which,
        number[which],
        np.where(level > 0, level + _TO_PROPOSED, _NONE).astype(np.int8),
        np.full(len(which), np.nan),
        np.where(level > 0, after.proposed_s[which] + wait_s, time_s),
    )


def _since(since_s: F64, holds: B8, time_s: float) -> F64:
    """Return since when a condition has held, given whether it holds now."""
    return np.where(holds, np.where(np.isnan(since_s), time_s, since_s), np.nan)
