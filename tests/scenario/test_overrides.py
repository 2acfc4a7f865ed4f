"""``--set key=value``."""

from __future__ import annotations

import pytest

from chowki.scenario.overrides import apply_overrides


def changed(*overrides):
    raw = {"raid": {"count": 3, "waves": [{"name": "a", "weight": 1}]}, "seed": 1}
    return raw, apply_overrides(raw, overrides)


@pytest.mark.parametrize(
    ("text", "value"),
    [("seed=5", 5), ("seed=5.5", 5.5), ('seed="x"', "x"), ("seed=true", True),
     ("seed=[1, 2]", [1, 2]), ("seed=plain words", "plain words"), ("seed=a=b", "a=b")],
)  # fmt: skip
def test_values_are_toml_or_else_text(text, value):
    raw, problems = changed(text)
    assert not problems
    assert raw["seed"] == value


def test_paths_go_through_tables_and_lists():
    raw, problems = changed(
        "raid.count=600", "raid.waves[0].weight=2", "raid.waves.a.name=b", "weather.night=true"
    )
    assert not problems
    assert raw["raid"] == {"count": 600, "waves": [{"name": "b", "weight": 2}]}
    assert raw["weather"] == {"night": True}


def test_an_item_may_be_replaced():
    raw, problems = changed("raid.waves[0]={ name = 'z' }")
    assert not problems
    assert raw["raid"]["waves"] == [{"name": "z"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [("seed", "no key=value"), ("=3", "no key=value"), ("raid..count=1", "no key=value"),
     ("raid.waves[4].weight=1", "no item 4"), ("raid.waves.b.weight=1", "no item b"),
     ("raid.waves[9]=1", "no item 9"), ("seed.deep.er=1", "no table at deep")],
)  # fmt: skip
def test_what_cannot_be_done_is_a_problem(text, found):
    _, problems = changed(text)
    assert [problem.found for problem in problems] == [found]
    assert problems[0].file == "--set"
