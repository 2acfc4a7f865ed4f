"""The one record of truth: an append-only journal that can be proved.

What was acknowledged (``commit`` returned) is on the medium. A crash leaves a torn tail, which is
cut to the last whole record. The format is in ``core.segments``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from chowki.core.errors import JournalError, OutputError
from chowki.core.segments import (
    SEGMENT_HEAD_BYTES,
    Channel,
    Damage,
    Record,
    Tail,
    read_segment,
    record_bytes,
    segment_head,
    segment_name,
    segment_paths,
    walk,
)

SEGMENT_BYTES = 64 * 1024 * 1024
_PENDING_BYTES = 4 * 1024 * 1024


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the medium.

    Raises
    ------
    OSError
        If that fails.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class JournalWriter:
    """Appends records to a journal; goes on with one that a crash has left open.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    segment_bytes : int
        The next segment is started once a commit has made one this long.
    commit_records : int
        A group is committed when it holds so many records ...
    commit_period_s : float
        ... or when its first record is so old, seconds of wall time.
    behind : bool
        Let a group that is due be synced by a thread: a slow disk then delays what is
        acknowledged, and not the caller. ``commit`` and ``sync=True`` wait all the same.

    Attributes
    ----------
    recovered : Damage or None
        The torn tail that was cut off on opening.

    Raises
    ------
    OutputError
        If the journal can't be written, here and in every method. What was acknowledged
        before stays readable; nothing is appended after that.
    JournalError
        If there is a journal already that is closed, or damaged elsewhere than at its end.
    """

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        commit_records: int = 1000,
        commit_period_s: float = 0.01,
        behind: bool = False,
    ) -> None:
        self.folder = folder
        self.recovered: Damage | None = None
        self._segment_bytes = segment_bytes
        self._commit_records = commit_records
        self._commit_period_s = commit_period_s
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._pending_since_s = 0.0
        self._handle = -1
        self._fault = ""
        self._size = 0
        self._index = -1
        self._tail = Tail()
        self._synced = (0, 0)  # records acknowledged, and the size of the segment with them
        self._pool = ThreadPoolExecutor(1, "journal") if behind else None
        self._syncing: Future[tuple[int, int]] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._open()
        except OSError as error:
            raise self._failed(error) from error

    @property
    def head(self) -> str:
        """Return the chain after the last record, in hexadecimal: the digest of all records."""
        return self._tail.chain.hex()

    @property
    def acknowledged(self) -> int:
        """Return the number of records that are known to be on the medium."""
        if self._syncing is not None and self._syncing.done() and not self._syncing.exception():
            return self._syncing.result()[0]
        return self._synced[0]

    def append(self, channel: int, payload: bytes, *, sync: bool = False) -> int:
        """Add a record and return its number.

        Parameters
        ----------
        channel : int
            A ``Channel``.
        payload : bytes
            At most 4 GiB.
        sync : bool
            Return only when this record and all before it are on the medium.
        """
        if self._fault:
            raise OutputError(self._fault)
        number = self._tail.record
        head, self._tail = record_bytes(self._tail, channel, payload)
        if not self._pending:
            self._pending_since_s = time.monotonic()
        self._pending += (head, payload)
        self._pending_bytes += len(head) + len(payload)
        if sync:
            self.commit()
        elif self._is_due():
            self._group()
        return number

    def commit(self) -> None:
        """Bring all records to the medium; returns when they are there."""
        if self._fault:
            raise OutputError(self._fault)
        try:
            self._write_pending()
            self._await_sync()
            if self._synced[0] < self._tail.record:
                self._synced = self._sync(self._tail.record, self._size)
            if self._size >= self._segment_bytes:
                self._next_segment()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Write the closing record, commit, and let go; a journal that failed is only let go."""
        if self._handle < 0:
            return
        try:
            if not self._fault:
                text = json.dumps({"records": self._tail.record})
                self.append(Channel.CLOSING, text.encode(), sync=True)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go without a closing record; what was not committed is lost, as in a crash."""
        if self._pool is not None:
            self._pool.shutdown()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._fault = self._fault or f"{self.folder}: the journal is closed"

    def _is_due(self) -> bool:
        return (
            len(self._pending) >= 2 * self._commit_records
            or self._pending_bytes >= _PENDING_BYTES
            or time.monotonic() - self._pending_since_s >= self._commit_period_s
        )

    def _group(self) -> None:
        """Commit a group that is due, or have it committed behind the caller's back."""
        if self._pool is None or self._size + self._pending_bytes >= self._segment_bytes:
            self.commit()
            return
        try:
            self._write_pending()
            if self._syncing is None or self._syncing.done():
                self._await_sync()
                self._syncing = self._pool.submit(self._sync, self._tail.record, self._size)
        except OSError as error:
            raise self._failed(error) from error

    def _write_pending(self) -> None:
        if self._pending:
            self._write(b"".join(self._pending))
            self._pending.clear()
            self._pending_bytes = 0

    def _write(self, data: bytes) -> None:
        """Write all of it at the end.

        ``os.write`` returns short on a full disk without raising; only the next call raises.
        """
        os.lseek(self._handle, self._size, os.SEEK_SET)
        rest = memoryview(data)
        while rest:
            written = os.write(self._handle, rest)
            if written <= 0:
                raise OSError(0, "nothing could be written")
            rest = rest[written:]
        self._size += len(data)

    def _sync(self, records: int, size: int) -> tuple[int, int]:
        """Bring what was written to the medium; return what is there now."""
        os.fdatasync(self._handle)
        return records, size

    def _await_sync(self) -> None:
        """Wait for the thread, and take over what it acknowledged or how it failed."""
        if self._syncing is not None:
            done, self._syncing = self._syncing, None
            self._synced = done.result()

    def _failed(self, error: OSError) -> OutputError:
        """Cut the file back to whole records, and refuse all that follows.

        Records that were written whole are kept if they can be synced now; else only what was
        acknowledged is.
        """
        self._fault = f"{self.folder}: the journal cannot be written: {error.strerror or error}"
        if self._handle >= 0:
            with suppress(OSError):
                self._await_sync()
            try:
                os.ftruncate(self._handle, self._size)
                self._synced = self._sync(self._tail_written(), self._size)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._handle, self._synced[1])
        return OutputError(self._fault)

    def _tail_written(self) -> int:
        """Return the number of records written, whether synced or not: all but the pending."""
        return self._tail.record - len(self._pending) // 2

    def _open(self) -> None:
        """Start a journal, or go to the end of one that was left open."""
        try:
            paths = segment_paths(self.folder)
        except JournalError:
            self._next_segment()
            return
        reader = JournalReader(self.folder)
        end = SEGMENT_HEAD_BYTES
        for record in reader.records():
            end = record.end
        if reader.closed:
            raise JournalError(f"{self.folder}: the journal is closed, nothing can be added")
        self.recovered = reader.torn
        self._tail = reader.tail
        self._resume(paths, end)

    def _resume(self, paths: list[Path], end: int) -> None:
        """Cut the last segment to its last whole record, or write its head anew."""
        index = len(paths) - 1
        torn = self.recovered
        if torn is not None and torn.offset == 0:
            paths[index].unlink()
            self._index = index - 1
            self._next_segment()
            return
        if paths[index].stat().st_size == SEGMENT_HEAD_BYTES:
            end = SEGMENT_HEAD_BYTES
        self._index = index
        self._size = end if torn is None else torn.offset
        self._handle = os.open(paths[index], os.O_WRONLY)
        os.ftruncate(self._handle, self._size)
        self._synced = self._sync(self._tail.record, self._size)

    def _next_segment(self) -> None:
        """Leave the present segment and start the next."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._index += 1
        self._size = 0
        path = self.folder / segment_name(self._index)
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        self._write(segment_head(self._index, self._tail))
        self._synced = self._sync(self._tail.record, self._size)
        sync_folder(self.folder)


class JournalReader:
    """Reads a journal from its first record on, and believes nothing it has not checked.

    Parameters
    ----------
    folder : Path
        Folder of the segments.

    Attributes
    ----------
    tail : Tail
        Where the chain stands after the records read so far.
    closed : bool
        True once the closing record was read.
    torn : Damage or None
        The unfinished end at which reading stopped, after a crash.

    Raises
    ------
    JournalError
        If there is no journal.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = segment_paths(folder)
        self.tail = Tail()
        self.closed = False
        self.torn: Damage | None = None

    @property
    def head(self) -> str:
        """Return the chain after the records read so far, in hexadecimal."""
        return self.tail.chain.hex()

    def records(self) -> Iterator[Record]:
        """Yield the records in order, without the closing one.

        Raises
        ------
        JournalError
            At the first damage that is not just a torn tail: names segment, offset, record.
        """
        for segment in self.segments():
            yield from segment

    def segments(self) -> Iterator[Iterator[Record]]:
        """Yield the records of one segment after the other; each must be used up in turn."""
        self.tail, self.closed, self.torn = Tail(), False, None
        for index in range(len(self.paths)):
            yield self._segment(index)

    def _segment(self, index: int) -> Iterator[Record]:
        path = self.paths[index]
        for found in walk(read_segment(path), path.name, index, self.tail):
            if isinstance(found, Damage):
                if not (found.torn and index == len(self.paths) - 1):
                    raise JournalError(f"{self.folder / str(found)}")
                self.torn = found
                return
            self.tail = Tail(found.number + 1, found.chain)
            self.closed = found.channel == Channel.CLOSING
            if not self.closed:
                yield found


def verify(folder: Path) -> list[Damage]:
    """Return everything that is wrong with a journal; nothing when it is whole and closed.

    Parameters
    ----------
    folder : Path
        Folder of the segments.

    Raises
    ------
    JournalError
        If there is no journal, or a segment can't be read.
    """
    damages: list[Damage] = []
    tail, last = Tail(), None
    for index, path in enumerate(segment_paths(folder)):
        data = read_segment(path)
        for found in walk(data, path.name, index, tail):
            if isinstance(found, Damage):
                damages.append(found)
                continue
            tail, last = Tail(found.number + 1, found.chain), found
    name = segment_paths(folder)[-1].name
    if last is None or last.channel != Channel.CLOSING:
        offset = 0 if last is None else last.end
        what = "no closing record: the recording was cut short, or its end is missing"
        damages.append(Damage(name, offset, tail.record, what, torn=True))
    return damages
