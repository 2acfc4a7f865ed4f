"""Plays recordings onto loopback as if they came now, so that anyone sees live feeds work.

    python docs/examples/play_recordings.py FOLDER --loop

FOLDER holds the recordings by their usual names (``CHOWKI_TEST_DATA`` where it is not given); what
is not there is not played. Everything is stamped anew to now. Aircraft are moved so that they fly
round ``--at``, heard by one receiver that serves SBS-1 lines and ``aircraft.json``; the drone of
the Wi-Fi capture stays where it was, at 47.20, 8.73. Printed is one ``--feed`` for each recording,
ready for ``chowki serve``. A port of 0 takes any that is free.
"""

from __future__ import annotations

import argparse
import csv
import http.server
import json
import math
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from chowki.core.units import FOOT_M, KNOT_MPS
from chowki.feeds.open_drone_id import odid_payload
from chowki.feeds.pcap import Packet, packets
from chowki.feeds.remote_id import RemoteId
from chowki.feeds.reports import Report
from chowki.feeds.sbs import SbsReader, replayed_fast, retimed

SBS, OPENSKY = "adsb/sbs_from_dump1090.txt", "surveillance/OpenSky_Plane_States.csv"
DRONE = "remoteid/parrot_anafi4_real.pcapng"
KEPT_S = 60.0  # an aircraft not heard for this long leaves aircraft.json
LOOPBACK = "127.0.0.1"

Say = Callable[[float], None]  # given the time that it is now
Moment = tuple[float, Say]
Move = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Stage:
    """Where and how fast everything is played."""

    lat_deg: float
    lon_deg: float
    speed: float
    loop: bool

    def play(self, moments: list[Moment]) -> None:
        """Say each thing when it is due, once or for ever."""
        while moments:
            began_s, first_s = time.monotonic(), moments[0][0]
            for at_s, say in moments:
                late_s = began_s + (at_s - first_s) / self.speed - time.monotonic()
                time.sleep(max(late_s, 0.0))
                say(time.time())
            if not self.loop:
                return

    def moved(self, places: list[tuple[float, float]]) -> Move:
        """Return a function that moves places so that their middle comes to the stage."""
        lat0, lon0 = median(p[0] for p in places), median(p[1] for p in places)
        wider = math.cos(math.radians(lat0)) / math.cos(math.radians(self.lat_deg))

        def move(lat: float, lon: float) -> tuple[float, float]:
            return (
                round(lat - lat0 + self.lat_deg, 6),
                round((lon - lon0) * wider + self.lon_deg, 6),
            )

        return move


def stamp(time_s: float) -> str:
    """Return date and time of day as SBS-1 lines have them."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y/%m/%d,%H:%M:%S.%f")[:-3]


class Receiver:
    """A receiver of transponders as dump1090 is one: SBS-1 lines by TCP, aircraft.json by HTTP."""

    def __init__(self, sbs_port: int, http_port: int) -> None:
        self._heard: dict[str, tuple[float, Aircraft]] = {}
        self._lock = threading.Lock()
        self._ways: list[socket.socket] = []
        self._server = socket.create_server((LOOPBACK, sbs_port))
        web = http.server.ThreadingHTTPServer((LOOPBACK, http_port), _pages(self))
        web.daemon_threads = True
        self.sbs_port, self.http_port = self._server.getsockname()[1], web.server_address[1]
        threading.Thread(target=self._answer, daemon=True).start()
        threading.Thread(target=web.serve_forever, daemon=True).start()

    def hear(self, at_s: float, aircraft: Aircraft) -> None:
        """Take a position and the time at which it was true."""
        with self._lock:
            self._heard[aircraft.address] = (at_s, aircraft)

    def say(self, line: str) -> None:
        """Send a line to everyone who called; who has gone is forgotten."""
        for way in list(self._ways):
            try:
                way.sendall(f"{line}\r\n".encode())
            except OSError:
                self._ways.remove(way)

    def document(self) -> bytes:
        """Return ``aircraft.json`` of this moment."""
        now_s = time.time()
        with self._lock:
            aircraft = [
                {**heard.entry(), "seen_pos": round(now_s - at_s, 1)}
                for at_s, heard in self._heard.values()
                if now_s - at_s < KEPT_S
            ]
        return json.dumps({"now": round(now_s, 3), "aircraft": aircraft}).encode()

    def _answer(self) -> None:
        while True:
            way, _ = self._server.accept()
            way.settimeout(1.0)
            self._ways.append(way)


def _pages(receiver: Receiver) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = receiver.document()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    return Handler


@dataclass(frozen=True)
class Aircraft:
    """What an aircraft tells of itself: degrees, metres, metres per second; NaN for not known."""

    address: str
    lat: float
    lon: float
    height_m: float
    speed_mps: float = math.nan
    course_deg: float = math.nan
    climb_mps: float = math.nan
    callsign: str = ""
    squawk: str = ""

    def entry(self) -> dict[str, Any]:
        """Return it as ``aircraft.json`` has it."""
        figures = {
            "alt_geom": self.height_m / FOOT_M,
            "gs": self.speed_mps / KNOT_MPS,
            "track": self.course_deg,
            "geom_rate": self.climb_mps / FOOT_M * 60.0,
        }
        known = {name: round(value, 2) for name, value in figures.items() if math.isfinite(value)}
        names = {"hex": self.address, "flight": self.callsign, "squawk": self.squawk}
        return {**names, "lat": self.lat, "lon": self.lon, **known}

    def lines(self, at_s: float) -> Iterator[str]:
        """Yield it as SBS-1 lines: call sign, speed, position."""
        head = f"1,1,{self.address.upper()},1,{stamp(at_s)},{stamp(at_s)}"
        feet, knots = round(self.height_m / FOOT_M), round(self.speed_mps / KNOT_MPS, 1)
        climb = round(self.climb_mps / FOOT_M * 60.0)
        if self.callsign:
            yield f"MSG,1,{head},{self.callsign},,,,,,,,,,,"
        yield f"MSG,4,{head},,,{knots},{self.course_deg},,,{climb},,,,,"
        yield f"MSG,3,{head},,{feet},,,{self.lat},{self.lon},,,,,,0"


def sbs_moments(path: Path, stage: Stage, receiver: Receiver) -> list[Moment]:
    """Return the lines of an SBS-1 file, stamped when they are sent."""
    lines = [line for line in path.read_text().splitlines() if line.count(",") >= 21]
    reader, told = SbsReader(Counter(), Counter()), dict[int, Report]()
    for row, line in enumerate(lines):
        report = reader.line(line)
        if report:
            told[row] = report
    reports = list(told.values())
    timed = retimed(reports) if replayed_fast(reports) else reports
    times = dict(zip(told, (report.time_s for report in timed), strict=True))
    move = stage.moved([(report.lat_deg, report.lon_deg) for report in reports])
    moments, at_s = [], timed[0].time_s
    for row, line in enumerate(lines):
        at_s = times.get(row, at_s)
        moments.append((at_s, _line(line.split(","), told.get(row), move, receiver)))
    return moments


def _line(fields: list[str], told: Report | None, move: Move, receiver: Receiver) -> Say:
    aircraft = None
    if told:
        lat, lon = move(told.lat_deg, told.lon_deg)
        fields = [*fields[:14], str(lat), str(lon), *fields[16:]]
        speed_mps = math.hypot(told.v_east_mps, told.v_north_mps)
        course = math.degrees(math.atan2(told.v_east_mps, told.v_north_mps)) % 360.0
        aircraft = Aircraft(f"{told.address:06x}", lat, lon, told.height_m, speed_mps, course,
                            told.v_up_mps, told.callsign)  # fmt: skip

    def say(now_s: float) -> None:
        receiver.say(",".join([*fields[:6], stamp(now_s), stamp(now_s), *fields[10:]]))
        if aircraft:
            receiver.hear(now_s, aircraft)

    return say


def sky_moments(path: Path, stage: Stage, receiver: Receiver) -> list[Moment]:
    """Return the batches of an OpenSky file as what a receiver would then have heard."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["lat"] and row["onground"] == "False"]
    move = stage.moved([(float(row["lat"]), float(row["lon"])) for row in rows])
    return [(float(row["time"]), _row(row, move, receiver)) for row in rows]


def _row(row: dict[str, str], move: Move, receiver: Receiver) -> Say:
    late_s = float(row["time"]) - float(row["lastposupdate"] or row["time"])
    height, speed, course, climb = (
        float(row[name] or "nan") for name in ("geoaltitude", "velocity", "heading", "vertrate")
    )
    place = move(float(row["lat"]), float(row["lon"]))
    aircraft = Aircraft(
        row["icao24"], *place, height, speed, course, climb, row["callsign"].strip(), row["squawk"]
    )

    def say(now_s: float) -> None:
        receiver.hear(now_s - late_s, aircraft)
        if all(map(math.isfinite, (height, speed, course, climb))):
            for line in aircraft.lines(now_s - late_s):
                receiver.say(line)

    return say


def plot_moments(reports: list[Report], port: int) -> list[Moment]:
    """Return the drone's path as plots of an imagined radar, one look a second."""
    way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    seconds = {int(report.received_s): report for report in reports}

    def plot(look: int, report: Report) -> Say:
        where = {"lat": report.lat_deg, "lon": report.lon_deg, "height_m": report.height_m}

        def say(now_s: float) -> None:
            row = {"sensor": "radar", "look": look, "time_s": now_s, **where, "sigma_m": 15.0}
            way.sendto(json.dumps(row).encode(), (LOOPBACK, port))

        return say

    return [(float(s), plot(s, report)) for s, report in sorted(seconds.items())]


def capture_moments(captured: list[Packet], path: Path) -> list[Moment]:
    """Return the packets as a capture that grows."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, captured[0].link)
    path.write_bytes(head)

    def packet(data: bytes, first: bool) -> Say:
        def say(now_s: float) -> None:
            whole, part = int(now_s), int(now_s % 1.0 * 1e6)
            with path.open("wb" if first else "ab") as file:
                file.write(head if first else b"")
                file.write(struct.pack("<IIII", whole, part, len(data), len(data)) + data)

        return say

    return [(found.time_s, packet(found.data, k == 0)) for k, found in enumerate(captured)]


def broker_moments(captured: list[Packet], host: str, port: int) -> list[Moment]:
    """Return the drone's messages as a detector publishes them to an MQTT broker."""
    from paho.mqtt import client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(host, port)
    client.loop_start()

    def message(radio: bytes, octets: bytes) -> Say:
        told = {"mac": radio.hex(":"), "odid": octets.hex()}
        return lambda now_s: client.publish("odid/1", json.dumps({**told, "time_s": now_s}))

    found = [(packet.time_s, odid_payload(packet)) for packet in captured]
    return [(at_s, message(*payload)) for at_s, payload in found if payload]


def prepared(asked: argparse.Namespace, stage: Stage) -> Iterator[tuple[str, list[Moment]]]:
    """Yield how chowki is told of each recording that is there, and what is to be said."""
    folder: Path = asked.folder
    receiver = Receiver(asked.sbs, asked.aircraft)
    if (folder / SBS).exists():
        where = f"sbs:tcp://{LOOPBACK}:{receiver.sbs_port}"
        yield where, sbs_moments(folder / SBS, stage, receiver)
    if (folder / OPENSKY).exists():
        where = f"aircraft-json:http://{LOOPBACK}:{receiver.http_port}/data/aircraft.json"
        yield where, sky_moments(folder / OPENSKY, stage, receiver)
    if (folder / DRONE).exists():
        captured = list(packets((folder / DRONE).read_bytes(), Counter()))
        yield f"remote-id:pcap:{asked.capture}", capture_moments(captured, asked.capture)
        reports = RemoteId(folder / DRONE).reports()
        yield f"plots:udp://{LOOPBACK}:{asked.plots}", plot_moments(reports, asked.plots)
        if asked.broker:
            host, _, port = asked.broker.partition(":")
            where = f"remote-id:mqtt://{host}:{port or 1883}/odid/#"
            yield where, broker_moments(captured, host, int(port or 1883))


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    usual = os.environ.get("CHOWKI_TEST_DATA")
    words.add_argument("folder", type=Path, nargs="?", default=usual, help="folder of recordings")
    words.add_argument("--at", default="47.20,8.73", help="LAT,LON where aircraft fly")
    words.add_argument("--speed", type=float, default=1.0, help="so many times as fast as flown")
    words.add_argument("--loop", action="store_true", help="begin again at the end")
    words.add_argument("--sbs", type=int, default=30003, help="TCP port for SBS-1 lines")
    words.add_argument("--aircraft", type=int, default=8080, help="HTTP port for aircraft.json")
    words.add_argument("--plots", type=int, default=9000, help="UDP port that plots are sent to")
    growing = Path(tempfile.gettempdir()) / "drone.pcap"
    words.add_argument("--capture", type=Path, default=growing, help="capture that grows")
    words.add_argument("--broker", default="", help="HOST[:PORT] of an MQTT broker that runs")
    asked = words.parse_args()
    if asked.folder is None:
        words.error("name a folder of recordings, or set CHOWKI_TEST_DATA")
    return asked


def main() -> int:
    """Play until everything was said, or for ever."""
    asked = arguments()
    lat, lon = (float(part) for part in asked.at.split(","))
    stage = Stage(lat, lon, asked.speed, asked.loop)
    threads = []
    for where, moments in prepared(asked, stage):
        print(f"--feed {where}", flush=True)
        threads.append(threading.Thread(target=stage.play, args=(moments,), daemon=True))
    for thread in threads:
        thread.start()
    if not threads:
        print(f"no recording in {asked.folder}", file=sys.stderr)
        return 1
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
