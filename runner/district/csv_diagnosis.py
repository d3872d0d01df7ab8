"""Finds all that is wrong in a folder of CSV files, each with its line; nothing of it enters the district's tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.schema import CreateTable

from runner.backends.registry import backend
from runner.district.csv_files import Broken, opened
from runner.district.csv_findings import Fault, Finding, Findings
from runner.district.csv_header import columns_of, header_findings
from runner.district.csv_keys import (
    broken_references,
    keys,
    references,
    repeated_keys,
    repeated_uniques,
    scratch,
    uniques,
)
from runner.district.csv_values import check_of, owner_fault
from runner.tables import contact_point, district

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Column, Connection, Row, Select, Table

    from runner.district.csv_files import Record, Source
    from runner.district.csv_values import Check


ENOUGH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Staging:
    """The temporary tables, what is read and not yet in them, and the headers that were read."""

    connection: Connection
    waiting: dict[Table, list[tuple[str | int, ...]]]
    headers: dict[str, list[str]] = field(default_factory=dict)

    def add(self, column: Column[Any], cells: Sequence[tuple[int, str]]) -> None:
        """Add the sound fields of a column, with their lines, to what is compared."""
        # Plain texts: SQLAlchemy's own kind of name would be looked at as an object, by the driver, row after row.
        table, name = str(column.table.name), str(column.name)
        if column.primary_key:
            self.waiting[keys] += [(table, int(cell), line) for line, cell in cells]
        elif column.unique:
            self.waiting[uniques] += [(table, name, line, cell) for line, cell in cells]
        for reference in column.foreign_keys:
            to = str(reference.column.table.name)
            self.waiting[references] += [(table, name, line, to, int(cell)) for line, cell in cells]

    def flush(self, least: int = 1) -> None:
        """Insert what waits for a table, if it is so much at least."""
        for table, rows in self.waiting.items():
            if len(rows) >= least:
                names = table.columns.keys()
                with backend(self.connection.dialect.name).inserting(self.connection, table, names) as insert:
                    insert(list(zip(*rows, strict=True)))
                rows.clear()


def prepare(connection: Connection) -> None:
    """Make the temporary tables, or empty those of an earlier call: MariaDB's DROP TABLE would commit."""
    for table in scratch.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(delete(table))


def diagnose(
    connection: Connection,
    files: Mapping[str, Path],
    progress: Callable[[str, Source], None],
) -> Findings:
    """Return all that is wrong in the files, given by table; `prepare` must have been called."""
    findings, tables = Findings(), {table.name: table for table in district.sorted_tables}
    staging = Staging(connection, {table: [] for table in scratch.sorted_tables})
    whole = [name for name, path in files.items() if _read(tables[name], path, findings, staging, progress)]
    staging.flush()
    for statement, tell in (
        (repeated_keys(), _repeated_key),
        (repeated_uniques(), _repeated_unique),
        (broken_references(whole), _broken_reference),
    ):
        for row in _first(connection, statement, findings):
            column, fault = tell(row)
            index = staging.headers[row.of_table].index(column)
            findings.kept.append(Finding(row.of_table, row.line, index, fault))
    return findings


def _read(
    table: Table,
    path: Path,
    findings: Findings,
    staging: Staging,
    progress: Callable[[str, Source], None],
) -> bool:
    """Look at every record of a file; tell whether it could be read to its end."""
    with opened(path) as source:
        try:
            staging.headers[table.name] = header = source.header()
            if wrong := header_findings(table, header, source.reader.line_num):
                findings.add(*wrong)
                return False
            checks = [check_of(column) for column in columns_of(table, header)]
            for records in source.numbered():
                findings.add(*_look(table, checks, records, staging))
                staging.flush(least=ENOUGH)
                progress(table.name, source)
        except Broken as error:
            findings.add(Finding(table.name, error.line, None, _broken(error)))
            return False
    return True


def _look(table: Table, checks: Sequence[Check], records: list[Record], staging: Staging) -> Iterator[Finding]:
    """Yield what is wrong with records; their keys are staged all the same, since others may rightly refer to them."""
    whole = [record for record in records if len(record.fields) == len(checks)]
    if len(whole) < len(records):
        yield from _misshapen(table, checks, records, staging)
    lines = [record.line for record in whole]
    columns = list(zip(*(record.fields for record in whole), strict=True))
    for index, (check, cells) in enumerate(zip(checks, columns, strict=False)):
        faults: dict[int, Fault] = {}
        if not check.accepts(cells):
            faults = {row: fault for row, cell in enumerate(cells) if (fault := check.fault(cell)) is not None}
        for row, fault in faults.items():
            yield Finding(table.name, lines[row], index, fault)
        if check.column.primary_key or check.column.unique or check.column.foreign_keys:
            pairs = zip(lines, cells, strict=True)
            staging.add(check.column, [pair for row, pair in enumerate(pairs) if pair[1] and row not in faults])
    if table is contact_point:
        yield from _owners([check.column.name for check in checks], whole)


def _misshapen(table: Table, checks: Sequence[Check], records: list[Record], staging: Staging) -> Iterator[Finding]:
    for record in records:
        if len(record.fields) == len(checks):
            continue
        message = f"The record has {len(record.fields)} fields, and the header {len(checks)}."
        yield Finding(table.name, record.line, None, Fault("csv-shape", message))
        for check, cell in zip(checks, record.fields, strict=False):
            if check.column.primary_key and check.accepts([cell]):
                staging.add(check.column, [(record.line, cell)])


def _owners(header: list[str], records: list[Record]) -> Iterator[Finding]:
    for record in records:
        named = dict(zip(header, record.fields, strict=True))
        person, household = bool(named.get("person_id")), bool(named.get("household_id"))
        fault = owner_fault(named["channel"], person=person, household=household)
        if fault is not None:
            yield Finding(contact_point.name, record.line, header.index("channel"), fault)


def _first(connection: Connection, statement: Select[Any], findings: Findings) -> Sequence[Row[Any]]:
    """Count the rows of a statement, and return as many of them as there is room for."""
    rows = statement.subquery()
    findings.count += connection.scalar(select(func.count()).select_from(rows)) or 0
    first = select(rows).order_by(rows.c.of_table, rows.c.line).limit(findings.room)
    return connection.execute(first).all()


def _repeated_key(row: Row[Any]) -> tuple[str, Fault]:
    (key,) = district.tables[f"{district.schema}.{row.of_table}"].primary_key.columns
    return key.name, Fault("csv-duplicate", f"{key.name} {row.id} stands in line {row.first} already.")


def _repeated_unique(row: Row[Any]) -> tuple[str, Fault]:
    message = f"The {row.of_column} of this {row.of_table} stands in line {row.first} already."
    return row.of_column, Fault("csv-duplicate", message)


def _broken_reference(row: Row[Any]) -> tuple[str, Fault]:
    message = f"{row.of_column} {row.id} is in no line of {row.to_table}.csv."
    return row.of_column, Fault("csv-reference", message)


def _broken(error: Broken) -> Fault:
    """Return what a record is that csv could not read; its own words speak of its settings."""
    if "field limit" in str(error):
        message = "A field is longer than 131,072 characters."
        return Fault("csv-shape", message, "is there a quote that is never closed?")
    message = "The quotes of this record are wrong; nothing after it was read."
    return Fault("csv-shape", message, 'a field in quotes ends at a quote, and a quote in it is doubled: "6"" pipe"')
