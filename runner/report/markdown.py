"""Results as Markdown, for a comment on a pull request: never longer than one may be, the most important first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

from runner.report.differences import VERDICTS, by_how_much, label
from runner.report.markdown_text import block, code, plain, spoken
from runner.report.words import (
    BYSTANDERS,
    OUTCOMES,
    PLAN,
    REACHED,
    custom,
    figures,
    is_undo,
    next_step,
    origin,
    outcome,
    title,
)
from runner.values.result import CellCount, Status, UndoCount
from runner.values.sources import NO_SOURCES
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.values.problems import Problem
    from runner.values.result import Result, Tally, Warned
    from runner.values.review import Review
    from runner.values.sources import Sources

MARKER = "<!-- contact-preference-runner -->"
"""The first line of every comment, once in it: by this line a bot finds the comment that it is to update."""

LIMIT = 60_000
"""The most bytes of UTF-8 that a comment has; GitHub takes 65,536 characters, of which none has less than a byte."""

_NAME = 200
_SIGNS = {
    Status.APPLIED: "✅",
    Status.DRY_RUN: "🔎",
    Status.REFUSED: "⛔",
    Status.UNKNOWN: "❓",
}
_FAILED = "❌"


@dataclass(frozen=True, slots=True)
class _Room:
    """How much of a job a report has room for: errors and warnings, the longest of their texts, and which parts."""

    problems: int
    text: int
    description: int
    reach: bool
    settings: bool


_ROOMS = (_Room(50, 1_000, 1_000, reach=True, settings=True), _Room(10, 300, 0, reach=True, settings=False))
_LEAST = _Room(3, 100, 0, reach=False, settings=False)


def render_results(results: Sequence[Result], sources: Sequence[Sources] = ()) -> str:
    """Return one comment for all results; where it grows too long, jobs are told in fewer words, and that is said.

    Every job has the least that can be said of it before any has more: first those that failed.
    """
    several = len(results) > 1
    parts = [MARKER, "## Contact preferences"]
    if several:
        parts.append(_overview(results))
    known = list(zip(results, chain(sources, repeat(NO_SOURCES))))  # noqa: B905 - the second has no end
    first = sorted(range(len(known)), key=lambda place: not results[place].errors)
    last = list(_what_next(results))
    room = LIMIT - _size([*parts, *last]) - _NAME
    told: dict[int, str] = {}
    for level in (_LEAST, *reversed(_ROOMS)):
        for place in first:
            section = _section(*known[place], level)
            more = _size([section]) - _size([told[place]] if place in told else [])
            if more <= room:
                told[place] = section
                room -= more
    parts += [told[place] for place in sorted(told)]
    if left := len(results) - len(told):
        parts.append(f"… and {left:,} more {_of(left, 'job', 'jobs')}, for which a comment has no room.")
    return "\n\n".join([*parts, *last]) + "\n"


def _size(parts: Iterable[str]) -> int:
    return sum(len(part.encode()) + len("\n\n") for part in parts)


def _overview(results: Sequence[Result]) -> str:
    """Return a table with a row for each job, as many as have room in a third of the comment, and how all ended."""
    counts = Counter(result.status for result in results)
    ended = "; ".join(f"{OUTCOMES[status][0].lower()}: {counts[status]:,}" for status in Status if counts[status])
    lines = [
        f"**{len(results):,} jobs** ({ended})",
        "",
        "| Job | How it ended | People | Preferences that change | People who lose their last way |",
        "| :-- | :-- | --: | --: | --: |",
    ]
    room = LIMIT // 3 - _size(lines)
    for place, result in enumerate(results):
        row = _overview_row(result)
        room -= _size([row])
        if room < 0:
            left = len(results) - place
            return "\n".join([*lines, "", f"… and {left:,} more {_of(left, 'job', 'jobs')}."])
        lines.append(row)
    return "\n".join(lines)


def _overview_row(result: Result) -> str:
    tally = result.tally
    numbers = [f"{number:,}" for number in (tally.people, tally.changed, tally.lost)] if tally else ["", "", ""]
    return _row([plain(title(result), _NAME // 2), f"{_sign(result)} {outcome(result)[0]}", *numbers])


def _section(result: Result, sources: Sources, room: _Room) -> str:
    word, meaning = outcome(result)
    parts = [
        f"### {plain(title(result), _NAME)}",
        f"{_sign(result)} **{word}.** {meaning}",
        " · ".join(_fact(name, value) for name, value in origin(result)),
    ]
    if sources.description and room.description:
        parts.append(f"> {plain(sources.description, room.description)}")
    errors = [_told(_FAILED, problem, room) for problem in result.errors]
    parts += _list("Broken limits" if result.status is Status.REFUSED else "What is wrong", errors, room)
    warnings = [_told("⚠️", warned, room) for warned in result.warnings]
    parts += _list("Warnings", warnings, room)
    if result.review is not None:
        parts += _review(result.review, room)
    if result.tally is not None:
        parts += _numbers(result, result.tally, room)
    return "\n\n".join(parts)


def _review(review: Review, room: _Room) -> Iterator[str]:
    """Yield what was reviewed and, first those that stop the run, as many of the numbers that differ as have room."""
    plan = f"{code(review.file, _NAME)}, counted at {review.started_at:%Y-%m-%d %H:%M} UTC"
    count = len(review.differences)
    if not count:
        yield f"**Reviewed.** The plan is {plan}. Every number is as it was."
        return
    yield f"**Not as reviewed.** The plan is {plan}."
    first = sorted(review.differences, key=lambda each: each.tolerated is not False)[: room.problems]
    yield _table(
        ["", "Reviewed", "Now", "Differs by", ""],
        (
            [
                label(each),
                f"{each.reviewed:,}",
                f"{each.now:,}",
                by_how_much(each),
                f"**{VERDICTS[each.tolerated]}** ⛔" if each.tolerated is False else VERDICTS[each.tolerated],
            ]
            for each in first
        ),
    )
    if count > len(first):
        yield f"… and {count - len(first):,} more."


def _fact(name: str, value: str) -> str:
    if name == "Job file":
        return code(value, _NAME)
    return plain(f"{name.lower()} {value}" if name in {"As of", "Started"} else value, _NAME)


def _told(sign: str, what: Problem | Warned, room: _Room) -> str:
    place = f"{code(str(what.place), _NAME)}: " if what.place else ""
    hint = f" → {spoken(what.hint, room.text)}" if what.hint else ""
    return f"- {sign} {place}{spoken(what.message, room.text)} ({code(what.code, _NAME)}){hint}"


def _list(head: str, lines: Sequence[str], room: _Room) -> Iterator[str]:
    if lines:
        left = len(lines) - room.problems
        more = [f"- … and {left:,} more"] if left > 0 else []
        yield "\n".join([f"**{head}**", "", *lines[: room.problems], *more])


def _numbers(result: Result, tally: Tally, room: _Room) -> Iterator[str]:
    yield "**In numbers**"
    yield "\n".join(
        f"- **{figure.number:,}** {figure.what}{f' ({figure.more})' if figure.more else ''}"
        f"{' ⚠️' if figure.alarming else ''}"
        for figure in figures(result)
    )
    yield _matrix(result, tally)
    if room.reach and tally.reach:
        yield _reach(tally)
    if choices := custom(result):
        yield f"**What people chose themselves.** {choices}"
    if room.settings:
        yield _settings(tally)


def _matrix(result: Result, tally: Tally) -> str:
    what = "Preferences that changed" if result.status is Status.APPLIED else "Preferences that would change"
    rows = (
        [f"**{reason.label}**", *(_cell(tally.counts.get(channel, {}).get(reason)) for channel in Channel)]
        for reason in Reason
    )
    return _table([what, *(channel.label for channel in Channel)], rows)


def _cell(cell: CellCount | UndoCount | None) -> str:
    if cell is None:
        return "<sub>No Change</sub>"  # small, so that the numbers stand out
    number = f"**{cell.changed:,}**" if cell.changed else "0"
    return f"{number} taken back" if isinstance(cell, UndoCount) else f"{number} {'On' if cell.on else 'Off'}"


def _reach(tally: Tally) -> str:
    rows = (
        [
            reason.label,
            f"{reach.before:,} → **{reach.after:,}** of {reach.people:,}",
            f"{reach.gained:,}",
            f"**{reach.lost:,}** ⚠️" if reach.lost else "0",
        ]
        for reason, reach in tally.reach.items()
    )
    return _table(["People reached for", "Before → after", "Gained", "Lost"], rows)


def _settings(tally: Tally) -> str:
    undo = is_undo(tally)
    heads = ["Taken back", "Changed since", "Gone"] if undo else ["Change", "Already so", "Kept"]
    rows = []
    for channel, reason, cell in tally.cells():
        if isinstance(cell, UndoCount):
            name, numbers = "", (cell.restored, cell.conflict, cell.gone)
        else:
            name, numbers = (": On" if cell.on else ": Off"), (cell.changed, cell.already, cell.kept)
        rows.append([f"{channel.label} · {reason.label}{name}", *(f"{number:,}" for number in numbers)])
    words = [REACHED, f"Bystanders: {BYSTANDERS[0].lower()}{BYSTANDERS[1:]}"] if not undo else [REACHED]
    return "\n\n".join(
        [
            "<details><summary>Setting by setting, and how to read this</summary>",
            _table(["Setting", *heads], rows),
            *words,
            "</details>",
        ]
    )


def _what_next(results: Sequence[Result]) -> Iterator[str]:
    what, command = next_step(results)
    if command:
        yield f"**{what}**\n\n{block(command)}"
    if "PLAN.json" in command:
        yield spoken(PLAN, _NAME)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([_row(heads), _row([":--", *("--:" for _ in heads[1:])]), *(_row(row) for row in rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _sign(result: Result) -> str:
    return _SIGNS.get(result.status, _FAILED)


def _of(number: int, one: str, several: str) -> str:
    return one if number == 1 else several
