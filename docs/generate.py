"""Writes what is generated in docs/; with --check only says what is stale.

The JSON Schema of a scenario is a file of its own. In the pages, a generated part stands between
``<!-- generated: NAME -->`` and ``<!-- end of NAME -->``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any

from chowki import scenario
from chowki.cli.door import EXIT_CODES
from chowki.core import records
from chowki.core.table import Table

DOCS = Path(__file__).parent
Schema = dict[str, Any]


def main() -> int:
    """Write or check every part; return 1 when a page was stale and ``--check`` was given."""
    check = "--check" in sys.argv[1:]
    pages = sorted(DOCS.rglob("*.md"))
    stale = [path for path in pages if _put(path, _page(path), write=not check)]
    file = DOCS / "scenario.schema.json"
    if _put(file, json.dumps(scenario.schema(), indent=2) + "\n", write=not check):
        stale.append(file)
    for path in stale:
        print(f"{path.relative_to(DOCS.parent)}: {'stale' if check else 'written'}")
    return int(check and bool(stale))


def _put(path: Path, new: str, *, write: bool) -> bool:
    """Return whether a file differs from what it should be, after writing it if asked."""
    stale = new != path.read_text(encoding="utf-8")
    if stale and write:
        path.write_text(new, encoding="utf-8")
    return stale


def _page(path: Path) -> str:
    """Return a page with its generated parts as they should be."""
    pattern = re.compile(
        r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end of (?P=name) -->)", re.S
    )
    old = path.read_text(encoding="utf-8")
    return pattern.sub(lambda m: f"{m[1]}\n{PARTS[m['name']]()}\n\n{m[3]}", old)


def _tables() -> str:
    """Return a section for each table of ``core/records.py``."""
    kinds = [kind for kind in vars(records).values() if isinstance(kind, type)]
    tables = [kind for kind in kinds if issubclass(kind, Table) and kind is not Table]
    return "\n\n".join(_table(kind) for kind in tables)


def _table(kind: type[Table]) -> str:
    lines = [f"### {kind.__name__}", "", (kind.__doc__ or "").splitlines()[0], ""]
    lines += ["| column | unit | type | meaning |", "|---|---|---|---|"]
    for column in kind.schema():
        shape = f" of {' by '.join(map(str, column.shape))}" if column.shape else ""
        words = column.meaning.replace("|", "\\|")
        lines.append(f"| `{column.name}` | {column.unit} | {column.dtype.name}{shape} | {words} |")
    return "\n".join(lines)


def _codes() -> str:
    """Return what each code in a column means."""
    kinds = [kind for kind in vars(records).values() if isinstance(kind, type)]
    codes = [k for k in kinds if issubclass(k, IntEnum | IntFlag) and k not in (IntEnum, IntFlag)]
    lines = ["| code | values |", "|---|---|"]
    for kind in codes:
        values = ", ".join(f"{int(m)} {m.name.lower().replace('_', ' ')}" for m in kind)  # pyright: ignore
        lines.append(f"| {kind.__name__} | {values} |")
    return "\n".join(lines)


def _likelihoods() -> str:
    """Return priors and likelihoods of classes, and the figures of all classes."""
    from chowki.picture import classes

    names = [kind.name.lower().replace("_", " ") for kind in records.ObjectClass]
    lines = [f"| | unit | {' | '.join(names)} | source |", "|---" * (len(names) + 3) + "|"]
    for column in classes.LIKELIHOODS:
        values = " | ".join(f"{value:g}" for value in column.values)
        lines.append(f"| {column.name} | {column.unit} | {values} | {column.source} |")
    lines += ["", "| for all classes | unit | value | source |", "|---|---|---|---|"]
    lines += [f"| {name} | {unit} | {value:g} | {source} |" for name, unit, value, source in
              classes.FIGURES]  # fmt: skip
    return "\n".join(lines)


def _exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def _scenario_keys() -> str:
    """Return every key of a scenario, section by section, from its JSON Schema."""
    whole = scenario.schema()
    sections = [("top level", whole), *whole.get("$defs", {}).items()]
    return "\n\n".join(_section(name, part) for name, part in sections if part.get("properties"))


def _tracker_keys() -> str:
    """Return every key of a tracker's configuration."""
    from chowki.picture import TrackerConfig

    whole = TrackerConfig.model_json_schema()
    parts = whole["$defs"].items()
    names = {"SensorConfig": "sensor", "MotionConfig": "motion", "TargetConfig": "target"}
    names |= {"BirthConfig": "target.birth", "ReportConfig": "report"}
    names |= {"AssociationConfig": "association"}
    order = list(names)
    told = sorted(((n, part) for n, part in parts if n in names), key=lambda p: order.index(p[0]))
    return "\n\n".join(_section(f"[{names[name]}]", part) for name, part in told)


def _section(name: str, part: Schema) -> str:
    lines = [f"### {name}", ""]
    if part.get("description"):
        lines += [part["description"].splitlines()[0], ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    needed = set(part.get("required", ()))
    for key, value in part["properties"].items():
        default = "required" if key in needed else _default(value.get("default"))
        meaning = " ".join(value.get("description", "").split()).replace("|", "\\|")
        lines.append(f"| `{key}` | {_kind(value)} | {default} | {meaning} |")
    return "\n".join(lines)


def _default(value: object) -> str:
    if isinstance(value, str):
        return f'`"{value}"`' if value else "empty"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if value in (None, [], {}):
        return "none"
    return f"`{text}`" if len(text) <= 40 else "see the schema"


def _kind(value: Schema) -> str:
    """Return in words what a schema allows."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    words = value.get("enum", [value["const"]] if "const" in value else [])
    if words:
        return ", ".join(f'`"{word}"`' for word in words)
    for union in ("anyOf", "oneOf"):
        if union in value:
            return " or ".join(_kind(part) for part in value[union])
    if "prefixItems" in value:
        return f"[{', '.join(_kind(item) for item in value['prefixItems'])}]"
    if value.get("type") == "array":
        return f"list of {_kind(value.get('items', {}))}"
    return " ".join([str(value.get("type", "any")), *_limits(value)])


def _limits(value: Schema) -> Iterator[str]:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    for key, sign in words.items():
        if key in value:
            yield f"{sign} {value[key]:,}"


def _commands() -> str:
    """Return every command with its arguments and options, as the command line knows them."""
    from typer.main import get_command

    from chowki.cli.app import application

    root: Any = get_command(application())
    return "\n\n".join(_command(name, command) for name, command in root.commands.items())


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    names = [(p.metavar or p.name.upper(), p.required) for p in arguments]
    words = [word if required else f"[{word}]" for word, required in names]
    lines = [f"### `chowki {' '.join([name, *words])}`", "", command.help.strip(), ""]
    lines += ["| option | meaning |", "|---|---|"]
    for option in command.params:
        if option.param_type_name == "option":
            spelling = ", ".join(f"`{opt}`" for opt in option.opts)
            value = f" `{option.metavar}`" if option.metavar else ""
            lines.append(f"| {spelling}{value} | {option.help} |")
    return "\n".join(lines)


PARTS: dict[str, Callable[[], str]] = {
    "tables": _tables,
    "codes": _codes,
    "exit-codes": _exit_codes,
    "scenario-keys": _scenario_keys,
    "commands": _commands,
    "tracker-keys": _tracker_keys,
    "likelihoods": _likelihoods,
}

if __name__ == "__main__":
    raise SystemExit(main())
