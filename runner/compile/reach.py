"""Who hears about what, before and after: per reason for the people in scope, and for bystanders what they lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import SmallInteger, and_, case, exists, func, not_, or_, select, type_coerce, union_all

from runner.compile.changes import alike, bits, changes, channel_in, constant, has, times
from runner.compile.plan import Stage
from runner.compile.scope import active
from runner.tables import contact_point, household_member
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select

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


def heard(stage: Stage, day: Day, audience: Audience, reasons: tuple[Reason, ...]) -> tuple[FromClause, ...]:
    """Return who in scope hears about what; and, where some may be silenced, which bystanders do.

    Each has a row per person: person_id, before_bits and after_bits of all the ways by which somebody hears. There may
    be bits of other reasons in them.
    """
    ways = _ways_in_scope(day, stage.language, audience, reasons)
    found = [stage.united("heard", "what the people in scope hear about", ways, _united(ways, stage.language, reasons))]
    if audience.bystanders is not None and audience.silencing:
        ways = _ways(audience.bystanders, day, stage.language, audience, reasons)
        grouped = _united(ways, stage.language, reasons)
        found.append(stage.united("bystander_heard", "what the bystanders hear about", ways, grouped))
    return tuple(found)


def reach(audience: Audience, reasons: tuple[Reason, ...], hearers: tuple[FromClause, ...]) -> Select[Any]:
    """Return the select of one row: bystanders, lost, and per reason before, gained and lost.

    `hearers` are who is `heard` of. Everything is counted from the preferences as they are: before the updates.
    """
    in_scope, *beside = (_alike(each, audience.staff) for each in hearers)
    columns: list[ColumnElement[Any]] = []
    for reason in reasons:
        before, after = has(in_scope.c.before_bits, reason), has(in_scope.c.after_bits, reason)
        speaks = _speaks(in_scope, reason)
        columns += [
            times(in_scope, *speaks, before != constant(0)).label(f"{reason}_before"),
            times(in_scope, *speaks, before == constant(0), after != constant(0)).label(f"{reason}_gained"),
            times(in_scope, _lost(in_scope, reason)).label(f"{reason}_lost"),
        ]
    lost: ColumnElement[int] = times(in_scope, _any_lost(in_scope, reasons))
    for pattern in beside:
        lost += select(times(pattern, _any_lost(pattern, reasons))).scalar_subquery()
    bystanders: ColumnElement[int] = constant(0)
    if audience.bystanders is not None:
        bystanders = select(func.count()).select_from(audience.bystanders).scalar_subquery()
    return select(bystanders.label("bystanders"), lost.label("lost"), *columns).select_from(in_scope)


def losers(day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]) -> Select[int]:
    """Return the select of the ids of those, bystanders too, who cease to be reached for one of the reasons."""
    hearers = heard(Stage(language, temporary=False), day, audience, reasons)
    each = (_with_staff(some, audience.staff) for some in hearers)
    found = union_all(*(select(some.c.person_id).where(_any_lost(some, reasons)) for some in each)).subquery("loser")
    return select(found.c.person_id)


def _ways_in_scope(
    day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]
) -> CompoundSelect[Any] | Select[Any]:
    """Return the ways by which people in scope hear: what `eligible` holds already is read nowhere else."""
    if not audience.covered:
        return _ways(audience.scope, day, language, audience, reasons)
    ways = [*_covered(day, audience), *_uncovered(day, language, audience, reasons)]
    return ways[0] if len(ways) == 1 else union_all(*ways)


def _ways(
    people: FromClause, day: Day, language: Language, audience: Audience, reasons: tuple[Reason, ...]
) -> CompoundSelect[Any]:
    """Return the ways by which any people hear: all that they have, changed or not."""
    now, eligible = bits(language, reasons), audience.eligible
    changed = and_(eligible.c.contact_point_id == contact_point.c.contact_point_id, changes(eligible))
    before, after = now.label("before_bits"), func.coalesce(eligible.c.after_bits, now).label("after_bits")
    present = language.present(contact_point.c.address)
    if people is audience.bystanders:  # what is theirs alone does not change
        own = select(people.c.person_id, before, now.label("after_bits")).select_from(_own(people))
    else:
        own = select(people.c.person_id, before, after).select_from(_own(people).outerjoin(eligible, changed))
    at_home = _shared(people, day).outerjoin(eligible, changed)
    return union_all(own.where(present), select(people.c.person_id, before, after).select_from(at_home).where(present))


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


def _united(ways: CompoundSelect[Any] | Select[Any], language: Language, reasons: tuple[Reason, ...]) -> Select[Any]:
    """Return the select of a row per person: person_id, before_bits and after_bits, of all of their ways."""
    each = tuple(reason.bit for reason in reasons)
    way = ways.subquery("way")
    return select(
        way.c.person_id,
        *(
            type_coerce(language.any_bits(way.c[name], each), SmallInteger).label(name)
            for name in ("before_bits", "after_bits")
        ),
    ).group_by(way.c.person_id)


def _with_staff(heard: FromClause, staff: FromClause | None) -> FromClause:
    """Return the same rows with is_staff: 1 of who has an assignment, and of nobody where no reason asks for it."""
    if staff is None:
        return select(heard, constant(0).label("is_staff")).subquery("hearer")
    is_staff = case((staff.c.person_id.is_not(None), constant(1)), else_=constant(0)).label("is_staff")
    joined = heard.outerjoin(staff, staff.c.person_id == heard.c.person_id)
    return select(heard, is_staff).select_from(joined).subquery("hearer")


def _alike(heard: FromClause, staff: FromClause | None) -> FromClause:
    hearer = _with_staff(heard, staff)
    return alike(hearer, (hearer.c.before_bits, hearer.c.after_bits, hearer.c.is_staff))


def _speaks(rows: FromClause, reason: Reason) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of being counted for a reason: for staff messages only people with an assignment are."""
    return (rows.c.is_staff == constant(1),) if reason is Reason.STAFF else ()


def _lost(rows: FromClause, reason: Reason) -> ColumnElement[bool]:
    return and_(
        *_speaks(rows, reason),
        has(rows.c.before_bits, reason) != constant(0),
        has(rows.c.after_bits, reason) == constant(0),
    )


def _any_lost(rows: FromClause, reasons: tuple[Reason, ...]) -> ColumnElement[bool]:
    return or_(*(_lost(rows, reason) for reason in reasons))
