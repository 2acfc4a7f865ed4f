"""How the simulated sites carry out orders: reaction, flight, kill or miss, reload.

Everything is an event at its own time; ``advance`` runs those that are due. A round flies to where
the ordered track is predicted at constant velocity and finds whatever is nearest there: the target
meant, another one, a bird, or nothing. A site reports that its rounds are spent, never what they
hit: its channel stays on the target for ``assessment_s``, and the station looks for itself.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chowki.core.chance import generator, key
from chowki.core.messages import Status
from chowki.core.places import Site, Theatre
from chowki.core.ports import Aloft
from chowki.core.records import EffectorKind, EngagementState, Orders, Outcomes
from chowki.core.table import F64, I64
from chowki.kernels.geodesy import enu_to_geodetic, station_frame
from chowki.kernels.intercept import intercept_time
from chowki.kernels.philox import uniform4
from chowki.kernels.terrain import ground_height
from chowki.world.effector_parameters import EffectorParameters
from chowki.world.sensors.standpoint import terrain_of

__all__ = ["EffectorParameters", "Effectors"]

# True over stated kill probability of a site: drawn once, not told to the defence.
FACTOR_FROM, FACTOR_TO = 0.8, 1.05
PATIENCE_S = 10.0


@dataclass(slots=True, eq=False)
class _Engagement:
    """One order under way: where its rounds meet the prediction, and what came of them."""

    number: int
    site: int
    ordered_s: float
    rounds: int
    position_m: F64
    velocity_mps: F64
    meetings: list[tuple[float, F64]] = field(default_factory=list)

    def predicted(self, time_s: float) -> F64:
        """Return where the ordered track is at a time, shape (3,)."""
        return self.position_m + (time_s - self.ordered_s) * self.velocity_mps


@dataclass(slots=True, eq=False)
class _Battery:
    """A site as it stands: rounds, rounds spoken for, channels busy, orders that wait for one."""

    site: Site
    factor: float
    rounds: int
    promised: int = 0
    busy: int = 0
    waiting: list[_Engagement] = field(default_factory=list)


class Effectors:
    """The simulated sites.

    Parameters
    ----------
    sites : tuple of Site
        As stated.
    theatre : Theatre
        Frame of reference and ground; ``simulated`` must be True.
    seed : int
        Seed of the run.
    patience_s : float
        How long an order waits for a free channel: 0 is a loss system, infinity a queue.
    factor_span : tuple of (float, float)
        Span of the drawn factor between true and stated kill probability.

    Raises
    ------
    ValueError
        If the theatre is not a simulated one: the wall.
    """

    def __init__(
        self,
        sites: tuple[Site, ...],
        theatre: Theatre,
        seed: int,
        *,
        patience_s: float = PATIENCE_S,
        factor_span: tuple[float, float] = (FACTOR_FROM, FACTOR_TO),
    ) -> None:
        if not theatre.simulated:
            raise ValueError("effectors exist in a simulated theatre only")
        station = theatre.station
        self._frame = station_frame(
            math.radians(station.lat_deg), math.radians(station.lon_deg), station.height_m
        )
        self._terrain = terrain_of(theatre.ground)
        self._key = key(seed, "effector.kill")
        self._patience_s = patience_s
        self._batteries = {
            site.index: _Battery(site, _factor(seed, site.index, factor_span), site.magazine)
            for site in sites
        }
        self._events: list[tuple[float, int, Callable[[float, Any], None], Any]] = []
        self._pushed = 0
        self._now_s = station.start_s
        self._aloft: Aloft | None = None
        self._hit: list[int] = []
        self._jammed: list[int] = []
        self._reports: list[Status] = []

    def obey(self, orders: Orders) -> None:
        """Queue orders; one to a site that does not exist is ignored."""
        for row in range(len(orders)):
            site = int(orders.site[row])
            if site in self._batteries:
                engagement = _engagement(orders, row)
                self._at(max(engagement.ordered_s, self._now_s), self._arrive, engagement)

    def advance(self, aloft: Aloft, time_s: float) -> tuple[I64, I64, list[Status]]:
        """Return targets destroyed and jammed up to a time, and what the sites report.

        Parameters
        ----------
        aloft : Aloft
            Truth now; where targets were a moment ago follows from their velocity.
        time_s : float
            UTC seconds; events up to then happen.
        """
        self._aloft, self._hit, self._jammed, self._reports = aloft, [], [], []
        while self._events and self._events[0][0] <= time_s:
            at_s, _, happen, thing = heapq.heappop(self._events)
            happen(at_s, thing)
        self._now_s = time_s
        self._aloft = None
        hit, jammed = (np.array(found, dtype=np.int64) for found in (self._hit, self._jammed))
        return hit, jammed, self._reports

    def _at(self, time_s: float, happen: Callable[[float, Any], None], thing: Any) -> None:
        self._pushed += 1
        heapq.heappush(self._events, (time_s, self._pushed, happen, thing))

    def _arrive(self, time_s: float, engagement: _Engagement) -> None:
        battery = self._batteries[engagement.site]
        battery.waiting.append(engagement)
        self._begin(time_s, battery)
        if engagement in battery.waiting and self._patience_s < math.inf:
            self._at(time_s + self._patience_s, self._give_up, engagement)

    def _give_up(self, time_s: float, engagement: _Engagement) -> None:
        battery = self._batteries[engagement.site]
        if engagement in battery.waiting:
            battery.waiting.remove(engagement)
            self._report(time_s, engagement, EngagementState.ABORTED, 0)

    def _free(self, time_s: float, battery: _Battery) -> None:
        battery.busy -= 1
        self._begin(time_s, battery)

    def _begin(self, time_s: float, battery: _Battery) -> None:
        """Give free channels to waiting orders, first come first served."""
        while battery.waiting and battery.busy < battery.site.channels:
            engagement = battery.waiting.pop(0)
            launch_s = time_s + battery.site.reaction_s
            rounds = min(engagement.rounds, battery.rounds - battery.promised)
            engagement.meetings = self._meetings(battery.site, engagement, launch_s, rounds)
            if engagement.meetings:
                battery.busy += 1
                battery.promised += len(engagement.meetings)
                self._at(launch_s, self._launch, engagement)
            else:
                self._report(time_s, engagement, EngagementState.ABORTED, 0)

    def _meetings(
        self, site: Site, engagement: _Engagement, launch_s: float, rounds: int
    ) -> list[tuple[float, F64]]:
        """Return time and point at which each round meets the prediction, while within reach."""
        found: list[tuple[float, F64]] = []
        vx, vy, vz = engagement.velocity_mps.tolist()
        for k in range(rounds):
            start_s = launch_s + k * site.reload_s
            x, y, z = (engagement.predicted(start_s) - site.position_m).tolist()
            flight_s = intercept_time(x, y, z, vx, vy, vz, site.round_speed_mps)
            if not flight_s >= 0.0:  # also true of NaN: never met
                break
            meeting = engagement.predicted(start_s + flight_s)
            if not self._in_reach(site, meeting):
                break
            found.append((start_s + flight_s, meeting))
        return found

    def _in_reach(self, site: Site, point_m: F64) -> bool:
        slant = float(np.linalg.norm(point_m - site.position_m))
        lat, lon, height = enu_to_geodetic(self._frame, point_m.reshape(1, 3))[0]
        above = height - ground_height(self._terrain, lat, lon)
        return site.range_min_m <= slant <= site.range_max_m and above <= site.height_max_m

    def _launch(self, time_s: float, engagement: _Engagement) -> None:
        battery = self._batteries[engagement.site]
        spent = len(engagement.meetings)
        battery.rounds -= spent
        battery.promised -= spent
        for k, (meeting_s, _) in enumerate(engagement.meetings):
            self._at(meeting_s, self._meet, (engagement, k))
        self._report(time_s, engagement, EngagementState.IN_FLIGHT, spent)
        met_s = engagement.meetings[-1][0]
        self._at(met_s, self._spent, engagement)
        reloaded_s = time_s + spent * battery.site.reload_s
        self._at(max(met_s + battery.site.assessment_s, reloaded_s), self._free, battery)

    def _meet(self, time_s: float, flown: tuple[_Engagement, int]) -> None:
        """Let a round find the nearest target, and kill it or not."""
        engagement, round_number = flown
        battery = self._batteries[engagement.site]
        row = self._nearest(engagement.meetings[round_number][1], time_s, battery.site)
        if row < 0 or self._aloft is None:
            return
        chance = battery.factor * self._stated_kill(battery.site, row)
        thing = (engagement.site << 32) | engagement.number
        if uniform4(*self._key, thing, round_number, 0)[0] < chance:
            jams = battery.site.effector == EffectorKind.JAMMER
            (self._jammed if jams else self._hit).append(int(self._aloft.target[row]))

    def _nearest(self, point_m: F64, time_s: float, site: Site) -> int:
        """Return the row of the nearest target still flying within acquisition, -1 for none."""
        aloft = self._aloft
        if aloft is None or not len(aloft.target):
            return -1
        away = aloft.position_m + (time_s - aloft.time_s) * aloft.velocity_mps - point_m
        distance_sq = np.einsum("ij,ij->i", away, away)
        if self._hit:
            distance_sq[np.isin(aloft.target, self._hit)] = np.inf
        row = int(np.argmin(distance_sq))
        return row if distance_sq[row] <= site.acquisition_m**2 else -1

    def _stated_kill(self, site: Site, row: int) -> float:
        """Return the stated kill probability; a jammer can do nothing to a silent target."""
        aloft = self._aloft
        if aloft is None:
            return 0.0
        if site.effector == EffectorKind.JAMMER and not aloft.transmits_hz[row] > 0.0:
            return 0.0
        return float(site.kill_probability[int(aloft.object_class[row])])

    def _spent(self, time_s: float, engagement: _Engagement) -> None:
        self._report(time_s, engagement, EngagementState.MET, len(engagement.meetings))

    def _report(
        self, time_s: float, engagement: _Engagement, state: EngagementState, rounds: int
    ) -> None:
        battery = self._batteries[engagement.site]
        outcomes = Outcomes(
            engagement=np.array([engagement.number]),
            time_s=np.array([time_s]),
            site=np.array([engagement.site]),
            state=np.array([int(state)], dtype=np.int8),
            rounds=np.array([rounds]),
        )
        name = battery.site.name
        self._reports.append(
            Status(time_s, name, "site", "working", "", engagement.site, battery.rounds, outcomes)
        )


def _factor(seed: int, site: int, span: tuple[float, float]) -> float:
    """Return what a site's true kill probability is, as a multiple of the stated one."""
    return float(generator(seed, "effector.factor", site).uniform(*span))


def _engagement(orders: Orders, row: int) -> _Engagement:
    return _Engagement(
        number=int(orders.engagement[row]),
        site=int(orders.site[row]),
        ordered_s=float(orders.time_s[row]),
        rounds=max(int(orders.rounds[row]), 0),
        position_m=np.array([orders.east_m[row], orders.north_m[row], orders.up_m[row]]),
        velocity_mps=np.array(
            [orders.v_east_mps[row], orders.v_north_mps[row], orders.v_up_mps[row]]
        ),
    )
