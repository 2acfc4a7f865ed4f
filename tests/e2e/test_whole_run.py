"""From the shell to the files and back: what a newcomer does, on the smallest scenario."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd
import pytest

COMMAND = str(Path(sys.executable).with_name("chowki"))
SEED = "7"


def _chowki(*arguments, **environment):
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return the folder of a whole run, and what the command said."""
    folder = tmp_path_factory.mktemp("e2e") / "single-site"
    done = _chowki("run", "single-site", "--seed", SEED, "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture
def copy(ran, tmp_path):
    """Return a copy of the run that a test may spoil."""
    return Path(shutil.copytree(ran[0], tmp_path / "copy"))


def test_json_is_all_that_stands_on_standard_output(ran):
    folder, done = ran
    document = json.loads(done.stdout, parse_constant=_refuse)
    assert document["folder"] == str(folder)
    assert document["summary"]["state"] == "complete"
    assert document["summary"]["seed"] == int(SEED)
    assert document["summary"]["tracks_confirmed"] > 0
    assert "\x1b" not in done.stderr


def _refuse(word):
    raise AssertionError(f"{word} is no JSON")


def test_every_promised_file_is_there(ran):
    folder, _ = ran
    for name in ("manifest.json", "report.html", "sitrep.txt", "sitrep.json"):
        assert (folder / name).stat().st_size > 0, name
    assert list(folder.glob("journal/*.chowki"))
    written = {path.parent.name for path in folder.glob("tables/*/*.parquet")}
    assert written >= {"tracks", "threats", "warnings", "engagements", "truth", "detections"}
    json.loads((folder / "sitrep.json").read_text(encoding="utf-8"), parse_constant=_refuse)


def test_the_tables_open_without_chowki(ran):
    folder, done = ran
    pattern = str(folder / "tables" / "tracks" / "*.parquet")
    confirmed = duckdb.sql(
        f"select count(distinct track) from '{pattern}' where status = 1"
    ).fetchall()
    assert confirmed == [(json.loads(done.stdout)["summary"]["tracks_confirmed"],)]
    frame = pd.read_parquet(folder / "tables" / "tracks")
    assert frame["existence"].between(0.0, 1.0).all()
    assert frame["lat_deg"].between(-90.0, 90.0).all()


def test_the_journal_is_whole_and_the_replay_is_equal(ran):
    folder, _ = ran
    assert _chowki("verify", folder).returncode == 0
    replayed = _chowki("replay", folder, "--json")
    document = json.loads(replayed.stdout)
    assert replayed.returncode == 0
    assert document["equal"]
    assert document["frames"] > 100


def test_a_flipped_byte_is_found_and_named(copy):
    segment = sorted(copy.glob("journal/*.chowki"))[0]
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0x10
    segment.write_bytes(data)
    done = _chowki("verify", copy)
    assert done.returncode == 4
    assert segment.name in done.stderr
    assert "Traceback" not in done.stderr


def test_the_report_can_be_made_again_from_the_journal(ran, copy):
    for name in ("report.html", "sitrep.txt", "sitrep.json"):
        (copy / name).unlink()
    shutil.rmtree(copy / "tables")
    done = _chowki("report", copy)
    assert done.returncode == 0, done.stderr
    for name in ("sitrep.txt", "sitrep.json"):
        assert (copy / name).read_bytes() == (ran[0] / name).read_bytes()
    assert (copy / "sitrep.txt").read_text(encoding="utf-8").strip() in done.stdout


def test_the_same_seed_gives_the_same_bytes_on_one_thread(ran, tmp_path):
    done = _chowki(
        *("run", "single-site", "--seed", SEED, "--out", tmp_path / "again", "--json"),
        NUMBA_NUM_THREADS="1",
        OMP_NUM_THREADS="1",
    )
    first, second = (json.loads(text)["summary"]["digest"] for text in (ran[1].stdout, done.stdout))
    assert first == second
    compared = json.loads(_chowki("compare", ran[0], tmp_path / "again", "--json").stdout)
    assert compared["equal"]


def test_two_seeds_are_compared(ran, tmp_path):
    other = _chowki("run", "single-site", "--seed", "8", "--out", tmp_path / "8")
    assert other.returncode == 0, other.stderr
    done = _chowki("compare", ran[0], tmp_path / "8", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert not document["equal"]
    assert document["same"] == {"scenario": True, "seed": False, "places": True}
    assert document["first_difference"]
    assert "first difference" in _chowki("compare", ran[0], tmp_path / "8").stdout


def test_ctrl_c_leaves_a_recording_that_is_whole(tmp_path):
    folder = tmp_path / "stopped"
    process = subprocess.Popen(
        [COMMAND, "run", "second-wave", "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_for_records(folder, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "whole up to here" in err
    assert _chowki("verify", folder).returncode == 0
    assert _chowki("replay", folder).returncode == 0


def _wait_for_records(folder, process):
    """Wait until the run has written something: it has started, and Ctrl-C finds it at work."""
    for _ in range(600):
        if sum(path.stat().st_size for path in folder.glob("journal/*.chowki")) > 100_000:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    pytest.fail("nothing was recorded within a minute")


def test_an_output_folder_that_cannot_be_made_ends_with_6(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = _chowki("run", "single-site", "--out", tmp_path / "file" / "out")
    assert done.returncode == 6
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "file") in done.stderr


def test_the_python_door(ran):
    from chowki import Run

    run = Run(ran[0])
    for table in (run.tracks, run.threats, run.engagements, run.warnings):
        assert hasattr(table, "__arrow_c_stream__")
        assert list(table.to_pandas().columns) == table.column_names
    assert run.digest == json.loads(ran[1].stdout)["summary"]["digest"]
    assert run._repr_html_().lstrip().startswith("<")


def test_on_a_real_feed_nothing_is_ordered_and_nothing_engaged(recording, tmp_path):
    from chowki import Run

    source = recording("adsb/aircraft.json")
    done = _chowki(
        "run", "single-site", "--feed", f"aircraft-json:{source}", "--out", tmp_path / "f"
    )
    assert done.returncode == 0, done.stderr
    run = Run(tmp_path / "f")
    assert not run.recording.theatre.simulated
    assert run.engagements.num_rows == 0
    assert run.recording.orders.num_rows == 0
