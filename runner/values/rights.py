"""What a role of a database may do, as values: the rights that each kind of work needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody who works with the runner does; one database role can have several."""

    READER = "reader"
    AUDITOR = "auditor"
    WRITER = "writer"
    PRUNER = "pruner"


ROLE_WORK = {
    Role.READER: "dry runs, and every other question about the district",
    Role.AUDITOR: "past runs: history, show, changes",
    Role.WRITER: "runs, dry runs, undo, resolve, past runs",
    Role.PRUNER: "past runs, and prune",
}
"""The work that each role can do."""


class Action(StrEnum):
    """What can be done with a table."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Right:
    """One action on one table; on some of its columns only, where it names them."""

    action: Action
    table: str
    columns: tuple[str, ...] = ()
    of_district: bool = False


@dataclass(frozen=True, slots=True)
class Rights:
    """All that a role needs: of tables, and whether it makes temporary ones."""

    tables: tuple[Right, ...]
    temporary_tables: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tables are; None where the database's own habit says it."""

    database: str | None
    own: str | None
    district: str | None
