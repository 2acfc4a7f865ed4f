"""The loop: what it records, what it passes on, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import chowki
from chowki.core import journal
from chowki.core.errors import OutputError, UsageError
from chowki.core.journal import JournalReader
from chowki.core.messages import Event, Frame, Scan, Status, Tick
from chowki.core.records import Tasks
from chowki.core.segments import Channel
from chowki.feeds.recorded import JournalFeed
from chowki.run import Run, replay, run, verify
from chowki.run.result import strict_json

pytestmark = pytest.mark.usefixtures("toy")


def toy_run(out: Path, **options: Any) -> Run:
    return run("toy", out=out, report=False, **options)


def test_a_run_records_every_event_and_every_conclusion(tmp_path: Path) -> None:
    done = toy_run(tmp_path)
    events = list(JournalFeed(tmp_path / "journal").events())
    kinds = {kind: sum(type(e) is kind for e in events) for kind in (Scan, Status, Tick)}
    assert kinds == {Scan: 31, Status: 1, Tick: 61}
    assert [e.time_s for e in events] == sorted(e.time_s for e in events)
    channels = [record.channel for record in JournalReader(tmp_path / "journal").records()]
    assert channels.count(Channel.FRAME) == channels.count(Channel.EVENT) == 93
    for before, channel in pairwise(channels):
        assert (channel == Channel.FRAME) <= (before == Channel.EVENT)
    assert done.state == "complete"
    assert not done.interrupted
    assert verify(tmp_path) == []


def test_an_event_is_recorded_before_anything_follows_from_it(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    append = journal.JournalWriter.append

    def noted(self: Any, channel: int, payload: bytes, *, sync: bool = False) -> int:
        order.append(Channel(channel).name)
        return append(self, channel, payload, sync=sync)

    def step(self: Any, event: Event) -> Frame:
        order.append("step")
        return Frame(event.time_s, complete=False)

    monkeypatch.setattr(journal.JournalWriter, "append", noted)
    monkeypatch.setattr(type(toy.build(toy, 1).station), "step", step)
    toy_run(tmp_path, until_s=3)
    steps = [n for n, what in enumerate(order) if what == "step"]
    assert steps
    assert all(order[n - 1 : n + 2] == ["EVENT", "step", "FRAME"] for n in steps)


def test_only_the_world_obeys_and_the_feed_heeds(tmp_path: Path, toy: Any) -> None:
    done = toy_run(tmp_path)
    world = toy.built.world
    assert [orders.engagement.tolist() for orders in world.obeyed] == [[1]]
    assert [tasks.track.tolist() for tasks in world.heeded] == [[3]]
    truth = done.recording.truth.to_pandas()
    assert truth[truth.target == 10].fate.iloc[-1] == 3, "what was ordered happened"


def test_same_seed_same_digest_other_seed_another(tmp_path: Path) -> None:
    runs = [toy_run(tmp_path / str(n), seed=seed) for n, seed in enumerate([5, 5, 6])]
    assert runs[0].digest == runs[1].digest != runs[2].digest
    assert toy_run(tmp_path / "own").digest == runs[0].digest, "the scenario's own seed is 5"


def test_replay_gives_the_same_frames(tmp_path: Path) -> None:
    toy_run(tmp_path)
    outcome = replay(tmp_path)
    assert (outcome.frames, outcome.equal, outcome.first_difference) == (93, True, None)
    assert replay(tmp_path / "journal").equal


@pytest.mark.parametrize(
    ("at", "change", "words"),
    [
        (30.0, {"tracks": True}, "tracks"),
        (31.0, {"tracks": True}, "tracks or threats"),
        (13.0, {"warnings": True}, "warnings"),
    ],
)
def test_replay_says_where_a_frame_differs(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch, at: float, change: Any, words: str
) -> None:
    toy_run(tmp_path)
    station = type(toy.built.station)
    step = station.step

    def other(self: Any, event: Event) -> Frame:
        frame = step(self, event)
        if event.time_s == self.theatre.station.start_s + at and isinstance(event, Tick):
            tables = {name: type(getattr(frame, name)).empty() for name in change}
            return Frame(**{**{n: getattr(frame, n) for n in Frame.__slots__}, **tables})
        return frame

    monkeypatch.setattr(station, "step", other)
    outcome = replay(tmp_path)
    assert not outcome.equal
    assert outcome.first_difference is not None
    assert outcome.first_difference.endswith(f": {words}")
    assert f"Tick at {toy.built.theatre.station.start_s + at:.3f} s" in outcome.first_difference


def test_replay_notices_another_theatre(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_run(tmp_path)
    build = toy.build

    def other(story: Any, seed: int) -> Any:
        story.overrides = ("sensors=3",)
        return build(story, seed)

    monkeypatch.setattr(toy, "build", other)
    outcome = replay(tmp_path)
    assert not outcome.equal
    assert outcome.first_difference == "the theatre, before the first event"


def test_until_ends_the_run_early(tmp_path: Path) -> None:
    done = toy_run(tmp_path, until_s=10)
    assert done.summary()["simulated_s"] == 10.0
    assert done.state == "complete"


def test_progress_is_told_once_a_second(tmp_path: Path) -> None:
    told: list[tuple[float, float | None, dict[str, int]]] = []
    toy_run(tmp_path, progress=lambda *args: told.append(args))
    assert [seconds for seconds, _, _ in told] == list(range(61))
    assert {total for _, total, _ in told} == {60.0}
    assert told[-1][2]["events"] == 93
    assert told[-1][2]["detections"] == Run(tmp_path).recording.detections.num_rows


def _stop_at(second: float, how: Any) -> Any:
    def progress(done_s: float, _total: float | None, _counts: dict[str, int]) -> None:
        if done_s == second:
            how()

    return progress


def _raise() -> None:
    raise KeyboardInterrupt


def _press_control_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("how", [_raise, _press_control_c])
def test_an_interrupted_run_leaves_a_whole_recording(tmp_path: Path, how: Any) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        toy_run(tmp_path, progress=_stop_at(20.0, how))
    assert signal.getsignal(signal.SIGINT) is handler
    assert verify(tmp_path) == []
    done = Run(tmp_path)
    assert (done.state, done.interrupted) == ("interrupted", True)
    assert done.summary()["simulated_s"] == 20.0
    outcome = replay(tmp_path)
    assert outcome.equal
    assert outcome.frames > 20


def test_a_second_control_c_stops_at_once(tmp_path: Path) -> None:
    def twice() -> None:
        _press_control_c()
        _press_control_c()

    with pytest.raises(KeyboardInterrupt):
        toy_run(tmp_path, progress=_stop_at(20.0, twice))
    assert verify(tmp_path) == []


def test_a_run_off_the_main_thread_leaves_signals_alone(tmp_path: Path) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(toy_run(tmp_path).state))
    thread.start()
    thread.join()
    assert found == ["complete"]


def test_a_run_that_fails_leaves_what_was_received(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = type(toy.build(toy, 1).station)
    step = station.step

    def fail(self: Any, event: Event) -> Frame:
        if event.time_s >= self.theatre.station.start_s + 30.0:
            raise RuntimeError("a fault of ours")
        return step(self, event)

    monkeypatch.setattr(station, "step", fail)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        toy_run(tmp_path)
    done = Run(tmp_path)
    assert done.state == "open"
    assert done.interrupted
    assert len(done.digest) == 64
    events = list(JournalFeed(tmp_path / "journal").events())
    assert events[-1].time_s == toy.built.theatre.station.start_s + 30.0
    assert [damage.torn for damage in verify(tmp_path)] == [True]
    monkeypatch.undo()


def test_a_disk_that_fills_ends_the_run_with_what_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.write, [9_000]

    def write(handle: int, data: memoryview) -> int:
        if left[0] <= 0:
            raise OSError(28, "No space left on device")
        written = real(handle, data[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OutputError, match="No space left"):
        toy_run(tmp_path)
    monkeypatch.undo()
    assert [damage.torn for damage in verify(tmp_path)] == [True]
    assert Run(tmp_path).recording.theatre.station.name == "toy"


def test_nothing_to_run_and_wrong_feeds_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a scenario or give a feed"):
        run(out=tmp_path)
    for feed in ("opensky", "nonsense:file", ":file", "opensky:"):
        with pytest.raises(UsageError, match="kind:path"):
            run(feeds=[feed], out=tmp_path)
    with pytest.raises(UsageError, match="until"):
        toy_run(tmp_path, until_s=float("nan"))


def test_a_feed_that_would_be_built_to_engage_is_refused(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from chowki.core.places import Station
    from chowki.run import assemble

    armed = SimpleNamespace(theatre=toy.build(toy, 1).theatre, station=None, world=None)
    monkeypatch.setattr(toy, "build_for_feed", lambda *_: armed, raising=False)
    station = Station("x", 0.0, 0.0, 0.0, 0.0, 1.0)
    with pytest.raises(RuntimeError, match="nothing that engages"):
        assemble._on_feed(None, station, ())  # pyright: ignore[reportPrivateUsage]


def test_tables_leave_as_arrow(tmp_path: Path) -> None:
    done = toy_run(tmp_path)
    for table in (done.tracks, done.threats, done.engagements, done.warnings):
        assert hasattr(table, "__arrow_c_stream__")
        assert len(table.to_pandas()) == table.num_rows > 0
    assert pa.table(done.tracks).num_rows == done.tracks.num_rows


def test_the_summary_counts_what_was_recorded(tmp_path: Path) -> None:
    summary = toy_run(tmp_path).summary()
    assert (summary["scans"], summary["sensors"], summary["places"]) == (31, 2, 1)
    assert (summary["engagements_ordered"], summary["attackers"]) == (1, 1)
    assert (summary["attackers_intercepted"], summary["leakers"]) == (1, 0)
    assert summary["places_warned"] == 1
    json.dumps(summary, allow_nan=False)


def test_the_card_for_notebooks_shows_map_and_numbers(tmp_path: Path) -> None:
    html = toy_run(tmp_path)._repr_html_()
    assert html.count("<circle") > 5
    assert "<title>Here</title>" in html
    assert "attackers intercepted" in html
    empty = toy_run(tmp_path / "empty", until_s=0)._repr_html_()
    assert "nan" not in empty


def test_a_damaged_manifest_or_table_is_found(tmp_path: Path) -> None:
    done = toy_run(tmp_path)
    assert done.tracks.num_rows
    path = tmp_path / "tables" / "tracks" / "000000.parquet"
    whole = path.read_bytes()
    for place in (10, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert [d.segment for d in verify(tmp_path)] == ["tables/tracks/000000.parquet"]
    path.unlink()
    assert "rebuilt" in verify(tmp_path)[0].what
    path.write_bytes(whole)
    manifest = tmp_path / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**told, "digest": "0" * 64}))
    assert [d.segment for d in verify(tmp_path)] == ["manifest.json"]
    manifest.write_text("{")
    assert [d.segment for d in verify(tmp_path)] == ["manifest.json"]


def test_a_journal_cut_at_a_whole_record_is_found(tmp_path: Path) -> None:
    toy_run(tmp_path)
    (segment,) = (tmp_path / "journal").glob("*.chowki")
    ends = [record.end for record in JournalReader(tmp_path / "journal").records()]
    segment.write_bytes(segment.read_bytes()[: ends[-4]])
    assert "no closing record" in verify(tmp_path)[0].what


def test_the_feed_of_a_journal_ignores_tasks_and_knows_when_it_was_cut(tmp_path: Path) -> None:
    toy_run(tmp_path)
    feed = JournalFeed(tmp_path / "journal")
    feed.heed(Tasks.empty())
    assert len(list(feed.events())) == 93
    assert not feed.cut_short


def test_json_leaves_without_nan() -> None:
    told = {"a": float("nan"), "b": [1.0, float("inf")], 3: np.int64(4), "c": (np.float64(0.5),)}
    assert json.loads(strict_json(told)) == {"a": None, "b": [1.0, None], "3": 4, "c": [0.5]}


def test_chowki_is_called_by_name(tmp_path: Path) -> None:
    done = chowki.run("toy", out=tmp_path, report=False)
    assert isinstance(done, chowki.Run)
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        _ = chowki.walk
