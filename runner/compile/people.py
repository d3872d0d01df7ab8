"""A plan → the ids of the people whom it concerns in one way or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, false, select, union

from runner.compile.changes import changes
from runner.compile.reach import losers
from runner.compile.scope import active
from runner.tables import household_member, person
from runner.values.vocabulary import Concern

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.backends.backend import Language
    from runner.compile.plan import Plan
    from runner.compile.scope import Day
    from runner.values.vocabulary import Reason


_NOBODY = select(person.c.person_id).where(false()).subquery("nobody")


def people(plan: Plan, concern: Concern, reasons: tuple[Reason, ...], day: Day, language: Language) -> Select[int]:
    """Return the select of the ids of the people of this concern, each once, in the order of the ids.

    `reasons` are those that count for who loses a way to hear; the day is the plan's.
    """
    audience = plan.audience
    eligible = audience.eligible
    match concern:
        case Concern.SCOPE:
            ids = select(audience.scope.c.person_id)
        case Concern.CHANGED:
            ids = _owners(eligible, changes(eligible), day)
        case Concern.KEPT:
            ids = _owners(eligible, eligible.c.wanted_bits != eligible.c.after_bits, day)
        case Concern.LOST:
            ids = losers(day, language, audience, reasons)
        case Concern.BYSTANDERS:
            ids = select((audience.bystanders if audience.bystanders is not None else _NOBODY).c.person_id)
    return ids.order_by(ids.selected_columns.person_id)


def _owners(eligible: FromClause, which: ColumnElement[bool], day: Day) -> Select[int]:
    """Return the select of whose contact points these are: their person, or the members of their household."""
    own = select(eligible.c.person_id).where(which, eligible.c.person_id.is_not(None))
    shared = (
        select(household_member.c.person_id)
        .join(eligible, eligible.c.household_id == household_member.c.household_id)
        .where(and_(which, active(household_member, day)))
    )
    owners = union(own, shared).subquery("owner")
    return select(owners.c.person_id)
