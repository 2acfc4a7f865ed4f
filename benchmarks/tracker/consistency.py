"""Is the filter as sure as it should be? Many runs of one target, truth drawn from its own model.

Truth and measurements are made here in NumPy and SciPy alone: exact discretisation by matrix
exponentials (Van Loan 1978, "Computing integrals involving the matrix exponential", IEEE TAC
23(3)), geometry written anew. The filter is that of ``chowki.kernels``, one plot after the other.
NEES and NIS: Bar-Shalom, Li and Kirubarajan 2001, 5.4.2. Bound: Tichavsky, Muravchik and Nehorai
1998, "Posterior Cramér-Rao bounds for discrete-time nonlinear filtering", IEEE TSP 46(5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import expm
from scipy.stats import chi2

from chowki.kernels import filter as plots_of
from chowki.kernels.bernoulli import detected, spare_space
from chowki.kernels.kalman import innovate, workspace
from chowki.kernels.modes import (
    DAMPING,
    KIND,
    MODE_WIDTH,
    PLANE_TURNING,
    Q_HORIZONTAL,
    Q_TURN,
    Q_VERTICAL,
    SPACE_TURNING,
    TURN,
    TURN_SD,
    combine,
    forecast,
    forecast_space,
)

ALPHA = 0.001
RANGE, AZIMUTH, ELEVATION, RANGE_RATE, POSITION = 1, 2, 4, 8, 16
POLAR_SLOTS = ((RANGE, 0), (AZIMUTH, 1), (ELEVATION, 2), (RANGE_RATE, 3))
OPEN_GATES = np.full(11, 1e12)


@dataclass(frozen=True, slots=True)
class Sensor:
    """Where a sensor stands, what it measures, how well and when.

    Attributes
    ----------
    bits : int
        Slots (``core.places.Measures``).
    sigma : tuple of float
        Standard deviation of each measured slot: m, rad, m/s; one for all of a position.
    at_m : tuple of float
        Where it stands.
    period_s, first_s : float
        Between its plots; of its first.
    late_s : float
        Plots arrive up to this much late, evenly spread.
    """

    bits: int
    sigma: tuple[float, ...]
    at_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    period_s: float = 2.0
    first_s: float = 2.0
    late_s: float = 0.0

    def deviations(self, dimensions: int) -> np.ndarray:
        """Return the standard deviation of each number that it measures."""
        return np.array(self.sigma * dimensions if self.bits & POSITION else self.sigma)

    def measured(self, x: np.ndarray) -> np.ndarray:
        """Return what it would measure of states (n, 2 D or more), without noise."""
        d = x.shape[1] // 2
        if self.bits & POSITION:
            return x[:, :d].copy()
        off = x[:, :3] - np.array(self.at_m)
        slant = np.linalg.norm(off, axis=1)
        angles = (np.arctan2(off[:, 0], off[:, 1]), np.arcsin(off[:, 2] / slant))
        rate = np.einsum("ni,ni->n", off, x[:, 3:6]) / slant
        columns = (slant, *angles, rate)
        return np.stack([columns[k] for bit, k in POLAR_SLOTS if bit & self.bits], axis=1)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Return the derivatives of what it measures, (n, m, 2 D), by central differences."""
        n, d = len(x), x.shape[1] // 2
        step = np.where(np.arange(2 * d) < d, 1e-1, 1e-3)
        out = np.empty((n, self.measured(x[:1]).shape[1], 2 * d))
        for k in range(2 * d):
            move = np.zeros(x.shape[1])
            move[k] = step[k]
            out[:, :, k] = self._apart(self.measured(x + move), self.measured(x - move))
            out[:, :, k] /= 2.0 * step[k]
        return out

    def _apart(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return a - b, angles within half a turn."""
        apart = a - b
        if self.bits & AZIMUTH:
            k = 1 if self.bits & RANGE else 0
            apart[:, k] = (apart[:, k] + np.pi) % (2.0 * np.pi) - np.pi
        return apart


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode of motion, as ``kernels.modes`` takes it."""

    q: tuple[float, float] = (1.0, 0.1)
    damping: float = 0.0
    turns: bool = False
    turn_sd: float = 0.0
    turn_change: float = 0.0

    def row(self) -> np.ndarray:
        """Return the columns of the mode."""
        row = np.zeros(MODE_WIDTH)
        row[KIND], row[DAMPING] = (TURN if self.turns else 0.0), self.damping
        row[Q_HORIZONTAL], row[Q_VERTICAL] = self.q
        row[TURN_SD], row[Q_TURN] = self.turn_sd, self.turn_change**2
        return row


@dataclass(frozen=True, slots=True)
class Case:
    """One target seen by some sensors.

    Attributes
    ----------
    modes : Sequence of Mode
        How it moves; it starts in the first.
    mean, sd : Sequence of float
        Prior of position and velocity, m and m/s, 2 D numbers each.
    sensors : Sequence of Sensor
        What sees it.
    rates : Sequence of Sequence of float
        Rates of changing from mode to mode, 1/s; rows sum to 0.
    plots : int
        Plots until the end.
    """

    modes: Sequence[Mode]
    mean: Sequence[float]
    sd: Sequence[float]
    sensors: Sequence[Sensor]
    rates: Sequence[Sequence[float]] = ((0.0,),)
    plots: int = 24

    @property
    def dimensions(self) -> int:
        """Return 2 in the plane, 3 in space."""
        return len(self.mean) // 2

    def motion(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the motion as kernels take it."""
        return np.array([m.row() for m in self.modes]), np.array(self.rates, dtype=float), 0.0


@dataclass(slots=True)
class Outcome:
    """What the runs of a case came to, by plot.

    Attributes
    ----------
    nees, nis : list of numpy.ndarray
        Of each run after each plot; NIS over the numbers measured.
    freedom : list of int
        Numbers measured.
    error_m : list of numpy.ndarray
        Distance of estimate and truth.
    truth : list of numpy.ndarray
        States of all runs at the filter's time.
    sensor : list of int
        Which sensor gave the plot.
    time_s : list of float
        The filter's time.
    """

    nees: list[np.ndarray] = field(default_factory=list)
    nis: list[np.ndarray] = field(default_factory=list)
    freedom: list[int] = field(default_factory=list)
    error_m: list[np.ndarray] = field(default_factory=list)
    truth: list[np.ndarray] = field(default_factory=list)
    sensor: list[int] = field(default_factory=list)
    time_s: list[float] = field(default_factory=list)


def band(freedom: int, runs: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Return between which the mean of ``runs`` chi-square variables lies but for ``alpha``."""
    low, high = chi2.ppf([alpha / 2.0, 1.0 - alpha / 2.0], freedom * runs) / runs
    return float(low), float(high)


def discretised(mode: Mode, q: float, dt_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return transition and noise of one axis, position and velocity, by Van Loan's method."""
    a = np.array([[0.0, 1.0], [0.0, -mode.damping]])
    block = np.zeros((4, 4))
    block[:2, :2], block[2:, 2:], block[1, 3] = -a, a.T, q
    e = expm(block * dt_s)
    f = e[2:, 2:].T
    return f, f @ e[:2, 2:]


def advanced(mode: Mode, x: np.ndarray, dt_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return states (n, 2 D + 1) after ``dt_s`` seconds in one mode, with its noise."""
    n, d = len(x), x.shape[1] // 2
    out = x.copy()
    if mode.turns and dt_s > 0.0:
        # clockwise or not: as a complex number the velocity turns by exp(i w dt)
        flat, w = x[:, d] + 1j * x[:, d + 1], x[:, 2 * d]
        small = np.abs(w * dt_s) < 1e-9
        way = np.where(small, dt_s, (np.exp(1j * w * dt_s) - 1.0) / np.where(small, 1.0, 1j * w))
        out[:, 0], out[:, 1] = x[:, 0] + (flat * way).real, x[:, 1] + (flat * way).imag
        flat = flat * np.exp(1j * w * dt_s)
        out[:, d], out[:, d + 1] = flat.real, flat.imag
        if d == 3:
            out[:, 2] = x[:, 2] + dt_s * x[:, 5]
        out[:, 2 * d] += mode.turn_change * np.sqrt(dt_s) * rng.standard_normal(n)
    for axis in range(d):
        f, noise = discretised(mode, mode.q[axis // 2], dt_s)
        if not mode.turns:
            out[:, axis] = x[:, axis] + f[0, 1] * x[:, d + axis]
            out[:, d + axis] = f[1, 1] * x[:, d + axis]
        if dt_s > 0.0:
            shake = rng.standard_normal((n, 2)) @ np.linalg.cholesky(noise).T
            out[:, axis] += shake[:, 0]
            out[:, d + axis] += shake[:, 1]
    if not mode.turns:
        out[:, 2 * d] = mode.turn_sd * rng.standard_normal(n)
    return out


def events(case: Case, rng: np.random.Generator) -> list[tuple[float, float, int]]:
    """Return (arrival, time, sensor) of the plots in order of arrival."""
    found = []
    for s, sensor in enumerate(case.sensors):
        times = sensor.first_s + sensor.period_s * np.arange(case.plots)
        late = sensor.late_s * rng.uniform(size=case.plots)
        found += [(float(t + delay), float(t), s) for t, delay in zip(times, late, strict=True)]
    return sorted(found)[: case.plots]


def truths(
    case: Case, times: Sequence[float], runs: int, rng: np.random.Generator
) -> tuple[dict[float, np.ndarray], dict[float, np.ndarray]]:
    """Return states (runs, 2 D + 1) and modes (runs,) at some times, drawn from the prior on."""
    d = case.dimensions
    first = case.modes[0]
    x = np.zeros((runs, 2 * d + 1))
    x[:, : 2 * d] = np.array(case.mean) + np.array(case.sd) * rng.standard_normal((runs, 2 * d))
    x[:, 2 * d] = first.turn_sd * rng.standard_normal(runs)
    mode, at_s = np.zeros(runs, dtype=int), 0.0
    states, modes = {}, {}
    for time_s in times:
        goes = np.cumsum(expm(np.array(case.rates, dtype=float) * (time_s - at_s)), axis=1)
        mode = (rng.uniform(size=(runs, 1)) > goes[mode]).sum(axis=1).clip(0, len(case.modes) - 1)
        after = x.copy()
        for m, model in enumerate(case.modes):
            after[mode == m] = advanced(model, x[mode == m], time_s - at_s, rng)
        x, at_s = after, time_s
        states[time_s], modes[time_s] = x, mode
    return states, modes


class Filter:
    """The kernels' filter of many runs, one plot each at a time.

    Parameters
    ----------
    case : Case
        Motion and prior.
    runs : int
        How many.
    """

    def __init__(self, case: Case, runs: int) -> None:
        d = case.dimensions
        self.case, self.size = case, PLANE_TURNING if d == 2 else SPACE_TURNING
        s, modes = len(self.size), len(case.modes)
        self.motion, self.time_s, self.modes = case.motion(), 0.0, modes
        self.x, self.p = np.zeros((runs, modes, s)), np.zeros((runs, modes, s, s))
        self.mu = np.zeros((runs, modes))
        self.mu[:, 0] = 1.0
        self.x[:, 0, : 2 * d] = case.mean
        variance = np.append(np.square(case.sd), case.modes[0].turn_sd ** 2)
        self.p[:, 0] = np.diag(variance)
        self.work, self.ahead = workspace(self.size), forecast_space(self.size, modes)
        self.spare = spare_space(self.size, modes)

    def row(self, sensor: Sensor, z: np.ndarray) -> np.ndarray:
        """Return a plot as kernels take it."""
        d = self.case.dimensions
        row = np.ones(plots_of.PLANE_WIDTH if d == 2 else plots_of.P_WIDTH)
        value, spread = plots_of.P_VALUE, plots_of.PLANE_VARIANCE
        slots = list(range(2))
        if d == 3:
            spread = plots_of.P_VARIANCE
            slots = [4, 5, 6] if sensor.bits & POSITION else []
            slots += [k for bit, k in POLAR_SLOTS if bit & sensor.bits]
        for k, slot in enumerate(slots):
            row[value + slot] = z[k]
            row[spread + slot] = sensor.deviations(d)[k] ** 2
        return row

    def take(self, sensor: Sensor, time_s: float, z: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Take one plot of every run; return NIS under the true mode."""
        late = min(time_s - self.time_s, 0.0)
        dt, nis = max(time_s - self.time_s, 0.0), np.empty(len(z))
        q = float(self.motion[0][:, Q_HORIZONTAL].max())
        view = (np.array(sensor.at_m), np.eye(3), OPEN_GATES, np.array([q, 0.0]))
        for i in range(len(z)):
            row = self.row(sensor, z[i])
            forecast(self.size, self.motion, self.x[i], self.p[i], self.mu[i], dt, True, self.ahead)
            nis[i] = self._nis(int(truth[i]), late, row, sensor, view)
            if not detected(
                self.size, self.ahead, late, row, sensor.bits, view, self.work, self.spare
            ):
                raise ArithmeticError("a plot fits no mode")
            self.x[i], self.p[i], self.mu[i] = self.spare[:3]
        self.time_s = max(self.time_s, time_s)
        return nis

    def _nis(self, m: int, late: float, row: np.ndarray, sensor: Sensor, view: tuple) -> float:
        """Return the squared Mahalanobis distance of a plot from one mode's prediction."""
        x, p = self.ahead[0][m], self.ahead[1][m]
        if self.case.dimensions == 2:
            h = np.zeros((2, 5))
            h[:, :2], h[:, 2:4] = np.eye(2), late * np.eye(2)
            r = row[plots_of.PLANE_VARIANCE :] - late**3 * view[3][0] / 3.0
            y = row[plots_of.P_VALUE : plots_of.PLANE_VARIANCE] - h @ x
            return float(y @ np.linalg.solve(h @ p @ h.T + np.diag(r), y))
        values = row[plots_of.P_VALUE : plots_of.P_VARIANCE]
        _, _, squared, _ = innovate(
            self.size, x, p, late, sensor.bits, values, row[plots_of.P_VARIANCE :], view[0],
            view[1], view[3][0], 0.0, self.work,
        )  # fmt: skip
        return float(squared)

    def estimate(self, i: int, mode: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance of position and velocity of a run, of all modes or one."""
        n = 2 * self.case.dimensions
        if mode is not None:
            return self.x[i, mode, :n], self.p[i, mode, :n, :n]
        x, p = np.empty(n), np.empty((n, n))
        combine(self.size, self.x[i], self.p[i], self.mu[i], x, p)
        return x, p


def simulate(case: Case, runs: int, seed: int = 1) -> Outcome:
    """Return NEES, NIS and errors of all runs after each plot.

    With several modes NEES and NIS are those of the mode that the target is truly in: given the
    mode the filter takes the state for Gaussian. The mixture over modes is not, so that its NEES
    has no chi-square band.
    """
    rng = np.random.default_rng(seed)
    order = events(case, rng)
    states, modes = truths(case, sorted({e[1] for e in order}), runs, rng)
    filtered, out = Filter(case, runs), Outcome()
    n, d = 2 * case.dimensions, case.dimensions
    for _, time_s, s in order:
        sensor = case.sensors[s]
        deviations = sensor.deviations(d)
        z = sensor.measured(states[time_s][:, :n])
        z = z + deviations * rng.standard_normal(z.shape)
        now_s = max(filtered.time_s, time_s)
        out.nis.append(filtered.take(sensor, time_s, z, modes[now_s]))
        nees, error = np.empty(runs), np.empty(runs)
        for i in range(runs):
            x, p = filtered.estimate(i, int(modes[now_s][i]))
            apart = states[now_s][i, :n] - x
            nees[i] = apart @ np.linalg.solve(p, apart)
            whole, _ = filtered.estimate(i)
            error[i] = np.linalg.norm(states[now_s][i, :d] - whole[:d])
        out.nees.append(nees)
        out.error_m.append(error)
        out.freedom.append(z.shape[1])
        out.truth.append(states[now_s][:, :n])
        out.sensor.append(s)
        out.time_s.append(now_s)
    return out


def plain(case: Case, runs: int, seed: int = 1) -> list[np.ndarray]:
    """Return NEES after each plot of an extended Kalman filter as textbooks have it, in NumPy.

    The same truths and plots as ``simulate``; one straight mode, plots in time.
    """
    rng = np.random.default_rng(seed)
    order = events(case, rng)
    states, _ = truths(case, sorted({e[1] for e in order}), runs, rng)
    d, mode = case.dimensions, case.modes[0]
    x = np.tile(np.array(case.mean, dtype=float), (runs, 1))
    p, at_s, found = np.tile(np.diag(np.square(case.sd)), (runs, 1, 1)), 0.0, []
    for _, time_s, s in order:
        sensor = case.sensors[s]
        f, q = whole(mode, d, time_s - at_s)
        z = sensor.measured(states[time_s][:, : 2 * d])
        r = np.diag(sensor.deviations(d) ** 2)
        z = z + sensor.deviations(d) * rng.standard_normal(z.shape)
        x, p, at_s = x @ f.T, f @ p @ f.T + q, time_s
        h = sensor.slope(x)
        gain = p @ h.transpose(0, 2, 1) @ np.linalg.inv(h @ p @ h.transpose(0, 2, 1) + r)
        y = sensor._apart(z, sensor.measured(x))
        x = x + np.einsum("nim,nm->ni", gain, y)
        left = np.eye(2 * d) - gain @ h
        p = left @ p @ left.transpose(0, 2, 1) + gain @ r @ gain.transpose(0, 2, 1)
        apart = states[time_s][:, : 2 * d] - x
        found.append(np.einsum("ni,ni->n", apart, np.linalg.solve(p, apart[..., None])[..., 0]))
    return found


def whole(mode: Mode, d: int, dt_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return transition and noise of all axes of a straight mode."""
    f, q = np.eye(2 * d), np.zeros((2 * d, 2 * d))
    for axis in range(d):
        at = np.ix_([axis, d + axis], [axis, d + axis])
        f[at], q[at] = discretised(mode, mode.q[axis // 2], dt_s)
    return f, q


def bound_m(case: Case, out: Outcome) -> np.ndarray:
    """Return the posterior Cramér-Rao bound on RMS position error after each plot.

    For a straight mode and plots in time: J' = (Q + F J^-1 F')^-1 + E H' R^-1 H, the expectation
    over the truths of the runs.
    """
    d, at_s, found = case.dimensions, 0.0, []
    information = np.diag(1.0 / np.square(case.sd))
    for truth, s, time_s in zip(out.truth, out.sensor, out.time_s, strict=True):
        f, q = whole(case.modes[0], d, time_s - at_s)
        h, at_s = case.sensors[s].slope(truth), time_s
        told = h.transpose(0, 2, 1) @ np.diag(case.sensors[s].deviations(d) ** -2.0) @ h
        information = np.linalg.inv(q + f @ np.linalg.inv(information) @ f.T) + told.mean(axis=0)
        found.append(np.sqrt(np.trace(np.linalg.inv(information)[:d, :d])))
    return np.array(found)
