"""Everything that a run and a dry run count alike: selections, scope, tally and reach → Tally."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from runner.values.problems import Problem, Stopped
from runner.values.result import Reach, Tally, Warned
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from sqlalchemy import Connection

    from runner.backends.backend import Backend
    from runner.compile.plan import Lookup, Plan, WhyEmpty
    from runner.values.problems import Position

LOOKUP_SECONDS = 60.0
"""How long pass-through SQL may take."""


def look_up(
    connection: Connection,
    backend: Backend,
    lookups: tuple[Lookup, ...],
    as_of: date,
    stop: Callable[[], bool],
) -> dict[str, str]:
    """Return the ids that pass-through SQL selects, as JSON arrays. Stopped where the database refuses it.

    An error that comes of `stop()` is nobody's fault, and goes up as it is.
    """
    found: dict[str, str] = {}
    for lookup in lookups:
        if objection := backend.objection(lookup.source.sql):
            raise Stopped(Problem("sql-refused", objection, lookup.source.place))
        try:
            with backend.only_reading(connection, LOOKUP_SECONDS) as reader:
                ids = [row[0] for row in reader.execute(lookup.clause, {"as_of": as_of})]
        except DBAPIError as error:
            if stop():
                raise
            raise Stopped(backend.refused(error, lookup.source.place)) from error
        if any(not isinstance(value, int) for value in ids):
            raise Stopped(
                Problem(
                    "sql-refused",
                    "the column `person_id` of this SELECT holds something that is no whole number",
                    lookup.source.place,
                ),
            )
        found[lookup.parameter] = json.dumps(ids)
    return found


def warn_of_unknown_people(connection: Connection, plan: Plan, ids: Mapping[str, str]) -> tuple[Warned, ...]:
    """Return a warning for each selection with ids that are nobody's."""
    if plan.unknown_people is None:
        return ()
    counts = connection.execute(plan.unknown_people.clause, ids).one()
    return tuple(
        Warned("unknown-people", f"{count:,} of the selected ids {'is' if count == 1 else 'are'} nobody's", place)
        for count, place in zip(counts, plan.selected, strict=True)
        if count
    )


def count_people(
    connection: Connection,
    plan: Plan,
    ids: Mapping[str, str],
    allow_empty: bool,  # noqa: FBT001 - a key of the job
) -> tuple[int, int]:
    """Return how many people are in scope, and how many of them are staff. Stopped where nobody is, but must be."""
    people, staff = connection.execute(plan.people.clause, ids).one()
    _require_people(connection, plan, ids, allow_empty, people)
    return people, staff


def measure(
    connection: Connection,
    plan: Plan,
    ids: Mapping[str, str],
    allow_empty: bool,  # noqa: FBT001 - a key of the job
    step: Callable[[str], None],
) -> Tally:
    """Return the tally of a plan whose stage is set. Stopped where nobody is in scope and that is not allowed."""
    figures: dict[str, int] = {}
    for statement in plan.counts:
        step(f"{statement.title[0].lower()}{statement.title[1:-1]}")
        row = connection.execute(statement.clause, ids).mappings().one()
        figures |= {name: int(value) for name, value in row.items()}
        _require_people(connection, plan, ids, allow_empty, figures["people"])
    people, staff = figures["people"], figures["staff"]
    return Tally(
        people=people,
        counts={
            channel: {reason: plan.count_cell(channel, reason, _three(figures, channel, reason)) for reason in reasons}
            for channel, reasons in plan.cells.items()
        },
        contact_points=figures["contact_points"],
        custom_overwritten=figures["custom_overwritten"],
        bystanders=figures["bystanders"],
        reach={reason: _reach(figures, reason, staff if reason is Reason.STAFF else people) for reason in plan.reasons},
        lost=figures["lost"],
        fingerprint="-".join(str(figures[name]) for name in ("contact_points", "print_a", "print_b")),
    )


def _require_people(
    connection: Connection,
    plan: Plan,
    ids: Mapping[str, str],
    allow_empty: bool,  # noqa: FBT001 - a key of the job
    people: int,
) -> None:
    if not people and not allow_empty and plan.why_empty is not None:
        raise Stopped(_empty(connection, plan.why_empty(), plan.place, ids))


def _three(figures: Mapping[str, int], channel: Channel, reason: Reason) -> tuple[int, int, int]:
    first, second, third = (figures[f"{channel}_{reason}_{place}"] for place in range(3))
    return (first, second, third)


def _reach(figures: Mapping[str, int], reason: Reason, people: int) -> Reach:
    before, gained, lost = (figures[f"{reason}_{name}"] for name in ("before", "gained", "lost"))
    return Reach(people, before, before + gained - lost, gained, lost)


def _empty(
    connection: Connection,
    why: WhyEmpty,
    place: Position | None,
    ids: Mapping[str, str],
) -> Problem:
    *steps, first_start, last_end = connection.execute(why.clause, ids).one()
    told = ", ".join(f"{count:,} {name}" for name, count in zip(why.steps, steps, strict=True))
    hints = []
    if first_start is not None:
        hints.append(
            f"the next enrollment starts on {first_start}: `--as-of {first_start}`, or `enrollment: not_ended`"
        )
    if last_end is not None:
        hints.append(f"the last one ended on {last_end}: `--as-of {last_end}`, or `enrollment: any`")
    hints.append("`allow_empty: true` where that may be")
    return Problem("empty-scope", f"nobody is in scope: {told}", place, "; ".join(hints))
