"""What somebody may have meant by a word that is none of those expected."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def nearest(word: str, choices: Iterable[str], labels: Mapping[str, str] | None = None) -> str | None:
    """Return the choice nearest to a word; `labels` maps what people read ("Cell Phone") to choices."""
    names = {_plain(choice): choice for choice in choices}
    names |= {_plain(label): choice for label, choice in (labels or {}).items()}
    # a word longer than any choice could be is no slip of the pen, and comparing it would take long
    found = get_close_matches(_plain(word[:100]), names, n=1)
    return names[found[0]] if found else None


def did_you_mean(choice: str | None) -> str | None:
    """Return the hint that offers a choice, if there is one."""
    return None if choice is None else f"did you mean `{choice}`?"


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "_", word.lower())
