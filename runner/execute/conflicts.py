"""Jobs with opposite settings → for how many contact points these meet, in one snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.compile.conflicts import meetings
from runner.compile.job import compile_job
from runner.execute.calendars import require_calendars
from runner.execute.side_by_side import look_up_all, warn_about
from runner.execute.snapshot import reading_district
from runner.values.conflicts import Compared, Conflict, Conflicts
from runner.values.result import JobInfo
from runner.values.vocabulary import Channel, CustomSelections, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection, Row

    from runner.compile.plan import Plan
    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts
    from runner.values.conflicts import Opposite
    from runner.values.job import Job
    from runner.values.result import Warned

    Meetings = Mapping[tuple[int, int, str], Row[tuple[int, ...]]]


def find_conflicts(  # noqa: PLR0913 - the question, and all that it takes to ask it
    database: Database,
    jobs: Sequence[Job],
    opposites: Sequence[Opposite],
    as_of: date,
    *,
    interrupts: Interrupts,
    step: Callable[[str], None],
) -> Conflicts:
    """Return for how many contact points each of the opposites meets. Stopped where a dry run of a job would be."""
    narrow = [_narrowed(job, number, opposites) for number, job in enumerate(jobs)]
    plans = [
        compile_job(job, as_of, database.backend, staged=False, prefix=f"{number}_")
        for number, job in enumerate(narrow, 1)
    ]
    contradicted = sorted({each.job for opposite in opposites for each in (opposite.first, opposite.second)})
    people: dict[int, int] = {}
    warnings: list[Warned] = []
    found: Meetings = {}
    with reading_district(database, interrupts) as connection:
        step("look up the calendars and the people selected")
        require_calendars(connection, *plans)
        asked = {number: plans[number] for number in contradicted}
        ids = look_up_all(connection, database.backend, asked.values(), as_of, interrupts.stop)
        step("count the people in scope of each")
        for number, plan in asked.items():
            people[number] = connection.execute(plan.people.clause, ids).one().people
            warnings += warn_about(connection, plan, jobs[number], ids, people[number])
        if asked:
            step("count the contact points that two jobs set differently")
            found = _meetings(connection, asked, jobs, ids)
    return Conflicts(
        as_of=as_of,
        database=database.backend.NAME,
        jobs=tuple(
            Compared(JobInfo(job.name, job.file, job.sha256, job.mode.value), people.get(number))
            for number, job in enumerate(jobs)
        ),
        conflicts=tuple(_conflict(opposite, found) for opposite in opposites),
        warnings=tuple(warnings),
    )


def _narrowed(job: Job, number: int, opposites: Sequence[Opposite]) -> Job:
    """Return the job with only those cells that another one sets differently, if there are any."""
    cells: dict[Channel, dict[Reason, bool]] = {}
    for opposite in opposites:
        for setting in (opposite.first, opposite.second):
            if setting.job == number:
                cells.setdefault(opposite.channel, {})[opposite.reason] = setting.on
    return replace(job, preferences=cells) if cells else job


def _meetings(
    connection: Connection,
    plans: Mapping[int, Plan],
    jobs: Sequence[Job],
    ids: Mapping[str, str],
) -> Meetings:
    keeping = {
        number: (plan, jobs[number].custom_selections is CustomSelections.KEEP) for number, plan in plans.items()
    }
    rows = connection.execute(meetings(keeping), ids)
    return {(row.first, row.second, row.channel): row for row in rows}


def _conflict(opposite: Opposite, found: Meetings) -> Conflict:
    row = found.get((opposite.first.job, opposite.second.job, opposite.channel.value))
    if row is None:
        return Conflict(opposite, 0, 0)
    if opposite.reason is Reason.STAFF:
        return Conflict(opposite, int(row.staff_points), int(row.staff_kept))
    return Conflict(opposite, int(row.points), int(row.kept))
