"""The inbox: nothing is lost, nothing changes its place, and the loop gives the time."""

from __future__ import annotations

import threading

from chowki.core.inbox import Inbox
from chowki.core.messages import Act, Status


def test_events_come_out_once_in_order_with_the_time_of_the_loop():
    inbox = Inbox()
    inbox.put(Act(1.0, "A", "release", "7"))
    inbox.put(Status(99.0, "Jammu", "alarm", "raised"))
    assert len(inbox) == 2
    taken = inbox.drain(5.0)
    assert taken == [Act(5.0, "A", "release", "7"), Status(5.0, "Jammu", "alarm", "raised")]
    assert inbox.drain(6.0) == []


def test_whoever_waits_is_told_after_the_event_is_there():
    inbox, seen = Inbox(), []
    inbox.on_put(lambda: seen.append(len(inbox)))
    inbox.put(Act(0.0, "A", "release"))
    inbox.put(Act(0.0, "A", "refuse"))
    assert seen == [1, 2]


def test_nothing_is_lost_between_threads():
    inbox, taken = Inbox(), []
    writers = [
        threading.Thread(
            target=lambda name=name: [inbox.put(Act(0.0, name, "act", str(k))) for k in range(500)]
        )
        for name in "abcd"
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        taken += inbox.drain(1.0)
    taken += inbox.drain(1.0)
    for name in "abcd":
        assert [act.subject for act in taken if act.person == name] == [str(k) for k in range(500)]
