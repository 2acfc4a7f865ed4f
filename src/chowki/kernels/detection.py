"""Detection theory in closed form: what the drawn looks must reproduce.

Square-law detector, powers in units of mean noise power. Sources: Skolnik 2001, "Introduction to
Radar Systems", 3rd ed. (range equation, MTI); Swerling 1954, RAND RM-1217;
Marcum 1948, RAND RM-754; Albersheim 1981, Proc. IEEE 69(7); Johnson 1958 and Vollmerhausen &
Jacobs 2004 (target transfer probability function).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import TWO_PI

F64 = NDArray[np.float64]

BOLTZMANN_J_PER_K = 1.380649e-23
REFERENCE_TEMPERATURE_K = 290.0


def threshold(false_alarm: float, pulses: int = 1) -> float:
    """Return the threshold T with Q(pulses, T) = false alarm probability.

    Examples
    --------
    >>> round(threshold(1e-6), 4)
    13.8155
    """
    from scipy.special import gammainccinv

    return float(gammainccinv(pulses, false_alarm))


def swerling_0(snr: float, false_alarm: float, pulses: int = 1) -> float:
    """Return Pd of a steady target: Marcum's Q as a noncentral chi-square tail.

    Examples
    --------
    >>> round(swerling_0(10 ** 1.3, 1e-6), 4)
    0.8744
    """
    from scipy.stats import ncx2

    edge = 2.0 * threshold(false_alarm, pulses)
    return float(ncx2.sf(edge, 2 * pulses, 2.0 * pulses * snr))


def swerling_1(snr: float, false_alarm: float) -> float:
    """Return Pd of a target that fluctuates from look to look, one pulse: Pfa^(1/(1+S)).

    Examples
    --------
    >>> round(swerling_1(10 ** 1.3, 1e-6), 4)
    0.5172
    """
    return false_alarm ** (1.0 / (1.0 + snr))


def swerling_2(snr: float, false_alarm: float, pulses: int) -> float:
    """Return Pd of a target that fluctuates from pulse to pulse: Q(n, T / (1 + S)).

    Examples
    --------
    >>> round(swerling_2(10 ** 0.5, 1e-6, 10), 4)
    0.734
    """
    from scipy.special import gammaincc

    return float(gammaincc(pulses, threshold(false_alarm, pulses) / (1.0 + snr)))


def swerling_1_snr(detection: float, false_alarm: float) -> float:
    """Return the SNR (power ratio) at which a Swerling 1 target has a detection probability."""
    return math.log(false_alarm) / math.log(detection) - 1.0


def albersheim_db(detection: float, false_alarm: float, pulses: int = 1) -> float:
    """Return the SNR in dB for a steady target (Albersheim 1981), within 0.2 dB.

    Examples
    --------
    >>> round(albersheim_db(0.9, 1e-6), 2)
    13.11
    """
    a = math.log(0.62 / false_alarm)
    b = math.log(detection / (1.0 - detection))
    slope = 6.2 + 4.54 / math.sqrt(pulses + 0.44)
    return -5.0 * math.log10(pulses) + slope * math.log10(a + 0.12 * a * b + 1.7 * b)


def free_space_loss_db(distance_m: float, frequency_hz: float) -> float:
    """Return 20 log10(4 pi d / lambda) (Friis 1946).

    Examples
    --------
    >>> round(free_space_loss_db(5e3, 2.4e9), 2)
    114.03
    """
    return 20.0 * math.log10(4.0 * math.pi * distance_m * frequency_hz / 299_792_458.0)


def johnson(cycles: float, cycles_for_half: float) -> float:
    """Return the chance of a visual task: (N/N50)^E / (1 + (N/N50)^E), E = 2.7 + 0.7 N/N50.

    Examples
    --------
    >>> johnson(3.0, 3.0), round(johnson(6.0, 3.0), 3)
    (0.5, 0.945)
    """
    ratio = min(cycles / cycles_for_half, 10.0)  # 1 to nineteen digits from there on
    odds = ratio ** (2.7 + 0.7 * ratio)
    return odds / (1.0 + odds)


@kernel
def snr_constant(
    power_w: float,
    gain: float,
    wavelength_m: float,
    bandwidth_hz: float,
    noise_figure: float,
    losses: float,
) -> float:
    """Return SNR x R^4 / RCS in m^2: Pt G^2 lambda^2 / ((4 pi)^3 k T0 B F L).

    Gain, noise figure and losses are power ratios (Skolnik 2001, eq. 2.1 with noise of eq. 2.4).
    """
    noise = BOLTZMANN_J_PER_K * REFERENCE_TEMPERATURE_K * bandwidth_hz * noise_figure * losses
    return power_w * (gain * wavelength_m) ** 2 / ((4.0 * math.pi) ** 3 * noise)


@kernel
def mti_gain(radial_mps: float, wavelength_m: float, prf_hz: F64) -> float:
    """Return the power gain of a two-pulse canceller, 4 sin^2(pi fd / PRF), mean over the PRFs.

    Its mean over Doppler is 2, and so is its gain for noise; blind speeds are n lambda PRF / 2
    (Skolnik 2001, eq. 3.9 and 3.11). An empty PRF column means no canceller: gain 2 at all speeds.
    """
    if len(prf_hz) == 0:
        return 2.0
    total = 0.0
    for prf in prf_hz:
        s = math.sin(TWO_PI * radial_mps / (wavelength_m * prf))
        total += 4.0 * s * s
    return total / len(prf_hz)
