"""A folder that is written to: each new file once, complete ones only."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict

import numpy as np
import pytest

from chowki.core.messages import Scan
from chowki.feeds.opensky import OpenSky

BRITAIN = {"lat": 52.5, "lon": -1.5}


def health(feeds):
    return feeds.sources()[0]


def heard(scans):
    return [scan for scan in scans if len(scan.detections)]


@pytest.fixture
def batches(recording):
    """Return the rows of the recording, batch by batch."""
    rows = defaultdict(list)
    with recording("surveillance/OpenSky_Plane_States.csv").open() as file:
        for row in csv.DictReader(file):
            rows[float(row["time"])].append(row)
    return list(rows.values())


def restamped(batch, now_s):
    shift_s = now_s - float(batch[0]["time"])
    text = io.StringIO()
    table = csv.DictWriter(text, list(batch[0]))
    table.writeheader()
    for row in batch:
        times = {name: str(float(row[name]) + shift_s) for name in ("time", "lastposupdate")}
        table.writerow({**row, **times})
    return text.getvalue()


def test_each_batch_of_the_recording_enters_as_the_file_has_it(
    batches, opened, until, scans_of, clock, tmp_path, written, theatre_at
):
    folder = tmp_path / "in"
    folder.mkdir()
    feeds = opened(f"opensky:dir:{folder}?name=network", **BRITAIN)
    until(feeds, seconds=2)
    for number, batch in enumerate(batches[10:13], 1):
        text = restamped(batch, clock.now())
        path = folder / f"{number}.csv"
        path.with_suffix(".tmp").write_text(text)
        path.with_suffix(".tmp").rename(path)
        (scan,) = heard(scans_of(until(feeds, lambda e: bool(heard(scans_of(e))), 20)))
        recorded = OpenSky(written("batch.csv", text))
        recorded.place(theatre_at(52.5, -1.5))
        (theirs,) = [e for e in recorded.events() if isinstance(e, Scan)]
        assert len(scan.detections) == len(theirs.detections) > 20
        for name, column in theirs.detections.columns().items():
            np.testing.assert_array_equal(getattr(scan.detections, name), column, err_msg=name)
        assert (scan.sensor.name, scan.sensor.number, scan.look) == ("network", 5, number)
    assert health(feeds).state == "working", health(feeds)


def moment(now_s):
    plane = {"hex": "3c6444", "lat": 52.6, "lon": -1.4, "alt_geom": 30_000, "seen_pos": 0.1}
    return json.dumps({"now": now_s, "aircraft": [plane]})


def test_what_was_there_and_what_is_not_finished_is_left_alone(
    opened, until, scans_of, clock, tmp_path
):
    (tmp_path / "old.json").write_text(moment(clock.now()))
    feeds = opened(f"aircraft-json:dir:{tmp_path}", **BRITAIN)
    until(feeds, seconds=2)
    for name in (".hidden.json", "a.tmp", "b.part", "c.json~"):
        (tmp_path / name).write_text(moment(clock.now()))
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "folder").mkdir()
    assert heard(scans_of(until(feeds, seconds=5))) == []
    assert not health(feeds).skipped
    (tmp_path / "new.json").write_text(moment(clock.now()))
    assert len(heard(scans_of(until(feeds, lambda e: bool(heard(scans_of(e))), 8)))) == 1


def test_a_file_that_is_still_written_is_read_when_it_rests(
    opened, until, scans_of, clock, tmp_path, talking
):
    feeds = opened(f"sbs:dir:{tmp_path}", lat=51.7, lon=4.77)
    until(feeds, seconds=2)
    path, said = tmp_path / "growing.json", []

    def write(now_s):
        if len(said) < 25:
            said.append(now_s)
            with path.open("a") as file:
                file.write(f"{now_s}\n")

    talking(write, 0.2)
    until(feeds, seconds=4)
    assert health(feeds).skipped == {}  # not read: it grows
    until(feeds, lambda _: health(feeds).skipped, 10)
    assert health(feeds).skipped["file that is no sbs feed"] == 1


def test_a_file_of_something_else_is_counted_and_the_next_one_enters(
    opened, until, scans_of, clock, tmp_path
):
    feeds = opened(f"aircraft-json:dir:{tmp_path}", **BRITAIN)
    until(feeds, seconds=2)
    for k in range(3):
        (tmp_path / f"bad{k}.json").write_bytes(b"\xff\x00 nonsense")
    until(feeds, lambda _: health(feeds).skipped, 10)
    (tmp_path / "good.json").write_text(moment(clock.now()))
    assert heard(scans_of(until(feeds, lambda e: bool(heard(scans_of(e))), 8)))
    assert health(feeds).skipped["file that is no aircraft-json feed"] == 3
    assert health(feeds).state == "degraded"


def test_files_that_come_late_are_left_out_and_never_made_young(
    opened, until, scans_of, clock, tmp_path
):
    feeds = opened(f"aircraft-json:dir:{tmp_path}", **BRITAIN)
    until(feeds, seconds=2)
    for k in range(6):
        (tmp_path / f"{k}.json").write_text(moment(clock.now() - 30.0))
        assert heard(scans_of(until(feeds, seconds=3))) == []
    assert health(feeds).skipped["older than 10 s when received"] == 6
    assert "what is older than 10 s is left out" in health(feeds).note


def test_plots_by_named_sensors_keep_one_number_each(
    opened, until, scans_of, clock, tmp_path, a_sensor
):
    feeds = opened(f"plots:dir:{tmp_path}", sensors=[a_sensor("west")], **BRITAIN)
    until(feeds, seconds=2)
    numbers = []
    for k in range(2):
        rows = "".join(
            f"{clock.now():.2f},{name},{1000 + k},10\n" for name in (["east", "west"], ["west"])[k]
        )
        if k == 0:
            rows = rows.replace("east", "west")  # a file with an unknown sensor is an error
        (tmp_path / f"{k}.csv").write_text("time_s,sensor,range_m,azimuth_deg\n" + rows)
        scans = heard(scans_of(until(feeds, lambda e: bool(heard(scans_of(e))), 10)))
        numbers += [(scan.sensor.name, scan.sensor.number) for scan in scans]
    assert set(numbers) == {("west", 5)}


@pytest.mark.parametrize(("make", "words"), [(False, "no folder"), (True, "no folder")])
def test_a_folder_that_is_none_is_told(opened, until, tmp_path, clock, make, words):
    path = tmp_path / "x"
    if make:
        path.write_text("a file")
    feeds = opened(f"opensky:dir:{path}")
    until(feeds, seconds=2)
    assert words in health(feeds).note
    assert health(feeds).state == "silent"


def test_a_folder_without_scenario_gives_the_first_position(batches, fast, tmp_path):
    import threading

    from chowki.feeds.live import open_live

    clock = fast(10.0)

    def write():
        (tmp_path / "1.csv").write_text(restamped(batches[10], clock.now()))

    threading.Timer(0.3, write).start()
    feeds = open_live([f"opensky:dir:{tmp_path}"], clock=clock)
    try:
        assert 49.0 < feeds.theatre.station.lat_deg < 60.0
        found = []
        for event in feeds.events():
            found += [event] if isinstance(event, Scan) and len(event.detections) else []
            if found or event.time_s > clock.now() + 20.0:
                break
        assert len(found[0].detections) > 20
    finally:
        feeds.stop()
