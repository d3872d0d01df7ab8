"""How a job differs from another one in what it does, as values: who enters and leaves, what ends differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from runner.values.result import JobInfo, Tally, Warned


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two jobs, and what a dry run of it counts."""

    info: JobInfo
    tally: Tally


@dataclass(frozen=True, slots=True)
class Movement:
    """People who enter and who leave the scope by one school and grade (None for staff, who have no grade)."""

    school_id: int
    school: str
    grade: str | None
    enter: int
    leave: int


@dataclass(frozen=True, slots=True)
class CellDifference:
    """One cell: both settings (None: No Change), and how many contact points end differently after the new job.

    Either the new job turns it `on`, or turns it `off`, and the old one doesn't; or the new one leaves it alone, and
    the old one sets it (`left`).
    """

    old: bool | None
    new: bool | None
    on: int
    off: int
    left: int

    @property
    def differ(self) -> int:
        """All contact points that end differently."""
        return self.on + self.off + self.left


@dataclass(frozen=True, slots=True)
class Difference:
    """What follows from putting the new job in the place of the old one; a side is None where there is no such job.

    `cells` holds those whose setting or whose effect differs.
    """

    as_of: date
    database: str
    old: Side | None
    new: Side | None
    enter: int
    leave: int
    movements: tuple[Movement, ...]
    cells: Mapping[Channel, Mapping[Reason, CellDifference]]
    warnings: tuple[Warned, ...]

    def differing(self) -> Iterator[tuple[Channel, Reason, CellDifference]]:
        """Yield every cell that differs, in the order of every report."""
        for channel in Channel:
            for reason in Reason:
                if (cell := self.cells.get(channel, {}).get(reason)) is not None:
                    yield channel, reason, cell

    @property
    def stay(self) -> int:
        """The people in scope of both jobs."""
        return 0 if self.new is None else self.new.tally.people - self.enter
