"""The wall of the alerts: what an alert can be."""

from __future__ import annotations

from enum import Enum

from chowki.core.places import Theatre


class AlertStatus(Enum):
    """Status of an alert (OASIS CAP 1.2, 3.2.1): two of the five, and no other can be made."""

    EXERCISE = "Exercise"
    TEST = "Test"

    @classmethod
    def of(cls, theatre: Theatre) -> AlertStatus:
        """Return the status of every alert of a run: no parameter decides it.

        A simulated raid is an exercise, which its participants act on; what a real feed leads to
        is a technical test, which everybody disregards.
        """
        return cls.EXERCISE if theatre.simulated else cls.TEST
