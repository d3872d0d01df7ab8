"""Jobs to be run one after the other: a warning where an earlier one changes what a later one was counted on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.compile.job import compile_job
from runner.compile.scope import day
from runner.compile.sequence import otherwise
from runner.execute.side_by_side import look_up_all
from runner.execute.snapshot import reading_district
from runner.values.result import Warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sqlalchemy import Row

    from runner.compile.plan import Plan
    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts
    from runner.values.job import Job

_READS_PREFERENCES = re.compile(r"\bcontact_point\b", re.IGNORECASE)


def warn_of_earlier(
    database: Database,
    earlier: Sequence[tuple[Job, date, int]],
    job: Job,
    as_of: date,
    interrupts: Interrupts,
) -> tuple[Warned, ...]:
    """Return a warning for every way in which a job, run after others, will not do what its dry run says.

    Each of the others stands with its day, and with how many contact points it changes. Only two jobs at a time are
    looked at: whatever a job finds changed was first changed by a job that changes it on the present data too.
    """
    backend = database.backend
    second = compile_job(job, as_of, backend, staged=False, prefix="second_")
    asks = _reads_preferences(second)
    meets = [other for other in earlier if other[2] and (asks or _can_meet(other[0], job))]
    if not meets:
        return ()
    warnings: list[Warned] = []
    with reading_district(database, interrupts) as connection:
        ids = look_up_all(connection, backend, [second], as_of, interrupts.stop)
        for other, its_day, points in meets:
            first = compile_job(other, its_day, backend, staged=False, prefix="first_")
            its_ids = look_up_all(connection, backend, [first], its_day, interrupts.stop)
            row = connection.execute(otherwise(first, second, day(as_of, "second_")), ids | its_ids).one()
            warnings += _told(other.name, job.name, row)
            if asks:
                warnings.append(_asks(other.name, job.name, points))
    return tuple(warnings)


def _can_meet(first: Job, second: Job) -> bool:
    """Return whether two jobs can have to do with one another at all, by reading alone."""
    channels = first.preferences.keys() & second.preferences.keys()
    return bool(channels) or not set(first.reasons).isdisjoint(second.reasons)


def _reads_preferences(plan: Plan) -> bool:
    return any(_READS_PREFERENCES.search(lookup.source.sql) for lookup in plan.lookups)


def _told(first: str, second: str, row: Row[int, int, int]) -> Iterator[Warned]:
    for count, what in (
        (row.same_settings, f"in settings that `{second}` makes too: `{second}` will then change others than these"),
        (row.same_points, f"that `{second}` changes in other settings: its fingerprint, and so its plan, won't hold"),
        (row.reached, f"by which people of `{second}` are reached: who is reached, before and after, may then differ"),
    ):
        if count:
            yield Warned("earlier-job", f"`{first}`, which runs before, changes {_points(int(count))} {what}")


def _asks(first: str, second: str, points: int) -> Warned:
    message = f"`{first}`, which runs before, changes {_points(points)}, and the SQL of `{second}` reads contact points"
    return Warned("earlier-job", f"{message}: other people may then be in scope")


def _points(count: int) -> str:
    return f"{count:,} contact point{'' if count == 1 else 's'}"
