"""A loop behind the page: a person's acts go in, the record holds them, a replay repeats them."""

from __future__ import annotations

import json

import pytest

from chowki.core.errors import UsageError
from chowki.core.records import EngagementState
from chowki.outputs.recording import Recording
from chowki.outputs.web.session import ActRequest
from chowki.run.proof import replay
from chowki.run.serve import Replay, Staging, stage_feeds, stage_simulation

PROPOSED = int(EngagementState.PROPOSED)


class Person:
    """Somebody at the page who looks once a second and does as told.

    The loop's own thread looks, so that a run takes no longer and is the same each time.
    """

    def __init__(self, session, decide) -> None:
        self._session, self._decide = session, decide
        self._see = session.see
        self.verdicts = []
        session.see = self._look

    def _look(self, event, frame) -> None:
        self._see(event, frame)
        if frame.complete:
            for verb, subject, value in self._decide(self._session.state(None)):
                request = ActRequest("R. Singh", "approver", verb, subject, value)
                self.verdicts.append(self._session.submit(request))


def _played(folder, decide, *, until_s=300.0):
    engine = stage_simulation(
        "single-site", None, until_s, (), Staging(folder, speed=float("inf"), operator=True)
    )
    person = Person(engine.session, decide)
    engine.start()
    engine.join()
    assert engine.fault is None
    return engine, person


def _answers(verb):
    done = set()

    def decide(state):
        for one in state["engagements"]:
            if one["state"] == PROPOSED and one["engagement"] not in done:
                done.add(one["engagement"])
                yield verb, str(one["track"]), ""

    return decide


def _states(folder):
    table = Recording(folder).engagements
    return set(table["state"].to_pylist())


def test_what_a_person_releases_is_ordered_and_a_replay_repeats_it(tmp_path):
    _, person = _played(tmp_path, _answers("release"))
    assert person.verdicts
    assert all(verdict.accepted for verdict in person.verdicts)
    recording = Recording(tmp_path)
    acts = recording.acts.to_pylist()
    assert {act["person"] for act in acts} == {"R. Singh"}
    assert [act["verb"] for act in acts] == ["release"] * len(person.verdicts)
    orders = recording.orders.to_pylist()
    assert orders
    for order in orders:  # each had a word of its own, given before it left
        words = [a for a in acts if int(a["subject"]) == order["track"]]
        assert sum(act["time_s"] <= order["time_s"] for act in words) >= 1
    proof = replay(tmp_path)
    assert proof.frames > 500
    assert proof.equal, proof.first_difference


def test_what_nobody_releases_is_never_ordered(tmp_path):
    _played(tmp_path, lambda _state: ())
    assert PROPOSED in _states(tmp_path)
    assert not Recording(tmp_path).orders.num_rows


def test_what_a_person_refuses_is_never_ordered(tmp_path):
    _, person = _played(tmp_path, _answers("refuse"))
    assert person.verdicts
    assert not Recording(tmp_path).orders.num_rows


def test_alarms_go_on_record_and_show_again_in_replay(tmp_path):
    engine, _ = _played(tmp_path, lambda _state: ())
    shown = engine.session.state(None)["alarms"]
    assert shown
    statuses = [one for one in Recording(tmp_path).statuses.to_pylist() if one["kind"] == "alarm"]
    assert len(statuses) == len({alarm["alarm"] for alarm in shown})
    again = Replay(tmp_path)
    again.start()
    again.join()
    strip = ("revision",)
    assert [
        {k: v for k, v in alarm.items() if k not in strip}
        for alarm in again.session.state(None)["alarms"]
    ] == [{k: v for k, v in alarm.items() if k not in strip} for alarm in shown]


def test_the_second_of_two_people_is_told(tmp_path):
    engine = stage_simulation(
        "single-site", None, 300.0, (), Staging(tmp_path, speed=float("inf"), operator=True)
    )
    verdicts = []

    def both(state):
        proposed = [one for one in state["engagements"] if one["state"] == PROPOSED]
        if proposed and not verdicts:
            seen = str(proposed[0]["track"]), "", proposed[0]["revision"]
            for name, verb in (("R. Singh", "refuse"), ("A. Khan", "release")):
                verdicts.append(engine.session.submit(ActRequest(name, "approver", verb, *seen)))
        return ()

    Person(engine.session, both)
    engine.start()
    engine.join()
    first, second = verdicts
    assert first.accepted
    assert (second.accepted, second.code) == (False, 409)
    assert second.words.startswith("R. Singh refused it")
    assert second.revision == first.revision
    assert Recording(tmp_path).acts["person"].to_pylist() == ["R. Singh"]


def test_the_page_shows_what_the_loop_knows_at_once(tmp_path):
    """The edge is the frame of this second, not the last one that was recorded whole."""
    seen = []

    def decide(state):
        seen.append((state["time_s"], state["counts"]["tracks"]))
        return ()

    _played(tmp_path, decide, until_s=30.0)
    start_s = Recording(tmp_path).theatre.station.start_s
    assert [time_s - start_s for time_s, _ in seen] == [float(k) for k in range(1, 31)]


def test_a_fault_of_the_loop_is_kept_for_whoever_waits(tmp_path):
    (tmp_path / "run").write_text("a file where a folder must be")
    engine = stage_simulation("single-site", None, 10.0, (), Staging(tmp_path / "run"))
    engine.start()
    with pytest.raises(Exception, match="cannot be written"):
        engine.stop()


def test_on_recorded_feeds_nothing_can_be_released(tmp_path, recording):
    path = recording("surveillance/OpenSky_Plane_States.csv")
    staging = Staging(tmp_path, speed=float("inf"), operator=True)
    engine = stage_feeds(None, [f"opensky:{path}"], 60.0, (), staging)
    verdict = engine.session.submit(ActRequest("R. Singh", "approver", "release", "1"))
    assert (verdict.accepted, verdict.code) == (False, 403)
    assert engine.session.hello()["sites"] == []
    engine.start()
    engine.join()
    assert engine.fault is None
    state = engine.session.state(None)
    assert state["engagements"] == []
    assert state["counts"]["tracks"] > 10
    json.dumps(state, allow_nan=False)


def test_a_served_run_nobody_touches_is_the_run_itself(tmp_path):
    """Pace and page change no bit of the record."""
    import chowki

    plain = chowki.run("single-site", out=tmp_path / "plain", until_s=60.0, report=False)
    staging = Staging(tmp_path / "served", speed=float("inf"), attended=False)
    engine = stage_simulation("single-site", None, 60.0, (), staging)
    engine.start()
    engine.join()
    from chowki.run import Run

    assert Run(tmp_path / "served").digest == plain.digest


def test_operator_mode_is_refused_on_a_feed(tmp_path):
    from chowki.cli.serve import Asked, engine_of

    asked = Asked("single-site", ("sbs:x.csv",), None, None, (), None, None, True, ())
    with pytest.raises(UsageError, match="nothing is proposed or released"):
        engine_of(asked)
