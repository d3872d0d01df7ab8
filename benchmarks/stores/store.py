"""What a database must be able to do to be measured on: make a district, begin again from it, tell what it wrote."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from benchmarks.words import checksum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlalchemy.engine import URL

    Row = Sequence[Any]


class Driver(Protocol):
    """A connection of the database's own driver."""

    def cursor(self) -> Any:  # noqa: ANN401 - three drivers, one shape
        """Return a cursor."""
        ...

    def commit(self) -> None:
        """Commit."""
        ...

    def close(self) -> None:
        """Close; what is not committed is rolled back."""
        ...


class Store(Protocol):
    """One kind of database, holding a saved district and a copy of it to measure on."""

    @property
    def url(self) -> str:
        """The URL of the copy."""
        ...

    def make(self, students: int) -> float:
        """Make the district that every measurement begins from; return the seconds that `runner demo` took."""
        ...

    def refresh(self) -> None:
        """Bring the copy back to the saved district, written to the disk, with nothing left to do behind it."""
        ...

    def empty(self) -> None:
        """Put empty tables in the place of the copy; what is saved may go, too."""
        ...

    def connect(self) -> Driver:
        """Return a connection to the copy, set as a run's is."""
        ...

    def begin(self) -> Sequence[str]:
        """Return the statements that begin a transaction, where the driver sends none by itself."""
        ...

    def written(self) -> int:
        """Return how many bytes of log the database has written so far."""
        ...

    def version(self) -> str:
        """Return the name and version of the database."""
        ...

    def drop(self) -> None:
        """Leave nothing behind."""
        ...


def demo(url: str, students: int) -> float:
    """Run `runner demo` as a user does, and return its seconds."""
    start = time.perf_counter()
    _runner("demo", "--students", str(students), "--database", url)
    return time.perf_counter() - start


def init(url: str) -> None:
    """Make the tables."""
    _runner("init", "--database", url)


def _runner(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "runner", *arguments], check=True, capture_output=True)


def administer(server: URL, options: Mapping[str, Any] | None = None) -> Driver:
    """Return a connection to a server on which every statement commits by itself; `options` are the driver's."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool, connect_args=dict(options or {}))
    return engine.raw_connection()


def do(driver: Driver, *statements: str) -> None:
    """Execute statements that return nothing."""
    cursor = driver.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def ask(driver: Driver, sql: str) -> list[Row]:
    """Return the rows of a SELECT."""
    cursor = driver.cursor()
    cursor.execute(sql)
    rows = list(cursor.fetchall())
    cursor.close()
    return rows


def warm(store: Store) -> Row:
    """Read all that a job reads, so that every measurement finds it read; return the checksum of the preferences."""
    driver = store.connect()
    for table in ("enrollment", "relationship", "household_member", "district_assignment"):
        ask(driver, f"select count(*) from {table} where start_date is not null")
    (row,) = ask(driver, checksum())
    driver.close()
    return tuple(int(number or 0) for number in row)
