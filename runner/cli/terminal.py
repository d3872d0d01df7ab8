"""What the command line does with text and time: print, write to a file, show the steps of a run while they last."""

from __future__ import annotations

import errno
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
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def tell(text: str, output: Path | None = None) -> None:
    """Print a result, or write it to a file. Stopped where that can't be written."""
    if output is None:
        encoding = sys.stdout.encoding or "utf-8"
        # A pipe may know fewer characters than a report has, and a file's name may be none at all.
        print(text.encode(encoding, "backslashreplace").decode(encoding))  # noqa: T201 - the one place that prints
        return
    with lines(output) as write:
        write(text)


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
def lines(output: Path | None, option: str = "--output") -> Iterator[Callable[[str], object]]:
    """Yield a function that prints a line, or writes it to a file. Stopped where that can't be written."""
    if output is None:
        yield tell
        return
    try:
        # a file's name may hold what is no character
        file = output.open("w", encoding="utf-8", errors="backslashreplace")
    except (OSError, ValueError) as error:
        raise Stopped(_unwritable(option, output, error)) from None
    try:
        with file:
            yield lambda line: file.write(f"{line}\n")
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            raise Stopped(_unwritable(option, output, error)) from None
        raise


@contextmanager
def steps(*, shown: bool = True) -> Iterator[Callable[[str], None]]:
    """Yield a function that says which step begins; on a terminal each is shown with its elapsed time."""
    if not (shown and _watched()):
        yield lambda _step: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def step(what: str) -> None:
            for task in progress.tasks:
                progress.update(task.id, total=1, completed=1)
            progress.add_task(what, total=None)

        yield step


@contextmanager
def share() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that says what is being read, how much of all is done, and how much all is."""
    if not _watched():
        yield lambda _what, _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("read")
        yield lambda what, done, all_of_it: progress.update(task, description=what, completed=done, total=all_of_it)


def _watched() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _unwritable(option: str, output: Path, error: OSError | ValueError) -> Problem:
    reason = getattr(error, "strerror", None) or "no file can have this name"
    return Problem("usage", f"`{option} {output}` can't be written: {reason}")


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Yield a function that returns the seconds since."""
    start = time.perf_counter()
    yield lambda: time.perf_counter() - start
