"""Which part of a run takes how long: the time from each statement to the next, by what the plan says it is for."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from runner.compile.plan import Plan
    from runner.execute.orders import Order

_COUNTS = ("people", "tally", "reach")
PARTS = ("around", "stage", "change set", *_COUNTS, "counts", "updates", "commit")
"""What a run consists of. `reach` is the statement that counts who is reached and lost, and the stage of bystanders and
of who hears about what; `stage` the rest of the temporary tables; `counts` the one statement by which a dry run counts
all three; `around` all that is no work on a job's rows: connecting, looking at the tables, the lock, the run's own row,
and reading it again after COMMIT."""

_OF_REACH = ("runner_bystander", "runner_heard")


@dataclass(slots=True)
class Timeline:
    """The moments at which statements were sent, each with the part that it belongs to."""

    marks: list[tuple[float, str]] = field(default_factory=list)
    part_of: dict[int, str] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)

    def watched(self, order: Order) -> Order:
        """Return the order, its plan's statements known by the parts that they belong to."""

        def compiled(staged: bool) -> Plan:  # noqa: FBT001 - as an order is
            plan = order.compile(staged)
            self.plans.append(plan)  # kept, so that no other statement gets the identity of one of its own
            self.part_of.update(_parts(plan))
            return plan

        return replace(order, compile=compiled)

    def mark(self, part: str) -> None:
        """Note that a part begins now."""
        self.marks.append((time.perf_counter(), part))

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each part."""
        parts = dict.fromkeys(PARTS, 0.0)
        for (start, part), (end, _) in zip(self.marks, self.marks[1:], strict=False):
            parts[part] += end - start
        return parts


@contextmanager
def watching() -> Iterator[Timeline]:
    """Yield a timeline of all that is sent within."""
    timeline = Timeline()

    def executed(_: Connection, clause: object, *_rest: object) -> None:
        timeline.mark(timeline.part_of.get(id(clause), "around"))

    def sent(_connection: object, _cursor: object, _sql: object, _values: object, context: Any, *_rest: object) -> None:  # noqa: ANN401
        if context.compiled is None:
            timeline.mark("around")

    def committed(_: Connection) -> None:
        timeline.mark("commit")

    listeners: dict[str, Callable[..., None]] = {
        "before_execute": executed,
        "before_cursor_execute": sent,
        "commit": committed,
    }
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    timeline.mark("around")
    try:
        yield timeline
    finally:
        timeline.mark("around")
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)


def _parts(plan: Plan) -> Iterator[tuple[int, str]]:
    for statement in plan.stage:
        yield id(statement.clause), "reach" if any(name in str(statement.clause) for name in _OF_REACH) else "stage"
    yield id(plan.change_set.clause), "change set"
    names = ("counts",) if len(plan.counts) == 1 else _COUNTS
    for name, count in zip(names, plan.counts, strict=True):
        yield id(count.clause), name
    for _, statement in plan.updates:
        yield id(statement.clause), "updates"
