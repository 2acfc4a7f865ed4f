"""Kill -9 at any moment: what was acknowledged is there. And a disk that is really full."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chowki.core.errors import OutputError
from chowki.core.journal import JournalReader, JournalWriter, verify
from chowki.core.segments import Channel

WRITER = """
import sys
from pathlib import Path
from chowki.core.journal import JournalWriter
writer = JournalWriter(Path(sys.argv[1]), segment_bytes=40_000, commit_records=7,
                       behind=len(sys.argv[2]) % 2 == 0)
told, start = -1, writer.acknowledged
for number in range(start, start + 100_000):
    writer.append(1 + number % 3, b"%d " % number * (1 + number % 50), sync=number % 11 == 0)
    if writer.acknowledged != told:
        told = writer.acknowledged
        sys.stdout.write(f"{told}\\n")
        sys.stdout.flush()
"""


def _killed_after(seconds: float, folder: Path, turn: int) -> int:
    """Run a writer, kill it, and return how many records it said were acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), "x" * turn], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        told = [int(line) for line in writer.stdout.read().splitlines() if line.isdigit()]
    return max([int(first or 0), *told])


@pytest.mark.slow
def test_fifty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(11)
    folder = tmp_path / "journal"
    torn = 0
    for turn in range(50):
        acknowledged = _killed_after(chance.uniform(0.0, 0.05), folder, turn)
        reader = JournalReader(folder)
        records = list(reader.records())
        assert len(records) >= acknowledged
        for record in records:
            assert record.payload == b"%d " % record.number * (1 + record.number % 50)
            assert record.channel == 1 + record.number % 3
        torn += reader.torn is not None
        if len(records) > 20_000:
            shutil.rmtree(folder)
    writer = JournalWriter(folder)
    writer.close()
    assert verify(folder) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "chowki-test", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if made.returncode:
        pytest.skip(f"a small file system can't be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _fill(writer: JournalWriter) -> None:
    for number in range(10_000):
        writer.append(Channel.EVENT, b"%d" % number * 500)


def test_a_really_full_disk_keeps_what_was_acknowledged(small_disk: Path) -> None:
    writer = JournalWriter(small_disk / "journal", commit_records=3)
    with pytest.raises(OutputError, match="No space left"):
        _fill(writer)
    writer.close()
    acknowledged = writer.acknowledged
    assert acknowledged > 100
    reader = JournalReader(small_disk / "journal")
    records = list(reader.records())
    assert len(records) == acknowledged
    assert reader.torn is None, "the file was cut back to what was acknowledged"
    assert all(record.payload == b"%d" % record.number * 500 for record in records)


def test_a_read_only_file_system_is_named(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OutputError, match="Read-only file system"):
        JournalWriter(small_disk / "journal")
