"""Parts by name: entry points of the groups ``chowki.<port>``."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

SENSOR_MODEL = "chowki.sensor_model"
ASSOCIATOR = "chowki.associator"
THREAT_MODEL = "chowki.threat_model"
ALLOCATOR = "chowki.allocator"
FEED = "chowki.feed"


def named(group: str) -> dict[str, EntryPoint]:
    """Return the parts installed in a group, by name, sorted."""
    return {point.name: point for point in sorted(entry_points(group=group), key=lambda p: p.name)}


def part(group: str, name: str) -> Any:
    """Return the class behind a name.

    Raises
    ------
    KeyError
        If no installed part of the group has that name.
    """
    return named(group)[name].load()
