"""Figures of the course of an engagement."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class EngagementParameters(BaseModel):
    """Figures of the course of an engagement.

    Attributes
    ----------
    probability_min : float
        A track is considered from this probability on that it means any place at all: below it
        there is nothing to engage, and nothing to refuse.
    candidates_max : int
        Tracks considered at once, the worst threats first.
    proposal_s : float
        A proposal whose track was not worth engaging for this long is aborted.
    grace_s : float
        An outcome not reported this long after the intercept counts as aborted.
    drone_probability : float
        A track held neither suspect nor hostile is considered, and refused for its identity, from
        this probability of a drone on: below it nobody would have engaged it.
    within_s : float
        A track that is not held hostile is considered, and refused, once it may arrive within
        this time: earlier hardly a site reaches it (12 km at 40 m/s).
    urgent_s : float
        A track out of every site's reach is recorded as such once it may arrive within this
        time; earlier it may still come into reach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability_min: float = Field(default=0.2, ge=0, le=1)
    candidates_max: int = Field(default=400, ge=1)
    proposal_s: float = Field(default=30.0, gt=0)
    grace_s: float = Field(default=30.0, gt=0)
    drone_probability: float = Field(default=0.9, ge=0, le=1)
    within_s: float = Field(default=300.0, gt=0)
    urgent_s: float = Field(default=60.0, ge=0)

    @model_validator(mode="after")
    def _times_agree(self) -> Self:
        if self.urgent_s > self.within_s:
            raise ValueError("urgent_s is at most within_s: what is urgent is considered")
        return self
