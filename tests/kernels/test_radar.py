"""Detection theory against published examples, and the drawn looks against detection theory."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import integrate, stats

from chowki.core.chance import key
from chowki.core.units import decibel, ratio
from chowki.kernels import detection
from chowki.kernels.hearing import received_dbm
from chowki.kernels.radar import received_powers

PFA = 1e-6


def power_db(value):
    return 10.0 * math.log10(value)


def received_w(power_w, gain_db, wavelength_m, rcs_m2, range_m):
    """Return received power: the range equation with noise, bandwidth and losses taken out."""
    noise_w = detection.BOLTZMANN_J_PER_K * detection.REFERENCE_TEMPERATURE_K
    constant = detection.snr_constant(power_w, ratio(gain_db), wavelength_m, 1.0, 1.0, 1.0)
    return constant * noise_w * rcs_m2 / range_m**4


def test_range_equation_against_published_examples():
    """Two worked examples of courses: 10 kW at 10 GHz, 20 dB; 1 kW at 5.65 GHz, 36 dB."""
    assert received_w(10e3, 20, 0.03, 10.0, 20e3) == pytest.approx(2.8346e-15, rel=1e-4)
    assert received_w(1e3, 36, 0.053, 1.0, 1.39e5) == pytest.approx(6.0e-17, rel=0.01)


def test_range_equation_as_a_budget_in_decibels():
    """10 kW, 33 dB, 3 cm, .01 m2, 10 km, 1 MHz, F 4 dB, L 6 dB, term by term."""
    constant = detection.snr_constant(10e3, ratio(33), 0.03, 1e6, ratio(4), ratio(6))
    budget = 40.0 + 2 * 33.0 + 20 * math.log10(0.03) - 20.0 - 30 * math.log10(4 * math.pi)
    budget += -160.0 + 203.9752 - 60.0 - 4.0 - 6.0
    assert power_db(constant * 0.01 / 10e3**4) == pytest.approx(budget, abs=1e-3)
    assert power_db(constant / 20e3**4) - power_db(constant / 10e3**4) == pytest.approx(
        -12.0412, abs=1e-4
    )
    far = 10e3 * ratio(-20) ** 0.25
    assert far == pytest.approx(3162.0, abs=1.0)
    assert constant * 1.0 / 10e3**4 == pytest.approx(constant * 0.01 / far**4)


@pytest.mark.parametrize(
    ("snr_db", "steady", "slow"), [(10, 0.2480, 0.2848), (13, 0.8744, 0.5172), (16, 0.9999, 0.7128)]
)
def test_detection_table(snr_db, steady, slow):
    snr = ratio(snr_db)
    assert detection.swerling_0(snr, PFA) == pytest.approx(steady, abs=5e-5)
    assert detection.swerling_1(snr, PFA) == pytest.approx(slow, abs=5e-5)
    edge, amplitude = math.sqrt(-2 * math.log(PFA)), math.sqrt(2 * snr)
    rice, _ = integrate.quad(lambda a: stats.rice.pdf(a, amplitude), edge, amplitude + edge + 12)
    assert detection.swerling_0(snr, PFA) == pytest.approx(rice, abs=1e-7)


def test_swerling_2_example():
    assert detection.swerling_2(ratio(5), PFA, 10) == pytest.approx(0.7340, abs=5e-5)
    assert detection.swerling_2(ratio(13), PFA, 1) == pytest.approx(
        detection.swerling_1(ratio(13), PFA)
    )


def _needed_db(pulses):
    low, high = -10.0, 30.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        found = detection.swerling_0(ratio(middle), PFA, pulses) >= 0.9
        low, high = (low, middle) if found else (middle, high)
    return high


@pytest.mark.parametrize(("pulses", "formula", "exact"), [(1, 13.11, 13.18), (10, 4.99, 5.27)])
def test_albersheim_within_three_tenths_of_a_decibel(pulses, formula, exact):
    assert detection.albersheim_db(0.9, PFA, pulses) == pytest.approx(formula, abs=0.01)
    assert _needed_db(pulses) == pytest.approx(exact, abs=0.01)
    assert abs(detection.albersheim_db(0.9, PFA, pulses) - _needed_db(pulses)) < 0.3


def test_canceller_gain_and_blind_speeds():
    prf = np.array([4000.0])
    for blind in (0.0, 60.0, 120.0, 180.0, -60.0):
        assert detection.mti_gain(blind, 0.03, prf) == pytest.approx(0.0, abs=1e-12)
    assert detection.mti_gain(30.0, 0.03, prf) == pytest.approx(4.0)
    speeds = np.linspace(0.0, 60.0, 2001)[:-1]
    mean = np.mean([detection.mti_gain(v, 0.03, prf) for v in speeds])
    assert mean == pytest.approx(2.0, abs=1e-9)
    assert detection.mti_gain(60.0, 0.03, np.array([4000.0, 4700.0])) > 0.3
    assert detection.mti_gain(123.0, 0.03, np.empty(0)) == 2.0


def test_free_space_loss_example():
    assert detection.free_space_loss_db(5e3, 2.4e9) == pytest.approx(114.03, abs=0.005)
    assert received_dbm(1.0, 0.0, 5e3, 2.4e9) == pytest.approx(30.0 - 114.03, abs=0.005)


def test_johnson_example():
    assert detection.johnson(4.0, 4.0) == 0.5
    assert detection.johnson(8.0, 4.0) == pytest.approx(0.945, abs=5e-4)
    assert detection.johnson(1e6, 4.0) == pytest.approx(1.0)
    assert detection.johnson(0.0, 4.0) == 0.0


@pytest.mark.parametrize(
    ("case", "pulses", "snr_db", "false_alarm"),
    [
        (0, 1, 10, 1e-6), (0, 1, 13, 1e-6), (1, 1, 10, 1e-6), (1, 1, 13, 1e-6), (1, 1, 16, 1e-6),
        (2, 10, 5, 1e-6), (2, 4, 8, 1e-4), (1, 1, 3, 1e-2), (0, 1, 0, 1e-2),
    ],
)  # fmt: skip
def test_drawn_power_is_detected_as_often_as_theory_says(case, pulses, snr_db, false_alarm):
    looks = 20_000
    edge = detection.threshold(false_alarm, pulses)
    k0, k1 = key(5, f"{case}.{pulses}.{snr_db}")
    powers = received_powers(ratio(snr_db), case, pulses, k0, k1, looks)
    closed = {
        0: lambda: detection.swerling_0(ratio(snr_db), false_alarm),
        1: lambda: detection.swerling_1(ratio(snr_db), false_alarm),
        2: lambda: detection.swerling_2(ratio(snr_db), false_alarm, pulses),
    }[case]()
    error = math.sqrt(closed * (1 - closed) / looks)
    assert abs(np.mean(powers > edge) - closed) < 4.0 * error


def test_noise_alone_crosses_the_threshold_as_often_as_set():
    k0, k1 = key(6, "noise")
    for case, pulses in ((0, 1), (1, 1), (2, 8)):
        powers = received_powers(0.0, case, pulses, k0, k1, 40_000)
        edge = detection.threshold(1e-2, pulses)
        assert abs(np.mean(powers > edge) - 1e-2) < 4.0 * math.sqrt(1e-2 / 40_000)
        assert np.mean(powers) == pytest.approx(pulses, rel=0.03)


def test_chance_adds_up_over_looks():
    """1 - (1 - p)^m and M of N, from the drawn looks."""
    k0, k1 = key(7, "looks")
    edge = -math.log(0.4) * (1 + ratio(10))
    seen = received_powers(ratio(10), 1, 1, k0, k1, 30_000) > edge
    assert np.mean(seen.reshape(-1, 3).any(axis=1)) == pytest.approx(0.784, abs=0.02)
    edge = -math.log(0.7) * (1 + ratio(10))
    seen = received_powers(ratio(10), 1, 1, k0, k1, 30_000) > edge
    assert np.mean(seen.reshape(-1, 3).sum(axis=1) >= 2) == pytest.approx(0.784, abs=0.02)


def test_decibel_is_the_inverse_of_ratio():
    assert decibel(ratio(-7.5)) == pytest.approx(-7.5)


PLAIN = """
import numpy as np
from chowki.core.chance import key
from chowki.kernels.radar import received_powers
from chowki.kernels.detection import mti_gain
from chowki.kernels.terrain import Terrain, ground_height, mask_elevation
none = np.empty(0)
edge = np.array([0.0, 1.0])
terrain = Terrain(7.0, 4/3, edge, edge, np.array([[0., 1.], [2., 3.]]))
out = [*received_powers(5.0, 1, 1, *key(1, "a"), 5), *received_powers(5.0, 2, 3, *key(1, "a"), 3),
       mti_gain(17.0, 0.03, np.array([4e3, 4.5e3])), ground_height(terrain, 0.25, 0.75),
       ground_height(terrain, 2.0, 0.5),
       mask_elevation(np.array([1.0, 2.0]), np.array([0.1, 0.3]), 1.4)]
print([float(x).hex() for x in out])
"""


def test_compiled_and_plain_kernels_give_the_same_numbers():
    def run(disable):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disable, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-c", PLAIN],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [float.fromhex(x) for x in eval(done.stdout)]

    assert run("1") == pytest.approx(run("0"), rel=1e-12)
