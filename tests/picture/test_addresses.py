import numpy as np

from chowki.picture.addresses import OTHER, SAME, addressed


def test_an_address_weighs_pairs_and_makes_none():
    starts, plots, weight = np.array([0, 2, 3, 4]), np.array([0, 1, 1, 2]), np.full(4, 2.0)
    got = addressed((starts, plots, weight), np.array([7, 8, -1]), np.array([7, 8, 9]))
    np.testing.assert_array_equal(got[0], starts)
    np.testing.assert_array_equal(got[1], plots)
    np.testing.assert_allclose(got[2], 2.0 * np.array([SAME, OTHER, SAME, 1.0]))


def test_without_addresses_nothing_changes():
    pairs = (np.array([0, 1]), np.array([0]), np.array([3.0]))
    got = addressed(pairs, np.array([-1]), np.array([-1]))
    np.testing.assert_array_equal(got[2], pairs[2])
