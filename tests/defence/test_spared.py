"""What must not be hit stays spared when its track ends, or says less for a while."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.records import AddressKind, Identity, ObjectClass, Reason, TrackStatus
from chowki.defence.rules import RulesParameters, no_fire_volumes
from chowki.defence.situation import motion_of
from chowki.defence.spared import Spared, remember

FIGURES = RulesParameters()
AIRLINER = {
    "identity": int(Identity.NEUTRAL),
    "object_class": int(ObjectClass.AEROPLANE),
    "reasons": int(Reason.TRANSPONDER),
    "v_east_mps": 200.0,
    "sd_horizontal_m": 0.0,
    "sd_vertical_m": 0.0,
}


def seen(make, before, tracks, second=0.0):
    return remember(before, tracks, motion_of(tracks), make.now_s + second, FIGURES)


def test_now_it_is_what_the_rules_say_of_the_picture(make):
    tracks = make.tracks(3, **AIRLINER)
    _, volumes, by_word = seen(make, Spared(), tracks)
    wanted = no_fire_volumes(tracks, motion_of(tracks), FIGURES)
    np.testing.assert_array_equal(volumes.motion, wanted.motion)
    np.testing.assert_array_equal(volumes.margin_m, wanted.margin_m)
    assert by_word == frozenset()


@pytest.mark.parametrize("how", ["absent", "dropped"])
def test_an_airliner_whose_track_was_lost_is_still_there(make, how):
    memory, before, _ = seen(make, Spared(), make.tracks(1, **AIRLINER))
    other = make.tracks(1, track=np.array([9]))
    dropped = make.tracks(1, **(AIRLINER | {"status": int(TrackStatus.DROPPED)}))
    after = other if how == "absent" else dropped
    memory, volumes, _ = seen(make, memory, after, 10.0)
    assert volumes.motion[0, 0] == before.motion[0, 0] + 2_000.0
    assert volumes.margin_m[0, 0] == before.margin_m[0, 0] + 500.0
    _, volumes, _ = seen(make, memory, after, FIGURES.spared_s + 0.5)
    assert len(volumes.motion) == 0


def test_who_was_an_airliner_by_its_own_word_is_not_engaged_when_the_word_is_gone(make):
    memory, _, _ = seen(make, Spared(), make.tracks(1, **AIRLINER))
    hostile = make.tracks(1)
    for second in (1.0, 15.0, 30.0):
        memory, volumes, by_word = seen(make, memory, hostile, second)
        assert by_word == {1}
        assert volumes.margin_m[0, 0] == FIGURES.aircraft_lateral_m
    _, volumes, by_word = seen(make, memory, hostile, 31.0)
    assert (len(volumes.motion), by_word) == (0, frozenset())


def test_an_authorised_drone_that_loses_remote_id_stays_spared_a_while(make):
    remote = {"address": 7, "address_kind": int(AddressKind.REMOTE_ID)}
    drone = make.tracks(1, reasons=int(Reason.AUTHORISED), **remote)
    memory, _, _ = seen(make, Spared(), drone)
    _, volumes, by_word = seen(make, memory, make.tracks(1), 20.0)
    assert by_word == {1}
    assert volumes.margin_m[0, 0] == pytest.approx(FIGURES.drone_lateral_m + 100.0)


def test_a_class_that_was_doubtful_for_a_moment_spares_nobody_for_longer(make):
    shares = np.zeros((1, len(ObjectClass)))
    shares[0, [ObjectClass.LOITERING_MUNITION, ObjectClass.HELICOPTER]] = 0.7, 0.3
    doubtful = make.tracks(class_probability=shares)
    memory, volumes, _ = seen(make, Spared(), doubtful)
    assert len(volumes.motion) == 1
    _, volumes, by_word = seen(make, memory, make.tracks(1), 1.0)
    assert (len(volumes.motion), by_word) == (0, frozenset())


def test_many_tracks_in_any_order(make):
    """Against a plain loop over dictionaries, on random pictures."""
    draws = np.random.Generator(np.random.Philox(3))
    memory, word, there = Spared(), {}, {}
    for second in range(0, 120, 5):
        numbers = draws.permutation(12)[: draws.integers(1, 12)]
        says = draws.random(len(numbers)) < 0.3
        tracks = make.tracks(
            len(numbers), track=numbers, reasons=np.where(says, int(Reason.TRANSPONDER), 0)
        )
        memory, volumes, by_word = seen(make, memory, tracks, float(second))
        for k in numbers[says].tolist():
            word[k] = second
        present = set(numbers.tolist())
        held = {k for k in present if second - word.get(k, -1e9) <= FIGURES.spared_s}
        for k in held:
            there[k] = second
        lost = {k for k, at in there.items() if k not in present and second - at <= 30.0}
        there = {k: at for k, at in there.items() if k in held | lost}
        assert len(volumes.motion) == len(held) + len(lost)
        assert by_word == held - set(numbers[says].tolist())
        assert memory.track.tolist() == sorted(held | lost)
