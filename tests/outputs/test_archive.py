"""Tables out of a journal: pandas and DuckDB read them without chowki, and flips are detected."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest

from chowki.core.errors import JournalError, OutputError
from chowki.core.journal import JournalWriter
from chowki.core.messages import Act, Frame, Scan, Status, Tick
from chowki.core.places import Measures, Sensor, Station, Theatre, Volume
from chowki.core.records import (
    Detections,
    Engagements,
    EngagementState,
    Fate,
    Outcomes,
    Threats,
    Tracks,
    Truth,
    Warnings,
)
from chowki.core.segments import segment_paths
from chowki.outputs import recorder as recorder_module
from chowki.outputs.archive import NAMES, archive, is_archived
from chowki.outputs.recorder import Recorder
from chowki.outputs.recording import Recording
from chowki.run import run as run_scenario

COMPARED = (
    "tracks",
    "threats",
    "warnings",
    "engagements",
    "truth",
    "detections",
    "scans",
    "statuses",
)
START_S = 1_000_000.0
LAT_DEG, LON_DEG, HEIGHT_M = 32.5, 74.5, 300.0
MANIFEST = {"scenario": None, "scenario_digest": None, "seed": 1, "feeds": [], "version": "9"}


def sensor(number: int) -> Sensor:
    return Sensor(
        number, f"s{number}", "radar", np.zeros(3), np.eye(3), Measures.RANGE, Volume(0.0, 1e4),
        4.0, 0.9, 1.0,
    )  # fmt: skip


THEATRE = Theatre(
    Station("toy", LAT_DEG, LON_DEG, HEIGHT_M, START_S, 60.0), sensors=(sensor(4), sensor(9))
)


def scan(number: int, look: int, rows: int) -> Scan:
    time_s = START_S + look
    plots = Detections.empty()
    if rows:
        plots = Detections.of(
            time_s=np.full(rows, time_s - 0.5),
            range_m=np.arange(rows) * 100.0,
            callsign=[b"AB12", b"", b"LONGNAME"][:rows],
            east_m=[5e4, np.nan, -3e5][:rows],
            north_m=[6e4, np.nan, 4e5][:rows],
            up_m=[1e3, np.nan, -2e4][:rows],
        )
    known = THEATRE.sensors[0 if number == 4 else 1]
    return Scan(time_s, known, look, time_s - 1.0, time_s, known.volume, plots)


def record(folder: Path, *, seconds: int = 12) -> Path:
    with_recorder = Recorder(folder, THEATRE, MANIFEST, record_period_s=5.0)
    for second in range(seconds):
        now_s = START_S + second
        for event in (scan(4, second, second % 4), scan(9, second, 1), Tick(now_s)):
            with_recorder.append(event)
            with_recorder.append(_frame(now_s, complete=isinstance(event, Tick), second=second))
        with_recorder.truth(_truth(now_s))
    outcomes = Outcomes.of(engagement=[1], state=[EngagementState.MISSED], rounds=[2])
    with_recorder.append(Status(now_s, "gun", "site", "working", "fired", 3, 7, outcomes))
    with_recorder.append(Act(now_s, "I", "hold", "north", "tight"))
    with_recorder.close()
    return folder


def _frame(now_s: float, *, complete: bool, second: int) -> Frame:
    tracks = Tracks.of(
        track=[7, 8],
        time_s=[now_s, now_s],
        east_m=[1e5, -2e5],
        north_m=[-3e5, 1e5],
        up_m=[2e3, -3e3],
        height_m=[1.0, 2.0],
        callsign=[b"", b"AI101"],
        class_probability=np.arange(14.0).reshape(2, 7),
    )
    if not complete:
        return Frame(now_s, False, tracks)
    threats = Threats.of(track=[7], rank=[1])
    extra: dict[str, Any] = {}
    if second == 3:
        extra["warnings"] = Warnings.of(warning=[1], time_s=[now_s], place=[0])
        extra["engagements"] = Engagements.of(engagement=[1], east_m=[0.0], north_m=[0.0], up_m=[0])
    return Frame(now_s, True, tracks, threats, **extra)


def _truth(now_s: float) -> Truth:
    return Truth.of(
        target=[1], time_s=[now_s], east_m=[10.0], north_m=[20.0], up_m=[30.0], fate=[Fate.FLYING]
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = record(tmp_path_factory.mktemp("run"))
    archive(folder)
    return folder


def same(a: pa.Table, b: pa.Table) -> bool:
    """Whether two tables are equal, NaN where NaN is."""
    return a.schema.equals(b.schema) and all(
        np.array_equal(_flat(x), _flat(y), equal_nan=pa.types.is_floating(x.type))
        for x, y in zip(a.columns, b.columns, strict=True)
    )


def _flat(column: pa.ChunkedArray) -> Any:
    whole = column.combine_chunks()
    lists = pa.types.is_fixed_size_list(column.type)
    return (whole.values if lists else whole).to_numpy(zero_copy_only=False)


READER = """
import sys, json, duckdb, pandas
assert "chowki" not in sys.modules
folder = sys.argv[1]
frame = pandas.read_parquet(f"{folder}/tracks")
source = f"'{folder}/tracks/*.parquet'"
query = f"select track, count(*), max(lat_deg) from {source} group by 1 order by 1"
print(json.dumps({
    "pandas": [len(frame), frame.callsign.tolist()[:2], list(frame.class_probability[1])],
    "duckdb": duckdb.sql(query).fetchall(),
}))
"""


def test_pandas_and_duckdb_read_the_tables_without_chowki(run: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", READER, str(run / "tables")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    told = json.loads(done.stdout)
    assert told["pandas"] == [6, ["", "AI101"], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0]]
    assert [row[:2] for row in told["duckdb"]] == [[7, 3], [8, 3]]


def test_every_table_is_there_with_the_columns_of_its_schema(run: Path) -> None:
    recording = Recording(run)
    assert {path.name for path in (run / "tables").iterdir() if path.is_dir()} == set(NAMES)
    for name, kind in {"tracks": Tracks, "truth": Truth, "detections": Detections}.items():
        columns = getattr(recording, name).column_names
        assert columns[: len(kind.schema())] == [column.name for column in kind.schema()]
    rows = {name: getattr(recording, name).num_rows for name in NAMES}
    assert rows == {
        "tracks": 6, "threats": 3, "warnings": 1, "engagements": 1, "orders": 0, "tasks": 0,
        "sensors": 0,
        "truth": 3, "detections": 3 * (0 + 1 + 2 + 3) + 12, "outcomes": 1, "scans": 24,
        "statuses": 1, "acts": 1,
    }  # fmt: skip
    assert recording.statuses.to_pylist() == [
        {
            "time_s": START_S + 11, "source": "gun", "kind": "site", "state": "working",
            "note": "fired", "site": 3, "rounds_left": 7,
        }
    ]  # fmt: skip
    assert recording.acts["verb"].to_pylist() == ["hold"]
    assert recording.outcomes["rounds"].to_pylist() == [2]


def test_detections_know_their_scan(run: Path) -> None:
    table = Recording(run).detections.to_pandas()
    looks = table[table["sensor"] == 4].groupby("look").size().to_dict()
    assert looks == {second: second % 4 for second in range(12) if second % 4}
    assert (table.received_s == START_S + table.look).all()
    assert table.callsign.iloc[:3].tolist() == ["AB12", "AB12", "AB12"]
    scans = Recording(run).scans.to_pandas()
    assert scans.detections.sum() == len(table)


def test_latitude_and_longitude_agree_with_pyproj(run: Path) -> None:
    table = Recording(run).detections.to_pandas()
    reported = table[np.isfinite(table.east_m)]
    assert len(reported)
    assert table.loc[~np.isfinite(table.east_m), "lat_deg"].isna().all()
    turn = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 "
        f"+lat_0={LAT_DEG} +lon_0={LON_DEG} +h_0={HEIGHT_M} "
        "+step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    lon, lat, height = turn.transform(reported.east_m, reported.north_m, reported.up_m)
    assert np.allclose(lon, reported.lon_deg, rtol=0.0, atol=1e-9)
    assert np.allclose(lat, reported.lat_deg, rtol=0.0, atol=1e-9)
    assert np.allclose(height, reported.height_m, rtol=0.0, atol=1e-3)


def test_heights_of_the_schema_are_kept_and_missing_ones_worked_out(run: Path) -> None:
    recording = Recording(run)
    assert recording.tracks["height_m"].to_pylist() == [1.0, 2.0] * 3
    assert recording.truth["height_m"].to_pylist() == pytest.approx([HEIGHT_M + 30.0] * 3, abs=1e-3)
    assert recording.engagements["lat_deg"].to_pylist() == pytest.approx([LAT_DEG])


def test_the_archive_is_rebuilt_from_the_journal_alone(tmp_path: Path) -> None:
    folder = record(tmp_path)
    assert not is_archived(folder)
    first = Recording(folder).tracks
    assert is_archived(folder)
    (folder / "manifest.json").unlink()
    for path in (folder / "tables").glob("*/*"):
        path.unlink()
    (folder / "tables" / "complete.json").unlink()
    again = Recording(folder)
    assert same(again.tracks, first)
    assert again.manifest["seed"] == 1
    assert again.manifest["state"] == "open"
    assert again.theatre.station == THEATRE.station


def test_a_journal_that_a_crash_left_open_is_archived_up_to_there(tmp_path: Path) -> None:
    folder = record(tmp_path)
    (segment,) = segment_paths(folder / "journal")
    whole = segment.read_bytes()
    segment.write_bytes(whole[: len(whole) * 2 // 3])
    counts = archive(folder)
    assert 0 < counts["tracks"] < 6
    assert Recording(folder).tracks.num_rows == counts["tracks"]
    segment.write_bytes(whole[:100])
    with pytest.raises(JournalError, match="before the theatre is described"):
        archive(folder)


def test_each_segment_becomes_files_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(folder: Path, **_: float) -> JournalWriter:
        return JournalWriter(folder, segment_bytes=4000, commit_records=5)

    monkeypatch.setattr(recorder_module, "JournalWriter", small)
    one, many = record(tmp_path / "one"), record(tmp_path / "many")
    monkeypatch.undo()
    record(one)
    assert len(segment_paths(many / "journal")) > 3
    a, b = Recording(one), Recording(many)
    assert a.manifest["digest"] == b.manifest["digest"]
    for name in NAMES:
        assert same(getattr(a, name), getattr(b, name))
    assert len(list((many / "tables").glob("scans/*.parquet"))) > 3
    query = f"select sum(detections) from '{many}/tables/scans/*.parquet'"
    assert duckdb.sql(query).fetchall() == [(a.detections.num_rows,)]


def test_stale_files_of_a_longer_archive_go(tmp_path: Path) -> None:
    folder = record(tmp_path)
    archive(folder)
    stale = folder / "tables" / "tracks" / "000009.parquet"
    stale.write_bytes(b"old")
    archive(folder)
    assert not stale.exists()


def test_flips_within_pages_are_detected(run: Path, tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    source = run / "tables" / "detections" / "000000.parquet"
    whole = source.read_bytes()
    end = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    copy = tmp_path / "flipped.parquet"
    expected = pq.read_table(source)
    silent = 0
    for place in chance.integers(4, end, 300).tolist():
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            got = pq.read_table(copy, page_checksum_verification=True)
        except (OSError, ValueError):
            continue
        silent += not same(got, expected)
    assert silent == 0


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    folder = record(tmp_path)
    archive(folder)
    path = folder / "tables" / "tracks" / "000000.parquet"
    path.write_bytes(b"PAR1 this is no table PAR1")
    with pytest.raises(JournalError, match="tables/tracks"):
        _ = Recording(folder).tracks


def test_call_signs_that_are_not_ascii_do_not_stop_the_archive(tmp_path: Path) -> None:
    with_recorder = Recorder(tmp_path, THEATRE, MANIFEST)
    odd = Detections.of(time_s=[0.0, 1.0], callsign=np.array([b"\xff\x00x", b"OK"], "S8"))
    known = THEATRE.sensors[0]
    with_recorder.append(Scan(START_S, known, 0, 0.0, 1.0, known.volume, odd))
    with_recorder.close()
    assert Recording(tmp_path).detections["callsign"].to_pylist() == ["\ufffd\x00x", "OK"]


def test_a_folder_where_no_table_can_be_written_is_named(tmp_path: Path) -> None:
    folder = record(tmp_path)
    (folder / "tables").mkdir()
    (folder / "tables" / "tracks").write_text("in the way")
    with pytest.raises(OutputError, match="tables/tracks"):
        archive(folder)
    assert not is_archived(folder)


def test_empty_tables_have_their_columns(run: Path) -> None:
    orders = Recording(run).orders
    assert orders.num_rows == 0
    assert "lat_deg" in orders.column_names
    assert list(pd.read_parquet(run / "tables" / "orders").columns) == orders.column_names


def test_tables_gathered_during_a_run_are_those_of_its_journal(tmp_path: Path) -> None:
    done = run_scenario("single-site", out=tmp_path, until_s=60.0, report=False)
    gathered = {name: getattr(done.recording, name) for name in COMPARED}
    rows = json.loads((tmp_path / "tables" / "complete.json").read_text())["rows"]
    assert archive(tmp_path) == rows
    again = Recording(tmp_path)
    for name, table in gathered.items():
        assert table.num_rows == rows[name]
        assert table.equals(getattr(again, name)) or _same(table, getattr(again, name)), name


def _same(one: pa.Table, other: pa.Table) -> bool:
    """Return whether two tables hold the same values; NaN is the same as NaN."""
    assert one.schema == other.schema
    return one.to_pandas().equals(other.to_pandas())
