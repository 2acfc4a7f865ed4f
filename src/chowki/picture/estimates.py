"""What a tracker used alone reports, and how plots and tracks were brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from chowki.core.table import F64, I8, I64, Col, Table


@dataclass(frozen=True, slots=True)
class Estimates(Table):
    """The reported tracks of one scan."""

    time_s: Annotated[F64, Col("s", "time of the scan")]
    track: Annotated[I64, Col("", "track number, never reused")]
    x_m: Annotated[F64, Col("m", "position")]
    y_m: Annotated[F64, Col("m", "position")]
    z_m: Annotated[F64, Col("m", "position; 0 in the plane")]
    vx_mps: Annotated[F64, Col("m/s", "velocity")]
    vy_mps: Annotated[F64, Col("m/s", "velocity")]
    vz_mps: Annotated[F64, Col("m/s", "velocity")]
    existence: Annotated[F64, Col("", "probability that a target is there")]
    status: Annotated[I8, Col("", "TrackStatus")]
    covariance: Annotated[F64, Col("m2", "of position: xx, xy, xz, yy, yz, zz", (6,))]
    modes: Annotated[F64, Col("", "probabilities: quiet, turning, hovering", (3,))]


@dataclass(frozen=True, slots=True)
class Pairs(Table):
    """Which plot came from which track, with what probability."""

    plot: Annotated[I64, Col("", "row of the plot in its scan")]
    track: Annotated[I64, Col("", "track number")]
    probability: Annotated[F64, Col("", "that the plot came from the track")]
