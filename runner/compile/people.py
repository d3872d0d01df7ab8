"""A plan → the ids of the people whom it concerns in one way or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select, union

from runner.compile.changes import changes, constant
from runner.compile.reach import losers
from runner.compile.scope import active
from runner.tables import contact_point, household_member
from runner.values.vocabulary import Concern

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.backends.backend import Language
    from runner.compile.plan import Plan
    from runner.compile.scope import Day
    from runner.values.vocabulary import Reason


def people(plan: Plan, concern: Concern, reasons: tuple[Reason, ...], day: Day, language: Language) -> Select[int]:
    """Return the select of the ids of the people of this concern, each once, in the order of the ids.

    `reasons` are those that count for who loses a way to hear; the day is the plan's.
    """
    eligible = plan.eligible
    match concern:
        case Concern.SCOPE:
            ids = select(plan.scope.c.person_id)
        case Concern.CHANGED:
            ids = _owners(eligible, changes(eligible), day)
        case Concern.KEPT:
            ids = _owners(eligible, eligible.c.wanted_bits != eligible.c.after_bits, day)
        case Concern.LOST:
            ids = losers(day, language, (plan.concerned, eligible, plan.staff), reasons)
        case Concern.BYSTANDERS:
            ids = select(plan.concerned.c.person_id).where(plan.concerned.c.in_scope == constant(0))
    return ids.order_by(ids.selected_columns.person_id)


def _owners(eligible: FromClause, which: ColumnElement[bool], day: Day) -> Select[int]:
    """Return the select of whose contact points these are: their person, or the members of their household."""
    own = (
        select(contact_point.c.person_id)
        .join(eligible, eligible.c.contact_point_id == contact_point.c.contact_point_id)
        .where(which, eligible.c.household_id.is_(None))
    )
    shared = (
        select(household_member.c.person_id)
        .join(eligible, eligible.c.household_id == household_member.c.household_id)
        .where(and_(which, active(household_member, day)))
    )
    owners = union(own, shared).subquery("owner")
    return select(owners.c.person_id)
