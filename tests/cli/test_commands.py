"""The commands on real scenarios: data on standard output, all else on standard error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

COMMAND = [str(Path(sys.executable).with_name("chowki"))]


def _outside(*arguments, **environment):
    """Run the command in a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", **environment},
    )


def test_version(chowki):
    from importlib.metadata import version

    ended = chowki("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"chowki {version('chowki')}\n", "")


@pytest.mark.parametrize(
    "command",
    ["run", "replay", "report", "compare", "verify", "check", "scenarios", "new", "alerts"],
)
def test_every_command_explains_itself(chowki, command):
    ended = chowki(command, "--help")
    assert ended.code == 0
    assert "Usage: chowki " + command in ended.out
    assert ended.err == ""


def test_help_of_run_gives_examples(chowki):
    help_text = chowki("run", "--help").out
    assert "chowki run second-wave" in help_text
    for option in ("--seed", "--out", "--set", "--until", "--feed", "--json", "-q", "-v"):
        assert option in help_text


def test_the_shipped_scenarios_are_listed_with_what_they_tell(chowki):
    ended = chowki("scenarios", "--json")
    rows = {row["name"]: row for row in json.loads(ended.out)}
    assert set(rows) >= {"second-wave", "single-site", "quiet-night", "saturation"}
    assert all(row["about"] for row in rows.values())
    assert all(row["name"] in chowki("scenarios").out for row in rows.values())


def test_check_accepts_what_is_shipped(chowki):
    for row in json.loads(chowki("scenarios", "--json").out):
        ended = chowki("check", row["name"], "--json")
        document = json.loads(ended.out)
        assert document["valid"]
        assert len(document["digest"]) == 64


def test_check_tells_all_problems_at_once(chowki):
    ended = chowki("check", "single-site", "--set", "statoin.x=1", "--set", "station.duration_s=-1")
    assert ended.code == 3
    assert ended.out == ""
    assert "statoin" in ended.err
    assert "duration_s" in ended.err
    assert "did you mean" in ended.err
    assert "Traceback" not in ended.err


def test_a_scenario_that_is_not_there_is_invalid(chowki):
    ended = chowki("check", "secnd-wave")
    assert ended.code == 3
    assert "second-wave" in ended.err


def test_the_schema_is_a_json_schema(chowki):
    schema = json.loads(chowki("check", "--schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]


def test_new_writes_a_scenario_that_passes_check_and_never_overwrites(
    chowki, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    ended = chowki("new", "my-front", "--at", "27.62,77.13")
    assert (ended.code, ended.out) == (0, "my-front.toml\n")
    assert chowki("check", "my-front.toml").code == 0
    before = Path("my-front.toml").read_bytes()
    again = chowki("new", "my-front", "--at", "10,10")
    assert again.code == 6
    assert "exists already" in again.err
    assert Path("my-front.toml").read_bytes() == before


def test_new_takes_a_place_south_and_west(chowki, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert chowki("new", "south", "--at", "-33.9,-70.6").code == 0
    assert chowki("check", "south.toml").code == 0


def test_a_feed_that_is_not_there_is_unreadable(chowki, tmp_path):
    ended = chowki("run", "--feed", "opensky:nowhere.csv", "--out", tmp_path / "out")
    assert ended.code == 5
    assert "nowhere.csv" in ended.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["verify", "replay", "report"])
def test_a_journal_that_is_not_there_is_told(chowki, command, tmp_path):
    ended = chowki(command, tmp_path / "nothing")
    assert ended.code == 4
    assert "nothing" in ended.err
    assert "Traceback" not in ended.err


def test_no_color_and_no_terminal_mean_no_escape_codes():
    for environment in ({"NO_COLOR": "1"}, {}):
        ended = _outside("check", "single-site", **environment)
        assert ended.returncode == 0
        assert "\x1b" not in ended.stdout + ended.stderr
    assert "\x1b" not in _outside("--help", NO_COLOR="1").stdout


def test_help_does_not_load_what_only_a_run_needs():
    heavy = ["numpy", "numba", "scipy", "pyarrow", "pydantic", "pandas"]
    code = (
        "import sys; sys.argv = ['chowki', '--help']\n"
        "from chowki.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
