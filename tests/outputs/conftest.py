"""A made-up recording, small or large, with nothing behind it but its own tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from chowki.core.places import Ground, Measures, Place, Sensor, Site, Station, Theatre, Volume
from chowki.core.records import (
    AddressKind,
    EffectorKind,
    Engagements,
    EngagementState,
    Fate,
    Identity,
    ObjectClass,
    Reason,
    Refusal,
    SensorStates,
    Threats,
    Tracks,
    TrackStatus,
    Truth,
    WarningLevel,
    Warnings,
)
from chowki.core.table import Table
from chowki.kernels.geodesy import axes_at, enu_to_geodetic, geodetic_to_enu, station_frame

START_S = 1_746_801_000.0
ORIGIN = (30.0, 73.0, 0.0)
TOWNS = (
    ("Northtown", "LoC Kashmir", "civil+military", 34.2, 74.3),
    ("Hilltown", "LoC Jammu", "civil", 32.9, 74.7),
    ("Plaintown", "IB Punjab", "civil+military", 31.6, 74.9),
    ("Backtown", "Punjab", "civil", 30.2, 74.9),
    ("Saltflat", "IB Gujarat", "border area", 24.0, 69.7),
)
SOUTH_WEST = np.array([-0.8, -0.6])


def acts(*rows: tuple[float, str, str, str, str]) -> pa.Table:
    """Return acts as a recording shows them: time, person, verb, subject, value."""
    names = ("time_s", "person", "verb", "subject", "value")
    kinds = (pa.float64(), *([pa.string()] * 4))
    columns = zip(*rows, strict=True) if rows else [[]] * 5
    return pa.table(
        {n: pa.array(list(c), k) for n, c, k in zip(names, columns, kinds, strict=True)}
    )


@dataclass
class MadeRecording:
    """Tables as a recording shows them."""

    theatre: Theatre
    manifest: dict[str, Any]
    tracks: Any
    threats: Any
    warnings: Any
    engagements: Any
    truth: Any
    detections: Any
    statuses: Any
    scans: Any
    orders: Any = None
    tasks: Any = None
    sensors: Any = field(default_factory=lambda: arrow(SensorStates.empty()))
    acts: Any = field(default_factory=acts)


def arrow(table: Table, frame: np.ndarray | None = None) -> pa.Table:
    """Turn a table of the house into what a recording shows."""
    columns: dict[str, Any] = {}
    for name, values in table.columns().items():
        flat = np.ascontiguousarray(values)
        if flat.ndim == 2:
            columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), flat.shape[1])
        elif flat.dtype.kind == "S":
            columns[name] = pa.array([v.decode() for v in flat.tolist()], pa.string())
        else:
            columns[name] = pa.array(flat)
    if frame is not None:
        position_m = np.column_stack([columns[c] for c in ("east_m", "north_m", "up_m")])
        geodetic = enu_to_geodetic(frame, position_m.astype(float).reshape(-1, 3))
        columns["lat_deg"] = pa.array(np.degrees(geodetic[:, 0]))
        columns["lon_deg"] = pa.array(np.degrees(geodetic[:, 1]))
        columns.setdefault("height_m", pa.array(geodetic[:, 2]))
    return pa.table(columns)


def crossed(recording: MadeRecording, tracks: dict[int, float]) -> MadeRecording:
    """Let tracks enter the defended side so many seconds after the start."""
    number = recording.tracks["track"].to_numpy()
    time_s = recording.tracks["time_s"].to_numpy()
    at_s = np.full(len(number), np.nan)
    for track, since in tracks.items():
        at_s[(number == track) & (time_s >= START_S + since)] = START_S + since
    where = recording.tracks.schema.get_field_index("crossed_border_s")
    recording.tracks = recording.tracks.set_column(where, "crossed_border_s", pa.array(at_s))
    return recording


def frame_of(origin: tuple[float, float, float] = ORIGIN) -> np.ndarray:
    return station_frame(np.radians(origin[0]), np.radians(origin[1]), origin[2])


def located(lat_deg: Any, lon_deg: Any, height_m: Any = 0.0) -> np.ndarray:
    lat, lon, height = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, float)) for v in (lat_deg, lon_deg, height_m))
    )
    return geodetic_to_enu(
        frame_of(), np.radians(lat), np.radians(lon), np.ascontiguousarray(height)
    )


def make_place(index: int, name: str, sector: str, kind: str, lat: float, lon: float) -> Place:
    return Place(index, name, sector, kind, lat, lon, located(lat, lon)[0], 3000.0, 1000, 1.0)


def make_sensor(number: int, name: str, lat: float, lon: float, *, cued: bool = False) -> Sensor:
    return Sensor(
        number, name, "radar", located(lat, lon)[0],
        frame_of()[:3] @ axes_at(np.radians(lat), np.radians(lon)).T,
        Measures.RANGE | Measures.AZIMUTH, Volume(500.0, 60e3), 4.0, 0.9, 1.0,
        reference_range_m=40e3, cued=cued,
    )  # fmt: skip


def sites(count: int = 3) -> tuple[Site, ...]:
    """Return made-up effector sites."""
    return tuple(
        Site(k, f"gun-post {k}", EffectorKind.GUN, np.array([1e3 * k + 123.0, 5e3, 7.0]), 0.0,
             9e3, 3e3, 900.0, np.full(7, 0.6), 5.0, 4.0, 3.0, 2, 40, 300.0, 400.0)
        for k in range(count)
    )  # fmt: skip


@dataclass
class Flight:
    """One object that flies a straight line to a place and is tracked all the way."""

    place: int
    arrives_s: float = 900.0
    starts_s: float = 300.0
    speed_mps: float = 40.0
    object_class: ObjectClass = ObjectClass.FIXED_WING_DRONE
    identity: Identity = Identity.HOSTILE
    armed: float = 0.2
    attacking: int = 1
    fate: Fate = Fate.REACHED_PLACE
    ends_s: float | None = None
    offset_m: float = 0.0
    seen: bool = True
    status: TrackStatus = TrackStatus.CONFIRMED
    address: int = -1
    covered: int = 1
    error_m: float = 50.0
    drone_probability: float = 0.95


@dataclass
class Story:
    """What happened, from which a recording is made."""

    flights: list[Flight] = field(default_factory=list)
    simulated: bool = True
    warnings: list[tuple[int, float, float]] = field(default_factory=list)  # place, issued, ended
    engagements: list[tuple[int, EngagementState, int, int]] = field(default_factory=list)
    refusals: list[tuple[int, Refusal]] = field(default_factory=list)
    outages: list[tuple[str, float, str]] = field(default_factory=list)
    silent_sensors: tuple[int, ...] = ()
    towns: tuple[tuple[str, str, str, float, float], ...] = TOWNS
    duration_s: float = 1200.0
    period_s: float = 5.0

    def recording(self) -> MadeRecording:
        """Make the tables."""
        places = tuple(make_place(i, *town) for i, town in enumerate(self.towns))
        sensors = tuple(make_sensor(i, f"radar-{i}", t[3], t[4]) for i, t in enumerate(self.towns))
        theatre = Theatre(
            Station("made-up", *ORIGIN, START_S, self.duration_s),
            places,
            np.array([36.0, 36.0, 23.0, 23.0]),
            np.array([73.5, 79.0, 79.0, 68.0]),
            sensors,
            simulated=self.simulated,
            ground=Ground(200.0),
        )
        paths = [self._path(i, flight, places) for i, flight in enumerate(self.flights)]
        return MadeRecording(
            theatre,
            {"seed": 7, "digest": "ab" * 32, "version": "0.1.0"},
            arrow(Tracks.concat([self._tracks(*p) for p in paths if p[1].seen]), frame_of()),
            arrow(self._threats(paths)),
            arrow(self._warnings()),
            arrow(self._engagements(paths), frame_of()),
            arrow(Truth.concat([self._truth(*p) for p in paths]), frame_of())
            if self.simulated else arrow(Truth.empty(), frame_of()),
            self._detections(paths),
            self._statuses(),
            self._scans(sensors),
        )  # fmt: skip

    def _path(self, number: int, flight: Flight, places: tuple[Place, ...]) -> Any:
        """Return when and where a flight is: it ends over its place, or beside it."""
        place = places[flight.place]
        until = flight.arrives_s if flight.ends_s is None else flight.ends_s
        first = np.ceil(flight.starts_s / self.period_s) * self.period_s
        time_s = np.arange(first, until + 0.1, self.period_s)
        away = flight.speed_mps * (flight.arrives_s - time_s)
        horizontal = place.position_m[:2] + away[:, None] * SOUTH_WEST
        horizontal = horizontal + flight.offset_m * np.array([-0.6, 0.8])
        up = np.full(len(time_s), place.position_m[2] + 200.0)
        return number, flight, START_S + time_s, np.column_stack([horizontal, up])

    def _tracks(self, number: int, flight: Flight, time_s: Any, position_m: Any) -> Tracks:
        rows = len(time_s)
        classes = np.full((rows, len(ObjectClass)), 0.0)
        drone = flight.object_class <= ObjectClass.DECOY
        share = flight.drone_probability if drone else 0.02
        classes[:, :4] = share * 0.1
        classes[:, 4:] = (1.0 - share) / 3
        classes[:, flight.object_class] += 0.6 * share if drone else 0.9
        classes /= classes.sum(axis=1, keepdims=True)
        angle = 2.4 * number + np.arange(rows)
        wrong = flight.error_m * np.column_stack([np.sin(angle), np.cos(angle), 0 * angle])
        velocity = -flight.speed_mps * SOUTH_WEST
        return Tracks.of(
            track=np.full(rows, 100 + number), time_s=time_s,
            east_m=position_m[:, 0] + wrong[:, 0], north_m=position_m[:, 1] + wrong[:, 1],
            up_m=position_m[:, 2], v_east_mps=np.full(rows, velocity[0]),
            v_north_mps=np.full(rows, velocity[1]), v_up_mps=np.zeros(rows),
            height_agl_m=np.full(rows, 200.0), height_m=np.full(rows, 400.0),
            existence=np.full(rows, 0.99), status=np.full(rows, flight.status),
            identity=np.full(rows, flight.identity),
            object_class=np.full(rows, flight.object_class),
            class_probability=classes, armed_probability=np.full(rows, flight.armed),
            reasons=np.full(rows, int(Reason.NO_TRANSPONDER | Reason.CROSSED_BORDER)),
            address=np.full(rows, flight.address),
            address_kind=np.full(
                rows, AddressKind.NONE if flight.address < 0 else AddressKind.ICAO),
            sensors=np.full(rows, 2), updates=np.arange(rows) + 1,
            first_s=np.full(rows, time_s[0]), confirmed_s=np.full(rows, time_s[0]),
            updated_s=time_s,
        )  # fmt: skip

    def _truth(self, number: int, flight: Flight, time_s: Any, position_m: Any) -> Truth:
        rows = len(time_s) + 1
        position_m, time_s = np.vstack([position_m, position_m[-1:]]), np.append(
            time_s, time_s[-1] + 1.0
        )  # fmt: skip
        fate = np.full(rows, Fate.FLYING)
        fate[-1] = flight.fate
        return Truth.of(
            target=np.full(rows, number), time_s=time_s, east_m=position_m[:, 0],
            north_m=position_m[:, 1], up_m=position_m[:, 2],
            object_class=np.full(rows, flight.object_class),
            armed=np.full(rows, int(flight.armed >= 0.5)), authorised=np.zeros(rows),
            attacking=np.full(rows, flight.attacking), fate=fate,
            place=np.full(rows, flight.place if flight.attacking else -1),
            covered=np.full(rows, flight.covered),
        )  # fmt: skip

    def _threats(self, paths: list[Any]) -> Threats:
        seen = [p for p in paths if p[1].seen and p[1].object_class <= ObjectClass.DECOY]
        return Threats.concat([
            Threats.of(
                time_s=time_s, track=np.full(len(time_s), 100 + number),
                place=np.full(len(time_s), flight.place), probability=np.full(len(time_s), 0.8),
                rank=np.ones(len(time_s)),
            )
            for number, flight, time_s, _ in seen
        ])  # fmt: skip

    def _warnings(self) -> Warnings:
        rows: list[Warnings] = []
        for number, (place, issued, ended) in enumerate(self.warnings):
            levels = [WarningLevel.ADVISORY, WarningLevel.TAKE_COVER, WarningLevel.ALL_CLEAR]
            rows.append(Warnings.of(
                warning=[number] * 3, time_s=START_S + np.array([issued, issued + 30, ended]),
                place=[place] * 3, level=levels, issued_s=[START_S + issued] * 3,
            ))  # fmt: skip
        return Warnings.concat(rows)

    def _engagements(self, paths: list[Any]) -> Engagements:
        rows: list[Engagements] = []
        for number, (flight, end, effector, rounds) in enumerate(self.engagements):
            _, told, time_s, position_m = paths[flight]
            states = [EngagementState.ORDERED, EngagementState.IN_FLIGHT, end]
            rows.append(Engagements.of(
                engagement=[number] * 3, time_s=time_s[-1] + np.array([-20.0, -10.0, 0.0]),
                track=[100 + flight] * 3, place=[told.place] * 3, site=[0] * 3,
                effector=[effector] * 3, state=states, refusal=[0] * 3,
                rounds=[0, rounds, rounds], east_m=[position_m[-1, 0]] * 3,
                north_m=[position_m[-1, 1]] * 3, up_m=[position_m[-1, 2]] * 3,
                intercept_s=[time_s[-1]] * 3,
            ))  # fmt: skip
        for number, (flight, reason) in enumerate(self.refusals):
            _, told, time_s, position_m = paths[flight]
            rows.append(Engagements.of(
                engagement=[1000 + number], time_s=time_s[:1], track=[100 + flight],
                place=[told.place], state=[EngagementState.REFUSED], refusal=[reason],
                rounds=[0], east_m=position_m[:1, 0], north_m=position_m[:1, 1],
                up_m=position_m[:1, 2],
            ))  # fmt: skip
        return Engagements.concat(rows)

    def _detections(self, paths: list[Any]) -> pa.Table:
        rows = [p for p in paths if p[1].address >= 0]
        position_m = np.vstack([np.empty((0, 3)), *(p[3] for p in rows)])
        counts = [len(p[2]) for p in rows]
        return pa.table({
            "time_s": pa.array(np.concatenate([np.empty(0), *(p[2] for p in rows)])),
            "address": pa.array(np.repeat([p[1].address for p in rows], counts).astype(np.int64)),
            "address_kind": pa.array(np.zeros(sum(counts), np.int8)),
            "east_m": pa.array(position_m[:, 0]), "north_m": pa.array(position_m[:, 1]),
            "up_m": pa.array(position_m[:, 2]),
        })  # fmt: skip

    def _statuses(self) -> pa.Table:
        names = ("time_s", "source", "kind", "state", "note", "site", "rounds_left")
        rows = [
            (START_S + time_s, source, "sensor", state, "", -1, -1)
            for source, time_s, state in sorted(self.outages, key=lambda o: o[1])
        ]
        kinds = (pa.float64(), *([pa.string()] * 4), pa.int64(), pa.int64())
        columns = zip(*rows, strict=True) if rows else [[]] * 7
        return pa.table(
            {n: pa.array(list(c), k) for n, c, k in zip(names, columns, kinds, strict=True)}
        )

    def _scans(self, sensors: tuple[Sensor, ...]) -> pa.Table:
        numbers = [s.number for s in sensors if s.number not in self.silent_sensors]
        time_s = START_S + np.arange(0.0, self.duration_s + 1, 60.0)
        return pa.table({
            "time_s": pa.array(np.repeat(time_s, len(numbers))),
            "sensor": pa.array(np.tile(numbers, len(time_s)).astype(np.int64)),
            "look": pa.array(np.repeat(np.arange(len(time_s)), len(numbers))),
            "detections": pa.array(np.ones(len(time_s) * len(numbers), np.int64)),
        })  # fmt: skip


def raid() -> Story:
    """A raid on four of five places, with an airliner and a bird."""
    return Story(
        flights=[
            Flight(0, fate=Fate.INTERCEPTED, ends_s=800.0, armed=0.9),
            Flight(1, arrives_s=1000.0),
            Flight(2, fate=Fate.INTERCEPTED, ends_s=780.0),
            Flight(4, starts_s=200.0, arrives_s=1100.0, armed=0.7),
            Flight(3, speed_mps=230.0, object_class=ObjectClass.AEROPLANE, attacking=0,
                   identity=Identity.NEUTRAL, fate=Fate.ENDED, address=0x800123),
            Flight(3, speed_mps=15.0, object_class=ObjectClass.BIRD, attacking=0,
                   identity=Identity.UNKNOWN, fate=Fate.ENDED),
        ],
        warnings=[(0, 500.0, 900.0), (1, 600.0, 1100.0), (3, 640.0, 800.0)],
        engagements=[(0, EngagementState.INTERCEPTED, 0, 3), (2, EngagementState.MISSED, 1, 1),
                     (2, EngagementState.INTERCEPTED, 0, 2)],
        refusals=[(1, Refusal.CIVILIAN_HARM), (5, Refusal.IDENTITY)],
    )  # fmt: skip


@dataclass(frozen=True)
class Workshop:
    """The pieces with which a test makes its own story."""

    Story: Any = Story
    Flight: Any = Flight
    raid: Any = raid
    start_s: float = START_S


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    return Workshop()
