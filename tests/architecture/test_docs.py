"""The pages say what the program does."""

from __future__ import annotations

import re
import subprocess
import sys


def test_generated_parts_are_fresh(root):
    done = subprocess.run(
        [sys.executable, root / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"run make docs\n{done.stdout}{done.stderr}"


def _found(root, pattern: str) -> list[tuple]:
    """Return page and what the pattern finds in it, for every page."""
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return [(page, hit) for page in pages for hit in re.findall(pattern, page.read_text("utf-8"))]


def test_links_between_pages_lead_somewhere(root):
    links = _found(root, r"\]\((?!https?:|#)([^)#]+)")
    assert len(links) > 10
    assert [(page.name, to) for page, to in links if not (page.parent / to).exists()] == []


def test_files_named_in_the_pages_exist(root):
    """A path below src/, tests/, docs/, scenarios/ or benchmarks/ that a page names is there."""
    named = _found(root, r"`((?:src|tests|docs|scenarios|benchmarks)/[\w./-]+)`")
    assert [(page.name, name) for page, name in named if not (root / name).exists()] == []


def test_version_is_the_same_everywhere(root):
    from chowki import __version__

    read = {
        name: (root / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "CHANGELOG.md")
    }
    assert f'version = "{__version__}"' in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert f"version: {__version__}" in read["CITATION.cff"]
    assert f"## [{__version__}]" in read["CHANGELOG.md"]


def test_the_licence_is_whole(root):
    text = (root / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
