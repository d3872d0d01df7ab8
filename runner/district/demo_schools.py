"""The schools of a synthetic district, their calendars, and who works there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, func, literal, null, or_, true

from runner import tables
from runner.district.demo_dice import digits, joined, labelled, text
from runner.district.demo_names import LEVELS, SCHOOL_NAMES, SCHOOL_PREFIXES, TITLE_SIDES
from runner.district.demo_scratch import cast, day, numbers, period, word, words
from runner.district.demo_size import Role

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from runner.district.demo_dice import Dice
    from runner.district.demo_size import Size

ACADEMY: Final = LEVELS.index("Academy")
SUMMER: Final = 2
SUMMER_EVERY: Final = 7
CALENDARS_PER_SCHOOL: Final = 3
LAST_SHORT_NUMBER: Final = 999


def schools(_: Dice, size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of school: in every area one of each level, all but Fillmore Academy with a number."""
    area, level = numbers.c.n, words.c
    number = area * len(LEVELS) + level.n
    prefix, name = word("school prefix", area % len(SCHOOL_PREFIXES)), word("school", area % len(SCHOOL_NAMES))
    return [
        labelled(
            school_id=number + 1,
            number=case(
                (number == ACADEMY, null()), (number < LAST_SHORT_NUMBER, digits(number + 1, 3)), else_=text(number + 1)
            ),
            name=case(
                (area == 0, word("first school", level.n)), else_=func.trim(joined(prefix, name, " ", level.word))
            ),
        )
        .select_from(numbers.join(words, true()))
        .where(area < size.areas, level.kind == "level"),
    ]


def calendars(_: Dice, _size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of calendar: two school years everywhere, and a summer at some schools."""
    school, names = tables.school.c.school_id, tables.school.c.name
    kinds = (
        (0, 2026, "2025-26 ", true()),
        (1, 2027, "2026-27 ", true()),
        (SUMMER, 2026, "Summer 2026 ", has_summer(school)),
    )
    return [
        labelled(
            calendar_id=calendar_id(school, number),
            school_id=school,
            name=joined(label, names),
            end_year=literal(end_year),
        ).where(there)
        for number, end_year, label, there in kinds
    ]


def assignments(dice: Dice, size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of district_assignment: one for everybody on the staff, a second or a past one for some."""
    thrown = cast.c.scattered
    school = dice.draw(thrown, "school", size.areas * len(LEVELS)) + 1
    elsewhere = dice.draw(thrown, "elsewhere", size.areas * len(LEVELS)) + 1
    past: dict[str, ColumnElement[Any]] = {
        "start_date": day(date(2015, 8, 1)),
        "end_date": day(date(2021, 6, 1), dice.draw(thrown, "past", 1000)),
    }
    kinds: tuple[tuple[ColumnElement[int], dict[str, ColumnElement[Any]], Any], ...] = (
        (school, period(dice, thrown, "assignment"), true()),
        (elsewhere, period(dice, thrown, "second"), dice.chance(thrown, "has second", 15)),
        (elsewhere, past, dice.chance(thrown, "has past", 10)),
    )
    return [
        labelled(
            assignment_id=cast.c.person_id + number * size.last_person,
            person_id=cast.c.person_id,
            school_id=where,
            title=word("title", dice.draw(thrown, f"title {number}", TITLE_SIDES)),
            **dates,
        ).where(is_staff(dice), there)
        for number, (where, dates, there) in enumerate(kinds)
    ]


def is_staff(dice: Dice) -> ColumnElement[bool]:
    """Return the condition that somebody of the cast works for the district: the staff, and some parents."""
    parents = cast.c.role.in_((Role.PARENT, Role.OTHER_PARENT))
    return or_(cast.c.role == Role.STAFF, and_(parents, dice.chance(cast.c.scattered, "staff", 2)))


def calendar_id(school_id: ColumnElement[int], number: int) -> ColumnElement[int]:
    """Return an expression for a school's calendar: 0 is 2025-26, 1 is 2026-27, 2 is the summer between them."""
    return school_id * CALENDARS_PER_SCHOOL + (number - CALENDARS_PER_SCHOOL + 1)


def has_summer(school_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a school has a summer calendar; Roosevelt High is the first that has."""
    return school_id % SUMMER_EVERY == LEVELS.index("High") + 1
