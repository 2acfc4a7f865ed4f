"""Remote ID as JSON from an MQTT broker: subscribed to, never published to."""

from __future__ import annotations

import lzma
import math
from typing import TYPE_CHECKING, Any, ClassVar

from chowki.feeds.live.clock import Clock
from chowki.feeds.live.health import Limits
from chowki.feeds.live.remote_id_json import Told, read_told
from chowki.feeds.live.remote_ids import RemoteIdSource, timed
from chowki.feeds.live.source import BREATH_S, Lost
from chowki.feeds.live.spec import Spec

if TYPE_CHECKING:
    from paho.mqtt.client import Client

LARGEST_MESSAGE = 1 << 16
CONNECT_S, KEEPALIVE_S, WAKE_S = 5.0, 20, 0.2
_XZ = b"\xfd7zXZ\x00"


class RemoteIdBroker(RemoteIdSource):
    """Detectors that publish to a broker: ``remote-id:mqtt://HOST[:PORT]/TOPIC``, or mqtts.

    The topic may hold ``+`` and ``#``; without one everything is listened to. MQTT 5 is spoken, so
    that the broker is told not to send messages larger than 64 KiB, or 3.1.1 where the broker knows
    no other. While the broker answers and nothing flies, quiet is normal: then nothing says whether
    the detectors behind it are there, and no scan is made.
    """

    limits: ClassVar[Limits] = Limits(silent_s=30.0, most_hz=1_000.0, quiet_is_normal=True)

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self._topic = spec.path.lstrip("/") or "#"
        self._refused = ""
        self._newest = True

    def _attend(self) -> None:
        self._refused = ""
        client = self._client()
        try:
            client.connect_timeout = self.clock.real_s(CONNECT_S)
            self._connect(client)
            self._await_welcome(client)
            self.opened()
            while self.listening:
                self._turn(client)
                self.meter.alive_s = self.clock.now()
        finally:
            client.disconnect()
            client.loop(0.0)

    def _client(self) -> Client:
        from paho.mqtt import client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        version = mqtt.MQTTv5 if self._newest else mqtt.MQTTv311
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=version)
        if self.spec.secure:
            client.tls_set()
        if self.spec.user:
            client.username_pw_set(self.spec.user, self.spec.password or None)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect(self, client: Client) -> None:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties = None
        if self._newest:
            properties = Properties(PacketTypes.CONNECT)
            properties.MaximumPacketSize = LARGEST_MESSAGE + 1_024
        client.connect(self.spec.host, self.spec.port, KEEPALIVE_S, properties=properties)

    def _await_welcome(self, client: Client) -> None:
        """Wait until the broker has said yes; try the other version next time if it never does."""
        until_s = self.clock.now() + CONNECT_S
        try:
            while not client.is_connected() and self.listening:
                self._turn(client)
                if self.clock.now() > until_s:
                    raise Lost("the broker does not answer")
        except Lost:
            self._newest = not self._newest
            raise

    def _turn(self, client: Client) -> None:
        """Let the client work for a moment.

        Raises
        ------
        Lost
            If the broker refused something or the connection broke.
        """
        from paho.mqtt.client import error_string

        surplus = self.meter.surplus
        code = client.loop(self.clock.real_s(WAKE_S))
        if self._refused:
            raise Lost(self._refused)
        if code:
            raise Lost(error_string(code).rstrip(".").lower())
        if self.meter.surplus > surplus:
            self.rest(BREATH_S)

    def _on_connect(
        self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._refused = f"the broker refuses: {reason}".lower()
        else:
            client.subscribe(self._topic, qos=0)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[Any], _properties: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = f"the broker refuses the topic {self._topic}"

    def _on_message(self, _client: Client, _data: Any, message: Any) -> None:
        now_s = self.clock.now()
        if not self.admit(now_s):
            return
        payload = _unpacked(message.payload)
        if payload is None:
            self.meter.skipped["message larger than 64 KiB, or badly compressed"] += 1
            return
        for told in read_told(payload):
            if told is None:
                self.meter.skipped["message that is no JSON object"] += 1
            elif not told.messages:
                self.meter.noted["message that tells of no drone"] += 1
            else:
                self._told(told, str(message.topic), now_s)

    def _told(self, told: Told, topic: str, now_s: float) -> None:
        if not math.isnan(told.time_s):
            self.timing.take(now_s, told.time_s)
        stated_s = timed(now_s, told.time_s)
        self.heard(self.reader.told(stated_s, told.radio or topic, told.messages), now_s)


def _unpacked(payload: bytes) -> bytes | None:
    """Return a payload, unpacked if it is xz; None when it is too large or damaged."""
    if not payload.startswith(_XZ):
        return payload if len(payload) <= LARGEST_MESSAGE else None
    try:
        reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 26)
        whole = reader.decompress(payload, LARGEST_MESSAGE)
    except lzma.LZMAError:
        return None
    return whole if reader.eof else None
