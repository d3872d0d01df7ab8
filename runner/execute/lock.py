"""The lock that lets one run at a time through: waited for, and told who holds it where it is not obtained."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from runner.backends.backend import Trouble
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from runner.execute.database import Database

_PAUSE = 0.05


def take_lock(connection: Connection, database: Database, lock_timeout: float) -> None:
    """Begin a run's transaction and take the lock, waiting at most so many seconds. Stopped where others hold it.

    A conflict on this very statement is no collision: nothing was read yet, so the wait just goes on.
    """
    backend, deadline = database.backend, time.monotonic() + lock_timeout
    while True:
        try:
            backend.begin_run(connection, max(0.0, deadline - time.monotonic()))
            connection.execute(backend.LOCK)
        except DBAPIError as error:
            trouble = backend.trouble(error)
            if trouble is Trouble.FAILED:
                raise
            connection.rollback()
            if trouble is Trouble.BUSY or time.monotonic() >= deadline:
                raise Stopped(_locked(database)) from error
            time.sleep(_PAUSE)
        else:
            return


def _locked(database: Database) -> Problem:
    holders: tuple[str, ...] = ()
    with suppress(DBAPIError, Stopped), database.create_engine().connect() as beside:
        holders = database.backend.lock_holders(beside)
    message = "another run, or another program that writes, holds the lock"
    return Problem(
        "locked",
        f"{message}: {'; '.join(holders)}" if holders else message,
        hint="wait for it, or give it more time (`--lock-timeout`)",
    )
