"""The wall: chowki advises and simulates, and nothing it holds can reach a real effector."""

from __future__ import annotations

import ast
import re

from chowki.outputs.alerts import AlertStatus

# Ways out of the process towards a device or another machine.
ROADS_OUT = {
    "aiohttp",
    "asyncio",
    "can",
    "dronekit",
    "ftplib",
    "http",
    "httpx",
    "mavsdk",
    "multiprocessing.connection",
    "paramiko",
    "pymavlink",
    "requests",
    "serial",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "telnetlib",
    "urllib.request",
    "usb",
    "websockets",
    "xmlrpc",
    "zmq",
}
# Values of an alert's status in OASIS CAP 1.2, 3.2.1, that chowki never writes.
FORBIDDEN_STATUS = {"Actual", "System", "Draft"}


def _starts(name: str, road: str) -> bool:
    return name == road or name.startswith(f"{road}.")


def test_no_module_can_speak_to_a_device_or_another_machine(house):
    wrong = [
        (module.name, name)
        for module in house
        for name in module.imports()
        if any(_starts(name, road) for road in ROADS_OUT)
    ]
    assert wrong == []


def test_only_the_world_and_those_who_build_it_know_effectors(house):
    wrong = [
        (module.name, name)
        for module in house
        for name in module.imports()
        if name.startswith("chowki.world.effectors") and module.room not in {"world", "scenario"}
    ]
    assert wrong == []


# What decides, releases and judges an engagement; it is built for a simulated theatre only.
ENGAGES = ("planning", "release", "desks", "assessment", "violations", "spared", "engagement")


def test_what_engages_is_known_to_defence_alone(house):
    wrong = [
        (module.name, name)
        for module in house
        for name in module.imports()
        if module.room != "defence"
        and any(_starts(name, f"chowki.defence.{part}") for part in ENGAGES)
    ]
    assert wrong == []


def test_on_a_feed_no_release_no_cease_fire_and_no_engagement_is_built():
    """Also when the scenario sets them, and a person with a name asks for them."""
    from chowki import scenario
    from chowki.core.messages import Act, Tick
    from chowki.core.places import Station
    from chowki.scenario.building import build_for_feed

    posture = ["start='free'", "operator=true", "cease_fire_s=0"]
    story = scenario.load("single-site", [f"defence.posture.{change}" for change in posture])
    built = build_for_feed(story, Station("feed", 27.62, 77.13, 0.0, 1_000.0, 60.0), ())
    assert built.world is None
    assert built.theatre.sites == ()
    assert not built.theatre.simulated
    verbs = ("release", "lift-cease-fire", "set-posture", "refuse")
    for k, verb in enumerate(verbs):
        frame = built.station.step(Act(1_001.0 + k, "R. Singh", verb, "1", "free"))
        assert len(frame.orders) == len(frame.engagements) == 0
    for k in range(10):
        frame = built.station.step(Tick(1_010.0 + k))
        assert len(frame.orders) == len(frame.engagements) == 0
    assert built.station.defence.book is None


def test_only_the_loop_and_the_world_hand_over_orders(house):
    """``obey`` is called by the loop on the world, and by the world on its effectors."""
    callers = {
        module.room
        for module in house
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "obey"
    }
    assert callers <= {"run", "world", "testing"}


def test_no_feed_has_ears_for_orders(house):
    wrong = [
        (module.name, function.name)
        for module in house
        if module.room == "feeds"
        for function in module.functions()
        if function.name == "obey"
    ]
    assert wrong == []


def test_every_alert_is_an_exercise_or_a_test(house):
    """No string of the source is another status of an alert."""
    wrong = [
        (module.name, node.lineno, node.value)
        for module in house
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value in FORBIDDEN_STATUS
    ]
    assert wrong == []


def test_the_type_of_an_alerts_status_has_two_values():
    assert {status.value for status in AlertStatus} == {"Exercise", "Test"}


def test_no_catalogue_of_alerts_holds_another_status(root):
    files = sorted((root / "src/chowki/outputs/alerts/catalogues").glob("*.toml"))
    assert len(files) == 5
    held = [
        (path.name, word)
        for path in files
        for word in FORBIDDEN_STATUS
        if re.search(rf"\b{word}\b", path.read_text(encoding="utf-8"), re.I)
    ]
    assert held == []


def test_truth_is_read_by_score_and_report_only(house):
    """The picture, the defence and the feeds never import the table of truth."""
    wrong = [
        (module.name, name)
        for module in house
        if module.room in {"picture", "defence", "feeds", "station"}
        for name in module.imports()
        if name.endswith(".Truth")
    ]
    assert wrong == []


def test_nothing_in_the_source_searches_for_a_better_raid(house):
    """Raids are inputs: nothing optimises them."""
    hunting = re.compile(r"(optimi[sz]e|search|tune)_(raid|wave|route|attack)", re.I)
    assert [(m.name, h.group()) for m in house for h in hunting.finditer(m.text)] == []
