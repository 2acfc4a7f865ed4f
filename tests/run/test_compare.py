"""Two runs side by side: pairs of targets and places, and the first record that differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chowki.core.messages import Event, Frame
from chowki.core.records import Orders
from chowki.run import compare, run

pytestmark = pytest.mark.usefixtures("toy")


def test_a_run_and_its_twin_are_equal(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("toy", out=tmp_path / name, report=False)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.equal
    assert found.first_difference is None
    assert found.same == {"scenario": True, "seed": True, "places": True}
    assert all(first == second for first, second in found.rows.values())
    assert (found.targets, found.places) == ([], [])


def test_another_seed_differs_from_its_first_scan_on(tmp_path: Path) -> None:
    run("toy", out=tmp_path / "a", seed=1, report=False)
    run("toy", out=tmp_path / "b", seed=2, report=False)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert not found.equal
    assert found.same == {"scenario": True, "seed": False, "places": True}
    assert found.first_difference is not None
    assert "Scan at 174680000" in found.first_difference
    assert found.rows["detections"][0] != found.rows["detections"][1]


def test_targets_are_paired_by_number(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("toy", out=tmp_path / "a", report=False)
    station = type(toy.built.station)
    step = station.step

    def hold(self: Any, event: Event) -> Frame:
        frame = step(self, event)
        tables = {name: getattr(frame, name) for name in Frame.__slots__}
        return Frame(**{**tables, "orders": Orders.empty()})

    monkeypatch.setattr(station, "step", hold)
    run("toy", out=tmp_path / "b", report=False)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.targets == [{"target": 10, "first": "intercepted", "second": "flying"}]
    assert found.fates == {"flying": (0, 1), "intercepted": (1, 0)}
    assert found.first_difference is not None
    assert "Frame at 1746800020.000 s" in found.first_difference
    assert json.loads(json.dumps(found.document()))["rows"]["orders"] == [1, 0]


def test_a_run_cut_short_differs_where_it_ends(tmp_path: Path) -> None:
    run("toy", out=tmp_path / "a", report=False)
    run("toy", out=tmp_path / "b", until_s=30, report=False)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.first_difference is not None
    assert found.first_difference.endswith("only in the first")
    assert "1746800031.000 s" in found.first_difference


def test_places_are_compared_by_name_and_warning(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("toy", out=tmp_path / "a", report=False)
    warning = type(toy.built.station)._warning
    later = 5.0
    monkeypatch.setattr(
        type(toy.built.station),
        "_warning",
        lambda self, time_s, second: warning(self, time_s + later, second),
    )
    run("toy", out=tmp_path / "b", report=False)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.places == [
        {"place": "Here", "leakers": [0, 0], "first_warning_s": [3.0, 3.0 + later]}
    ]
