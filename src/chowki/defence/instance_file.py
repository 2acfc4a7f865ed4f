"""Instances of assignment from files: JSON, or the text form of the public set."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from chowki.core.errors import Problem, ScenarioError
from chowki.core.problems import did_you_mean, shown
from chowki.core.table import F64, I64

KEYS = ("values", "rounds", "kill_probability")
MOST_ROUNDS = 100_000
MOST_PROBLEMS = 20


class Told(NamedTuple):
    """An instance as a file tells it: values (t,), rounds (s,), kill probability (s, t)."""

    values: F64
    rounds: I64
    kill_probability: F64


def read_instance(path: Path) -> Told:
    """Return the instance in a file.

    JSON when its first sign is ``{``: ``values`` of the targets, ``rounds`` of the effectors,
    ``kill_probability`` with a row for each effector. Else text: effectors, targets and rounds of
    each effector, then the value of each target, then for each pair effector, target and kill
    probability; numbers count from 0, or from 1 where no 0 is among them.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Told
        Checked: shapes agree, probabilities lie in [0, 1], values and rounds are not negative.

    Raises
    ------
    ScenarioError
        With every problem found, at most 20.
    """
    text = _text(path)
    if text.lstrip()[:1] in {"{", "["}:
        return _from_json(path, text)
    return _from_words(path, text)


def _fail(path: Path, *problems: Problem) -> ScenarioError:
    return ScenarioError(list(problems[:MOST_PROBLEMS]), "instance")


def _text(path: Path) -> str:
    wanted = "JSON, or W T m and what follows, as UTF-8 text"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise _fail(path, Problem(str(path), "(file)", "no such file", wanted)) from None
    except UnicodeDecodeError as error:
        found = f"no UTF-8 at byte {error.start}"
        raise _fail(path, Problem(str(path), "(file)", found, wanted)) from None
    except OSError as error:
        found = error.strerror or str(error)
        raise _fail(path, Problem(str(path), "(file)", found, wanted)) from None
    if not text.strip():
        raise _fail(path, Problem(str(path), "(file)", "nothing", wanted))
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's keys and values; refuse a key that stands twice."""
    told: dict[str, Any] = {}
    for key, value in pairs:
        if key in told:
            raise KeyError(key)
        told[key] = value
    return told


def _from_json(path: Path, text: str) -> Told:
    try:
        told = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise _fail(path, Problem(str(path), place, error.msg, "JSON, whole")) from None
    except KeyError as error:
        problem = Problem(str(path), str(error.args[0]), "this key twice", "each key once")
        raise _fail(path, problem) from None
    except RecursionError:
        raise _fail(path, Problem(str(path), "(file)", "too many brackets", "JSON")) from None
    if not isinstance(told, dict):
        problem = Problem(str(path), "(file)", shown(told), f"an object with {', '.join(KEYS)}")
        raise _fail(path, problem)
    problems = _wrong_keys(str(path), cast("dict[str, Any]", told))
    if not problems:
        problems = _wrong_numbers(str(path), cast("dict[str, Any]", told))
    if problems:
        raise _fail(path, *problems)
    rounds = np.array([int(n) for n in told["rounds"]], dtype=np.int64)
    values = np.array(told["values"], dtype=np.float64)
    kill = np.array(told["kill_probability"], dtype=np.float64).reshape(len(rounds), len(values))
    return Told(values, rounds, kill)


def _wrong_keys(file: str, told: dict[str, Any]) -> list[Problem]:
    problems = [
        Problem(file, key, "an unknown key", ", ".join(KEYS), did_you_mean(key, list(KEYS)))
        for key in told
        if key not in KEYS
    ]
    for key in KEYS:
        if key not in told:
            problems.append(Problem(file, key, "nothing", "this key is required: a list"))
        elif not isinstance(told[key], list):
            problems.append(Problem(file, key, shown(told[key]), "a list"))
    return problems


def _wrong_numbers(file: str, told: dict[str, Any]) -> list[Problem]:
    """Return what is wrong in the three lists."""
    values, rounds, kill = (told[key] for key in KEYS)
    problems = [
        *_wrong(file, "values", values, "a number, at least 0", _is_value),
        *_wrong(file, "rounds", rounds, "a whole number, at least 0", _is_count),
    ]
    if len(kill) != len(rounds):
        wanted = f"{len(rounds)}: one for each entry of rounds"
        problems.append(Problem(file, "kill_probability", f"{len(kill)} rows", wanted))
    for s, row in enumerate(kill):
        key = f"kill_probability[{s}]"
        if not isinstance(row, list):
            problems.append(Problem(file, key, shown(row), "a list"))
        elif len(cast("list[Any]", row)) != len(values):
            found, wanted = f"{len(row)} numbers", f"{len(values)}: one for each of values"  # pyright: ignore[reportUnknownArgumentType]
            problems.append(Problem(file, key, found, wanted))
        else:
            problems += _wrong(file, key, cast("list[Any]", row), "from 0 to 1", _is_probability)
    if not problems:
        problems = _too_many(file, "rounds", sum(rounds))
    return problems


def _wrong(file: str, key: str, entries: list[Any], wanted: str, fine: Any) -> list[Problem]:
    """Return the entries of a list that are not as they should be."""
    return [
        Problem(file, f"{key}[{k}]", shown(entry), wanted)
        for k, entry in enumerate(entries)
        if not fine(entry)
    ]


def _too_many(file: str, key: str, rounds: float) -> list[Problem]:
    if rounds <= MOST_ROUNDS:
        return []
    wanted = f"at most {MOST_ROUNDS:,} in all"
    return [Problem(file, key, f"{rounds:,.0f} rounds", wanted, "rounds are spent one by one")]


def _is_value(entry: Any) -> bool:
    number = isinstance(entry, int | float) and not isinstance(entry, bool)
    return number and 0.0 <= entry < 1e300


def _is_count(entry: Any) -> bool:
    return _is_value(entry) and math.floor(entry) == entry


def _is_probability(entry: Any) -> bool:
    return _is_value(entry) and entry <= 1.0


def _from_words(path: Path, text: str) -> Told:
    """Return the instance of the text form."""
    lines = text.splitlines()
    words = [(word, k) for k, line in enumerate(lines, 1) for word in line.split()]
    numbers = np.array([_number(word) for word, _ in words])
    unread = np.flatnonzero(np.isnan(numbers))
    if len(unread):
        problems = [_word_problem(path, words, int(k), "a number") for k in unread]
        raise _fail(path, *problems)
    head = numbers[:3]
    if len(head) < 3 or not all(_is_count(float(n)) for n in head):
        wanted = "W T m: effectors, targets, rounds of each, whole numbers"
        raise _fail(path, Problem(str(path), "line 1", shown(lines[0][:60]), wanted))
    shooters, targets, each = (int(n) for n in head)
    whole = 3 + targets + 3 * shooters * targets
    if len(numbers) != whole:
        wanted = f"{whole:,}: 3, then {targets:,} values, then 3 for each of W x T pairs"
        hint = "cut off?" if len(numbers) < whole else "more than W and T say"
        place = f"line {words[-1][1]}"
        raise _fail(path, Problem(str(path), place, f"{len(numbers):,} numbers", wanted, hint))
    problems = _too_many(str(path), "line 1", shooters * each)
    for k in 3 + np.flatnonzero(numbers[3 : 3 + targets] < 0.0):
        problems.append(_word_problem(path, words, int(k), "a value, at least 0"))
    if problems:
        raise _fail(path, *problems)
    kill = _pairs(path, words, numbers[3 + targets :].reshape(-1, 3), shooters, targets)
    return Told(numbers[3 : 3 + targets].copy(), np.full(shooters, each, dtype=np.int64), kill)


def _number(word: str) -> float:
    """Return the number that a word is, NaN where it is none or none that counts."""
    try:
        number = float(word)
    except ValueError:
        return math.nan
    return number if abs(number) < 1e300 else math.nan


def _word_problem(path: Path, words: list[tuple[str, int]], k: int, wanted: str) -> Problem:
    word, line = words[k]
    return Problem(str(path), f"line {line}", shown(word), wanted)


def _pairs(path: Path, words: list[tuple[str, int]], rows: F64, shooters: int, targets: int) -> F64:
    """Return the kill probabilities of all pairs, each of which stands once."""
    first = len(words) - 3 * len(rows)
    from_one = bool(len(rows)) and rows[:, :2].min() >= 1.0
    pair = rows[:, :2] - (1.0 if from_one else 0.0)
    size = np.array([shooters, targets])
    off = (pair < 0.0) | (pair >= size) | (pair != np.floor(pair))
    count = f"whole numbers under {shooters} and {targets} from 0, or up to them from 1"
    wrong = [(3 * int(k) + int(c), count) for k, c in np.argwhere(off)]
    odd = np.flatnonzero((rows[:, 2] < 0.0) | (rows[:, 2] > 1.0))
    wrong += [(3 * int(k) + 2, "a probability, from 0 to 1") for k in odd]
    if not wrong:
        index = (pair[:, 0] * targets + pair[:, 1]).astype(np.int64)
        seen = np.unique(index, return_index=True)[1]
        again = np.setdiff1d(np.arange(len(rows)), seen)
        wrong = [(3 * int(k), "each pair once; this one stands twice") for k in again]
    if wrong:
        raise _fail(path, *(_word_problem(path, words, first + k, want) for k, want in wrong))
    kill = np.empty((shooters, targets))
    kill[pair[:, 0].astype(np.int64), pair[:, 1].astype(np.int64)] = rows[:, 2]
    return kill
