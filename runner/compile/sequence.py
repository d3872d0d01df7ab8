"""Two plans, the second to be run after the first → how much of what the second says will then be otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, and_, case, literal_column, not_, select, union_all

from runner.compile.changes import changes, constant, count_if
from runner.compile.scope import active
from runner.tables import contact_point, household_member
from runner.values.vocabulary import ALL_BITS, Reason

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.compile.plan import Audience, Plan
    from runner.compile.scope import Day


def otherwise(first: Plan, second: Plan, day: Day) -> Select[int, int, int]:
    """Return the select of one row: contact points that the first plan changes, by what that means for the second.

    Columns: `same_settings`, where it changes what the second one sets too, so that their counts will differ;
    `same_points`, where both change others, so that the second's fingerprint will; `reached`, where it changes by what
    people of the second one are reached, the first kind aside. No other contact point makes a difference: eligible is
    who is, whatever the preferences say. `day` is the second's.
    """
    now, then = first.audience.eligible, second.audience.eligible
    in_both = then.c.contact_point_id.is_not(None)
    same_settings = and_(in_both, _moved(now, _settings(second)))
    same_points = and_(in_both, changes(then))
    counted = constant(sum(reason.bit for reason in second.reasons))
    reached = and_(_moved(now, counted), now.c.contact_point_id.in_(_ways(second.audience, day)))
    return (
        select(
            count_if(same_settings).label("same_settings"),
            count_if(same_points, not_(same_settings)).label("same_points"),
            count_if(reached, not_(same_settings)).label("reached"),
        )
        .select_from(now.outerjoin(then, then.c.contact_point_id == now.c.contact_point_id))
        .where(changes(now))
    )


def _moved(rows: FromClause, mask: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether any of the bits of a mask changes."""
    return rows.c.before_bits.bitwise_and(mask) != rows.c.after_bits.bitwise_and(mask)


def _settings(plan: Plan) -> ColumnElement[int]:
    """Return the bits that a plan sets on the row of its own: those of its channel, staff only where staff is."""
    rows = plan.audience.eligible
    masks = {
        literal_column(f"'{channel.value}'", String): constant(sum(reason.bit for reason in reasons))
        for channel, reasons in plan.cells.items()
    }
    mask: ColumnElement[int] = case(masks, value=rows.c.channel, else_=constant(0))
    if Reason.STAFF not in plan.reasons:
        return mask
    return mask.bitwise_and(
        case((rows.c.is_staff == constant(1), constant(ALL_BITS)), else_=constant(ALL_BITS - Reason.STAFF.bit)),
    )


def _ways(audience: Audience, day: Day) -> Select[Any]:
    """Return the select of the contact points of an audience: their own, and the phones of their households."""
    both = [each for each in (audience.scope, audience.bystanders) if each is not None]
    looked_at = union_all(*(select(each.c.person_id) for each in both)).subquery("looked_at")
    people = select(looked_at.c.person_id)
    homes = select(household_member.c.household_id).where(
        household_member.c.person_id.in_(people),
        active(household_member, day),
    )
    ways = union_all(
        select(contact_point.c.contact_point_id).where(contact_point.c.person_id.in_(people)),
        select(contact_point.c.contact_point_id).where(contact_point.c.household_id.in_(homes)),
    ).subquery("ways")
    return select(ways.c.contact_point_id)
