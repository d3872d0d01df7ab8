"""PostgreSQL: how it locks, compares text and keeps temporary tables. Statements only: runs come with the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    cast,
    collate,
    column,
    func,
    insert,
    literal_column,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.dialects.postgresql.base import PGDialect

from runner.tables import Id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Dialect, Executable, Select, Table

NAME: Final = "postgresql"
DIALECT: Final[Dialect] = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
TEMPORARY_TABLES: Final = True
TEMPORARY_TABLE: Final[Mapping[str, Any]] = {"prefixes": ["TEMPORARY"], "postgresql_on_commit": "DROP"}
BEGIN_RUN: Final = ("BEGIN ISOLATION LEVEL REPEATABLE READ",)
# An UPDATE that waited for another run's row would always end in 40001 here: the table's lock waits without a snapshot.
LOCK: Final[Executable] = text("LOCK TABLE runner_lock IN EXCLUSIVE MODE")


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


def present(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether anything is left without blanks; a null is not."""
    return func.btrim(address, literal_column(r"E' \t\r\n'")) != literal_column("''")


def ids(parameter: str) -> Select[Any]:
    """Return the numbers of a JSON array: one bind, where a list of them fails at 65,535."""
    listed = func.json_array_elements_text(cast(bindparam(parameter, type_=String), JSON))
    values = listed.table_valued(column("value", String), name="listed")
    return select(cast(values.c.value, Id).label("person_id"))


def temporary_name(name: str) -> str:
    """Return the name as it is: temporary tables have a schema of their own."""
    return name


def fill(table: Table, rows: Select[Any]) -> Executable:
    """Return the plain INSERT … SELECT."""
    return insert(table).from_select(list(table.c), rows)


def after_fill(table: Table) -> tuple[Executable, ...]:
    """Return ANALYZE: without it the planner takes every temporary table for a small one."""
    return (text(f"ANALYZE {table.name}"),)
