"""Who hears about what, before and after: per reason for the people in scope, and for bystanders what they lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import SmallInteger, and_, case, exists, func, not_, or_, select, type_coerce, union_all

from runner.compile.changes import bits, changes, channel_in, constant, count_if, has
from runner.compile.scope import active
from runner.tables import contact_point, household_member
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.backends.backend import Language
    from runner.compile.plan import Audience
    from runner.compile.scope import Day


def bystanders(day: Day, scope: FromClause, phones: FromClause) -> Select[Any]:
    """Return the select of the people out of scope in whose household a phone changes, each once."""
    return (
        select(household_member.c.person_id)
        .where(
            household_member.c.household_id.in_(select(phones.c.household_id).where(changes(phones))),
            active(household_member, day),
            not_(exists().where(scope.c.person_id == household_member.c.person_id)),
        )
        .distinct()
    )


def reach(day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]) -> Select[Any]:
    """Return the select of one row: bystanders, lost, and per reason before, gained and lost.

    Everything is counted from the preferences as they are, so before the updates.
    """
    heard = _heard_in_scope(day, language, audience, reasons)
    columns: list[ColumnElement[Any]] = []
    for reason in reasons:
        before, after = has(heard.c.before_bits, reason), has(heard.c.after_bits, reason)
        counted = _counted(reason, audience.staff)
        columns += [
            count_if(*counted, before != constant(0)).label(f"{reason}_before"),
            count_if(*counted, before == constant(0), after != constant(0)).label(f"{reason}_gained"),
            count_if(_lost(heard, reason, audience.staff)).label(f"{reason}_lost"),
        ]
    lost: ColumnElement[int] = count_if(_any_lost(heard, reasons, audience.staff))
    beside: ColumnElement[int] = constant(0)
    if audience.bystanders is not None:
        beside = select(func.count()).select_from(audience.bystanders).scalar_subquery()
        if audience.silencing:
            unheard = _heard(audience.bystanders, day, language, audience, reasons)
            silenced = select(count_if(_any_lost(unheard, reasons, audience.staff)))
            lost += silenced.select_from(_with_staff(unheard, audience.staff)).scalar_subquery()
    return select(beside.label("bystanders"), lost.label("lost"), *columns).select_from(
        _with_staff(heard, audience.staff)
    )


def losers(day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]) -> Select[int]:
    """Return the select of the ids of those, bystanders too, who cease to be reached for one of the reasons."""
    groups = [_heard_in_scope(day, language, audience, reasons)]
    if audience.bystanders is not None and audience.silencing:
        groups.append(_heard(audience.bystanders, day, language, audience, reasons))
    found = union_all(
        *(
            select(heard.c.person_id)
            .select_from(_with_staff(heard, audience.staff))
            .where(_any_lost(heard, reasons, audience.staff))
            for heard in groups
        )
    ).subquery("loser")
    return select(found.c.person_id)


def _heard_in_scope(day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]) -> FromClause:
    """Return who in scope hears about what: what `eligible` holds already is read nowhere else."""
    if not audience.covered:
        return _heard(audience.scope, day, language, audience, reasons)
    ways = [*_covered(day, audience), *_uncovered(day, language, audience, reasons)]
    return _sum_up(ways, language, reasons)


def _heard(
    people: FromClause, day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]
) -> FromClause:
    """Return who of any people hears about what: by all that they have, changed or not."""
    now, eligible = bits(language, reasons), audience.eligible
    changed = and_(eligible.c.contact_point_id == contact_point.c.contact_point_id, changes(eligible))
    both = (now.label("before_bits"), func.coalesce(eligible.c.after_bits, now).label("after_bits"))
    ways = [
        select(people.c.person_id, *both)
        .select_from(points.outerjoin(eligible, changed))
        .where(language.present(contact_point.c.address))
        for points in (_own(people), _shared(people, day))
    ]
    return _sum_up(ways, language, reasons)


def _covered(day: Day, audience: Audience) -> Iterator[Select[Any]]:
    eligible = audience.eligible
    both = (eligible.c.before_bits, eligible.c.after_bits)
    if audience.covered != {Channel.HOUSEHOLD_PHONE}:
        yield select(eligible.c.person_id, *both).where(eligible.c.person_id.is_not(None))
    if audience.phones is not None:
        phones = audience.phones
        at_home = audience.scope.join(
            household_member,
            and_(household_member.c.person_id == audience.scope.c.person_id, active(household_member, day)),
        ).join(phones, phones.c.household_id == household_member.c.household_id)
        yield select(audience.scope.c.person_id, phones.c.before_bits, phones.c.after_bits).select_from(at_home)


def _uncovered(day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]) -> Iterator[Select[Any]]:
    now = bits(language, reasons)
    rows = select(audience.scope.c.person_id, now.label("before_bits"), now.label("after_bits"))
    present = language.present(contact_point.c.address)
    personal = [channel for channel in Channel if channel is not Channel.HOUSEHOLD_PHONE]
    rest = [channel.value for channel in personal if channel not in audience.covered]
    if rest:
        yield rows.select_from(_own(audience.scope)).where(channel_in(rest), present)
    if Channel.HOUSEHOLD_PHONE not in audience.covered:
        yield rows.select_from(_shared(audience.scope, day)).where(present)


def _own(people: FromClause) -> FromClause:
    return people.join(contact_point, contact_point.c.person_id == people.c.person_id)


def _shared(people: FromClause, day: Day) -> FromClause:
    return people.join(
        household_member,
        and_(household_member.c.person_id == people.c.person_id, active(household_member, day)),
    ).join(contact_point, contact_point.c.household_id == household_member.c.household_id)


def _sum_up(ways: list[Select[Any]], language: Language, reasons: tuple[Reason, ...]) -> FromClause:
    """Return a row per person: person_id, before_bits and after_bits, of all of their ways, of these reasons only."""
    each = tuple(reason.bit for reason in reasons)
    way = (ways[0] if len(ways) == 1 else union_all(*ways)).subquery("way")
    return (
        select(
            way.c.person_id,
            *(
                type_coerce(language.any_bits(way.c[name], each), SmallInteger).label(name)
                for name in ("before_bits", "after_bits")
            ),
        )
        .group_by(way.c.person_id)
        .subquery("heard")
    )


def _with_staff(heard: FromClause, staff: FromClause | None) -> FromClause:
    return heard if staff is None else heard.outerjoin(staff, staff.c.person_id == heard.c.person_id)


def _counted(reason: Reason, staff: FromClause | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of being counted for a reason: for staff messages only people with an assignment are."""
    if reason is not Reason.STAFF or staff is None:
        return ()
    return (case((staff.c.person_id.is_not(None), constant(1)), else_=constant(0)) == constant(1),)


def _lost(heard: FromClause, reason: Reason, staff: FromClause | None) -> ColumnElement[bool]:
    return and_(
        *_counted(reason, staff),
        has(heard.c.before_bits, reason) != constant(0),
        has(heard.c.after_bits, reason) == constant(0),
    )


def _any_lost(heard: FromClause, reasons: tuple[Reason, ...], staff: FromClause | None) -> ColumnElement[bool]:
    return or_(*(_lost(heard, reason, staff) for reason in reasons))
