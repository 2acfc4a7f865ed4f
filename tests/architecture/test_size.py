"""Bounds that keep it a home."""

from __future__ import annotations

import ast
import re
import statistics

FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "stuff", "tools"}


def _length(function) -> int:
    """Return the lines from ``def`` to the end, without the docstring."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_no_file_is_longer_than_400_lines(house):
    assert [(m.name, m.lines) for m in house if m.lines > 400] == []


def test_no_function_is_longer_than_60_lines(house):
    long = [
        (module.name, function.name, _length(function))
        for module in house
        for function in module.functions()
        if _length(function) > 60
    ]
    assert long == []


def test_the_median_function_is_shorter_than_12_lines(house):
    lengths = [_length(function) for module in house for function in module.functions()]
    assert statistics.median(lengths) < 12


def test_no_module_or_folder_has_a_name_that_says_nothing(house):
    parts = {part for module in house for part in re.split(r"[/_.]", module.name)}
    assert parts & FORBIDDEN_NAMES == set()


def test_no_unfinished_work_is_left_behind(house):
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|for now\b|NotImplementedError")
    left = [
        (module.name, number, line.strip())
        for module in house
        for number, line in enumerate(module.text.splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []
