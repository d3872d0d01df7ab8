"""The guards: a tally against a job's limits, and what a reviewer should be warned of. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from runner.values.problems import Problem
from runner.values.result import CellCount, Warned
from runner.values.vocabulary import CustomSelections, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.values.job import Job
    from runner.values.result import Tally


def judge(tally: Tally, job: Job) -> tuple[Problem, ...]:
    """Return a problem for every guard of the job that the tally breaks."""
    return tuple(_broken(tally, job))


def warn(tally: Tally) -> tuple[Warned, ...]:
    """Return what a reviewer should know even where nothing is refused."""
    return tuple(_warnings(tally))


def _broken(tally: Tally, job: Job) -> Iterator[Problem]:
    limits = job.limits
    for code, what, count, limit in (
        ("limit-people", "people are in scope", tally.people, limits.people),
        ("limit-changed", "preferences would change", tally.changed, limits.changed),
        (
            "limit-changed",
            f"of {tally.eligible:,} eligible preferences would change",
            tally.changed,
            _share(tally, job),
        ),
        ("limit-custom", "custom contact points would be overwritten", tally.custom_overwritten, limits.custom),
        ("limit-lost", "people would lose their last way to hear about something", tally.lost, limits.lost),
    ):
        if limit is not None and count > limit:
            told = f"{limits.changed_percent}%" if isinstance(limit, Fraction) else f"{limit:,}"
            place = job.places.get(code.replace("limit-", "limits."), job.places.get("limits"))
            yield Problem(code, f"{count:,} {what}; the limit is {told}", place)
    if job.custom_selections is CustomSelections.REFUSE and tally.custom_overwritten:
        yield Problem(
            "custom-refused",
            f"{tally.custom_overwritten:,} custom contact points would change, and the job refuses that",
            job.places.get("custom_selections"),
            "`custom_selections: keep` leaves them alone",
        )


def _share(tally: Tally, job: Job) -> Fraction | None:
    """Return the number of preferences that the percentage of the limit comes to, exactly."""
    percent = job.limits.changed_percent
    return None if percent is None else tally.eligible * Fraction(percent) / 100


def _warnings(tally: Tally) -> Iterator[Warned]:
    emergency = [
        cell for _, reason, cell in tally.cells() if reason is Reason.EMERGENCY and isinstance(cell, CellCount)
    ]
    off = sum(cell.changed for cell in emergency if not cell.on)
    if off:
        yield Warned("emergency-off", f"{off:,} preferences for emergencies are turned off")
    kept = sum(cell.kept for cell in emergency if cell.on)
    if kept:
        yield Warned(
            "emergency-kept",
            f"{kept:,} preferences for emergencies stay off: that is their owners' own choice, and the job keeps those",
        )
    if tally.custom_overwritten:
        yield Warned("custom-overwritten", f"{tally.custom_overwritten:,} custom contact points are overwritten")
    if tally.lost:
        yield Warned("people-lost", f"{tally.lost:,} people lose their last way to hear about something")
