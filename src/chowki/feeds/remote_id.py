"""Remote ID heard over Wi-Fi or Bluetooth, from a capture, as reports of cooperative drones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chowki.core.addresses import remote_id_address
from chowki.core.records import AddressKind
from chowki.feeds.open_drone_id import BasicId, Location, odid_payload, said
from chowki.feeds.pcap import NotACapture, Packet, packets, sound
from chowki.feeds.reports import OLDEST_S, Report, ReportFeed, climbing, sigma_of_nacp

HOUR_S = 3_600.0
SERIAL_NUMBER = 1
ON_GROUND = 1


@dataclass(slots=True)
class _Sender:
    """One transmitter: the address of its radio, and the name that it gives itself."""

    radio: bytes
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
        return remote_id_address(self.name or self.radio.hex(":"))


class RemoteId(ReportFeed):
    """Open Drone ID in pcap or pcapng: Wi-Fi beacons, Wi-Fi NAN, Bluetooth advertisements.

    Time within the hour comes from the drone (when within 10 s of the capture's clock; else the
    capture's is taken, noted). Address: the digest of the serial number, of another name where
    there is none, of the radio's address until a name was heard. Geodetic height goes before
    pressure height, that before height over take-off (both noted). Position error from the drone's
    own accuracy code, else 10 m. Frames whose checksum is wrong, and drones on the ground, are
    counted and skipped.
    """

    kind: ClassVar[str] = "remote-id"
    sensor_kind: ClassVar[str] = "remote-id"
    address_kind: ClassVar[AddressKind] = AddressKind.REMOTE_ID
    reach_m: ClassVar[float] = 10_000.0
    sigma_m: ClassVar[float] = 10.0
    detection_probability: ClassVar[float] = 0.8

    frames = 0

    def _read(self) -> Iterator[Report]:
        try:
            captured = list(packets(self.read_bytes(), self.skipped))
        except NotACapture as error:
            raise self.fault("file", str(error), "a pcap or pcapng capture is needed") from None
        senders: dict[bytes, _Sender] = {}
        for packet in captured:
            if not sound(packet):
                self.skipped["frame with a wrong checksum"] += 1
                continue
            found = odid_payload(packet)
            if found is None:
                self.noted["frame of something else"] += 1
                continue
            self.frames += 1
            sender, payload = found
            yield from self._reports(packet, payload, senders.setdefault(sender, _Sender(sender)))

    def _reports(self, packet: Packet, payload: bytes, sender: _Sender) -> Iterator[Report]:
        """Yield the positions in one frame, after its names were taken."""
        messages = list(said(payload))
        for message in messages:
            if message is None:
                self.skipped["message cut off or malformed"] += 1
            elif isinstance(message, BasicId):
                sender.take(message)
        for message in messages:
            if isinstance(message, Location):
                report = self._report(packet.time_s, message, sender)
                if report:
                    yield report

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
