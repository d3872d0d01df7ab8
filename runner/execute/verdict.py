"""What decides whether a person is in scope: of everything that was looked at, the one rule to name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.values.explanation import RelationshipChain, Verdict, decisive
from runner.values.vocabulary import Mode, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.values.explanation import (
        AssignmentChain,
        EnrollmentChain,
        StudentChain,
    )
    from runner.values.job import Job
    from runner.values.problems import Position

    Chain = AssignmentChain | EnrollmentChain | RelationshipChain


def verdict(
    job: Job,
    students: tuple[StudentChain, ...],
    assignments: tuple[AssignmentChain, ...],
    *,
    in_scope: bool,
) -> Verdict:
    """Return the verdict; of several ways into scope that all end somewhere it names the one that leads furthest."""
    place = job.places["mode"]
    match job.mode:
        case Mode.CENSUS_STAFF:
            ended = None if in_scope else _nearest(assignments)
            return ended or Verdict(in_scope=in_scope, rule=Rule.ASSIGNED, place=place)
        case Mode.STUDENTS:
            ended = None if in_scope else _nearest(chain for student in students for chain in student.enrollments)
            return ended or Verdict(in_scope=in_scope, rule=Rule.ENROLLED, place=place)
        case Mode.STUDENT_CONTACTS:
            if in_scope:
                leads = next(student.student_id for student in students if student.selected and student.related)
                return Verdict(in_scope=in_scope, rule=Rule.RELATED, place=place, student_id=leads)
            return _not_related(students, place) or Verdict(in_scope=in_scope, rule=Rule.RELATED, place=place)


def _not_related(students: tuple[StudentChain, ...], place: Position) -> Verdict | None:
    if not students:
        return None
    near = max(students, key=lambda student: (student.selected or student.related, student.related))
    if not near.related:
        return _nearest(near.relationships, near.student_id)
    enrolled = _nearest(near.enrollments, near.student_id)
    return enrolled or Verdict(in_scope=False, rule=Rule.ENROLLED, place=place, student_id=near.student_id)


def _nearest(chains: Iterable[Chain], student_id: int | None = None) -> Verdict | None:
    """Return where the chain that leads furthest ends; None where there is no chain."""
    ends = [_end(chain, student_id) for chain in chains]
    return max(ends, key=lambda end: end[0])[1] if ends else None


def _end(chain: Chain, student_id: int | None) -> tuple[int, Verdict]:
    """Return how many rules a chain fulfils before the first that it doesn't, and that one as a verdict."""
    failing = ((number, check) for number, check in enumerate(chain.checks) if not check.holds)
    if (failed := next(failing, None)) is not None:
        number, check = failed
        return number, Verdict(in_scope=False, rule=check.rule, place=check.place, student_id=student_id)
    if isinstance(chain, RelationshipChain) or chain.filter is None:
        raise LookupError(chain)  # every rule holds, and all of them together don't
    node = decisive(chain.filter)
    return len(chain.checks), Verdict(
        in_scope=False,
        rule=Rule.FILTER,
        place=node.node.place,
        node=node,
        student_id=student_id,
    )
