"""Figures of the warnings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class WarningParameters(BaseModel):
    """Thresholds of the warnings, each with its reason.

    Attributes
    ----------
    advisory_s, cover_s : float
        Lead times. 10 minutes to the expected arrival let people get home and sirens be manned;
        5 minutes to the earliest arrival (lower end of its interval) are what it takes to reach a
        cellar with children.
    raise_probability : float
        P(at least one drone means this place) at which a warning is raised. Low: a warning for
        nothing costs less than one that never came.
    hold_probability : float
        A warning is held while that probability is above this: less than to raise it.
    soon_s, soon_probability : float
        What may arrive this soon raises an advisory at this lower probability of meaning the
        place: there is no time left to be sure.
    hold_factor : float
        Lead times are longer by this factor while a warning is held.
    pass_m : float
        A track counts when its course will take it this near to a place, beyond its radius, or it
        is as near already: what flies by elsewhere is another place's warning.
    pass_share : float
        Far away it counts when it will come nearer than this share of its distance (half: 30
        degrees off its course), since drones fly by waypoints.
    drone_probability : float
        A track held neither suspect nor hostile counts from this probability of a drone on, and
        for an advisory only: nobody is sent to a cellar for what may be a bird. No area is warned
        of anything below it.
    track_probability : float
        A track counts from this probability on, so that a thousand birds of one per cent each do
        not add up to a raid.
    raise_after_s : float
        The condition must last this long, longer than a false track's first seconds.
    clear_after_s : float
        Nothing may threaten for this long before the all clear; drones come in waves.
    all_clear_s : float
        An all clear stands for this long.
    valid_s : float
        A warning lapses after this unless renewed; it is renewed at half that time.
    person_s : float
        In operator mode a warning is proposed first, and a person has this long to send or cancel
        it. Unanswered it is sent: to withhold a warning is a person's decision, silence is not.
    sent_hold_s : float
        A warning that a person sent is held at least this long, whatever the machine sees: as
        long as it takes to reach a cellar.
    area_ahead_s : float
        An area is warned that a suspect or hostile which threatens no warned place flies over
        now or will within this time: 5 minutes at 50 m/s are 15 km. 0: no area is warned.
    area_after_s : float
        Such a track must keep to an area for this long: most are new and soon threaten a place.
    area_every_s : float
        Areas are looked at this often: a drone crosses one in 5 minutes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    advisory_s: float = Field(default=600.0, gt=0)
    cover_s: float = Field(default=300.0, gt=0)
    raise_probability: float = Field(default=0.5, gt=0, le=1)
    hold_probability: float = Field(default=0.25, gt=0, le=1)
    soon_s: float = Field(default=480.0, ge=0)
    soon_probability: float = Field(default=0.2, gt=0, le=1)
    hold_factor: float = Field(default=1.2, ge=1)
    pass_m: float = Field(default=10_000.0, ge=0)
    pass_share: float = Field(default=0.5, ge=0, le=1)
    drone_probability: float = Field(default=0.95, ge=0, le=1)
    track_probability: float = Field(default=0.15, gt=0, le=1)
    raise_after_s: float = Field(default=5.0, ge=0)
    clear_after_s: float = Field(default=180.0, ge=0)
    all_clear_s: float = Field(default=600.0, ge=0)
    valid_s: float = Field(default=600.0, gt=0)
    person_s: float = Field(default=30.0, ge=0)
    sent_hold_s: float = Field(default=300.0, ge=0)
    area_ahead_s: float = Field(default=300.0, ge=0)
    area_after_s: float = Field(default=20.0, ge=0)
    area_every_s: float = Field(default=10.0, ge=0)
