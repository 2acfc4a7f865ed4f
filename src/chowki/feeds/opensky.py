"""OpenSky state vectors as CSV: batches a few seconds apart, from a network of receivers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import ClassVar

from chowki.core.records import AddressKind
from chowki.feeds.reports import (
    Report,
    ReportFeed,
    climbing,
    icao_address,
    number,
    sigma_of_nacp,
    squawk_of,
)

_NEEDED = ("time", "icao24", "lat", "lon")
_HEIGHTS = ("geoaltitude", "baroaltitude")


class OpenSky(ReportFeed):
    """State vectors of the OpenSky network (historical database layout), one scan for each batch.

    A row is received at ``time``; its position is valid at ``lastposupdate``. A row that repeats
    an address's last position is counted and skipped, as are those on the ground. Height is
    geometric where given, else pressure altitude (noted). The rows carry no NACp: NACp 8 is
    assumed, the least that 14 CFR 91.227 allows.
    """

    kind: ClassVar[str] = "opensky"
    sensor_kind: ClassVar[str] = "ads-b"
    address_kind: ClassVar[AddressKind] = AddressKind.ICAO
    period_s: ClassVar[float] = 10.0
    reach_m: ClassVar[float] = 1_000_000.0
    sigma_m: ClassVar[float] = sigma_of_nacp(8)
    detection_probability: ClassVar[float] = 0.9

    def _read(self) -> Iterator[Report]:
        reader = csv.DictReader(io.StringIO(self.read_text()), restval="")
        try:
            self._check(list(reader.fieldnames or ()))
            for row in reader:
                report = self._report(row)
                if report:
                    yield report
        except csv.Error as error:
            raise self.fault(
                f"line {reader.line_num}", str(error), "a CSV file is needed"
            ) from None

    def _check(self, header: list[str]) -> None:
        missing = [name for name in _NEEDED if name not in header]
        if missing or not any(name in header for name in _HEIGHTS):
            missing = missing or [" or ".join(_HEIGHTS)]
            raise self.fault(
                "line 1",
                f"no column {', '.join(missing)}",
                "OpenSky state vectors need time, icao24, lat, lon and geoaltitude or baroaltitude",
            )

    def _report(self, row: dict[str, str]) -> Report | None:
        if row.get("onground", "").strip().lower() in {"true", "1", "t"}:
            self.skipped["on the ground"] += 1
            return None
        received_s = number(row["time"])
        measured_s = number(row.get("lastposupdate"))
        return Report(
            received_s,
            received_s if math.isnan(measured_s) else measured_s,
            number(row["lat"]),
            number(row["lon"]),
            self._height(row),
            *climbing(
                number(row.get("velocity")), number(row.get("heading")), number(row.get("vertrate"))
            ),
            float("nan"),
            icao_address(row["icao24"]),
            row.get("callsign", ""),
            squawk_of(row.get("squawk")),
        )

    def _height(self, row: dict[str, str]) -> float:
        height_m = number(row.get("geoaltitude"))
        if not math.isnan(height_m):
            return height_m
        self.noted["height from pressure altitude"] += 1
        return number(row.get("baroaltitude"))
