"""Why one person is, or is not, in a job's scope, and what happens to their contact points: all of it as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from runner.values.job import All
from runner.values.job import Any as AnyOf

if TYPE_CHECKING:
    from datetime import date

    from runner.values.job import Node
    from runner.values.problems import Position
    from runner.values.result import JobInfo
    from runner.values.vocabulary import Channel, Mode, Reason, Rule

EXPLANATION_VERSION = "1.0"
"""The version of the JSON that explanations are written as."""


class Outcome(StrEnum):
    """What a run does to one preference."""

    CHANGED = "changed"
    ALREADY = "already"
    KEPT = "kept"
    NOT_ELIGIBLE = "not_eligible"


class Why(StrEnum):
    """Why a preference is not eligible."""

    ADDRESS_MISSING = "address_missing"
    ADDRESS_BLANK = "address_blank"
    OUT_OF_SCOPE = "out_of_scope"  # the person is
    NOT_A_MEMBER = "not_a_member"  # of the household, on the day
    NO_MEMBER_IN_SCOPE = "no_member_in_scope"
    NO_ASSIGNMENT = "no_assignment"  # neither the person's nor, for a household phone, an active member's


class Address(StrEnum):
    """Whether a contact point has an address; never the address itself."""

    PRESENT = "present"
    BLANK = "blank"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, whether it is fulfilled, and the place in the job file that it comes from."""

    rule: Rule
    holds: bool
    place: Position


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """A node of the filter tree and its outcome. `found` holds the field's values where it is a query, None missing."""

    node: Node
    holds: bool
    found: tuple[str | int | date | None, ...]
    nodes: tuple[NodeVerdict, ...]


@dataclass(frozen=True, slots=True)
class EnrollmentChain:
    """An enrollment, and what the job makes of it: every rule is looked at, also after one that fails."""

    enrollment_id: int
    calendar: str | None
    school: str | None
    end_year: int | None
    grade: str
    start_date: date | None
    end_date: date | None
    no_show: bool
    checks: tuple[Check, ...]
    filter: NodeVerdict | None
    holds: bool


@dataclass(frozen=True, slots=True)
class AssignmentChain:
    """A district assignment, and what the job makes of it."""

    assignment_id: int
    school: str | None
    start_date: date | None
    end_date: date | None
    checks: tuple[Check, ...]
    filter: NodeVerdict | None
    holds: bool


@dataclass(frozen=True, slots=True)
class RelationshipChain:
    """A relationship of a student and a contact, and whether it leads from the one to the other."""

    relationship_id: int
    student_id: int
    contact_id: int
    messenger: bool
    guardian: bool
    start_date: date | None
    end_date: date | None
    checks: tuple[Check, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class StudentChain:
    """A student with all enrollments, and the relationships that lead from there to the contact in question."""

    student_id: int
    enrollments: tuple[EnrollmentChain, ...]
    relationships: tuple[RelationshipChain, ...] = ()

    @property
    def selected(self) -> bool:
        """Whether some enrollment fulfils every rule."""
        return any(enrollment.holds for enrollment in self.enrollments)

    @property
    def related(self) -> bool:
        """Whether some relationship fulfils every rule."""
        return any(relationship.holds for relationship in self.relationships)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a person is in scope, and what decides it: a rule, its place, and the student whom it is about.

    In scope no rule decides alone: then it is the one that says what leads there. Where it is the filter, `node` is
    what decides within it, and `place` that node's.
    """

    in_scope: bool
    rule: Rule
    place: Position
    node: NodeVerdict | None = None
    student_id: int | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """What the district knows a person as: how many rows of each kind."""

    enrollments: int
    contact_of: int
    contacts: int
    assignments: int
    households: int


@dataclass(frozen=True, slots=True)
class Membership:
    """A membership in a household, and whether it is active on the day."""

    household_member_id: int
    start_date: date | None
    end_date: date | None
    active: bool


@dataclass(frozen=True, slots=True)
class CellVerdict:
    """What a run does to one preference of a contact point, and why not where it does nothing."""

    reason: Reason
    on: bool
    before: bool
    outcome: Outcome
    why: tuple[Why, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class PointVerdict:
    """A contact point of the person, or of a household of theirs, with every cell that the job sets there.

    `in_scope` are the people in scope whom it belongs to: the person, or members of the household active on the day.
    `memberships` are the person's own in the household. No address is in it.
    """

    contact_point_id: int
    channel: Channel
    household_id: int | None
    memberships: tuple[Membership, ...]
    address: Address
    custom: bool
    in_scope: tuple[int, ...]
    cells: tuple[CellVerdict, ...]

    @property
    def changes(self) -> bool:
        """Whether a run changes anything of it."""
        return any(cell.outcome is Outcome.CHANGED for cell in self.cells)

    @property
    def is_members(self) -> bool:
        """Whether it is a household's, and the person a member of it on the day."""
        return any(membership.active for membership in self.memberships)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it. `students` lead to the person: themselves where students are meant; `own` is what they are besides.

    `refuses_custom` says that the job refuses a run which would change a custom contact point.
    """

    job: JobInfo
    mode: Mode
    as_of: date
    database: str
    person_id: int
    verdict: Verdict
    roles: Roles
    students: tuple[StudentChain, ...]
    own: StudentChain | None
    assignments: tuple[AssignmentChain, ...]
    points: tuple[PointVerdict, ...]
    refuses_custom: bool

    def bystander(self, point: PointVerdict) -> bool:
        """Whether the person is not in scope, and a household phone of theirs changes for somebody else's sake."""
        return not self.verdict.in_scope and point.is_members and point.changes


def decisive(verdict: NodeVerdict) -> NodeVerdict:
    """Return the node that makes a tree what it is: the deepest that alone decides all of those above it.

    It does not look below a `not`, which is the answer by itself.
    """
    if isinstance(verdict.node, All | AnyOf):
        alike = [node for node in verdict.nodes if node.holds is verdict.holds]
        if len(alike) == 1 or isinstance(verdict.node, All) is not verdict.holds:
            return decisive(alike[0])
    return verdict
