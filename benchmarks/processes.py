"""Whole commands, as a user starts them: their seconds, and the most memory that they held."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.stores.store import warm
from benchmarks.words import AS_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.ways import Bench

_CHILD = Path(__file__).with_name("child.py")


class CommandFailedError(Exception):
    """A command that is measured did not do what it should."""


def measured(command: Sequence[str], exit_code: int = 0) -> tuple[float, int]:
    """Return the seconds of a command, and its peak memory in KiB."""
    done = subprocess.run([sys.executable, "-S", str(_CHILD), *command], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    if told["exit"] != exit_code:
        raise CommandFailedError(f"exit {told['exit']}: {' '.join(command)}")
    return told["seconds"], told["kib"]


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of commands that take turns, each tried once before."""
    for command in commands.values():
        measured(command)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds):
        for name in list(commands) if turn % 2 == 0 else list(commands)[::-1]:
            seconds[name].append(measured(commands[name])[0])
    return seconds


def run_command(bench: Bench, rounds: int, tell: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Return the seconds and the peak memory of `runner run` and `runner run --dry-run` as processes."""
    found: dict[str, dict[str, Any]] = {}
    command = [sys.executable, "-m", "runner", "run", bench.job.file, "--as-of", str(AS_OF)]
    for name, options in {"dry run": ["--dry-run"], "run": []}.items():
        samples = []
        for turn in range(rounds):
            tell(f"{bench.job.name}, {name} as a process, {turn + 1} of {rounds}")
            bench.store.refresh()
            warm(bench.store)
            samples.append(measured([*command, *options, "--database", bench.store.url]))
        found[name] = {"seconds": median(seconds for seconds, _ in samples), "kib": max(kib for _, kib in samples)}
    return found
