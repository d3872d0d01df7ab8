"""A recorded run → the Plan that takes it back: a second source of a plan, not a second executor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import SmallInteger, and_, case, cast, literal, select, type_coerce, union

from runner.compile import changes
from runner.compile.changes import constant, has
from runner.compile.job import count_people
from runner.compile.plan import Audience, Count, Plan, Stage, Statement
from runner.compile.reach import heard, reach
from runner.compile.scope import active, day
from runner.tables import Id, contact_point, household_member, runner_change
from runner.values.result import UndoCount
from runner.values.vocabulary import ALL_BITS, Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Any

    from sqlalchemy import ColumnElement, FromClause, Select

    from runner.backends.backend import Language
    from runner.compile.scope import Day


def compile_undo(
    run_no: int,
    cells: Mapping[Channel, tuple[Reason, ...]],
    as_of: date,
    language: Language,
    *,
    staged: bool,
) -> Plan:
    """Return the plan that undoes a run, which had set `cells`; `staged` as for a job."""
    the_day = day(as_of)
    stage = Stage(language, temporary=staged)
    reasons = tuple(reason for reason in Reason if any(reason in row for row in cells.values()))
    recorded = stage.relation(
        "eligible",
        "what the run changed, with the preferences as they are and as they would be again",
        _recorded(run_no, language),
        key="contact_point_id",
    )
    scope = stage.relation("scope", "the people concerned", _people(the_day, recorded), key="person_id")
    staff = None
    if Reason.STAFF in reasons:
        staff = stage.relation("staff", "the people with an assignment", changes.staff(the_day), key="person_id")
    # Whoever a household phone speaks to is concerned: beside them stands nobody.
    audience = Audience(scope, staff, recorded, None, None, covered=frozenset(), silencing=False)
    people = Count("Count the people concerned.", count_people(scope, staff))
    tally = Count(
        "Count per cell what is taken back, what was changed since, and what is gone.",
        changes.tally(recorded, cells, _counted),
    )
    hearers = heard(stage, the_day, audience, reasons)
    hears = Count("Count who hears about what, before and after.", reach(audience, reasons, hearers))
    return Plan(
        place=None,
        audience=audience,
        ways=None,
        entries=(),
        calendars=None,
        lookups=(),
        parameters={},
        unknown_people=None,
        selected=(),
        stage=tuple(stage.statements),
        people=people,
        why_empty=None,
        change_set=Statement("Write down what will change.", changes.change_set(recorded)),
        counts=stage.counts(people, tally, hears),
        updates=tuple(
            (
                channel,
                Statement(
                    f"Take back all preferences of {channel.label} at once, where they still are what was seen.",
                    changes.set_preferences(channel, cells[channel], language),
                ),
            )
            for channel in Channel
            if channel in cells
        ),
        cells=cells,
        reasons=reasons,
        count_cell=lambda _channel, _reason, counts: UndoCount(*counts),
    )


def _recorded(run_no: int, language: Language) -> Select[Any]:
    """Return the select of the run's changes; one whose contact point is gone stands with no bits that change.

    Columns as `eligible` has them for a job, and was_bits, set_bits (what the run changed, from and to) and is_gone.
    """
    here = and_(
        contact_point.c.contact_point_id == runner_change.c.contact_point_id,
        contact_point.c.channel == runner_change.c.channel,
    )
    points = (
        select(
            runner_change.c.channel,
            runner_change.c.contact_point_id,
            contact_point.c.household_id,
            contact_point.c.person_id,
            case((contact_point.c.contact_point_id.is_(None), constant(0)), else_=changes.bits(language)).label(
                "now_bits"
            ),
            case(
                (contact_point.c.contact_point_id.is_(None), constant(0)),
                else_=type_coerce(language.number(contact_point.c.custom), SmallInteger),
            ).label("custom"),
            runner_change.c.before_bits.label("was_bits"),
            runner_change.c.after_bits.label("set_bits"),
            case((contact_point.c.contact_point_id.is_(None), constant(1)), else_=constant(0)).label("is_gone"),
        )
        .select_from(runner_change.outerjoin(contact_point, here))
        .where(runner_change.c.run_no == literal(run_no, Id))
        .subquery("point")
    )
    # What the run changed and what still is as it left it: those bits go back, the others stay.
    still = _both(_xor(points.c.was_bits, points.c.set_bits), _inverse(_xor(points.c.now_bits, points.c.set_bits)))
    again = _both(points.c.now_bits, _inverse(still)).bitwise_or(_both(points.c.was_bits, still))
    return select(
        points.c.channel,
        points.c.contact_point_id,
        cast(points.c.household_id, Id).label("household_id"),
        points.c.person_id,
        points.c.now_bits.label("before_bits"),
        case((points.c.is_gone == constant(1), points.c.now_bits), else_=again).label("after_bits"),
        points.c.custom,
        points.c.was_bits,
        points.c.set_bits,
        points.c.is_gone,
    )


def _people(the_day: Day, recorded: FromClause) -> Select[Any]:
    """Return the select of the owners, and the household members active on the day, of what changes."""
    owners = select(recorded.c.person_id).where(changes.changes(recorded), recorded.c.person_id.is_not(None))
    members = (
        select(household_member.c.person_id)
        .join(recorded, recorded.c.household_id == household_member.c.household_id)
        .where(changes.changes(recorded), active(household_member, the_day))
    )
    people = union(owners, members).subquery("people")
    return select(people.c.person_id)


def _counted(rows: FromClause, reason: Reason) -> tuple[ColumnElement[bool], ...]:
    """Return three conditions of a reason: that a preference is taken back, was changed since, and is gone."""
    was, was_set, now = (has(rows.c[name], reason) for name in ("was_bits", "set_bits", "before_bits"))
    here, changed = rows.c.is_gone == constant(0), was != was_set
    return (
        and_(here, changed, now == was_set),
        and_(here, changed, now != was_set),
        and_(rows.c.is_gone == constant(1), changed),
    )


def _both(left: ColumnElement[int], right: ColumnElement[int]) -> ColumnElement[int]:
    return left.bitwise_and(right)


def _xor(left: ColumnElement[int], right: ColumnElement[int]) -> ColumnElement[int]:
    # SQLite has no exclusive or: what stands in either, less what stands in both.
    return left.bitwise_or(right) - left.bitwise_and(right)


def _inverse(number: ColumnElement[int]) -> ColumnElement[int]:
    return constant(ALL_BITS) - number
