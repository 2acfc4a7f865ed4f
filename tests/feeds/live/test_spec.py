"""How live feeds are written, and what is said when they are written wrongly."""

from __future__ import annotations

import pytest

from chowki.core.errors import UsageError
from chowki.feeds.live import is_live, open_live, read_spec
from chowki.feeds.live.spec import EXAMPLES, Spec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sbs:tcp://127.0.0.1:30003", Spec("sbs", "tcp", "127.0.0.1", 30003)),
        (
            "aircraft-json:http://pi.local/data/aircraft.json",
            Spec("aircraft-json", "http", "pi.local", 80, "/data/aircraft.json"),
        ),
        ("plots:udp://[::1]:9000", Spec("plots", "udp", "::1", 9000)),
        (
            "remote-id:mqtt://127.0.0.1/odid/#?name=roof",
            Spec("remote-id", "mqtt", "127.0.0.1", 1883, "/odid/#", "roof"),
        ),
        (
            "remote-id:mqtts://me:s%40cret@broker:8884/odid/+/x",
            Spec("remote-id", "mqtts", "broker", 8884, "/odid/+/x", "", "me", "s@cret"),
        ),
        ("remote-id:pcap:/data/a.pcap", Spec("remote-id", "pcap", path="/data/a.pcap")),
        ("opensky:dir:in box?name=north", Spec("opensky", "dir", path="in box", name="north")),
    ],
)
def test_a_feed_is_read_as_written(text, expected):
    assert read_spec(text) == expected
    assert is_live(text)


def test_every_example_is_right():
    for text in EXAMPLES:
        assert is_live(text)
        read_spec(text)


@pytest.mark.parametrize("text", ["sbs:night.txt", "opensky:C:/dir/x.csv", "plots", "plots:", ""])
def test_a_recording_is_not_live(text):
    assert not is_live(text)
    with pytest.raises(UsageError, match="it is no live feed; written as one of: aircraft-json"):
        read_spec(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sbs:tcp://127.0.0.1", "host and port are needed"),
        ("sbs:tcp://:30003", "host and port are needed"),
        ("sbs:tcp://h:99999", "can't be read"),
        ("remote-id:pcap:", "pcap needs a path"),
        (":tcp://h:1", "no live feed"),
    ],
)
def test_a_feed_that_is_written_wrongly_says_why(text, why):
    with pytest.raises(UsageError, match=why):
        read_spec(text)


def test_a_password_is_never_shown():
    spec = read_spec("remote-id:mqtt://me:secret@broker/odid")
    assert "secret" not in spec.where + repr(spec)
    with pytest.raises(UsageError) as caught:
        read_spec("sbs:tcp://me:secret@h")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["sbs:udp://127.0.0.1:1", "radar:tcp://127.0.0.1:1"])
def test_an_unknown_kind_names_those_that_are_known(text):
    with pytest.raises(UsageError, match="kinds: aircraft-json:http, plots:udp, remote-id:mqtt"):
        open_live([text])


def test_a_folder_of_an_unknown_kind_names_those_that_are_known():
    with pytest.raises(UsageError, match="kinds: aircraft-json, asterix"):
        open_live(["radar:dir:."])
