"""Results for a terminal of 80 columns or more, with colour or without, or for a pipe."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runner.report.differences import VERDICTS, by_how_much, label
from runner.report.problems import render_problem, visible
from runner.values.result import CellCount, Status, UndoCount
from runner.values.vocabulary import Channel, Mode, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from runner.values.result import Recorded, Result, Tally
    from runner.values.review import Review

_BAR = 18
_SHORT_BAR = 5
_MILLION = 1_000_000
_HEADLINES = {
    Status.APPLIED: ("applied", "bold green"),
    Status.DRY_RUN: ("dry run: nothing was changed", "bold cyan"),
    Status.REFUSED: ("refused: nothing was changed", "bold red"),
    Status.DRIFTED: ("drifted: nothing was changed", "bold red"),
    Status.LOCKED: ("locked: nothing was changed", "bold red"),
    Status.FAILED: ("failed: nothing was changed", "bold red"),
    Status.UNKNOWN: ("unknown: it may have been applied", "bold red"),
    Status.INVALID: ("invalid: nothing was changed", "bold red"),
    Status.INTERRUPTED: ("interrupted: nothing was changed", "bold red"),
}


def render_results(results: Iterable[Result], *, width: int, colour: bool) -> str:
    """Return the reports of several results, one below the other."""
    parts: list[RenderableType] = []
    for result in results:
        parts += [Text(), _report(result)]
    return laid_out(Group(*parts[1:]), width=width, colour=colour)


def render_history(runs: Iterable[Recorded], *, width: int, colour: bool) -> str:
    """Return the list of past runs, the newest first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for header in ("Run", "What", "As of", "Started (UTC)", "By"):
        table.add_column(header, no_wrap=header not in {"What", "By"}, overflow="fold")
    table.add_column("People", justify="right", no_wrap=True)
    table.add_column("Changed", justify="right", no_wrap=True)
    for run in runs:
        tally = run.result.tally
        table.add_row(
            str(run.number),
            _what(run),
            run.result.as_of.isoformat(),
            run.started_at.isoformat(sep=" ", timespec="minutes"),
            Text(visible(run.actor or "")),
            f"{tally.people:,}" if tally else "",
            f"{tally.changed:,}" if tally else "",
        )
    return laid_out(table if table.rows else Text("No runs yet."), width=width, colour=colour)


def _what(run: Recorded) -> Text:
    name = visible(run.result.job.name or "") if run.undo_of is None else f"undo of run {run.undo_of}"
    return Text.assemble(name, (" (pruned)", "dim") if run.pruned else "")


def laid_out(content: RenderableType, *, width: int, colour: bool) -> str:
    """Return what rich makes of a report as text, without the blanks at the ends of its lines."""
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        legacy_windows=False,
    )
    console.print(content)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _report(result: Result) -> RenderableType:
    parts: list[RenderableType] = [_headline(result), _origin(result)]
    if result.tally is not None:
        parts += [Text(), _numbers(result.tally), Text(), _matrix(result.tally), _cells(result.tally)]
        if result.tally.reach:
            parts += [_reach(result.tally)]
    if result.review is not None:
        parts += [_review(result.review, result)]
    parts += [marked("warning", "yellow", f"{warned.message} ({warned.code})") for warned in result.warnings]
    parts += [marked("error", "bold red", render_problem(problem)) for problem in result.errors]
    if next_step := _next_step(result):
        parts += [Text(), Text.assemble(("next: ", "bold"), next_step)]
    return Group(*parts)


def _headline(result: Result) -> RenderableType:
    what, style = _HEADLINES[result.status]
    name = visible(result.job.name or result.job.file)
    if result.undo_of is not None:
        name = f"undo of run {result.undo_of} ({name})"
    if result.status is Status.APPLIED and result.run is not None:
        what = f"applied as run {result.run.number}"
    return Text.assemble((name, "bold"), "  ", (what, style))


def _origin(result: Result) -> RenderableType:
    mode = Mode(result.job.mode).label if result.job.mode else None
    facts = [result.job.file, mode, f"as of {result.as_of}", result.database, f"{result.seconds:.2f} s"]
    return Text(visible(" · ".join(fact for fact in facts if fact)), style="dim")


def _numbers(tally: Tally) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", style="bold")
    grid.add_column()
    cells = [cell for _, _, cell in tally.cells()]
    undo = any(isinstance(cell, UndoCount) for cell in cells)
    grid.add_row(f"{tally.people:,}", "people concerned" if undo else "people in scope")
    if undo:
        grid.add_row(f"{tally.changed:,}", f"of {tally.eligible:,} preferences are taken back")
    else:
        already = sum(cell.already for cell in cells if isinstance(cell, CellCount))
        kept = sum(cell.kept for cell in cells if isinstance(cell, CellCount))
        grid.add_row(
            f"{tally.changed:,}",
            f"of {tally.eligible:,} eligible preferences change ({already:,} already so, {kept:,} kept)",
        )
    grid.add_row(f"{tally.contact_points:,}", f"contact points change ({tally.custom_overwritten:,} custom ones)")
    if not undo:
        grid.add_row(
            f"{tally.bystanders:,}", "bystanders: people not in scope who share a household phone that changes"
        )
    grid.add_row(
        Text(f"{tally.lost:,}", style="bold red" if tally.lost else "bold"),
        "people lose their last way to hear about something",
    )
    return grid


def _matrix(tally: Tally) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=False)
    table.add_column("Preferences that change", width=12)
    for channel in Channel:
        table.add_column(channel.label, justify="right", width=10)
    for reason in Reason:
        table.add_row(
            reason.label,
            *(_cell(tally.counts.get(channel, {}).get(reason)) for channel in Channel),
        )
    return table


def _cell(cell: CellCount | UndoCount | None) -> Text:
    if cell is None:
        return Text("No Change", style="dim")
    if isinstance(cell, UndoCount):
        return Text(f"{cell.restored:,}", style="bold" if cell.restored else "")
    if not cell.changed:
        return Text("0")
    number = f"{cell.changed:,}" if cell.changed < 10 * _MILLION else f"{cell.changed}"  # a column has ten places
    return Text(f"+{number}", style="green") if cell.on else Text(f"-{number}", style="red")


def _cells(tally: Tally) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    undo = any(isinstance(cell, UndoCount) for _, _, cell in tally.cells())
    table.add_column("Setting")
    for header in ("Taken back", "Changed since", "Gone") if undo else ("Change", "Already so", "Custom, kept"):
        table.add_column(header, justify="right")
    for channel, reason, cell in tally.cells():
        name = f"{channel.label} · {reason.label}"
        if isinstance(cell, UndoCount):
            table.add_row(name, f"{cell.restored:,}", f"{cell.conflict:,}", f"{cell.gone:,}")
        else:
            table.add_row(
                Text.assemble(f"{name}: ", ("On", "green") if cell.on else ("Off", "red")),
                f"{cell.changed:,}",
                f"{cell.already:,}",
                f"{cell.kept:,}",
            )
    return Padding(table, (1, 0, 1, 0))


def _reach(tally: Tally) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Reached for")
    for header in ("Before", "", "After", "of", "", "Gained", "Lost"):
        table.add_column(header, justify="right" if header else "left", no_wrap=True)
    for reason, reach in tally.reach.items():
        table.add_row(
            reason.label,
            f"{reach.before:,}",
            "→",
            f"{reach.after:,}",
            f"{reach.people:,}",
            _bar(reach.before, reach.after, reach.people),
            Text(f"{reach.gained:,}", style="green" if reach.gained else "dim"),
            Text(f"{reach.lost:,}", style="bold red" if reach.lost else "dim"),
        )
    return Padding(table, (0, 0, 1, 0))


def _bar(before: int, after: int, people: int) -> Text:
    """Return a bar of who is reached: full before and after, half for those gained, a dash for those lost."""
    length = _BAR if people < _MILLION else _SHORT_BAR  # next to long numbers there is less room
    if not people:
        return Text("·" * length, style="dim")
    both, most = sorted((round(before / people * length), round(after / people * length)))
    middle = ("▒", "green") if after >= before else ("-", "red")
    return Text.assemble(
        ("█" * both, "cyan"),
        (middle[0] * (most - both), middle[1]),
        ("·" * (length - most), "dim"),
    )


def _review(review: Review, result: Result) -> RenderableType:
    """Return what was reviewed and, where the result is not quite that, each number that differs."""
    same = result.tally is not None and result.tally.fingerprint == review.fingerprint
    plan = f"The plan: {review.file}, {review.started_at:%Y-%m-%d %H:%M} UTC"
    told = Text(visible(f"{plan}. The very same contact points change." if same else f"{plan}."))
    if not review.differences:
        return Padding(told, (0, 0, 1, 0))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Not as reviewed")
    for header in ("Reviewed", "Now", "Differs by"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for each in review.differences:
        verdict = Text(VERDICTS[each.tolerated], style="bold red" if each.tolerated is False else "dim")
        table.add_row(label(each), f"{each.reviewed:,}", f"{each.now:,}", by_how_much(each), verdict)
    return Padding(Group(told, Text(), table), (0, 0, 1, 0))


def marked(mark: str, style: str, message: str) -> RenderableType:
    """Return a message with its mark before it, and its further lines under its first."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(f"{mark}:", style=style), Text(visible(message)))
    return grid


def _next_step(result: Result) -> str:
    if result.status is Status.APPLIED and result.tally is not None and not result.tally.changed:
        return "nothing to do: nothing had to change"
    if result.status is Status.APPLIED and result.run is not None:
        again = f"`runner show {result.run.number}` shows this again"
        pruned = any(warned.code == "changes-pruned" for warned in result.warnings)
        return again if pruned else f"{again}, `runner undo {result.run.number}` takes it back"
    if result.status is Status.DRY_RUN and result.tally is not None:
        if not result.tally.changed:
            return "nothing to do: nothing would change"
        if result.review is not None:
            return "it is as reviewed: the same command without `--dry-run` applies it"
        return "the same command without `--dry-run` applies it"
    return ""
