"""Same seed, same digest: for any number of threads and any hash seed, and in every replay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chowki.run import Run, compare, replay, verify

ONE_RUN = """
import json, sys
from chowki.run import run
done = run("single-site", out=sys.argv[1], seed=int(sys.argv[2]), until_s=60, report=False)
print(json.dumps([done.digest, done.recording.noted["scenario_digest"]]))
"""


def _digests(out: Path, seed: int, threads: str, hash_seed: str) -> list[str]:
    """Run single-site in a process of its own."""
    variables = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    settings = dict.fromkeys(variables, threads) | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", ONE_RUN, str(out), str(seed)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_threads_and_hash_seeds_change_no_bit(tmp_path: Path) -> None:
    one = _digests(tmp_path / "one", 3, "1", "0")
    two = _digests(tmp_path / "two", 3, "2", "random")
    assert one == two
    assert compare(tmp_path / "one", tmp_path / "two").equal
    assert verify(tmp_path / "one") == []
    outcome = replay(tmp_path / "one")
    assert outcome.equal, outcome.first_difference
    assert outcome.frames > 60
    done = Run(tmp_path / "one")
    assert done.tracks.num_rows > 0
    assert done.recording.truth.num_rows > 0
    other = _digests(tmp_path / "other", 4, "1", "1")
    assert other[0] != one[0], "another seed"
    assert other[1] == one[1], "the same scenario"
