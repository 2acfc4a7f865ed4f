"""What open pages are told, where they look, and what a slow one costs the others."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time

import pytest
from websockets.exceptions import ConnectionClosed

from chowki.outputs.web.accounts import Account
from chowki.outputs.web.clients import Clients, Pace
from chowki.outputs.web.cursor import Cursor
from chowki.outputs.web.line import CUT
from chowki.outputs.web.session import Clock
from chowki.outputs.web.sharing import Sharing, to_json

SPAN = (1_000.0, 2_000.0)


def test_a_cursor_that_looks_back_moves_by_its_own_clock():
    cursor = Cursor().looking_at(1_500.0, 10.0).playing(30.0, False, None, 10.0)
    assert cursor.moved(12.0, SPAN, True).time_s == 1_560.0
    stopped = cursor.playing(30.0, True, None, 12.0)
    assert stopped.moved(100.0, SPAN, True).time_s == 1_560.0
    assert stopped.playing(2.0, False, None, 100.0).moved(105.0, SPAN, True).time_s == 1_570.0


def test_steps_of_a_cursor_add_up_to_one_long_one():
    whole = Cursor(1_000.0, speed=7.0).moved(50.0, SPAN, True)
    steps = Cursor(1_000.0, speed=7.0)
    for now_s in range(51):
        steps = steps.moved(float(now_s), SPAN, True)
    assert steps.time_s == pytest.approx(whole.time_s, abs=1e-6) == 1_350.0


def test_a_cursor_that_reaches_the_edge_of_a_live_session_stays_on_it():
    cursor = Cursor(1_990.0, speed=2.0).moved(6.0, SPAN, True)
    assert cursor.time_s is None
    assert cursor.moved(100.0, (1_000.0, 3_000.0), True).time_s is None


def test_a_finished_recording_stops_at_its_end_or_starts_again():
    assert Cursor(1_990.0).moved(60.0, SPAN, False) == Cursor(2_000.0, paused=True, set_s=60.0)
    again = Cursor(1_990.0, loop=True).moved(60.0, SPAN, False)
    assert (again.time_s, again.paused) == (1_000.0, False)
    stands = Cursor(2_000.0, paused=True, loop=True).moved(60.0, SPAN, False)
    assert stands.time_s == 2_000.0


def test_a_cursor_never_looks_before_the_start():
    assert Cursor(5.0, paused=True).moved(1.0, SPAN, True).time_s == 1_000.0


def test_equal_questions_are_asked_once_until_something_is_new(small):
    sharing = Sharing(small)
    assert sharing.refresh()
    first = [sharing.edge() for _ in range(20)]
    assert small.encoded == 1
    assert all(one is first[0] for one in first)
    assert not sharing.refresh()
    small.step()
    assert sharing.edge() is first[0]
    assert sharing.refresh()
    assert sharing.edge() is not first[0]
    assert small.encoded == 2


def test_the_engines_clock_alone_is_something_new(small):
    sharing = Sharing(small)
    sharing.refresh()
    small.paused = True
    assert sharing.refresh()
    assert small.clock() == Clock(1.0, True, True)


def test_unknown_numbers_are_null_however_deep():
    assert (
        to_json({"a": [1.0, {"b": (float("inf"), float("nan"))}]})
        == '{"a":[1.0,{"b":[null,null]}]}'
    )
    with pytest.raises(TypeError, match="set"):
        to_json({"a": {1}})


def test_a_page_is_told_in_order(visit, small):
    small.say("first")
    with visit("approver").socket() as page:
        hello = page.next("hello")
        assert hello["user"] == {"name": "A. Kaur", "role": "approver"}
        assert (hello["protocol"], hello["rate_hz"], hello["layers"]) == (1, 20.0, [])
        events = page.next("events")
        assert (events["reset"], [one["text"] for one in events["events"]]) == (True, ["first"])
        assert page.next("series")["reset"] is True
        time_s, columns = page.next("block")
        assert time_s == small.edge_s
        assert columns["track"].tolist() == [1, 2, 3]
        assert page.next("state")["time_s"] == small.edge_s


def test_events_and_counts_are_told_once_each_and_none_is_lost(visit, small):
    small.say("event 0")
    with visit().socket() as page:
        seen, resets = [], []
        for k in range(1, 30):
            small.say(f"event {k}")
            small.step(5.0)
            if k % 7 == 0:
                take_events(page, seen, resets)
        while len(seen) < 30:
            take_events(page, seen, resets)
        assert seen == list(range(1, 31))
        assert resets == [True] + [False] * (len(resets) - 1)
        assert len(resets) > 3
    with visit().socket() as page:
        times = page.next("series")["time_s"]
        small.step(10.0)
        times += page.next("series")["time_s"]
        assert times == sorted(set(times))
        assert times[-1] >= small.edge_s - 10.0


def test_a_selected_track_comes_with_its_details(visit, small):
    with visit().socket() as page:
        page.next("state")
        page.send(type="select", track=2)
        assert page.next("detail")["known"] is True
        page.send(type="select", track=99)
        lost = page.next("detail")
        assert (lost["track"], lost["known"]) == (99, False)


def test_details_come_at_most_once_a_second(visit, small):
    with visit().socket() as page:
        page.send(type="select", track=2)
        page.next("detail")
        start_s = time.monotonic()
        while time.monotonic() < start_s + 0.5:
            small.step()
            page.next("state")
        page.next("detail")
        assert 0.8 < time.monotonic() - start_s < 4.0


def test_each_page_looks_where_it_wants(visit, small):
    person = visit()
    with person.socket() as back, person.socket() as live:
        back.send(type="play", speed=1.0, paused=True)
        back.send(type="view", time_s=small.edge_s - 300.0)
        state = back.next("state")
        while state["at_edge"]:
            state = back.next("state")
        assert state["time_s"] == small.edge_s - 300.0
        assert state["clock"] == {"speed": 1.0, "paused": True, "live": True}
        assert state["engine"] == {"speed": 1.0, "paused": False, "live": True}
        assert live.next("state")["at_edge"] is True
        back.send(type="view", time_s=None)
        while not state["at_edge"]:
            state = back.next("state")
        assert state["time_s"] == small.edge_s


def test_looking_back_plays_up_to_the_edge(visit, small):
    with visit().socket() as page:
        page.send(type="view", time_s=small.edge_s - 6.0)
        page.send(type="play", speed=20.0, paused=False)
        times = []
        while not (state := page.next("state"))["at_edge"] or not times:
            if not state["at_edge"]:
                times.append(state["time_s"])
        assert times == sorted(times)
        assert len(set(times)) > 2


def test_a_finished_recording_opens_at_its_start_and_plays(visit, small):
    small.live = False
    small.generation += 1
    with visit(cursor=Cursor(speed=60.0, loop=True)).socket() as page:
        first = page.next("state")
        assert first["time_s"] == pytest.approx(small.span_s[0], abs=60.0)
        assert (first["at_edge"], first["clock"]["live"], first["clock"]["speed"]) == (
            False, False, 60.0,
        )  # fmt: skip
        assert page.next("state")["time_s"] > first["time_s"]
        page.send(type="play", speed=20.0, paused=False)
        page.send(type="view", time_s=small.edge_s - 6.0)
        times = [page.next("state")["time_s"] for _ in range(12)]
        assert small.edge_s - 6.0 <= max(times) <= small.edge_s
        assert times[-1] < small.span_s[0] + 60.0


def test_play_at_the_end_of_a_finished_recording_begins_anew(visit, small):
    small.live = False
    small.generation += 1
    with visit().socket() as page:
        page.send(type="view", time_s=None)
        while not page.next("state")["at_edge"]:
            pass
        page.send(type="play", speed=2.0, paused=False)
        while (state := page.next("state"))["at_edge"]:
            pass
        assert small.span_s[0] <= state["time_s"] < small.span_s[0] + 10.0


def test_a_hidden_page_is_told_little(visit, small):
    with visit().socket() as page:
        page.next("state")
        page.send(type="visible", value=False)
        page.send(type="ping", sent=1.0)
        page.next("pong")
        with contextlib.suppress(TimeoutError):
            page.next("state", timeout=0.3)
        small.step()
        with pytest.raises(TimeoutError):
            page.next("state", timeout=0.5)
        page.send(type="visible", value=True)
        assert page.next("state")["time_s"] == small.edge_s


def test_what_did_not_change_is_not_sent_again_at_once(visit, small):
    with visit().socket() as page:
        play(small, page, 2)
        page.next("state")
        with pytest.raises(TimeoutError):
            page.next("state", timeout=0.5)
        small.step()
        assert page.next("state", timeout=0.5)["time_s"] == small.edge_s


def test_an_act_is_shown_to_all_at_once(visit, small):
    """Whatever the rate: the next picture would be due in ten seconds."""
    viewer = visit("viewer", rate_hz=0.1)
    operator = visit("operator", server=viewer.server)
    with viewer.socket() as page:
        page.next("state")
        small.step()
        assert operator.post("/clock", {"paused": True}).status_code == 200
        assert page.next("state", timeout=3.0)["time_s"] == small.edge_s


def test_a_client_that_takes_nothing_is_dropped_and_costs_the_others_nothing(visit, small):
    small.tracks = 5_000
    person = visit(stall_s=0.6)
    with person.socket() as other, stalled(person) as line:
        other.next("hello")
        assert wait_for(lambda: len(person.server.clients) == 2)
        start_s, count = time.monotonic(), 0
        while len(person.server.clients) == 2 and time.monotonic() < start_s + 5.0:
            play(small, other, 1)
            count += 1
        beside = count / (time.monotonic() - start_s)
        assert 0.5 < time.monotonic() - start_s < 5.0
        start_s = time.monotonic()
        play(small, other, 10)
        assert beside > 0.6 * 10 / (time.monotonic() - start_s)
        assert dropped(line)


class Deaf:
    """A socket whose far end takes so many messages and then nothing, not even a farewell."""

    def __init__(self, takes):
        self.takes, self.cut = takes, []
        self.scope = {"extensions": {CUT: lambda *why: self.cut.append(why)}}

    async def accept(self):
        pass

    async def receive(self):
        await asyncio.sleep(60.0)

    async def send(self, message):
        self.takes -= 1
        if self.takes < 0:
            await asyncio.sleep(60.0)

    async def close(self, code, words):
        await asyncio.sleep(60.0)


@pytest.mark.parametrize("takes", [0, 1, 3])
def test_a_line_that_takes_not_even_a_farewell_is_cut(small, takes):
    """Whichever message it is that is not taken; no ping is needed to find out."""

    async def welcome():
        clients = Clients(Sharing(small), Pace(stall_s=0.1))
        deaf = Deaf(takes)
        person = Account("R. Singh", "operator")
        async with asyncio.timeout(5.0):
            await clients.welcome(deaf, person, {}, lambda: True)
        return deaf.cut, len(clients)

    cut, left = asyncio.run(welcome())
    assert cut == [(1013, "nothing was taken for 0.1 s: open the page again")]
    assert left == 0


def test_a_client_that_answers_no_ping_is_dropped_though_all_was_taken_for_it(visit, small):
    """Little is sent: what the system holds for it would last for hours."""
    small.tracks = 0
    person = visit(stall_s=0.4)
    with stalled(person) as line:
        assert wait_for(lambda: len(person.server.clients) == 1)
        assert wait_for(lambda: len(person.server.clients) == 0, timeout=3.0)
        assert dropped(line)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_what_waits_for_stalled_clients_is_bounded(visit, small):
    """Eight of them, so that two megabytes each stand out from the noise."""
    small.tracks = 5_000
    person = visit(stall_s=30.0)
    with person.socket() as other, contextlib.ExitStack() as stack:
        play(small, other, 10)
        before = resident()
        for _ in range(8):
            stack.enter_context(stalled(person))
        assert wait_for(lambda: len(person.server.clients) == 9)
        play(small, other, 30)
        assert resident() - before < 8 * 2 * 2**20


def test_a_reader_that_is_only_slow_skips_pictures_and_stays(visit, small):
    small.tracks = 5_000
    person = visit(stall_s=1.0)
    with person.socket() as other, person.socket(max_queue=1) as slow:
        slow.next("hello")
        for _ in range(10):
            small.step()
            other.next("block")
        seen = [slow.next("block")[0] for _ in range(3)]
        assert seen == sorted(seen)
        small.step()
        assert wait_for(lambda: slow.next("block")[0] == small.edge_s)


def take_events(page, seen, resets):
    message = page.next("events")
    seen += [one["id"] for one in message["events"]]
    resets.append(message["reset"])


def play(small, page, pictures):
    for _ in range(pictures):
        small.step()
        page.next("block")


def wait_for(holds, timeout=5.0):
    latest = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > latest:
            return False
        time.sleep(0.01)
    return True


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def stalled(person):
    """Open a socket and take nothing from it."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    line.connect(("127.0.0.1", person.server.port))
    with line:
        head = [
            "GET /socket HTTP/1.1", f"Host: 127.0.0.1:{person.server.port}", "Connection: Upgrade",
            "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Origin: {person.base}",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Cookie: {person.cookie}",
        ]  # fmt: skip
        line.sendall("\r\n".join([*head, "", ""]).encode())
        yield line


def dropped(line):
    """Return whether the line ends, once what is on its way was taken."""
    latest = time.monotonic() + 5.0
    line.settimeout(3.0)
    with contextlib.suppress(ConnectionResetError):
        while line.recv(65_536):
            if time.monotonic() > latest:
                return False
    return True


def test_a_server_that_goes_says_so(visit):
    person = visit(stall_s=5.0)
    with person.socket() as page:
        page.next("state")
        person.server.stop()
        with pytest.raises(ConnectionClosed) as caught:
            page.next("nothing of this type")
    assert caught.value.rcvd.code == 1012
