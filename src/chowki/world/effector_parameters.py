"""Four abstract kinds of effector as templates: every figure is illustrative, none a weapon's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chowki.core.places import Site
from chowki.core.records import N_CLASSES, EffectorKind, ObjectClass
from chowki.core.table import F64

_KINDS = {
    "gun": EffectorKind.GUN,
    "missile": EffectorKind.MISSILE,
    "jammer": EffectorKind.JAMMER,
    "interceptor": EffectorKind.INTERCEPTOR,
}
# Illustrative figures in the order of magnitude that open textbooks use for the abstract kinds;
# a round of a gun is a burst, a round of a jammer is one use of it.
_TEMPLATES: Mapping[str, Mapping[str, float]] = {
    "gun": {
        "range_min_m": 100.0, "range_max_m": 3_500.0, "height_max_m": 2_500.0,
        "round_speed_mps": 700.0, "reaction_s": 4.0, "reload_s": 1.5, "assessment_s": 2.0,
        "channels": 1, "magazine": 40, "debris_radius_m": 300.0, "acquisition_m": 250.0,
    },
    "missile": {
        "range_min_m": 500.0, "range_max_m": 10_000.0, "height_max_m": 5_000.0,
        "round_speed_mps": 500.0, "reaction_s": 6.0, "reload_s": 3.0, "assessment_s": 3.0,
        "channels": 2, "magazine": 8, "debris_radius_m": 500.0, "acquisition_m": 500.0,
    },
    "jammer": {
        "range_min_m": 0.0, "range_max_m": 4_000.0, "height_max_m": 1_500.0,
        "round_speed_mps": math.inf, "reaction_s": 2.0, "reload_s": 1.0, "assessment_s": 6.0,
        "channels": 2, "magazine": 500, "debris_radius_m": 200.0, "acquisition_m": 400.0,
    },
    "interceptor": {
        "range_min_m": 200.0, "range_max_m": 8_000.0, "height_max_m": 3_000.0,
        "round_speed_mps": 70.0, "reaction_s": 8.0, "reload_s": 4.0, "assessment_s": 4.0,
        "channels": 3, "magazine": 12, "debris_radius_m": 200.0, "acquisition_m": 600.0,
    },
}  # fmt: skip
# Single-shot kill probability by class, in the order of ObjectClass: multirotor, fixed-wing drone,
# loitering munition, decoy, aeroplane, helicopter, bird. A jammer needs a radio link to break.
_KILL: Mapping[str, tuple[float, ...]] = {
    "gun": (0.45, 0.4, 0.4, 0.4, 0.3, 0.4, 0.2),
    "missile": (0.6, 0.7, 0.7, 0.7, 0.8, 0.8, 0.2),
    "jammer": (0.7, 0.4, 0.3, 0.3, 0.0, 0.0, 0.0),
    "interceptor": (0.65, 0.6, 0.5, 0.6, 0.1, 0.2, 0.2),
}

ClassName = Literal[
    "multirotor", "fixed_wing_drone", "loitering_munition", "decoy", "aeroplane", "helicopter",
    "bird",
]  # fmt: skip
_ILLUSTRATIVE = "illustrative, no real weapon; none given: the figure of the kind's template"


class EffectorParameters(BaseModel):
    """An effector site: its kind, and what differs from the template of that kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["gun", "missile", "jammer", "interceptor"] = Field(
        default="gun", description="abstract kind, the template of all other figures"
    )
    range_min_m: float | None = Field(
        default=None, ge=0, le=50_000, description=f"least slant range; {_ILLUSTRATIVE}"
    )
    range_max_m: float | None = Field(
        default=None, gt=0, le=50_000, description=f"greatest slant range; {_ILLUSTRATIVE}"
    )
    height_max_m: float | None = Field(
        default=None, gt=0, le=20_000, description=f"above ground; {_ILLUSTRATIVE}"
    )
    round_speed_mps: float | None = Field(
        default=None, gt=0, le=3_000, description=f"mean to the intercept; {_ILLUSTRATIVE}"
    )
    kill_probability: dict[ClassName, float] = Field(
        default_factory=dict, description=f"single shot, by class; {_ILLUSTRATIVE}"
    )
    reaction_s: float | None = Field(
        default=None, ge=0, le=300, description=f"order to launch; {_ILLUSTRATIVE}"
    )
    reload_s: float | None = Field(
        default=None, ge=0, le=3600, description=f"between rounds of a channel; {_ILLUSTRATIVE}"
    )
    assessment_s: float | None = Field(
        default=None,
        ge=0,
        le=300,
        description=f"of its channel after the intercept; {_ILLUSTRATIVE}",
    )
    channels: int | None = Field(
        default=None, ge=1, le=100, description=f"engagements at once; {_ILLUSTRATIVE}"
    )
    magazine: int | None = Field(
        default=None, ge=0, le=100_000, description=f"rounds at the start; {_ILLUSTRATIVE}"
    )
    debris_radius_m: float | None = Field(
        default=None, ge=0, le=10_000, description=f"round the intercept; {_ILLUSTRATIVE}"
    )
    acquisition_m: float | None = Field(
        default=None, gt=0, le=5_000, description=f"how far a round searches; {_ILLUSTRATIVE}"
    )

    @model_validator(mode="after")
    def _figures_agree(self) -> Self:
        if self._figure("range_min_m") >= self._figure("range_max_m"):
            raise ValueError("range_min_m must be below range_max_m")
        if any(not 0.0 <= p <= 1.0 for p in self.kill_probability.values()):
            raise ValueError("kill_probability lies in [0, 1]")
        if self.kind == "jammer" and self.round_speed_mps is not None:
            raise ValueError("round_speed_mps is no figure of a jammer: it acts at once")
        return self

    def site(self, index: int, name: str, position_m: F64) -> Site:
        """Return the site.

        Parameters
        ----------
        index : int
            Its number.
        name : str
            Its name in the scenario.
        position_m : F64
            Shape (3,), station frame.
        """
        kill = np.array(_KILL[self.kind])
        for name_of_class, probability in self.kill_probability.items():
            kill[ObjectClass[name_of_class.upper()]] = probability
        assert kill.shape == (N_CLASSES,)
        return Site(
            index=index,
            name=name,
            effector=_KINDS[self.kind],
            position_m=position_m,
            range_min_m=self._figure("range_min_m"),
            range_max_m=self._figure("range_max_m"),
            height_max_m=self._figure("height_max_m"),
            round_speed_mps=self._figure("round_speed_mps"),
            kill_probability=kill,
            reaction_s=self._figure("reaction_s"),
            reload_s=self._figure("reload_s"),
            assessment_s=self._figure("assessment_s"),
            channels=int(self._figure("channels")),
            magazine=int(self._figure("magazine")),
            debris_radius_m=self._figure("debris_radius_m"),
            acquisition_m=self._figure("acquisition_m"),
        )

    def _figure(self, name: str) -> float:
        given = getattr(self, name)
        return _TEMPLATES[self.kind][name] if given is None else given
