"""Finds all that is wrong in a folder of CSV files, each with its line; nothing of it enters the district's tables."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.schema import CreateTable

from runner.district.csv_files import BATCH, opened
from runner.district.csv_findings import Fault, Finding, Findings
from runner.district.csv_header import columns_of, header_findings
from runner.district.csv_inserts import Inserter
from runner.district.csv_keys import (
    broken_references,
    keys,
    references,
    repeated_keys,
    repeated_uniques,
    scratch,
    uniques,
)
from runner.district.csv_values import fault_of, owner_fault
from runner.tables import contact_point, district

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Column, Connection, Row, Select, Table

    from runner.district.csv_files import Record, Source


@dataclass(frozen=True, slots=True)
class Staging:
    """The temporary tables, what is read and not yet in them, and the headers that were read."""

    inserters: dict[Table, Inserter]
    waiting: dict[Table, list[tuple[object, ...]]]
    headers: dict[str, list[str]] = field(default_factory=dict)

    def flush(self, least: int = 1) -> None:
        """Insert what waits for a table, if it is so much at least."""
        for table, rows in self.waiting.items():
            if len(rows) >= least:
                self.inserters[table].insert(list(zip(*rows, strict=True)))
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
    staging = Staging(
        {table: Inserter(connection, table, tuple(table.columns.keys())) for table in scratch.sorted_tables},
        {table: [] for table in scratch.sorted_tables},
    )
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
        line = 1
        try:
            header = source.header()
            staging.headers[table.name] = header
            if wrong := header_findings(table, header):
                findings.add(*wrong)
                return False
            columns = columns_of(table, header)
            line = source.reader.line_num + 1
            for number, record in enumerate(source.records()):
                findings.add(*_look(columns, record, staging))
                line = source.reader.line_num + 1
                if number % BATCH == 0:
                    staging.flush(least=BATCH)
                    progress(table.name, source)
        except csv.Error as error:
            findings.add(Finding(table.name, line, None, _broken(error)))
            return False
        progress(table.name, source)
    return True


def _look(columns: Sequence[Column[Any]], record: Record, staging: Staging) -> Iterator[Finding]:
    """Yield what is wrong with a record; its key is staged all the same, since others may rightly refer to it."""
    table = columns[0].table
    if len(record.fields) != len(columns):
        message = f"The record has {len(record.fields)} fields, and the header {len(columns)}."
        yield Finding(table.name, record.line, None, Fault("csv-shape", message))
        for column, cell in zip(columns, record.fields, strict=False):
            if column.primary_key:
                _stage(column, cell, record.line, staging)
        return
    for index, (column, cell) in enumerate(zip(columns, record.fields, strict=True)):
        fault = fault_of(column, cell)
        if fault is not None:
            yield Finding(table.name, record.line, index, fault)
        elif cell:
            _stage(column, cell, record.line, staging)
    if table is contact_point:
        named = {column.name: cell for column, cell in zip(columns, record.fields, strict=True)}
        person, household = (bool(named.get(name)) for name in ("person_id", "household_id"))
        fault = owner_fault(named["channel"], person=person, household=household)
        if fault is not None:
            yield Finding(table.name, record.line, [*named].index("channel"), fault)


def _stage(column: Column[Any], cell: str, line: int, staging: Staging) -> None:
    if fault_of(column, cell) is not None:
        return
    table = column.table.name
    if column.primary_key:
        staging.waiting[keys].append((table, int(cell), line))
    elif column.unique:
        staging.waiting[uniques].append((table, column.name, line, cell))
    for reference in column.foreign_keys:
        staging.waiting[references].append((table, column.name, line, reference.column.table.name, int(cell)))


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


def _broken(error: csv.Error) -> Fault:
    """Return what a record is that csv could not read; its own words speak of its settings."""
    if "field limit" in str(error):
        message = "A field is longer than 131,072 characters."
        return Fault("csv-shape", message, "is there a quote that is never closed?")
    message = "The quotes of this record are wrong; nothing after it was read."
    return Fault("csv-shape", message, 'a field in quotes ends at a quote, and a quote in it is doubled: "6"" pipe"')
