"""Make the tables: a district's and the runner's own, or only those; what is there already stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, select, update

from runner.tables import HISTORY_VERSION, district, history, runner_lock, runner_meta
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, MetaData


UPGRADES: tuple[Callable[[Connection], None], ...] = ()
"""What makes the runner's own tables of a version those of the next one; the first is for tables of version 1."""


def create_tables(connection: Connection, schema: str | None, *, history_only: bool) -> tuple[str, ...]:
    """Make the tables that are lacking and return their names; `schema` is where the district's belong.

    The runner's own tables of an older version are brought up to date, which is told behind the names. The caller owns
    the transaction. Stopped where the runner's own tables are of a newer version than this one knows.
    """
    made: list[str] = []
    if not history_only:
        made += _make(connection, district, schema)
    made += _make(connection, history, None)
    version = connection.execute(select(runner_meta.c.version)).scalar()
    if version is None:
        connection.execute(insert(runner_meta).values(meta_id=1, version=HISTORY_VERSION))
        connection.execute(insert(runner_lock).values(lock_id=1, taken=0))
    elif version > HISTORY_VERSION:
        raise Stopped(
            Problem(
                "no-history",
                f"the runner's own tables are of version {version}; this runner knows version {HISTORY_VERSION}",
                hint="install the newer runner",
            ),
        )
    elif version < HISTORY_VERSION:
        for upgrade in UPGRADES[version - 1 :]:
            upgrade(connection)
        connection.execute(update(runner_meta).values(version=HISTORY_VERSION))
        made.append(f"the runner's own, from version {version} to {HISTORY_VERSION}")
    return tuple(made)


def _make(connection: Connection, metadata: MetaData, schema: str | None) -> list[str]:
    inspector = inspect(connection)
    lacking = [table for table in metadata.sorted_tables if not inspector.has_table(table.name, schema=schema)]
    metadata.create_all(connection, tables=lacking, checkfirst=False)
    return [table.name for table in lacking]
