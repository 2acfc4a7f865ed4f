"""What stands at one time, folded from recorded messages: the same live and in replay."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from chowki.core.codec import Conclusion
from chowki.core.messages import Act, Frame, Scan, Status
from chowki.core.places import Theatre
from chowki.core.records import EngagementState, SensorFault, WarningLevel
from chowki.core.table import Table
from chowki.outputs.web.sectors import SectorBoard

Row = dict[str, Any]
# An engagement that is over stays on the page for a while.
SHOWN_S = 60.0
OVER = (
    EngagementState.REFUSED,
    EngagementState.INTERCEPTED,
    EngagementState.MISSED,
    EngagementState.ABORTED,
    EngagementState.VIOLATION,
)
_SOURCES = ("feed", "feeds")


@dataclass(frozen=True, slots=True)
class Health:
    """What was last said of a sensor, a site or a feed.

    Attributes
    ----------
    state : str
        ``working``, ``degraded`` or ``silent``.
    note : str
        In words.
    time_s : float
        UTC seconds at which it was said.
    rounds : int
        Rounds left, -1 unless a site.
    """

    state: str = "working"
    note: str = ""
    time_s: float = float("nan")
    rounds: int = -1


@dataclass(slots=True)
class Standing:
    """Everything that stands until it changes.

    Attributes
    ----------
    warnings, engagements : dict of int to dict
        Last row of each, by number.
    sites : dict of int to Health
        By index of the site.
    stated : dict of str to Health
        Of sensors and links, by name of the sensor.
    feeds : dict of str to Health
        By name of the feed.
    sensors : dict of int to dict
        Last row of ``SensorStates`` of each sensor.
    heard_s : dict of int to float
        UTC seconds of the last scan of each sensor.
    sectors : SectorBoard
        Postures.
    """

    sectors: SectorBoard
    warnings: dict[int, Row] = field(default_factory=dict[int, Row])
    engagements: dict[int, Row] = field(default_factory=dict[int, Row])
    sites: dict[int, Health] = field(default_factory=dict[int, Health])
    stated: dict[str, Health] = field(default_factory=dict[str, Health])
    feeds: dict[str, Health] = field(default_factory=dict[str, Health])
    sensors: dict[int, Row] = field(default_factory=dict[int, Row])
    heard_s: dict[int, float] = field(default_factory=dict[int, float])

    @classmethod
    def start(cls, theatre: Theatre, table: dict[str, Any]) -> Standing:
        """Return what stands before the first event."""
        full = {site.index: Health(rounds=site.magazine) for site in theatre.sites}
        return cls(SectorBoard.start(theatre, table), sites=full)

    def copy(self) -> Standing:
        """Return a copy that can be changed by itself; rows are shared, they never change."""
        return Standing(
            self.sectors,
            dict(self.warnings),
            dict(self.engagements),
            dict(self.sites),
            dict(self.stated),
            dict(self.feeds),
            dict(self.sensors),
            dict(self.heard_s),
        )

    def take(self, message: Any) -> None:
        """Take one recorded message in."""
        match message:
            case Scan():
                self.heard_s[message.sensor.number] = message.time_s
            case Conclusion():
                self._conclude(message.frame)
            case Status():
                self._state(message)
            case Act():
                self.sectors = self.sectors.take(message)
            case _:
                pass

    def forget(self, time_s: float) -> None:
        """Let go of warnings that lapsed and of engagements that ended a while ago."""
        for number in [k for k, row in self.warnings.items() if row["expires_s"] < time_s]:
            del self.warnings[number]
        over = [k for k, row in self.engagements.items() if self._is_over(row, time_s)]
        for number in over:
            del self.engagements[number]

    def warned(self) -> int:
        """Return how many places are warned now."""
        told = (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)
        rows = self.warnings.values()
        return len({row["place"] for row in rows if row["place"] >= 0 and row["level"] in told})

    def engaged(self) -> int:
        """Return how many engagements have a round ordered or in flight."""
        under_way = (EngagementState.ORDERED, EngagementState.IN_FLIGHT)
        return sum(row["state"] in under_way for row in self.engagements.values())

    def faults(self, sensor: int) -> list[str]:
        """Return what the station holds to be wrong with a sensor, in words."""
        row = self.sensors.get(sensor)
        bits = SensorFault(row["faults"]) if row else SensorFault(0)
        return [str(bit.name).lower().replace("_", " ") for bit in SensorFault if bits & bit]

    def _conclude(self, frame: Frame) -> None:
        for row in rows_of(frame.warnings):
            if row["level"] == WarningLevel.NONE:
                self.warnings.pop(row["warning"], None)
            else:
                self.warnings[row["warning"]] = row
        for row in rows_of(frame.engagements):
            self.engagements[row["engagement"]] = row
        for row in rows_of(frame.sensors):
            self.sensors[row["sensor"]] = row

    def _state(self, status: Status) -> None:
        said = Health(status.state, status.note, status.time_s, status.rounds_left)
        if status.site >= 0:
            before = self.sites.get(status.site, Health())
            kept = said if said.rounds >= 0 else replace(said, rounds=before.rounds)
            self.sites[status.site] = kept
        elif status.kind in ("sensor", "link"):
            self.stated[status.source] = said
        elif status.kind in _SOURCES:
            self.feeds[status.source] = said

    @staticmethod
    def _is_over(row: Row, time_s: float) -> bool:
        shown_s = SHOWN_S if row["state"] != EngagementState.REFUSED else 0.5 * SHOWN_S
        return row["state"] in OVER and time_s - row["time_s"] > shown_s


def rows_of(table: Table) -> list[Row]:
    """Return the rows of a table as dictionaries."""
    if not len(table):
        return []
    columns = table.columns()
    plain = [column.tolist() for column in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]
