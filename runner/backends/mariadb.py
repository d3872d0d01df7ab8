"""MariaDB: how it begins, locks, compares text, refuses writes, and names its errors. Tried on 10.11."""

from __future__ import annotations

import re
from contextlib import contextmanager, nullcontext
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy
from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    collate,
    column,
    event,
    false,
    func,
    literal_column,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect
from sqlalchemy.pool import NullPool

from runner.backends.backend import Trouble
from runner.backends.inserts import place_of
from runner.backends.mariadb_files import require_certificates, require_option_file
from runner.backends.mariadb_inserts import sending
from runner.backends.servers import DOCTOR_HINT, RIGHTS_HINT, notice_a_dead_network, require_driver, session, unsaid
from runner.tables import Id, runner_lock
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import CTE, ColumnElement, CompoundSelect, Connection, Dialect, Engine, Executable, Select, Table
    from sqlalchemy.engine import URL
    from sqlalchemy.pool import ConnectionPoolEntry

    from runner.backends.backend import Insert
    from runner.values.problems import Position

NAME: Final = "mariadb"
DIALECT: Final[Dialect] = MariaDBDialect(paramstyle="named")
TEMPORARY_TABLES: Final = True
TEMPORARY_TABLE: Final[Mapping[str, Any]] = {"prefixes": ["TEMPORARY"]}
# Under REPEATABLE READ an INSERT … SELECT locks every row that it reads, and the gaps between: a portal user would wait
# on rows out of scope, or be the deadlock's victim. So each statement reads what is committed; that nothing is
# overwritten which was not seen rests on the guard of the UPDATE and its count of rows.
BEGIN_RUN: Final = ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION")
# GET_LOCK outlives a rollback, and two nodes of a cluster grant it at once: a row is locked instead.
LOCK: Final[Executable] = update(runner_lock).values(taken=runner_lock.c.taken + 1)

# A network that went dead must not hang a run for longer than its longest statement.
_CONNECT: Final = {
    "charset": "utf8mb4",
    "connect_timeout": 10,
    "read_timeout": 3_700,
    "write_timeout": 60,
    "program_name": "contact-preference-runner",
}
# What a URL may say. The driver takes more, and not all of that would leave the transaction to the runner.
_OPTIONS: Final = {
    *("connect_timeout", "read_timeout", "write_timeout", "program_name", "unix_socket"),
    *("read_default_file", "read_default_group"),
    *("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_cipher", "ssl_check_hostname"),
}
_STATEMENT_SECONDS: Final = 3_600
_READER_WAITS: Final = 60
# 1213: a deadlock, or a certification conflict in a cluster. 1020: a row changed since it was read.
_REPLAY: Final = frozenset({1213, 1020})
_LOCK_WAIT: Final = 1205
_TIMED_OUT: Final = frozenset({1969, 3024})


def fold(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return the lower case of the one collation whose lower() is Python's but for İ, compared by code point.

    No collation that ignores case keeps accents, trailing blanks and emoji apart.
    """
    with_dotted = func.replace(text, "İ", "i̇")
    lower = func.lower(collate(with_dotted, "utf8mb4_uca1400_nopad_as_ci"))
    return type_coerce(collate(func.replace(lower, "ς", "σ"), "utf8mb4_nopad_bin"), String)  # noqa: RUF001 - meant


def number(flag: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the flag itself, which MariaDB keeps as 0 or 1."""
    return type_coerce(flag, Integer)


def flag(bits: ColumnElement[int]) -> ColumnElement[bool]:
    """Return 0 or 1, which is what MariaDB keeps a flag as."""
    return type_coerce(bits != literal_column("0"), Boolean)


def any_bits(bits: ColumnElement[int], each: tuple[int, ...]) -> ColumnElement[int]:
    """Return BIT_OR."""
    return func.bit_or(bits.bitwise_and(literal_column(str(sum(each)))))


def insert_united(table: Table, rows: CompoundSelect[Any] | Select[Any]) -> Executable | None:  # noqa: ARG001
    """Return nothing: GROUP BY keeps a row per key in memory."""
    return None


def present(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether a character is there that is no blank; in a null there is none.

    TRIM takes one string, not a set of characters; and to some collations a zero-width character equals nothing.
    """
    return address.regexp_match(literal_column(r"'[^ \t\r\n]'"))


def ids(parameter: str) -> Select[Any]:
    """Return the numbers of a JSON array: one bind, however many there are."""
    columns: ColumnElement[str] = literal_column("'$[*]' COLUMNS (person_id BIGINT PATH '$')")
    listed = func.json_table(bindparam(parameter, type_=String).op(",")(columns)).table_valued(
        column("person_id", Id),
        name="listed",
    )
    return select(listed.c.person_id)


def shared(rows: Select[Any], name: str) -> CTE:
    """Return a WITH RECURSIVE that does not recur: MariaDB works out a plain one anew wherever it is asked.

    The part that recurs must be there, and has no row. Rows are cut off after 1,001 rounds, and this is the first.
    """
    once = rows.cte(name, recursive=True)
    return once.union_all(select(once).where(false()))


def temporary_name(name: str) -> str:
    """Return the name as it is: a temporary table hides a table of the same name."""
    return name


def after_fill(table: Table) -> tuple[Executable, ...]:  # noqa: ARG001 - other planners want to know
    """Return nothing: ANALYZE TABLE would commit what the run has done so far."""
    return ()


def create_engine(url: URL) -> Engine:
    """Return the engine: one connection for each run, so that nothing that a run set outlives it."""
    require_driver("pymysql", "mariadb")
    ours = unsaid(url, _OPTIONS, _CONNECT)
    if path := url.query.get("read_default_file"):
        require_option_file(str(path))
    require_certificates(url)
    seconds = {name: _seconds(ours.get(name, url.query.get(name))) for name in ("connect_timeout", "read_timeout")}
    driver = url.set(drivername="mariadb+pymysql")
    try:
        engine = sqlalchemy.create_engine(
            driver,
            poolclass=NullPool,
            enable_from_linting=False,  # to this dialect a JOIN joins nothing, and it would warn of a product
            # A server that takes a connection and then says nothing is one that can't be reached.
            connect_args={**ours, "read_timeout": seconds["connect_timeout"]},
        )
    except ValueError:
        raise Stopped(Problem("database-url", "an option of the database's URL can't have this value")) from None

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver has no types
        connection._read_timeout = seconds["read_timeout"]  # noqa: SLF001 - it has no other way to tell it
        notice_a_dead_network(connection._sock)  # noqa: SLF001 - the same

    return engine


def create_maker(url: URL) -> Engine:
    """Return the engine: a server's database is made by its administrator."""
    return create_engine(url)


def create_reader(url: URL) -> Engine:
    """Return the engine: what reads is a transaction that can't write."""
    return create_engine(url)


def make_schema(connection: Connection, name: str) -> None:
    """Stop: a schema is a database here, and a server's database is made by its administrator."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    raise Stopped(
        Problem(
            "no-schema",
            f"there is no database `{name}`, which is what a schema is here",
            hint=f"its administrator makes it: CREATE DATABASE {quoted} CHARACTER SET utf8mb4",
        ),
    )


def begin_run(connection: Connection, lock_timeout: float) -> None:
    """Set the time-outs and begin."""
    connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {ceil(lock_timeout)}")
    # Without it a statement waits for a day for somebody who alters a table.
    connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {ceil(lock_timeout)}")
    connection.exec_driver_sql(f"SET SESSION max_statement_time = {_STATEMENT_SECONDS}")
    for statement in BEGIN_RUN:
        connection.exec_driver_sql(statement)


def begin_dry_run(connection: Connection) -> None:
    """Begin a snapshot that can't write."""
    connection.info[_READ_ONLY] = True
    connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {_READER_WAITS}")
    connection.exec_driver_sql(f"SET SESSION max_statement_time = {_STATEMENT_SECONDS}")
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    connection.exec_driver_sql("START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT")


def inserting(connection: Connection, table: Table, names: Sequence[str]) -> AbstractContextManager[Insert]:
    """Return what sends INSERTs of many rows.

    Not LOAD DATA LOCAL: many servers refuse it, and one that is not what it seems could read the client's files by it.
    """
    columns = ", ".join(map(DIALECT.identifier_preparer.quote_identifier, names))
    start = f"INSERT INTO {place_of(connection, table, DIALECT)} ({columns}) VALUES "  # noqa: S608 - names, quoted
    return sending(connection, start, [isinstance(table.columns[name].type, Integer | Boolean) for name in names])


def after_filling(connection: Connection) -> None:
    """Do nothing: ANALYZE TABLE would commit, and InnoDB counts on its own soon after."""


@contextmanager
def only_reading(connection: Connection, seconds: float) -> Iterator[Connection]:
    """Read in a READ ONLY transaction: a dry run's own, or one beside the run's, which has no such savepoint."""
    if connection.info.get(_READ_ONLY):
        connection.exec_driver_sql(f"SET SESSION max_statement_time = {seconds}")
        yield connection
        connection.exec_driver_sql(f"SET SESSION max_statement_time = {_STATEMENT_SECONDS}")
        return
    with connection.engine.connect() as beside:
        begin_dry_run(beside)
        beside.exec_driver_sql(f"SET SESSION max_statement_time = {seconds}")
        yield beside


def objection(sql: str) -> str | None:
    """Object to recursion: MariaDB cuts it off silently at 1,001 rows."""
    if re.search(r"\brecursive\b", sql, re.IGNORECASE):
        return "MariaDB would cut off what is RECURSIVE after 1,001 rows, and not say so"
    return None


def interruptible(connection: Connection, stop: Callable[[], bool]) -> AbstractContextManager[None]:  # noqa: ARG001
    """Do nothing: a signal ends the wait for an answer, and the closed connection its transaction."""
    return nullcontext()


def lock_holders(connection: Connection) -> tuple[str, ...]:
    """Return the sessions of this database that wrote and have not ended; it takes the right PROCESS to see them."""
    rows = connection.exec_driver_sql(
        "SELECT trx_mysql_thread_id, processlist.user, timestampdiff(SECOND, trx_started, now())"
        " FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id"
        " WHERE db = database() AND trx_rows_modified > 0 ORDER BY trx_started LIMIT 3",
    )
    return tuple(session(number, user, seconds) for number, user, seconds in rows)


def trouble(error: BaseException) -> Trouble:
    """Say what an error means, by its number."""
    number = _number(error)
    if number in _REPLAY:
        return Trouble.REPLAY
    return Trouble.BUSY if number == _LOCK_WAIT else Trouble.FAILED


def is_aborted(error: BaseException) -> bool:
    """Return whether the server said that it took the transaction back.

    A number from 2000 on is the client's own: it lost the connection, and nobody knows.
    """
    return _number(error) in _ABORTED


def refused(error: BaseException, place: Position) -> Problem:
    """Say why pass-through SQL was not evaluated: by its number, for MariaDB's words may hold a row's values."""
    number = _number(error)
    if number in _TIMED_OUT:
        return Problem("sql-time", "this SELECT takes too long", place, "let it read less, or by an index")
    meaning = _REFUSALS.get(number, "it has an error")
    return Problem("sql-refused", f"MariaDB can't evaluate this read-only: {meaning} (error {number})", place)


def explain(error: BaseException) -> Problem:
    """Say what an error means, by its number and without any value."""
    number = _number(error)
    if number == _LOCK_WAIT:
        return Problem(
            "locked",
            "another session holds rows that this run changes",
            hint="wait for it, or give it more time (`--lock-timeout`)",
        )
    code, message, hint = _ERRORS.get(number, ("database-error", "MariaDB reports an error", None))
    return Problem(code, f"{message} (error {number})", hint=hint)


# 1213: a certification conflict of a cluster. 1105 and 1180: what was to be replicated was too large, or could not be.
_ABORTED: Final = frozenset({1213, 1105, 1180})
_READ_ONLY: Final = "read_only"
_REFUSALS: Final = {
    1064: "its syntax is not MariaDB's",
    1146: "it names a table that there is not",
    1054: "it names a column that there is not",
    1305: "it calls a function that there is not",
    1142: "it reads what this user may not read",
    1792: "it would write",
}
_ERRORS: Final = {
    1044: ("database-error", "MariaDB refused this user the database, or temporary tables in it", RIGHTS_HINT),
    1045: ("database-error", "MariaDB refused the login", "look at `--database`"),
    1046: ("no-database", "the URL names no database", "`mariadb://HOST/DATABASE`"),
    1049: ("no-database", "there is no such database on the server", "its administrator makes it: CREATE DATABASE"),
    1021: ("database-full", "the server's disk is full", None),
    1114: ("database-full", "a table of the server is full", None),
    1047: ("database-error", "this node of the cluster has no majority, and does no work", "wait for the others"),
    1105: ("database-error", "the cluster did not take a change set of this size", "see `wsrep_max_ws_size`"),
    1180: ("database-error", "the cluster did not take a change set of this size", "see `wsrep_max_ws_rows`"),
    1142: ("database-error", "this user lacks a right on a table", RIGHTS_HINT),
    1143: ("database-error", "this user lacks a right on a column", RIGHTS_HINT),
    1146: ("not-a-district", "a table is not there", "`runner init` makes the tables"),
    1270: ("database-error", "text of different character sets can't be compared", DOCTOR_HINT),
    1366: ("database-error", "a column's character set lacks a character of a text", DOCTOR_HINT),
    1665: ("database-error", "the server's binary log, written by statement, lets no run write", DOCTOR_HINT),
    1290: ("database-read-only", "the server is read-only", None),
    1792: ("database-read-only", "the transaction can't write", None),
    2003: ("database-error", "the server can't be reached", "look at `--database`"),
    2006: ("database-error", "the connection to the server is gone", None),
    1698: ("database-error", "MariaDB refused the login", "look at `--database`"),
    2013: ("database-error", "the connection to the server broke, or no answer came in time", None),
}


def _seconds(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise Stopped(Problem("database-url", "a time-out in the database's URL is no whole number")) from None


def _number(error: BaseException) -> int:
    arguments = (getattr(error, "orig", None) or error).args
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0
