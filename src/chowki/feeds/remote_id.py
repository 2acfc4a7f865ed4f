"""Remote ID heard over Wi-Fi or Bluetooth, from a capture, as reports of cooperative drones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter
from typing import ClassVar, NamedTuple

from chowki.core.addresses import remote_id_address
from chowki.core.messages import Event, Status
from chowki.core.records import AddressKind
from chowki.feeds.open_drone_id import BasicId, Location, Said, System, odid_payload, said
from chowki.feeds.pcap import NotACapture, Packet, packets, sound
from chowki.feeds.reports import OLDEST_S, Report, ReportFeed, climbing, sigma_of_nacp

HOUR_S = 3_600.0
PILOT_EVERY_S = 5.0
MOST_SENDERS = 10_000  # who sends from ever new addresses fills no memory
SERIAL_NUMBER = 1
ON_GROUND = 1


@dataclass(slots=True)
class _Sender:
    """One transmitter: the address of its radio, and the name that it gives itself."""

    radio: str
    name: str = ""
    has_serial: bool = False

    def take(self, said_of_itself: BasicId) -> None:
        """Take a name; a serial number goes before any other."""
        serial = said_of_itself.id_type == SERIAL_NUMBER
        if said_of_itself.name and (serial or not self.has_serial):
            self.name, self.has_serial = said_of_itself.name, serial

    @property
    def address(self) -> int:
        """Return the digest of its name, or of its radio's address while it has told none."""
        return remote_id_address(self.name or self.radio)


class Pilot(NamedTuple):
    """Where the pilot of a drone is: time of receipt, the drone's address, degrees."""

    received_s: float
    address: int
    lat_deg: float
    lon_deg: float


class PilotNews:
    """Tells where pilots are, each drone's at most every five seconds."""

    def __init__(self) -> None:
        self._told: dict[int, float] = {}

    def of(self, pilots: Iterable[Pilot]) -> Iterator[Status]:
        """Yield the statuses that are due; source is the drone's address, note is LAT,LON."""
        for pilot in pilots:
            due_s = self._told.get(pilot.address, -math.inf) + PILOT_EVERY_S
            if pilot.received_s < due_s:
                continue
            while len(self._told) >= MOST_SENDERS:
                del self._told[next(iter(self._told))]
            self._told[pilot.address] = pilot.received_s
            note = f"{pilot.lat_deg:.7f},{pilot.lon_deg:.7f}"
            yield Status(pilot.received_s, str(pilot.address), "pilot", "working", note)


class RemoteId(ReportFeed):
    """Open Drone ID in pcap or pcapng: Wi-Fi beacons, Wi-Fi NAN, Bluetooth advertisements.

    Time within the hour comes from the drone (when within 10 s of the capture's clock; else the
    capture's is taken, noted). Address: the digest of the serial number, of another name where
    there is none, of the radio's address until a name was heard. Geodetic height goes before
    pressure height, that before height over take-off (both noted). Position error from the drone's
    own accuracy code, else 10 m. Frames whose checksum is wrong, and drones on the ground, are
    counted and skipped. Where the pilot is leaves as ``Status`` of kind ``pilot``.
    """

    kind: ClassVar[str] = "remote-id"
    sensor_kind: ClassVar[str] = "remote-id"
    address_kind: ClassVar[AddressKind] = AddressKind.REMOTE_ID
    reach_m: ClassVar[float] = 10_000.0
    sigma_m: ClassVar[float] = 10.0
    detection_probability: ClassVar[float] = 0.8

    frames = 0
    _pilots: Sequence[Pilot] = ()

    def _read(self) -> Iterator[Report]:
        reader = RemoteIdReader(self.skipped, self.noted)
        try:
            captured = list(packets(self.read_bytes(), self.skipped))
        except NotACapture as error:
            raise self.fault("file", str(error), "a pcap or pcapng capture is needed") from None
        for packet in captured:
            yield from reader.packet(packet)
        self.frames = reader.frames
        self._pilots = sorted(reader.pilots)

    def events(self) -> Iterator[Event]:
        """Yield one scan for each look and where the pilots are, by time of receipt."""
        self.reports()
        return merge(super().events(), PilotNews().of(self._pilots), key=attrgetter("time_s"))


class RemoteIdReader:
    """Reads Remote ID message by message, and keeps what each transmitter called itself.

    Parameters
    ----------
    skipped, noted : Counter of str
        Get one more, by reason, for what is left out or needed care.

    Attributes
    ----------
    frames : int
        Radio frames that carried Open Drone ID.
    pilots : list of Pilot
        Where pilots were, as they were heard; whoever reads it may empty it.
    """

    def __init__(self, skipped: Counter[str], noted: Counter[str]) -> None:
        self.skipped, self.noted = skipped, noted
        self.frames = 0
        self.pilots: list[Pilot] = []
        self._senders: dict[str, _Sender] = {}

    def packet(self, packet: Packet) -> Iterator[Report]:
        """Yield the positions in a captured frame."""
        if not sound(packet):
            self.skipped["frame with a wrong checksum"] += 1
            return
        found = odid_payload(packet)
        if found is None:
            self.noted["frame of something else"] += 1
            return
        self.frames += 1
        radio, payload = found
        yield from self.told(packet.time_s, radio.hex(":"), list(said(payload)))

    def told(
        self, received_s: float, radio: str, messages: Sequence[Said | None]
    ) -> Iterator[Report]:
        """Yield the positions in what one transmitter said at once, after its names were taken.

        Parameters
        ----------
        received_s : float
            UTC seconds of receipt.
        radio : str
            The transmitter: address of its radio, or another name for it.
        messages : sequence
            What it said; None for a message that can't be read.
        """
        sender = self._sender(radio)
        for message in messages:
            if message is None:
                self.skipped["message cut off or malformed"] += 1
            elif isinstance(message, BasicId):
                sender.take(message)
        for message in messages:
            if isinstance(message, System) and _on_earth(message):
                pilot = Pilot(received_s, sender.address, message.lat_deg, message.lon_deg)
                self.pilots.append(pilot)
            elif isinstance(message, Location):
                report = self._report(received_s, message, sender)
                if report:
                    yield report

    def _sender(self, radio: str) -> _Sender:
        """Return the transmitter; the first of too many is forgotten."""
        if radio not in self._senders and len(self._senders) >= MOST_SENDERS:
            del self._senders[next(iter(self._senders))]
        return self._senders.setdefault(radio, _Sender(radio))

    def _report(self, received_s: float, where: Location, sender: _Sender) -> Report | None:
        if math.isnan(where.lat_deg):
            self.skipped["location without position"] += 1
            return None
        if where.status == ON_GROUND:
            self.skipped["on the ground"] += 1
            return None
        return Report(
            received_s,
            self._time(received_s, where.since_hour_s),
            where.lat_deg,
            where.lon_deg,
            self._height(where),
            *climbing(where.speed_mps, where.direction_deg, where.climb_mps),
            sigma_of_nacp(where.accuracy_code),
            sender.address,
            sender.name[-8:],
        )

    def _time(self, received_s: float, since_hour_s: float) -> float:
        """Return UTC seconds of a time within the hour, of the hours round receipt the nearest."""
        late_s = (received_s - since_hour_s + HOUR_S / 2.0) % HOUR_S - HOUR_S / 2.0
        if math.isnan(late_s) or abs(late_s) > OLDEST_S:
            self.noted["time of receipt taken, the drone's clock is unknown or wrong"] += 1
            return received_s
        return received_s - late_s

    def _height(self, where: Location) -> float:
        if not math.isnan(where.geodetic_m):
            return where.geodetic_m
        if not math.isnan(where.pressure_m):
            self.noted["height from pressure altitude"] += 1
            return where.pressure_m
        self.noted["height above take-off taken as above the ellipsoid"] += 1
        return where.above_m


def _on_earth(message: System) -> bool:
    return abs(message.lat_deg) <= 90.0 and abs(message.lon_deg) <= 180.0
