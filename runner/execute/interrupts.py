"""Ctrl-C and SIGTERM: they end a run that can still be rolled back, and wait for one that is committing."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Interrupts:
    """Whether somebody asked to stop, and whether stopping must wait."""

    def __init__(self) -> None:
        self.requested = False
        self._held = False

    def stop(self) -> bool:
        """Return whether the work under way should end now."""
        return self.requested and not self._held

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nothing stop what stands within: a COMMIT told as interrupted would be told falsely."""
        if self.requested:
            raise KeyboardInterrupt
        self._held = True
        try:
            yield
        finally:
            self._held = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Catch both signals within; the main thread's business, and the handlers before come back after."""
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if not self._held:
            raise KeyboardInterrupt
