"""Attempts on a really running server, made with foreign clients."""

from __future__ import annotations

import contextlib
import json
import socket
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

ACT = {"verb": "release", "subject": "7", "value": "", "revision": 3}
PATHS = ["/", "/page/index.html", "/tracks", "/state", "/detail/1", "/layers/0", "/nothing"]


def refused(visit, **changes):
    """Return the status with which a socket is refused."""
    with pytest.raises(InvalidStatus) as caught, visit.socket(**changes):
        pass
    return caught.value.response.status_code


def closed(wire):
    """Return code and words with which the server closes a socket."""
    with pytest.raises(ConnectionClosed) as caught:
        wire.next("nothing of this type")
    return caught.value.rcvd.code, caught.value.rcvd.reason


def raw(server, text):
    """Send bytes as they are and return the first line of the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5.0) as line:
        line.sendall(text.encode("latin-1"))
        return line.makefile("rb").readline().decode()


@pytest.mark.parametrize("path", PATHS)
def test_without_a_session_nothing_is_shown(visit, path):
    answer = visit(enter=False).http.get(path)
    assert answer.status_code == 401
    assert "link" in answer.text


def test_without_a_session_nothing_is_done(visit, small):
    person = visit(enter=False)
    assert person.post("/acts", ACT).status_code == 401
    assert person.post("/clock", {"paused": True}).status_code == 401
    assert refused(person) == 401
    assert (small.asked, small.clocks) == ([], [])


def test_a_wrong_key_opens_nothing(visit):
    person = visit(enter=False)
    for key in ("", "x" * 43, "x" * 20_000):
        answer = person.http.get("/enter", params={"key": key})
        assert answer.status_code in {400, 401}
        assert "set-cookie" not in answer.headers
    forged = {name: "A" * 43 for name in ("chowki", f"chowki-{person.server.port}")}
    for name, value in forged.items():
        assert person.http.get("/state", headers={"Cookie": f"{name}={value}"}).status_code == 401


def test_a_link_works_once(visit):
    person = visit()
    again = httpx.get(person.link, trust_env=False)
    assert again.status_code == 410
    assert "once" in again.text
    assert "set-cookie" not in again.headers


def test_a_link_is_not_used_up_by_asking_for_its_head(visit):
    person = visit(enter=False)
    assert person.http.head(person.link).status_code == 405
    person.enter()


def test_a_session_ends_also_for_open_pages(visit):
    person = visit(lasts_s=1.0)
    kept = person.cookie
    assert person.http.get("/state").status_code == 200
    with person.socket() as wire:
        code, words = closed(wire)
    assert (code, words) == (1008, "the session has ended: enter with a new link")
    person.http.cookies.clear()
    assert person.http.get("/state", headers={"Cookie": kept}).status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(visit):
    person = visit(enter=False)
    cookie = person.http.get(person.link).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie


WRONG_ORIGINS = [
    "http://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "https://127.0.0.1",
    "http://127.0.0.1.evil.example", "",
]  # fmt: skip


@pytest.mark.parametrize("origin", WRONG_ORIGINS)
def test_another_origin_may_neither_ask_nor_act(visit, small, origin):
    person = visit()
    assert person.http.get("/state", headers={"Origin": origin}).status_code == 403
    assert person.post("/acts", ACT, Origin=origin).status_code == 403
    assert refused(person, origin=origin) == 403
    assert small.asked == []


def test_another_name_of_this_host_is_another_origin(visit):
    person = visit()
    other = f"http://localhost:{person.server.port}"
    assert person.post("/acts", ACT, Origin=other).status_code == 403
    assert refused(person, origin=other) == 403


def test_acts_and_sockets_must_name_their_origin(visit, small):
    person = visit()
    answer = person.http.post("/acts", content=json.dumps(ACT))
    assert answer.status_code == 403
    assert refused(person, origin=None) == 403
    assert small.asked == []


def test_a_form_of_another_site_is_refused(visit, small):
    """What a browser sends for a form: no JSON, the other site's origin, and no strict cookie."""
    person = visit()
    sent = {"Origin": "http://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
    with_cookie = person.http.post("/acts", content=b"verb=release", headers=sent)
    assert with_cookie.status_code == 403
    plain = {"Content-Type": "text/plain"}
    assert person.post("/acts", json.dumps(ACT).encode(), **plain).status_code == 400
    assert small.asked == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "", "LOCALHOST"])
def test_a_host_that_is_not_served_is_refused(visit, host):
    """DNS rebinding: another site's name points here, and its page asks with that name."""
    person = visit()
    rebound = {"Host": host, "Origin": f"http://{host}"}
    assert person.http.get("/state", headers={"Host": host}).status_code == 421
    assert person.post("/acts", ACT, **rebound).status_code == 421
    changes = {"Cookie": person.cookie, "Host": host}
    lines = [f"{name}: {value}" for name, value in changes.items()]
    upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    upgrade += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Origin: http://{host}"]
    text = "\r\n".join(["GET /socket HTTP/1.1", *lines, *upgrade, "", ""])
    assert " 421 " in raw(person.server, text)


def test_each_served_name_is_served(visit):
    person = visit()
    port = person.server.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", f"LocalHost:{port}"):
        assert person.http.get("/state", headers={"Host": host}).status_code == 200


def test_two_hosts_in_one_request_are_refused(visit):
    person = visit()
    own = f"127.0.0.1:{person.server.port}"
    head = f"GET /state HTTP/1.1\r\nCookie: {person.cookie}\r\n"
    assert " 400 " in raw(person.server, f"{head}Host: {own}\r\nHost: evil.example\r\n\r\n")
    assert " 421 " in raw(person.server, f"GET /state HTTP/1.0\r\nCookie: {person.cookie}\r\n\r\n")
    absolute = "GET http://evil.example/state HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    assert " 421 " in raw(person.server, absolute)


def test_a_refused_socket_is_no_fault_of_the_server(visit, caplog):
    with caplog.at_level("ERROR"):
        assert refused(visit(enter=False)) == 401
    assert caplog.messages == []


def test_no_answer_lets_another_origin_read_it(visit):
    person = visit()
    for path in ("/state", "/tracks?format=json", "/nothing", person.link):
        headers = person.http.get(path).headers
        assert not [name for name in headers if name.startswith("access-control-")]
        assert headers["cross-origin-resource-policy"] == "same-origin"
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert person.http.options("/acts", headers=asked).status_code == 405


def test_every_answer_carries_the_policy(visit):
    person = visit()
    answers = [person.http.get(path) for path in ("/state", "/nothing", person.link)]
    answers.append(person.post("/acts", b"{"))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert parts["default-src"] == parts["form-action"] == parts["base-uri"] == "'none'"
        assert parts["frame-ancestors"] == "'none'"
        assert parts["script-src"] == parts["style-src"] == "'self'"
        assert parts["connect-src"] == f"'self' ws://127.0.0.1:{person.server.port}"
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


BODIES = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"verb": "release"' + b" " * 100,
    b'{"verb": 7}', b'{"verb": "release", "more": 1}', b'{"verb": "release", "revision": "1"}',
    b'{"verb": "release", "revision": 1.5}', b'{"verb": "release", "revision": NaN}',
    b'{"verb": "' + b"x" * 65 + b'"}', b"[" * 16_000, b'{"verb":' * 2_000,
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:24].decode("latin-1"))
def test_a_body_of_another_form_is_refused(visit, small, body):
    answer = visit().post("/acts", body)
    assert answer.status_code == 400
    assert answer.json()["accepted"] is False
    assert "not understood" in answer.json()["words"]
    assert small.asked == []


def test_a_verb_outside_the_table_goes_nowhere(visit, small):
    answer = visit().post("/acts", {**ACT, "verb": "launch"})
    assert answer.status_code == 404
    assert small.asked == []


def test_an_oversize_body_is_refused_stated_or_not(visit, small):
    person = visit()
    large = {**ACT, "value": "x" * 17_000}
    assert person.post("/acts", large).status_code == 413

    def parts():
        with contextlib.suppress(httpx.WriteError):
            for _ in range(100):
                yield b" " * 1_000

    sent = {"Origin": person.base, "Content-Type": "application/json"}
    assert person.http.post("/acts", content=parts(), headers=sent).status_code == 413
    assert small.asked == []


@pytest.mark.parametrize("speed", [0, -1, 61, 1e400, "2", True])
def test_a_clock_out_of_bounds_is_refused(visit, small, speed):
    assert visit().post("/clock", json.dumps({"speed": speed}).encode()).status_code == 400
    assert small.clocks == []


ESCAPES = [
    "/page/../server.py", "/page/..%2fserver.py", "/page/%2e%2e/server.py", "/page//etc/passwd",
    "/page/..%5cserver.py", "/page/....//server.py", "/page/vendor/../../session.py",
    "/page/.hidden.js", "/page/", "/page", "/page/vendor", "/page/vendor/",
    "/page/index.html%00.js", "/../pyproject.toml", "/page/C:%5cWindows%5cwin.ini",
    "/page/%c0%ae%c0%ae/server.py",
]  # fmt: skip


@pytest.mark.parametrize("path", ESCAPES)
def test_a_path_never_leaves_the_pages_folder(visit, path):
    """Sent as it stands: clients would tidy the path up."""
    person = visit()
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{person.server.port}\r\n"
    assert " 404 " in raw(person.server, f"{head}Cookie: {person.cookie}\r\n\r\n")


@pytest.mark.parametrize("verb", ["release", "set-identity", "send-warning", "lift-cease-fire"])
def test_a_viewer_may_not_decide(visit, small, verb):
    answer = visit("viewer").post("/acts", {**ACT, "verb": verb})
    assert answer.status_code == 403
    assert "viewer" in answer.json()["words"]
    assert small.asked == []


def test_an_operator_may_not_do_what_takes_an_approver(visit, small):
    lift = {"verb": "lift-cease-fire", "subject": "", "value": ""}
    assert visit("operator").post("/acts", lift).status_code == 403
    assert small.asked == []
    assert visit("approver").post("/acts", lift).status_code == 200
    assert [request.person for request in small.asked] == ["A. Kaur"]


def test_the_clock_takes_an_operator(visit, small):
    assert visit("viewer").post("/clock", {"paused": True}).status_code == 403
    assert small.clocks == []
    assert visit("operator").post("/clock", {"paused": True, "speed": 30}).status_code == 200
    assert small.clocks == [("R. Singh", 30.0, True)]


def test_name_and_role_come_from_the_session_and_not_from_the_message(visit, small):
    person = visit("operator")
    assert person.post("/acts", {**ACT, "person": "A. Kaur"}).status_code == 400
    assert person.post("/acts", ACT).status_code == 200
    assert [(one.person, one.role) for one in small.asked] == [("R. Singh", "operator")]


MALFORMED = [
    "", "{", "[]", "null", "7", '{"type": "launch"}', '{"type": "view"}',
    '{"type": "view", "time_s": "now"}', '{"type": "view", "time_s": NaN}',
    '{"type": "view", "time_s": -1e300}', '{"type": "play", "speed": 0, "paused": false}',
    '{"type": "play", "speed": 1e9, "paused": false}', '{"type": "select", "track": -1}',
    '{"type": "select", "track": 1.5}', '{"type": "ping", "sent": 1, "more": 2}', "[" * 4_000,
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:40])
def test_a_malformed_message_closes_the_socket(visit, text):
    with visit().socket() as wire:
        wire.socket.send(text)
        code, words = closed(wire)
    assert code == 1007
    assert words.startswith("not understood")


def test_an_oversize_message_closes_the_socket(visit):
    with visit().socket() as wire:
        wire.socket.send('{"type": "ping", "sent": 1' + " " * 4_096 + "}")
        code, words = closed(wire)
    assert code == 1009
    assert "4096" in words


def test_an_oversize_message_in_small_frames_closes_the_socket(visit):
    with visit().socket() as wire:
        with contextlib.suppress(ConnectionClosed):
            wire.socket.send(" " * 1_000 for _ in range(6))
        code, _ = closed(wire)
    assert code == 1009


def test_a_binary_message_closes_the_socket(visit):
    with visit().socket() as wire:
        wire.socket.send(b"\0\1\2")
        code, words = closed(wire)
    assert (code, words) == (1003, "a page sends text only")


def test_text_that_is_no_utf8_closes_the_socket(visit):
    with visit().socket() as wire:
        wire.socket.send(b"\xff\xfe", text=True)
        assert closed(wire)[0] == 1007


def test_a_flood_closes_the_socket_and_no_other(visit):
    person = visit()
    with person.socket() as calm, person.socket() as wire:
        with contextlib.suppress(ConnectionClosed):
            for k in range(200):
                wire.send(type="ping", sent=k)
        code, words = closed(wire)
        assert code == 1008
        assert "50 messages a second" in words
        calm.send(type="ping", sent=4.0)
        assert calm.next("pong")["sent"] == 4.0


def test_so_many_pages_and_no_more(visit, monkeypatch):
    monkeypatch.setattr("chowki.outputs.web.clients.MOST_CLIENTS", 2)
    person = visit()
    with person.socket() as first, person.socket() as second:
        first.next("hello")
        second.next("hello")
        with person.socket() as third:
            assert closed(third) == (1013, "2 pages are open already")
    latest = time.monotonic() + 5.0
    while len(person.server.clients) and time.monotonic() < latest:
        time.sleep(0.01)
    with person.socket() as again:
        again.next("hello")


def test_messages_are_not_compressed(visit):
    """What is compressed together can be guessed together; and a fifth is all it would save."""
    with visit().socket(compression="deflate") as wire:
        assert "Sec-WebSocket-Extensions" not in wire.socket.response.headers


def test_no_forwarded_header_is_believed(visit):
    person = visit()
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    answer = person.http.get("/state", headers={**sent, "Forwarded": "host=evil.example"})
    assert answer.status_code == 200
    assert "wss:" not in answer.headers["content-security-policy"]
