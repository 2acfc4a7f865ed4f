"""The extension points: a few small Protocols. To add a part, write one and give it a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from chowki.core.messages import Act, Decision, Event, Frame, Scan, Status
from chowki.core.places import Ground, Sensor, Theatre, Volume
from chowki.core.questions import Answer, Question
from chowki.core.records import Detections, Orders, SensorStates, Tasks, Threats, Tracks, Truth
from chowki.core.table import F64, I8, I64


@runtime_checkable
class Feed(Protocol):
    """Everything that tells us something, in order of receipt: live, recorded or simulated."""

    def events(self) -> Iterator[Event]:
        """Yield events, ordered by the time they were received.

        Raises
        ------
        FeedError
            If the source can't be read at all; a bad record is counted and skipped.
        """
        ...

    def heed(self, tasks: Tasks) -> None:
        """Take word to sensors; a feed that can't be steered ignores it."""
        ...


@runtime_checkable
class World(Feed, Protocol):
    """The simulated world: a feed that can also be given orders, and that knows the truth."""

    def obey(self, orders: Orders) -> None:
        """Take orders to the simulated effectors."""
        ...

    def truth(self) -> Truth:
        """Return simulated reality now; for the journal's truth channel only."""
        ...


@runtime_checkable
class Associator(Protocol):
    """Weighs which track each detection of a scan came from."""

    def marginals(
        self, starts: I64, plots: I64, weights: F64, missed: F64, n_plots: int
    ) -> tuple[F64, F64, F64]:
        """Return association probabilities over one CSR list of candidate pairs.

        Parameters
        ----------
        starts : I64
            Shape (n + 1,): pairs of track i are ``starts[i]:starts[i + 1]``.
        plots : I64
            Shape (p,): plot of each pair, in [0, n_plots).
        weights : F64
            Shape (p,): r P_D N(z; h(x), S) / c_j of each pair (Williams 2015).
        missed : F64
            Shape (n,): 1 - r P_D of each track.
        n_plots : int
            Plots in the scan.

        Returns
        -------
        pair_probability : F64
            Shape (p,).
        missed_probability : F64
            Shape (n,); with the pairs of a track it sums to 1.
        new_probability : F64
            Shape (n_plots,): the plot came from no existing track.
        """
        ...


@runtime_checkable
class ThreatModel(Protocol):
    """Says which defended place a track threatens, how surely and when: state in, state out."""

    def start(self) -> Any:
        """Return the memory before any track."""
        ...

    def evaluate(self, memory: Any, tracks: Tracks, time_s: float) -> tuple[Any, Threats]:
        """Return the memory with the tracks taken in, and ranked pairs of track and place.

        Parameters
        ----------
        memory : Any
            What ``start`` or the last evaluation returned; it is not changed.
        tracks : Tracks
            The recognised air picture.
        time_s : float
            UTC seconds; the same time twice takes nothing in twice.
        """
        ...


@runtime_checkable
class Allocator(Protocol):
    """Spends limited rounds on threats, with a memory that is a value: in and out of each step."""

    def start(self, sites: int) -> Any:
        """Return the memory before the first question about so many sites."""
        ...

    def assign(self, memory: Any, question: Question) -> tuple[Any, Answer]:
        """Return the memory after a question, and the answer.

        What every answer keeps is in ``core.questions.check_answer``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Aloft:
    """All targets in the air as a sensor model may see them: truth, inside the world only.

    Every array has one entry (or row) per target; positions in the station frame.
    """

    time_s: float
    target: I64
    position_m: F64
    velocity_mps: F64
    object_class: I8
    rcs_m2: F64
    armed: I8
    transmits_hz: F64  # carrier of a control link, NaN for a silent target
    transmit_power_w: F64  # radiated, NaN for a silent target
    address: I64  # transponder or Remote ID, -1 when it does not transmit one
    address_kind: I8
    callsign: Any  # shape (n,), dtype S8
    size_m: F64  # characteristic dimension, for optics


@dataclass(frozen=True, slots=True)
class Look:
    """One look a sensor is about to take."""

    number: int
    start_s: float
    end_s: float
    volume: Volume


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sensor model is built from, besides its own parameters.

    Attributes
    ----------
    sensor_number : int
        Number of the sensor, and its address of chance.
    name : str
        Its name in the scenario.
    position_m, axes : F64
        Shapes (3,), (3, 3), station frame; rows of axes are local east, north, up.
    ground : Ground
        The ground model.
    theatre : Theatre
        Frame of reference and span; its ``sensors`` are not yet filled.
    seed : int
        Seed of the run.
    weather : float
        Visibility factor in [0, 1]; 1 is clear.
    night : bool
        True in darkness.
    """

    sensor_number: int
    name: str
    position_m: F64
    axes: F64
    ground: Ground
    theatre: Theatre
    seed: int
    weather: float
    night: bool


@runtime_checkable
class SensorModel(Protocol):
    """A simulated sensor.

    Its class also has ``Parameters`` (pydantic) and is built by
    ``Model(parameters, surroundings)``. Draws come from addressed chance only, keyed by
    seed, sensor, target and look.
    """

    @property
    def sensor(self) -> Sensor:
        """Return the sensor as its maker would state it."""
        ...

    def next_look(self, after_s: float) -> Look | None:
        """Return the first look at or after a time, None while there is nothing to look at."""
        ...

    def observe(self, aloft: Aloft, look: Look) -> Detections:
        """Return what the look delivers; targets keep their velocity from ``aloft.time_s`` on."""
        ...

    def heed(self, tasks: Tasks) -> None:
        """Take the tasks meant for this sensor."""
        ...


@runtime_checkable
class Output(Protocol):
    """Everything that leaves."""

    def write(self, frame: Frame) -> None:
        """Take one frame.

        Raises
        ------
        OutputError
            If it can't be written.
        """
        ...

    def close(self) -> None:
        """Finish: nothing half-written is left as if whole."""
        ...


class PictureKeeper(Protocol):
    """Composes tracker and identity: state in, state out."""

    def start(self) -> Any:
        """Return an empty picture."""
        ...

    def scan(self, picture: Any, scan: Scan) -> tuple[Any, Tracks]:
        """Return the picture after a scan, and the tracks that it touched."""
        ...

    def tick(self, picture: Any, time_s: float) -> tuple[Any, Tracks]:
        """Return the picture at a time, and the recognised air picture coasted to it."""
        ...

    def sensors(self, before: Any, picture: Any, time_s: float) -> SensorStates:
        """Return what is held of the sensors, where it changed since an earlier picture."""
        ...

    def act(self, picture: Any, act: Act) -> Any:
        """Return the picture after a person's act on identity."""
        ...


class DefenceKeeper(Protocol):
    """Composes threat, rules, assignment, engagement and warning: state in, state out."""

    def start(self) -> Any:
        """Return the defence before anything happened."""
        ...

    def decide(self, defence: Any, tracks: Tracks, time_s: float) -> tuple[Any, Decision]:
        """Return the defence and what it concluded from the picture at a time."""
        ...

    def status(self, defence: Any, status: Status) -> tuple[Any, Decision]:
        """Return the defence after a status: rounds left, outcomes of engagements."""
        ...

    def act(self, defence: Any, act: Act) -> Any:
        """Return the defence after a person's act on posture, release or warning."""
        ...


class EffectorModel(Protocol):
    """How the simulated sites carry out orders."""

    def obey(self, orders: Orders) -> None:
        """Queue orders."""
        ...

    def advance(self, aloft: Aloft, time_s: float) -> tuple[I64, I64, list[Status]]:
        """Return targets destroyed and jammed up to a time, and what the sites report."""
        ...
