"""Live sources on loopback, as somebody at an airport would see them on the page."""

from __future__ import annotations

import contextlib
import http.server
import json
import math
import re
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

OPERATOR, APPROVER = "R. Singh", "A. Khan"
LOOPBACK = "127.0.0.1"
LAT, LON, SPEED_MPS = 47.2, 8.73, 180.0
FOOT_M, KNOT_MPS = 0.3048, 1852.0 / 3600.0
ENGAGING = re.compile("release|refuse|cease|posture|proposal|weapons", re.IGNORECASE)


class Flight:
    """An aircraft that flies east, level."""

    def __init__(self, number: int) -> None:
        self.address, self.callsign = f"4B{number:04X}", f"CKT{number:03d}"
        self._lat, self._began_s = LAT + 0.06 * number, time.time()
        self.feet = 20_000 + 1_000 * number

    def at(self, time_s: float) -> tuple[float, float]:
        """Return latitude and longitude (degrees)."""
        east_m = SPEED_MPS * (time_s - self._began_s)
        return self._lat, LON + math.degrees(east_m / 6.38e6 / math.cos(math.radians(self._lat)))

    def lines(self, time_s: float, stated_s: float) -> bytes:
        """Return call sign, speed and position as SBS-1 lines, stamped as stated."""
        lat, lon = self.at(time_s)
        stamp = datetime.fromtimestamp(stated_s, UTC).strftime("%Y/%m/%d,%H:%M:%S.%f")[:-3]
        head = f"1,1,{self.address},1,{stamp},{stamp}"
        knots = SPEED_MPS / KNOT_MPS
        return (
            f"MSG,1,{head},{self.callsign},,,,,,,,,,,\r\n"
            f"MSG,4,{head},,,{knots:.1f},90,,,0,,,,,\r\n"
            f"MSG,3,{head},,{self.feet},,,{lat:.6f},{lon:.6f},,,,,,0\r\n"
        ).encode()

    def entry(self, time_s: float) -> dict:
        lat, lon = self.at(time_s)
        return {
            "hex": self.address.lower(), "flight": self.callsign, "lat": round(lat, 6),
            "lon": round(lon, 6), "alt_geom": self.feet, "gs": SPEED_MPS / KNOT_MPS, "track": 90.0,
            "geom_rate": 0, "seen_pos": 0.0,
        }  # fmt: skip


class Sbs:
    """A receiver that sends SBS-1 lines to who calls; its clock may be off, it may say nothing."""

    def __init__(self, flights: list[Flight]) -> None:
        self.flights, self.ahead_s, self.speaks = flights, 0.0, True
        self._ways: list[socket.socket] = []
        self._server = socket.create_server((LOOPBACK, 0))
        self._server.settimeout(0.05)
        self._ended = threading.Event()
        self.feed = f"sbs:tcp://{LOOPBACK}:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, octets: bytes) -> None:
        for way in list(self._ways):
            try:
                way.sendall(octets)
            except OSError:
                self._ways.remove(way)
                way.close()

    def _run(self) -> None:
        said_s = 0.0
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                self._ways.append(self._server.accept()[0])
            now_s = time.time()
            if self.speaks and now_s - said_s >= 0.5:
                said_s = now_s
                for flight in self.flights:
                    self.say(flight.lines(now_s, now_s + self.ahead_s))

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(5.0)
        for way in (*self._ways, self._server):
            way.close()


class Web:
    """A receiver that answers with aircraft.json."""

    def __init__(self, flights: list[Flight]) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                now_s = time.time()
                aircraft = [flight.entry(now_s) for flight in flights]
                body = json.dumps({"now": now_s, "aircraft": aircraft}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        self._server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        port = self._server.server_address[1]
        self.feed = f"aircraft-json:http://{LOOPBACK}:{port}/data/aircraft.json"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Radar:
    """A sensor of one's own that sends a plot a second by UDP."""

    def __init__(self, flight: Flight) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((LOOPBACK, 0))
            port = free.getsockname()[1]
        self.feed = f"plots:udp://{LOOPBACK}:{port}"
        self._flight, self._port, self._ended = flight, port, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            look = 0
            while not self._ended.wait(1.0):
                now_s, look = time.time(), look + 1
                lat, lon = self._flight.at(now_s)
                height_m = self._flight.feet * FOOT_M
                row = {"sensor": "tower", "look": look, "time_s": now_s, "lat": lat, "lon": lon,
                       "height_m": height_m, "sigma_m": 20.0}  # fmt: skip
                way.sendto(json.dumps(row).encode(), (LOOPBACK, self._port))

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(5.0)


def panel(page, name):
    page.locator(f"#panel-{name}-tab").click()
    return page.locator(f"#panel-{name}")


def source_row(page, name):
    """Return the row of a source; the first cell of a row begins with its name."""
    rows = panel(page, "health").locator(".group").first.locator("tbody tr")
    return rows.filter(has=page.locator(".where", has_text=re.compile(f"^{name}")))


def states_of(recording, name):
    rows = [r for r in recording.statuses.to_pylist() if r["kind"] == "feed"]
    return [row["state"] for row in rows if row["source"] == name]


def find(page, words):
    page.keyboard.press("/")
    page.keyboard.type(words)
    expect(page.locator("#search-found")).to_contain_text(words)
    page.keyboard.press("Enter")


def test_two_sources_and_plots_make_one_picture_in_which_each_is_told(playing, listened):
    flights = [Flight(k) for k in range(8)]
    sbs, web = playing(Sbs, flights[:4]), playing(Web, flights[4:7])
    radar = playing(Radar, flights[7])
    stage, page = listened(sbs.feed, web.feed, radar.feed, tracks=8)
    expect(page.locator(".mode")).to_have_text("Live feed")
    expect(page.locator(".top-counts .count-tracks dd")).to_have_text("8")
    for name, rate in (
        ("sbs", r"\d+\.\d"),
        ("aircraft-json", r"[1-9]\.\d"),
        ("plots", r"[01]\.\d"),
    ):
        row = source_row(page, name)
        expect(row).to_contain_text("● working")
        expect(row.locator(".when").nth(0)).to_have_text(re.compile(rf"({rate}).*s ago"))
        expect(row.locator(".when").nth(1)).to_have_text(re.compile(r"0\.\d s\+0\.0\d s"))
    find(page, flights[5].callsign)
    details = page.locator("#panel-details")
    expect(details).to_contain_text(f"ICAO {flights[5].address}")
    expect(details).to_contain_text(flights[5].callsign)
    track = int(details.locator(".big").inner_text())
    position = details.locator("div", has_text=re.compile("^Position")).last.inner_text()
    lat, lon = (float(part) for part in re.findall(r"\d+\.\d{3,}", position))
    there = flights[5].at(time.time())
    assert lat == pytest.approx(there[0], abs=0.002)
    assert lon == pytest.approx(there[1], abs=0.02)  # what is shown is up to two seconds old
    recording = stage.recording(page)
    told = [row for row in recording.tracks.to_pylist() if row["address"] >= 0]
    addresses = {f"{row['address']:06X}": row["track"] for row in told}
    assert set(addresses) == {flight.address for flight in flights[:7]}
    assert addresses[flights[5].address] == track
    assert recording.orders.num_rows == recording.engagements.num_rows == 0


def test_on_a_live_feed_nothing_is_there_to_release_with(playing, listened):
    web = playing(Web, [Flight(1)])
    _, page = listened(web.feed, tracks=1, user=APPROVER)
    expect(page.locator("#panel-warnings-tab")).to_be_visible()
    found = page.evaluate(
        """() => [...document.body.querySelectorAll("button, select, option, [role=tab]")]
            .filter((each) => !each.closest("dialog"))
            .map((each) => `${each.textContent} ${each.getAttribute("aria-label") ?? ""}`)"""
    )
    assert len(found) > 20
    assert [words for words in found if ENGAGING.search(words)] == []
    expect(page.locator(".top-posture")).to_be_hidden()
    expect(page.locator(".speeds button:enabled")).to_have_count(0)  # time is the world's
    page.keyboard.press("R")
    expect(page.locator("#panel-proposals")).to_have_count(0)


def test_a_source_that_stops_is_silent_and_the_other_goes_on(playing, listened, monkeypatch):
    from chowki.feeds.live import SbsStream

    monkeypatch.setattr(SbsStream, "limits", replace(SbsStream.limits, silent_s=3.0))
    flights = [Flight(k) for k in range(4)]
    sbs, web = playing(Sbs, flights[:2]), playing(Web, flights[2:])
    stage, page = listened(sbs.feed, web.feed, tracks=4)
    expect(source_row(page, "sbs")).to_contain_text("● working")
    sbs.speaks = False
    row = source_row(page, "sbs")
    expect(row).to_contain_text("■ silent", timeout=15_000)
    expect(row).to_contain_text(re.compile(r"Nothing heard for \d s"))
    expect(page.locator("#panel-health-tab .badge")).not_to_have_text("")
    expect(source_row(page, "aircraft-json")).to_contain_text("● working")
    find(page, flights[3].callsign)
    expect(page.locator("#panel-details")).to_contain_text(re.compile(r"Updated.*\([0-3] s ago\)"))
    sbs.speaks = True
    expect(source_row(page, "sbs")).to_contain_text("● working", timeout=15_000)
    recording = stage.recording(page)
    assert states_of(recording, "sbs")[-2:] == ["silent", "working"]
    assert "silent" not in states_of(recording, "aircraft-json")


def test_a_source_that_lies_about_time_is_told_with_its_offset(playing, listened):
    flights = [Flight(k) for k in range(4)]
    sbs, web = playing(Sbs, flights[:2]), playing(Web, flights[2:])
    sbs.ahead_s = 3600.0
    stage, page = listened(sbs.feed, web.feed, tracks=4)
    row = source_row(page, "sbs")
    expect(row).to_contain_text("▲ degraded")
    expect(row.locator(".when").nth(1)).to_contain_text(re.compile(r"\+3,?(600\.0|599\.9)\d s"))
    expect(row).to_contain_text(re.compile(r"clock is 3,(600\.0|599\.9) s ahead"))
    expect(source_row(page, "aircraft-json")).to_contain_text("● working")
    recording = stage.recording(page)
    assert "degraded" in states_of(recording, "sbs")
    heard = [row for row in recording.detections.to_pylist() if row["address"] >= 0]
    addresses = {f"{row['address']:06X}" for row in heard}
    assert addresses == {flight.address for flight in flights}  # set right, not left out
    assert max(abs(row["received_s"] - row["time_s"]) for row in heard) < 3.0


def test_a_source_that_floods_is_told_and_stalls_nobody(playing, listened):
    flights = [Flight(k) for k in range(4)]
    sbs, web = playing(Sbs, flights[:2]), playing(Web, flights[2:])
    stage, page = listened(sbs.feed, web.feed, tracks=4)
    expect(source_row(page, "sbs")).to_contain_text("● working")
    now_s = time.time()
    sbs.say(flights[0].lines(now_s, now_s) * 4_000)
    row = source_row(page, "sbs")
    expect(row).to_contain_text("▲ degraded", timeout=15_000)
    expect(row).to_contain_text(re.compile(r"It floods: \d+ records dropped"))
    expect(source_row(page, "aircraft-json")).to_contain_text("● working")
    find(page, flights[3].callsign)
    expect(page.locator("#panel-details")).to_contain_text(re.compile(r"Updated.*\([0-3] s ago\)"))
    recording = stage.recording(page)
    assert states_of(recording, "sbs")[-1] == "degraded"
    notes = [r["note"] for r in recording.statuses.to_pylist() if r["source"] == "aircraft-json"]
    assert not [note for note in notes if "flood" in note or "heard" in note]
