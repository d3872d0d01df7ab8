"""A database → what it lacks: asked of it on a snapshot that can't write, table by table, right by right."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import Update, inspect, select
from sqlalchemy.exc import DBAPIError

from runner.backends.grants import grants, table_grants
from runner.backends.registry import examiner
from runner.compile.mends import make_lock, show_changes
from runner.compile.rights import RIGHTS
from runner.execute.database import examining
from runner.execute.shape import Kept, examine_shape, seen_of
from runner.tables import HISTORY_VERSION, district, history, runner_lock, runner_meta, runner_run
from runner.values.health import OF_HISTORY, OF_LOCK, Finding, Health, Sort
from runner.values.rights import Place, Rights, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

    from runner.backends.backend import Backend
    from runner.execute.database import Database


def examine(database: Database, role: Role) -> Health:
    """Return what a database lacks for the work of this role, and of those whose rights this role has too."""
    needed = RIGHTS[role]
    roles = tuple(each for each in Role if set(RIGHTS[each].tables) <= set(needed.tables))
    backend, asked = database.backend, examiner(database.backend.NAME)
    with examining(database) as connection:
        server = asked.introduce(connection)
        place = Place(server.database, server.own_schema, database.schema)
        findings = [*asked.examine(connection, place)]
        inspector = inspect(connection)
        # Tables that the role has no business with, it need not see.
        seen = {
            metadata: (kept := Kept(inspector, backend, asked, schema), seen_of(kept, metadata))
            for metadata, schema in ((district, database.schema), (history, None))
            if any(right.of_district is (metadata is district) for right in needed.tables)
        }
        there = frozenset().union(*(tables for _, tables in seen.values()))
        tables = tuple(right for right in needed.tables if asked.HIDES or right.table in there)
        # Outside of the snapshot: a server would say of every right to write that the transaction can't.
        connection.rollback()
        lacked = asked.lacking(connection, Rights(tables, needed.temporary_tables), place)
        connection.rollback()
        backend.begin_dry_run(connection)
        hidden = {right.table for right in lacked.tables} - there
        for metadata, (kept, ours) in seen.items():
            findings += examine_shape(kept, metadata, ours, hidden)
            findings += asked.examine_tables(connection, kept.schema, ours)
        findings += _rights(lacked, backend.NAME, server.user or "", place)
        if not any(finding.sort in _BLINDING and Role.AUDITOR in finding.hinders for finding in findings):
            findings += _history(connection, backend, there)
    concerned = (each for each in findings if not each.hinders or set(each.hinders) & set(roles))
    return Health(server, roles, tuple(concerned))


# Where one of these is found about the runner's own tables, their rows can't be read.
_BLINDING = frozenset({Sort.NO_RIGHT, Sort.NO_COLUMN, Sort.WRONG_TYPE})


def _rights(lacked: Rights, dialect: str, user: str, place: Place) -> Iterator[Finding]:
    """Yield a finding for each table on which rights are lacking."""
    for table in dict.fromkeys(right.table for right in lacked.tables):
        rights = tuple(right for right in lacked.tables if right.table == table)
        actions = {right.action for right in rights}
        hinders = tuple(
            role
            for role in Role
            if any(right.table == table and right.action in actions for right in RIGHTS[role].tables)
        )
        told = " and ".join(
            f"{right.action} ({', '.join(right.columns)})" if right.columns else right.action for right in rights
        )
        statements = table_grants(dialect, Rights(rights, temporary_tables=False), user, place)
        yield Finding(Sort.NO_RIGHT, f"`{user}` may not {told} on `{table}`", statements, hinders)
    if lacked.temporary_tables:
        statements = grants(dialect, Rights((), temporary_tables=True), user, place)
        yield Finding(Sort.NO_RIGHT, f"`{user}` may not make temporary tables", statements, (Role.WRITER,))


def _history(connection: Connection, backend: Backend, there: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong with the runner's own rows: their version, the one that a run locks, runs left open."""
    if runner_meta.name in there:
        version = connection.execute(select(runner_meta.c.version)).scalar()
        if version != HISTORY_VERSION:
            message = f"the runner's own tables are of version {version}; this runner knows version {HISTORY_VERSION}"
            mend = () if version is not None and version > HISTORY_VERSION else ("runner init --history-only",)
            yield Finding(Sort.OTHER_VERSION, message, mend, OF_HISTORY)
    if runner_lock.name in there:
        # Some databases lock the whole table, with or without a row.
        by_row = isinstance(backend.LOCK, Update)
        if by_row and connection.execute(select(runner_lock.c.lock_id)).first() is None:
            yield Finding(Sort.NO_LOCK, f"`{runner_lock.name}` has no row", (make_lock(backend),), OF_LOCK)
        with suppress(DBAPIError):  # MariaDB tells only those who have the right PROCESS
            for session in backend.lock_holders(connection):
                yield Finding(Sort.OPEN_RUN, f"the lock is held: {session}")
    if runner_run.name in there:
        run = runner_run.c
        cut = select(run.run_no, run.run_id).where(run.kind != "void", run.finished_at.is_(None)).order_by(run.run_no)
        for number, run_id in connection.execute(cut):
            mend = (show_changes(number, backend),)
            yield Finding(Sort.CUT_OFF, f"run {number} ({run_id}) was never completed", mend)
