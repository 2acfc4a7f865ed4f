"""The processes beside a measurement: one that serves, one that listens."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

LONGEST_S = 120.0


class Spoken:
    """A process that says things in lines.

    Parameters
    ----------
    command : str
        What runs: a module of the benchmark, or a program beside this Python, and its arguments.
        Of a program, standard error is listened to: links to enter are printed there.
    """

    def __init__(self, *command: str) -> None:
        ours = command[0].startswith("page.")
        streams = {"stdout" if ours else "stderr": subprocess.PIPE}
        self._process = subprocess.Popen(spell(*command), text=True, **streams)
        self.pid = self._process.pid
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or self._process.stderr or ():
            self._lines.put(line)
        self._lines.put(None)

    def line(self) -> str:
        """Return the next line, once it comes.

        Raises
        ------
        RuntimeError
            If the process ended without another.
        """
        line = self._lines.get(timeout=LONGEST_S)
        if line is None:
            raise RuntimeError(f"{self._process.args} ended early, code {self._process.wait()}")
        return line

    def said(self) -> Any:
        """Return the next line, which is JSON."""
        return json.loads(self.line())

    def waiting(self) -> Iterator[str]:
        """Yield the lines that came and were not taken."""
        while not self._lines.empty():
            line = self._lines.get()
            if line is not None:
                yield line

    def end(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(15.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10.0)


def spell(program: str, *arguments: str) -> list[str]:
    """Return the whole command of a module of the benchmark, or of a program beside this Python."""
    if program.startswith("page."):
        return [sys.executable, "-m", program, *arguments]
    return [str(Path(sys.executable).with_name(program)), *arguments]


@contextlib.contextmanager
def running(*command: str) -> Generator[Spoken, None, None]:
    """Yield a process, and end it after."""
    process = Spoken(*command)
    try:
        yield process
    finally:
        process.end()
