"""The statements of a run that write: run row, stage, change set, updates, record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from runner.compile.plan import RUN_NO
from runner.compile.records import completed_row, run_row
from runner.tables import runner_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from runner.compile.plan import Plan
    from runner.execute.orders import Order
    from runner.values.result import Occasion, Tally


class Collided(Exception):  # noqa: N818 - no error: the run starts again
    """Somebody changed a preference between the look at it and the update."""


def freeze(connection: Connection, order: Order, occasion: Occasion) -> int:
    """Write the run's row, before anything else is read. Return the run's number."""
    values = {
        "run_id": occasion.run_id,
        "kind": order.kind,
        "undo_of": order.undo_of,
        "job_name": order.info.name,
        "job_sha256": order.info.sha256,
        "job_files": order.files,
        "mode": order.info.mode,
        "as_of": occasion.as_of,
        "actor": occasion.actor,
        "git_commit": occasion.commit,
        "started_at": occasion.now,
    }
    key = connection.execute(run_row(), values).inserted_primary_key
    if key is None:
        raise LookupError(runner_run.name)
    return int(key[0])


def set_stage(connection: Connection, plan: Plan, ids: Mapping[str, str]) -> None:
    """Fill the temporary tables of a plan; a dry run's has none."""
    for statement in plan.stage:
        connection.execute(statement.clause, ids)


def write_changes(connection: Connection, plan: Plan, run_no: int, ids: Mapping[str, str]) -> None:
    """Write the change set into the runner's own table."""
    connection.execute(plan.change_set.clause, {**ids, RUN_NO: run_no})


def apply(connection: Connection, plan: Plan, run_no: int, tally: Tally) -> None:
    """Send the one UPDATE of each channel. Collided where not every row still was what the change set says."""
    updated = sum(connection.execute(statement.clause, {RUN_NO: run_no}).rowcount for _, statement in plan.updates)
    if updated != tally.contact_points:
        raise Collided


def record(connection: Connection, run_no: int, tally: Tally, result: dict[str, object], finished: datetime) -> None:
    """Complete the run's row with what came of it."""
    values = {
        RUN_NO: run_no,
        "run_finished_at": finished,
        "run_people": tally.people,
        "run_changed": tally.changed,
        "run_result": result,
    }
    connection.execute(completed_row(), values)


def is_recorded(connection: Connection, run_id: str) -> bool:
    """Return whether a run's row is there, and complete."""
    row = select(runner_run.c.finished_at).where(runner_run.c.run_id == run_id, runner_run.c.kind != "void")
    return connection.execute(row).scalar() is not None
