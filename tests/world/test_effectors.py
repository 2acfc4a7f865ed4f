"""Simulated effectors against the closed forms of engagement, and honest about what they hit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from chowki.core.places import Ground, Station, Theatre
from chowki.core.ports import Aloft
from chowki.core.records import EffectorKind, EngagementState, ObjectClass, Orders
from chowki.kernels.geodesy import enu_to_geodetic, station_frame
from chowki.world.effectors import EffectorParameters, Effectors

START_S = 1_700_000_000.0
STATION = Station("range", 30.0, 75.0, 0.0, START_S, 1e6)
THEATRE = Theatre(STATION, ground=Ground(0.0), simulated=True)
FRAME = station_frame(math.radians(30.0), math.radians(75.0), 0.0)
DRONE = ObjectClass.FIXED_WING_DRONE


def sky(position_m, velocity_mps=None, kind=DRONE, linked=True, time_s=START_S):
    position = np.asarray(position_m, dtype=np.float64)
    n = len(position)
    velocity = np.zeros((n, 3)) if velocity_mps is None else np.asarray(velocity_mps, float)
    kinds = np.full(n, int(kind), dtype=np.int8) if np.isscalar(kind) else np.asarray(kind, "i1")
    return Aloft(
        time_s, np.arange(n) + 1000, position, velocity, kinds, np.full(n, 0.1),
        np.zeros(n, np.int8), np.full(n, 2.4e9 if linked else np.nan), np.full(n, 0.1),
        np.full(n, -1), np.full(n, -1, np.int8), np.full(n, b"", "S8"), np.ones(n),
    )  # fmt: skip


def at(aloft, time_s, gone=()):
    """Return the sky at another time, without those that are gone."""
    moved = aloft.position_m + (time_s - aloft.time_s) * aloft.velocity_mps
    left = np.flatnonzero(~np.isin(aloft.target, list(gone)))
    columns = {n: getattr(aloft, n)[left] for n in Aloft.__slots__ if n != "time_s"}
    return Aloft(time_s=time_s, **{**columns, "position_m": moved[left]})


def orders(aloft, rows, *, first=0, rounds=1, site=0, time_s=None):
    rows = np.asarray(rows)
    when = aloft.time_s if time_s is None else time_s
    place = aloft.position_m[rows] + (when - aloft.time_s) * aloft.velocity_mps[rows]
    n = len(rows)
    return Orders(
        np.arange(first, first + n), np.full(n, when), np.full(n, site), rows,
        np.full(n, rounds), *place.T, *aloft.velocity_mps[rows].T,
    )  # fmt: skip


def site(kill=0.7, **figures):
    plain = {
        "kind": "missile", "range_min_m": 0, "range_max_m": 50_000, "height_max_m": 20_000,
        "round_speed_mps": 1000, "reaction_s": 0, "reload_s": 0, "assessment_s": 0,
        "channels": 100, "magazine": 100_000, "acquisition_m": 50,
        "kill_probability": {"fixed_wing_drone": kill},
    }  # fmt: skip
    channels = figures.pop("channels", 100)
    stated = EffectorParameters(**{**plain, **figures}).site(0, "battery", np.zeros(3))
    return replace(stated, channels=channels)


def effectors(*sites, seed=1, patience_s=math.inf):
    return Effectors(sites, THEATRE, seed, patience_s=patience_s, factor_span=(1.0, 1.0))


def fly(model, aloft, until_s, step_s=1.0):
    """Run to a time; return targets hit and (time, state, rounds left) of each report."""
    gone, seen = [], []
    for time_s in np.arange(aloft.time_s + step_s, aloft.time_s + until_s + step_s, step_s):
        hit, jammed, reports = model.advance(at(aloft, time_s, gone), time_s)
        gone += hit.tolist() + jammed.tolist()
        for report in reports:
            state = EngagementState(int(report.outcomes.state[0]))
            seen.append((report.time_s, state, report.rounds_left))
    return gone, seen


def apart(n, north_m=3000.0):
    """Return n positions far from each other, all within reach."""
    return np.stack((np.linspace(-20e3, 20e3, n), np.full(n, north_m), np.full(n, 300.0)), axis=1)


def test_leakers_of_a_salvo_are_binomial():
    """n 40, p .7, k 2: mean 3.6, variance 3.276, none leaks with probability .0230."""
    n, p, k, raids = 40, 0.7, 2, 200
    q = (1 - p) ** k
    assert (n * q, n * q * (1 - q)) == pytest.approx((3.6, 3.276))
    assert (1 - q) ** n == pytest.approx(0.0230, abs=5e-5)
    aloft = sky(apart(n))
    leaked = []
    for seed in range(raids):
        model = effectors(site(p), seed=seed)
        model.obey(orders(aloft, range(n), rounds=k))
        gone, _ = fly(model, aloft, 40, step_s=40)
        leaked.append(n - len(gone))
    assert abs(np.mean(leaked) - 3.6) < 4 * math.sqrt(3.276 / raids)
    assert np.var(leaked) == pytest.approx(3.276, rel=4 * math.sqrt(2 / raids))
    counts = np.bincount(np.minimum(leaked, 8), minlength=9)
    wanted = stats.binom.pmf(range(8), n, q)
    wanted = raids * np.append(wanted, 1 - wanted.sum())
    assert stats.chisquare(counts, wanted).pvalue > 1e-4


def test_poisson_raid_leaves_poisson_leakers():
    """Lambda 40, q .09: mean = variance = 3.6; none leaks with probability e^-3.6 = .0273."""
    raids = 200
    sizes = np.random.Generator(np.random.Philox(9)).poisson(40, raids)
    leaked = []
    for seed, n in enumerate(sizes):
        aloft = sky(apart(int(n)))
        model = effectors(site(0.7), seed=seed)
        model.obey(orders(aloft, range(n), rounds=2))
        leaked.append(n - len(fly(model, aloft, 40, step_s=40)[0]))
    assert math.exp(-3.6) == pytest.approx(0.0273, abs=5e-5)
    assert abs(np.mean(leaked) - 3.6) < 4 * math.sqrt(3.6 / raids)
    assert np.var(leaked) == pytest.approx(3.6, rel=4.5 * math.sqrt(2 / raids))


def test_layers_multiply():
    """Three layers that each detect with .9 and kill with .7 leave .37^3 = .0507."""
    rng = np.random.Generator(np.random.Philox(4))
    n = 2000
    aloft = sky(apart(n))
    alive = np.arange(n)
    for layer in range(3):
        model = effectors(site(0.7, acquisition_m=1, channels=n), seed=layer)
        model.obey(orders(aloft, alive[rng.random(len(alive)) < 0.9]))
        alive = np.setdiff1d(alive, np.array(fly(model, aloft, 60, step_s=60)[0]) - 1000)
    assert pytest.approx(0.0507, abs=5e-5) == 0.37**3
    assert len(alive) / n == pytest.approx(0.0507, abs=4 * math.sqrt(0.0507 * 0.9493 / n))


def test_shoot_look_shoot_saves_rounds():
    """p .7, at most 3 looks: 1.39 rounds for each target, .973 of them killed."""
    n = 1200
    aloft = sky(apart(n), linked=False)
    model = effectors(site(0.7, channels=5000, acquisition_m=5, assessment_s=2), seed=3)
    alive, fired = np.arange(n), 0
    for k in range(3):
        time_s = START_S + 100.0 * k
        model.obey(orders(aloft, alive, first=k * n, time_s=time_s))
        hit, _, reports = model.advance(at(aloft, time_s + 100.0), time_s + 100.0)
        fired += sum(1 for r in reports if int(r.outcomes.state[0]) == EngagementState.IN_FLIGHT)
        alive = np.setdiff1d(alive, hit - 1000)
    expected = (1 - 0.3**3) / 0.7
    assert expected == pytest.approx(1.39)
    assert fired / n == pytest.approx(expected, abs=4 * 0.66 / math.sqrt(n))
    assert 1 - len(alive) / n == pytest.approx(0.973, abs=4 * math.sqrt(0.973 * 0.027 / n))


def test_magazine_limits_kills():
    """n 40, 45 rounds, p .7: E min(n, Bin(45, p)) = 31.499, reached by shoot-look-shoot."""
    n, raids = 40, 200
    wanted = sum(min(n, k) * stats.binom.pmf(k, 45, 0.7) for k in range(46))
    assert wanted == pytest.approx(31.499, abs=1e-3)
    aloft, kills = sky(apart(n)), []
    for seed in range(raids):
        model, gone = effectors(site(0.7, magazine=45), seed=seed), []
        for k in range(45):
            alive = np.setdiff1d(np.arange(n), np.array(gone, dtype=int) - 1000)
            time_s = START_S + 50.0 * k
            if not len(alive):
                break
            model.obey(orders(aloft, alive[:8], first=100 * k, time_s=time_s))
            hit, _, reports = model.advance(at(aloft, time_s + 50.0, gone), time_s + 50.0)
            gone += hit.tolist()
            if any(r.rounds_left == 0 for r in reports):
                break
        kills.append(len(gone))
    assert abs(np.mean(kills) - wanted) < 4 * math.sqrt(45 * 0.21 / raids)


def test_uniform_allocation():
    """n 40, A 100, p .7: half of the targets get three rounds, half two: 2.34 leakers."""
    n, raids = 40, 200
    aloft, leaked = sky(apart(n)), []
    for seed in range(raids):
        model = effectors(site(0.7, magazine=100), seed=seed)
        model.obey(orders(aloft, range(20), rounds=3))
        model.obey(orders(aloft, range(20, 40), rounds=2, first=20))
        leaked.append(n - len(fly(model, aloft, 40, step_s=40)[0]))
    wanted = n * (0.5 * 0.3**2 + 0.5 * 0.3**3)
    assert wanted == pytest.approx(2.34)
    variance = 20 * (0.09 * 0.91 + 0.027 * 0.973)
    assert abs(np.mean(leaked) - wanted) < 4 * math.sqrt(variance / raids)


def salvo_exchange(offensive, shots, p, seed):
    """Return how many of a salvo get through: rounds go to whoever still flies, one at a time."""
    aloft = sky(apart(max(offensive, 1)))
    model, gone = effectors(site(p, magazine=shots), seed=seed), []
    alive, left, time_s = np.arange(offensive), shots, START_S
    while len(alive) and left:
        fired = alive[: min(len(alive), left)]
        model.obey(orders(aloft, fired, first=shots - left, time_s=time_s))
        time_s += 50.0
        hit, _, reports = model.advance(at(aloft, time_s, gone), time_s)
        gone += hit.tolist()
        left = reports[-1].rounds_left
        alive = np.setdiff1d(alive, hit - 1000)
    return len(alive)


def test_a_sure_salvo_leaves_what_hughes_says():
    """A 5 x alpha 2 against B 6 x b3 1, staying power 1: (10 - 6) / 1 = 4 get through."""
    assert salvo_exchange(5 * 2, 6 * 1, 1.0, seed=1) == 4
    assert salvo_exchange(4, 6, 1.0, seed=1) == 0


def test_a_salvo_by_chance_leaves_what_the_double_sum_over_binomials_says():
    """15 offensive and 18 defensive trials, p .68 each: E max(0, O - D) = .3373."""
    p, trials, exchanges = 0.68, (15, 18), 1200
    offence, defence = (stats.binom.pmf(range(n + 1), n, p) for n in trials)
    through = np.maximum(np.subtract.outer(np.arange(16), np.arange(19)), 0)
    joint = np.outer(offence, defence)
    wanted = float((joint * through).sum())
    assert wanted == pytest.approx(0.3373, abs=5e-5)
    spread = math.sqrt(float((joint * through**2).sum()) - wanted**2)
    draws = np.random.Generator(np.random.Philox(12))
    left = [
        salvo_exchange(int(n), trials[1], p, seed)
        for seed, n in enumerate(draws.binomial(trials[0], p, exchanges))
    ]
    assert abs(np.mean(left) - wanted) < 4 * spread / math.sqrt(exchanges)


def test_opportunities_in_depth():
    """v 50, w 300 m/s, 10 to 1 km, reaction 5 s, assessment 3 s: 11 opportunities."""
    aloft = sky([[0.0, 10_000.0, 0.0]], [[0.0, -50.0, 0.0]])
    model = effectors(site(0.0, range_min_m=1000, round_speed_mps=300, assessment_s=3, channels=1))
    time_s, chances = START_S + 5.0, 0
    while True:
        launch_m = 10_000.0 - 50.0 * (time_s - START_S)
        model.obey(orders(aloft, [0], first=chances, time_s=time_s))
        launch_s, states, met_s = time_s, [], math.nan
        while not states or states[-1] == EngagementState.IN_FLIGHT:
            time_s += 0.02
            for report in model.advance(at(aloft, time_s), time_s)[2]:
                states.append(EngagementState(int(report.outcomes.state[0])))
                met_s = report.time_s
        if states == [EngagementState.ABORTED]:
            break
        assert states == [EngagementState.IN_FLIGHT, EngagementState.MET]
        hit_m = 300.0 * (met_s - launch_s)
        assert hit_m == pytest.approx(300.0 / 350.0 * launch_m, rel=1e-4)
        time_s = met_s + 3.0
        chances += 1
    assert chances == 11


def arrivals(seed, hours=40.0, a=3.0, service_s=30.0, patience_s=None):
    """Return a stream of targets whose flight times are exponential: an M/M/4 with limits."""
    rng = np.random.Generator(np.random.Philox(seed))
    n = int(hours * 3600 * a / service_s)
    when = START_S + np.cumsum(rng.exponential(service_s / a, n))
    flight_s = rng.exponential(service_s, n)
    position = np.stack((np.zeros(n), 100.0 * flight_s, np.zeros(n)), axis=1)
    climb = np.zeros((n, 3))
    if patience_s is not None:
        climb[:, 2] = 1e-3
        wanted_m = 1.0 - 1e-3 * (rng.exponential(patience_s, n) + flight_s)
        for _ in range(4):
            position[:, 2] += wanted_m - enu_to_geodetic(FRAME, position)[:, 2]
    return when, position, climb


def run_queue(when, position, velocity, patience_s, ceiling_m=20_000.0):
    battery = site(
        0.0, channels=4, round_speed_mps=100, range_max_m=50_000, height_max_m=ceiling_m,
        acquisition_m=1,
    )  # fmt: skip
    model = effectors(battery, patience_s=patience_s)
    n = len(when)
    zeros, numbers = np.zeros(n, int), np.arange(n)
    asked = Orders(numbers, when, zeros, numbers, zeros + 1, *position.T, *velocity.T)
    model.obey(asked)
    _, _, reports = model.advance(sky(np.empty((0, 3))), when[-1] + 3600.0)
    first = {}
    for report in reports:
        first.setdefault(int(report.outcomes.engagement[0]), report)
    lost = np.array([int(first[k].outcomes.state[0]) == EngagementState.ABORTED for k in range(n)])
    waited = np.array([first[k].time_s for k in range(n)]) - when
    return lost, waited


def test_channels_without_a_queue_lose_as_erlang_b_says():
    """a = 3, c = 4: .2061 lost; with p .7 on the rest, .4443 leak."""
    weights = np.array([3.0**k / math.factorial(k) for k in range(5)])
    blocked = weights[-1] / weights.sum()
    assert blocked == pytest.approx(0.2061, abs=5e-5)
    assert blocked + (1 - blocked) * 0.3 == pytest.approx(0.4443, abs=5e-5)
    lost, _ = run_queue(*arrivals(1), patience_s=0.0)
    assert np.mean(lost) == pytest.approx(blocked, abs=0.015)


def test_waiting_orders_queue_as_erlang_c_says():
    """Service 30 s: .5094 wait, 15.28 s on average."""
    top = 3.0**4 / math.factorial(4) * 4 / (4 - 3)
    wait = top / (sum(3.0**k / math.factorial(k) for k in range(4)) + top)
    assert (wait, wait * 30 / (4 - 3)) == pytest.approx((0.5094, 15.28), abs=5e-3)
    lost, waited = run_queue(*arrivals(2, hours=120.0), patience_s=math.inf)
    assert not lost.any()
    assert np.mean(waited > 1e-6) == pytest.approx(wait, abs=0.02)
    assert np.mean(waited) == pytest.approx(15.28, rel=0.1)


def test_orders_whose_target_leaves_reach_are_lost_as_erlang_a_says():
    """Targets leave reach after 20 s on average: .1221 lost (birth and death)."""
    weights = [1.0]
    for k in range(1, 60):
        weights.append(weights[-1] * 3 / 30 * 30 / (min(k, 4) + max(k - 4, 0) * 30 / 20))
    share = np.array(weights) / np.sum(weights)
    leaving = sum(share[k] * (k - 4) / 20 for k in range(5, 60)) / (3 / 30)
    assert leaving == pytest.approx(0.1221, abs=5e-5)
    when, position, velocity = arrivals(3, hours=100.0, patience_s=20.0)
    lost, _ = run_queue(when, position, velocity, math.inf, ceiling_m=1.0)
    assert np.mean(lost) == pytest.approx(leaving, abs=0.012)


def test_a_round_takes_its_time():
    """Reaction, then flight; the channel stays for the assessment and until it has reloaded."""
    aloft = sky([[0.0, 4000.0, 0.0]] * 1)
    slow = site(
        1.0, reaction_s=5, assessment_s=3, reload_s=20, channels=1, magazine=4,
        round_speed_mps=400,
    )  # fmt: skip
    model = effectors(slow)
    model.obey(orders(aloft, [0, 0]))
    gone, seen = fly(model, aloft, 80)
    assert gone == [1000]
    assert [(round(t - START_S, 6), state.name, left) for t, state, left in seen] == [
        (5.0, "IN_FLIGHT", 3),
        (15.0, "MET", 3),
        (30.0, "IN_FLIGHT", 2),
        (40.0, "MET", 2),
    ]


def test_what_stands_nearest_is_hit():
    """A bird beside the prediction dies in the drone's place; an empty sky is missed."""
    aloft = sky([[0.0, 4000.0, 300.0], [60.0, 4000.0, 300.0]], kind=[DRONE, ObjectClass.BIRD])
    sure = site(1.0, kill_probability={"bird": 1.0, "fixed_wing_drone": 1.0}, acquisition_m=100)
    asked = replace(orders(aloft, [0]), east_m=np.array([50.0]))
    model = effectors(sure)
    model.obey(asked)
    assert fly(model, aloft, 20)[0] == [1001]
    model = effectors(sure)
    model.obey(replace(asked, east_m=np.array([900.0])))
    gone, seen = fly(model, aloft, 20)
    assert gone == []
    assert seen[-1][1] is EngagementState.MET


def test_a_target_that_turns_away_is_not_found():
    aloft = sky([[0.0, 4000.0, 300.0]], [[40.0, 0.0, 0.0]])
    asked = orders(aloft, [0])
    turned = replace(aloft, velocity_mps=np.array([[-40.0, 0.0, 0.0]]))
    model = effectors(site(1.0, acquisition_m=200, round_speed_mps=400))
    model.obey(asked)
    assert fly(model, turned, 30)[0] == []
    model = effectors(site(1.0, acquisition_m=1000, round_speed_mps=400))
    model.obey(asked)
    assert fly(model, turned, 30)[0] == [1000]


def test_nothing_dies_without_an_order():
    aloft = sky(apart(30))
    assert fly(effectors(site(1.0)), aloft, 60) == ([], [])


def test_a_dead_target_is_not_hit_again():
    aloft = sky([[0.0, 4000.0, 300.0], [90.0, 4000.0, 300.0]])
    model = effectors(site(1.0, acquisition_m=100))
    model.obey(orders(aloft, [0], rounds=3))
    assert sorted(fly(model, aloft, 30)[0]) == [1000, 1001]  # the second round found the other


def test_a_jammer_jams_and_destroys_nothing():
    aloft = sky([[0.0, 2000.0, 300.0]])
    sure = {"kind": "jammer", "kill_probability": {"fixed_wing_drone": 1.0}}
    for parameters, wanted in ((sure, ([], [1000])), (sure | {"kind": "gun"}, ([1000], []))):
        model = effectors(EffectorParameters(**parameters).site(0, "site", np.zeros(3)))
        model.obey(orders(aloft, [0]))
        hit, jammed, _ = model.advance(at(aloft, START_S + 30.0), START_S + 30.0)
        assert (hit.tolist(), jammed.tolist()) == wanted


def test_no_report_says_what_was_hit():
    """Whoever is hit or missed, the sites tell the same."""
    aloft = sky(apart(20))
    told = []
    for kill in (0.0, 1.0):
        model = effectors(site(kill))
        model.obey(orders(aloft, range(20)))
        told.append(fly(model, aloft, 40)[1])
    assert told[0] == told[1]


def test_a_jammer_does_nothing_to_a_silent_drone():
    def hits(linked):
        aloft = sky([[0.0, 2000.0, 300.0]], linked=linked)
        jammer = EffectorParameters(kind="jammer", kill_probability={"fixed_wing_drone": 1.0}).site(
            0, "jammer", np.zeros(3)
        )
        assert jammer.round_speed_mps == math.inf
        model = effectors(jammer)
        model.obey(orders(aloft, [0]))
        gone, seen = fly(model, aloft, 30)
        assert seen[0][1] is EngagementState.IN_FLIGHT
        return gone

    assert hits(linked=True) == [1000]
    assert hits(linked=False) == []


@pytest.mark.parametrize(
    ("figures", "position_m"),
    [
        ({"range_max_m": 3000}, [0.0, 4000.0, 300.0]),
        ({"range_min_m": 5000}, [0.0, 4000.0, 300.0]),
        ({"height_max_m": 200}, [0.0, 4000.0, 300.0]),
        ({"magazine": 0}, [0.0, 4000.0, 300.0]),
    ],
)
def test_out_of_reach_or_rounds_is_aborted_and_costs_nothing(figures, position_m):
    aloft = sky([position_m])
    model = effectors(site(1.0, **figures))
    model.obey(orders(aloft, [0]))
    gone, seen = fly(model, aloft, 20)
    assert gone == []
    left = figures.get("magazine", 100_000)
    assert [(state, rounds) for _, state, rounds in seen] == [(EngagementState.ABORTED, left)]


def test_an_order_waits_for_a_channel_only_so_long():
    aloft = sky(apart(3))
    busy = site(1.0, channels=1, reaction_s=30)
    model = effectors(busy, patience_s=10.0)
    model.obey(orders(aloft, [0, 1]))
    _, seen = fly(model, aloft, 20)
    assert seen == [(START_S + 10.0, EngagementState.ABORTED, 100_000)]


def test_true_kill_probability_differs_from_the_stated_one_and_by_seed():
    aloft = sky(apart(1500))
    rates = []
    for seed in (1, 2, 3):
        model = Effectors((site(0.7, channels=1500, acquisition_m=3),), THEATRE, seed)
        model.obey(orders(aloft, range(1500)))
        rates.append(len(fly(model, aloft, 60, step_s=60)[0]) / 1500)
    assert max(rates) - min(rates) > 0.02
    assert all(0.7 * 0.8 - 0.05 < rate < 0.7 * 1.05 + 0.05 for rate in rates)


def test_same_seed_same_course_and_orders_do_not_disturb_each_other():
    aloft = sky(apart(60))

    def killed(rows):
        model = effectors(site(0.5), seed=8)
        every = orders(aloft, range(60))
        model.obey(every.take(np.asarray(rows)))
        return set(fly(model, aloft, 60)[0])

    assert killed(range(60)) == killed(range(60))
    assert killed(range(0, 60, 2)) == {t for t in killed(range(60)) if t % 2 == 0}


def test_effectors_are_built_in_a_simulated_theatre_only():
    with pytest.raises(ValueError, match="simulated"):
        Effectors((), replace(THEATRE, simulated=False), 1)


@pytest.mark.parametrize("kind", ["gun", "missile", "jammer", "interceptor"])
def test_templates_are_whole(kind):
    made = EffectorParameters(kind=kind).site(3, "here", np.ones(3))
    assert made.effector == EffectorKind[kind.upper()]
    assert made.index == 3
    assert made.kill_probability.shape == (7,)
    assert made.range_min_m < made.range_max_m
    assert made.kill_probability[ObjectClass.BIRD] < made.kill_probability[DRONE]
    other = EffectorParameters(kind=kind, range_max_m=1234.0, magazine=2).site(0, "x", np.ones(3))
    assert (other.range_max_m, other.magazine) == (1234.0, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "laser"}, {"range_min_m": 9e3, "range_max_m": 1e3}, {"range_min_m": 9e3},
        {"kill_probability": {"bird": 1.5}}, {"kill_probability": {"bat": 0.5}},
        {"channels": 0}, {"magazine": -1}, {"reaction_s": math.nan}, {"colour": "green"},
        {"kind": "jammer", "round_speed_mps": 10.0},
    ],
)  # fmt: skip
def test_wrong_figures_are_refused(wrong):
    with pytest.raises(ValidationError):
        EffectorParameters(**wrong)
