"""Connections stepped through an order of their statements: each actor goes on only when it is its turn."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BLOCKED = 0.3
"""After so many seconds without reaching its next stop, an actor is taken to wait for another one."""
_STILL = 0.02
_HANGS = 30.0


class Actor:
    """A thread that halts before each of its steps.

    `waited` holds the stops at which it was let go and then waited for somebody else.
    """

    def __init__(self, name: str, act: Callable[[Actor], object], patience: float = BLOCKED) -> None:
        self.name = name
        self._patience = patience
        self.result: object = None
        self.error: BaseException | None = None
        self.waited: list[str] = []
        self.at = "start"
        self._go = threading.Semaphore(0)
        self._here = threading.Condition()
        self._halted = False
        self._free = False
        self.done = False
        self._thread = threading.Thread(target=self._run, args=(act,), daemon=True)
        self._thread.start()

    def halt(self, where: str) -> None:
        """Stop here until it is this actor's turn. Called on its own thread."""
        if self._free:
            return
        with self._here:
            self.at, self._halted = where, True
            self._here.notify_all()
        self._go.acquire()

    def step(self) -> bool:
        """Let the actor go to its next stop. Return whether it got there, or to its end."""
        with self._here:
            if self.done:
                return True
            if not self._halted:  # it still waits for somebody since its last turn
                return self._here.wait_for(lambda: self._halted or self.done, _STILL)
            self._halted, started = False, self.at
            self._go.release()
            if self._here.wait_for(lambda: self._halted or self.done, self._patience):
                return True
            self.waited.append(started)
            return False

    def finish(self) -> None:
        """Let the actor go to its end, which must come."""
        with self._here:
            self._free = True
            self._go.release()
            if not self._here.wait_for(lambda: self.done, _HANGS):
                raise TimeoutError(self.name)
        self._thread.join()

    def _run(self, act: Callable[[Actor], object]) -> None:
        self.halt("start")
        try:
            self.result = act(self)
        except BaseException as error:  # noqa: BLE001 - told to the test
            self.error = error
        with self._here:
            self.done = True
            self._here.notify_all()


_ACTORS: dict[threading.Thread, tuple[Actor, Callable[[str], str | None]]] = {}


@contextmanager
def stepped(actor: Actor, stop_at: Callable[[str], str | None]) -> Iterator[None]:
    """Within it the actor's thread halts before each statement for which `stop_at` has a name."""
    thread = threading.current_thread()
    _ACTORS[thread] = (actor, stop_at)
    try:
        yield
    finally:
        del _ACTORS[thread]


def play(order: Sequence[Actor]) -> None:
    """Give each actor its turns in this order, then let all of them end."""
    for actor in order:
        actor.step()
    remaining = list(dict.fromkeys(order))
    while remaining:  # one that waits for another can end only after it
        for actor in [*remaining]:
            while actor.step() and not actor.done:
                pass
            if actor.done:
                actor.finish()
                remaining.remove(actor)


@event.listens_for(Engine, "before_cursor_execute")
def _statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
    _halt(statement)


@event.listens_for(Engine, "commit")
def _commit(_connection: object) -> None:
    _halt("COMMIT")


def _halt(statement: str) -> None:
    found = _ACTORS.get(threading.current_thread())
    if found is not None and (where := found[1](statement)) is not None:
        found[0].halt(where)
