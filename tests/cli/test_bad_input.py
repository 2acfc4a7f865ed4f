"""Bad input at the front door: a clear error with its code, or a counted and reported skip."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from chowki import Run

START_S = 1_700_006_400
PLOTS = "time_s,lat,lon,height_m\n"


def _plots(*rows):
    return PLOTS + "".join(f"{START_S + t},{lat},{lon},{height}\n" for t, lat, lon, height in rows)


FLIGHT = [(t, 30.0, round(74.0 + 0.0005 * t, 4), 1200.0) for t in range(8)]


def _clear(ended, code, *words):
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "unexpected fault" not in ended.err
    for word in words:
        assert word in ended.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("station.durashun_s=5", ["station.durashun_s", "did you mean duration_s?"]),
        ("raids.count=5", ["raids", "did you mean raid?"]),
        ("weather.visibility=1.5", ["weather.visibility", "less than or equal to 1"]),
        ("station.lat_deg=95", ["station.lat_deg", "less than or equal to 90"]),
        ("station.reach_km=5", ["km from the station"]),
        ("sensors=[]", ["sensors", "chowki new"]),
        ("places.file='nowhere.csv'", ["nowhere.csv", "no such file"]),
        (
            "places.towns=[{name='Dorf', lat_deg=27.62, lon_deg=77.13}]",
            ["places.Dorf.population", "found nothing", "0 is valid"],
        ),
        (
            "effectors[0].parameters.magazine=0",
            ["effectors[0].parameters.magazine", "gun has no magazine", "at least 1 round"],
        ),
        (
            "defence.posture.cease_fire='2025-05-09T09:58:00Z'",
            ["defence.posture.cease_fire", "120 s before the start", "2025-05-09T10:00:00Z"],
        ),
        ("defence.posture.cease_fire_s=-5", ["cease_fire_s", "5 s before the start"]),
        ("defence.posture.cease_fire='noon'", ["defence.posture.cease_fire", "noon"]),
        ("defence.posture.start='panic'", ["defence.posture", "not at 'panic'"]),
        ("defence.posture.start_by_sector.nowhere='hold'", ["start_by_sector.nowhere"]),
        (
            "defence.posture.levels=[{name='tight', weapons_control_status='tight'},"
            " {name='tight', weapons_control_status='free'}]",
            ["defence.posture", "twice: tight"],
        ),
        (
            "defence.posture.levels=[{name='tight', weapons_control_status='tight',"
            " release='machine'}]",
            ["defence.posture", "a person releases, never the machine"],
        ),
        (
            "defence.posture.levels=[{name='tight', weapons_control_status='tight'},"
            " {name='free', weapons_control_status='free', margin_factor=2}]",
            ["'tight' permits less than 'free'", "margin_factor"],
        ),
        ("defence.engagement.urgent_s=900", ["defence.engagement", "urgent_s", "within_s"]),
    ],
)
def test_a_wrong_scenario_ends_with_3_and_writes_nothing(chowki, tmp_path, change, words):
    for command in (["check", "single-site"], ["run", "single-site", "--out", tmp_path / "out"]):
        _clear(chowki(*command, "--set", change), 3, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nobody_lives_is_valid(chowki):
    assert chowki("check", "single-site", "--set", "places.towns[0].population=0").code == 0


@pytest.mark.parametrize("nobody", ["raid.waves[0].count=0", "raid={}"])
def test_a_night_without_a_raid_runs(chowki, tmp_path, nobody):
    changes = ["--set", nobody]
    if nobody.endswith("count=0"):
        changes += ["--set", "raid.count=0"]
    ended = chowki("run", "single-site", *changes, "--until", "5", "--json", "--out", tmp_path)
    assert ended.code == 0, ended.err
    recording = Run(tmp_path).recording
    assert recording.truth.num_rows > 0
    assert not any(recording.truth["attacking"].to_pylist())
    assert json.loads((tmp_path / "sitrep.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("plots", None, "does not exist"),
        ("plots", "", "allowed: time_s"),
        ("plots", _plots((0, "nan", 74.0, 100.0)), "1 position not a number or out of range"),
        ("opensky", "not,a,table\n1,2,3\n", "no column"),
        ("asterix", "", "pcap"),
        ("remote-id", "MSG,3", "pcap"),
        ("aircraft-json", '{"now": 1', "aircraft-json.bin"),
    ],
)
def test_an_unreadable_feed_ends_with_5_and_writes_nothing(chowki, tmp_path, kind, content, words):
    path = tmp_path / f"{kind}.bin"
    if content is not None:
        path.write_text(content)
    out = tmp_path / "out"
    _clear(chowki("run", "--feed", f"{kind}:{path}", "--out", out), 5, path.name, words)
    assert not out.exists()


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([*FLIGHT, (8, "nan", 74.0, 1.0)], "1 skipped: position not a number"),
        ([*FLIGHT, (float("nan"), 30.0, 74.0, 1.0)], "1 skipped: time not a number"),
        (FLIGHT[::-1], "7 noted: out of time order, sorted"),
        ([*FLIGHT, *FLIGHT[2:5]], "3 skipped: duplicate row"),
    ],
)
def test_bad_rows_are_left_out_counted_and_reported(chowki, tmp_path, rows, note):
    path = tmp_path / "plots.csv"
    path.write_text(_plots(*rows))
    out = tmp_path / "out"
    ended = chowki("run", "--feed", f"plots:{path}", "--out", out, "--json")
    assert ended.code == 0, ended.err
    assert _seen(out) == len(FLIGHT)
    assert any(note in told for told in _notes(out)), _notes(out)
    assert note.split(": ", 1)[1] in (out / "sitrep.txt").read_text(encoding="utf-8")


def test_a_truncated_capture_is_read_as_far_as_it_goes(chowki, tmp_path, radar_capture):
    whole = radar_capture()
    path = tmp_path / "cut.pcap"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    out = tmp_path / "out"
    ended = chowki("run", "--feed", f"asterix:{path}", "--out", out, "--json")
    assert ended.code == 0, ended.err
    assert _seen(out) > 10
    assert any("1 skipped: capture ends within a packet" in told for told in _notes(out))


def test_an_unknown_asterix_category_is_left_out_and_counted(chowki, tmp_path, radar_capture):
    path = tmp_path / "odd.pcap"
    path.write_bytes(radar_capture(category=62))
    out = tmp_path / "out"
    ended = chowki("run", "--feed", f"asterix:{path}", "--out", out, "--json")
    assert ended.code == 0, ended.err
    assert _seen(out) > 10
    assert any("block of category 62, which is not read" in told for told in _notes(out))


def _seen(out):
    return Run(out).recording.detections.num_rows


def _notes(out):
    return Run(out).recording.statuses["note"].to_pylist()


@pytest.fixture
def radar_capture(captures):
    """Return a function that makes what a radar sends in 24 s, and one block it never should."""

    def make(category=None):
        sent = []
        for k in range(48):
            time_s, north = START_S + k / 2, k % 8 == 0
            azimuth = 2 * 3.14159 * (k % 8) / 8
            told = captures.service(
                time_s, azimuth, north=north, rotation_s=4.0 if north else float("nan"),
                site=(30.0, 74.0, 250) if north else None,
            )  # fmt: skip
            seen = captures.plot(time_s + 0.2, 20_000.0 + 10.0 * k, azimuth + 0.3, level_m=3000.0)
            sent += [(time_s + 0.1, captures.block(34, told))]
            sent += [(time_s + 0.3, captures.block(48, seen))]
        if category is not None:
            sent.insert(40, (sent[39][0], captures.block(category, b"\x80\x01")))
        return captures.pcap([(time_s, captures.udp(payload)) for time_s, payload in sent])

    return make


RESULTS = ("report.html", "sitrep.txt", "sitrep.json", "tables")


def test_a_folder_that_takes_no_folder_ends_with_6(chowki, tmp_path, monkeypatch):
    def refuse(path, *_arguments, **_options):
        raise OSError(30, "Read-only file system", os.fspath(path))

    monkeypatch.setattr(os, "mkdir", refuse)
    ended = chowki("run", "single-site", "--until", "5", "--out", tmp_path / "out")
    _clear(ended, 6, str(tmp_path / "out"), "Read-only file system")


def test_a_read_only_folder_ends_with_6(chowki, disk):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    ended = chowki("run", "single-site", "--until", "5", "--out", disk / "out")
    _clear(ended, 6, str(disk), "Read-only file system")
    assert list(disk.iterdir()) == []


def test_a_full_disk_ends_with_6_and_keeps_what_was_acknowledged(chowki, disk):
    ended = chowki("run", "single-site", "--out", disk / "out")
    _clear(ended, 6, str(disk), "No space left")
    assert not any((disk / "out" / name).exists() for name in RESULTS)
    manifest = json.loads((disk / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["state"] == "open"
    told = chowki("verify", disk / "out")
    assert told.code == 4
    assert "Traceback" not in told.err
    assert Run(disk / "out").recording.theatre.station.name


WRITERS = ("outputs.recorder", "outputs.archive", "outputs.report.write", "run.result")


@pytest.mark.parametrize("whole", [0, 4, "report.html", "sitrep.json"])
def test_a_disk_that_fills_after_the_run_leaves_no_half_file(chowki, tmp_path, monkeypatch, whole):
    """The journal is whole by then; the rest can be made of it when there is room again."""
    from chowki.outputs.recorder import write_whole as real

    for module in WRITERS:
        import_module(f"chowki.{module}")
    written: list[str] = []

    def write_whole(path, content):
        result = path.name != "manifest.json"
        if result and whole in {path.name, len(written)}:
            with monkeypatch.context() as full:
                full.setattr(os, "fsync", _no_space)
                real(path, content)
        real(path, content)
        if result:
            written.append(path.name)

    out = tmp_path / "out"
    with monkeypatch.context() as filling:
        for module in WRITERS:
            filling.setattr(f"chowki.{module}.write_whole", write_whole)
        ended = chowki("run", "single-site", "--until", "5", "--out", out)
    _clear(ended, 6, "No space left")
    assert not list(out.rglob("*.part"))
    assert not (out / "sitrep.json").exists()
    assert (out / "tables" / "complete.json").exists() == isinstance(whole, str)
    for path in out.rglob("*.parquet"):
        pq.read_table(path)
    assert chowki("report", out).code == 0
    assert (out / "sitrep.json").exists()
    assert chowki("verify", out).code == 0


def _no_space(_handle):
    raise OSError(28, "No space left on device")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "chowki-test", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if made.returncode:
        pytest.skip(f"a small file system can't be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)
