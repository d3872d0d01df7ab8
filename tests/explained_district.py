"""A district small enough to work out by hand why everybody is in scope or not, and jobs about it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from runner.execute.explain import begin_inquiry, explain_person
from runner.report.explanation import render_explanation as render_text
from runner.values.vocabulary import Reason
from tests.district import TestDatabase, make

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from runner.values.explanation import Explanation

DAY = date(2025, 9, 2)
EARLIER = date(2025, 6, 30)
REASONS = [reason.value for reason in Reason]

STUDENT, MOTHER, FATHER, GRANDMOTHER, AUNT = 1, 2, 3, 4, 5
PART_TIME, HER_CONTACT = 6, 7
NO_SHOW, ELSEWHERE, LEFT, OLDER, NEVER, SILENT, FUTURE = 8, 10, 12, 14, 20, 22, 24
TEACHER, FORMER_TEACHER, OTHER_TEACHER, NOBODY = 16, 17, 18, 19


def contact(student: int) -> int:
    """Return the one contact of a student other than the first."""
    return student + 1


def table(columns: str, *rows: tuple[object, ...]) -> list[dict[str, object]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


def person(person_id: int, language: str | None = "Spanish") -> tuple[object, ...]:
    return (person_id, "Zebedee", "Quux", language)


def point(
    contact_point_id: int,
    owner: int,
    channel: str,
    *,
    on: Iterable[str] = (),
    address: str | None = "555-0100",
    custom: bool = False,
) -> dict[str, object]:
    shared = channel == "household_phone"
    return {
        "contact_point_id": contact_point_id,
        "person_id": None if shared else owner,
        "household_id": owner if shared else None,
        "channel": channel,
        "address": address,
        **{reason: reason in on for reason in REASONS},
        "custom": custom,
    }


def district() -> dict[str, list[dict[str, object]]]:
    enrolled = "enrollment_id person_id calendar_id grade service_type start_date end_date no_show"
    related = "relationship_id student_id contact_id name guardian messenger start_date end_date"
    others = (PART_TIME, NO_SHOW, ELSEWHERE, LEFT, OLDER, NEVER, SILENT, FUTURE)
    return {
        "school": table("school_id number name", (1, "001", "Lincoln"), (2, "002", "Elsewhere")),
        "calendar": table("calendar_id school_id name end_year", (1, 1, "Main", 2026), (2, 2, "Other", 2026)),
        "person": table(
            "person_id first_name last_name language",
            *(person(each) for each in range(1, 28) if each != SILENT),
            person(SILENT, None),
        ),
        "enrollment": table(
            enrolled,
            (1, STUDENT, 1, "03", "P", date(2025, 8, 25), None, False),
            (2, STUDENT, 2, "02", "P", date(2024, 8, 25), EARLIER, False),
            (3, PART_TIME, 1, "03", "S", None, None, False),
            (4, NO_SHOW, 1, "03", "P", None, None, True),
            (5, ELSEWHERE, 2, "03", "P", None, None, False),
            (6, LEFT, 1, "03", "P", None, EARLIER, False),
            (7, OLDER, 1, "05", "P", None, None, False),
            (8, SILENT, 1, "03", "P", None, None, False),
            (9, FUTURE, 1, "03", "P", date(2025, 10, 1), None, None),
        ),
        "relationship": table(
            related,
            (1, STUDENT, MOTHER, "Mother", True, True, None, None),
            (2, STUDENT, FATHER, "Father", True, False, None, None),
            (3, STUDENT, GRANDMOTHER, "Grandmother", None, True, None, None),
            (4, STUDENT, AUNT, "Aunt", True, True, None, EARLIER),
            *((10 + student, student, contact(student), "Mother", True, True, None, None) for student in others),
        ),
        "household": table("household_id name", (1, "Quux"), (2, "Staff")),
        "household_member": table(
            "household_member_id household_id person_id secondary start_date end_date",
            (1, 1, STUDENT, False, None, None),
            (2, 1, MOTHER, False, None, None),
            (3, 1, FATHER, True, date(2020, 1, 1), None),
            (4, 1, GRANDMOTHER, False, None, EARLIER),
            (5, 2, GRANDMOTHER, False, date(2020, 1, 1), EARLIER),
            (6, 2, TEACHER, False, None, None),
        ),
        "district_assignment": table(
            "assignment_id person_id school_id title start_date end_date",
            (1, TEACHER, 1, "Teacher", None, None),
            (2, FORMER_TEACHER, 1, "Teacher", None, EARLIER),
            (3, OTHER_TEACHER, 2, None, None, None),
        ),
        "contact_point": [
            point(1, 1, "household_phone"),
            point(2, 2, "household_phone"),
            point(10, MOTHER, "email", on=("attendance",)),
            point(11, MOTHER, "email", address=None),
            point(12, MOTHER, "email", address=" \t"),
            point(13, MOTHER, "email", custom=True, on=("general",)),
            point(14, MOTHER, "work_phone"),
            point(15, MOTHER, "cell_phone"),
            point(16, FATHER, "email"),
            point(17, TEACHER, "cell_phone"),
        ],
    }


FAMILIES: dict[str, Any] = {
    "mode": "student_contacts",
    "calendar": {"school": "lincoln", "year": "current"},
    "grades": ["03"],
    "filter": {
        "all": [
            {"any": [{"field": "person.language", "equals": "spanish"}, {"people": [99_999]}]},
            {"not": {"field": "enrollment.service_type", "in": ["S", "N"]}},
        ],
    },
    "preferences": {
        "household_phone": {"attendance": "on"},
        "email": {"attendance": "on", "general": "off"},
        "cell_phone": {"staff": "on"},
    },
}
STAFF: dict[str, Any] = {
    "mode": "census_staff",
    "calendar": {"school": "001"},
    "filter": {"field": "assignment.school", "in": ["lincoln", "elsewhere"]},
    "preferences": {"cell_phone": {"staff": "on"}, "household_phone": {"staff": "on"}},
}


def filled(folder: Path) -> TestDatabase:
    """Return a database that holds the district."""
    made = make(f"sqlite:///{folder}/district.db", folder)
    made.fill(district())
    return made


def explained(database: TestDatabase, person_id: int, job: dict[str, Any], as_of: date = DAY) -> Explanation:
    backend = database.database.backend
    with database.database.create_reader().connect() as connection:
        backend.begin_dry_run(connection)
        inquiry = begin_inquiry(connection, backend, database.job(job), as_of, lambda: False)
        return explain_person(inquiry, person_id)


def told(explanation: Explanation, *, width: int = 80, colour: bool = False) -> str:
    return render_text(explanation, width=width, colour=colour)
