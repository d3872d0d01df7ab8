"""What jobs set differently, and how a job differs from another one, as Markdown for a comment on a pull request."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from runner.report import comparison_words as words
from runner.report.markdown_text import code, plain, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.values.conflicts import Conflict, Conflicts
    from runner.values.difference import Difference
    from runner.values.result import Warned

CONFLICTS_MARKER = "<!-- contact-preference-runner: conflicts -->"
DIFFERENCE_MARKER = "<!-- contact-preference-runner: diff -->"
"""The first line of a comment, once in it: by this line a bot finds the comment that it is to update."""

LIMIT = 60_000
"""The most bytes of UTF-8 that a comment has; GitHub takes 65,536 characters, of which none has less than a byte."""

_NAME = 200
_SENTENCE = 500
_WARNINGS = 20


def render_conflicts(found: Conflicts) -> str:
    """Return which cells jobs set differently, pair by pair, as many of them as a comment has room for."""
    head = [
        CONFLICTS_MARKER,
        "## Jobs against each other",
        plain(words.summary(found), _SENTENCE),
        f"as of {found.as_of} · {found.database}",
        *_warnings(found.warnings),
    ]
    return _fitted(head, list(_pairs(found)))


def render_difference(difference: Difference) -> str:
    """Return who enters and leaves the scope and what ends differently; of the schools as many as there is room for."""
    name, what = words.title(difference)
    parts = [
        DIFFERENCE_MARKER,
        f"## {plain(name, _NAME)}: {what}",
        "\n".join(
            [
                *(f"- {side}: {code(file, _NAME)} · {mode}" for side, file, mode in words.origins(difference)),
                f"- as of {difference.as_of} · {difference.database}",
            ],
        ),
    ]
    if words.is_same(difference):
        parts.append(words.SAME)
    parts += [
        ", ".join(f"**{count:,}** {told}" for count, told in words.movers(difference)) + ".",
        _table(("What a run of each would do", "Old", "New"), 1, words.figures(difference)),
    ]
    if any(difference.differing()):
        parts += [_cells(difference), words.ENDS]
    if reached := list(words.reached(difference)):
        parts.append(_table(("Reached for", "Old", "of", "New", "of", "Lost, old", "Lost, new"), 1, reached))
    parts += _warnings(difference.warnings)
    if not difference.movements:
        return "\n\n".join(parts) + "\n"
    heads, rows = _movements(difference)
    note = [told] if (told := words.note(difference)) else []
    parts += ["<details><summary>By school</summary>", *note, _table(heads, len(heads) - 2, ())]
    return _fitted(parts, rows, between="\n", end="\n\n</details>")


def _fitted(parts: Sequence[str], more: Sequence[str], *, between: str = "\n\n", end: str = "") -> str:
    """Return parts, then as many more as there is room for, and how many there are of which it has none."""
    text = "\n\n".join(parts)
    room = LIMIT - len(text.encode()) - len(end) - _NAME
    fitting = 0
    for part in more:
        room -= len(f"{between}{part}".encode())
        if room < 0:
            break
        fitting += 1
    left = len(more) - fitting
    rest = f"\n\n… and {left:,} more, for which a comment has no room." if left else ""
    return text + "".join(f"{between}{part}" for part in more[:fitting]) + rest + f"{end}\n"


def _pairs(found: Conflicts) -> Iterator[str]:
    for _, conflicts in groupby(found.conflicts, key=_pair):
        pair = list(conflicts)
        first, second = (plain(setting.name, _NAME) for setting in (pair[0].opposite.first, pair[0].opposite.second))
        yield f"### {first} and {second}"
        for conflict in pair:
            yield _conflict(conflict)


def _pair(conflict: Conflict) -> tuple[int, int]:
    return conflict.opposite.first.job, conflict.opposite.second.job


def _conflict(conflict: Conflict) -> str:
    opposite = conflict.opposite
    lines = [f"- **{words.cell_name(opposite.channel, opposite.reason)}**: {words.meeting(conflict)}"]
    settings = (opposite.first, opposite.second)
    lines += [f"  - {words.SETTINGS[setting.on]}: {code(str(setting.place), _NAME)}" for setting in settings]
    return "\n".join(lines)


def _cells(difference: Difference) -> str:
    heads = ("Contact points that end differently", "Setting", "On", "Off", "Left alone")
    rows = (
        (words.cell_name(channel, reason), words.setting(cell), f"{cell.on:,}", f"{cell.off:,}", f"{cell.left:,}")
        for channel, reason, cell in difference.differing()
    )
    return _table(heads, 2, rows)


def _movements(difference: Difference) -> tuple[tuple[str, ...], list[str]]:
    """Return the heads and the rows of the table of schools; staff have no grade."""
    with_grades = words.has_grades(difference)
    heads = ("School", "Grade", "Enter", "Leave") if with_grades else ("School", "Enter", "Leave")
    rows = []
    for movement in difference.movements:
        grade = [plain(movement.grade or "", _NAME)] if with_grades else []
        rows.append(_row([plain(movement.school, _NAME), *grade, f"{movement.enter:,}", f"{movement.leave:,}"]))
    return heads, rows


def _warnings(warnings: Sequence[Warned]) -> list[str]:
    if not warnings:
        return []
    lines = [f"- ⚠️ {spoken(warned.message, _SENTENCE)} ({code(warned.code, _NAME)})" for warned in warnings[:_WARNINGS]]
    left = len(warnings) - _WARNINGS
    return ["\n".join([*lines, *([f"- … and {left:,} more"] if left > 0 else [])])]


def _table(heads: Sequence[str], left: int, rows: Iterable[Iterable[str]]) -> str:
    """Return a table whose first `left` columns hold text, and the others numbers."""
    rule = [":--" if place < left else "--:" for place in range(len(heads))]
    return "\n".join(_row(cells) for cells in (heads, rule, *rows))


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
