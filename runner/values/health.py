"""What a database lacks, as values: each finding with what it means, what mends it, and whose work it hinders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from runner.values.rights import Role

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sort(StrEnum):
    """What sort of thing is lacking, or is not as it should be."""

    NO_SCHEMA = "no-schema"
    NO_TABLE = "no-table"
    NO_COLUMN = "no-column"
    NO_HISTORY = "no-history"
    NO_LOCK = "no-lock"
    OTHER_VERSION = "other-version"
    WRONG_TYPE = "wrong-type"
    NULLABLE = "nullable"
    NO_KEY = "no-key"
    NOT_UNIQUE = "not-unique"
    READ_ONLY_VIEW = "read-only-view"
    NO_RIGHT = "no-right"
    READ_ONLY = "read-only"
    TOO_OLD = "too-old"
    NO_COLLATION = "no-collation"
    ENGINE = "engine"
    ISOLATION = "isolation"
    CUT_OFF = "cut-off"
    CHARACTERS = "characters"
    COLLATION = "collation"
    NO_INDEX = "no-index"
    NO_CHECK = "no-check"
    DURABILITY = "durability"
    NO_STATISTICS = "no-statistics"
    JOURNAL = "journal"
    FILL = "fill"
    UNTRIED = "untried"
    OPEN_RUN = "open-run"


MEANINGS: Mapping[Sort, str] = {
    Sort.NO_SCHEMA: "Tables are looked for where nothing is, or where this role may not look.",
    Sort.NO_TABLE: "It is not there, or this role has no right on it and does not see it.",
    Sort.NO_COLUMN: "What the runner reads or writes there has no place.",
    Sort.NO_HISTORY: "Runs are recorded, and one at a time let through, by tables of the runner's own.",
    Sort.NO_LOCK: "The one row that a run locks is not there, so two runs could work at once.",
    Sort.OTHER_VERSION: "Another version of the runner made its own tables.",
    Sort.WRONG_TYPE: "The runner compares it with, or sets it to, values that this type does not hold.",
    Sort.NULLABLE: "A preference that is null is neither on nor off: a run would pass it over.",
    Sort.NO_KEY: "Two rows could have the same number, and a run would change both or refuse to end.",
    Sort.NOT_UNIQUE: "Two rows could have the same value where the runner expects one.",
    Sort.READ_ONLY_VIEW: "A view stands there that can't be updated, and a run sets preferences there.",
    Sort.NO_RIGHT: "The database refuses this role what its work needs.",
    Sort.READ_ONLY: "Whoever connects here can only read: dry runs, and no runs.",
    Sort.TOO_OLD: "The runner relies on what later versions brought, or have put right.",
    Sort.NO_COLLATION: "Filters and grades compare text by rules that this database does not know.",
    Sort.ENGINE: "The table takes no part in transactions: what a run did there could not be rolled back.",
    Sort.ISOLATION: "Runs read what is committed, and with this setting the server lets no such transaction write.",
    Sort.CUT_OFF: "A run was recorded and never completed. This can't come of a transaction.",
    Sort.CHARACTERS: "Not every character has a place there, and text can't always be compared with that of a job.",
    Sort.COLLATION: "Here some letters that differ are equal: É and e, or a word and the same with a blank.",
    Sort.NO_INDEX: "Rows are found by reading the whole table: the same result, only later.",
    Sort.NO_CHECK: "The database would take contact points, or runs, that mean nothing to the runner.",
    Sort.DURABILITY: "A run that was told as done could be lost when the server crashes.",
    Sort.NO_STATISTICS: "The planner does not know how many rows there are, and may choose the slower way.",
    Sort.JOURNAL: "While somebody reads, nobody can commit, and the other way round.",
    Sort.FILL: "Pages are filled to the brim, so each change of a preference moves its row: runs take longer.",
    Sort.UNTRIED: "Nothing that the runner uses is known to be missing, but nobody has tried it.",
    Sort.OPEN_RUN: "Another run, or another program that writes, is at work or was left open: a run would wait for it.",
}
"""What each sort of finding means for who works with the runner."""

EVERYBODY: tuple[Role, ...] = tuple(Role)
OF_DISTRICT: tuple[Role, ...] = (Role.READER, Role.WRITER)
OF_HISTORY: tuple[Role, ...] = (Role.AUDITOR, Role.WRITER, Role.PRUNER)
OF_LOCK: tuple[Role, ...] = (Role.WRITER, Role.PRUNER)
NOBODY: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is lacking: where, the exact statements that mend it, and the roles whose work it hinders.

    `mend` is SQL for the administrator, or a command line that begins with `runner`; empty where neither mends it.
    """

    sort: Sort
    message: str
    mend: tuple[str, ...] = ()
    hinders: tuple[Role, ...] = NOBODY

    @property
    def meaning(self) -> str:
        """What this sort of finding means."""
        return MEANINGS[self.sort]


@dataclass(frozen=True, slots=True)
class Server:
    """What was connected to, and as whom; None where the database knows no such thing."""

    product: str
    version: str
    database: str | None
    own_schema: str | None
    user: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """All that was found of a database, and the roles whose work was looked at."""

    server: Server
    roles: tuple[Role, ...]
    findings: tuple[Finding, ...]

    def hindered(self, role: Role) -> bool:
        """Return whether something keeps this role from its work."""
        return any(role in finding.hinders for finding in self.findings)
