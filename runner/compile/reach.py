"""Who hears about what, before and after: per reason for the people in scope, and for bystanders what they lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, exists, func, not_, or_, select, union_all

from runner.compile.changes import bits, changes, constant, count_if, has
from runner.compile.scope import active
from runner.tables import contact_point, household_member
from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.backends.backend import Language
    from runner.compile.scope import Day


def reach(
    day: Day,
    language: Language,
    sources: tuple[FromClause, FromClause, FromClause | None],
    reasons: tuple[Reason, ...],
) -> Select[Any]:
    """Return the select of one row: bystanders, lost, and per reason before, gained and lost.

    `sources` are the people concerned, the eligible contact points, and staff (None where no reason asks for it).
    Everything is counted from the preferences as they are, so before the updates.
    """
    concerned, eligible, staff = sources
    heard = _heard(day, language, (concerned, eligible), reasons)
    lost = {reason: _lost(heard, reason, staff) for reason in reasons}
    in_scope = heard.c.in_scope == constant(1)
    columns: list[ColumnElement[Any]] = []
    for reason in reasons:
        before, after = heard.c[f"{reason}_before"], heard.c[f"{reason}_after"]
        counted = _counted(reason, staff)
        columns += [
            count_if(in_scope, *counted, before != constant(0)).label(f"{reason}_before"),
            count_if(in_scope, *counted, before == constant(0), after != constant(0)).label(f"{reason}_gained"),
            count_if(in_scope, lost[reason]).label(f"{reason}_lost"),
        ]
    return select(
        count_if(heard.c.in_scope == constant(0)).label("bystanders"),
        count_if(or_(*lost.values())).label("lost"),
        *columns,
    ).select_from(_with_staff(heard, staff))


def losers(
    day: Day,
    language: Language,
    sources: tuple[FromClause, FromClause, FromClause | None],
    reasons: tuple[Reason, ...],
) -> Select[int]:
    """Return the select of the ids of those, bystanders too, who cease to be reached for one of the reasons."""
    concerned, eligible, staff = sources
    heard = _heard(day, language, (concerned, eligible), reasons)
    lost = or_(*(_lost(heard, reason, staff) for reason in reasons))
    return select(heard.c.person_id).select_from(_with_staff(heard, staff)).where(lost)


def _heard(
    day: Day,
    language: Language,
    sources: tuple[FromClause, FromClause],
    reasons: tuple[Reason, ...],
) -> FromClause:
    """Return who hears about what: a row per person concerned, with the bit of each reason before and after."""
    concerned, eligible = sources
    ways = union_all(_own(concerned, eligible, language), _shared(concerned, eligible, day, language)).subquery("way")
    return (
        select(
            ways.c.person_id,
            ways.c.in_scope,
            *(func.max(has(ways.c.before_bits, reason)).label(f"{reason}_before") for reason in reasons),
            *(func.max(has(ways.c.after_bits, reason)).label(f"{reason}_after") for reason in reasons),
        )
        .group_by(ways.c.person_id, ways.c.in_scope)
        .subquery("heard")
    )


def _with_staff(heard: FromClause, staff: FromClause | None) -> FromClause:
    return heard if staff is None else heard.outerjoin(staff, staff.c.person_id == heard.c.person_id)


def concerned(day: Day, scope: FromClause, eligible: FromClause) -> Select[Any]:
    """Return the select of the people to look at: those in scope, and bystanders of household phones that change."""
    bystanders = (
        select(household_member.c.person_id, constant(0).label("in_scope"))
        .join(eligible, eligible.c.household_id == household_member.c.household_id)
        .where(
            changes(eligible),
            active(household_member, day),
            not_(exists().where(scope.c.person_id == household_member.c.person_id)),
        )
        .distinct()
    )
    people = union_all(select(scope.c.person_id, constant(1).label("in_scope")), bystanders).subquery("people")
    return select(people.c.person_id, people.c.in_scope)


def _own(concerned: FromClause, eligible: FromClause, language: Language) -> Select[Any]:
    return _ways(
        concerned,
        concerned.join(contact_point, contact_point.c.person_id == concerned.c.person_id),
        eligible,
        language,
    )


def _shared(concerned: FromClause, eligible: FromClause, day: Day, language: Language) -> Select[Any]:
    return _ways(
        concerned,
        concerned.join(
            household_member,
            and_(household_member.c.person_id == concerned.c.person_id, active(household_member, day)),
        ).join(contact_point, contact_point.c.household_id == household_member.c.household_id),
        eligible,
        language,
    )


def _ways(concerned: FromClause, ways: FromClause, eligible: FromClause, language: Language) -> Select[Any]:
    now = bits(language)
    changed = and_(eligible.c.contact_point_id == contact_point.c.contact_point_id, changes(eligible))
    return (
        select(
            concerned.c.person_id,
            concerned.c.in_scope,
            now.label("before_bits"),
            func.coalesce(eligible.c.after_bits, now).label("after_bits"),
        )
        .select_from(ways.outerjoin(eligible, changed))
        .where(language.present(contact_point.c.address))
    )


def _counted(reason: Reason, staff: FromClause | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of being counted for a reason: for staff messages only people with an assignment are."""
    if reason is not Reason.STAFF or staff is None:
        return ()
    return (case((staff.c.person_id.is_not(None), constant(1)), else_=constant(0)) == constant(1),)


def _lost(heard: FromClause, reason: Reason, staff: FromClause | None) -> ColumnElement[bool]:
    return and_(
        *_counted(reason, staff),
        heard.c[f"{reason}_before"] != constant(0),
        heard.c[f"{reason}_after"] == constant(0),
    )
