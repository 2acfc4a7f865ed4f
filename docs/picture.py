"""Makes a picture of a report page: ``python docs/picture.py report.html picture.png``.

Needs chromium (or Chrome); without it, it says so and ends with 1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE = "1400,1000"


def main() -> int:
    """Take the picture; return the exit code."""
    if len(sys.argv) != 3:  # the program, the page, the picture
        print("usage: python docs/picture.py report.html picture.png", file=sys.stderr)
        return 2
    page, picture = Path(sys.argv[1]), Path(sys.argv[2])
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print(f"no picture: none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return 1
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={profile}", f"--window-size={SIZE}"]
        command += ["--virtual-time-budget=10000", f"--screenshot={picture.resolve()}"]
        done = subprocess.run(
            [*command, page.resolve().as_uri()], capture_output=True, text=True, check=False
        )
    if done.returncode or not picture.exists():
        print(done.stderr, file=sys.stderr)
        return 1
    print(f"{picture}: {picture.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
