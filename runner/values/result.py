"""What a run did, or a dry run would do, as values: the occasion, the tally, the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from runner.values.problems import Position, Problem
    from runner.values.review import Review

FORMAT_VERSION = "1.0"
"""The version of the JSON that results are written as."""


class Status(StrEnum):
    """How a job ended."""

    APPLIED = "applied"
    DRY_RUN = "dry_run"
    REFUSED = "refused"
    DRIFTED = "drifted"
    LOCKED = "locked"
    FAILED = "failed"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a run takes from its surroundings, as a value, so that tests need no frozen clock.

    `now` is in UTC, without a time zone; `as_of` is the local calendar date, or what the user gave.
    """

    as_of: date
    now: datetime
    actor: str
    commit: str | None
    run_id: str


@dataclass(frozen=True, slots=True)
class CellCount:
    """One cell of a run: preferences that changed, already had the value, or were kept for their owner's sake."""

    on: bool
    changed: int
    already: int
    kept: int

    @property
    def eligible(self) -> int:
        """All preferences of the cell that the job speaks of."""
        return self.changed + self.already + self.kept


@dataclass(frozen=True, slots=True)
class UndoCount:
    """One cell of an undo: preferences taken back, changed by somebody since, or of a contact point that is gone."""

    restored: int
    conflict: int
    gone: int

    @property
    def changed(self) -> int:
        """What the undo changes."""
        return self.restored

    @property
    def eligible(self) -> int:
        """All preferences of the cell that the undone run had changed."""
        return self.restored + self.conflict + self.gone


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of `people` hear about a reason before and after; `gained` and `lost` are people, not preferences."""

    people: int
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Tally:
    """All that is counted of a change set; the only part of it that ever enters Python.

    `fingerprint` is the text `n-a-b`: a sum over the change set which is the same on every database.
    """

    people: int
    counts: Mapping[Channel, Mapping[Reason, CellCount | UndoCount]]
    contact_points: int
    custom_overwritten: int
    bystanders: int
    reach: Mapping[Reason, Reach]
    lost: int
    fingerprint: str

    def cells(self) -> Iterator[tuple[Channel, Reason, CellCount | UndoCount]]:
        """Yield every cell that is set, in the order of every report."""
        for channel in Channel:
            for reason in Reason:
                if (cell := self.counts.get(channel, {}).get(reason)) is not None:
                    yield channel, reason, cell

    @property
    def eligible(self) -> int:
        """All preferences that the job speaks of."""
        return sum(cell.eligible for _, _, cell in self.cells())

    @property
    def changed(self) -> int:
        """All preferences that change."""
        return sum(cell.changed for _, _, cell in self.cells())


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a reviewer should know, and that stops nothing; its code is one of `WARNINGS`.

    `also` is a second place that it speaks of.
    """

    code: str
    message: str
    place: Position | None = None
    hint: str | None = None
    also: Position | None = None


WARNINGS = {
    "emergency-off": "Preferences for emergencies are turned off.",
    "emergency-kept": "Preferences for emergencies that the job turns on stay off: their owners chose so, and the job "
    "keeps that.",
    "custom-overwritten": "Contact points change whose owners chose the preferences themselves.",
    "people-lost": "People lose their last way to hear about something.",
    "drift-tolerated": "The result is not quite what was reviewed, by no more than `--max-drift` tolerates.",
    "earlier-job": "In a dry run of several jobs: one that runs before changes what this one is about, so that its run "
    "will not do what is told.",
    "unknown-people": "Ids in `people` or in a people file are nobody's.",
    "opposite-settings": "Two jobs set the same cell, one on and the other off.",
    "nobody-in-scope": "Nobody is in scope of a job that is compared with others.",
    "undo-gone": "Contact points that the run had changed no longer exist. The undo leaves them out.",
    "changes-pruned": "`runner prune` dropped the changes of a past run. It can't be undone any more.",
}
"""What each code of a warning stands for, as the reference of errors tells it."""


@dataclass(frozen=True, slots=True)
class JobInfo:
    """What a result tells of its job. `mode` is None where the job could not be read."""

    name: str | None
    file: str
    sha256: str | None
    mode: str | None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The run's row: its number (None while unknown) and the id that its client made."""

    number: int | None
    id: str


@dataclass(frozen=True, slots=True)
class Result:
    """One job's outcome, as every report shows it.

    `tally` is None where nothing could be counted. `undo_of` is the number of the run that was taken back, for an
    undo. `started_at` is UTC; `seconds` are elapsed ones and end before COMMIT. `review` is None where there was no
    plan to be like.
    """

    status: Status
    job: JobInfo
    as_of: date
    database: str | None
    started_at: datetime
    seconds: float
    tally: Tally | None = None
    run: RunInfo | None = None
    undo_of: int | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Warned, ...] = field(default=())
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as the database remembers it: who ran it, when (UTC), the job's files, and its whole result.

    `pruned` says that the changes of a run which had some are no longer there.
    """

    number: int
    kind: str
    undo_of: int | None
    actor: str | None
    commit: str | None
    started_at: datetime
    finished_at: datetime
    files: Mapping[str, str]
    result: Result
    pruned: bool = False


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning drops: the changes of so many runs, one for each contact point."""

    runs: int
    changes: int


@dataclass(frozen=True, slots=True)
class ReviewedPlan:
    """What was reviewed of one job: the result of its dry run, and the file that it stands in."""

    file: str
    result: Result
