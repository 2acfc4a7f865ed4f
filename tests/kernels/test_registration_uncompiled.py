import os
import subprocess
import sys

import numpy as np

CASE = """
import numpy as np
from chowki.kernels.biases import absorb, spaced
from chowki.kernels.health import C_WIDTH, T_WIDTH, clock_signs, traffic_signs
from chowki.kernels.repeats import near_twins, recognised, with_kin
from chowki.kernels.shift import agreed, common_shift, nearest

rng = np.random.default_rng(0)
origin = np.array([[0.0, 0.0, 10.0], [2e4, -5e3, 0.0], [0.0, 0.0, 0.0]])
axes = np.stack([np.eye(3)] * 3)
prior = np.array([[1e4, 1e-5, 1e-5, 1e-2], [1e4, 1e-5, 0.0, 1e-2], [0.0, 0.0, 0.0, 1e-2]])
row = np.array([0, 1, 2, 0, 1, 2, 0, 2] * 3)
bits = np.array([7, 3, 16])[row]
time_s, values = np.tile(np.linspace(-7.0, 7.0, 8), 3), np.zeros((24, 3))
x = np.array([15e3, 12e3, 4e3, 120.0, -90.0, 3.0])
for i, s in enumerate(row):
    at = x[:3] + time_s[i] * x[3:]
    e, n, u = at - origin[s]
    ground = np.hypot(e, n)
    polar = np.array([np.hypot(ground, u) + 30.0, np.arctan2(e, n), np.arctan2(u, ground)])
    values[i] = at if s == 2 else polar
    values[i] += rng.standard_normal(3) * ([15.0] * 3 if s == 2 else [30.0, 1e-3, 2e-3])
variances = np.where(row[:, None] == 2, 225.0, np.array([900.0, 1e-6, 4e-6]))
bias, joint = np.zeros((3, 4)), np.diag(prior.ravel())
doubts = (np.zeros((3, 4)), np.zeros((3, 4, 4)), np.zeros(3))
limits = np.array([4.0, 0.3, 3.7, 5.0, 6.0, 14.0, 4.0])
out = absorb(np.array([0, 8, 16, 24]), (time_s, row, bits, values, variances),
             (origin, axes, bias, prior), np.tile(x + 20.0, (3, 1)), np.full(3, 500.0), joint,
             doubts, limits)
print(*map(repr, map(float, (*np.concatenate(out), *bias.ravel(), joint.sum(), *doubts[2]))))
print(*map(int, spaced(row, row, time_s, 3.0)))

clock, signs = np.zeros(C_WIDTH), []
for k in range(30):
    off = 2.0 if k > 20 else 0.0
    signs.append(clock_signs(clock, k, 4.0 * k + off, 4.0 * k + 4.0 + off, 4.0 * k + 4.3))
print(*signs, *map(repr, map(float, clock)))
traffic = np.zeros(T_WIDTH)
traffic[:2] = 30.0, 10.0
for k in range(20):
    n = 40 if k > 12 else 3
    azimuth, lone = np.sort(rng.uniform(0.0, 6.28, n)), np.ones(n, dtype=np.bool_)
    print(traffic_signs(traffic, azimuth, rng.uniform(1e3, 5e4, n), lone, 8,
                        np.array([6.28, 6e4]),
                        np.array([50.0, 0.05, 5, 1e-6, 0.25, 10.0, 6.0, 10.0, 10, 2])))
plots = rng.uniform(1.0, 2.0, (9, 4))
plots[5:8] = plots[:3]
plots[6, 0] += 1.0
words = plots.view(np.int64)
none = np.empty(0, dtype=np.int64)
kind, key, run = recognised(words, none, none, none)
again = recognised(words, key, words[:, 0].copy(), run)
print(*kind, *again[0], *again[2], *(key % 1000))
print(near_twins(plots, np.argsort(plots[:, 1]), np.full(3, 1.0), 0.3, kind), *kind)
here, there = plots[:, :2].copy(), plots[4:, 1:3].copy()
print(*map(int, with_kin(here, np.argsort(here[:, 0]), there, np.argsort(there[:, 0]), 0.3)))
state = np.tile(x, (5, 1)) + 3e3 * rng.standard_normal((5, 6)) * [1, 1, 0, 0, 0, 0]
aloft = (np.zeros(5), state, np.tile(np.diag([400.0] * 3 + [9.0] * 3), (5, 1, 1)))
glass = (origin[0], axes[0], np.array([900.0, 1e-6, 4e-6, 1e-4]), np.array([4.0, 0.3]))
e, n, u = (state[:, :3] + 2.0 * state[:, 3:] - origin[0]).T
ground = np.hypot(e, n)
looked = np.column_stack((np.full(5, 2.0), np.hypot(ground, u) + 300.0, np.arctan2(e, n),
                          np.arctan2(u, ground)))
rows = nearest(looked, np.arange(5), 7, glass, aloft, 2000.0)
for h, a, used in (common_shift(looked, rows, 7, glass, aloft),
                   agreed(looked, rows, 7, glass, aloft, 16.0)):
    print(used, *map(repr, map(float, (*h, *a))))
"""


def numbers(**environment):
    run = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", CASE],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return np.array([float(word) for word in run.stdout.split()])


def test_kernels_give_the_same_numbers_without_compilation():
    compiled = numbers()
    assert len(compiled) > 100
    np.testing.assert_allclose(numbers(NUMBA_DISABLE_JIT="1"), compiled, rtol=1e-7, atol=1e-11)
