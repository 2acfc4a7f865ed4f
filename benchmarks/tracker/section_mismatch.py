"""Section: data that differ from what both trackers are told."""

from __future__ import annotations

from bench import Bench
from section_ncv import CHOWKI, STONE_SOUP, by_tool, mean

from page import Table

TARGETS, DRAWS = 100, 2
CHANGES: dict[str, dict[str, float]] = {
    "nominal": {},
    "detection probability 0.75": {"detection": 0.75},
    "clutter times 3": {"clutter": 3.0},
    "sigma times 1.5": {"sigma_m": 45.0},
    "manoeuvre times 10": {"psd_m2ps3": 10.0},
    "all four": {"detection": 0.75, "clutter": 3.0, "sigma_m": 45.0, "psd_m2ps3": 10.0},
}
COMMANDS = (
    f"python benchmarks/tracker/ncv.py DATA --targets {TARGETS} --seed SEED --detection 0.75"
    " --clutter 3 --sigma-m 45 --psd-m2ps3 10",
)


def tables(bench: Bench) -> list[Table]:
    """Return scores by what was changed and by tracker."""
    tools = [("chowki", a) for a in CHOWKI] + [("Stone Soup", a) for a in STONE_SOUP]
    body = []
    for change, data in CHANGES.items():
        rows = by_tool(bench, TARGETS, change, DRAWS, **data)
        cells = [
            f"{mean(rows[tool], 'gospa_per_root_target_m'):.1f}"
            f" ({mean(rows[tool], 'missed_percent'):.1f},"
            f" {mean(rows[tool], 'false_percent'):.1f},"
            f" {mean(rows[tool], 'switches_per_100'):.2f})"
            for tool in tools
        ]
        body.append([change, *cells])
    about = (
        f"N = {TARGETS}: the data are drawn with other figures than config.toml states, and neither"
        " project is told. Each cell: GOSPA/√N in metres (missed %, false %, switches per 100"
        " truth-scans), means of"
        f" the first {DRAWS} seeds."
    )
    columns = ["data", *(" ".join(tool) for tool in tools)]
    return [Table("Mismatch", about, columns, body, COMMANDS)]
