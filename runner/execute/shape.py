"""The tables as they are, held against what the runner needs: columns, types, keys, indexes, checks."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, CheckConstraint, UniqueConstraint
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.types import NullType

from runner.compile import mends
from runner.tables import contact_point, history
from runner.values.health import NOBODY, OF_DISTRICT, OF_HISTORY, Finding, Sort
from runner.values.rights import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Column, Inspector, MetaData, Table
    from sqlalchemy.types import TypeEngine

    from runner.backends.backend import Language
    from runner.backends.examiner import Examiner

# Of these a run writes rows by their number, or trusts that there is one of each.
_WRITTEN = frozenset({contact_point.name, *history.tables})
_FAMILIES = frozenset({"Boolean", "DateTime", "Date", "JSON", "Integer", "String"})


@dataclass(frozen=True, slots=True)
class Kept:
    """Where tables are kept, how to ask about them, and in which language to mend them."""

    inspector: Inspector
    language: Language
    examiner: Examiner
    schema: str | None


def seen_of(kept: Kept, metadata: MetaData) -> frozenset[str]:
    """Return which of our tables are there, as far as this role sees them."""
    seen = set()
    for table in metadata.sorted_tables if _has_schema(kept) else ():
        try:
            if kept.inspector.get_columns(table.name, schema=kept.schema):
                seen.add(table.name)
        except NoSuchTableError:
            pass
        except DBAPIError:  # the answer where a role may not even be told whether there is one
            if not kept.examiner.HIDES:
                raise
    return frozenset(seen)


def examine_shape(kept: Kept, metadata: MetaData, seen: Collection[str], hidden: Collection[str]) -> Iterator[Finding]:
    """Yield what the tables lack; `seen` are those that are there, `hidden` those that this role may not see."""
    if kept.schema is not None and not _has_schema(kept):
        mend = kept.examiner.make_schema(kept.schema, _init(kept, metadata))
        yield Finding(Sort.NO_SCHEMA, f"there is no schema `{kept.schema}`", mend, OF_DISTRICT)
        return
    absent = [table.name for table in metadata.sorted_tables if table.name not in seen and table.name not in hidden]
    if absent:
        yield _absent(kept, metadata, absent)
    tables = set(kept.inspector.get_table_names(kept.schema))
    for table in metadata.sorted_tables:
        if table.name in seen:
            found = {each["name"]: each for each in kept.inspector.get_columns(table.name, schema=kept.schema)}
            yield from _columns(kept, table, found)
            if table.name in tables:  # what a view rests on is its owner's business
                yield from _flags(kept, table, found)
                yield from _keys_and_indexes(kept, table)
                yield from _checks(kept, table)


def _has_schema(kept: Kept) -> bool:
    return kept.schema is None or kept.schema in kept.inspector.get_schema_names()


def _absent(kept: Kept, metadata: MetaData, absent: Sequence[str]) -> Finding:
    sort, hinders = (Sort.NO_HISTORY, OF_HISTORY) if metadata is history else (Sort.NO_TABLE, OF_DISTRICT)
    told = f"there is no table {', '.join(f'`{name}`' for name in absent)}"
    return Finding(sort, told, (_init(kept, metadata),), hinders)


def _init(kept: Kept, metadata: MetaData) -> str:
    if metadata is history:
        return "runner init --history-only"
    return "runner init" if kept.schema is None else f"runner init --schema {shlex.quote(kept.schema)}"


def _columns(kept: Kept, table: Table, found: dict[str, Any]) -> Iterator[Finding]:
    hinders = OF_HISTORY if table.schema is None else OF_DISTRICT
    for column in table.columns:
        place = f"`{table.name}.{column.name}`"
        if column.name not in found:
            mend = (mends.add_column(column, kept.language, kept.schema),)
            yield Finding(Sort.NO_COLUMN, f"there is no column {place}", mend, hinders)
        elif not _fits(column.type, found[column.name]["type"], kept.examiner):
            here, wanted = _told(found[column.name]["type"], kept), _told(column.type, kept)
            yield Finding(Sort.WRONG_TYPE, f"{place} is {here}, not {wanted}", _redefined(kept, column), hinders)


def _flags(kept: Kept, table: Table, found: dict[str, Any]) -> Iterator[Finding]:
    for column in table.columns:
        is_flag = isinstance(column.type, Boolean) and not column.nullable
        if is_flag and column.name in found and found[column.name]["nullable"]:
            mend = (mends.fill_nulls(column, kept.language, kept.schema), *_redefined(kept, column))
            yield Finding(Sort.NULLABLE, f"`{table.name}.{column.name}` may be null", mend)


def _keys_and_indexes(kept: Kept, table: Table) -> Iterator[Finding]:
    key = kept.inspector.get_pk_constraint(table.name, kept.schema)["constrained_columns"]
    # An index of some rows only, or of what is computed of them, finds nothing for us.
    indexes = [
        each
        for each in kept.inspector.get_indexes(table.name, kept.schema)
        if None not in each["column_names"] and not each.get("dialect_options", {}).get("postgresql_where")
    ]
    constraints = kept.inspector.get_unique_constraints(table.name, kept.schema)
    unique: list[Sequence[str | None]] = [
        *([key] if key else []),
        *(each["column_names"] for each in indexes if each["unique"]),
        *(each["column_names"] for each in constraints),
    ]
    hinders = (Role.WRITER,) if table.name in _WRITTEN else NOBODY
    for constraint in (table.primary_key, *(each for each in table.constraints if isinstance(each, UniqueConstraint))):
        names = [column.name for column in constraint.columns]
        if not any(set(each) <= set(names) for each in unique):
            sort, what = (
                (Sort.NO_KEY, "has no key")
                if constraint is table.primary_key
                else (Sort.NOT_UNIQUE, "is not unique in")
            )
            mend = mends.add_unique(constraint, kept.language, kept.schema)
            yield Finding(sort, f"`{table.name}` {what} ({', '.join(names)})", (mend,), hinders)
    leading = [*unique, *(each["column_names"] for each in indexes)]
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        names = [column.name for column in index.columns]
        if not any(each[: len(names)] == names for each in leading):
            mend = mends.add_index(index, kept.language, kept.schema)
            yield Finding(Sort.NO_INDEX, f"`{table.name}` has no index ({', '.join(names)})", (mend,))


def _checks(kept: Kept, table: Table) -> Iterator[Finding]:
    there = {each["name"] for each in kept.inspector.get_check_constraints(table.name, kept.schema)}
    for check in table.constraints:
        if isinstance(check, CheckConstraint) and check.name not in there:
            mend = (mends.add_check(check, kept.language, kept.schema),) if kept.examiner.ALTERS else ()
            yield Finding(Sort.NO_CHECK, f"`{table.name}` has no check `{check.name}`", mend)


def _redefined(kept: Kept, column: Column[Any]) -> tuple[str, ...]:
    name = mends.table_name(column.table, kept.language, kept.schema)
    return kept.examiner.redefine(name, column, mends.specification(column, kept.language))


def _fits(wanted: TypeEngine[Any], found: TypeEngine[Any], examiner: Examiner) -> bool:
    """Return whether a type will do in the place of ours; one of which nothing is known will."""
    found = getattr(found, "data_type", found)  # a domain is a type with a name of its own
    kind = next(kind for kind in type(wanted).__mro__ if kind.__name__ in _FAMILIES)
    return isinstance(found, (NullType, kind, *examiner.INSTEAD.get(kind, ())))


def _told(kind: TypeEngine[Any], kept: Kept) -> str:
    return kind.compile(dialect=kept.language.DIALECT).lower()
