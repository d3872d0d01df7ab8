"""The ids of the people whom a job concerns, read one after the other from one snapshot."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.compile.job import compile_job
from runner.compile.people import people
from runner.compile.scope import day
from runner.execute.calendars import require_calendars
from runner.execute.measure import count_people, look_up, warn_of_unknown_people
from runner.execute.snapshot import reading_district

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts
    from runner.values.job import Job
    from runner.values.result import Warned
    from runner.values.vocabulary import Concern, Reason

BATCH = 10_000


@contextmanager
def reading_people(  # noqa: PLR0913 - whom, of which job, where, and when
    database: Database,
    job: Job,
    as_of: date,
    concern: Concern,
    *,
    reasons: tuple[Reason, ...],
    interrupts: Interrupts,
) -> Iterator[tuple[tuple[Warned, ...], Iterator[list[int]]]]:
    """Yield warnings, and the ids in their order, in batches. Stopped where a dry run of the job would be."""
    backend = database.backend
    plan = compile_job(job, as_of, backend, staged=False)
    with reading_district(database, interrupts) as connection:
        require_calendars(connection, plan)
        ids = {**plan.parameters, **look_up(connection, backend, plan.lookups, as_of, interrupts.stop)}
        warnings = warn_of_unknown_people(connection, plan, ids)
        count_people(connection, plan, ids, job.allow_empty)
        rows = connection.execution_options(yield_per=BATCH).execute(
            people(plan, concern, reasons, day(as_of), backend), ids
        )
        yield warnings, (list(batch) for batch in rows.scalars().partitions())
