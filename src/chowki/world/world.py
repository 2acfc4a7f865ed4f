"""The simulated world: a feed whose truth moves each second and whose sensors look at it.

A heap holds what happens next; at equal times truth moves before sensors look, scans arrive
before statuses, and the tick comes last.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from chowki.core.chance import key
from chowki.core.messages import Event, Scan, Status, Tick
from chowki.core.places import Link, Theatre
from chowki.core.ports import Aloft, EffectorModel, Look, SensorModel
from chowki.core.records import Fate, Orders, Tasks, Truth
from chowki.kernels.philox import uniform4
from chowki.world.jamming import Response, new_course, rerouted, response_of
from chowki.world.movers import STEP_S, Movers, Targets, frame_of
from chowki.world.sensors.standpoint import terrain_of

# Looks follow each other without a gap; a model that rounds must not skip the next one.
_ROUNDING_S = 1e-6


class _Rank(IntEnum):
    """Order of what happens at the same time."""

    STEP = 0
    LOOK = 1
    SCAN = 2
    STATUS = 3
    TICK = 4


@dataclass(slots=True)
class _Post:
    """A sensor of the world, the link behind it, and the look it takes next."""

    model: SensorModel
    link: Link
    look: Look | None = None
    looked_until_s: float = field(default=-math.inf)


class SimulatedWorld:
    """Truth, sensors, links and effectors behind the door of a feed.

    Parameters
    ----------
    theatre : Theatre
        Station and its span; ``simulated`` must be True.
    targets : Targets
        What flies.
    sensors : sequence of (SensorModel, Link)
        Each sensor with the path of its scans to the station.
    effectors : EffectorModel
        The simulated sites.
    seed : int
        Seed of the run, for the links.

    Raises
    ------
    ValueError
        If the theatre is not a simulated one: the wall.
    """

    def __init__(
        self,
        theatre: Theatre,
        targets: Targets,
        sensors: Sequence[tuple[SensorModel, Link]],
        effectors: EffectorModel,
        seed: int,
    ) -> None:
        if not theatre.simulated:
            raise ValueError("a simulated world needs a theatre that says so")
        self._station = theatre.station
        self._movers = Movers(targets, theatre.station)
        self._aloft: Aloft = self._movers.aloft()
        self._posts = {model.sensor.number: _Post(model, link) for model, link in sensors}
        self._effectors = effectors
        self._link_key = key(seed, "link")
        self._seed = seed
        self._frame = frame_of(theatre.station)
        self._terrain = terrain_of(theatre.ground)
        self._queue: list[tuple[float, int, int, int, Any]] = []
        self._pushed = 0
        self._now_s = theatre.station.start_s

    def events(self) -> Iterator[Event]:
        """Yield scans, statuses and ticks in order of receipt, to the end of the station's span."""
        start_s = self._station.start_s
        end_s = start_s + self._station.duration_s
        self._push(start_s + STEP_S, _Rank.STEP, 0, None)
        for number, post in self._posts.items():
            self._announce_outages(number, post, end_s)
            self._schedule(number, post, start_s)
        while self._queue and self._queue[0][0] <= end_s:
            self._now_s, rank, number, _, thing = heapq.heappop(self._queue)
            if rank == _Rank.STEP:
                self._step()
            elif rank == _Rank.LOOK:
                self._observe(number, thing)
            else:
                yield thing

    def obey(self, orders: Orders) -> None:
        """Pass orders to the simulated sites."""
        if len(orders):
            self._effectors.obey(orders)

    def heed(self, tasks: Tasks) -> None:
        """Pass each task to its sensor; one that had nothing to look at may now look."""
        if not len(tasks):
            return
        for number in np.unique(tasks.sensor):
            post = self._posts.get(int(number))
            if post is not None:
                post.model.heed(tasks.take(np.flatnonzero(tasks.sensor == number)))
                if post.look is None:
                    self._schedule(int(number), post, max(self._now_s, post.looked_until_s))

    def truth(self) -> Truth:
        """Return every target that has departed, as it is now; for the truth channel only."""
        return self._movers.truth()

    def _step(self) -> None:
        """Move truth by one second, let the sites act, and tick."""
        self._movers.step()
        self._aloft = self._movers.aloft()
        time_s = self._movers.time_s
        hit, jammed, reports = self._effectors.advance(self._aloft, time_s)
        if len(hit):
            self._movers.intercept(hit)
            self._aloft = self._movers.aloft()
        for target in jammed.tolist():
            self._jam(target)
        for report in reports:
            self._push(max(report.time_s, time_s), _Rank.STATUS, report.site, report)
        self._push(time_s, _Rank.TICK, 0, Tick(time_s))
        self._push(time_s + STEP_S, _Rank.STEP, 0, None)

    def _jam(self, target: int) -> None:
        """Send a target on the course of a jammed one; it is jammed once."""
        movers, targets = self._movers, self._movers.targets
        row = int(np.searchsorted(targets.target, target))
        if movers.fate[row] != Fate.FLYING or movers.diverted[row]:
            return
        response, hovers_s = response_of(self._seed, target, int(targets.object_class[row]))
        home = int(targets.route[row])
        course = new_course(
            response,
            hovers_s,
            movers.position_m[row].copy(),
            movers.velocity_mps[row].copy(),
            targets.waypoint_m[home].copy(),
            float(targets.waypoint_height_m[home]),
            self._frame,
            self._terrain,
        )
        comes_down = response is not Response.RETURNS
        movers.divert(row, rerouted(targets, row, course), comes_down=comes_down)

    def _schedule(self, number: int, post: _Post, after_s: float) -> None:
        """Ask a sensor for its next look and put it on the queue at the look's middle."""
        look = post.model.next_look(after_s)
        if look is not None and look.end_s <= post.looked_until_s + _ROUNDING_S:
            look = post.model.next_look(after_s + 2.0 * _ROUNDING_S)
        post.look = look
        if look is not None:
            self._push(0.5 * (look.start_s + look.end_s), _Rank.LOOK, number, look)

    def _observe(self, number: int, look: Look) -> None:
        post = self._posts[number]
        detections = post.model.observe(self._aloft, look)
        received_s = self._received_s(number, post.link, look)
        if received_s < math.inf:
            scan = Scan(
                received_s, post.model.sensor, look.number, look.start_s, look.end_s,
                look.volume, detections,
            )  # fmt: skip
            self._push(received_s, _Rank.SCAN, number, scan)
        post.looked_until_s = look.end_s
        self._schedule(number, post, look.end_s - _ROUNDING_S)

    def _received_s(self, number: int, link: Link, look: Look) -> float:
        """Return when a scan arrives, infinity when the link loses it."""
        for from_s, to_s in link.outages_s:
            if from_s <= look.end_s < to_s:
                return math.inf
        lost, late, _, _ = uniform4(*self._link_key, number, look.number, 0)
        if lost < link.loss:
            return math.inf
        return look.end_s + link.delay_s - link.jitter_s * math.log1p(-late)

    def _announce_outages(self, number: int, post: _Post, end_s: float) -> None:
        name = post.model.sensor.name
        for from_s, to_s in post.link.outages_s:
            for time_s, state in ((from_s, "silent"), (to_s, "working")):
                if self._station.start_s <= time_s <= end_s:
                    status = Status(time_s, name, "link", state, note="link outage")
                    self._push(time_s, _Rank.STATUS, number, status)

    def _push(self, time_s: float, rank: _Rank, number: int, thing: Any) -> None:
        self._pushed += 1
        heapq.heappush(self._queue, (time_s, int(rank), number, self._pushed, thing))
