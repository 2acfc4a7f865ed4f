"""The five steps of CONTRIBUTING.md suffice: a sensor that chowki does not know joins a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chowki import Run

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).with_name("chowki"))
GROUP = """
[[sensors]]
name = "ears"
model = "acoustic"
near = "places"
count = 2
away_km = [0.5, 2]
height_agl_m = 3
parameters = { period_s = 1.0 }
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return an environment in which the example is installed: a module and an entry point."""
    folder = tmp_path_factory.mktemp("installed")
    example = ROOT / "docs" / "examples" / "acoustic.py"
    (folder / "acoustic.py").write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    information = folder / "acoustic-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acoustic\nVersion: 1.0\n")
    named = "[chowki.sensor_model]\nacoustic = acoustic:Acoustic\n"
    (information / "entry_points.txt").write_text(named)
    return {**os.environ, "PYTHONPATH": str(folder)}


def _done(command, environment, folder):
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_conforms(installed, tmp_path):
    code = (
        "from chowki.testing import check_sensor_model, part\n"
        "check_sensor_model(part('sensor_model', 'acoustic'))"
    )
    _done([sys.executable, "-c", code], installed, tmp_path)


def test_the_example_joins_a_run_and_its_bearings_are_recorded(installed, tmp_path):
    _done([COMMAND, "new", "my-front", "--at", "27.62,77.13"], installed, tmp_path)
    story = tmp_path / "my-front.toml"
    text = story.read_text(encoding="utf-8")
    story.write_text(text + GROUP, encoding="utf-8")
    _done([COMMAND, "check", "my-front.toml"], installed, tmp_path)
    told = _done([COMMAND, "run", "my-front.toml", "--json"], installed, tmp_path)
    run = Run(tmp_path / json.loads(told)["folder"])
    ears = [s.number for s in run.recording.theatre.sensors if s.kind == "acoustic"]
    assert len(ears) == 2
    heard = run.recording.detections.to_pandas().query("sensor in @ears")
    assert len(heard) > 0
    assert heard["azimuth_rad"].between(0.0, 6.2831854).all()
    assert heard["elevation_rad"].notna().all()
    assert heard["range_m"].isna().all()


def test_the_pages_show_what_is_tested():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = "\n".join(line.strip() for line in page.splitlines())
    assert GROUP.strip() in shown
    assert "docs/examples/acoustic.py" in page
