"""Studies: what is asked, what is kept when one is stopped, what the table says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_rel

from chowki.core.chance import generator
from chowki.core.errors import ScenarioError, UsageError
from chowki.core.places import Place
from chowki.core.records import Fate, ObjectClass, Truth
from chowki.study import FIGURES, Study, Variant, compare, run_study, running, seeds_of, variant_of
from chowki.study.playing import outcome, worth_of
from chowki.study.table import comma_separated, markdown

TWO = (Variant("all"), Variant("few", ("raid.count=3",)))


def study(seeds=(1, 2, 3), variants=TWO, **changes):
    return Study("single-site", variants, seeds, **changes)


def figures(seed, shift=0.0):
    chance = generator(seed, "test.study")
    return {name: float(chance.normal(5.0 + shift, 2.0)) for name in FIGURES}


@pytest.fixture
def played(monkeypatch):
    """Put a quick game in place of the simulator, and note what it was asked."""
    asked = []

    def play(story, seed, until_s):
        asked.append((story.raid.count, seed))
        return figures(seed)

    monkeypatch.setattr(running, "play", play)
    return asked


@pytest.mark.parametrize(
    ("text", "seeds"), [("1-3", (1, 2, 3)), ("7", (7,)), ("5,1-2", (1, 2, 5)), ("0", (0,))]
)
def test_seeds_are_spans_and_numbers(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-3,2", "1--2", "-1", "1.5", "1-999999999"])
def test_seeds_written_otherwise_are_refused(text):
    with pytest.raises(UsageError, match="--seeds"):
        seeds_of(text)


def test_a_variant_changes_values_lists_among_them():
    assert variant_of("plain") == Variant("plain")
    text = 'v:raid.count=5,places.only=["A, B","C"],weather.night=true'
    assert variant_of(text).overrides == (
        "raid.count=5",
        'places.only=["A, B","C"]',
        "weather.night=true",
    )


@pytest.mark.parametrize("text", ["", ":a=1", "name:", "name:count", "a=1", "x:=1", "x:a="])
def test_a_variant_written_otherwise_is_refused(text):
    with pytest.raises(UsageError, match="--variant"):
        variant_of(text)


def test_a_name_given_twice_is_refused():
    with pytest.raises(UsageError, match="named twice"):
        study(variants=(Variant("a"), Variant("a", ("raid.count=1",))))


def test_an_unknown_key_is_told_before_anything_is_played(played, tmp_path):
    wrong = study(variants=(*TWO, Variant("odd", ("raid.cuont=3",))))
    with pytest.raises(ScenarioError, match="cuont"):
        run_study(wrong, tmp_path, processes=1)
    assert played == []


def test_a_stopped_study_goes_on_where_it_was(played, tmp_path, monkeypatch):
    whole = run_study(study(), tmp_path / "whole", processes=1)
    assert len(played) == 6
    first = running.play

    def dies(story, seed, until_s):
        if len(played) == 6 + 3:
            raise KeyboardInterrupt
        return first(story, seed, until_s)

    monkeypatch.setattr(running, "play", dies)
    with pytest.raises(KeyboardInterrupt):
        run_study(study(), tmp_path / "cut", processes=1)
    file = tmp_path / "cut" / "rows.jsonl"
    file.write_text(file.read_text()[:-20])  # a kill in the middle of a line
    monkeypatch.setattr(running, "play", first)
    told = []
    rows = run_study(
        study(), tmp_path / "cut", processes=1, progress=lambda *done: told.append(done)
    )
    assert rows == whole
    assert played[9:] == [(whole_count(), 2), (3, 2), (whole_count(), 3), (3, 3)][0:4]
    assert told == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
    assert run_study(study(), tmp_path / "cut", processes=1) == whole
    assert len(played) == 13


def whole_count():
    return study().load(TWO[0]).raid.count


def test_more_seeds_and_variants_may_be_added_later(played, tmp_path):
    run_study(study(), tmp_path, processes=1)
    run_study(study(seeds=(1, 2, 3, 4)), tmp_path, processes=1)
    assert len(played) == 8
    third = Variant("none", ("raid.count=0",))
    run_study(study(variants=(*TWO, third)), tmp_path, processes=1)
    assert len(played) == 11


def test_rows_of_another_study_are_refused(played, tmp_path):
    run_study(study(), tmp_path, processes=1)
    with pytest.raises(UsageError, match="another study"):
        run_study(study(until_s=60.0), tmp_path, processes=1)
    other = (Variant("all"), Variant("few", ("raid.count=4",)))
    with pytest.raises(UsageError, match="variant few differs"):
        run_study(study(variants=other), tmp_path, processes=1)
    (tmp_path / "study.json").write_text("[]")
    with pytest.raises(UsageError, match="not the note of a study"):
        run_study(study(), tmp_path, processes=1)


def test_the_paired_interval_is_that_of_scipy():
    seeds = tuple(range(1, 13))
    rows = {("a", s): figures(s) for s in seeds} | {("b", s): figures(s + 50, 1.0) for s in seeds}
    for row in compare(rows, ["a", "b"], seeds):
        mine = [rows[row.variant, s][row.figure] for s in seeds]
        own = ttest_1samp(mine, 0.0).confidence_interval(0.95)
        assert (row.value.low, row.value.high) == pytest.approx((own.low, own.high))
        if row.variant == "a":
            assert row.difference is None
            continue
        reference = [rows["a", s][row.figure] for s in seeds]
        ends = ttest_rel(mine, reference).confidence_interval(0.95)
        assert (row.difference.low, row.difference.high) == pytest.approx((ends.low, ends.high))
        assert row.difference.mean == pytest.approx(np.mean(mine) - np.mean(reference))


def test_one_seed_gives_a_mean_without_an_interval():
    rows = {("a", 1): figures(1), ("b", 1): figures(2)}
    compared = compare(rows, ["a", "b"], [1])
    assert math.isinf(compared[0].value.high)
    assert "[" not in markdown(compared)
    assert len(comma_separated(compared).splitlines()) == 1 + 2 * len(FIGURES)


def truth_of(rows):
    """Return truth: class, armed, attacking, authorised, place, fate of each target."""
    table = np.array(rows)
    names = ("object_class", "armed", "attacking", "authorised", "place", "fate")
    return Truth.of(
        target=list(range(len(rows))), **{n: table[:, k].tolist() for k, n in enumerate(names)}
    )


def test_value_is_lost_by_place_and_load_and_nothing_else_counts():
    places = (
        Place(0, "A", "", "civil", 0.0, 0.0, np.zeros(3), 2000.0, 999_999, 1.0),
        Place(1, "B", "", "civil", 0.0, 0.0, np.zeros(3), 2000.0, 0, 2.0),
    )
    assert worth_of(places[0]) == pytest.approx(0.7 + 0.3)
    assert worth_of(places[1]) == pytest.approx(1.4)
    drone, plane = int(ObjectClass.DECOY), int(ObjectClass.AEROPLANE)
    reached, hit = int(Fate.REACHED_PLACE), int(Fate.INTERCEPTED)
    found = outcome(
        truth_of(
            [
                (drone, 1, 1, 0, 0, reached),
                (drone, 0, 1, 0, 1, reached),
                (drone, 1, 1, 0, 1, hit),
                (plane, 0, 0, 0, -1, hit),
                (drone, 0, 0, 1, -1, hit),
                (int(ObjectClass.BIRD), 0, 0, 0, -1, hit),
            ]
        ),
        places,
    )
    assert found["value_lost"] == pytest.approx(1.0 + 0.2 * 1.4)
    assert (found["leakers"], found["armed_leakers"]) == (2, 1)
    assert (found["intercepted"], found["civil_touched"]) == (1, 2)


@pytest.mark.slow
def test_two_processes_play_what_one_does(tmp_path):
    short = study(seeds=(1, 2), until_s=20.0)
    apart = run_study(short, tmp_path / "apart", processes=2)
    alone = run_study(short, tmp_path / "alone", processes=1)
    for key, row in alone.items():
        assert {**apart[key], "wall_s": 0.0} == {**row, "wall_s": 0.0}
    lines = (Path(tmp_path) / "apart" / "rows.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["seed"] for line in lines) == [1, 1, 2, 2]
