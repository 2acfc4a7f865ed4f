"""The user's own maps: checked when the server starts, then served as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chowki.core.errors import UsageError

LARGEST_GEOJSON = 64 * 1024 * 1024
# https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md, 3.1: magic and version.
PMTILES = b"PMTiles\x03"
GEOMETRIES = {
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
}
KINDS = {".geojson": "geojson", ".json": "geojson", ".pmtiles": "pmtiles"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A map that the user brought.

    Attributes
    ----------
    path : Path
        The file.
    kind : str
        ``geojson`` or ``pmtiles``.
    """

    path: Path
    kind: str

    @property
    def media_type(self) -> str:
        """Return its registered type."""
        return "application/geo+json" if self.kind == "geojson" else "application/vnd.pmtiles"


def open_layers(paths: Sequence[Path]) -> tuple[Layer, ...]:
    """Return the layers in these files.

    Raises
    ------
    UsageError
        If one is not there, or holds neither GeoJSON nor PMTiles; with the remedy.
    """
    return tuple(_open(Path(path)) for path in paths)


def _open(path: Path) -> Layer:
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: a layer is a .geojson or a .pmtiles file: convert it to one")
    try:
        if kind == "geojson":
            _check_geojson(path)
        else:
            _check_pmtiles(path)
    except OSError as error:
        raise UsageError(
            f"{path}: can't be read ({error.strerror}): check --layer and its permissions"
        ) from None
    return Layer(path, kind)


def _check_geojson(path: Path) -> None:
    size = path.stat().st_size
    if size > LARGEST_GEOJSON:
        raise UsageError(
            f"{path}: {size / 2**20:.0f} MB of GeoJSON, at most 64 are shown: "
            "simplify it, or make PMTiles of it"
        )
    try:
        held: Any = json.loads(path.read_bytes(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise UsageError(f"{path}: no JSON ({where}): export it again as GeoJSON") from None
    fault = _fault(held)
    if fault:
        raise UsageError(f"{path}: {fault}: export it again as GeoJSON in WGS 84")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")


def _fault(held: Any) -> str:
    """Return what makes this no GeoJSON (RFC 7946, 1.4 and 3), or nothing."""
    kind = held.get("type") if isinstance(held, dict) else None
    if kind == "FeatureCollection":
        features = held.get("features")
        if not isinstance(features, list):
            return "a FeatureCollection without a list of features"
        return next(filter(None, map(_feature_fault, features)), "")
    if kind == "Feature":
        return _feature_fault(held)
    return _geometry_fault(held)


def _feature_fault(feature: Any) -> str:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return "something that is no Feature among the features"
    geometry = feature.get("geometry")
    return "" if geometry is None else _geometry_fault(geometry)


def _geometry_fault(geometry: Any) -> str:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in GEOMETRIES:
        return f"{kind!r} is no type of GeoJSON"
    held = "geometries" if kind == "GeometryCollection" else "coordinates"
    return "" if isinstance(geometry.get(held), list) else f"a {kind} without {held}"


def _check_pmtiles(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(len(PMTILES))
    if head != PMTILES:
        raise UsageError(f"{path}: no PMTiles of version 3: convert it with the pmtiles program")
