"""What persons say of warnings: send it, cancel it; and because of which tracks it was cancelled.

A cancelled warning stays down as long as the tracks that raised it go on doing no worse. Any other
track counts as it always does, so that cancelling one silences nothing that comes after.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Act
from chowki.core.records import WarningLevel
from chowki.core.table import I64
from chowki.defence.warning_board import WarningBoard, WarningBoards, Withheld, raised

B8 = NDArray[np.bool_]
WARNING_VERBS = ("send-warning", "cancel-warning")
CANCEL = -1
LEVELS = {"advisory": WarningLevel.ADVISORY, "take-cover": WarningLevel.TAKE_COVER}


def heard(boards: WarningBoards, act: Act, names: tuple[str, ...]) -> WarningBoards | None:
    """Return the boards with what a person said, to be followed in the next step.

    None when the act names no place or area (``cell:NUMBER``) or no level, sends less than
    stands, or cancels where nothing stands or waits.

    Parameters
    ----------
    boards : WarningBoards
        The boards before.
    act : Act
        ``send-warning`` or ``cancel-warning``.
    names : tuple of str
        Names of the places, by index.
    """
    word = CANCEL if act.verb == "cancel-warning" else int(LEVELS.get(act.value.strip(), 0))
    of_area = act.subject.startswith("cell:")
    board = boards.areas if of_area else boards.places
    entry = _area_entry(board, act.subject) if of_area else place_entry(act.subject, names)
    if word == 0 or entry < 0:
        return None
    stands = int(board.level[entry]) if raised(board.level)[entry] else 0
    if word < stands if word > 0 else not (stands or board.proposed[entry]):
        return None
    said = board.said.copy()
    said[entry] = word
    board = replace(board, said=said)
    if of_area:
        return replace(boards, areas=board, areas_due_s=-np.inf)
    return replace(boards, places=board)


def place_entry(subject: str, names: tuple[str, ...]) -> int:
    """Return the index of the place that is named by name or index, -1 for none."""
    if subject in names:
        return names.index(subject)
    return int(subject) if subject.isdecimal() and int(subject) < len(names) else -1


def _area_entry(board: WarningBoard, subject: str) -> int:
    """Return the entry of the area that is named, -1 when nothing is told or begins there."""
    number = subject.removeprefix("cell:")
    known = board.cell.tolist()
    return known.index(int(number)) if number.isdecimal() and int(number) in known else -1


def followed(
    board: WarningBoard, whom: I64, tracks: I64, withheld: tuple[Withheld, ...], time_s: float
) -> tuple[Withheld, ...]:
    """Return what is withheld once the words on a board are followed.

    Parameters
    ----------
    board : WarningBoard
        As it was when the words were said.
    whom, tracks : I64
        Shape (k,): place or cell that each track threatens, and the track.
    withheld : tuple of Withheld
        What was withheld before.
    time_s : float
        UTC seconds.
    """
    for entry in np.flatnonzero(board.said).tolist():
        cell = int(board.cell[entry])
        place, target = (entry, entry) if cell < 0 else (-1, cell)
        withheld = tuple(one for one in withheld if (one.place, one.cell) != (place, cell))
        if board.said[entry] == CANCEL:
            level = int(board.proposed[entry] or board.level[entry])
            those = frozenset(tracks[whom == target].tolist())
            withheld = (*withheld, Withheld(place, cell, level, those, time_s))
    return withheld


def counts(
    withheld: tuple[Withheld, ...], whom: I64, tracks: I64, level: WarningLevel, *, of_areas: bool
) -> B8:
    """Return which pairs still count towards a level, shape (k,).

    Parameters
    ----------
    withheld : tuple of Withheld
        What persons cancelled.
    whom, tracks : I64
        Shape (k,): place or cell that each track threatens, and the track.
    level : WarningLevel
        Advisory or take cover.
    of_areas : bool
        Whether ``whom`` are cells.
    """
    out = np.ones(len(whom), dtype=np.bool_)
    for one in withheld:
        target = one.cell if of_areas else one.place
        if target >= 0 and level <= one.level:
            out &= ~((whom == target) & np.isin(tracks, list(one.tracks)))
    return out


def remembered(
    withheld: tuple[Withheld, ...],
    whom: I64,
    tracks: I64,
    time_s: float,
    keep_s: float,
    *,
    of_areas: bool,
) -> tuple[Withheld, ...]:
    """Return what is still withheld: not where none of its tracks has threatened for ``keep_s``."""
    kept: list[Withheld] = []
    for one in withheld:
        target = one.cell if of_areas else one.place
        if target >= 0 and np.isin(tracks[whom == target], list(one.tracks)).any():
            kept.append(replace(one, last_s=time_s))
        elif time_s - one.last_s < keep_s:
            kept.append(one)
    return tuple(kept)
