"""Past runs, read: the list, one run's result, its changes row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select

from runner.tables import runner_change, runner_run
from runner.values.problems import Problem, Stopped
from runner.values.result import Recorded, Warned
from runner.values.result_json import decode
from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row, Select

_BATCH = 1_000
CHANGE_COLUMNS = ("contact_point_id", "channel", "reason", "before", "after")


_SET = {True: "on", False: "off"}


def list_runs(connection: Connection, limit: int) -> tuple[Recorded, ...]:
    """Return the newest runs first, at most `limit` of them; a void one is no run."""
    rows = connection.execute(
        _runs()
        .where(runner_run.c.kind != "void", runner_run.c.finished_at.is_not(None))
        .order_by(runner_run.c.run_no.desc())
        .limit(limit),
    )
    return tuple(_recorded(row) for row in rows)


def find_run(connection: Connection, run_no: int) -> Recorded:
    """Return one run. Stopped where no run has this number."""
    row = connection.execute(_runs().where(runner_run.c.run_no == run_no)).one_or_none()
    if row is None or row.result is None:
        raise Stopped(Problem("unknown-run", f"there is no run {run_no}", hint="`runner history` lists the runs"))
    return _recorded(row)


def number_of(connection: Connection, run_id: str) -> int:
    """Return the number of the run with this id."""
    return int(connection.execute(select(runner_run.c.run_no).where(runner_run.c.run_id == run_id)).scalar_one())


def require_undoable(recorded: Recorded) -> None:
    """Check that a run can be taken back. Stopped where it changed nothing, or its changes were pruned."""
    result, number = recorded.result, recorded.number
    if result.tally is None or not result.tally.contact_points:
        raise Stopped(Problem("not-undoable", f"run {number} changed nothing: there is nothing to take back"))
    if recorded.pruned:
        raise Stopped(
            Problem("not-undoable", f"the changes of run {number} were pruned: it can't be taken back any more"),
        )


def require_changes(recorded: Recorded) -> None:
    """Check that a run's changes are there to be told. Stopped where they were pruned."""
    if recorded.pruned:
        raise Stopped(Problem("pruned", f"the changes of run {recorded.number} were pruned"))


def changes_of(connection: Connection, run_no: int) -> Iterator[dict[str, Any]]:
    """Yield the preferences that a run changed, one row each, in the order of contact points and reasons."""
    rows = connection.execution_options(yield_per=_BATCH).execute(
        select(runner_change).where(runner_change.c.run_no == run_no).order_by(runner_change.c.contact_point_id),
    )
    for row in rows:
        for reason in Reason:
            before, after = row.before_bits & reason.bit, row.after_bits & reason.bit
            if before != after:
                values = (row.contact_point_id, row.channel, reason.value, _SET[bool(before)], _SET[bool(after)])
                yield dict(zip(CHANGE_COLUMNS, values, strict=True))


def _runs() -> Select[Any]:
    there = exists().where(runner_change.c.run_no == runner_run.c.run_no)
    return select(runner_run, there.label("has_changes"))


def _recorded(row: Row[Any]) -> Recorded:
    result = decode(row.result)
    pruned = bool(result.tally and result.tally.contact_points and not row.has_changes)
    if pruned:
        warned = Warned("changes-pruned", "the changes of this run were pruned: it can't be taken back any more")
        result = replace(result, warnings=(*result.warnings, warned))
    return Recorded(
        number=row.run_no,
        kind=row.kind,
        undo_of=row.undo_of,
        actor=row.actor,
        commit=row.git_commit,
        started_at=row.started_at,
        finished_at=row.finished_at,
        files=row.job_files or {},
        result=result,
        pruned=pruned,
    )
