"""Truth never enters the picture: what is hidden may change, and no bit of any frame does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chowki import scenario
from chowki.core.codec import frame_digest
from chowki.core.records import ObjectClass
from chowki.scenario import building
from chowki.world.movers import Targets
from chowki.world.population import Flight, targets_of

SPAN_S = 150


def frames(monkeypatch, write, change):
    """Return the digest of every frame of a run whose targets were changed behind its back."""
    real = building.populate

    def changed(story, theatre, seed):
        targets, plans = real(story, theatre, seed)
        return change(targets, theatre), plans

    monkeypatch.setattr(building, "populate", changed)
    built = scenario.build(scenario.load(write(), [f"station.duration_s={SPAN_S}"]), 1)
    monkeypatch.setattr(building, "populate", real)
    assert built.world is not None
    digests = []
    for event in built.world.events():
        frame = built.station.step(event)
        built.world.obey(frame.orders)
        built.world.heed(frame.tasks)
        digests.append(frame_digest(frame))
    return digests, built.world.truth()


def same(targets: Targets, theatre) -> Targets:
    return targets


def relabelled(targets: Targets, theatre) -> Targets:
    """Every label that no sensor can see, turned over."""
    return replace(
        targets,
        attacking=(1 - targets.attacking).astype(np.int8),
        authorised=(1 - targets.authorised).astype(np.int8),
        place=np.full(len(targets), -1, np.int64),
    )


def joined_by_one_far_away(targets: Targets, theatre) -> Targets:
    """One more target, 900 km from every sensor, with a number after all others."""
    far = targets_of(
        [
            Flight(
                number=99_999_999, object_class=ObjectClass.LOITERING_MUNITION,
                points=((35.0, 80.0, 200.0), (35.0, 79.0, 200.0)),
                departure_s=theatre.station.start_s, speed_mps=50.0, climb_mps=3.0,
                turn_radps=0.2, rcs_m2=0.03, size_m=1.0, armed=True, attacking=True,
                transmits_hz=2.4e9, transmit_power_w=0.1,
            )
        ],
        theatre,
    )  # fmt: skip
    columns = {
        name: np.concatenate([getattr(targets, name), getattr(far, name)])
        for name in Targets.__slots__
        if name != "route"
    }
    route = np.concatenate([targets.route, targets.route[-1] + far.route[1:]])
    return Targets(route=route, **columns)


@pytest.mark.parametrize("change", [relabelled, joined_by_one_far_away])
def test_hidden_truth_changes_no_bit_of_any_frame(monkeypatch, write, change):
    frames_as_they_are, truth = frames(monkeypatch, write, same)
    frames_after, other = frames(monkeypatch, write, change)
    assert len(frames_as_they_are) > 2 * SPAN_S
    assert frames_after == frames_as_they_are
    # The change was real: truth differs where the frames do not.
    columns = (truth.columns(), other.columns())
    assert len(truth) != len(other) or any(
        not np.array_equal(columns[0][name], columns[1][name]) for name in ("attacking", "place")
    )


def test_what_sensors_do_see_changes_the_frames(monkeypatch, write):
    """The test above can fail: a larger cross-section is seen."""

    def larger(targets: Targets, theatre) -> Targets:
        return replace(targets, rcs_m2=2.0 * targets.rcs_m2)

    as_they_are, _ = frames(monkeypatch, write, same)
    assert frames(monkeypatch, write, larger)[0] != as_they_are
