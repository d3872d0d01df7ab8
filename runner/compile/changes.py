"""Job → the eligible contact points with what they hold and would hold, their tally, the change set, the updates."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    SmallInteger,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    null,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.sql.operators import custom_op

from runner.compile.plan import RUN_NO, side_by_side
from runner.compile.scope import active
from runner.tables import Id, contact_point, district_assignment, household_member, runner_change
from runner.values.vocabulary import ALL_BITS, Channel, CustomSelections, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from sqlalchemy import BindParameter, ColumnElement, FromClause, Insert, Select, Update

    from runner.backends.backend import Language
    from runner.compile.scope import Day
    from runner.values.job import Job

PRIME = 2_147_483_647
"""The prime of the fingerprint: every step of it stays within 64 bits."""


def bits(language: Language, reasons: tuple[Reason, ...] = tuple(Reason)) -> ColumnElement[int]:
    """Return the eight preferences of a contact point as one number, or only those of some reasons."""
    each = [language.number(contact_point.c[reason.value]) * constant(reason.bit) for reason in reasons]
    return type_coerce(reduce(lambda some, one: some.operate(_OR, one), each), SmallInteger)


# To put bits together: MariaDB takes twice as long to add them up. SQLAlchemy's own would nest eight parentheses.
_OR: Final[custom_op[int]] = custom_op("|", natural_self_precedent=True)


def constant(number: int) -> ColumnElement[int]:
    """Return a number of the runner's own, written into the SQL so that a reader sees it."""
    return literal_column(str(number), SmallInteger)


def staff(day: Day) -> Select[Any]:
    """Return the select of the people who have a district assignment active on the day, each once."""
    return select(district_assignment.c.person_id).where(active(district_assignment, day)).distinct()


def homes(day: Day, scope: FromClause) -> Select[Any]:
    """Return the select of the households with an active member in scope, each once."""
    return (
        select(household_member.c.household_id)
        .where(household_member.c.person_id.in_(select(scope.c.person_id)), active(household_member, day))
        .distinct()
    )


def eligible(
    job: Job,
    day: Day,
    language: Language,
    sources: tuple[FromClause, FromClause, FromClause | None],
    among: BindParameter[int] | None = None,
) -> Select[Any]:
    """Return the select of every contact point that the job speaks of; `sources` are scope, homes and staff.

    `among` is a list of contact points to ask about only.

    Columns: channel, contact_point_id, person_id (null for a household's), household_id (null for a person's),
    before_bits, wanted_bits (what the job says), after_bits (what the run will leave), custom and is_staff (0 or 1).
    """
    points = _points(job, day, language, sources, among).subquery("point")
    wanted = select(
        points.c.channel,
        points.c.contact_point_id,
        points.c.person_id,
        points.c.household_id,
        points.c.before_bits,
        type_coerce(_wanted(job, points), SmallInteger).label("wanted_bits"),
        points.c.custom,
        points.c.is_staff,
    )
    if job.custom_selections is not CustomSelections.KEEP:
        return wanted.add_columns(wanted.selected_columns.wanted_bits.label("after_bits"))
    rows = wanted.subquery("wanted")
    after = case((rows.c.custom == constant(1), rows.c.before_bits), else_=rows.c.wanted_bits)
    return select(rows, type_coerce(after, SmallInteger).label("after_bits"))


def phones(eligible: FromClause) -> Select[Any]:
    """Return the select of the eligible contact points that are a household's: its id, and the bits."""
    return select(eligible.c.household_id, eligible.c.before_bits, eligible.c.after_bits).where(
        eligible.c.household_id.is_not(None)
    )


def _points(
    job: Job,
    day: Day,
    language: Language,
    sources: tuple[FromClause, FromClause, FromClause | None],
    among: BindParameter[int] | None,
) -> Any:  # noqa: ANN401 - a SELECT or a UNION ALL of two: SQLAlchemy has no public common type
    scope, homes, staff = sources
    personal = [channel.value for channel in job.preferences if channel is not Channel.HOUSEHOLD_PHONE]
    present = language.present(contact_point.c.address)  # last: SQLite asks in this order, and this is the dearest
    branches: list[Select[Any]] = []
    if personal:
        is_staff = None if staff is None else contact_point.c.person_id.in_(select(staff.c.person_id))
        branches.append(
            _branch(language, (contact_point.c.person_id, _NOBODY), is_staff).where(
                channel_in(personal),
                contact_point.c.person_id.in_(select(scope.c.person_id)),
                present,
            ),
        )
    if Channel.HOUSEHOLD_PHONE in job.preferences:
        staff_homes = None if staff is None else contact_point.c.household_id.in_(_staff_homes(day, staff))
        branches.append(
            _branch(language, (_NOBODY, contact_point.c.household_id), staff_homes).where(
                channel_in([Channel.HOUSEHOLD_PHONE.value]),
                contact_point.c.household_id.in_(select(homes.c.household_id)),
                present,
            ),
        )
    if among is not None:
        branches = [branch.where(contact_point.c.contact_point_id.in_(among)) for branch in branches]
    # Never `person in … or household in …`: a planner finds no index and no hash for that.
    return branches[0] if len(branches) == 1 else union_all(*branches)


_NOBODY = cast(null(), Id)


def _branch(
    language: Language,
    owner: tuple[ColumnElement[Any], ColumnElement[Any]],
    is_staff: ColumnElement[bool] | None,
) -> Select[Any]:
    person_id, household_id = owner
    return select(
        contact_point.c.channel,
        contact_point.c.contact_point_id,
        person_id.label("person_id"),
        household_id.label("household_id"),
        bits(language).label("before_bits"),
        type_coerce(language.number(contact_point.c.custom), SmallInteger).label("custom"),
        (constant(0) if is_staff is None else case((is_staff, constant(1)), else_=constant(0))).label("is_staff"),
    )


def channel_in(channels: list[str]) -> ColumnElement[bool]:
    """Return whether a contact point is of one of these channels, written into the SQL."""
    tokens = [literal_column(f"'{channel}'", String) for channel in channels]
    return contact_point.c.channel == tokens[0] if len(tokens) == 1 else contact_point.c.channel.in_(tokens)


def _staff_homes(day: Day, staff: FromClause) -> Select[Any]:
    return select(household_member.c.household_id).where(
        household_member.c.person_id.in_(select(staff.c.person_id)),
        active(household_member, day),
    )


def _wanted(job: Job, points: FromClause) -> ColumnElement[int]:
    """Return (before | on) & ~off, with the masks of the row's channel; the staff bit only where staff is."""
    on = _masks(job, points, on=True)
    off = _masks(job, points, on=False)
    if Reason.STAFF in job.reasons:
        speaks = case((points.c.is_staff == constant(1), constant(ALL_BITS)), else_=constant(_NOT_STAFF))
        on = None if on is None else on.bitwise_and(speaks)
        off = None if off is None else off.bitwise_and(speaks)
    wanted: ColumnElement[int] = points.c.before_bits
    if on is not None:
        wanted = wanted.bitwise_or(on)
    if off is not None:
        wanted = wanted.bitwise_and(constant(ALL_BITS) - off)
    return wanted


_NOT_STAFF = ALL_BITS - Reason.STAFF.bit


def _masks(job: Job, points: FromClause, *, on: bool) -> ColumnElement[int] | None:
    """Return the bits that the job turns on (or off) for the row's channel; None where it turns none for any."""
    masks = {
        channel: sum(reason.bit for reason, is_on in job.preferences[channel].items() if is_on is on)
        for channel in Channel
        if channel in job.preferences
    }
    if not any(masks.values()):
        return None
    if len(set(masks.values())) == 1:
        return constant(next(iter(masks.values())))
    return case(
        {literal_column(f"'{channel.value}'", String): constant(mask) for channel, mask in masks.items() if mask},
        value=points.c.channel,
        else_=constant(0),
    )


def has(number: ColumnElement[int], reason: Reason) -> ColumnElement[int]:
    """Return the reason's bit of a number: 0 or `reason.bit`."""
    return number.bitwise_and(constant(reason.bit))


def count_if(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the number of rows that fulfil every condition."""
    return func.count(case((and_(*conditions), constant(1))))


def changes(rows: FromClause) -> ColumnElement[bool]:
    """Return whether a row of the eligible ones changes."""
    return rows.c.after_bits != rows.c.before_bits


def tally(
    rows: FromClause,
    cells: Mapping[Channel, tuple[Reason, ...]],
    count: Callable[[FromClause, Reason], tuple[ColumnElement[bool], ...]],
) -> Select[Any]:
    """Return the select of one row: for each cell how many of its channel's rows `count` is true of, and `summed`.

    A scan for each channel is faster than one that groups by it too.
    """
    told = [column for column in rows.c if column.name not in _TOLD_APART]
    channels: list[Select[Any]] = []
    for channel, reasons in cells.items():
        pattern = alike(rows, told, is_channel(rows, channel))
        columns: list[ColumnElement[Any]] = [
            times(pattern, each).label(f"{channel}_{reason}_{place}")
            for reason in reasons
            for place, each in enumerate(count(pattern, reason))
        ]
        channels.append(select(*columns))
    return side_by_side(*channels, summed(rows))


# What no cell is counted by.
_TOLD_APART = {"channel", "contact_point_id", "person_id", "household_id", "custom"}


def alike(rows: FromClause, columns: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]) -> FromClause:
    """Return the values that some columns have together, each once, and in how many of the rows: `times`.

    There are at most some thousand of them, however many rows. So that a count more costs nothing.
    """
    values = select(*columns, func.count().label("times")).select_from(rows).where(*conditions)
    return values.group_by(*columns).subquery("pattern")


def times(pattern: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Return how many of the rows that are `alike` fulfil every condition; 0 of none."""
    return func.coalesce(func.sum(case((and_(*conditions), pattern.c.times), else_=constant(0))), constant(0))


def counted(rows: FromClause, reason: Reason) -> tuple[ColumnElement[bool], ...]:
    """Return three conditions of a reason: that a preference changes, that it already is so, and that it is kept."""
    before, wanted, after = (has(rows.c[name], reason) for name in ("before_bits", "wanted_bits", "after_bits"))
    is_so = before == wanted
    return (
        before != after,
        and_(is_so, rows.c.is_staff == constant(1)) if reason is Reason.STAFF else is_so,
        wanted != after,
    )


def is_channel(rows: FromClause, channel: Channel) -> ColumnElement[bool]:
    """Return whether a row is of this channel, written into the SQL."""
    return rows.c.channel == literal_column(f"'{channel.value}'", String)


def summed(rows: FromClause) -> Select[Any]:
    """Return the select of one row that every tally ends with: points, custom, and the two sums of the fingerprint.

    With P prime and x = (id mod P · 65537 + before · 257 + after) mod P:
    a = Σ (x² mod P), b = Σ ((x² mod P) · x mod P), over what changes.
    """
    prime = literal_column(str(PRIME), BigInteger)
    # Twice mod P: SQL gives a negative id a negative remainder, the fingerprint a positive one.
    positive = ((cast(rows.c.contact_point_id, BigInteger) % prime) + prime) % prime
    x = (
        positive * literal_column("65537", BigInteger) + rows.c.before_bits * constant(257) + rows.c.after_bits
    ) % prime
    changed = select(rows.c.custom, x.label("x")).where(changes(rows)).subquery("changed")
    square = (changed.c.x * changed.c.x) % prime
    zero = literal_column("0", BigInteger)
    return select(
        func.count().label("contact_points"),
        count_if(changed.c.custom == constant(1)).label("custom_overwritten"),
        func.coalesce(func.sum(square), zero).label("print_a"),
        func.coalesce(func.sum((square * changed.c.x) % prime), zero).label("print_b"),
    ).select_from(changed)


def change_set(rows: FromClause) -> Insert:
    """Return the insert of the change set: ids and bits, in the order of the ids."""
    source = (
        select(
            bindparam(RUN_NO, type_=Id, required=False),  # to be read, a statement is compiled before there is one
            rows.c.contact_point_id,
            rows.c.channel,
            rows.c.before_bits,
            rows.c.after_bits,
        )
        .where(changes(rows))
        .order_by(rows.c.contact_point_id)
    )
    return insert(runner_change).from_select(
        ["run_no", "contact_point_id", "channel", "before_bits", "after_bits"],
        source,
    )


def set_preferences(channel: Channel, reasons: tuple[Reason, ...], language: Language) -> Update:
    """Return the one UPDATE of a channel: all of its reasons at once, where the eight still are what was seen."""
    change = runner_change
    return (
        update(contact_point)
        .values({reason.value: language.flag(has(change.c.after_bits, reason)) for reason in reasons})
        .where(
            change.c.run_no == bindparam(RUN_NO, type_=Id),
            is_channel(change, channel),
            change.c.contact_point_id == contact_point.c.contact_point_id,
            change.c.before_bits == bits(language),
        )
    )
