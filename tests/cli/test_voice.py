"""How the command line speaks."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from chowki.cli.show import show_comparison, table
from chowki.cli.voice import Voice, plain
from chowki.run import Comparison


def _voice(*, terminal: bool, **options) -> tuple[Voice, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    consoles = Console(file=out, width=120), Console(file=err, force_terminal=terminal, width=120)
    return Voice(*consoles, options.get("as_json", False), options.get("quiet", False)), out, err


def test_progress_is_shown_on_a_terminal():
    voice, _, err = _voice(terminal=True)
    with voice.progress("second-wave") as progress:
        assert progress is not None
        progress(10.0, None, {"events": 5, "detections": 3, "tracks": 2})
        progress(2250.0, 4500.0, {"events": 9, "detections": 7, "tracks": 1234})
    said = err.getvalue()
    assert "second-wave" in said
    assert "50%" in said
    assert "2,250 s, 1,234 tracks" in said


@pytest.mark.parametrize(
    ("terminal", "options"), [(False, {}), (True, {"quiet": True}), (True, {"as_json": True})]
)
def test_nobody_watches_progress_elsewhere(terminal, options):
    voice, out, err = _voice(terminal=terminal, **options)
    with voice.progress("second-wave") as progress:
        assert progress is None
    assert out.getvalue() + err.getvalue() == ""


def test_remarks_go_to_standard_error_and_quiet_leaves_them_out():
    voice, out, err = _voice(terminal=False)
    voice.remark("written: [bold]x[/bold]")
    assert (out.getvalue(), err.getvalue()) == ("", "written: [bold]x[/bold]\n")
    voice, out, err = _voice(terminal=False, quiet=True)
    voice.remark("written")
    assert out.getvalue() + err.getvalue() == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_what_is_no_number_is_null_in_json(value):
    assert plain({"a": [value, 1.5]}) == {"a": [None, 1.5]}


def test_numpy_values_become_plain():
    document = plain({"a": np.arange(3), "b": np.int64(4), "c": np.float32(0.5), "d": np.bool_(1)})
    assert json.dumps(document) == '{"a": [0, 1, 2], "b": 4, "c": 0.5, "d": true}'


def test_names_in_tables_are_no_markup():
    out = io.StringIO()
    Console(file=out, width=80).print(table({"name": "name"}, [{"name": "[red]site[/red]"}]))
    assert "[red]site[/red]" in out.getvalue()


def test_a_comparison_says_what_differs_pair_by_pair():
    voice, out, _ = _voice(terminal=False)
    comparison = Comparison(
        equal=False,
        same={"scenario": True, "seed": False, "places": True},
        first_difference="record 3, Scan at 12.000 s",
        rows={"tracks": (100, 120)},
        fates={"intercepted": (9, 7)},
        targets=[{"target": n, "first": "intercepted", "second": "ended"} for n in range(25)],
        places=[{"place": "Bhuj", "leakers": [0, 1], "first_warning_s": [None, 60.0]}],
    )
    show_comparison(voice, comparison)
    said = out.getvalue()
    assert "first difference: record 3, Scan at 12.000 s" in said
    assert "same scenario, other seed, same places" in said
    assert "-2" in said
    assert "0, 1" in said
    assert "-, 60" in said
    assert "25 targets ended differently" in said
    assert "--json gives all of them" in said


def test_equal_runs_are_said_to_be_equal():
    voice, out, _ = _voice(terminal=False)
    show_comparison(voice, Comparison(True, {}, None, {}, {}, [], []))
    assert out.getvalue() == "equal to the last bit\n"
