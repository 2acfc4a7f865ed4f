"""The journal: what was acknowledged is there, and no changed byte goes unseen."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core import journal
from chowki.core.errors import JournalError, OutputError
from chowki.core.journal import JournalReader, JournalWriter, verify
from chowki.core.segments import GENESIS, Channel, Damage, segment_paths

PAYLOADS = [f"record {n}".encode() * (1 + n % 3) for n in range(12)]


def write(folder: Path, payloads: list[bytes] = PAYLOADS, **options: int) -> JournalWriter:
    writer = JournalWriter(folder, **options)
    for payload in payloads:
        writer.append(Channel.EVENT, payload)
    writer.commit()
    return writer


def payloads_of(folder: Path) -> list[bytes]:
    return [record.payload for record in JournalReader(folder).records()]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    writer = write(tmp_path)
    writer.close()
    reader = JournalReader(tmp_path)
    records = list(reader.records())
    assert [record.payload for record in records] == PAYLOADS
    assert [record.number for record in records] == list(range(len(PAYLOADS)))
    assert reader.closed
    assert reader.torn is None
    assert reader.head == writer.head
    assert verify(tmp_path) == []


def test_the_chain_is_sha256_of_the_one_before_channel_number_payload(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    chain = hashlib.sha256(b"chowki journal 1").digest()
    assert chain == GENESIS
    for number, payload in enumerate((b"one", b"", b"three")):
        writer.append(Channel.TRUTH, payload)
        head = (3).to_bytes(4, "little") + number.to_bytes(8, "little")
        chain = hashlib.sha256(chain + head + payload).digest()
        assert writer.head == chain.hex()
    writer.close()


@given(
    st.lists(st.tuples(st.integers(1, 4), st.binary(max_size=300)), max_size=30),
    st.integers(1, 5),
    st.sampled_from([200, 1000, 10**6]),
    st.lists(st.booleans(), min_size=30, max_size=30),
    st.booleans(),
)
@settings(deadline=None, max_examples=25)
def test_head_depends_neither_on_commits_nor_on_segments(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, bytes]],
    group: int,
    segment: int,
    syncs: list[bool],
    behind: bool,
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    a = JournalWriter(folder / "a")
    b = JournalWriter(folder / "b", segment_bytes=segment, commit_records=group, behind=behind)
    for (channel, payload), sync in zip(rows, syncs, strict=False):
        a.append(channel, payload)
        b.append(channel, payload, sync=sync)
    a.close()
    b.close()
    assert a.head == b.head
    assert [(r.channel, r.payload) for r in JournalReader(folder / "b").records()] == rows
    assert verify(folder / "b") == []


def flipped(data: bytes, place: int, bit: int = 0) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def record_at(folder: Path, segment: Path, place: int) -> int | None:
    """Number of the record that a byte belongs to; None in the head of a segment."""
    reader = JournalReader(folder)
    numbers = {}
    for path, records in zip(reader.paths, reader.segments(), strict=True):
        numbers[path] = [(r.number, r.offset, r.end) for r in records]
    for number, offset, end in numbers[segment]:
        if offset <= place < end:
            return number
    return None if place < 56 else sum(map(len, numbers.values()))  # the closing record


def test_every_flipped_byte_of_a_small_journal_is_named(tmp_path: Path) -> None:
    write(tmp_path, segment_bytes=400, commit_records=2).close()
    segments = segment_paths(tmp_path)
    assert len(segments) > 2
    for segment in segments:
        whole = segment.read_bytes()
        owners = [record_at(tmp_path, segment, place) for place in range(len(whole))]
        for place in range(len(whole)):
            segment.write_bytes(flipped(whole, place, place % 8))
            damage = verify(tmp_path)[0]
            assert damage.segment == segment.name
            assert damage.offset <= place
            if owners[place] is None:
                assert damage.offset == 0
            else:
                assert damage.record == owners[place]
        segment.write_bytes(whole)
    assert verify(tmp_path) == []


def test_thousands_of_flips_in_a_large_journal_are_found_alone(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    payloads = [chance.bytes(int(n)) for n in chance.integers(0, 2000, 60)]
    write(tmp_path, payloads).close()
    (segment,) = segment_paths(tmp_path)
    whole = segment.read_bytes()
    spans = [(r.offset, r.end) for r in JournalReader(tmp_path).records()]
    for place in chance.choice(np.arange(56, spans[-1][1]), 2000, replace=False).tolist():
        owner = next(n for n, (start, end) in enumerate(spans) if start <= place < end)
        segment.write_bytes(flipped(whole, place, place % 8))
        damages = verify(tmp_path)
        assert [d.record for d in damages] == [owner]
        assert damages[0].offset == spans[owner][0]


def test_a_reader_stops_at_damage_and_says_where(tmp_path: Path) -> None:
    write(tmp_path).close()
    (segment,) = segment_paths(tmp_path)
    whole = segment.read_bytes()
    start = [r.offset for r in JournalReader(tmp_path).records()][5]
    segment.write_bytes(flipped(whole, start + 60))
    records = JournalReader(tmp_path).records()
    for _ in range(5):
        next(records)
    with pytest.raises(JournalError, match=f"000000.chowki: byte {start}, record 5: .*checksum"):
        next(records)
    with pytest.raises(JournalError, match="record 5"):
        JournalWriter(tmp_path)


def test_a_torn_tail_at_every_byte_is_cut_to_the_last_whole_record(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source, segment_bytes=500, commit_records=3).close()
    paths = segment_paths(source)
    ends = [record.end for record in JournalReader(source).records()]
    assert len(ends) == len(PAYLOADS)
    last = paths[-1].read_bytes()
    before = sum(len(numbers) for numbers in _segments(source)[:-1])
    here = ends[before:]
    for cut in range(len(last)):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        for path in paths[:-1]:
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / paths[-1].name).write_bytes(last[:cut])
        expected = PAYLOADS[: before + sum(end <= cut for end in here)]
        assert payloads_of(folder) == expected
        assert verify(folder)[-1].torn
        writer = JournalWriter(folder)
        whole = cut in {56, *here}
        assert (writer.recovered is None) == whole
        assert writer.acknowledged == len(expected)
        writer.append(Channel.EVENT, b"after the crash", sync=True)
        writer.close()
        assert payloads_of(folder) == [*expected, b"after the crash"]
        assert verify(folder) == []


def _segments(folder: Path) -> list[list[int]]:
    return [[r.number for r in records] for records in JournalReader(folder).segments()]


def test_missing_swapped_and_truncated_segments_are_found(tmp_path: Path) -> None:
    write(tmp_path, segment_bytes=300, commit_records=1).close()
    paths = segment_paths(tmp_path)
    contents = [path.read_bytes() for path in paths]
    assert len(paths) >= 4

    def restore() -> None:
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)

    paths[1].unlink()
    assert "missing or out of order" in verify(tmp_path)[0].what
    restore()
    paths[1].write_bytes(contents[2])
    paths[2].write_bytes(contents[1])
    found = verify(tmp_path)
    assert {d.segment for d in found} >= {paths[1].name, paths[2].name}
    restore()
    paths[-1].unlink()
    assert verify(tmp_path)[-1].what.startswith("no closing record")
    restore()
    paths[1].write_bytes(contents[1][:-5])
    damages = verify(tmp_path)
    assert damages[0].segment == paths[1].name
    assert "missing" in damages[0].what
    with pytest.raises(JournalError, match=paths[1].name):
        payloads_of(tmp_path)


def test_records_taken_out_repeated_or_replaced_are_found(tmp_path: Path) -> None:
    write(tmp_path).close()
    (path,) = segment_paths(tmp_path)
    whole = path.read_bytes()
    spans = [(r.offset, r.end) for r in JournalReader(tmp_path).records()]
    (a, b), (c, d) = spans[4], spans[5]
    path.write_bytes(whole[:a] + whole[b:])
    assert [(x.record, x.offset) for x in verify(tmp_path)] == [(4, a)]
    path.write_bytes(whole[:b] + whole[a:b] + whole[b:])
    assert verify(tmp_path)[0].what == "record 4 stands here again"
    path.write_bytes(whole[:a] + whole[c:d] + whole[a:b] + whole[d:])
    assert verify(tmp_path)[0].record == 4
    other = tmp_path / "other"
    write(other, [*PAYLOADS[:4], PAYLOADS[4][::-1], *PAYLOADS[5:]]).close()
    forged = (other / path.name).read_bytes()
    path.write_bytes(whole[:a] + forged[a:b] + whole[b:])
    assert [x.record for x in verify(tmp_path)] == [5], (
        "a replaced record breaks the chain after it"
    )


def test_a_journal_that_is_no_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal here"):
        JournalReader(tmp_path / "nowhere")
    with pytest.raises(JournalError, match="no journal here"):
        verify(tmp_path)
    (tmp_path / "000000.chowki").write_bytes(b"something else entirely" * 10)
    with pytest.raises(JournalError, match="byte 0"):
        payloads_of(tmp_path)
    (tmp_path / "000000.chowki").unlink()
    (tmp_path / "000000.chowki").mkdir()
    with pytest.raises(JournalError, match="cannot be read"):
        payloads_of(tmp_path)


def test_a_closed_journal_takes_nothing_more(tmp_path: Path) -> None:
    writer = write(tmp_path)
    writer.close()
    writer.close()
    with pytest.raises(OutputError):
        writer.append(Channel.EVENT, b"late")
    with pytest.raises(JournalError, match="closed"):
        JournalWriter(tmp_path)


def test_a_group_is_committed_by_number_age_and_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(journal.time, "monotonic", lambda: now[0])
    writer = JournalWriter(tmp_path, commit_records=5, commit_period_s=1.0)
    for expected in (0, 0, 0, 0, 5, 5):
        writer.append(Channel.EVENT, b"x")
        assert writer.acknowledged == expected
    now[0] = 1.5
    writer.append(Channel.EVENT, b"x")
    assert writer.acknowledged == 7
    writer.append(Channel.EVENT, b"x")
    assert writer.acknowledged == 7
    writer.append(Channel.EVENT, b"x", sync=True)
    assert writer.acknowledged == 9


def _short(limit: int, real: Callable[..., int]) -> Callable[[int, memoryview], int]:
    """A disk with room for so many bytes: the call that fills it returns short, the next fails."""
    left = [limit]

    def write(handle: int, data: memoryview) -> int:
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        written = real(handle, data[: left[0]])
        left[0] -= written
        return written

    return write


@pytest.mark.parametrize("room", [0, 1, 40, 100, 777])
def test_a_disk_that_fills_within_a_write_loses_nothing_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    writer = write(tmp_path)
    acknowledged = writer.acknowledged
    monkeypatch.setattr(os, "write", _short(room, os.write))
    for n in range(20):
        writer.append(Channel.EVENT, f"more {n} ".encode() * 10)
    with pytest.raises(OutputError, match="No space left"):
        writer.commit()
    with pytest.raises(OutputError, match="No space left"):
        writer.append(Channel.EVENT, b"after the fault")
    writer.close()
    monkeypatch.undo()
    assert acknowledged == len(PAYLOADS)
    assert payloads_of(tmp_path) == PAYLOADS
    assert [d.torn for d in verify(tmp_path)] == [True]
    again = JournalWriter(tmp_path)
    assert again.recovered is None, "the file was cut back, nothing torn is left"
    again.append(Channel.EVENT, b"room again")
    again.close()
    assert payloads_of(tmp_path) == [*PAYLOADS, b"room again"]


def test_short_writes_that_go_on_are_not_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    write(tmp_path).close()
    assert payloads_of(tmp_path) == PAYLOADS
    assert verify(tmp_path) == []


def test_a_sync_that_fails_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = write(tmp_path)

    def fail(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OutputError, match="Input/output"):
        writer.append(Channel.EVENT, b"lost", sync=True)
    assert writer.acknowledged == len(PAYLOADS)
    writer.abandon()
    assert payloads_of(tmp_path) == PAYLOADS


def test_a_thread_syncs_behind_and_commit_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_gate, real = threading.Event(), os.fdatasync

    def slow(handle: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            assert open_gate.wait(10.0)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    writer = JournalWriter(tmp_path, commit_records=2, behind=True)
    for payload in PAYLOADS:
        writer.append(Channel.EVENT, payload)
    assert writer.acknowledged == 0, "the disk is slow, and nobody waited for it"
    open_gate.set()
    writer.append(Channel.EVENT, b"last", sync=True)
    assert writer.acknowledged == len(PAYLOADS) + 1
    writer.close()
    assert payloads_of(tmp_path) == [*PAYLOADS, b"last"]


def test_a_sync_that_fails_behind_is_told_at_the_next_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path, commit_records=3, behind=True)
    writer.append(Channel.EVENT, b"safe", sync=True)

    def fail(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    for _ in range(3):
        writer.append(Channel.EVENT, b"lost")
    with pytest.raises(OutputError, match="Input/output"):
        writer.commit()
    assert writer.acknowledged == 1
    writer.close()
    assert payloads_of(tmp_path) == [b"safe"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        JournalWriter(tmp_path / "file" / "journal")


def test_damage_reads_as_one_line() -> None:
    damage = Damage("000001.chowki", 96, 4, "record does not match its checksum")
    words = "000001.chowki: byte 96, record 4: record does not match its checksum"
    assert str(damage) == words
