"""The floors, and what no room may do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOMS = {"feeds", "picture", "defence", "world", "outputs"}
FLOORS = [
    {"cli"},
    {"study"},
    {"run"},
    {"scenario"},
    ROOMS | {"station", "testing"},
    {"core", "kernels"},
]


# The one exception: lets ``chowki.run(...)`` be called although a package has that name.
CALLED_BY_NAME = "run/__init__.py"


def _level(room: str) -> int:
    return next((level for level, rooms in enumerate(FLOORS) if room in rooms), -1)


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_every_module_has_a_floor(house):
    assert sorted({m.room for m in house if _level(m.room) < 0} - {"__init__"}) == []


def test_no_floor_imports_a_higher_one_and_no_room_its_neighbour(house):
    wrong = []
    for module in house:
        if module.room == "__init__":
            continue
        for name in module.imports():
            other = name.split(".")[1] if name.startswith("chowki.") else module.room
            if _level(other) < 0 or other == module.room:
                continue
            if _level(other) <= _level(module.room):
                wrong.append((module.name, name))
    assert wrong == []


def test_import_linter_agrees(root):
    """The contract of pyproject.toml also sees indirect imports."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_init_files_only_hand_names_on(house):
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    wrong = [
        (module.name, node.lineno)
        for module in house
        if module.name.endswith("__init__.py") and module.name != CALLED_BY_NAME
        for node in module.tree.body
        if not (_docstring(node) or isinstance(node, allowed) or _hands_on(node))
    ]
    assert wrong == []


def _hands_on(node: ast.stmt) -> bool:
    """Return whether a statement hands names on lazily (PEP 562) or for type checkers."""
    if isinstance(node, ast.FunctionDef):
        return node.name in {"__getattr__", "__dir__"}
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def test_nothing_works_at_import(house):
    """Modules hold imports, definitions, constants and the guard for type checkers."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    allowed = (ast.Import, ast.ImportFrom, *definitions, ast.Assign, ast.AnnAssign)
    wrong = [
        (module.name, node.lineno, ast.unparse(node).splitlines()[0])
        for module in house
        if module.name != CALLED_BY_NAME
        for node in module.tree.body
        if not (_docstring(node) or isinstance(node, allowed) or _hands_on(node))
    ]
    assert wrong == []


def test_nothing_reads_the_world_at_import(house):
    """No module-level constant comes from a file, the environment, a clock or a process."""
    touching = re.compile(
        r"\b(open|read_text|read_bytes|environ|getenv|now|time|run|Popen|urlopen|default_rng)\("
        r"|os\.environ"
    )
    wrong = [
        (module.name, node.lineno)
        for module in house
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value is not None
        and not isinstance(node.value, ast.Lambda)
        and touching.search(ast.unparse(node.value))
    ]
    assert wrong == []


def test_no_global_statements(house):
    wrong = [
        (module.name, node.lineno)
        for module in house
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Global)
    ]
    assert wrong == []


def test_only_the_command_line_prints(house):
    wrong = [
        (module.name, line)
        for module in house
        if module.room != "cli"
        for name, line in module.calls()
        if name == "print"
    ]
    assert wrong == []


def test_chance_is_addressed(house):
    """Draws come from core.chance and kernels.philox, never from a hidden stream."""
    hidden = re.compile(r"np\.random\.(?!Generator|Philox)\w+\(|^\s*(import|from) random\b", re.M)
    wrong = [
        (module.name, found.group().strip())
        for module in house
        for found in hidden.finditer(module.text)
    ]
    assert wrong == []
