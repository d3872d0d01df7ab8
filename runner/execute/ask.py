"""What only a database knows of a job that reads well: calendars, its own SQL, ids, whether anybody is meant."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from runner.execute.calendars import require_calendars
from runner.execute.measure import count_people, look_up, warn_of_unknown_people
from runner.values.checked import Checked
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from sqlalchemy import Connection

    from runner.backends.backend import Backend
    from runner.execute.orders import Order
    from runner.values.result import Warned


def ask(
    connection: Connection,
    backend: Backend,
    order: Order,
    as_of: date,
    stop: Callable[[], bool],
) -> Checked:
    """Return every problem and warning of a job that needs the database; whether anybody is meant, if all else is well.

    An error that comes of `stop()` is nobody's fault, and goes up as it is.
    """
    plan = order.compile(False)  # noqa: FBT003 - nothing is staged: there is no right to write
    problems: list[Problem] = []
    warnings: tuple[Warned, ...] = ()
    ids = dict(plan.parameters)

    @contextmanager
    def asking() -> Iterator[None]:
        # each question in a transaction of its own: an error ends it, and the next one should be answered all the same
        connection.rollback()
        try:
            backend.begin_dry_run(connection)
            yield
        except Stopped as stopped:
            problems.extend(stopped.problems)
        except DBAPIError as error:
            if stop():
                raise
            problems.append(backend.explain(error))

    with asking():
        require_calendars(connection, plan)
    for lookup in plan.lookups:
        with asking():
            ids |= look_up(connection, backend, (lookup,), as_of, stop)
    with asking():
        warnings = warn_of_unknown_people(connection, plan, ids)
    if not problems:
        with asking():
            count_people(connection, plan, ids, order.allow_empty)
    return Checked(order.info.file, tuple(dict.fromkeys(problems)), warnings)
