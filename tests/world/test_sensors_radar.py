"""The simulated radar against detection theory, geometry and what its maker states."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from chowki.core.places import Ground, Measures, Station, Theatre
from chowki.core.ports import Aloft, Surroundings
from chowki.kernels.detection import swerling_0, swerling_1, swerling_2
from chowki.kernels.measure import wrap
from chowki.world.sensors import Radar
from chowki.world.sensors.radar import detection_probability, snr_constant

START_S = 1_700_000_000.0
QUIET = {
    "prf_hz": (), "clutter_per_look": 0.0, "recurring_points": 0, "tail_probability": 0.0,
    "range_bias_sigma_m": 0.0, "azimuth_bias_sigma_deg": 0.0, "elevation_bias_sigma_deg": 0.0,
    "clock_offset_sigma_s": 0.0,
}  # fmt: skip


def radar(number=1, seed=1, weather=1.0, ground=0.0, **figures):
    station = Station("radar", 30.0, 75.0, 0.0, START_S, 1e5)
    theatre = Theatre(station, ground=Ground(ground), simulated=True)
    position = np.array([0.0, 0.0, 20.0])
    surroundings = Surroundings(
        number, "r", position, np.eye(3), theatre.ground, theatre, seed, weather, False
    )
    return Radar(Radar.Parameters(**figures), surroundings)


def sky(position_m, velocity_mps=(0.0, 0.0, 0.0), rcs_m2=1.0, time_s=START_S + 50.0):
    position = np.asarray(position_m, dtype=np.float64)
    n = len(position)
    return Aloft(
        time_s, np.arange(n), position, np.broadcast_to(velocity_mps, (n, 3)).astype(float),
        np.zeros(n, np.int8), np.full(n, float(rcs_m2)), np.zeros(n, np.int8), np.full(n, np.nan),
        np.full(n, np.nan), np.full(n, -1), np.full(n, -1, np.int8), np.full(n, b"", "S8"),
        np.ones(n),
    )  # fmt: skip


def ring(n, range_m, up_m=800.0):
    bearing = np.linspace(0.0, 2 * math.pi, n, endpoint=False)
    ground = math.sqrt(range_m**2 - (up_m - 20.0) ** 2)
    east, north = ground * np.sin(bearing), ground * np.cos(bearing)
    return np.stack((east, north, np.full(n, up_m)), axis=1)


def looks(model, count, after_s=START_S + 45.0):
    found = []
    for _ in range(count):
        found.append(model.next_look(after_s))
        after_s = found[-1].end_s
    return found


@pytest.mark.parametrize("range_m", [12e3, 20e3, 26e3, 32e3])
@pytest.mark.parametrize("case", [0, 1, 2])
def test_detection_follows_swerling(case, range_m):
    """Thousands of simulated looks give the Pd of the closed form at each range."""
    pulses = 6 if case == 2 else 1
    model = radar(**QUIET, fluctuation=case, pulses=pulses, beamwidth_deg=0.5)
    rcs, n, scans = 0.004, 200, 20
    snr = snr_constant(Radar.Parameters()) * rcs / range_m**4
    closed = {0: swerling_0(snr, 1e-6), 1: swerling_1(snr, 1e-6)}.get(
        case, swerling_2(snr, 1e-6, pulses)
    )
    assert closed == pytest.approx(
        detection_probability(Radar.Parameters(fluctuation=case, pulses=pulses), rcs, range_m)
    )
    aloft = sky(ring(n, range_m), rcs_m2=rcs)
    seen = sum(len(model.observe(aloft, look)) for look in looks(model, scans))
    trials = n * scans
    bound = 4.0 * math.sqrt(max(closed * (1 - closed), 1.0 / trials) / trials)
    assert abs(seen / trials - closed) < bound


def test_range_goes_with_the_fourth_root_of_cross_section():
    figures = Radar.Parameters()
    pd = detection_probability(figures, 1.0, 100e3)
    assert detection_probability(figures, 0.01, 100e3 * 0.01**0.25) == pytest.approx(pd)


def test_reference_range_is_where_the_stated_probability_holds():
    for preset in ("low-level", "long-range"):
        model = radar(preset=preset)
        sensor, figures = model.sensor, Radar.Parameters(preset=preset)
        truth = detection_probability(figures, sensor.reference_rcs_m2, sensor.reference_range_m)
        assert truth == pytest.approx(sensor.detection_probability, abs=0.006)
        assert sensor.reference_range_m % 1000 == 0


def test_presets_are_what_their_names_say():
    low, far = radar().sensor, radar(preset="long-range").sensor
    assert 30e3 <= low.reference_range_m <= 45e3
    assert 0.01 <= low.reference_rcs_m2 <= 0.05
    assert (low.period_s, far.period_s) == (4.0, 10.0)
    assert far.volume.range_max_m == 300e3
    assert low.measures == Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION
    assert far.measures == Measures.RANGE | Measures.AZIMUTH
    assert radar(preset="long-range", rotation_s=6.0).sensor.period_s == 6.0


def test_blind_speeds_hide_and_half_way_between_shows():
    """One PRF of 4 kHz at 3 cm: radial 60 m/s is not seen, 30 m/s is."""
    plain = {**QUIET, "prf_hz": (4000.0,), "wavelength_m": 0.03, "beamwidth_deg": 0.3}
    model = radar(**plain)
    place = ring(100, 10e3)
    outward = (place - [0, 0, 20.0]) / np.linalg.norm(place - [0, 0, 20.0], axis=1)[:, None]
    seen = {}
    for speed in (0.0, 30.0, 60.0, 120.0):
        aloft = replace(sky(place, rcs_m2=0.05), velocity_mps=speed * outward)
        seen[speed] = sum(len(model.observe(aloft, look)) for look in looks(model, 3)[1:]) / 200
    assert seen[30.0] > 0.9
    assert max(seen[0.0], seen[60.0], seen[120.0]) < 0.01


def test_a_target_below_the_horizon_is_not_seen():
    model = radar(preset="long-range", **{**QUIET, "beamwidth_deg": 0.5})
    earth_m = 6_371_008.8
    for range_m, seen in ((55e3, True), (70e3, False)):
        down = range_m**2 / (2 * earth_m)  # up of a point 100 m above the round earth
        place = ring(60, range_m, up_m=100.0 - down)
        found = len(model.observe(sky(place, rcs_m2=10.0), looks(model, 1)[0]))
        assert (found > 50) if seen else (found == 0)


@pytest.mark.parametrize(
    ("figures", "range_m", "up_m", "seen"),
    [
        ({}, 10e3, 800.0, True),
        ({"range_min_m": 11e3}, 10e3, 800.0, False),
        ({"range_max_m": 9e3}, 10e3, 800.0, False),
        ({"elevation_max_deg": 4.0}, 10e3, 800.0, False),
        ({"elevation_min_deg": 5.0}, 10e3, 800.0, False),
        ({"horizon_mask_deg": ((0.0, 6.0), (180.0, 6.0))}, 10e3, 800.0, False),
        ({"horizon_mask_deg": ((0.0, 3.0), (180.0, 3.0))}, 10e3, 800.0, True),
    ],
)
def test_coverage_limits(figures, range_m, up_m, seen):
    model = radar(**{**QUIET, "recurring_range_max_m": 59e3, **figures})
    found = len(model.observe(sky(ring(40, range_m, up_m)), looks(model, 1)[0]))
    assert found >= 38 if seen else found == 0


def test_each_plot_has_the_time_at_which_the_beam_passed():
    model = radar(**QUIET)
    look = looks(model, 1)[0]
    aloft = sky(ring(40, 10e3), velocity_mps=(100.0, 0.0, 0.0), rcs_m2=10.0)
    plots = model.observe(aloft, look)
    turned = (plots.azimuth_rad - look.volume.azimuth_from_rad) % (2 * math.pi)
    passed = look.start_s + turned / (2 * math.pi) * (look.end_s - look.start_s)
    off = np.abs(plots.time_s - passed)
    assert np.all(np.minimum(off, 4.0 - off) < 0.02)
    moved = aloft.position_m + (plots.time_s.mean() - aloft.time_s) * aloft.velocity_mps
    assert len(plots) >= 38
    assert np.ptp(plots.time_s) > 3.0
    east = plots.range_m * np.cos(plots.elevation_rad) * np.sin(plots.azimuth_rad)
    north = plots.range_m * np.cos(plots.elevation_rad) * np.cos(plots.azimuth_rad)
    start = aloft.position_m[:, 0][:, None] + (plots.time_s - aloft.time_s) * 100.0
    away = np.hypot(east - start, north - aloft.position_m[:, 1][:, None]).min(axis=0)
    assert np.all(away < 60.0)
    assert moved.shape == aloft.position_m.shape


def test_sectors_share_a_rotation_without_overlap():
    model = radar(**QUIET, sectors=4)
    aloft = sky(ring(80, 10e3), rcs_m2=10.0)
    four = looks(model, 4)
    assert [look.end_s - look.start_s for look in four] == pytest.approx([1.0] * 4, abs=1e-6)
    counts = [len(model.observe(aloft, look)) for look in four]
    assert counts == [pytest.approx(20, abs=2)] * 4
    for look in four:
        plots = model.observe(aloft, look)
        into = (plots.azimuth_rad - look.volume.azimuth_from_rad + 0.02) % (2 * math.pi)
        assert np.all(into < look.volume.azimuth_span_rad + 0.04)


def test_errors_have_the_size_of_the_signal():
    """Normalised by cell / sqrt(2 SNR) and width / (1.6 sqrt(2 SNR)) they are standard normal."""
    model = radar(**{**QUIET, "noise_floor": 0.0, "beamwidth_deg": 1.5, "fluctuation": 0})
    place = ring(60, 22e3)
    aloft = sky(place, rcs_m2=0.02)
    range_errors, azimuth_errors, elevation_errors = [], [], []
    truth_azimuth = np.arctan2(place[:, 0], place[:, 1])
    truth_elevation = math.asin(780.0 / 22e3)
    for look in looks(model, 40):
        plots = model.observe(aloft, look)
        share = 1.0 / np.sqrt(2.0 * 10 ** (plots.snr_db / 10))
        off = np.array([[wrap(a - b) for b in truth_azimuth] for a in plots.azimuth_rad])
        nearest = off[np.arange(len(plots)), np.abs(off).argmin(axis=1)]
        range_errors.append((plots.range_m - 22e3) / (share * 29.9792458))
        azimuth_errors.append(nearest / (share * math.radians(1.5) / 1.6))
        elevation = plots.elevation_rad - truth_elevation
        elevation_errors.append(elevation / (share * math.radians(4.0) / 1.6))
    for errors in (range_errors, azimuth_errors, elevation_errors):
        assert stats.kstest(np.concatenate(errors), "norm").pvalue > 1e-4


def test_tails_are_heavier_than_normal():
    model = radar(**{**QUIET, "tail_probability": 0.1, "tail_factor": 5.0, "fluctuation": 0})
    aloft = sky(ring(60, 15e3), rcs_m2=0.05)
    errors = np.concatenate(
        [model.observe(aloft, look).range_m - 15e3 for look in looks(model, 40)]
    )
    assert stats.kurtosis(errors) > 1.0


def test_bias_is_constant_and_not_told():
    figures = {**QUIET, "range_bias_sigma_m": 80.0, "azimuth_bias_sigma_deg": 1.0}
    figures["clock_offset_sigma_s"] = 0.5
    means = []
    for seed in (1, 2):
        model = radar(seed=seed, **figures)
        aloft = sky(ring(50, 10e3), rcs_m2=10.0)
        each = [
            float(np.mean(model.observe(aloft, look).range_m)) - 10e3 for look in looks(model, 5)
        ]
        assert np.ptp(each) < 2.0
        means.append(each[0])
        assert abs(each[0]) > 3.0
    assert abs(means[0] - means[1]) > 5.0
    one, two = radar(seed=1, **figures).sensor, radar(seed=2, **figures).sensor
    for name in ("sigma_range_m", "sigma_azimuth_rad", "detection_probability", "clutter_per_look"):
        assert getattr(one, name) == getattr(two, name)


def test_close_targets_merge_into_one_plot():
    model = radar(**{**QUIET, "fluctuation": 0})
    cell, width = 29.98, math.radians(1.5)
    alone = [0.0, 10e3, 500.0]
    cases = [
        ([0.0, 10e3 + 0.5 * cell, 500.0], 1),
        ([0.5 * width * 10e3, 10e3, 500.0], 1),
        ([0.0, 10e3 + 2.0 * cell, 500.0], 2),
        ([2.0 * width * 10e3, 10e3, 500.0], 2),
    ]
    look = looks(model, 1)[0]
    for other, wanted in cases:
        assert len(model.observe(sky([alone, other]), look)) == wanted
    both = model.observe(sky([alone, alone]), look)
    one = model.observe(sky([alone]), look)
    assert both.snr_db[0] - one.snr_db[0] == pytest.approx(3.0, abs=0.2)
    assert both.rcs_dbsm[0] == pytest.approx(10 * math.log10(2.0), abs=0.2)
    east_m = 0.4 * width * 10e3
    pair = model.observe(sky([[-east_m / 2, 10e3, 500.0], [east_m / 2, 10e3, 500.0]]), look)
    assert abs(wrap(float(pair.azimuth_rad[0]))) < 0.1 * width


def test_clutter_is_poisson_and_thicker_near_by():
    model = radar(**{**QUIET, "clutter_per_look": 6.0})
    scans = [model.observe(sky(np.empty((0, 3))), look) for look in looks(model, 600)]
    counts = np.array([len(scan) for scan in scans])
    assert abs(counts.mean() - 6.0) < 4 * math.sqrt(6.0 / 600)
    assert counts.var() == pytest.approx(6.0, rel=4 * math.sqrt(2 / 600))
    ranges = np.concatenate([scan.range_m for scan in scans])
    azimuths = np.concatenate([scan.azimuth_rad for scan in scans])
    assert np.mean(ranges < 30e3) > 0.6
    assert stats.kstest(azimuths / (2 * math.pi), "uniform").pvalue > 1e-4
    assert model.sensor.clutter_per_look == 6.0


def test_recurring_clutter_comes_back_to_its_places():
    figures = {**QUIET, "recurring_points": 4, "recurring_probability": 0.5}
    model = radar(**figures)
    scans = [model.observe(sky(np.empty((0, 3))), look) for look in looks(model, 200)]
    plots = np.concatenate(
        [np.stack((s.range_m * np.sin(s.azimuth_rad), s.range_m * np.cos(s.azimuth_rad)), axis=1)
         for s in scans if len(s)]
    )  # fmt: skip
    assert len(plots) == pytest.approx(400, abs=60)
    centres = []
    for plot in plots:
        if not centres or np.min(np.linalg.norm(np.array(centres) - plot, axis=1)) > 1200.0:
            centres.append(plot)
    assert len(centres) <= 4
    other = radar(number=2, **figures).observe(sky(np.empty((0, 3))), looks(model, 1)[0])
    assert not set(np.round(other.range_m)) & set(np.round(scans[0].range_m))


def test_cross_section_is_estimated_from_power_and_range():
    model = radar(**{**QUIET, "fluctuation": 0})
    for rcs in (0.01, 0.1, 10.0):
        plots = model.observe(sky(ring(100, 9e3), rcs_m2=rcs), looks(model, 1)[0])
        assert np.mean(plots.rcs_dbsm) == pytest.approx(10 * math.log10(rcs), abs=0.3)


def test_bad_weather_shortens_the_range():
    figures = {**QUIET, "weather_loss_db_per_km": 0.5}
    aloft = sky(ring(200, 30e3), rcs_m2=0.03)
    clear, rain = (
        sum(len(model.observe(aloft, look)) for look in looks(model, 5))
        for model in (radar(weather=1.0, **figures), radar(weather=0.2, **figures))
    )
    assert rain < 0.7 * clear


@pytest.mark.parametrize(
    "wrong",
    [
        {"power_kw": -1.0}, {"range_min_m": 9e4}, {"elevation_min_deg": 50.0}, {"colour": "green"},
        {"prf_hz": (10.0,)}, {"pulses": 4}, {"fluctuation": 5}, {"false_alarm": 0.0},
        {"preset": "medium"}, {"horizon_mask_deg": ((400.0, 1.0),)}, {"gain_db": math.nan},
        {"horizon_mask_deg": ((10.0, 1.0), (10.0, 2.0))}, {"horizon_mask_deg": ((10.0, 95.0),)},
        {"recurring_range_max_m": 100.0},
    ],
)  # fmt: skip
def test_wrong_figures_are_refused(wrong):
    with pytest.raises(ValidationError):
        Radar.Parameters(**wrong)


def test_every_figure_says_where_it_comes_from():
    for name, figure in Radar.Parameters.model_fields.items():
        assert figure.description, name
