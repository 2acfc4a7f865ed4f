"""aircraft.json asked for over HTTP: fresh, stale, slow, huge and wrong answers."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time

import numpy as np
import pytest

from chowki.feeds.aircraft_json import AircraftJson
from chowki.feeds.live.fetch import fetch
from chowki.feeds.live.source import Lost
from chowki.feeds.live.spec import read_spec
from chowki.kernels.geodesy import station_frame

DUTCH = {"lat": 51.7, "lon": 4.77}
PLANE = {"hex": "3c6444", "lat": 51.7, "lon": 4.8, "alt_geom": 30_000, "seen_pos": 0.3}


def health(feeds):
    return feeds.sources()[0]


def moment(clock, *aircraft, off_s=0.0):
    return json.dumps({"now": clock.now() + off_s, "aircraft": list(aircraft)}).encode()


def heard(scans):
    return [scan for scan in scans if len(scan.detections)]


def test_what_comes_live_is_what_the_file_gives(recording, web, opened, until, scans_of, clock):
    path = recording("adsb/aircraft.json")
    document = json.loads(path.read_text())

    def answer(_path):
        return json.dumps({**document, "now": clock.now()}).encode()

    feeds = opened(f"aircraft-json:{web(answer)}", **DUTCH)
    events = until(feeds, lambda events: len(heard(scans_of(events))) >= 3)
    (report,) = AircraftJson(path).reports()
    frame = station_frame(np.deg2rad(51.7), np.deg2rad(4.77), 0.0)
    theirs = AircraftJson.detections([report], frame)
    for scan in heard(scans_of(events)):
        d = scan.detections
        assert (d.east_m[0], d.north_m[0], d.up_m[0]) == (
            theirs.east_m[0], theirs.north_m[0], theirs.up_m[0],
        )  # fmt: skip
        assert d.callsign[0] == b"EZY85MH"
        assert 1.6 < scan.time_s - d.time_s[0] < 3.2  # seen_pos of 1.7 s, and the look
    assert health(feeds).state == "working"


def test_an_empty_sky_is_an_empty_scan_and_no_answer_is_none(web, opened, until, scans_of, clock):
    there = [True]

    def answer(_path):
        return moment(clock) if there[0] else (500, b"")

    feeds = opened(f"aircraft-json:{web(answer)}")
    scans = scans_of(until(feeds, lambda events: len(scans_of(events)) >= 4))
    assert all(len(scan.detections) == 0 for scan in scans)
    there[0] = False
    until(feeds, lambda _: "500" in health(feeds).note)
    assert scans_of(until(feeds, seconds=4)) == []


def test_a_file_that_nobody_renews_makes_the_source_silent(web, opened, until, told, clock):
    feeds = opened(f"aircraft-json:{web(moment(clock, PLANE))}", **DUTCH)
    events = until(feeds, lambda events: told(events, "aircraft-json")[-1:] == ["silent"], 30)
    assert told(events, "aircraft-json") == ["working", "silent"]
    assert "nothing heard for 1" in health(feeds).note


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, b"nothing here"), "it answers 404"),
        ((302, b""), "it answers 302"),
        (b"x" * (17 << 20), "larger than 16 MiB"),
    ],
)
def test_an_answer_that_is_no_use_is_told(web, opened, until, clock, answer, words):
    feeds = opened(f"aircraft-json:{web(answer)}")
    until(feeds, lambda _: bool(feeds.sources()) and words in health(feeds).note, 40)
    assert words in health(feeds).note
    assert health(feeds).state == "silent"


def test_something_that_is_no_aircraft_json_is_counted_and_flagged(web, opened, until, clock):
    good = [False]

    def answer(_path):
        good[0] = not good[0]
        return moment(clock, PLANE) if good[0] else b'{"now": 1, "aircraft": '

    feeds = opened(f"aircraft-json:{web(answer)}", **DUTCH)
    until(feeds, lambda _: bool(feeds.sources()) and health(feeds).state == "degraded")
    assert "answer that is no aircraft.json" in health(feeds).note


def test_a_server_whose_clock_is_off_is_flagged_and_its_positions_enter(
    web, opened, until, scans_of, clock
):
    feeds = opened(f"aircraft-json:{web(lambda _: moment(clock, PLANE, off_s=-90.0))}", **DUTCH)
    events = until(feeds, lambda events: len(heard(scans_of(events))) >= 3)
    assert health(feeds).clock_offset_s == pytest.approx(-90.0, abs=1.0)
    assert "90" in health(feeds).note
    assert all(s.time_s - s.detections.time_s[0] < 3.0 for s in heard(scans_of(events)))


def test_lies_about_positions_are_counted_and_the_others_enter(web, opened, until, scans_of, clock):
    wrong = [{**PLANE, "hex": f"{k:06x}", "lat": 90.0 + k} for k in range(1, 9)]
    feeds = opened(f"aircraft-json:{web(lambda _: moment(clock, PLANE, *wrong))}", **DUTCH)
    events = until(feeds, lambda events: len(heard(scans_of(events))) >= 3)
    assert all(len(scan.detections) == 1 for scan in heard(scans_of(events)))
    assert health(feeds).state == "degraded"
    assert "position out of range" in health(feeds).note


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"H"])
def test_a_slow_server_is_given_up_in_time(line, first):
    """Slow loris, before, in and after the head: an octet now and then extends nothing."""
    server = line()

    def drip():
        way = server.answer()
        way.sendall(first)
        for _ in range(40):
            time.sleep(0.05)
            try:
                way.sendall(b" ")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    began_s = time.perf_counter()
    with pytest.raises(Lost, match="no whole answer within"):
        fetch(read_spec(f"aircraft-json:http://127.0.0.1:{server.port}/"), 0.5)
    assert time.perf_counter() - began_s < 1.0
    thread.join()


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"\x00\x00\r\n\r\n", b""])
def test_something_that_speaks_no_http_is_told(line, answer):
    server = line()

    def say():
        way = server.answer()
        way.recv(1_000)
        way.sendall(answer)
        way.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=say)
    thread.start()
    with pytest.raises(Lost, match="no HTTP answer"):
        fetch(read_spec(f"aircraft-json:http://127.0.0.1:{server.port}/"), 2.0)
    thread.join()


def certified(folder, name):
    """Return a server's context with a certificate for a name, and where the certificate lies."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    address = x509.IPAddress(ipaddress.ip_address(name))
    signed = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem


@pytest.mark.parametrize(
    ("name", "trusted", "words"),
    [
        ("127.0.0.1", True, ""),
        ("127.0.0.1", False, "self-signed"),
        ("192.0.2.7", True, "IP address mismatch"),
    ],
)
def test_over_tls_the_certificate_must_be_right(line, tmp_path, name, trusted, words):
    server, (context, pem) = line(), certified(tmp_path, name)

    def say():
        try:
            way = context.wrap_socket(server.answer(), server_side=True)
            way.recv(1_000)
            way.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            way.close()
        except (ssl.SSLError, OSError):
            pass  # the other side went away, as it should

    thread = threading.Thread(target=say)
    thread.start()
    client = ssl.create_default_context()
    if trusted:
        client.load_verify_locations(pem)
    spec = read_spec(f"aircraft-json:https://127.0.0.1:{server.port}/")
    if words:
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            fetch(spec, 2.0, client)
    else:
        assert fetch(spec, 2.0, client) == b"{}"
    thread.join()


def test_a_server_that_speaks_no_tls_is_refused(line):
    server = line()

    def say():
        way = server.answer()
        way.recv(1_000)
        way.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
        way.close()

    thread = threading.Thread(target=say)
    thread.start()
    with pytest.raises(ssl.SSLError):
        fetch(
            read_spec(f"aircraft-json:https://127.0.0.1:{server.port}/"),
            2.0,
            ssl.create_default_context(),
        )
    thread.join()
