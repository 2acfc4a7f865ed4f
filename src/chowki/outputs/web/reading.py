"""A journal read into a chronicle: scans are passed over but for the last ones."""

from __future__ import annotations

from chowki.core.codec import Decoder
from chowki.core.journal import JournalReader
from chowki.core.messages import Act, Status, Tick
from chowki.core.places import Theatre
from chowki.core.segments import Channel
from chowki.outputs.web.chronicle import Chronicle

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
    decoder, edge_s = Decoder(), -1.0
    for number, record in enumerate(reader.records()):
        if record.channel == Channel.TRUTH:
            continue  # never shown
        message = decoder.decode(record.payload)
        if isinstance(message, Theatre):
            decoder = Decoder(message.sensors)
        elif isinstance(message, (Act, Status, Tick)):
            edge_s = message.time_s
        chronicle.add(message)
        if number % TOLD_EVERY == 0 and edge_s > 0.0:
            chronicle.advance(edge_s)
    if edge_s > 0.0:
        chronicle.advance(edge_s)
