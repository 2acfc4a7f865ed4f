"""``chowki study`` as a user calls it."""

from __future__ import annotations

import json

import pytest


def test_it_explains_itself(chowki):
    ended = chowki("study", "--help")
    assert ended.code == 0
    assert "Usage: chowki study" in ended.out
    for option in ("--variant", "--seeds", "--processes", "--until", "--set", "--out", "--json"):
        assert option in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--variant", "a", "--seeds", "3-1"), 2, "--seeds"),
        (("--variant", "a:b"), 2, "name:key=value"),
        (("--variant", "a", "--variant", "a"), 2, "named twice"),
        (("--variant", "a:raid.cuont=3"), 3, "cuont"),
        (("--variant", "a:parts.allocator=best"), 3, "best"),
        ((), 2, "variant"),
    ],
)
def test_what_is_wrong_is_told_with_an_exit_code(chowki, tmp_path, arguments, code, words):
    ended = chowki("study", "single-site", *arguments, "--out", str(tmp_path / "study"))
    assert ended.code == code
    assert words in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.slow
def test_a_study_leaves_rows_and_tables(chowki, tmp_path):
    arguments = (
        "study", "single-site", "--seeds", "1-2", "--until", "20", "--processes", "1",
        "--variant", "plan", "--variant", "greedy:parts.allocator=greedy",
        "--out", str(tmp_path), "--json",
    )  # fmt: skip
    ended = chowki(*arguments)
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert {row["variant"] for row in told["figures"]} == {"plan", "greedy"}
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 4
    assert (tmp_path / "table.md").read_text().startswith("|")
    assert json.loads(chowki(*arguments).out) == told
