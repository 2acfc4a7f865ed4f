"""``aircraft.json`` of readsb and dump1090: the picture of one moment, or a folder of moments."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

from chowki.core.errors import FeedError
from chowki.core.records import AddressKind
from chowki.core.units import FOOT_M, KNOT_MPS
from chowki.feeds.reports import (
    Report,
    ReportFeed,
    climbing,
    icao_address,
    number,
    sigma_of_nacp,
    squawk_of,
)


class AircraftJson(ReportFeed):
    """One ``aircraft.json``, or a folder whose ``*.json`` are moments in time.

    Received at the file's ``now``; a position is as old as its ``seen_pos``. Geometric height goes
    before pressure altitude (noted). ``nac_p`` gives the position error; without it NACp 8 is
    assumed. In a folder a file that can't be read is counted and skipped.
    """

    kind: ClassVar[str] = "aircraft-json"
    sensor_kind: ClassVar[str] = "ads-b"
    address_kind: ClassVar[AddressKind] = AddressKind.ICAO
    reach_m: ClassVar[float] = 450_000.0
    sigma_m: ClassVar[float] = sigma_of_nacp(8)
    detection_probability: ClassVar[float] = 0.8

    def _read(self) -> Iterator[Report]:
        if not self.path.is_dir():
            yield from self._moment(self.path)
            return
        for path in sorted(self.path.glob("*.json")):
            try:
                yield from self._moment(path)
            except FeedError:
                self.skipped["file that is no aircraft.json"] += 1

    def _moment(self, path: Path) -> list[Report]:
        """Return the reports of one file."""
        reader = MomentReader(self.skipped, self.noted)
        try:
            return reader.moment(self.read_text(path))
        except NoMoment as error:
            raise self.fault(path.name, error.found, error.remedy) from None


class NoMoment(ValueError):
    """The text is no ``aircraft.json``: what was found, and what is needed."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f"{found}; {remedy}")
        self.found, self.remedy = found, remedy


class MomentReader:
    """Reads one ``aircraft.json`` after another.

    Parameters
    ----------
    skipped, noted : Counter of str
        Get one more, by reason, for what is left out or needed care.
    """

    def __init__(self, skipped: Counter[str], noted: Counter[str]) -> None:
        self.skipped, self.noted = skipped, noted
        self.now_s = math.nan

    def moment(self, text: str) -> list[Report]:
        """Return the positions of one moment, ``now_s``; they are received at that moment.

        Raises
        ------
        NoMoment
            If the text is something else.
        """
        try:
            document: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NoMoment(str(error), "whole JSON is needed") from None
        self.now_s, aircraft = _shape(document)
        if aircraft is None:
            raise NoMoment(
                "no 'now' and 'aircraft'", "aircraft.json of readsb or dump1090 is needed"
            )
        found = [self._report(self.now_s, entry) for entry in aircraft]
        return [report for report in found if report]

    def _report(self, now_s: float, entry: Any) -> Report | None:
        if not isinstance(entry, dict):
            self.skipped["entry that is no aircraft"] += 1
            return None
        said = cast("dict[str, Any]", entry)
        lat, lon = _number(said, "lat"), _number(said, "lon")
        if math.isnan(lat) or math.isnan(lon):
            self.skipped["aircraft without position"] += 1
            return None
        if said.get("alt_baro", said.get("altitude")) == "ground":
            self.skipped["on the ground"] += 1
            return None
        age_s = _number(said, "seen_pos")
        nacp = _number(said, "nac_p")
        return Report(
            now_s,
            now_s - (0.0 if math.isnan(age_s) else age_s),
            lat,
            lon,
            self._height(said),
            *climbing(
                _number(said, "gs", "speed") * KNOT_MPS,
                _number(said, "track"),
                _number(said, "geom_rate", "baro_rate", "vert_rate") * FOOT_M / 60.0,
            ),
            math.nan if math.isnan(nacp) else sigma_of_nacp(int(nacp)),
            icao_address(str(said.get("hex", ""))),
            str(said.get("flight", "")),
            squawk_of(str(said.get("squawk", ""))),
        )

    def _height(self, said: dict[str, Any]) -> float:
        height_ft = _number(said, "alt_geom")
        if math.isnan(height_ft):
            self.noted["height from pressure altitude"] += 1
            height_ft = _number(said, "alt_baro", "altitude")
        return height_ft * FOOT_M


def _shape(document: Any) -> tuple[float, list[Any] | None]:
    """Return the moment and its aircraft; None when the document is something else."""
    if not isinstance(document, dict):
        return math.nan, None
    said = cast("dict[str, Any]", document)
    now_s, aircraft = _number(said, "now"), said.get("aircraft")
    if math.isnan(now_s) or not isinstance(aircraft, list):
        return math.nan, None
    return now_s, cast("list[Any]", aircraft)


def _number(said: dict[str, Any], *names: str) -> float:
    """Return the first of these that is a finite number, NaN when none is."""
    for name in names:
        value = said.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = number(repr(value) if isinstance(value, float) else str(value)[:40])
            if not math.isnan(found):
                return found
    return math.nan
