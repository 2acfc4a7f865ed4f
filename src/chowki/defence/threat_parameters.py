"""Figures of threat evaluation: who attacks, how attackers fly, how threats are ranked."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field


class ThreatParameters(BaseModel):
    """Figures of the threat models; illustrative, each with its reason.

    Attributes
    ----------
    attack_if_pending, attack_if_unknown, attack_if_suspect, attack_if_hostile : float
        Probability that a drone of this identity is out to attack. Friends, assumed friends and
        neutrals never are. An unknown drone is as likely as not on a harmless errand.
    aim_sd_rad : float
        Spread of a straight course about the bearing of its place: 8 degrees.
    direct_share : float
        Share of attackers that at any moment fly straight to their place.
    waypoint_concentration : float
        Von Mises concentration, about that bearing, of the courses of the others: flight by
        waypoints, 35 degrees to either side.
    any_course_share : float
        Share of those that fly any course at all: feints.
    error_share : float
        Share of a track's stated spreads that is taken for its errors now. A tracker states room
        for the next turn besides.
    detour_scale_m : float
        A detour this long makes a place less likely by 1/e.
    memory_m : float
        Path flown is forgotten by 1/e over this length: what was flown before the last waypoints
        says little of the place.
    elsewhere_weight : float
        Prior weight of "means no place" against one place right below the track.
    distance_scale_m : float
        Distance over which a place's prior falls by 1/e: a place passed on the way is rarer than
        the one at hand.
    reach_m : float
        Furthest place considered: about the range of a small drone.
    longest_step_s : float
        After a silence longer than this, only so much of it counts as flown as seen now.
    speed_memory_s : float
        Time over which a track's speed is averaged: drones cruise.
    speed_error_s : float
        Time over which errors of a track's speed stay alike.
    speed_spread : float
        Spread of the mean speed to come about the mean so far (one sigma, relative).
    unknown_speed_mps : float
        Speed assumed while a track's is not known, give or take half.
    detour_least, detour_by_course : float
        Mean excess of the path to come over the straight way: ``detour_least`` plus
        ``detour_by_course`` x (1 - cos of the course off the bearing).
    slowest_mps : float
        Least speed assumed, so that a hovering track has a finite time to go; a course flown
        slower than this says little.
    longest_s : float
        Times to go are cut here: one hour.
    threshold : float
        Least probability of a pair that leaves as a row.
    unarmed_harm : float
        Harm of an unarmed attacker against 1 for an armed one.
    priority_weight, population_weight : float
        How much a place's priority, and the order of magnitude of its population (log10 of
        inhabitants over 6), count in the score.
    rank_margin : float
        A track overtakes another in the ranking when its expected loss is more than this much
        above the other's, relative.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attack_if_pending: float = Field(default=0.3, ge=0, le=1)
    attack_if_unknown: float = Field(default=0.5, ge=0, le=1)
    attack_if_suspect: float = Field(default=0.9, ge=0, le=1)
    attack_if_hostile: float = Field(default=1.0, ge=0, le=1)
    aim_sd_rad: float = Field(default=math.radians(8.0), gt=0, le=math.pi)
    direct_share: float = Field(default=0.4, ge=0, le=1)
    waypoint_concentration: float = Field(default=3.0, ge=0, le=100)
    any_course_share: float = Field(default=0.15, gt=0, le=1)
    error_share: float = Field(default=0.3, ge=0, le=1)
    detour_scale_m: float = Field(default=1_800.0, gt=0)
    memory_m: float = Field(default=5_000.0, gt=0)
    elsewhere_weight: float = Field(default=0.03, gt=0)
    distance_scale_m: float = Field(default=15_000.0, gt=0)
    reach_m: float = Field(default=150_000.0, gt=0)
    longest_step_s: float = Field(default=10.0, gt=0)
    speed_memory_s: float = Field(default=60.0, gt=0)
    speed_error_s: float = Field(default=1.0, gt=0)
    speed_spread: float = Field(default=0.01, ge=0, le=1)
    unknown_speed_mps: float = Field(default=35.0, gt=0)
    detour_least: float = Field(default=0.006, ge=0, le=10)
    detour_by_course: float = Field(default=0.45, ge=0, le=10)
    slowest_mps: float = Field(default=3.0, gt=0)
    longest_s: float = Field(default=3_600.0, gt=0)
    threshold: float = Field(default=0.05, gt=0, le=1)
    unarmed_harm: float = Field(default=0.2, ge=0, le=1)
    priority_weight: float = Field(default=0.7, ge=0)
    population_weight: float = Field(default=0.3, ge=0)
    rank_margin: float = Field(default=2.0, ge=0, le=10)
