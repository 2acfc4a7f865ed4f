"""Golden runs: the four scenarios end in the digits printed in ``scenarios/NAME.expected``.

After a change that is meant to change them:
``python -m pytest tests/golden --accept``, then read the difference before it is committed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chowki import scenario
from chowki.outputs.score import Score
from chowki.outputs.sitrep import situation
from chowki.run import Run, run

_COUNTED = ("sensors", "places", "scans", "detections", "tracks_confirmed")


def portrait(done: Run) -> str:
    """Return what a run came to, without what differs between machines (digest, wall time)."""
    summary, found = done.summary(), done.scores
    assert isinstance(found, Score)
    figures = {key: summary[key] for key in _COUNTED} | {
        "gospa_m": f"{found.gospa_m:.0f}",
        "localisation_m": f"{found.localisation_m:.1f}",
        "missed": f"{found.missed:.2f}",
        "false": f"{found.false:.2f}",
        "completeness": f"{found.completeness:.3f}",
        "time_to_confirm_median_s": f"{found.time_to_confirm_median_s:.0f}",
        "switches": found.switches,
        "drones": found.drones,
        "drones_tracked": found.drones_tracked,
        "leakers": found.leakers,
    }
    text = re.sub(r"\(seed (\d+), [0-9a-f]+\)", r"(seed \1)", situation(done.recording).text())
    lines = [f"{key:26}{value}" for key, value in figures.items()]
    return f"{text.rstrip()}\n\nSCORES\n" + "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", list(scenario.shipped()))
def test_the_run_ends_as_expected(name: str, tmp_path: Path, accept: bool):
    done = run(name, out=tmp_path / name, report=False)
    found = portrait(done)
    expected = scenario.shipped()[name].with_suffix(".expected")
    if accept:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")
