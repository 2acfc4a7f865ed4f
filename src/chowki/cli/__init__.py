"""The command line: the roof of the house."""

from chowki.cli.door import main

__all__ = ["main"]
