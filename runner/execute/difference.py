"""An old and a new job → who enters and leaves the scope, and what ends differently, in one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.compile.difference import effects, movers, movers_by_school
from runner.compile.job import compile_job
from runner.execute.calendars import require_calendars
from runner.execute.measure import measure
from runner.execute.side_by_side import look_up_all, warn_about
from runner.execute.snapshot import reading_district
from runner.values.difference import CellDifference, Difference, Movement, Side
from runner.values.result import JobInfo
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from sqlalchemy import Connection

    from runner.compile.plan import Plan
    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts
    from runner.values.job import Job

    Sides = tuple[Plan | None, Plan | None]


def find_difference(  # noqa: PLR0913 - the question, and all that it takes to ask it
    database: Database,
    old: Job | None,
    new: Job | None,
    as_of: date,
    *,
    interrupts: Interrupts,
    step: Callable[[str], None],
) -> Difference:
    """Return what follows from putting the new job in the place of the old one. Stopped where a dry run would be.

    One of the two may be none. A scope of nobody is a warning: the job as it was, or as it is now, may be about nobody.
    """
    jobs = {prefix: job for prefix, job in (("old", old), ("new", new)) if job is not None}
    plans = {
        prefix: compile_job(job, as_of, database.backend, staged=False, prefix=f"{prefix}_")
        for prefix, job in jobs.items()
    }
    pair = plans.get("old"), plans.get("new")
    with reading_district(database, interrupts) as connection:
        step("look up the calendars and the people selected")
        require_calendars(connection, *plans.values())
        ids = look_up_all(connection, database.backend, plans.values(), as_of, interrupts.stop)
        sides = {}
        for prefix, job in jobs.items():
            info = JobInfo(job.name, job.file, job.sha256, job.mode.value)
            step(f"count what the {prefix} job does")
            tally = measure(connection, plans[prefix], ids, allow_empty=True, step=step)
            sides[prefix] = Side(info, tally)
        warnings = [
            warned
            for prefix, job in jobs.items()
            for warned in warn_about(connection, plans[prefix], job, ids, sides[prefix].tally.people)
        ]
        step("find who enters and leaves the scope")
        enter, leave = (_movers(connection, pair, ids, leaving=leaving) for leaving in (False, True))
        movements = _movements(connection, pair, ids)
        step("find what ends differently")
        cells = _cells(connection, (old, new), pair, ids)
    return Difference(
        as_of=as_of,
        database=database.backend.NAME,
        old=sides.get("old"),
        new=sides.get("new"),
        enter=enter,
        leave=leave,
        movements=movements,
        cells=cells,
        warnings=tuple(warnings),
    )


def _movers(connection: Connection, pair: Sides, ids: Mapping[str, str], *, leaving: bool) -> int:
    there, elsewhere = pair if leaving else pair[::-1]
    return 0 if there is None else int(connection.execute(movers(there, elsewhere), ids).scalar_one())


def _movements(connection: Connection, pair: Sides, ids: Mapping[str, str]) -> tuple[Movement, ...]:
    counts: dict[tuple[int, str, str | None], list[int]] = {}
    for place, (there, elsewhere) in enumerate((pair[::-1], pair)):
        if there is not None and there.ways is not None:
            for row in connection.execute(movers_by_school(there.ways(), elsewhere), ids):
                # a district's own tables may hold nothing, or a number, where text belongs
                where = row.school_id, str(row.school or ""), None if row.grade is None else str(row.grade)
                counts.setdefault(where, [0, 0])[place] += row.people
    found = (Movement(*where, *people) for where, people in counts.items())
    return tuple(sorted(found, key=_by_school))


def _by_school(movement: Movement) -> tuple[str, int, bool, str]:
    grade = movement.grade or ""
    return movement.school, movement.school_id, grade[:1].isdigit(), grade  # KG before 01


def _cells(
    connection: Connection,
    jobs: tuple[Job | None, Job | None],
    pair: Sides,
    ids: Mapping[str, str],
) -> dict[Channel, dict[Reason, CellDifference]]:
    reasons = tuple(reason for reason in Reason if any(job is not None and reason in job.reasons for job in jobs))
    rows = {Channel(row.channel): row._mapping for row in connection.execute(effects(*pair, reasons), ids)}  # noqa: SLF001
    cells: dict[Channel, dict[Reason, CellDifference]] = {}
    for channel in Channel:
        for reason in reasons:
            before, after = (None if job is None else job.preferences.get(channel, {}).get(reason) for job in jobs)
            on, off, left = (
                int(rows[channel][f"{reason}_{what}"]) if channel in rows else 0 for what in ("on", "off", "left")
            )
            cell = CellDifference(before, after, on, off, left)
            if before is not after or cell.differ:
                cells.setdefault(channel, {})[reason] = cell
    return cells
