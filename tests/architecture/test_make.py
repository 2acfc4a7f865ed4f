"""The commands of the project: one list, and continuous integration runs the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def make():
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    return "make"


def test_every_command_explains_itself(make, root):
    text = (root / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.+)$", text, re.M)[1].split())
    told = subprocess.run([make, "help"], cwd=root, capture_output=True, text=True, check=True)
    assert set(re.findall(r"make ([\w-]+)", told.stdout)) == phony


def test_an_interpreter_that_is_too_old_or_missing_is_told(make, root, tmp_path):
    (tmp_path / "Makefile").write_text((root / "Makefile").read_text(encoding="utf-8"))
    for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    done = subprocess.run(
        [make, "demo", "PYTHON="], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stderr


def test_continuous_integration_calls_make_test(root):
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").rstrip().endswith("exec make test")


def test_make_test_ends_with_pytest(make, root):
    done = subprocess.run(
        [make, "--no-print-directory", "--dry-run", "--always-make", "test"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pytest" in done.stdout.splitlines()[-1]
