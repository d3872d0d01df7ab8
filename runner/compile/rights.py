"""Role → the least rights that it works with, read off the statements that are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.compile.records import COMPLETED, WRITTEN
from runner.tables import contact_point, district, history, runner_change, runner_lock, runner_run
from runner.values.rights import Action, Right, Rights, Role
from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ_DISTRICT = tuple(Right(Action.SELECT, table.name, of_district=True) for table in district.sorted_tables)
_READ_HISTORY = tuple(Right(Action.SELECT, table.name) for table in history.sorted_tables)
# The whole table, not its one column: PostgreSQL's LOCK TABLE looks at no rights on columns.
_LOCK = Right(Action.UPDATE, runner_lock.name)
_WRITE = (
    _LOCK,
    Right(Action.INSERT, runner_run.name, WRITTEN),
    Right(Action.UPDATE, runner_run.name, COMPLETED),
    Right(Action.INSERT, runner_change.name, tuple(column.name for column in runner_change.columns)),
    Right(Action.UPDATE, contact_point.name, tuple(reason.value for reason in Reason), of_district=True),
)
_PRUNE = (_LOCK, Right(Action.DELETE, runner_change.name))

RIGHTS: Mapping[Role, Rights] = {
    Role.READER: Rights(_READ_DISTRICT, temporary_tables=False),
    Role.AUDITOR: Rights(_READ_HISTORY, temporary_tables=False),
    Role.WRITER: Rights((*_READ_DISTRICT, *_READ_HISTORY, *_WRITE), temporary_tables=True),
    Role.PRUNER: Rights((*_READ_HISTORY, *_PRUNE), temporary_tables=False),
}
"""The least rights of each role."""
