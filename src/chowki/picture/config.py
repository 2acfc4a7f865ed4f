"""What a tracker used alone is told: sensors, motion, targets, what to report."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chowki.core.errors import Problem, ScenarioError
from chowki.core.problems import problems_of

Probability = Annotated[float, Field(gt=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Natural = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
WHAT = "configuration"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SensorConfig(_Section):
    """A sensor: what it measures, how well, how often, and what it sees besides targets."""

    id: str = Field(default="", description="its name in the column `sensor` of the plots")
    kind: Literal["position", "radar", "bearing"] = Field(description="what its plots hold")
    position_m: tuple[Finite, ...] = Field(
        default=(0.0, 0.0, 0.0), min_length=2, max_length=3, description="where it stands"
    )
    sigma_m: Positive | None = Field(default=None, description="position: per axis")
    sigma_range_m: Positive | None = Field(default=None, description="radar: slant range")
    sigma_azimuth_deg: Positive | None = Field(default=None, description="radar, bearing")
    sigma_elevation_deg: Positive | None = Field(default=None, description="where measured")
    sigma_range_rate_mps: Positive | None = Field(default=None, description="where measured")
    detection_probability: Probability = Field(description="of a target in the area")
    clutter_per_m2: Natural | None = Field(
        default=None, description="false plots a square metre and scan"
    )
    clutter_per_scan: Natural | None = Field(
        default=None, description="instead: false plots a scan, all in all"
    )
    scan_period_s: Positive = Field(
        default=1.0, description="every multiple from its first plot on is a scan"
    )
    area_m: tuple[Finite, Finite, Finite, Finite] | None = Field(
        default=None, description="x0, y0, x1, y1 of what it covers; position sensors need it"
    )
    range_max_m: Positive | None = Field(
        default=None, description="radar, bearing: reach; without it that of the area"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {
            "position": ("sigma_m", "area_m"),
            "radar": ("sigma_range_m", "sigma_azimuth_deg"),
            "bearing": ("sigma_azimuth_deg",),
        }[self.kind]
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f'kind = "{self.kind}" also needs {", ".join(missing)}')
        if (self.clutter_per_m2 is None) == (self.clutter_per_scan is None):
            raise ValueError("one of clutter_per_m2 and clutter_per_scan")
        if self.kind != "position" and self.area_m is None and self.range_max_m is None:
            raise ValueError("range_max_m or area_m: how far it reaches")
        if self.area_m and not (
            self.area_m[0] < self.area_m[2] and self.area_m[1] < self.area_m[3]
        ):
            raise ValueError("area_m = [x0, y0, x1, y1] with x0 < x1 and y0 < y1")
        return self

    @property
    def area_m2(self) -> float:
        """Return the size of the area, or of the disc that it reaches."""
        if self.area_m is not None:
            return (self.area_m[2] - self.area_m[0]) * (self.area_m[3] - self.area_m[1])
        reach = self.range_max_m or 0.0
        return 3.141592653589793 * reach * reach

    @property
    def clutter_density_per_m2(self) -> float:
        """Return false plots a square metre and scan."""
        if self.clutter_per_m2 is not None:
            return self.clutter_per_m2
        return (self.clutter_per_scan or 0.0) / self.area_m2


class MotionConfig(_Section):
    """How targets move."""

    model: Literal["cv", "imm"] = Field(
        default="cv", description="nearly constant velocity, or interacting modes"
    )
    accel_psd_m2ps3: Positive = Field(
        default=1.0, description="spectral density of acceleration, quiet flight"
    )
    manoeuvre_psd_m2ps3: Positive = Field(
        default=4.0, description="imm: the same while turning (illustrative)"
    )
    turn_rate_sd_degps: Positive = Field(
        default=4.0, description="imm: turn rate when a turn begins (3 deg/s is a standard turn)"
    )
    turn_change_degps: Positive = Field(
        default=1.0, description="imm: change of the turn rate in a second, standard deviation"
    )
    hover_psd_m2ps3: Positive = Field(default=0.5, description="imm: while hovering (illustrative)")
    hover_time_s: Positive = Field(
        default=2.0, description="imm: time in which a hovering target stops"
    )
    quiet_s: Positive = Field(default=60.0, description="imm: mean time in quiet flight")
    turn_s: Positive = Field(default=15.0, description="imm: mean time of a turn")
    hover_s: Positive = Field(default=60.0, description="imm: mean time of a hover")


class BirthConfig(_Section):
    """Where targets appear: a Gaussian."""

    weight: Natural = Field(description="expected number a scan")
    initial_weight: Natural = Field(default=0.0, description="expected number at the first scan")
    mean_m: tuple[Finite, Finite] = Field(description="its middle")
    sd_m: tuple[Positive, Positive] = Field(description="its standard deviations")
    speed_sd_mps: Positive = Field(default=30.0, description="per axis")


class TargetConfig(_Section):
    """How targets come and go."""

    survival_probability: Probability = Field(default=0.99, description="per scan period")
    initial_per_m2: Natural = Field(default=0.0, description="undetected at the first scan")
    birth_per_m2: Natural = Field(default=0.0, description="new ones a scan")
    birth: tuple[BirthConfig, ...] = Field(default=(), description="or Gaussians")
    speed_sd_mps: Positive = Field(default=30.0, description="per axis, at birth")
    climb_sd_mps: Positive = Field(default=5.0, description="vertical, at birth")
    height_m: Finite = Field(default=1_000.0, description="prior where no height is measured")
    height_sd_m: Positive = Field(default=1_000.0, description="its standard deviation")

    @model_validator(mode="after")
    def _some(self) -> Self:
        densities = self.initial_per_m2 + self.birth_per_m2
        if densities + sum(b.weight + b.initial_weight for b in self.birth) <= 0.0:
            raise ValueError("no target can appear: give birth_per_m2, or [[target.birth]]")
        return self


class ReportConfig(_Section):
    """What counts as a track."""

    existence: Probability = Field(default=0.5, description="report tracks above this")
    confirmed: Probability = Field(default=0.9, description="confirmed from this existence on")
    hold: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.8, description="share of `existence` down to which a confirmed track is reported"
    )
    drop: Probability = Field(default=2e-3, description="dropped below this existence")


class AssociationConfig(_Section):
    """How plots and tracks are brought together."""

    method: str = Field(
        default="belief-propagation",
        description="an associator; global-nearest-neighbour is the baseline",
    )
    gate_probability: Probability = Field(default=0.9999, description="of a target's own plot")
    hypotheses: int = Field(
        default=100, ge=1, le=1000, description="kept where tracks blur; 1: marginals alone"
    )
    blur: Natural = Field(
        default=0.2,
        description="hypotheses are one again once that adds no more to a variance, as a share",
    )
    threads: int = Field(default=1, ge=1, description="at the most; they change no bit")
    late_s: Natural = Field(default=10.0, description="scans up to so late are taken in order")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class TrackerConfig(_Section):
    """All that a tracker used alone is told.

    Raises
    ------
    ScenarioError
        From ``read``, with every problem found: file, key, what was found, what is allowed.
    """

    sensor: Annotated[tuple[SensorConfig, ...], BeforeValidator(_listed)] = Field(min_length=1)
    motion: MotionConfig = Field(default_factory=MotionConfig)
    target: TargetConfig
    report: ReportConfig = Field(default_factory=ReportConfig)
    association: AssociationConfig = Field(default_factory=AssociationConfig)

    @model_validator(mode="after")
    def _named(self) -> Self:
        names = [sensor.id for sensor in self.sensor]
        if len(set(names)) < len(names):
            raise ValueError("several sensors need an id each, no two the same")
        return self

    @classmethod
    def read(cls, path: str | Path) -> TrackerConfig:
        """Return the configuration in a TOML file."""
        try:
            raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
            return cls.model_validate(raw)
        except ValidationError as error:
            raise ScenarioError(problems_of(error, cls, str(path)), WHAT) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ScenarioError(
                [Problem(str(path), "(file)", str(error), "TOML 1.0")], WHAT
            ) from None
        except OSError as error:
            reason = error.strerror or "unreadable"
            raise ScenarioError(
                [Problem(str(path), "(file)", reason, "a TOML file")], WHAT
            ) from None
