"""``chowki report --paired``: a run beside the same without its operator."""

from __future__ import annotations

import json

import pytest

from chowki.run import run

HEADER = "time_s,lat,lon,height_m\n"


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """Return a run in operator mode at whose page nobody sat."""
    folder = tmp_path_factory.mktemp("night")
    operator = ("defence.posture.operator=true",)
    return run("single-site", out=folder, until_s=40.0, overrides=operator, report=False).folder


def test_both_runs_stand_side_by_side(chowki, night):
    ended = chowki("report", night, "--paired")
    assert ended.code == 0, ended.err
    assert "with the operator" in ended.out
    assert "leakers" in ended.out
    assert "The same night without the operator" in (night / "report.html").read_text("utf-8")
    told = json.loads(chowki("report", night, "--paired", "--json").out)
    figures = {one["name"]: (one["with"], one["without"]) for one in told["paired"]["figures"]}
    assert figures["warnings to places"] == (0, 1)
    assert told["paired"]["until_s"] == 40.0
    # a report made later without the option still has it
    assert chowki("report", night).code == 0
    assert "The same night without the operator" in (night / "report.html").read_text("utf-8")


def test_a_new_run_in_the_folder_forgets_the_old_pair(chowki, tmp_path):
    first = run("single-site", out=tmp_path, until_s=5.0, report=False)
    (first.folder / "paired.json").write_text("{}")
    run("single-site", out=tmp_path, until_s=5.0, report=False)
    assert not (tmp_path / "paired.json").exists()


def test_on_a_feed_there_was_no_operator(chowki, tmp_path):
    path = tmp_path / "plots.csv"
    path.write_text(HEADER + "".join(f"{k},30.0,{74.0 + k / 1e3},1000\n" for k in range(9)))
    out = tmp_path / "out"
    assert chowki("run", "--feed", f"plots:{path}", "--out", out, "--json").code == 0
    ended = chowki("report", out, "--paired")
    assert ended.code == 2
    assert "no simulated run" in ended.err
