"""The world's queue: order of receipt, links, ticks, orders and tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy import stats

from chowki.core.messages import Scan, Status, Tick
from chowki.core.places import Link, Measures, Sensor, Station, Theatre, Volume
from chowki.core.ports import Look, World
from chowki.core.records import Detections, Fate, ObjectClass, Orders, Tasks
from chowki.world.population import Flight, targets_of
from chowki.world.world import SimulatedWorld

START_S = 1_000_000.0
THEATRE = Theatre(Station("test", 28.0, 74.0, 0.0, START_S, 60.0), simulated=True)
WHOLE = Volume(0.0, 1e5)


@dataclass
class Clockwork:
    """A sensor that looks every period and sees every target's east."""

    number: int = 1
    period_s: float = 4.0
    cued: bool = False
    seen_at: list[float] = field(default_factory=list)
    tasks: list[Tasks] = field(default_factory=list)
    waiting: bool = False

    @property
    def sensor(self) -> Sensor:
        return Sensor(
            self.number, f"s{self.number}", "radar", np.zeros(3), np.eye(3), Measures.POSITION,
            WHOLE, self.period_s, 0.9, 0.0, cued=self.cued,
        )  # fmt: skip

    def next_look(self, after_s):
        if self.cued:
            if not self.waiting:
                return None
            self.waiting = False
            return Look(len(self.tasks), after_s, after_s + 1.0, WHOLE)
        k = math.ceil(round((after_s - START_S) / self.period_s, 6))
        start_s = START_S + k * self.period_s
        return Look(k, start_s, start_s + self.period_s, WHOLE)

    def observe(self, aloft, look):
        self.seen_at.append(aloft.time_s)
        return Detections.of(time_s=np.full(len(aloft.target), look.start_s))

    def heed(self, tasks):
        self.tasks.append(tasks)
        self.waiting = True


@dataclass
class Sites:
    """Effectors that intercept what they are ordered to, at the next second."""

    orders: list[Orders] = field(default_factory=list)
    seen_s: list[float] = field(default_factory=list)

    def obey(self, orders):
        self.orders.append(orders)

    def advance(self, aloft, time_s):
        self.seen_s.append(time_s)
        hit = [int(o.track[0]) for o in self.orders]
        reports = [Status(time_s, "site", "site", "working", site=0)] if hit else []
        self.orders.clear()
        return np.array(hit, np.int64), np.empty(0, np.int64), reports


def targets(count=1):
    return targets_of(
        [
            Flight(
                number=k + 1, object_class=ObjectClass.DECOY,
                points=((28.0, 74.0 + 0.1 * k, 100.0), (28.0, 75.0 + 0.1 * k, 100.0)),
                departure_s=START_S, speed_mps=40.0, climb_mps=3.0, turn_radps=0.2,
                rcs_m2=0.01, size_m=1.0,
            )
            for k in range(count)
        ],
        THEATRE,
    )  # fmt: skip


def world(sensors=(), sites=None, seed=1, theatre=THEATRE, count=1):
    pairs = [s if isinstance(s, tuple) else (s, Link()) for s in sensors]
    return SimulatedWorld(theatre, targets(count), pairs, sites or Sites(), seed)


def test_it_is_a_world():
    assert isinstance(world(), World)


def test_a_theatre_that_is_not_simulated_is_refused():
    with pytest.raises(ValueError, match="simulated"):
        world(theatre=replace(THEATRE, simulated=False))


def test_a_tick_each_second_to_the_end_even_without_sensors():
    times = [event.time_s for event in world().events()]
    assert times == [START_S + k for k in range(1, 61)]


def test_every_look_is_taken_once_and_arrives_at_its_end():
    sensor = Clockwork()
    scans = [event for event in world([sensor]).events() if isinstance(event, Scan)]
    assert [scan.look for scan in scans] == list(range(15))
    assert [scan.time_s for scan in scans] == [START_S + 4.0 * (k + 1) for k in range(15)]
    assert all(scan.time_s == scan.end_s == scan.start_s + 4.0 for scan in scans)
    # Truth is the last whole second before the middle of the look.
    assert sensor.seen_at == [START_S + 4.0 * k + 2.0 for k in range(15)]


def test_periods_that_are_no_binary_fraction_lose_no_look():
    for period_s in (0.1, 0.3, 1.1, 2.7):
        looks = [
            event.look
            for event in world([Clockwork(period_s=period_s)]).events()
            if isinstance(event, Scan)
        ]
        assert looks == list(range(len(looks)))
        assert len(looks) >= 60.0 / period_s - 1


def test_events_come_in_order_of_receipt_ticks_last():
    late = Link(delay_s=3.0, jitter_s=2.0)
    events = list(world([(Clockwork(number=k, period_s=1.0), late) for k in range(5)]).events())
    times = [event.time_s for event in events]
    assert times == sorted(times)
    scan_ends = [event.end_s for event in events if isinstance(event, Scan)]
    assert scan_ends != sorted(scan_ends)  # jitter lets scans overtake each other
    same = list(world([Clockwork(period_s=1.0)]).events())
    kinds = [type(event) for event in same if event.time_s == START_S + 5.0]
    assert kinds == [Scan, Tick]


def test_equal_times_are_ordered_by_sensor_number():
    events = world([Clockwork(number=k, period_s=1.0) for k in (3, 1, 2)]).events()
    first = [event.sensor.number for event in events if isinstance(event, Scan)][:3]
    assert first == [1, 2, 3]


def test_the_delay_is_fixed_part_plus_an_exponential():
    link = Link(delay_s=0.5, jitter_s=2.0)
    sensors = [(Clockwork(number=k, period_s=1.0), link) for k in range(40)]
    events = [event for event in world(sensors).events() if isinstance(event, Scan)]
    # Of the first 40 seconds nearly all have arrived by the end.
    delays = [event.time_s - event.end_s for event in events if event.end_s <= START_S + 40.0]
    assert min(delays) >= 0.5
    assert stats.kstest(np.array(delays) - 0.5, "expon", args=(0.0, 2.0)).pvalue > 1e-3


def test_a_lossy_link_loses_its_share():
    sensors = [(Clockwork(number=k, period_s=1.0), Link(loss=0.3)) for k in range(40)]
    got = sum(isinstance(event, Scan) for event in world(sensors).events())
    assert stats.binomtest(got, 40 * 60, 0.7).pvalue > 1e-3


def test_an_outage_silences_and_says_so():
    link = Link(outages_s=((START_S + 10.0, START_S + 20.0),))
    events = list(world([(Clockwork(period_s=1.0), link)]).events())
    arrived = [event.time_s - START_S for event in events if isinstance(event, Scan)]
    assert not any(10.0 <= time < 20.0 for time in arrived)
    assert len(arrived) == 50
    said = [
        (event.time_s - START_S, event.kind, event.state, event.source)
        for event in events
        if isinstance(event, Status)
    ]
    assert said == [(10.0, "link", "silent", "s1"), (20.0, "link", "working", "s1")]


def test_an_added_sensor_changes_no_other_sensors_scans():
    link = Link(delay_s=0.2, jitter_s=0.5, loss=0.2)
    one = world([(Clockwork(number=7), link)], seed=3)
    two = world([(Clockwork(number=3), link), (Clockwork(number=7), link)], seed=3)
    alone = [(e.look, e.time_s) for e in one.events() if isinstance(e, Scan)]
    among = [
        (e.look, e.time_s) for e in two.events() if isinstance(e, Scan) and e.sensor.number == 7
    ]
    assert alone == among


def test_same_seed_same_events_other_seed_others():
    link = Link(jitter_s=1.0)
    runs = [
        [e.time_s for e in world([(Clockwork(), link)], seed=seed).events()] for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_an_order_reaches_the_sites_and_ends_a_target():
    sites = Sites()
    here = world([Clockwork(period_s=1.0)], sites, count=2)
    seen = []
    for event in here.events():
        if isinstance(event, Tick) and event.time_s == START_S + 10.0:
            here.obey(Orders.of(engagement=[1], track=[2], site=[0], rounds=[1]))
        if isinstance(event, Scan):
            seen.append(len(event.detections))
        if isinstance(event, Status):
            assert event.time_s == START_S + 11.0
    truth = here.truth()
    assert truth.fate.tolist() == [Fate.FLYING, Fate.INTERCEPTED]
    # Looks whose middle lies after second 11 no longer see it.
    assert seen[:11] == [2] * 11
    assert set(seen[11:]) == {1}


def test_sites_act_each_second():
    sites = Sites()
    assert list(world(sites=sites).events())
    assert sites.seen_s == [START_S + k for k in range(1, 61)]


def test_a_cued_sensor_looks_only_when_told():
    camera = Clockwork(number=9, cued=True)
    here = world([camera, Clockwork(number=1)])
    scans = []
    for event in here.events():
        if isinstance(event, Tick) and event.time_s in {START_S + 5.0, START_S + 30.0}:
            here.heed(Tasks.of(sensor=[9, 4], track=[1, 1], time_s=[event.time_s] * 2))
        if isinstance(event, Scan) and event.sensor.number == 9:
            scans.append(event.start_s - START_S)
    assert scans == [5.0, 30.0]
    assert [tasks.sensor.tolist() for tasks in camera.tasks] == [[9], [9]]


def test_truth_holds_who_departed():
    here = world(count=3)
    truth = here.truth()
    assert truth.target.tolist() == [1, 2, 3]
    assert set(truth.fate.tolist()) == {Fate.FLYING}
    assert np.isfinite(truth.v_east_mps).all()
