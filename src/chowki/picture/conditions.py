"""Condition of the sensors: faults, what their looks have taught, and how faults are told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chowki.core.records import SensorFault
from chowki.core.table import F64, I64, Col, Table
from chowki.kernels import health as kernel
from chowki.kernels.registration import BIASES

Fault = SensorFault


class HealthParameters(BaseModel):
    """How faults of sensors are told from chance. Illustrative values, tuned on simulated looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="whether faults are looked for")
    kin_speed_mps: float = Field(
        default=250.0, gt=0, description="farther than this from look to look is another target"
    )
    clear_looks: int = Field(default=5, ge=1, description="looks without a sign that clear a flag")
    strobe_looks: int = Field(default=2, ge=1, description="looks in a row that make a strobe")
    clutter_looks: float = Field(
        default=50.0, gt=0, description="looks after which false plots counted are half forgotten"
    )
    clutter_prior_looks: float = Field(
        default=10.0, gt=0, description="looks that the stated number of false plots is worth"
    )
    burst_factor: float = Field(
        default=3.0, gt=1, description="a look with so many times the usual false plots"
    )
    burst_extra: float = Field(
        default=4.0, ge=0, description="and so many more is taken to be full of them"
    )
    flood_looks: int = Field(default=10, ge=1, description="first looks that are never a flood")
    flood_factor: float = Field(default=10.0, gt=1, description="a flood is so many times usual")
    flood_step: float = Field(
        default=6.0, gt=0, description="log likelihood ratio of a flood that one look adds at most"
    )
    flood_flag: float = Field(default=10.0, gt=0, description="ratio that flags a flood")
    strobe_width_rad: float = Field(
        default=math.radians(3.0), gt=0, description="a strobe is not wider than this"
    )
    strobe_plots: int = Field(default=5, ge=2, description="and holds this many unclaimed plots")
    strobe_chance: float = Field(
        default=1e-6, gt=0, lt=1, description="and is less probable than this by chance"
    )
    strobe_reach: float = Field(
        default=0.25, ge=0, lt=1, description="and is longer than this share of the reach"
    )
    stuck_share: float = Field(
        default=0.5, gt=0, le=1, description="share of plots equal to the look before: stuck"
    )
    stuck_looks: int = Field(
        default=2, ge=1, description="looks in a row that one plot of a radar repeats: stuck"
    )
    copies_share: float = Field(
        default=0.3, gt=0, le=1, description="share of plots that are copies: duplicated"
    )
    near_sigma: float = Field(
        default=0.2, gt=0, description="plots nearer than this many standard deviations are copies"
    )
    silent_looks: float = Field(
        default=2.75, ge=1, description="looks in a row that did not come: silent"
    )
    shift_once: float = Field(
        default=8.0, gt=0, description="deviations of a common shift that count at once"
    )
    shift_twice: float = Field(default=5.0, gt=0, description="and in two looks in a row")
    shift_looks: int = Field(default=10, ge=1, description="looks before shifts are judged")


@dataclass(frozen=True, slots=True)
class Conditions(Table):
    """Condition of each sensor, and what its looks have taught (columns of ``kernels.health``)."""

    sensor: Annotated[I64, Col("", "number of the sensor")]
    flags: Annotated[I64, Col("", "Fault bits that stand")]
    since_s: Annotated[F64, Col("s", "UTC time since when each stands, or NaN", (kernel.FAULTS,))]
    good: Annotated[I64, Col("", "looks since a sign of each", (kernel.FAULTS,))]
    clock: Annotated[F64, Col("s", "memory of its clock", (kernel.C_WIDTH,))]
    traffic: Annotated[F64, Col("", "memory of its plots", (kernel.T_WIDTH,))]
    shift: Annotated[F64, Col("", "mean, variance, looks, run by shift", (BIASES, 4))]


@dataclass(frozen=True, slots=True)
class LastPlots(Table):
    """The plots of the last look of one sensor, by their bytes and places."""

    key: Annotated[I64, Col("", "hash of the measured values")]
    word: Annotated[I64, Col("", "bytes of the time")]
    run: Annotated[I64, Col("", "looks in a row in which they came before")]
    place_m: Annotated[F64, Col("m", "where they lay in the sensor's plane", (2,))]


@dataclass(frozen=True, slots=True)
class Health:
    """All that is known of the sensors' condition.

    Attributes
    ----------
    conditions : Conditions
        One row for each sensor that has reported.
    last : tuple of LastPlots
        Plots of their last looks, by row of the conditions.
    """

    conditions: Conditions = field(default_factory=Conditions.empty)
    last: tuple[LastPlots, ...] = ()


def faults_of(health: Health, number: int) -> Fault:
    """Return the faults of a sensor that are flagged."""
    row = row_of(health, number)
    return Fault(int(health.conditions.flags[row])) if row >= 0 else Fault(0)


def row_of(health: Health, number: int) -> int:
    """Return the row of a sensor by its number, -1 when it has none."""
    found = (health.conditions.sensor == number).nonzero()[0]
    return int(found[0]) if len(found) else -1
