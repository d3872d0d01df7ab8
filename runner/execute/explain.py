"""One person's explanation: the questions asked on one snapshot, and the answers put together."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.compile.explain import (
    HOUSEHOLDS,
    IN_SCOPE,
    PERSON,
    POINTS,
    SUBJECTS,
    WITH_STAFF,
    compile_questions,
    field_columns,
)
from runner.execute.calendars import require_calendars
from runner.execute.measure import look_up
from runner.execute.verdict import verdict
from runner.values.explanation import (
    Address,
    AssignmentChain,
    CellVerdict,
    Check,
    EnrollmentChain,
    Explanation,
    Membership,
    NodeVerdict,
    Outcome,
    PointVerdict,
    RelationshipChain,
    Roles,
    StudentChain,
    Why,
)
from runner.values.job import Query, below, numbered
from runner.values.problems import Problem, Stopped
from runner.values.result import JobInfo
from runner.values.vocabulary import Channel, CustomSelections, Mode, Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from typing import Any

    from sqlalchemy import Connection, Row, Select

    from runner.backends.backend import Backend
    from runner.compile.explain import Questions
    from runner.values.job import Job, Node
    from runner.values.problems import Position

    Rows = Sequence[Row[Any]]

_PORTION = 500


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A job's questions, whom to ask them, and what is bound in all of them."""

    connection: Connection
    database: str
    job: Job
    as_of: date
    questions: Questions
    bound: Mapping[str, object]

    def ask(self, question: Select[Any], **bound: object) -> Rows:
        """Return the rows of an answer."""
        return self.connection.execute(question, {**self.bound, **bound}).all()

    def ask_about(self, question: Select[Any], name: str, ids: Iterable[int], **bound: object) -> Rows:
        """Return the rows of an answer about a list of ids, asked in portions that no database finds too long."""
        several = sorted(set(ids))
        portions = [several[start : start + _PORTION] for start in range(0, len(several), _PORTION)]
        return [row for portion in portions for row in self.ask(question, **{name: portion}, **bound)]


def begin_inquiry(
    connection: Connection,
    backend: Backend,
    job: Job,
    as_of: date,
    stop: Callable[[], bool],
) -> Inquiry:
    """Return what explains any number of people. Stopped where a run would stop before it looks at people."""
    questions = compile_questions(job, as_of, backend)
    require_calendars(connection, questions)
    found = look_up(connection, backend, questions.lookups, as_of, stop)
    return Inquiry(connection, backend.NAME, job, as_of, questions, {**questions.parameters, **found})


def explain_person(inquiry: Inquiry, person_id: int) -> Explanation:
    """Return why a person is, or is not, in scope, and what happens to their contact points.

    Stopped where the district has no such person.
    """
    job, questions = inquiry.job, inquiry.questions
    inquiry = replace(inquiry, bound={**inquiry.bound, PERSON: person_id})
    roles = inquiry.ask(questions.roles)
    if not roles:
        hint = "`--person` takes the `person_id` of the table `person`"
        raise Stopped(Problem("unknown-person", f"the district has no person {person_id}", hint=hint))
    contact_of = _relationships(inquiry, questions.students)
    contacts = _relationships(inquiry, questions.contacts)
    students, own, assignments = _chains(inquiry, person_id, contact_of, contacts)
    memberships = inquiry.ask(questions.memberships)
    members: dict[int, list[int]] = {}
    for row in inquiry.ask_about(questions.members, HOUSEHOLDS, (row.household_id for row in memberships)):
        members.setdefault(row.household_id, []).append(row.person_id)
    subjects = {person_id, *(member for several in members.values() for member in several)}
    in_scope = {row.person_id for row in inquiry.ask_about(questions.in_scope, SUBJECTS, subjects)}
    explanation = Explanation(
        job=JobInfo(job.name, job.file, job.sha256, job.mode.value),
        mode=job.mode,
        as_of=inquiry.as_of,
        database=inquiry.database,
        person_id=person_id,
        verdict=verdict(job, students, assignments, in_scope=person_id in in_scope),
        roles=Roles(**roles[0]._mapping),  # noqa: SLF001
        students=students,
        own=own,
        assignments=assignments,
        points=(),
        refuses_custom=job.custom_selections is CustomSelections.REFUSE,
    )
    return replace(explanation, points=_points(inquiry, explanation, memberships, members, in_scope))


def _chains(
    inquiry: Inquiry,
    person_id: int,
    contact_of: tuple[RelationshipChain, ...],
    contacts: tuple[RelationshipChain, ...],
) -> tuple[tuple[StudentChain, ...], StudentChain | None, tuple[AssignmentChain, ...]]:
    """Return the students who may lead to the person, what the person is as a student besides, and assignments."""
    rows, nodes = _judged_rows(inquiry, {person_id, *(relationship.student_id for relationship in contact_of)})
    if inquiry.job.mode is Mode.CENSUS_STAFF:
        return (), None, tuple(_assignment(inquiry.job, row, nodes) for row in rows if row.person_id == person_id)
    enrollments: dict[int, list[EnrollmentChain]] = {}
    for row in rows:
        enrollments.setdefault(row.person_id, []).append(_enrollment(inquiry.job, row, nodes))
    own = StudentChain(person_id, tuple(enrollments.get(person_id, ())), contacts)
    if inquiry.job.mode is Mode.STUDENTS:
        return (replace(own, relationships=()),) if own.enrollments else (), None, ()
    students = tuple(
        StudentChain(
            student_id,
            tuple(enrollments.get(student_id, ())),
            tuple(relationship for relationship in contact_of if relationship.student_id == student_id),
        )
        for student_id in sorted({relationship.student_id for relationship in contact_of})
    )
    return students, own if own.enrollments or contacts else None, ()


def _judged_rows(inquiry: Inquiry, subjects: set[int]) -> tuple[Rows, dict[int, dict[str, int]]]:
    """Return the enrollments (or assignments) of people, and for each the outcome of every node of the filter."""
    nodes: dict[int, dict[str, int]] = {}
    for question in inquiry.questions.nodes:
        for row in inquiry.ask_about(question, SUBJECTS, subjects):
            nodes.setdefault(row[0], {}).update(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return inquiry.ask_about(inquiry.questions.rows, SUBJECTS, subjects), nodes


def _enrollment(job: Job, row: Row[Any], nodes: Mapping[int, Mapping[str, int]]) -> EnrollmentChain:
    entry = job.calendars[row.entry - 1].place if row.entry else None
    return EnrollmentChain(
        enrollment_id=row.enrollment_id,
        calendar=row.calendar,
        school=row.school,
        end_year=row.end_year,
        grade=row.grade,
        start_date=row.start_date,
        end_date=row.end_date,
        no_show=bool(row.no_show),
        checks=_checks(job, row, entry),
        filter=_filter(job, row, nodes),
        holds=bool(row.holds),
    )


def _assignment(job: Job, row: Row[Any], nodes: Mapping[int, Mapping[str, int]]) -> AssignmentChain:
    return AssignmentChain(
        assignment_id=row.assignment_id,
        school=row.school,
        start_date=row.start_date,
        end_date=row.end_date,
        checks=_checks(job, row),
        filter=_filter(job, row, nodes),
        holds=bool(row.holds),
    )


def _relationships(inquiry: Inquiry, question: Select[Any]) -> tuple[RelationshipChain, ...]:
    job = inquiry.job
    return tuple(
        RelationshipChain(
            relationship_id=row.relationship_id,
            student_id=row.student_id,
            contact_id=row.contact_id,
            messenger=bool(row.messenger),
            guardian=bool(row.guardian),
            start_date=row.start_date,
            end_date=row.end_date,
            checks=_checks(job, row),
            holds=bool(row.holds),
        )
        for row in inquiry.ask(question)
    )


_KEYS = {
    Rule.CALENDAR: "calendar",
    Rule.ACTIVE: "enrollment",
    Rule.NOT_ENDED: "enrollment",
    Rule.GRADES: "grades",
    Rule.GUARDIAN: "guardians_only",
    Rule.SCHOOLS: "calendar",
}


def _checks(job: Job, row: Row[Any], entry: Position | None = None) -> tuple[Check, ...]:
    """Return the rules of a row but for the filter, each with its key's place; what no key says, the mode says."""
    entries = {} if entry is None else {Rule.CALENDAR: entry}
    asked = {rule: row._mapping.get(f"rule_{rule}") for rule in Rule if rule is not Rule.FILTER}  # noqa: SLF001
    return tuple(
        Check(rule, bool(holds), entries.get(rule) or job.places.get(_KEYS.get(rule, ""), job.places["mode"]))
        for rule, holds in asked.items()
        if holds is not None
    )


def _filter(job: Job, row: Row[Any], nodes: Mapping[int, Mapping[str, int]]) -> NodeVerdict | None:
    if job.filter is None:
        return None
    outcomes = nodes.get(row[0], {})
    numbers = {id(node): number for number, node in enumerate(numbered(job.filter))}

    def judged(node: Node) -> NodeVerdict:
        found: tuple[str | int | date | None, ...] = ()
        if isinstance(node, Query):
            found = tuple(row._mapping[f"field_{label}"] for label in field_columns(node.field))  # noqa: SLF001
        holds = bool(outcomes[f"node_{numbers[id(node)]}"])
        return NodeVerdict(node, holds, found, tuple(map(judged, below(node))))

    return judged(job.filter)


def _points(
    inquiry: Inquiry,
    explanation: Explanation,
    memberships: Rows,
    members: Mapping[int, list[int]],
    in_scope: set[int],
) -> tuple[PointVerdict, ...]:
    questions = inquiry.questions
    homes = {row.household_id for row in memberships}
    rows = [*inquiry.ask(questions.points), *inquiry.ask_about(questions.shared_points, HOUSEHOLDS, homes)]
    staff: set[int] = set()
    if Reason.STAFF in inquiry.job.reasons:
        subjects = {explanation.person_id, *(member for several in members.values() for member in several)}
        staff = {row.person_id for row in inquiry.ask_about(questions.staff, SUBJECTS, subjects)}
    owners_found = {IN_SCOPE: json.dumps(sorted(in_scope)), WITH_STAFF: json.dumps(sorted(staff))}
    ids = (row.contact_point_id for row in rows)
    counts = {
        row.contact_point_id: row._mapping  # noqa: SLF001
        for row in inquiry.ask_about(questions.outcomes, POINTS, ids, **owners_found)
    }
    found = []
    for row in rows:
        shared = row.household_id is not None
        owners = members.get(row.household_id, []) if shared else [explanation.person_id]
        point = PointVerdict(
            contact_point_id=row.contact_point_id,
            channel=Channel(row.channel),
            household_id=row.household_id,
            memberships=tuple(
                Membership(member.household_member_id, member.start_date, member.end_date, bool(member.active))
                for member in memberships
                if shared and member.household_id == row.household_id
            ),
            address=Address.MISSING if row.missing else Address.PRESENT if row.present else Address.BLANK,
            custom=bool(row.custom),
            in_scope=tuple(owner for owner in owners if owner in in_scope),
            cells=(),
        )
        has_staff = not staff.isdisjoint(owners)
        cells = _cells(inquiry.job, point, counts.get(row.contact_point_id, {}), row.bits or 0, has_staff=has_staff)
        found.append(replace(point, cells=cells))
    order = list(Channel)
    return tuple(sorted(found, key=lambda point: (order.index(point.channel), point.contact_point_id)))


_OUTCOMES = (Outcome.CHANGED, Outcome.ALREADY, Outcome.KEPT)


def _cells(
    job: Job,
    point: PointVerdict,
    counts: Mapping[Any, Any],
    bits: int,
    *,
    has_staff: bool,
) -> tuple[CellVerdict, ...]:
    cells = []
    settings = job.preferences.get(point.channel, {})
    for reason in Reason:
        if reason not in settings:
            continue
        outcome = next(
            (told for place, told in enumerate(_OUTCOMES) if counts.get(f"{reason}_{place}")),
            Outcome.NOT_ELIGIBLE,
        )
        cells.append(
            CellVerdict(
                reason=reason,
                on=settings[reason],
                before=bool(bits & reason.bit),
                outcome=outcome,
                why=_why(point, reason, has_staff=has_staff) if outcome is Outcome.NOT_ELIGIBLE else (),
                place=job.places[f"preferences.{point.channel}.{reason}"],
            ),
        )
    return tuple(cells)


def _why(point: PointVerdict, reason: Reason, *, has_staff: bool) -> tuple[Why, ...]:
    """Return everything that keeps a preference from being eligible, of which one thing would do."""
    shared = point.household_id is not None
    told = {
        Why.ADDRESS_MISSING: point.address is Address.MISSING,
        Why.ADDRESS_BLANK: point.address is Address.BLANK,
        Why.OUT_OF_SCOPE: not shared and not point.in_scope,
        Why.NOT_A_MEMBER: shared and not point.in_scope and not point.is_members,
        Why.NO_MEMBER_IN_SCOPE: shared and not point.in_scope,
        Why.NO_ASSIGNMENT: reason is Reason.STAFF and not has_staff,
    }
    return tuple(why for why, holds in told.items() if holds)
