"""``chowki score`` at the front door."""

from __future__ import annotations

import json

import pytest

TRUTH = "time_s,target,x_m,y_m\n" + "".join(f"{k},0,{10 * k},0\n" for k in range(4))
HEAD = "time_s,track,x_m,y_m,z_m,vx_mps,vy_mps,vz_mps,existence,status\n"
TRACKS = HEAD + "".join(f"{k},5,{10 * k + 3},4,0,10,0,0,0.9,confirmed\n" for k in range(1, 4))


@pytest.fixture
def files(tmp_path):
    truth, tracks = tmp_path / "truth.csv", tmp_path / "tracks.csv"
    truth.write_text(TRUTH, encoding="utf-8")
    tracks.write_text(TRACKS, encoding="utf-8")
    return truth, tracks


def test_gives_one_json_document(chowki, files):
    ended = chowki("score", *files, "--cutoff", "20", "--json")
    assert ended.code == 0, ended.err
    assert ended.err == ""
    figures = json.loads(ended.out)
    assert figures["scans"] == 4
    # three scans of 5 m, one missed: 20^2 / 2
    assert figures["gospa_m"] == pytest.approx(((3 * 25 + 200) / 4) ** 0.5)
    assert figures["gospa_localisation_m"] == pytest.approx((3 * 25 / 4) ** 0.5)
    assert figures["gospa_missed_m"] == pytest.approx(50**0.5)
    assert figures["gospa_false_m"] == 0.0
    assert figures["rmse_m"] == pytest.approx(5.0)
    assert figures["missed_percent"] == 25.0
    assert figures["ospa2_m"] == pytest.approx((20 + 3 * 5) / 4)
    assert figures["switches"] == 0


def test_order_one_and_a_cutoff_that_matches_nothing(chowki, files):
    figures = json.loads(chowki("score", *files, "--cutoff", "4", "--p", "1", "--json").out)
    assert figures["gospa_m"] == pytest.approx((4 + 3) * 4 / 2 / 4)
    assert figures["rmse_m"] is None


def test_prints_a_table(chowki, files):
    ended = chowki("score", *files, "--cutoff", "20")
    assert ended.code == 0, ended.err
    for words in ("GOSPA, root mean over scans (m)", "OSPA(2)", "identity switches", "cutoff 20 m"):
        assert words in ended.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["No such file", "name a CSV file"]),
        ("", ["empty", "a CSV file with a header is needed"]),
        (TRUTH.replace("x_m", "east"), ["no column x_m among time_s, target, east, y_m"]),
        (TRUTH.replace("y_m", "x_m"), ["column x_m stands twice"]),
        (TRUTH.replace("10,0", "ten,0", 1), ["row 3, column x_m: 'ten' is no number"]),
        (TRUTH.replace("10,0", ",0", 1), ["row 3, column x_m: '' is no number"]),
        (TRUTH.replace("10,0", "nan,0", 1), ["row 3, column x_m: nan; a finite number is needed"]),
        (TRUTH.replace("1,0,10", "1,,10"), ["row 3, column target: empty"]),
        (TRUTH.replace("1,0,10,0", "1,0,10"), ["Row #3: Expected 4 columns, got 3"]),
        (TRUTH + "3,0,1,1\n", ["row 6: 0 stands twice in the scan at 3 s"]),
        ("\x00\xff" * 40, ["truth.csv"]),
    ],
)
def test_an_unreadable_file_ends_with_5(chowki, files, content, words):
    truth, tracks = files
    truth.unlink() if content is None else truth.write_text(content, encoding="utf-8")
    ended = chowki("score", truth, tracks, "--cutoff", "20")
    assert ended.code == 5, ended.err
    assert ended.out == ""
    assert str(truth) in ended.err
    assert len(ended.err.splitlines()) == 1
    for word in words:
        assert word in ended.err


def test_tracks_need_height_when_truth_has_it(chowki, files):
    truth, tracks = files
    truth.write_text("time_s,target,x_m,y_m,z_m\n0,0,0,0,0\n", encoding="utf-8")
    assert chowki("score", truth, tracks, "--cutoff", "20").code == 0
    tracks.write_text("time_s,track,x_m,y_m\n0,0,0,0\n", encoding="utf-8")
    ended = chowki("score", truth, tracks, "--cutoff", "20")
    assert ended.code == 5
    assert f"{tracks}: no column z_m" in ended.err


@pytest.mark.parametrize("option", [["--cutoff", "0"], ["--cutoff", "nan"], []])
def test_a_cutoff_is_needed(chowki, files, option):
    ended = chowki("score", *files, *option)
    assert ended.code == 2
    assert "--cutoff" in ended.err
