"""What can be wrong, as values: a place, a kind, a problem, and the one exception that carries problems up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What sort of thing went wrong; the exit code follows from it."""

    INVALID = "invalid"
    USAGE = "usage"
    REFUSED = "refused"
    DRIFTED = "drifted"
    LOCKED = "locked"
    DATABASE = "database"
    UNKNOWN = "unknown"
    INTERRUPTED = "interrupted"
    UNEXPECTED = "unexpected"


class Position(NamedTuple):
    """A place in a file; line and column count from 1, column in characters. A tuple: every value of a file has one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable code, what it is, where, and what to do instead."""

    code: str
    message: str
    place: Position | None = None
    hint: str | None = None

    @property
    def kind(self) -> Kind:
        """The kind that this problem's code belongs to."""
        return CODES[self.code].kind


@dataclass(frozen=True, slots=True)
class Code:
    """What a problem's code stands for, as the reference of errors tells it."""

    kind: Kind
    meaning: str


class Stopped(Exception):  # noqa: N818 - what stops is not always an error: an interrupt, a refusal
    """Carries every problem found up to the command line."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


CODES: dict[str, Code] = {}


def _register(kind: Kind, codes: dict[str, str]) -> None:
    CODES.update({code: Code(kind, meaning) for code, meaning in codes.items()})


_register(
    Kind.INVALID,
    {
        "file-missing": "A file that was named is not there.",
        "file-unreadable": "A file is there and can't be read: a folder, a device, no permission, a loop of links.",
        "file-outside": "A filter or people file lies outside the job file's own folder.",
        "file-too-large": "A file is larger than any job needs: over 1 MiB (a people file: over 64 MiB).",
        "file-empty": "A file has nothing in it.",
        "text-encoding": "A file is not UTF-8, or has a character that no database takes (U+0000, a lone surrogate).",
        "yaml-syntax": "The text is not YAML.",
        "yaml-duplicate-key": "A key stands twice in one mapping; the first would be silently lost.",
        "yaml-alias": "An alias (`*name`) or a merge key (`<<`): a reviewer must see a value where it counts.",
        "yaml-tag": "A tag (`!name`): a job file has only text, numbers, true, false and null.",
        "yaml-documents": "A second document (`---`) in one file.",
        "yaml-directive": "A directive (`%…`) other than %YAML 1.2.",
        "yaml-depth": "Nested deeper than 64 levels.",
        "yaml-size": "More than 50,000 values in one file.",
        "yaml-number": "A number that is not finite, or does not fit in 64 bits.",
        "yaml-key": "A key that is not text.",
        "unknown-key": "A key that means nothing here.",
        "missing-key": "A key that must be there is not.",
        "wrong-type": "A value of another type than the one expected: a number where text belongs, and so on.",
        "wrong-value": "A value that is not one of those allowed.",
        "too-few": "A list or mapping that must hold something is empty.",
        "text-channel": "`text` and `sms` are no channels: recipients could be charged for what they never asked for.",
        "nothing-set": "A `preferences` matrix that sets nothing.",
        "not-in-mode": "A key or a field that means nothing in this job's mode.",
        "unknown-field": "A filter asks for a field that there is not.",
        "wrong-operator": "A filter compares a field in a way that its kind does not take.",
        "wrong-date": "A date that is not in the calendar, or not written as YYYY-MM-DD.",
        "people-file": "A people file that is not a CSV with the one column `person_id`, whole numbers in it.",
        "sql-shape": "Pass-through SQL that is not one plain SELECT.",
        "sql-refused": "Pass-through SQL that the database would not evaluate read-only.",
        "sql-time": "Pass-through SQL that ran out of time.",
        "unknown-calendar": "A calendar entry that matches no calendar of the district.",
        "empty-scope": "Nobody is in scope, and the job does not say `allow_empty: true`.",
        "plan-file": "A file for `--reviewed` is no result of a dry run: no JSON, cut, edited, or of another version.",
        "plan-missing": "No file for `--reviewed` has a plan for a job that is to be run.",
        "plan-twice": "The files for `--reviewed` have several plans for one job.",
        "plan-no-dry-run": "A plan is of a run, of an undo, or of a dry run that was refused or failed.",
        "unknown-person": "The district has no person of this id.",
        "no-jobs": "No job file below the paths given, or a file of policy tests in the place of one.",
        "no-tests": "No test file below the paths given, or none beside a job file.",
        "unknown-name": "A policy test speaks of somebody, or something, that its district has not.",
        "no-database": "The database is not there.",
        "no-schema": "The schema that `--schema` names is not there.",
        "not-a-district": "The database has not the tables of a district.",
        "no-history": "The database has not the runner's own tables, or has them from a newer runner.",
        "unknown-run": "No run has this number.",
        "not-undoable": "A run that can't be undone: it changed nothing, or its changes were pruned.",
        "pruned": "The changes of a run were dropped by `runner prune`.",
        "no-driver": "The driver of a database is not installed.",
        "database-file": "A file that says how to connect can't be read, is empty, or is open to others.",
        "database-url": "A database URL that can't be understood, or names a database that the runner doesn't know.",
        "not-empty": "The tables to fill hold rows already.",
        "csv-missing": "A folder of CSV files lacks one of the tables.",
        "csv-header": "A CSV file has a column that its table has not, has one twice, or lacks one.",
        "csv-value": "A CSV field holds something that its column can't: a word for a number, a 30th of February.",
        "csv-shape": "A row of a CSV file has more or fewer fields than its header.",
        "csv-duplicate": "Two rows of a CSV file have the same key.",
        "csv-reference": "A row of a CSV file refers to a row that there is not.",
    },
)
_register(
    Kind.USAGE,
    {
        "usage": "The command line itself is wrong: an unknown option, a missing argument, a value that does not fit.",
    },
)
_register(
    Kind.REFUSED,
    {
        "limit-people": "More people in scope than `limits.people` allows.",
        "limit-changed": "More preferences would change than `limits.changed` allows.",
        "limit-custom": "More custom contact points would be overwritten than `limits.custom` allows.",
        "limit-lost": "More people would lose their last way to hear about something than `limits.lost` allows.",
        "test-failed": "A policy test failed: the job does something else than is expected.",
        "custom-refused": "`custom_selections: refuse`, and a custom contact point would change.",
    },
)
_register(
    Kind.DRIFTED,
    {
        "drifted": "What would be done is not what was reviewed, by more than `--max-drift` tolerates.",
        "job-changed": "A job, or a file that it names, has changed since it was reviewed.",
        "plan-old": "A plan is older than `--max-age` allows.",
        "undo-conflict": "Preferences that the run set have been changed since.",
    },
)
_register(
    Kind.LOCKED,
    {
        "locked": "Another run holds the lock, or the database was busy for longer than the lock time-out.",
        "collided": "The run met other writers at every one of its attempts.",
    },
)
_register(
    Kind.DATABASE,
    {
        "database-error": "The database answered with an error. Nothing was changed.",
        "connection-broke": "The connection broke at COMMIT. The run was not committed, and never will be.",
        "database-read-only": "The database file or its folder can't be written to.",
        "database-full": "The disk, or the space that the database may take, is full.",
    },
)
_register(
    Kind.UNKNOWN,
    {"outcome-unknown": "COMMIT was sent and got no answer, and nobody could tell in time what became of the run."},
)
_register(Kind.INTERRUPTED, {"interrupted": "Ctrl-C or SIGTERM. Nothing was changed."})
_register(Kind.UNEXPECTED, {"unexpected": "A bug in the runner."})
