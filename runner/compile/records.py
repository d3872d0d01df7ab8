"""The run's own row: written first, before anything else is read, and completed last."""

from __future__ import annotations

from sqlalchemy import Insert, Update, bindparam, insert, update

from runner.compile.plan import RUN_NO
from runner.tables import Id, runner_run

WRITTEN = (
    "run_id",
    "kind",
    "undo_of",
    "job_name",
    "job_sha256",
    "job_files",
    "mode",
    "as_of",
    "actor",
    "git_commit",
    "started_at",
)
"""What is written of a run before anything else is read."""

COMPLETED = ("finished_at", "people", "changed", "result")
"""What is written of it last."""


def run_row() -> Insert:
    """Return the insert of the row, every value a bind parameter of its column's name."""
    return insert(runner_run).values({name: bindparam(name, type_=runner_run.c[name].type) for name in WRITTEN})


def completed_row() -> Update:
    """Return the update that completes the row of the run `RUN_NO` with what came of it."""
    # A parameter of an UPDATE must not be called as the column that it sets.
    values = {name: bindparam(f"run_{name}", type_=runner_run.c[name].type) for name in COMPLETED}
    return update(runner_run).where(runner_run.c.run_no == bindparam(RUN_NO, type_=Id)).values(values)
