"""Which drones may fly: those that the theatre lists, changed by what persons decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Act
from chowki.core.table import I64

VERBS = ("authorise-drone", "withdraw-authorisation")


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What persons decided about Remote ID addresses; whoever decided last is right.

    Attributes
    ----------
    given, withdrawn : frozenset of int
        Addresses that may fly although nobody listed them; that may not although somebody did.
    """

    given: frozenset[int] = frozenset()
    withdrawn: frozenset[int] = frozenset()

    def after(self, act: Act) -> Authorisation:
        """Return what stands after an act.

        ``authorise-drone`` and ``withdraw-authorisation`` (subject: address as a decimal number);
        what names no address changes nothing.
        """
        if act.verb not in VERBS or not act.subject.isdecimal():
            return self
        address = frozenset((int(act.subject),))
        if act.verb == "authorise-drone":
            return Authorisation(self.given | address, self.withdrawn - address)
        return Authorisation(self.given - address, self.withdrawn | address)

    def covers(self, address: I64, listed: I64) -> NDArray[np.bool_]:
        """Return which Remote ID addresses may fly, shape (n,), given those that are listed."""
        known = np.isin(address, listed)
        if self.withdrawn:
            known &= ~np.isin(address, list(self.withdrawn))
        return known | np.isin(address, list(self.given)) if self.given else known
