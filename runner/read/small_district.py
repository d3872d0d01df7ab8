"""The short notation of a district, as policy tests write it, to the rows of its tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any

from runner.read.near_misses import did_you_mean, nearest
from runner.values.policy_test import SmallDistrict
from runner.values.problems import Problem
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.read.document import Document, Way

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
OF_PERSON = tuple(channel for channel in Channel if channel is not Channel.HOUSEHOLD_PHONE)
TEXTS = ("gender", "language", "student_number", "staff_number")
FIRST_ID = 1_000_001
"""Of those who have no id of their own: none that a filter is likely to list."""

ADDRESSES = {"present": "x", "blank": " ", "missing": None}


@dataclass(frozen=True, slots=True)
class Branch:
    """A value of a document with the way to it; a mapping holds branches again."""

    value: Any
    way: Way

    def items(self) -> Iterator[tuple[str, Branch]]:
        """Yield the keys and values of a mapping; of a list of names each name, with nothing below it."""
        if isinstance(self.value, list):
            yield from ((str(name), Branch({}, (*self.way, place))) for place, name in enumerate(self.value))
        elif isinstance(self.value, dict):
            yield from self.value.items()

    def at(self, key: str) -> Branch:
        """Return what stands under a key; None, where this would stand, if nothing does."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return Branch(None, self.way) if found is None else found

    def text(self, key: str, otherwise: str | None = None) -> str | None:
        """Return the text under a key."""
        value = self.at(key).value
        return otherwise if value is None else value

    def flag(self, key: str, *, otherwise: bool) -> bool:
        """Return the flag under a key."""
        value = self.at(key).value
        return otherwise if value is None else value


def branch(document: Document, way: Way) -> Branch:
    """Return a part of a document, with the way to each of its parts."""
    data = document.value(way)
    return Branch({key: branch(document, (*way, key)) for key in data} if isinstance(data, dict) else data, way)


def changed(district: Branch, change: Branch) -> Branch:
    """Return a district with a change: mappings are merged, everything else is replaced."""
    if not (isinstance(district.value, dict) and isinstance(change.value, dict)):
        return change
    merged = {
        key: changed(district.value[key], inner) if key in district.value else inner
        for key, inner in change.value.items()
    }
    return Branch({**district.value, **merged}, district.way)


def read_day(document: Document, way: Way, problems: list[Problem]) -> date | None:
    """Return the day that is written at a place; None, and a problem, where it is none."""
    text = document.value(way)
    if not isinstance(text, str):
        return None
    written = re.fullmatch(DATE, text) is not None
    try:
        return date.fromisoformat(text if written else "")
    except ValueError:
        message = "There is no such day." if written else f"`{text[:40]}` is no date written YYYY-MM-DD."
        problems.append(Problem("wrong-date", message, document.place(way), "2026-08-24, for example"))
        return None


def unknown_name(document: Document, way: Way, what: str, name: str, known: Mapping[str, object]) -> Problem:
    """Return the problem of a name that stands for nothing in the test's district."""
    hint = did_you_mean(nearest(name, known)) or "it has " + (", ".join(f"`{each}`" for each in known) or "none")
    place = document.place(way) if isinstance(way[-1], int) else document.key_place(way)
    return Problem("unknown-name", f"The district of this test has no {what} `{name}`.", place, hint)


def read_small_district(document: Document, district: Branch, problems: list[Problem]) -> SmallDistrict:
    """Return the rows of a district of the right shape; names that lead nowhere, and no dates, become problems."""
    made = _Rows(document, problems)
    made.calendars(district.at("calendars"))
    made.people(district.at("people"))
    made.households(district.at("households"))
    rows = {name: tuple(several) for name, several in made.rows.items()}
    return SmallDistrict(rows, {number: name for name, number in made.person_ids.items()}, made.owners)


@dataclass(slots=True)
class _Rows:
    """The rows made so far, and the ids of what has a name."""

    document: Document
    problems: list[Problem]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calendar_ids: dict[str, tuple[int, int]] = field(default_factory=dict)
    person_ids: dict[str, int] = field(default_factory=dict)
    owners: dict[int, tuple[str, Channel]] = field(default_factory=dict)

    def add(self, table: str, key: str, **columns: object) -> int:
        """Add a row with the next number as its key, and return that."""
        rows = self.rows.setdefault(table, [])
        rows.append({key: len(rows) + 1, **columns})
        return len(rows)

    def calendars(self, calendars: Branch) -> None:
        schools: dict[str, int] = {}
        numbers: dict[str, str] = {}
        for name, entry in calendars.items():
            school, year = entry.text("school"), entry.at("year").value
            if school is None or year is None:
                self._missing(entry, "school" if school is None else "year")
                self.calendar_ids[name] = (0, 0)  # so that nobody is told that there is no such calendar
                continue
            number_of_school = entry.text("number")
            if number_of_school is not None and numbers.setdefault(number_of_school, school) != school:
                message = f"The school `{numbers[number_of_school]}` has the number `{number_of_school}` already."
                place = self.document.place(entry.at("number").way)
                self.problems.append(Problem("wrong-value", message, place, "a number is one school's"))
            if school not in schools:
                schools[school] = self.add("school", "school_id", number=number_of_school, name=school)
            number = schools[school]
            key = self.add("calendar", "calendar_id", school_id=number, name=entry.text("name", name), end_year=year)
            self.calendar_ids[name] = (key, number)

    def people(self, people: Branch) -> None:
        self._number(people)
        for name, somebody in people.items():
            number = self.person_ids[name]
            self.rows.setdefault("person", []).append(
                {
                    "person_id": number,
                    "first_name": somebody.text("first_name", name),
                    "last_name": somebody.text("last_name", name),
                    "birth_date": self._day(somebody, "birth_date"),
                    **{column: somebody.text(column) for column in TEXTS},
                }
            )
        for name, somebody in people.items():
            self._enrollments(somebody.at("enrolled"), self.person_ids[name])
            self._assignments(somebody.at("assigned"), self.person_ids[name])
            self._relationships(somebody.at("contact_of"), self.person_ids[name])
            for channel in OF_PERSON:
                self._point(somebody.at(channel), name, channel, person_id=self.person_ids[name], household_id=None)

    def households(self, households: Branch) -> None:
        for name, household in households.items():
            number = self.add("household", "household_id", name=name)
            for member, more in household.at("members").items():
                if (who := self._person(member, more)) is not None:
                    secondary = more.flag("secondary", otherwise=False)
                    self.add(
                        "household_member",
                        "household_member_id",
                        household_id=number,
                        person_id=who,
                        secondary=secondary,
                        **self._span(more),
                    )
            phone = household.at("phone")
            self._point(phone, name, Channel.HOUSEHOLD_PHONE, person_id=None, household_id=number)

    def _number(self, people: Branch) -> None:
        """Give everybody a number: their own where they have one."""
        own: dict[int, str] = {}
        for name, somebody in people.items():
            number = somebody.at("id").value
            if number in own:
                message = f"`{own[number]}` has the id {number} already."
                self.problems.append(
                    Problem("wrong-value", message, self.document.place(somebody.at("id").way), "an id is one person's")
                )
            elif number is not None:
                own[number] = name
        free = (number for number in count(FIRST_ID) if number not in own)
        for name, somebody in people.items():
            number = somebody.at("id").value
            self.person_ids[name] = next(free) if number is None else number

    def _enrollments(self, enrolled: Branch, person_id: int) -> None:
        for calendar, more in enrolled.items():
            plain = isinstance(more.value, str)
            grade = more.value if plain else more.text("grade")
            if grade is None:
                self._missing(more, "grade")
            elif (found := self._calendar(calendar, more)) is not None:
                self.add(
                    "enrollment",
                    "enrollment_id",
                    person_id=person_id,
                    calendar_id=found[0],
                    grade=grade,
                    service_type=more.text("service_type", "P"),
                    no_show=more.flag("no_show", otherwise=False),
                    **self._span(more),
                )

    def _assignments(self, assigned: Branch, person_id: int) -> None:
        for calendar, more in assigned.items():
            if (found := self._calendar(calendar, more)) is not None:
                title = more.value if isinstance(more.value, str) else more.text("title")
                self.add(
                    "district_assignment",
                    "assignment_id",
                    person_id=person_id,
                    school_id=found[1],
                    title=title,
                    **self._span(more),
                )

    def _relationships(self, contact_of: Branch, person_id: int) -> None:
        for student, more in contact_of.items():
            if (found := self._person(student, more)) is not None:
                self.add(
                    "relationship",
                    "relationship_id",
                    student_id=found,
                    contact_id=person_id,
                    name=more.text("name", "Parent"),
                    guardian=more.flag("guardian", otherwise=True),
                    messenger=more.flag("messenger", otherwise=True),
                    **self._span(more),
                )

    def _point(self, point: Branch, owner: str, channel: Channel, **owners: int | None) -> None:
        if point.value is None:
            return
        on = point.value if isinstance(point.value, list) else point.at("on").value or []
        number = self.add(
            "contact_point",
            "contact_point_id",
            channel=channel.value,
            address=ADDRESSES[point.text("address") or "present"],
            custom=point.flag("custom", otherwise=False),
            **{reason.value: reason.value in on for reason in Reason},
            **owners,
        )
        self.owners[number] = (owner, channel)

    def _span(self, row: Branch) -> dict[str, date | None]:
        return {"start_date": self._day(row, "from"), "end_date": self._day(row, "to")}

    def _day(self, row: Branch, key: str) -> date | None:
        found = row.at(key)
        return None if found.value is None else read_day(self.document, found.way, self.problems)

    def _calendar(self, name: str, place: Branch) -> tuple[int, int] | None:
        if name not in self.calendar_ids:
            self.problems.append(unknown_name(self.document, place.way, "calendar", name, self.calendar_ids))
        return self.calendar_ids.get(name)

    def _person(self, name: str, place: Branch) -> int | None:
        if name not in self.person_ids:
            self.problems.append(unknown_name(self.document, place.way, "person", name, self.person_ids))
        return self.person_ids.get(name)

    def _missing(self, row: Branch, key: str) -> None:
        self.problems.append(
            Problem("missing-key", f"The key `{key}` is missing.", self.document.place(row.way)),
        )
