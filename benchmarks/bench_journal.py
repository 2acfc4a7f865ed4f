"""Journal: rows written and read in a second, and microseconds to encode and decode one scan.

One million rows of 92 bytes. Run: ``python benchmarks/bench_journal.py [--json]``; best of
``--repeats`` runs, wall time, on the disk of ``--folder``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from chowki.core.codec import Decoder, Encoder
from chowki.core.journal import JournalReader, JournalWriter, verify
from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.records import Detections
from chowki.core.segments import Channel

ROW_BYTES = 92
BATCH = 1000


def write_batches(folder: Path, rows: int) -> None:
    """Write a record for each thousand rows, on the medium before the next."""
    writer, payload = JournalWriter(folder), bytes(range(ROW_BYTES)) * BATCH
    for _ in range(rows // BATCH):
        writer.append(Channel.EVENT, payload, sync=True)
    writer.close()


def write_rows(folder: Path, rows: int, *, behind: bool) -> None:
    """Write a record for each row, committed in groups."""
    writer, payload = JournalWriter(folder, behind=behind), bytes(range(ROW_BYTES))
    for _ in range(rows):
        writer.append(Channel.EVENT, payload)
    writer.close()


def read_rows(folder: Path) -> None:
    for _ in JournalReader(folder).records():
        pass


def best_s(repeats: int, root: Path, work: Callable[[Path], None], before: Any = None) -> float:
    """Return the shortest of some runs, each in a new folder."""
    times: list[float] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=root) as name:
            folder = Path(name) / "journal"
            if before is not None:
                before(folder)
            start = time.perf_counter()
            work(folder)
            times.append(time.perf_counter() - start)
    return min(times)


def scan_us(repeats: int) -> tuple[float, float]:
    """Return microseconds to encode and to decode a radar scan of ten plots."""
    sensor = Sensor(
        1, "radar", "radar", np.zeros(3), np.eye(3), Measures.RANGE | Measures.AZIMUTH,
        Volume(0.0, 1e5), 4.0, 0.9, 1.0,
    )  # fmt: skip
    plots = {name: np.arange(10.0) for name in ("time_s", "range_m", "azimuth_rad", "snr_db")}
    scan = Scan(1.0, sensor, 7, 0.0, 1.0, sensor.volume, Detections.of(**plots))
    encoder, decoder = Encoder([sensor]), Decoder([sensor])
    payload = encoder.encode(scan)
    return (
        _us_each(repeats, lambda: encoder.encode(scan)),
        _us_each(repeats, lambda: decoder.decode(payload)),
    )


def _us_each(repeats: int, work: Callable[[], object], number: int = 5000) -> float:
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(number):
            work()
        times.append(time.perf_counter() - start)
    return 1e6 * min(times) / number


def measure(rows: int, repeats: int, root: Path) -> list[dict[str, Any]]:
    """Return what was measured, row by row of the table."""

    def single(folder: Path) -> None:
        write_rows(folder, rows, behind=False)

    timed = [
        (
            f"{BATCH:,} rows of {ROW_BYTES} bytes a record, synced each",
            best_s(repeats, root, lambda f: write_batches(f, rows)),
        ),
        ("one row a record, groups of 1,000 synced", best_s(repeats, root, single)),
        (
            "one row a record, synced by a thread",
            best_s(repeats, root, lambda f: write_rows(f, rows, behind=True)),
        ),
        ("one row a record, read and checked", best_s(repeats, root, read_rows, single)),
        ("one row a record, verified", best_s(repeats, root, _verify, single)),
    ]
    found = [
        {
            "what": what,
            "rows_per_s": rows / seconds,
            "us_per_row": 1e6 * seconds / rows,
            "how": f"{rows:,} rows in {seconds:.2f} s, best of {repeats}",
        }
        for what, seconds in timed
    ]
    for what, us in zip(("encoded", "decoded"), scan_us(repeats), strict=True):
        how = f"{us:.1f} µs a scan"
        told = {"what": f"radar scans of ten plots {what}", "rows_per_s": 1e6 / us}
        found.append({**told, "us_per_row": us, "how": how})
    return found


def _verify(folder: Path) -> None:
    if verify(folder):
        raise SystemExit("the journal is damaged")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path())
    options = parser.parse_args()
    rows = measure(options.rows, options.repeats, options.folder)
    if options.json:
        print(json.dumps({"journal": rows}))
        return
    print(f"{'':<52} {'rows/s':>12} {'µs/row':>8}")
    for row in rows:
        print(f"{row['what']:<52} {row['rows_per_s']:>12,.0f} {row['us_per_row']:>8.2f}")


if __name__ == "__main__":
    main()
