"""What became of a run whose COMMIT got no answer: it is fenced off with a row of its own id, or found committed.

A plain look is no answer, for the run may still commit after it. But two rows can't have one `run_id`, and the run
wrote its row before anything else. So a new connection inserts the same `run_id` as `void`. The database lets that
insert wait until the run has ended, one way or the other. It is refused as a duplicate: then the run committed, or was
fenced off before. It is accepted: then the run is dead, and once the void row is committed it can't come back.
"""

from __future__ import annotations

import time
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from runner.tables import runner_run
from runner.values.problems import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.execute.database import Database
    from runner.values.result import Occasion

VOID = "void"
_SLICE = 2.0  # seconds that one attempt waits for the run to end, so that Ctrl-C is heard in between
_PAUSE = 0.2


class Outcome(Enum):
    """What became of a run."""

    COMMITTED = "committed"
    VOID = "void"  # it committed nothing, and never will
    UNKNOWN = "unknown"  # nobody could tell in time


def settle(
    database: Database,
    run_id: str,
    occasion: Occasion,
    resolve_timeout: float,
    stop: Callable[[], bool],
) -> Outcome:
    """Return what became of a run; UNKNOWN where the database did not say within so many seconds, or `stop()` did."""
    deadline = time.monotonic() + resolve_timeout
    while True:
        # Unreachable, a lock not obtained, a fence whose own COMMIT got no answer: each says nothing about the run.
        with suppress(DBAPIError, Stopped):
            outcome = _fence(database, run_id, occasion, min(_SLICE, max(_PAUSE, deadline - time.monotonic())))
            if outcome is not Outcome.UNKNOWN:
                return outcome
        if stop() or time.monotonic() >= deadline:
            return Outcome.UNKNOWN
        time.sleep(_PAUSE)


def _fence(database: Database, run_id: str, occasion: Occasion, seconds: float) -> Outcome:
    # The run's own occasion where a run settles itself; the settler's where that comes later: who, and when.
    void = {"run_id": run_id, "kind": VOID, "actor": occasion.actor, "started_at": occasion.now}
    with database.create_engine().connect() as connection:
        database.backend.begin_run(connection, seconds)
        try:
            connection.execute(insert(runner_run).values(void))
        except IntegrityError:
            connection.rollback()
        else:
            connection.commit()
        kind = connection.execute(select(runner_run.c.kind).where(runner_run.c.run_id == run_id)).scalar()
    if kind is None:  # another node that does not have the row yet
        return Outcome.UNKNOWN
    return Outcome.VOID if kind == VOID else Outcome.COMMITTED
