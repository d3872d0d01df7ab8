"""SQLite: how it begins, locks, compares text, refuses writes, and names its errors. Tried on 3.40."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing, contextmanager
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy
from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    column,
    event,
    func,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.pool import NullPool, StaticPool

from runner.backends.backend import Trouble
from runner.backends.inserts import inserting as inserting  # noqa: PLC0414 - it answers the Protocol as it is
from runner.tables import Id, runner_lock
from runner.values.problems import Problem, Stopped
from runner.values.vocabulary import fold as python_fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from sqlalchemy import CTE, ColumnElement, CompoundSelect, Connection, Dialect, Engine, Executable, Select, Table
    from sqlalchemy.engine import URL
    from sqlalchemy.pool import ConnectionPoolEntry

    from runner.values.problems import Position

NAME: Final = "sqlite"
DIALECT: Final[Dialect] = sqlite_dialect(paramstyle="named")
TEMPORARY_TABLES: Final = True
TEMPORARY_TABLE: Final[Mapping[str, Any]] = {"prefixes": ["TEMPORARY"]}
BEGIN_RUN: Final = ("BEGIN IMMEDIATE",)
LOCK: Final[Executable] = update(runner_lock).values(taken=runner_lock.c.taken + 1)

_FOLD: Final = "runner_fold"
_CACHE_KIB: Final = 262_144
# The steps of SQLite's virtual machine between two looks at the clock and at Ctrl-C: some 10 ms.
_STEPS: Final = 500_000

# What pass-through SQL may call: nothing that makes a value of unbounded size out of a number (printf, zeroblob,
# randomblob, replace), nothing that loads or writes.
_FUNCTIONS: Final = frozenset(
    [
        "abs",
        "avg",
        "ceil",
        "ceiling",
        "char",
        "coalesce",
        "count",
        "date",
        "datetime",
        "dense_rank",
        "first_value",
        "floor",
        "glob",
        "group_concat",
        "hex",
        "ifnull",
        "iif",
        "instr",
        "julianday",
        "lag",
        "last_value",
        "lead",
        "length",
        "like",
        "likelihood",
        "likely",
        "lower",
        "ltrim",
        "max",
        "min",
        "mod",
        "nth_value",
        "ntile",
        "nullif",
        "percent_rank",
        "quote",
        "rank",
        "round",
        "row_number",
        "rtrim",
        "sign",
        "strftime",
        "substr",
        "substring",
        "sum",
        "time",
        "total",
        "trim",
        "typeof",
        "unicode",
        "unixepoch",
        "unlikely",
        "upper",
        "json_each",
        "json_extract",
        "json_type",
        "json_valid",
        "->",
        "->>",
    ],
) | {_FOLD}
_ACTIONS: Final = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_MAX_LENGTH: Final = 10_000_000
# What SQLite says while it only reads the SQL. What it says later may repeat a row's value: `JSON path error near …`.
_OF_THE_SQL: Final = re.compile(
    "no such |near |not authorized|ambiguous |incomplete |unrecognized |misuse of |wrong number |circular |"
    "recursive |table .* has |SELECTs to the left |all VALUES |a GROUP BY |parser stack |too many ",
)


def fold(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return Python's own lower case: SQLite's lower() knows ASCII only. BINARY then orders by code point."""
    return func.runner_fold(text, type_=text.type)


def number(flag: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the flag itself, which SQLite keeps as 0 or 1."""
    return type_coerce(flag, Integer)


def flag(bits: ColumnElement[int]) -> ColumnElement[bool]:
    """Return 0 or 1, which is what SQLite keeps a flag as."""
    return type_coerce(bits != literal_column("0"), Boolean)


def any_bits(bits: ColumnElement[int], each: tuple[int, ...]) -> ColumnElement[int]:
    """Return the bits that some row has, each looked for: no aggregate here takes all of them at once."""
    zero = literal_column("0", Integer)
    found: list[ColumnElement[int]] = []
    for bit in each:
        number = literal_column(str(bit), Integer)
        rows = func.count().filter(bits.bitwise_and(number) != zero)
        found.append(type_coerce(rows > zero, Integer) * number)
    return reduce(add, found)


def insert_united(table: Table, rows: CompoundSelect[Any] | Select[Any]) -> Executable | None:
    """Return an upsert: GROUP BY would sort all rows, and look for each bit in each of them."""
    way = rows.subquery("way")
    # `true`: without a condition the parser would take ON CONFLICT for that of a join.
    one = insert(table).from_select(list(way.c.keys()), select(way).where(true()))
    bits = [column for column in table.c if not column.primary_key]
    return one.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={column.name: column.bitwise_or(one.excluded[column.name]) for column in bits},
    )


def present(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether anything is left without blanks; a null is not. Most begin with none, which is seen faster."""
    rest = func.trim(address, literal_column("' ' || char(9, 10, 13)"))
    return or_(address >= literal_column("'!'"), rest != literal_column("''"))


def ids(parameter: str) -> Select[Any]:
    """Return the numbers of a JSON array: one bind, however many there are."""
    each = func.json_each(bindparam(parameter, type_=String)).table_valued(column("value", Id), name="listed")
    return select(each.c.value.label("person_id"))


def shared(rows: Select[Any], name: str) -> CTE:
    """Return a plain WITH."""
    return rows.cte(name)


def temporary_name(name: str) -> str:
    """Return the name as it is: SQLite keeps temporary tables in a schema of their own."""
    return name


def after_fill(table: Table) -> tuple[Executable, ...]:  # noqa: ARG001 - other planners want to know
    """Return nothing: SQLite's planner counts no rows of a temporary table."""
    return ()


def create_engine(url: URL) -> Engine:
    """Return the engine for runs: write-ahead log read by others meanwhile, every commit on the disk."""
    _require_file(url)
    return _engine(url, "", ("PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"))


def create_maker(url: URL) -> Engine:
    """Return the engine for making tables: it makes the file, with the write-ahead log that lets others read."""
    path = _path(url)
    if path is not None and not path.parent.is_dir():
        raise Stopped(Problem("no-database", f"there is no folder {path.parent} to make a database in"))
    if path is not None and path.is_dir():
        raise Stopped(Problem("no-database", f"{path} is a folder", hint="name a file in it"))
    return _engine(url, "", ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"))


def create_reader(url: URL) -> Engine:
    """Return the engine for dry runs: a connection that can't write, whatever it is asked."""
    path = _require_file(url)
    if path is None:
        return _engine(url, "", ())
    return _engine(url, _reading_mode(path), ("PRAGMA query_only=ON",))


def make_schema(connection: Connection, name: str) -> None:  # noqa: ARG001 - others make one
    """Stop: SQLite has files in the place of schemas."""
    message = f"there is no schema `{name}`: SQLite has none"
    raise Stopped(Problem("no-schema", message, hint="leave `--schema` out; `--database` names another file"))


def begin_run(connection: Connection, lock_timeout: float) -> None:
    """Take the write lock at once: a transaction that reads first and writes later fails whatever the time-out."""
    connection.exec_driver_sql(f"PRAGMA busy_timeout={round(lock_timeout * 1000)}")
    for (name,) in connection.exec_driver_sql("select name from temp.sqlite_master where type = 'table'").all():
        # A database in memory has one connection for all of its runs: what an earlier one staged goes first.
        connection.exec_driver_sql(f'DROP TABLE temp."{name}"')
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_dry_run(connection: Connection) -> None:
    """Begin a snapshot: pysqlite's own default gives each SELECT its own."""
    connection.exec_driver_sql("BEGIN")


def after_filling(connection: Connection) -> None:
    """Count what the indexes hold: without it the planner guesses."""
    connection.exec_driver_sql("ANALYZE")


@contextmanager
def only_reading(connection: Connection, seconds: float) -> Iterator[Connection]:
    """Let an authorizer refuse all but reading and harmless functions, and a clock end what takes too long."""
    driver = _driver(connection)
    deadline = time.monotonic() + seconds
    longest = driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_LENGTH)
    driver.set_authorizer(_authorize)
    try:
        with interruptible(connection, lambda: time.monotonic() > deadline):
            yield connection
    finally:
        driver.set_authorizer(None)
        driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)


def objection(sql: str) -> str | None:  # noqa: ARG001 - others object
    """Return nothing: what SQLite does not evaluate, it refuses."""
    return None


@contextmanager
def interruptible(connection: Connection, stop: Callable[[], bool]) -> Iterator[None]:
    """Look at `stop` while SQLite works: Python runs no signal handler until a statement is done.

    One may stand within another; then each of them can stop the statement.
    """
    stops: list[Callable[[], bool]] = connection.info.setdefault("stops", [])
    stops.append(stop)
    _driver(connection).set_progress_handler(lambda: int(any(stop() for stop in stops)), _STEPS)
    try:
        yield
    finally:
        stops.remove(stop)


def lock_holders(connection: Connection) -> tuple[str, ...]:  # noqa: ARG001 - a server can be asked
    """Return nothing: a file does not know who has it open."""
    return ()


def trouble(error: BaseException) -> Trouble:
    """Say what an error means: SQLite has one writer at a time, so nothing ever has to be replayed."""
    return Trouble.BUSY if _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} else Trouble.FAILED


def is_aborted(error: BaseException) -> bool:  # noqa: ARG001 - others have to look
    """Return True: SQLite has no network between a COMMIT and its answer."""
    return True


def refused(error: BaseException, place: Position) -> Problem:
    """Say why pass-through SQL was not evaluated, in SQLite's words where they repeat the SQL's, never a row's."""
    code = _code(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        return Problem("sql-time", "this SELECT takes too long", place, "let it read less, or by an index")
    message = str(_original(error))
    if code == sqlite3.SQLITE_AUTH or message.startswith("not authorized"):
        hint = "it may read tables and call plain functions, and nothing else"
        return Problem("sql-refused", f"SQLite refused to evaluate this read-only ({message})", place, hint)
    told = message if _OF_THE_SQL.match(message) else _name(error)
    return Problem("sql-refused", f"SQLite can't evaluate this: {told}", place)


def explain(error: BaseException) -> Problem:
    """Say what an error means, with SQLite's own name for it and no value of any row."""
    code, name = _code(error), _name(error)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Problem(
            "locked",
            "another run, or another program, is writing to this database",
            hint="wait for it, or give it more time with `--lock-timeout`",
        )
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return Problem(
            "database-read-only",
            f"the database can't be written to ({name})",
            hint="make the file and its folder writable for you; a dry run needs no such right",
        )
    if code == sqlite3.SQLITE_FULL:
        return Problem("database-full", f"the disk is full ({name})", hint="free some space, then run again")
    if code == sqlite3.SQLITE_NOTADB:
        return Problem("not-a-district", "the file is no SQLite database", hint="look at `--database`")
    if code == sqlite3.SQLITE_CANTOPEN:
        return Problem(
            "database-read-only",
            f"the database, or a file that SQLite keeps beside it, can't be opened ({name})",
            hint="SQLite needs to write into the folder; copy the database into one of yours",
        )
    return Problem("database-error", f"SQLite says {name}")


def _engine(url: URL, mode: str, pragmas: tuple[str, ...]) -> Engine:
    path = _path(url)
    if path is None:
        engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool)
    else:
        engine = sqlalchemy.create_engine(
            "sqlite://",
            poolclass=NullPool,  # what a run staged goes with its connection
            creator=lambda: sqlite3.connect(
                f"{path.absolute().as_uri()}{mode}",
                uri=True,
                timeout=5.0,
                check_same_thread=False,
            ),
        )

    @event.listens_for(engine, "connect")
    def _prepare(driver: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        driver.isolation_level = None  # the driver would begin and commit on its own
        driver.create_function(_FOLD, 1, _fold, deterministic=True)
        for pragma in (f"PRAGMA cache_size=-{_CACHE_KIB}", *pragmas):
            driver.execute(pragma)

    return engine


def _path(url: URL) -> Path | None:
    if url.host or url.username or url.query:
        # `sqlite://district.db` is a host to SQLAlchemy, and a database in memory that nobody sees again.
        raise Stopped(
            Problem(
                "database-url",
                "the URL of a SQLite database names a file, and nothing else",
                hint="three slashes, then the path: `sqlite:///district.db`; a fourth where it begins at the root",
            ),
        )
    if url.database in {None, "", ":memory:"}:
        return None
    return Path(str(url.database))


def _require_file(url: URL) -> Path | None:
    path = _path(url)
    if path is None:
        return None
    if path.is_dir():
        raise Stopped(Problem("no-database", f"{path} is a folder", hint="name a file in it"))
    try:
        there = path.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        raise Stopped(
            Problem(
                "no-database",
                f"there is no database {path}",
                hint="`runner demo` makes one with a synthetic district, `runner init` an empty one; "
                "`--database` or RUNNER_DATABASE names another",
            ),
        )
    return path


def _reading_mode(path: Path) -> str:
    """Return how to open a file read-only, also in a folder where SQLite can't keep its -shm file.

    `immutable=1` reads without any lock: right only where nobody can be writing, so only where there is no log.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as probe:
            probe.execute("select 1 from sqlite_master limit 1").fetchall()
    except sqlite3.DatabaseError as error:  # where it is another one, the first real statement says it better
        log = path.with_name(path.name + "-wal")
        if _code(error) in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY} and not log.exists():
            return "?mode=ro&immutable=1"
    return "?mode=ro"


def _fold(value: object) -> str | None:
    # A district's own tables may hold a number where text belongs: SQLite doesn't mind, and neither do we.
    return None if value is None else python_fold(str(value))


def _authorize(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    if action in _ACTIONS or (action == sqlite3.SQLITE_FUNCTION and str(second).lower() in _FUNCTIONS):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(type(driver).__name__)
    return driver


def _original(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error


def _name(error: BaseException) -> str:
    return getattr(_original(error), "sqlite_errorname", None) or type(_original(error)).__name__


def _code(error: BaseException) -> int:
    # The extended code keeps the primary one in its low byte.
    return getattr(_original(error), "sqlite_errorcode", 0) & 0xFF
