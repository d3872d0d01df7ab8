"""A district small enough to be worked out by hand.

One school with calendar 10 of 2025-26. Student 1 and student 2 are siblings of mother 3, who is their messenger contact
and guardian; 4 is the aunt: contact of student 1 only, no guardian. 5 is a teacher and no one's contact. Household 50
is 1, 2, 3 and 5.
"""

from __future__ import annotations

from datetime import date

from tests.second_implementation import BITS

D = date(2025, 9, 2)
District = dict[str, list[dict[str, object]]]


def enrollment(number: int, person: int, **other: object) -> dict[str, object]:
    plain = {"calendar_id": 10, "grade": "03", "service_type": "P", "start_date": None, "end_date": None}
    return {"enrollment_id": number, "person_id": person, **plain, "no_show": False, **other}


def relationship(number: int, student: int, contact: int, **other: object) -> dict[str, object]:
    plain = {"name": "Mother", "guardian": True, "messenger": True, "start_date": None, "end_date": None}
    return {"relationship_id": number, "student_id": student, "contact_id": contact, **plain, **other}


def member(number: int, person: int, **other: object) -> dict[str, object]:
    plain = {"household_id": 50, "secondary": False, "start_date": None, "end_date": None}
    return {"household_member_id": number, "person_id": person, **plain, **other}


def assignment(number: int, person: int, **other: object) -> dict[str, object]:
    plain = {"school_id": 7, "title": None, "start_date": None, "end_date": None}
    return {"assignment_id": number, "person_id": person, **plain, **other}


def person(number: int, **other: object) -> dict[str, object]:
    empty = dict.fromkeys(("birth_date", "gender", "language", "student_number", "staff_number"))
    return {"person_id": number, "first_name": "Ana", "last_name": "Lee", **empty, **other}


def point(number: int, channel: str, owner: int, on: str = "", **other: object) -> dict[str, object]:
    """Make a contact point of a person, or for a household phone of a household, with these reasons on."""
    of_household = channel == "household_phone"
    owners = {"person_id": None if of_household else owner, "household_id": owner if of_household else None}
    flags = {reason: reason in on.split() for reason in BITS}
    return {"contact_point_id": number, "channel": channel, "address": "x", **owners, **flags, "custom": False, **other}


def district(*points: dict[str, object]) -> District:
    return {
        "school": [{"school_id": 7, "number": "001", "name": "Lincoln"}],
        "calendar": [{"calendar_id": 10, "school_id": 7, "name": "Main", "end_year": 2026}],
        "person": [person(number) for number in (1, 2, 3, 4, 5)],
        "enrollment": [enrollment(1, 1), enrollment(2, 2)],
        "relationship": [relationship(1, 1, 3), relationship(2, 2, 3), relationship(3, 1, 4, guardian=False)],
        "household": [{"household_id": 50, "name": "Lee"}],
        "household_member": [member(number, number) for number in (1, 2, 3, 5)],
        "district_assignment": [assignment(1, 5)],
        "contact_point": list(points),
    }
