"""A stream of octets cut into lines, however it arrives."""

from __future__ import annotations

from collections import Counter

LONGEST_LINE = 4_096
TOO_LONG = "line too long"


class Lines:
    """Puts pieces together to whole lines.

    Parameters
    ----------
    skipped : Counter of str
        Gets one more for each line longer than 4 KiB, which is dropped.
    """

    def __init__(self, skipped: Counter[str]) -> None:
        self._skipped = skipped
        self._rest = b""
        self._dropping = False

    def take(self, piece: bytes) -> list[bytes]:
        """Return the lines that are whole with the next piece, without their ends."""
        *whole, rest = (self._rest + piece).split(b"\n")
        if whole and self._dropping:
            self._dropping = False
            whole.pop(0)
        if len(rest) > LONGEST_LINE:
            self._skipped[TOO_LONG] += not self._dropping
            self._dropping, rest = True, b""
        self._rest = rest
        return [line for line in whole if self._short(line)]

    def _short(self, line: bytes) -> bool:
        if len(line) <= LONGEST_LINE:
            return True
        self._skipped[TOO_LONG] += 1
        return False
