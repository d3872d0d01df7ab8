"""Plans of several jobs → for how many contact points two of them set the same channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, select, union_all

from runner.compile.changes import constant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.compile.plan import Plan


def meetings(plans: Mapping[int, tuple[Plan, bool]]) -> Select[Any]:
    """Return the select of the contact points of every two plans: a row per pair and channel in which they meet.

    A plan stands under its job's number, with whether the job keeps custom selections. Columns: first, second,
    channel; points (eligible in both, left alone by neither) and kept (eligible in both, left alone by one or both);
    staff_points and staff_kept, which count for the reason `staff`.
    """
    each = (_rows(number, plan.audience.eligible, keeps=keeps) for number, (plan, keeps) in plans.items())
    rows = union_all(*each).cte("runner_spoken_of")
    first, second = rows.alias("first_job"), rows.alias("second_job")
    left_alone = (first.c.left_alone + second.c.left_alone) != constant(0)
    # Whoever asks for staff knows it; the other one does not ask, and has 0.
    both_staff = and_(first.c.is_staff == constant(1), second.c.is_staff == constant(1))
    return (
        select(
            first.c.job.label("first"),
            second.c.job.label("second"),
            first.c.channel,
            _count(~left_alone).label("points"),
            _count(left_alone).label("kept"),
            _count(and_(both_staff, ~left_alone)).label("staff_points"),
            _count(and_(both_staff, left_alone)).label("staff_kept"),
        )
        .join_from(first, second, second.c.contact_point_id == first.c.contact_point_id)
        .where(first.c.job < second.c.job)
        .group_by(first.c.job, second.c.job, first.c.channel)
    )


def _rows(number: int, eligible: FromClause, *, keeps: bool) -> Select[Any]:
    return select(
        constant(number).label("job"),
        eligible.c.channel,
        eligible.c.contact_point_id,
        eligible.c.is_staff,
        (eligible.c.custom if keeps else constant(0)).label("left_alone"),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, constant(1)), else_=constant(0)))
