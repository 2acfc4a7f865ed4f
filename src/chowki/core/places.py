"""Where things are: station, defended places, border, sensors, links and effector sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag

import numpy as np

from chowki.core.records import EffectorKind
from chowki.core.table import F64


@dataclass(frozen=True, slots=True)
class Station:
    """Origin of the frame of reference and the span of a run.

    Attributes
    ----------
    name : str
        Name of the scenario or feed.
    lat_deg, lon_deg : float
        Geodetic origin of the east-north-up frame, WGS 84.
    height_m : float
        Height of the origin above the ellipsoid.
    start_s : float
        UTC seconds at which the run starts.
    duration_s : float
        Length of the run, seconds; infinite for a feed without a scenario.
    """

    name: str
    lat_deg: float
    lon_deg: float
    height_m: float
    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """A defended place.

    Attributes
    ----------
    index : int
        Its number, the row order of the scenario.
    name, sector, kind : str
        As written in the scenario; kind is ``civil``, ``civil+military`` or ``border area``.
    lat_deg, lon_deg : float
        WGS 84.
    position_m : F64
        Shape (3,), station frame, on the ground.
    radius_m : float
        How near a threat must come to have reached it.
    population : int
        People there; 0 is valid.
    priority : float
        Weight given to it by the scenario, > 0.
    named_in_report : bool
        True when the press report named it.
    """

    index: int
    name: str
    sector: str
    kind: str
    lat_deg: float
    lon_deg: float
    position_m: F64
    radius_m: float
    population: int
    priority: float
    named_in_report: bool = False


class Measures(IntFlag):
    """What a sensor measures of each detection."""

    RANGE = 1
    AZIMUTH = 2
    ELEVATION = 4
    RANGE_RATE = 8
    POSITION = 16
    VELOCITY = 32
    ADDRESS = 64


@dataclass(frozen=True, slots=True)
class Volume:
    """What one look covers, in the sensor's own coordinates.

    Azimuths run clockwise from the sensor's north, from ``azimuth_from_rad``
    over ``azimuth_span_rad``.
    """

    range_min_m: float
    range_max_m: float
    azimuth_from_rad: float = 0.0
    azimuth_span_rad: float = 2.0 * np.pi
    elevation_min_rad: float = -0.5 * np.pi
    elevation_max_rad: float = 0.5 * np.pi


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor as its maker would state it: never the figures the simulator drew with.

    Attributes
    ----------
    number : int
        Its number at this station, never reused.
    name, kind : str
        Name in the scenario; name of its model (``radar``, ``direction-finder``, ...).
    position_m : F64
        Shape (3,), station frame.
    axes : F64
        Shape (3, 3): rows are the sensor's own east, north and up, station frame.
    measures : Measures
        Which columns of its detections hold a measurement.
    sigma_range_m, sigma_azimuth_rad, sigma_elevation_rad : float
        Stated standard deviations; NaN where not measured.
    sigma_range_rate_mps, sigma_position_m : float
        Stated standard deviations; NaN where not measured.
    volume : Volume
        The whole reach of the sensor.
    detection_probability : float
        Nominal, for its reference target in fair weather at mid range.
    clutter_per_look : float
        Nominal mean number of false detections in one look.
    period_s : float
        Seconds between looks at the same direction.
    reference_rcs_m2 : float
        Radar cross-section for which range and probability are stated; NaN if not a radar.
    reference_range_m : float
        Range at which the reference target is seen with ``detection_probability``; NaN if unstated.
    horizon_azimuth_rad, horizon_elevation_rad : F64
        Horizon mask: lowest visible elevation by azimuth; empty for none.
    cued : bool
        True for a sensor that must be told where to look.
    """

    number: int
    name: str
    kind: str
    position_m: F64
    axes: F64
    measures: Measures
    volume: Volume
    period_s: float
    detection_probability: float
    clutter_per_look: float
    sigma_range_m: float = np.nan
    sigma_azimuth_rad: float = np.nan
    sigma_elevation_rad: float = np.nan
    sigma_range_rate_mps: float = np.nan
    sigma_position_m: float = np.nan
    reference_rcs_m2: float = np.nan
    reference_range_m: float = np.nan
    horizon_azimuth_rad: F64 = field(default_factory=lambda: np.empty(0))
    horizon_elevation_rad: F64 = field(default_factory=lambda: np.empty(0))
    cued: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """The path of a sensor's scans to the station.

    Attributes
    ----------
    delay_s, jitter_s : float
        Fixed delay, and the mean of the exponential delay added to it.
    loss : float
        Probability that a scan never arrives.
    outages_s : tuple of (float, float)
        Spans of UTC seconds in which nothing arrives.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    outages_s: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """An effector site of an abstract kind; every figure is illustrative.

    Attributes
    ----------
    index : int
        Its number, the row order of the scenario.
    name : str
        Its name in the scenario.
    effector : EffectorKind
        Its kind.
    position_m : F64
        Shape (3,), station frame.
    range_min_m, range_max_m : float
        Slant range of a possible intercept.
    height_max_m : float
        Highest intercept above ground.
    round_speed_mps : float
        Mean speed of a round to the intercept; infinite for a jammer.
    kill_probability : F64
        Shape (7,): single-shot kill probability against each ObjectClass, as stated.
    reaction_s, reload_s, assessment_s : float
        Order to launch; between rounds of one channel; how long its channel stays on the target
        after the intercept, before which nothing is concluded.
    channels : int
        Engagements at the same time.
    magazine : int
        Rounds at the start.
    debris_radius_m : float
        Radius round the intercept in which debris may fall, added to the fall itself.
    acquisition_m : float
        How near to the ordered track's predicted position a target must be for a round to find it.
    """

    index: int
    name: str
    effector: EffectorKind
    position_m: F64
    range_min_m: float
    range_max_m: float
    height_max_m: float
    round_speed_mps: float
    kill_probability: F64
    reaction_s: float
    reload_s: float
    assessment_s: float
    channels: int
    magazine: int
    debris_radius_m: float
    acquisition_m: float


@dataclass(frozen=True, slots=True)
class FlightPlan:
    """A filed route: a corridor in space and time.

    Attributes
    ----------
    callsign : str
        Call sign filed.
    address : int
        ICAO address filed, -1 if none.
    points_m : F64
        Shape (n, 3), station frame.
    times_s : F64
        Shape (n,), UTC seconds over each point.
    half_width_m : float
        Lateral half width of the corridor.
    """

    callsign: str
    address: int
    points_m: F64
    times_s: F64
    half_width_m: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Height of the ground above the ellipsoid: one constant, or a coarse grid.

    Attributes
    ----------
    constant_m : float
        Height where there is no grid.
    lat_deg, lon_deg : F64
        Shapes (r,), (c,), ascending; empty without a grid.
    height_m : F64
        Shape (r, c).
    refraction_factor : float
        Effective earth radius over the true one, for lines of sight.
    """

    constant_m: float = 0.0
    lat_deg: F64 = field(default_factory=lambda: np.empty(0))
    lon_deg: F64 = field(default_factory=lambda: np.empty(0))
    height_m: F64 = field(default_factory=lambda: np.empty((0, 0)))
    refraction_factor: float = 4.0 / 3.0

    @property
    def described(self) -> str:
        """Return the words reports put beside coverage figures."""
        return "grid" if self.height_m.size else "constant"


@dataclass(frozen=True, slots=True)
class Theatre:
    """All that is known before the first event: what picture, defence and outputs may read.

    Attributes
    ----------
    station : Station
        Frame of reference and span.
    places : tuple of Place
        Defended places, by index.
    border_lat_deg, border_lon_deg : F64
        Polygon of the defended side, open (last point joins the first); empty for none.
        Coarse, for simulation only, no statement on any boundary.
    sensors : tuple of Sensor
        As stated.
    sites : tuple of Site
        Effector sites; empty on every real feed.
    flight_plans : tuple of FlightPlan
        Filed routes.
    authorised_addresses : tuple of int
        Remote ID digests of authorised drones.
    ground : Ground
        The ground model.
    simulated : bool
        True only when a simulated world runs. Without it nothing that engages is built.
    """

    station: Station
    places: tuple[Place, ...] = ()
    border_lat_deg: F64 = field(default_factory=lambda: np.empty(0))
    border_lon_deg: F64 = field(default_factory=lambda: np.empty(0))
    sensors: tuple[Sensor, ...] = ()
    sites: tuple[Site, ...] = ()
    flight_plans: tuple[FlightPlan, ...] = ()
    authorised_addresses: tuple[int, ...] = ()
    ground: Ground = field(default_factory=Ground)
    simulated: bool = False
