"""Calendars, mode, grades and filter → the ids of the people in scope, and the reasons where nobody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, false, func, literal_column, or_, select, true

from runner.compile.conditions import condition, same_text
from runner.compile.plan import WhyEmpty
from runner.tables import calendar, district_assignment, enrollment, person, relationship, school
from runner.values.job import CURRENT, Query, numbered
from runner.values.vocabulary import Enrollments, Mode, Rule, fold

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, Table

    from runner.backends.backend import Language
    from runner.compile.conditions import Selections
    from runner.values.job import CalendarEntry, Job

_JULY = 7

CALENDARS = calendar.join(school, school.c.school_id == calendar.c.school_id)
ENROLLED = enrollment.join(person, person.c.person_id == enrollment.c.person_id)
STAFF = district_assignment.join(person, person.c.person_id == district_assignment.c.person_id).join(
    school,
    school.c.school_id == district_assignment.c.school_id,
)


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


def in_scope(
    job: Job,
    day: Day,
    language: Language,
    selections: Selections,
    among: BindParameter[int] | None = None,
) -> Select[Any]:
    """Return the select of the ids of the people in scope, each once; `among` is a list of ids to ask about only."""
    if job.mode is Mode.CENSUS_STAFF:
        return (
            select(district_assignment.c.person_id)
            .select_from(_joined(job))
            .where(
                *staff_rules(job, day, language, selections).values(),
                _among(district_assignment.c.person_id, among),
            )
            .distinct()
        )
    students = select(enrollment.c.person_id).select_from(_joined(job))
    students = students.where(*student_rules(job, day, language, selections).values())
    if job.mode is Mode.STUDENTS:
        return students.where(_among(enrollment.c.person_id, among)).distinct()
    if among is not None:
        related = select(relationship.c.student_id).where(relationship.c.contact_id.in_(among))
        students = students.where(enrollment.c.person_id.in_(related))
    return (
        select(relationship.c.contact_id.label("person_id"))
        .where(
            relationship.c.student_id.in_(students),
            *contact_rules(job, day).values(),
            _among(relationship.c.contact_id, among),
        )
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
            .select_from(STAFF)
            .where(*staff_rules(job, day, language, selections).values())
        )
    there = ENROLLED.join(calendar, calendar.c.calendar_id == enrollment.c.calendar_id).join(
        school,
        school.c.school_id == calendar.c.school_id,
    )
    where = (school.c.school_id, school.c.name.label("school"), enrollment.c.grade)
    rules = student_rules(job, day, language, selections).values()
    if job.mode is Mode.STUDENTS:
        return select(enrollment.c.person_id, *where).select_from(there).where(*rules)
    contacts = there.join(relationship, relationship.c.student_id == enrollment.c.person_id)
    return (
        select(relationship.c.contact_id.label("person_id"), *where)
        .select_from(contacts)
        .where(*rules, *contact_rules(job, day).values())
    )


def student_rules(job: Job, day: Day, language: Language, selections: Selections) -> dict[Rule, ColumnElement[bool]]:
    """Return what an enrollment, joined with its person, must fulfil to put the student in scope; all of it."""
    rules = {Rule.CALENDAR: _in_calendars(job, day, language), **_by_dates(job, day)}
    rules[Rule.ATTENDS] = or_(enrollment.c.no_show.is_(None), enrollment.c.no_show == false())
    if job.grades is not None:
        rules[Rule.GRADES] = language.fold(enrollment.c.grade).in_([fold(grade) for grade in job.grades])
    if job.filter is not None:
        rules[Rule.FILTER] = condition(job.filter, filtered_tables(job), language, selections)
    return rules


def contact_rules(job: Job, day: Day) -> dict[Rule, ColumnElement[bool]]:
    """Return what a relationship with a student in scope must fulfil to put the contact in scope; all of it."""
    rules = {Rule.CURRENT: active(relationship, day), Rule.MESSENGER: relationship.c.messenger == true()}
    if job.guardians_only:
        rules[Rule.GUARDIAN] = relationship.c.guardian == true()
    return rules


def staff_rules(job: Job, day: Day, language: Language, selections: Selections) -> dict[Rule, ColumnElement[bool]]:
    """Return what an assignment, joined with person and school, must fulfil to put its person in scope; all of it."""
    rules = {}
    if job.filter is not None:
        rules[Rule.FILTER] = condition(job.filter, filtered_tables(job), language, selections)
    rules[Rule.CURRENT] = active(district_assignment, day)
    if job.calendars:
        schools = _selected_calendars(job, day, language, calendar.c.school_id)
        rules[Rule.SCHOOLS] = district_assignment.c.school_id.in_(schools)
    return rules


def filtered_tables(job: Job) -> dict[str, FromClause]:
    """Return the tables that a filter speaks of in the job's mode, by the first parts of its fields' names."""
    if job.mode is Mode.CENSUS_STAFF:
        return {"person": person, "assignment": district_assignment, "school": school}
    return {"person": person, "enrollment": enrollment}


def _joined(job: Job) -> FromClause:
    """Return the enrollments or assignments, joined with no more than the filter names.

    MariaDB takes five times as long where it has to join all of person, for nothing.
    """
    named = {node.field.name for node in numbered(job.filter) if isinstance(node, Query)} if job.filter else set()
    rows: FromClause = district_assignment if job.mode is Mode.CENSUS_STAFF else enrollment
    who = rows.c.person_id
    if any(name.startswith("person.") for name in named):
        rows = rows.join(person, person.c.person_id == who)
    if "assignment.school" in named:
        rows = rows.join(school, school.c.school_id == district_assignment.c.school_id)
    return rows


def matching_calendars(job: Job, day: Day, language: Language) -> Select[Any] | None:
    """Return the select of one row with, for each entry of `calendar`, how many calendars it matches."""
    if not job.calendars:
        return None
    counts = [
        select(func.count())
        .select_from(CALENDARS)
        .where(entry_matches(entry, day, language))
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


def entry_matches(entry: CalendarEntry, day: Day, language: Language) -> ColumnElement[bool]:
    """Return whether an entry of `calendar` matches a calendar, joined with its school."""
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
    at_schools = any(entry.school is not None for entry in job.calendars)
    return (
        select(column)
        .select_from(CALENDARS if at_schools else calendar)
        .where(or_(*(entry_matches(entry, day, language) for entry in job.calendars)))
    )


def _among(column: ColumnElement[int], people: BindParameter[int] | None) -> ColumnElement[bool]:
    return true() if people is None else column.in_(people)


def _in_calendars(job: Job, day: Day, language: Language) -> ColumnElement[bool]:
    return enrollment.c.calendar_id.in_(_selected_calendars(job, day, language, calendar.c.calendar_id))


def _by_dates(job: Job, day: Day) -> dict[Rule, ColumnElement[bool]]:
    match job.enrollment:
        case Enrollments.ACTIVE:
            return {Rule.ACTIVE: active(enrollment, day)}
        case Enrollments.NOT_ENDED:
            return {Rule.NOT_ENDED: or_(enrollment.c.end_date.is_(None), enrollment.c.end_date >= day.bound)}
        case Enrollments.ANY:
            return {}


def _why_no_students(job: Job, day: Day, language: Language, selections: Selections) -> WhyEmpty:
    rules = student_rules(job, day, language, selections)
    attends = and_(*_by_dates(job, day).values(), rules[Rule.ATTENDS])
    steps = [("in the calendars", rules[Rule.CALENDAR]), (_DATES[job.enrollment], attends)]
    steps += [(name, rules[rule]) for rule, name in _NARROWER.items() if rule in rules]
    names = [name for name, _ in steps]
    columns = _funnel(select(func.count(enrollment.c.person_id.distinct())).select_from(ENROLLED), steps)
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
    rules = staff_rules(job, day, language, selections)
    steps = [(name, rules[rule]) for rule, name in _STAFF_STEPS.items() if rule in rules]
    columns = _funnel(select(func.count(person.c.person_id.distinct())).select_from(STAFF), steps)
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
_NARROWER = {Rule.GRADES: "in the grades", Rule.FILTER: "in the filter"}
_STAFF_STEPS = {
    Rule.FILTER: "in the filter",
    Rule.CURRENT: "with an assignment active on the day",
    Rule.SCHOOLS: "at the schools of the calendars",
}
