"""Job → the questions about one person that explain what a run does: its own conditions, asked one by one.

Every condition is the very one that a run has in its WHERE, here a column of 0 or 1, so that no second opinion about
dates, text or missing values can arise. Each question finds its rows by the ids that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, case, func, select, true

from runner.compile import changes
from runner.compile.conditions import Selections, condition
from runner.compile.plan import Stage, Statement
from runner.compile.scope import (
    CALENDARS,
    ENROLLED,
    STAFF,
    active,
    contact_rules,
    day,
    entry_matches,
    filtered_tables,
    in_scope,
    matching_calendars,
    staff_rules,
    student_rules,
)
from runner.tables import (
    Id,
    calendar,
    contact_point,
    district_assignment,
    enrollment,
    household_member,
    person,
    relationship,
    school,
)
from runner.values.job import Query, numbered
from runner.values.vocabulary import Channel, Mode, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from typing import Any

    from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, Table

    from runner.backends.backend import Language
    from runner.compile.plan import Lookup
    from runner.compile.scope import Day
    from runner.values.job import CalendarEntry, Job
    from runner.values.vocabulary import Field, Rule

PERSON = "the_person"
"""The bind parameter for the person in question."""
SUBJECTS = "subjects"
"""The bind parameter for the people whom a question is about, a list of ids."""
HOUSEHOLDS = "households"
"""The same for households."""
POINTS = "points"
"""The same for contact points."""
IN_SCOPE = "found_in_scope"
"""The bind parameter for the people who were found to be in scope, a JSON array of ids."""
WITH_STAFF = "found_with_assignment"
"""The same for those who were found to have an assignment."""

_HEAVIEST = 400


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked, each question with its parameters still open.

    `rows` asks about each enrollment of SUBJECTS (each assignment, in census_staff): facts, a column `rule_…` for every
    rule, `holds` for all of them, `entry` for the first entry of `calendar` that matches (from 1, or 0), and a column
    for each field of the filter. `nodes` asks the same rows about nodes of the filter tree, numbered as `numbered`
    lists them. `students` are the relationships that lead to PERSON, `contacts` those that lead on from there. `points`
    are the contact points of PERSON and `shared_points` those of HOUSEHOLDS; `outcomes` says, of those POINTS that the
    job speaks of, three counts per reason.
    """

    entries: tuple[CalendarEntry, ...]
    calendars: Statement | None
    lookups: tuple[Lookup, ...]
    parameters: Mapping[str, str]
    roles: Select[Any]
    rows: Select[Any]
    nodes: tuple[Select[Any], ...]
    students: Select[Any]
    contacts: Select[Any]
    memberships: Select[Any]
    members: Select[Any]
    in_scope: Select[Any]
    staff: Select[Any]
    points: Select[Any]
    shared_points: Select[Any]
    outcomes: Select[Any]


def compile_questions(job: Job, as_of: date, language: Language) -> Questions:
    """Return the questions of a job, without a connection."""
    the_day = day(as_of)
    selections = Selections(Stage(language, temporary=False))
    calendars = matching_calendars(job, the_day, language)
    rows = _rows(job, the_day, language, selections)
    nodes = tuple(_nodes(job, language, selections)) if job.filter is not None else ()
    return Questions(
        entries=job.calendars,
        calendars=None if calendars is None else Statement("Look up the calendars that the job names.", calendars),
        roles=_roles(),
        rows=rows,
        nodes=nodes,
        students=_relationships(job, the_day, relationship.c.contact_id),
        contacts=_relationships(job, the_day, relationship.c.student_id),
        memberships=_memberships(the_day),
        members=_members(the_day),
        in_scope=in_scope(job, the_day, language, selections, _list(SUBJECTS)),
        staff=changes.staff(the_day).where(district_assignment.c.person_id.in_(_list(SUBJECTS))),
        points=_points(language).where(contact_point.c.person_id == _the_person()),
        shared_points=_points(language).where(contact_point.c.household_id.in_(_list(HOUSEHOLDS))),
        outcomes=_outcomes(job, the_day, language),
        lookups=tuple(selections.lookups),
        parameters=selections.parameters,
    )


def field_columns(field: Field) -> dict[str, str]:
    """Return the columns that hold a field's values, by their names in the answer: one, or a school's two."""
    if field.name == "assignment.school":
        return {"school_name": "name", "school_number": "number"}
    return {f"{field.table}_{field.column}": field.column}


def _the_person() -> ColumnElement[int]:
    return bindparam(PERSON, type_=Id)


def _list(name: str) -> BindParameter[int]:
    """Return a list of ids to bind: few and written out, so that a planner sees how few they are."""
    return bindparam(name, type_=Id, expanding=True)


def _judged(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return a condition as 1, or 0 where it is false or unknown: what a WHERE makes of it."""
    return case((condition, changes.constant(1)), else_=changes.constant(0))


def _verdicts(rules: Mapping[Rule, ColumnElement[bool]]) -> list[ColumnElement[int]]:
    return [
        *(_judged(holds).label(f"rule_{rule}") for rule, holds in rules.items()),
        _judged(and_(*rules.values())).label("holds"),
    ]


def _roles() -> Select[Any]:
    """Return the select of one row with how many rows of each kind are the person's; of no row where nobody is it."""
    counted = {
        "enrollments": (enrollment.c.enrollment_id, enrollment.c.person_id),
        "contact_of": (relationship.c.student_id, relationship.c.contact_id),
        "contacts": (relationship.c.contact_id, relationship.c.student_id),
        "assignments": (district_assignment.c.assignment_id, district_assignment.c.person_id),
        "households": (household_member.c.household_id, household_member.c.person_id),
    }
    return select(
        *(
            select(func.count(what.distinct())).where(whose == _the_person()).scalar_subquery().label(name)
            for name, (what, whose) in counted.items()
        ),
    ).where(person.c.person_id == _the_person())


def _rows(job: Job, day: Day, language: Language, selections: Selections) -> Select[Any]:
    table, source = _subject(job)
    facts: list[ColumnElement[Any]] = [*table.primary_key, table.c.person_id, table.c.start_date, table.c.end_date]
    if table is enrollment:
        rules = student_rules(job, day, language, selections)
        source = source.outerjoin(CALENDARS, calendar.c.calendar_id == enrollment.c.calendar_id)
        entries = [(entry_matches(entry, day, language), place) for place, entry in enumerate(job.calendars, 1)]
        facts += [
            enrollment.c.grade,
            enrollment.c.no_show,
            calendar.c.name.label("calendar"),
            calendar.c.end_year,
            case(*((matches, changes.constant(place)) for matches, place in entries), else_=changes.constant(0)).label(
                "entry",
            ),
        ]
    else:
        rules = staff_rules(job, day, language, selections)
    fields = {
        label: _column(job, field, name) for field in _fields(job) for label, name in field_columns(field).items()
    }
    return (
        select(
            *facts,
            school.c.name.label("school"),
            *_verdicts(rules),
            *(column.label(f"field_{label}") for label, column in fields.items()),
        )
        .select_from(source)
        .where(table.c.person_id.in_(_list(SUBJECTS)))
        .order_by(*table.primary_key)
    )


def _subject(job: Job) -> tuple[Table, FromClause]:
    if job.mode is Mode.CENSUS_STAFF:
        return district_assignment, STAFF
    return enrollment, ENROLLED


def _fields(job: Job) -> list[Field]:
    """Return the fields that the filter names, each once, and no others: values of others are nobody's business."""
    if job.filter is None:
        return []
    return list({node.field.name: node.field for node in numbered(job.filter) if isinstance(node, Query)}.values())


def _column(job: Job, field: Field, name: str) -> ColumnElement[Any]:
    table = "school" if field.name == "assignment.school" else field.table
    return filtered_tables(job)[table].c[name]


def _nodes(job: Job, language: Language, selections: Selections) -> Iterator[Select[Any]]:
    """Yield selects that ask for every node; several in one, as far as no statement gets heavier than a run's own."""
    table, source = _subject(job)
    columns: list[ColumnElement[int]] = []
    weight = 0

    def question() -> Select[Any]:
        return select(*table.primary_key, *columns).select_from(source).where(table.c.person_id.in_(_list(SUBJECTS)))

    for number, node in enumerate(numbered(job.filter) if job.filter else ()):
        heavier = sum(len(part.values) if isinstance(part, Query) else 1 for part in numbered(node))
        if columns and weight + heavier > _HEAVIEST:
            yield question()
            columns, weight = [], 0
        holds = condition(node, filtered_tables(job), language, selections)
        columns.append(_judged(holds).label(f"node_{number}"))
        weight += heavier
    yield question()


def _relationships(job: Job, day: Day, whose: ColumnElement[int]) -> Select[Any]:
    """Return the select of the relationships where the person stands on the given side."""
    return (
        select(
            relationship.c.relationship_id,
            relationship.c.student_id,
            relationship.c.contact_id,
            relationship.c.messenger,
            relationship.c.guardian,
            relationship.c.start_date,
            relationship.c.end_date,
            *_verdicts(contact_rules(job, day)),
        )
        .where(whose == _the_person())
        .order_by(relationship.c.relationship_id)
    )


def _memberships(day: Day) -> Select[Any]:
    return (
        select(
            household_member.c.household_member_id,
            household_member.c.household_id,
            household_member.c.start_date,
            household_member.c.end_date,
            _judged(active(household_member, day)).label("active"),
        )
        .where(household_member.c.person_id == _the_person())
        .order_by(household_member.c.household_member_id)
    )


def _members(day: Day) -> Select[Any]:
    return (
        select(household_member.c.household_id, household_member.c.person_id)
        .where(household_member.c.household_id.in_(_list(HOUSEHOLDS)), active(household_member, day))
        .distinct()
        .order_by(household_member.c.person_id)
    )


def _points(language: Language) -> Select[Any]:
    return select(
        contact_point.c.contact_point_id,
        contact_point.c.channel,
        contact_point.c.household_id,
        _judged(contact_point.c.address.is_(None)).label("missing"),
        _judged(language.present(contact_point.c.address)).label("present"),
        _judged(contact_point.c.custom == true()).label("custom"),
        changes.bits(language).label("bits"),
    ).where(contact_point.c.channel.in_([channel.value for channel in Channel]))  # a district's view may have others


def _outcomes(job: Job, day: Day, language: Language) -> Select[Any]:
    """Return what the run's own tally says, of each contact point by itself."""
    scope = language.ids(IN_SCOPE).cte("runner_scope")
    homes = changes.homes(day, scope).cte("runner_home")
    staff = language.ids(WITH_STAFF).cte("runner_staff") if Reason.STAFF in job.reasons else None
    rows = changes.eligible(job, day, language, (scope, homes, staff), _list(POINTS)).subquery("eligible")
    outcomes = (
        _judged(each).label(f"{reason}_{place}")
        for reason in job.reasons
        for place, each in enumerate(changes.counted(rows, reason))
    )
    return select(rows.c.contact_point_id, *outcomes)
