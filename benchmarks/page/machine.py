"""What processes use, and what machine they use it on (Linux: read from /proc)."""

from __future__ import annotations

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def tree(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if _number(path)}
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def cpu_s(root: int) -> float:
    """Return the processor time that a process and its descendants have used, s."""
    return sum(sum(map(int, _fields(process)[11:13])) for process in tree(root)) / TICKS


def resident_bytes(process: int) -> int:
    """Return the memory that a process holds, bytes."""
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


def resident_tree_bytes(root: int) -> int:
    """Return the memory of a process and its descendants, what they share counted each time."""
    return sum(resident_bytes(process) for process in tree(root) if _fields(process))


def share_of_core(root: int, over_s: float) -> float:
    """Wait, and return how much of one core the processes used meanwhile, percent."""
    used, begin = cpu_s(root), time.perf_counter()
    time.sleep(over_s)
    return 100.0 * (cpu_s(root) - used) / (time.perf_counter() - begin)


def load() -> float:
    """Return how many processes wanted a processor during the last minute."""
    return os.getloadavg()[0]


def describe() -> str:
    """Return the processor, its cores and the memory, in words."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in named.items()}
    threads = os.cpu_count() or 1
    cores = int(facts.get("cpu cores", threads))
    sockets = int(facts.get("physical id", 0)) + 1
    memory = os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES / 2**30
    return (
        f"{facts.get('model name', 'a processor')}: {threads} hardware threads on"
        f" {cores * sockets} core{'s' * (cores * sockets > 1)}, {memory:.0f} GiB, no GPU"
    )


def _number(path: Path) -> bool:
    return path.name.isdecimal()


def _parent(path: Path) -> int:
    fields = _fields(int(path.name))
    return int(fields[1]) if fields else -1


def _fields(process: int) -> list[str]:
    """Return the fields of ``stat`` after the name; none if the process is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
