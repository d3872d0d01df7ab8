"""Fills the temporary tables of a synthetic district: its words, its days, and everybody's place in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, delete, insert, or_, select, true
from sqlalchemy.schema import CreateTable

from runner.district import demo_names
from runner.district.demo_scratch import FIRST_DAY, LAST_DAY, cast, days, numbers, places, scratch, slots, words
from runner.district.demo_size import ADULTS, FAMILY_SIZES, PEOPLE_PER_BLOCK, STAFF_PER_BLOCK, STUDENTS_PER_BLOCK, Role
from runner.values.vocabulary import Channel

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from runner.district.demo_dice import Dice
    from runner.district.demo_size import Size

# For each role, how many of a hundred have a contact point of the channel; in order, and some channels twice.
_PARENT = (
    (Channel.CELL_PHONE, 97),
    (Channel.CELL_PHONE, 5),
    (Channel.EMAIL, 91),
    (Channel.SECONDARY_EMAIL, 20),
    (Channel.WORK_PHONE, 45),
    (Channel.HOME_PHONE, 30),
)
SLOTS = {
    Role.STUDENT: (
        (Channel.EMAIL, 97),
        (Channel.CELL_PHONE, 42),
        (Channel.SECONDARY_EMAIL, 9),
        (Channel.HOME_PHONE, 5),
    ),
    Role.PARENT: _PARENT,
    Role.OTHER_PARENT: _PARENT,
    Role.GRANDPARENT: (
        (Channel.HOME_PHONE, 70),
        (Channel.CELL_PHONE, 60),
        (Channel.CELL_PHONE, 3),
        (Channel.EMAIL, 40),
    ),
    Role.OTHER: ((Channel.CELL_PHONE, 80), (Channel.EMAIL, 30), (Channel.WORK_PHONE, 20)),
    Role.STAFF: (
        (Channel.WORK_PHONE, 95),
        (Channel.EMAIL, 100),
        (Channel.CELL_PHONE, 60),
        (Channel.SECONDARY_EMAIL, 20),
        (Channel.HOME_PHONE, 10),
    ),
}
DOMAINS = {Role.STUDENT: "students.example.org", Role.STAFF: "schools.example.org"}


def has(dice: Dice, role: Role, family: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a family has somebody in that role."""
    shares = {Role.OTHER_PARENT: 90, Role.GRANDPARENT: 70, Role.OTHER: 22}
    return dice.chance(family, f"has {role.name}", shares.get(role, 100))


def fill(connection: Connection, dice: Dice, size: Size) -> None:
    """Make the temporary tables and put into them all that the district's tables are drawn from."""
    for table in scratch.sorted_tables:
        # Emptied and kept, never dropped: MariaDB's DROP TABLE would commit what the caller may want to roll back.
        connection.execute(CreateTable(table, if_not_exists=True))
    empty(connection)
    _fill_numbers(connection, max(size.blocks, size.areas))
    span = range((LAST_DAY - FIRST_DAY).days + 1)
    connection.execute(insert(days), [{"n": n, "day": FIRST_DAY + timedelta(days=n)} for n in span])
    connection.execute(insert(words), _words())
    connection.execute(insert(places), _places())
    connection.execute(insert(slots), _slots(dice))
    _fill_cast(connection, dice, size)


def empty(connection: Connection) -> None:
    """Give back what the temporary tables hold."""
    for table in scratch.sorted_tables:
        connection.execute(delete(table))


def _fill_numbers(connection: Connection, count: int) -> None:
    connection.execute(insert(numbers), [{"n": 0}])
    have = 1
    while have < count:
        more = select(numbers.c.n + have).where(numbers.c.n < count - have)
        connection.execute(insert(numbers).from_select(["n"], more))
        have += have


def _words() -> list[dict[str, str | int]]:
    lists = {
        "female": demo_names.FEMALE_NAMES,
        "male": demo_names.MALE_NAMES,
        "last": demo_names.LAST_NAMES,
        "street": demo_names.STREETS,
        "language": demo_names.LANGUAGES,
        "relation": demo_names.OTHER_RELATIONS,
        "title": demo_names.TITLES,
        "level": demo_names.LEVELS,
        "first school": demo_names.FIRST_SCHOOLS,
        "school prefix": demo_names.SCHOOL_PREFIXES,
        "school": demo_names.SCHOOL_NAMES,
    }
    return [{"kind": kind, "n": n, "word": text} for kind, texts in lists.items() for n, text in enumerate(texts)]


def _places() -> list[dict[str, int | None]]:
    """Return the places of one block: of each family its children and adults, one after the other, then staff."""
    rows: list[dict[str, int | None]] = []
    student = 0
    for family, size in enumerate(FAMILY_SIZES):
        common = {"family": family, "parent": len(rows) + size}
        rows += [{"role": Role.STUDENT, "student": student + child, **common} for child in range(size)]
        # An adult is there if the family's first child is, in a last block that is not full.
        rows += [{"role": role, "student": student, **common} for role in ADULTS]
        student += size
    rows += [
        {"role": Role.STAFF, "family": None, "parent": None, "student": number * (STUDENTS_PER_BLOCK // 2)}
        for number in range(STAFF_PER_BLOCK)
    ]
    return [{"place": place, **row} for place, row in enumerate(rows)]


def _slots(dice: Dice) -> list[dict[str, str | int | None]]:
    """Return the contact points that people of a role may have, numbered."""
    rows: list[dict[str, str | int | None]] = []
    for role, points in SLOTS.items():
        for slot, (channel, percent) in enumerate(points):
            domain = {
                Channel.EMAIL: DOMAINS.get(role, "mail.example"),
                Channel.SECONDARY_EMAIL: "post.example",
            }.get(channel)
            factor = dice.factor(f"slot {slot}")
            rows.append(
                {
                    "role": role,
                    "slot": slot,
                    "channel": channel,
                    "percent": percent,
                    "factor": factor,
                    "domain": domain,
                },
            )
    return rows


def _fill_cast(connection: Connection, dice: Dice, size: Size) -> None:
    block, place = numbers.c.n, places.c
    person_id = block * PEOPLE_PER_BLOCK + place.place + 1
    family = block * len(FAMILY_SIZES) + place.family
    family_scattered = dice.scatter(family, "family")
    student_no = block * STUDENTS_PER_BLOCK + place.student
    everybody = (
        select(
            person_id,
            place.role,
            dice.scatter(person_id, "person"),
            family,
            family_scattered,
            block * PEOPLE_PER_BLOCK + place.parent + 1,
            case((place.role == Role.STUDENT, student_no)),
        )
        .select_from(numbers.join(places, true()))
        .where(
            block < size.blocks,
            student_no < size.students,
            or_(
                place.role.in_((Role.STUDENT, Role.PARENT, Role.STAFF)),
                *(and_(place.role == role, has(dice, role, family_scattered)) for role in ADULTS[1:]),
            ),
        )
    )
    connection.execute(insert(cast).from_select([column.name for column in cast.columns], everybody))
