"""What PostgreSQL tells of its own health: version, encoding, settings, tables, and the rights of a role."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from runner.backends.postgresql import DIALECT
from runner.tables import columns_of, history
from runner.values.health import EVERYBODY, NOBODY, OF_DISTRICT, OF_LOCK, Finding, Server, Sort
from runner.values.rights import Action, Rights, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import Column, Connection
    from sqlalchemy.types import TypeEngine

    from runner.values.rights import Place

ALTERS: Final = True
HIDES: Final = False
INSTEAD: Final[Mapping[type[TypeEngine[Any]], tuple[type[TypeEngine[Any]], ...]]] = {}

_OLDEST: Final = 10  # identity columns, ICU's collations
_TRIED: Final = 15
_quote = DIALECT.identifier_preparer.quote
# A schema by its name; without a name, whatever the search path finds first, as the runner's own statements do.
_TABLES: Final = (
    " FROM pg_class AS class JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace"
    " WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND CASE WHEN cast(:schema AS text) IS NULL THEN pg_table_is_visible(class.oid)"
    " ELSE namespace.nspname = :schema END"
)


def introduce(connection: Connection) -> Server:
    """Ask the server; its version without what the distribution adds."""
    row = connection.exec_driver_sql(
        "SELECT split_part(current_setting('server_version'), ' ', 1), current_database(), current_schema(),"
        " current_user"
    ).one()
    return Server("PostgreSQL", *row)


def examine(connection: Connection, place: Place) -> Iterator[Finding]:
    """Look at version, encoding, collations, schemas, recovery and durability."""
    row = connection.exec_driver_sql(
        "SELECT cast(current_setting('server_version_num') AS int) / 10000 AS version,"
        " getdatabaseencoding() AS encoding, pg_is_in_recovery() AS recovering,"
        " current_setting('synchronous_commit') AS synchronous, current_setting('fsync') AS fsync, current_user AS me,"
        " EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu'"
        " AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))) AS icu"
    ).one()
    database = _quote(place.database or "")
    if row.version < _OLDEST:
        yield Finding(Sort.TOO_OLD, f"PostgreSQL {row.version}: the runner needs {_OLDEST} or later", (), EVERYBODY)
    elif row.version != _TRIED:
        yield Finding(Sort.UNTRIED, f"PostgreSQL {row.version}: the runner was tried on {_TRIED}")
    if row.encoding != "UTF8":
        anew = f"CREATE DATABASE {_quote(f'{place.database}_utf8')} ENCODING 'UTF8' TEMPLATE template0;"
        yield Finding(Sort.CHARACTERS, f"the database has the encoding {row.encoding}, not UTF8", (anew,), OF_DISTRICT)
    elif not row.icu:
        yield Finding(Sort.NO_COLLATION, "the server was built without ICU: no collation und-x-icu", (), OF_DISTRICT)
    if row.recovering:
        yield Finding(Sort.READ_ONLY, "this server is a standby: it follows another one", (), OF_LOCK)
    if row.synchronous == "off":
        mend = f"ALTER DATABASE {database} SET synchronous_commit = on;"
        yield Finding(Sort.DURABILITY, "`synchronous_commit` is off", (mend,))
    if row.fsync == "off":
        yield Finding(Sort.DURABILITY, "`fsync` is off", ("ALTER SYSTEM SET fsync = on;", "SELECT pg_reload_conf();"))
    yield from _examine_schemas(connection, place, row.me)


def _examine_schemas(connection: Connection, place: Place, role: str) -> Iterator[Finding]:
    me = _quote(role)
    if place.own is None:
        message = f"no schema of the search path is open to `{role}`"
        yield Finding(Sort.NO_SCHEMA, message, (f"GRANT USAGE ON SCHEMA public TO {me};",), EVERYBODY)
    if place.district is not None:
        usable = connection.execute(
            text("SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = :name"),
            {"name": place.district},
        ).scalar()
        if usable is False:
            mend = f"GRANT USAGE ON SCHEMA {_quote(place.district)} TO {me};"
            yield Finding(Sort.NO_RIGHT, f"`{role}` may not use schema `{place.district}`", (mend,), OF_DISTRICT)


def examine_tables(connection: Connection, schema: str | None, there: Collection[str]) -> Iterator[Finding]:
    """Look at logging, room for new versions of rows, statistics, and whether a view can be updated."""
    rows = connection.execute(
        text(
            "SELECT relname, relkind, relpersistence, coalesce(array_to_string(reloptions, ','), '') AS options,"
            " relkind = 'r' AND reltuples <= 0 AND relpages = 0 AND pg_relation_size(class.oid) > 0 AS uncounted,"
            " pg_relation_is_updatable(class.oid, true) & 4 = 4 AS updatable"
            f"{_TABLES} AND relname = ANY (:names) ORDER BY relname"
        ),
        {"schema": schema, "names": list(there)},
    ).all()
    for row in rows:
        name = f"{_quote(schema)}.{_quote(row.relname)}" if schema is not None else _quote(row.relname)
        points = row.relname == "contact_point"
        if points and not row.updatable:
            yield Finding(Sort.READ_ONLY_VIEW, f"`{row.relname}` can't be updated", (), (Role.WRITER,))
        if row.relkind == "r" and row.relpersistence == "u":
            mend = f"ALTER TABLE {name} SET LOGGED;"
            yield Finding(Sort.DURABILITY, f"`{row.relname}` is unlogged, and is emptied by a crash", (mend,), NOBODY)
        if points and row.relkind == "r" and "fillfactor=" not in row.options:
            mend = f"ALTER TABLE {name} SET (fillfactor = 85);"
            yield Finding(Sort.FILL, f"`{row.relname}` has no fillfactor", (mend,))
        if row.uncounted and row.relname not in history.tables:  # a run counts what it reads there
            yield Finding(Sort.NO_STATISTICS, f"`{row.relname}` was never analysed", (f"ANALYZE {name};",))


def lacking(connection: Connection, rights: Rights, place: Place) -> Rights:
    """Ask for each right, by the table's number: by its name a schema that is closed would be an error."""
    numbers = {
        schema: {
            name: oid
            for oid, name in connection.execute(text(f"SELECT class.oid, relname{_TABLES}"), {"schema": schema})
        }
        for schema in {None, place.district}
    }
    lacked = []
    for right in rights.tables:
        oid = numbers[place.district if right.of_district else None][right.table]
        whole = connection.execute(
            text("SELECT has_table_privilege(cast(:oid AS oid), :action)"), {"oid": oid, "action": right.action}
        ).scalar()
        if whole:
            continue
        columns = right.columns or (columns_of(right.table) if right.action is Action.SELECT else ())
        without = tuple(
            column
            for column in columns
            if not connection.execute(
                text("SELECT has_column_privilege(cast(:oid AS oid), :column, :action)"),
                {"oid": oid, "column": column, "action": right.action},
            ).scalar()
        )
        if without or not columns:
            lacked.append(replace(right, columns=without if right.columns else ()))
    temporary = (
        rights.temporary_tables
        and not connection.exec_driver_sql("SELECT has_database_privilege(current_database(), 'TEMPORARY')").scalar()
    )
    return Rights(tuple(lacked), temporary_tables=temporary)


def make_schema(name: str, init: str) -> tuple[str, ...]:  # noqa: ARG001 - others name it
    """Return the command: it makes the schema too."""
    return (init,)


def redefine(table: str, column: Column[Any], specification: str) -> tuple[str, ...]:  # noqa: ARG001 - others use it
    """Return ALTER COLUMN, once for the type and once for null."""
    name, kind = _quote(column.name), column.type.compile(dialect=DIALECT)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    null = () if column.nullable else (f"{alter} SET NOT NULL;",)
    return (f"{alter} TYPE {kind} USING cast({name} AS {kind});", *null)
