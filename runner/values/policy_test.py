"""A policy test as values: a small district, what a job must do to it, and what came out instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Any

    from runner.values.job import Job
    from runner.values.problems import Position, Problem
    from runner.values.vocabulary import Channel, Concern, Reason

Preference = tuple[int, "Reason"]
"""A contact point by its id, and a reason."""


@dataclass(frozen=True, slots=True)
class SmallDistrict:
    """A district written out: the rows of its tables, and what the test calls people and contact points by their ids.

    `owners` has for each contact point the name of its person, or of its household, and its channel.
    """

    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    people: Mapping[int, str]
    owners: Mapping[int, tuple[str, Channel]]

    def person(self, person_id: int) -> str:
        """Return what the test calls somebody."""
        return self.people.get(person_id, f"person {person_id}")


@dataclass(frozen=True, slots=True)
class DemoDistrict:
    """The synthetic district of `runner demo`, with so many students. People are known by their ids."""

    students: int

    def person(self, person_id: int) -> str:
        """Return what a report calls somebody."""
        return f"person {person_id}"


District = SmallDistrict | DemoDistrict


@dataclass(frozen=True, slots=True)
class Expected:
    """What a test expects, each with its place. What is None, or not in a mapping, does not count.

    `numbers` are known by their path in the result's JSON. `people` are ids, `preferences` what changes, True to on.
    """

    numbers: Mapping[tuple[str, ...], tuple[int, Position]]
    people: Mapping[Concern, tuple[frozenset[int], Position]]
    preferences: Mapping[Preference, tuple[bool, Position]] | None
    errors: tuple[frozenset[str], Position | None]
    warnings: tuple[frozenset[str], Position] | None
    place: Position
    preferences_place: Position


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One test: its name and place, the job, the day, the district, what must come out."""

    name: str
    place: Position
    job: Job
    as_of: date
    district: District
    expected: Expected


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as expected: at which place of the test, what it is, both sides in words, and why.

    `people` and `preference` are what it is about, where single ones can be named.
    """

    place: Position
    what: str
    expected: str
    actual: str
    why: tuple[str, ...] = ()
    people: tuple[int, ...] = ()
    preference: Preference | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of one test; it passed where nothing is otherwise than expected. `seconds` are elapsed ones."""

    test: PolicyTest
    mismatches: tuple[Mismatch, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.mismatches


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file of tests that reads well, or its problems."""

    __test__ = False

    file: str
    tests: tuple[PolicyTest, ...] = ()
    problems: tuple[Problem, ...] = ()
