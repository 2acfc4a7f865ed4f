"""``--set key=value``: one value of a scenario changed from outside."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from chowki.core.errors import Problem
from chowki.core.problems import did_you_mean

_SOURCE = "--set"


def apply_overrides(raw: dict[str, Any], overrides: Sequence[str]) -> list[Problem]:
    """Change a scenario in place, and return what can't be done.

    Parameters
    ----------
    raw : dict
        The scenario as read from TOML.
    overrides : sequence of str
        ``key=value``. A key is a dotted path; an item of a list is named by its index,
        ``sensors.0.count`` or ``sensors[0].count``, or by its name, ``sensors.low-level.count``.
        A value is written as in TOML; what is no TOML is taken as text.
    """
    return [problem for text in overrides if (problem := _apply(raw, text)) is not None]


def _apply(raw: dict[str, Any], text: str) -> Problem | None:
    key, equals, value = text.partition("=")
    steps = key.strip().replace("[", ".").replace("]", "").split(".")
    if not equals or not all(steps):
        return Problem(_SOURCE, text, "no key=value", "key=value, for example raid.count=600")
    at: Any = raw
    for depth, step in enumerate(steps[:-1]):
        found = _into(at, step)
        if found is None:
            return _lost(at, ".".join(steps[: depth + 1]), step)
        at = found
    return _put(at, key.strip(), steps[-1], _value(value))


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _into(at: Any, step: str) -> Any:
    """Return what stands at one step of a path; a missing part of a table is made."""
    if isinstance(at, dict):
        return at.setdefault(step, {})
    if isinstance(at, list):
        row = _row(at, step)
        return at[row] if row is not None else None
    return None


def _row(items: list[Any], step: str) -> int | None:
    if step.isdecimal():
        return int(step) if int(step) < len(items) else None
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    return names.index(step) if step in names else None


def _put(at: Any, key: str, step: str, value: Any) -> Problem | None:
    if isinstance(at, dict):
        at[step] = value
        return None
    row = _row(at, step) if isinstance(at, list) else None
    if row is None:
        return _lost(at, key, step)
    at[row] = value
    return None


def _lost(at: Any, key: str, step: str) -> Problem:
    if not isinstance(at, list):
        return Problem(_SOURCE, key, f"no table at {step}", "a path through tables and lists")
    names = [str(item["name"]) for item in at if isinstance(item, dict) and "name" in item]
    allowed = f"0 to {len(at) - 1}" if at else "nothing: the list is empty"
    allowed += f", or {', '.join(names)}" if names else ""
    return Problem(_SOURCE, key, f"no item {step}", allowed, did_you_mean(step, names))
