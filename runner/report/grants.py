"""GRANT statements as text: what they are for, how to send them, and the statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.report.problems import visible
from runner.values.rights import ROLE_WORK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.values.rights import Role

_HOW = {
    "sqlite": (
        "SQLite knows no roles: rights are those of the file. Whoever may read it can make dry runs.",
        "Whoever may write to it, and to its folder, can do all the rest.",
    ),
    "postgresql": ("{name} must be there: CREATE ROLE makes it. Send this as the owner of the tables.",),
    "mariadb": ("{name} must be there: CREATE USER makes it. Send this as one who may grant.",),
    "mssql": (
        "{name} must be there: CREATE USER makes it. Send this in the district's database.",
        "This was never tried on a server.",
    ),
}


def render_grants(dialect: str, role: Role, name: str, statements: Iterable[str]) -> str:
    """Return the statements that give a role of this name its rights, with a comment before them."""
    comments = (f"{role}: {ROLE_WORK[role]}.", *(line.format(name=visible(name)) for line in _HOW[dialect]))
    return "\n".join([*(f"-- {line}" for line in comments), *statements])
