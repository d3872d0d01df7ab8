"""What MariaDB tells of its own health: version, settings, engines, character sets, and the rights of an account."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, Boolean, Integer, String, text
from sqlalchemy.exc import DBAPIError

from runner.backends.mariadb import DIALECT
from runner.tables import columns_of, history
from runner.values.health import EVERYBODY, NOBODY, OF_DISTRICT, OF_LOCK, Finding, Server, Sort
from runner.values.rights import Action, Rights, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import Column, Connection
    from sqlalchemy.types import TypeEngine

    from runner.values.rights import Place

ALTERS: Final = True
HIDES: Final = True
# A flag is a small number here, and JSON is a long text.
INSTEAD: Final[Mapping[type[TypeEngine[Any]], tuple[type[TypeEngine[Any]], ...]]] = {
    Boolean: (Integer,),
    JSON: (String,),
}

_OLDEST: Final = (10, 11, 8)
_TRIED: Final = (10, 11)
_quote = DIALECT.identifier_preparer.quote_identifier
# No right on the database, on the table, on a column; a view whose owner lacks one.
_DENIED: Final = frozenset({1044, 1142, 1143, 1356})


def introduce(connection: Connection) -> Server:
    """Ask the server; its version without what the distribution adds."""
    version, database, user = connection.exec_driver_sql("SELECT version(), database(), current_user()").one()
    return Server("MariaDB", version.partition("-")[0], database, database, user)


def examine(connection: Connection, place: Place) -> Iterator[Finding]:  # noqa: ARG001 - others have schemas to ask for
    """Look at version, binary log, durability, and whether the server takes writes."""
    row = connection.exec_driver_sql(
        "SELECT version() AS version, @@log_bin AS logging, @@binlog_format AS format, @@read_only AS read_only,"
        " @@innodb_flush_log_at_trx_commit AS flushing, EXISTS (SELECT 1 FROM information_schema.user_privileges"
        " WHERE privilege_type = 'READ_ONLY ADMIN'"
        " AND grantee = concat('''', replace(current_user(), '@', '''@'''), '''')) AS exempt"
    ).one()
    version = tuple(map(int, re.findall(r"\d+", row.version)[:3]))
    told = ".".join(map(str, version))
    if version < _OLDEST:
        message = f"MariaDB {told}: the runner needs {'.'.join(map(str, _OLDEST))} or later"
        yield Finding(Sort.TOO_OLD, message, (), EVERYBODY)
    elif version[:2] != _TRIED:
        yield Finding(Sort.UNTRIED, f"MariaDB {told}: the runner was tried on {'.'.join(map(str, _TRIED))}")
    if row.logging and row.format == "STATEMENT":
        mend = "SET GLOBAL binlog_format = 'MIXED';"
        message = "the binary log is written by statement (`binlog_format`), which READ COMMITTED does not allow"
        yield Finding(Sort.ISOLATION, message, (mend,), OF_LOCK)
    if row.read_only and not row.exempt:
        message = "the server is set to `read_only`"
        yield Finding(Sort.READ_ONLY, message, ("SET GLOBAL read_only = OFF;",), OF_LOCK)
    if row.flushing != 1:
        mend = "SET GLOBAL innodb_flush_log_at_trx_commit = 1;"
        yield Finding(Sort.DURABILITY, f"`innodb_flush_log_at_trx_commit` is {row.flushing}", (mend,))


def examine_tables(connection: Connection, schema: str | None, there: Collection[str]) -> Iterator[Finding]:
    """Look at engines, character sets and collations, and whether a view can be updated."""
    found = connection.execute(
        text(
            "SELECT tables.table_name AS name, engine, is_updatable, table_type = 'VIEW' AS is_view"
            " FROM information_schema.tables LEFT JOIN information_schema.views"
            " ON views.table_schema = tables.table_schema AND views.table_name = tables.table_name"
            " WHERE tables.table_schema = coalesce(:schema, database()) ORDER BY name"
        ),
        {"schema": schema},
    ).all()
    for row in found:
        if row.name not in there:
            continue
        name = ".".join(map(_quote, (schema, row.name) if schema is not None else (row.name,)))
        if row.is_view:
            if row.name == "contact_point" and row.is_updatable != "YES":
                yield Finding(Sort.READ_ONLY_VIEW, f"`{row.name}` can't be updated", (), (Role.WRITER,))
            continue
        if row.engine != "InnoDB":
            mend = f"ALTER TABLE {name} ENGINE = InnoDB;"
            hinders = OF_LOCK if row.name in {"contact_point", *history.tables} else NOBODY
            yield Finding(Sort.ENGINE, f"`{row.name}` is kept by {row.engine}, not InnoDB", (mend,), hinders)
        yield from _examine_text(connection, schema, row.name, name)


def _examine_text(connection: Connection, schema: str | None, table: str, quoted: str) -> Iterator[Finding]:
    columns = connection.execute(
        text(
            "SELECT column_name, character_set_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = coalesce(:schema, database()) AND table_name = :table"
            " AND character_set_name IS NOT NULL ORDER BY ordinal_position"
        ),
        {"schema": schema, "table": table},
    ).all()
    ours = [column for column in columns if column[0] in columns_of(table)]
    mend = (f"ALTER TABLE {quoted} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;",)
    narrow = sorted({f"{charset}" for _, charset, _ in ours if charset != "utf8mb4"})
    loose = sorted({f"{collation}" for _, _, collation in ours if not str(collation).endswith("_bin")})
    if narrow:
        hinders = OF_LOCK if table in history.tables else OF_DISTRICT
        message = f"`{table}` keeps text in the character set {', '.join(narrow)}, not utf8mb4"
        yield Finding(Sort.CHARACTERS, message, mend, hinders)
    elif loose:
        yield Finding(Sort.COLLATION, f"`{table}` compares text by {', '.join(loose)}", mend)


def lacking(connection: Connection, rights: Rights, place: Place) -> Rights:
    """Prepare a statement that needs each right, and do not execute it: the server looks at rights as it would then."""
    lacked = []
    for right in rights.tables:
        schema = place.district if right.of_district else None
        table = ".".join(map(_quote, (schema, right.table) if schema is not None else (right.table,)))
        columns = right.columns or columns_of(right.table)
        if _denied(connection, _statement(right.action, table, [_quote(column) for column in columns])):
            without = tuple(
                column
                for column in right.columns
                if _denied(connection, _statement(right.action, table, [_quote(column)]))
            )
            lacked.append(replace(right, columns=without))
    temporary = rights.temporary_tables and _denied(connection, "CREATE TEMPORARY TABLE runner_doctor (a INT)")
    return Rights(tuple(lacked), temporary_tables=temporary)


def _statement(action: Action, table: str, columns: list[str]) -> str:
    match action:  # the names are our own, and quoted
        case Action.SELECT:
            return f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
        case Action.INSERT:
            return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('NULL' for _ in columns)})"  # noqa: S608
        case Action.UPDATE:
            return f"UPDATE {table} SET {', '.join(f'{name} = {name}' for name in columns)}"  # noqa: S608
        case Action.DELETE:
            return f"DELETE FROM {table}"  # noqa: S608


def _denied(connection: Connection, statement: str) -> bool:
    try:
        connection.execute(text("PREPARE runner_doctor FROM :statement"), {"statement": statement})
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return error.orig is not None and error.orig.args[0] in _DENIED
    connection.exec_driver_sql("DEALLOCATE PREPARE runner_doctor")
    return False


def make_schema(name: str, init: str) -> tuple[str, ...]:
    """Return CREATE DATABASE, which is what a schema is here, and the command."""
    return (f"CREATE DATABASE {_quote(name)} CHARACTER SET utf8mb4;", init)


def redefine(table: str, column: Column[Any], specification: str) -> tuple[str, ...]:  # noqa: ARG001 - others use it
    """Return MODIFY, which says the whole column anew."""
    return (f"ALTER TABLE {table} MODIFY COLUMN {specification};",)
