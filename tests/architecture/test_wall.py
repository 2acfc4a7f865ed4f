"""The wall: chowki advises and simulates, and nothing it holds can reach a real effector."""

from __future__ import annotations

import ast
import re

from chowki.outputs.alerts import AlertStatus

# Ways out of the process towards a device or another machine.
ROADS_OUT = {
    "aiohttp",
    "asyncio",
    "bleak",
    "bluetooth",
    "can",
    "dronekit",
    "fastapi",
    "ftplib",
    "h11",
    "http",
    "httpcore",
    "httpx",
    "mavsdk",
    "multiprocessing.connection",
    "paho",
    "paramiko",
    "pymavlink",
    "requests",
    "serial",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "starlette",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "usb",
    "uvicorn",
    "websockets",
    "wsproto",
    "xmlrpc",
    "zmq",
}
# The only modules that hold a road, and which: docs/decisions/0012-a-page-on-loopback.md. The
# page's server lets people look in, live feeds listen; neither can speak to a device.
MAY_HOLD = {
    "outputs/web/app.py": {"asyncio", "starlette"},
    "outputs/web/clients.py": {"asyncio", "starlette"},
    "outputs/web/files.py": {"starlette"},
    "outputs/web/guard.py": {"starlette"},
    "outputs/web/line.py": {"uvicorn"},
    "outputs/web/server.py": {"socket", "uvicorn"},
    "feeds/live/aircraft.py": {"ssl"},
    "feeds/live/broker.py": {"paho"},
    "feeds/live/fetch.py": {"http", "socket", "ssl"},
    "feeds/live/plots.py": {"socket"},
    "feeds/live/sbs.py": {"socket"},
}
# Words of the libraries that open a line to somewhere, or a process.
REACHES = re.compile(
    r"(create|open)_(unix_)?connection|connect(_ex|_tcp)?|sock_connect|sendto|sendmsg"
    r"|create_datagram_endpoint|urlopen|getaddrinfo|gethostbyname|Popen|system|spawn\w*|exec\w*"
    r"|create_subprocess_\w+"
)
# Everything that a person at the page can ask for. None reaches beyond the simulated world.
ACTS = {
    "release",
    "refuse",
    "set-posture",
    "set-weapons-control-status",
    "cease-fire",
    "lift-cease-fire",
    "set-identity",
    "send-warning",
    "cancel-warning",
    "authorise-drone",
    "withdraw-authorisation",
    "acknowledge",
    "seen",
    "shelve",
    "unshelve",
    "mute",
    "handover",
}
# Values of an alert's status in OASIS CAP 1.2, 3.2.1, that chowki never writes.
FORBIDDEN_STATUS = {"Actual", "System", "Draft"}


def _starts(name: str, road: str) -> bool:
    return name == road or name.startswith(f"{road}.")


def _roads(module) -> set[str]:
    return {road for name in module.imports() for road in ROADS_OUT if _starts(name, road)}


def test_no_module_can_speak_to_a_device_or_another_machine(house):
    """Nothing holds a road out but the page's server and the live feeds, each its own."""
    held = {module.name: roads for module in house if (roads := _roads(module))}
    assert held == MAY_HOLD


def test_the_exceptions_are_the_server_and_the_live_feeds_only():
    rooms = {name.rpartition("/")[0] for name in MAY_HOLD}
    assert rooms == {"outputs/web", "feeds/live"}
    devices = {"bleak", "bluetooth", "can", "dronekit", "mavsdk", "pymavlink", "serial", "usb"}
    assert not any(roads & devices for roads in MAY_HOLD.values())


def _web(house):
    found = [module for module in house if module.name.startswith("outputs/web/")]
    assert "outputs/web/server.py" in {module.name for module in found}
    return found


def test_the_server_never_connects_out(house):
    """It listens; no name in it opens a line to another machine, or starts a program."""
    wrong = [
        (module.name, node.lineno, name)
        for module in _web(house)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute | ast.Name | ast.alias)
        and (name := _said(node))
        and REACHES.fullmatch(name)
    ]
    assert wrong == []


def _said(node: ast.Attribute | ast.Name | ast.alias) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else node.name.rpartition(".")[2]


def test_a_page_can_ask_for_what_stands_here_and_nothing_else():
    from chowki.outputs.web.permissions import RULES

    assert set(RULES) == ACTS


def test_what_engages_is_refused_wherever_nothing_is_simulated():
    """By every role, also where operator mode was asked for."""
    from chowki.outputs.web.permissions import RULES, Facts, decide
    from chowki.outputs.web.revisions import Revisions
    from chowki.outputs.web.session import ActRequest

    engages = {verb for verb, rule in RULES.items() if rule.engages}
    assert engages >= {"release", "refuse", "set-weapons-control-status", "lift-cease-fire"}
    feed = Facts(
        simulated=False, operator=True, sectors={"north": "sector"}, proposals={7: "north"}
    )
    for verb in engages:
        for subject in ("", "7", "north"):
            request = ActRequest("A. Kaur", "approver", verb, subject, "free")
            verdict = decide(request, feed, Revisions())
            assert (verdict.accepted, verdict.code) == (False, 403), verb


PAGE_WORDS = re.compile(r"""\.act\(\s*["'`]([^"'`]*)["'`]""")
PAGE_HOSTS = re.compile(r"""(?:\b(?:https?|wss?|ftp):|["'`(])//[\w.-]+""")


def _page(root):
    """Return name and text of the page's own files."""
    folder = root / "src/chowki/outputs/web/page"
    files = [path for path in folder.rglob("*") if path.suffix in {".js", ".html", ".css", ".svg"}]
    own = [path for path in files if "vendor" not in path.relative_to(folder).parts]
    assert len(own) > 3
    return [(path.name, path.read_text(encoding="utf-8")) for path in own]


def test_the_page_asks_for_nothing_that_does_not_stand_here(root):
    asked = [(name, verb) for name, text in _page(root) for verb in PAGE_WORDS.findall(text)]
    assert [(name, verb) for name, verb in asked if verb not in ACTS] == []


def test_the_page_names_no_other_host(root):
    """Not even a map's or a font's; the names of XML's vocabularies are no addresses."""
    named = [(name, host) for name, text in _page(root) for host in PAGE_HOSTS.findall(text)]
    assert [(name, host) for name, host in named if host != "http://www.w3.org"] == []


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


def test_no_feed_and_no_output_has_ears_for_orders(house):
    wrong = [
        (module.name, function.name)
        for module in house
        if module.room in {"feeds", "outputs", "picture", "defence"}
        for function in module.functions()
        if function.name == "obey"
    ]
    assert wrong == []


def test_nothing_that_serves_the_page_hears_of_orders(house):
    """Orders pass from the loop to the world; the server, its session and the page see none."""
    wrong = [
        (module.name, node.lineno)
        for module in _web(house)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute | ast.Name | ast.alias)
        and _said(node) in {"obey", "orders", "Orders"}
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
