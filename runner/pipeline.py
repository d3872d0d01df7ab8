"""The story on one page: an order is measured, judged, and, unless it is a dry run, applied and recorded."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from runner.backends.backend import Trouble
from runner.execute.apply import Collided, apply, freeze, is_recorded, record, set_stage, write_changes
from runner.execute.ask import ask
from runner.execute.calendars import require_calendars
from runner.execute.database import require_district, require_history
from runner.execute.lock import take_lock
from runner.execute.measure import look_up, measure, warn_of_unknown_people
from runner.execute.outcome import Outcome, settle
from runner.execute.review import judge_drift, warn_of_drift
from runner.values.problems import Kind, Problem, Stopped
from runner.values.result import JobInfo, Result, RunInfo, Status
from runner.values.result_json import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from sqlalchemy import Connection

    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts
    from runner.execute.orders import Order
    from runner.values.checked import Checked
    from runner.values.result import Occasion

ATTEMPTS = 6
"""How often a run that meets other writers is tried: once, and five times more."""

STATUS = {
    Kind.INVALID: Status.INVALID,
    Kind.REFUSED: Status.REFUSED,
    Kind.DRIFTED: Status.DRIFTED,
    Kind.LOCKED: Status.LOCKED,
    Kind.DATABASE: Status.FAILED,
    Kind.UNEXPECTED: Status.FAILED,
    Kind.UNKNOWN: Status.UNKNOWN,
    Kind.INTERRUPTED: Status.INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Watch:
    """What the command line lends to a run: a place to tell its steps, a clock, and whether somebody said stop."""

    step: Callable[[str], None]
    seconds: Callable[[], float]
    interrupts: Interrupts


def dry_run(database: Database, order: Order, occasion: Occasion, watch: Watch) -> Result:
    """Return exactly the result that a run would give on the same data. Writes nothing, needs only SELECT."""
    try:
        with _connected(database, watch, reading=True) as connection:
            require_district(connection, database)
            connection.rollback()
            database.backend.begin_dry_run(connection)
            return _follow(connection, database, order, occasion, watch, run_no=None)
    except Stopped as stopped:
        return not_run(stopped.problems, order.info, occasion, watch, database.backend.NAME)


def check(database: Database, orders: Iterable[Order], as_of: date, watch: Watch) -> list[Checked]:
    """Return what only the database knows of orders that read well: nothing is measured, judged, or written.

    Stopped where there is no district.
    """
    with _connected(database, watch, reading=True) as connection:
        require_district(connection, database)
        found = []
        for order in orders:
            watch.step(f"ask about {order.info.file}")
            found.append(ask(connection, database.backend, order, as_of, watch.interrupts.stop))
        return found


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a run waits for the lock, and for what became of a COMMIT that got no answer."""

    lock: float = 30.0
    resolve: float = 60.0


def run(database: Database, order: Order, occasion: Occasion, watch: Watch, patience: Patience) -> Result:
    """Run an order in one transaction: all of it is committed, recorded and read again, or nothing is changed."""
    sent = False
    try:
        with _connected(database, watch, reading=False) as connection:
            require_district(connection, database)
            require_history(connection)
        for _ in range(ATTEMPTS):
            try:
                with _connected(database, watch, reading=False) as connection:
                    watch.step("wait for the lock")
                    take_lock(connection, database, patience.lock)
                    sent = True
                    run_no = freeze(connection, order, occasion)
                    result = _follow(connection, database, order, occasion, watch, run_no=run_no)
                    if result.status is Status.APPLIED:
                        _commit(connection, database, occasion, watch, patience.resolve)
                    return result
            except Collided:
                watch.step("somebody changed a preference meanwhile: start again")
    except Stopped as stopped:
        result = not_run(stopped.problems, order.info, occasion, watch, database.backend.NAME)
        return replace(result, run=RunInfo(None, occasion.run_id) if sent else None)
    result = not_run((_COLLIDED,), order.info, occasion, watch, database.backend.NAME)
    return replace(result, run=RunInfo(None, occasion.run_id))


def not_run(
    problems: tuple[Problem, ...],
    info: JobInfo,
    occasion: Occasion,
    watch: Watch,
    database: str | None,
) -> Result:
    """Return the result of what could not even be counted."""
    return Result(
        status=STATUS[problems[0].kind],
        job=info,
        as_of=occasion.as_of,
        database=database,
        started_at=occasion.now,
        seconds=watch.seconds(),
        errors=problems,
    )


def _follow(  # noqa: PLR0913 - the whole story needs its whole cast
    connection: Connection,
    database: Database,
    order: Order,
    occasion: Occasion,
    watch: Watch,
    *,
    run_no: int | None,
) -> Result:
    """Go through an order's plan; a dry run is one that has no number, and returns before anything is applied."""
    plan = order.compile(run_no is not None)
    watch.step("look up the calendars and the people selected")
    require_calendars(connection, plan)
    found = look_up(connection, database.backend, plan.lookups, occasion.as_of, watch.interrupts.stop)
    ids = {**plan.parameters, **found}
    watch.step("find the people in scope and their contact points")
    set_stage(connection, plan, ids)
    if run_no is not None:
        watch.step("write down what will change")
        write_changes(connection, plan, run_no, ids)
    warnings = warn_of_unknown_people(connection, plan, ids)
    tally = measure(connection, plan, ids, order.allow_empty, watch.step)
    review = order.review(tally)
    problems = (*order.judge(tally), *judge_drift(review))
    result = Result(
        status=STATUS[problems[0].kind] if problems else Status.DRY_RUN,
        job=order.info,
        as_of=occasion.as_of,
        database=database.backend.NAME,
        started_at=occasion.now,
        seconds=watch.seconds(),
        tally=tally,
        run=None if run_no is None else RunInfo(None, occasion.run_id),
        undo_of=order.undo_of,
        errors=problems,
        warnings=(*warnings, *order.warn(tally), *warn_of_drift(review, tally.fingerprint)),
        review=review,
    )
    if run_no is None or problems:
        return result
    watch.step("set the preferences")
    apply(connection, plan, run_no, tally)
    seconds = watch.seconds()
    result = replace(result, status=Status.APPLIED, run=RunInfo(run_no, occasion.run_id), seconds=seconds)
    record(connection, run_no, tally, encode(result), occasion.now + timedelta(seconds=seconds))
    return result


def _commit(
    connection: Connection, database: Database, occasion: Occasion, watch: Watch, resolve_timeout: float
) -> None:
    """Commit, and read the run's row again before success is told. Stopped where it is not there, or nobody knows."""
    watch.step("commit")
    with watch.interrupts.held():
        failure: DBAPIError | None = None
        try:
            connection.commit()
        except DBAPIError as error:
            failure = error
            with suppress(DBAPIError):
                connection.close()  # a failed COMMIT may leave the transaction open, and its locks
        if _is_seen(database, occasion):
            return
        if failure is not None and database.backend.is_aborted(failure):
            raise failure
        watch.step("find out whether it was committed")
        outcome = settle(database, occasion.run_id, occasion, resolve_timeout, lambda: watch.interrupts.requested)
    if outcome is Outcome.VOID:
        raise Stopped(_VOID) from failure
    if outcome is Outcome.UNKNOWN:
        command = f"`runner resolve {occasion.run_id}`"
        raise Stopped(replace(_UNKNOWN, hint=f"{command} settles it, once the database answers")) from failure


def _is_seen(database: Database, occasion: Occasion) -> bool:
    with suppress(DBAPIError, Stopped), database.create_engine().connect() as again:
        return is_recorded(again, occasion.run_id)
    return False  # which is no answer yet: what was sent may still commit


@contextmanager
def _connected(database: Database, watch: Watch, *, reading: bool) -> Iterator[Connection]:
    """Yield a connection that is rolled back unless committed; its errors come out as Stopped or Collided."""
    backend = database.backend
    engine = database.create_reader() if reading else database.create_engine()
    try:
        with engine.connect() as connection, backend.interruptible(connection, watch.interrupts.stop):
            yield connection
    except KeyboardInterrupt:
        raise Stopped(_INTERRUPTED) from None
    except DBAPIError as error:
        if watch.interrupts.requested:
            raise Stopped(_INTERRUPTED) from None
        if backend.trouble(error) is Trouble.REPLAY:
            raise Collided from error
        raise Stopped(backend.explain(error)) from error


_COLLIDED = Problem(
    "collided",
    f"other writers came in between, {ATTEMPTS} times in a row",
    hint="try again at a quieter time",
)
_UNKNOWN = Problem("outcome-unknown", "the database did not say whether it committed the run")
_VOID = Problem(
    "connection-broke",
    "the connection broke at COMMIT: the run was not committed, and never will be",
    hint="run it again",
)
_INTERRUPTED = Problem("interrupted", "interrupted: nothing was changed")
