"""The temporary tables in which the keys and references of CSV files are compared, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Column, MetaData, String, Table, func, select

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Select

scratch: Final = MetaData()

keys: Final = Table(
    "csv_key",
    scratch,
    Column("of_table", String(40), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
references: Final = Table(
    "csv_reference",
    scratch,
    Column("of_table", String(40)),
    Column("of_column", String(40)),
    Column("line", BigInteger),
    Column("to_table", String(40)),
    Column("id", BigInteger),
    prefixes=["TEMPORARY"],
)
uniques: Final = Table(
    "csv_unique",
    scratch,
    Column("of_table", String(40)),
    Column("of_column", String(40)),
    Column("line", BigInteger),
    Column("text", String(400)),
    prefixes=["TEMPORARY"],
)


def repeated_keys() -> Select[Any]:
    """Return the SELECT of ids that stand in an earlier line too: of_table, line, id, first."""
    key = keys.c
    first = (
        select(key.of_table, key.id, func.min(key.line).label("first"))
        .group_by(key.of_table, key.id)
        .having(func.count() > 1)
        .subquery()
    )
    same = (first.c.of_table == key.of_table) & (first.c.id == key.id) & (first.c.first < key.line)
    return select(key.of_table, key.line, key.id, first.c.first).select_from(keys.join(first, same))


def repeated_uniques() -> Select[Any]:
    """Return the SELECT of texts that stand in an earlier line too: of_table, of_column, line, first."""
    unique = uniques.c
    first = (
        select(unique.of_table, unique.of_column, unique.text, func.min(unique.line).label("first"))
        .group_by(unique.of_table, unique.of_column, unique.text)
        .having(func.count() > 1)
        .subquery()
    )
    same = (
        (first.c.of_table == unique.of_table)
        & (first.c.of_column == unique.of_column)
        & (first.c.text == unique.text)
        & (first.c.first < unique.line)
    )
    return select(unique.of_table, unique.of_column, unique.line, first.c.first).select_from(uniques.join(first, same))


def broken_references(whole: Collection[str]) -> Select[Any]:
    """Return the SELECT of references to rows that no line has: of_table, of_column, line, to_table, id.

    Only of references to tables that were read to their end: of the others nobody can tell.
    """
    target = keys.alias()
    there = select(target.c.id).where(target.c.of_table == references.c.to_table, target.c.id == references.c.id)
    return select(references).where(references.c.to_table.in_(whole), ~there.exists())
