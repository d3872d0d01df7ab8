"""URL → the database that it names, checked to be a district."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchTableError
from sqlalchemy.util import LRUCache

from runner.backends.registry import DRIVERS, NEVER_TRIED, RUNS_ON, backend
from runner.tables import DISTRICT, HISTORY_VERSION, district, history, runner_meta
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine, MetaData
    from sqlalchemy.engine import URL

    from runner.backends.backend import Backend


_MAKING_TIMEOUT = 30.0
_NOWHERE = Problem(
    "no-schema",
    "the connection has no schema of its own to make tables in",
    hint="name a database at the end of the URL; on PostgreSQL look at `search_path` too",
)
# Each run has an engine of its own; what is compiled for one serves the others of this process.
_COMPILED: LRUCache[object, object] = LRUCache(500)


@dataclass(frozen=True, slots=True)
class Database:
    """A database by its URL, how to speak to it, and the schema of the district's tables (None: the default one).

    `memory` is the one engine of a database in memory, which lasts as long as its connection does.
    """

    url: URL
    backend: Backend
    schema: str | None = None
    memory: Engine | None = None

    def create_engine(self) -> Engine:
        """Return the engine for runs."""
        return self._translated(self.memory or self.backend.create_engine(self.url))

    def create_maker(self) -> Engine:
        """Return the engine for making and filling tables."""
        return self._translated(self.memory or self.backend.create_maker(self.url))

    def create_reader(self) -> Engine:
        """Return the engine for dry runs and everything else that only reads."""
        return self._translated(self.memory or self.backend.create_reader(self.url))

    def _translated(self, engine: Engine) -> Engine:
        return engine.execution_options(schema_translate_map={DISTRICT: self.schema}, compiled_cache=_COMPILED)


def open_database(url: str, schema: str | None = None) -> Database:
    """Return the database of a URL, without a connection. Stopped where the URL says nothing that we know."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The URL itself may hold a password: it is never repeated.
        raise Stopped(
            Problem("database-url", "this is no database URL", hint="for example `sqlite:///district.db`"),
        ) from None
    name = parsed.get_backend_name()
    if name not in RUNS_ON:
        raise Stopped(_no_runs_on(name))
    driver = DRIVERS[RUNS_ON[name]]
    if "+" in parsed.drivername and parsed.drivername != f"{name}+{driver}":
        raise Stopped(
            Problem(
                "database-url",
                f"the runner does not speak to a database through `{parsed.drivername.partition('+')[2]}`",
                hint=f"`{name}://…` and `{name}+{driver}://…` take the driver that it knows",
            )
        )
    return Database(parsed, backend(name), schema)


@contextmanager
def in_memory() -> Iterator[Database]:
    """Yield an empty SQLite database in memory, which is gone afterwards."""
    found = open_database("sqlite://")
    engine = found.create_engine()
    try:
        yield replace(found, memory=engine)
    finally:
        engine.dispose()


def _no_runs_on(name: str) -> Problem:
    if name in NEVER_TRIED:
        return Problem(
            "database-url",
            f"the runner makes no runs on `{name}`: that was never tried on a server",
            hint=f"`runner sql JOB --dialect {NEVER_TRIED[name]}` shows the statements for it, to read and to try",
        )
    known = ", ".join(sorted(RUNS_ON))
    return Problem("database-url", f"the runner makes no runs on `{name}`", hint=f"it makes runs on {known}")


@contextmanager
def making(database: Database) -> Iterator[Connection]:
    """Yield a connection in one transaction that makes and fills tables; it commits at the end, or not at all."""
    with _told(database), database.create_maker().connect() as connection:
        if connection.dialect.default_schema_name is None:
            raise Stopped(_NOWHERE)
        database.backend.begin_run(connection, _MAKING_TIMEOUT)
        yield connection
        connection.commit()


@contextmanager
def reading_history(database: Database) -> Iterator[Connection]:
    """Yield a connection that only reads, to a database that has the runner's own tables."""
    with _told(database), database.create_reader().connect() as connection:
        require_history(connection)
        connection.rollback()
        database.backend.begin_dry_run(connection)
        yield connection


@contextmanager
def changing_history(database: Database) -> Iterator[Connection]:
    """Yield a connection on which nothing has begun, to a database that has the runner's own tables."""
    with _told(database), database.create_engine().connect() as connection:
        require_history(connection)
        connection.rollback()
        yield connection


@contextmanager
def examining(database: Database) -> Iterator[Connection]:
    """Yield a connection on one snapshot that can't write, to a database of which nothing is known."""
    with _told(database), database.create_reader().connect() as connection:
        connection.rollback()
        database.backend.begin_dry_run(connection)
        yield connection


@contextmanager
def _told(database: Database) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise Stopped(database.backend.explain(error)) from error


def make_schema(connection: Connection, database: Database) -> None:
    """Make the schema of the district's tables where it is not there. Stopped where that can't be."""
    if database.schema is not None and not _has_schema(connection, database.schema):
        database.backend.make_schema(connection, database.schema)


def require_district(connection: Connection, database: Database) -> None:
    """Check that the district's tables are there, with their columns. Stopped where one is not."""
    if database.schema is not None and not _has_schema(connection, database.schema):
        raise Stopped(Problem("no-schema", f"there is no schema `{database.schema}`", hint="look at `--schema`"))
    problems = [
        Problem("not-a-district", message, hint="`runner init` makes the tables")
        for message in _lacking(connection, district, database.schema)
    ]
    if problems:
        raise Stopped(*problems)


def require_history(connection: Connection) -> None:
    """Check that the runner's own tables are there and of this version. Stopped where not."""
    if any(_lacking(connection, history, None)):
        raise Stopped(
            Problem(
                "no-history",
                "this database has not the runner's own tables, in which runs are recorded",
                hint="`runner init --history-only` makes them; a role with no right on them does not see them either",
            ),
        )
    version = connection.execute(select(runner_meta.c.version)).scalar()
    if version != HISTORY_VERSION:
        raise Stopped(
            Problem(
                "no-history",
                f"the runner's own tables are of version {version}; this runner knows version {HISTORY_VERSION}",
                hint="install the newer runner" if version else "`runner init` brings them up to date",
            ),
        )


def _has_schema(connection: Connection, name: str) -> bool:
    return name in inspect(connection).get_schema_names()


def _lacking(connection: Connection, metadata: MetaData, schema: str | None) -> Iterator[str]:
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        try:
            there = {column["name"] for column in inspector.get_columns(table.name, schema=schema)}
        except NoSuchTableError:
            there = set()
        if not there:
            yield f"there is no table `{table.name}`"
        elif absent := [column.name for column in table.columns if column.name not in there]:
            yield f"table `{table.name}` has no column " + ", ".join(f"`{name}`" for name in absent)
