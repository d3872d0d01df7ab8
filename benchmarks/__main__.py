"""`make bench`: measure, merge with what was measured before, and write the results as JSON, Markdown and a plot."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Wanted, measure
from benchmarks.page import render
from benchmarks.plot import draw
from benchmarks.results import read, write

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent


def main(environment: Mapping[str, str]) -> None:
    """Measure what the environment asks for; the results lie beside this file, or in `OUTPUT`."""
    folder = Path(environment.get("OUTPUT", HERE))
    try:
        wanted = Wanted.of(environment)
    except ValueError as error:
        sys.exit(str(error))
    folder.mkdir(parents=True, exist_ok=True)
    results = read(folder / "results.json")
    for _ in measure(wanted, results, lambda step: print(step, file=sys.stderr)):
        write(folder / "results.json", results)  # after each part, so that an interrupted run is not lost
    page = render(results)
    (folder / "results.md").write_text(page, encoding="utf-8")
    (folder / "results.svg").write_text(draw(results), encoding="utf-8")
    print(page)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as Ctrl-C does: what was made is dropped all the same
    main(os.environ)
