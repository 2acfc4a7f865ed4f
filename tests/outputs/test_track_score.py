"""Scores of track files against Stone Soup, brute force and closed forms."""

from __future__ import annotations

import warnings
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core.errors import FeedError
from chowki.outputs.track_files import Trails, read_trails, read_truth
from chowki.outputs.track_score import score_tracks


def trails(rows, width=2):
    """Rows of time, name, coordinates."""
    whole = np.array(rows, float).reshape(-1, 2 + width)
    names, number = np.unique(whole[:, 1].astype(int), return_inverse=True)
    return Trails("rows", whole[:, 0], names, number, whole[:, 2:])


def random_trails(rng, targets, scans, width):
    """Targets that come and go, and tracks of them that err, break and miss; some are false."""
    truth, found = [], []
    for i in range(targets):
        begin, end = np.sort(rng.integers(0, scans, 2))
        at, velocity = rng.uniform(0, 900, width), rng.normal(0, 20, width)
        for k in range(begin, end + 1):
            truth.append([k, i, *(at + velocity * k)])
            if rng.random() < 0.8:
                name = 2 * i + int(k > (begin + end) / 2)
                found.append([k, name, *(at + velocity * k + rng.normal(0, 40, width))])
    found += [
        [k, 1000 + j, *rng.uniform(0, 900, width)]
        for j in range(4)
        for k in range(j, min(j + 3, scans))
    ]
    return trails(truth, width), trails(found, width)


def stone_soup(truth, found, cutoff, p):
    """GOSPA of one scan: localisation, missed, false, to the power p."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stonesoup.metricgenerator.ospametric import GOSPAMetric
        from stonesoup.types.state import State

    states = [[State(row[:, None]) for row in rows] for rows in (found, truth)]
    value = GOSPAMetric(p=p, c=cutoff).compute_gospa_metric(*states)[0].value
    return value["distance"], value["localisation"], value["missed"], value["false"]


@pytest.mark.parametrize("p", [1.0, 2.0])
@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_gospa_over_scans_is_stone_soups(seed, width, p):
    truth, found = random_trails(np.random.default_rng(seed), 12, 15, width)
    ours = score_tracks(truth, found, 120.0, p)
    theirs = np.array(
        [
            stone_soup(
                truth.position_m[truth.time_s == k], found.position_m[found.time_s == k], 120.0, p
            )
            for k in np.union1d(truth.time_s, found.time_s)
        ]
    )
    assert ours["scans"] == len(theirs)
    assert ours["gospa_mean_m"] == pytest.approx(theirs[:, 0].mean(), rel=1e-9)
    assert ours["gospa_m"] == pytest.approx(np.mean(theirs[:, 0] ** p) ** (1 / p), rel=1e-9)
    parts = ("gospa_localisation_m", "gospa_missed_m", "gospa_false_m")
    for column, part in enumerate(parts, start=1):
        assert ours[part] == pytest.approx(theirs[:, column].mean() ** (1 / p), rel=1e-9)
    missed, false = theirs[:, 2:].mean(axis=0) / (120.0**p / 2)
    assert ours["missed_per_scan"] == pytest.approx(missed)
    assert ours["false_per_scan"] == pytest.approx(false)
    assert ours["missed_percent"] == pytest.approx(100 * missed * len(theirs) / len(truth.time_s))


def by_name(side):
    """Return position by time, for each name."""
    rows = [np.flatnonzero(side.number == k) for k in range(len(side.names))]
    return [dict(zip(side.time_s[r], side.position_m[r], strict=True)) for r in rows]


def ospa2_by_hand(truth, found, cutoff, p):
    """Every assignment of the smaller set into the larger, from the definition."""
    small, large = sorted((by_name(truth), by_name(found)), key=len)
    apart = np.zeros((len(small), len(large)))
    for i, a in enumerate(small):
        for j, b in enumerate(large):
            apart[i, j] = np.mean(
                [
                    min(cutoff, np.linalg.norm(a[t] - b[t])) if t in a and t in b else cutoff
                    for t in a.keys() | b.keys()
                ]
            )
    least = min(
        sum(apart[i, j] ** p for i, j in enumerate(chosen))
        for chosen in permutations(range(len(large)), len(small))
    )
    return ((least + cutoff**p * (len(large) - len(small))) / len(large)) ** (1 / p)


moments = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 20), st.integers(0, 20)),
    min_size=1,
    max_size=14,
    unique_by=lambda row: row[:2],
)


@settings(deadline=None, max_examples=150)
@given(moments, moments, st.sampled_from([1.0, 2.0]))
def test_ospa2_is_its_definition(truth, found, p):
    truth, found = trails(truth), trails(found)
    expected = ospa2_by_hand(truth, found, 12.0, p)
    assert score_tracks(truth, found, 12.0, p)["ospa2_m"] == pytest.approx(expected, abs=1e-9)


def test_ospa2_in_closed_form():
    """One target for 10 scans; the track lacks 2 of them and is 30 m off in the others."""
    truth = trails([[k, 7, 0.0, 0.0] for k in range(10)])
    found = trails([[k, 3, 30.0, 0.0] for k in range(2, 10)])
    figures = score_tracks(truth, found, 100.0)
    assert figures["ospa2_m"] == pytest.approx((8 * 30 + 2 * 100) / 10)
    assert figures["rmse_m"] == pytest.approx(30.0)
    assert figures["missed_percent"] == pytest.approx(20.0)
    assert figures["switches"] == 0


def test_a_track_that_changes_its_target_is_a_switch_and_costs_in_ospa2_alone():
    truth = trails([[k, i, 1000.0 * i, 0.0] for k in range(10) for i in range(2)])
    good = trails([[k, i, 1000.0 * i, 0.0] for k in range(10) for i in range(2)])
    crossed = trails(
        [[k, i if k < 6 else 1 - i, 1000.0 * i, 0.0] for k in range(10) for i in range(2)]
    )
    same, other = (score_tracks(truth, found, 100.0) for found in (good, crossed))
    assert same["gospa_m"] == other["gospa_m"] == 0.0
    assert (same["switches"], other["switches"]) == (0, 2)
    assert other["switches_per_100"] == pytest.approx(100 * 2 / 20)
    assert same["ospa2_m"] == 0.0
    # each track is beyond the cutoff for 4 of the 10 scans of its target
    assert other["ospa2_m"] == pytest.approx(40.0)


def test_scans_are_the_union_of_times_a_millisecond_apart():
    truth = trails([[0.0, 1, 0.0, 0.0], [1.0, 1, 0.0, 0.0], [2.0, 1, 0.0, 0.0]])
    found = trails([[0.0009, 4, 3.0, 4.0], [1.002, 4, 3.0, 4.0], [5.0, 4, 3.0, 4.0]])
    figures = score_tracks(truth, found, 100.0)
    assert figures["scans"] == 5
    assert figures["matched_per_scan"] == pytest.approx(1 / 5)
    assert figures["missed_per_scan"] == figures["false_per_scan"] == pytest.approx(2 / 5)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000))
def test_nothing_depends_on_the_order_of_rows_or_on_names(seed):
    rng = np.random.default_rng(seed)
    truth, found = random_trails(rng, 6, 8, 2)
    shuffled = rng.permutation(len(found.time_s))
    renamed = rng.permutation(len(found.names))
    other = Trails(
        "rows",
        found.time_s[shuffled] + 0.0,
        found.names,
        renamed[found.number[shuffled]],
        found.position_m[shuffled],
    )
    first, second = (score_tracks(truth, side, 80.0) for side in (found, other))
    assert first == pytest.approx(second, nan_ok=True)


def test_no_tracks_at_all_is_all_missed():
    truth = trails([[k, 0, 0.0, 0.0] for k in range(4)])
    figures = score_tracks(truth, trails([]), 10.0)
    assert figures["gospa_m"] == pytest.approx(np.sqrt(50.0))
    assert figures["missed_percent"] == 100.0
    assert figures["ospa2_m"] == 10.0
    assert np.isnan(figures["rmse_m"])
    reverse = score_tracks(trails([]), truth, 10.0)
    assert reverse["gospa_false_m"] == pytest.approx(np.sqrt(50.0))
    assert reverse["ospa2_m"] == 10.0


def test_nothing_to_score_and_a_name_twice_are_faults():
    once = trails([[0.0, 1, 0.0, 0.0]])
    twice = trails([[0.0, 1, 0.0, 0.0], [1.0, 1, 0.0, 0.0], [1.0005, 1, 5.0, 0.0]])
    with pytest.raises(FeedError, match="neither holds a row"):
        score_tracks(trails([]), trails([]), 10.0)
    with pytest.raises(FeedError, match=r"row 4: 1 stands twice in the scan at 1\.0005 s"):
        score_tracks(twice, once, 10.0)


def test_files_are_read_by_column_name(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("\ufeffy_m, x_m,target,time_s,more\n2,1,b,0,?\n4,3,a,1e1,?\n", "utf-8")
    truth = read_truth(path)
    assert truth.time_s.tolist() == [0.0, 10.0]
    assert truth.position_m.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert truth.names[truth.number].tolist() == ["b", "a"]


def test_height_is_read_where_the_truth_has_it(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("time_s,target,x_m,y_m,z_m\n0,1,0,0,9\n", "utf-8")
    assert read_truth(path).position_m.tolist() == [[0.0, 0.0, 9.0]]
    tracks = tmp_path / "tracks.csv"
    tracks.write_text("time_s,track,x_m,y_m\n0,1,0,0\n", "utf-8")
    assert read_trails(tracks, "track", height=False).position_m.shape == (1, 2)
    with pytest.raises(FeedError, match="no column z_m among time_s, track, x_m, y_m"):
        read_trails(tracks, "track", height=True)
