"""Rights → the GRANT statements that give them, in the language of each database; as text, to be read and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.values.rights import Place, Rights

UNNAMED = "district"
"""The name of a database that nobody named."""
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class _Grammar:
    """How a server quotes a name and whom it grants to, where its tables are by default, and what else it wants."""

    quote: Callable[[str], str]
    grantee: Callable[[str], str]
    own: Callable[[Place], str]
    more: Callable[[Rights, Place, str], Iterator[str]]


def grants(dialect: str, rights: Rights, grantee: str, place: Place) -> tuple[str, ...]:
    """Return the statements that give a role its rights, one for each table; none where the database knows no roles."""
    grammar = GRAMMARS.get(dialect)
    if grammar is None:
        return ()
    return (*grammar.more(rights, place, grammar.grantee(grantee)), *table_grants(dialect, rights, grantee, place))


def table_grants(dialect: str, rights: Rights, grantee: str, place: Place) -> tuple[str, ...]:
    """Return those of the statements that give rights on tables, one for each table."""
    grammar = GRAMMARS[dialect]
    to, own = grammar.grantee(grantee), place.own or grammar.own(place)
    by_table: dict[str, list[str]] = {}
    for right in rights.tables:
        schema = (place.district or own) if right.of_district else own
        columns = ", ".join(map(grammar.quote, right.columns))
        what = f"{right.action} ({columns})" if columns else str(right.action)
        by_table.setdefault(f"{grammar.quote(schema)}.{grammar.quote(right.table)}", []).append(what)
    return tuple(_statement(actions, f"ON {table} TO {to};") for table, actions in by_table.items())


def _statement(actions: list[str], rest: str) -> str:
    line = f"GRANT {', '.join(actions)} {rest}"
    return line if len(line) <= _LONGEST else "GRANT {}\n  {}".format(",\n  ".join(actions), rest)


def _postgresql(rights: Rights, place: Place, to: str) -> Iterator[str]:
    own = place.own or "public"
    used = {(place.district or own) if right.of_district else own for right in rights.tables}
    database = "CONNECT, TEMPORARY" if rights.temporary_tables else "CONNECT"
    yield f"GRANT {database} ON DATABASE {_double(place.database or UNNAMED)} TO {to};"
    for schema in sorted(used):
        yield f"GRANT USAGE ON SCHEMA {_double(schema)} TO {to};"


def _mariadb(rights: Rights, place: Place, to: str) -> Iterator[str]:
    if rights.temporary_tables:
        # In the name of a whole database _ and % stand for others.
        own = (place.own or place.database or UNNAMED).replace("_", r"\_").replace("%", r"\%")
        yield f"GRANT CREATE TEMPORARY TABLES ON {_backtick(own)}.* TO {to};"


def _mssql(_rights: Rights, _place: Place, _to: str) -> Iterator[str]:
    yield from ()  # everybody may make temporary tables there, and take a lock by its name


def _double(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _backtick(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _bracket(name: str) -> str:
    return "[" + name.replace("]", "]]") + "]"


def _account(grantee: str) -> str:
    """Return a MariaDB account, `user@host`; or a role, or a user of any host, where there is no `@`."""
    user, _, host = grantee.rpartition("@")
    return f"{_backtick(user)}@{_backtick(host)}" if user else _backtick(grantee)


GRAMMARS: Mapping[str, _Grammar] = {
    "postgresql": _Grammar(_double, _double, lambda _: "public", _postgresql),
    "mariadb": _Grammar(_backtick, _account, lambda place: place.database or UNNAMED, _mariadb),
    "mssql": _Grammar(_bracket, _bracket, lambda _: "dbo", _mssql),
}
"""The databases that know roles."""
