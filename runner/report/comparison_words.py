"""What people are told of conflicts and differences, in words and rows: shared by text and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.report.problems import counted
from runner.values.vocabulary import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.values.conflicts import Conflict, Conflicts
    from runner.values.difference import CellDifference, Difference, Side
    from runner.values.result import Reach
    from runner.values.vocabulary import Channel, Reason

SETTINGS = {True: "On", False: "Off", None: "No Change"}
ENDS = (
    "On, Off: contact points that the new job turns on or off, and the old one doesn't. "
    "Left alone: those that the old job sets, and the new one doesn't."
)
SAME = "No difference: the same people are in scope, and every contact point ends the same."


def cell_name(channel: Channel, reason: Reason) -> str:
    """Return a cell as people read it."""
    return f"{channel.label} · {reason.label}"


def meeting(conflict: Conflict) -> str:
    """Return for how many contact points a conflict is, and how many their owners' choice keeps out of it."""
    told = counted(conflict.contact_points, "contact point")
    return f"{told} ({counted(conflict.kept, 'custom one')} kept)" if conflict.kept else told


def summary(found: Conflicts) -> str:
    """Return in a sentence or two what was found."""
    jobs = counted(len(found.jobs), "job")
    if len(found.jobs) == 1:
        return f"{jobs}: there is none to compare it with."
    if not found.conflicts:
        return f"{jobs}: no two of them set a cell differently."
    told = []
    if met := len(found.met):
        told.append(f"{counted(met, 'cell')} {_is(met)} set differently for the same contact points.")
        told.append("Whichever job runs last decides.")
    if apart := len(found.conflicts) - met:
        cells = counted(apart, "more cell" if met else "cell")
        told.append(f"{cells} {_is(apart)} set differently, but for no contact point that both jobs set.")
    return f"{jobs}: {' '.join(told)}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def title(difference: Difference) -> tuple[str, str]:
    """Return the job's name, and what became of it."""
    names = [side.info.name or side.info.file for side in (difference.old, difference.new) if side is not None]
    if difference.old is None:
        return names[0], "a new job"
    if difference.new is None:
        return names[0], "a job that goes"
    return " → ".join(dict.fromkeys(names)), "what the change does"


def origins(difference: Difference) -> Iterator[tuple[str, str, str]]:
    """Yield for each of the two jobs which one it is, its file, and whose preferences it sets."""
    for word, side in (("old", difference.old), ("new", difference.new)):
        if side is not None and side.info.mode is not None:
            yield word, side.info.file, Mode(side.info.mode).label


def movers(difference: Difference) -> tuple[tuple[int, str], ...]:
    """Return how many people enter the scope, leave it, and stay."""
    return (
        (difference.enter, _people(difference.enter, "enters the scope", "enter the scope")),
        (difference.leave, _people(difference.leave, "leaves the scope", "leave the scope")),
        (difference.stay, _people(difference.stay, "stays in it", "stay in it")),
    )


def _people(count: int, does: str, do: str) -> str:
    return f"person {does}" if count == 1 else f"people {do}"


def figures(difference: Difference) -> Iterator[tuple[str, str, str]]:
    """Yield what a dry run of each job counts: what it is, of the old one, of the new one."""
    for what, name in (
        ("People in scope", "people"),
        ("Preferences that change", "changed"),
        ("Contact points that change", "contact_points"),
        ("Custom contact points that change", "custom_overwritten"),
        ("Bystanders of a household phone that changes", "bystanders"),
        ("People who lose their last way to hear of something", "lost"),
    ):
        yield what, _figure(difference.old, name), _figure(difference.new, name)


def _figure(side: Side | None, name: str) -> str:
    return "–" if side is None else f"{getattr(side.tally, name):,}"  # noqa: RUF001 - no such job, no such number


def reached(difference: Difference) -> Iterator[tuple[str, ...]]:
    """Yield for each reason with a difference who is reached after either job, of how many, and who lose it."""
    sides = [{} if side is None else side.tally.reach for side in (difference.old, difference.new)]
    for reason in dict.fromkeys(reason for side in sides for reason in side):
        old, new = (side.get(reason) for side in sides)
        if old != new:
            counts = [_reached(reach) for reach in (old, new)]
            yield (reason.label, counts[0][0], counts[0][1], counts[1][0], counts[1][1], counts[0][2], counts[1][2])


def _reached(reach: Reach | None) -> tuple[str, str, str]:
    if reach is None:
        return "–", "–", "–"  # noqa: RUF001 - as above
    return f"{reach.after:,}", f"{reach.people:,}", f"{reach.lost:,}"


def setting(cell: CellDifference) -> str:
    """Return the setting of a cell, or how it changes."""
    if cell.old is cell.new:
        return SETTINGS[cell.old]
    return f"{SETTINGS[cell.old]} → {SETTINGS[cell.new]}"


def note(difference: Difference) -> str:
    """Return why the lines of the schools add up to more than the people; nothing where they don't."""
    movements = difference.movements
    added = sum(movement.enter for movement in movements), sum(movement.leave for movement in movements)
    if added == (difference.enter, difference.leave):
        return ""
    where = "school and grade" if has_grades(difference) else "school"
    return f"Somebody counts once for each {where} that puts them in scope, so the lines add up to more people."


def has_grades(difference: Difference) -> bool:
    """Return whether anybody is in scope by a grade; staff have none."""
    return any(movement.grade is not None for movement in difference.movements)


def is_same(difference: Difference) -> bool:
    """Return whether neither who is in scope nor what becomes of anything differs."""
    return not difference.enter and not difference.leave and not any(difference.differing())
