"""What jobs set differently, as values: the opposite settings of a cell, and for how many contact points they meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from runner.values.problems import Position
    from runner.values.result import JobInfo, Warned
    from runner.values.vocabulary import Channel, Reason


@dataclass(frozen=True, slots=True)
class Setting:
    """A job's setting of a cell: which of the jobs compared (from 0), its name, on or off, and where it says so."""

    job: int
    name: str
    on: bool
    place: Position


@dataclass(frozen=True, slots=True)
class Opposite:
    """A cell that one job turns on and another off; `first` is of the job given first."""

    channel: Channel
    reason: Reason
    first: Setting
    second: Setting


@dataclass(frozen=True, slots=True)
class Conflict:
    """For how many contact points two jobs set a cell differently.

    `contact_points` are those eligible for the cell in both jobs and left alone by neither; `kept` those eligible in
    both that at least one job leaves alone, because they are custom and it keeps custom selections.
    """

    opposite: Opposite
    contact_points: int
    kept: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the jobs compared; `people` is None where no other job contradicts it, so that nobody was counted."""

    info: JobInfo
    people: int | None


@dataclass(frozen=True, slots=True)
class Conflicts:
    """All that was found among several jobs on one day; pairs in the order of the jobs, cells in that of reports."""

    as_of: date
    database: str
    jobs: tuple[Compared, ...]
    conflicts: tuple[Conflict, ...]
    warnings: tuple[Warned, ...]

    @property
    def met(self) -> tuple[Conflict, ...]:
        """The conflicts that some contact point is in."""
        return tuple(conflict for conflict in self.conflicts if conflict.contact_points)
