"""``chowki track`` at the front door."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

CONFIG = """
[sensor]
kind = "position"
sigma_m = 30.0
detection_probability = 0.9
clutter_per_m2 = 1e-7
scan_period_s = 1.0
area_m = [0.0, 0.0, 10000.0, 10000.0]
[motion]
model = "cv"
accel_psd_m2ps3 = 1.0
[target]
survival_probability = 0.99
initial_per_m2 = 1e-8
birth_per_m2 = 1e-9
speed_sd_mps = 30.0
[report]
existence = 0.5
"""


def plot_rows(scans=20, seed=1):
    rng = np.random.default_rng(seed)
    x = np.array([[2_000.0, 3_000.0, 40.0, 10.0], [7_000.0, 6_000.0, -20.0, 5.0]])
    for k in range(scans):
        seen = (x[:, :2] + k * x[:, 2:])[rng.random(2) < 0.9]
        seen = seen + 30.0 * rng.standard_normal(seen.shape)
        for a, b in (*seen, *rng.uniform(0.0, 10_000.0, (rng.poisson(8), 2))):
            yield f"{k},{a:.3f},{b:.3f}"


@pytest.fixture
def files(tmp_path):
    plots, config = tmp_path / "plots.csv", tmp_path / "config.toml"
    plots.write_text("\n".join(["time_s,x_m,y_m", *plot_rows()]) + "\n", encoding="utf-8")
    config.write_text(CONFIG, encoding="utf-8")
    return plots, config, tmp_path / "tracks.csv"


def track(chowki, files, *options):
    plots, config, out = files
    ended = chowki("track", plots, "--config", config, "--out", out, *options)
    assert ended.code == 0, ended.err
    with out.open(encoding="utf-8", newline="") as file:
        return ended, list(csv.DictReader(file))


def test_writes_a_row_for_each_reported_track_and_scan(chowki, files):
    _, rows = track(chowki, files)
    assert list(rows[0]) == [
        "time_s", "track", "x_m", "y_m", "z_m", "vx_mps", "vy_mps", "vz_mps", "existence", "status",
    ]  # fmt: skip
    last = [row for row in rows if float(row["time_s"]) == 19.0]
    assert len(last) == 2
    assert {row["status"] for row in last} <= {"confirmed", "coasting"}
    near = [abs(float(row["x_m"]) - 2_760.0) < 90.0 for row in last]
    assert sum(near) == 1


def test_cutting_the_file_later_changes_no_earlier_row(chowki, files):
    _, whole = track(chowki, files)
    plots = files[0]
    kept = [line for line in plots.read_text().splitlines() if line[0] == "t" or
            float(line.split(",")[0]) <= 11.0]  # fmt: skip
    plots.write_text("\n".join(kept) + "\n", encoding="utf-8")
    _, cut = track(chowki, files)
    assert cut == [row for row in whole if float(row["time_s"]) <= 11.0]


def test_order_of_rows_in_the_file_changes_nothing(chowki, files):
    _, before = track(chowki, files)
    head, *rows = files[0].read_text().splitlines()
    by_time = {}
    for row in rows:
        by_time.setdefault(row.split(",")[0], []).append(row)
    mixed = [row for time_s in reversed(by_time) for row in by_time[time_s]]
    files[0].write_text("\n".join([head, *mixed]) + "\n", encoding="utf-8")
    assert track(chowki, files)[1] == before


def test_a_scan_without_plots_is_a_scan(chowki, files):
    lines = [line for line in files[0].read_text().splitlines() if line[:3] != "10,"]
    files[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, rows = track(chowki, files)
    assert {row["status"] for row in rows if row["time_s"] == "10"} == {"coasting"}


def test_timing_as_words_and_as_json(chowki, files):
    ended, _ = track(chowki, files, "--timing")
    assert ended.out.startswith("CPU ms per scan: median ")
    ended, _ = track(chowki, files, "--timing", "--json")
    figures = json.loads(ended.out)
    assert figures["scans"] == 20
    assert 0.0 < figures["cpu_ms_median"] <= figures["cpu_ms_max"] <= figures["cpu_ms_total"]


def test_covariances_and_pairs(chowki, files, tmp_path):
    pairs = tmp_path / "pairs.csv"
    _, rows = track(chowki, files, "--covariance", "--modes", "--pairs", pairs)
    last = rows[-1]
    assert [float(last[mode]) for mode in ("quiet", "turning", "hovering")] == [1.0, 0.0, 0.0]
    assert 0.0 < float(last["xx_m2"]) < 900.0
    assert abs(float(last["xy_m2"])) < float(last["xx_m2"])
    assert float(last["zz_m2"]) == 0.0
    with pairs.open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    plots = files[0].read_text().splitlines()[1:]
    for pair in told:
        assert float(plots[int(pair["plot"])].split(",")[0]) == float(pair["scan"])
        assert 0.0 < float(pair["probability"]) <= 1.0
    own = [p for p in told if p["scan"] == "19" and p["track"] == last["track"]]
    best = max(own, key=lambda p: float(p["probability"]))
    x, y = map(float, plots[int(best["plot"])].split(",")[1:])
    assert np.hypot(x - float(last["x_m"]), y - float(last["y_m"])) < 120.0


def test_radars_by_name(chowki, tmp_path):
    config, plots = tmp_path / "config.toml", tmp_path / "plots.csv"
    radar = """
[[sensor]]
id = "{}"
kind = "radar"
position_m = [{}, 0.0]
sigma_range_m = 30.0
sigma_azimuth_deg = 0.2
detection_probability = 0.9
clutter_per_scan = 2.0
range_max_m = 30000.0
scan_period_s = 2.0
"""
    target = "[target]\nbirth_per_m2 = 1e-10\ninitial_per_m2 = 1e-9\n"
    config.write_text(radar.format("a", 0.0) + radar.format("b", 8_000.0) + target)
    rows = ["time_s,sensor,range_m,azimuth_deg"]
    for k in range(15):
        for name, at_s, x0 in (("a", 2.0 * k, 0.0), ("b", 2.0 * k + 1.0, 8_000.0)):
            x, y = 3_000.0 + 30.0 * at_s - x0, 9_000.0
            rows.append(f"{at_s},{name},{np.hypot(x, y):.2f},{np.degrees(np.arctan2(x, y)):.4f}")
    plots.write_text("\n".join(rows) + "\n")
    _, told = track(chowki, (plots, config, tmp_path / "tracks.csv"))
    last = told[-1]
    assert float(last["time_s"]) == 29.0
    assert float(last["x_m"]) == pytest.approx(3_870.0, abs=60.0)
    assert float(last["y_m"]) == pytest.approx(9_000.0, abs=60.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("time_s,x_m\n1,2\n", ["column y_m is missing", "needed"]),
        ("time_s,x_m,y_m\n1,2,3\n2,here,3\n", ["row 3", "x_m", "'here' is no number"]),
        ("time_s,x_m,y_m\n1,2,3\n2,,3\n", ["row 3", "x_m", "empty"]),
        ("time_s,x_m,y_m\n1,inf,3\n", ["row 2", "x_m", "finite"]),
        ("", ["empty", "header"]),
    ],
)
def test_bad_plots_end_with_five_and_leave_nothing(chowki, files, content, words):
    files[0].write_text(content, encoding="utf-8")
    ended = chowki("track", files[0], "--config", files[1], "--out", files[2])
    assert ended.code == 5
    for word in [str(files[0]), *words]:
        assert word in ended.err
    assert not files[2].exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('kind = "position"', 'kind = "radio"'), ["sensor[0].kind", "'radio'"]),
        (("sigma_m = 30.0", "sigma_n = 30.0"), ["sensor[0].sigma_n", "did you mean sigma_m?"]),
        (("sigma_m = 30.0", ""), ["sensor[0]", "sigma_m"]),
        (("birth_per_m2 = 1e-9", "birth_per_m2 = -1.0"), ["target.birth_per_m2", "-1.0"]),
        (("[motion]", "[motion"), ["TOML"]),
    ],
)
def test_a_bad_configuration_ends_with_three(chowki, files, change, words):
    files[1].write_text(CONFIG.replace(*change), encoding="utf-8")
    ended = chowki("track", files[0], "--config", files[1], "--out", files[2])
    assert ended.code == 3
    for word in [str(files[1]), *words]:
        assert word in ended.err


def test_an_unknown_sensor_is_named_with_its_row(chowki, files):
    files[1].write_text(CONFIG.replace("[sensor]", '[[sensor]]\nid = "north"'), encoding="utf-8")
    files[0].write_text("time_s,sensor,x_m,y_m\n1,north,2,3\n2,south,2,3\n", encoding="utf-8")
    ended = chowki("track", files[0], "--config", files[1], "--out", files[2])
    assert ended.code == 5
    assert "row 3: unknown sensor 'south'" in ended.err


def test_an_unknown_associator_is_refused(chowki, files):
    ended = chowki(
        "track", files[0], "--config", files[1], "--out", files[2], "--associator", "guessing"
    )
    assert ended.code == 2
    assert "belief-propagation" in ended.err


def test_an_output_that_cannot_be_written_ends_with_six(chowki, files, tmp_path):
    out = tmp_path / "nowhere" / "tracks.csv"
    ended = chowki("track", files[0], "--config", files[1], "--out", out)
    assert ended.code == 6
    assert str(out) in ended.err
