"""MariaDB: how it locks, compares text and keeps temporary tables. Statements only: runs come with the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    collate,
    column,
    func,
    insert,
    literal_column,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect

from runner.tables import Id, runner_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Dialect, Executable, Select, Table

NAME: Final = "mariadb"
DIALECT: Final[Dialect] = MariaDBDialect(paramstyle="named")
TEMPORARY_TABLES: Final = True
TEMPORARY_TABLE: Final[Mapping[str, Any]] = {"prefixes": ["TEMPORARY"]}
# Without innodb_snapshot_isolation an INSERT … SELECT reads other rows than the SELECT that counted them.
BEGIN_RUN: Final = (
    "SET innodb_snapshot_isolation = ON",
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION",
)
# GET_LOCK outlives a rollback, and two nodes of a cluster grant it at once: a row is locked instead.
LOCK: Final[Executable] = update(runner_lock).values(taken=runner_lock.c.taken + 1)


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


def present(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether anything is left without blanks; a null is not.

    TRIM takes one string, not a set of characters; and to some collations a zero-width character equals nothing.
    """
    rest = address
    for blank in ("' '", r"'\t'", r"'\r'", r"'\n'"):
        rest = func.replace(rest, literal_column(blank), literal_column("''"))
    return func.char_length(rest) > literal_column("0")


def ids(parameter: str) -> Select[Any]:
    """Return the numbers of a JSON array: one bind, however many there are."""
    columns: ColumnElement[str] = literal_column("'$[*]' COLUMNS (person_id BIGINT PATH '$')")
    listed = func.json_table(bindparam(parameter, type_=String).op(",")(columns)).table_valued(
        column("person_id", Id),
        name="listed",
    )
    return select(listed.c.person_id)


def temporary_name(name: str) -> str:
    """Return the name as it is: a temporary table hides a table of the same name."""
    return name


def fill(table: Table, rows: Select[Any]) -> Executable:
    """Return the plain INSERT … SELECT."""
    return insert(table).from_select(list(table.c), rows)


def after_fill(table: Table) -> tuple[Executable, ...]:  # noqa: ARG001 - other planners want to know
    """Return nothing: ANALYZE TABLE would commit what the run has done so far."""
    return ()
