"""A hundred thousand random situations, and not one order breaks a rule.

A situation is one track under one posture among others: who it is, how it flies, what was said of
it, who released or withheld it, what may be fired from where, and what flies near by. Two hundred
and fifty of them are asked at once, of a greedy allocator and of one that spends every round on
anything, forbidden or not. The judge
is plain arithmetic of its own: curvature as r^2 / 2 R, steps through time, winding numbers,
distances to edges in a local plane, the fall as v^2 / g arccosh(exp(g h / v^2)), harm by
Gauss-Hermite quadrature.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core.chance import generator
from chowki.core.places import Place, Site, Station, Theatre
from chowki.core.questions import Answer
from chowki.core.records import EffectorKind, Identity, ObjectClass, Reason, Refusal, Tracks
from chowki.defence import DefenceParameters
from chowki.defence.assignment import Greedy
from chowki.defence.options import Candidates
from chowki.defence.planning import EngagementPlanner
from chowki.defence.posture import PostureTable

LAT, LON, NOW_S, RADIUS_M, GRAVITY = 31.0, 74.0, 1_746_800_000.0, 6_371_000.0, 9.80665
EXAMPLES, TRACKS = 1_200, 250
RULES = DefenceParameters().rules
SECTORS = ("east", "north", "south", "west")
LEVELS = [
    {"name": "hold", "weapons_control_status": "hold", "margin_factor": 1.5},
    {"name": "tight", "weapons_control_status": "tight", "release_delay_s": 0.0},
    {"name": "wide", "weapons_control_status": "tight", "margin_factor": 1.3,
     "release_delay_s": 0.0},
    {"name": "free", "weapons_control_status": "free", "release": "machine"},
]  # fmt: skip


@cache
def topocentric() -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart "
        f"+ellps=WGS84 +step +proj=topocentric +ellps=WGS84 +lon_0={LON} +lat_0={LAT} +h_0=0"
    )


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
class Asked:
    """What is asked at once, and the answer."""

    theatre: Theatre
    tracks: Tracks
    place: np.ndarray
    rounds: np.ndarray
    levels: dict[str, str]
    ceased: set[str]
    released: set[int]
    withheld: set[int]


def site(draws, index) -> Site:
    kind = EffectorKind(int(draws.choice([0, 1, 2, 3], p=[0.2, 0.4, 0.2, 0.2])))
    east, north = draws.uniform(-2e4, 2e4, 2)
    position = np.array([east, north, -(east**2 + north**2) / (2.0 * RADIUS_M)])
    return Site(
        index, f"site {index}", kind, position, float(draws.uniform(0.0, 500.0)),
        float(draws.uniform(4e3, 2e4)), float(draws.uniform(1_000.0, 12_000.0)),
        {0: 800.0, 1: 400.0, 2: math.inf, 3: 70.0}[int(kind)], draws.uniform(0.2, 0.9, 7),
        float(draws.uniform(1.0, 6.0)), 2.0, 3.0, 12, int(draws.integers(1, 9)),
        float(draws.uniform(20.0, 300.0)), 600.0,
    )  # fmt: skip


def place(draws, index) -> Place:
    east, north = draws.uniform(-1.5e4, 1.5e4, 2)
    up = -(east**2 + north**2) / (2.0 * RADIUS_M)
    lon, lat, _ = topocentric().transform(east, north, up, direction="INVERSE")
    return Place(
        index, f"place {index}", SECTORS[index], "civil", lat, lon, np.array([east, north, up]),
        800.0, int(10 ** draws.uniform(2.0, 6.0)), 1.0,
    )  # fmt: skip


def random_tracks(draws, n) -> Tracks:
    crewed = draws.random(n) < draws.choice([0.0, 0.0, 0.01, 0.04])
    bearing, away = draws.uniform(0.0, 2.0 * math.pi, n), draws.uniform(1e3, 2.5e4, n)
    speed = np.where(crewed, draws.uniform(40.0, 250.0, n), draws.uniform(5.0, 90.0, n))
    course = bearing + math.pi + draws.normal(0.0, 0.6, n)
    low, high = draws.uniform(40.0, 900.0, n), draws.choice([150.0, 2_000.0, 10_000.0], n)
    height = np.where(crewed, high, low)
    kind = np.where(crewed, draws.integers(4, 6, n), draws.choice([0, 1, 2, 3, 6], n))
    shares = 0.85 * np.eye(7)[kind] + 0.15 * draws.dirichlet(np.full(7, 0.03), n)
    says = draws.random((n, 4)) < np.column_stack(
        (np.full(n, 0.01), np.where(crewed, 0.6, 0.003), np.full(n, 0.02), np.full(n, 0.002))
    )
    bits = (Reason.AUTHORISED, Reason.TRANSPONDER, Reason.TRANSPONDER_CONTRADICTS,
            Reason.FLIGHT_PLAN)  # fmt: skip
    icao = draws.random(n) < 0.003
    lost = draws.random(n) < 0.05
    return Tracks.of(
        track=draws.permutation(10 * n)[:n] + 1,
        time_s=np.full(n, NOW_S),
        east_m=away * np.sin(bearing),
        north_m=away * np.cos(bearing),
        up_m=height - away**2 / (2.0 * RADIUS_M),
        v_east_mps=speed * np.sin(course),
        v_north_mps=speed * np.cos(course),
        v_up_mps=draws.normal(0.0, 2.0, n),
        height_m=height,
        height_agl_m=height,
        sd_horizontal_m=draws.uniform(10.0, 200.0, n),
        sd_vertical_m=draws.uniform(10.0, 100.0, n),
        sd_speed_mps=draws.uniform(0.5, 3.0, n),
        existence=np.full(n, 0.99),
        status=draws.choice([1, 1, 1, 1, 1, 1, 2, 3], n),
        identity=draws.choice(7, n, p=[0.04, 0.05, 0.01, 0.01, 0.01, 0.28, 0.6]),
        object_class=kind,
        class_probability=shares,
        reasons=sum(np.where(says[:, k], int(bit), 0) for k, bit in enumerate(bits)),
        armed_probability=draws.random(n),
        rcs_dbsm=np.where(draws.random(n) < 0.1, np.nan, draws.normal(-16.0, 4.0, n)),
        address=np.where(icao, 0x800000, -1),
        address_kind=np.where(icao, 0, -1),
        updated_s=NOW_S - np.where(lost, 20.0, draws.uniform(0.0, 14.0, n)),
    )


def asked(seed) -> Asked:
    draws = generator(seed, "test.rules.many")
    corners = 11
    turn = (np.arange(corners) + draws.uniform(0.0, 0.9, corners)) * 2.0 * math.pi / corners
    reach = draws.uniform(0.06, 0.5, corners)
    theatre = Theatre(
        station=Station("many", LAT, LON, 0.0, NOW_S, 600.0),
        places=tuple(place(draws, k) for k in range(int(draws.integers(1, 5)))),
        border_lat_deg=LAT + reach * np.sin(turn),
        border_lon_deg=LON + reach * np.cos(turn),
        sites=tuple(site(draws, k) for k in range(int(draws.integers(3, 9)))),
        simulated=True,
    )
    tracks = random_tracks(draws, TRACKS)
    names = [name["name"] for name in LEVELS]
    sectors = SECTORS[: len(theatre.places)]
    picked = [set(draws.choice(tracks.track, 20).tolist()) for _ in range(2)]
    return Asked(
        theatre,
        tracks,
        draws.integers(len(theatre.places), size=TRACKS),
        np.array([int(draws.integers(0, s.magazine + 1)) for s in theatre.sites]),
        {name: str(draws.choice(names, p=[0.1, 0.3, 0.2, 0.4])) for name in sectors},
        {name for name in sectors if draws.random() < 0.2},
        picked[0],
        picked[1],
    )


def answer(one: Asked, allocator):
    """Return the plan for what is asked."""
    parameters = DefenceParameters.model_validate(
        {"posture": {"levels": LEVELS, "start_by_sector": one.levels}}
    )
    table = PostureTable(parameters.posture)
    planner = EngagementPlanner(
        one.theatre,
        parameters.rules,
        parameters.engagement,
        parameters.allocation,
        allocator,
        table,
    )
    posture = table.start(tuple(sorted(one.levels)))
    ceased = tuple(NOW_S - 60.0 if s in one.ceased else math.inf for s in posture.sectors)
    book = replace(
        planner.start(), rounds=one.rounds.copy(), released=frozenset(one.released),
        withheld=frozenset(one.withheld),
    )  # fmt: skip
    rows = np.arange(TRACKS)
    found = Candidates(
        rows, one.tracks.track, one.place, np.ones(TRACKS), np.ones(TRACKS),
        np.full(TRACKS, 30.0), np.full(TRACKS, 600.0),
    )  # fmt: skip
    return planner.plan(book, replace(posture, ceased_s=ceased), one.tracks, found, NOW_S)


def position(tracks, rows):
    return np.column_stack((tracks.east_m, tracks.north_m, tracks.up_m))[rows]


def velocity(tracks, rows):
    return np.column_stack((tracks.v_east_mps, tracks.v_north_mps, tracks.v_up_mps))[rows]


def crewed(tracks, at_least):
    """Return which tracks are people's, as the rules are written down."""
    found = []
    for row in range(len(tracks)):
        reasons = Reason(int(tracks.reasons[row]))
        answers = Reason.TRANSPONDER in reasons or tracks.address_kind[row] == 0
        found.append(
            (answers and Reason.TRANSPONDER_CONTRADICTS not in reasons)
            or Reason.FLIGHT_PLAN in reasons
            or tracks.class_probability[row, 4:6].sum() >= at_least
        )
    return np.array(found)


def volumes(tracks, people):
    """Return rows that carry a volume, and their half width and half height."""
    friendly = np.isin(tracks.identity, [2, 3])
    friendly |= (tracks.identity == 4) & (tracks.object_class != int(ObjectClass.BIRD))
    friendly |= (tracks.reasons & int(Reason.AUTHORISED)) != 0
    rows = np.flatnonzero((people | friendly) & (tracks.status != 3))
    small = ~people[rows] & (tracks.object_class[rows] <= 3)
    wide = np.where(small, RULES.drone_lateral_m, RULES.aircraft_lateral_m)
    deep = np.where(small, RULES.drone_vertical_m, RULES.aircraft_vertical_m)
    wide, deep = wide + 2.0 * tracks.sd_horizontal_m[rows], deep + 2.0 * tracks.sd_vertical_m[rows]
    return rows, wide, deep


def height_of(points):
    return points[..., 2] + (points[..., 0] ** 2 + points[..., 1] ** 2) / (2.0 * RADIUS_M)


def judge_who(one: Asked, row, sector, people) -> None:
    tracks, status = one.tracks, {lv["name"]: lv["weapons_control_status"] for lv in LEVELS}
    identity, name = Identity(int(tracks.identity[row])), int(tracks.track[row])
    wcs = status[one.levels[sector]]
    assert wcs != "hold"
    assert identity is Identity.HOSTILE or (identity is Identity.SUSPECT and wcs == "free")
    assert not people[row]
    large, armed = tracks.rcs_dbsm[row], tracks.armed_probability[row]
    assert identity is Identity.HOSTILE or armed > RULES.unarmed_max
    assert not large > RULES.large_rcs_dbsm
    assert armed > RULES.unarmed_max or not large > RULES.doubtful_rcs_dbsm
    assert not tracks.reasons[row] & int(Reason.AUTHORISED)
    assert name not in one.withheld
    assert sector not in one.ceased or name in one.released
    assert tracks.status[row] == 1
    assert NOW_S - tracks.updated_s[row] <= RULES.fresh_s


def judge_magazine(one: Asked, row, battery, spent) -> None:
    left = int(one.rounds[battery.index]) - spent
    assert left >= 0
    if left < RULES.reserve_rounds:
        assert one.tracks.identity[row] == int(Identity.HOSTILE)
        away = position(one.tracks, row) - battery.position_m
        pace = velocity(one.tracks, row)
        steps = np.linspace(0.0, 4_000.0, 40_001)[:, None]
        assert np.linalg.norm(away + steps * pace, axis=1).min() <= RULES.self_protection_m + 10.0


def meeting(battery, start, pace):
    """Return reaction and delay: |d + v t| = w t after the reaction, by the quadratic formula."""
    if math.isinf(battery.round_speed_mps):
        return battery.reaction_s
    d = start + battery.reaction_s * pace - battery.position_m
    a = battery.round_speed_mps**2 - pace @ pace
    b, c = d @ pace, d @ d
    roots = [(b + s * math.sqrt(max(b * b + a * c, 0.0))) / a for s in (1.0, -1.0)]
    return battery.reaction_s + min(root for root in roots if root >= 0.0)


def judge_volumes(one, rows, wide, deep, battery, start, pace, delay_s, fall_s, factor) -> None:
    point, flight = start + delay_s * pace, delay_s - battery.reaction_s
    aim = (point - battery.position_m) / flight if flight > 1e-9 else np.zeros(3)
    over = RULES.overshoot_s if flight > 1e-9 else 0.0
    before = np.linspace(0.0, delay_s, 50)
    flown = np.linspace(0.0, max(flight, 0.0) + over, 50)
    falling = np.linspace(delay_s, delay_s + fall_s, 50)
    reach = float(np.linalg.norm(pace)) * fall_s + battery.debris_radius_m
    paths = (
        (before, start + before[:, None] * pace, 0.0, False),
        (battery.reaction_s + flown, battery.position_m + flown[:, None] * aim, 0.0, False),
        (falling, np.repeat(point[None], 50, axis=0), reach, True),
    )
    centre, drift = position(one.tracks, rows), velocity(one.tracks, rows)
    for times, path, wider, column in paths:
        craft = centre[:, None, :] + times[None, :, None] * drift[:, None, :]
        side = np.hypot(*np.moveaxis(craft - path, -1, 0)[:2])
        above = height_of(craft) - height_of(path)
        near = side < 0.99 * (factor * wide[:, None] + wider)
        slack = factor * deep[:, None] - 60.0
        assert not (near & (above < slack) & ((above > -slack) | column)).any()


def windings(lon, lat, corners):
    """Return how many times a polygon winds round each of some points."""
    angle = np.arctan2(corners[:, 1] - lat[:, None], corners[:, 0] - lon[:, None])
    turns = np.diff(np.column_stack((angle, angle[:, :1])), axis=1)
    return ((turns + math.pi) % (2.0 * math.pi) - math.pi).sum(axis=1) / (2.0 * math.pi)


def edge_distance(lon, lat, corners):
    """Return the distance (m) of each point from the nearest edge, in a plane about it."""
    scale = np.array([math.cos(math.radians(LAT)), 1.0]) * math.radians(1.0) * RADIUS_M
    here = np.column_stack((lon, lat))[:, None, :]
    a, b = (corners - here) * scale, (np.roll(corners, -1, axis=0) - here) * scale
    along = b - a
    share = np.clip(-(a * along).sum(-1) / (along**2).sum(-1), 0.0, 1.0)
    return np.linalg.norm(a + share[..., None] * along, axis=-1).min(axis=1)


def judge_border(theatre, battery, point, throw, delay_s, factor) -> None:
    corners = np.column_stack((theatre.border_lon_deg, theatre.border_lat_deg))
    fall = point + np.linspace(0.0, 1.0, 9)[:, None] * throw
    lon, lat, _ = topocentric().transform(*fall.T, direction="INVERSE")
    assert np.abs(np.abs(windings(lon, lat, corners)) - 1.0).max() < 1e-6
    margin = factor * RULES.border_margin_m + battery.debris_radius_m
    assert edge_distance(lon, lat, corners).min() >= 0.985 * margin
    flight = delay_s - battery.reaction_s
    if not math.isinf(battery.round_speed_mps) and flight > 1e-9:
        on = 1.0 + RULES.overshoot_s / flight
        path = np.linspace(0.0, on, 60)[:, None] * (point - battery.position_m)
        lon, lat, _ = topocentric().transform(*(battery.position_m + path).T, direction="INVERSE")
        assert np.abs(np.abs(windings(lon, lat, corners)) - 1.0).max() < 1e-6


def judge_harm(theatre, point, throw, scatter) -> None:
    node, weight = np.polynomial.hermite_e.hermegauss(12)
    share = np.outer(weight, weight).ravel() / weight.sum() ** 2
    length = max(float(np.linalg.norm(throw[:2])), 1e-9)
    along = throw[:2] / length
    u, v = np.meshgrid(node * (0.25 * length + 0.5 * scatter), node * 0.5 * scatter)
    middle = (point + 0.5 * throw)[:2]
    east = middle[0] + u.ravel() * along[0] - v.ravel() * along[1]
    north = middle[1] + u.ravel() * along[1] + v.ravel() * along[0]
    heart = RULES.core_density_per_km2 * 1e-6
    density = np.full(len(east), RULES.rural_density_per_km2 * 1e-6)
    for town in theatre.places:
        spread = town.population / (2.0 * math.pi * heart)
        away_sq = (east - town.position_m[0]) ** 2 + (north - town.position_m[1]) ** 2
        density += heart * np.exp(-0.5 * away_sq / spread)
    mean = float((density * share).sum())
    assert 1.0 - math.exp(-mean * RULES.casualty_area_m2) <= 1.01 * RULES.harm_max


def judge(one: Asked, plan) -> None:
    """Judge every order again."""
    tracks, people = one.tracks, crewed(one.tracks, RULES.crewed_doubt_max)
    rows, wide, deep = volumes(tracks, crewed(tracks, RULES.crewed_probability_max))
    row_of = {int(name): row for row, name in enumerate(tracks.track)}
    factors = {lv["name"]: lv.get("margin_factor", 1.0) for lv in LEVELS}
    spent: Counter[int] = Counter()
    for k in range(len(plan.orders)):
        battery = one.theatre.sites[int(plan.orders.site[k])]
        row = row_of[int(plan.orders.track[k])]
        sector = one.theatre.places[int(one.place[row])].sector
        factor = factors[one.levels[sector]]
        spent[battery.index] += int(plan.orders.rounds[k])
        judge_who(one, row, sector, people)
        judge_magazine(one, row, battery, spent[battery.index])
        start, pace = position(tracks, row), velocity(tracks, row)
        delay_s = meeting(battery, start, pace)
        point = start + delay_s * pace
        height = float(height_of(point))
        assert math.dist(point, battery.position_m) <= battery.range_max_m + 1.0
        assert height <= battery.height_max_m + 1.0
        v = RULES.terminal_speed_mps
        x = min(GRAVITY * max(height, 0.0) / v**2, 600.0)
        fall_s = v / GRAVITY * math.acosh(math.exp(x))
        judge_volumes(one, rows, wide, deep, battery, start, pace, delay_s, fall_s, factor)
        judge_border(one.theatre, battery, point, pace * fall_s, delay_s, factor)
        judge_harm(one.theatre, point, pace * fall_s, battery.debris_radius_m)


@pytest.mark.slow
def test_in_a_hundred_thousand_situations_not_one_order_breaks_a_rule():
    count: Counter[str] = Counter()
    refused: Counter[int] = Counter()

    @given(st.integers(0, 2**40))
    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    def ask(seed):
        one = asked(seed)
        plan = answer(one, Unruly() if seed % 4 == 0 else Greedy())
        judge(one, plan)
        count["situations"] += len(one.tracks)
        count["orders"] += len(plan.orders)
        refused.update(plan.engagements.refusal.tolist())

    ask()
    assert count["situations"] >= 100_000
    assert count["orders"] >= 2_000
    assert {Refusal(reason) for reason in refused} == set(Refusal)
    print(dict(count), {Refusal(k).name: n for k, n in refused.items()})


def test_the_judge_finds_what_is_wrong():
    """An order that is moved, or whose circumstances change after it, is found out."""
    for seed in range(400):
        one = asked(seed)
        plan = answer(one, Greedy())
        if len(plan.orders) >= 3:
            break
    judge(one, plan)
    name = int(plan.orders.track[0])
    row = int(np.flatnonzero(one.tracks.track == name)[0])
    sector = one.theatre.places[int(one.place[row])].sector
    battery = int(plan.orders.site[0])
    empty = one.rounds.copy()
    empty[battery] = 0

    def columns(**changes):
        told = {key: value.copy() for key, value in one.tracks.columns().items()}
        for key, value in changes.items():
            told[key][row] = value
        return replace(one, tracks=Tracks(**told))

    narrow = replace(
        one.theatre, border_lat_deg=one.theatre.border_lat_deg - 3.0,
    )  # fmt: skip
    crowd = tuple(
        replace(town, population=30_000_000, position_m=position(one.tracks, row))
        for town in one.theatre.places
    )
    wrong = [
        columns(identity=1), columns(status=2), columns(updated_s=NOW_S - 60.0),
        columns(reasons=int(Reason.TRANSPONDER)), columns(reasons=int(Reason.AUTHORISED)),
        replace(one, withheld={name}), replace(one, ceased={sector}, released=set()),
        replace(one, levels=one.levels | {sector: "hold"}), replace(one, rounds=empty),
        replace(one, theatre=narrow), replace(one, theatre=replace(one.theatre, places=crowd)),
    ]  # fmt: skip
    for broken in wrong:
        with pytest.raises(AssertionError):
            judge(broken, plan)
