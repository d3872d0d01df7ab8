"""Jobs → the cells that two of them set differently, by reading alone: all but those that certainly never meet."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

from runner.values.conflicts import Opposite, Setting
from runner.values.job import All, Not, People, Query
from runner.values.job import Any as AnyOf
from runner.values.result import Warned
from runner.values.vocabulary import FIELDS, Channel, FieldKind, Mode, Operator, Reason, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from runner.values.job import Job, Node

    Value = str | int | date | None
    Cell = tuple[Channel, Reason]

_PERSON = "person"


def opposites(jobs: Sequence[Job]) -> tuple[Opposite, ...]:
    """Return the opposite settings among jobs, pair by pair in the order of the jobs."""
    setters: dict[Cell, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for number, job in enumerate(jobs):
        for channel, row in job.preferences.items():
            for reason, is_on in row.items():
                setters[channel, reason][is_on].append(number)
    # from the cells to the pairs: most jobs of a thousand contradict no other, and need not be held against each
    pairs: dict[tuple[int, int], set[Cell]] = defaultdict(set)
    for cell, (off, on) in setters.items():
        for one, other in product(off, on):
            pairs[min(one, other), max(one, other)].add(cell)
    return tuple(
        opposite
        for (first, second), cells in sorted(pairs.items())
        for opposite in _between((first, jobs[first]), (second, jobs[second]), cells)
    )


def warn(opposite: Opposite) -> Warned:
    """Return the warning that two jobs contradict each other, as far as reading alone can tell."""
    first, second = opposite.first, opposite.second
    words = {True: "on", False: "off"}
    return Warned(
        "opposite-settings",
        f"`{opposite.channel}: {opposite.reason}` is {words[first.on]} here, and {words[second.on]} at {second.place}",
        first.place,
        "`runner conflicts` counts the contact points that both jobs set",
        second.place,
    )


def _between(one: tuple[int, Job], other: tuple[int, Job], cells: set[Cell]) -> Iterator[Opposite]:
    """Yield the opposite cells of two jobs, but those that certainly never meet."""
    apart = _never_the_same_people(one[1], other[1])
    for channel, reason in product(Channel, Reason):
        # A household's phone is shared: people of two jobs may live in one household.
        if (channel, reason) in cells and (channel is Channel.HOUSEHOLD_PHONE or not apart):
            yield Opposite(channel, reason, _told(*one, channel, reason), _told(*other, channel, reason))


def _told(number: int, job: Job, channel: Channel, reason: Reason) -> Setting:
    on = job.preferences[channel][reason]
    return Setting(number, job.name, on, job.places[f"preferences.{channel}.{reason}"])


def _never_the_same_people(one: Job, other: Job) -> bool:
    """Say whether the filters ask for different values of a field of which every person has one.

    Calendars and grades are no proof: somebody may have two enrollments. Nor is a filter of students where contacts
    are in scope: they may be contacts of two students.
    """
    if Mode.STUDENT_CONTACTS in {one.mode, other.mode}:
        return False
    known: dict[str, tuple[set[Value] | None, set[Value]]] = {}
    for job in (one, other):
        for field, values, admitted in _demands(job.filter):
            allowed, excluded = known.get(field, (None, set()))
            if admitted:
                allowed = values if allowed is None else allowed & values
            else:
                excluded = excluded | values
            known[field] = allowed, excluded
    return any(allowed is not None and not allowed - excluded for allowed, excluded in known.values())


def _demands(node: Node | None, *, holds: bool = True) -> Iterator[tuple[str, set[Value], bool]]:
    """Yield what everybody fulfils whom the filter selects: a field, values (None: missing), admitted or excluded."""
    match node:
        case Not(inner):
            yield from _demands(inner, holds=not holds)
        case All(nodes) | AnyOf(nodes) if len(nodes) == 1 or isinstance(node, All) is holds:
            for inner in nodes:
                yield from _demands(inner, holds=holds)
        case People(ids):
            yield "person.person_id", set(ids), holds
        case Query(field, operator, values) if field.table == _PERSON and operator in _VALUES:
            yield field.name, *_admits(operator, {_compared(field.name, value) for value in values}, holds=holds)
        case _:
            pass


_VALUES = {Operator.EQUALS, Operator.IN, Operator.NOT_EQUALS, Operator.NOT_IN, Operator.IS_NULL}


def _admits(operator: Operator, values: set[Value], *, holds: bool) -> tuple[set[Value], bool]:
    match operator:
        case Operator.EQUALS | Operator.IN:
            return values, holds
        case Operator.IS_NULL:
            return {None}, (True in values) is holds
        case _:  # a missing value is not unequal either
            return values | {None}, not holds


def _compared(field: str, value: str | int | date) -> Value:
    return fold(str(value)) if FIELDS[field].kind is FieldKind.TEXT and isinstance(value, str) else value
