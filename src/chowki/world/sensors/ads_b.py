"""A receiver of what aircraft say of themselves: ADS-B, and Remote ID near by."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from chowki.core.chance import key
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.ports import Aloft, Look, Surroundings
from chowki.core.records import AddressKind, Detections, Tasks
from chowki.core.table import F64, I64
from chowki.kernels.hearing import reports
from chowki.kernels.terrain import lines_of_sight
from chowki.world.sensors.standpoint import (
    SensorParameters,
    centre_time,
    draws,
    look_at,
    moved,
    phase,
    terrain_of,
    vantage_of,
)

_ASSUMED = "illustrative, no source"


class AdsBParameters(SensorParameters):
    """Figures of a cooperative receiver."""

    period_s: float = Field(
        default=1.0, ge=0.2, le=60, description="one scan of reports; ADS-B positions: two a second"
    )
    range_max_m: float = Field(
        default=250_000.0, gt=0, le=500_000, description="usual reach of a good 1090 MHz antenna"
    )
    remote_id: bool = Field(default=False, description="whether Remote ID is received too")
    remote_id_range_m: float = Field(
        default=3_000.0, gt=0, le=20_000, description="order of Bluetooth 5 and Wi-Fi reach"
    )
    loss: float = Field(
        default=0.05, ge=0, lt=1, description=f"share of reports lost near by; {_ASSUMED}"
    )
    loss_at_range: float = Field(
        default=0.4, ge=0, lt=1, description=f"share lost at the greatest range; {_ASSUMED}"
    )
    sigma_position_m: float = Field(
        default=15.0, gt=0, le=2000, description="per axis; order of NACp 9 (95 % within 30 m)"
    )
    sigma_velocity_mps: float = Field(default=1.0, gt=0, le=50, description="order of NACv 2")
    clock_offset_sigma_s: float = Field(default=0.02, ge=0, le=2, description=_ASSUMED)


class AdsB:
    """A simulated receiver of cooperative reports.

    The error of a report is the aircraft's own, so that two receivers of one message hear the
    same; only what is lost differs.

    Parameters
    ----------
    parameters : AdsBParameters
        Its figures.
    surroundings : Surroundings
        Where it stands and what it draws from.
    """

    Parameters = AdsBParameters

    def __init__(self, parameters: AdsBParameters, surroundings: Surroundings) -> None:
        self._figures = parameters
        self._vantage = vantage_of(surroundings, parameters.mask_rad)
        self._terrain = terrain_of(surroundings.ground)
        self._number = surroundings.sensor_number
        self._loss_key = key(surroundings.seed, "ads-b.loss")
        self._error_key = key(surroundings.seed, "transponder.error")
        begun = phase(surroundings) * parameters.period_s
        self._start_s = surroundings.theatre.station.start_s + begun
        drawn = float(draws(surroundings, "ads-b.clock").standard_normal())
        self._clock_offset_s = drawn * parameters.clock_offset_sigma_s
        self._sensor = _stated(parameters, surroundings)

    @property
    def sensor(self) -> Sensor:
        """Return the receiver as its maker would state it."""
        return self._sensor

    def next_look(self, after_s: float) -> Look:
        """Return the first look at or after a time."""
        period_s = self._figures.period_s
        number, start_s = look_at(self._start_s, period_s, after_s)
        return Look(number, start_s, start_s + period_s, self._sensor.volume)

    def observe(self, aloft: Aloft, look: Look) -> Detections:
        """Return the reports received in a look."""
        time_s = centre_time(look)
        rows, reach = self._audible(aloft)
        if not len(rows):
            return Detections.empty()
        place = moved(aloft, rows, time_s)
        heard, errors = reports(
            self._number, *self._loss_key, *self._error_key, look.number,
            math.floor(time_s), aloft.target[rows], reach, self._figures.loss,
            self._figures.loss_at_range,
        )  # fmt: skip
        heard &= lines_of_sight(self._vantage, self._terrain, place)
        kept = np.flatnonzero(heard)
        return self._table(aloft, rows[kept], place[kept], errors[kept], time_s)

    def heed(self, tasks: Tasks) -> None:
        """Ignore tasks: it hears all round anyway."""

    def _audible(self, aloft: Aloft) -> tuple[I64, F64]:
        """Return rows that transmit within reach, and their distance as a share of the reach."""
        speaking = np.flatnonzero(aloft.address >= 0)
        away = aloft.position_m[speaking] - self._vantage.position_m
        distance = np.sqrt(np.einsum("ij,ij->i", away, away))
        remote = aloft.address_kind[speaking] == int(AddressKind.REMOTE_ID)
        short_m = self._figures.remote_id_range_m if self._figures.remote_id else -1.0
        share = distance / np.where(remote, short_m, self._figures.range_max_m)
        near_by = np.flatnonzero((share <= 1.0) & (share >= 0.0))
        return speaking[near_by], share[near_by]

    def _table(self, aloft: Aloft, rows: I64, place: F64, errors: F64, time_s: float) -> Detections:
        figures = self._figures
        place = place + figures.sigma_position_m * errors[:, :3]
        velocity = aloft.velocity_mps[rows] + figures.sigma_velocity_mps * errors[:, 3:]
        address = aloft.address[rows]
        icao = aloft.address_kind[rows] == int(AddressKind.ICAO)
        return Detections.of(
            time_s=np.full(len(rows), time_s + self._clock_offset_s),
            east_m=place[:, 0].copy(),
            north_m=place[:, 1].copy(),
            up_m=place[:, 2].copy(),
            v_east_mps=velocity[:, 0].copy(),
            v_north_mps=velocity[:, 1].copy(),
            v_up_mps=velocity[:, 2].copy(),
            sigma_m=np.full(len(rows), figures.sigma_position_m),
            address=address,
            address_kind=aloft.address_kind[rows],
            callsign=aloft.callsign[rows],
            squawk=np.where(icao, squawk_of(address), -1),
        )


def squawk_of(address: I64) -> I64:
    """Return the Mode 3/A code of an address: four octal digits, written as decimal ones.

    Codes are assigned by flight; here by address, away from the emergency codes 7500 to 7777.
    """
    code = address * 2654435761 % 3500
    digits = [code // 512 % 8, code // 64 % 8, code // 8 % 8, code % 8]
    return digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]


def _stated(figures: AdsBParameters, surroundings: Surroundings) -> Sensor:
    mask_azimuth, mask_elevation = figures.mask_rad
    return Sensor(
        number=surroundings.sensor_number,
        name=surroundings.name,
        kind="ads-b",
        position_m=surroundings.position_m,
        axes=surroundings.axes,
        measures=Measures.POSITION | Measures.VELOCITY | Measures.ADDRESS,
        volume=Volume(0.0, figures.range_max_m),
        period_s=figures.period_s,
        detection_probability=round(1.0 - 0.5 * (figures.loss + figures.loss_at_range), 2),
        clutter_per_look=0.0,
        sigma_position_m=figures.sigma_position_m,
        reference_range_m=figures.range_max_m,
        horizon_azimuth_rad=mask_azimuth,
        horizon_elevation_rad=mask_elevation,
    )
