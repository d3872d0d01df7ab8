"""The runner's own ways, in this process and as `runner run` goes them: dry run, run, and undo."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from benchmarks.timeline import watching
from benchmarks.words import AS_OF
from runner.execute.database import Database, open_database, reading_history
from runner.execute.history import find_run
from runner.execute.interrupts import Interrupts
from runner.execute.orders import order_job, order_undo
from runner.pipeline import Patience, Watch, dry_run, run
from runner.values.result import Occasion, Status

if TYPE_CHECKING:
    from runner.execute.orders import Order
    from runner.values.job import Job
    from runner.values.result import Result

Parts = dict[str, float]


def dry(url: str, job: Job) -> tuple[Result, Parts]:
    """Return the result of a dry run, and the seconds of its parts."""
    database = open_database(url)
    return _timed(database, order_job(job, AS_OF, database.backend), Status.DRY_RUN)


def real(url: str, job: Job) -> tuple[Result, Parts]:
    """Return the result of a run, and the seconds of its parts."""
    database = open_database(url)
    return _timed(database, order_job(job, AS_OF, database.backend), Status.APPLIED)


def undone(url: str, number: int) -> tuple[Result, Parts]:
    """Return the result of taking a run back, and the seconds of its parts."""
    database = open_database(url)
    with reading_history(database) as connection:
        recorded = find_run(connection, number)
    return _timed(database, order_undo(recorded, AS_OF, database.backend, skip_conflicts=False), Status.APPLIED)


def _timed(database: Database, order: Order, expected: Status) -> tuple[Result, Parts]:
    start = time.monotonic()
    watch = Watch(lambda _: None, lambda: time.monotonic() - start, Interrupts())
    occasion = Occasion(AS_OF, datetime.now(UTC).replace(tzinfo=None), "bench", None, str(uuid4()))
    with watching() as timeline:
        if expected is Status.DRY_RUN:
            result = dry_run(database, timeline.watched(order), occasion, watch)
        else:
            result = run(database, timeline.watched(order), occasion, watch, Patience())
    if result.status is not expected:
        raise RuntimeError(f"{result.status}: {'; '.join(problem.message for problem in result.errors)}")
    return result, timeline.seconds()
