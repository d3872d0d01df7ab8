"""Who is enrolled where in a synthetic district: two school years, second schools, and summer courses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, false, literal, not_, null, true

from runner.district.demo_dice import digits, labelled
from runner.district.demo_names import LEVELS
from runner.district.demo_schools import ACADEMY, SUMMER, calendar_id, has_summer
from runner.district.demo_scratch import cast, day
from runner.district.demo_size import Role

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from runner.district.demo_dice import Dice
    from runner.district.demo_size import Size

FIRST_GRADE, KINDERGARTEN, LAST_GRADE = -1, 0, 12  # -1 is PK
LAST_ELEMENTARY, LAST_MIDDLE = 5, 8
# Of a hundred enrollments four end in mid-year, four begin then, and one has no start.
LEAVERS, LATE, STARTLESS = 4, 8, 9


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """A school year of the demo; `end` is None for the one that is still open."""

    number: int
    start: date
    end: date | None


YEARS: Final = (
    SchoolYear(0, date(2025, 8, 25), date(2026, 5, 29)),
    SchoolYear(1, date(2026, 8, 24), None),
)
SUMMER_START, SUMMER_END = date(2026, 6, 8), date(2026, 7, 10)


def enrollments(dice: Dice, size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of enrollment: each year's, a second one at another school for some, and the summer's."""
    selects = [make(dice, size, year) for year in YEARS for make in (_primary, _second)]
    selects.append(_summer(dice, size))
    return [
        select.add_columns((cast.c.student_no + 1 + number * size.students).label("enrollment_id"))
        for number, select in enumerate(selects)
    ]


def grade(dice: Dice, later: int = 0) -> ColumnElement[int]:
    """Return an expression for a student's grade so many years after 2025-26; it may be outside of school."""
    thrown = dice.draw(cast.c.scattered, "grade", 29)
    return case((thrown == 0, later - 2), (thrown <= 2, later - 1), else_=(thrown - 3) % (LAST_GRADE + 1) + later)  # noqa: PLR2004


def _primary(dice: Dice, size: Size, year: SchoolYear) -> Select[*tuple[Any, ...]]:
    course, thrown = _course(dice, year), cast.c.scattered
    start = case(
        (course.between(LEAVERS, LATE - 1), day(year.start, dice.draw(thrown, "late", 120) + 10)),
        (course == LATE, null()),
        else_=literal(year.start),
    )
    leaves = day(year.start, dice.draw(thrown, "leaves", 220) + 15)
    return _enrollment(
        dice,
        year,
        _school(dice, size, grade(dice, year.number)),
        service_type=literal("P"),
        start_date=start,
        end_date=case((course < LEAVERS, leaves), else_=null() if year.end is None else literal(year.end)),
        no_show=case(
            (dice.chance(thrown, f"no show {year.number}", 2), true()),
            (dice.chance(thrown, f"show {year.number}", 90), false()),
        ),
    )


def _second(dice: Dice, size: Size, year: SchoolYear) -> Select[*tuple[Any, ...]]:
    kind = dice.draw(cast.c.scattered, "second", 100)
    return _enrollment(
        dice,
        year,
        _school(dice, size, grade(dice, year.number), other=True),
        service_type=case((kind < 2, "S"), else_="N"),  # noqa: PLR2004
        start_date=literal(year.start),
        end_date=literal(year.end),
        no_show=false(),
    ).where(kind < 4)  # noqa: PLR2004


def _summer(dice: Dice, size: Size) -> Select[*tuple[Any, ...]]:
    school = _school(dice, size, grade(dice))
    return _enrollment(
        dice,
        YEARS[0],
        school,
        calendar_id=calendar_id(school, SUMMER),
        service_type=literal("S"),
        start_date=literal(SUMMER_START),
        end_date=literal(SUMMER_END),
        no_show=false(),
    ).where(has_summer(school), dice.chance(cast.c.scattered, "summer", 12))


def _enrollment(
    dice: Dice,
    year: SchoolYear,
    school: ColumnElement[int],
    **columns: ColumnElement[Any],
) -> Select[*tuple[Any, ...]]:
    now = grade(dice, year.number)
    common = {
        "person_id": cast.c.person_id,
        "calendar_id": calendar_id(school, year.number),
        "grade": case((now == FIRST_GRADE, "PK"), (now == KINDERGARTEN, "KG"), else_=digits(now, 2)),
    }
    of_age = and_(cast.c.role == Role.STUDENT, now.between(FIRST_GRADE, LAST_GRADE))
    # Some of those who left in the middle of the first year do not come back.
    gone = and_(_course(dice, YEARS[0]) < LEAVERS, dice.chance(cast.c.scattered, "gone", 60))
    return labelled(**(common | columns)).where(of_age, *([] if year is YEARS[0] else [not_(gone)]))


def _course(dice: Dice, year: SchoolYear) -> ColumnElement[int]:
    return dice.draw(cast.c.scattered, f"course {year.number}", 100)


def _school(dice: Dice, size: Size, grade: ColumnElement[int], *, other: bool = False) -> ColumnElement[int]:
    """Return an expression for the school of a student's family for that grade, or for a second school."""
    family = cast.c.family_scattered
    level = case((grade <= LAST_ELEMENTARY, 0), (grade <= LAST_MIDDLE, 1), else_=2)
    usual, unusual = (level, literal(ACADEMY)) if other else (literal(ACADEMY), level)
    mine = case((dice.chance(family, "academy", 20), usual), else_=unusual)
    return dice.draw(family, "area", size.areas) * len(LEVELS) + mine + 1
