"""``chowki serve`` as its user types it: the link, the page, Ctrl-C, and what is refused."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from chowki.outputs.recording import Recording

CHOWKI = (sys.executable, "-c", "from chowki.cli import main; main()")
LINK = re.compile(r"(http://[^ ]+)/enter\?key=([\w-]+)")


class Served:
    """A ``chowki serve`` that runs.

    Parameters
    ----------
    *words : str
        Of the command line.
    """

    def __init__(self, *words: str) -> None:
        command = [*CHOWKI, "serve", *words]
        self.process = subprocess.Popen(
            [*command, "--no-browser", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.links = []
        for line in self.process.stderr:
            found = LINK.search(line)
            if found:
                self.links.append(found)
            if "Ctrl-C" in line:
                break

    @contextmanager
    def browser(self, which: int = 0) -> Generator[httpx.Client]:
        """Yield a client that entered by a link."""
        link = self.links[which]
        with httpx.Client(base_url=link.group(1)) as client:
            assert client.get(link.group(0)).status_code == 200
            yield client

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and what was said since."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@pytest.fixture
def serve():
    runs = []

    def start(*words: str) -> Served:
        runs.append(Served(*words))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
        run.process.communicate()


def _until(ask, wanted):
    """Ask again until the answer is what is wanted."""
    for _ in range(300):
        answer = ask()
        if wanted(answer):
            return answer
        time.sleep(0.1)
    raise AssertionError(f"never came: {str(answer)[:300]}")


def test_a_scenario_moves_and_its_recording_is_whole_after_ctrl_c(serve, tmp_path):
    served = serve("single-site", "--speed", "60", "--out", str(tmp_path / "run"))
    with served.browser() as page:
        first = page.get("/state").json()
        later = _until(
            lambda: page.get("/state").json(), lambda s: s["time_s"] > first["time_s"] + 5
        )
        assert later["counts"]["tracks"] > 0
        assert "<title>" in page.get("/").text
        rows = page.get("/tracks?format=json").json()
        assert {"track", "lat", "lon", "identity"} <= rows[0].keys()
    code, said = served.end()
    assert code == 0
    assert str(tmp_path / "run") in said
    recording = Recording(tmp_path / "run")
    assert recording.manifest["state"] == "interrupted"
    assert recording.tracks.num_rows > 0


def test_a_finished_run_is_shown_from_its_journal(serve, tmp_path):
    import chowki

    chowki.run("single-site", out=tmp_path, until_s=60.0, report=False)
    served = serve(str(tmp_path))
    with served.browser() as page:
        state = _until(
            lambda: page.get("/state").json(), lambda s: s["time_s"] - s["start_s"] == 60.0
        )
        assert state["counts"]["tracks"] > 0
        answer = page.post(
            "/acts",
            json={"verb": "acknowledge", "subject": "1", "value": "", "revision": None},
            headers={"Origin": str(page.base_url).rstrip("/")},
        )
        assert answer.status_code == 403
        assert "recording" in answer.json()["words"]
    assert served.end()[0] == 0


def test_each_user_has_a_link_that_works_once(serve, tmp_path):
    served = serve(
        "single-site",
        "--user",
        "R. Singh:operator",
        "--user",
        "Guest:viewer",
        "--out",
        str(tmp_path),
    )
    assert len(served.links) == 2
    for link in served.links:  # 192 bits and more, in letters of six bits each
        assert 6 * len(link.group(2)) >= 192
    with served.browser(0), served.browser(1):
        assert httpx.get(served.links[0].group(0)).status_code == 410
    served.end()


def test_an_act_at_the_page_is_in_the_journal_with_a_name(serve, tmp_path):
    served = serve(
        "single-site", "--operator", "--user", "R. Singh:approver", "--speed", "60",
        "--out", str(tmp_path),
    )  # fmt: skip
    with served.browser() as page:
        origin = str(page.base_url).rstrip("/")
        act = {"verb": "cease-fire", "subject": "", "value": "", "revision": None}
        answer = page.post("/acts", json=act, headers={"Origin": origin})
        assert answer.json()["accepted"], answer.text
        state = _until(
            lambda: page.get("/state").json(),
            lambda s: all(one["cease_fire_s"] is not None for one in s["sectors"]),
        )
        assert state["sectors"]
    served.end()
    acts = Recording(tmp_path).acts.to_pylist()
    assert [(act["person"], act["verb"]) for act in acts] == [("R. Singh", "cease-fire")]


def _refused(chowki, *words: str) -> tuple[int, str]:
    done = chowki("serve", *words, "--no-browser")
    return done.code, done.err


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ((), 2, "nothing to serve"),
        (("no-such-scenario",), 3, "no-such-scenario"),
        (("single-site", "--host", "0.0.0.0"), 2, "TLS"),
        (("single-site", "--user", "R. Singh"), 2, "NAME:ROLE"),
        (("single-site", "--user", "R. Singh:king"), 2, "viewer, operator, approver"),
        (("--operator", "--feed", "sbs:x.csv"), 2, "nothing is proposed or released"),
        (("single-site", "--layer", "no-such.geojson"), 2, "no-such.geojson"),
    ],
)
def test_what_cannot_be_served_says_why(chowki, words, code, reason):
    got, said = _refused(chowki, *words)
    assert got == code
    assert reason in said


def test_a_folder_without_a_journal_says_so(chowki, tmp_path):
    code, said = _refused(chowki, str(tmp_path))
    assert code == 4
    assert "no journal here" in said


def test_a_port_in_use_names_the_remedy(chowki):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = _refused(chowki, "single-site", "--port", str(port))
    assert code in (2, 6)
    assert str(port) in said
    assert "--port" in said


def test_help_says_how_to_begin(chowki):
    assert "chowki serve second-wave" in chowki("serve", "--help").out
