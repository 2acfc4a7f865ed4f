"""Nights played once and watched by every section: scenario, variant, seed, what flew and followed.

A section brings an observer; a night is played with all observers of its variant at once, since
playing is what takes the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from scipy.spatial import cKDTree

from chowki import scenario
from chowki.core.messages import Act, Event, Frame, Tick
from chowki.core.records import Fate, Tracks, TrackStatus, Truth
from chowki.core.table import I64
from chowki.scenario import Built, Scenario

Figures = dict[str, Any]
NEAR_M, KEEP_M = 500.0, 1_000.0


class Observer(Protocol):
    """What a section watches of one night; built with what was built, and the seed."""

    def see(self, event: Event, frame: Frame, truth: Truth | None, target: I64 | None) -> None:
        """Take note of an event and its frame.

        Parameters
        ----------
        event, frame
            As in the loop.
        truth : Truth or None
            Simulated reality, at complete frames only.
        target : I64 or None
            Shape (n,): at complete frames, the row in ``truth`` of the target that each track of
            the frame follows, -1 for none.
        """
        ...

    def figures(self) -> Figures:
        """Return what JSON can hold: counts and sums, so that nights can be added up."""
        ...


Watch = Callable[[Built, int], Observer]


@dataclass(frozen=True)
class Variant:
    """A kind of night.

    Attributes
    ----------
    name : str
        Its name in tables.
    scenario : str
        Name of a shipped scenario.
    seeds : range
        Seeds to play.
    overrides : tuple of str
        As ``chowki run --set`` takes them.
    until_s : float
        Seconds after which a night ends.
    half : bool
        True: half of the places are attacked only, even or odd ones in turn with the seed.
    acts : tuple
        Acts of a person: seconds after the start, verb, subject, value.
    observers : dict
        By section.
    """

    name: str
    scenario: str
    seeds: range
    observers: dict[str, Watch]
    overrides: tuple[str, ...] = ()
    until_s: float = np.inf
    half: bool = False
    acts: tuple[tuple[float, str, str, str], ...] = ()
    change: Callable[[Scenario], Scenario] = field(default=lambda story: story)


def play(variant: Variant, seed: int) -> Figures:
    """Return the figures of every section that watches one night."""
    story = variant.change(scenario.load(variant.scenario, variant.overrides))
    if variant.half:
        story = half_attacked(story, seed)
    built = scenario.build(story, seed)
    observers = {name: watch(built, seed) for name, watch in variant.observers.items()}
    following = Following()
    for event in _events(built, variant):
        frame = built.station.step(event)
        assert built.world is not None
        built.world.obey(frame.orders)
        built.world.heed(frame.tasks)
        truth = built.world.truth() if frame.complete else None
        target = None if truth is None else following.targets(frame.tracks, truth)
        for observer in observers.values():
            observer.see(event, frame, truth, target)
    return {name: observer.figures() for name, observer in observers.items()}


def half_attacked(story: Scenario, seed: int) -> Scenario:
    """Return a scenario whose raid leaves every second place alone: even ones, or odd ones.

    Waves keep what each remaining place gets; a wave without a place left is gone.
    """
    spared = {town.name for k, town in enumerate(story.places.towns) if k % 2 == seed % 2}
    waves, share, whole = [], 0.0, sum(wave.weight for wave in story.raid.waves)
    for wave in story.raid.waves:
        left = tuple(name for name in wave.targets if name not in spared)
        weight = wave.weight * len(left) / len(wave.targets)
        if left:
            waves.append(wave.model_copy(update={"targets": left, "weight": weight}))
            share += weight / whole
    count = round(story.raid.count * share)
    raid = story.raid.model_copy(update={"waves": tuple(waves), "count": count})
    return story.model_copy(update={"raid": raid})


def _events(built: Built, variant: Variant) -> Iterator[Event]:
    """Yield what the world tells, and a person's acts at their times, until the night is over."""
    start_s = built.theatre.station.start_s
    acts = sorted(variant.acts)
    assert built.world is not None
    for event in built.world.events():
        if event.time_s > start_s + variant.until_s:
            return
        yield event
        while acts and isinstance(event, Tick) and event.time_s >= start_s + acts[0][0]:
            _, verb, subject, value = acts.pop(0)
            yield Act(event.time_s, "bench", verb, subject, value)


@dataclass
class Following:
    """Which target each track follows, with memory: it keeps its target while that is near."""

    partner: dict[int, int] = field(default_factory=dict)

    def targets(self, tracks: Tracks, truth: Truth) -> I64:
        """Return the row in ``truth`` that each track follows, -1 for none, shape (n,)."""
        found = np.full(len(tracks), -1, dtype=np.int64)
        flying = np.flatnonzero(truth.fate == Fate.FLYING)
        if not len(flying) or not len(tracks):
            return found
        real = np.column_stack((truth.east_m, truth.north_m, truth.up_m))[flying]
        place = np.column_stack((tracks.east_m, tracks.north_m, tracks.up_m))
        row_of = {int(n): int(row) for n, row in zip(truth.target[flying], flying, strict=True)}
        apart, nearest = cKDTree(real).query(place)
        held = (tracks.status == TrackStatus.CONFIRMED) | (tracks.status == TrackStatus.COASTING)
        whole = np.column_stack((truth.east_m, truth.north_m, truth.up_m))
        for i in np.flatnonzero(held).tolist():
            name = int(tracks.track[i])
            row = row_of.get(self.partner.get(name, -1), -1)
            if row >= 0 and np.linalg.norm(place[i] - whole[row]) <= KEEP_M:
                found[i] = row
            elif apart[i] <= NEAR_M:
                found[i] = flying[nearest[i]]
                self.partner[name] = int(truth.target[found[i]])
        return found
