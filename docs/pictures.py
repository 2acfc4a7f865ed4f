"""Makes the pictures of the live page: ``python docs/pictures.py out/second-wave docs/media``.

Serves the recording, stands still at one time, and looks: the front, one place with a track
selected, and the light theme. Needs chromium; without it, it says so and ends with 1.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from chowki.outputs.web.cursor import Cursor
from chowki.outputs.web.server import Server, Settings
from chowki.run.serve import Replay

AFTER_S = 1_320.0  # of the story: drones over half the front
SIZE = {"width": 1600, "height": 900}
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> int:
    """Take the pictures; return the exit code."""
    if len(sys.argv) != 3:  # the program, the recording, the folder
        print("usage: python docs/pictures.py out/second-wave docs/media", file=sys.stderr)
        return 2
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("no picture: chromium is not installed", file=sys.stderr)
        return 1
    replay = Replay(Path(sys.argv[1]))
    replay.start()
    replay.join()
    at_s = replay.session.span_s[0] + AFTER_S
    settings = Settings(cursor=Cursor(time_s=at_s, paused=True))
    with Server(replay.session, settings) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=FLAGS, chromium_sandbox=False
        )
        page = browser.new_page(viewport=SIZE)
        page.goto(server.links()[0][2])
        _look(page, Path(sys.argv[2]))
        browser.close()
    return 0


def _look(page: Page, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_selector("canvas")
    _take(page, folder / "page.png")
    page.keyboard.press("n")
    page.wait_for_selector("text=Why this identity")
    page.keyboard.press("f")
    for _ in range(4):
        page.keyboard.press("e")
        time.sleep(0.4)
    page.keyboard.press("c")
    _take(page, folder / "page-track.png")
    page.keyboard.press("Shift+T")
    _take(page, folder / "page-light.png")


def _take(page: Page, path: Path) -> None:
    time.sleep(2.0)  # symbols and labels come to rest
    page.screenshot(path=path)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    raise SystemExit(main())
