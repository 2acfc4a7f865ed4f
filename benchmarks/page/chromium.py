"""Chromium by its debugging protocol: as little between it and the page as can be.

A driver of tests listens to everything that a page does, which costs processor time in the browser.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import connect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
SIZE = {"width": 1600, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PROBE = Path(__file__).with_name("probe.js")
START_S = 30.0


class NoChromium(Exception):
    """There is no browser to measure with."""


class Chromium:
    """A browser with one page, its profile fresh; a context manager.

    Raises
    ------
    NoChromium
        If it is not installed or does not start; with the remedy.
    """

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory(
            prefix="bench-page-", ignore_cleanup_errors=True
        )
        command = [find(), *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.pid = self._process.pid
        self._count = 0
        try:
            self._socket = connect(self._address(), max_size=None, compression=None)
        except Exception:
            self._end()
            raise
        self.command("Page.enable")
        self.command("Emulation.setDeviceMetricsOverride", **SIZE)
        self.command(
            "Page.addScriptToEvaluateOnNewDocument", source=PROBE.read_text(encoding="utf-8")
        )

    def _address(self) -> str:
        """Return where the page is driven, once the browser listens."""
        latest = time.monotonic() + START_S
        noted = Path(self._profile.name, "DevToolsActivePort")
        while time.monotonic() < latest and self._process.poll() is None:
            if noted.exists() and (lines := noted.read_text(encoding="ascii").splitlines()):
                list_of = f"http://127.0.0.1:{lines[0]}/json/list"
                with urllib.request.urlopen(list_of, timeout=START_S) as answer:
                    targets = json.load(answer)
                pages = [t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page"]
                if pages:
                    return pages[0]
            time.sleep(0.05)
        raise NoChromium("chromium did not start")

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come meanwhile are passed over.

        Raises
        ------
        RuntimeError
            If the browser refuses it.
        """
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv(timeout=60.0))
            if said.get("id") == self._count:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']['message']}")
                return said["result"]

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression on the page; a promise is waited for."""
        said = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in said:
            raise RuntimeError(f"{expression}: {said['exceptionDetails']}")
        return said["result"].get("value")

    def open(self, address: str, pictures: int = 1, longest_s: float = 30.0) -> float:
        """Open an address and wait for pictures; return when it was asked for, UTC s.

        Raises
        ------
        RuntimeError
            If they do not come.
        """
        asked_s = time.time()
        self.command("Page.navigate", url=address)
        latest = time.monotonic() + longest_s
        while time.monotonic() < latest:
            if len(self.pictures()) >= pictures:
                return asked_s
            time.sleep(0.1)
        raise RuntimeError(f"no picture within {longest_s:.0f} s at {address}")

    def pictures(self) -> list[dict[str, float]]:
        """Return the pictures painted so far: ``time_s``, ``arrived_s``, ``painted_s``, ``n``."""
        return self.evaluate("window.__probe?.pictures ?? []")

    def drag(self, over_s: float, steps_hz: float = 60.0) -> None:
        """Press the mouse on the map and move it about for a time."""
        x, y = 700.0, 420.0
        self._mouse("mousePressed", x, y)
        begin = time.monotonic()
        count = 0
        while (passed := time.monotonic() - begin) < over_s:
            count += 1
            # to and fro, 300 px a second each way
            x = 700.0 + 150.0 * (1 - abs((passed % 2.0) - 1.0) * 2)
            y = 420.0 + 80.0 * (1 - abs(((passed + 0.5) % 2.0) - 1.0) * 2)
            self._mouse("mouseMoved", x, y)
            time.sleep(max(0.0, begin + count / steps_hz - time.monotonic()))
        self._mouse("mouseReleased", x, y)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def screenshot(self, path: Path) -> None:
        """Keep what the page shows."""
        shot = self.command("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    def heap_bytes(self) -> int:
        """Return what the page holds after its rubbish was collected, bytes.

        Objects of JavaScript, elements and the like beside them, and what arrays keep outside.
        """
        self.command("HeapProfiler.collectGarbage")
        usage = self.command("Runtime.getHeapUsage")
        parts = ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
        return int(sum(usage.get(part, 0) for part in parts))

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10.0)
        self._profile.cleanup()

    def __enter__(self) -> Chromium:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the browser."""
        self._socket.close()
        self._end()


def find() -> str:
    """Return the path of Chromium.

    Raises
    ------
    NoChromium
        If there is none.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise NoChromium("chromium is not installed: on Debian, run `apt-get install chromium`")
    return found
