"""What a SQLite file tells of its own health: version, journal, statistics, and whether it can be written to."""

from __future__ import annotations

import os
import shlex
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, Boolean, Date, DateTime, Integer, Numeric, String

from runner.values.health import EVERYBODY, OF_LOCK, Finding, Server, Sort
from runner.values.rights import Rights, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import Column, Connection
    from sqlalchemy.types import TypeEngine

    from runner.values.rights import Place

ALTERS: Final = False
HIDES: Final = False
# Flags are numbers here, and dates and JSON are texts, whatever the column is called.
INSTEAD: Final[Mapping[type[TypeEngine[Any]], tuple[type[TypeEngine[Any]], ...]]] = {
    Boolean: (Integer, Numeric),
    Date: (String,),
    DateTime: (String,),
    JSON: (String,),
}

_OLDEST: Final = (3, 33, 0)  # UPDATE … FROM


def introduce(connection: Connection) -> Server:
    """Tell of the library, for there is no server, and of the file."""
    return Server("SQLite", sqlite3.sqlite_version, _file(connection), None, None)


def examine(connection: Connection, place: Place) -> Iterator[Finding]:
    """Look at version, journal, and the rights of the file and its folder."""
    if sqlite3.sqlite_version_info < _OLDEST:
        message = f"SQLite {sqlite3.sqlite_version}: the runner needs {'.'.join(map(str, _OLDEST))} or later"
        yield Finding(Sort.TOO_OLD, message, (), EVERYBODY)
    if not place.database:
        return
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    if mode != "wal":
        yield Finding(Sort.JOURNAL, f"the journal is of the kind `{mode}`, not `wal`", ("PRAGMA journal_mode = WAL;",))
    for path in (Path(place.database), Path(place.database).parent):
        if not os.access(path, os.W_OK):
            mend = f"chmod u+w {shlex.quote(str(path))}"
            yield Finding(Sort.READ_ONLY, f"{path} can't be written to", (mend,), OF_LOCK)


def examine_tables(connection: Connection, schema: str | None, there: Collection[str]) -> Iterator[Finding]:  # noqa: ARG001 - others have schemas
    """Look at statistics, and whether a view can be updated."""
    if "contact_point" not in there:
        return
    master = connection.exec_driver_sql("SELECT name, type FROM sqlite_master WHERE type in ('table', 'view')")
    kinds = {row.name: row.type for row in master}
    triggers = connection.exec_driver_sql(
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'contact_point'"
    ).scalar()
    if kinds["contact_point"] == "view" and not triggers:
        yield Finding(Sort.READ_ONLY_VIEW, "`contact_point` can't be updated", (), (Role.WRITER,))
    filled = connection.exec_driver_sql("SELECT 1 FROM contact_point LIMIT 1").first()
    if filled and "sqlite_stat1" not in kinds:
        yield Finding(Sort.NO_STATISTICS, "the tables were never analysed", ("ANALYZE;",))


def lacking(connection: Connection, rights: Rights, place: Place) -> Rights:  # noqa: ARG001 - others have roles
    """Return nothing: rights are those of the file."""
    return Rights((), temporary_tables=False)


def make_schema(name: str, init: str) -> tuple[str, ...]:  # noqa: ARG001 - others can
    """Return nothing: SQLite has no schemas."""
    return ()


def redefine(table: str, column: Column[Any], specification: str) -> tuple[str, ...]:  # noqa: ARG001 - others can
    """Return nothing: SQLite does not change a column."""
    return ()


def _file(connection: Connection) -> str | None:
    files = {name: file for _, name, file in connection.exec_driver_sql("PRAGMA database_list")}
    file = files.get("main")
    if not file:  # in memory
        return None
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
