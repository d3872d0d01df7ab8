"""What engines that speak PostgreSQL's protocol have in common: CockroachDB, YugabyteDB, Citus. Written from documents.

It is PostgreSQL's language without what one of them lacks: no temporary tables, no LOCK TABLE, no DDL within a run. Its
statements were tried on PostgreSQL itself, and on none of those engines: so no run is made there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import update

from runner.backends.postgresql import (
    BEGIN_RUN,
    DIALECT,
    after_fill,
    after_filling,
    any_bits,
    begin_dry_run,
    begin_run,
    create_engine,
    create_maker,
    create_reader,
    explain,
    flag,
    fold,
    ids,
    insert_united,
    interruptible,
    is_aborted,
    lock_holders,
    number,
    objection,
    only_reading,
    present,
    refused,
    shared,
    temporary_name,
    trouble,
)
from runner.tables import runner_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Executable

__all__ = [
    "BEGIN_RUN",
    "DIALECT",
    "LOCK",
    "NAME",
    "TEMPORARY_TABLE",
    "TEMPORARY_TABLES",
    "after_fill",
    "after_filling",
    "any_bits",
    "begin_dry_run",
    "begin_run",
    "create_engine",
    "create_maker",
    "create_reader",
    "explain",
    "flag",
    "fold",
    "ids",
    "insert_united",
    "interruptible",
    "is_aborted",
    "lock_holders",
    "number",
    "objection",
    "only_reading",
    "present",
    "refused",
    "shared",
    "temporary_name",
    "trouble",
]

NAME: Final = "portable"
TEMPORARY_TABLES: Final = False
TEMPORARY_TABLE: Final[Mapping[str, Any]] = {}
# The one lock that all of them have: a row. Who waited for it gets 40001 when it is free, and tries the same again.
LOCK: Final[Executable] = update(runner_lock).values(taken=runner_lock.c.taken + 1)
