"""A job and its tally against what was reviewed: which plan is its own, what differs, and whether that is too much."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.values.problems import Problem, Stopped
from runner.values.result import CellCount, Status, Warned
from runner.values.review import Difference, Review

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from runner.values.job import Job
    from runner.values.result import ReviewedPlan, Tally
    from runner.values.review import Tolerance

NEW_PLAN = "look at a new one: `runner run JOB… --dry-run --format json --output plan.json`"

_AHEAD = timedelta(hours=1)
"""By how much two machines' clocks may differ."""

_SHOWN = 12
_DECIDES = frozenset({("people",), ("lost",), ("custom_overwritten",)})


def choose(job: Job, plans: Sequence[ReviewedPlan], now: datetime, max_age: timedelta) -> ReviewedPlan:
    """Return the one plan that is this job's. Stopped where there is none, or where it is nothing to go by.

    A job is known by the hash over its files. Name and file only tell of which plan the job was, before it changed.
    """
    matching = [plan for plan in plans if plan.result.job.sha256 == job.sha256]
    if len(matching) > 1:
        files = " and ".join(dict.fromkeys(f"`{plan.file}`" for plan in matching))
        raise Stopped(
            Problem("plan-twice", f"there are {len(matching)} plans for the job `{job.name}`, in {files}", hint=_ONE)
        )
    near = matching or [plan for plan in plans if job.name == plan.result.job.name or job.file == plan.result.job.file]
    if not near:
        raise Stopped(_missing(job, plans))
    plan = near[0]
    if problem := (_no_dry_run(plan) or _changed(job, plan) or _edited(job, plan) or _wrong_time(plan, now, max_age)):
        raise Stopped(problem)
    return plan


def compare(plan: ReviewedPlan, tolerance: Tolerance, now: Tally) -> Review:
    """Return how a tally differs from the plan: number by number, in the order of every report."""
    then = plan.result.tally
    reviewed = {} if then is None else dict(numbers(then))
    differences = tuple(
        Difference(path, reviewed[path], number, _tolerated(path, reviewed[path], number, tolerance))
        for path, number in numbers(now)
        if reviewed[path] != number
    )
    fingerprint = "" if then is None else then.fingerprint
    return Review(
        file=plan.file,
        started_at=plan.result.started_at,
        fingerprint=fingerprint,
        max_drift=str(tolerance),
        drifted=any(each.tolerated is False for each in differences)
        or (tolerance.exact and fingerprint != now.fingerprint),
        differences=differences,
    )


def judge_drift(review: Review | None) -> tuple[Problem, ...]:
    """Return the problem of having drifted from what was reviewed, where that is so."""
    if review is None or not review.drifted:
        return ()
    return (Problem("drifted", f"this is not what was reviewed: {_told(review)}", hint=NEW_PLAN),)


def warn_of_drift(review: Review | None, fingerprint: str) -> tuple[Warned, ...]:
    """Return a warning where a result with this fingerprint differs, and that is tolerated."""
    if review is None or review.drifted:
        return ()
    if review.fingerprint == fingerprint and not any(each.tolerated for each in review.differences):
        return ()
    told = _told(review)
    return (
        Warned(
            "drift-tolerated", f"not quite what was reviewed: {told}; `--max-drift {review.max_drift}` tolerates it"
        ),
    )


_ONE = "name the file with the one that was reviewed, and no other"


def numbers(tally: Tally) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield every number of a tally that can be held against another, under its path in the result."""
    for name in ("people", "contact_points", "custom_overwritten", "bystanders", "lost"):
        yield (name,), getattr(tally, name)
    for channel, reason, cell in tally.cells():
        for name in ("changed", "already", "kept"):
            yield ("counts", channel.value, reason.value, name), getattr(cell, name)
    for reason, reach in tally.reach.items():
        for name in ("people", "before", "after", "gained", "lost"):
            yield ("reach", reason.value, name), getattr(reach, name)


def _tolerated(path: tuple[str, ...], reviewed: int, now: int, tolerance: Tolerance) -> bool | None:
    decides = path in _DECIDES or (path[0] == "counts" and path[-1] == "changed")
    return tolerance.allows(reviewed, now) if decides else None


def _told(review: Review) -> str:
    beyond = sum(1 for each in review.differences if each.tolerated is False)
    if beyond:
        return (
            f"{beyond:,} number{' differs' if beyond == 1 else 's differ'} by more than "
            f"`--max-drift {review.max_drift}` tolerates"
        )
    if any(each.tolerated for each in review.differences):
        count = sum(1 for each in review.differences if each.tolerated)
        return f"{count:,} number{' differs' if count == 1 else 's differ'}"
    return "as many contact points change, but not the same ones (the fingerprint differs)"


def _missing(job: Job, plans: Sequence[ReviewedPlan]) -> Problem:
    files = ", ".join(dict.fromkeys(f"`{plan.file}`" for plan in plans)) or "the files given"
    names = ", ".join(dict.fromkeys(f"`{plan.result.job.name or plan.result.job.file}`" for plan in plans))
    hint = f"there is one for {names}" if names else NEW_PLAN
    return Problem("plan-missing", f"there is no plan for the job `{job.name}` in {files}", hint=hint)


def _no_dry_run(plan: ReviewedPlan) -> Problem | None:
    result = plan.result
    whose = f"the plan of `{result.job.name or result.job.file}` in `{plan.file}`"
    if result.undo_of is not None:
        return Problem("plan-no-dry-run", f"{whose} is of an undo, not of a job", hint=NEW_PLAN)
    if result.status is not Status.DRY_RUN:
        code = f" ({result.errors[0].code})" if result.errors else ""
        message = f"{whose} is no dry run that went well: its status is `{result.status}`{code}"
        return Problem("plan-no-dry-run", message, hint=NEW_PLAN)
    return None


def _changed(job: Job, plan: ReviewedPlan) -> Problem | None:
    then = plan.result.job.sha256
    if then == job.sha256:
        return None
    hashes = f"its hash was {(then or 'unknown')[:_SHOWN]} and is {job.sha256[:_SHOWN]}"
    message = f"the job, or a file that it names, has changed since it was reviewed: {hashes}"
    return Problem("job-changed", message, hint=NEW_PLAN)


def _edited(job: Job, plan: ReviewedPlan) -> Problem | None:
    then = plan.result.tally
    cells = {} if then is None else {(channel, reason): cell for channel, reason, cell in then.cells()}
    sets = {(channel, reason): on for channel, reasons in job.preferences.items() for reason, on in reasons.items()}
    known = {place: cell.on for place, cell in cells.items() if isinstance(cell, CellCount)}
    reasons = set() if then is None else set(then.reach)
    if known == sets and len(cells) == len(sets) and reasons == set(job.reasons):
        return None
    message = f"the plan of `{job.name}` in `{plan.file}` was edited: it has not the cells that the job sets"
    return Problem("plan-file", message, hint=NEW_PLAN)


def _wrong_time(plan: ReviewedPlan, now: datetime, max_age: timedelta) -> Problem | None:
    began = plan.result.started_at
    told = f"the plan in `{plan.file}` is of {began:%Y-%m-%d %H:%M} UTC"
    if began > now + _AHEAD:
        return Problem("plan-file", f"{told}, which is still to come", hint="look at the clocks of both machines")
    if now - began > max_age:
        days = f"{max_age.days:,} day{'' if max_age.days == 1 else 's'}"
        return Problem("plan-old", f"{told}, more than {days} ago", hint=f"{NEW_PLAN}; or allow more (`--max-age`)")
    return None
