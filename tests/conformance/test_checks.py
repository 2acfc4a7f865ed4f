"""The checks themselves: each catches the fault that it is there for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chowki import testing
from chowki.core.messages import Frame, Tick
from chowki.core.questions import Answer
from chowki.core.records import Detections
from chowki.picture.associators import BeliefPropagation
from chowki.world.sensors import ElectroOptical, Radar


class Entry:
    """An entry point that is not installed."""

    def __init__(self, thing):
        self.name, self._thing = "faulty", thing

    def load(self):
        return self._thing


class Shaky(Radar):
    """Draws from a stream instead of an address."""

    def observe(self, aloft, look):
        plots = super().observe(aloft, look)
        self._shaken = getattr(self, "_shaken", 0) + 1
        return replace(plots, range_m=plots.range_m + self._shaken)


class Ordered(Radar):
    """Lets the order of the targets count."""

    def observe(self, aloft, look):
        numbers = np.arange(len(aloft.target))
        return super().observe(replace(aloft, target=numbers), look)


class Deaf(Radar):
    def observe(self, aloft, look):
        return Detections.empty()


class Numberless(Radar):
    """Ignores its own number."""

    def __init__(self, parameters, surroundings):
        super().__init__(parameters, replace(surroundings, sensor_number=0))


class Late(Radar):
    def observe(self, aloft, look):
        plots = super().observe(aloft, look)
        return replace(plots, time_s=plots.time_s + 30.0)


class Boastful(Radar):
    """Gives an elevation that it does not state."""

    Parameters = Radar.Parameters

    def __init__(self, parameters, surroundings):
        super().__init__(parameters, surroundings)
        self._sensor = replace(self._sensor, measures=self._sensor.measures & ~4)


class Restless(ElectroOptical):
    """Plans another look each time it is asked."""

    def next_look(self, after_s):
        look = super().next_look(after_s)
        self._asked = getattr(self, "_asked", 0) + 1
        return look and replace(look, number=look.number + self._asked)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (Shaky, "twice differs"),
        (Ordered, "order of targets|not addressed"),
        (Deaf, "sees none"),
        (Numberless, "do not follow"),
        (Late, "off the look"),
        (Boastful, "elevation_rad does not agree"),
        (Restless, "another look|before the time"),
    ],
)
def test_a_faulty_sensor_is_caught(kind, fault):
    with pytest.raises(testing.ConformanceError, match=fault):
        testing.check_sensor_model(Entry(kind))


def test_a_faulty_associator_is_caught():
    class Doubtful(BeliefPropagation):
        def marginals(self, *problem):
            pair, missed, new = super().marginals(*problem)
            return 0.5 * pair, missed, new

    with pytest.raises(testing.ConformanceError, match="sum to"):
        testing.check_associator(Entry(Doubtful))


def test_a_faulty_allocator_is_caught():
    class Spendthrift:
        def start(self, sites):
            return None

        def assign(self, memory, question):
            rounds = np.full(len(question.kill), 1, dtype=np.int64)
            return memory, Answer(rounds, question.value > 0.0)

    with pytest.raises(testing.ConformanceError, match="more than a site has free"):
        testing.check_allocator(Entry(Spendthrift))


def test_a_feed_whose_time_runs_backwards_is_caught():
    class Feed:
        def events(self):
            yield from (Tick(2.0), Tick(1.0))

        def heed(self, tasks):
            pass

    with pytest.raises(testing.ConformanceError, match="backwards"):
        testing.check_feed(Feed)


def test_an_output_that_writes_into_a_frame_is_caught():
    class Output:
        def __init__(self):
            self.frames = 0

        def write(self, frame: Frame):
            frame.tracks.east_m[:] = 0.0

        def close(self):
            pass

    with pytest.raises(testing.ConformanceError, match="changed a frame"):
        testing.check_output(Output)


def test_an_unknown_part_is_named():
    with pytest.raises(testing.ConformanceError, match="'no-such'"):
        testing.part("sensor_model", "no-such")
