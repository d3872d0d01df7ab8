"""Drops the changes of old runs, under the lock of a run; the runs themselves, and their results, stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, distinct, func, select

from runner.execute.database import changing_history, reading_history
from runner.execute.lock import take_lock
from runner.tables import runner_change, runner_run
from runner.values.result import Pruned

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from runner.execute.database import Database


def count_prunable(database: Database, before: datetime) -> Pruned:
    """Return what pruning would drop; `before` is UTC. Writes nothing, and takes no lock."""
    with reading_history(database) as connection:
        return _count(connection, before)


def prune(database: Database, before: datetime, lock_timeout: float) -> Pruned:
    """Drop the changes of all runs that began before this time (UTC), in one transaction. Return what was dropped."""
    with changing_history(database) as connection:
        take_lock(connection, database, lock_timeout)
        pruned = _count(connection, before)
        connection.execute(delete(runner_change).where(runner_change.c.run_no.in_(_old(before))))
        connection.commit()
    return pruned


def _count(connection: Connection, before: datetime) -> Pruned:
    found = select(func.count(distinct(runner_change.c.run_no)), func.count()).where(
        runner_change.c.run_no.in_(_old(before)),
    )
    runs, changes = connection.execute(found).one()
    return Pruned(int(runs), int(changes))


def _old(before: datetime) -> Select[tuple[int]]:
    return select(runner_run.c.run_no).where(runner_run.c.started_at < before)
