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
