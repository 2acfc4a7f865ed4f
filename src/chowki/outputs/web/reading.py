"""A journal read into a chronicle."""

from __future__ import annotations

from chowki.core.codec import Decoder
from chowki.core.journal import JournalReader
from chowki.core.messages import Act, Scan, Status, Tick
from chowki.core.places import Theatre
from chowki.core.segments import Channel, Record
from chowki.outputs.web.chronicle import Chronicle
from chowki.outputs.web.scans import RecordedScans

TOLD_EVERY = 2_000  # records between two times that the edge moves while reading


def read_into(chronicle: Chronicle, reader: JournalReader) -> None:
    """Fill a chronicle from a journal, as far as it is whole.

    Parameters
    ----------
    chronicle : Chronicle
        Of the journal's theatre.
    reader : JournalReader
        At its first record.

    Raises
    ------
    JournalError
        At the first damage; what came before stays in the chronicle.
    """
    shelf = RecordedScans(reader.paths, chronicle.theatre)
    chronicle.scans = shelf
    reading = _Reading(chronicle, shelf)
    for index, segment in enumerate(reader.segments()):
        for record in segment:
            reading.take(record, index)
    reading.tell()


class _Reading:
    """One pass over a journal."""

    def __init__(self, chronicle: Chronicle, shelf: RecordedScans) -> None:
        self._chronicle, self._shelf = chronicle, shelf
        self._decoder = Decoder()
        self._edge_s = chronicle.theatre.station.start_s

    def take(self, record: Record, segment: int) -> None:
        """Take a record; truth is never shown."""
        if record.channel == Channel.TRUTH:
            return
        message = self._decoder.decode(record.payload)
        if isinstance(message, Theatre):
            self._decoder = Decoder(message.sensors)
        elif isinstance(message, Scan):
            length = len(record.payload)
            self._shelf.note(message, segment, record.end - length, length)
        elif isinstance(message, (Act, Status, Tick)):
            self._edge_s = message.time_s
        self._chronicle.add(message)
        if record.number % TOLD_EVERY == 0:
            self.tell()

    def tell(self) -> None:
        """Let the edge come to the last time read."""
        self._chronicle.advance(self._edge_s)
