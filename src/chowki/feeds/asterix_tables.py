"""ASTERIX categories as tables: which items a record may hold, in order, and their forms.

Sources: EUROCONTROL-SPEC-0149-2b (CAT034, edition 1.29) and SPEC-0149-4 (CAT048, edition 1.32),
user application profiles. Editions before append items only, so that their records read the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fixed:
    """So many octets."""

    octets: int


@dataclass(frozen=True, slots=True)
class Extended:
    """Octets until one whose lowest bit is 0."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A count in one octet, then so many times so many octets."""

    octets: int


@dataclass(frozen=True, slots=True)
class Explicit:
    """A length in one octet, itself included, then what only its maker knows."""


@dataclass(frozen=True, slots=True)
class Compound:
    """Presence bits as in a record, then the parts that are there; None is a spare bit."""

    parts: tuple[Fixed | Extended | Repeated | None, ...]


Form = Fixed | Extended | Repeated | Explicit | Compound

_ONE, _TWO = Fixed(1), Fixed(2)

CAT034: tuple[tuple[str, Form], ...] = (
    ("010", _TWO),  # data source identifier
    ("000", _ONE),  # message type
    ("030", Fixed(3)),  # time of day
    ("020", _ONE),  # sector number
    ("041", _TWO),  # antenna rotation period
    ("050", Compound((_ONE, None, None, _ONE, _ONE, _TWO, None))),  # configuration and status
    ("060", Compound((_ONE, None, None, _ONE, _ONE, _ONE, None))),  # processing mode
    ("070", Repeated(2)),  # message counts
    ("100", Fixed(8)),  # polar window
    ("110", _ONE),  # data filter
    ("120", Fixed(8)),  # position of the radar
    ("090", _TWO),  # collimation error
    ("RE", Explicit()),
    ("SP", Explicit()),
)

CAT048: tuple[tuple[str, Form], ...] = (
    ("010", _TWO),  # data source identifier
    ("140", Fixed(3)),  # time of day
    ("020", Extended()),  # target report descriptor
    ("040", Fixed(4)),  # measured position, slant polar
    ("070", _TWO),  # Mode 3/A
    ("090", _TWO),  # flight level
    ("130", Compound((_ONE,) * 7)),  # plot characteristics
    ("220", Fixed(3)),  # aircraft address
    ("240", Fixed(6)),  # aircraft identification
    ("250", Repeated(8)),  # Mode S registers
    ("161", _TWO),  # the radar's own track number
    ("042", Fixed(4)),  # calculated position
    ("200", Fixed(4)),  # calculated velocity
    ("170", Extended()),  # track status
    ("210", Fixed(4)),  # track quality
    ("030", Extended()),  # warnings and target classification
    ("080", _TWO),  # Mode 3/A confidence
    ("100", Fixed(4)),  # Mode C code and confidence
    ("110", _TWO),  # height by a 3D radar
    ("120", Compound((_TWO, Repeated(6), None, None, None, None, None))),  # radial Doppler speed
    ("230", _TWO),  # communications capability
    ("260", Fixed(7)),  # ACAS resolution advisory
    ("055", _ONE),  # Mode 1
    ("050", _TWO),  # Mode 2
    ("065", _ONE),  # Mode 1 confidence
    ("060", _TWO),  # Mode 2 confidence
    ("SP", Explicit()),
    ("RE", Explicit()),
)

CATEGORIES: dict[int, tuple[tuple[str, Form], ...]] = {34: CAT034, 48: CAT048}
