"""Calendars, mode, grades and filter → the ids of the people in scope, and the reasons where nobody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, false, func, literal_column, or_, select, true

from runner.compile.conditions import condition, same_text
from runner.compile.plan import WhyEmpty
from runner.tables import calendar, district_assignment, enrollment, person, relationship, school
from runner.values.job import CURRENT
from runner.values.vocabulary import Enrollments, Mode, fold

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, Table

    from runner.backends.backend import Language
    from runner.compile.conditions import Selections
    from runner.values.job import CalendarEntry, Job

_JULY = 7


@dataclass(frozen=True, slots=True)
class Day:
    """The day that a run is for: as a date, and as the one bind parameter of every statement."""

    on: date
    bound: BindParameter[date]


def day(as_of: date, prefix: str = "") -> Day:
    """Return the day with its bind parameter; the prefix is that of the plan which it belongs to."""
    return Day(as_of, bindparam(f"{prefix}as_of", as_of, type_=person.c.birth_date.type))


def school_year(as_of: date) -> int:
    """Return the end year of the school year that holds a day; years turn on July 1."""
    return as_of.year + 1 if as_of.month >= _JULY else as_of.year


def active(table: Table, day: Day) -> ColumnElement[bool]:
    """Return whether a row is active on the day: both ends count, a missing one is open."""
    return and_(
        or_(table.c.start_date.is_(None), table.c.start_date <= day.bound),
        or_(table.c.end_date.is_(None), table.c.end_date >= day.bound),
    )


def in_scope(job: Job, day: Day, language: Language, selections: Selections) -> Select[Any]:
    """Return the select of the ids of the people in scope, each once."""
    if job.mode is Mode.CENSUS_STAFF:
        return (
            select(district_assignment.c.person_id)
            .select_from(_STAFF)
            .where(*_staff_conditions(job, day, language, selections))
            .distinct()
        )
    students = (
        select(enrollment.c.person_id)
        .select_from(_ENROLLED)
        .where(
            *_student_conditions(job, day, language, selections),
        )
    )
    if job.mode is Mode.STUDENTS:
        return students.distinct()
    return (
        select(relationship.c.contact_id.label("person_id"))
        .where(relationship.c.student_id.in_(students), *_contact_conditions(job, day))
        .distinct()
    )


def ways_into_scope(job: Job, day: Day, language: Language, selections: Selections) -> Select[Any]:
    """Return the select of how people come to be in scope: who, at which school, and in which grade.

    Columns: person_id, school_id, school (its name) and grade, of each enrollment that puts the person, or a student
    whose contact the person is, in scope; of each assignment in the staff mode, which knows no grade.
    """
    if job.mode is Mode.CENSUS_STAFF:
        return (
            select(
                district_assignment.c.person_id,
                school.c.school_id,
                school.c.name.label("school"),
                literal_column("null", enrollment.c.grade.type).label("grade"),
            )
            .select_from(_STAFF)
            .where(*_staff_conditions(job, day, language, selections))
        )
    there = _ENROLLED.join(calendar, calendar.c.calendar_id == enrollment.c.calendar_id).join(
        school,
        school.c.school_id == calendar.c.school_id,
    )
    where = (school.c.school_id, school.c.name.label("school"), enrollment.c.grade)
    conditions = _student_conditions(job, day, language, selections)
    if job.mode is Mode.STUDENTS:
        return select(enrollment.c.person_id, *where).select_from(there).where(*conditions)
    contacts = there.join(relationship, relationship.c.student_id == enrollment.c.person_id)
    return (
        select(relationship.c.contact_id.label("person_id"), *where)
        .select_from(contacts)
        .where(*conditions, *_contact_conditions(job, day))
    )


def matching_calendars(job: Job, day: Day, language: Language) -> Select[Any] | None:
    """Return the select of one row with, for each entry of `calendar`, how many calendars it matches."""
    if not job.calendars:
        return None
    counts = [
        select(func.count())
        .select_from(_CALENDARS)
        .where(_entry_matches(entry, day, language))
        .scalar_subquery()
        .label(f"entry_{place}")
        for place, entry in enumerate(job.calendars, 1)
    ]
    return select(*counts)


def why_empty(job: Job, day: Day, language: Language, selections: Selections) -> WhyEmpty:
    """Return the question how many people are left at each step, and which dates would help."""
    if job.mode is Mode.CENSUS_STAFF:
        return _why_no_staff(job, day, language, selections)
    return _why_no_students(job, day, language, selections)


_CALENDARS = calendar.join(school, school.c.school_id == calendar.c.school_id)
_ENROLLED = enrollment.join(person, person.c.person_id == enrollment.c.person_id)
_STAFF = district_assignment.join(person, person.c.person_id == district_assignment.c.person_id).join(
    school,
    school.c.school_id == district_assignment.c.school_id,
)


def _entry_matches(entry: CalendarEntry, day: Day, language: Language) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if entry.school is not None:
        conditions.append(
            or_(same_text(school.c.name, entry.school, language), same_text(school.c.number, entry.school, language)),
        )
    if entry.year is not None:
        conditions.append(calendar.c.end_year == (school_year(day.on) if entry.year == CURRENT else entry.year))
    if entry.name is not None:
        conditions.append(same_text(calendar.c.name, entry.name, language))
    return and_(*conditions)


def _selected_calendars(job: Job, day: Day, language: Language, column: ColumnElement[int]) -> Select[Any]:
    return (
        select(column)
        .select_from(_CALENDARS)
        .where(or_(*(_entry_matches(entry, day, language) for entry in job.calendars)))
    )


def _student_conditions(job: Job, day: Day, language: Language, selections: Selections) -> list[ColumnElement[bool]]:
    return [
        _in_calendars(job, day, language),
        _by_dates(job, day),
        _in_grades(job, language),
        _in_filter(job, language, selections),
    ]


def _in_calendars(job: Job, day: Day, language: Language) -> ColumnElement[bool]:
    return enrollment.c.calendar_id.in_(_selected_calendars(job, day, language, calendar.c.calendar_id))


def _by_dates(job: Job, day: Day) -> ColumnElement[bool]:
    attends = or_(enrollment.c.no_show.is_(None), enrollment.c.no_show == false())
    match job.enrollment:
        case Enrollments.ACTIVE:
            return and_(active(enrollment, day), attends)
        case Enrollments.NOT_ENDED:
            return and_(or_(enrollment.c.end_date.is_(None), enrollment.c.end_date >= day.bound), attends)
        case Enrollments.ANY:
            return attends


def _in_grades(job: Job, language: Language) -> ColumnElement[bool]:
    if job.grades is None:
        return true()
    return language.fold(enrollment.c.grade).in_([fold(grade) for grade in job.grades])


def _in_filter(job: Job, language: Language, selections: Selections) -> ColumnElement[bool]:
    if job.filter is None:
        return true()
    tables: dict[str, FromClause] = {"person": person, "enrollment": enrollment}
    return condition(job.filter, tables, language, selections)


def _contact_conditions(job: Job, day: Day) -> list[ColumnElement[bool]]:
    conditions = [active(relationship, day), relationship.c.messenger == true()]
    if job.guardians_only:
        conditions.append(relationship.c.guardian == true())
    return conditions


def _staff_conditions(job: Job, day: Day, language: Language, selections: Selections) -> list[ColumnElement[bool]]:
    return [
        _staff_in_filter(job, language, selections),
        active(district_assignment, day),
        _at_schools(job, day, language),
    ]


def _staff_in_filter(job: Job, language: Language, selections: Selections) -> ColumnElement[bool]:
    if job.filter is None:
        return true()
    tables: dict[str, FromClause] = {"person": person, "assignment": district_assignment, "school": school}
    return condition(job.filter, tables, language, selections)


def _at_schools(job: Job, day: Day, language: Language) -> ColumnElement[bool]:
    if not job.calendars:
        return true()
    return district_assignment.c.school_id.in_(_selected_calendars(job, day, language, calendar.c.school_id))


def _why_no_students(job: Job, day: Day, language: Language, selections: Selections) -> WhyEmpty:
    steps = [
        ("in the calendars", _in_calendars(job, day, language)),
        (_DATES[job.enrollment], _by_dates(job, day)),
    ]
    if job.grades is not None:
        steps.append(("in the grades", _in_grades(job, language)))
    if job.filter is not None:
        steps.append(("in the filter", _in_filter(job, language, selections)))
    names = [name for name, _ in steps]
    columns = _funnel(select(func.count(enrollment.c.person_id.distinct())).select_from(_ENROLLED), steps)
    if job.mode is Mode.STUDENT_CONTACTS:
        contacts = in_scope(job, day, language, selections).subquery()
        columns.append(select(func.count()).select_from(contacts).scalar_subquery())
        names.append("their contacts")
    in_calendars = select(enrollment.c.person_id).where(steps[0][1])
    clause = select(
        *columns,
        in_calendars.with_only_columns(func.min(enrollment.c.start_date))
        .where(enrollment.c.start_date > day.bound)
        .scalar_subquery()
        .label("first_start"),
        in_calendars.with_only_columns(func.max(enrollment.c.end_date))
        .where(enrollment.c.end_date < day.bound)
        .scalar_subquery()
        .label("last_end"),
    )
    return WhyEmpty(tuple(names), clause)


def _why_no_staff(job: Job, day: Day, language: Language, selections: Selections) -> WhyEmpty:
    steps = [
        ("in the filter", _staff_in_filter(job, language, selections)),
        ("with an assignment active on the day", active(district_assignment, day)),
    ]
    if job.calendars:
        steps.append(("at the schools of the calendars", _at_schools(job, day, language)))
    columns = _funnel(select(func.count(person.c.person_id.distinct())).select_from(_STAFF), steps)
    nothing = literal_column("null", person.c.birth_date.type)
    clause = select(*columns, nothing.label("first_start"), nothing.label("last_end"))
    return WhyEmpty(tuple(name for name, _ in steps), clause)


def _funnel(
    counted: Select[Any],
    steps: list[tuple[str, ColumnElement[bool]]],
) -> list[ColumnElement[Any]]:
    return [
        counted.where(*(condition for _, condition in steps[: place + 1])).scalar_subquery()
        for place in range(len(steps))
    ]


_DATES = {
    Enrollments.ACTIVE: "enrolled on the day",
    Enrollments.NOT_ENDED: "whose enrollment has not ended",
    Enrollments.ANY: "that are no no-shows",
}
