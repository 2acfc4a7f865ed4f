"""Many runs: variants x seeds, played in processes, compared pair by pair."""

from chowki.study.plan import Study, Variant, seeds_of, variant_of
from chowki.study.playing import FIGURES, play
from chowki.study.running import run_study
from chowki.study.table import Cell, Compared, compare

__all__ = [
    "FIGURES",
    "Cell",
    "Compared",
    "Study",
    "Variant",
    "compare",
    "play",
    "run_study",
    "seeds_of",
    "variant_of",
]
