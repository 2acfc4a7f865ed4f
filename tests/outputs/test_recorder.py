"""What is recorded, how often, and that truth keeps to its own channel."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chowki.core.codec import Conclusion, Decoder, frame_digest
from chowki.core.errors import OutputError
from chowki.core.journal import JournalReader, verify
from chowki.core.messages import Act, Frame, Scan, Status, Tick
from chowki.core.places import Measures, Sensor, Station, Theatre, Volume
from chowki.core.records import (
    Detections,
    Engagements,
    Fate,
    Orders,
    Tasks,
    Threats,
    Tracks,
    Truth,
    Warnings,
)
from chowki.core.segments import Channel
from chowki.outputs.recorder import Recorder, write_whole

START_S = 1_000_000.0
SENSOR = Sensor(
    4, "radar", "radar", np.zeros(3), np.eye(3), Measures.RANGE, Volume(0.0, 1e4), 4.0, 0.9, 1.0
)
THEATRE = Theatre(Station("toy", 32.0, 75.0, 0.0, START_S, 60.0), sensors=(SENSOR,))
MANIFEST = {"scenario": {"a": 1}, "scenario_digest": "d", "seed": 3, "version": "9", "feeds": []}


def recorder(folder: Path, **manifest: Any) -> Recorder:
    return Recorder(folder, THEATRE, {**MANIFEST, **manifest}, record_period_s=5.0)


def messages(folder: Path, channel: Channel) -> list[Any]:
    decoder = Decoder([SENSOR])
    records = JournalReader(folder / "journal").records()
    return [decoder.decode(r.payload) for r in records if r.channel == channel]


def complete(second: float, **tables: Any) -> Frame:
    rows = 3
    tracks = Tracks.of(track=np.arange(rows), time_s=np.full(rows, START_S + second))
    rank = np.arange(1, 81)
    threats = Threats.of(track=rank, rank=rank, score=np.full(80, second))
    return Frame(START_S + second, True, tracks, threats, **tables)


def test_events_come_back_in_order_with_their_conclusions(tmp_path: Path) -> None:
    scan = Scan(
        START_S, SENSOR, 1, START_S, START_S, SENSOR.volume, Detections.of(time_s=[START_S])
    )
    events = [scan, Status(START_S, "x", "link", "silent"), Act(START_S, "I", "do"), Tick(START_S)]
    frames = [Frame(START_S, False, Tracks.of(track=[n])) for n in range(4)]
    with_recorder = recorder(tmp_path)
    for event, frame in zip(events, frames, strict=True):
        with_recorder.append(event)
        with_recorder.append(frame)
    with_recorder.close()
    back = messages(tmp_path, Channel.EVENT)
    assert [type(event) for event in back] == [Scan, Status, Act, Tick]
    assert back[1:3] == [
        Status(START_S, "x", "link", "silent", outcomes=back[1].outcomes),
        events[2],
    ]
    conclusions = messages(tmp_path, Channel.FRAME)
    assert [c.digest for c in conclusions] == [frame_digest(frame) for frame in frames]
    assert all(len(c.frame.tracks) == 0 for c in conclusions), "a scan's frame is only a digest"


def test_whole_pictures_every_period_and_changed_rows_always(tmp_path: Path) -> None:
    with_recorder = recorder(tmp_path)
    orders = Orders.of(engagement=[1])
    for second in range(13):
        tables: dict[str, Any] = {"orders": orders} if second == 7 else {}
        if second == 8:
            tables = {"warnings": Warnings.of(warning=[1]), "tasks": Tasks.of(sensor=[4])}
        if second == 9:
            tables = {"engagements": Engagements.of(engagement=[1])}
        with_recorder.append(Tick(START_S + second))
        with_recorder.append(complete(second, **tables))
    with_recorder.close()
    found: list[Conclusion] = messages(tmp_path, Channel.FRAME)
    assert [s for s, c in enumerate(found) if c.picture] == [0, 5, 10]
    assert [len(c.frame.tracks) for c in found if c.picture] == [3, 3, 3]
    assert [len(c.frame.threats) for c in found if c.picture] == [50, 50, 50]
    assert found[5].frame.threats.rank.max() == 50
    assert all(not len(c.frame.tracks) + len(c.frame.threats) for c in found if not c.picture)
    assert [len(found[n].frame.orders) for n in (6, 7, 8)] == [0, 1, 0]
    assert (len(found[8].frame.warnings), len(found[8].frame.tasks)) == (1, 1)
    assert len(found[9].frame.engagements) == 1


def truth(second: float, fates: list[int], targets: list[int] | None = None) -> Truth:
    rows = len(fates)
    return Truth.of(
        target=targets or list(range(rows)), time_s=np.full(rows, START_S + second), fate=fates
    )


def test_truth_every_period_and_whenever_a_fate_changes(tmp_path: Path) -> None:
    with_recorder = recorder(tmp_path)
    waiting, flying, ended, hit = Fate.WAITING, Fate.FLYING, Fate.ENDED, Fate.INTERCEPTED
    with_recorder.truth(truth(0, [waiting, flying]))
    with_recorder.truth(truth(1, [flying, flying]))
    with_recorder.truth(truth(2, [flying, flying]))
    with_recorder.truth(truth(3, [flying, hit]))
    with_recorder.truth(truth(5, [flying, hit]))
    with_recorder.truth(truth(6, [ended, flying], [5, 0]))
    with_recorder.truth(Truth.empty())
    with_recorder.close()
    rows = [
        (t.time_s[0] - START_S, t.target.tolist(), t.fate.tolist())
        for t in messages(tmp_path, Channel.TRUTH)
    ]
    assert rows == [
        (0.0, [1], [flying]),
        (1.0, [0], [flying]),
        (3.0, [1], [hit]),
        (5.0, [0], [flying]),
        (6.0, [5], [ended]),
    ]


def test_truth_stays_in_its_channel(tmp_path: Path) -> None:
    with_recorder = recorder(tmp_path)
    with_recorder.append(Tick(START_S))
    with_recorder.truth(truth(0, [Fate.FLYING]))
    with_recorder.append(complete(0))
    with_recorder.close()
    for channel in (Channel.EVENT, Channel.FRAME, Channel.NOTE):
        assert not any(isinstance(m, Truth) for m in messages(tmp_path, channel))


def test_acts_and_warnings_are_on_the_medium_at_once(tmp_path: Path) -> None:
    with_recorder = recorder(tmp_path)
    journal = with_recorder.journal
    journal._commit_period_s = np.inf  # pyright: ignore
    for message, synced in [
        (Tick(START_S), False),
        (Act(START_S, "I", "release"), True),
        (complete(1), False),
        (complete(2, warnings=Warnings.of(warning=[1])), True),
    ]:
        before = journal.acknowledged
        with_recorder.append(message)
        assert (journal.acknowledged > before) == synced
    with_recorder.close()


def test_nobody_waits_for_a_simulated_warning(tmp_path: Path) -> None:
    with_recorder = Recorder(tmp_path, replace(THEATRE, simulated=True), MANIFEST)
    journal = with_recorder.journal
    journal._commit_period_s = np.inf  # pyright: ignore
    before = journal.acknowledged
    with_recorder.append(complete(1, warnings=Warnings.of(warning=[1])))
    assert journal.acknowledged == before
    with_recorder.append(Act(START_S, "I", "release"))
    assert journal.acknowledged > before
    with_recorder.close()


def test_the_chain_knows_the_scenario_and_seed_but_no_clock_host_or_version(
    tmp_path: Path,
) -> None:
    heads = []
    for n, told in enumerate([{}, {"version": "10", "packages": {"numpy": "3"}}, {"seed": 4}]):
        with_recorder = recorder(tmp_path / str(n), **told)
        with_recorder.append(Tick(START_S))
        with_recorder.close()
        heads.append(json.loads((tmp_path / str(n) / "manifest.json").read_text())["digest"])
    assert heads[0] == heads[1]
    assert heads[0] != heads[2]


def test_the_manifest_tells_how_the_recording_ended(tmp_path: Path) -> None:
    def manifest() -> dict[str, Any]:
        return json.loads((tmp_path / "manifest.json").read_text())

    with_recorder = recorder(tmp_path)
    assert (manifest()["state"], manifest()["digest"]) == ("open", None)
    with_recorder.close(interrupted=True)
    assert manifest()["state"] == "interrupted"
    reader = JournalReader(tmp_path / "journal")
    assert len(list(reader.records())) == 2
    assert manifest()["digest"] == reader.head
    assert verify(tmp_path / "journal") == []


def test_a_new_recording_replaces_an_old_one_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "tables" / "tracks").mkdir(parents=True)
    (tmp_path / "journal").mkdir()
    old = ["report.html", "journal/000007.chowki", "tables/tracks/000000.parquet"]
    mine = ["notes.txt", "journal/readme", "tables/tracks/mine.csv"]
    for name in old + mine:
        (tmp_path / name).write_text("x")
    recorder(tmp_path).close()
    assert not any((tmp_path / name).exists() for name in old)
    assert all((tmp_path / name).exists() for name in mine)
    assert verify(tmp_path / "journal") == []


def test_a_failed_run_keeps_what_came_before(tmp_path: Path) -> None:
    with_recorder = recorder(tmp_path)
    with_recorder.append(Tick(START_S))
    with_recorder.abandon()
    assert len(messages(tmp_path, Channel.EVENT)) == 1
    assert json.loads((tmp_path / "manifest.json").read_text())["state"] == "open"
    assert verify(tmp_path / "journal")[0].torn


def test_files_are_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, b"first")

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=r"file\.txt.*No space left"):
        write_whole(path, b"second, never finished")
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file/out"):
        recorder(tmp_path / "file" / "out")
