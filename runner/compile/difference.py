"""Plans of an old and a new job → who enters and leaves the scope, and which contact points end differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import SmallInteger, cast, exists, func, not_, null, select, union_all

from runner.compile.changes import changes, count_if, has

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.compile.plan import Plan
    from runner.values.vocabulary import Reason


def movers(there: Plan, elsewhere: Plan | None) -> Select[Any]:
    """Return the select of one number: the people in scope of one plan and not of the other."""
    return select(func.count()).select_from(there.audience.scope).where(*_not_in(there.audience.scope, elsewhere))


def movers_by_school(ways: Select[Any], elsewhere: Plan | None) -> Select[Any]:
    """Return the select of those people by school_id, school and grade: each counts once for each of these."""
    way = ways.subquery("way")
    where = (way.c.school_id, way.c.school, way.c.grade)
    people = func.count(way.c.person_id.distinct()).label("people")
    return select(*where, people).where(*_not_in(way, elsewhere)).group_by(*where)


def effects(old: Plan | None, new: Plan | None, reasons: tuple[Reason, ...]) -> Select[Any]:
    """Return the select of a row per channel: per reason how many contact points end differently after the new job.

    Three counts for each reason, of preferences that the new job turns on and the old one doesn't (`_on`), turns off
    and the old one doesn't (`_off`), and leaves as they are while the old one sets them (`_left`).
    """
    sides = [
        select(
            plan.audience.eligible.c.contact_point_id,
            plan.audience.eligible.c.channel,
            plan.audience.eligible.c.before_bits,
            (plan.audience.eligible.c.after_bits if plan is old else _NOTHING).label("old_bits"),
            (plan.audience.eligible.c.after_bits if plan is new else _NOTHING).label("new_bits"),
        ).where(changes(plan.audience.eligible))
        for plan in (old, new)
        if plan is not None
    ]
    both = union_all(*sides).subquery("side")
    before = func.min(both.c.before_bits)
    points = (
        select(
            both.c.channel,
            before.label("before_bits"),
            func.coalesce(func.max(both.c.old_bits), before).label("old_bits"),
            func.coalesce(func.max(both.c.new_bits), before).label("new_bits"),
        )
        .group_by(both.c.contact_point_id, both.c.channel)
        .subquery("point")
    )
    counts: list[ColumnElement[int]] = []
    for reason in reasons:
        was, after_old, after_new = (has(points.c[name], reason) for name in ("before_bits", "old_bits", "new_bits"))
        differs = after_old != after_new
        counts += [
            count_if(differs, after_new > was).label(f"{reason}_on"),
            count_if(differs, after_new < was).label(f"{reason}_off"),
            count_if(differs, after_new == was).label(f"{reason}_left"),
        ]
    return select(points.c.channel, *counts).group_by(points.c.channel)


_NOTHING = cast(null(), SmallInteger)


def _not_in(people: FromClause, elsewhere: Plan | None) -> tuple[ColumnElement[bool], ...]:
    if elsewhere is None:
        return ()
    return (not_(exists().where(elsewhere.audience.scope.c.person_id == people.c.person_id)),)
