"""One line of JSON as a row of plots: which sensor, which look, where."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, NamedTuple, cast

from chowki.feeds.plot_table import OPTIONAL, TEXTS, UNNAMED, Layout, layouts_of
from chowki.feeds.reports import number

LONGEST_NAME = 60
_PLACES = frozenset(name for layout in Layout for name in layout.value) - {"sensor"}
_KNOWN = _PLACES | {"time_s", *OPTIONAL}


class PlotRow(NamedTuple):
    """A plot, or a look in which nothing was seen (``layout`` is None).

    ``time_s`` is the sensor's own, ``look`` its number of the look, -1 where it gives none.
    """

    received_s: float
    time_s: float
    sensor: str
    look: int
    layout: Layout | None
    cells: dict[str, Any]


def read_row(line: bytes, received_s: float, skipped: Counter[str]) -> PlotRow | None:
    """Return the row in a line of JSON; None for something else, which is counted.

    Parameters
    ----------
    line : bytes
        A JSON object with columns of ``feeds.tabular`` as its keys.
    received_s : float
        UTC seconds of receipt.
    skipped : Counter of str
        Gets one more, by reason, for a line that can't be used.
    """
    said = _object(line)
    if said is None:
        skipped["line that is no JSON object"] += 1
        return None
    time_s = number(_text(said.get("time_s")))
    if math.isnan(time_s):
        skipped["row without a time"] += 1
        return None
    if "sensor" in said:
        said["sensor"] = str(said["sensor"]).strip()[:LONGEST_NAME] or UNNAMED
    layouts = layouts_of(list(said))
    if len(layouts) > 1 or (not layouts and _PLACES & said.keys()):
        skipped["row that does not say where, or says it twice"] += 1
        return None
    layout = layouts[0] if layouts else None
    look = number(_text(said.get("look")))
    sensor = said.get("sensor", UNNAMED)
    whole = -1 if math.isnan(look) else int(look)
    return PlotRow(received_s, time_s, sensor, whole, layout, said)


def _object(line: bytes) -> dict[str, Any] | None:
    """Return the known columns of a line that have a value; None when it is no object."""
    try:
        document: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    said = cast("dict[str, Any]", document)
    return {
        name: _text(value) if name in TEXTS else value
        for name, value in said.items()
        if name in _KNOWN and value is not None
    }


def _text(value: Any) -> str:
    """Return a value as text, as far as it can be a name or a number."""
    return "" if value is None or isinstance(value, dict | list) else str(value)[:LONGEST_NAME]
