"""Plays recordings onto loopback as if they came now, so that anyone sees live feeds work.

    python docs/examples/play_recordings.py FOLDER --loop

FOLDER holds the recordings by their usual names (``CHOWKI_TEST_DATA`` where it is not given); what
is not there is not played. Everything is stamped anew to now, and aircraft are moved so that they
fly round ``--at``; the drone of the Wi-Fi capture stays where it was, at 47.20, 8.73. Printed is
one ``--feed`` for each recording, ready for ``chowki serve``. A port of 0 takes any that is free.
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

    def moved(self, places: list[tuple[float, float]]) -> Callable[[float, float], tuple[Any, Any]]:
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


class Callers:
    """A TCP server that says the same to everyone who calls."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server((LOOPBACK, port))
        self.port = self._server.getsockname()[1]
        self._ways: list[socket.socket] = []
        threading.Thread(target=self._answer, daemon=True).start()

    def say(self, octets: bytes) -> None:
        """Send octets to everyone; who has gone is forgotten."""
        for way in list(self._ways):
            try:
                way.sendall(octets)
            except OSError:
                self._ways.remove(way)

    def _answer(self) -> None:
        while True:
            way, _ = self._server.accept()
            way.settimeout(1.0)
            self._ways.append(way)


def sbs_moments(path: Path, stage: Stage, callers: Callers) -> list[Moment]:
    """Return the lines of an SBS-1 file, stamped when they are sent."""
    lines = [line for line in path.read_text().splitlines() if line.count(",") >= 21]
    reader, reports, rows = SbsReader(Counter(), Counter()), [], []
    for row, line in enumerate(lines):
        report = reader.line(line)
        if report:
            reports.append(report)
            rows.append(row)
    timed = retimed(reports) if replayed_fast(reports) else reports
    times = dict(zip(rows, (report.time_s for report in timed), strict=True))
    move = stage.moved([(report.lat_deg, report.lon_deg) for report in reports])
    moments, at_s = [], timed[0].time_s
    for row, line in enumerate(lines):
        at_s = times.get(row, at_s)
        fields = line.split(",")
        if fields[14] and fields[15]:
            fields[14:16] = map(str, move(float(fields[14]), float(fields[15])))
        moments.append((at_s, _line(fields, callers)))
    return moments


def _line(fields: list[str], callers: Callers) -> Say:
    def say(now_s: float) -> None:
        now = stamp(now_s)
        callers.say((",".join([*fields[:6], now, now, *fields[10:]]) + "\r\n").encode())

    return say


class Sky:
    """What ``aircraft.json`` tells now, and the web server that serves it."""

    def __init__(self, port: int) -> None:
        self._heard: dict[str, tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()
        sky = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = sky.document()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer((LOOPBACK, port), Handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def hear(self, entries: list[tuple[float, dict[str, Any]]]) -> None:
        """Take entries, each with the time of its position."""
        with self._lock:
            self._heard.update({entry["hex"]: (at_s, entry) for at_s, entry in entries})

    def document(self) -> bytes:
        """Return the moment as JSON."""
        now_s = time.time()
        with self._lock:
            aircraft = [
                {**entry, "seen_pos": round(now_s - at_s, 1)}
                for at_s, entry in self._heard.values()
                if now_s - at_s < KEPT_S
            ]
        return json.dumps({"now": round(now_s, 3), "aircraft": aircraft}).encode()


def sky_moments(path: Path, stage: Stage, sky: Sky) -> list[Moment]:
    """Return the batches of an OpenSky file as what a receiver would then have heard."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["lat"] and row["onground"] == "False"]
    move = stage.moved([(float(row["lat"]), float(row["lon"])) for row in rows])
    batches: dict[float, list[dict[str, str]]] = {}
    for row in rows:
        batches.setdefault(float(row["time"]), []).append(row)
    return [(at_s, _batch(at_s, batch, move, sky)) for at_s, batch in sorted(batches.items())]


def _batch(at_s: float, rows: list[dict[str, str]], move: Callable[..., Any], sky: Sky) -> Say:
    entries = [(float(row["lastposupdate"] or at_s), _entry(row, move)) for row in rows]

    def say(now_s: float) -> None:
        sky.hear([(now_s - (at_s - seen_s), entry) for seen_s, entry in entries])

    return say


def _entry(row: dict[str, str], move: Callable[..., Any]) -> dict[str, Any]:
    lat, lon = move(float(row["lat"]), float(row["lon"]))
    told = {
        "alt_geom": (row["geoaltitude"], FOOT_M),
        "alt_baro": (row["baroaltitude"], FOOT_M),
        "gs": (row["velocity"], KNOT_MPS),
        "track": (row["heading"], 1.0),
        "geom_rate": (row["vertrate"], FOOT_M / 60.0),
    }
    figures = {name: round(float(value) / unit, 2) for name, (value, unit) in told.items() if value}
    names = {"hex": row["icao24"], "flight": row["callsign"], "squawk": row["squawk"]}
    return {**names, "lat": lat, "lon": lon, **figures}


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

    def packet(data: bytes) -> Say:
        def say(now_s: float) -> None:
            whole, part = int(now_s), int(now_s % 1.0 * 1e6)
            with path.open("ab") as file:
                file.write(struct.pack("<IIII", whole, part, len(data), len(data)) + data)

        return say

    return [(found.time_s, packet(found.data)) for found in captured]


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
    if (folder / SBS).exists():
        callers = Callers(asked.sbs)
        yield f"sbs:tcp://{LOOPBACK}:{callers.port}", sbs_moments(folder / SBS, stage, callers)
    if (folder / OPENSKY).exists():
        sky = Sky(asked.aircraft)
        where = f"aircraft-json:http://{LOOPBACK}:{sky.port}/data/aircraft.json"
        yield where, sky_moments(folder / OPENSKY, stage, sky)
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
