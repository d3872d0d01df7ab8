"""A run of six cells against the bare UPDATEs that a database administrator would type, side by side on SQLite.

`make bench`, or `STUDENTS=100000 make bench`. Every way starts from a copy of the same database, in turn, and must end
in the same preferences; what counts is the ratio of the medians, for machines differ and are noisy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
STUDENTS = int(os.environ.get("STUDENTS", "10000"))
AS_OF = "2026-10-01"
CELLS = {
    "household_phone": ("emergency", "attendance"),
    "cell_phone": ("emergency", "attendance"),
    "email": ("attendance", "teacher"),
}
JOB = Path(__file__).parent.parent / "jobs" / "fall.yaml"
ACTIVE = f"(start_date is null or start_date <= '{AS_OF}') and (end_date is null or end_date >= '{AS_OF}')"
SCOPE = f"""
create temp table scope as select distinct contact_id as person_id from relationship
where messenger and {ACTIVE} and student_id in (
  select person_id from enrollment where not coalesce(no_show, 0) and {ACTIVE}
  and calendar_id in (select calendar_id from calendar where end_year = 2027));
create temp table home as select distinct household_id from household_member
where {ACTIVE} and person_id in (select person_id from scope);
"""
PRESENT = "trim(address, ' ' || char(9, 10, 13)) <> ''"


def owner(channel: str) -> str:
    """Return the condition that a contact point of this channel is somebody's in scope."""
    if channel == "household_phone":
        return "household_id in (select household_id from home)"
    return "person_id in (select person_id from scope)"


def bare(path: Path, *, by_cell: bool) -> None:
    """Set the cells by hand: one UPDATE per channel, or one per cell; no counts, no record."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("pragma cache_size=-262144; begin immediate;" + SCOPE)
    for channel, reasons in CELLS.items():
        where = f"channel = '{channel}' and not custom and {PRESENT} and {owner(channel)}"
        for group in [[reason] for reason in reasons] if by_cell else [list(reasons)]:
            sets = ", ".join(f"{reason} = 1" for reason in group)
            differs = " or ".join(f"not {reason}" for reason in group)
            database.execute(f"update contact_point set {sets} where {where} and ({differs})")
    database.execute("commit")
    database.close()


def runner(path: Path, *options: str) -> None:
    """Run the job as a user does, start of the program and all."""
    command = [sys.executable, "-m", "runner", "run", str(JOB), "--as-of", AS_OF, "--database", f"sqlite:///{path}"]
    subprocess.run([*command, *options], check=True, capture_output=True)


def checksum(path: Path) -> tuple[int, ...]:
    """Return a sum over the preferences of all contact points."""
    database = sqlite3.connect(path)
    columns = ["emergency", "attendance", "behavior", "staff", "general", "food_service", "priority", "teacher"]
    sums = ", ".join(f"sum({column} * (contact_point_id % 1000003))" for column in columns)
    row = database.execute(f"select {sums} from contact_point").fetchone()
    database.close()
    return tuple(row)


WAYS: dict[str, Callable[[Path], None]] = {
    "c: one bare UPDATE per channel": lambda path: bare(path, by_cell=False),
    "b: one bare UPDATE per cell": lambda path: bare(path, by_cell=True),
    "run: counted, guarded, recorded": runner,
    "dry run": lambda path: runner(path, "--dry-run"),
}


def main() -> None:
    """Measure every way in turn, and print the medians and their ratios to the first."""
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    with TemporaryDirectory() as folder:
        template, path = Path(folder) / "template.db", Path(folder) / "district.db"
        demo = ["demo", "--students", str(STUDENTS), "--database", f"sqlite:///{template}"]
        subprocess.run([sys.executable, "-m", "runner", *demo], check=True, capture_output=True)
        ends: dict[str, tuple[int, ...]] = {}
        for _ in range(ROUNDS):
            for name, way in WAYS.items():
                shutil.copy(template, path)
                start = time.perf_counter()
                way(path)
                seconds[name].append(time.perf_counter() - start)
                ends[name] = checksum(path)
                for rest in Path(folder).glob("district.db-*"):
                    rest.unlink()
        if len({end for name, end in ends.items() if name != "dry run"}) != 1:
            sys.exit("the ways do not end in the same preferences")
    first = statistics.median(next(iter(seconds.values())))
    print(
        f"{STUDENTS:,} students, SQLite {sqlite3.sqlite_version}, medians of {ROUNDS}; a run counts its start-up too\n"
    )
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:<36}{median:>9.3f} s{median / first:>8.2f} c")


if __name__ == "__main__":
    main()
