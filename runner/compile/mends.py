"""What a table lacks → the statements that mend it, as text to be read and sent by whoever owns the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Index, MetaData, Table, false, insert, select, update
from sqlalchemy.schema import AddConstraint, CreateColumn, CreateIndex

from runner.tables import DISTRICT, runner_change, runner_lock

if TYPE_CHECKING:
    from sqlalchemy import CheckConstraint, ClauseElement
    from sqlalchemy.schema import ColumnCollectionConstraint

    from runner.backends.backend import Language


def table_name(table: Table, language: Language, schema: str | None) -> str:
    """Return the name of a table as SQL, quoted where need be; `schema` is where the district's tables are."""
    quote = language.DIALECT.identifier_preparer.quote
    prefix = f"{quote(schema)}." if schema is not None and table.schema == DISTRICT else ""
    return f"{prefix}{quote(table.name)}"


def specification(column: Column[Any], language: Language) -> str:
    """Return a column as it stands in CREATE TABLE: its name, its type, and whether it may be null."""
    return str(CreateColumn(column).compile(dialect=language.DIALECT))


def add_column(column: Column[Any], language: Language, schema: str | None) -> str:
    """Return what adds a column to a table with rows: nulls, or flags that are off."""
    flag = isinstance(column.type, Boolean) and not column.nullable
    fresh: Column[Any] = Column(column.name, column.type, nullable=not flag, server_default=false() if flag else None)
    Table(column.table.name, MetaData(), fresh)  # a column says how it is made only as one of a table
    return f"ALTER TABLE {table_name(column.table, language, schema)} ADD COLUMN {specification(fresh, language)};"


def fill_nulls(column: Column[Any], language: Language, schema: str | None) -> str:
    """Return what turns the nulls of a flag off."""
    return _sql(update(column.table).where(column.is_(None)).values({column: false()}), language, schema)


def make_lock(language: Language) -> str:
    """Return what makes the row that a run locks."""
    return _sql(insert(runner_lock).values(lock_id=1, taken=0), language, None)


def show_changes(run_no: int, language: Language) -> str:
    """Return what shows the changes of a run."""
    change = runner_change.c
    shown = select(change.contact_point_id, change.channel, change.before_bits, change.after_bits)
    return _sql(shown.where(change.run_no == run_no), language, None)


def add_index(index: Index, language: Language, schema: str | None) -> str:
    """Return what makes an index."""
    return _sql(CreateIndex(index), language, schema)


def add_unique(constraint: ColumnCollectionConstraint, language: Language, schema: str | None) -> str:
    """Return what keeps columns unique: an index, which every database adds to a table that is there."""
    names = [column.name for column in constraint.columns]
    table = constraint.table
    # Of a copy: an index made of our own table would be made with it ever after.
    copy = Table(table.name, MetaData(schema=table.schema), *(Column(name) for name in names))
    index = Index("_".join([table.name, *names, "unique"]), *copy.columns, unique=True)
    return _sql(CreateIndex(index), language, schema)


def add_check(check: CheckConstraint, language: Language, schema: str | None) -> str:
    """Return what adds a check."""
    return _sql(AddConstraint(check, isolate_from_table=False), language, schema)


def _sql(clause: ClauseElement, language: Language, schema: str | None) -> str:
    compiled = clause.compile(
        dialect=language.DIALECT,
        schema_translate_map={DISTRICT: schema},
        compile_kwargs={"literal_binds": True},
    )
    # Rendering None as a schema needs a connection's default one; here it means: no prefix at all.
    prefix = "" if schema is None else f"{language.DIALECT.identifier_preparer.quote(schema)}."
    return f"{' '.join(str(compiled).split())};".replace(f"__[SCHEMA_{DISTRICT}].", prefix)
