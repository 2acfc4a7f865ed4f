"""What passes between the rooms: events in, frames out."""

from __future__ import annotations

from dataclasses import dataclass, field

from chowki.core.places import Sensor, Volume
from chowki.core.records import (
    Detections,
    Engagements,
    Orders,
    Outcomes,
    SensorStates,
    Tasks,
    Threats,
    Tracks,
    Warnings,
)


@dataclass(frozen=True, slots=True)
class Scan:
    """What one sensor delivers for one look; may be empty, and then still says something.

    Attributes
    ----------
    time_s : float
        UTC seconds of receipt at the station.
    sensor : Sensor
        The sensor as stated.
    look : int
        Running number of the look of this sensor.
    start_s, end_s : float
        Span of the look by the sensor's own clock.
    volume : Volume
        What this look covered.
    detections : Detections
        Plots and reports, each with its own time.
    """

    time_s: float
    sensor: Sensor
    look: int
    start_s: float
    end_s: float
    volume: Volume
    detections: Detections


@dataclass(frozen=True, slots=True)
class Status:
    """Health of a sensor, link, site or feed; and what a site reports of its engagements.

    Attributes
    ----------
    time_s : float
        UTC seconds of receipt.
    source : str
        Name of the sensor, link, site or feed.
    kind : str
        ``sensor``, ``link``, ``site`` or ``feed``; ``pilot``: where the pilot of a drone stands;
        ``alarm``, ``account``: of the watch at the page.
    state : str
        ``working``, ``degraded`` or ``silent``.
    note : str
        In words, may be empty.
    site : int
        Index of the site, -1 otherwise.
    rounds_left : int
        Rounds left at the site, -1 otherwise.
    outcomes : Outcomes
        Reports on engagements, usually empty.
    """

    time_s: float
    source: str
    kind: str
    state: str
    note: str = ""
    site: int = -1
    rounds_left: int = -1
    outcomes: Outcomes = field(default_factory=Outcomes.empty)


@dataclass(frozen=True, slots=True)
class Act:
    """What a person decides.

    Attributes
    ----------
    time_s : float
        UTC seconds.
    person : str
        Who.
    verb : str
        What is done, for example ``set-weapons-control-status``.
    subject : str
        To what: a sector, a place, an engagement number; empty for all.
    value : str
        The value set.
    """

    time_s: float
    person: str
    verb: str
    subject: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes, also when every sensor is silent."""

    time_s: float


Event = Scan | Status | Act | Tick


@dataclass(frozen=True, slots=True)
class Frame:
    """All that is known at one time; leaves read-only.

    A frame that follows a tick or an act is complete. A frame that follows a scan
    or a status holds only what that event changed.

    Attributes
    ----------
    time_s : float
        UTC seconds.
    complete : bool
        True when the tables hold the whole picture, False when only what changed.
    tracks : Tracks
        The recognised air picture, or the tracks that the scan touched.
    threats : Threats
        Ranked pairs of track and place.
    warnings, engagements : Warnings, Engagements
        Rows that changed with this frame.
    orders : Orders
        To effectors; always empty outside a simulated world.
    tasks : Tasks
        To sensors.
    sensors : SensorStates
        Registration and faults of sensors, where they changed.
    """

    time_s: float
    complete: bool
    tracks: Tracks = field(default_factory=Tracks.empty)
    threats: Threats = field(default_factory=Threats.empty)
    warnings: Warnings = field(default_factory=Warnings.empty)
    engagements: Engagements = field(default_factory=Engagements.empty)
    orders: Orders = field(default_factory=Orders.empty)
    tasks: Tasks = field(default_factory=Tasks.empty)
    sensors: SensorStates = field(default_factory=SensorStates.empty)


@dataclass(frozen=True, slots=True)
class Decision:
    """What defence concluded in one step: rows that go into the frame."""

    threats: Threats = field(default_factory=Threats.empty)
    warnings: Warnings = field(default_factory=Warnings.empty)
    engagements: Engagements = field(default_factory=Engagements.empty)
    orders: Orders = field(default_factory=Orders.empty)
    tasks: Tasks = field(default_factory=Tasks.empty)
