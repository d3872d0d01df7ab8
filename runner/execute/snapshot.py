"""A district as one snapshot, to ask questions of: nothing can be written on it, and only SELECT is needed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from runner.execute.database import require_district
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts


@contextmanager
def reading_district(database: Database, interrupts: Interrupts) -> Iterator[Connection]:
    """Yield a connection that reads one snapshot of a district; whatever ends it early comes out as Stopped."""
    try:
        with (
            database.create_reader().connect() as connection,
            database.backend.interruptible(connection, interrupts.stop),
        ):
            require_district(connection, database)
            connection.rollback()
            database.backend.begin_dry_run(connection)
            yield connection
    except KeyboardInterrupt:
        raise Stopped(_INTERRUPTED) from None
    except DBAPIError as error:
        if interrupts.requested:
            raise Stopped(_INTERRUPTED) from None
        raise Stopped(database.backend.explain(error)) from error


_INTERRUPTED = Problem("interrupted", "interrupted: nothing was changed")
