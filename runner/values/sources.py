"""What stands behind a result, for reports that show it: the job's own words, its files, the statements of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Sources:
    """The description of a job, the text of each of its files by its path, and the title and SQL of each statement.

    Paths are spelled as problems spell them. The text of a people file is None: a report never shows it.
    """

    description: str | None = None
    files: Mapping[str, str | None] = field(default_factory=dict)
    statements: tuple[tuple[str, str], ...] = ()


NO_SOURCES = Sources()
"""Of a result that nothing more is known of."""
