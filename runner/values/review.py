"""What was reviewed, how far a run may differ from it, and where it does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_WRITTEN = re.compile(r"([0-9]{1,18})|([0-9]{1,9}(?:\.[0-9]{1,9})?)%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may be from the one reviewed: by so many, or by so many percent of the one reviewed."""

    amount: Decimal
    percent: bool = False

    def allows(self, reviewed: int, now: int) -> bool:
        """Return whether a number is near enough to what was reviewed; nothing is rounded."""
        most = Fraction(self.amount) * reviewed / 100 if self.percent else Fraction(self.amount)
        return abs(now - reviewed) <= most

    @property
    def exact(self) -> bool:
        """Whether nothing may differ."""
        return not self.amount

    def __str__(self) -> str:
        return f"{self.amount:f}{'%' if self.percent else ''}"


def tolerance(text: str) -> Tolerance | None:
    """Return the tolerance that is written `N` or `P%`; None where it is neither, or over 100%."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    number, percent = written.groups()
    if number is not None:
        return Tolerance(Decimal(number))
    return None if Decimal(percent) > 100 else Tolerance(Decimal(percent), percent=True)  # noqa: PLR2004 - percent


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that is not the one reviewed, under its path in the result.

    `tolerated` says whether a run may go on in spite of it; None where the number decides nothing.
    """

    path: tuple[str, ...]
    reviewed: int
    now: int
    tolerated: bool | None


@dataclass(frozen=True, slots=True)
class Review:
    """A result held against the plan that was reviewed: made when (UTC), with which fingerprint, and what differs.

    With equal numbers it can still have drifted: then other contact points change, which only the fingerprint tells.
    """

    file: str
    started_at: datetime
    fingerprint: str
    max_drift: str
    drifted: bool
    differences: tuple[Difference, ...]
