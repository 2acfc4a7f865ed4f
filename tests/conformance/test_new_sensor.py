"""The five steps of adding a sensor suffice: an acoustic one comes in from outside the tree."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chowki import scenario

# Step 1: one file with a class and its Parameters.
ACOUSTIC = '''
"""An acoustic sensor: bearing of what is loud enough, late by the time that sound takes."""

import math

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.chance import key
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.ports import Look
from chowki.core.records import Detections
from chowki.kernels.measure import spherical
from chowki.kernels.philox import normal2

SOUND_MPS = 343.0


class AcousticParameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    level_db: float = Field(default=110.0, gt=0, description="at 1 m, illustrative")
    floor_db: float = Field(default=35.0, gt=0, description="quiet countryside, illustrative")
    absorption_db_per_m: float = Field(default=0.005, ge=0, description="air, some kHz")
    period_s: float = Field(default=2.0, gt=0, description="illustrative")


def level_db(parameters, range_m):
    spread = 20.0 * math.log10(range_m)
    return parameters.level_db - spread - parameters.absorption_db_per_m * range_m


class Acoustic:
    Parameters = AcousticParameters

    def __init__(self, parameters, surroundings):
        self.parameters = parameters
        self.key = key(surroundings.seed, "acoustic.bearing")
        self.start_s = surroundings.theatre.station.start_s
        self.sensor = Sensor(
            surroundings.sensor_number, surroundings.name, "acoustic", surroundings.position_m,
            surroundings.axes, Measures.AZIMUTH, Volume(0.0, 4000.0), parameters.period_s, 0.8,
            0.01, sigma_azimuth_rad=0.05,
        )

    def next_look(self, after_s):
        period_s = self.parameters.period_s
        number = max(math.ceil((after_s - self.start_s) / period_s - 1e-3), 0)
        start_s = self.start_s + number * period_s
        return Look(number, start_s, start_s + period_s, self.sensor.volume)

    def observe(self, aloft, look):
        times, bearings = [], []
        heard_s = 0.5 * (look.start_s + look.end_s)
        for row, target in enumerate(aloft.target.tolist()):
            here = aloft.position_m[row] + (heard_s - aloft.time_s) * aloft.velocity_mps[row]
            range_m, _, _ = spherical(self.sensor.position_m, self.sensor.axes, *here.tolist())
            if range_m > 4000.0 or level_db(self.parameters, range_m) < self.parameters.floor_db:
                continue
            left = here - range_m / SOUND_MPS * aloft.velocity_mps[row]
            azimuth = spherical(self.sensor.position_m, self.sensor.axes, *left.tolist())[1]
            thing = (self.sensor.number << 32) | target
            error = 0.05 * normal2(*self.key, thing, look.number, 0)[0]
            times.append(heard_s)
            bearings.append((azimuth + error) % (2.0 * math.pi))
        return Detections.of(time_s=times, azimuth_rad=bearings) if times else Detections.empty()

    def heed(self, tasks):
        pass
'''
# Step 2: an entry point.
ENTRY_POINT = "[chowki.sensor_model]\nacoustic = hark:Acoustic\n"
# Step 3: one line in tests/conformance.
CONFORMS = 'check_sensor_model(part("sensor_model", "acoustic"))\n'
# Step 4: its name in a scenario.
GROUP = """
[[sensors]]
name = "ears"
model = "acoustic"
link = "radio"
near = "places"
count = 2
away_km = [0.5, 1]
height_agl_m = 3
parameters = { level_db = 105.0 }

[links.radio]
"""


@pytest.fixture
def installed(tmp_path):
    """Return an environment in which the new package is installed, and its folder."""
    (tmp_path / "hark.py").write_text(ACOUSTIC)
    info = tmp_path / "hark-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hark\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINT)
    return {**os.environ, "PYTHONPATH": str(tmp_path)}, tmp_path


def python(code, environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_new_sensor_conforms(installed):
    environment, _ = installed
    python(f"from chowki.testing import check_sensor_model, part\n{CONFORMS}", environment)


def test_its_reach_is_the_closed_form(installed):
    """80 dB at 1 m, floor 35 dB, .005 dB/m: 162 m."""
    environment, _ = installed
    code = """
import hark
quiet = hark.Acoustic.Parameters(level_db=80.0)
low, high = 1.0, 4000.0
for _ in range(60):
    middle = 0.5 * (low + high)
    loud = hark.level_db(quiet, middle) >= quiet.floor_db
    low, high = (middle, high) if loud else (low, middle)
print(low)
"""
    assert float(python(code, environment)) == pytest.approx(162.0, abs=0.5)


@pytest.mark.slow
def test_a_new_sensor_runs_in_a_scenario(installed):
    """Step 5: run. Its scans are in the recording beside those of the shipped sensors."""
    environment, folder = installed
    text = scenario.new("ears", 30.0, 75.0).replace("[links.radio]", GROUP, 1)
    text = text.replace("duration_s = 600", "duration_s = 240")
    assert GROUP in text
    assert "duration_s = 240" in text
    (folder / "ears.toml").write_text(text)
    code = f"""
import chowki
from chowki.outputs.recording import Recording
run = chowki.run({str(folder / "ears.toml")!r}, out={str(folder / "out")!r}, report=False)
recording = Recording({str(folder / "out")!r})
ears = {{s.number for s in recording.theatre.sensors if s.kind == "acoustic"}}
scans = recording.scans.to_pydict()
print(len(ears), sum(n for s, n in zip(scans["sensor"], scans["detections"]) if s in ears))
"""
    ears, heard = map(int, python(code, environment).split())
    assert ears == 2
    assert heard > 10
