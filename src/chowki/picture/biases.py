"""What is known of the sensors' biases: tables, their prior, and what to take off the plots."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Measures, Sensor
from chowki.core.table import F64, I64, Col, Table
from chowki.kernels.registration import BIASES


class RegistrationParameters(BaseModel):
    """How biases are estimated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="whether biases are estimated and taken off")
    range_m: float = Field(
        default=75.0, ge=0, description="standard deviation of a range bias beforehand"
    )
    azimuth_rad: float = Field(
        default=math.radians(0.2), ge=0, description="the same of an azimuth bias"
    )
    elevation_rad: float = Field(
        default=math.radians(0.2), ge=0, description="the same of an elevation bias"
    )
    time_s: float = Field(default=0.12, ge=0, description="the same of a clock")
    allowed_range_m: float = Field(
        default=60.0, ge=0, description="most that plots are allowed for an unknown range bias"
    )
    allowed_azimuth_rad: float = Field(
        default=math.radians(0.12), ge=0, description="the same of an azimuth bias"
    )
    allowed_elevation_rad: float = Field(
        default=math.radians(0.12), ge=0, description="the same of an elevation bias"
    )
    allowed_time_s: float = Field(default=0.12, ge=0, description="the same of a clock")
    allowed_least: float = Field(
        default=0.5, ge=0, le=1, description="share of these that is allowed at least"
    )
    memory_s: float = Field(
        default=36_000.0, gt=0, description="time over which a bias is forgotten (Gauss-Markov)"
    )
    span_s: float = Field(default=15.0, gt=0, description="seconds of plots that make a window")
    wait_s: float = Field(
        default=3.0, ge=0, description="seconds that a window waits for scans that come late"
    )
    spacing_s: float = Field(
        default=3.5, ge=0, description="least seconds between plots of one sensor in a window"
    )
    tracks: int = Field(default=64, ge=1, description="tracks that windows are kept for at a time")
    existence: float = Field(
        default=0.95, gt=0.5, lt=1, description="existence from which a track is sure"
    )
    share: float = Field(
        default=0.95, gt=0.5, le=1, description="share of a plot that a track must cause"
    )
    false_alarm_probability: float = Field(
        default=1e-6, gt=0, lt=0.1, description="of one radar cell, behind the stated errors"
    )
    acceleration_horizontal_m2ps3: float = Field(
        default=4.0, gt=0, description="spectral density of acceleration within a window"
    )
    acceleration_vertical_m2ps3: float = Field(
        default=0.3, gt=0, description="the same along the vertical"
    )
    surprise: float = Field(
        default=3.7, gt=0, description="normal deviate from which a window is not used"
    )
    jump: float = Field(
        default=5.0, gt=0, description="how far a bias may jump, in deviations of its prior"
    )
    jump_memory_s: float = Field(
        default=60.0, gt=0, description="time over which evidence for a jump fades"
    )
    ratio_step: float = Field(
        default=6.0, gt=0, description="log likelihood ratio of a jump that one window adds at most"
    )
    ratio_flag: float = Field(default=14.0, gt=0, description="ratio that flags a jump")
    ratio_lead: float = Field(
        default=4.0, gt=0, description="a sensor less than this behind is widened too"
    )
    flagged_s: float = Field(default=60.0, ge=0, description="how long a jump stays flagged")


@dataclass(frozen=True, slots=True)
class Biases(Table):
    """What each sensor adds to the truth: range, azimuth, elevation, time."""

    sensor: Annotated[I64, Col("", "number of the sensor")]
    origin_m: Annotated[F64, Col("m", "where it stands, station frame", (3,))]
    axes: Annotated[F64, Col("", "its east, north and up", (3, 3))]
    bias: Annotated[F64, Col("m, rad, rad, s", "range, azimuth, elevation, time", (BIASES,))]
    prior: Annotated[F64, Col("m2, rad2, rad2, s2", "variance beforehand, 0: none", (BIASES,))]
    pull: Annotated[F64, Col("", "information vector of a jump", (BIASES,))]
    weight: Annotated[F64, Col("", "information of a jump", (BIASES, BIASES))]
    ratio: Annotated[F64, Col("", "log likelihood ratio of a jump")]
    jumped_s: Annotated[F64, Col("s", "UTC time of its last jump, NaN before")]
    windows: Annotated[I64, Col("", "windows that spoke of it")]


@dataclass(frozen=True, slots=True)
class Couplings(Table):
    """Covariance of the biases of two sensors; every pair of sensors once, row by row."""

    first: Annotated[I64, Col("", "number of the sensor")]
    second: Annotated[I64, Col("", "number of the other, or of the same")]
    covariance: Annotated[F64, Col("", "of their biases", (BIASES, BIASES))]


@dataclass(frozen=True, slots=True)
class Waiting(Table):
    """Plots of sure tracks, in windows that are still open."""

    track: Annotated[I64, Col("", "track number")]
    row: Annotated[I64, Col("", "row of the sensor among the biases")]
    time_s: Annotated[F64, Col("s", "UTC time by the sensor's clock")]
    bits: Annotated[I64, Col("", "Measures")]
    values: Annotated[F64, Col("m, rad", "range, azimuth, elevation, or position", (3,))]
    variances: Annotated[F64, Col("m2, rad2", "of the values, without bias", (3,))]


@dataclass(frozen=True, slots=True)
class Registration:
    """All that is known of the sensors' biases.

    Attributes
    ----------
    biases : Biases
        One row for each sensor that has reported.
    couplings : Couplings
        Their joint covariance.
    waiting : tuple of Waiting
        Open windows, scan by scan.
    updated_s : float
        UTC time of the covariance, minus infinity at first.
    """

    biases: Biases = field(default_factory=Biases.empty)
    couplings: Couplings = field(default_factory=Couplings.empty)
    waiting: tuple[Waiting, ...] = ()
    updated_s: float = -np.inf


def prior_of(sensor: Sensor, p: RegistrationParameters) -> F64:
    """Return the variances beforehand of a sensor's biases, shape (4,); 0 where it has none."""
    polar = not sensor.measures & Measures.POSITION
    measured = [polar and bool(sensor.measures & m) for m in
                (Measures.RANGE, Measures.AZIMUTH, Measures.ELEVATION)]  # fmt: skip
    sd = (p.range_m, p.azimuth_rad, p.elevation_rad, p.time_s)
    return np.array([s * s if m else 0.0 for s, m in zip(sd, (*measured, True), strict=True)])


def bias_of(
    registration: Registration, sensor: Sensor, p: RegistrationParameters
) -> tuple[F64, F64]:
    """Return a sensor's biases and their variances, shapes (4,), (4,): the prior's at first."""
    row = row_of(registration, sensor.number)
    if not p.enabled or row < 0:
        return np.zeros(BIASES), prior_of(sensor, p)
    return estimate(registration, row)


def estimate(registration: Registration, row: int) -> tuple[F64, F64]:
    """Return the biases of a row and their variances, shapes (4,), (4,)."""
    own = registration.couplings.covariance[row * len(registration.biases) + row]
    return registration.biases.bias[row], np.diagonal(own)


def allowance(variance: F64, p: RegistrationParameters) -> F64:
    """Return the variances of biases as far as plots are allowed for them, shape (4,).

    A bias is the same for all plots of a sensor: tracks that it keeps alone do not feel it, and
    more noise than they need would only slow them.
    """
    allowed = (p.allowed_range_m, p.allowed_azimuth_rad, p.allowed_elevation_rad, p.allowed_time_s)
    least = p.allowed_least**2
    return np.array([
        min(max(v, least * a * a), a * a) if v > 0.0 else 0.0
        for v, a in zip(variance.tolist(), allowed, strict=True)
    ])  # fmt: skip


def jumped(registration: Registration, time_s: float, p: RegistrationParameters) -> I64:
    """Return the numbers of the sensors whose bias has lately jumped."""
    b = registration.biases
    return b.sensor[time_s - b.jumped_s <= p.flagged_s]


def row_of(registration: Registration, number: int) -> int:
    """Return the row of a sensor by its number, -1 when it has none."""
    found = (registration.biases.sensor == number).nonzero()[0]
    return int(found[0]) if len(found) else -1


def joint_covariance(registration: Registration) -> F64:
    """Return the covariance of all biases, shape (4 n, 4 n), four a sensor in the order of rows."""
    n = len(registration.biases)
    blocks = registration.couplings.covariance.reshape(n, n, BIASES, BIASES)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1, 3)).reshape(BIASES * n, BIASES * n)


def couplings_of(biases: Biases, joint: F64) -> Couplings:
    """Return a joint covariance, shape (4 n, 4 n), as the table of its blocks."""
    n = len(biases)
    blocks = np.ascontiguousarray(joint.reshape(n, BIASES, n, BIASES).transpose(0, 2, 1, 3))
    return Couplings(
        np.repeat(biases.sensor, n), np.tile(biases.sensor, n),
        blocks.reshape(n * n, BIASES, BIASES),
    )  # fmt: skip


def shifted(registration: Registration, number: int, jump: F64, weight: F64) -> Registration:
    """Return the registration after one bias of a sensor was seen to jump.

    It may have jumped by twice of what was seen, and is then updated with that (a Kalman update
    with one scalar). What it said before the jump leaves the open windows.

    Parameters
    ----------
    registration : Registration
        Before.
    number : int
        Number of the sensor; one that is not known yet is left alone.
    jump : F64
        Shape (4,): jump of range (m), azimuth, elevation (rad) or time (s); one that is not 0.
    weight : F64
        Shape (4,): one over the variance of that.
    """
    row, b = row_of(registration, number), registration.biases
    which = np.flatnonzero(jump)
    if row < 0 or not len(which) or not b.prior[row, which[0]] > 0.0:
        return registration
    at, joint = BIASES * row + int(which[0]), joint_covariance(registration)
    joint[at, at] += (2.0 * jump[which[0]]) ** 2
    gain = joint[:, at] / (joint[at, at] + 1.0 / weight[which[0]])
    bias = b.bias + (gain * jump[which[0]]).reshape(-1, BIASES)
    joint -= np.outer(gain, joint[at])
    biases = replace(b, bias=bias)
    return replace(
        registration, biases=biases, couplings=couplings_of(biases, 0.5 * (joint + joint.T)),
        waiting=tuple(w.take(w.row != row) for w in registration.waiting),
    )  # fmt: skip
