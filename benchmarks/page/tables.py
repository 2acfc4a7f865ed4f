"""Tables as they stand in a page of measured figures, and the page itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Table:
    """What a section measured.

    Attributes
    ----------
    title, about : str
        Heading, and what a reader must know to read it.
    columns : Sequence of str
        Headings.
    rows : Sequence
        Cells of each row, as many as columns.
    commands : Sequence of str
        What made it, one command each.
    """

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    commands: Sequence[str] = field(default=())

    def markdown(self) -> str:
        """Return the table with heading, words and commands."""
        lines = [f"### {self.title}", "", self.about, "", _row(self.columns)]
        lines += [_row(["---"] * len(self.columns)), *map(_row, self.rows)]
        if self.commands:
            lines += ["", "```", *self.commands, "```"]
        return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def most(figure: float, goal: float, digits: int = 2) -> str:
    """Return a figure beside the most that it should be.

    Examples
    --------
    >>> most(0.31, 0.4), most(1.0, 0.4)
    ('0.31 (goal ≤ 0.4: met)', '**1.00** (goal ≤ 0.4: missed)')
    """
    return _beside(figure, f"≤ {goal:,.10g}", figure <= goal, digits)


def least(figure: float, goal: float, digits: int = 2) -> str:
    """Return a figure beside the least that it should be.

    Examples
    --------
    >>> least(1200.0, 1000.0, 0)
    '1,200 (goal ≥ 1,000: met)'
    """
    return _beside(figure, f"≥ {goal:,.10g}", figure >= goal, digits)


def _beside(figure: float, goal: str, met: bool, digits: int) -> str:
    shown = f"{figure:,.{digits}f}"
    return f"{shown} (goal {goal}: met)" if met else f"**{shown}** (goal {goal}: missed)"


def put(path: Path, name: str, text: str) -> None:
    """Write a part between its marks; marks that are not there yet go to the end of the page."""
    page = path.read_text(encoding="utf-8")
    begin, end = f"<!-- measured: {name} -->", f"<!-- end of {name} -->"
    if begin not in page:
        page = f"{page.rstrip()}\n\n{begin}\n{end}\n"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    path.write_text(pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page), encoding="utf-8")
