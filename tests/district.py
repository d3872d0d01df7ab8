"""A database that tests fill with any district, run jobs on, and look at again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, insert, select

from runner.district.create import create_tables
from runner.execute.database import Database, making, open_database
from runner.execute.history import find_run
from runner.execute.interrupts import Interrupts
from runner.execute.orders import order_job, order_undo
from runner.pipeline import Patience, Watch, dry_run, run
from runner.read.jobs import load
from runner.tables import contact_point, district, history, runner_change, runner_lock, runner_meta
from runner.values.result import Occasion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.values.job import Job
    from runner.values.result import Result

PATIENCE = Patience(lock=5.0, resolve=0.5)
NOW = datetime(2025, 9, 2, 12, 0, 0)  # noqa: DTZ001 - UTC, as every time in the runner


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A database with the tables made, and a folder for job files."""

    __test__ = False

    database: Database
    folder: Path

    def fill(self, rows: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Put these rows, table by table, in the place of whatever is there."""
        with making(self.database) as connection:
            for table in reversed((*district.sorted_tables, *history.sorted_tables)):
                if table not in {runner_lock, runner_meta}:
                    connection.execute(delete(table))
            for table in district.sorted_tables:
                if rows.get(table.name):
                    connection.execute(insert(table), list(rows[table.name]))

    def contact_points(self) -> list[dict[str, object]]:
        """Return every contact point, in the order of ids."""
        with self.database.create_reader().connect() as connection:
            rows = connection.execute(select(contact_point).order_by(contact_point.c.contact_point_id))
            return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it

    def changes(self, run_no: int) -> list[tuple[int, str, int, int]]:
        """Return the change set that a run wrote down, in the order of ids."""
        change = runner_change.c
        rows = select(change.contact_point_id, change.channel, change.before_bits, change.after_bits)
        with self.database.create_reader().connect() as connection:
            return [
                (row[0], row[1], row[2], row[3])
                for row in connection.execute(rows.where(change.run_no == run_no).order_by(change.contact_point_id))
            ]

    def job(self, data: Mapping[str, Any]) -> Job:
        """Return the job of this data, written to a file and read as a user's would be: JSON is YAML."""
        path = self.folder / "job.yaml"
        path.write_text(json.dumps({"version": 1, "name": "test", **data}, ensure_ascii=False), encoding="utf-8")
        return load(path)

    def dry_run(self, job: Job, as_of: date) -> Result:
        """Return the result of a dry run."""
        return dry_run(self.database, order_job(job, as_of, self.database.backend), occasion(as_of), watch())

    def run(self, job: Job, as_of: date, step: Callable[[str], None] = lambda _: None) -> Result:
        """Return the result of a run; `step` hears of each of its steps."""
        return run(self.database, order_job(job, as_of, self.database.backend), occasion(as_of), watch(step), PATIENCE)

    def undo(self, run_no: int, as_of: date, *, dry: bool = False, skip_conflicts: bool = False) -> Result:
        """Return the result of taking a run back."""
        with self.database.create_reader().connect() as connection:
            recorded = find_run(connection, run_no)
        order = order_undo(recorded, as_of, self.database.backend, skip_conflicts=skip_conflicts)
        if dry:
            return dry_run(self.database, order, occasion(as_of), watch())
        return run(self.database, order, occasion(as_of), watch(), PATIENCE)


def make(url: str, folder: Path) -> TestDatabase:
    """Return a database with its tables made."""
    database = open_database(url)
    with making(database) as connection:
        create_tables(connection, None, history_only=False)
    return TestDatabase(database, folder)


def occasion(as_of: date) -> Occasion:
    """Return an occasion that differs from others in its run id alone."""
    return Occasion(as_of, NOW, "tester", None, str(uuid4()))


def watch(step: Callable[[str], None] = lambda _: None) -> Watch:
    """Return a watch over nothing, with a clock that stands still."""
    return Watch(step, lambda: 0.0, Interrupts())
