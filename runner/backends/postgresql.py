"""PostgreSQL: how it begins, locks, compares text, refuses writes, and names its errors. Tried on 15."""

from __future__ import annotations

import re
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy
from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    cast,
    collate,
    column,
    func,
    literal_column,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

from runner.backends import inserts
from runner.backends.backend import Trouble
from runner.backends.servers import RIGHTS_HINT, require_driver, session, unsaid
from runner.tables import Id
from runner.values.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import CTE, ColumnElement, CompoundSelect, Connection, Dialect, Engine, Executable, Select, Table
    from sqlalchemy.engine import URL

    from runner.backends.backend import Insert
    from runner.values.problems import Position

NAME: Final = "postgresql"
DIALECT: Final[Dialect] = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
TEMPORARY_TABLES: Final = True
TEMPORARY_TABLE: Final[Mapping[str, Any]] = {"prefixes": ["TEMPORARY"], "postgresql_on_commit": "DROP"}
BEGIN_RUN: Final = ("BEGIN ISOLATION LEVEL REPEATABLE READ",)
# An UPDATE that waited for another run's row would always end in 40001 here: the table's lock waits without a snapshot.
LOCK: Final[Executable] = text("LOCK TABLE runner_lock IN EXCLUSIVE MODE")

# A network that went dead must not hang a run: half a minute without an answer is looked into, a minute ends it.
_CONNECT: Final = {
    "application_name": "contact-preference-runner",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_STATEMENT_SECONDS: Final = 3_600
_PLAIN_TABLE: Final = text(
    "SELECT relkind IN ('r', 'p') AND NOT relhasrules AND NOT row_security_active(oid)"
    " FROM pg_class WHERE oid = CAST(:place AS regclass)"
)
_READER_WAITS: Final = 60
# 40001: another transaction wrote what this one saw. 40P01: a deadlock, and this one was chosen to give way.
_REPLAY: Final = frozenset({"40001", "40P01"})
_LOCK_NOT_AVAILABLE: Final = "55P03"


def fold(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return ICU's lower case, not that of the database's locale, then compared byte by byte as C does.

    ICU writes a final sigma, as Python does: it is compared as any other.
    """
    lower = func.replace(func.lower(collate(text, "und-x-icu")), "ς", "σ")  # noqa: RUF001 - they are meant
    return type_coerce(collate(lower, "C"), String)


def number(flag: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the flag cast to a number: a boolean does not add up."""
    return cast(flag, Integer)


def flag(bits: ColumnElement[int]) -> ColumnElement[bool]:
    """Return a boolean."""
    return type_coerce(bits != literal_column("0"), Boolean)


def any_bits(bits: ColumnElement[int], each: tuple[int, ...]) -> ColumnElement[int]:
    """Return BIT_OR."""
    return func.bit_or(bits.bitwise_and(literal_column(str(sum(each)))))


def insert_united(table: Table, rows: CompoundSelect[Any] | Select[Any]) -> Executable | None:  # noqa: ARG001
    """Return nothing: GROUP BY keeps a row per key in memory."""
    return None


def present(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether anything is left without blanks; a null is not."""
    return func.btrim(address, literal_column(r"E' \t\r\n'")) != literal_column("''")


def ids(parameter: str) -> Select[Any]:
    """Return the numbers of a JSON array: one bind, where a list of them fails at 65,535."""
    listed = func.json_array_elements_text(cast(bindparam(parameter, type_=String), JSON))
    values = listed.table_valued(column("value", String), name="listed")
    return select(cast(values.c.value, Id).label("person_id"))


def shared(rows: Select[Any], name: str) -> CTE:
    """Return a plain WITH."""
    return rows.cte(name)


def temporary_name(name: str) -> str:
    """Return the name as it is: temporary tables have a schema of their own."""
    return name


def after_fill(table: Table) -> tuple[Executable, ...]:
    """Return ANALYZE: without it the planner takes every temporary table for a small one."""
    return (text(f"ANALYZE {table.name}"),)


def create_engine(url: URL) -> Engine:
    """Return the engine: one connection for each run, so that nothing that a run set outlives it."""
    require_driver("psycopg", "postgresql")
    from psycopg.pq import Conninfo  # noqa: PLC0415 - the driver may not be installed

    # What libpq takes; the driver would take more, and not all of that would leave the transaction to the runner.
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    driver = url.set(drivername="postgresql+psycopg")
    return sqlalchemy.create_engine(driver, poolclass=NullPool, connect_args=unsaid(url, known, _CONNECT))


def create_maker(url: URL) -> Engine:
    """Return the engine: a server's database is made by its administrator."""
    return create_engine(url)


def create_reader(url: URL) -> Engine:
    """Return the engine: what reads is a transaction that can't write."""
    return create_engine(url)


def make_schema(connection: Connection, name: str) -> None:
    """Make the schema, in the transaction under way."""
    connection.execute(CreateSchema(name))


def begin_run(connection: Connection, lock_timeout: float) -> None:
    """Set the time-outs: SET takes no snapshot, so the lock still comes before it."""
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=False)
    # 0 would wait for ever.
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(lock_timeout * 1000))}")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_STATEMENT_SECONDS * 1000}")


def begin_dry_run(connection: Connection) -> None:
    """Begin a snapshot that can't write."""
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    # It waits for nobody but for somebody who alters a table.
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_READER_WAITS * 1000}")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_STATEMENT_SECONDS * 1000}")


def inserting(connection: Connection, table: Table, names: Sequence[str]) -> AbstractContextManager[Insert]:
    """Return what sends rows by COPY; by INSERT where the table is none, but a view, or has policies or rules.

    COPY goes past rules, and refuses the others.
    """
    place = inserts.place_of(connection, table, DIALECT)
    plain = connection.execute(_PLAIN_TABLE, {"place": place}).scalar()
    if not plain:
        return inserts.inserting(connection, table, names)
    from runner.backends.postgresql_copy import copying  # noqa: PLC0415 - the driver may not be installed

    columns = ", ".join(map(DIALECT.identifier_preparer.quote_identifier, names))
    return copying(connection, f"COPY {place} ({columns}) FROM STDIN")


def after_filling(connection: Connection) -> None:
    """Count what the tables hold: autovacuum comes by too late for a run that follows."""
    connection.exec_driver_sql("ANALYZE")


@contextmanager
def only_reading(connection: Connection, seconds: float) -> Iterator[Connection]:
    """Read in a savepoint that can't write, and take it back: even READ ONLY lets lo_create and pg_notify through."""
    connection.exec_driver_sql("SAVEPOINT pass_through")
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")
    yield connection
    connection.exec_driver_sql("ROLLBACK TO SAVEPOINT pass_through")
    connection.exec_driver_sql("RELEASE SAVEPOINT pass_through")


def objection(sql: str) -> str | None:  # noqa: ARG001 - others object
    """Return nothing: what PostgreSQL does not evaluate, it refuses."""
    return None


def interruptible(connection: Connection, stop: Callable[[], bool]) -> AbstractContextManager[None]:  # noqa: ARG001
    """Do nothing: psycopg itself cancels a statement when a signal comes."""
    return nullcontext()


def lock_holders(connection: Connection) -> tuple[str, ...]:
    """Return the sessions that LOCK TABLE let in: every role may read pg_locks, and who they are."""
    rows = connection.exec_driver_sql(
        "SELECT activity.pid, activity.usename, cast(extract(epoch FROM clock_timestamp() - xact_start) AS int)"
        " FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)"
        " WHERE pg_locks.relation = cast('runner_lock' AS regclass) AND pg_locks.granted"
        " AND pg_locks.mode = 'ExclusiveLock' AND pg_locks.database = activity.datid",
    )
    return tuple(session(pid, role, seconds) for pid, role, seconds in rows)


def trouble(error: BaseException) -> Trouble:
    """Say what an error means, by its SQLSTATE."""
    state = _state(error)
    if state in _REPLAY:
        return Trouble.REPLAY
    return Trouble.BUSY if state == _LOCK_NOT_AVAILABLE else Trouble.FAILED


def is_aborted(error: BaseException) -> bool:
    """Return whether the server said that it took the transaction back: a constraint, a serialization failure.

    Without a SQLSTATE it is the connection that broke, and nobody knows.
    """
    return _state(error)[:2] in _ABORTED


def refused(error: BaseException, place: Position) -> Problem:
    """Say why pass-through SQL was not evaluated: by its SQLSTATE, for PostgreSQL's words may hold a row's values."""
    state = _state(error)
    if state == "57014":
        return Problem("sql-time", "this SELECT takes too long", place, "let it read less, or by an index")
    meaning = _REFUSALS.get(state, "it has an error")
    return Problem("sql-refused", f"PostgreSQL can't evaluate this read-only: {meaning} (SQLSTATE {state})", place)


def explain(error: BaseException) -> Problem:
    """Say what an error means, by its SQLSTATE and without any value."""
    state = _state(error)
    if state == _LOCK_NOT_AVAILABLE:
        return Problem(
            "locked",
            "another session holds rows that this run changes",
            hint="wait for it, or give it more time (`--lock-timeout`)",
        )
    if not state:
        said = _not_connected(error)
        message = f"no connection to PostgreSQL: {said}" if said else "the connection to PostgreSQL broke"
        return Problem("database-error", message, hint="look at `--database`" if said else None)
    code, message, hint = _ERRORS.get(state, ("database-error", "PostgreSQL reports an error", None))
    return Problem(code, f"{message} (SQLSTATE {state})", hint=hint)


_ABORTED: Final = frozenset({"23", "40"})
# How errors begin that libpq and psycopg tell while they connect: they name hosts, users and options, and no password.
_CONNECTING: Final = re.compile(
    "(?:connection failed: |connection is bad: )(.*)|((?:connection timeout|failed to resolve|bad value for).*)",
)
_REFUSALS: Final = {
    "25006": "it would write",
    "42601": "its syntax is not PostgreSQL's",
    "42P01": "it names a table that there is not",
    "42703": "it names a column that there is not",
    "42883": "it calls a function that there is not",
    "42501": "it reads what this role may not read",
}
_ERRORS: Final = {
    "25006": ("database-read-only", "the database can't be written to", None),
    "28000": ("database-error", "PostgreSQL refused the login", "look at `--database`"),
    "28P01": ("database-error", "PostgreSQL refused the password", "look at `--database`"),
    "3D000": ("no-database", "there is no such database on the server", "its administrator makes it: CREATE DATABASE"),
    "42501": ("database-error", "this role lacks a right", RIGHTS_HINT),
    "42P01": ("not-a-district", "a table is not there", "`runner init` makes the tables"),
    "53100": ("database-full", "the server's disk is full", None),
    "57014": ("database-error", "a statement took longer than an hour and was ended", None),
}


def _not_connected(error: BaseException) -> str | None:
    found = _CONNECTING.match(str(getattr(error, "orig", None) or error))
    return found[1] or found[2] if found else None


def _state(error: BaseException) -> str:
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""
