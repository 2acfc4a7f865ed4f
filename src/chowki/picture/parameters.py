"""Parameters of the picture, with their defaults and where these come from."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field

from chowki.picture.biases import RegistrationParameters
from chowki.picture.conditions import HealthParameters


class IdentityParameters(BaseModel):
    """How evidence becomes a standard identity. Illustrative values throughout."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drone_probability: float = Field(
        default=0.7, gt=0.5, lt=1, description="a track is drone-like from this probability on"
    )
    bird_probability: float = Field(
        default=0.4, gt=0, lt=1, description="a track is bird-like from this probability on"
    )
    armed_probability: float = Field(
        default=0.4, gt=0, lt=1, description="a track is suspected armed from this probability on"
    )
    border_margin_m: float = Field(
        default=300.0, ge=0, description="how far from the line a side counts as certain"
    )
    origin_distance_m: float = Field(
        default=15_000.0, ge=0, description="first seen inside and nearer than this: unknown origin"
    )
    closing_distance_m: float = Field(
        default=6_000.0, gt=0, description="closest approach to a place that counts as closing"
    )
    closing_time_s: float = Field(
        default=1_500.0, gt=0, description="time to that approach within which it counts"
    )
    contradiction: float = Field(
        default=2.0, gt=0, description="weight of contradicting reports that makes a suspect"
    )
    claim_speed_mps: float = Field(
        default=450.0, gt=0, description="faster than this an address can't have moved"
    )
    claim_speed_mismatch_mps: float = Field(
        default=40.0, gt=0, description="reported and tracked velocity differ at least by this"
    )
    weigh_period_s: float = Field(
        default=6.0, ge=0, description="seconds between weighings of a track that is no drone"
    )
    drone_period_s: float = Field(
        default=3.0, ge=0, description="seconds between weighings of one that may be a drone"
    )
    memory_s: float = Field(
        default=120.0, gt=0, description="time over which the memory of how it flies fades"
    )
    unseen_detections: float = Field(
        default=8.0,
        gt=0,
        description="expected radar detections that did not come, after which no radar sees it",
    )


class PictureParameters(BaseModel):
    """Tracker and identity. Defaults suit air surveillance at one look in 1 to 12 seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    acceleration_horizontal_m2ps3: float = Field(
        default=4.0, gt=0, description="spectral density of horizontal acceleration"
    )
    acceleration_vertical_m2ps3: float = Field(
        default=0.3, gt=0, description="spectral density of vertical acceleration"
    )
    turning_m2ps3: float = Field(
        default=8.0, gt=0, description="the same along the ground while turning (illustrative)"
    )
    hovering_m2ps3: float = Field(
        default=0.5, gt=0, description="the same while hovering (illustrative)"
    )
    turn_rate_sd_radps: float = Field(
        default=0.08, gt=0, description="turn rate when a turn begins, standard deviation"
    )
    turn_change_radps: float = Field(
        default=0.02, gt=0, description="change of the turn rate in a second, standard deviation"
    )
    hover_time_s: float = Field(
        default=2.0, gt=0, description="time in which a hovering target stops"
    )
    quiet_s: float = Field(default=60.0, gt=0, description="mean time in quiet flight")
    turn_s: float = Field(default=15.0, gt=0, description="mean time of a turn")
    hover_s: float = Field(default=60.0, gt=0, description="mean time of a hover")
    hypotheses: int = Field(
        default=20, ge=1, le=1000, description="kept where tracks blur; 1: marginals alone"
    )
    blur: float = Field(
        default=0.2,
        ge=0,
        description="hypotheses are one again once that adds no more to a variance, as a share",
    )
    lifetime_s: float = Field(
        default=300.0, gt=0, description="mean time a target stays; survival is exp(-dt/lifetime)"
    )
    small_per_km2: float = Field(
        default=1e-3, gt=0, description="small targets where nobody looks, a square kilometre"
    )
    large_per_km2: float = Field(default=1e-4, gt=0, description="the same of large targets")
    turnover_s: float = Field(
        default=1200.0, gt=0, description="time in which as many come up again once all are found"
    )
    survey_period_s: float = Field(
        default=2.0, gt=0, description="seconds between reckonings of what is not found yet"
    )
    small_mean_dbsm: float = Field(
        default=-18.0, description="cross-section of small targets: birds and small drones"
    )
    small_spread_db: float = Field(default=6.0, ge=0, description="its standard deviation")
    large_mean_dbsm: float = Field(default=8.0, description="the same of large targets")
    large_spread_db: float = Field(default=6.0, ge=0, description="its standard deviation")
    untracked_emitters: float = Field(
        default=0.5, gt=0, description="emitters without a track that a passive sensor may hear"
    )
    gate_probability: float = Field(
        default=0.9995, gt=0.5, lt=1, description="probability that a target's plot is in its gate"
    )
    clutter_floor: float = Field(
        default=0.01, gt=0, description="false plots a look at least, whatever the maker states"
    )
    spot_narrow_m: float = Field(
        default=80.0, gt=0, description="radius of a narrow spot where false plots recur"
    )
    spot_wide_m: float = Field(default=500.0, gt=0, description="radius of a wide one")
    spot_lift_rad: float = Field(
        default=0.015, gt=0, description="half the span of elevation over which they are spread"
    )
    spots_per_km2: float = Field(
        default=0.01, gt=0, lt=1, description="spots of each kind beforehand, a square kilometre"
    )
    cancelled_mps: float = Field(
        default=6.0, ge=0, description="range rate below which a radar's canceller weakens echoes"
    )
    false_alarm_probability: float = Field(
        default=1e-6, gt=0, lt=0.1, description="of one radar cell; textbook value (Skolnik 2001)"
    )
    detection_probability_max: float = Field(
        default=0.95, gt=0, lt=1, description="no look is surer than this to detect a target"
    )
    pair_probability_floor: float = Field(
        default=0.05, gt=0, lt=1, description="a plot may come from a track the look should not see"
    )
    silent_answer_probability: float = Field(
        default=0.3, gt=0, lt=1, description="a track that never answered may be a cooperative one"
    )
    cooperative_miss: float = Field(
        default=0.3, ge=0, le=1, description="share of P_D with which an absent report counts"
    )
    cued_miss: float = Field(
        default=0.3, ge=0, le=1, description="share of P_D with which an empty cued look counts"
    )
    radar_miss: float = Field(
        default=0.85, ge=0, le=1, description="share of P_D with which an empty radar look counts"
    )
    registration_range_m: float = Field(
        default=60.0, ge=0, description="allowance for an unknown range bias, standard deviation"
    )
    registration_azimuth_rad: float = Field(
        default=math.radians(0.12), ge=0, description="allowance for an unknown azimuth bias"
    )
    registration_elevation_rad: float = Field(
        default=math.radians(0.12), ge=0, description="allowance for an unknown elevation bias"
    )
    registration_time_s: float = Field(
        default=0.12, ge=0, description="allowance for an unknown clock offset"
    )
    registration: RegistrationParameters = Field(default_factory=RegistrationParameters)
    health: HealthParameters = Field(default_factory=HealthParameters)
    velocity_sigma_mps: float = Field(
        default=2.0, gt=0, description="standard deviation of a reported velocity, per axis"
    )
    velocity_span_mps: float = Field(
        default=600.0, gt=0, description="velocities of false reports are spread over +- this"
    )
    height_span_m: float = Field(
        default=15_000.0, gt=0, description="heights of false reports are spread over this"
    )
    small_rcs_dbsm: float = Field(
        default=-3.0, description="a plot weaker than this starts a track with the small priors"
    )
    small_speed_mps: float = Field(
        default=30.0, gt=0, description="standard deviation of velocity at birth, small target"
    )
    large_speed_mps: float = Field(
        default=100.0, gt=0, description="the same for a large or unmeasured target"
    )
    climb_mps: float = Field(default=4.0, gt=0, description="standard deviation of climb at birth")
    small_height_m: float = Field(
        default=300.0, ge=0, description="height prior of a small target without elevation, AGL"
    )
    small_height_sd_m: float = Field(default=250.0, gt=0, description="its standard deviation")
    large_height_m: float = Field(
        default=3_000.0, ge=0, description="height prior of a large target without elevation, AGL"
    )
    large_height_sd_m: float = Field(default=3_000.0, gt=0, description="its standard deviation")
    height_slack: float = Field(
        default=1.0, ge=1, description="heights become at most this much less certain than at birth"
    )
    birth_existence: float = Field(
        default=1e-3, gt=0, lt=0.5, description="no track is started below this existence"
    )
    drop_existence: float = Field(
        default=1e-3, gt=0, lt=0.5, description="a track is dropped below this existence"
    )
    confirm_existence: float = Field(
        default=0.99, gt=0.5, lt=1, description="a track is confirmed from this existence on"
    )
    confirm_updates: int = Field(
        default=2, ge=1, description="and from this number of detections on"
    )
    report_existence: float = Field(
        default=0.5, gt=0, lt=1, description="a track is in the picture above this existence"
    )
    coast_after_s: float = Field(
        default=15.0, gt=0, description="a confirmed track without detection for this long coasts"
    )
    lost_after_s: float = Field(
        default=150.0, gt=0, description="a track without detection for this long is dropped"
    )
    lost_sd_m: float = Field(
        default=3_000.0, gt=0, description="a track whose position is less certain is dropped"
    )
    late_s: float = Field(
        default=12.0,
        gt=0,
        description="plots older than the picture by more than this and a turn are left out",
    )
    early_s: float = Field(
        default=5.0, gt=0, description="plots stamped later than their receipt by more are left out"
    )
    twin_distance: float = Field(
        default=9.0,
        gt=0,
        description="squared Mahalanobis distance (6 states) of tracks that can't be told apart",
    )
    twin_after_s: float = Field(
        default=8.0, gt=0, description="tracks that can't be told apart for this long are merged"
    )
    twin_period_s: float = Field(
        default=4.0, gt=0, description="seconds between looks for tracks that can't be told apart"
    )
    identity: IdentityParameters = Field(default_factory=IdentityParameters)
