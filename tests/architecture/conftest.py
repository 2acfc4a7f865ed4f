"""The source tree as the architecture tests read it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: its path below ``src/chowki``, its text and its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.split("/")[0].removesuffix(".py")

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    def imports(self) -> set[str]:
        """Return the full dotted names of everything imported, anywhere in the module."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        return names

    def calls(self) -> list[tuple[str, int]]:
        """Return the name of each plain call and its line."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return [(n.func.id, n.lineno) for n in nodes if isinstance(n.func, ast.Name)]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def house() -> list[Module]:
    source = ROOT / "src" / "chowki"
    found = []
    for path in sorted(source.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Module(path.relative_to(source).as_posix(), text, ast.parse(text)))
    return found
