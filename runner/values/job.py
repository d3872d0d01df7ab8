"""A job as a value: what its file says, read, checked and complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from runner.values.problems import Position
    from runner.values.vocabulary import (
        Channel,
        CustomSelections,
        Enrollments,
        Field,
        Mode,
        Operator,
    )

CURRENT = "current"
"""The year of a calendar entry that means: the school year which holds `as_of`."""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One entry of `calendar`; the keys given all hold together. `year` is an end year, or `CURRENT`."""

    school: str | None
    year: int | str | None
    name: str | None
    place: Position


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the nodes holds."""

    nodes: tuple[Node, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of the nodes holds."""

    nodes: tuple[Node, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class Not:
    """The node does not hold."""

    node: Node
    place: Position


@dataclass(frozen=True, slots=True)
class Query:
    """A field compared with values: one, two for `between`, any number for `in` and `not_in`, a bool for `is_null`."""

    field: Field
    operator: Operator
    values: tuple[str | int | date | bool, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class People:
    """A selection of people by their ids."""

    ids: tuple[int, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class PassThrough:
    """The district's own SELECT, with a column `person_id`; it has passed the shape check.

    `template` is the same with `:as_of` open and every other colon behind a backslash.
    """

    sql: str
    template: str
    place: Position


Node = All | Any | Not | Query | People | PassThrough


def numbered(node: Node) -> Iterator[Node]:
    """Yield a filter tree's nodes in the order of their numbers: each before what is below it."""
    yield node
    for inner in below(node):
        yield from numbered(inner)


def below(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below a node."""
    match node:
        case All(nodes) | Any(nodes):
            return nodes
        case Not(inner):
            return (inner,)
        case _:
            return ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The guards of a job; None is no limit. `changed_percent` is a percentage of the eligible preferences."""

    people: int | None = None
    changed: int | None = None
    changed_percent: Decimal | None = None
    custom: int | None = None
    lost: int | None = None


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that belongs to a job. `text` is None for a people file, of which only the hash is kept."""

    path: str
    sha256: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """A job file, complete: defaults filled in, files it names read, every value checked.

    `preferences` holds the cells that are set, True for on; cells of No Change are not in it. `grades` is None where
    the job names none. `places` gives the position of each top-level key, for problems that only a database can find.
    """

    name: str
    description: str | None
    mode: Mode
    calendars: tuple[CalendarEntry, ...]
    grades: tuple[str, ...] | None
    enrollment: Enrollments
    filter: Node | None
    preferences: Mapping[Channel, Mapping[Reason, bool]]
    guardians_only: bool
    custom_selections: CustomSelections
    allow_empty: bool
    limits: Limits
    file: str
    sha256: str
    files: tuple[ReadFile, ...]
    places: Mapping[str, Position]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons that the job sets for any channel, in the vocabulary's order."""
        return tuple(reason for reason in Reason if any(reason in cells for cells in self.preferences.values()))
