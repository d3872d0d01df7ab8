"""The calendars that a job names: each entry must match one, and near misses are named where it doesn't."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from sqlalchemy import select

from runner.tables import calendar, school
from runner.values.job import CURRENT
from runner.values.problems import Problem, Stopped
from runner.values.vocabulary import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from runner.compile.explain import Questions
    from runner.compile.plan import Plan
    from runner.values.job import CalendarEntry

    Known = Sequence[Row[str, str | None, str, int]]

_NAMED = 5


def require_calendars(connection: Connection, *plans: Plan | Questions) -> None:
    """Check that each calendar entry matches a calendar. Stopped, near misses named, where one does not."""
    unmatched = [entry for plan in plans for entry in _unmatched(connection, plan)]
    if unmatched:
        known = connection.execute(
            select(school.c.name, school.c.number, calendar.c.name.label("calendar"), calendar.c.end_year)
            .join(calendar, calendar.c.school_id == school.c.school_id)
            .order_by(calendar.c.end_year, calendar.c.calendar_id),
        ).all()
        raise Stopped(*(_unknown(entry, known) for entry in unmatched))


def _unmatched(connection: Connection, plan: Plan | Questions) -> list[CalendarEntry]:
    if plan.calendars is None:
        return []
    counts = connection.execute(plan.calendars.clause).one()
    return [entry for entry, count in zip(plan.entries, counts, strict=True) if not count]


def _unknown(entry: CalendarEntry, known: Known) -> Problem:
    at_school = [row for row in known if entry.school is None or _is_school(row, entry.school)]
    if not at_school:
        names = [name for row in known for name in (row.name, row.number) if name]
        return _problem(
            entry, f"no school with a calendar has the name or number `{entry.school}`", names, entry.school
        )
    named = [row for row in at_school if entry.name is None or fold(row.calendar) == fold(entry.name)]
    if not named:
        where = "" if entry.school is None else f" at `{entry.school}`"
        message = f"no calendar{where} is called `{entry.name}`"
        return _problem(entry, message, [row.calendar for row in at_school], entry.name)
    years = ", ".join(str(year) for year in sorted({row.end_year for row in named}))
    which = f"in year `{CURRENT}`" if entry.year == CURRENT else f"in year {entry.year}"
    return Problem("unknown-calendar", f"no such calendar {which}", entry.place, f"there are some in {years}")


def _is_school(row: Row[str, str | None, str, int], wanted: str) -> bool:
    return fold(wanted) in {fold(name) for name in (row.name, row.number) if name is not None}


def _problem(entry: CalendarEntry, message: str, names: Iterable[str], wanted: str | None) -> Problem:
    by_fold = {fold(name): name for name in names}
    near = get_close_matches(fold(wanted or ""), by_fold, n=_NAMED, cutoff=0.5) or sorted(by_fold)[:_NAMED]
    told = ", ".join(f"`{by_fold[name]}`" for name in near)
    hint = f"did you mean {told}?" if near else "the district has no calendars at all"
    return Problem("unknown-calendar", message, entry.place, hint)
