import numpy as np
import pytest

from chowki.kernels.geodesy import enu_to_geodetic, station_frame
from chowki.kernels.motion import coast, ellipses, predict, summary, transit

A = np.arange(36, dtype=float).reshape(6, 6) * 0.01
P = A @ A.T + np.diag([900.0, 800.0, 700.0, 9.0, 8.0, 7.0])
X = np.array([1000.0, -2000.0, 300.0, 20.0, -5.0, 1.0])


def matrices(dt, q):
    f = np.eye(6)
    f[:3, 3:] = dt * np.eye(3)
    block = np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    return f, q * np.kron(block, np.eye(3))


@pytest.mark.parametrize("dt", [0.0, 0.7, 12.0])
def test_prediction_is_the_textbook_matrix_product(dt):
    f, q = matrices(dt, 2.5)
    x, p = np.empty(6), np.empty((6, 6))
    predict(X, P, dt, 2.5, 2.5, x, p)
    np.testing.assert_allclose(x, f @ X, rtol=1e-13)
    np.testing.assert_allclose(p, f @ P @ f.T + q, rtol=1e-12)


def test_two_short_predictions_equal_a_long_one():
    x, p, y, r = np.empty(6), np.empty((6, 6)), np.empty(6), np.empty((6, 6))
    predict(X, P, 3.0, 4.0, 4.0, x, p)
    predict(x, p, 2.0, 4.0, 4.0, y, r)
    predict(X, P, 5.0, 4.0, 4.0, x, p)
    np.testing.assert_allclose(y, x, rtol=1e-12)
    np.testing.assert_allclose(r, p, rtol=1e-10)


def test_noise_along_the_vertical_is_its_own():
    x, p = np.empty(6), np.empty((6, 6))
    predict(np.zeros(6), np.zeros((6, 6)), 2.0, 4.0, 0.5, x, p)
    np.testing.assert_allclose(np.diag(p), [32 / 3, 32 / 3, 4 / 3, 8.0, 8.0, 1.0], rtol=1e-12)


def test_transit_backwards_undoes_transit():
    x, p, y, r = np.empty(6), np.empty((6, 6)), np.empty(6), np.empty((6, 6))
    transit(X, P, 4.0, x, p)
    transit(x, p, -4.0, y, r)
    np.testing.assert_allclose(y, X, rtol=1e-12)
    np.testing.assert_allclose(r, P, rtol=1e-9, atol=1e-9)


def test_coasting_brings_rows_to_one_time_and_never_shrinks_by_going_back():
    state, covariance = np.stack([X, X]), np.stack([P, P])
    times, rows = np.array([10.0, 14.0]), np.array([0, 1])
    x, p = coast(state, covariance, times, rows, 12.0, 4.0, 0.3)
    np.testing.assert_allclose(x[:, :3], X[:3] + np.outer([2.0, -2.0], X[3:]))
    assert (np.linalg.eigvalsh(p) > 0.0).all()
    np.testing.assert_allclose(p[1], P)


def test_summary_splits_speed_and_uncertainty_along_the_local_vertical():
    frame = station_frame(np.radians(30.0), np.radians(74.0), 0.0)
    x = np.array([[0.0, 0.0, 500.0, 30.0, 40.0, -3.0]])
    p = np.diag([100.0, 300.0, 25.0, 1.0, 4.0, 4.0])[None]
    height, sd_h, sd_v, sd_speed, speed, climb = summary(frame, x, p)[0]
    np.testing.assert_allclose(
        [height, sd_h, sd_v, sd_speed, speed, climb], [500.0, 20.0, 5.0, 3.0, 50.0, -3.0], rtol=1e-5
    )


def local_axes(frame, position):
    """Return local east and north at a position from its latitude and longitude, station frame."""
    lat, lon, _ = enu_to_geodetic(frame, position[None])[0]
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    return np.stack([frame[:3] @ east, frame[:3] @ north])


def test_ellipses_are_the_eigenvectors_in_the_plane_of_each_position():
    """Against LAPACK, up to 600 km from the station, where north is turned by degrees."""
    rng = np.random.default_rng(5)
    frame = station_frame(np.radians(32.7), np.radians(74.9), 300.0)
    state = np.zeros((50, 6))
    state[:, :2] = rng.uniform(-6e5, 6e5, (50, 2))
    state[:, 2] = -(state[:, :2] ** 2).sum(axis=1) / (2 * 6371e3)
    root = rng.normal(size=(50, 6, 6)) * [300.0, 90.0, 40.0, 5.0, 5.0, 5.0]
    covariance = root @ root.transpose(0, 2, 1)
    found = ellipses(frame, state, covariance)
    spread = summary(frame, state, covariance)[:, 1]
    for k in range(50):
        axes = local_axes(frame, state[k, :3])
        values, vectors = np.linalg.eigh(axes @ covariance[k, :3, :3] @ axes.T)
        np.testing.assert_allclose(found[k, 1::-1], np.sqrt(values), rtol=1e-4)
        bearing = np.arctan2(*vectors[:, 1]) % np.pi
        off = (found[k, 2] - bearing + np.pi / 2) % np.pi - np.pi / 2
        assert abs(off) < 1e-3
        assert 0.0 <= found[k, 2] < np.pi
    np.testing.assert_allclose(np.hypot(found[:, 0], found[:, 1]), spread, rtol=1e-9)


def test_an_ellipse_along_a_bearing_has_that_bearing():
    frame = station_frame(0.57, 1.3, 300.0)
    bearing = np.radians(130.0)
    along = np.array([np.sin(bearing), np.cos(bearing), 0.0])
    covariance = np.zeros((1, 6, 6))
    covariance[0, :3, :3] = 100.0 * np.eye(3) + 2400.0 * np.outer(along, along)
    found = ellipses(frame, np.zeros((1, 6)), covariance)[0]
    np.testing.assert_allclose(found, [50.0, 10.0, bearing], rtol=1e-9)
    circle = ellipses(frame, np.zeros((1, 6)), 9.0 * np.eye(6)[None])[0]
    np.testing.assert_allclose(circle[:2], 3.0, rtol=1e-9)
