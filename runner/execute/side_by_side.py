"""Several jobs on one snapshot: the people that they select by id, and what a reviewer should know of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.execute.measure import look_up, warn_of_unknown_people
from runner.values.result import Warned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from sqlalchemy import Connection

    from runner.backends.backend import Backend
    from runner.compile.plan import Plan
    from runner.values.job import Job


def look_up_all(
    connection: Connection,
    backend: Backend,
    plans: Iterable[Plan],
    as_of: date,
    stop: Callable[[], bool],
) -> dict[str, str]:
    """Return the id lists of several plans, as JSON arrays; the plans' prefixes keep their names apart."""
    ids: dict[str, str] = {}
    for plan in plans:
        ids |= plan.parameters
        ids |= look_up(connection, backend, plan.lookups, as_of, stop)
    return ids


def warn_about(
    connection: Connection,
    plan: Plan,
    job: Job,
    ids: Mapping[str, str],
    people: int,
) -> tuple[Warned, ...]:
    """Return what a reviewer should know of one of several jobs: selected ids that are nobody's, a scope of nobody."""
    unknown = warn_of_unknown_people(connection, plan, ids)
    empty = () if people or job.allow_empty else (Warned("nobody-in-scope", "nobody is in scope", plan.place),)
    return tuple(replace(warned, message=f"{job.name}: {warned.message}") for warned in (*unknown, *empty))
