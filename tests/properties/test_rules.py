"""Not one order breaks a rule: thousands of random situations, judged again by other means.

The judge here shares no code with the rules: positions by PROJ's topocentric conversion, distances
by geodesics, volumes by stepping through time, falls by root finding, polygons by winding number,
harm by quadrature.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from chowki.core.chance import generator
from chowki.core.messages import Act
from chowki.core.places import Place, Site, Station, Theatre
from chowki.core.questions import Answer
from chowki.core.records import (
    AddressKind,
    EffectorKind,
    Identity,
    ObjectClass,
    Reason,
    Refusal,
    Tracks,
)
from chowki.defence import AirDefence, DefenceParameters
from chowki.defence.assignment import Greedy
from chowki.defence.horizon import RollingHorizon
from chowki.defence.threat import DestinationThreat

LAT, LON, NOW_S = 31.0, 74.0, 1_746_800_000.0
GEOD = pyproj.Geod(ellps="WGS84")
RULES = DefenceParameters().rules
LEVELS = ("hold", "tight", "free")


@cache
def topocentric() -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart "
        f"+ellps=WGS84 +step +proj=topocentric +ellps=WGS84 +lon_0={LON} +lat_0={LAT} +h_0=0"
    )


def geodetic(enu_m: Any) -> np.ndarray:
    """Return longitude, latitude (deg) and height (m) of positions."""
    east, north, up = np.atleast_2d(enu_m).T
    return np.column_stack(topocentric().transform(east, north, up, direction="INVERSE"))


def enu(lon: float, lat: float, height: float) -> np.ndarray:
    return np.array(topocentric().transform(lon, lat, height))


class Unruly:
    """Spends all that it may, the last option first, whatever that is worth."""

    def start(self, sites):
        return None

    def assign(self, memory, question):
        rounds = np.zeros(len(question.kill), dtype=np.int64)
        left, most = np.minimum(question.rounds, question.free), question.most.copy()
        for option in reversed(range(len(rounds))):
            site, target = question.option_site[option], question.option_target[option]
            if question.option_slot[option] == 0 and question.ready_s[target] <= 0.0:
                rounds[option] = max(min(left[site], most[target]), 0)
                left[site] -= rounds[option]
                most[target] -= rounds[option]
        return memory, Answer(rounds, np.ones(len(question.target), dtype=np.bool_))


@dataclass
class Story:
    """A random theatre, its picture at the start, and what was ordered."""

    theatre: Theatre
    tracks: Tracks
    parameters: DefenceParameters
    status: dict[str, str]
    withheld: set[int] = field(default_factory=set)
    ordered: list[tuple[float, int, int]] = field(default_factory=list)
    refusals: Counter = field(default_factory=Counter)

    def at(self, second: int) -> Tracks:
        moved = {
            f"{axis}_m": getattr(self.tracks, f"{axis}_m")
            + second * getattr(self.tracks, f"v_{axis}_mps")
            for axis in ("east", "north", "up")
        }
        time_s = np.full(len(self.tracks), NOW_S + second)
        return Tracks(**(self.tracks.columns() | moved | {"time_s": time_s, "updated_s": time_s}))


def random_site(draws: np.random.Generator, index: int) -> Site:
    kind = EffectorKind(int(draws.integers(4)))
    speed = {0: 800.0, 1: 400.0, 2: math.inf, 3: 70.0}[int(kind)]
    lon, lat = LON + draws.uniform(-0.2, 0.2), LAT + draws.uniform(-0.2, 0.2)
    return Site(
        index=index,
        name=f"site {index}",
        effector=kind,
        position_m=enu(lon, lat, 0.0),
        range_min_m=0.0,
        range_max_m=float(draws.uniform(3_000.0, 15_000.0)),
        height_max_m=3_000.0,
        round_speed_mps=speed,
        kill_probability=draws.uniform(0.2, 0.9, 7),
        reaction_s=float(draws.uniform(1.0, 6.0)),
        reload_s=2.0,
        assessment_s=3.0,
        channels=int(draws.integers(1, 4)),
        magazine=int(draws.integers(0, 8)),
        debris_radius_m=float(draws.uniform(20.0, 200.0)),
        acquisition_m=500.0,
    )


def random_place(draws: np.random.Generator, index: int) -> Place:
    lon, lat = LON + draws.uniform(-0.15, 0.15), LAT + draws.uniform(-0.15, 0.15)
    return Place(
        index=index,
        name=f"place {index}",
        sector=("north", "south")[index % 2],
        kind="civil",
        lat_deg=lat,
        lon_deg=lon,
        position_m=enu(lon, lat, 0.0),
        radius_m=800.0,
        population=int(10 ** draws.uniform(2.5, 6.0)),
        priority=float(draws.uniform(0.5, 3.0)),
    )


def random_tracks(draws: np.random.Generator, n: int) -> Tracks:
    crewed = draws.random(n) < draws.choice([0.0, 0.03, 0.1])
    bearing = draws.uniform(0.0, 2.0 * math.pi, n)
    away, speed = draws.uniform(2e3, 2.2e4, n), np.where(crewed, 200.0, draws.uniform(10, 70, n))
    course = bearing + math.pi + draws.normal(0.0, 0.3, n)
    height = np.where(
        crewed, draws.choice([200.0, 1_500.0, 10_000.0], n), draws.uniform(60, 500, n)
    )
    kind = np.where(crewed, int(ObjectClass.AEROPLANE), draws.integers(0, 4, n))
    shares = draws.dirichlet(np.full(7, 0.02), n) * 0.15 + 0.85 * np.eye(7)[kind]
    identity = draws.choice([0, 1, 2, 3, 4, 5, 6], n, p=[0.05, 0.05, 0.02, 0.02, 0.02, 0.3, 0.54])
    reasons = np.where(draws.random(n) < 0.05, int(Reason.AUTHORISED), 0)
    reasons |= np.where(crewed & (draws.random(n) < 0.7), int(Reason.TRANSPONDER), 0)
    reasons |= np.where(draws.random(n) < 0.05, int(Reason.TRANSPONDER_CONTRADICTS), 0)
    reasons |= np.where(draws.random(n) < 0.01, int(Reason.FLIGHT_PLAN), 0)
    icao = draws.random(n) < 0.01
    return Tracks.of(
        track=np.arange(1, n + 1),
        time_s=np.full(n, NOW_S),
        east_m=away * np.sin(bearing),
        north_m=away * np.cos(bearing),
        up_m=height - away**2 / (2.0 * 6_371_000.0),
        v_east_mps=speed * np.sin(course),
        v_north_mps=speed * np.cos(course),
        v_up_mps=draws.normal(0.0, 1.0, n),
        height_m=height,
        height_agl_m=height,
        sd_horizontal_m=draws.uniform(10.0, 200.0, n),
        sd_vertical_m=draws.uniform(10.0, 100.0, n),
        sd_speed_mps=draws.uniform(0.5, 4.0, n),
        existence=np.full(n, 0.99),
        status=draws.choice([1, 1, 1, 1, 2], n),
        identity=identity,
        object_class=kind,
        class_probability=shares,
        armed_probability=draws.random(n),
        reasons=reasons,
        address=np.where(icao, 0x800000, -1),
        address_kind=np.where(icao, int(AddressKind.ICAO), int(AddressKind.NONE)),
        updated_s=np.full(n, NOW_S),
    )


def random_story(seed: int) -> Story:
    draws = generator(seed, "test.rules")
    corners = 9
    turn = (np.arange(corners) + draws.uniform(0.0, 0.9, corners)) * 2.0 * math.pi / corners
    reach = draws.uniform(0.05, 0.4, corners)
    theatre = Theatre(
        station=Station("random", LAT, LON, 0.0, NOW_S, 600.0),
        places=tuple(random_place(draws, k) for k in range(int(draws.integers(1, 5)))),
        border_lat_deg=LAT + reach * np.sin(turn),
        border_lon_deg=LON + reach * np.cos(turn),
        sites=tuple(random_site(draws, k) for k in range(int(draws.integers(2, 11)))),
        simulated=True,
    )
    levels = [
        {"name": name, "weapons_control_status": name, "release_delay_s": float(k % 2)}
        for k, name in enumerate(LEVELS)
    ]
    start = str(draws.choice(LEVELS, p=[0.1, 0.4, 0.5]))
    parameters = DefenceParameters.model_validate({"posture": {"levels": levels, "start": start}})
    status = {place.sector: start for place in theatre.places}
    return Story(theatre, random_tracks(draws, int(draws.integers(3, 40))), parameters, status)


def random_act(story: Story, draws: np.random.Generator, second: int) -> Act:
    sector = str(draws.choice(sorted(story.status)))
    verb = str(draws.choice(["set-weapons-control-status", "cease-fire", "refuse", "other"]))
    value, subject = str(draws.choice(LEVELS)), sector
    if verb == "set-weapons-control-status" and story.status[sector] != "ceased":
        story.status[sector] = value
    if verb == "cease-fire":
        story.status[sector] = "ceased"
    if verb == "refuse":
        track = int(draws.integers(1, len(story.tracks) + 1))
        story.withheld.add(track)
        subject = str(track)
    return Act(NOW_S + second, "someone", verb, subject, value)


def tell(seed: int, allocator: Any, seconds: int = 6) -> Story:
    """Play a story, and judge every order again as it leaves."""
    story, draws = random_story(seed), generator(seed, "test.rules.acts")
    theatre, parameters = story.theatre, story.parameters
    model = DestinationThreat(theatre, parameters.threat)
    defence = AirDefence(theatre, parameters, model, allocator)
    state = defence.start()
    for second in range(seconds):
        if draws.random() < 0.2:
            state = defence.act(state, random_act(story, draws, second))
        tracks = story.at(second)
        state, decision = defence.decide(state, tracks, NOW_S + second)
        story.refusals.update(decision.engagements.refusal.tolist())
        rows = decision.engagements
        for k in range(len(decision.orders)):
            number = int(decision.orders.engagement[k])
            place = int(rows.place[rows.engagement == number][-1])
            check_order(story, tracks, decision.orders, k, place)
            story.ordered.append((second, number, int(decision.orders.site[k])))
    return story


def check_order(story: Story, tracks: Tracks, orders: Any, k: int, place: int) -> None:
    site = story.theatre.sites[int(orders.site[k])]
    row = int(np.flatnonzero(tracks.track == orders.track[k])[0])
    check_identity(story, tracks, row, story.theatre.places[place])
    spent = sum(1 for _, _, used in story.ordered if used == site.index)
    assert orders.rounds[k] == 1
    assert spent < site.magazine
    assert spent < site.channels  # no outcome is reported in these stories
    start = np.array([orders.east_m[k], orders.north_m[k], orders.up_m[k]])
    pace = np.array([orders.v_east_mps[k], orders.v_north_mps[k], orders.v_up_mps[k]])
    delay_s = meeting(site, start, pace)
    point = start + delay_s * pace
    assert math.dist(point, site.position_m) <= site.range_max_m * (1.0 + 1e-9)
    fall_s = fall_of(float(geodetic(point)[0, 2]))
    check_volumes(story, tracks, site, start, pace, delay_s, fall_s)
    check_border(story.theatre, point, pace * fall_s, site.debris_radius_m)
    check_harm(story.theatre, point, pace * fall_s, site.debris_radius_m)


def check_identity(story: Story, tracks: Tracks, row: int, place: Place) -> None:
    identity, status = Identity(int(tracks.identity[row])), story.status[place.sector]
    assert status in ("tight", "free")
    assert identity is Identity.HOSTILE or (identity is Identity.SUSPECT and status == "free")
    reasons = Reason(int(tracks.reasons[row]))
    assert Reason.AUTHORISED not in reasons
    assert Reason.FLIGHT_PLAN not in reasons
    answers = Reason.TRANSPONDER in reasons or tracks.address_kind[row] == AddressKind.ICAO
    assert not answers or Reason.TRANSPONDER_CONTRADICTS in reasons
    assert tracks.class_probability[row, 4:6].sum() < RULES.crewed_doubt_max
    assert int(tracks.track[row]) not in story.withheld
    assert tracks.status[row] == 1


def meeting(site: Site, start: np.ndarray, pace: np.ndarray) -> float:
    """Return the delay of the intercept by root finding."""
    if math.isinf(site.round_speed_mps):
        return site.reaction_s

    def short(t):
        away = start + (site.reaction_s + t) * pace - site.position_m
        return float(np.linalg.norm(away)) - site.round_speed_mps * t

    steps = np.linspace(0.0, 2_000.0, 4_001)
    met = next(k for k in range(1, len(steps)) if short(steps[k]) <= 0.0)
    return site.reaction_s + brentq(short, steps[met - 1], steps[met], xtol=1e-9)


def fall_of(height_m: float) -> float:
    """Return the time of fall with drag: h = v_t^2 / g ln cosh(g t / v_t)."""
    v, g = RULES.terminal_speed_mps, 9.80665

    def above(t):
        x = g * t / v
        return height_m - v * v / g * (x + math.log1p(math.exp(-2.0 * x)) - math.log(2.0))

    return brentq(above, 0.0, 1_000.0)


def protected(tracks: Tracks) -> list[tuple[int, float, float]]:
    """Return rows that must not be endangered, with lateral and vertical margins."""
    found = []
    for row in range(len(tracks)):
        reasons, identity = Reason(int(tracks.reasons[row])), int(tracks.identity[row])
        answers = Reason.TRANSPONDER in reasons or tracks.address_kind[row] == AddressKind.ICAO
        crewed = answers and Reason.TRANSPONDER_CONTRADICTS not in reasons
        crewed = crewed or Reason.FLIGHT_PLAN in reasons
        crewed = crewed or tracks.class_probability[row, 4:6].sum() >= RULES.crewed_probability_max
        if crewed or tracks.object_class[row] in (4, 5):
            if crewed:
                found.append((row, RULES.aircraft_lateral_m, RULES.aircraft_vertical_m))
        elif Reason.AUTHORISED in reasons or identity in (2, 3, 4):
            found.append((row, RULES.drone_lateral_m, RULES.drone_vertical_m))
    return found


def check_volumes(story, tracks, site, start, pace, delay_s, fall_s) -> None:
    """Step through time: nothing is ever inside a volume, less what flat and round earth differ."""
    rows = protected(tracks)
    if not rows:
        return
    point = start + delay_s * pace
    flight = max(delay_s - site.reaction_s, 0.0)
    aim = (point - site.position_m) / flight if flight > 0.0 else np.zeros(3)
    reach = float(np.linalg.norm(pace)) * fall_s + site.debris_radius_m
    before = np.linspace(0.0, delay_s, 60)
    flown = np.linspace(0.0, flight + (RULES.overshoot_s if flight > 0.0 else 0.0), 60)
    falling = np.linspace(delay_s, delay_s + fall_s, 60)
    paths = [
        (before, start + before[:, None] * pace, 0.0, False),
        (site.reaction_s + flown, site.position_m + flown[:, None] * aim, 0.0, False),
        (falling, np.repeat(point[None], 60, axis=0), reach, True),
    ]
    for row, lateral, vertical in rows:
        craft = np.array([tracks.east_m[row], tracks.north_m[row], tracks.up_m[row]])
        velocity = [tracks.v_east_mps[row], tracks.v_north_mps[row], tracks.v_up_mps[row]]
        for times, path, wider, column in paths:
            there, here = geodetic(path), geodetic(craft + times[:, None] * np.array(velocity))
            _, _, side = GEOD.inv(there[:, 0], there[:, 1], here[:, 0], here[:, 1])
            over = here[:, 2] - there[:, 2]  # how far the aircraft is above
            near = side < 0.99 * (lateral + 2.0 * tracks.sd_horizontal_m[row] + wider)
            slack = vertical + 2.0 * tracks.sd_vertical_m[row] - 40.0
            level = (over < slack) & ((over > -slack) | column)
            assert not (near & level).any()


def winding(lon: float, lat: float, corners: np.ndarray) -> float:
    """Return how many times a polygon winds round a point."""
    angle = np.arctan2(corners[:, 1] - lat, corners[:, 0] - lon)
    turns = np.diff(np.append(angle, angle[0]))
    return float(((turns + math.pi) % (2.0 * math.pi) - math.pi).sum() / (2.0 * math.pi))


def check_border(theatre: Theatre, point, throw, scatter) -> None:
    corners = np.column_stack((theatre.border_lon_deg, theatre.border_lat_deg))
    closed = np.vstack((corners, corners[:1]))
    share = np.linspace(0.0, 1.0, 400)[:, None]
    line = np.vstack([a + share * (b - a) for a, b in itertools.pairwise(closed)])
    for part in np.linspace(0.0, 1.0, 5):
        lon, lat, _ = geodetic(point + part * throw)[0]
        assert abs(winding(lon, lat, corners)) == pytest.approx(1.0, abs=1e-6)
        n = len(line)
        _, _, away = GEOD.inv(np.full(n, lon), np.full(n, lat), line[:, 0], line[:, 1])
        assert away.min() >= 0.99 * (RULES.border_margin_m + scatter)


def check_harm(theatre: Theatre, point, throw, scatter) -> None:
    """Average the density over scattered debris by Gauss-Hermite quadrature."""
    node, weight = np.polynomial.hermite_e.hermegauss(12)
    weight = weight / weight.sum()
    length = float(np.linalg.norm(throw[:2]))
    along = throw[:2] / length
    across = np.array([-along[1], along[0]])
    u, v = np.meshgrid(node * (0.25 * length + 0.5 * scatter), node * 0.5 * scatter)
    share = np.outer(weight, weight).ravel()
    middle = (point + 0.5 * throw)[:2]
    east = middle[0] + u.ravel() * along[0] + v.ravel() * across[0]
    north = middle[1] + u.ravel() * along[1] + v.ravel() * across[1]
    density = np.full(len(east), RULES.rural_density_per_km2 * 1e-6)
    heart = RULES.core_density_per_km2 * 1e-6
    for place in theatre.places:
        spread = place.population / (2.0 * math.pi * heart)
        east_m, north_m, _ = place.position_m
        density += heart * np.exp(-0.5 * ((east - east_m) ** 2 + (north - north_m) ** 2) / spread)
    mean = float((density * share).sum())
    assert 1.0 - math.exp(-mean * RULES.casualty_area_m2) <= 1.005 * RULES.harm_max


@pytest.mark.slow
@given(st.integers(0, 2**31))
@settings(max_examples=200, deadline=None)
def test_not_one_order_breaks_a_rule(seed):
    tell(seed, Greedy())


@given(st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_not_one_order_of_a_plan_in_time_breaks_a_rule(seed):
    tell(seed, RollingHorizon())


@given(st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_the_veto_holds_whatever_the_allocator_spends(seed):
    tell(seed, Unruly())


def test_the_stories_hold_orders_and_every_kind_of_refusal():
    stories = [tell(seed, Greedy()) for seed in range(240)]
    assert sum(len(story.ordered) for story in stories) > 100
    seen = set().union(*(story.refusals for story in stories))
    assert {Refusal(reason) for reason in seen} == set(Refusal)
