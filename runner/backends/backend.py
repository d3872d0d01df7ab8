"""What a database must be able to tell: the Protocols that each module beside this one answers."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from sqlalchemy import CTE, ColumnElement, CompoundSelect, Connection, Dialect, Engine, Executable, Select, Table
    from sqlalchemy.engine import URL

    from runner.values.problems import Position, Problem

    Cells = Sequence[str | int | None]
    Insert = Callable[[Sequence[Cells]], None]


class Trouble(Enum):
    """What an error of the database means for a run."""

    REPLAY = "replay"  # a collision with another writer: roll back and start again
    BUSY = "busy"  # a lock was not obtained in time
    FAILED = "failed"  # everything else


class Language(Protocol):
    """How a database writes statements: all that is needed to compile, without a connection."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constants
        """The token of this database in results and for `--dialect`."""
        ...

    @property
    def DIALECT(self) -> Dialect:  # noqa: N802
        """SQLAlchemy's dialect, to compile without a connection."""
        ...

    @property
    def TEMPORARY_TABLES(self) -> bool:  # noqa: N802
        """Whether a run may stage its scope and its eligible rows in temporary tables."""
        ...

    @property
    def BEGIN_RUN(self) -> tuple[str, ...]:  # noqa: N802
        """What begins a run, as text to read."""
        ...

    @property
    def LOCK(self) -> Executable:  # noqa: N802
        """The statement that only one run at a time gets past, and whose lock dies with its transaction."""
        ...

    def fold(self, text: ColumnElement[str]) -> ColumnElement[str]:
        """Return the text as it is compared: Python's lower case, code point by code point."""
        ...

    def number(self, flag: ColumnElement[bool]) -> ColumnElement[int]:
        """Return a flag as 0 or 1."""
        ...

    def flag(self, bits: ColumnElement[int]) -> ColumnElement[bool]:
        """Return a number as the flag that it sets: false for 0."""
        ...

    def any_bits(self, bits: ColumnElement[int], each: tuple[int, ...]) -> ColumnElement[int]:
        """Return the aggregate that has those of the bits `each` which some row of the group has."""
        ...

    def insert_united(self, table: Table, rows: CompoundSelect[Any] | Select[Any]) -> Executable | None:
        """Return the INSERT that keeps one row for each key, with all bits that any of the rows of this key has.

        None where the database is faster at grouping them.
        """
        ...

    def present(self, address: ColumnElement[str]) -> ColumnElement[bool]:
        """Return whether an address is there: not null, and not only space, tab, CR, LF."""
        ...

    def ids(self, parameter: str) -> Select[Any]:
        """Return a select of the one column `person_id`, out of a bound JSON array of whole numbers."""
        ...

    def shared(self, rows: Select[Any], name: str) -> CTE:
        """Return the rows as a WITH that the database works out once, however often a statement asks it."""
        ...

    def temporary_name(self, name: str) -> str:
        """Return the name of a temporary table."""
        ...

    @property
    def TEMPORARY_TABLE(self) -> Mapping[str, Any]:  # noqa: N802
        """What SQLAlchemy's Table takes to be temporary."""
        ...

    def after_fill(self, table: Table) -> tuple[Executable, ...]:
        """Return what the planner needs to know of a temporary table just filled."""
        ...


class Backend(Language, Protocol):
    """A database as a module: its language, and how runs are begun, guarded and understood on it."""

    def create_engine(self, url: URL) -> Engine:
        """Return the engine for runs. Stopped where the database isn't there."""
        ...

    def create_maker(self, url: URL) -> Engine:
        """Return the engine for making and filling tables; a database that is a file is made with it."""
        ...

    def create_reader(self, url: URL) -> Engine:
        """Return the engine for dry runs, which can't write. Stopped where the database isn't there."""
        ...

    def make_schema(self, connection: Connection, name: str) -> None:
        """Make a schema that is not there. Stopped where the runner makes none."""
        ...

    def begin_run(self, connection: Connection, lock_timeout: float) -> None:
        """Begin the transaction of a run, waiting for other writers at most so many seconds."""
        ...

    def begin_dry_run(self, connection: Connection) -> None:
        """Begin a transaction that reads one snapshot and can't write."""
        ...

    def inserting(self, connection: Connection, table: Table, names: Sequence[str]) -> AbstractContextManager[Insert]:
        """Yield what inserts rows into a table, one or more at a time, as fast as can be.

        It takes them by column, in the order of `names`: texts and numbers that have been checked, of which the
        table's own types make values, and None for a null. The caller owns the transaction, and asks nothing of the
        connection within. What the database refuses is a DBAPIError, maybe only at the end.
        """
        ...

    def after_filling(self, connection: Connection) -> None:
        """Let the planner know what the tables hold, after many rows came in."""
        ...

    def only_reading(self, connection: Connection, seconds: float) -> AbstractContextManager[Connection]:
        """Yield a connection on which the database itself refuses to write, or to work for more than so many seconds.

        It may be the connection given, or another one that sees what was committed when it began.
        """
        ...

    def objection(self, sql: str) -> str | None:
        """Say what in a pass-through SELECT this database would not evaluate faithfully; None where it would."""
        ...

    def interruptible(self, connection: Connection, stop: Callable[[], bool]) -> AbstractContextManager[None]:
        """Within it a statement under way ends with an error soon after `stop()` says so."""
        ...

    def lock_holders(self, connection: Connection) -> tuple[str, ...]:
        """Say which sessions hold the lock, as far as the database tells this user; nothing personal."""
        ...

    def trouble(self, error: BaseException) -> Trouble:
        """Say what a driver's error means for a run."""
        ...

    def is_aborted(self, error: BaseException) -> bool:
        """Say whether a COMMIT that failed with this error has surely committed nothing."""
        ...

    def refused(self, error: BaseException, place: Position) -> Problem:
        """Say why pass-through SQL could not be evaluated."""
        ...

    def explain(self, error: BaseException) -> Problem:
        """Say what a driver's error means for a user, in words without any value of a row."""
        ...
