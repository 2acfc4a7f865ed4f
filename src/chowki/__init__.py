"""chowki: an open air-defence picture and raid simulator."""

from importlib import import_module
from typing import Any

__all__ = ["Run", "__version__", "run"]
__version__ = "0.1.0"

# Handed on from chowki.run when first used, so that importing stays quick; said, not imported,
# so that the floors stay apart.
run: Any
Run: Any


def __getattr__(name: str) -> Any:
    """Return ``run`` and ``Run`` when they are first used."""
    if name in {"run", "Run"}:
        return getattr(import_module("chowki.run"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
