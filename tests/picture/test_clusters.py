import dataclasses

import numpy as np
import pytest

from chowki.picture.associators import BeliefPropagation
from chowki.picture.clusters import Cluster, Settled, hushed, parted, surviving, write_slots
from chowki.picture.config import TrackerConfig
from chowki.picture.contest import MEMBERS_MAX
from chowki.picture.plane import PlaneTracker

SIGMA_M = 10.0


def tracker_of(hypotheses=100, blur=0.2, psd=0.1):
    return PlaneTracker(
        TrackerConfig.model_validate(
            {
                "sensor": {
                    "kind": "position", "sigma_m": SIGMA_M, "detection_probability": 0.9,
                    "clutter_per_m2": 1e-7, "area_m": [-1e5, -1e5, 1e5, 1e5],
                },
                "motion": {"accel_psd_m2ps3": psd},
                "target": {"birth_per_m2": 1e-9, "initial_per_m2": 1e-6},
                "association": {"hypotheses": hypotheses, "blur": blur},
            }
        ),
        BeliefPropagation(),
    )  # fmt: skip


def flown(tracker, positions, state=None):
    """Yield the state after each scan, one second apart, and what it came to."""
    state = state or tracker.start()
    sensor = tracker._config.sensor[0]
    for k, plots in enumerate(positions):
        at_s = float(k) if np.isnan(state.time_s) else state.time_s + 1.0
        state, found = tracker.scan(state, sensor, at_s, np.full(len(plots), at_s), plots)
        yield state, found


def crossing(scans=40, speed=1.0, seed=6):
    """Two targets whose paths cross at a small angle, now and then one of them unseen."""
    rng = np.random.default_rng(seed)
    t = np.arange(scans) - scans / 2
    one, two = np.stack([20.0 * t, speed * t], 1), np.stack([20.0 * t, -speed * t], 1)
    both = np.stack([one, two], axis=1)
    return seen_of(both + SIGMA_M * rng.standard_normal(both.shape), rng)


def seen_of(there, rng, first=6, miss=0.3):
    """Return what is seen of targets, scan by scan: all of them in the first few."""
    seen = rng.random(there.shape[:2]) > miss
    seen[:first] = True
    return [now[some] for now, some in zip(there, seen, strict=True)]


def test_a_cluster_forms_where_tracks_meet_and_dissolves_when_they_part():
    states = [state for state, _ in flown(tracker_of(), crossing())]
    many = [len(state.clusters) for state in states]
    assert many[3] == 0
    assert max(many) == 1
    assert many[-1] == 0
    assert sum(many) > 5
    (cluster,) = states[int(np.argmax(many))].clusters
    assert cluster.members.tolist() == states[3].number[states[3].rows[6] > 0.9].tolist()
    assert len(cluster.log_weight) > 1
    assert (np.diff(cluster.log_weight) <= 0.0).all()
    assert np.exp(cluster.log_weight).sum() == pytest.approx(1.0)
    assert (np.diff(cluster.leaf_member) >= 0).all()
    for t in range(2):
        used = cluster.choice[:, t]
        assert (cluster.leaf_member[used[used >= 0]] == t).all()
    share = np.zeros(len(cluster.leaf_share))
    for row, weight in zip(cluster.choice, np.exp(cluster.log_weight), strict=True):
        share[row[row >= 0]] += weight
    np.testing.assert_allclose(cluster.leaf_share, share, rtol=1e-9)


def test_a_row_says_of_its_member_what_the_hypotheses_say():
    tracker, seen = tracker_of(), 0
    for state, found in flown(tracker, crossing()):
        for settled in found.shares.settled:
            seen += 1
            at = np.flatnonzero(np.isin(state.number, settled.cluster.members))
            if len(at) < len(settled.cluster.members):
                continue  # one of them has ended with this scan
            for column in (0, 1, 5, 6):
                np.testing.assert_array_equal(state.rows[column][at], settled.slots[column])
            np.testing.assert_array_equal(state.rows[2][state.rows[7][at]], settled.slots[2])
            leaves, weight = settled.cluster.leaves, settled.cluster.leaf_share
            number = (weight * leaves[6]).sum()
            assert state.rows[6][at].sum() == pytest.approx(number, rel=1e-9)
            claimed = settled.claims.sum(axis=0) + settled.free
            assert (claimed <= 1.0 + 1e-6).all()
            assert found.shares.clustered[np.isin(found.number, settled.cluster.members)].all()
    assert seen > 5


def test_one_hypothesis_means_marginals_alone():
    for state, found in flown(tracker_of(hypotheses=1), crossing()):
        assert state.clusters == ()
        assert found.shares.settled == ()
        assert not found.shares.clustered.any()


def test_the_blur_that_is_borne_says_when_a_cluster_dissolves():
    lasts = [
        sum(len(state.clusters) > 0 for state, _ in flown(tracker_of(blur=blur), crossing()))
        for blur in (0.0, 0.2, 1e9)
    ]
    assert lasts[0] > lasts[1] > lasts[2] == 0


def test_targets_far_apart_form_no_cluster():
    rng = np.random.default_rng(1)
    there = np.array([[0.0, 0.0], [500.0, 0.0]]) + SIGMA_M * rng.standard_normal((15, 2, 2))
    assert not any(state.clusters for state, _ in flown(tracker_of(), there))


def test_too_many_tracks_at_once_are_left_to_marginals():
    """A dozen side by side, seen as one crowd: nothing grows without bound."""
    n = MEMBERS_MAX + 4
    rng = np.random.default_rng(2)
    spaced = np.stack([np.zeros(n), 120.0 * np.arange(n)], axis=1)
    near = np.stack([np.zeros(n), 9.0 * np.arange(n)], axis=1)
    there = np.stack([spaced + (near - spaced) * min(k / 12, 1.0) for k in range(22)])
    there += 0.5 * SIGMA_M * rng.standard_normal(there.shape)
    most, formed = 0, False
    for state, _ in flown(tracker_of(), there):
        most = max([most, *(len(cluster.members) for cluster in state.clusters)])
        formed = formed or bool(state.clusters)
        assert np.isfinite(state.rows[0]).all()
    assert formed
    assert most <= MEMBERS_MAX


def test_clusters_that_meet_become_one():
    """Two pairs of targets, each a few metres apart, that draw near each other."""
    rng, tracker = np.random.default_rng(4), tracker_of(blur=0.0, psd=2.0)
    apart = np.interp(np.arange(60), [0, 14, 60], [70.0, 14.0, 14.0])
    between = np.interp(np.arange(60), [0, 25, 50, 60], [250.0, 250.0, 25.0, 25.0])
    y = np.stack([0.0 * apart, apart, apart + between, 2.0 * apart + between], axis=1)
    there = np.stack([np.tile(20.0 * np.arange(60)[:, None], 4), y], axis=2)
    there = seen_of(there + 0.8 * SIGMA_M * rng.standard_normal(there.shape), rng)
    seen = [state.clusters for state, _ in flown(tracker, there)]
    sizes = [sorted(len(cluster.members) for cluster in clusters) for clusters in seen]
    assert [2, 2] in sizes
    assert [4] in sizes[sizes.index([2, 2]) :]
    for clusters in seen:
        members = [number for cluster in clusters for number in cluster.members.tolist()]
        assert len(set(members)) == len(members)


def test_a_scan_without_plots_lowers_the_existence_of_clustered_tracks():
    tracker = tracker_of(blur=0.0)
    *_, (state, _) = flown(tracker, crossing()[:17])
    assert state.clusters
    ((after, _),) = flown(tracker, [np.empty((0, 2))], state)
    at = np.searchsorted(state.number, state.clusters[0].members)
    assert (after.rows[6][at] < state.rows[6][at]).all()


def a_cluster(*members):
    none = np.empty(0)
    leaves = (none,) * 7 + (np.empty(0, np.int64),)
    return Cluster(
        np.array(members), leaves, np.empty(0, np.int64), none, np.zeros(1),
        np.zeros((1, len(members)), np.int64),
    )  # fmt: skip


def test_rows_of_clustered_tracks_weigh_nothing():
    number, chance = np.array([2, 5, 7, 9]), np.full((4, 3), 0.5)
    hushed((a_cluster(5, 9), a_cluster(2)), number, chance)
    assert chance[:, 0].tolist() == [0.0, 0.0, 0.5, 0.0]
    assert (chance[:, 1:] == 0.5).all()


def test_clusters_are_parted_by_where_their_tracks_are():
    inside, across, outside = a_cluster(2, 5), a_cluster(7, 8), a_cluster(1, 10)
    number = np.array([2, 5, 7])
    assert parted((inside, across, outside), number) == ((inside,), (outside,))
    assert parted((), number) == ((), ())
    assert parted((inside,), number[:0]) == ((), (inside,))
    assert surviving((inside, across, outside), number) == (inside,)
    assert surviving((inside,), number[:0]) == ()


def test_slots_are_written_where_their_modes_lie():
    rng = np.random.default_rng(0)
    rows = tuple(rng.standard_normal(s) for s in ((4, 4), (4, 4, 4), (6, 3, 5), (6, 3, 5, 5),
                                                  (6, 3), (4,), (4,)))  # fmt: skip
    rows = (*rows, np.array([5, 0, 3, 1]))
    slots = tuple(rng.standard_normal((2, *column.shape[1:])) for column in rows[:7])
    before = tuple(column.copy() for column in rows)
    settled = Settled(a_cluster(3, 4), (*slots, np.arange(2)), *(np.empty(0) for _ in range(4)))
    write_slots(settled, rows, np.array([2, 0]))
    for column in (0, 1, 5, 6):
        np.testing.assert_array_equal(rows[column][[2, 0]], slots[column])
        np.testing.assert_array_equal(rows[column][[1, 3]], before[column][[1, 3]])
    for column in (2, 3, 4):
        np.testing.assert_array_equal(rows[column][[3, 5]], slots[column])
        np.testing.assert_array_equal(rows[column][[0, 1, 2, 4]], before[column][[0, 1, 2, 4]])
    np.testing.assert_array_equal(rows[7], before[7])


def test_a_cluster_agrees_with_its_rows_when_they_lose_little():
    settled = Settled(a_cluster(1, 2), (np.empty(0),) * 8, np.array([0.1, 0.3]),
                      *(np.empty(0) for _ in range(3)))  # fmt: skip
    assert settled.agreed(0.0)  # there is one hypothesis
    two = dataclasses.replace(settled.cluster, log_weight=np.log([0.5, 0.5]))
    unsure = dataclasses.replace(settled, cluster=two)
    assert unsure.agreed(0.3)
    assert not unsure.agreed(0.2)
