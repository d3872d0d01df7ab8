"""What the command line does with text and time: print, write to a file, show the steps of a run while they last."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NARROWEST = 80
_WIDEST = 120


def tell(text: str, output: Path | None = None) -> None:
    """Print a result, or write it to a file. Stopped where that can't be written."""
    if output is None:
        print(text)  # noqa: T201 - this is the one place that prints
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no such name"
        raise Stopped(Problem("usage", f"{output} can't be written: {reason}")) from None


def complain(text: str) -> None:
    """Print to standard error."""
    print(text, file=sys.stderr)  # noqa: T201 - the other one


def width() -> int:
    """Return the columns to write in: the terminal's within reason, 80 into a pipe."""
    if not sys.stdout.isatty():
        return _NARROWEST
    return max(_NARROWEST, min(get_terminal_size().columns, _WIDEST))


def colour(output: Path | None) -> bool:
    """Return whether to colour: on a terminal, unless NO_COLOR says not to."""
    return output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


@contextmanager
def steps(title: str) -> Iterator[Callable[[str], None]]:
    """Yield a function that says which step is under way, shown with its elapsed time while the terminal is one."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _step: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody is looking
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        progress.console.print(f"[dim]{len(title) and ''}[/]", end="")

        def step(what: str) -> None:
            for task in progress.tasks:
                progress.update(task.id, total=1, completed=1)
            progress.add_task(what, total=None)

        step(title)
        yield step


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Yield a function that returns the seconds since."""
    start = time.perf_counter()
    yield lambda: time.perf_counter() - start
