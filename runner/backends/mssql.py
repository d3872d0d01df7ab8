"""SQL Server: how it locks, compares text and keeps temporary tables. Written from its documents, never tried."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    case,
    cast,
    collate,
    column,
    false,
    func,
    literal_column,
    select,
    text,
    true,
    type_coerce,
)
from sqlalchemy.dialects.mssql.base import MSDialect

from runner.tables import Id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import CTE, ColumnElement, CompoundSelect, Dialect, Executable, Select, Table

NAME: Final = "mssql"
DIALECT: Final[Dialect] = MSDialect(paramstyle="named")  # type: ignore[no-untyped-call]
TEMPORARY_TABLES: Final = True
TEMPORARY_TABLE: Final[Mapping[str, Any]] = {}
# XACT_ABORT: without it an error ends the statement, and the rest of the transaction is committed.
BEGIN_RUN: Final = ("SET XACT_ABORT ON", "SET TRANSACTION ISOLATION LEVEL SNAPSHOT", "BEGIN TRANSACTION")
# The lock of a transaction, not of the session: it dies with its process. A result below 0 is a refusal.
LOCK: Final[Executable] = text(
    "EXEC sp_getapplock @Resource = 'contact-preference-runner', @LockMode = 'Exclusive', @LockOwner = 'Transaction'",
)


def fold(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return the lower case, compared byte by byte of UTF-8, which is code point by code point."""
    lower = func.replace(func.lower(collate(text, "Latin1_General_100_BIN2_UTF8")), "ς", "σ")  # noqa: RUF001 - meant
    return type_coerce(collate(lower, "Latin1_General_100_BIN2_UTF8"), String)


def number(flag: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the flag cast to a number: a BIT does not add up."""
    return cast(flag, Integer)


def flag(bits: ColumnElement[int]) -> ColumnElement[bool]:
    """Return a BIT: in T-SQL a condition is no value."""
    return type_coerce(case((bits != literal_column("0"), true()), else_=false()), Boolean)


def any_bits(bits: ColumnElement[int], each: tuple[int, ...]) -> ColumnElement[int]:
    """Return the sum of the largest of each bit: no aggregate here takes all of them at once."""
    largest = [func.max(bits.bitwise_and(literal_column(str(bit)))) for bit in each]
    return reduce(add, largest)


def insert_united(table: Table, rows: CompoundSelect[Any] | Select[Any]) -> Executable | None:  # noqa: ARG001
    """Return nothing: GROUP BY keeps a row per key in memory."""
    return None


def present(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether anything is left without blanks; a null is not. DATALENGTH counts what LEN would trim."""
    rest = address
    for blank in ("' '", "CHAR(9)", "CHAR(13)", "CHAR(10)"):
        rest = func.replace(rest, literal_column(blank), literal_column("''"))
    return func.datalength(rest) > literal_column("0")


def ids(parameter: str) -> Select[Any]:
    """Return the numbers of a JSON array: one bind, however many there are."""
    listed = func.openjson(bindparam(parameter, type_=String)).table_valued(column("value", String), name="listed")
    return select(cast(listed.c.value, Id).label("person_id"))


def shared(rows: Select[Any], name: str) -> CTE:
    """Return a plain WITH."""
    return rows.cte(name)


def temporary_name(name: str) -> str:
    """Return the name with the # that makes a table temporary."""
    return f"#{name}"


def after_fill(table: Table) -> tuple[Executable, ...]:  # noqa: ARG001 - other planners want to know
    """Return nothing: SQL Server makes statistics on its own."""
    return ()
