"""Every way of a job measured in turn, each round in another order, each from the same beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.stores.store import warm
from benchmarks.ways import DisagreementError, legs

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.ways import Bench, Sample

WAYS = ("c", "c-best", "b", "orm", "run", "undo", "no-op rerun", "dry run", "select")
"""Every way that is measured, in the order of the tables."""


def measure(bench: Bench, rounds: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return the seconds, parts and log of every way in every round, as `results.json` keeps them.

    DisagreementError where the ways don't all leave the same preferences, or don't count the same.
    """
    samples: dict[str, list[Sample]] = {}
    beginning = None
    for turn in range(rounds):
        for name, leg in _in_turn(list(legs(bench).items()), turn):
            tell(f"{bench.job.name}, round {turn + 1} of {rounds}: {name}")
            bench.store.refresh()
            found = warm(bench.store)
            beginning = beginning or found
            _require(found == beginning, "the district is not what it was at the beginning")
            for sample in leg(bench):
                samples.setdefault(sample.way, []).append(sample)
    every = [sample for each in samples.values() for sample in each]
    _require(_alike([sample.end for sample in every]), "the ways do not leave the same preferences")
    _require(_alike([sample.numbers for sample in every]), "the ways do not count the same")
    return {
        "rounds": rounds,
        "seconds": {way: [sample.seconds for sample in each] for way, each in samples.items()},
        "parts": {way: [sample.parts for sample in each] for way, each in samples.items() if each[0].parts},
        "log": {way: [sample.log for sample in each] for way, each in samples.items() if each[0].log is not None},
        "numbers": next(sample.numbers for sample in every if sample.numbers is not None),
    }


def _in_turn(ways: list[tuple[str, Callable[[Bench], Any]]], turn: int) -> list[tuple[str, Callable[[Bench], Any]]]:
    """Return the ways beginning with another one in each turn, and backwards in every second."""
    first = turn % len(ways)
    turned = ways[first:] + ways[:first]
    return turned if turn % 2 == 0 else turned[::-1]


def _alike(values: list[Any]) -> bool:
    known = [value for value in values if value is not None]
    return all(value == known[0] for value in known)


def _require(held: bool, message: str) -> None:  # noqa: FBT001 - what is required
    if not held:
        raise DisagreementError(message)
