"""Faults of one radar among three, with a stand-in for the tracker: plots near a known flight."""

import importlib.util
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import Detections
from chowki.kernels import health as kernel
from chowki.kernels.filter import P_BIRTH, P_LOG_C, P_WIDTH
from chowki.kernels.health import T_RATE, T_SHAPE
from chowki.kernels.plots import RAW_HEIGHT, RAW_TIME, RAW_VALUE
from chowki.picture.biases import RegistrationParameters
from chowki.picture.conditions import Fault, HealthParameters, faults_of
from chowki.picture.registration import Flights
from chowki.picture.told import sensor_states
from chowki.picture.upkeep import (
    Upkeep,
    corrected,
    learned,
    on_time,
    taken_off,
    thinned,
    ticked,
)

SPACE = Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION
SIGMA = {"sigma_range_m": 15.0, "sigma_azimuth_rad": 1e-3, "sigma_elevation_rad": 2e-3}
VOLUME = Volume(300.0, 60_000.0, elevation_min_rad=0.0, elevation_max_rad=0.7)
CLOCK = Fault.CLOCK_STEP | Fault.CLOCK_DRIFT
REGISTRATION, HEALTH = RegistrationParameters(), HealthParameters()
TARGETS, CLUTTER, PERIOD_S = 15, 3.0, 4.0
FROM_S = 160.0


@pytest.fixture(scope="module")
def faults():
    path = Path(__file__).parents[2] / "benchmarks" / "tracker" / "faults.py"
    spec = importlib.util.spec_from_file_location("faults_of_sensors", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def radar(number, east_m):
    return Sensor(number, f"radar {number}", "radar", np.array([east_m, 0.0, 0.0]), np.eye(3),
                  SPACE, VOLUME, PERIOD_S, 0.9, CLUTTER, **SIGMA)  # fmt: skip


RADARS = tuple(radar(k, 5e3 * k) for k in (1, 2, 3))


class Sky:
    """Straight flights, and the looks of three radars at them."""

    def __init__(self, seed, targets=TARGETS):
        rng = np.random.default_rng(seed)
        self.rng, self.targets = rng, targets
        self.start_m = np.column_stack((rng.uniform(-2e4, 2.5e4, (targets, 2)),
                                        rng.uniform(500, 3e3, targets)))  # fmt: skip
        course, speed = rng.uniform(0, 2 * np.pi, targets), rng.uniform(20, 60, targets)
        self.velocity = np.column_stack((speed * np.sin(course), speed * np.cos(course),
                                         np.zeros(targets)))  # fmt: skip

    def flights(self, time_s):
        sd = np.repeat([20.0, 2.0], 3)
        state = np.hstack([self.start_m + time_s * self.velocity, self.velocity])
        state = state + sd * self.rng.standard_normal(state.shape)
        n = self.targets
        return Flights(np.arange(1, n + 1), np.full(n, time_s), np.ones(n), state,
                       np.tile(np.diag(sd**2), (n, 1, 1)))  # fmt: skip

    def look(self, sensor, number, start_s):
        rng = self.rng
        into = rng.random(self.targets)
        seen = np.flatnonzero(rng.random(self.targets) < 0.9)
        times = start_s + PERIOD_S * into[seen]
        at = self.start_m[seen] + times[:, None] * self.velocity[seen] - sensor.position_m
        ground, ghosts = np.hypot(at[:, 0], at[:, 1]), rng.poisson(CLUTTER)
        noise = rng.standard_normal((3, len(seen)))
        columns = {
            "time_s": np.append(times, start_s + PERIOD_S * rng.random(ghosts)),
            "range_m": np.append(np.hypot(ground, at[:, 2]) + 15.0 * noise[0],
                                 rng.uniform(300.0, 6e4, ghosts)),
            "azimuth_rad": np.append(np.arctan2(at[:, 0], at[:, 1]) + 1e-3 * noise[1],
                                     rng.uniform(0, 2 * np.pi, ghosts)) % (2 * np.pi),
            "elevation_rad": np.append(np.arctan2(at[:, 2], ground) + 2e-3 * noise[2],
                                       0.7 * rng.random(ghosts)),
        }  # fmt: skip
        end_s = start_s + PERIOD_S
        received_s = end_s + 0.2 + rng.exponential(0.1)
        return Scan(received_s, sensor, number, start_s, end_s, VOLUME, Detections.of(**columns))

    def scans(self, span_s):
        looks = [
            self.look(s, k, k * PERIOD_S + 1.3 * i)
            for k in range(int(span_s / PERIOD_S))
            for i, s in enumerate(RADARS)
        ]
        return sorted(looks, key=lambda scan: scan.time_s)


def near_flights(scan, correction, flights):
    """Pair plots with flights that are near: what a tracker would be sure of."""
    plots = correction.examined.plots.copy()
    plots[:, 0] -= correction.bias[3]
    plots[:, 1:] -= correction.bias[:3]
    e = plots[:, 1] * np.cos(plots[:, 3]) * np.sin(plots[:, 2]) + scan.sensor.position_m[0]
    n = plots[:, 1] * np.cos(plots[:, 3]) * np.cos(plots[:, 2]) + scan.sensor.position_m[1]
    ahead = (plots[:, 0] - flights.time_s[0])[:, None]
    away = np.hypot(e[:, None] - flights.state[:, 0] - ahead * flights.state[:, 3],
                    n[:, None] - flights.state[:, 1] - ahead * flights.state[:, 4])  # fmt: skip
    away[~correction.use] = np.inf
    causes, taken = np.full(len(plots), -1), set()
    for plot in np.argsort(away.min(axis=1, initial=np.inf)):
        row = int(np.argmin(away[plot]))
        if away[plot, row] < 120.0 and row not in taken:
            causes[plot] = row
            taken.add(row)
    return causes


class Watch:
    """Upkeep through a run: what stood flagged after each event, and the last correction."""

    def __init__(self, sky):
        self.sky, self.upkeep = sky, Upkeep()
        self.flags, self.corrections, self.bounced = [], [], []

    def take(self, scan, mine):
        self.upkeep, correction = corrected(self.upkeep, scan, REGISTRATION, HEALTH)
        now = self.sky.flights(scan.time_s)
        causes = near_flights(scan, correction, now)
        used = np.flatnonzero(correction.use)
        sure = np.flatnonzero(causes >= 0)
        pairs = (causes[sure], sure, np.ones(len(sure)))
        self.upkeep = learned(self.upkeep, scan, correction, now, now, (used, causes[used]), pairs,
                              REGISTRATION, HEALTH)  # fmt: skip
        self.tick(scan.time_s)
        if scan.sensor.number == 1:
            self.corrections.append((mine, correction))
            self.bounced.append((mine, len(sure)))
            self.flags.append((scan.time_s, mine, faults_of(self.upkeep.health, 1)))

    def tick(self, time_s):
        self.upkeep = ticked(self.upkeep, self.sky.flights(time_s), time_s, REGISTRATION, HEALTH)


def watched(faults, fault, seed, span_s=280.0, until_s=240.0):
    sky = Sky(seed)
    watch = Watch(sky)
    for event, mine in faults.faulty(sky.scans(span_s), fault, 1, FROM_S, until_s):
        watch.take(event, mine)
    return watch


def looks_until(watch, wanted):
    """Return in which faulty look the fault was flagged, counted from one."""
    flagged = [bool(flags & wanted) for _, mine, flags in watch.flags if mine]
    return flagged.index(True) + 1 if any(flagged) else math.inf


def cases(faults):
    turned = faults.Bias(azimuth_rad=math.radians(0.8))
    return {
        "step": (faults.clock_step(2.0), CLOCK),
        "step back": (faults.clock_step(-3.0), CLOCK),
        "drift": (faults.clock_drift(0.05), CLOCK),
        "slow drift": (faults.clock_drift(0.01), CLOCK),
        "stuck": (faults.stuck, Fault.STUCK),
        "flood": (faults.flood(10.0), Fault.FLOOD),
        "twice": (faults.duplicated(0.0), Fault.DUPLICATES),
        "nearly twice": (faults.duplicated(0.05), Fault.DUPLICATES),
        "strobe": (faults.strobe(15, math.radians(2.0)), Fault.STROBE),
        "turned": (faults.jumped(turned), Fault.BIAS),
        "too far": (faults.jumped(faults.Bias(range_m=400.0)), Fault.BIAS),
    }


NAMES = ("step", "step back", "drift", "slow drift", "stuck", "flood", "twice", "nearly twice",
         "strobe", "turned", "too far")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_flagged_within_three_looks_and_cleared_when_it_is_well_again(faults, name):
    fault, wanted = cases(faults)[name]
    for seed in range(3):
        watch = watched(faults, fault, seed)
        before = [flags for time_s, _, flags in watch.flags if time_s < FROM_S]
        assert not any(before)
        assert looks_until(watch, wanted) <= 3
        assert not watch.flags[-1][2] & wanted & ~Fault.BIAS
        for number in (2, 3):
            assert faults_of(watch.upkeep.health, number) & wanted == 0


def test_looks_that_are_sent_twice_are_flagged_and_the_second_is_not_used(faults):
    watch = watched(faults, faults.resent, 0)
    assert looks_until(watch, Fault.DUPLICATES) <= 4
    again = [c.use for mine, c in watch.corrections if mine][2::2]
    assert not any(use.any() for use in again[2:])


def test_a_sensor_that_is_lost_is_silent_after_three_looks_and_well_when_it_comes_back(faults):
    sky = Sky(1)
    watch = Watch(sky)
    lost_s, silent_s = None, None
    for scan in sky.scans(360.0):
        if scan.sensor.number == 1 and 160.0 <= scan.time_s < 260.0:
            lost_s = lost_s or scan.time_s
            continue
        watch.take(scan, False)
        if silent_s is None and faults_of(watch.upkeep.health, 1) & Fault.SILENT:
            silent_s = scan.time_s
    assert lost_s < silent_s < lost_s + 3.0 * PERIOD_S
    assert faults_of(watch.upkeep.health, 1) == 0
    assert faults_of(watch.upkeep.health, 2) == 0


def test_when_everything_is_silent_nobody_is_flagged():
    sky = Sky(2)
    watch = Watch(sky)
    for scan in sky.scans(60.0):
        watch.take(scan, False)
    watch.tick(400.0)
    assert not watch.upkeep.health.conditions.flags.any()


def test_without_faults_there_are_no_flags():
    """Six runs of 210 looks each."""
    for seed in range(6):
        sky = Sky(100 + seed)
        watch = Watch(sky)
        for scan in sky.scans(280.0):
            watch.take(scan, False)
            assert not watch.upkeep.health.conditions.flags.any()


def test_a_clock_that_stepped_is_set_right_in_the_same_look(faults):
    watch = watched(faults, faults.clock_step(2.0), 3)
    found = [c.bias[3] for mine, c in watch.corrections if mine]
    np.testing.assert_allclose(found, 2.0, atol=0.15)
    np.testing.assert_allclose(watch.corrections[-1][1].bias[3], 0.0, atol=0.15)


def test_what_a_jump_put_out_of_the_gates_comes_back_with_the_next_look(faults):
    fault, _ = cases(faults)["too far"]
    watch = watched(faults, fault, 4)
    seen = [n for mine, n in watch.bounced if mine]
    assert seen[0] <= 3
    assert np.mean(seen[1:]) > 0.75 * TARGETS
    assert watch.corrections[-8][1].bias[0] == pytest.approx(0.0, abs=60.0)


def test_a_stuck_sensor_neither_moves_nor_ends_a_track(faults):
    watch = watched(faults, faults.stuck, 5)
    stuck = [c for mine, c in watch.corrections if mine]
    assert all(not c.use.any() for c in stuck)
    assert all(c.miss_factor == 0.0 and c.says_nothing for c in stuck)
    assert not any(c.says_nothing for mine, c in watch.corrections if not mine)


def test_false_plots_are_expected_where_and_when_they_are(faults):
    flood = watched(faults, cases(faults)["flood"][0], 6)
    inside = [c.clutter for mine, c in flood.corrections if mine]
    assert np.median(inside) == pytest.approx(30.0, rel=0.35)
    traffic = flood.upkeep.health.conditions.traffic[0]
    assert traffic[T_SHAPE] / traffic[T_RATE] < 6.0
    strobe = watched(faults, cases(faults)["strobe"][0], 6)
    late = [c for mine, c in strobe.corrections if mine][4:]
    for c in late:
        assert c.strobe_span_rad > 0.0
        azimuth = c.examined.plots[:, 2]
        inside = (azimuth - c.strobe_from_rad) % (2 * np.pi) <= c.strobe_span_rad
        assert np.all(c.factor[~inside] == 1.0)
        assert np.all(c.factor[inside] > 20.0)


def test_taking_off_and_thinning_do_what_they_say(faults):
    watch = watched(faults, cases(faults)["strobe"][0], 7, until_s=270.0, span_s=270.0)
    _, c = watch.corrections[-1]
    c = replace(c, bias=np.array([10.0, 1e-3, -2e-3, 0.5]))
    m = len(c.examined.plots)
    raw = np.full((RAW_HEIGHT, m), np.nan)
    raw[RAW_TIME], raw[RAW_VALUE : RAW_VALUE + 3] = 100.0, 5.0
    c.use[0] = False
    taken_off(raw, c)
    assert np.isnan(raw[RAW_TIME, 0])
    assert np.all(raw[RAW_TIME, 1:] == 99.5)
    np.testing.assert_allclose(raw[RAW_VALUE : RAW_VALUE + 3, 1], [-5.0, 4.999, 5.002])
    plots = np.zeros((m, P_WIDTH))
    kappa, born = np.full(m, 2e-9), np.full(m, 5e-11)
    plots[:, P_LOG_C], plots[:, P_BIRTH] = np.log(kappa + born), born / (kappa + born)
    thinned(plots, np.arange(m), c)
    denser = kappa * c.factor + born
    np.testing.assert_allclose(plots[:, P_LOG_C], np.log(denser))
    np.testing.assert_allclose(plots[:, P_BIRTH], born / denser)
    scan = watch.sky.look(RADARS[0], 999, 50.0)
    assert on_time(scan, c).start_s == 49.5
    assert on_time(scan, c).end_s == 53.5


def test_switched_off_a_scan_is_left_as_it_is():
    sky, off = Sky(8), HealthParameters(enabled=False)
    none = RegistrationParameters(enabled=False)
    scan = sky.look(RADARS[0], 0, 0.0)
    upkeep, c = corrected(Upkeep(), scan, none, off)
    assert c.use.all()
    assert np.all(c.bias == 0.0)
    assert c.clutter == CLUTTER
    assert c.miss_factor == 1.0
    now = sky.flights(4.0)
    nothing = np.empty(0, dtype=np.int64)
    after = learned(upkeep, scan, c, now, now, (nothing, nothing),
                    (nothing, nothing, np.empty(0)), none, off)  # fmt: skip
    assert ticked(after, now, 5.0, none, off) == Upkeep()


def test_a_change_of_condition_is_told_once_and_biases_every_minute(faults):
    watch = watched(faults, faults.stuck, 9, span_s=230.0)
    told = sensor_states(Upkeep(), watch.upkeep, 229.0, 230.0)
    assert told.sensor.tolist() == [RADARS[0].number]
    assert told.faults.tolist() == [Fault.STUCK]
    assert len(sensor_states(watch.upkeep, watch.upkeep, 230.0, 231.0)) == 0
    c = watch.upkeep.health.conditions
    well = replace(watch.upkeep.health, conditions=replace(c, flags=np.zeros_like(c.flags)))
    back = sensor_states(watch.upkeep, replace(watch.upkeep, health=well), 231.0, 232.0)
    assert back.faults.tolist() == [0]
    minute = sensor_states(watch.upkeep, watch.upkeep, 239.0, 240.0)
    assert minute.sensor.tolist() == sorted(watch.upkeep.registration.biases.sensor.tolist())
    b = watch.upkeep.registration
    for row, number in enumerate(b.biases.sensor.tolist()):
        at = minute.sensor.tolist().index(number)
        assert minute.range_bias_m[at] == b.biases.bias[row, 0]
        own = b.couplings.covariance[row * len(b.biases) + row]
        assert minute.clock_bias_sd_s[at] == pytest.approx(math.sqrt(own[3, 3]))


def test_faults_have_the_bits_of_the_kernels():
    assert all(int(fault) == getattr(kernel, fault.name) for fault in Fault)


def test_a_step_leaves_the_value_before_it_as_it_was():
    sky = Sky(10)
    watch = Watch(sky)
    for scan in sky.scans(80.0):
        watch.take(scan, False)
    before = watch.upkeep
    kept = {n: c.copy() for n, c in before.health.conditions.columns().items()}
    watch.take(sky.look(RADARS[0], 500, 300.0), False)
    for name, column in before.health.conditions.columns().items():
        np.testing.assert_array_equal(column, kept[name])
