"""Figures of the simulated radars: two presets, every figure free to set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from chowki.world.sensors.standpoint import SensorParameters

_TEXTBOOK = "illustrative textbook value (Skolnik 2001, Introduction to Radar Systems)"
_ASSUMED = "illustrative, no source"

LONG_RANGE: Mapping[str, Any] = {
    "rotation_s": 10.0,
    "power_kw": 200.0,
    "gain_db": 34.0,
    "wavelength_m": 0.1,
    "bandwidth_mhz": 1.0,
    "noise_figure_db": 3.0,
    "processing_gain_db": 32.0,
    "beamwidth_deg": 1.4,
    "elevation_beamwidth_deg": None,
    "range_min_m": 2_000.0,
    "range_max_m": 300_000.0,
    "elevation_max_deg": 30.0,
    "prf_hz": (400.0, 460.0, 520.0),
    "range_bias_sigma_m": 40.0,
    "azimuth_bias_sigma_deg": 0.08,
    "clutter_per_look": 12.0,
    "recurring_points": 12,
    "recurring_range_max_m": 40_000.0,
    "reference_rcs_m2": 1.0,
}


class RadarParameters(SensorParameters):
    """Figures of a rotating pulse radar; the defaults are those of the low-level preset.

    ``preset = "long-range"`` replaces the defaults by a surveillance radar of about 300 km;
    whatever is given beside it stands.
    """

    preset: Literal["long-range", "low-level"] = Field(
        default="low-level", description="set of figures from which to start"
    )
    rotation_s: float = Field(default=4.0, ge=0.5, le=30, description=f"one turn; {_TEXTBOOK}")
    sectors: int = Field(default=1, ge=1, le=32, description="scans sent for each rotation")
    power_kw: float = Field(default=20.0, gt=0, le=1e4, description=f"peak power; {_TEXTBOOK}")
    gain_db: float = Field(default=36.0, ge=0, le=60, description=f"antenna gain; {_TEXTBOOK}")
    wavelength_m: float = Field(
        default=0.055, gt=0.001, le=5, description=f"C band here, S band long-range; {_TEXTBOOK}"
    )
    bandwidth_mhz: float = Field(
        default=5.0, gt=0, le=1000, description=f"range cell is c / 2B; {_TEXTBOOK}"
    )
    noise_figure_db: float = Field(default=4.0, ge=0, le=20, description=_TEXTBOOK)
    losses_db: float = Field(default=6.0, ge=0, le=40, description=f"system losses; {_TEXTBOOK}")
    processing_gain_db: float = Field(
        default=33.0,
        ge=0,
        le=80,
        description=f"pulse compression and coherent integration together; {_TEXTBOOK}",
    )
    false_alarm: float = Field(
        default=1e-6, gt=0, lt=0.1, description=f"probability per cell; {_TEXTBOOK}"
    )
    fluctuation: Literal[0, 1, 2] = Field(
        default=1, description="Swerling case (RAND RM-1217, 1954); 0 is a steady target"
    )
    pulses: int = Field(
        default=1, ge=1, le=64, description="pulses integrated noncoherently, Swerling 2 only"
    )
    prf_hz: tuple[float, ...] = Field(
        default=(1900.0, 2200.0, 2450.0),
        max_length=8,
        description=f"staggered rates of the two-pulse canceller, empty: none; {_TEXTBOOK}",
    )
    beamwidth_deg: float = Field(default=1.5, gt=0, le=60, description=f"azimuth; {_TEXTBOOK}")
    elevation_beamwidth_deg: float | None = Field(
        default=4.0, gt=0, le=90, description=f"none for a 2-D radar; {_TEXTBOOK}"
    )
    measures_range_rate: bool = Field(default=False, description="whether Doppler is reported")
    range_rate_cell_mps: float = Field(default=8.0, gt=0, le=200, description=_ASSUMED)
    range_min_m: float = Field(default=300.0, ge=0, description=f"pulse length; {_TEXTBOOK}")
    range_max_m: float = Field(default=60_000.0, gt=0, le=600_000, description="instrumented range")
    elevation_min_deg: float = Field(default=-2.0, ge=-90, lt=90, description=_ASSUMED)
    elevation_max_deg: float = Field(default=45.0, gt=-90, le=90, description=_ASSUMED)
    tail_probability: float = Field(
        default=0.03, ge=0, le=0.5, description=f"share of plots with enlarged errors; {_ASSUMED}"
    )
    tail_factor: float = Field(default=3.0, ge=1, le=20, description=_ASSUMED)
    noise_floor: float = Field(
        default=0.05, ge=0, le=1, description=f"least error as a share of the cell; {_TEXTBOOK}"
    )
    range_bias_sigma_m: float = Field(
        default=15.0, ge=0, le=5000, description=f"spread of the constant bias; {_ASSUMED}"
    )
    azimuth_bias_sigma_deg: float = Field(default=0.1, ge=0, le=5, description=_ASSUMED)
    elevation_bias_sigma_deg: float = Field(default=0.1, ge=0, le=5, description=_ASSUMED)
    clock_offset_sigma_s: float = Field(default=0.03, ge=0, le=2, description=_ASSUMED)
    clutter_per_look: float = Field(
        default=3.0, ge=0, le=400, description=f"mean false plots of a rotation; {_ASSUMED}"
    )
    clutter_rate_mps: float = Field(default=30.0, ge=0, le=300, description=_ASSUMED)
    recurring_points: int = Field(
        default=6, ge=0, le=1000, description=f"road stretches and wind parks; {_ASSUMED}"
    )
    recurring_probability: float = Field(
        default=0.15, ge=0, le=1, description=f"of each in a rotation; {_ASSUMED}"
    )
    recurring_range_max_m: float = Field(default=15_000.0, gt=0, description=_ASSUMED)
    weather_loss_db_per_km: float = Field(
        default=0.02, ge=0, le=5, description="two ways, times (1 - visibility); ITU-R P.838 order"
    )
    reference_rcs_m2: float = Field(
        default=0.03, gt=0, le=1000, description="small drone; Skolnik 2001, table 2.1, bird .01"
    )
    stated_detection: float = Field(
        default=0.8, gt=0.05, lt=0.999, description="probability at the stated reference range"
    )

    @model_validator(mode="before")
    @classmethod
    def _start_from_preset(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("preset") == "long-range":
            return {**LONG_RANGE, **given}
        return given

    @model_validator(mode="after")
    def _spans_in_order(self) -> Self:
        if self.range_min_m >= self.range_max_m:
            raise ValueError("range_min_m must be below range_max_m")
        if self.elevation_min_deg >= self.elevation_max_deg:
            raise ValueError("elevation_min_deg must be below elevation_max_deg")
        if any(not 50.0 <= prf <= 1e6 for prf in self.prf_hz):
            raise ValueError("each of prf_hz must lie in [50, 1e6]")
        if self.pulses > 1 and self.fluctuation != 2:
            raise ValueError("pulses above 1 need fluctuation = 2")
        if self.recurring_range_max_m <= self.range_min_m:
            raise ValueError("recurring_range_max_m must be above range_min_m")
        return self
