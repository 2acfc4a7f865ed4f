"""Areas under a track are warned where a suspect threatens no listed place, and never flap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chowki.core.cells import cells_at
from chowki.core.records import Identity, Threats, TrackStatus, WarningLevel, Warnings
from chowki.defence.warning import WarningKeeper, WarningParameters
from chowki.defence.warning_board import Conditions, advance, blank, raised, with_cells
from chowki.kernels.geodesy import enu_to_geodetic, station_frame

NONE, ADVISORY, COVER, CLEAR = (int(level) for level in list(WarningLevel)[:4])
ROW = np.empty(0, dtype=np.int64)


@pytest.fixture
def theatre(make):
    return make.theatre(places=(make.place(0, north_m=90_000.0),), **make.border(60_000.0))


def crossing(make, second, **columns):
    """Return a hostile that flies east over the defended side, past no place."""
    told = {"east_m": -40_000.0 + 50.0 * second, "north_m": 8_000.0}
    told["crossed_border_s"] = np.array([make.now_s])
    return make.tracks(1, time_s=make.now_s + second, **(told | columns))


def play(make, theatre, tracks_at, seconds, threats_at=None, **parameters):
    keeper = WarningKeeper(theatre, WarningParameters(**parameters))
    boards, told = keeper.start(), []
    for second in range(seconds):
        tracks = tracks_at(second)
        threats = Threats.empty() if threats_at is None else threats_at(second)
        row = np.searchsorted(tracks.track, threats.track)
        boards, rows = keeper.decide(boards, threats, tracks, row, make.now_s + second)
        told.append(rows)
    return boards.areas, Warnings.concat(told)


def cell_of(make, east_m, north_m=8_000.0):
    station = make.station()
    frame = station_frame(
        np.radians(station.lat_deg), np.radians(station.lon_deg), station.height_m
    )
    at = enu_to_geodetic(frame, np.array([[east_m, north_m, 300.0]]))
    return int(cells_at(*np.degrees(at[:, :2].T))[0])


def test_the_cells_under_the_course_are_advised_and_cleared_behind_it(make, theatre):
    _, rows = play(make, theatre, lambda s: crossing(make, s), 1_000)
    assert (rows.place == -1).all()
    assert (rows.track[rows.level == ADVISORY] == 1).all()
    first = rows.take(np.unique(rows.cell, return_index=True)[1])
    assert (first.level == ADVISORY).all()
    assert COVER not in rows.level
    # the cells that it flew over, from where it stood to five minutes ahead of where it ended
    flown = {cell_of(make, x) for x in np.arange(-40_000.0, -40_000.0 + 50.0 * 980.0, 500.0)}
    assert flown <= set(rows.cell.tolist())
    ahead = {cell_of(make, x) for x in np.arange(-40_000.0, 60_000.0, 500.0)}
    assert set(rows.cell.tolist()) <= ahead
    started = cell_of(make, -40_000.0)
    assert rows.level[rows.cell == started].tolist() == [ADVISORY, CLEAR, NONE]


def test_an_area_is_told_when_the_drone_is_minutes_away(make, theatre):
    _, rows = play(make, theatre, lambda s: crossing(make, s), 600)
    cell = cell_of(make, -12_000.0)
    first = rows.take(rows.cell == cell).take([0])
    edge = min(x for x in np.arange(-40_000.0, 0.0, 100.0) if cell_of(make, x) == cell)
    comes_s = make.now_s + (edge + 40_000.0) / 50.0
    assert 150.0 <= comes_s - first.time_s[0] <= 300.0
    assert first.expected_arrival_s[0] == pytest.approx(comes_s, abs=101.0)
    assert first.inbound[0] == 1
    assert first.probability[0] == pytest.approx(0.99)


@pytest.mark.parametrize(
    "columns",
    [
        {"identity": int(Identity.UNKNOWN)},
        {"identity": int(Identity.NEUTRAL)},
        {"status": int(TrackStatus.COASTING)},
        {"crossed_border_s": np.array([np.nan])},
        {"existence": 0.3},
        {"class_probability": np.array([[0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1]])},
    ],
    ids=["unknown", "neutral", "coasting", "beyond the border", "hardly there", "perhaps a bird"],
)
def test_what_is_no_suspect_over_the_defended_side_warns_no_area(make, theatre, columns):
    _, rows = play(make, theatre, lambda s: crossing(make, s, **columns), 120)
    assert len(rows) == 0


def test_without_a_border_or_with_no_time_ahead_no_area_is_warned(make, theatre):
    bare = make.theatre(places=(make.place(0),))
    assert len(play(make, bare, lambda s: crossing(make, s), 120)[1]) == 0
    _, rows = play(make, theatre, lambda s: crossing(make, s), 120, area_ahead_s=0.0)
    assert len(rows) == 0


def test_no_area_beyond_the_border_is_warned(make, theatre):
    at = {"east_m": 40_000.0}
    _, rows = play(make, theatre, lambda s: crossing(make, s, **at), 120)
    inside = {cell_of(make, x) for x in np.arange(40_000.0, 60_000.0, 500.0)}
    assert set(rows.cell.tolist()) <= inside
    assert len(rows)


def test_a_track_that_threatens_a_place_warns_the_place_and_no_area(make, theatre):
    def threats(second):
        return make.threats(
            make.now_s + second, probability=[0.9], time_to_go_s=[500.0], cpa_m=[0.0],
            cpa_time_s=[500.0], distance_m=[25_000.0],
        )  # fmt: skip

    _, rows = play(make, theatre, lambda s: crossing(make, s), 120, threats)
    assert (rows.place == 0).all()
    assert len(rows) == 1


def test_a_track_that_takes_up_a_place_holds_the_area_until_it_has_passed(make, theatre):
    def threats(second):
        there = second > 60
        return make.threats(
            make.now_s + second, probability=[0.9] * there, time_to_go_s=[500.0] * there,
            cpa_m=[0.0] * there, cpa_time_s=[500.0] * there, distance_m=[25_000.0] * there,
        )  # fmt: skip

    _, rows = play(make, theatre, lambda s: crossing(make, s), 600, threats)
    of_areas = rows.take(rows.place < 0)
    assert (of_areas.time_s[of_areas.level == ADVISORY].min() - make.now_s) == 20.0
    cleared = of_areas.take(of_areas.level == CLEAR)
    assert len(set(cleared.cell.tolist())) == len(cleared) >= 1
    for cell, time_s in zip(cleared.cell.tolist(), cleared.time_s, strict=True):
        last = max(s for s in range(600) if cell_of(make, -40_000.0 + 50.0 * s) == cell)
        assert last + 180 < time_s - make.now_s <= last + 180 + 20


def test_a_track_that_flickers_does_not_make_areas_flap(make, theatre):
    def flicker(second):
        identity = Identity.SUSPECT if second % 40 < 30 else Identity.UNKNOWN
        return crossing(make, 0.0, identity=int(identity))

    board, rows = play(make, theatre, flicker, 1_500)
    changes = {cell: np.flatnonzero(np.diff(rows.level[rows.cell == cell])) for cell in rows.cell}
    assert all(len(turns) == 0 for turns in changes.values())
    assert len(set(rows.warning.tolist())) == len(set(rows.cell.tolist()))
    assert sorted(board.cell.tolist()) == sorted(set(rows.cell.tolist()))


def test_areas_that_no_longer_matter_leave_the_board(make, theatre):
    def gone(second):
        return crossing(make, second) if second < 60 else make.tracks(0)

    board, rows = play(make, theatre, gone, 60 + 180 + 600 + 30)
    assert {ADVISORY, CLEAR, NONE} <= set(rows.level.tolist())
    assert board.cell.tolist() == []


# The machine by itself, over any sequence of conditions

SPELLS = st.lists(
    st.tuples(st.integers(1, 80), st.sampled_from(["nothing", "some", "advisory", "cover"])),
    min_size=1,
    max_size=8,
)


def _conditions(word):
    return Conditions(
        advisory=np.array([word in ("advisory", "cover")]),
        cover=np.array([word == "cover"]),
        held=np.array([word != "nothing"]),
    )


@given(SPELLS)
def test_whatever_happens_warnings_never_flap(spells):
    figures = WarningParameters()
    board, now_s = blank(np.array([-1])), 0.0
    patience, last_held_s, seen = figures.raise_after_s, -np.inf, []
    for length, word in spells:
        for _ in range(length):
            before, now_s = board, now_s + 5.0
            if word != "nothing":
                last_held_s = now_s
            board, changed = advance(board, _conditions(word), patience, figures, now_s)
            was, level = int(before.level[0]), int(board.level[0])
            if was in (ADVISORY, COVER) and level not in (ADVISORY, COVER):
                assert level == CLEAR, "a warning ends by an all clear"
                assert now_s - last_held_s >= figures.clear_after_s
            assert not (was == COVER and level == ADVISORY), "never down a level while it stands"
            if was == CLEAR and level == NONE:
                assert now_s >= before.expires_s[0]
            if raised(board.level)[0]:
                assert board.expires_s[0] > now_s, "it is renewed before it lapses"
            fresh = raised(board.level)[0] and not raised(before.level)[0]
            assert (board.number[0] != before.number[0]) == fresh, "a number for each, kept"
            assert (level != was) <= (0 in changed.entry)
            if fresh:
                seen.append(int(board.number[0]))
    assert seen == list(range(1, len(seen) + 1)), "numbers are never used again"
    for step in range(1, 300):
        board, _ = advance(board, _conditions("nothing"), patience, figures, now_s + 5.0 * step)
    assert board.level.tolist() == [NONE], "each warning has an end"


@given(st.lists(st.frozensets(st.integers(0, 5), max_size=4), min_size=1, max_size=40))
def test_the_board_holds_every_area_that_matters_once(steps):
    figures = WarningParameters(area_after_s=2.0, clear_after_s=3.0, all_clear_s=4.0)
    board, numbers = blank(np.empty(0, dtype=np.int64)), {}
    for second, cells in enumerate(steps):
        board = with_cells(board, np.array(sorted(cells), dtype=np.int64))
        assert len(set(board.cell.tolist())) == len(board.cell)
        assert cells <= set(board.cell.tolist())
        there = np.isin(board.cell, list(cells))
        told = Conditions(there, np.zeros(len(there), bool), there)
        board, _ = advance(board, told, 2.0, figures, float(second))
        for cell, number in zip(board.cell.tolist(), board.number.tolist(), strict=True):
            if number >= 0:
                assert numbers.setdefault(number, cell) == cell, "a number belongs to one area"
