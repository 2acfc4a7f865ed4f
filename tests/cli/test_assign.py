"""``chowki assign`` at the front door."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chowki.core.chance import generator

WHOLE = {
    "values": [10, 20, 5],
    "rounds": [1, 2],
    "kill_probability": [[0.5, 0.6, 0.7], [0.9, 0.3, 1.0]],
}
TEXT = "2 3 2\n10\n20\n5\n0 0 .5\n0 1 .6\n0 2 .7\n1 0 .9\n1 1 .3\n1 2 1.0\n"


@pytest.fixture
def solved(chowki, tmp_path):
    """Return a callable that solves what is written and returns the document."""

    def call(text, *options):
        path = tmp_path / "instance"
        path.write_text(text, encoding="utf-8")
        ended = chowki("assign", path, "--json", *options)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    return call


@pytest.fixture
def refused(chowki, tmp_path):
    """Return a callable that gives what a bad instance is answered with."""

    def call(text):
        path = tmp_path / "instance"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        ended = chowki("assign", path, "--json")
        assert ended.code == 3, ended
        assert ended.out == ""
        assert str(path) in ended.err
        assert "allowed" in ended.err
        return ended.err

    return call


def test_json_on_standard_output_is_one_document_and_nothing_else(solved):
    told = solved(json.dumps(WHOLE))
    assert {"value", "bound", "gap", "seconds", "assignment"} <= set(told)
    # 1 on target 0 and 2 with each of its rounds, 0 on target 1: 1 + 8 + 0
    assert told["value"] == pytest.approx(9.0)
    assert told["bound"] == pytest.approx(9.0)
    assert told["gap"] == pytest.approx(0.0, abs=1e-9)
    assert sorted(told["assignment"]) == [[0, 1], [1, 0], [1, 2]]
    assert told["seconds"] >= 0.0


def test_a_round_spent_twice_on_one_target_is_listed_twice(solved):
    told = solved(json.dumps({"values": [8], "rounds": [3], "kill_probability": [[0.5]]}))
    assert told["assignment"] == [[0, 0]] * 3
    assert told["value"] == pytest.approx(1.0)


def test_the_text_form_counts_from_0_or_from_1(solved):
    from_zero = solved(TEXT)
    head, *rest = TEXT.splitlines()
    pairs = [line.split() for line in rest[3:]]
    up = [f"{int(w) + 1} {int(t) + 1} {p}" for w, t, p in pairs]
    from_one = solved("\n".join([head, *rest[:3], *up[::-1]]))
    assert from_one["assignment"] == from_zero["assignment"]
    as_json = solved(json.dumps(WHOLE | {"rounds": [2, 2]}))
    assert as_json["value"] == pytest.approx(from_zero["value"])
    assert as_json["assignment"] == from_zero["assignment"]


def test_values_of_the_text_form_may_stand_on_one_line(solved):
    head, first, second, third, *rest = TEXT.splitlines()
    told = solved("\n".join([head, f"{first} {second} {third}", *rest]))
    assert told["assignment"] == solved(TEXT)["assignment"]


def test_for_people_it_prints_a_table_and_a_line(chowki, tmp_path):
    path = tmp_path / "instance.json"
    path.write_text(json.dumps(WHOLE), encoding="utf-8")
    ended = chowki("assign", path)
    assert ended.code == 0
    assert "effector" in ended.out
    assert "value left 9, bound 9, gap" in ended.out


def test_limits_are_heeded_and_the_gap_says_so(solved):
    draws = generator(1, "test.cli.assign")
    kill = draws.random((30, 60)).tolist()
    text = json.dumps(
        {
            "values": draws.integers(1, 101, 60).tolist(),
            "rounds": [2] * 30,
            "kill_probability": kill,
        }
    )
    whole, none, some = solved(text), solved(text, "--limit", "0"), solved(text, "--work", "500")
    assert whole["gap"] < 1e-7
    assert none["gap"] == 1.0
    assert none["bound"] <= some["bound"] <= whole["value"] * (1.0 + 1e-9) <= none["value"] * 1.01
    left = np.array(json.loads(text)["values"], dtype=float)
    for s, t in whole["assignment"]:
        left[t] *= 1.0 - kill[s][t]
    assert left.sum() == pytest.approx(whole["value"], rel=1e-9)


@pytest.mark.parametrize(
    "whole",
    [
        {"values": [], "rounds": [], "kill_probability": []},
        {"values": [], "rounds": [1, 2], "kill_probability": [[], []]},
        {"values": [0, 0], "rounds": [0], "kill_probability": [[1, 0]]},
    ],
)
def test_nothing_to_do_is_an_answer(solved, whole):
    told = solved(json.dumps(whole))
    assert (told["value"], told["bound"], told["gap"], told["assignment"]) == (0.0, 0.0, 0.0, [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": [10, -1, 5]}, ["values[1]", "-1", "at least 0"]),
        ({"values": [10, float("nan"), 5]}, ["values[1]", "nan"]),
        ({"values": [10, True, 5]}, ["values[1]", "True"]),
        ({"values": [10, 20]}, ["kill_probability[0]", "3 numbers", "2: one for each"]),
        ({"values": 5}, ["values", "a list"]),
        ({"rounds": [1]}, ["kill_probability", "2 rows"]),
        ({"rounds": [1, -2]}, ["rounds[1]", "-2", "whole number"]),
        ({"rounds": [1, 1.5]}, ["rounds[1]", "1.5"]),
        ({"rounds": [1, 10**9]}, ["rounds", "1,000,000,001", "100,000"]),
        ({"kill_probability": [[0.5, 0.6, 1.7], [0.9, 0.3, 1.0]]}, ["[0][2]", "1.7", "0 to 1"]),
        ({"kill_probability": [[0.5, 0.6, "x"], [0.9, 0.3, 1.0]]}, ["[0][2]", "'x'"]),
        ({"kill_probability": [[0.5, 0.6, None], [0.9, 0.3, 1.0]]}, ["[0][2]", "None"]),
        ({"kill_probability": [[0.5, 0.6, 0.7], 3]}, ["kill_probability[1]", "a list"]),
        ({"vallues": [1]}, ["vallues", "unknown key", "did you mean values"]),
    ],
)
def test_bad_json_is_refused_with_its_place(refused, change, words):
    told = refused(json.dumps(WHOLE | change))
    for word in words:
        assert word in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["(file)", "nothing"]),
        ("   \n", ["(file)", "nothing"]),
        (json.dumps(WHOLE)[:-30], ["line 1 column"]),
        (
            '{"values": [1], "values": [2], "rounds": [], "kill_probability": []}',
            ["values", "twice"],
        ),
        ('{"values": [1]}', ["rounds", "kill_probability", "required"]),
        ("[1, 2]", ["(file)", "an object"]),
        (b"\xff\xfe\x00", ["UTF-8", "byte"]),
        ("hello world", ["line 1", "'hello'", "a number"]),
        ("2 3", ["line 1", "W T m"]),
        ("2 2.5 1", ["line 1", "W T m"]),
        (TEXT[:-9], ["line 9", "24", "cut off"]),
        (TEXT + "1 2 .5\n", ["line 11", "more than"]),
        (TEXT.replace("1 2 1.0", "1 2 1.5"), ["line 10", "1.5", "probability"]),
        (TEXT.replace("1 2 1.0", "1 2 nan"), ["line 10", "nan"]),
        (TEXT.replace("1 2 1.0", "1 9 1.0"), ["line 10", "whole numbers under"]),
        (TEXT.replace("1 2 1.0", "1 1 1.0"), ["line 10", "twice"]),
        (TEXT.replace("20\n", "-20\n"), ["line 3", "-20", "at least 0"]),
    ],
)
def test_bad_files_are_refused_with_their_place(refused, text, words):
    told = refused(text)
    for word in words:
        assert word in told


def test_a_file_that_is_not_there(chowki, tmp_path):
    ended = chowki("assign", tmp_path / "none.json")
    assert ended.code == 3
    assert "1 problem in the instance" in ended.err
    assert "no such file" in ended.err


def test_a_limit_below_nothing_is_a_fault_of_usage(chowki, tmp_path):
    assert chowki("assign", tmp_path / "none.json", "--limit", "-1").code == 2
