"""A vehicle's own GPS track as CSV, heard as if it reported itself once a second."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import ClassVar

from chowki.core.addresses import remote_id_address
from chowki.core.clock import parse_utc
from chowki.core.records import AddressKind
from chowki.feeds.reports import Report, ReportFeed, climbing, number

_NAMES = {
    "time": ("time", "datetime", "time_s"),
    "lat": ("latitude", "lat"),
    "lon": ("longitude", "lon"),
    "height": ("altitude (m)", "altitude", "height_m", "ele"),
    "speed": ("speed",),
    "heading": ("heading",),
}


class Gps(ReportFeed):
    """A GPS track: time (ISO 8601 in UTC, or UTC seconds), latitude, longitude, altitude in metres.

    ``speed`` (m/s) and ``heading`` (degrees) may follow. Receivers give height above mean sea
    level: it is taken as above the ellipsoid (noted), which shifts the whole track by the geoid's
    height there. Position error 5 m per axis: GPS Standard Positioning Service Performance Standard
    (5th edition, 2020), table 3.8-3: 8 m horizontal and 13 m vertical at 95 %.
    """

    kind: ClassVar[str] = "gps"
    sensor_kind: ClassVar[str] = "gps"
    address_kind: ClassVar[AddressKind] = AddressKind.REMOTE_ID
    reach_m: ClassVar[float] = 50_000.0
    sigma_m: ClassVar[float] = 5.0
    detection_probability: ClassVar[float] = 0.98

    def _read(self) -> Iterator[Report]:
        reader = csv.DictReader(io.StringIO(self.read_text()), restval="")
        address, callsign = remote_id_address(self.path.stem), self.path.stem[:8]
        try:
            names = self._columns(list(reader.fieldnames or ()))
            for row in reader:
                self.noted["height above sea level taken as above the ellipsoid"] += 1
                yield self._report(row, names, address, callsign)
        except csv.Error as error:
            raise self.fault(
                f"line {reader.line_num}", str(error), "a CSV file is needed"
            ) from None

    def _columns(self, header: list[str]) -> dict[str, str]:
        """Return the file's own name of each column that it has."""
        found = {
            what: next(name for name in names if name in header)
            for what, names in _NAMES.items()
            if any(name in header for name in names)
        }
        missing = [
            _NAMES[what][0] for what in ("time", "lat", "lon", "height") if what not in found
        ]
        if missing:
            allowed = "; ".join(" or ".join(names) for names in _NAMES.values())
            raise self.fault("line 1", f"no column {', '.join(missing)}", f"allowed: {allowed}")
        return found

    def _report(
        self, row: dict[str, str], names: dict[str, str], address: int, callsign: str
    ) -> Report:
        time_s = _time(row[names["time"]])
        speed_mps = number(row.get(names.get("speed", ""), ""))
        heading_deg = number(row.get(names.get("heading", ""), ""))
        return Report(
            time_s,
            time_s,
            number(row[names["lat"]]),
            number(row[names["lon"]]),
            number(row[names["height"]]),
            *climbing(speed_mps, heading_deg, math.nan),
            math.nan,
            address,
            callsign,
        )


def _time(text: str) -> float:
    """Return UTC seconds of an ISO 8601 time or of a number of seconds; NaN for anything else."""
    seconds = number(text)
    if not math.isnan(seconds):
        return seconds
    try:
        return parse_utc(text.strip())
    except (ValueError, OverflowError):
        return math.nan
