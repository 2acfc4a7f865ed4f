"""A journal is also a feed: it yields the recorded events again, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chowki.core.codec import Conclusion, Decoder
from chowki.core.journal import JournalReader
from chowki.core.messages import Event
from chowki.core.places import Theatre
from chowki.core.records import Tasks
from chowki.core.segments import Channel


class JournalFeed:
    """Yields the events of a journal.

    Parameters
    ----------
    folder : Path
        Folder of the segments.

    Raises
    ------
    JournalError
        If there is no journal, and while reading, at the first damage.
    """

    def __init__(self, folder: Path) -> None:
        self._reader = JournalReader(folder)

    @property
    def cut_short(self) -> bool:
        """Return whether the journal read so far ended without its closing record."""
        return not self._reader.closed

    def events(self) -> Iterator[Event]:
        """Yield the events in the order in which they were received."""
        for event, _ in self.concluded():
            yield event

    def concluded(self) -> Iterator[tuple[Event, Conclusion | None]]:
        """Yield each event with what was concluded of it; None if a crash came between."""
        decoder = Decoder()
        event: Event | None = None
        for record in self._reader.records():
            if record.channel == Channel.NOTE:
                note = decoder.decode(record.payload)
                if isinstance(note, Theatre):
                    decoder = Decoder(note.sensors)
            elif record.channel == Channel.EVENT:
                if event is not None:
                    yield event, None
                event = decoder.decode(record.payload)
            elif record.channel == Channel.FRAME and event is not None:
                yield event, decoder.decode(record.payload)
                event = None
        if event is not None:
            yield event, None

    def heed(self, tasks: Tasks) -> None:
        """Take no notice: what was recorded can't be steered."""
