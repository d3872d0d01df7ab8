"""Pseudo-random numbers and texts as SQL expressions that give the same on every database."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import String, case, cast, func, literal, null, select

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

# A prime under 2^31, so that the product of two remainders stays within 64 bits on every database.
PRIME: Final = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Dice:
    """Pseudo-random numbers that are the same on every database: products and remainders of 64-bit integers."""

    seed: int

    def factor(self, name: str) -> int:
        """Return a number below the prime, and not 0, that belongs to a name and the seed."""
        return zlib.crc32(f"{self.seed}/{name}".encode()) % (PRIME - 1) + 1

    def scatter(self, number: ColumnElement[int], name: str) -> ColumnElement[int]:
        """Return an expression for a number below the prime that looks unrelated to a row's number."""
        # The square breaks up what a product alone leaves: neighbours an equal step apart.
        line = (number * self.factor(f"{name}*") + self.factor(f"{name}+")) % PRIME
        return ((line * line) % PRIME * self.factor(f"{name}^") + line) % PRIME

    def draw(self, scattered: ColumnElement[int], name: str, sides: int) -> ColumnElement[int]:
        """Return an expression for a throw (from 0) of a die with so many sides; each name is a die of its own."""
        return (scattered * self.factor(name)) % PRIME % sides

    def chance(self, scattered: ColumnElement[int], name: str, percent: int) -> ColumnElement[bool]:
        """Return a condition that holds for so many rows in a hundred."""
        return self.draw(scattered, name, 100) < percent

    def flag(self, scattered: ColumnElement[int], name: str, percent: int) -> ColumnElement[bool | None]:
        """Return an expression for a flag that is on for so many rows in a hundred, and null for a few."""
        return case((self.chance(scattered, f"{name} null", 2), null()), else_=self.chance(scattered, name, percent))


def text(number: ColumnElement[int]) -> ColumnElement[str]:
    """Return an expression for a number as text."""
    return cast(number, String(20))


def digits(number: ColumnElement[int], width: int) -> ColumnElement[str]:
    """Return an expression for a number as so many digits, zeros before it."""
    return func.substr(text(number + 10**width), 2)


def joined(*parts: str | ColumnElement[str]) -> ColumnElement[str]:
    """Return an expression for texts one after the other."""
    first, *others = (literal(part) if isinstance(part, str) else part for part in parts)
    for other in others:
        first += other
    return first


def labelled(**columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Return a SELECT whose columns have the names of those that they are to fill."""
    return select(*(expression.label(name) for name, expression in columns.items()))
