import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.stats import multivariate_normal

from chowki.kernels.bernoulli import NEGLIGIBLE, update
from chowki.kernels.filter import (
    P_TIME,
    P_WIDTH,
    PLANE_WIDTH,
    position_slot,
    position_variance,
)
from chowki.kernels.modes import PLANE, PLANE_TURNING, SPACE, SPACE_TURNING, advance
from chowki.picture.motions import interacting, straight

SEEDS = st.integers(0, 2**32 - 1)
Q, POSITION = 2.0, 16
ALONE = straight(Q, Q)
IMM = interacting((Q, Q), (6.0, Q), (0.5, 0.5), 0.1, 0.03, 2.0, (40.0, 12.0, 50.0))
CASES = [(PLANE, ALONE), (PLANE_TURNING, IMM), (SPACE, ALONE), (SPACE_TURNING, IMM)]


def view_of(squared=1e6):
    return np.zeros(3), np.eye(3), np.full(11, squared), np.array([Q, 0.0])


def combined(x, p, mu, width):
    mean = mu @ x
    apart = x - mean
    spread = np.einsum("m,mij->ij", mu, p) + np.einsum("m,mi,mj->ij", mu, apart, apart)
    return mean[:width], spread[:width, :width]


class Scene:
    """Tracks, plots of several times, and who caused which: probabilities that sum to one."""

    def __init__(self, seed, size, motion, tracks=4, plots=6, apart_s=2.0):
        rng = np.random.default_rng(seed)
        n, d, modes = len(size), len(size) // 2, len(motion[0])
        self.size, self.motion, self.n, self.plots_n = size, motion, tracks, plots
        scale = np.array([60.0] * d + [8.0] * d + [0.05] * (n % 2))
        a = rng.standard_normal((tracks, modes, n, n)) * scale[:, None]
        p = a @ a.transpose(0, 1, 3, 2) + np.diag(1e-2 * scale**2)
        middle = rng.uniform(-1.0, 1.0, (tracks, 1, n)) * np.array([500.0] * d + [50.0] * (n - d))
        middle[..., 2 * d :] *= 2e-3
        x = middle + 0.3 * scale * rng.standard_normal((tracks, modes, n))
        mu = rng.dirichlet(np.ones(modes), tracks)
        whole = [combined(*one, 2 * d) for one in zip(x, p, mu, strict=True)]
        self.rows = (
            np.array([w[0] for w in whole]), np.array([w[1] for w in whole]), x, p, mu,
            100.0 - rng.uniform(0.0, 5.0, tracks), rng.uniform(0.3, 1.0, tracks),
            rng.permutation(tracks),
        )  # fmt: skip
        for column in (2, 3, 4):  # modes lie elsewhere than their tracks
            self.rows[column][self.rows[7]] = self.rows[column].copy()
        self.rows[5][0] = 99.0 + apart_s  # a track younger than most plots
        self.plots = np.zeros((plots, PLANE_WIDTH if d == 2 else P_WIDTH))
        self.plots[:, P_TIME] = 99.5 + apart_s * rng.uniform(-1.0, 1.0, plots)
        self.plots[:2, P_TIME] = 99.5
        at, variance = position_slot(size), position_variance(size)
        self.plots[:, at : at + d] = middle[rng.integers(tracks, size=plots), 0, :d]
        self.plots[:, at : at + d] += 80.0 * rng.standard_normal((plots, d))
        self.plots[:, variance : variance + d] = rng.uniform(200.0, 2e3, (plots, d))
        self.chance = rng.uniform(0.51, 0.95, (tracks, 3))
        share = rng.dirichlet(np.full(plots + 1, 0.6), tracks)
        share[rng.random(share.shape) < 0.2] = 0.0
        share /= np.maximum(share.sum(axis=0), 1.0)  # a plot has one cause
        self.share, self.missed = share[:, 1:], 1.0 - share[:, 1:].sum(axis=1)

    def pairs(self):
        some = self.share > 0.0
        starts = np.append(0, np.cumsum(some.sum(axis=1)))
        return starts, np.nonzero(some)[1], self.share[some], self.missed

    def update(self, skipped=None, fresh=-1, view=None):
        """Return the rows after the update, and what it returned; the scene stays."""
        rows = tuple(column.copy() for column in self.rows)
        skipped = np.zeros(self.n, np.int64) if skipped is None else skipped
        bits = np.full(self.plots_n, POSITION)
        found = update(
            self.size, self.motion, rows, np.arange(self.n), self.chance, self.pairs(), self.plots,
            bits, view or view_of(), skipped, fresh,
        )  # fmt: skip
        return rows, found

    def left(self, i):
        now, _, miss = self.chance[i]
        return self.missed[i] * now * (1.0 - miss) / (1.0 - now * miss)


def advanced(size, motion, mode, x, p, dt):
    n = len(size)
    out_x, out_p, f = np.empty(n), np.empty((n, n)), np.empty((2, n, n))
    advance(size, motion, mode, dt, x, p, out_x, out_p, f[0], f[1])
    return out_x, out_p


def predicted(size, motion, x, p, mu, dt):
    """Every mode over dt >= 0 seconds, modes interacting (Bar-Shalom and others 2001, 11.6.6)."""
    pi = expm(motion[1] * dt) if dt > 0.0 else np.eye(len(mu))
    c, out_x, out_p = mu @ pi, [], []
    for j in range(len(mu)):
        w = pi[:, j] * mu / c[j]
        mean = w @ x
        spread = np.einsum("m,mij->ij", w, p)
        spread += np.einsum("m,mi,mj->ij", w, x - mean, x - mean)
        one = advanced(size, motion, j, mean, spread, dt)
        out_x.append(one[0])
        out_p.append(one[1])
    return np.array(out_x), np.array(out_p), c


def taken_in(size, x, p, mu, row, late):
    """Every mode updated with a position by a textbook filter, and the modes' probabilities."""
    n, d = len(size), len(size) // 2
    h = np.zeros((d, n))
    h[:, :d], h[:, d : 2 * d] = np.eye(d), late * np.eye(d)
    at, variance = position_slot(size), position_variance(size)
    r = np.diag(row[variance : variance + d] - late**3 * Q / 3.0)
    out_x, out_p, weight = [], [], []
    for j in range(len(mu)):
        s = h @ p[j] @ h.T + r
        gain, y = p[j] @ h.T @ np.linalg.inv(s), row[at : at + d] - h @ x[j]
        weight.append(mu[j] * multivariate_normal(np.zeros(d), s).pdf(y))
        out_x.append(x[j] + gain @ y)
        out_p.append(p[j] - gain @ s @ gain.T)
    return out_x, out_p, np.array(weight) / np.sum(weight)


def moment_match(scene, i):
    """Return states, covariances, probabilities of the modes, and time, by plain sums."""
    size, motion = scene.size, scene.motion
    a = scene.rows[7][i]
    x, p, mu = (scene.rows[c][a] for c in (2, 3, 4))
    since, terms = scene.rows[5][i], []
    used = [j for j in range(scene.plots_n) if scene.share[i, j] >= NEGLIGIBLE]
    at_s = max([since, *(scene.plots[j, P_TIME] for j in used)])
    for j in used:
        dt = scene.plots[j, P_TIME] - since
        ahead = predicted(size, motion, x, p, mu, max(dt, 0.0))
        after = taken_in(size, *ahead, scene.plots[j], min(dt, 0.0))
        for m in range(len(mu)):
            one = after[0][m], after[1][m]
            if at_s > max(scene.plots[j, P_TIME], since):
                further = at_s - max(scene.plots[j, P_TIME], since)
                one = advanced(size, motion, m, *one, further)
            terms.append((m, scene.share[i, j] * after[2][m], *one))
    if scene.left(i) > NEGLIGIBLE:
        ahead = predicted(size, motion, x, p, mu, at_s - since)
        left = scene.left(i)
        terms += [(m, left * ahead[2][m], ahead[0][m], ahead[1][m]) for m in range(len(mu))]
    out = []
    for m in range(len(mu)):
        mine = [t[1:] for t in terms if t[0] == m]
        total = sum(t[0] for t in mine)
        mean = sum(t[0] * t[1] for t in mine) / total
        spread = sum(t[0] * (t[2] + np.outer(t[1] - mean, t[1] - mean)) for t in mine) / total
        out.append((mean, spread, total))
    weight = np.array([o[2] for o in out])
    return np.array([o[0] for o in out]), np.array([o[1] for o in out]), weight / weight.sum(), at_s


def alike(got, want, scale, rtol):
    return np.abs((got - want) / scale).max() < rtol


@pytest.mark.parametrize(("size", "motion"), CASES)
@settings(max_examples=15)
@given(SEEDS)
def test_an_updated_track_is_the_moment_match_of_all_its_alternatives(size, motion, seed):
    scene, d = Scene(seed, size, motion), len(size) // 2
    rows, (cause, sure, _) = scene.update()
    for i in range(scene.n):
        found = scene.share[i].sum()
        assert rows[6][i] == pytest.approx(found + scene.left(i), rel=1e-12)
        x, p, mu, at_s = moment_match(scene, i)
        a = rows[7][i]
        sd = np.sqrt(np.array([np.diag(one) for one in p]))
        assert rows[5][i] == at_s
        assert alike(rows[2][a], x, sd, 1e-7)
        assert alike(rows[3][a], p, sd[:, :, None] * sd[:, None], 1e-7)
        np.testing.assert_allclose(rows[4][a], mu, rtol=1e-7, atol=1e-12)
        mean, spread = combined(x, p, mu, 2 * d)
        sd = np.sqrt(np.diag(spread))
        assert alike(rows[0][i], mean, sd, 1e-7)
        assert alike(rows[1][i], spread, np.outer(sd, sd), 1e-7)
        assert np.array_equal(rows[1][i], rows[1][i].T)
        assert np.linalg.eigvalsh(rows[1][i]).min() > 0.0
    for j in range(scene.plots_n):
        i = int(np.argmax(scene.share[:, j]))
        likely = scene.share[i, j] > 0.5
        assert (cause[j], sure[j]) == ((i, scene.share[i, j]) if likely else (-1, 0.0))


def test_a_miss_changes_existence_alone():
    scene = Scene(1, PLANE_TURNING, IMM)
    scene.share[:], scene.missed[:] = 0.0, 1.0
    rows, (cause, _, _) = scene.update()
    now, miss = scene.chance[:, 0], scene.chance[:, 2]
    np.testing.assert_allclose(rows[6], now * (1.0 - miss) / (1.0 - now * miss), rtol=1e-13)
    for column in (0, 1, 2, 3, 4, 5):
        np.testing.assert_array_equal(rows[column], scene.rows[column])
    assert (cause == -1).all()


def test_rows_that_others_look_after_stay_as_they_are():
    scene = Scene(2, SPACE_TURNING, IMM)
    skipped = np.array([0, 1, 0, 1])
    rows, _ = scene.update(skipped)
    every, _ = scene.update()
    for i in range(4):
        want = scene.rows if skipped[i] else every
        for column in (0, 1, 5, 6):
            np.testing.assert_array_equal(rows[column][i], want[column][i])
        for column in (2, 3, 4):
            np.testing.assert_array_equal(rows[column][rows[7][i]], want[column][want[7][i]])


def test_fresh_modes_are_written_behind_the_old_ones():
    scene = Scene(3, SPACE_TURNING, IMM)
    want, _ = scene.update()
    room = [np.concatenate([c, np.zeros((6, *c.shape[1:]))]) for c in scene.rows[2:5]]
    scene.rows = (*scene.rows[:2], *room, *scene.rows[5:])
    scene.share[2], scene.missed[2] = 0.0, 1.0  # one track has no plot, and keeps its modes
    rows, (_, _, filled) = scene.update(fresh=4)
    assert filled == 7
    assert sorted(rows[7][[0, 1, 3]].tolist()) == [4, 5, 6]
    assert rows[7][2] == scene.rows[7][2]
    for before, after in zip(room, rows[2:5], strict=True):
        np.testing.assert_array_equal(after[:4], before[:4])
    for i in (0, 1, 3):
        for column in (2, 3, 4):
            np.testing.assert_array_equal(rows[column][rows[7][i]], want[column][want[7][i]])


def test_a_plot_that_no_mode_has_in_its_gate_is_left_out():
    scene = Scene(4, PLANE, ALONE)
    rows, _ = scene.update(view=view_of(1e-12))
    only, _ = scene.update()
    np.testing.assert_allclose(rows[6], only[6])  # it was told that they caused the plots
    for i in range(scene.n):
        at_s = rows[5][i]
        x, p = advanced(
            PLANE, ALONE, 0, *(scene.rows[c][scene.rows[7][i], 0] for c in (2, 3)),
            at_s - scene.rows[5][i],
        )  # fmt: skip
        np.testing.assert_allclose(rows[0][i], x, rtol=1e-12)
        np.testing.assert_allclose(rows[1][i], p, rtol=1e-9, atol=1e-9)


def test_numbers_that_are_not_finite_change_no_state():
    scene = Scene(5, PLANE, ALONE)
    scene.plots[:, position_variance(PLANE)] = np.inf
    rows, _ = scene.update()
    for column in range(5):
        assert np.isfinite(rows[column]).all()
