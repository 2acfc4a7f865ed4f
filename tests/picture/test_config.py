import copy

import numpy as np
import pytest
from pydantic import ValidationError

from chowki.core.errors import ScenarioError
from chowki.picture.config import SensorConfig, TrackerConfig

CONTRACT = """
[sensor]
kind = "position"
sigma_m = 30.0
detection_probability = 0.9
clutter_per_m2 = 1e-6
scan_period_s = 1.0
area_m = [0.0, 0.0, 10000.0, 20000.0]
[motion]
model = "cv"
accel_psd_m2ps3 = 1.0
[target]
survival_probability = 0.99
initial_per_m2 = 1e-6
birth_per_m2 = 1e-8
speed_sd_mps = 30.0
[report]
existence = 0.5
"""
GAUSSIAN = """
[[sensor]]
id = "west"
kind = "radar"
position_m = [1.0, 2.0]
sigma_range_m = 20.0
sigma_azimuth_deg = 0.3
detection_probability = 0.8
clutter_per_scan = 12.0
range_max_m = 20000.0
[[sensor]]
id = "ears"
kind = "bearing"
sigma_azimuth_deg = 2.0
detection_probability = 0.5
clutter_per_scan = 1.0
area_m = [0.0, 0.0, 100.0, 50.0]
[[target.birth]]
weight = 0.005
initial_weight = 3.0
mean_m = [100.0, 100.0]
sd_m = [150.0, 150.0]
speed_sd_mps = 1.0
"""
SENSOR = {
    "kind": "position", "sigma_m": 30.0, "detection_probability": 0.9, "clutter_per_m2": 1e-6,
    "area_m": [0.0, 0.0, 1e4, 1e4],
}  # fmt: skip
LEAST = {"sensor": SENSOR, "target": {"birth_per_m2": 1e-8}}


def read(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return TrackerConfig.read(path)


def changed(**changes):
    raw = copy.deepcopy(LEAST)
    for key, value in changes.items():
        part, _, name = key.partition("__")
        raw.setdefault(part, {})[name] = value
        if value is None:
            del raw[part][name]
    return raw


def test_the_contract_is_read_as_it_stands(tmp_path):
    config = read(tmp_path, CONTRACT)
    (sensor,) = config.sensor
    assert (sensor.kind, sensor.sigma_m, sensor.scan_period_s) == ("position", 30.0, 1.0)
    assert sensor.area_m == (0.0, 0.0, 10_000.0, 20_000.0)
    assert sensor.area_m2 == 2e8
    assert sensor.clutter_density_per_m2 == 1e-6
    assert (config.motion.model, config.motion.accel_psd_m2ps3) == ("cv", 1.0)
    target = config.target
    assert (target.survival_probability, target.initial_per_m2) == (0.99, 1e-6)
    assert (target.birth_per_m2, target.speed_sd_mps, target.birth) == (1e-8, 30.0, ())
    assert config.report.existence == 0.5


def test_several_sensors_and_gaussian_births(tmp_path):
    config = read(tmp_path, GAUSSIAN)
    west, ears = config.sensor
    assert west.position_m == (1.0, 2.0)
    assert west.area_m2 == pytest.approx(np.pi * 4e8)
    assert west.clutter_density_per_m2 == pytest.approx(12.0 / (np.pi * 4e8))
    assert ears.clutter_density_per_m2 == pytest.approx(1.0 / 5000.0)
    (birth,) = config.target.birth
    assert (birth.weight, birth.initial_weight, birth.speed_sd_mps) == (0.005, 3.0, 1.0)
    assert (birth.mean_m, birth.sd_m) == ((100.0, 100.0), (150.0, 150.0))


def test_defaults_say_that_the_likeliest_is_meant():
    config = TrackerConfig.model_validate(LEAST)
    assert config.sensor[0].scan_period_s == 1.0
    assert config.motion.model == "cv"
    assert config.report.existence == 0.5
    assert config.association.method == "belief-propagation"
    assert config.association.hypotheses > 1


WRONG = [
    ("sensor__sigma_m", None, "sigma_m"),
    ("sensor__area_m", None, "area_m"),
    ("sensor__area_m", [0.0, 0.0, 0.0, 5.0], "x0 < x1"),
    ("sensor__area_m", [0.0, 9.0, 5.0, 5.0], "y0 < y1"),
    ("sensor__detection_probability", 1.0, "less than 1"),
    ("sensor__detection_probability", None, "required"),
    ("sensor__clutter_per_m2", None, "one of clutter_per_m2 and clutter_per_scan"),
    ("sensor__clutter_per_scan", 3.0, "one of clutter_per_m2 and clutter_per_scan"),
    ("sensor__kind", "sonar", "bearing"),
    ("sensor__kind", "radar", "sigma_range_m"),
    ("sensor__sigma_m", float("nan"), "sigma_m"),
    ("sensor__scan_period_s", 0.0, "greater than 0"),
    ("target__birth_per_m2", 0.0, "no target can appear"),
    ("target__survival_probability", 1.5, "less than 1"),
    ("motion__model", "ukf", "imm"),
    ("association__hypotheses", 0, "greater than or equal to 1"),
    ("report__hold", 0.0, "greater than 0"),
]


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_what_is_wrong_is_said(key, value, words):
    with pytest.raises(ValidationError) as caught:
        TrackerConfig.model_validate(changed(**{key: value}))
    assert words in str(caught.value)


def test_a_radar_or_bearing_says_how_far_it_reaches():
    radar = {"kind": "radar", "sigma_range_m": 20.0, "sigma_azimuth_deg": 0.3,
             "detection_probability": 0.9, "clutter_per_scan": 3.0}  # fmt: skip
    with pytest.raises(ValidationError, match="how far it reaches"):
        SensorConfig.model_validate(radar)
    assert SensorConfig.model_validate(radar | {"range_max_m": 5e3}).range_max_m == 5e3


def test_names_of_several_sensors_differ():
    twice = {"sensor": [SENSOR, SENSOR], "target": LEAST["target"]}
    with pytest.raises(ValidationError, match="no two the same"):
        TrackerConfig.model_validate(twice)


def test_a_file_with_mistakes_names_each_with_its_key(tmp_path):
    text = CONTRACT.replace("sigma_m", "sgma_m").replace('model = "cv"', 'model = "c"')
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    words = str(caught.value)
    for part in ("config.toml", "sgma_m", "did you mean", "motion.model", "cv"):
        assert part in words


@pytest.mark.parametrize(("text", "words"), [("[sensor", "TOML"), ("\x00", "TOML"), ("", "sensor")])
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text, words):
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match=r"nowhere\.toml"):
        TrackerConfig.read(tmp_path / "nowhere.toml")


def test_a_configuration_can_not_be_changed():
    config = TrackerConfig.model_validate(LEAST)
    with pytest.raises(ValidationError):
        config.report.existence = 0.9
