"""Loads a folder of CSV files, one a table, into the empty tables of a district: all of it, or none."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exc, select

from runner.backends.registry import backend
from runner.district.csv_diagnosis import diagnose, prepare
from runner.district.csv_files import find_files, opened
from runner.district.csv_findings import problems
from runner.district.csv_header import columns_of, header_findings
from runner.district.csv_values import check_of, owner_fault
from runner.district.empty import require_empty
from runner.tables import contact_point, district
from runner.values.problems import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from runner.district.csv_files import Source
    from runner.district.csv_values import Check


class _Doubt(Exception):  # noqa: N818 - it says that something is wrong, and leaves it to the diagnosis to say what
    """Something in the files is not as it should be."""


@dataclass(frozen=True, slots=True)
class _Progress:
    """Tells how many bytes of all the files were read."""

    tell: Callable[[str, int, int], None]
    sizes: Mapping[str, int]

    def __call__(self, table: str, source: Source) -> None:
        before = list(self.sizes)[: list(self.sizes).index(table)]
        self.tell(table, sum(self.sizes[name] for name in before) + source.raw.tell(), sum(self.sizes.values()))


def load_folder(connection: Connection, folder: Path, progress: Callable[[str, int, int], None]) -> dict[str, int]:
    """Load the files of a folder, and return the number of rows of each table.

    `progress` is told the table, the bytes read so far of all files, and their sum. The caller owns the transaction
    and has begun it: in none, SQLite would take the end of the savepoint for a COMMIT. Stopped holds every problem of
    the files, a hundred at most in full; the caller rolls back then.

    The rows go straight into the tables, checked some hundreds at a time. At the first thing that is wrong all files
    are read once more, to find everything that is: a good folder pays nothing for that.
    """
    require_empty(connection)
    files, missing = find_files(folder)
    read = _Progress(progress, {table: path.stat().st_size for table, path in files.items()})
    prepare(connection)  # before the savepoint: where SQLite's driver begins by itself, it does so at this DELETE
    failure: Exception | None = None
    if not missing:
        savepoint = connection.begin_nested()
        try:
            rows = {table.name: _load(connection, table, files[table.name], read) for table in district.sorted_tables}
            _check_references(connection)
        except (_Doubt, exc.IntegrityError, exc.DataError) as error:
            savepoint.rollback()
            failure = error
        else:
            savepoint.commit()
            return rows
    found = [*missing, *problems(diagnose(connection, files, read), files)]
    if not found and failure is not None:
        raise failure  # the database knows a reason that the files don't show
    raise Stopped(*found)


def _load(connection: Connection, table: Table, path: Path, read: _Progress) -> int:
    """Load a file into its table, and return the number of its rows; doubt as soon as anything is wrong."""
    count = 0
    with opened(path) as source:
        try:
            header = source.header()
            if header_findings(table, header, source.reader.line_num):
                raise _Doubt
            checks = [check_of(column) for column in columns_of(table, header)]
            with backend(connection.dialect.name).inserting(connection, table, header) as insert:
                for records in source.batches():
                    insert(_bound(checks, records))
                    count += len(records)
                    read(table.name, source)
        except csv.Error as error:
            raise _Doubt from error
    return count


def _bound(checks: Sequence[Check], records: Sequence[Sequence[str]]) -> list[Sequence[str | None]]:
    """Return records by column, ready to be inserted, if all of them are sound."""
    if set(map(len, records)) != {len(checks)}:
        raise _Doubt
    columns = list(zip(*records, strict=True))
    if not all(check.accepts(cells) for check, cells in zip(checks, columns, strict=False)):
        raise _Doubt
    if checks[0].column.table is contact_point:
        named = {check.column.name: cells for check, cells in zip(checks, columns, strict=False)}
        nobody = ("",) * len(records)
        owners = (named["channel"], named.get("person_id", nobody), named.get("household_id", nobody))
        # What there is to say of an owner is told by which of the two is empty: a handful of cases in all.
        cases = set(zip(owners[0], map(bool, owners[1]), map(bool, owners[2]), strict=True))
        if any(owner_fault(channel, person=person, household=household) for channel, person, household in cases):
            raise _Doubt
    return [check.bound(cells) for check, cells in zip(checks, columns, strict=False)]


def _check_references(connection: Connection) -> None:
    """Doubt if a row refers to one that there is not: not every database, or connection, sees to that."""
    for table in district.sorted_tables:
        for column in table.columns:
            for reference in column.foreign_keys:
                # Of a table that refers to another twice, each reference is its own question.
                target = reference.column.table.alias()
                there = select(target).where(target.c[reference.column.name] == column).exists()
                broken = select(column).where(column.is_not(None), ~there).limit(1)
                if connection.execute(broken).first() is not None:
                    raise _Doubt
