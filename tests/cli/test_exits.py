"""Each kind of end has its exit code, its clear line, and no traceback."""

from __future__ import annotations

import sys

import pytest

import chowki.run
from chowki.cli.door import EXIT_CODES
from chowki.core.errors import (
    ChowkiError,
    FeedError,
    JournalError,
    OutputError,
    Problem,
    RunError,
    ScenarioError,
    UsageError,
)

RUN = sys.modules["chowki.run"]


def _raising(error):
    def run(*_arguments, **_options):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RunError("the tracker gave up at 12:00:01"), 1),
        (UsageError("--until: expected seconds"), 2),
        (JournalError("0001.chowki: byte 77: checksum"), 4),
        (FeedError("states.csv: no column lat"), 5),
        (OutputError("out: no space left on device"), 6),
    ],
)
def test_an_error_ends_with_its_code_and_its_words(chowki, monkeypatch, error, code):
    monkeypatch.setattr(RUN, "run", _raising(error))
    ended = chowki("run", "single-site")
    assert (ended.code, ended.out) == (code, "")
    assert ended.err == f"chowki: {error}\n"


def test_every_problem_of_a_scenario_has_its_line(chowki, monkeypatch):
    problems = [
        Problem("a.toml", "sensors[2].perod_s", "perod_s", "period_s", "did you mean period_s?"),
        Problem("a.toml", "station.duration_s", "-5", "a number > 0"),
    ]
    monkeypatch.setattr(RUN, "run", _raising(ScenarioError(problems)))
    ended = chowki("run", "a.toml")
    assert ended.code == 3
    assert ended.err.splitlines() == [
        "chowki: 2 problems in the scenario",
        *(f"  {problem}" for problem in problems),
    ]


def test_ctrl_c_ends_with_130_and_says_that_the_recording_is_whole(chowki, monkeypatch):
    monkeypatch.setattr(RUN, "run", _raising(KeyboardInterrupt()))
    ended = chowki("run", "single-site")
    assert ended.code == 130
    assert "whole up to here" in ended.err


def test_an_unexpected_fault_is_one_line_and_the_way_to_see_more(chowki, monkeypatch):
    monkeypatch.setattr(RUN, "run", _raising(ZeroDivisionError("float division by zero")))
    ended = chowki("run", "single-site")
    assert ended.code == 1
    assert ended.err == (
        "chowki: unexpected fault: ZeroDivisionError: float division by zero\n"
        "chowki: run again with -v to see where\n"
    )


def test_verbose_shows_where_an_unexpected_fault_came_from(chowki, monkeypatch):
    monkeypatch.setattr(RUN, "run", _raising(ZeroDivisionError("float division by zero")))
    ended = chowki("run", "single-site", "-v")
    assert ended.code == 1
    assert "Traceback" in ended.err


def test_every_error_class_has_a_documented_code():
    codes = {code for code, _ in EXIT_CODES}
    assert {kind.exit_code for kind in _all_kinds(ChowkiError)} <= codes


def _all_kinds(kind):
    return {kind}.union(*(_all_kinds(sub) for sub in kind.__subclasses__()))


def test_help_names_every_exit_code(chowki):
    ended = chowki("--help")
    assert ended.code == 0
    for code, meaning in EXIT_CODES:
        assert f"{code}  {meaning}" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["run"],
        ["run", "single-site", "--until", "soon"],
        ["run", "single-site", "--until", "-1"],
        ["run", "--feed", "opensky"],
        ["run", "--feed", "telepathy:mind.csv"],
        ["check"],
        ["new", "../escape", "--at", "27,77"],
        ["new", "here", "--at", "27"],
        ["new", "here", "--at", "127,77"],
        ["new", "here", "--at", "nan,77"],
        ["new", "here"],
        ["compare", "only-one"],
    ],
    ids=" ".join,
)
def test_a_command_put_together_wrongly_ends_with_2(chowki, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = chowki(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_fault(chowki, monkeypatch):
    monkeypatch.setattr(RUN, "run", _raising(BrokenPipeError()))
    monkeypatch.setattr("chowki.cli.door._close_stdout", lambda: None)
    assert chowki("run", "single-site").err == ""


def test_the_package_can_be_called():
    assert callable(chowki.run)
