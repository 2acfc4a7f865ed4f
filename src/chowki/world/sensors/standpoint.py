"""What all simulated sensors share: where they stand, what hides the sky, when they look."""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from chowki.core.chance import generator
from chowki.core.places import Ground
from chowki.core.ports import Aloft, Look, Surroundings
from chowki.core.table import F64, I64
from chowki.kernels.geodesy import station_frame, vertical_and_height
from chowki.kernels.terrain import Terrain, Vantage

# A look that starts this little before the time asked for still counts: UTC seconds are coarse.
_SLACK_S = 1e-3


class SensorParameters(BaseModel):
    """Figures that every sensor has.

    Attributes
    ----------
    horizon_mask_deg : tuple of (float, float)
        Azimuth and lowest visible elevation there, degrees; straight between, closed round north.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    horizon_mask_deg: tuple[tuple[float, float], ...] = Field(
        default=(),
        description="horizon mask: (azimuth, lowest visible elevation) in degrees, surveyed on"
        " the spot; empty for none",
    )

    @field_validator("horizon_mask_deg")
    @classmethod
    def _mask_in_range(
        cls, mask: tuple[tuple[float, float], ...]
    ) -> tuple[tuple[float, float], ...]:
        azimuths = [azimuth for azimuth, _ in mask]
        if any(not 0.0 <= azimuth < 360.0 for azimuth in azimuths):
            raise ValueError("azimuths of a horizon mask lie in [0, 360)")
        if len(set(azimuths)) < len(azimuths):
            raise ValueError("a horizon mask gives one elevation for each azimuth")
        if any(not -10.0 <= elevation < 90.0 for _, elevation in mask):
            raise ValueError("elevations of a horizon mask lie in [-10, 90)")
        return tuple(sorted(mask))

    @property
    def mask_rad(self) -> tuple[F64, F64]:
        """Return azimuths and elevations of the mask, radians."""
        mask = np.radians(np.array(self.horizon_mask_deg).reshape(-1, 2))
        return np.ascontiguousarray(mask[:, 0]), np.ascontiguousarray(mask[:, 1])


def terrain_of(ground: Ground) -> Terrain:
    """Return the ground model as kernels take it."""
    return Terrain(
        float(ground.constant_m),
        float(ground.refraction_factor),
        np.radians(ground.lat_deg),
        np.radians(ground.lon_deg),
        np.ascontiguousarray(ground.height_m, dtype=np.float64),
    )


def vantage_of(surroundings: Surroundings, mask_rad: tuple[F64, F64]) -> Vantage:
    """Return where a sensor stands, as kernels take it."""
    station = surroundings.theatre.station
    frame = station_frame(
        math.radians(station.lat_deg), math.radians(station.lon_deg), station.height_m
    )
    position = np.ascontiguousarray(surroundings.position_m, dtype=np.float64)
    axes = np.ascontiguousarray(surroundings.axes, dtype=np.float64)
    height = float(vertical_and_height(frame, position[0], position[1], position[2])[3])
    return Vantage(position, axes, frame, height, *mask_rad)


def look_at(start_s: float, period_s: float, after_s: float) -> tuple[int, float]:
    """Return number and start of the first look at or after a time, looks back to back."""
    number = max(math.ceil((after_s - start_s - _SLACK_S) / period_s), 0)
    return number, start_s + number * period_s


def phase(surroundings: Surroundings) -> float:
    """Return where in its cycle a sensor stands at the start of the run, in [0, 1)."""
    return float(draws(surroundings, "sensor.phase").random())


def draws(surroundings: Surroundings, purpose: str) -> np.random.Generator:
    """Return the generator of what is drawn once for a sensor."""
    return generator(surroundings.seed, purpose, surroundings.sensor_number)


def near(vantage: Vantage, aloft: Aloft, range_m: float) -> tuple[I64, F64]:
    """Return rows of targets within a range of a sensor, and their vectors from it (m, 3)."""
    away = aloft.position_m - vantage.position_m
    rows = np.flatnonzero(np.einsum("ij,ij->i", away, away) <= range_m * range_m)
    return rows, away[rows]


def moved(aloft: Aloft, rows: I64, time_s: float) -> F64:
    """Return positions of some targets at a time, shape (m, 3), contiguous."""
    return aloft.position_m[rows] + (time_s - aloft.time_s) * aloft.velocity_mps[rows]


def centre_time(look: Look) -> float:
    """Return the middle of a look, UTC seconds."""
    return 0.5 * (look.start_s + look.end_s)
