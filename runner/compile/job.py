"""Job → Plan, without a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, not_, select

from runner.compile import changes
from runner.compile.conditions import Selections
from runner.compile.plan import Audience, Count, Plan, Stage, Statement
from runner.compile.reach import bystanders, heard, reach
from runner.compile.scope import day, in_scope, matching_calendars, ways_into_scope, why_empty
from runner.tables import person
from runner.values.result import CellCount
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from sqlalchemy import FromClause, Select

    from runner.backends.backend import Language
    from runner.values.job import Job


def compile_job(job: Job, as_of: date, language: Language, *, staged: bool, prefix: str = "") -> Plan:
    """Return the plan of a job; `staged` lets a run keep its intermediate results in temporary tables.

    `prefix` tells its relations and parameters from those of other plans, where one statement speaks of several.
    """
    the_day = day(as_of, prefix)
    stage = Stage(language, temporary=staged, prefix=prefix)
    selections = Selections(stage)
    scope = stage.relation(
        "scope",
        "the people in scope",
        in_scope(job, the_day, language, selections),
        key="person_id",
    )
    homes = stage.relation("home", "the households they live in", changes.homes(the_day, scope), key="household_id")
    staff = None
    if Reason.STAFF in job.reasons:
        staff = stage.relation("staff", "the people with an assignment", changes.staff(the_day), key="person_id")
    shared = job.preferences.get(Channel.HOUSEHOLD_PHONE)
    silencing = shared is not None and not all(shared.values())
    eligible = stage.relation(
        "eligible",
        "the contact points that the job speaks of, with their preferences before and after",
        changes.eligible(job, the_day, language, (scope, homes, staff)),
        key="contact_point_id" if silencing else None,  # only bystanders look for theirs, and a key has its price
    )
    phones = beside = None
    if shared is not None:
        phones = stage.part("phone", changes.phones(eligible))
        rows = bystanders(the_day, scope, phones)
        if silencing:
            title = "the bystanders of household phones that change"
            beside = stage.relation("bystander", title, rows, key="person_id")
        else:  # they are counted, and nothing else
            beside = rows.subquery("bystander")
    audience = Audience(
        scope=scope,
        staff=staff,
        eligible=eligible,
        phones=phones,
        bystanders=beside,
        covered=frozenset(job.preferences),
        silencing=silencing,
    )
    calendars = matching_calendars(job, the_day, language)
    cells = {channel: _in_order(job, channel) for channel in Channel if channel in job.preferences}
    people = Count("Count the people in scope.", count_people(scope, staff))
    tally = Count(
        "Count per cell what changes, what already was so, and what is kept.",
        changes.tally(eligible, cells, changes.counted),
    )
    hearers = heard(stage, the_day, audience, job.reasons)
    hears = Count("Count who hears about what, before and after.", reach(audience, job.reasons, hearers))
    return Plan(
        place=job.places.get("calendar") or job.places.get("filter"),
        audience=audience,
        ways=lambda: ways_into_scope(job, the_day, language, selections),
        entries=job.calendars,
        calendars=None if calendars is None else Statement("Look up the calendars that the job names.", calendars),
        lookups=tuple(selections.lookups),
        parameters=selections.parameters,
        unknown_people=_unknown_people(selections.people),
        selected=tuple(selections.places),
        stage=tuple(stage.statements),
        people=people,
        why_empty=lambda: why_empty(job, the_day, language, selections),
        change_set=Statement("Write down what will change.", changes.change_set(eligible)),
        counts=stage.counts(people, tally, hears),
        updates=tuple(
            (
                channel,
                Statement(
                    f"Set all preferences of {channel.label} at once, where they still are what was seen.",
                    changes.set_preferences(channel, reasons, language),
                ),
            )
            for channel, reasons in cells.items()
        ),
        cells=cells,
        reasons=job.reasons,
        count_cell=lambda channel, reason, counts: CellCount(job.preferences[channel][reason], *counts),
    )


def count_people(scope: FromClause, staff: FromClause | None) -> Select[Any]:
    """Return the select of one row: people in scope, and how many of them have an assignment."""
    people = select(func.count()).select_from(scope).scalar_subquery().label("people")
    if staff is None:
        return select(people, changes.constant(0).label("staff"))
    both = scope.join(staff, staff.c.person_id == scope.c.person_id)
    return select(people, select(func.count()).select_from(both).scalar_subquery().label("staff"))


def _unknown_people(selections: list[FromClause]) -> Statement | None:
    if not selections:
        return None
    unknown = [
        select(func.count())
        .select_from(ids)
        .where(not_(exists().where(person.c.person_id == ids.c.person_id)))
        .scalar_subquery()
        .label(f"unknown_{place}")
        for place, ids in enumerate(selections, 1)
    ]
    return Statement("Count the selected ids that nobody has.", select(*unknown))


def _in_order(job: Job, channel: Channel) -> tuple[Reason, ...]:
    return tuple(reason for reason in Reason if reason in job.preferences[channel])
