"""What a scenario file may say: one pydantic model for each part, composed here."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chowki.core.clock import parse_utc
from chowki.core.document import canonical
from chowki.defence import DefenceParameters
from chowki.picture import PictureParameters
from chowki.world.population_birds import Birds
from chowki.world.population_raid import GeoPoint, Latitude, Longitude, Raid, Share
from chowki.world.population_traffic import Traffic

DISCLAIMER = "Coarse, for simulation only; makes no statement on any boundary."


class Part(BaseModel):
    """Base of the scenario's own parts: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StationPart(Part):
    """Origin of the frame of reference and span of the run."""

    lat_deg: Latitude = Field(description="latitude of the origin, degrees WGS 84")
    lon_deg: Longitude = Field(description="longitude of the origin, degrees WGS 84")
    height_m: float = Field(default=0.0, ge=-500.0, le=9000.0, description="above the ellipsoid, m")
    start: str = Field(description="start in UTC, ISO 8601, for example 2025-05-09T14:30:00Z")
    duration_s: float = Field(gt=0.0, le=864_000.0, description="length of the run, s")
    reach_km: float = Field(
        default=1000.0,
        gt=0.0,
        le=3000.0,
        description="everything named lies this near the origin, km",
    )

    @field_validator("start", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value

    @field_validator("start")
    @classmethod
    def _time(cls, value: str) -> str:
        parse_utc(value)
        return value


class GroundPart(Part):
    """Height of the ground, and how much the air bends radio rays."""

    height_m: float = Field(
        default=0.0, ge=-500.0, le=9000.0, description="constant, above ellipsoid, m"
    )
    grid_file: str | None = Field(
        default=None,
        description="CSV grid: first row longitudes, first column latitudes, heights in m",
    )
    refraction_factor: float = Field(
        default=4.0 / 3.0, ge=0.5, le=3.0, description="effective earth radius over the true one"
    )
    grid_lat_deg: tuple[float, ...] = Field(default=(), description="filled from grid_file")
    grid_lon_deg: tuple[float, ...] = Field(default=(), description="filled from grid_file")
    grid_height_m: tuple[tuple[float, ...], ...] = Field(
        default=(), description="filled from grid_file"
    )


class WeatherPart(Part):
    """What optics have to cope with."""

    visibility: Share = Field(default=1.0, description="1 is clear, 0 is dense fog")
    night: bool = Field(default=False, description="true in darkness")


class BorderPart(Part):
    """The defended side as a polygon: the line of the border, closed over the interior."""

    disclaimer: str = Field(
        default=DISCLAIMER, min_length=10, description="said wherever it is drawn"
    )
    line: tuple[GeoPoint, ...] = Field(default=(), description="corners along the border, lat lon")
    interior: tuple[GeoPoint, ...] = Field(default=(), description="corners that close the polygon")

    @property
    def polygon(self) -> tuple[GeoPoint, ...]:
        """Return the corners of the defended side."""
        return self.line + self.interior


class PlacePart(Part):
    """A defended place."""

    name: str = Field(min_length=1, description="as reports name it")
    lat_deg: Latitude = Field(description="degrees WGS 84")
    lon_deg: Longitude = Field(description="degrees WGS 84")
    sector: str = Field(default="", description="stretch of the border")
    kind: Literal["civil", "civil+military", "border area"] = Field(
        default="civil", description="what it is"
    )
    population: int | None = Field(
        default=None, ge=0, le=50_000_000, description="people there: must be given, 0 is valid"
    )
    population_source: str = Field(default="", description="where that number comes from")
    priority: float = Field(default=1.0, gt=0.0, le=100.0, description="weight")
    priority_source: str = Field(default="", description="who chose it")
    radius_m: float | None = Field(
        default=None, gt=0.0, le=50_000.0, description="reached within this"
    )
    named_in_report: bool = Field(default=False, description="true when the press report named it")
    also_spelled: str = Field(default="", description="other spellings, separated by ;")
    position_source: str = Field(default="", description="gazetteer or approximate")
    radius_km_uncertainty: float | None = Field(
        default=None, ge=0.0, description="of the position, km"
    )
    note: str = Field(default="", description="evidence and warnings")


class PlacesPart(Part):
    """Defended places, from a CSV file, from the list, or both."""

    file: str | None = Field(default=None, description="CSV beside the scenario file")
    radius_m: float = Field(
        default=3000.0, gt=0.0, le=50_000.0, description="how near a threat has reached a place, m"
    )
    only: tuple[str, ...] | None = Field(default=None, description="names to take from the file")
    towns: tuple[PlacePart, ...] = Field(default=(), description="the places")


class Placement(Part):
    """Where the members of a group stand: given, or invented from the seed."""

    name: str = Field(min_length=1, description="name of the group: unique, its address of chance")
    count: int = Field(default=1, ge=0, le=999, description="members, when positions are invented")
    at: tuple[GeoPoint, ...] = Field(default=(), description="given positions, lat lon")
    near: Literal["places"] | None = Field(default=None, description="near each place in turn")
    among: tuple[str, ...] | None = Field(default=None, description="names of the places for near")
    along: Literal["border"] | None = Field(default=None, description="behind the border line")
    away_km: tuple[Annotated[float, Field(ge=0.0)], Annotated[float, Field(ge=0.0)]] = Field(
        default=(1.0, 6.0), description="nearest and farthest from the place or the border line, km"
    )
    height_agl_m: float = Field(default=10.0, ge=0.0, le=5000.0, description="above ground, m")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (bool(self.at), self.near is not None, self.along is not None)
        if sum(ways) != 1:
            raise ValueError(
                'exactly one of at = [[lat, lon], ...], near = "places", along = "border"'
            )
        if self.away_km[0] > self.away_km[1]:
            raise ValueError("away_km = [nearest, farthest] with nearest <= farthest")
        return self

    @property
    def members(self) -> int:
        """Return how many members the group has."""
        return len(self.at) or self.count


class SensorGroup(Placement):
    """Sensors of one model with the same parameters."""

    model: str = Field(description="name of a sensor model")
    link: str | None = Field(
        default=None, description="name of a link; without it scans arrive at once"
    )
    parameters: dict[str, Any] = Field(default_factory=dict, description="of the sensor model")


class EffectorGroup(Placement):
    """Effector sites of one abstract kind; figures are illustrative."""

    parameters: dict[str, Any] = Field(default_factory=dict, description="of the effector")


class LinkPart(Part):
    """The path of scans to the station."""

    delay_s: float = Field(default=0.0, ge=0.0, le=60.0, description="fixed delay, s")
    jitter_s: float = Field(
        default=0.0, ge=0.0, le=60.0, description="mean of an exponential delay, s"
    )
    loss: Share = Field(default=0.0, description="probability that a scan is lost")
    outages_s: tuple[tuple[float, float], ...] = Field(
        default=(), description="spans after the start in which nothing arrives, s"
    )
    outages_per_hour: float = Field(
        default=0.0, ge=0.0, le=60.0, description="drawn for each sensor"
    )
    outage_mean_s: float = Field(
        default=60.0, gt=0.0, le=36_000.0, description="their mean length, s"
    )

    @field_validator("outages_s")
    @classmethod
    def _forwards(cls, value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if any(not (0.0 <= start < end < math.inf) for start, end in value):
            raise ValueError("spans [from, to] in seconds after the start, from < to")
        return value


class PartNames(Part):
    """Which parts to use, by their names."""

    associator: str = Field(default="belief-propagation", description="group chowki.associator")
    threat_model: str = Field(default="destination", description="group chowki.threat_model")
    allocator: str = Field(default="rolling-horizon", description="group chowki.allocator")


class Scenario(Part):
    """A whole scenario: what a TOML file says, with places and ground filled in."""

    name: str = Field(default="", description="without it, the name of the file")
    about: str = Field(default="", description="what it tells")
    sources: tuple[str, ...] = Field(default=(), description="where its figures come from")
    seed: int = Field(default=1, ge=0, le=2**31, description="seed of a run that names none")
    station: StationPart
    ground: GroundPart = GroundPart()
    weather: WeatherPart = WeatherPart()
    border: BorderPart = BorderPart()
    places: PlacesPart = PlacesPart()
    sensors: tuple[SensorGroup, ...] = ()
    links: dict[str, LinkPart] = Field(default_factory=dict)
    effectors: tuple[EffectorGroup, ...] = ()
    raid: Raid = Raid()
    traffic: Traffic = Traffic()
    birds: Birds = Birds()
    parts: PartNames = PartNames()
    picture: PictureParameters = PictureParameters()
    defence: DefenceParameters = DefenceParameters()

    def document(self) -> dict[str, Any]:
        """Return the scenario as JSON can hold it; complete, needs no other file."""
        return self.model_dump(mode="json")

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the scenario of a document."""
        return cls.model_validate(document)

    def digest(self) -> str:
        """Return the SHA-256 of the document in canonical JSON, hexadecimal."""
        return hashlib.sha256(canonical(self.document()).encode()).hexdigest()
