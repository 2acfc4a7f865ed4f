"""What is to be played: a scenario, its variants, the seeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from chowki import scenario
from chowki.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Variant:
    """A scenario with some values changed.

    Attributes
    ----------
    name : str
        Its name in tables.
    overrides : tuple of str
        ``key=value``, as ``--set`` takes them.
    """

    name: str
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """Variants of a scenario, each played with the same seeds; the first is the reference.

    Attributes
    ----------
    source : str
        Name of a shipped scenario, or path of a TOML file.
    variants : tuple of Variant
        At least one, names unlike.
    seeds : tuple of int
        Ascending.
    overrides : tuple of str
        ``key=value`` for all variants, before their own.
    until_s : float or None
        Scenario seconds after which each run ends.
    """

    source: str
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    overrides: tuple[str, ...] = ()
    until_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be compared.

        Raises
        ------
        UsageError
            If there is no variant or no seed, or two variants have one name.
        """
        names = [variant.name for variant in self.variants]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or not self.seeds:
            raise UsageError("a study needs a variant and a seed: --variant name:key=value")
        if twice:
            raise UsageError(f"--variant {twice[0]}: named twice; give each variant its own name")
        if self.until_s is not None and not self.until_s > 0.0:
            raise UsageError(f"--until {self.until_s}: expected seconds, more than 0")

    def load(self, variant: Variant) -> scenario.Scenario:
        """Return the checked scenario of a variant.

        Raises
        ------
        ScenarioError
            With every problem found in it.
        """
        return scenario.load(self.source, (*self.overrides, *variant.overrides))

    def digests(self) -> dict[str, Any]:
        """Return what the rows of a study belong to: each variant's scenario, and the span."""
        stories = {variant.name: self.load(variant).digest() for variant in self.variants}
        return {"variants": stories, "until_s": self.until_s}


def variant_of(text: str) -> Variant:
    """Return the variant that is written ``name:key=value[,key=value]``, or ``name`` alone.

    A comma within brackets, braces or quotes belongs to the value.

    Raises
    ------
    UsageError
        If it has no name, or something that is no ``key=value``.

    Examples
    --------
    >>> variant_of("slow:raid.count=5,weather.night=true")
    Variant(name='slow', overrides=('raid.count=5', 'weather.night=true'))
    """
    name, colon, changes = text.partition(":")
    overrides = tuple(_split(changes)) if colon else ()
    wrong = [change for change in overrides if not re.fullmatch(r"[^=\s]+\s*=.+", change)]
    if not name.strip() or "=" in name or wrong or (colon and not overrides):
        raise UsageError(
            f"--variant {text}: write name:key=value[,key=value], for example "
            "greedy:parts.allocator=greedy"
        )
    return Variant(name.strip(), overrides)


def _split(changes: str) -> list[str]:
    """Return the parts between commas that stand in no bracket and no quotes."""
    parts, depth, quoted, begin = list[str](), 0, False, 0
    for at, sign in enumerate(changes):
        quoted ^= sign == '"'
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and not depth and not quoted:
            parts.append(changes[begin:at].strip())
            begin = at + 1
    return [part for part in (*parts, changes[begin:].strip()) if part]


def seeds_of(text: str) -> tuple[int, ...]:
    """Return seeds written as ``1-20`` or ``1-5,8,11``.

    Raises
    ------
    UsageError
        If it is written otherwise, or a seed stands there twice.

    Examples
    --------
    >>> seeds_of("1-3,7")
    (1, 2, 3, 7)
    """
    seeds: list[int] = []
    for part in text.split(","):
        span = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if span is None:
            raise UsageError(f"--seeds {text}: write spans and numbers, for example 1-20 or 1-5,8")
        first, last = int(span[1]), int(span[2] or span[1])
        if last < first or last - first >= 100_000:
            raise UsageError(f"--seeds {part.strip()}: from the lower to the higher seed")
        seeds.extend(range(first, last + 1))
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"--seeds {text}: a seed stands there twice; runs pair by seed")
    return tuple(sorted(seeds))
