"""What jobs set differently, and how a job differs from another one, for a terminal or a pipe."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runner.report import comparison_words as words
from runner.report.problems import visible
from runner.report.terminal import laid_out, marked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from runner.values.conflicts import Conflict, Conflicts, Setting
    from runner.values.difference import Difference
    from runner.values.result import Warned

_STYLES = {True: "green", False: "red", None: "dim"}


def render_conflicts(found: Conflicts, *, width: int, colour: bool) -> str:
    """Return which cells jobs set differently for the same contact points, pair by pair, with both places."""
    parts: list[RenderableType] = []
    for pair, conflicts in groupby(found.conflicts, key=_pair):
        first, second = (visible(name) for name in pair[2:])
        parts.append(Text.assemble((first, "bold"), " and ", (second, "bold")))
        apart = []
        for conflict in conflicts:
            if conflict.contact_points:
                parts += _conflict(conflict)
            else:
                apart.append(conflict)
        parts += [_apart(apart), Text()] if apart else [Text()]
    parts += [_warning(warned) for warned in found.warnings]
    parts += [
        Text(words.summary(found)),
        Text(f"as of {found.as_of} · {found.database}", style="dim"),
    ]
    return laid_out(Group(*parts), width=width, colour=colour)


def render_difference(difference: Difference, *, width: int, colour: bool) -> str:
    """Return who enters and leaves the scope, what each job does, and what ends differently."""
    name, what = words.title(difference)
    parts: list[RenderableType] = [Text.assemble((visible(name), "bold"), "  ", (what, "bold cyan"))]
    parts += [Text(f"{side}: {visible(file)} · {mode}", style="dim") for side, file, mode in words.origins(difference)]
    parts += [Text(f"as of {difference.as_of} · {difference.database}", style="dim"), Text()]
    if words.is_same(difference):
        parts += [Text(words.SAME), Text()]
    parts += [_movers(difference), _figures(difference)]
    if difference.movements:
        parts.append(_movements(difference))
    if any(difference.differing()):
        parts.append(_cells(difference))
    if reached := list(words.reached(difference)):
        parts.append(_reached(reached))
    parts += [_warning(warned) for warned in difference.warnings]
    return laid_out(Group(*parts), width=width, colour=colour)


def _pair(conflict: Conflict) -> tuple[int, int, str, str]:
    first, second = conflict.opposite.first, conflict.opposite.second
    return first.job, second.job, first.name, second.name


def _conflict(conflict: Conflict) -> list[RenderableType]:
    opposite = conflict.opposite
    return [
        Text(f"  {words.cell_name(opposite.channel, opposite.reason)}: {words.meeting(conflict)}"),
        _setting(opposite.first),
        _setting(opposite.second),
    ]


def _setting(setting: Setting) -> RenderableType:
    word = f"{words.SETTINGS[setting.on]:<3}"
    return Text.assemble("    ", (word, _STYLES[setting.on]), f"  {visible(str(setting.place))}")


def _apart(conflicts: Iterable[Conflict]) -> RenderableType:
    told = []
    for conflict in conflicts:
        name = words.cell_name(conflict.opposite.channel, conflict.opposite.reason)
        told.append(f"{name} ({conflict.kept:,} kept)" if conflict.kept else name)
    return Padding(Text("no contact point that both set: " + ", ".join(told), style="dim"), (0, 0, 0, 2))


def _movers(difference: Difference) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", style="bold")
    grid.add_column()
    for count, what in words.movers(difference):
        grid.add_row(f"{count:,}", what)
    return grid


def _table(*heads: str, left: int) -> Table:
    """Return an empty table whose first `left` columns hold text, and the others numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place < left else "right", no_wrap=place >= left, overflow="fold")
    return table


def _figures(difference: Difference) -> RenderableType:
    table = _table("What a run of each would do", "Old", "New", left=1)
    for row in words.figures(difference):
        table.add_row(*row)
    return Padding(table, (1, 0, 1, 0))


def _movements(difference: Difference) -> RenderableType:
    heads = ("School", "Grade") if words.has_grades(difference) else ("School",)
    table = _table(*heads, "Enter", "Leave", left=len(heads))
    for movement in difference.movements:
        where = (movement.school, movement.grade or "")[: len(heads)]
        table.add_row(*(Text(visible(text)) for text in where), f"{movement.enter:,}", f"{movement.leave:,}")
    note = [Text(told, style="dim")] if (told := words.note(difference)) else []
    return Padding(Group(table, *note), (0, 0, 1, 0))


def _cells(difference: Difference) -> RenderableType:
    table = _table("Contact points that end differently", "Setting", "On", "Off", "Left alone", left=2)
    for channel, reason, cell in difference.differing():
        counts = (
            Text(f"{count:,}", style=style if count else "dim")
            for count, style in ((cell.on, "green"), (cell.off, "red"), (cell.left, "yellow"))
        )
        style = "bold" if cell.old is not cell.new else ""
        table.add_row(words.cell_name(channel, reason), Text(words.setting(cell), style=style), *counts)
    return Padding(Group(table, Text(words.ENDS, style="dim")), (0, 0, 1, 0))


def _reached(rows: Iterable[tuple[str, ...]]) -> RenderableType:
    table = _table("Reached for", "Old", "of", "New", "of", "Lost, old", "Lost, new", left=1)
    for row in rows:
        table.add_row(*row)
    return Padding(table, (0, 0, 1, 0))


def _warning(warned: Warned) -> RenderableType:
    return marked("warning", "yellow", f"{warned.message} ({warned.code})")
