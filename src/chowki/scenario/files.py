"""What a scenario takes from other files: places and a height grid."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chowki.core.errors import Problem
from chowki.core.problems import problems_of, unknown_name
from chowki.scenario.checks import Draft
from chowki.scenario.model import GroundPart, PlacePart, PlacesPart

_RENAMED = {"lat": "lat_deg", "lon": "lon_deg"}


def fill_places(draft: Draft, scenario_path: Path) -> list[Problem]:
    """Put the places of the CSV file into the draft, and return what is wrong with them."""
    section: PlacesPart | None = draft.sections.get("places")
    if section is None or section.file is None:
        return []
    path = scenario_path.parent / section.file
    rows, problems = _csv(path, draft.file, "places.file")
    if problems:
        draft.broken.add("places")
        return problems
    towns: list[PlacePart] = []
    for line, row in enumerate(rows, start=2):
        try:
            towns.append(PlacePart(**row))
        except ValidationError as error:
            problems += problems_of(error, PlacePart, str(path), (f"line {line}",))
    problems += _unknown_names(draft.file, section, towns) if not problems else []
    if problems:
        draft.broken.add("places")
    kept = [town for town in towns if section.only is None or town.name in section.only]
    draft.sections["places"] = section.model_copy(update={"towns": (*kept, *section.towns)})
    return problems


def _unknown_names(file: str, section: PlacesPart, towns: list[PlacePart]) -> list[Problem]:
    names = [town.name for town in towns]
    return [
        unknown_name(file, f"places.only[{k}]", name, names)
        for k, name in enumerate(section.only or ())
        if name not in names
    ]


def _csv(path: Path, file: str, key: str) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the rows of a CSV file with empty cells left out."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError) as error:
        return [], [_unreadable(path, file, key, error)]
    return [
        {_RENAMED.get(name, name): cell for name, cell in row.items() if cell} for row in rows
    ], []


def _unreadable(path: Path, file: str, key: str, error: Exception) -> Problem:
    reason = "no such file" if isinstance(error, FileNotFoundError) else str(error)
    return Problem(file, key, f"{path}: {reason}", "a CSV file, named relative to the scenario")


def fill_grid(draft: Draft, scenario_path: Path) -> list[Problem]:
    """Put the height grid of its CSV file into the draft, and return what is wrong with it."""
    section: GroundPart | None = draft.sections.get("ground")
    if section is None or section.grid_file is None:
        return []
    path = scenario_path.parent / section.grid_file
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.reader(stream) if row]
        lon = tuple(float(cell) for cell in rows[0][1:])
        lat = tuple(float(row[0]) for row in rows[1:])
        height = tuple(tuple(float(cell) for cell in row[1:]) for row in rows[1:])
    except (OSError, UnicodeDecodeError) as error:
        return [_unreadable(path, draft.file, "ground.grid_file", error)]
    except (ValueError, IndexError) as error:
        return [Problem(str(path), "(file)", str(error), "numbers: longitudes, then latitude rows")]
    if not (_ascending(lat) and _ascending(lon) and {len(row) for row in height} == {len(lon)}):
        allowed = "at least 2 x 2, latitudes and longitudes ascending, rows of equal length"
        return [Problem(str(path), "(file)", f"{len(lat)} x {len(lon)} grid", allowed)]
    draft.sections["ground"] = section.model_copy(
        update={"grid_lat_deg": lat, "grid_lon_deg": lon, "grid_height_m": height}
    )
    return []


def _ascending(values: tuple[float, ...]) -> bool:
    return len(values) >= 2 and all(a < b for a, b in itertools.pairwise(values))
