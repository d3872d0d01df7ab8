"""The people of a synthetic district, and how they belong together: relationships, households, members."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, false, null, or_, true

from runner.district.demo_cast import has
from runner.district.demo_dice import joined, labelled, text
from runner.district.demo_enrollments import grade
from runner.district.demo_names import FEMALE_NAMES, LANGUAGE_SIDES, LAST_NAMES, MALE_NAMES, OTHER_RELATIONS, STREETS
from runner.district.demo_schools import is_staff
from runner.district.demo_scratch import cast, day, period, word
from runner.district.demo_size import Role

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from runner.district.demo_dice import Dice
    from runner.district.demo_size import Size

BIRTHS: Final = {
    Role.PARENT: (date(1970, 1, 1), 9_500),
    Role.OTHER_PARENT: (date(1968, 1, 1), 10_000),
    Role.GRANDPARENT: (date(1942, 1, 1), 7_300),
    Role.OTHER: (date(1955, 1, 1), 14_000),
    Role.STAFF: (date(1960, 1, 1), 13_800),
}
"""Of each role the first birthday that there can be, and how many days there are to draw from."""

# In a hundred: guardians, and messenger contacts.
SHARES: Final = {
    Role.PARENT: (97, 95),
    Role.OTHER_PARENT: (86, 80),
    Role.GRANDPARENT: (6, 25),
    Role.OTHER: (3, 12),
}
COUPLES: Final = 20  # of twenty couples two have the father first, one has two mothers, one has a stepfather


def people(dice: Dice, _: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of person."""
    role, thrown, family = cast.c.role, cast.c.scattered, cast.c.family_scattered
    gender, female = dice.draw(thrown, "gender", 50), _female(dice)
    names_own = or_(role == Role.STAFF, role == Role.OTHER, dice.chance(thrown, "own name", 10))
    # The children of a family share its name, and its adults mostly do.
    source = case((and_(role != Role.STUDENT, names_own), thrown), else_=family)
    speaks = case((or_(role == Role.STAFF, dice.chance(thrown, "own language", 5)), thrown), else_=family)
    return [
        labelled(
            person_id=cast.c.person_id,
            first_name=case(
                (female == 1, word("female", dice.draw(thrown, "name", len(FEMALE_NAMES)))),
                else_=word("male", dice.draw(thrown, "name", len(MALE_NAMES))),
            ),
            last_name=word("last", dice.draw(source, "last name", len(LAST_NAMES))),
            birth_date=_birth_date(dice),
            gender=case((gender == 0, "X"), (gender == 1, null()), (female == 1, "F"), else_="M"),
            language=word("language", dice.draw(speaks, "language", LANGUAGE_SIDES)),
            student_number=case((role == Role.STUDENT, joined("S", text(cast.c.student_no + 100_001)))),
            staff_number=case((is_staff(dice), joined("T", text(cast.c.person_id + 100_000)))),
        ).select_from(cast),
    ]


def relationships(dice: Dice, size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of relationship: of each student to every adult of the family."""
    student, thrown = cast.c, cast.c.scattered
    return [
        labelled(
            relationship_id=student.person_id + number * size.last_person,
            student_id=student.person_id,
            contact_id=student.parent_id + number,
            name=_relation(dice, role),
            guardian=dice.flag(thrown, f"guardian {role}", guardians),
            messenger=dice.flag(thrown, f"messenger {role}", messengers),
            **period(dice, thrown, f"relationship {role}"),
        ).where(student.role == Role.STUDENT, has(dice, role, student.family_scattered))
        for number, (role, (guardians, messengers)) in enumerate(SHARES.items())
    ]


def households(dice: Dice, size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of household: one a family, and a second one for parents who live apart."""
    thrown = cast.c.scattered  # the first parent's: there is one in every family
    return [
        labelled(
            household_id=cast.c.family + 1 + number * size.families,
            name=joined(
                text(dice.draw(thrown, f"house {number}", 989) + 11),
                " ",
                word("street", dice.draw(thrown, f"street {number}", len(STREETS))),
                " Street",
            ),
        ).where(cast.c.role == Role.PARENT, there)
        for number, there in enumerate((true(), _apart(dice)))
    ]


def members(dice: Dice, size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of household_member: children of parents who live apart belong to both households."""
    role, thrown, apart = cast.c.role, cast.c.scattered, _apart(dice)
    at_home = or_(
        role.in_((Role.STUDENT, Role.PARENT)),
        and_(role == Role.OTHER_PARENT, ~apart),
        and_(role == Role.GRANDPARENT, dice.chance(thrown, "lives with them", 20)),
    )
    elsewhere = and_(role.in_((Role.STUDENT, Role.OTHER_PARENT)), apart)
    sometimes = case((dice.chance(thrown, "no secondary", 5), null()), else_=false())
    second = case((role == Role.STUDENT, true()), else_=false())
    return [
        labelled(
            household_member_id=cast.c.person_id + number * size.last_person,
            household_id=cast.c.family + 1 + number * size.families,
            person_id=cast.c.person_id,
            secondary=secondary,
            **period(dice, thrown, f"member {number}"),
        ).where(there)
        for number, (there, secondary) in enumerate(((at_home, sometimes), (elsewhere, second)))
    ]


def _apart(dice: Dice) -> ColumnElement[bool]:
    """Return the condition that the parents of a family live apart."""
    family = cast.c.family_scattered
    return and_(dice.chance(family, "apart", 16), has(dice, Role.OTHER_PARENT, family))


def _female(dice: Dice) -> ColumnElement[int]:
    """Return an expression that is 1 for who is called by a woman's name."""
    couple = dice.draw(cast.c.family_scattered, "couple", COUPLES)
    return case(
        (cast.c.role == Role.PARENT, case((couple.in_((0, 1)), 0), else_=1)),
        (cast.c.role == Role.OTHER_PARENT, case((couple <= 2, 1), else_=0)),  # noqa: PLR2004
        (cast.c.role == Role.GRANDPARENT, _elder(dice)),
        else_=dice.draw(cast.c.scattered, "female", 2),
    )


def _elder(dice: Dice) -> ColumnElement[int]:
    return dice.draw(cast.c.family_scattered, "elder", 2)


def _relation(dice: Dice, role: Role) -> ColumnElement[str]:
    """Return an expression for what an adult is to the children of the family."""
    family = cast.c.family_scattered
    couple = dice.draw(family, "couple", COUPLES)
    match role:
        case Role.PARENT:
            return case((couple.in_((0, 1)), "Father"), (couple == COUPLES - 1, "Guardian"), else_="Mother")
        case Role.OTHER_PARENT:
            return case((couple <= 2, "Mother"), (couple == 3, "Stepfather"), else_="Father")  # noqa: PLR2004
        case Role.GRANDPARENT:
            return case((_elder(dice) == 1, "Grandmother"), else_="Grandfather")
        case _:
            return word("relation", dice.draw(family, "relation", len(OTHER_RELATIONS)))


def _birth_date(dice: Dice) -> ColumnElement[date | None]:
    """Return an expression for a birthday: a student's by grade, an adult's by role, and of a few none."""
    thrown = cast.c.scattered
    school_age = day(date(2019, 9, 1), dice.draw(thrown, "birth", 365) - grade(dice) * 365)
    grown_up = [(cast.c.role == role, day(first, dice.draw(thrown, "birth", n))) for role, (first, n) in BIRTHS.items()]
    return case((dice.chance(thrown, "no birth date", 2), null()), *grown_up, else_=school_age)
